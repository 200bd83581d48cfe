package opt

import (
	"errors"
	"fmt"
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

// However many branches come behind a loop, its values are brought together where it is left, and where ways out of it meet: two ways out, the
// block behind both, and the header of the copy.
func TestValuesOfCopiedLoopsMeetWhereItIsLeft(t *testing.T) {
	text := `func 0 "far" loop=-1 room=20 (i32)
b0:
	v0:i32 = param 0
	v1:i32 = const 1
	jump b1
b1(b0, b2):
	v2:i32 = phi v0, v3
	v3:i32 = i32.add v2, v1
	if v2 b2, b3
b2(b1):
	if v3 b1, b3
b3(b1, b2):
	jump b4
`
	from := "b3"
	for n := 4; n < 300; n += 2 {
		text += fmt.Sprintf("b%d(%s):\n\tif v0 b%d, b%d\nb%d(b%d):\n\tjump b%d\n", n, from, n+1, n+2, n+1, n, n+2)
		from = fmt.Sprintf("b%d, b%d", n, n+1)
	}
	text += fmt.Sprintf("b300(%s):\n\treturn v3\n", from)
	f, err := ir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	l := f.Loops()
	duplicate(f, l, l.Loops[0], 0)
	phis := 0
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			if v.Op == ir.OpPhi {
				phis++
			}
		}
	}
	if phis != 5 {
		t.Errorf("%d phis, want 5", phis)
	}
}
