package ir

import (
	"math/bits"

	"github.com/godwit-vm/godwit/wasm"
)

// UpperZero tells whether the upper 32 bits of an i64 are known to be zero, so that its lower half is all there is to compute with.
func UpperZero(v *Value) bool { return Mask(v)>>32 == 0 }

// Mask returns the bits that may be set in an integer: those outside are known to be zero.
func Mask(v *Value) uint64 { return maskOf(v, 4) }

func maskOf(v *Value, depth int) uint64 {
	all := ^uint64(0)
	if v.Type == I32 {
		all = 1<<32 - 1
	}
	if v.Op == OpConst {
		return v.Imm & all
	}
	if depth == 0 {
		return all
	}
	depth--
	switch op := v.Op; op {
	case wasm.OpI32And, wasm.OpI64And:
		return maskOf(v.Args[0], depth) & maskOf(v.Args[1], depth)
	case wasm.OpI32Or, wasm.OpI64Or, wasm.OpI32Xor, wasm.OpI64Xor:
		return maskOf(v.Args[0], depth) | maskOf(v.Args[1], depth)
	case wasm.OpSelect:
		return maskOf(v.Args[0], depth) | maskOf(v.Args[1], depth)
	case wasm.OpI32ShrU, wasm.OpI64ShrU:
		if k := v.Args[1]; k.Op == OpConst {
			return maskOf(v.Args[0], depth) >> (k.Imm & uint64(8*v.Type.Size()-1))
		}
		return upTo(maskOf(v.Args[0], depth))
	case wasm.OpI32Shl, wasm.OpI64Shl:
		if k := v.Args[1]; k.Op == OpConst {
			return maskOf(v.Args[0], depth) << (k.Imm & uint64(8*v.Type.Size()-1)) & all
		}
	case wasm.OpI32Add, wasm.OpI64Add:
		x, y := maskOf(v.Args[0], depth), maskOf(v.Args[1], depth)
		if sum, carry := bits.Add64(x, y, 0); carry == 0 && sum&^all == 0 {
			return upTo(sum)
		}
	case wasm.OpI32Mul, wasm.OpI64Mul:
		x, y := maskOf(v.Args[0], depth), maskOf(v.Args[1], depth)
		if high, low := bits.Mul64(x, y); high == 0 && low&^all == 0 {
			return upTo(low)
		}
	case wasm.OpI32DivU, wasm.OpI64DivU:
		return upTo(maskOf(v.Args[0], depth))
	case wasm.OpI32RemU, wasm.OpI64RemU:
		return upTo(min(maskOf(v.Args[0], depth), maskOf(v.Args[1], depth)))
	case wasm.OpI64ExtendI32U, wasm.OpI32WrapI64:
		return maskOf(v.Args[0], depth) & (1<<32 - 1)
	case wasm.OpI32Load8U, wasm.OpI64Load8U:
		return 1<<8 - 1
	case wasm.OpI32Load16U, wasm.OpI64Load16U:
		return 1<<16 - 1
	case wasm.OpI64Load32U:
		return 1<<32 - 1
	case OpLoadWord:
		if v.Width < 8 {
			return 1<<(8*v.Width) - 1
		}
	case wasm.OpI32Clz, wasm.OpI32Ctz, wasm.OpI32Popcnt:
		return 63
	case wasm.OpI64Clz, wasm.OpI64Ctz, wasm.OpI64Popcnt:
		return 127
	case wasm.OpRefIsNull, wasm.OpRefEq:
		return 1
	default:
		if op >= wasm.OpI32Eqz && op <= wasm.OpF64Ge {
			return 1
		}
	}
	return all
}

// upTo returns the bits that numbers up to x may have.
func upTo(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	return ^uint64(0) >> bits.LeadingZeros64(x)
}
