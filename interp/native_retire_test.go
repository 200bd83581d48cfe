//go:build linux && amd64

package interp

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// retiring is an instance of the shuttles, whose innermost activation calls a host function, in a store of its own.
func retiring(t *testing.T, m *Module, does func(c *Caller, stack []uint64) error) (s *Store, f, g *Func) {
	t.Helper()
	s = NewStore(Config{})
	h := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: does})
	i, err := s.Instantiate(m, "", []Extern{{Func: h}})
	if err != nil {
		t.Fatal(err)
	}
	return s, exported(t, i, "f"), exported(t, i, "g")
}

func liveNativeCode() (n int) {
	nativeCode.mu.Lock()
	defer nativeCode.mu.Unlock()
	for _, size := range nativeCode.live {
		n += int(size)
	}
	return n
}

const hostLeaf = 0 // in leaves

// Machine code that was replaced is freed at once where no thread runs.
func TestReplacedMachineCodeIsFreed(t *testing.T) {
	m := shuttles(t, hostLeaf, 3)
	s, f, _ := retiring(t, m, func(c *Caller, stack []uint64) error { return nil })
	th := s.NewThread()
	publishShuttles(t, m, hostLeaf, 3)
	live, left := liveNativeCode(), 0
	for range 2000 {
		stack := []uint64{30}
		if err := th.Call(context.Background(), f, stack); err != nil || stack[0] != 5+30*31/2 {
			t.Fatal(stack, err)
		}
		publishShuttles(t, m, hostLeaf, 3)
		var freed int
		if freed, left = m.Reclaim(); freed != 4 || left != 0 {
			t.Fatalf("of 4 units %d are freed, %d are left", freed, left)
		}
	}
	if n := liveNativeCode(); n != live {
		t.Errorf("%d bytes of machine code, before it was %d", n, live)
	}
	if n := len(*m.native.Load().units.all.Load()); n != 4 {
		t.Errorf("%d units are known, want 4", n)
	}
}

// A thread that has return addresses into what was replaced keeps it, whether it has been asked or not, and no longer than that.
func TestReplacedMachineCodeIsKeptForThreads(t *testing.T) {
	m := shuttles(t, hostLeaf, 3)
	type event struct{ reached, goOn chan bool }
	pause := func() event { return event{make(chan bool), make(chan bool)} }
	wait := func(e event) { close(e.reached); <-e.goOn }
	before, after := pause(), pause()
	depth := 0
	var s *Store
	var f, g *Func
	s, f, g = retiring(t, m, func(c *Caller, stack []uint64) error {
		if depth++; depth > 1 {
			return nil
		}
		wait(before)
		if err := c.CallBack(g, []uint64{3}); err != nil { // which answers
			return err
		}
		wait(after)
		return nil
	})
	publishShuttles(t, m, hostLeaf, 3)
	done := make(chan error)
	stack := []uint64{40}
	go func() { done <- s.NewThread().Call(context.Background(), f, stack) }()
	reclaim := func(when string, wantFreed, wantLeft int) {
		t.Helper()
		if freed, left := m.Reclaim(); freed != wantFreed || left != wantLeft {
			t.Errorf("%s: %d units are freed and %d left, want %d and %d", when, freed, left, wantFreed, wantLeft)
		}
	}
	<-before.reached
	publishShuttles(t, m, hostLeaf, 3)
	reclaim("the thread is asked", 0, 4)
	reclaim("it has not answered", 0, 4)
	close(before.goOn)
	<-after.reached
	reclaim("it has return addresses into the plain code, none into what counts", 2, 2)
	reclaim("it is asked again", 0, 2)
	publishShuttles(t, m, hostLeaf, 3)
	close(after.goOn)
	if err := <-done; err != nil || stack[0] != 5+40*41/2 {
		t.Fatal(stack, err)
	}
	reclaim("it has ended", 6, 0)
}

// Threads of two stores run code while it is replaced, over and over, and what they can come back to stays: if it were freed they would
// meet a trap that ends the process.
func TestMachineCodeIsReplacedUnderThreads(t *testing.T) {
	m := shuttles(t, hostLeaf, 3)
	var stop atomic.Bool
	var calls atomic.Int64
	var ended sync.WaitGroup
	publishShuttles(t, m, hostLeaf, 3)
	for range 2 {
		var s *Store
		var f, g *Func
		s, f, g = retiring(t, m, func(c *Caller, stack []uint64) error {
			if n := calls.Add(1); n%3 == 0 && c.t.nested < 3 {
				return c.CallBack(g, []uint64{uint64(n % 30)})
			}
			return nil
		})
		s.objects.Store(false) // lets several threads run: they use no objects
		for range 2 {
			th := s.NewThread()
			ended.Go(func() {
				for n := uint64(0); !stop.Load(); n = (n + 7) % 60 {
					stack := []uint64{n}
					if err := th.Call(context.Background(), f, stack); err != nil || stack[0] != 5+n*(n+1)/2 {
						t.Errorf("f(%d): %d, %v", n, stack[0], err)
						return
					}
				}
			})
		}
	}
	live, most, all := liveNativeCode(), 0, 0
	rounds := 0
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end) || all < 40; rounds++ {
		publishShuttles(t, m, hostLeaf, 3)
		freed, left := m.Reclaim()
		all, most = all+freed, max(most, left)
		time.Sleep(100 * time.Microsecond)
	}
	stop.Store(true)
	ended.Wait()
	for m.Replaced() > 0 {
		m.Reclaim()
	}
	t.Logf("%d rounds, %d units freed while threads ran, %d waited at most, %d calls", rounds, all, most, calls.Load())
	if n := liveNativeCode(); n != live {
		t.Errorf("%d bytes of machine code, before it was %d", n, live)
	}
}

// What is remembered of a call of a host function may be forgotten while that calls back: other code has the place in the cache, or the addresses.
func TestCallsOfHostFunctionsAreForgottenDuringACallBack(t *testing.T) {
	m := shuttles(t, hostLeaf, 3)
	again := false
	s, f, g := retiring(t, m, nil)
	s.objects.Store(false) // of a store with objects nothing is remembered
	s.funcs[0].host.Call = func(c *Caller, stack []uint64) error {
		if again = !again; !again {
			return nil
		}
		if err := c.CallBack(g, []uint64{3}); err != nil {
			return err
		}
		codeReused.Add(1)
		c.t.native.Load().refresh()
		return nil
	}
	th := s.NewThread()
	publishShuttles(t, m, hostLeaf, 3)
	for range 4 {
		again = true
		for range 2 { // the first call makes the site known
			stack := []uint64{30}
			if err := th.Call(context.Background(), f, stack); err != nil || stack[0] != 5+30*31/2 {
				t.Fatal(stack, err)
			}
		}
	}
}

// A unit is held by any word from the machine stack's pointer on, by a watched return and by a saved register, and by nothing else.
func TestWhatHoldsMachineCode(t *testing.T) {
	units := []*NativeUnit{{Base: 0x1000, Size: 0x40}, {Base: 0x1040, Size: 0x30}, {Base: 0x4000, Size: 0x100}}
	for _, tt := range []struct {
		name  string
		place func(nt *nativeThread, stack []uintptr, w *uintptr)
	}{
		{"the top of the stack", func(nt *nativeThread, stack []uintptr, w *uintptr) { stack[4] = *w }},
		{"the end of the stack", func(nt *nativeThread, stack []uintptr, w *uintptr) { stack[15] = *w }},
		{"a watched return", func(nt *nativeThread, stack []uintptr, w *uintptr) { nt.segments[0].watched = *w }},
		{"a register", func(nt *nativeThread, stack []uintptr, w *uintptr) { nt.ctx.ints[31] = uint64(*w) }},
		{"what has been popped", func(nt *nativeThread, stack []uintptr, w *uintptr) { stack[3], *w = *w, 0 }},
		{"a stack without machine frames", func(nt *nativeThread, stack []uintptr, w *uintptr) { stack[4], *w, nt.segments = *w, 0, nil }},
	} {
		for _, w := range []uintptr{0, 0xfff, 0x1000, 0x1001, 0x1040, 0x1041, 0x1070, 0x1071, 0x3fff, 0x4000, 0x4050, 0x4100, 0x4101, ^uintptr(0)} {
			stack := make([]uintptr, 16)
			nt := &nativeThread{base: unsafe.Pointer(&stack[0]), segments: make([]segment, 1)}
			nt.top = uintptr(nt.base) + uintptr(len(stack))*wordSize
			nt.ctx.nsp = uintptr(nt.base) + 4*wordSize
			at := w
			tt.place(nt, stack, &at)
			held := make([]bool, len(units))
			nt.holds(units, held)
			for i, u := range units {
				if want := at >= u.Base && at <= u.Base+u.Size; held[i] != want {
					t.Errorf("%s: %#x, unit at %#x: held %v, want %v", tt.name, w, u.Base, held[i], want)
				}
			}
		}
	}
}
