package bench

import (
	"math"
	"slices"
)

// A Spread sums up the samples of a cell in one metric.
type Spread struct {
	Min, Median, Max float64
}

// NewSpread sums up values, of which there must be one at least.
func NewSpread(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	median := sorted[n/2]
	if n%2 == 0 {
		median = (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return Spread{Min: sorted[0], Median: median, Max: sorted[n-1]}
}

// GeometricMean is the n-th root of the product of n positive numbers, and NaN for none.
func GeometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
