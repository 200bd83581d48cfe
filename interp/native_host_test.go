//go:build linux && amd64

package interp

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/state"
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

// A function whose frame has no room when machine code calls it, while the thread is wanted: room is made first, and then its
// locals are cleared, which is what a view of it shows.
func TestMachineCodeEntersALargeFrame(t *testing.T) {
	m := textModule(t, `(module (func $f (export "f") (param i64) (result i64) (local `+strings.Repeat("i64 ", 1000)+`)
	  (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 0))
	    (else (i64.add (call $f (i64.sub (local.get 0) (i64.const 1))) (local.get 0))))))`)
	m.EnableNative(&handTier{}, 0, 0)
	s := NewStore(Config{})
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &hand{t: t, m: m, unit: &NativeUnit{Loop: -1}}
	at := int32(h.instrs()[h.find(opCall)].a)
	h.begin()
	h.slotInt(true, 0, 0)
	h.b8(0x48, 0x85, 0xc0) // TEST AX, AX
	h.b8(0x0f, 0x84)       // JE
	h.imm32(0)
	je := len(h.b)
	h.b8(0x48, 0xff, 0xc8) // DEC AX
	h.b8(0x48, 0x81, 0xc3) // ADD BX, 8*at
	h.imm32(8 * at)
	h.b8(0x4d, 0x8b, 0x9f)
	h.imm32(int32(CtxInstance))
	h.b8(0x4d, 0x8b, 0x5b, 8*WordEntries)
	h.b8(0x41, 0xff, 0x13) // CALL [R11]
	h.site(NativeSite{Kind: SiteCall, Point: int32(h.find(opCall)) + 1, ArgSlot: at, Callee: uint32(h.m.wasm.NumImportedFuncs)})
	h.b8(0x48, 0x81, 0xeb) // SUB BX, 8*at
	h.imm32(8 * at)
	h.b8(0x48, 0x03, 0x03) // ADD AX, [BX]
	h.end()
	h.to(je)
	h.end()
	h.publish()
	th := s.NewThread()
	for k := range th.stack {
		th.stack[k] = 1<<64 - 1
	}
	views := 0
	s.CountSafepoints(0, 1, func(passed uint64) uint64 {
		err := s.Checkpoint(context.Background(), false, func(p *state.Program) error {
			views++
			frames := p.Threads[0].Frames
			for k, v := range frames[len(frames)-1].Locals[1:] {
				if v.Bits != 0 {
					return fmt.Errorf("in frame %d local %d is %#x", len(frames), k+1, v.Bits)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return passed + 1
	})
	x, _ := inst.Export("f")
	stack := []uint64{100}
	if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 5050 || views != 101 {
		t.Errorf("%d, %v; %d views", stack[0], err, views)
	}
}
