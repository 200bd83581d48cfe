package interp

import "math"

// bit is 1 for true: the i32 that comparisons leave.
func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// ceil, floor, trunc and nearest round as specification 4.3.3 has it. Go's functions hand a signalling NaN through
// where they are not one machine instruction; the sum makes it quiet.
func ceil(x float64) float64 {
	if x != x {
		return x + x
	}
	return math.Ceil(x)
}

func floor(x float64) float64 {
	if x != x {
		return x + x
	}
	return math.Floor(x)
}

func trunc(x float64) float64 {
	if x != x {
		return x + x
	}
	return math.Trunc(x)
}

func nearest(x float64) float64 {
	if x != x {
		return x + x
	}
	return math.RoundToEven(x)
}

// least and greatest are fmin and fmax (specification 4.3.3). Go's min and max do not keep to the specification's rules for
// a NaN's bits; the sum of two operands does.
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

// satI32S, satI32U, satI64S and satI64U truncate with saturation; NaN becomes 0 (specification 4.3.2).
func satI32S(x float64) uint32 {
	switch {
	case x != x:
		return 0
	case x <= math.MinInt32:
		return 1 << 31
	case x >= math.MaxInt32:
		return math.MaxInt32
	}
	return uint32(int32(x))
}

func satI32U(x float64) uint32 {
	switch {
	case !(x > 0):
		return 0
	case x >= math.MaxUint32:
		return math.MaxUint32
	}
	return uint32(uint64(x))
}

func satI64S(x float64) uint64 {
	switch {
	case x != x:
		return 0
	case x <= math.MinInt64:
		return 1 << 63
	case x >= 1<<63:
		return math.MaxInt64
	}
	return uint64(int64(x))
}

func satI64U(x float64) uint64 {
	switch {
	case !(x > 0):
		return 0
	case x >= 1<<64:
		return math.MaxUint64
	}
	return uint64(x)
}
