package jit

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/interp"
)

// guessText calls through tables that change, and references. Table $one has one function of each type in the beginning, so that something can be guessed
// where nothing was recorded.
const guessText = `(module
	(import "h" "f" (func $host (param i32) (result i32)))
	(type $un (func (param i32) (result i32)))
	(type $sub (func (param i32 i32) (result i32)))
	(memory 1)
	(table $one 2 4 funcref) (elem (table $one) (i32.const 0) func $inc $long)
	(table $many 8 funcref) (elem (table $many) (i32.const 0) func $inc $dec $mul $slow $load $host $sub $again)
	(elem declare func $inc $dec $mul $slow $load $sub $again $host)

	(func $inc (type $un) (i32.add (local.get 0) (i32.const 1)))
	(func $dec (type $un) (i32.sub (local.get 0) (i32.const 1)))
	(func $mul (type $un) (local $x i32)
		(if (i32.gt_s (local.get 0) (i32.const 10000)) (then (return (i32.const 3))))
		(i32.mul (local.get 0) (i32.add (local.get $x) (i32.const 3))))
	(func $sub (type $sub) (i32.sub (local.get 0) (local.get 1)))
	(func $load (type $un) (i32.add (i32.load (local.get 0)) (i32.const 5)))
	(func $long (param i32 i32) (result i32)
		(loop $l (br_if $l (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 7))) (local.get 1))))
		(i32.add (local.get 0) (local.get 1)))
	(func $slow (type $un) (local $x i32)
		(loop $l
			(local.set $x (i32.add (local.get $x) (call $host (local.get 0))))
			(br_if $l (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 5))))
		(local.get $x))
	(func $again (type $un)
		(if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
			(else (i32.add (call_indirect $many (type $un) (i32.sub (local.get 0) (i32.const 1)) (i32.const 7)) (i32.const 2)))))

	;; Calls slot 0 of $one, in which something else is from the tenth time on.
	(func $changes (param $n i32) (param $f funcref) (result i32) (local $x i32) (local $y i64)
		(loop $l
			(if (i32.eq (local.get $n) (i32.const 10)) (then (table.set $one (i32.const 0) (local.get $f))))
			(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 3))
				(call_indirect $one (type $un) (i32.and (local.get $x) (i32.const 255)) (i32.const 0))))
			(local.set $y (i64.add (local.get $y) (i64.extend_i32_u (local.get $x))))
			(br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
		(i32.xor (local.get $x) (i32.wrap_i64 (local.get $y))))
	(func (export "own") (param $n i32) (result i32) (call $changes (local.get $n) (ref.func $dec)))
	(func (export "slow") (param $n i32) (result i32) (call $changes (local.get $n) (ref.func $slow)))
	(func (export "host") (param $n i32) (result i32) (call $changes (local.get $n) (ref.func $host)))
	(func (export "null") (param $n i32) (result i32) (call $changes (local.get $n) (ref.null func)))
	(func (export "type") (param $n i32) (result i32) (call $changes (local.get $n) (ref.func $sub)))
	(func (export "grow") (param $n i32) (result i32)
		(drop (table.grow $one (ref.func $mul) (i32.const 1)))
		(i32.add (call_indirect $one (type $un) (local.get $n) (i32.const 0)) (call_indirect $one (type $un) (local.get $n) (i32.const 2))))
	(func (export "long") (param $n i32) (result i32)
		(i32.add (call_indirect $one (param i32 i32) (result i32) (local.get $n) (i32.const 3) (i32.const 1)) (local.get $n)))

	;; One callee, two, and more.
	(func $calls (param $n i32) (param $mask i32) (result i32) (local $x i32) (local $y f64)
		(loop $l
			(local.set $y (f64.add (local.get $y) (f64.const 1)))
			(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 5))
				(call_indirect $many (type $un) (i32.and (local.get $n) (i32.const 7)) (i32.and (local.get $n) (local.get $mask)))))
			(br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
		(i32.add (local.get $x) (i32.trunc_f64_s (local.get $y))))
	(func (export "one") (param $n i32) (result i32) (call $calls (local.get $n) (i32.const 0)))
	(func (export "two") (param $n i32) (result i32) (call $calls (local.get $n) (i32.const 1)))
	(func (export "four") (param $n i32) (result i32) (call $calls (local.get $n) (i32.const 3)))
	(func (export "six") (param $n i32) (result i32) (call $calls (local.get $n) (i32.const 5)))

	;; What is inlined traps, and calls itself.
	(func $through (param $n i32) (result i32) (i32.add (call_indirect $many (type $un) (local.get $n) (i32.const 4)) (local.get $n)))
	(func (export "load") (param $n i32) (result i32) (i32.mul (local.get $n) (call $through (local.get $n))))
	(func (export "again") (param $n i32) (result i32) (call $again (local.get $n)))

	;; The operand below is in a local that nobody wants any more.
	(func (export "ref") (param $n i32) (result i32) (local $f (ref null $un)) (local $m i32)
		(local.set $m (local.get $n))
		(loop $l
			(local.set $f (if (result (ref $un)) (i32.lt_s (local.get $n) (i32.const 4)) (then (ref.func $dec)) (else (ref.func $inc))))
			(local.set $m (i32.add (local.get $m) (call_ref $un (i32.mul (local.get $m) (i32.const 3)) (local.get $f))))
			(br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
		(if (i32.eq (local.get $n) (i32.const -1)) (then (return (call_ref $un (i32.const 1) (ref.null $un)))))
		(local.get $m))
	)`

var guessCalls = []struct {
	name string
	args []uint64
}{
	{"own", []uint64{9, 40}}, {"slow", []uint64{12}}, {"host", []uint64{12}}, {"null", []uint64{3, 12}}, {"type", []uint64{12}},
	{"grow", []uint64{5}}, {"long", []uint64{2, 50}},
	{"one", []uint64{30}}, {"two", []uint64{31}}, {"four", []uint64{33}}, {"six", []uint64{34, 39}},
	{"load", []uint64{4, 1 << 20}}, {"again", []uint64{1, 9}},
	{"ref", []uint64{7, 2, 0}},
}

// TestGuessedCallsAreCalls: whatever is in the tables and whatever was seen before, the results, traps and safepoints are the interpreter's, at the end of
// any journey.
func TestGuessedCallsAreCalls(t *testing.T) {
	plain := parse(t, guessText)
	want := map[string]string{}
	for _, c := range guessCalls {
		for _, arg := range c.args {
			r := inlineRun{t: t, m: plain}
			want[fmt.Sprint(c.name, arg)] = r.call(c.name, arg, 0, nil)
		}
	}
	if got := want["load1048576"]; !strings.Contains(got, "Func:5 Name:load") {
		t.Fatalf("%s: the function that traps is not named", got)
	}
	steps := []uint64{0, 1, 2, 3}
	if testing.Short() {
		steps = []uint64{0, 11}
	}
	for _, mode := range []Mode{All, Regions} {
		tier, e := newTier(t, mode)
		m := parse(t, guessText)
		tier.Attach(m)
		for _, step := range steps {
			for _, elsewhere := range []*interp.Module{m, plain} {
				got := map[string]string{}
				for _, c := range guessCalls {
					for _, arg := range c.args {
						r := inlineRun{t: t, m: m}
						got[fmt.Sprint(c.name, arg)] = r.call(c.name, arg, step, elsewhere)
					}
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("mode %d, travelling at every safepoint number %d (-interpreter +machine code):\n%s", mode, step, d)
				}
			}
		}
		guessed := 0
		for _, x := range e.all() {
			guessed += x.Guessed
		}
		if guessed < 3 {
			t.Errorf("mode %d: %d callees were guessed", mode, guessed)
		}
	}
}

// pickText has one call, of one of five functions.
const pickText = `(module (type $un (func (param i32) (result i32))) (table 5 funcref) (elem (i32.const 0) $a $b $c $d $e)
	(func $a (type $un) (i32.const 100)) (func $b (type $un) (i32.const 101)) (func $c (type $un) (i32.const 102))
	(func $d (type $un) (i32.const 103)) (func $e (type $un) (i32.const 104))
	(func (export "f") (param $n i32) (result i32) (call_indirect (type $un) (local.get $n) (local.get $n))))`

// TestGuessesFollowWhatIsSeen: of a call two functions are guessed, and none once it has called a third.
func TestGuessesFollowWhatIsSeen(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Regions}, pickText)
	last := func() string {
		var text string
		for _, e := range k.e.all() {
			if e.Func == 5 {
				text = fmt.Sprintf("%v, %d sides, %d guessed, %d inlined", e.Extent, e.Sides, e.Guessed, e.Inlined)
			}
		}
		return text
	}
	for _, step := range []struct {
		arg  uint64
		want string
	}{
		{3, "region, 1 sides, 1 guessed, 1 inlined"},
		{1, "region, 1 sides, 1 guessed, 2 inlined"},
		{3, "region, 1 sides, 1 guessed, 2 inlined"},
		{4, "recorded, all of it has run, 0 sides, 0 guessed, 0 inlined"},
		{0, "recorded, all of it has run, 0 sides, 0 guessed, 0 inlined"},
	} {
		k.call(5, step.arg, 100+step.arg)
		if got := last(); got != step.want {
			t.Errorf("f(%d): %s, want %s", step.arg, got, step.want)
		}
	}
}

// TestMissesAreSeen even while nothing is recorded.
func TestMissesAreSeen(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Auto}, pickText)
	k.call(hotEntries+recordEntries, 2, 102)
	k.call(hotExits/2, 4, 104)
	k.call(hotExits/2+recordExits, 3, 103)
	all := k.e.all()
	if e := all[len(all)-1]; e.Func != 5 || e.Sides != 0 || e.Guessed != 0 {
		t.Error(e)
	}
}

// TestSmallCallersAreRecorded: a function that calls through a reference is recorded, however small it is.
func TestSmallCallersAreRecorded(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Auto}, pickText)
	k.call(hotEntries+recordEntries, 2, 102)
	if got := k.extents(); !strings.HasSuffix(got, "region 1") {
		t.Error(got)
	}
}

// TestGuessesAreOfTheInstance: a function of another instance of the module is another one, though its index and its code are the same.
func TestGuessesAreOfTheInstance(t *testing.T) {
	for _, mode := range []Mode{All, Regions} {
		tier, e := newTier(t, mode)
		m := parse(t, `(module (table (export "t") 1 funcref) (elem (i32.const 0) $own)
			(global $g (export "g") (mut i32) (i32.const 0))
			(func $own (export "own") (result i32) (global.get $g))
			(func (export "set") (param i32) (global.set $g (local.get 0)))
			(func (export "f") (result i32) (call_indirect (result i32) (i32.const 0))))`)
		tier.Attach(m)
		s := interp.NewStore(interp.Config{})
		t.Cleanup(func() { s.Close() })
		th := s.NewThread()
		call := func(i *interp.Instance, name string, arg uint64) uint64 {
			x, _ := i.Export(name)
			stack := []uint64{arg}
			if err := th.Call(context.Background(), x.Func, stack); err != nil {
				t.Fatal(err)
			}
			return stack[0]
		}
		var instances []*interp.Instance
		for n := range uint64(2) {
			i, err := s.Instantiate(m, fmt.Sprint(n), nil)
			if err != nil {
				t.Fatal(err)
			}
			call(i, "set", 10+n)
			instances = append(instances, i)
		}
		check := func(want ...uint64) {
			t.Helper()
			for range 4 {
				for n, i := range instances {
					if got := call(i, "f", 0); got != want[n] {
						t.Errorf("mode %d: instance %d calls %d, want %d", mode, n, got, want[n])
					}
				}
			}
		}
		check(10, 11)
		own, _ := instances[1].Export("own")
		if err := instances[0].Table(0).Set(0, own.Func.Ref()); err != nil {
			t.Fatal(err)
		}
		check(11, 11)
		guessed := 0
		for _, x := range e.all() {
			guessed += x.Guessed
		}
		if guessed == 0 {
			t.Errorf("mode %d: nothing was guessed", mode)
		}
	}
}

// TestGuessesAreKept in code files, and are guesses there, too.
func TestGuessesAreKept(t *testing.T) {
	if _, err := targetID(); err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	dir := filepath.Join(t.TempDir(), "code")
	k, tier := newCaller(t, Config{Mode: Auto, CacheDir: dir}, pickText)
	k.call(hotEntries+recordEntries, 2, 102)
	if err := tier.Flush(); err != nil {
		t.Fatal(err)
	}
	k, _ = newCaller(t, Config{Mode: Auto, CacheDir: dir}, pickText)
	k.call(10, 2, 102)
	if got := k.extents(); !strings.HasPrefix(got, "loaded 0") {
		t.Fatal(got)
	}
	for n := range uint64(5) {
		k.call(hotExits+recordExits, n, 100+n)
	}
}

// TestOnlyFunctionsOfATypeAreCandidates, of those that the module puts into the table by itself.
func TestOnlyFunctionsOfATypeAreCandidates(t *testing.T) {
	for _, test := range []struct {
		name, elems string
		want        uint32
	}{
		{"none", `(elem (i32.const 0) $other)`, interp.NoCallee},
		{"one", `(elem (i32.const 0) $a $other)`, 1},
		{"one in two places", `(elem (i32.const 0) $a $other) (elem (i32.const 5) $a)`, 1},
		{"two", `(elem (i32.const 0) $a $other $b)`, interp.NoCallee},
		{"two in two segments", `(elem (i32.const 0) $a) (elem (i32.const 4) $b)`, interp.NoCallee},
		{"one in another table", `(elem (table 1) (i32.const 0) func $b) (elem (i32.const 4) $a)`, 1},
		{"one that may come later", `(elem (i32.const 0) $a) (elem func $b)`, 1},
		{"an imported one", `(elem (i32.const 0) $h)`, interp.NoCallee},
		{"one in a long table", `(elem (i32.const 0) $a` + strings.Repeat(" $other", maxCandidates-1) + `)`, 1},
		{"one in a table that is too long", `(elem (i32.const 0) $a` + strings.Repeat(" $other", maxCandidates) + `)`, interp.NoCallee},
	} {
		m := parse(t, `(module (import "h" "f" (func $h (result i32)))
			(func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2)) (func $other (param i32))
			(table 10000 funcref) (table 10 funcref) `+test.elems+`)`).Wasm()
		if got := candidate(m, tableType{0, m.Types[m.FuncTypes[1]].Canon}); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, int32(got), int32(test.want))
		}
	}
}

// TestSubtypesAreNotGuessed: what the call has been seen calling is of another type than it wants.
func TestSubtypesAreNotGuessed(t *testing.T) {
	k, _ := newCaller(t, Config{Mode: Regions}, `(module
		(type $up (sub (func (param i32) (result anyref)))) (type $down (sub $up (func (param i32) (result i31ref))))
		(table 1 funcref) (elem (i32.const 0) $a)
		(func $a (type $down) (ref.i31 (local.get 0)))
		(func (export "f") (param $n i32) (result i32)
			(i31.get_u (ref.cast i31ref (call_indirect (type $up) (local.get $n) (i32.const 0))))))`)
	k.call(5, 7, 7)
	for _, e := range k.e.all() {
		if e.Err != nil || e.Guessed != 0 {
			t.Error(e)
		}
	}
}
