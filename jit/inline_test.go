package jit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

const inlineText = `(module
	(import "h" "f" (func $host (param i32) (result i32)))
	(type $box (struct (field (mut i32)) (field (ref null 0))))
	(type $list (struct (field i32) (field (ref null $list))))
	(memory 1)
	(data (i32.const 0) "\04\00\00\00\08\00\00\00\0c\00\00\00\00\00\00\00")
	(table funcref (elem $slow $fib))

	;; Functions that are inlined, in one another.
	(func $load (param $p i32) (result i32) (i32.load (local.get $p)))
	(func $next (param $p i32) (result i32) (call $load (i32.add (call $load (local.get $p)) (i32.const -4))))
	(func $clamp (param $x i32) (param $high i32) (result i32) (local $y i32)
		(local.set $y (i32.const 7))
		(if (i32.gt_s (local.get $x) (local.get $high)) (then (return (local.get $high))))
		(i32.add (local.get $x) (local.get $y)))
	(func $pair (param $x i32) (result i32 i32) (local.get $x) (i32.const 9))
	(func $head (param $l (ref null $list)) (result i32) (struct.get $list 0 (local.get $l)))
	(func $tail (param $l (ref null $list)) (result (ref null $list)) (struct.get $list 1 (local.get $l)))

	;; What they call is not.
	(func $slow (param $n i32) (result i32) (local $x i32)
		(loop $l
			(local.set $x (i32.add (local.get $x) (call $host (local.get $n))))
			(br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
		(local.get $x))
	(func $wrap (param $n i32) (result i32) (i32.add (call $slow (local.get $n)) (local.get $n)))
	(func $through (param $n i32) (result i32) (i32.xor (call_indirect (param i32) (result i32) (local.get $n) (i32.const 0)) (local.get $n)))
	(func $cons (param $n i32) (param $l (ref null $list)) (result (ref null $list))
		(loop) (struct.new $list (local.get $n) (local.get $l)))

	(func (export "chase") (param $p i32) (result i32) (local $n i32)
		(loop $l
			(local.set $n (i32.add (local.get $n) (i32.const 1)))
			(br_if $l (local.tee $p (call $next (local.get $p)))))
		(local.get $n))
	(func (export "clamp") (param $a i32) (result i32)
		(i32.sub (i32.mul (local.get $a) (i32.const 3)) (call $clamp (local.get $a) (i32.const 100))))
	(func (export "pair") (param $a i32) (result i32)
		(i32.sub (call $pair (i32.add (local.get $a) (i32.const 1)))))
	(func (export "calls") (param $a i32) (result i32)
		(i32.add (i32.mul (local.get $a) (i32.const 5))
			(i32.add (call $wrap (i32.and (local.get $a) (i32.const 15))) (call $through (i32.and (local.get $a) (i32.const 3))))))
	(func $fib (export "fib") (param $n i32) (result i32)
		(if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
			(then (local.get $n))
			(else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
	(func (export "objects") (param $n i32) (result i32) (local $l (ref null $list)) (local $x i32)
		(loop $l
			(local.set $l (call $cons (local.get $n) (local.get $l)))
			(br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
		(loop $l
			(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 3)) (call $head (local.get $l))))
			(local.set $l (call $tail (local.get $l)))
			(br_if $l (i32.eqz (ref.is_null (local.get $l)))))
		(local.get $x))
	(func (export "null") (param $n i32) (result i32) (i32.add (local.get $n) (call $head (ref.null $list))))
	(func $endless (export "endless") (param $n i32) (result i32)
		(i32.add (call $endless (call $clamp (local.get $n) (i32.const 5))) (i32.const 1)))
	)`

// inlineRun is one way to run inlineText.
type inlineRun struct {
	t *testing.T
	m *interp.Module
	s *interp.Store
}

func (r *inlineRun) host() *interp.HostFunc {
	return &interp.HostFunc{Module: "h", Name: "f", Type: *r.m.Wasm().FuncType(0), Call: func(_ *interp.Caller, stack []uint64) error {
		if stack[0] == 9 {
			return errors.New("nine")
		}
		stack[0] *= 10
		return nil
	}}
}

// call calls an export. With step, the program travels at every step-th safepoint, to and from machine code if elsewhere is set. It tells the
// result, or what went wrong and where, and how many safepoints were passed.
func (r *inlineRun) call(name string, arg uint64, step uint64, elsewhere *interp.Module) string {
	r.s = interp.NewStore(interp.Config{MaxStack: 1 << 18})
	i, err := r.s.Instantiate(r.m, "main", []interp.Extern{{Func: r.s.AddHostFunc(r.host())}})
	if err != nil {
		r.t.Fatal(err)
	}
	e, _ := i.Export(name)
	var passed uint64
	var snap bytes.Buffer
	arm := func() {
		r.s.CountSafepoints(0, 1, func(n uint64) uint64 {
			if passed++; step == 0 || passed%step != 0 {
				return n + 1
			}
			snap.Reset()
			if err := r.s.Checkpoint(context.Background(), true, func(p *state.Program) error { return state.Encode(&snap, p, state.Options{}) }); err != nil {
				r.t.Error(err)
			}
			return 0
		})
	}
	arm()
	stack := []uint64{arg}
	err = r.s.NewThread().Call(context.Background(), e.Func, stack)
	here, there := r.m, elsewhere
	for errors.Is(err, interp.ErrStopped) {
		here, there = there, here
		file, bad := state.Decode(bytes.NewReader(snap.Bytes()), int64(snap.Len()), state.Limits{})
		if bad != nil {
			r.t.Fatal(bad)
		}
		r.s.Close()
		r.s = interp.NewStore(interp.Config{MaxStack: 1 << 18})
		if bad := r.s.Restore(&file.Program, interp.Env{
			Module:   func(*state.Module) (*interp.Module, error) { return here, nil },
			HostFunc: func(string, string, *wasm.FuncType) (*interp.HostFunc, error) { return r.host(), nil },
		}); bad != nil {
			r.t.Fatal(bad)
		}
		arm()
		stack, err = r.s.Threads()[0].Resume(context.Background())
	}
	defer r.s.Close()
	var trap *interp.Trap
	switch {
	case errors.As(err, &trap) && trap.Code == interp.TrapStackExhausted:
		return "stack exhausted" // how deep that is, is each tier's own
	case errors.As(err, &trap):
		return fmt.Sprintf("%v %+v, %d safepoints", trap.Code, trap.Trace, passed)
	case err != nil:
		return fmt.Sprintf("%v, %d safepoints", err, passed)
	}
	return fmt.Sprintf("%d, %d safepoints", uint32(stack[0]), passed)
}

var inlineCalls = []struct {
	name string
	args []uint64
}{
	{"chase", []uint64{4, 0, 1 << 20}}, // the last one traps
	{"clamp", []uint64{0, 99, 100, 5000}},
	{"pair", []uint64{3}},
	{"calls", []uint64{2, 8, 9}}, // the host function refuses the last one
	{"fib", []uint64{0, 1, 2, 9}},
	{"objects", []uint64{1, 20}},
	{"null", []uint64{3}},
	{"endless", []uint64{0}},
}

func TestInlinedCallsAreCalls(t *testing.T) {
	plain := parse(t, inlineText)
	want := map[string]string{}
	for _, c := range inlineCalls {
		for _, arg := range c.args {
			r := inlineRun{t: t, m: plain}
			want[fmt.Sprint(c.name, arg)] = r.call(c.name, arg, 0, nil)
		}
	}
	tier, e := newTier(t, All)
	m := parse(t, inlineText)
	tier.Attach(m)
	steps := []uint64{0, 1, 2, 3}
	if testing.Short() {
		steps = []uint64{0, 11} // each journey reserves a memory, of which emulators keep books page by page
	}
	for _, step := range steps {
		for _, elsewhere := range []*interp.Module{m, plain} {
			got := map[string]string{}
			for _, c := range inlineCalls {
				every := step
				if c.name == "endless" && step != 0 {
					every = 3000 // each journey takes all frames along
				}
				for _, arg := range c.args {
					r := inlineRun{t: t, m: m}
					got[fmt.Sprint(c.name, arg)] = r.call(c.name, arg, every, elsewhere)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("travelling at every safepoint number %d (-interpreter +machine code):\n%s", step, d)
			}
		}
	}
	inlined := 0
	for _, x := range e.all() {
		inlined += x.Inlined
	}
	if inlined < 15 {
		t.Errorf("%d calls were inlined", inlined)
	}
}

// Slots have numbers of 16 bits. A frame that would end beyond them, because of what is inlined, is none: the call is a call.
func TestWhatIsInlinedHasSlots(t *testing.T) {
	const locals, x = 40_000, 30_000
	many := "(local" + strings.Repeat(" i64", locals) + ")"
	other := x + (locals + 1) - 1<<16 // its slot would be that of x in what is inlined
	sameAsInterpreted(t, fmt.Sprintf(`(module
		(table funcref (elem $loop))
		(func $loop (param $n i64) (result i64)
			(loop $l (br_if $l (i32.eqz (i64.eqz (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
			(i64.const 1))
		(func $f (param i64) (result i64) %s
			(local.set %d (i64.const 7))
			(i64.add (call_indirect (param i64) (result i64) (local.get 0) (i32.const 0)) (local.get %[2]d)))
		(func (export "f") (param i64) (result i64) %[1]s
			(local.set %[3]d (i64.add (local.get 0) (i64.const 1000)))
			(i64.add (call $f (i64.const 3)) (local.get %[3]d))))`, many, x, other), "f", 1)
}

// A unit that is compiled without anything inlined is compiled with it, too: what is inlined does not use up what there is for the unit.
func TestInliningStopsBeforeAUnitIsTooLarge(t *testing.T) {
	locals := func(n int) string { return "(local" + strings.Repeat(" i64", n) + ")" }
	sameAsInterpreted(t, fmt.Sprintf(`(module
		(func $f (param i64) (result i64) %s (i64.add (local.get 0) (local.get 20000)))
		(func (export "f") (param i64) (result i64) %s))`, locals(40_000), strings.Repeat("(call $f (local.get 0)) (local.set 0)", 10)+"(local.get 0)"), "f", 2)
	sameAsInterpreted(t, fmt.Sprintf(`(module
		(func $f (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
		(func (export "f") (param i64) (result i64) %s %s))`, locals(40_000), strings.Repeat("(call $f (local.get 0)) (local.set 0)", 400)+"(local.get 0)"), "f", 2)
}
