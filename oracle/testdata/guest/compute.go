package main

import (
	"math"
	"math/bits"
)

// compute mixes integers of both widths and floats of both, with conversions, division, rotation and rounding between
// them.
func compute() {
	h, f, g, n := uint64(0xcbf29ce484222325), 1.0, float32(1), uint32(1)
	for round := range 12 {
		for i := range 1200 {
			h = (h ^ uint64(i)) * 0x100000001b3
			n = n*1664525 + 1013904223
			hi, lo := bits.Mul64(h, uint64(n))
			h ^= bits.RotateLeft64(hi+lo, int(n>>27))
			f = math.Sqrt(f*f+float64(n%1000)) + math.Floor(f/3)
			g = g/2 + float32(f) - float32(int32(h%97))
			h += math.Float64bits(f) ^ uint64(math.Float32bits(g))
			if d := n % 13; d > 1 {
				h -= h / uint64(d)
			}
			if f > 1e9 {
				f = math.Copysign(math.Mod(f, 7), -1)
			}
		}
		say("round", round, h, f, float64(g))
	}
}
