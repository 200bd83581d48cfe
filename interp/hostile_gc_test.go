package interp

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// Objects, exceptions and waiting threads in hostile hands: see hostile_test.go.

// stress makes the heaps that the test makes collect at every allocation.
func stress(t *testing.T) {
	was := stressHeaps
	stressHeaps = true
	t.Cleanup(func() { stressHeaps = was })
}

// link makes an instance of text in s, whose imports are all the function f.
func link(t *testing.T, s *Store, text string, f *Func) *Instance {
	t.Helper()
	m := textModule(t, text)
	imports := make([]Extern, len(m.Wasm().Imports))
	for k := range imports {
		imports[k].Func = f
	}
	i, err := s.Instantiate(m, t.Name(), imports)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// A frame keeps its objects while the host function that it called calls back into wasm, however the call back comes to
// where it allocates: by a tail call into another instance, or through one more host function.
func TestRootsBelowCallBacks(t *testing.T) {
	stress(t)
	const keeping = `(module (type $s (struct (field i32))) (import "h" "f" (func $h))
	  (func (export "f") (result i32) (local $x (ref null $s))
	    (local.set $x (struct.new $s (i32.const 42))) (call $h) (struct.get $s 0 (local.get $x))))`
	s := NewStore(smallMemories)
	allocating := exported(t, link(t, s, `(module (type $s (struct (field i32)))
	  (func (export "f") (drop (struct.new $s (i32.const 7))) (drop (struct.new $s (i32.const 8)))))`, nil), "f")
	tail := exported(t, link(t, s, `(module (import "h" "f" (func $f)) (func (export "f") (return_call $f)))`, allocating), "f")
	var kept *Func
	for _, tt := range []struct {
		name string
		path []func() *Func // what each host function in a row calls back
	}{
		{"a call", []func() *Func{func() *Func { return allocating }}},
		{"a tail call into another instance", []func() *Func{func() *Func { return tail }}},
		{"a frame in between", []func() *Func{func() *Func { return kept }, func() *Func { return tail }}},
		{"a host function in between", []func() *Func{func() *Func { return kept }, nil, func() *Func { return allocating }}},
		{"two host functions in between", []func() *Func{nil, func() *Func { return kept }, nil, nil, func() *Func { return tail }}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			depth := 0
			var h *Func
			h = s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: wasm.FuncType{}, Call: func(c *Caller, _ []uint64) error {
				f := h
				if next := tt.path[depth]; next != nil {
					f = next()
				}
				depth++
				stack := []uint64{0}
				err := c.CallBack(f, stack)
				if f == kept && stack[0] != 42 {
					t.Errorf("the frame in between has lost its object: %#x", stack[0])
				}
				return err
			}})
			i := link(t, s, keeping, h)
			kept = exported(t, i, "f")
			if got, err := callOn(t, s.NewThread(), i, "f"); got != 42 || err != nil {
				t.Errorf("got %#x, %v; want 42", got, err)
			}
		})
	}
}

// What the collector knows of a function stays in proportion to the function's code, and its frames keep their objects all
// the same: a few bytes may declare 50,000 locals, or have thousands of operands below thousands of calls.
func TestRootMapsStaySmall(t *testing.T) {
	stress(t)
	const points, operands = 3000, 3000
	for _, tt := range []struct{ name, body string }{
		{"locals", `(local $x (ref null $s))` + strings.Repeat(`(local anyref)`, 40_000) + `(local.set $x (struct.new $s (i32.const 42)))` +
			strings.Repeat(`(drop (struct.new_default $s))`, points) + `(struct.get $s 0 (local.get $x))`},
		{"operands", `(struct.new $s (i32.const 42))` + strings.Repeat(`(call $null)`, operands) +
			strings.Repeat(`(drop (struct.new_default $s))`, points) + strings.Repeat(`drop`+"\n", operands) + `(struct.get $s 0)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := textInstance(t, `(module (type $s (struct (field i32))) (func $null (result anyref) (ref.null any))
			  (func (export "f") (result i32) `+tt.body+`))`)
			f := exported(t, i, "f")
			if got, err := callOn(t, i.store.NewThread(), i, "f"); got != 42 || err != nil {
				t.Fatalf("got %#x, %v; want 42", got, err)
			}
			r := f.rootMap()
			size, code := len(r.locals)+len(r.keys)+len(r.ends)+len(r.slots), len(f.code.Load().instrs)
			if limit := 50_000 + 8*code; size > limit {
				t.Errorf("%d entries for %d instructions, want at most %d", size, code, limit)
			}
		})
	}
}

// A tag takes two bytes in a module, whatever an exception of its type carries.
func TestManyTagsOfALargeType(t *testing.T) {
	const tags, params = 20_000, 1000
	i := textInstance(t, `(module (type $t (func `+strings.Repeat(`(param i64)`, params)+`))`+strings.Repeat(`(tag (type $t))`, tags)+`)`)
	if a, b := i.tags[0].rtt, i.tags[tags-1].rtt; a == b || a.isSub(b) || &a.fields[0] != &b.fields[0] {
		t.Error("tags of a type should have different types with the same fields")
	}
}

// The end of its context ends the search for a clause that catches, through very many frames which are each within very many tries.
func TestCancelledInAThrow(t *testing.T) {
	const clauses, frames, few = 20_000, 400_000, 400
	throws, s := func() {}, NewStore(smallMemories)
	h := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Call: func(*Caller, []uint64) error { throws(); return nil }})
	f := exported(t, link(t, s, `(module (import "h" "f" (func $throws)) (tag $a) (tag $b)
	  (func $f (export "f") (param i32)
	    (block (try_table`+strings.Repeat(` (catch $b 0)`, clauses)+`
	      (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (call $throws) (throw $a)))))))`, h), "f")
	th := s.NewThread()
	whole := frames / few * work(func() {
		var x *Exception
		if err := th.Call(context.Background(), f, []uint64{few}); !errors.As(err, &x) {
			t.Fatal(err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := make(chan time.Duration, 1)
	throws = func() {
		time.AfterFunc(10*time.Millisecond, func() { began <- processTime(); cancel() })
	}
	err := th.Call(ctx, f, []uint64{frames})
	took := processTime() - <-began
	if !errors.Is(err, context.Canceled) || took > whole/10 {
		t.Errorf("%.100v, %v after the end; want %v, and a part of the %v that all of it takes", err, took, context.Canceled, whole)
	}
}

// A checkpoint finds where each of very many frames stands, and restoring too, without a search through all the places
// where one can.
func TestManyFramesAtManyPoints(t *testing.T) {
	growsLess(t, 3, 5_000, func(points int) { manyFrames(t, points, 100_000) })
}

// manyFrames takes a checkpoint of a stack of frames that stand at points, and restores it.
func manyFrames(t *testing.T, points, frames int) {
	var labels, ends strings.Builder
	for k := range points {
		fmt.Fprintf(&labels, " %d", k)
		ends.WriteString(" end local.get 0 i32.const 1 i32.sub call $f return\n")
	}
	text := fmt.Sprintf(`(module (import "h" "f" (func $deep)) (func $f (export "f") (param i32)
	  (if (i32.eqz (local.get 0)) (then (call $deep) (loop (br 0))))
	  %s local.get 0 i32.const %d i32.rem_u br_table%s %s))`, strings.Repeat("block ", points), points, labels.String(), ends.String())
	s, deep, done := NewStore(smallMemories), make(chan bool), make(chan error)
	h := &HostFunc{Module: "h", Name: "f", Call: func(*Caller, []uint64) error { close(deep); return nil }}
	i := link(t, s, text, s.AddHostFunc(h))
	ctx, cancel := context.WithCancel(t.Context())
	th := i.store.NewThread()
	f := exported(t, i, "f")
	go func() { done <- th.Call(ctx, f, []uint64{uint64(frames)}) }()
	<-deep
	err := i.store.Checkpoint(ctx, false, func(p *state.Program) error {
		return NewStore(smallMemories).Restore(p, Env{Module: func(*state.Module) (*Module, error) { return i.module, nil },
			HostFunc: func(string, string, *wasm.FuncType) (*HostFunc, error) { return h, nil }})
	})
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A thread that waits keeps what is on its stack while another one collects.
func TestRootsOfAWaitingThread(t *testing.T) {
	stress(t)
	i := textInstance(t, `(module (type $s (struct (field i32))) (memory 1 1 shared)
	  (func (export "wait") (result i32)
	    (struct.get $s 0 (struct.new $s (i32.const 42)) (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
	  (func (export "notify") (result i32)
	    (drop (struct.new $s (i32.const 7))) (drop (struct.new $s (i32.const 8)))
	    (memory.atomic.notify (i32.const 0) (i32.const 1))))`)
	i.store.objects.Store(false) // lets a second thread run: it uses the heap only while the first waits
	th, got := i.store.NewThread(), make(chan uint64)
	go func() {
		v, err := callOn(t, th, i, "wait")
		if err != nil {
			t.Error(err)
		}
		got <- v
	}()
	waiting(i, 1)
	if n, err := callOn(t, i.store.NewThread(), i, "notify"); n != 1 || err != nil {
		t.Errorf("notify: %d, %v", n, err)
	}
	if v := <-got; v != 42 {
		t.Errorf("got %#x, want 42", v)
	}
}

// A snapshot may have its waiters in any order: putting them into their queue takes no time to speak of.
func TestManyRestoredWaiters(t *testing.T) {
	growsLess(t, 9, 50_000, func(size int) {
		n := uint64(size)
		s := &sharedMemory{queues: map[uint64][]*waiter{}}
		for k := range n {
			s.restore(&waiter{addr: 8, ticket: n - k})
		}
		s.sortQueues()
		if q := s.queues[8]; len(q) != size || q[0].ticket != 1 || q[n-1].ticket != n || s.ticket != n+1 {
			t.Errorf("%d waiters from %d to %d, then %d", len(q), q[0].ticket, q[n-1].ticket, s.ticket)
		}
	})
}

// A shared memory cannot move, so that all it may become is set aside: without taking Go's memory, which ends the process
// when there is not enough.
func TestHugeSharedMemories(t *testing.T) {
	if m, err := newMemory(wasm.MemoryType{}, wasm.PageSize); err != nil || m.res == nil {
		t.Skip("there are no mappings")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, tt := range []struct {
		limits      string
		can, cannot bool
	}{
		{limits: "i64 1 0x100000000", can: true}, // as much as can be
		{limits: "i64 0x80000000 0x100000000", cannot: true},
		{limits: "1 65536", can: true},
		{limits: "i64 0x1000000 0x100000000"}, // some hosts have it
	} {
		if testing.Short() && !tt.can && !tt.cannot {
			continue // an emulator has it, and takes a byte for each page
		}
		m := textModule(t, `(module (memory `+tt.limits+` shared))`)
		for range 8 {
			s := NewStore(Config{})
			i, err := s.Instantiate(m, "", nil)
			if err != nil && tt.can || err == nil && tt.cannot {
				t.Errorf("%s: %v", tt.limits, err)
			}
			if tt.can && err == nil {
				if _, ok := i.memories[0].Grow(1); !ok {
					t.Errorf("%s: it does not grow", tt.limits)
				}
			}
			s.Close()
		}
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 64<<20 {
		t.Errorf("%d bytes were allocated", after.TotalAlloc-before.TotalAlloc)
	}
}
