package interp

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// Thread is a thread of execution: an explicit stack of wasm frames. One goroutine at a time runs it, by Call or Resume;
// nothing of the wasm stack is on the goroutine's own.
type Thread struct {
	// attention is why the thread is wanted at a safepoint: the one word that other goroutines write and the run loop
	// looks at.
	attention atomic.Uint32
	exit      exit // why the run loop is to be left, set by handlers

	// What handlers use. The live frames are frames[:sp].
	inst      *Instance
	store     *Store
	sp        int
	frames    []frame
	stackBase unsafe.Pointer
	stackEnd  uintptr
	stack     []uint64

	// How the run loop was left.
	trapCode TrapCode
	exitPC   uintptr        // address of the instruction, as a number: see Thread.trap
	exitFP   unsafe.Pointer // its frame
	err      error

	// The host call in progress, or the one to be made again.
	caller     Caller
	top        uintptr // bytes of the stack that are in use below a call back into wasm
	pending    []byte
	hasPending bool
	outer      []outerCall // where the frames stand that called the host functions that called back
	nested     int         // calls from host functions back into wasm that are in progress
	parking    *parking    // the memory.atomic.wait in progress, or the one to be made again

	ctx     context.Context
	unwatch func() bool   // ends the watch over ctx
	calls   uint64        // watched calls so far: tells a late end of an earlier call's context apart
	wake    chan struct{} // see Caller.Interrupted
	state   atomic.Uint32 // threadIdle and so on
	rest    uint32        // what state was before it began to run
	alone   bool          // runs in a store with objects: see Store.alone
	atCall  bool          // stands still before a host call, not at the head of a function or loop
	fuel    uint64        // safepoints left, when attnFuel is set
	places  []Place       // of sample

	native  atomic.Pointer[nativeThread] // once machine code has run
	mode    nativeMode                   // of its machine code
	exitPos uint32                       // of a trap in machine code, in the module; see trap
	step    *NativeStep                  // the last one
	stepPC  uintptr                      // address of the instruction that it stands for
	asking  []*nativeUnits               // whose question the thread is to answer, with attnRetire set; freezer.mu guards it
}

// exit says why the run loop is left.
type exit uint32

const (
	exitNone exit = iota
	exitDone
	exitTrap
	exitError     // Thread.err
	exitSuspended // a host call or memory.atomic.wait waits
)

// The bits of Thread.attention.
const (
	attnFreeze uint32 = 1 << iota // somebody wants the program to stand still
	attnCancel                    // the context is done
	attnFuel                      // safepoints are counted against Thread.fuel
	attnCount                     // safepoints are counted in freezer.passed
	attnClose                     // the store was closed
	attnSample                    // somebody wants to know where the thread is
	attnRetire                    // somebody wants to know which machine code the thread can come back to
)

// Errors of calls.
var (
	// ErrBusy says that the thread is running already, on another goroutine or further up on this one.
	ErrBusy = errors.New("the thread is running already")
	// ErrSharedHeap says that another thread runs in the store, whose modules have structures, arrays or exceptions: threads
	// that use these cannot run at the same time yet.
	ErrSharedHeap = errors.New("another thread runs in the store, and its modules have objects or exceptions")
	// ErrFuelExhausted says that the guest has passed as many safepoints as it was given.
	ErrFuelExhausted = errors.New("fuel exhausted")
	// ErrStopped says that the program was frozen and told to stop; it may go on elsewhere.
	ErrStopped = errors.New("the program was stopped by a checkpoint")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrNothingToResume says that Resume was called on a thread without frames.
	ErrNothingToResume = errors.New("the thread has nothing to resume")
)

// NewThread adds a thread to the store.
func (s *Store) NewThread() *Thread {
	return s.newThread(firstStack)
}

// newThread adds a thread whose stack begins with size bytes.
func (s *Store) newThread(size int) *Thread {
	t := &Thread{store: s, wake: make(chan struct{}, 1)}
	t.caller.t = t
	size = min(size, s.cfg.MaxStack)
	t.setStack(uintptr(size))
	t.frames = make([]frame, max(size/frameShare, 1))
	s.freezer.mu.Lock()
	s.threads = append(s.threads, t)
	if s.freezer.counting {
		t.attention.Or(attnCount)
	}
	t.mode = s.mode
	s.freezer.mu.Unlock()
	return t
}

// setStack gives the thread an empty stack of size bytes. One slot stands behind stackEnd that nothing uses: the frame of a
// host function without arguments may begin at stackEnd, and that address must be inside of the Go object, or the garbage
// collector finds a bad pointer.
func (t *Thread) setStack(size uintptr) {
	t.stack = make([]uint64, size/8+1)
	t.stackBase = unsafe.Pointer(unsafe.SliceData(t.stack))
	t.stackEnd = uintptr(t.stackBase) + size&^7
}

// SetFuel gives the thread n units: one is spent at each safepoint, that is, at each entry of a function and each
// iteration of a loop. A call that finds none left returns ErrFuelExhausted.
func (t *Thread) SetFuel(n uint64) {
	t.fuel = n
	if t.attention.Load()&attnFuel == 0 || t.mode == nativePlain {
		z := &t.store.freezer
		z.mu.Lock()
		t.store.countNatively()
		z.mu.Unlock()
		t.attend(attnFuel)
	}
}

// Fuel is what is left of what SetFuel gave.
func (t *Thread) Fuel() uint64 { return t.fuel }

// Depth counts the thread's frames.
func (t *Thread) Depth() int {
	t.showNative()
	return t.sp
}

// grow makes room for one more frame of room slots at nfp. The stack may move: it returns where both frames are now.
func (t *Thread) grow(fp, nfp unsafe.Pointer, room uintptr) (unsafe.Pointer, unsafe.Pointer, bool) {
	fp, nfp, ok := t.growStack(fp, nfp, room)
	if ok && t.sp >= len(t.frames) {
		limit := t.store.cfg.MaxStack / frameShare
		if len(t.frames) >= limit {
			return fp, nfp, false
		}
		frames := make([]frame, min(2*len(t.frames), limit))
		copy(frames, t.frames)
		t.frames = frames
	}
	return fp, nfp, ok
}

// growStack is grow for a frame that takes the place of another.
func (t *Thread) growStack(fp, nfp unsafe.Pointer, room uintptr) (unsafe.Pointer, unsafe.Pointer, bool) {
	base := uintptr(t.stackBase)
	if need, have := uintptr(nfp)-base+room*8, t.stackEnd-base; need > have {
		if need > uintptr(t.store.cfg.MaxStack) {
			return fp, nfp, false
		}
		old := t.stack
		t.setStack(min(max(2*have, need), uintptr(t.store.cfg.MaxStack)&^7))
		copy(t.stack, old)
		for i := range t.frames[:t.sp] {
			t.frames[i].fp = unsafe.Add(t.stackBase, uintptr(t.frames[i].fp)-base)
		}
		fp, nfp = unsafe.Add(t.stackBase, uintptr(fp)-base), unsafe.Add(t.stackBase, uintptr(nfp)-base)
	}
	return fp, nfp, true
}

// fail ends the run with err at pc.
func (t *Thread) fail(pc *instr, err error) *instr {
	t.exit, t.err, t.exitPC = exitError, err, uintptr(unsafe.Pointer(pc))
	return &haltInstr
}

func hostError(h *HostFunc, err error) error {
	return &HostError{Module: h.Module, Name: h.Name, Err: err}
}

// Call calls f with the arguments at the start of stack and leaves its results there. Each value is one entry, a v128 two,
// its lower half first. It returns when f has returned, or with a *Trap, an *Exception, a *HostError, the cause of ctx's end, ErrFuelExhausted,
// ErrStopped or ErrClosed.
func (t *Thread) Call(ctx context.Context, f *Func, stack []uint64) error {
	return t.call(ctx, threadIdle, f, stack)
}

// CallHeld is Call by who holds the thread.
func (t *Thread) CallHeld(ctx context.Context, f *Func, stack []uint64) error {
	return t.call(ctx, threadHeld, f, stack)
}

func (t *Thread) call(ctx context.Context, from uint32, f *Func, stack []uint64) error {
	if n := f.Slots(); len(stack) < n {
		return fmt.Errorf("calling %s: %d values are needed on the stack, it has %d", f.Name(), n, len(stack))
	}
	if err := t.beginCall(ctx, from); err != nil {
		return err
	}
	returned := false
	defer t.abandoned(&returned)
	err := t.invoke(f, stack)
	returned = true
	return t.end(err)
}

// beginCall is begin for a thread that has no frames.
func (t *Thread) beginCall(ctx context.Context, from uint32) error {
	if err := t.begin(ctx, from); err != nil {
		return err
	}
	if t.sp > 0 {
		return t.end(ErrBusy) // it was restored, and Resume is to come first
	}
	t.top = 0
	return nil
}

// Begin, Run and End are Call in three parts, so that whoever has a place for arguments and results that belongs to who runs the thread
// can use it between them. Nobody else runs the thread from Begin to End. When Run panics, which is a host function's doing, Abandon takes the
// place of End: the program is over, and the thread is held for ever.
func (t *Thread) Begin(ctx context.Context) error { return t.beginCall(ctx, threadIdle) }

// Run calls f: see Begin. The stack must have as many values as Func.Slots says.
func (t *Thread) Run(f *Func, stack []uint64) error { return t.invoke(f, stack) }

// End is the end of what Begin began.
func (t *Thread) End() { _ = t.end(nil) }

// Abandon ends what Begin began when Run has not returned.
func (t *Thread) Abandon() {
	t.rest = threadHeld
	t.abandon()
}

// CallBack calls f from within a host function. While it runs there are Go frames between wasm frames, so that no
// checkpoint can be taken.
func (c *Caller) CallBack(f *Func, stack []uint64) error {
	if n := f.Slots(); len(stack) < n {
		return fmt.Errorf("calling %s: %d values are needed on the stack, it has %d", f.Name(), n, len(stack))
	}
	t := c.t
	if t.nested >= maxNested {
		return &Trap{Code: TrapStackExhausted}
	}
	t.showNative()
	saved, native := *c, t.nativeMark()
	step, stepPC := t.step, t.stepPC
	inst, sp, top, pc, fp := t.inst, t.sp, t.top, t.place(t.exitPC), uintptr(t.exitFP)-uintptr(t.stackBase)
	t.nested++
	t.outer = append(t.outer, outerCall{sp, pc, fp})
	outer := len(t.outer) - 1
	defer func() { // also when a host function further up panics, and this one recovers
		t.nested--
		t.nativeReset(native)
		t.step, t.stepPC = step, stepPC
		t.caller, t.outer = saved, t.outer[:outer]
		t.inst, t.sp, t.top, t.exitPC, t.exitFP = inst, sp, top, pc, nil
		if sp > 0 {
			t.exitFP = unsafe.Add(t.stackBase, fp)
		}
		t.exit = exitNone
	}()
	return t.invoke(f, stack)
}

// Resume goes on with the frames that the thread was restored with, until the outermost one returns its results.
func (t *Thread) Resume(ctx context.Context) (results []uint64, err error) {
	return t.resume(ctx, threadIdle)
}

// ResumeHeld is Resume by who holds the thread.
func (t *Thread) ResumeHeld(ctx context.Context) (results []uint64, err error) {
	return t.resume(ctx, threadHeld)
}

func (t *Thread) resume(ctx context.Context, from uint32) (results []uint64, err error) {
	if err := t.begin(ctx, from); err != nil {
		return nil, err
	}
	if t.sp == 0 {
		return nil, t.end(ErrNothingToResume)
	}
	outer := t.frames[0].fn
	returned := false
	defer t.abandoned(&returned)
	pc := t.instrAt(t.sp-1, t.exitPC)
	err = t.run(pc, t.exitFP, 0, 0, true)
	returned = true
	if err == nil {
		results = append(results, t.stack[:outer.nresults]...)
	}
	return results, t.end(err)
}

// invoke runs f on top of what the stack holds.
func (t *Thread) invoke(f *Func, stack []uint64) error {
	base := unsafe.Add(t.stackBase, t.top)
	np := int(f.nparams)
	if f.host != nil {
		return t.invokeHost(f, stack)
	}
	c := f.code.Load()
	if c == notLowered {
		var err error
		if c, err = f.lowered(); err != nil {
			return err
		}
	}
	sp := t.sp
	if uintptr(base)+c.room*8 > t.stackEnd || t.sp >= len(t.frames) {
		var ok bool
		if _, base, ok = t.grow(base, base, c.room); !ok {
			return &Trap{Code: TrapStackExhausted}
		}
	}
	if f.refParams {
		if err := t.store.admitAll(t.store.rtts[f.typeID].def.Params, stack); err != nil {
			return fmt.Errorf("calling %s: %w", f.Name(), err)
		}
	}
	for i, v := range stack[:np] { // they are a few: a call of memmove takes longer
		*slot(base, uint16(i)) = v
	}
	if n := int(c.nlocals); n > np {
		clear(slots(base, uint16(np), n-np))
	}
	t.frames[t.sp] = frame{ret: &leaveInstr, fp: base, fn: f}
	t.sp++
	t.inst = f.inst
	top := t.top
	pc, fp, acc := c.entry, base, uint64(0)
	if pc.op&^safepoint == opEntry && t.wanted() == 0 {
		// Of a function with machine code that does all by itself there is nothing for the run loop to do.
		if siteOf(pc).unit[t.mode%nativeModes].Load() != nil {
			if t.attention.Load() != 0 {
				if err := t.safepoint(pc, fp); err != nil {
					return t.unwind(err, sp)
				}
			}
			pc, fp, acc = t.runUnit(pc, fp)
		}
	}
	if pc != &leaveInstr || t.exit != exitNone {
		if err := t.run(pc, fp, acc, sp, false); err != nil {
			return err
		}
	}
	for i, v := range slots(unsafe.Add(t.stackBase, top), 0, int(f.nresults)) {
		stack[i] = v
	}
	return nil
}

// invokeHost calls a host function that an embedder, not a guest, calls: an exported import.
func (t *Thread) invokeHost(f *Func, stack []uint64) error {
	c := &t.caller
	for {
		c.inst, c.resumed, c.again = t.inst, t.pending, t.hasPending
		t.pending, t.hasPending = nil, false
		if c.inst == nil {
			c.inst = &Instance{store: t.store, name: f.host.Module}
		}
		err := f.host.Call(c, stack)
		if err != errSuspended {
			if x := t.store.thrownBy(err); x != nil {
				return x
			}
			if err != nil {
				err = hostError(f.host, err)
			}
			return err
		}
		if err := t.cancelled(); err != nil {
			return err
		}
		if t.attention.Load()&attnFreeze != 0 {
			t.refuse() // no wasm frame is there to say which call is to be made again
		}
	}
}

// run executes from pc on until the frame above base returns. It is the interpreter's loop. passed says that the thread
// has stood still at pc before: the safepoint there, if it is one, does not count again.
//
// An instruction's first word is its handler's code address, so a pointer to the instruction is, as far as Go's calling
// convention goes, a func value: the call loads one word and jumps. That saves the load of a func value, and the
// handlers' table, on every instruction. It holds for as long as Go's func values are pointers to a word with the code
// address (they have been since Go 1.1); TestFuncValueLayout watches it.
func (t *Thread) run(pc *instr, fp unsafe.Pointer, acc uint64, base int, passed bool) error {
	mem := t.inst.mem0()
	mb, ml := mem.base(), mem.Size()
	for {
		if passed {
			passed = false
			pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
		}
		if t.attention.Load() == 0 {
			for uint32(t.exit)|t.attention.Load() == 0 {
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
				pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
			}
		}
		// Somebody wants the thread at a safepoint: the same instructions, one by one.
		for t.exit == exitNone && t.attention.Load() != 0 {
			if err := t.cancelled(); err != nil { // needs no safepoint: nothing goes on from here
				return t.unwind(err, base)
			}
			if pc.op&safepoint != 0 {
				if err := t.safepoint(pc, fp); err != nil {
					return t.unwind(err, base)
				}
				mb, ml = t.inst.mem0().base(), t.inst.mem0().Size()
			}
			pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
		}
		switch why := t.exit; why {
		case exitNone:
		case exitDone:
			t.exit = exitNone
			return nil
		case exitTrap:
			return t.unwind(&Trap{Code: t.trapCode}, base)
		case exitError:
			return t.unwind(t.err, base)
		case exitSuspended:
			t.exit = exitNone
			pc, fp = t.instrAt(t.sp-1, t.exitPC), t.exitFP
			if err := t.suspended(pc, fp); err != nil {
				return t.unwind(err, base)
			}
			mb, ml = t.inst.mem0().base(), t.inst.mem0().Size()
			passed = true
		}
	}
}

// instrAt is the instruction at address pc of frame i's code.
func (t *Thread) instrAt(i int, pc uintptr) *instr {
	c := t.frames[i].fn.code.Load()
	return &c.instrs[c.indexOf(t.place(pc))]
}

// place is the address of the instruction of a frame's code that pc, which may be a NativeStep's, stands for.
func (t *Thread) place(pc uintptr) uintptr {
	if s := t.step; s != nil && pc-uintptr(unsafe.Pointer(&s.code[0])) < uintptr(len(s.code))*instrSize {
		return t.stepPC
	}
	return pc
}

// unwind takes the frames above base off the stack and completes err with their backtrace.
func (t *Thread) unwind(err error, base int) error {
	switch e := err.(type) {
	case *Trap:
		e.Trace = t.trace(base)
	case *Exception:
		e.Trace = append(e.Trace, t.trace(base)...)
		e.Trace = e.Trace[:min(len(e.Trace), maxTrace)]
	case *HostError:
		// A host function that ends the guest with a trap of its own, or passes one on from a call back.
		var trap *Trap
		if code, ok := e.Err.(TrapCode); ok {
			err = &Trap{Code: code, Trace: t.trace(base)}
		} else if errors.As(e.Err, &trap) {
			trap.Trace = append(trap.Trace, t.trace(base)...)
			err = trap
		} else {
			e.Trace = t.trace(base)
		}
	}
	t.unpark()
	t.cutNative(base)
	t.exitPos = 0
	t.exit, t.err, t.sp = exitNone, nil, base
	t.pending, t.hasPending = nil, false
	return err
}

// trace is the backtrace of the frames above base, innermost first.
func (t *Thread) trace(base int) []TraceFrame {
	var out []TraceFrame
	layouts := map[*Func]*layout{}
	pc := t.place(t.exitPC)
	for i := t.sp - 1; i >= base; i-- {
		if len(out) == maxTrace {
			break
		}
		f := &t.frames[i]
		if c := f.fn.code.Load(); c != notLowered {
			lay := layouts[f.fn]
			if lay == nil {
				lay = f.fn.inst.module.layout(f.fn.index, nil, nil)
				layouts[f.fn] = lay
			}
			at := c.indexOf(pc)
			if i != t.sp-1 {
				at-- // pc is where the call returns to
			}
			offset := lay.offset(at)
			if i == t.sp-1 && t.exitPos != 0 {
				offset = t.exitPos
			}
			out = append(out, f.fn.traceFrame(offset))
		}
		pc = uintptr(unsafe.Pointer(f.returns()))
	}
	return out
}

func (f *Func) traceFrame(offset uint32) TraceFrame {
	w := f.inst.module.wasm
	tf := TraceFrame{Instance: f.inst.name, Func: f.index, Name: w.FuncName(f.index), Offset: offset}
	if l, ok := w.LineAt(offset); ok {
		tf.File, tf.Line, tf.Column = l.File, l.Line, l.Col
	}
	return tf
}

// layout is what is known of a function's code beside the code itself. It is made by lowering the function again, when
// a backtrace or a view is wanted, so that running costs no memory for it.
type layout struct {
	locals  []wasm.ValType
	offsets []uint32
	points  map[uint64][]point // those that were asked for, by where they are
}

func (l *layout) offset(index int) uint32 {
	if index < 0 || index >= len(l.offsets) {
		return 0
	}
	return l.offsets[index]
}

// layout returns the layout of function index with the points at the places wanted; at is where a point is.
func (m *Module) layout(index uint32, wanted map[uint64]bool, at func(*point) uint64) *layout {
	l := m.lowerer(index)
	lay := &layout{locals: l.locals, points: map[uint64][]point{}}
	l.layout = true
	l.visit = func(p point) {
		if wanted == nil {
			return
		}
		if place := at(&p); wanted[place] {
			p.stack = append([]operand(nil), p.stack...)
			lay.points[place] = append(lay.points[place], p)
		}
	}
	if _, err := l.function(); err != nil {
		return lay // it was lowered before, or is not running
	}
	lay.offsets = l.offsets
	return lay
}

// layouts makes the layouts of the functions of frames, each once, with the points at which one of its frames stands.
// place is where a frame stands and at is where a point is, both in the same terms.
func layouts[F any](frames []F, fn func(*F) *Func, place func(i int) uint64, at func(*point) uint64) map[*Func]*layout {
	places := map[*Func]map[uint64]bool{}
	for i := range frames {
		f := fn(&frames[i])
		if places[f] == nil {
			places[f] = map[uint64]bool{}
		}
		places[f][place(i)] = true
	}
	out := map[*Func]*layout{}
	for f, set := range places {
		out[f] = f.inst.module.layout(f.index, set, at)
	}
	return out
}

func elemLen(e *wasm.ElemSegment) int { return len(e.Funcs) + len(e.Exprs) }
