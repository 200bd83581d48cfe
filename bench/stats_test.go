package bench

import (
	"math"
	"testing"
)

func TestNewSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Spread
	}{
		{[]float64{5}, Spread{5, 5, 5}},
		{[]float64{9, 1}, Spread{1, 5, 9}},
		{[]float64{3, 9, 1}, Spread{1, 3, 9}},
		{[]float64{4, 1, 2, 100}, Spread{1, 3, 100}},
	} {
		if got := NewSpread(test.values); got != test.want {
			t.Errorf("NewSpread(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}

func TestGeometricMean(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{2, 8}, 4},
		{[]float64{0.5, 2}, 1},
		{[]float64{1, 10, 100}, 10},
	} {
		if got := GeometricMean(test.values); math.Abs(got-test.want) > 1e-12*test.want {
			t.Errorf("GeometricMean(%v) = %v, want %v", test.values, got, test.want)
		}
	}
	if got := GeometricMean(nil); !math.IsNaN(got) {
		t.Errorf("GeometricMean of nothing = %v, want NaN", got)
	}
}
