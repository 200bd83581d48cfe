package jit

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

var update = flag.Bool("update", false, "write the golden files")

// buildAll builds every function and every loop of a module, in a few ways each.
func buildAll(t *testing.T, name string, w *wasm.Module, ways []Options) (units int) {
	t.Helper()
	m := interp.NewModule(w)
	for k := range w.Code {
		fn := uint32(w.NumImportedFuncs + k)
		loops := []int{-1}
		points, err := m.NativePoints(fn, -1)
		if err != nil {
			continue // the interpreter refuses it too
		}
		for _, offset := range loopBodies(w, k) {
			for _, p := range points.Points {
				if p.Offset == offset {
					loops = append(loops, int(p.Index))
				}
			}
		}
		for _, loop := range loops {
			for way, opt := range ways {
				f, err := build(m, fn, loop, opt)
				if errors.Is(err, errTooLarge) { // br_table.wast has one of 16,000 arms
					continue
				}
				if err != nil {
					t.Errorf("%s: function %d, loop %d, way %d: %v", name, fn, loop, way, err)
					continue
				}
				if err := ir.Verify(f); err != nil {
					t.Fatalf("%s: function %d, loop %d, way %d: %v\n%s", name, fn, loop, way, err, f)
				}
				if err := crossing(f); err != nil {
					t.Fatalf("%s: function %d, loop %d, way %d: %v\n%s", name, fn, loop, way, err, f)
				}
				units++
			}
		}
	}
	return units
}

// loopBodies are the module offsets of the bodies of a function's loops.
func loopBodies(w *wasm.Module, k int) (out []uint32) {
	r := bodyReader{b: w.Code[k].Body, base: w.Code[k].Offset}
	for r.p < len(r.b) {
		o := r.op()
		r.skip(o)
		if o == wasm.OpLoop {
			out = append(out, r.offset())
		}
	}
	return out
}

// buildWays are options under which everything must be built.
var buildWays = []Options{
	{Memory: interp.NativeMemory{Guarded: true, Fixed: true}},
	{NoInline: true},
	{Seen: func(m interp.Mark) bool { return uint32(m)*2654435761>>30 != 0 }, NoPolls: true},
}

// TestSuiteIsBuilt builds all functions of the specification's suite.
func TestSuiteIsBuilt(t *testing.T) {
	units := 0
	suiteModules(t, func(name string, w *wasm.Module) { units += buildAll(t, name, w, buildWays) })
	if units < 1000 {
		t.Errorf("only %d units were built", units)
	}
}

// crossing finds a value that is in a register across a call: what a program computes must be in its slot there, and be loaded again.
func crossing(f *ir.Func) error {
	n := (f.NumValues() + 63) / 64
	in := make([]bitset, f.NumBlocks())
	for i := range in {
		in[i] = make(bitset, n)
	}
	use := func(live bitset, v *ir.Value) {
		switch v.Op {
		case ir.OpConst, ir.OpMemBase:
		case ir.OpInstWord:
			if v.Aux == 0 {
				live.set(int(v.ID))
			}
		default:
			live.set(int(v.ID))
		}
	}
	var err error
	for changed := true; changed; {
		changed = false
		for i := len(f.Blocks) - 1; i >= 0; i-- {
			b := f.Blocks[i]
			live := make(bitset, n)
			for _, s := range b.Succs {
				live.or(in[s.ID])
				for p, pred := range s.Preds {
					if pred != b {
						continue
					}
					for _, v := range s.Values {
						if v.Op != ir.OpPhi {
							break
						}
						use(live, v.Args[p])
					}
				}
			}
			for k := len(b.Values) - 1; k >= 0; k-- {
				v := b.Values[k]
				live.unset(int(v.ID))
				if v.Op == ir.OpPhi {
					continue
				}
				switch v.Op {
				case ir.OpCall, ir.OpCallRecord, ir.OpLeave:
					live.each(func(id int) {
						err = fmt.Errorf("v%d is alive across %s in %s", id, v.LongString(), b)
					})
				}
				for _, a := range v.Args {
					use(live, a)
				}
				if v.Site != nil {
					for _, s := range v.Site.State {
						use(live, s.Value)
					}
				}
			}
			for w := range live {
				if in[b.ID][w]|live[w] != in[b.ID][w] {
					in[b.ID][w] |= live[w]
					changed = true
				}
			}
		}
	}
	return err
}

// TestBuildGolden compares what is built of the functions in testdata/build with what it was.
func TestBuildGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/build/*.wat")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bin, err := wat.Parse(file, src)
		if err != nil {
			t.Fatal(err)
		}
		w, err := wasm.Decode(bin, ^wasm.Features(0))
		if err != nil {
			t.Fatal(file, err)
		}
		m := interp.NewModule(w)
		inlines := strings.HasSuffix(file, "/inline.wat") || strings.HasSuffix(file, "/guess.wat")
		var got strings.Builder
		for k := range w.Code {
			f, err := build(m, uint32(w.NumImportedFuncs+k), -1, Options{
				Memory: interp.NativeMemory{Guarded: true}, NoInline: !inlines, Counts: inlines,
			})
			if err != nil {
				t.Fatal(file, err)
			}
			got.WriteString(f.String() + "\n")
		}
		golden := strings.TrimSuffix(file, ".wat") + ".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s: not what is in %s (-update writes it):\n%s", file, golden, got.String())
		}
	}
}

// BenchmarkBuild builds all functions of the module that is named in the environment.
func BenchmarkBuild(b *testing.B) {
	path := os.Getenv("GODWIT_BUILD")
	bin, err := os.ReadFile(path)
	if err != nil {
		b.Skip("GODWIT_BUILD names no module")
	}
	w, err := wasm.Decode(bin, ^wasm.Features(0))
	if err != nil {
		b.Fatal(err)
	}
	m := interp.NewModule(w)
	size := 0
	for k := range w.Code {
		size += len(w.Code[k].Body)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for k := range w.Code {
			if _, err := build(m, uint32(w.NumImportedFuncs+k), -1, buildWays[0]); err != nil {
				b.Fatal(err)
			}
		}
	}
}
