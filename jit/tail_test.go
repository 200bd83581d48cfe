package jit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/interp"
)

// tailText makes tail calls of every kind: to itself, in turns, through tables and references, out of loops, with arguments in slots, and to those that have
// no machine code.
const tailText = `(module
	(import "h" "f" (func $host (param i32) (result i32)))
	(type $un (func (param i32) (result i32)))
	(type $step (func (param i32 i32) (result i32)))
	(memory 1)
	(tag $e (param i32))
	(table $t 8 funcref) (elem (table $t) (i32.const 0) func $t0 $t1 $t2 $loads $host)
	(elem declare func $t0 $t2 $r0 $r1)

	(func $self (type $step)
		(if (i32.eqz (local.get 0)) (then (return (local.get 1))))
		(return_call $self (i32.sub (local.get 0) (i32.const 1)) (i32.add (i32.mul (local.get 1) (i32.const 3)) (local.get 0))))
	(func (export "self") (param $n i32) (result i32) (i32.add (call $self (local.get $n) (i32.const 1)) (i32.const 1)))

	;; One has locals and operands where the other one has none, and references among them.
	(func $even (type $step) (local $f funcref) (local $x i64) (local $g (ref null $step))
		(local.set $x (i64.extend_i32_u (local.get 0)))
		(if (i32.eqz (local.get 0)) (then (return (local.get 1))))
		(local.set $f (ref.func $t2))
		(return_call $odd (i32.sub (i32.wrap_i64 (local.get $x)) (i32.const 1)) (i32.add (local.get 1) (i32.const 1))))
	(func $odd (type $step)
		(if (i32.eqz (local.get 0)) (then (return (i32.mul (local.get 1) (i32.const 100)))))
		(return_call $even (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 10))))
	(func (export "turns") (param $n i32) (result i32) (i32.sub (call $even (local.get $n) (i32.const 7)) (local.get $n)))
	;; Nothing calls it: the first frame of a segment is another function's by and by.
	(func (export "first") (param $n i32) (result i32) (return_call $even (local.get $n) (i32.const 7)))

	(func $t0 (type $step)
		(if (i32.lt_s (local.get 0) (i32.const 1)) (then (return (local.get 1))))
		(return_call_indirect $t (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (local.get 0)) (i32.rem_u (local.get 1) (i32.const 3))))
	(func $t1 (type $step)
		(return_call_indirect $t (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 5)) (i32.const 2)))
	(func $t2 (type $step) (local $x i64) (return_call $t0 (local.get 0) (i32.xor (local.get 1) (i32.const 9))))
	(func (export "table") (param $n i32) (result i32) (i32.add (call $t0 (local.get $n) (i32.const 1)) (i32.const 1)))
	;; Of another type, null, beyond the end, or the host's.
	(func $any (param $x i32) (param $at i32) (result i32) (return_call_indirect $t (type $un) (local.get $x) (local.get $at)))
	(func (export "any") (param $n i32) (result i32) (i32.add (call $any (i32.const 8) (local.get $n)) (i32.const 2)))

	(func $r0 (param $n i32) (param $x i32) (param $f (ref null $step)) (result i32)
		(if (i32.lt_s (local.get 0) (i32.const 1)) (then (return_call_ref $step (local.get $n) (local.get $x) (local.get $f))))
		(return_call $r1 (local.get $f) (local.get $x) (i32.sub (local.get $n) (i32.const 1))))
	(func $r1 (param $f (ref null $step)) (param $x i32) (param $n i32) (result i32)
		(return_call $r0 (local.get $n) (i32.add (local.get $x) (i32.const 4)) (local.get $f)))
	(func (export "ref") (param $n i32) (result i32) (i32.add (call $r0 (local.get $n) (i32.const 1) (ref.func $t0)) (i32.const 1)))
	(func (export "null") (param $n i32) (result i32) (i32.add (call $r0 (local.get $n) (i32.const 1) (ref.null $step)) (i32.const 1)))

	;; Arguments of all kinds, more than there are registers, and each in another place than the one before; then two results.
	(func $many (param i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 i32 i64 i32 f64 f64 f64 f64 f64 f64 v128) (result f64 i64)
		(if (i32.eqz (local.get 0)) (then (return
			(f64.add (f64.promote_f32 (f32.sub (local.get 2) (local.get 7))) (f64.sub (f64.add (local.get 20) (local.get 3)) (f64.mul (local.get 15) (f64.const 3))))
			(i64.add (i64.add (i64x2.extract_lane 0 (local.get 4)) (i64.mul (i64x2.extract_lane 1 (local.get 9)) (i64.const 3)))
				(i64.add (i64x2.extract_lane 1 (local.get 21)) (i64.add (i64.mul (local.get 6) (local.get 13)) (i64.extend_i32_u (i32.sub (local.get 14) (local.get 5)))))))))
		(return_call $many (i32.sub (local.get 0) (i32.const 1)) (local.get 13) (local.get 7) (local.get 20) (local.get 9)
			(local.get 14) (local.get 11) (local.get 2) (local.get 3) (local.get 21) (local.get 5) (local.get 6) (local.get 10) (i64.add (local.get 1) (i64.const 1)) (local.get 12)
			(local.get 8) (local.get 15) (local.get 16) (local.get 17) (local.get 18) (local.get 19) (local.get 4)))
	(func (export "many") (param $n i32) (result i32) (local $x i64) (local $y f64)
		(call $many (local.get $n) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i64x2 5 6) (i32.const 7) (i64.const 8) (f32.const 9) (f64.const 10)
			(v128.const i64x2 11 12) (i32.const 13) (i64.const 14) (i32.const 15) (i64.const 16) (i32.const 17) (f64.const 18) (f64.const 19) (f64.const 20) (f64.const 21)
			(f64.const 22) (f64.const 23) (v128.const i64x2 24 25))
		(local.set $x) (local.set $y)
		(i32.add (i32.wrap_i64 (local.get $x)) (i32.trunc_f64_s (local.get $y))))

	;; Single results of the other kinds.
	(func $f32 (param i32 f32) (result f32)
		(if (i32.eqz (local.get 0)) (then (return (local.get 1))))
		(return_call $f32 (i32.sub (local.get 0) (i32.const 1)) (f32.add (local.get 1) (f32.const 0.5))))
	(func $v128 (param i32 v128) (result v128)
		(if (i32.eqz (local.get 0)) (then (return (local.get 1))))
		(return_call $v128 (i32.sub (local.get 0) (i32.const 1)) (i64x2.add (local.get 1) (v128.const i64x2 1 2))))
	(func (export "kinds") (param $n i32) (result i32)
		(i32.add (i32.trunc_f32_s (f32.mul (call $f32 (local.get $n) (f32.const 1)) (f32.const 8)))
			(i32.wrap_i64 (i64x2.extract_lane 1 (call $v128 (local.get $n) (v128.const i64x2 3 4))))))

	;; Out of a loop, which has been entered in its midst.
	(func $loops (param $n i32) (param $x i32) (result i32) (local $i i32)
		(loop $l
			(if (i32.eq (local.get $i) (i32.const 4)) (then
				(if (local.get $n) (then (return_call $loops (i32.sub (local.get $n) (i32.const 1)) (local.get $x))))
				(return (local.get $x))))
			(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 7)) (local.get $i)))
			(local.set $i (i32.add (local.get $i) (i32.const 1)))
			(br $l))
		(unreachable))
	(func (export "loops") (param $n i32) (result i32) (i32.add (call $loops (local.get $n) (i32.const 1)) (local.get $n)))

	;; Machine frames below and above: recursion, deeper than a segment is let grow, through tail calls; the host is at the bottom.
	(func $deep (param $n i32) (result i32)
		(if (i32.eqz (local.get $n)) (then (return_call $host (i32.const 3))))
		(return_call $deeper (i32.const 5) (local.get $n)))
	(func $deeper (param $x i32) (param $n i32) (result i32)
		(i32.add (call $deep (i32.sub (local.get $n) (i32.const 1))) (i32.add (call $host (local.get $n)) (local.get $x))))
	(func (export "deep") (param $n i32) (result i32) (i32.sub (call $deep (local.get $n)) (i32.const 1)))

	;; What is tail-called traps, throws, or calls a host function that fails.
	(func $loads (type $un) (i32.load (local.get 0)))
	(func $loads2 (param $p i64) (param $q i32) (result i32) (return_call $loads (i32.shl (local.get $q) (i32.const 14))))
	(func (export "trap") (param $n i32) (result i32) (i32.add (call $loads2 (i64.const 0) (local.get $n)) (i32.const 1)))
	(func $throws (type $un) (if (i32.gt_s (local.get 0) (i32.const 2)) (then (throw $e (local.get 0)))) (local.get 0))
	(func $tries (type $un)
		(block $h (result i32) (try_table (catch $e $h) (return_call $throws (local.get 0))) (unreachable)) (i32.add (i32.const 1000)))
	(func (export "throw") (param $n i32) (result i32)
		(block $h (result i32) (try_table (catch $e $h) (return (call $tries (local.get $n)))) (unreachable)) (i32.add (i32.const 2000)))
	(func $hosts (type $un) (return_call $host (local.get 0)))
	(func $hosts2 (param i64 i32) (result i32) (return_call $hosts (local.get 1)))
	(func (export "host") (param $n i32) (result i32) (i32.add (call $hosts2 (i64.const 1) (local.get $n)) (i32.const 1)))
	(func $calls (param i64 i32) (result i32) (i32.add (call $host (local.get 1)) (i32.const 4)))
	(func $calls2 (type $un) (return_call $calls (i64.const 1) (local.get 0)))
	(func (export "calls") (param $n i32) (result i32) (i32.add (call $calls2 (local.get $n)) (i32.const 1)))
	)`

var tailCalls = []struct {
	name string
	args []uint64
}{
	{"self", []uint64{0, 1, 20}}, {"turns", []uint64{0, 21, 22}}, {"first", []uint64{0, 21, 22}},
	{"table", []uint64{0, 25}}, {"any", []uint64{0, 3, 4, 5, 100}},
	{"ref", []uint64{0, 9}}, {"null", []uint64{5}}, {"many", []uint64{0, 1, 2, 13}}, {"kinds", []uint64{0, 11}}, {"loops", []uint64{0, 6}},
	{"deep", []uint64{0, 8, 40}}, // the last one stops at a host function that fails
	{"trap", []uint64{3, 7}}, {"throw", []uint64{2, 3}}, {"host", []uint64{8, 9}}, {"calls", []uint64{8, 9}},
}

// TestTailCallsAreTailCalls: results, traps with their frames, and safepoints are the interpreter's, at the end of any journey.
func TestTailCallsAreTailCalls(t *testing.T) {
	plain := parse(t, tailText)
	want := map[string]string{}
	for _, c := range tailCalls {
		for _, arg := range c.args {
			r := inlineRun{t: t, m: plain}
			want[fmt.Sprint(c.name, arg)] = r.call(c.name, arg, 0, nil)
		}
	}
	if got := want["trap7"]; !strings.Contains(got, "Name:loads ") || strings.Contains(got, "Name:loads2") {
		t.Fatalf("%s: not the frames that there are behind a tail call", got)
	}
	steps := []uint64{0, 1, 2, 3, 7}
	if testing.Short() {
		steps = []uint64{0, 11}
	}
	for _, mode := range []Mode{All, Regions} {
		tier, e := newTier(t, mode)
		m := parse(t, tailText)
		tier.Attach(m)
		for _, step := range steps {
			for _, elsewhere := range []*interp.Module{m, plain} {
				got := map[string]string{}
				for _, c := range tailCalls {
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
		for _, x := range e.all() {
			if x.Err != nil {
				t.Errorf("mode %d: function %d: %v", mode, x.Func, x.Err)
			}
		}
	}
}

// tailLoop makes n tail calls, of each kind in turn.
const tailLoop = `(module (type $t (func (param i64) (result i64))) (table 2 funcref) (elem (i32.const 0) $a $b)
	(func $a (type $t) (local i64 i64 i64)
		(if (i64.eqz (local.get 0)) (then (return (i64.const 7))))
		(if (i64.eqz (i64.and (local.get 0) (i64.const 2))) (then (return_call $a (i64.sub (local.get 0) (i64.const 1)))))
		(return_call $b (i64.sub (local.get 0) (i64.const 1))))
	(func $b (type $t)
		(if (i64.eqz (local.get 0)) (then (return (i64.const 7))))
		(return_call_indirect (type $t) (i64.sub (local.get 0) (i64.const 1)) (i32.wrap_i64 (i64.and (local.get 0) (i64.const 1)))))
	(func (export "f") (param i64) (result i64) (call $a (local.get 0))))`

// TestTailCallsTakeNoRoom: there is room for few frames, on either stack, and however many tail calls there are they need no more. Each uses fuel.
func TestTailCallsTakeNoRoom(t *testing.T) {
	tier, _ := newTier(t, All)
	m := parse(t, tailLoop)
	tier.Attach(m)
	s := interp.NewStore(interp.Config{MaxStack: 16 << 10})
	defer s.Close()
	i, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := i.Export("f")
	for _, fuel := range []uint64{0, 10_000_000} {
		th := s.NewThread()
		if fuel > 0 {
			th.SetFuel(fuel)
		}
		const n = 2_000_000
		stack := []uint64{n}
		if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 7 {
			t.Fatal(stack[0], err)
		}
		if left := th.Fuel(); fuel > 0 && left != fuel-n-2 {
			t.Errorf("%d calls have used %d of the fuel", n+2, fuel-left)
		}
	}
}

// TestTailCallsBeyondTheStack: where there is no room for the callee, the call traps as others do, with frames below it and without any.
func TestTailCallsBeyondTheStack(t *testing.T) {
	tier, _ := newTier(t, All)
	m := parse(t, `(module
		(import "h" "f" (func $host (param i32) (result i32)))
		(func $large (param i32) (result i32) (local`+strings.Repeat(" i64", 40_000)+`)
			(if (local.get 0) (then (local.set 1 (i64.const 3))))
			(i32.add (i32.wrap_i64 (local.get 1)) (call $host (local.get 0))))
		(func $to (export "to") (param i32) (result i32) (return_call $large (local.get 0)))
		(func (export "calls") (param i32) (result i32) (i32.add (call $to (local.get 0)) (i32.const 1)))
		(func $down (param i32) (result i32) (local i64 i64) (i32.add (call $up (local.get 0)) (i32.const 1)))
		(func $up (export "endless") (param i32) (result i32) (return_call $down (local.get 0))))`)
	tier.Attach(m)
	for _, name := range []string{"to", "calls", "endless"} {
		r := inlineRun{t: t, m: m}
		if got := r.call(name, 1, 0, nil); got != "stack exhausted" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestTailCallsAreInterrupted: a loop of tail calls polls. It lets Go's collector work, and a call that is cancelled ends.
func TestTailCallsAreInterrupted(t *testing.T) {
	tier, _ := newTier(t, All)
	m := parse(t, tailLoop)
	tier.Attach(m)
	s := interp.NewStore(interp.Config{})
	defer s.Close()
	i, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := i.Export("f")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.NewThread().Call(ctx, x.Func, []uint64{^uint64(0)}) }()
	for range 20 {
		time.Sleep(time.Millisecond)
		runtime.GC()
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
}

// TestTailCalledCodeIsReplaced: functions that tail-call each other are compiled again while they run, and what they have replaced is freed.
func TestTailCalledCodeIsReplaced(t *testing.T) {
	tier, e := newTier(t, Regions)
	m := parse(t, tailLoop)
	tier.Attach(m)
	s := interp.NewStore(interp.Config{})
	i, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := i.Export("f")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		th := s.NewThread()
		for ctx.Err() == nil {
			stack := []uint64{100_000}
			if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 7 {
				done <- fmt.Errorf("%d, %w", stack[0], err)
				return
			}
		}
		done <- nil
	}()
	compileAgain(t, tier, m, e, 300, 2, func() error { stop(); return <-done })
}
