package opt

import (
	"math"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// unary folds conversions, extensions and what there is of floats. Nothing of these may change what happens to the bits of a NaN.
func (fo *folder) unary(v *ir.Value) *ir.Value {
	x := v.Args[0]
	switch v.Op {
	case wasm.OpI32WrapI64:
		return fo.wrap(v, x)
	case wasm.OpI64ExtendI32U:
		if x.Op == wasm.OpI32WrapI64 && ir.UpperZero(x.Args[0]) {
			return x.Args[0]
		}
	case wasm.OpI64ExtendI32S:
		if x.Op == wasm.OpI32WrapI64 {
			return become(v, wasm.OpI64Extend32S, x.Args[0])
		}
		if ir.Mask(x)>>31 == 0 {
			return become(v, wasm.OpI64ExtendI32U, x)
		}
	case wasm.OpI32Extend8S, wasm.OpI64Extend8S:
		return fo.extend(v, x, 8)
	case wasm.OpI32Extend16S, wasm.OpI64Extend16S:
		return fo.extend(v, x, 16)
	case wasm.OpI64Extend32S:
		if x.Op == wasm.OpI64ExtendI32U || x.Op == wasm.OpI64ExtendI32S {
			return become(v, wasm.OpI64ExtendI32S, x.Args[0])
		}
		return fo.extend(v, x, 32)
	case wasm.OpI32ReinterpretF32, wasm.OpI64ReinterpretF64:
		if x.Op == wasm.OpF32ReinterpretI32 || x.Op == wasm.OpF64ReinterpretI64 {
			return x.Args[0]
		}
	case wasm.OpF32ReinterpretI32, wasm.OpF64ReinterpretI64:
		if x.Op == wasm.OpI32ReinterpretF32 || x.Op == wasm.OpI64ReinterpretF64 {
			return x.Args[0]
		}
	case wasm.OpF32Neg, wasm.OpF64Neg:
		if x.Op == v.Op {
			return x.Args[0]
		}
	case wasm.OpF32Abs, wasm.OpF64Abs:
		if x.Op == v.Op {
			return x
		}
		if x.Op == v.Op+1 { // of the negation
			v.Args[0] = x.Args[0]
			return v
		}
	case wasm.OpF64Div:
		if c, ok := isConst(v.Args[1]); ok {
			if r, ok := reciprocal(math.Float64frombits(c)); ok {
				return become(v, wasm.OpF64Mul, x, fo.constant(ir.F64, math.Float64bits(r)))
			}
		}
	case wasm.OpF32Div:
		if c, ok := isConst(v.Args[1]); ok {
			d := math.Float32frombits(uint32(c))
			if r, ok := reciprocal(float64(d)); ok && math.Abs(r) >= 0x1p-126 && math.Abs(r) <= 0x1p127 {
				return become(v, wasm.OpF32Mul, x, fo.constant(ir.F32, uint64(math.Float32bits(float32(r)))))
			}
		}
	}
	return nil
}

// reciprocal is 1/x if x is a power of two, so that multiplying with it is the same as dividing by x.
func reciprocal(x float64) (float64, bool) {
	frac, exp := math.Frexp(x)
	if math.Abs(frac) != 0.5 || exp < -1000 || exp > 1000 {
		return 0, false
	}
	return 1 / x, true
}

// extend folds the sign extension of bits bits of x within its type.
func (fo *folder) extend(v, x *ir.Value, n uint) *ir.Value {
	low := uint64(1)<<n - 1
	if ir.Mask(x)&^(low>>1) == 0 {
		return x
	}
	if a, ok := ir.AccessOf(x.Op); ok && a.Signed && uint(8*a.Width) <= n {
		return x
	}
	if x.Op == v.Op {
		return x
	}
	and := wasm.OpI32And
	if v.Type == ir.I64 {
		and = wasm.OpI64And
	}
	if z, c, ok := operand(x, and); ok && c&low == low {
		v.Args[0] = z
		return v
	}
	return nil
}

// wrap folds i32.wrap_i64: what is computed of extended numbers can be computed of the numbers.
func (fo *folder) wrap(v, x *ir.Value) *ir.Value {
	switch x.Op {
	case wasm.OpI64ExtendI32U, wasm.OpI64ExtendI32S:
		return x.Args[0]
	case wasm.OpI64Extend32S:
		v.Args[0] = x.Args[0]
		return v
	case wasm.OpI64And:
		if z, c, ok := operand(x, x.Op); ok && uint32(c) == math.MaxUint32 {
			v.Args[0] = z
			return v
		}
		fallthrough
	case wasm.OpI64Add, wasm.OpI64Sub, wasm.OpI64Mul, wasm.OpI64Or, wasm.OpI64Xor:
		a, b := fo.narrowed(x.Args[0]), fo.narrowed(x.Args[1])
		if a && b {
			return become(v, x.Op-wasm.OpI64Add+wasm.OpI32Add, fo.lower(x.Args[0]), fo.lower(x.Args[1]))
		}
	case wasm.OpI64Shl:
		if z, c, ok := operand(x, x.Op); ok && c < 32 && fo.narrowed(z) {
			return become(v, wasm.OpI32Shl, fo.lower(z), fo.constant(ir.I32, c))
		}
	case wasm.OpI64ShrU:
		if z, c, ok := operand(x, x.Op); ok && c < 32 && z.Op == wasm.OpI64ExtendI32U {
			return become(v, wasm.OpI32ShrU, z.Args[0], fo.constant(ir.I32, c))
		}
	}
	return nil
}

// narrowed tells whether the lower half of x is at hand.
func (fo *folder) narrowed(x *ir.Value) bool {
	return x.Op == wasm.OpI64ExtendI32U || x.Op == wasm.OpI64ExtendI32S || x.Op == ir.OpConst
}

func (fo *folder) lower(x *ir.Value) *ir.Value {
	if x.Op == ir.OpConst {
		return fo.constant(ir.I32, x.Imm)
	}
	return x.Args[0]
}
