package interp

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/godwit-vm/godwit/wasm"
)

// sharedMemory is what threads that share a memory have in common beside its bytes (threads proposal). The bytes never
// move: all that the memory may grow to is set aside when it is made, Memory.buf spans it, and size says how much of it
// there is. A thread that still knows a smaller size looks again before it traps (see Thread.outOfBounds).
type sharedMemory struct {
	size atomic.Uint64 // bytes

	mu     sync.Mutex
	queues map[uint64][]*waiter // by address, first come first
	ticket uint64               // of the next waiter
}

// share makes m, which is new, a shared memory.
func (m *Memory) share() error {
	m.shared = &sharedMemory{queues: map[uint64][]*waiter{}}
	if err := m.setAside(); err != nil {
		return err
	}
	if _, ok := m.shared.grow(m, m.typ.Min); !ok {
		return &LimitError{What: "shared memory", Want: m.typ.Min * m.typ.PageBytes(), Limit: m.limit * m.typ.PageBytes(), Unit: "bytes"}
	}
	return nil
}

// setAsideSlice sets the memory aside as a Go slice: less of it, since it takes real memory.
func (m *Memory) setAsideSlice() error {
	m.limit = min(m.limit, max(maxSharedSlice/m.typ.PageBytes(), m.typ.Min))
	m.res = nil
	return m.move(m.limit * m.typ.PageBytes())
}

// grow is Memory.Grow.
func (s *sharedMemory) grow(m *Memory, delta uint64) (before uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := m.typ.PageBytes()
	before = s.size.Load() / page
	if delta > m.limit || before+delta > m.limit {
		return before, false
	}
	size := (before + delta) * page
	if !m.commit(s.size.Load(), size) {
		return before, false
	}
	s.size.Store(size)
	return before, true
}

// waiter is a thread in memory.atomic.wait.
type waiter struct {
	mem    *Memory
	addr   uint64
	ticket uint64        // its place among the memory's waiters
	woken  chan struct{} // closed by notify, which takes the waiter off its queue
}

// wait puts a waiter at the end of the queue at addr, unless changed says that there is nothing to wait for.
func (s *sharedMemory) wait(m *Memory, addr uint64, changed func() bool) *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if changed() {
		return nil
	}
	w := &waiter{mem: m, addr: addr, ticket: s.ticket, woken: make(chan struct{})}
	s.ticket++
	s.queues[addr] = append(s.queues[addr], w)
	return w
}

// restore puts a waiter into its queue, where sortQueues gives it its place once all are there.
func (s *sharedMemory) restore(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queues[w.addr] = append(s.queues[w.addr], w)
	s.ticket = max(s.ticket, w.ticket+1)
}

// sortQueues puts restored waiters in the order of their tickets.
func (s *sharedMemory) sortQueues() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		slices.SortStableFunc(q, func(a, b *waiter) int { return cmp.Compare(a.ticket, b.ticket) })
	}
}

// notify wakes the first n waiters at addr and counts them.
func (s *sharedMemory) notify(addr uint64, n uint32) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[addr]
	n = min(n, uint32(len(q)))
	for _, w := range q[:n] {
		close(w.woken)
	}
	if s.queues[addr] = q[n:]; len(q) == int(n) {
		delete(s.queues, addr)
	}
	return n
}

// leave takes a waiter off its queue; false says that it has been woken.
func (s *sharedMemory) leave(w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[w.addr]
	for i := range q {
		if q[i] == w {
			if s.queues[w.addr] = append(q[:i:i], q[i+1:]...); len(q) == 1 {
				delete(s.queues, w.addr)
			}
			return true
		}
	}
	return false
}

// sameMemoryKind tells whether memories of the types can stand for each other, their limits aside.
func sameMemoryKind(a, b wasm.MemoryType) bool { return a.Shared == b.Shared && a.OneByte == b.OneByte }
