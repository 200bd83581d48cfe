package interp

import "math"

// Float lanes. A lane is computed on as the scalar instruction would (numeric.go), so that NaNs come out the same.

func f32Lo(x uint64) float32 { return math.Float32frombits(uint32(x)) }
func f32Hi(x uint64) float32 { return math.Float32frombits(uint32(x >> 32)) }
func f64(x uint64) float64   { return math.Float64frombits(x) }

func packF32(lo, hi float32) uint64 {
	return uint64(math.Float32bits(lo)) | uint64(math.Float32bits(hi))<<32
}

func packMask(lo, hi bool) uint64 { return bit(lo)*even32 | bit(hi)*^even32 }

// pmin and pmax are what C's x < y ? x : y makes of two numbers: one operand's bits, whatever they are.

func pmin32(x, y uint64) uint64 {
	lo, hi := x, x
	if f32Lo(y) < f32Lo(x) {
		lo = y
	}
	if f32Hi(y) < f32Hi(x) {
		hi = y
	}
	return lo&even32 | hi&^even32
}

func pmax32(x, y uint64) uint64 {
	lo, hi := x, x
	if f32Lo(x) < f32Lo(y) {
		lo = y
	}
	if f32Hi(x) < f32Hi(y) {
		hi = y
	}
	return lo&even32 | hi&^even32
}

func pmin64(x, y uint64) uint64 {
	if f64(y) < f64(x) {
		return y
	}
	return x
}

func pmax64(x, y uint64) uint64 {
	if f64(x) < f64(y) {
		return y
	}
	return x
}

// Relaxed instructions may give one of several results (specification 4.3.7). Ours are the same on every host:
//
//	relaxed_swizzle                zero for an index out of range, as swizzle
//	relaxed_trunc                  saturation and zero for NaN, as trunc_sat
//	relaxed_madd, relaxed_nmadd    one rounding, of x*y+z or -(x*y)+z
//	relaxed_laneselect             bit by bit, as bitselect
//	relaxed_min, relaxed_max       as min and max
//	relaxed_q15mulr                saturation, as q15mulr_sat
//	relaxed_dot                    both operands signed; the sum of two products modulo 2^16

// madd32 is x*y+z with one rounding. The product of two float32 is exact as a float64, so there is one rounding to float64
// and one to float32. The second can only be misled where the first ended half-way between two float32, or near and
// below the smallest normal one.
func madd32(x, y, z float32) float32 {
	p := float64(x) * float64(y)
	sum := p + float64(z)
	const halfway, below = 1 << 28, (1023 - 126) << 53
	if b := math.Float64bits(sum); b&(2*halfway-1) == halfway || b<<1 < below {
		return float32(sumToOdd(p, float64(z), sum))
	}
	return float32(sum)
}

// sumToOdd is p+c, which is sum when rounded to nearest, rounded to odd: where it is not exact, to the neighbour whose
// last bit is one. What is rounded once more to a format with at least two bits less is then rounded right.
func sumToOdd(p, c, sum float64) float64 {
	bits := math.Float64bits(sum)
	// The rounding error of a sum is a float64 itself, and can be had from the sum (Knuth).
	back := sum - c
	e := (p - back) + (c - (sum - back))
	if bits&1 != 0 || e == 0 || e != e {
		return sum
	}
	if (e > 0) == (sum > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}

// madd64 is x*y+z with one rounding. Where math.FMA is not one machine instruction it hands a signalling z through.
func madd64(x, y, z float64) float64 {
	if z != z {
		return z + z
	}
	return math.FMA(x, y, z)
}
