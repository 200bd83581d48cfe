package interp

import (
	"context"
	"errors"
	"sync"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
)

// Standing still. A checkpoint, like a cancelled context, an exhausted budget of fuel or a deadline, wants a thread at a
// safepoint, and there is one mechanism for all: a bit in Thread.attention. The run loop looks at that word every few
// instructions; once it is not zero, the loop goes instruction by instruction until it meets one that is marked as a
// safepoint, and asks Thread.safepoint there. A host call that waits is woken through Thread.wake and gives up
// (Caller.Suspend), which brings the thread to a safepoint too: the call itself.
//
// Lock order: freezer.turn before freezer.mu.
type freezer struct {
	turn chan struct{} // one checkpoint at a time

	mu       sync.Mutex
	changed  *sync.Cond // a thread's state, freezing or refused has changed
	freezing bool       // threads that come to a safepoint, or begin, wait
	refused  bool       // a running thread cannot be frozen
	stopped  bool       // a checkpoint has ended the program here

	counting bool
	passed   uint64 // safepoints, while counting
	trigger  uint64 // at which count to call fire
	fire     func(passed uint64) (next uint64)
}

type threadState uint8

const (
	threadIdle threadState = iota
	threadRunning
	threadParked // at a safepoint, waiting to go on
)

// ErrHostFrames says that no checkpoint can be taken: a host function that a guest called has called back into wasm, and
// its Go frames cannot be written down.
var ErrHostFrames = errors.New("a host function that called back into wasm is in progress")

func (z *freezer) init() {
	z.turn = make(chan struct{}, 1)
	z.changed = sync.NewCond(&z.mu)
}

// begin makes the thread run under ctx.
func (t *Thread) begin(ctx context.Context) error {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	for z.freezing && !z.stopped {
		z.changed.Wait()
	}
	if z.stopped {
		return ErrStopped
	}
	if t.state != threadIdle {
		return ErrBusy
	}
	if ctx.Done() != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t.watch(ctx)
	}
	t.ctx, t.state = ctx, threadRunning
	return nil
}

// watch lets the end of ctx reach the thread. What it leaves behind is undone by end.
func (t *Thread) watch(ctx context.Context) {
	t.calls++
	call := t.calls
	t.unwatch = context.AfterFunc(ctx, func() {
		z := &t.store.freezer
		z.mu.Lock()
		defer z.mu.Unlock()
		if t.calls == call && t.state != threadIdle {
			t.want(attnCancel)
		}
	})
}

// end makes the thread idle.
func (t *Thread) end(err error) error {
	z := &t.store.freezer
	z.mu.Lock()
	if t.unwatch != nil {
		t.unwatch()
		t.unwatch = nil
		t.calls++
		t.attention.And(^attnCancel)
	}
	t.state, t.ctx = threadIdle, nil
	if z.freezing {
		z.changed.Broadcast()
	}
	z.mu.Unlock()
	return err
}

// want asks for the thread's attention and wakes it if it waits in a host call.
func (t *Thread) want(bit uint32) {
	t.attention.Or(bit)
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// cancelled is the cause of the context's end, once it has ended.
func (t *Thread) cancelled() error {
	if t.attention.Load()&attnCancel != 0 {
		return context.Cause(t.ctx)
	}
	return nil
}

// safepoint does what the thread is wanted for, at the instruction pc of the frame at fp. An error ends the run.
func (t *Thread) safepoint(pc *instr, fp unsafe.Pointer) error {
	t.exitPC, t.exitFP, t.atCall = uintptr(unsafe.Pointer(pc)), fp, false
	a := t.attention.Load()
	if a&attnFuel != 0 {
		if t.fuel == 0 {
			return ErrFuelExhausted
		}
		t.fuel--
	}
	if a&attnCount != 0 {
		if err := t.count(); err != nil {
			return err
		}
	}
	if err := t.cancelled(); err != nil {
		return err
	}
	if t.attention.Load()&attnFreeze != 0 {
		return t.park()
	}
	return nil
}

// suspended is the safepoint of a host call that waits; pc is the call.
func (t *Thread) suspended(pc *instr, fp unsafe.Pointer) error {
	t.exitPC, t.exitFP, t.atCall = uintptr(unsafe.Pointer(pc)), fp, true
	if err := t.cancelled(); err != nil {
		return err
	}
	if t.attention.Load()&attnFreeze != 0 {
		return t.park()
	}
	return nil
}

// park waits at a safepoint for as long as somebody wants the program to stand still.
func (t *Thread) park() error {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	if t.nested > 0 {
		z.refused = true
		z.changed.Broadcast()
		// The checkpoint takes its wish back; until then there is nothing to do here.
		t.attention.And(^attnFreeze)
		return nil
	}
	t.state = threadParked
	z.changed.Broadcast()
	for z.freezing {
		z.changed.Wait()
	}
	t.state = threadRunning
	if z.stopped {
		return ErrStopped
	}
	return nil
}

// Checkpoint makes the program stand still and calls f with its portable view, which holds the live memories and is
// valid until f returns. Then the program goes on, or, if stop is set and f succeeded, ends here: its calls return
// ErrStopped, and so does every later one.
//
// Threads are stopped at their next safepoint. A host function that computes is waited for, until ctx ends.
func (s *Store) Checkpoint(ctx context.Context, stop bool, f func(*state.Program) error) error {
	z := &s.freezer
	select {
	case z.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-z.turn }()
	if err := s.freeze(ctx); err != nil {
		s.thaw(false)
		return err
	}
	p, err := s.capture()
	if err == nil {
		err = f(p)
	}
	s.thaw(stop && err == nil)
	return err
}

// freeze waits until no thread runs.
func (s *Store) freeze(ctx context.Context) error {
	z := &s.freezer
	cancel := context.AfterFunc(ctx, func() {
		z.mu.Lock()
		z.changed.Broadcast()
		z.mu.Unlock()
	})
	defer cancel()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.stopped {
		return ErrStopped
	}
	z.freezing, z.refused = true, false
	for _, t := range s.threads {
		if t.state == threadRunning {
			t.want(attnFreeze)
		}
	}
	for {
		if z.refused {
			return ErrHostFrames
		}
		still := true
		for _, t := range s.threads {
			still = still && t.state != threadRunning
		}
		if still {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		z.changed.Wait()
	}
}

// thaw lets the program go on, or ends it.
func (s *Store) thaw(stop bool) {
	z := &s.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, t := range s.threads {
		t.attention.And(^attnFreeze)
		select {
		case <-t.wake:
			if t.attention.Load()&attnCancel != 0 {
				t.want(attnCancel)
			}
		default:
		}
	}
	z.freezing = false
	z.stopped = z.stopped || stop
	z.changed.Broadcast()
}

// CountSafepoints counts from now on the safepoints that the program passes - entries of functions and iterations of
// loops, the same number on every host and every run - starting from passed. When the count reaches at, fire is called on the
// thread that got there, which stands still meanwhile so that fire may take a checkpoint; it returns the next count to
// be called at, 0 for never. It is for reproducing: counting makes running slower.
func (s *Store) CountSafepoints(passed, at uint64, fire func(passed uint64) (next uint64)) {
	z := &s.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	z.counting, z.passed, z.trigger, z.fire = true, passed, at, fire
	for _, t := range s.threads {
		t.attention.Or(attnCount)
	}
}

// count counts a safepoint.
func (t *Thread) count() error {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	z.passed++
	if z.passed != z.trigger || z.fire == nil || t.nested > 0 {
		return nil
	}
	t.state = threadParked
	passed := z.passed
	z.mu.Unlock()
	next := z.fire(passed)
	z.mu.Lock()
	z.trigger = next
	for z.freezing {
		z.changed.Wait()
	}
	t.state = threadRunning
	if z.stopped {
		return ErrStopped
	}
	return nil
}
