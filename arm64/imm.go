package arm64

import (
	"math/bits"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// isAddImm tells whether add and sub have c as an immediate: twelve bits, or twelve and twelve zeros.
func isAddImm(c uint64) bool { return c < 1<<12 || c < 1<<24 && c&0xFFF == 0 }

// isLogicImm tells whether c, as wide as width bits, is an immediate of the logical instructions: a rotated run of ones, repeated.
func isLogicImm(c uint64, width int) bool {
	if width == 32 {
		c = c<<32 | c&0xFFFFFFFF
	}
	if c == 0 || ^c == 0 {
		return false
	}
	// The period is the smallest power of two that c repeats itself in.
	size := 64
	for size > 2 {
		half := size / 2
		mask := uint64(1)<<half - 1
		if c&mask != c>>half&mask {
			break
		}
		size = half
	}
	mask := ^uint64(0) >> (64 - size)
	x := c & mask
	// A rotated run of ones has one place where a one follows a zero.
	rotated := x>>1 | x<<(size-1)&mask
	return bits.OnesCount64(x^rotated) == 2
}

// isZero tells whether v is a constant of no bits.
func isZero(v *ir.Value) bool { return v.Op == ir.OpConst && v.Imm == 0 && v.Aux == 0 }

// constant is the value of an integer constant.
func constant(v *ir.Value) uint64 {
	if v.Type == ir.I32 {
		return v.Imm & 0xFFFFFFFF
	}
	return v.Imm
}

// negated is the constant's negation in its own width.
func negated(v *ir.Value) uint64 {
	if v.Type == ir.I32 {
		return -v.Imm & 0xFFFFFFFF
	}
	return -v.Imm
}

// immediate tells whether v's argument i is a constant that is part of the instruction, or is the zero register. It is then no operand.
func immediate(v *ir.Value, i int) bool {
	a := v.Args[i]
	if a.Op != ir.OpConst {
		return false
	}
	switch v.Op {
	case wasm.OpI32Add, wasm.OpI32Sub, wasm.OpI64Add, wasm.OpI64Sub:
		if i == 0 {
			return v.Op != wasm.OpI32Add && v.Op != wasm.OpI64Add && isZero(a)
		}
		return isAddImm(constant(a)) || isAddImm(negated(a))
	case wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor:
		return i == 1 && (isLogicImm(a.Imm, 32) || isXorOnes(v))
	case wasm.OpI64And, wasm.OpI64Or, wasm.OpI64Xor:
		return i == 1 && (isLogicImm(a.Imm, 64) || isXorOnes(v))
	case wasm.OpI32Shl, wasm.OpI32ShrS, wasm.OpI32ShrU, wasm.OpI32Rotl, wasm.OpI32Rotr,
		wasm.OpI64Shl, wasm.OpI64ShrS, wasm.OpI64ShrU, wasm.OpI64Rotl, wasm.OpI64Rotr:
		return i == 1
	case wasm.OpI32DivS, wasm.OpI32DivU, wasm.OpI32RemS, wasm.OpI32RemU, wasm.OpI64DivS, wasm.OpI64DivU, wasm.OpI64RemS, wasm.OpI64RemU:
		_, _, product := divisor(v)
		return i == 1 && product
	case wasm.OpSelect, wasm.OpSelectT:
		return i < 2 && !a.Type.Float() && isZero(a)
	case ir.OpLoadWord:
		return false
	case ir.OpStoreWord:
		return i == 1 && a.Type != ir.V128 && isZero(a)
	}
	if _, ok := intCondition(v.Op); ok {
		return i == 1 && (isAddImm(constant(a)) || isAddImm(negated(a)))
	}
	if i == 1 && (accesses(v.Op) || isShift(v.Op)) {
		return true
	}
	m := memoryOps(v.Op)
	return i == 2 && m != nil && !m.load && a.Type != ir.V128 && isZero(a)
}

// isXorOnes tells whether v is a complement.
func isXorOnes(v *ir.Value) bool {
	if len(v.Args) != 2 || v.Args[1].Op != ir.OpConst {
		return false
	}
	return v.Op == wasm.OpI32Xor && uint32(v.Args[1].Imm) == 1<<32-1 || v.Op == wasm.OpI64Xor && v.Args[1].Imm == 1<<64-1
}
