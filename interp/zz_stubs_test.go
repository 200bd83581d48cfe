//go:build linux && (amd64 || arm64)

package interp

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	for _, kind := range []string{"go", "native"} {
		m := newRig(t)
		unit := m.code(t, spinning())
		var stop atomic.Bool
		left := make(chan int)
		go func() {
			if kind == "go" {
				n := 0
				for !stop.Load() {
					n++
				}
				left <- n
				return
			}
			left <- m.spin(unit, &stop)
		}()
		time.Sleep(10 * time.Millisecond)
		var worst, sum time.Duration
		for range 60 {
			start := time.Now()
			runtime.GC()
			d := time.Since(start)
			worst = max(worst, d)
			sum += d
		}
		stop.Store(true)
		runtime.GC()
		t.Log(kind, worst, sum/60, <-left)
	}
}
