package ir

import (
	"math"
	"math/bits"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// Compute is what a scalar numeric instruction makes of operands that are given by their bits (specification 4.3). Values of 32 bits are
// in the lower half, the upper half of the result is zero. trap is not zero where the instruction traps. ok is false for what is
// no scalar numeric instruction.
func Compute(op Op, x, y uint64) (result uint64, trap interp.TrapCode, ok bool) {
	switch {
	case op >= wasm.OpI32Eqz && op <= wasm.OpF64Ge:
		b, ok := compare(op, x, y)
		if b {
			return 1, 0, ok
		}
		return 0, 0, ok
	case op >= wasm.OpI32Clz && op <= wasm.OpI32Rotr:
		r, trap, ok := compute32(op, uint32(x), uint32(y))
		return uint64(r), trap, ok
	case op >= wasm.OpI64Clz && op <= wasm.OpI64Rotr:
		return compute64(op, x, y)
	case op >= wasm.OpF32Abs && op <= wasm.OpF32Copysign:
		return uint64(computeF32(op, uint32(x), uint32(y))), 0, true
	case op >= wasm.OpF64Abs && op <= wasm.OpF64Copysign:
		return computeF64(op, x, y), 0, true
	}
	return convert(op, x)
}

func compare(op Op, x, y uint64) (result, ok bool) {
	switch {
	case op == wasm.OpI32Eqz:
		return uint32(x) == 0, true
	case op == wasm.OpI64Eqz:
		return x == 0, true
	case op <= wasm.OpI32GeU:
		return compareInt(op-wasm.OpI32Eq, int64(int32(x)), int64(int32(y)), uint64(uint32(x)), uint64(uint32(y))), true
	case op <= wasm.OpI64GeU:
		return compareInt(op-wasm.OpI64Eq, int64(x), int64(y), x, y), true
	case op <= wasm.OpF32Ge:
		return compareFloat(op-wasm.OpF32Eq, float64(f32(x)), float64(f32(y))), true
	}
	return compareFloat(op-wasm.OpF64Eq, math.Float64frombits(x), math.Float64frombits(y)), true
}

func f32(x uint64) float32 { return math.Float32frombits(uint32(x)) }

// compareInt has the order of opcodes: eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u.
func compareInt(n Op, s, t int64, u, v uint64) bool {
	switch n {
	case 0:
		return u == v
	case 1:
		return u != v
	case 2:
		return s < t
	case 3:
		return u < v
	case 4:
		return s > t
	case 5:
		return u > v
	case 6:
		return s <= t
	case 7:
		return u <= v
	case 8:
		return s >= t
	}
	return u >= v
}

// compareFloat has the order of opcodes: eq ne lt gt le ge.
func compareFloat(n Op, x, y float64) bool {
	switch n {
	case 0:
		return x == y
	case 1:
		return x != y
	case 2:
		return x < y
	case 3:
		return x > y
	case 4:
		return x <= y
	}
	return x >= y
}

func compute32(op Op, x, y uint32) (uint32, interp.TrapCode, bool) {
	switch op {
	case wasm.OpI32Clz:
		return uint32(bits.LeadingZeros32(x)), 0, true
	case wasm.OpI32Ctz:
		return uint32(bits.TrailingZeros32(x)), 0, true
	case wasm.OpI32Popcnt:
		return uint32(bits.OnesCount32(x)), 0, true
	case wasm.OpI32Add:
		return x + y, 0, true
	case wasm.OpI32Sub:
		return x - y, 0, true
	case wasm.OpI32Mul:
		return x * y, 0, true
	case wasm.OpI32DivS, wasm.OpI32DivU, wasm.OpI32RemS, wasm.OpI32RemU:
		if y == 0 {
			return 0, interp.TrapIntegerDivideByZero, true
		}
		switch op {
		case wasm.OpI32DivS:
			if x == 1<<31 && y == math.MaxUint32 {
				return 0, interp.TrapIntegerOverflow, true
			}
			return uint32(int32(x) / int32(y)), 0, true
		case wasm.OpI32DivU:
			return x / y, 0, true
		case wasm.OpI32RemS:
			if y == math.MaxUint32 {
				return 0, 0, true
			}
			return uint32(int32(x) % int32(y)), 0, true
		}
		return x % y, 0, true
	case wasm.OpI32And:
		return x & y, 0, true
	case wasm.OpI32Or:
		return x | y, 0, true
	case wasm.OpI32Xor:
		return x ^ y, 0, true
	case wasm.OpI32Shl:
		return x << (y & 31), 0, true
	case wasm.OpI32ShrS:
		return uint32(int32(x) >> (y & 31)), 0, true
	case wasm.OpI32ShrU:
		return x >> (y & 31), 0, true
	case wasm.OpI32Rotl:
		return bits.RotateLeft32(x, int(y&31)), 0, true
	case wasm.OpI32Rotr:
		return bits.RotateLeft32(x, -int(y&31)), 0, true
	}
	return 0, 0, false
}

func compute64(op Op, x, y uint64) (uint64, interp.TrapCode, bool) {
	switch op {
	case wasm.OpI64Clz:
		return uint64(bits.LeadingZeros64(x)), 0, true
	case wasm.OpI64Ctz:
		return uint64(bits.TrailingZeros64(x)), 0, true
	case wasm.OpI64Popcnt:
		return uint64(bits.OnesCount64(x)), 0, true
	case wasm.OpI64Add:
		return x + y, 0, true
	case wasm.OpI64Sub:
		return x - y, 0, true
	case wasm.OpI64Mul:
		return x * y, 0, true
	case wasm.OpI64DivS, wasm.OpI64DivU, wasm.OpI64RemS, wasm.OpI64RemU:
		if y == 0 {
			return 0, interp.TrapIntegerDivideByZero, true
		}
		switch op {
		case wasm.OpI64DivS:
			if x == 1<<63 && y == math.MaxUint64 {
				return 0, interp.TrapIntegerOverflow, true
			}
			return uint64(int64(x) / int64(y)), 0, true
		case wasm.OpI64DivU:
			return x / y, 0, true
		case wasm.OpI64RemS:
			if y == math.MaxUint64 {
				return 0, 0, true
			}
			return uint64(int64(x) % int64(y)), 0, true
		}
		return x % y, 0, true
	case wasm.OpI64And:
		return x & y, 0, true
	case wasm.OpI64Or:
		return x | y, 0, true
	case wasm.OpI64Xor:
		return x ^ y, 0, true
	case wasm.OpI64Shl:
		return x << (y & 63), 0, true
	case wasm.OpI64ShrS:
		return uint64(int64(x) >> (y & 63)), 0, true
	case wasm.OpI64ShrU:
		return x >> (y & 63), 0, true
	case wasm.OpI64Rotl:
		return bits.RotateLeft64(x, int(y&63)), 0, true
	case wasm.OpI64Rotr:
		return bits.RotateLeft64(x, -int(y&63)), 0, true
	}
	return 0, 0, false
}

// round makes signalling NaNs quiet, which functions of package math may not do.
func round(op Op, x float64) float64 {
	if x != x {
		return x + x
	}
	switch op {
	case wasm.OpF64Ceil:
		return math.Ceil(x)
	case wasm.OpF64Floor:
		return math.Floor(x)
	case wasm.OpF64Trunc:
		return math.Trunc(x)
	}
	return math.RoundToEven(x)
}

func computeF32(op Op, x, y uint32) uint32 {
	const sign = 1 << 31
	switch op {
	case wasm.OpF32Abs:
		return x &^ sign
	case wasm.OpF32Neg:
		return x ^ sign
	case wasm.OpF32Copysign:
		return x&^sign | y&sign
	}
	a, b := math.Float32frombits(x), math.Float32frombits(y)
	var r float32
	switch op {
	case wasm.OpF32Ceil, wasm.OpF32Floor, wasm.OpF32Trunc, wasm.OpF32Nearest:
		r = float32(round(op-wasm.OpF32Ceil+wasm.OpF64Ceil, float64(a)))
	case wasm.OpF32Sqrt:
		r = float32(math.Sqrt(float64(a)))
	case wasm.OpF32Add:
		r = a + b
	case wasm.OpF32Sub:
		r = a - b
	case wasm.OpF32Mul:
		r = a * b
	case wasm.OpF32Div:
		r = a / b
	case wasm.OpF32Min:
		r = least(a, b)
	case wasm.OpF32Max:
		r = greatest(a, b)
	}
	return math.Float32bits(r)
}

func computeF64(op Op, x, y uint64) uint64 {
	const sign = 1 << 63
	switch op {
	case wasm.OpF64Abs:
		return x &^ sign
	case wasm.OpF64Neg:
		return x ^ sign
	case wasm.OpF64Copysign:
		return x&^sign | y&sign
	}
	a, b := math.Float64frombits(x), math.Float64frombits(y)
	var r float64
	switch op {
	case wasm.OpF64Ceil, wasm.OpF64Floor, wasm.OpF64Trunc, wasm.OpF64Nearest:
		r = round(op, a)
	case wasm.OpF64Sqrt:
		r = math.Sqrt(a)
	case wasm.OpF64Add:
		r = a + b
	case wasm.OpF64Sub:
		r = a - b
	case wasm.OpF64Mul:
		r = a * b
	case wasm.OpF64Div:
		r = a / b
	case wasm.OpF64Min:
		r = least(a, b)
	case wasm.OpF64Max:
		r = greatest(a, b)
	}
	return math.Float64bits(r)
}

// least and greatest are fmin and fmax, with a NaN as a sum would have it.
func least[F float32 | float64](x, y F) F {
	if x != x || y != y {
		return x + y
	}
	return min(x, y)
}

func greatest[F float32 | float64](x, y F) F {
	if x != x || y != y {
		return x + y
	}
	return max(x, y)
}

// truncation is a conversion of a float to an integer: the open interval of what it can convert, and how it saturates.
type truncation struct {
	low, high float64 // exclusive, but for low of signed 64 bits
	size      int
	signed    bool
}

var truncations = [4]truncation{ // i32_s i32_u i64_s i64_u
	{-2147483649, 2147483648, 4, true}, {-1, 4294967296, 4, false}, {-9223372036854775808, 9223372036854775808, 8, true}, {-1, 18446744073709551616, 8, false},
}

func (t *truncation) do(x float64) (uint64, interp.TrapCode) {
	switch {
	case x != x:
		return 0, interp.TrapInvalidConversion
	case x >= t.high, x <= t.low && !(t.size == 8 && t.signed && x == t.low):
		return 0, interp.TrapIntegerOverflow
	}
	var r uint64
	if t.signed {
		r = uint64(int64(x))
	} else if x > 0 {
		r = uint64(x)
	}
	if t.size == 4 {
		r = uint64(uint32(r))
	}
	return r, 0
}

func (t *truncation) saturate(x float64) uint64 {
	r, trap := t.do(x)
	if trap == 0 || x != x {
		return r
	}
	all := uint64(math.MaxUint64)
	if t.size == 4 {
		all = math.MaxUint32
	}
	switch {
	case t.signed && x < 0:
		return all>>1 + 1
	case t.signed:
		return all >> 1
	case x < 0:
		return 0
	}
	return all
}

func convert(op Op, x uint64) (result uint64, trap interp.TrapCode, ok bool) {
	f := func(r float32) (uint64, interp.TrapCode, bool) { return uint64(math.Float32bits(r)), 0, true }
	d := func(r float64) (uint64, interp.TrapCode, bool) { return math.Float64bits(r), 0, true }
	i := func(r uint32) (uint64, interp.TrapCode, bool) { return uint64(r), 0, true }
	switch op {
	case wasm.OpI32WrapI64, wasm.OpI32ReinterpretF32, wasm.OpF32ReinterpretI32, wasm.OpI64ExtendI32U:
		return i(uint32(x))
	case wasm.OpI64ReinterpretF64, wasm.OpF64ReinterpretI64:
		return x, 0, true
	case wasm.OpI64ExtendI32S, wasm.OpI64Extend32S:
		return uint64(int32(x)), 0, true
	case wasm.OpI32Extend8S:
		return i(uint32(int8(x)))
	case wasm.OpI32Extend16S:
		return i(uint32(int16(x)))
	case wasm.OpI64Extend8S:
		return uint64(int8(x)), 0, true
	case wasm.OpI64Extend16S:
		return uint64(int16(x)), 0, true
	case wasm.OpI32TruncF32S, wasm.OpI32TruncF32U:
		r, trap := truncations[op-wasm.OpI32TruncF32S].do(float64(f32(x)))
		return r, trap, true
	case wasm.OpI32TruncF64S, wasm.OpI32TruncF64U:
		r, trap := truncations[op-wasm.OpI32TruncF64S].do(math.Float64frombits(x))
		return r, trap, true
	case wasm.OpI64TruncF32S, wasm.OpI64TruncF32U:
		r, trap := truncations[2+op-wasm.OpI64TruncF32S].do(float64(f32(x)))
		return r, trap, true
	case wasm.OpI64TruncF64S, wasm.OpI64TruncF64U:
		r, trap := truncations[2+op-wasm.OpI64TruncF64S].do(math.Float64frombits(x))
		return r, trap, true
	case wasm.OpI32TruncSatF32S, wasm.OpI32TruncSatF32U:
		return truncations[op-wasm.OpI32TruncSatF32S].saturate(float64(f32(x))), 0, true
	case wasm.OpI32TruncSatF64S, wasm.OpI32TruncSatF64U:
		return truncations[op-wasm.OpI32TruncSatF64S].saturate(math.Float64frombits(x)), 0, true
	case wasm.OpI64TruncSatF32S, wasm.OpI64TruncSatF32U:
		return truncations[2+op-wasm.OpI64TruncSatF32S].saturate(float64(f32(x))), 0, true
	case wasm.OpI64TruncSatF64S, wasm.OpI64TruncSatF64U:
		return truncations[2+op-wasm.OpI64TruncSatF64S].saturate(math.Float64frombits(x)), 0, true
	case wasm.OpF32ConvertI32S:
		return f(float32(int32(x)))
	case wasm.OpF32ConvertI32U:
		return f(float32(uint32(x)))
	case wasm.OpF32ConvertI64S:
		return f(float32(int64(x)))
	case wasm.OpF32ConvertI64U:
		return f(float32(x))
	case wasm.OpF32DemoteF64:
		return f(float32(math.Float64frombits(x)))
	case wasm.OpF64ConvertI32S:
		return d(float64(int32(x)))
	case wasm.OpF64ConvertI32U:
		return d(float64(uint32(x)))
	case wasm.OpF64ConvertI64S:
		return d(float64(int64(x)))
	case wasm.OpF64ConvertI64U:
		return d(float64(x))
	case wasm.OpF64PromoteF32:
		return d(float64(f32(x)))
	}
	return 0, 0, false
}
