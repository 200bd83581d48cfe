//go:build linux && (amd64 || arm64)

package interp

import (
	"fmt"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// enterNative enters the unit that stands for pc, of which there is one; the interpreter goes on if it cannot.
func (t *Thread) enterNative(pc *instr, fp, mb unsafe.Pointer, ml uint64) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return t.inInterp(t.runUnit(pc, fp))
}

// runUnit is enterNative for those who do not look at memory 0.
func (t *Thread) runUnit(pc *instr, fp unsafe.Pointer) (*instr, unsafe.Pointer, uint64) {
	nt, ni := t.native.Load(), t.inst.native.Load()
	if ni == nil {
		ni = t.inst.makeNative()
	}
	u := siteOf(pc).unit[t.mode%nativeModes].Load() // see makeNative
	if u.Memory != ni.memory || t.mode != nativeCounts && t.attention.Load()&(attnFuel|attnCount) != 0 {
		return next(pc), fp, 0
	}
	if nt == nil {
		if nt = t.makeNative(); nt == nil {
			return next(pc), fp, 0
		}
	}
	if nt.ctx.nsp-returnCell < nt.ctx.nativeLimit {
		return next(pc), fp, 0
	}
	if u.Loop >= 0 && uintptr(fp)+uintptr(u.Room)*8 > t.stackEnd {
		// The interpreter has made room for the function's frame, not for what is inlined in the loop.
		var ok bool
		if _, fp, ok = t.growStack(fp, fp, uintptr(u.Room)); !ok {
			return next(pc), fp, 0
		}
	}
	first, start := t.sp-1, nt.ctx.nsp
	f := &t.frames[first]
	kind := f.fn.result
	nt.begin(first)
	nt.skip = t.attention.Load() != 0
	t.ready(nt, fp)
	if t.mode == nativeCounts {
		nt.ctx.ints[nativeCountReg]++ // the unit counts where it begins, and so has the interpreter
	}
	callMachine(&nt.ctx, u.Entry)
	if nt.ctx.left == leftReturned {
		// The ordinary case of what leftNative does: machine code has not been left in between, so all is where it was.
		nt.skip = false
		if t.mode == nativeCounts {
			t.settle(nt)
		}
		nt.ctx.nsp = start
		nt.segments = nt.segments[:len(nt.segments)-1]
		t.sp = first
		if kind != resultSlots {
			t.storeResult(nt, kind, unsafe.Add(t.stackBase, nt.ctx.fp-uintptr(t.stackBase)))
		}
		return f.ret, f.fp, 0
	}
	pc, fp, acc, _, _, _ := t.leftNative(nt)
	return pc, fp, acc
}

// nativeReturn goes back to the machine code that has called the frame whose record was popped just now.
func nativeReturn(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	nt := t.native.Load()
	n := len(nt.segments) - 1
	if n < 0 || !nt.segments[n].interpreted || nt.segments[n].frame != t.sp {
		panic("godwit: bug: the interpreter returns to machine code that has not called it")
	}
	t.inst = t.frames[t.sp-1].fn.inst
	if t.uncounted() {
		t.interpretAll()
		return t.inInterp(t.frames[t.sp].link, fp, 0)
	}
	nt.ctx.nsp = nt.segments[n].start
	nt.segments = nt.segments[:n]
	_, s := t.site(nt, *nt.word(nt.ctx.nsp))
	how := stubs.resume
	fp = unsafe.Add(fp, -8*s.Inlined.base())
	if s.Kind == SiteCall {
		fp, how = unsafe.Add(fp, 8*int(s.ArgSlot)), stubs.resumeReturn
		wholeResult(t.frames[t.sp].fn, fp)
	}
	t.goOn(nt, fp)
	enterMachine(&nt.ctx, how)
	return t.leftNative(nt)
}

// inInterp is what a handler returns for the interpreter to go on at pc.
func (t *Thread) inInterp(pc *instr, fp unsafe.Pointer, acc uint64) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	m := t.inst.mem0()
	return pc, fp, acc, m.base(), m.Size(), t
}

// leftNative does what machine code has been left for, and lets it go on, until the interpreter has to.
func (t *Thread) leftNative(nt *nativeThread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	c := &nt.ctx
	for {
		var pc uintptr // where machine code is entered again
		skip := nt.skip
		nt.skip = false
		if t.mode == nativeCounts {
			skip = t.settle(nt)
		}
		at := unsafe.Add(t.stackBase, c.fp-uintptr(t.stackBase))
		if c.left == leftReturned {
			n := len(nt.segments) - 1
			i := nt.segments[n].frame
			f := &t.frames[i]
			t.storeResult(nt, f.fn.result, at)
			t.sp = i
			if nt.drop() {
				t.goOn(nt, at)
				enterMachine(c, stubs.resumeReturn)
				continue
			}
			return t.inInterp(f.ret, f.fp, 0)
		}
		nt.refresh()
		ra := *nt.word(c.nsp)
		if e := nt.cached(ra); e.pc == ra && e.inst == t.inst && c.left|c.fault == 0 && !t.alone {
			in, fp, goesOn := t.cachedHost(nt, e, at)
			if !goesOn {
				return t.inInterp(in, fp, 0)
			}
			enterMachine(c, stubs.resume)
			continue
		}
		if c.left == leftCallee {
			in, fp, goesOn := t.nativeCallee(nt, ra, at)
			if !goesOn {
				return t.inInterp(in, fp, 0)
			}
			t.goOn(nt, fp)
			enterMachine(c, stubs.resumeReturn)
			continue
		}
		var u *NativeUnit
		var s *NativeSite
		if c.fault == 0 {
			u, s = t.site(nt, ra)
		} else {
			u, s = t.faultSite(ra)
		}
		fn := t.inst.funcs[u.Func]
		t.hide(nt, c.nsp+returnCell+uintptr(s.FrameBytes), fn, at, s.Inlined)
		base := s.Inlined.base()
		fn, at = t.inlinedAt(s.Inlined, fn, at)
		switch s.Kind {
		case SiteImport:
			in := &loweredCode(fn).instrs[s.Point-1]
			in, fp, goesOn := t.nativeHost(nt, in, at, unsafe.Add(at, 8*(int(s.ArgSlot)-base)), t.inst.funcs[s.Callee])
			if !goesOn {
				return t.inInterp(in, fp, 0)
			}
			if e, callee := nt.cached(ra), t.inst.funcs[s.Callee]; callee.host != nil && !callee.refResults && s.Inlined == nil && e.pc == ra {
				e.inst, e.fn, e.callee, e.at = t.inst, fn, callee, &loweredCode(fn).instrs[s.Point-1]
			}
			t.goOn(nt, unsafe.Add(fp, -8*base))
			pc = stubs.resume
		case SiteStep:
			in, fp, goesOn := t.nativeStep(nt, s, fn, at)
			if !goesOn {
				return t.inInterp(in, fp, 0)
			}
			t.goOn(nt, unsafe.Add(fp, -8*base))
			pc = stubs.resume
		case SiteEntry, SitePoll:
			in, fp, goesOn := t.nativePoll(nt, u, s, fn, at, skip)
			if !goesOn {
				return t.inInterp(in, fp, 0)
			}
			t.goOn(nt, unsafe.Add(fp, -8*base))
			pc = stubs.resumeSaved
		case SiteType:
			have, want := t.inst.funcAt(c.ints[s.RegA]), c.ints[s.RegB]
			if !t.store.rtts[have.typeID].isSub(t.store.rtts[want]) {
				return t.inInterp(t.nativeTrap(fn, s, TrapIndirectCallTypeMismatch), at, 0)
			}
			t.goOn(nt, unsafe.Add(at, -8*base))
			pc = stubs.resumeSaved
		case SiteExit, SiteSide:
			t.showNative()
			t.leaveNative()
			acc, code := uint64(0), loweredCode(fn)
			if s.Acc >= 0 {
				acc = *slot(at, uint16(s.Acc))
			}
			t.wayOut(u, s, code, at)
			return t.inInterp(&code.instrs[s.Point], at, acc)
		case SiteTrap, SiteFault:
			return t.inInterp(t.nativeTrap(fn, s, s.Trap), at, 0)
		default:
			panic(fmt.Sprintf("godwit: bug: machine code of %s was left at a site of kind %d", fn.Name(), s.Kind))
		}
		enterMachine(c, pc)
	}
}

// storeResult writes the only result of a function that has returned to slot 0 of its frame.
func (t *Thread) storeResult(nt *nativeThread, kind resultKind, fp unsafe.Pointer) {
	c := &nt.ctx
	switch kind {
	case result32:
		*slot(fp, 0) = uint64(uint32(c.ints[nativeIntResult]))
	case result64:
		*slot(fp, 0) = c.ints[nativeIntResult]
	case resultF32:
		*slot(fp, 0) = uint64(uint32(c.floats[nativeFloatResult][0]))
	case resultF64:
		*slot(fp, 0) = c.floats[nativeFloatResult][0]
	case resultV128:
		*slot(fp, 0), *slot(fp, 1) = c.floats[nativeFloatResult][0], c.floats[nativeFloatResult][1]
	}
}

// wholeResult clears the upper half of a result of 32 bits of fn, at fp: what the interpreter or a host function has left there does not
// count, but machine code takes the register for zero-extended.
func wholeResult(fn *Func, fp unsafe.Pointer) {
	if fn.result == result32 {
		*slot(fp, 0) = uint64(uint32(*slot(fp, 0)))
	}
}

// spreadArgs writes the arguments that machine code has passed in registers to the callee's slots.
func (t *Thread) spreadArgs(nt *nativeThread, fn *Func, fp unsafe.Pointer) {
	c := &nt.ctx
	at, ints, floats := uint16(0), 0, 0
	for _, p := range fn.typ.Params {
		switch p {
		case wasm.F32, wasm.F64, wasm.V128:
			if floats < len(nativeFloatArgs) {
				v := &c.floats[nativeFloatArgs[floats]]
				floats++
				switch p {
				case wasm.F32:
					*slot(fp, at) = uint64(uint32(v[0]))
				case wasm.V128:
					*slot(fp, at+1) = v[1]
					fallthrough
				default:
					*slot(fp, at) = v[0]
				}
			}
		default:
			if ints < len(nativeIntArgs) {
				v := c.ints[nativeIntArgs[ints]]
				ints++
				if p == wasm.I32 {
					v = uint64(uint32(v))
				}
				*slot(fp, at) = v
			}
		}
		at += uint16(width(p))
	}
}

// nativeTrap ends the run with a trap at s, a site of fn.
func (t *Thread) nativeTrap(fn *Func, s *NativeSite, code TrapCode) *instr {
	t.showNative()
	t.exitPos = s.Pos
	return t.trap(loweredCode(fn).entry, code)
}

// nativeCallee calls a function that has no machine code, or none for this instance; nfp is its frame. ra is the
// return address, on top of the machine stack.
func (t *Thread) nativeCallee(nt *nativeThread, ra uintptr, nfp unsafe.Pointer) (in *instr, fp unsafe.Pointer, goesOn bool) {
	c := &nt.ctx
	u, s := t.site(nt, ra)
	own, at := t.inst.funcs[u.Func], unsafe.Add(nfp, -8*int(s.ArgSlot))
	caller, fp := t.inlinedAt(s.Inlined, own, at)
	in = &loweredCode(caller).instrs[s.Point-1]
	var fn *Func
	if s.Callee != NoCallee {
		fn = t.inst.funcs[s.Callee]
	} else {
		fn = t.inst.funcAt(c.ints[nativeRecordReg])
	}
	t.spreadArgs(nt, fn, nfp)
	t.hide(nt, c.nsp+returnCell+uintptr(s.FrameBytes), own, at, s.Inlined)
	if in, fp, goesOn = t.nativeHost(nt, in, fp, nfp, fn); goesOn {
		fp = unsafe.Add(fp, 8*(int(s.ArgSlot)-s.Inlined.base()))
		wholeResult(fn, fp)
	}
	return in, fp, goesOn
}

// nativeHost calls fn, a host function or one that the interpreter runs, at the interpreter's instruction in of the hidden top frame,
// which is at fp; the arguments are at nfp. If machine code goes on, fp is where that frame is then.
func (t *Thread) nativeHost(nt *nativeThread, in *instr, fp, nfp unsafe.Pointer, fn *Func) (_ *instr, _ unsafe.Pointer, goesOn bool) {
	nsp := nt.ctx.nsp
	if fn.host == nil {
		t.showNative()
		code, err := fn.lowered()
		if err != nil {
			return t.fail(in, err), fp, false
		}
		fp, nfp, ok := t.grow(fp, nfp, code.room)
		if !ok {
			return t.trap(in, TrapStackExhausted), fp, false
		}
		t.frames[t.sp] = frame{ret: &nativeReturnInstr, link: next(in), fp: fp, fn: fn, nsp: nsp}
		nt.interpret(t.sp)
		t.sp++
		t.inst = fn.inst
		clear(slots(nfp, uint16(fn.nparams), int(code.nlocals-fn.nparams)))
		return code.entry, nfp, false
	}
	if t.alone {
		t.showNative() // while a host function waits, objects may be collected
	}
	to, fp, _, _, _, _ := t.callHost(in, fp, nfp, fn)
	return t.hostCalled(nt, to, next(in), fp, nsp)
}

// cachedHost is nativeHost for a site that has called a host function before; machine code can be entered if it goes on. In the ordinary case,
// that the host function returns without an error and has not called back, the frames stay hidden and all that is in the
// context is as machine code has left it.
func (t *Thread) cachedHost(nt *nativeThread, e *cachedSite, fp unsafe.Pointer) (_ *instr, _ unsafe.Pointer, goesOn bool) {
	c, s, caller := &nt.ctx, e.site, &t.caller
	t.hide(nt, c.nsp+returnCell+uintptr(s.FrameBytes), e.fn, fp, nil)
	nfp := unsafe.Add(fp, 8*int(s.ArgSlot))
	if t.hasPending || caller.again || caller.inst != t.inst {
		in, fp, goesOn := t.nativeHost(nt, e.at, fp, nfp, e.callee)
		if goesOn {
			t.goOn(nt, fp)
		}
		return in, fp, goesOn
	}
	nsp, in, callee := c.nsp, e.at, e.callee // a call back may need e for another address
	n := callee.slots
	t.exitPC, t.exitFP, t.top = uintptr(unsafe.Pointer(in)), fp, uintptr(nfp)-uintptr(t.stackBase)+n*8
	t.atCall = true
	before, args := t.stackBase, unsafe.Slice((*uint64)(nfp), n)
	err := callee.host.Call(caller, args)
	if err == nil && nt.hidden && !t.hasPending && c.limit.Load() == t.stackEnd && uintptr(t.inst.mem0().base()) == c.mem0 {
		nt.hidden = false
		if t.mode == nativeCounts {
			t.grant(nt)
		}
		return nil, fp, true
	}
	to, fp, _, _, _, _ := t.hostReturned(in, fp, nfp, callee, before, args, err)
	if in, fp, goesOn = t.hostCalled(nt, to, next(in), fp, nsp); goesOn {
		t.goOn(nt, fp)
	}
	return in, fp, goesOn
}

// hostCalled says whether machine code goes on behind a call of a host function, whose outcome is that the interpreter would go on
// at to; the machine stack was at nsp.
func (t *Thread) hostCalled(nt *nativeThread, to, next *instr, fp unsafe.Pointer, nsp uintptr) (_ *instr, _ unsafe.Pointer, goesOn bool) {
	if to == next && t.exit == exitNone && len(nt.segments) > 0 {
		if t.uncounted() { // it has given the program its first fuel
			t.interpretAll()
			return to, fp, false
		}
		nt.ctx.nsp = nsp
		return nil, fp, true
	}
	if t.exit == exitSuspended {
		t.leaveNative()
	}
	return to, fp, false
}

// nativeStep does an instruction for the hidden top frame, of fn at fp.
func (t *Thread) nativeStep(nt *nativeThread, site *NativeSite, fn *Func, fp unsafe.Pointer) (_ *instr, _ unsafe.Pointer, goesOn bool) {
	st := site.Step
	first := &st.code[0]
	if t.step != st {
		t.step = st
	}
	t.stepPC = uintptr(unsafe.Pointer(&loweredCode(fn).instrs[st.at]))
	switch site.how {
	case stepWaits:
		t.showNative()
	case stepLeaves:
		t.showNative()
		t.leaveNative()
		return first, fp, false
	}
	nsp := nt.ctx.nsp
	size := uintptr(len(st.code)) * instrSize
	m := t.inst.mem0()
	pc, mb, ml, acc := first, m.base(), m.Size(), uint64(0)
	for {
		if pc.op == opStepDone {
			nt.ctx.nsp = nsp
			return nil, fp, true
		}
		pc, fp, acc, mb, ml, t = (*(*handler)(unsafe.Pointer(&pc)))(pc, fp, acc, mb, ml, t)
		if uintptr(unsafe.Pointer(pc))-uintptr(unsafe.Pointer(first)) >= size {
			break
		}
	}
	t.showNative()
	if t.exit == exitSuspended || t.exit == exitNone {
		t.leaveNative()
	}
	return pc, fp, false
}

// nativePoll is a safepoint in machine code, or a function's entry where the stack has no room. skip says that the safepoint has been
// counted already. If machine code does not go on, the interpreter does, at in.
func (t *Thread) nativePoll(nt *nativeThread, u *NativeUnit, s *NativeSite, fn *Func, fp unsafe.Pointer, skip bool) (in *instr, _ unsafe.Pointer, goesOn bool) {
	code := loweredCode(fn)
	at := code.entry
	if s.Kind == SitePoll {
		at = &code.instrs[s.Point]
	} else if room := uintptr(max(u.Room, int(code.room))); uintptr(fp)+room*8 > t.stackEnd || nt.hiddenRA < nt.ctx.nativeLimit {
		// The room comes first: the function has not been entered before there is some.
		t.showNative()
		ok := nt.hiddenRA >= nt.ctx.nativeLimit
		if ok {
			_, fp, ok = t.growStack(fp, fp, room)
		}
		if !ok {
			// The call traps, as it does in the interpreter.
			if ret := t.frames[t.sp-1].returns(); ret != &leaveInstr {
				at = (*instr)(unsafe.Add(unsafe.Pointer(ret), -int(instrSize)))
				t.sp--
			} else {
				w := fn.inst.module.wasm
				t.exitPos = w.Code[int(fn.index)-w.NumImportedFuncs].Offset
			}
			return t.trap(at, TrapStackExhausted), fp, false
		}
	}
	if t.attention.Load() != 0 && !skip {
		t.showNative()
		if s.Kind == SiteEntry {
			clear(slots(fp, uint16(fn.nparams), int(code.nlocals-fn.nparams)))
		}
		if t.uncounted() {
			t.interpretAll()
			return at, fp, false
		}
		if err := t.safepoint(at, fp); err != nil {
			return t.fail(at, err), fp, false
		}
	}
	return nil, fp, true
}
