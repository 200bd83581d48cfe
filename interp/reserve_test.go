//go:build (linux || darwin || freebsd || netbsd || openbsd) && (amd64 || arm64 || s390x || ppc64le || riscv64 || loong64)

package interp

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// fewMappings leaves room for n mappings more until the test ends.
func fewMappings(t *testing.T, n int64) {
	t.Helper()
	runtime.GC() // what earlier tests have left
	time.Sleep(10 * time.Millisecond)
	old := maxMappings
	maxMappings = mappings.Load() + n
	collector.last = time.Time{}
	t.Cleanup(func() { maxMappings = old })
}

var sharedType = wasm.MemoryType{Limits: wasm.Limits{Min: 1, Max: 2, HasMax: true}, Shared: true}

// Memories that nobody can reach, and that Go's collector has not come to yet, do not keep others from being made.
func TestMappingsOfUnreachableMemories(t *testing.T) {
	const n = 8
	fewMappings(t, n*memoryMaps)
	abandon := func() {
		s := NewStore(Config{})
		for range n {
			if m, err := s.AddMemory(wasm.MemoryType{Limits: wasm.Limits{Min: 1}}); err != nil || m.res == nil {
				t.Fatalf("a memory without a reservation, %v", err)
			}
		}
	}
	abandon()
	m, err := NewStore(Config{}).AddMemory(sharedType)
	if err != nil {
		t.Fatalf("%d memories have been abandoned: %v", n, err)
	}
	runtime.KeepAlive(m)
}

// When all memories are in use, a shared one is refused, and others are Go slices. The heap is not collected for each of them.
func TestMappingsRunOut(t *testing.T) {
	const n = 4
	fewMappings(t, n*memoryMaps)
	s := NewStore(Config{})
	for range n {
		if m, err := s.AddMemory(sharedType); err != nil || m.res == nil {
			t.Fatalf("a memory without a reservation, %v", err)
		}
	}
	var limit *LimitError
	if _, err := s.AddMemory(sharedType); !errors.As(err, &limit) {
		t.Fatalf("one more: %v", err)
	}
	collections := func() uint32 {
		var st runtime.MemStats
		runtime.ReadMemStats(&st)
		return st.NumForcedGC
	}
	before := collections()
	for range 20 {
		if _, err := s.AddMemory(sharedType); !errors.As(err, &limit) {
			t.Fatalf("one more: %v", err)
		}
		if m, err := s.AddMemory(wasm.MemoryType{Limits: wasm.Limits{Min: 1}}); err != nil || m.res != nil || len(m.Bytes()) != wasm.PageSize {
			t.Fatalf("a memory for which there is no reservation: %v", err)
		}
	}
	if n := collections() - before; n > 10 {
		t.Errorf("%d collections", n)
	}
	s.Close()
	s = NewStore(Config{})
	for range n / 2 {
		if _, err := s.AddMemory(sharedType); err != nil {
			t.Errorf("after the store was closed: %v", err)
		}
	}
}

// What a store has reserved is given back when it is closed, all but what its memories' bytes are in, which somebody may look at.
func TestCloseGivesMappingsBack(t *testing.T) {
	fewMappings(t, 1000)
	before := mappings.Load()
	s := NewStore(Config{})
	var views [][]byte
	for k := range 6 {
		m, err := s.AddMemory(wasm.MemoryType{Limits: wasm.Limits{Min: uint64(k % 3), Max: 2, HasMax: k%2 == 1}})
		if err != nil {
			t.Fatal(err)
		}
		views = append(views, m.Bytes())
		for i := range m.Bytes() {
			m.Bytes()[i] = 1
		}
	}
	s.heap.reserve()
	if n := mappings.Load() - before; n != 6*memoryMaps+heapMaps {
		t.Errorf("an open store: %d mappings", n)
	}
	for range 2 {
		s.Close()
		if n := mappings.Load() - before; n != 4+1 {
			t.Errorf("a closed store: %d mappings", n)
		}
	}
	for k, b := range views {
		for i, v := range b {
			if v != 0 {
				t.Fatalf("byte %d of memory %d is %d", i, k, v)
			}
		}
		if _, ok := s.memories[k].Grow(1); ok {
			t.Errorf("memory %d grows", k)
		}
		if b, ok := s.memories[k].View(0, 0); !ok || len(b) != 0 {
			t.Errorf("memory %d cannot be looked at", k)
		}
	}
	runtime.KeepAlive(s)
}

// Whoever closes a store that stands still for a checkpoint does not take away what is being written down.
func TestCloseDuringACheckpoint(t *testing.T) {
	s := NewStore(Config{})
	m, err := s.AddMemory(wasm.MemoryType{Limits: wasm.Limits{Min: 1}})
	if err != nil {
		t.Fatal(err)
	}
	m.PutByte(3, 7)
	err = s.Checkpoint(context.Background(), false, func(p *state.Program) error {
		s.Close()
		if v, _ := m.Byte(3); v != 7 {
			t.Errorf("the memory that is written down has %d", v)
		}
		return nil
	})
	if v, _ := m.Byte(3); v != 0 || err != nil {
		t.Errorf("afterwards: %d, %v", v, err)
	}
	if err := s.Checkpoint(context.Background(), false, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a checkpoint of a closed store: %v", err)
	}
}
