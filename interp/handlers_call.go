package interp

import "unsafe"

// A call finds its arguments where the callee's first locals are, so it moves nothing:
//
//	caller's frame                              callee's frame
//	| locals | operands … | arg 0 | arg 1 |     | local 0 | local 1 | more locals | operands … |
//	^ fp                  ^ a                   ^ fp
//
// Results come back from slot 0 of the callee's frame on, which is where the caller's next operands go.

// frame is the record of an activation: what its return needs.
type frame struct {
	ret  *instr         // where the caller goes on
	fp   unsafe.Pointer // the caller's frame
	fn   *Func          // the function that is active
	link *instr         // where the caller goes on when ret is crossReturnInstr or nativeReturnInstr
	nsp  uintptr        // when ret is nativeReturnInstr: address of the word on the machine stack that says where it goes on
}

// call calls a function of the same instance: its index is imm, its frame begins at slot a.
func call(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	fn := t.inst.funcs[pc.imm]
	nfp := unsafe.Add(fp, uintptr(pc.a)*8)
	c := fn.code.Load()
	if uintptr(nfp)+c.room*8 > t.stackEnd || uint(t.sp) >= uint(len(t.frames)) {
		return t.callSlow(pc, fp, nfp, fn)
	}
	f := &t.frames[t.sp]
	t.sp++
	f.ret = next(pc)
	f.fp = fp
	f.fn = fn
	for i := fn.nparams; i < c.nlocals; i++ {
		*slot(nfp, uint16(i)) = 0
	}
	return c.entry, nfp, acc, mb, ml, t
}

// callImport calls an imported function: a host function or one of another instance.
func callImport(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	fn := t.inst.funcs[pc.imm]
	nfp := unsafe.Add(fp, uintptr(pc.a)*8)
	if fn.host != nil {
		return t.callHost(pc, fp, nfp, fn)
	}
	return t.callSlow(pc, fp, nfp, fn)
}

// callIndirect calls the function that element b of a table refers to, if it has the type wanted.
func callIndirect(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	fn, trap := t.indirect(pc, fp)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	nfp := unsafe.Add(fp, uintptr(pc.a)*8)
	c := fn.code.Load()
	if uintptr(nfp)+c.room*8 > t.stackEnd || uint(t.sp) >= uint(len(t.frames)) || fn.inst != t.inst {
		return t.callSlow(pc, fp, nfp, fn)
	}
	f := &t.frames[t.sp]
	t.sp++
	f.ret = next(pc)
	f.fp = fp
	f.fn = fn
	for i := fn.nparams; i < c.nlocals; i++ {
		*slot(nfp, uint16(i)) = 0
	}
	return c.entry, nfp, acc, mb, ml, t
}

// indirect looks up the callee of a call_indirect (specification 4.6.15).
func (t *Thread) indirect(pc *instr, fp unsafe.Pointer) (*Func, TrapCode) {
	tab := t.inst.tables[pc.imm>>32]
	i := *slot(fp, pc.b)
	if !tab.typ.Is64 {
		i = uint64(uint32(i))
	}
	if i >= uint64(len(tab.elems)) {
		return nil, TrapUndefinedElement
	}
	ref := tab.elems[i]
	if ref-1 >= uint64(len(t.store.funcs)) {
		return nil, TrapUninitializedElement
	}
	fn := t.store.funcs[ref-1]
	if x := uint32(pc.imm); fn.typeID != t.inst.typeIDs[x] && !t.store.rtts[fn.typeID].isSub(t.inst.rtts[x]) {
		return nil, TrapIndirectCallTypeMismatch
	}
	return fn, 0
}

// callSlow is every call that is not the ordinary one: the callee is the host's, is of another instance, has not been
// lowered yet, or the stack has to grow.
func (t *Thread) callSlow(pc *instr, fp, nfp unsafe.Pointer, fn *Func) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if fn.host != nil {
		return t.callHost(pc, fp, nfp, fn)
	}
	mem := t.inst.mem0()
	c, err := fn.lowered()
	if err != nil {
		return t.fail(pc, err), fp, 0, mem.base(), mem.Size(), t
	}
	fp, nfp, ok := t.grow(fp, nfp, c.room)
	if !ok {
		return t.trap(pc, TrapStackExhausted), fp, 0, mem.base(), mem.Size(), t
	}
	f := &t.frames[t.sp]
	t.sp++
	*f = frame{ret: next(pc), fp: fp, fn: fn}
	if fn.inst != t.inst {
		f.link, f.ret = f.ret, &crossReturnInstr
		t.inst = fn.inst
		mem = t.inst.mem0()
	}
	clear(slots(nfp, uint16(fn.nparams), int(c.nlocals-fn.nparams)))
	return c.entry, nfp, 0, mem.base(), mem.Size(), t
}

// lowered is the function's code, made now if nobody has called the function yet, or taken from another store.
func (f *Func) lowered() (*code, error) {
	if c := f.code.Load(); c != notLowered {
		return c, nil
	}
	c, err := f.inst.module.code(f.index)
	if err != nil {
		return nil, err
	}
	f.code.Store(c)
	return c, nil
}

// crossReturn goes back into the caller's instance. The frame record it finds was popped just now.
func crossReturn(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if t.sp > 0 {
		t.inst = t.frames[t.sp-1].fn.inst
	}
	mem := t.inst.mem0()
	return t.frames[t.sp].link, fp, acc, mem.base(), mem.Size(), t
}

// callHost calls a host function; its arguments are at nfp.
func (t *Thread) callHost(pc *instr, fp, nfp unsafe.Pointer, fn *Func) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	n := fn.slots
	// The thread is made to look as it does at a safepoint, for a call back into wasm and for backtraces.
	t.exitPC, t.exitFP, t.top = uintptr(unsafe.Pointer(pc)), fp, uintptr(nfp)-uintptr(t.stackBase)+n*8
	t.atCall = true // its arguments may be written over from now on
	c := &t.caller
	if c.inst != t.inst {
		c.inst = t.inst
	}
	if t.hasPending || c.again {
		c.resumed, c.again = t.pending, t.hasPending
		t.pending, t.hasPending = nil, false
	}
	before, args := t.stackBase, unsafe.Slice((*uint64)(nfp), n)
	err := fn.host.Call(c, args)
	if err == nil && t.stackBase == before && !t.hasPending && !fn.refResults {
		mem := t.inst.mem0()
		return next(pc), fp, 0, mem.base(), mem.Size(), t
	}
	return t.hostReturned(pc, fp, nfp, fn, before, args, err)
}

// hostReturned is what callHost does when the host function has returned err. before is where the stack was.
func (t *Thread) hostReturned(pc *instr, fp, nfp unsafe.Pointer, fn *Func, before unsafe.Pointer, args []uint64, err error) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	h := fn.host
	if t.stackBase != before {
		// A call back into wasm has moved the stack; the host function wrote its results where it was.
		fp = unsafe.Add(t.stackBase, uintptr(fp)-uintptr(before))
		nfp = unsafe.Add(t.stackBase, uintptr(nfp)-uintptr(before))
		copy(unsafe.Slice((*uint64)(nfp), len(args)), args)
	}
	mem := t.inst.mem0()
	if err != errSuspended && t.hasPending { // it has called Suspend and then gone on
		t.pending, t.hasPending = nil, false
	}
	if err != nil {
		t.showNative()
		if err == errSuspended {
			t.hasPending = true
			t.exit, t.exitFP = exitSuspended, fp
			return &haltInstr, fp, 0, mem.base(), mem.Size(), t
		}
		if x := t.store.thrownBy(err); x != nil {
			return t.hostThrow(pc, fp, nfp, len(args), h, x)
		}
		return t.fail(pc, hostError(h, err)), fp, 0, mem.base(), mem.Size(), t
	}
	if err := t.store.admitAll(h.Type.Results, args); err != nil {
		t.showNative()
		return t.fail(pc, hostError(h, err)), fp, 0, mem.base(), mem.Size(), t
	}
	return next(pc), fp, 0, mem.base(), mem.Size(), t
}

// Returns. Results go to slot 0 of the frame on.

func return0(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	t.sp--
	f := &t.frames[t.sp]
	return f.ret, f.fp, acc, mb, ml, t
}

func return1(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, 0) = *slot(fp, pc.b)
	t.sp--
	f := &t.frames[t.sp]
	return f.ret, f.fp, acc, mb, ml, t
}

func return1A(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, 0) = acc
	t.sp--
	f := &t.frames[t.sp]
	return f.ret, f.fp, acc, mb, ml, t
}

func return1I(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, 0) = pc.imm
	t.sp--
	f := &t.frames[t.sp]
	return f.ret, f.fp, acc, mb, ml, t
}

func returnMany(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	for i := uint16(0); i < pc.c; i++ {
		*slot(fp, i) = *slot(fp, pc.b+i)
	}
	t.sp--
	f := &t.frames[t.sp]
	return f.ret, f.fp, acc, mb, ml, t
}

// Tail calls: the callee takes the place of the frame. c counts the slots of the arguments, which begin at slot a.

func returnCall(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return t.tailCall(pc, fp, t.inst.funcs[pc.imm])
}

func returnCallImport(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return t.tailCall(pc, fp, t.inst.funcs[pc.imm])
}

func returnCallIndirect(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	fn, trap := t.indirect(pc, fp)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	return t.tailCall(pc, fp, fn)
}

func (t *Thread) tailCall(pc *instr, fp unsafe.Pointer, fn *Func) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	args := unsafe.Add(fp, uintptr(pc.a)*8)
	mem := t.inst.mem0()
	if fn.host != nil {
		// The host function is called where its arguments are; then the frame returns its results.
		sp := t.sp
		ret, fp, _, mb, ml, _ := t.callHost(pc, fp, args, fn)
		if ret == &haltInstr || t.sp != sp { // it has thrown, and a frame further down catches
			return ret, fp, 0, mb, ml, t
		}
		n := int(fn.nresults)
		copy(slots(fp, 0, n), slots(fp, pc.a, n))
		t.sp--
		f := &t.frames[t.sp]
		return f.ret, f.fp, 0, mb, ml, t
	}
	c, err := fn.lowered()
	if err != nil {
		return t.fail(pc, err), fp, 0, mem.base(), mem.Size(), t
	}
	_, fp, ok := t.growStack(fp, fp, c.room)
	if !ok {
		return t.trap(pc, TrapStackExhausted), fp, 0, mem.base(), mem.Size(), t
	}
	copy(slots(fp, 0, int(pc.c)), slots(fp, pc.a, int(pc.c)))
	f := &t.frames[t.sp-1]
	f.fn = fn
	if fn.inst != t.inst {
		if f.ret != &crossReturnInstr && f.ret != &nativeReturnInstr {
			f.link, f.ret = f.ret, &crossReturnInstr
		}
		t.inst = fn.inst
		mem = t.inst.mem0()
	}
	clear(slots(fp, uint16(fn.nparams), int(c.nlocals-fn.nparams)))
	return c.entry, fp, 0, mem.base(), mem.Size(), t
}
