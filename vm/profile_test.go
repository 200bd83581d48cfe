package vm_test

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"time"
)

func TestProfilesHaveSamplesOnEveryTier(t *testing.T) {
	for _, tier := range tiersHere() {
		for _, name := range spins {
			t.Run(tier.String()+"/"+name, func(t *testing.T) {
				p, cancel, ended := spin(t, tier, name, nil)
				f := p.StartProfile(time.Millisecond)
				within(t, "a profile", func() {
					for f.Samples() < 5 {
						runtime.Gosched()
					}
				})
				var b bytes.Buffer
				if err := f.Write(&b); err != nil || b.Len() == 0 {
					t.Errorf("%d bytes, %v", b.Len(), err)
				}
				n := f.Samples()
				cancel()
				<-ended
				if more := f.Samples(); more != n {
					t.Errorf("there are %d samples after the end of a profile of %d", more, n)
				}
				f.Stop()
				p.Close()
			})
		}
	}
}

// TestProfilesOfIdlePrograms have nothing in them.
func TestProfilesOfIdlePrograms(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	f := i.Program().StartProfile(time.Millisecond)
	time.Sleep(5 * time.Millisecond)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil || f.Samples() != 0 {
		t.Error(err, f.Samples())
	}
	if _, err := i.Call(context.Background(), "add", 1, 2); err != nil {
		t.Error(err)
	}
}
