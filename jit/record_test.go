package jit

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// caller calls export f of a module that a tier has been attached to.
type caller struct {
	t *testing.T
	e *events
	q *queue
	f *interp.Func
	h *interp.Thread
}

func newCaller(t *testing.T, c Config, text string) (*caller, *Tier) {
	t.Helper()
	k := &caller{t: t, e: &events{}}
	c.Trace = k.e.add
	tier, err := New(c)
	if err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	m := parse(t, text)
	tier.Attach(m)
	s := interp.NewStore(interp.Config{})
	t.Cleanup(func() { s.Close() })
	i, err := s.Instantiate(m, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := i.Export("f")
	k.q, k.f, k.h = tier.queue, e.Func, s.NewThread()
	return k, tier
}

// call calls f n times, and waits for what is compiled then.
func (k *caller) call(n int, arg, want uint64) {
	k.t.Helper()
	for range n {
		stack := []uint64{arg}
		if err := k.h.Call(context.Background(), k.f, stack); err != nil || stack[0] != want {
			k.t.Fatalf("f(%d) = %d, %v; want %d", arg, stack[0], err, want)
		}
	}
	if !k.q.wait(10 * time.Second) {
		k.t.Fatal("the worker does not end")
	}
}

// extents are those of the units so far, with their side exits.
func (k *caller) extents() string {
	var out []string
	for _, e := range k.e.all() {
		if e.Err != nil {
			k.t.Fatal(e)
		}
		text := e.Extent.String()
		if e.Loaded {
			text = "loaded"
		}
		out = append(out, fmt.Sprintf("%s %d", text, e.Sides))
	}
	return strings.Join(out, ", ")
}

// armsText has a way of its own for each number up to arms, and is long.
const arms = 2 * maxRegions

var armsText = `(module (func (export "f") (param $n i32) (result i32)
	` + strings.Repeat("(nop)", minRecorded) + `
	` + func() (s string) {
	for i := range arms {
		s += fmt.Sprintf("(if (i32.eq (local.get $n) (i32.const %d)) (then (return (i32.const %d))))\n", i, 100+i)
	}
	return s
}() + `(i32.const 7)))`

func TestRegionsGrowUntilAllIsCompiled(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Regions}, armsText)
	k.call(1, 3, 103) // hot
	k.call(1, 3, 103) // recorded
	want := "region 4"
	if got := k.extents(); got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	k.call(5, 3, 103)
	for _, step := range []struct {
		arg   uint64
		grown string
	}{
		{0, ", region 3"},    // an exit less
		{4, ", region 3"},    // beyond what was seen
		{100, ", region 13"}, // to the end
		{5, ", region 12"}, {6, ", region 11"}, {7, ", region 10"}, {8, ", region 9"},
		{1, ", whole: its regions have grown too often 0"},
	} {
		k.call(1, step.arg, f(step.arg)) // hot
		k.call(1, step.arg, f(step.arg)) // recorded
		want += step.grown
		if got := k.extents(); got != want {
			t.Fatalf("f(%d): %s, want %s", step.arg, got, want)
		}
		k.call(3, step.arg, f(step.arg))
	}
	for n := range uint64(arms + 2) {
		k.call(3, n, f(n))
	}
	if got := k.extents(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// f is what armsText computes.
func f(n uint64) uint64 {
	if n < arms {
		return 100 + n
	}
	return 7
}

func TestWhatIsHotIsRecorded(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Auto}, armsText)
	k.call(hotEntries+recordEntries-1, 3, 103)
	if got := k.extents(); got != "" {
		t.Fatal(got)
	}
	k.call(1, 3, 103)
	if got := k.extents(); got != "region 4" {
		t.Fatal(got)
	}
	k.call(hotExits+recordExits-1, 6, 106)
	if got := k.extents(); got != "region 4" {
		t.Fatal(got)
	}
	k.call(1, 6, 106)
	if got := k.extents(); got != "region 4, region 6" {
		t.Fatal(got)
	}
}

func TestSmallFunctionsAreNotRecorded(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Auto}, sumText[:strings.Index(sumText, `"sum"`)]+`"f"`+sumText[strings.Index(sumText, `"sum"`)+5:])
	k.call(hotEntries, 1, 1)
	if got := k.extents(); got != " 0" {
		t.Fatal(got)
	}
}

func TestWhatHasRunAltogetherIsWhole(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Regions}, `(module (func (export "f") (param i32) (result i32)
		(if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))`)
	k.call(1, 0, 2)
	k.call(1, 0, 2)
	k.call(1, 1, 1)
	k.call(2, 1, 1)
	if got := k.extents(); got != "region 1, recorded, all of it has run 0" {
		t.Fatal(got)
	}
}

// TestTablesAreCompared has a br_table of which few arms run, and many.
func TestTablesAreCompared(t *testing.T) {
	text := `(module (func (export "f") (param i32) (result i32) (local $x i32)
		(local.set $x (i32.add (local.get 0) (i32.const 10)))
		(block (block (block (block (block (block (br_table 0 1 2 3 4 5 (local.get 0)))
			(return (i32.add (local.get $x) (i32.const 100)))) (return (i32.const 101))) (return (i32.const 102))) (return (i32.const 103)))
			(return (i32.add (local.get $x) (local.get 0))))
		(i32.add (local.get $x) (i32.const 105))))`
	want := func(n uint64) uint64 {
		switch {
		case n == 0:
			return 110
		case n < 4:
			return 100 + n
		case n == 4:
			return 18
		}
		return n + 10 + 105
	}
	for _, order := range [][]uint64{{0}, {5}, {9}, {0, 9}, {4, 1, 2}, {4, 3, 2, 1, 0, 5}, {9, 3, 2, 1}} {
		k, _ := newCaller(t, Config{Mode: Regions}, text)
		for _, first := range order {
			k.call(3, first, want(first))
			for range 2 {
				for n := range uint64(12) {
					k.call(1, n, want(n))
				}
			}
		}
		if got := k.extents(); !strings.HasPrefix(got, "region 1") {
			t.Errorf("%v: %s", order, got)
		}
	}
}

// TestLoadedRegionsAreCompiledWhole when their side exits are hot, since nobody knows what is in them.
func TestLoadedRegionsAreCompiledWhole(t *testing.T) {
	if _, err := targetID(); err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	dir := filepath.Join(t.TempDir(), "code")
	k, tier := newCaller(t, Config{Mode: Auto, CacheDir: dir}, armsText)
	k.call(hotEntries+recordEntries, 3, 103)
	k.call(hotExits+recordExits, 6, 106)
	if got := k.extents(); got != "region 4, region 6" {
		t.Fatal(got)
	}
	if err := tier.Flush(); err != nil {
		t.Fatal(err)
	}
	k, tier = newCaller(t, Config{Mode: Auto, CacheDir: dir}, armsText)
	k.call(100, 6, 106)
	if got := k.extents(); got != "loaded 0" {
		t.Fatal(got) // the region that has grown, not the one before
	}
	k.call(hotExits, 7, 107)
	if got, want := k.extents(), "loaded 0, whole: the record of its region is lost 0"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	if err := tier.Flush(); err != nil {
		t.Fatal(err)
	}
	k, _ = newCaller(t, Config{Mode: Auto, CacheDir: dir}, armsText)
	for n := range uint64(10) {
		k.call(hotExits+recordExits, n, f(n))
	}
	if got := k.extents(); got != "loaded 0" {
		t.Fatal(got)
	}
}

// TestLoopsAreRecorded: that a loop ends is no side exit of it.
func TestLoopsAreRecorded(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Regions}, `(module (func (export "f") (param $n i32) (result i32) (local $x i32)
		(block $out
			(loop $l
				(if (i32.lt_u (local.get $n) (i32.const 10)) (then (local.set $x (i32.add (local.get $x) (i32.const 1000)))))
				(local.set $x (i32.add (local.get $x) (i32.const 1)))
				(br_if $out (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
				(br $l)))
		(local.get $x)))`)
	k.call(1, 100, 100+9000)
	if got, want := k.extents(), "region 1, recorded, all of it has run 0"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	// The function itself has been recorded where its loop was not machine code yet, and by it: that it ends is known.
	k.call(1, 20, 20+9000)
	if got, want := k.extents(), "region 1, recorded, all of it has run 0, recorded, all of it has run 0"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
}
