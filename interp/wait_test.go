package interp

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// waitText waits for 32 bits at an address, notifies, and adds to a counter.
const waitText = `(module
  (memory (export "memory") 1 2 shared)
  (func (export "wait") (param i32 i32 i64) (result i32)
    (i32.add (i32.const 100) (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2))))
  (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "peek") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "add") (param i32) (param $n i32)
    (loop (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1)))
          (drop (i64.atomic.rmw8.add_u offset=9 (local.get 0) (i64.const 1)))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`

func textModule(t testing.TB, text string) *Module {
	t.Helper()
	b, err := wat.Parse(t.Name()+".wat", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasm.Decode(b, wasm.AllFeatures)
	if err != nil {
		t.Fatal(err)
	}
	return NewModule(m)
}

func textInstance(t *testing.T, text string) *Instance {
	t.Helper()
	i, err := NewStore(smallMemories).Instantiate(textModule(t, text), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func exported(t *testing.T, i *Instance, name string) *Func {
	t.Helper()
	e, _ := i.Export(name)
	if e.Func == nil {
		t.Fatalf("no function %q", name)
	}
	return e.Func
}

// callOn calls an export on a thread and returns the first entry of the stack.
func callOn(t *testing.T, th *Thread, i *Instance, name string, args ...uint64) (uint64, error) {
	t.Helper()
	stack := make([]uint64, max(len(args), 1))
	copy(stack, args)
	err := th.Call(t.Context(), exported(t, i, name), stack)
	return stack[0], err
}

func TestAtomicWaitResults(t *testing.T) {
	i := textInstance(t, waitText)
	th := i.store.NewThread()
	for _, tt := range []struct {
		name              string
		addr, want        uint64
		expected, timeout int64
		trap              TrapCode
	}{
		{name: "another value", addr: 8, expected: 1, timeout: -1, want: 100 + waitNotEqual},
		{name: "the time is over", addr: 8, timeout: 1000, want: 100 + waitTimedOut},
		{name: "no time", addr: 8, timeout: 0, want: 100 + waitTimedOut},
		{name: "the value, and something above its 32 bits", addr: 8, expected: 1 << 32, want: 100 + waitTimedOut},
		{name: "not aligned", addr: 2, trap: TrapUnalignedAtomic},
		{name: "outside", addr: 65536, trap: TrapMemoryOutOfBounds},
	} {
		got, err := callOn(t, th, i, "wait", tt.addr, uint64(tt.expected), uint64(tt.timeout))
		if tt.trap != 0 {
			if !errors.Is(err, tt.trap) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.trap)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%s: %d, %v, want %d", tt.name, got, err, tt.want)
		}
	}
	if n, err := callOn(t, th, i, "notify", 8, 5); n != 0 || err != nil {
		t.Errorf("notify without waiters: %d, %v", n, err)
	}
}

// waiting waits until n threads stand in the queues of the instance's memory.
func waiting(i *Instance, n int) {
	s := i.memories[0].shared
	for {
		s.mu.Lock()
		have := 0
		for _, q := range s.queues {
			have += len(q)
		}
		s.mu.Unlock()
		if have == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestNotifyWakesInTheOrderOfArrival(t *testing.T) {
	i := textInstance(t, waitText)
	const n = 4
	order := make(chan int, n)
	for k := range n {
		th := i.store.NewThread()
		go func() {
			if got, err := callOn(t, th, i, "wait", 8, 0, ^uint64(0)); got != 100+waitWoken || err != nil {
				t.Errorf("waiter %d: %d, %v", k, got, err)
			}
			order <- k
		}()
		waiting(i, k+1)
	}
	th := i.store.NewThread()
	for k := range n {
		if woken, err := callOn(t, th, i, "notify", 8, 1); woken != 1 || err != nil {
			t.Fatalf("notify: %d, %v", woken, err)
		}
		if got := <-order; got != k {
			t.Errorf("waiter %d was woken as number %d", got, k)
		}
	}
}

// TestWaitersTravel freezes threads that wait, and finds them in the same order, with the time that remained, in another
// store.
func TestWaitersTravel(t *testing.T) {
	m := textModule(t, waitText)
	s := NewStore(smallMemories)
	i, err := s.Instantiate(m, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for k, timeout := range []int64{-1, -1, int64(time.Hour), int64(50 * time.Millisecond)} {
		th := s.NewThread()
		wg.Go(func() {
			if _, err := callOn(t, th, i, "wait", 8, 0, uint64(timeout)); !errors.Is(err, ErrStopped) {
				t.Errorf("waiter %d: %v", k, err)
			}
		})
		waiting(i, k+1)
	}
	to := NewStore(smallMemories)
	if err := s.Checkpoint(t.Context(), true, func(p *state.Program) error {
		return to.Restore(p, Env{Module: func(*state.Module) (*Module, error) { return m, nil }})
	}); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	waiting(to.instances[0], 4)
	results := make([]chan uint64, 4)
	for k, th := range to.threads {
		results[k] = make(chan uint64, 1)
		go func() {
			r, err := th.Resume(context.Background())
			if err != nil {
				t.Errorf("resumed waiter %d: %v", k, err)
			}
			results[k] <- r[0]
		}()
	}
	if got := <-results[3]; got != 100+waitTimedOut {
		t.Errorf("the waiter with little time: %d", got)
	}
	th := to.NewThread()
	for k := range 3 {
		if n, err := callOn(t, th, to.instances[0], "notify", 8, 1); n != 1 || err != nil {
			t.Fatalf("notify: %d, %v", n, err)
		}
		if got := <-results[k]; got != 100+waitWoken {
			t.Errorf("waiter %d: %d", k, got)
		}
	}
}

func TestAtomicsOfManyThreadsLoseNothing(t *testing.T) {
	i := textInstance(t, waitText)
	const threads, times = 4, 5000
	var wg sync.WaitGroup
	for range threads {
		th := i.store.NewThread()
		wg.Go(func() {
			if _, err := callOn(t, th, i, "add", 16, times); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := word32(t, i, 16); got != threads*times {
		t.Errorf("%d, want %d", got, threads*times)
	}
	if got, want := byte(word32(t, i, 24)>>8), byte(threads*times%256); got != want {
		t.Errorf("the byte is %d, want %d", got, want)
	}
}

// TestGrownSharedMemoryIsSeen lets one thread use what another has added to the memory while it runs.
func TestGrownSharedMemoryIsSeen(t *testing.T) {
	i := textInstance(t, `(module
	  (memory (export "memory") 1 2 shared)
	  (func (export "grow") (result i32) (drop (memory.grow (i32.const 1))) (i32.atomic.store (i32.const 0) (i32.const 1)) (i32.const 0))
	  (func (export "use") (result i32)
	    (loop (br_if 0 (i32.eqz (i32.atomic.load (i32.const 0)))))
	    (i32.store (i32.const 70000) (i32.const 7))
	    (i32.load (i32.const 70000))))`)
	using := i.store.NewThread()
	got := make(chan uint64)
	go func() {
		v, err := callOn(t, using, i, "use")
		if err != nil {
			t.Error(err)
		}
		got <- v
	}()
	time.Sleep(10 * time.Millisecond)
	if _, err := callOn(t, i.store.NewThread(), i, "grow"); err != nil {
		t.Fatal(err)
	}
	if v := <-got; v != 7 {
		t.Errorf("%d", v)
	}
}

func word32(t *testing.T, i *Instance, at uint64) uint32 {
	t.Helper()
	v, ok := i.memories[0].Uint32(at)
	if !ok {
		t.Fatalf("nothing at %d", at)
	}
	return v
}

// TestOneThreadAtATimeWhereThereAreObjects: the heap is one thread's at a time.
func TestOneThreadAtATimeWhereThereAreObjects(t *testing.T) {
	i := textInstance(t, `(module (tag) (memory (export "memory") 1 1 shared)
	  (func (export "wait") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
	  (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1))))`)
	ctx, cancel := context.WithCancel(t.Context())
	th, done := i.store.NewThread(), make(chan error)
	go func() { done <- th.Call(ctx, exported(t, i, "wait"), nil) }()
	waiting(i, 1)
	other := i.store.NewThread()
	if _, err := callOn(t, other, i, "notify"); !errors.Is(err, ErrSharedHeap) {
		t.Errorf("a second thread: %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := callOn(t, other, i, "notify"); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}
