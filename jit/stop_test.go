package jit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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
	  (loop (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 2))))
	  (local.get 1)))`)
	tier.Attach(m)
	tier.patience = -1
	for range 2 * hotEntries {
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
