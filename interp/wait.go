package interp

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
	"unsafe"
)

// memory.atomic.wait waits as a host call does (see Caller.Suspend): when somebody wants the thread at a safepoint, it
// gives up, and the instruction is made again later. What it leaves behind for then is its place in the queue and the
// time that remains. The waiter itself stays in the queue meanwhile, so that a notify in between is not lost.

// Results of memory.atomic.wait.
const (
	waitWoken    = 0
	waitNotEqual = 1
	waitTimedOut = 2
)

// parking is a thread's wait in progress.
type parking struct {
	w       *waiter // nil once it has been woken and that was written down
	forever bool
	left    time.Duration // when the instruction gave up last
}

// atomicWait waits at an address until it is notified, if the value there is the one expected; operands: address,
// expected value, time in nanoseconds, negative for ever.
func atomicWait(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	result, err := t.atomicWait(pc, fp)
	switch {
	case err == errSuspended:
		t.hasPending, t.pending = true, nil // the view writes it, see Thread.parked
		t.exit, t.exitPC, t.exitFP = exitSuspended, uintptr(unsafe.Pointer(pc)), fp
		return &haltInstr, fp, acc, mb, ml, t
	case err != nil:
		return t.trap(pc, err.(TrapCode)), fp, acc, mb, ml, t
	}
	t.parking, t.hasPending, t.pending = nil, false, nil
	*slot(fp, pc.a) = result
	m := t.inst.mem0()
	return next(pc), fp, acc, m.base(), m.Size(), t
}

func (t *Thread) atomicWait(pc *instr, fp unsafe.Pointer) (uint64, error) {
	// While the thread waits, another one may begin a collection, which looks at where this one stands.
	t.exitPC, t.exitFP, t.atCall = uintptr(unsafe.Pointer(pc)), fp, true
	k := t.parking
	if k == nil {
		word, ea, trap := t.atomicWord(pc, fp)
		m := t.inst.memories[pc.b]
		switch {
		case trap != 0:
			return 0, trap
		case m.shared == nil:
			return 0, TrapExpectedShared
		}
		// A host function may have left something above an i32.
		expected, timeout := *slot(fp, pc.a+1)&word.mask, int64(*slot(fp, pc.a+2))
		w := m.shared.wait(m, ea, func() bool { return word.load() != expected })
		if w == nil {
			return waitNotEqual, nil
		}
		k = &parking{w: w, forever: timeout < 0, left: time.Duration(timeout)}
		t.parking = k
	}
	if k.w == nil {
		return waitWoken, nil
	}
	var expired <-chan time.Time
	var until time.Time
	if !k.forever {
		timer := time.NewTimer(k.left)
		defer timer.Stop()
		expired, until = timer.C, time.Now().Add(k.left)
	}
	select {
	case <-k.w.woken:
		return waitWoken, nil
	case <-expired:
		if k.w.mem.shared.leave(k.w) {
			return waitTimedOut, nil
		}
		return waitWoken, nil
	case <-t.wake:
		if !k.forever {
			k.left = max(time.Until(until), 0)
		}
		return 0, errSuspended
	}
}

// unpark takes the thread out of its queue: the wait ends because the run ends.
func (t *Thread) unpark() {
	if k := t.parking; k != nil && k.w != nil {
		k.w.mem.shared.leave(k.w)
	}
	t.parking = nil
}

// What a wait in progress looks like in a view: a byte, 1 for a waiter that has been woken and does not know it yet, else
// 0; then, little-endian, the ticket and the nanoseconds that remain, all ones for ever.
const (
	parkedBytes   = 1 + 8 + 8
	parkedForever = math.MaxUint64
	maxTicket     = 1 << 63 // of a view: as many may follow
)

// parked is Thread.Pending of a view.
func (k *parking) parked() []byte {
	b := make([]byte, parkedBytes)
	if k.w == nil {
		b[0] = 1
		return b
	}
	select {
	case <-k.w.woken:
		b[0] = 1
	default:
	}
	left := uint64(k.left)
	if k.forever {
		left = parkedForever
	}
	binary.LittleEndian.PutUint64(b[1:], k.w.ticket)
	binary.LittleEndian.PutUint64(b[9:], left)
	return b
}

// repark puts a restored thread, which stands before the wait at pc, back into the queue.
func (t *Thread) repark(pc *instr, fp unsafe.Pointer, pending []byte) error {
	word, ea, trap := t.atomicWord(pc, fp)
	m := t.inst.memories[pc.b]
	if trap != 0 || m.shared == nil || word.p == nil {
		return errors.New("it waits where nothing can wait")
	}
	if len(pending) != parkedBytes || pending[0] > 1 {
		return errors.New("what it waits for cannot be read")
	}
	if pending[0] == 1 {
		t.parking = &parking{}
		return nil
	}
	left := binary.LittleEndian.Uint64(pending[9:])
	k := &parking{forever: left == parkedForever, left: time.Duration(min(left, math.MaxInt64))}
	k.w = &waiter{mem: m, addr: ea, ticket: binary.LittleEndian.Uint64(pending[1:]), woken: make(chan struct{})}
	if k.w.ticket > maxTicket {
		return errors.New("its place in the queue cannot be")
	}
	m.shared.restore(k.w)
	t.parking = k
	return nil
}
