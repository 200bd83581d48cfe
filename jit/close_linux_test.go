//go:build amd64 || arm64

package jit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// closing is a store with two instances, of which the second has its memory 0 from the first, and whose functions are machine code from
// their first call on. does is the host function that they import.
type closing struct {
	store *interp.Store
	inst  *interp.Instance
	does  func(c *interp.Caller, stack []uint64) error
}

func newClosing(t *testing.T) *closing {
	tier, _ := newTier(t, All)
	c := &closing{store: interp.NewStore(interp.Config{})}
	first, second := parse(t, `(module (memory (export "m") 1))`), parse(t, `(module
	  (import "h" "f" (func $f (param i32) (result i32))) (import "a" "m" (memory 1))
	  (func (export "beyond") (param i32) (result i32) (i32.load (call $f (local.get 0))))
	  (func (export "loop") (param i32) (result i32)
	    (drop (call $f (i32.const 0)))
	    (loop (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))) (br 0)) (unreachable)))`)
	tier.Attach(first)
	tier.Attach(second)
	f := c.store.AddHostFunc(&interp.HostFunc{
		Module: "h", Name: "f", Type: wasm.FuncType{Params: []wasm.ValType{wasm.I32}, Results: []wasm.ValType{wasm.I32}},
		Call: func(caller *interp.Caller, stack []uint64) error { return c.does(caller, stack) },
	})
	a, err := c.store.Instantiate(first, "a", nil)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := a.Export("m")
	if c.inst, err = c.store.Instantiate(second, "b", []interp.Extern{{Func: f}, m}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *closing) call(name string, arg uint64) (uint64, error) {
	e, _ := c.inst.Export(name)
	stack := []uint64{arg}
	err := c.store.NewThread().Call(context.Background(), e.Func, stack)
	return stack[0], err
}

// mapBehind maps a page of ones behind the first 64 KiB of b, if nothing is there.
func mapBehind(b []byte) (ok bool) {
	at := unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), wasm.PageSize)
	const fixedNoReplace = 0x100000
	p, err := unix.MmapPtr(-1, 0, at, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|fixedNoReplace)
	if err != nil {
		return false
	}
	for k := range 4096 {
		*(*byte)(unsafe.Add(p, k)) = 1
	}
	return p == at
}

// A host function closes the store that calls it. Machine code goes on behind the call, without a safepoint, with an access beyond the
// memory's end, which must not meet what the process has mapped there in the meantime.
func TestMachineCodeOfAStoreThatIsClosed(t *testing.T) {
	c := newClosing(t)
	var view []byte
	mapped := false
	c.does = func(caller *interp.Caller, stack []uint64) error {
		if stack[0] == 1 {
			view = caller.Memory().Bytes()
			c.store.Close()
			mapped = mapBehind(view)
		}
		stack[0] = wasm.PageSize
		return nil
	}
	var trap *interp.Trap
	for _, arg := range []uint64{0, 1} {
		if v, err := c.call("beyond", arg); !errors.As(err, &trap) || trap.Code != interp.TrapMemoryOutOfBounds {
			t.Errorf("closed %d: %#x, %v", arg, v, err)
		}
	}
	if mapped {
		t.Error("the process has got address space of a memory that machine code uses")
	}
	if _, err := c.call("beyond", 0); !errors.Is(err, interp.ErrClosed) {
		t.Errorf("after the close: %v", err)
	}
	if !mapBehind(view) {
		t.Error("the address space is not given back when the call has ended")
	}
}

// Threads in machine code, one in a host function that waits, and one that takes a checkpoint when the store is closed: all end, and then
// what they have used is given back.
func TestThreadsOfAStoreThatIsClosed(t *testing.T) {
	for range 4 {
		c := newClosing(t)
		var began, ended sync.WaitGroup
		view := c.inst.Memory(0).Bytes()
		c.does = func(caller *interp.Caller, stack []uint64) error {
			began.Done()
			if stack[0] == 9 {
				<-caller.Interrupted()
				return caller.Suspend(nil)
			}
			return nil
		}
		const loops = 2
		for k := range loops + 1 {
			began.Add(1)
			ended.Go(func() {
				name, arg := "loop", uint64(0)
				if k == loops {
					name, arg = "beyond", 9
				}
				if _, err := c.call(name, arg); !errors.Is(err, interp.ErrClosed) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		began.Wait()
		time.Sleep(time.Millisecond)
		c.store.Close()
		ended.Wait()
		if !mapBehind(view) {
			t.Error("the address space is not given back")
		}
		for i, v := range view {
			if v != 0 {
				t.Fatalf("byte %d of the closed memory is %d", i, v)
			}
		}
	}
}
