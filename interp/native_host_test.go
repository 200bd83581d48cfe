//go:build linux && amd64

package interp

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// A host function called from machine code calls back, waits, fails, throws and panics; frames below are what they were.
func TestMachineCodeBelowHostFunctions(t *testing.T) {
	for _, leaf := range []int{0, 9} {
		var want []string
		for native := -1; native < 4; native++ {
			m := shuttles(t, leaf, native)
			s := NewStore(Config{})
			var does func(c *Caller, stack []uint64) error
			f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error { return does(c, stack) }})
			inst, err := s.Instantiate(m, "", []Extern{{Func: f}})
			if err != nil {
				t.Fatal(err)
			}
			if native > 0 {
				publishShuttles(t, m, leaf, native)
			}
			x, _ := inst.Export("f")
			g, _ := inst.Export("g")
			var got []string
			th := s.NewThread()
			depth := 0
			call := func(n uint64) {
				stack := []uint64{n}
				err := func() (err error) {
					defer func() {
						if p := recover(); p != nil {
							err = fmt.Errorf("panic %v", p)
						}
					}()
					return th.Call(context.Background(), x.Func, stack)
				}()
				got = append(got, fmt.Sprint(stack, err, th.sp))
				depth = 0
			}
			does = func(c *Caller, stack []uint64) error { // calls back
				got = append(got, fmt.Sprint(c.Thread().Depth()))
				if depth++; depth < 4 {
					arg := []uint64{uint64(900 * depth)}
					err := c.CallBack(g.Func, arg)
					stack[0] += arg[0]
					return err
				}
				return nil
			}
			call(3)
			call(40)
			does = func(c *Caller, stack []uint64) error { // fails below a call back
				if depth++; depth < 4 {
					err := c.CallBack(g.Func, []uint64{30})
					if depth == 4 {
						depth = 5
						stack[0] = 11
						return nil
					}
					return err
				}
				return TrapIntegerOverflow
			}
			call(7)
			does = func(c *Caller, stack []uint64) error { return errors.New("no") }
			call(20)
			does = func(c *Caller, stack []uint64) error {
				return &Exception{Tag: c.Instance().Tag(0), Values: []uint64{4}}
			}
			call(20)
			does = func(c *Caller, stack []uint64) error { // waits once
				if p, again := c.Resumed(); again {
					stack[0] = uint64(len(p))
					return nil
				}
				return c.Suspend([]byte("abc"))
			}
			call(2)
			call(3)
			does = func(c *Caller, stack []uint64) error { // recovers from a panic below
				if depth++; depth < 3 {
					defer func() {
						if p := recover(); p != nil && depth != 2 {
							depth = 2
						}
					}()
					return c.CallBack(g.Func, []uint64{25})
				}
				panic("host")
			}
			call(33)
			call(34)
			if want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				for k := range want {
					if got[k] != want[k] {
						t.Errorf("%s, native %d, %d:\ngot  %s\nwant %s", leaves[leaf].name, native, k, got[k], want[k])
					}
				}
			}
		}
	}
}

// Endless recursion ends with a trap, whichever stack is full first.
func TestMachineCodeExhaustsTheStack(t *testing.T) {
	for _, max := range []int{0, 1 << 20} {
		for native := -1; native < 4; native++ {
			m := shuttles(t, 0, native)
			s := NewStore(Config{MaxStack: max})
			f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error { return nil }})
			inst, err := s.Instantiate(m, "", []Extern{{Func: f}})
			if err != nil {
				t.Fatal(err)
			}
			if native > 0 {
				publishShuttles(t, m, 0, native)
			}
			x, _ := inst.Export("f")
			th := s.NewThread()
			var trap *Trap
			for range 2 {
				if err := th.Call(context.Background(), x.Func, []uint64{1 << 40}); !errors.As(err, &trap) || trap.Code != TrapStackExhausted {
					t.Fatalf("native %d: %v", native, err)
				}
				if len(trap.Trace) != maxTrace {
					t.Errorf("native %d: a trace of %d frames", native, len(trap.Trace))
				}
			}
			stack := []uint64{1000}
			if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 500505 {
				t.Errorf("native %d: then %d, %v", native, stack[0], err)
			}
		}
	}
}

// Machine code that loops for ever stops for a collection of Go's, and for the end of a context.
func TestMachineLoopsAreInterrupted(t *testing.T) {
	m := textModule(t, `(module (func (export "f") (param i64) (result i64) (loop $l (br_if $l (i32.const 1))) (i64.const 3)))`)
	tier := &handTier{}
	m.EnableNative(tier, 1, 3)
	s := NewStore(Config{})
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := inst.Export("f")
	th := s.NewThread()
	end := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		done := make(chan error)
		go func() { done <- th.Call(ctx, x.Func, []uint64{0}) }()
		time.Sleep(5 * time.Millisecond)
		runtime.GC()
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	end()
	if !slices.Equal(tier.heard, []int{-1, 1}) {
		t.Errorf("the tier has heard of %v", tier.heard)
	}
	h := &hand{t: t, m: m, unit: &NativeUnit{Loop: 1}, frame: 8}
	h.b8(0x48, 0x83, 0xec, 8)
	at := len(h.b)
	h.b8(0x49, 0x83, 0xbf)
	h.imm32(int32(CtxLimit))
	h.b8(0)
	h.b8(0x0f, 0x85)
	h.imm32(int32(at - len(h.b) - 4))
	h.call(CtxLeaveSaving)
	h.site(NativeSite{Kind: SitePoll, Point: 1})
	h.again(at)
	h.publish()
	end()
	if th.native.Load() == nil {
		t.Fatal("no machine code has run")
	}
}

// Instances whose functions import each other's: machine code of one calls machine code of another.
func TestMachineCodeOfSeveralInstances(t *testing.T) {
	for _, leaf := range []int{0, 1, 9} {
		var want []string
		for native := -1; native < 4; native++ {
			s := NewStore(Config{MaxStack: 1 << 20})
			m := shuttles(t, leaf, native)
			var does func(c *Caller, stack []uint64) error
			f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error { return does(c, stack) }})
			var x Extern
			for k := range 4 {
				mm := m
				if k == 2 { // another module
					mm = shuttles(t, leaf, native)
				}
				inst, err := s.Instantiate(mm, fmt.Sprint(k), []Extern{{Func: f}})
				if err != nil {
					t.Fatal(err)
				}
				if native > 0 && (k == 0 || k == 2) {
					publishShuttles(t, mm, leaf, native)
				}
				x, _ = inst.Export("f")
				f = x.Func
			}
			th := s.NewThread()
			var got []string
			call := func(n uint64) {
				stack := []uint64{n}
				err := th.Call(context.Background(), f, stack)
				var trap *Trap
				if errors.As(err, &trap) {
					err = fmt.Errorf("%v %+v", trap.Code, trap.Trace)
				}
				got = append(got, fmt.Sprint(stack, err, th.sp))
			}
			does = func(c *Caller, stack []uint64) error { stack[0] *= 3; return nil }
			for _, n := range []uint64{0, 1, 2, 9, 30, 300} {
				call(n)
			}
			does = func(c *Caller, stack []uint64) error {
				got = append(got, fmt.Sprint(c.Thread().Depth()))
				if c.Thread().Depth() < 5000 {
					return c.CallBack(f, []uint64{201})
				}
				return nil
			}
			for _, n := range []uint64{0, 1, 2, 9, 30, 300} {
				call(n)
			}
			does = func(c *Caller, stack []uint64) error { return TrapIntegerOverflow }
			call(4)
			call(5)
			if nt := th.native.Load(); nt != nil && (len(nt.segments) != 0 || nt.ctx.nsp != nt.top) {
				t.Errorf("%d segments are left", len(nt.segments))
			}
			if want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				for k := range want {
					if got[k] != want[k] {
						t.Fatalf("%s, native %d, %d:\ngot  %s\nwant %s", leaves[leaf].name, native, k, got[k], want[k])
					}
				}
			}
		}
	}
}
