//go:build linux

package arm64

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// reference is what a scalar instruction makes of its operands, by the specification. traps is not zero if it traps.
func reference(op ir.Op, x []uint64) (result uint64, traps interp.TrapCode) {
	a := x[0]
	var b uint64
	if len(x) > 1 {
		b = x[1]
	}
	flag := func(c bool) (uint64, interp.TrapCode) {
		if c {
			return 1, 0
		}
		return 0, 0
	}
	f32 := func(u uint64) float32 { return math.Float32frombits(uint32(u)) }
	f64 := math.Float64frombits
	u32 := func(f float32) uint64 { return uint64(math.Float32bits(f)) }
	u64 := math.Float64bits
	switch {
	case op == wasm.OpI32Eqz:
		return flag(uint32(a) == 0)
	case op == wasm.OpI64Eqz:
		return flag(a == 0)
	case op >= wasm.OpI32Eq && op <= wasm.OpI32GeU:
		return flag(compareInts(op-wasm.OpI32Eq, int64(int32(a)), int64(int32(b)), uint64(uint32(a)), uint64(uint32(b))))
	case op >= wasm.OpI64Eq && op <= wasm.OpI64GeU:
		return flag(compareInts(op-wasm.OpI64Eq, int64(a), int64(b), a, b))
	case op >= wasm.OpF32Eq && op <= wasm.OpF32Ge:
		return flag(compareFloats(op-wasm.OpF32Eq, float64(f32(a)), float64(f32(b))))
	case op >= wasm.OpF64Eq && op <= wasm.OpF64Ge:
		return flag(compareFloats(op-wasm.OpF64Eq, f64(a), f64(b)))
	case op >= wasm.OpI32Clz && op <= wasm.OpI32Rotr:
		r, t := reference32(op, uint32(a), uint32(b))
		return uint64(r), t
	case op >= wasm.OpI64Clz && op <= wasm.OpI64Rotr:
		return reference64(op, a, b)
	case op >= wasm.OpF32Abs && op <= wasm.OpF32Copysign:
		switch op {
		case wasm.OpF32Abs:
			return a &^ (1 << 31), 0
		case wasm.OpF32Neg:
			return a ^ 1<<31, 0
		case wasm.OpF32Copysign:
			return a&^(1<<31) | b&(1<<31), 0
		case wasm.OpF32Sqrt:
			return u32(float32(math.Sqrt(float64(f32(a))))), 0
		case wasm.OpF32Add:
			return u32(f32(a) + f32(b)), 0
		case wasm.OpF32Sub:
			return u32(f32(a) - f32(b)), 0
		case wasm.OpF32Mul:
			return u32(f32(a) * f32(b)), 0
		case wasm.OpF32Div:
			return u32(f32(a) / f32(b)), 0
		}
		r, _ := referenceFloat(op-wasm.OpF32Abs, float64(f32(a)), float64(f32(b)))
		return u32(float32(r)), 0
	case op >= wasm.OpF64Abs && op <= wasm.OpF64Copysign:
		switch op {
		case wasm.OpF64Abs:
			return a &^ (1 << 63), 0
		case wasm.OpF64Neg:
			return a ^ 1<<63, 0
		case wasm.OpF64Copysign:
			return a&^(1<<63) | b&(1<<63), 0
		}
		r, _ := referenceFloat(op-wasm.OpF64Abs, f64(a), f64(b))
		return u64(r), 0
	}
	switch op {
	case wasm.OpI32WrapI64, wasm.OpI64ExtendI32U, wasm.OpI32ReinterpretF32, wasm.OpF32ReinterpretI32:
		return a & 0xFFFFFFFF, 0
	case wasm.OpI64ReinterpretF64, wasm.OpF64ReinterpretI64:
		return a, 0
	case wasm.OpI64ExtendI32S, wasm.OpI64Extend32S:
		return uint64(int32(a)), 0
	case wasm.OpI32Extend8S:
		return uint64(uint32(int8(a))), 0
	case wasm.OpI32Extend16S:
		return uint64(uint32(int16(a))), 0
	case wasm.OpI64Extend8S:
		return uint64(int8(a)), 0
	case wasm.OpI64Extend16S:
		return uint64(int16(a)), 0
	case wasm.OpI32TruncF32S, wasm.OpI32TruncSatF32S:
		return truncate(op, float64(f32(a)), 32, true)
	case wasm.OpI32TruncF32U, wasm.OpI32TruncSatF32U:
		return truncate(op, float64(f32(a)), 32, false)
	case wasm.OpI32TruncF64S, wasm.OpI32TruncSatF64S:
		return truncate(op, f64(a), 32, true)
	case wasm.OpI32TruncF64U, wasm.OpI32TruncSatF64U:
		return truncate(op, f64(a), 32, false)
	case wasm.OpI64TruncF32S, wasm.OpI64TruncSatF32S:
		return truncate(op, float64(f32(a)), 64, true)
	case wasm.OpI64TruncF32U, wasm.OpI64TruncSatF32U:
		return truncate(op, float64(f32(a)), 64, false)
	case wasm.OpI64TruncF64S, wasm.OpI64TruncSatF64S:
		return truncate(op, f64(a), 64, true)
	case wasm.OpI64TruncF64U, wasm.OpI64TruncSatF64U:
		return truncate(op, f64(a), 64, false)
	case wasm.OpF32ConvertI32S:
		return u32(float32(int32(a))), 0
	case wasm.OpF32ConvertI32U:
		return u32(float32(uint32(a))), 0
	case wasm.OpF32ConvertI64S:
		r, _ := new(big.Float).SetInt64(int64(a)).Float32()
		return u32(r), 0
	case wasm.OpF32ConvertI64U:
		r, _ := new(big.Float).SetUint64(a).Float32()
		return u32(r), 0
	case wasm.OpF32DemoteF64:
		return u32(float32(f64(a))), 0
	case wasm.OpF64ConvertI32S:
		return u64(float64(int32(a))), 0
	case wasm.OpF64ConvertI32U:
		return u64(float64(uint32(a))), 0
	case wasm.OpF64ConvertI64S:
		r, _ := new(big.Float).SetInt64(int64(a)).Float64()
		return u64(r), 0
	case wasm.OpF64ConvertI64U:
		r, _ := new(big.Float).SetUint64(a).Float64()
		return u64(r), 0
	case wasm.OpF64PromoteF32:
		return u64(float64(f32(a))), 0
	case wasm.OpSelect:
		if uint32(x[2]) != 0 {
			return a, 0
		}
		return b, 0
	}
	panic("no reference for " + op.String())
}

func compareInts(i ir.Op, a, b int64, ua, ub uint64) bool {
	return [...]bool{a == b, a != b, a < b, ua < ub, a > b, ua > ub, a <= b, ua <= ub, a >= b, ua >= ub}[i]
}

func compareFloats(i ir.Op, a, b float64) bool {
	return [...]bool{a == b, a != b, a < b, a > b, a <= b, a >= b}[i]
}

func reference32(op ir.Op, a, b uint32) (uint32, interp.TrapCode) {
	switch op {
	case wasm.OpI32Clz:
		return uint32(bits.LeadingZeros32(a)), 0
	case wasm.OpI32Ctz:
		return uint32(bits.TrailingZeros32(a)), 0
	case wasm.OpI32Popcnt:
		return uint32(bits.OnesCount32(a)), 0
	case wasm.OpI32Add:
		return a + b, 0
	case wasm.OpI32Sub:
		return a - b, 0
	case wasm.OpI32Mul:
		return a * b, 0
	case wasm.OpI32And:
		return a & b, 0
	case wasm.OpI32Or:
		return a | b, 0
	case wasm.OpI32Xor:
		return a ^ b, 0
	case wasm.OpI32Shl:
		return a << (b & 31), 0
	case wasm.OpI32ShrS:
		return uint32(int32(a) >> (b & 31)), 0
	case wasm.OpI32ShrU:
		return a >> (b & 31), 0
	case wasm.OpI32Rotl:
		return bits.RotateLeft32(a, int(b&31)), 0
	case wasm.OpI32Rotr:
		return bits.RotateLeft32(a, -int(b&31)), 0
	}
	if b == 0 {
		return 0, interp.TrapIntegerDivideByZero
	}
	switch op {
	case wasm.OpI32DivU:
		return a / b, 0
	case wasm.OpI32RemU:
		return a % b, 0
	case wasm.OpI32DivS:
		if a == 1<<31 && b == 1<<32-1 {
			return 0, interp.TrapIntegerOverflow
		}
		return uint32(int32(a) / int32(b)), 0
	}
	return uint32(int32(a) % int32(b)), 0
}

func reference64(op ir.Op, a, b uint64) (uint64, interp.TrapCode) {
	switch op {
	case wasm.OpI64Clz:
		return uint64(bits.LeadingZeros64(a)), 0
	case wasm.OpI64Ctz:
		return uint64(bits.TrailingZeros64(a)), 0
	case wasm.OpI64Popcnt:
		return uint64(bits.OnesCount64(a)), 0
	case wasm.OpI64Add:
		return a + b, 0
	case wasm.OpI64Sub:
		return a - b, 0
	case wasm.OpI64Mul:
		return a * b, 0
	case wasm.OpI64And:
		return a & b, 0
	case wasm.OpI64Or:
		return a | b, 0
	case wasm.OpI64Xor:
		return a ^ b, 0
	case wasm.OpI64Shl:
		return a << (b & 63), 0
	case wasm.OpI64ShrS:
		return uint64(int64(a) >> (b & 63)), 0
	case wasm.OpI64ShrU:
		return a >> (b & 63), 0
	case wasm.OpI64Rotl:
		return bits.RotateLeft64(a, int(b&63)), 0
	case wasm.OpI64Rotr:
		return bits.RotateLeft64(a, -int(b&63)), 0
	}
	if b == 0 {
		return 0, interp.TrapIntegerDivideByZero
	}
	switch op {
	case wasm.OpI64DivU:
		return a / b, 0
	case wasm.OpI64RemU:
		return a % b, 0
	case wasm.OpI64DivS:
		if a == 1<<63 && b == 1<<64-1 {
			return 0, interp.TrapIntegerOverflow
		}
		return uint64(int64(a) / int64(b)), 0
	}
	return uint64(int64(a) % int64(b)), 0
}

// referenceFloat is a float instruction by its place among those of its type, for what an f64 can do exactly for both.
func referenceFloat(i ir.Op, a, b float64) (float64, interp.TrapCode) {
	switch i + wasm.OpF64Abs {
	case wasm.OpF64Ceil:
		return math.Ceil(a), 0
	case wasm.OpF64Floor:
		return math.Floor(a), 0
	case wasm.OpF64Trunc:
		return math.Trunc(a), 0
	case wasm.OpF64Nearest:
		return math.RoundToEven(a), 0
	case wasm.OpF64Sqrt:
		return math.Sqrt(a), 0
	case wasm.OpF64Add:
		return a + b, 0
	case wasm.OpF64Sub:
		return a - b, 0
	case wasm.OpF64Mul:
		return a * b, 0
	case wasm.OpF64Div:
		return a / b, 0
	case wasm.OpF64Min:
		if a != a || b != b {
			return math.NaN(), 0
		}
		return math.Min(a, b), 0
	}
	if a != a || b != b {
		return math.NaN(), 0
	}
	return math.Max(a, b), 0
}

// truncate makes an integer of width bits; the saturating conversions saturate, the others trap.
func truncate(op ir.Op, f float64, width uint, signed bool) (uint64, interp.TrapCode) {
	sat := op>>16 == 0xFC
	if f != f {
		if sat {
			return 0, 0
		}
		return 0, interp.TrapInvalidConversion
	}
	lo, hi := new(big.Int), new(big.Int).Lsh(big.NewInt(1), width)
	if signed {
		hi.Rsh(hi, 1)
		lo.Neg(hi)
	}
	hi.Sub(hi, big.NewInt(1))
	n := new(big.Int)
	switch {
	case math.IsInf(f, 1):
		n.Add(hi, big.NewInt(1))
	case math.IsInf(f, -1):
		n.Sub(lo, big.NewInt(1))
	default:
		new(big.Float).SetFloat64(math.Trunc(f)).Int(n)
	}
	switch out := n.Cmp(lo) < 0; {
	case !out && n.Cmp(hi) <= 0:
	case !sat:
		return 0, interp.TrapIntegerOverflow
	case out:
		n = lo
	default:
		n = hi
	}
	mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), width), big.NewInt(1))
	return n.And(n, mask).Uint64(), 0
}
