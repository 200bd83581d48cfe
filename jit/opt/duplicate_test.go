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

// Of a function that is large only so many loops are copied as it can be gone through for, once for each.
func TestLargeFunctionsHaveFewLoopsCopied(t *testing.T) {
	for _, test := range []struct{ values, copied int }{{1000, 4}, {maxVisited / 3, 3}, {maxVisited / 2, 2}} {
		text := fmt.Sprintf(`func 0 "large" loop=-1 room=20 (i64)
b0:
	v0:i64 = param 0
	v1:i64 = const 1
	v2:i64 = inst_word imm=5 aux=1
	v3:i64 = const -1
	v4:i64 = mem_base
	v%d:i64 = const 0
	jump b1
`, test.values)
		const loop = `b%[1]d(b%[2]d, b%[1]d):
	v%[4]d:i64 = phi v1, v%[5]d
	v%[6]d:i64 = load_word v2 imm=8 aux=1 width=8
	v%[7]d:i64 = i64.add v%[6]d, v3
	v%[8]d:i32 = i64.gt_u v%[4]d, v%[7]d
	trap_if v%[8]d @trap{pos=3 point=-1 acc=-1 trap=5}
	i64.store8 v4, v%[4]d, v0
	v%[5]d:i64 = i64.add v%[4]d, v1
	v%[9]d:i32 = i64.ne v%[5]d, v0
	if v%[9]d b%[1]d, b%[3]d
`
		for b := 1; b <= 4; b++ {
			text += fmt.Sprintf(loop, b, b-1, b+1, 10*b, 10*b+1, 10*b+2, 10*b+3, 10*b+4, 10*b+5)
		}
		f, err := ir.Parse(text + "b5(b4):\n\treturn v0\n")
		if err != nil {
			t.Fatal(err)
		}
		version(f)
		checks := 0
		for _, b := range f.Blocks {
			for _, v := range b.Values {
				if v.Op == ir.OpTrapIf && !b.Cold {
					checks++
				}
			}
		}
		if copied := 4 - checks; copied != test.copied {
			t.Errorf("of %d values, %d loops have been copied, want %d", test.values, copied, test.copied)
		}
	}
}
