package interp

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
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
	changed  *sync.Cond  // a thread's state, freezing or refused has changed
	freezing atomic.Bool // threads that come to a safepoint, or begin, wait; written with mu held
	stopped  atomic.Bool // the program has ended here, by a checkpoint or because the store was closed; written with mu held
	refused  bool        // a running thread cannot be frozen
	closed   bool        // Store.Close was called
	released bool        // what the store has was given back

	counting bool
	passed   uint64 // safepoints, while counting
	trigger  uint64 // at which count to call fire
	fire     func(passed uint64) (next uint64)
}

// The values of Thread.state.
const (
	threadIdle uint32 = iota
	threadRunning
	threadParked // at a safepoint, waiting to go on
	threadHeld   // idle, and nobody but its holder may run it: see Hold
)

// ErrHostFrames says that no checkpoint can be taken: a host function that a guest called has called back into wasm, and
// its Go frames cannot be written down.
var ErrHostFrames = errors.New("a host function that called back into wasm is in progress")

func (z *freezer) init() {
	z.turn = make(chan struct{}, 1)
	z.changed = sync.NewCond(&z.mu)
}

// Hold keeps everybody else from running the thread until Release. To a checkpoint it stands still. It reports false if somebody runs or
// holds it.
func (t *Thread) Hold() bool { return t.state.CompareAndSwap(threadIdle, threadHeld) }

// Release ends what Hold began.
func (t *Thread) Release() { t.state.Store(threadIdle) }

// Busy tells whether somebody runs or holds the thread.
func (t *Thread) Busy() bool { return t.state.Load() != threadIdle }

// still tells whether the thread is idle or held.
func (t *Thread) still() bool {
	s := t.state.Load()
	return s == threadIdle || s == threadHeld
}

// begin makes the thread run under ctx; it is idle or held before, and will be afterwards. The ordinary case takes no lock: the thread says that it
// runs and then looks whether somebody is freezing the program, who says so first and then looks which threads run.
func (t *Thread) begin(ctx context.Context, from uint32) error {
	z := &t.store.freezer
	ends := ctx.Done() != nil
	if ends && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !t.state.CompareAndSwap(from, threadRunning) {
		return ErrBusy
	}
	t.rest = from
	if z.freezing.Load() || z.stopped.Load() {
		if err := t.beginLate(ctx); err != nil {
			return err
		}
	}
	if t.store.objects.Load() {
		if !t.store.alone.CompareAndSwap(false, true) {
			return t.end(ErrSharedHeap)
		}
		t.alone = true
	}
	t.ctx = ctx
	if ends {
		t.watch(ctx)
	}
	return nil
}

// beginLate steps back while the program stands still, and begins again.
func (t *Thread) beginLate(ctx context.Context) error {
	z := &t.store.freezer
	defer z.wakeAtEnd(ctx)()
	z.mu.Lock()
	defer z.mu.Unlock()
	from := t.rest
	t.state.Store(from)
	z.changed.Broadcast()
	t.store.release()
	for z.freezing.Load() && !z.stopped.Load() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		z.changed.Wait()
	}
	if z.stopped.Load() {
		return z.ended()
	}
	if !t.state.CompareAndSwap(from, threadRunning) {
		return ErrBusy
	}
	t.rest = from
	return nil
}

// wakeAtEnd wakes those that wait for a change when ctx ends, until stop is called.
func (z *freezer) wakeAtEnd(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		z.mu.Lock()
		z.changed.Broadcast()
		z.mu.Unlock()
	})
}

// watch lets the end of ctx reach the thread. What it leaves behind is undone by end.
func (t *Thread) watch(ctx context.Context) {
	z := &t.store.freezer
	z.mu.Lock()
	t.calls++
	call := t.calls
	z.mu.Unlock()
	t.unwatch = context.AfterFunc(ctx, func() {
		z.mu.Lock()
		defer z.mu.Unlock()
		if t.calls == call {
			t.want(attnCancel)
		}
	})
}

// end makes the thread what it was before begin.
func (t *Thread) end(err error) error {
	z := &t.store.freezer
	if t.unwatch != nil {
		z.mu.Lock()
		t.unwatch()
		t.unwatch = nil
		t.calls++
		t.attention.And(^attnCancel)
		z.mu.Unlock()
	}
	t.ctx = nil
	if t.alone {
		t.alone = false
		t.store.alone.Store(false)
	}
	t.state.Store(t.rest)
	if z.freezing.Load() || z.stopped.Load() {
		z.mu.Lock()
		z.changed.Broadcast()
		t.store.release()
		z.mu.Unlock()
	}
	return err
}

// ended is why the program has ended here. mu is held.
func (z *freezer) ended() error {
	if z.closed {
		return ErrClosed
	}
	return ErrStopped
}

// abandoned is deferred around whatever runs guest code: a panic of a host function leaves frames that nothing can go on with.
// The program ends, so that no checkpoint waits for the thread.
func (t *Thread) abandoned(returned *bool) {
	if !*returned {
		t.abandon()
	}
}

func (t *Thread) abandon() {
	z := &t.store.freezer
	z.mu.Lock()
	z.stopped.Store(true)
	z.mu.Unlock()
	t.unpark()
	t.cutNative(0)
	t.sp, t.nested, t.exit = 0, 0, exitNone
	_ = t.end(nil)
}

// want asks for the thread's attention and wakes it if it waits in a host call.
func (t *Thread) want(bit uint32) {
	t.attend(bit)
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// attend sets a bit of attention. Machine code looks at a word of its own.
func (t *Thread) attend(bit uint32) {
	t.attention.Or(bit)
	t.nativeWanted()
}

// cancelled is the cause of the context's end, once it has ended, or says that the store is closed.
func (t *Thread) cancelled() error {
	switch a := t.attention.Load(); {
	case a&attnCancel != 0:
		return context.Cause(t.ctx)
	case a&attnClose != 0:
		return ErrClosed
	}
	return nil
}

// Cancelled is why the run of a thread is to end, or nil. It is for those that keep it waiting: a compiler, a host function that computes.
func (t *Thread) Cancelled() error { return t.cancelled() }

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
	if a&attnSample != 0 {
		t.sample()
	}
	if a&attnRetire != 0 {
		t.answer()
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
	if t.nested > 0 {
		t.refuse()
		return nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	t.state.Store(threadParked)
	z.changed.Broadcast()
	for z.freezing.Load() {
		z.changed.Wait()
	}
	t.state.Store(threadRunning)
	if z.stopped.Load() {
		return z.ended()
	}
	return nil
}

// refuse tells a checkpoint that the thread cannot be written down as it is. It takes its wish back then.
func (t *Thread) refuse() {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	z.refused = true
	z.changed.Broadcast()
	t.attention.And(^attnFreeze)
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
	defer z.wakeAtEnd(ctx)()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.stopped.Load() {
		return z.ended()
	}
	z.refused = false
	z.freezing.Store(true)
	for _, t := range s.threads {
		if t.state.Load() == threadRunning {
			t.want(attnFreeze)
		}
	}
	for {
		if z.refused {
			return ErrHostFrames
		}
		if z.stopped.Load() {
			return z.ended()
		}
		still := true
		for _, t := range s.threads {
			still = still && t.state.Load() != threadRunning
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
			if a := t.attention.Load() & (attnCancel | attnClose); a != 0 {
				t.want(a)
			}
		default:
		}
	}
	z.freezing.Store(false)
	if stop {
		z.stopped.Store(true)
	}
	z.changed.Broadcast()
	s.release()
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
	s.countNatively()
	for _, t := range s.threads {
		t.attend(attnCount)
	}
}

// uncalled is how many safepoints the thread may pass before count has to be asked.
func (t *Thread) uncalled() uint64 {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	switch {
	case len(t.store.threads) > 1: // they count together
		return 0
	case z.trigger == 0 || z.fire == nil || t.nested > 0:
		return math.MaxUint64
	}
	return max(z.trigger, z.passed+1) - z.passed - 1
}

// passed counts safepoints at which nothing was to happen.
func (t *Thread) passed(n uint64) {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	z.passed += n
}

// count counts a safepoint.
func (t *Thread) count() error {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	z.passed++
	if z.trigger == 0 || z.passed < z.trigger || z.fire == nil || t.nested > 0 {
		return nil
	}
	t.state.Store(threadParked)
	passed := z.passed
	z.mu.Unlock()
	next := z.fire(passed)
	z.mu.Lock()
	z.trigger = next
	for z.freezing.Load() {
		z.changed.Wait()
	}
	t.state.Store(threadRunning)
	if z.stopped.Load() {
		return z.ended()
	}
	return nil
}
