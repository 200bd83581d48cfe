package opt

import (
	"errors"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
)

// copyLoops copies all inner loops that could be, and lets a parameter decide which one runs.
func copyLoops(f *ir.Func) (copied int) {
	l := f.Loops()
	var which *ir.Value
	for _, v := range f.Entry.Values {
		if v.Op == ir.OpParam && v.Type == ir.I32 {
			which = v // of the generator's parameters the last: it is 0 as often as it is not
		}
	}
	if which == nil {
		return 0
	}
	for _, loop := range l.Loops {
		in, ok := inductionsOf(l, loop)
		if !ok || slices.ContainsFunc(loop.Blocks, func(b *ir.Block) bool { return l.LoopOf(b) != loop }) {
			continue
		}
		v := versioning{f: f, inductions: in}
		v.front = front{v: &v, conditions: []condition{{value: which}}}
		v.make()
		copied++
	}
	phis(f)
	return copied
}

// Whichever of a loop and its copy runs, and however it is left, what comes behind does the same.
func TestCopiesOfLoopsDoTheSame(t *testing.T) {
	n := uint64(1500)
	if testing.Short() {
		n = 200
	}
	at := slices.IndexFunc(passes, func(p pass) bool { return p.name == "version" })
	all := 0
	for seed := range n {
		f := generate(seed)
		want := make([]record, runsEach)
		fails := make([]error, runsEach)
		for i := range want {
			want[i], fails[i] = run(f, seed+uint64(i))
		}
		for _, p := range passes[:at] {
			p.run(f)
		}
		before := f.String()
		all += copyLoops(f)
		for k := at; ; k++ {
			if err := ir.Verify(f); err != nil {
				t.Fatalf("seed %d: %v\nbefore\n%s\nafter\n%s", seed, err, before, f)
			}
			for i, w := range want {
				if errors.Is(fails[i], ir.ErrFuel) {
					continue
				}
				got, err := run(f, seed+uint64(i))
				if err == nil {
					err = w.equal(got)
				}
				if err != nil {
					t.Fatalf("seed %d, run %d: %v\nbefore\n%s\nafter\n%s", seed, i, err, before, f)
				}
			}
			if k == len(passes) {
				break
			}
			passes[k].run(f)
		}
	}
	if all < int(n)/10 {
		t.Errorf("only %d loops were copied", all)
	}
}
