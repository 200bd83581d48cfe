package interp

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/wasm"
)

// What a hostile guest must not be able to do: each of these has ended the process, or kept it busy, before.

func instantiate(t *testing.T, bin []byte, host func(*Caller, []uint64) error) (*Store, *Func) {
	t.Helper()
	m := load(t, bin)
	s := NewStore(Config{})
	var imports []Extern
	for range m.Wasm().Imports {
		imports = append(imports, Extern{Func: s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: host})})
	}
	inst, err := s.Instantiate(m, "", imports)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := inst.Export("f")
	return s, f.Func
}

// A frame that fills the stack exactly leaves the callee's frame pointer at the stack's end, which must still be an
// address within it for the garbage collector.
func TestFramePointerAtTheStacksEnd(t *testing.T) {
	body := join([]byte{1}, uleb(firstStack/8), []byte{byte(wasm.I64), byte(wasm.OpCall), 0, end})
	bin := join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec([]byte{0x60, 0, 0})), section(2, vec([]byte{1, 'h', 1, 'f', 0, 0})),
		section(3, vec([]byte{0})), section(7, vec([]byte{1, 'f', 0, 1})), section(10, vec(sized(body))))
	for range 20 {
		s, f := instantiate(t, bin, func(c *Caller, _ []uint64) error {
			if at := uintptr(c.t.top) + uintptr(c.t.stackBase); at >= uintptr(c.t.stackBase)+uintptr(len(c.t.stack))*8 {
				t.Errorf("the callee's frame begins at %#x, outside of the stack", at)
			}
			runtime.GC()
			return nil
		})
		if err := s.NewThread().Call(context.Background(), f, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// Recursion by way of a host function ends as a trap, before the Go stack does.
func TestRecursionThroughTheHostTraps(t *testing.T) {
	var f *Func
	s, f := instantiate(t, hostModule([]byte{0x60, 0, 0}, byte(wasm.OpCall), 0), func(c *Caller, _ []uint64) error { return c.CallBack(f, nil) })
	if err := s.NewThread().Call(context.Background(), f, nil); !errors.Is(err, TrapStackExhausted) {
		t.Fatalf("got %v, want %v", err, TrapStackExhausted)
	}
}

// A deadline ends a long row of bulk instructions, between which there is no safepoint.
func TestDeadlineAmongBulkInstructions(t *testing.T) {
	var body []byte
	for range 2000 {
		body = join(body, []byte{i32c, 0, i32c, 1, i32c}, leb(256<<16), []byte{0xFC, 0x0B, 0})
	}
	bin := join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec([]byte{0x60, 0, 0})), section(3, vec([]byte{0})), section(5, join([]byte{1, 0}, uleb(256))),
		section(7, vec([]byte{1, 'f', 0, 0})), section(10, vec(sized(join(none, body, []byte{end})))))
	s, f := instantiate(t, bin, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := s.NewThread().Call(ctx, f, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want %v", err, context.DeadlineExceeded)
	}
}

// What a module of a few bytes asks for is refused, or given without being there yet.
func TestHugeObjects(t *testing.T) {
	for _, shift := range []uint{17, 34, 41, 48} { // 8 GiB, and more than there is
		m, err := wasm.Decode(join([]byte("\x00asm\x01\x00\x00\x00"), section(5, join([]byte{1, 4}, uleb(1<<shift)))), wasm.DefaultFeatures)
		if err == nil {
			_, err = NewStore(Config{}).Instantiate(NewModule(m), "", nil)
		}
		t.Logf("a 64-bit memory of 1<<%d pages: %v", shift, err)
	}
	table := join([]byte{byte(wasm.FuncRef), 0}, uleb(defaultMaxTable))
	tables := make([][]byte, 100)
	for i := range tables {
		tables[i] = table
	}
	var limit *LimitError
	m := load(t, join([]byte("\x00asm\x01\x00\x00\x00"), section(4, vec(tables...))))
	if _, err := NewStore(Config{}).Instantiate(m, "", nil); !errors.As(err, &limit) {
		t.Errorf("%d tables of %d elements: %v, want a *LimitError", len(tables), defaultMaxTable, err)
	}
}

// A host function that panics does not leave a checkpoint waiting, nor the thread broken when it recovers a panic of a
// function it called back.
func TestPanicsOfHostFunctions(t *testing.T) {
	s, f := instantiate(t, hostModule([]byte{0x60, 0, 0}, byte(wasm.OpCall), 0), func(*Caller, []uint64) error { panic("host") })
	func() {
		defer func() { _ = recover() }()
		s.NewThread().Call(context.Background(), f, nil)
	}()
	if err := s.Checkpoint(context.Background(), false, nil); !errors.Is(err, ErrStopped) {
		t.Errorf("a checkpoint after a panic: %v, want %v", err, ErrStopped)
	}
	depth := 0
	var g *Func
	s, g = instantiate(t, hostModule([]byte{0x60, 0, 0}, byte(wasm.OpCall), 0), func(c *Caller, _ []uint64) error {
		if depth++; depth == 2 {
			panic("inner")
		}
		defer func() { _ = recover() }()
		return c.CallBack(g, nil)
	})
	th := s.NewThread()
	for range 2 {
		depth = 0
		if err := th.Call(context.Background(), g, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// A host function that called Suspend and then went on leaves nothing behind for the next one.
func TestSuspendWithoutWaiting(t *testing.T) {
	calls := 0
	s, f := instantiate(t, hostModule([]byte{0x60, 0, 0}, byte(wasm.OpCall), 0, byte(wasm.OpCall), 0), func(c *Caller, _ []uint64) error {
		if _, again := c.Resumed(); again {
			t.Error("a first attempt was resumed")
		}
		if calls++; calls == 1 {
			_ = c.Suspend([]byte("stale"))
		}
		return nil
	})
	if err := s.NewThread().Call(context.Background(), f, nil); err != nil {
		t.Fatal(err)
	}
}
