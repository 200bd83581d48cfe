//go:build linux && amd64

package interp

import (
	"context"
	"testing"
)

// Somebody begins to count while an idle thread begins: each call after that is counted as a whole, in whichever code.
func TestCountingBeginsWithACall(t *testing.T) {
	m := shuttles(t, hostLeaf, 3)
	publishShuttles(t, m, hostLeaf, 3)
	natively := 0
	for range 300 {
		s, f, _ := retiring(t, m, func(*Caller, []uint64) error { return nil })
		th, done := s.NewThread(), make(chan error)
		call := func() error { return th.Call(context.Background(), f, []uint64{20}) }
		go func() {
			for range 3 {
				if err := call(); err != nil {
					done <- err
				}
			}
			done <- nil
		}()
		s.CountSafepoints(0, 0, nil)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		before := s.freezer.passed
		if err := call(); err != nil {
			t.Fatal(err)
		}
		if n := s.freezer.passed - before; n != 21 {
			t.Fatalf("%d safepoints, want 21", n)
		}
		if th.mode == nativeCounts {
			natively++
		}
	}
	t.Logf("%d of 300 threads had not begun", natively)
}
