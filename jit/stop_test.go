package jit

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// selecting is a back end of which somebody is told in the middle of a compilation.
type selecting struct {
	BackEnd
	told func()
}

func (s *selecting) Select(f *ir.Func) {
	s.BackEnd.Select(f)
	s.told()
}

// A call that waits for the compiler ends when its context does, and what was being compiled is compiled at the next occasion.
func TestACallIsCancelledWhileItsFunctionIsCompiled(t *testing.T) {
	tier, events := newTier(t, All)
	m := parse(t, sumText)
	tier.Attach(m)
	s := interp.NewStore(interp.Config{})
	defer s.Close()
	i, err := s.Instantiate(m, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := i.Export("sum")
	th := s.NewThread()
	ctx, cancel := context.WithCancel(context.Background())
	real := tier.target
	tier.target = &selecting{real, func() {
		cancel()
		for th.Cancelled() == nil {
			time.Sleep(time.Millisecond)
		}
	}}
	if err := th.Call(ctx, x.Func, []uint64{10}); !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
	tier.target = real
	stack := []uint64{10}
	if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 55 {
		t.Errorf("the next call: %d, %v", stack[0], err)
	}
	var got []Reason
	for _, e := range events.all() {
		if e.Loop < 0 {
			got = append(got, e.Reason)
		}
	}
	if len(got) != 2 || got[0] != Cancelled || got[1] != Compiled {
		t.Errorf("the function was %v", got)
	}
}

// What takes too long in the background is left to the interpreter, and its loops are not tried one by one.
func TestUnitsThatTakeTooLong(t *testing.T) {
	tier, events := newTier(t, Auto)
	m := parse(t, `(module (func (export "f") (param i32) (result i32) (local i32)
	  (loop (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 1))))
	  (local.get 1)))`)
	tier.Attach(m)
	tier.patience = -1
	for range hotEntries {
		call(t, m, "f", 1)
	}
	if !background.wait(10 * time.Second) {
		t.Fatal("the worker does not end")
	}
	for range 2 * hotIterations {
		call(t, m, "f", 1)
	}
	background.wait(10 * time.Second)
	list := events.all()
	if len(list) != 1 || list[0].Reason != TookTooLong || !strings.Contains(list[0].String(), "took too long") {
		t.Errorf("%v", list)
	}
}

// afterBegin runs f in the middle of the compilation of a function that has become hot, and says what has become of it, and what its module spent.
func afterBegin(t *testing.T, patience time.Duration, f func()) ([]Event, time.Duration) {
	t.Helper()
	tier, events := newTier(t, Auto)
	m := parse(t, sumText)
	tier.Attach(m)
	tier.patience = patience
	tier.target = &selecting{tier.target, f}
	for range hotEntries {
		call(t, m, "sum", 1)
	}
	if !background.wait(10 * time.Second) {
		t.Fatal("the worker does not end")
	}
	return events.all(), tier.code(m).account.spent
}

// The worker's time is its own: that it has to wait, on a machine with much else to do, is not what a unit takes.
func TestWaitingIsNotCompiling(t *testing.T) {
	const patience = 50 * time.Millisecond
	for _, tt := range []struct {
		name string
		does func()
		want Reason
	}{
		{"it sleeps", func() { time.Sleep(3 * patience) }, Compiled},
		{"it works", func() {
			for begin := threadTime(); threadTime()-begin < 2*patience; {
			}
		}, TookTooLong},
	} {
		if tt.want == Compiled && runtime.GOOS != "linux" {
			continue // it has no such clock
		}
		list, spent := afterBegin(t, patience, tt.does)
		if len(list) != 1 || list[0].Reason != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, list, tt.want)
		}
		if (spent > patience) != (tt.want == TookTooLong) {
			t.Errorf("%s: the module has spent %v", tt.name, spent)
		}
	}
}

// What is compiled for a module that is gone ends, and nobody is told.
func TestCompilingEndsWithTheModule(t *testing.T) {
	tier, events := newTier(t, Auto)
	m := parse(t, sumText)
	tier.Attach(m)
	w, c := weak.Make(m), tier.code(m)
	selected, compiled := false, false
	tier.target = &selecting{tier.target, func() {
		selected, m = true, nil
		for range 100 {
			if runtime.GC(); c.gone.Load() {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Error("the compiler keeps the module")
	}}
	tier.target = &encoding{tier.target, func() { compiled = true }}
	if r := tier.compile(w.Value(), c, unitKey{loop: -1}, c.stop(maxTook)); r != ModuleGone || !selected || compiled {
		t.Errorf("it is %v; selected: %v, compiled: %v", r, selected, compiled)
	}
	if list := events.all(); len(list) > 0 {
		t.Errorf("%v", list)
	}
}

// encoding is a back end of which somebody is told when it makes machine code.
type encoding struct {
	BackEnd
	told func()
}

func (e *encoding) Compile(a *ir.Allocation) (*ir.Code, error) {
	e.told()
	return e.BackEnd.Compile(a)
}
