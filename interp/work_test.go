package interp

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// Tests that something takes no time to speak of compare it with itself: work of two sizes, in the process's own time, so that a machine that has much
// else to do makes no difference.

// work is the time that f takes of the process, the least of some runs.
func work(f func()) time.Duration {
	runtime.GC() // what others have left behind is not f's
	var took []time.Duration
	for range 3 {
		begin := processTime()
		f()
		took = append(took, processTime()-begin)
	}
	return slices.Min(took)
}

// growsLess checks that four times the size takes less than most times the work: 4 is linear, 16 is quadratic.
func growsLess(t *testing.T, most float64, size int, f func(size int)) {
	t.Helper()
	var ratios []float64
	for range 3 {
		small, large := work(func() { f(size) }), work(func() { f(4 * size) })
		ratios = append(ratios, float64(large)/float64(max(small, time.Microsecond)))
		if slices.Min(ratios) < most { // what disturbs makes one of the two more
			break
		}
	}
	t.Logf("four times the size takes %.1f times the work", slices.Min(ratios))
	if slices.Min(ratios) >= most {
		t.Errorf("four times the size takes %.1f times the work, want less than %v", ratios, most)
	}
}
