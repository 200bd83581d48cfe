//go:build linux && (amd64 || arm64)

package interp

import "unsafe"

// Records of machine frames. When machine code has been left, hidden is set until somebody wants to see the frames; then records are made
// by walking the machine stack from the top to the first frame of the segment, whose record is there. Which function that frame is of is found out by the
// walk, too: the one of the record may have made a tail call. When machine code goes on, the records above that one are dropped again, because
// machine code returns without taking any away. So that this costs nothing where calls are nested deeply, a frame not far below the top is made
// the first one of a segment then: its return address is replaced by that of the stub that leaves.

// showNative makes the records of machine frames that have none.
func (t *Thread) showNative() {
	if nt := t.native.Load(); nt != nil && nt.hidden {
		nt.hidden = false
		t.addRecords(nt, nt.hiddenRA, nt.hiddenFn, unsafe.Add(t.stackBase, nt.hiddenFP), nt.hiddenIn)
	}
}

// hide remembers the topmost machine frame, of fn, whose slots are at fp and whose return address is at ra, and which of the functions
// inlined in it it stands in.
func (t *Thread) hide(nt *nativeThread, ra uintptr, fn *Func, fp unsafe.Pointer, in *NativeInline) {
	nt.hidden, nt.hiddenRA, nt.hiddenFP = true, ra, uintptr(fp)-uintptr(t.stackBase)
	if nt.hiddenFn != fn {
		nt.hiddenFn = fn
	}
	if nt.hiddenIn != in {
		nt.hiddenIn = in
	}
}

// inlinedAt is the function of n and its frame, when fn is the unit's own and fp that one's.
func (t *Thread) inlinedAt(n *NativeInline, fn *Func, fp unsafe.Pointer) (*Func, unsafe.Pointer) {
	if n == nil {
		return fn, fp
	}
	return t.inst.funcs[n.Func], unsafe.Add(fp, 8*int(n.Base))
}

// inlineRecords makes the records of n and what it is inlined in, down to the frame of fn at fp, from record i downwards. It returns the
// number of that frame's.
func (t *Thread) inlineRecords(n *NativeInline, i int, fn *Func, fp unsafe.Pointer) int {
	for ; n != nil; n = n.Parent {
		caller, at := t.inlinedAt(n.Parent, fn, fp)
		t.frames[i] = frame{ret: &loweredCode(caller).instrs[n.Point], fp: at, fn: t.inst.funcs[n.Func]}
		i--
	}
	return i
}

// addRecords makes records of the machine frame of fn whose return address is at ra, of what is inlined in it where it stands, and of those
// below it up to the segment's first one.
func (t *Thread) addRecords(nt *nativeThread, ra uintptr, fn *Func, fp unsafe.Pointer, in *NativeInline) {
	n := in.Frames()
	for at := ra; *nt.word(at) != stubs.returned; n++ {
		_, s := t.site(nt, *nt.word(at))
		at += returnCell + uintptr(s.FrameBytes)
		n += s.Inlined.Frames()
	}
	if need := t.sp + n; need > len(t.frames) {
		// The machine stack's limit bounds them, as that of frames does the interpreter's.
		frames := make([]frame, max(need+need/4, 2*len(t.frames)))
		copy(frames, t.frames[:t.sp])
		t.frames = frames
	}
	below := t.sp
	t.sp += n
	for i := t.inlineRecords(in, t.sp-1, fn, fp); i >= below; {
		u, s := t.site(nt, *nt.word(ra))
		own, at := t.inst.funcs[u.Func], unsafe.Add(fp, -8*int(s.ArgSlot))
		caller, cfp := t.inlinedAt(s.Inlined, own, at)
		t.frames[i] = frame{ret: &nativeReturnInstr, link: &loweredCode(caller).instrs[s.Point], fp: cfp, fn: fn, nsp: ra}
		fn, fp = own, at
		ra += returnCell + uintptr(s.FrameBytes)
		i = t.inlineRecords(s.Inlined, i-1, fn, fp)
	}
	if first := &t.frames[below-1]; first.fn != fn {
		first.fn = fn // tail-called by the one that was entered
	}
}

// loweredCode is the lowered code of a function that has machine code.
func loweredCode(f *Func) *code {
	if c := f.code.Load(); c != notLowered {
		return c
	}
	c, err := f.lowered()
	if err != nil {
		panic("godwit: bug: a function with machine code cannot be lowered: " + err.Error())
	}
	return c
}

// begin makes frame i, which the interpreter has run so far, the first one of a segment.
func (nt *nativeThread) begin(i int) {
	c := &nt.ctx
	nt.segments = append(nt.segments, segment{frame: i, start: c.nsp})
	c.nsp -= returnCell
	*nt.word(c.nsp) = stubs.returned
}

// interpret says that frame i, whose caller is machine code, is the interpreter's. Its return address is on top of the machine stack.
func (nt *nativeThread) interpret(i int) {
	nt.segments = append(nt.segments, segment{frame: i, start: nt.ctx.nsp, interpreted: true})
}

// drop takes the top segment away, which begins with a machine frame that is gone. It reports whether a segment below goes on.
func (nt *nativeThread) drop() (goesOn bool) {
	n := len(nt.segments) - 1
	s := &nt.segments[n]
	nt.ctx.nsp = s.start
	goesOn = s.watched != 0
	if goesOn {
		nt.ctx.nsp -= returnCell
		*nt.word(nt.ctx.nsp) = s.watched
	}
	nt.segments = nt.segments[:n]
	return goesOn
}

// leaveNative says that the top frame is from now on the interpreter's, and that nothing above it is on the machine stack any
// more. Records have been made.
func (t *Thread) leaveNative() {
	nt := t.native.Load()
	if nt == nil {
		return
	}
	top := t.sp - 1
	for len(nt.segments) > 0 {
		s := &nt.segments[len(nt.segments)-1]
		own := top // the frame of the unit's own function: what is inlined in it goes with it
		for !s.interpreted && own > s.frame && t.frames[own].ret != &nativeReturnInstr {
			own--
		}
		switch {
		case s.frame > top:
			nt.ctx.nsp = s.start
			nt.segments = nt.segments[:len(nt.segments)-1]
			continue
		case s.interpreted:
			nt.ctx.nsp = s.start
		case s.frame == own:
			if nt.drop() {
				nt.interpret(own)
			}
		default:
			nt.ctx.nsp = t.frames[own].nsp
			nt.interpret(own)
		}
		return
	}
}

// cutNative forgets what the machine stack has of frames from n on.
func (t *Thread) cutNative(n int) {
	nt := t.native.Load()
	if nt == nil {
		return
	}
	nt.hidden = false
	for k := len(nt.segments) - 1; k >= 0 && nt.segments[k].frame >= n; k-- {
		nt.ctx.nsp = nt.segments[k].start
		nt.segments = nt.segments[:k]
	}
}

// nativeMark is where the machine stack stands when a host function calls back.
type nativeMark struct {
	segments int
	nsp      uintptr
}

func (t *Thread) nativeMark() (m nativeMark) {
	if nt := t.native.Load(); nt != nil {
		m.segments, m.nsp = len(nt.segments), nt.ctx.nsp
	}
	return m
}

// nativeReset is the end of the call back.
func (t *Thread) nativeReset(m nativeMark) {
	nt := t.native.Load()
	switch {
	case nt == nil:
	case m.nsp == 0: // the thread has run machine code for the first time
		nt.segments, nt.ctx.nsp, nt.hidden = nt.segments[:0], nt.top, false
	default:
		nt.segments, nt.ctx.nsp, nt.hidden = nt.segments[:m.segments], m.nsp, false
	}
}

// goOn prepares that machine code of the top segment goes on, with its frame register at fp.
func (t *Thread) goOn(nt *nativeThread, fp unsafe.Pointer) {
	first := nt.segments[len(nt.segments)-1].frame
	if top := t.sp - 1; top-first > barrierFrames {
		first = top - barrierFrames/2
		for t.frames[first].ret != &nativeReturnInstr {
			first-- // it is inlined
		}
		f := &t.frames[first]
		w := nt.word(f.nsp)
		nt.segments = append(nt.segments, segment{frame: first, start: f.nsp + returnCell, watched: *w})
		*w = stubs.returned
	}
	t.sp = first + 1
	t.ready(nt, fp)
}

// ready is goOn for a segment with one frame.
func (t *Thread) ready(nt *nativeThread, fp unsafe.Pointer) {
	nt.hidden = false
	c, ni, m := &nt.ctx, t.inst.native.Load(), t.inst.mem0()
	c.fp, c.mem0, c.instance = uintptr(fp), uintptr(m.base()), uintptr(unsafe.Pointer(unsafe.SliceData(ni.block)))
	if ni.block[WordMem0] != c.mem0 {
		ni.block[WordMem0] = c.mem0
	}
	if l := c.limit.Load(); l != t.stackEnd {
		t.limitNative(nt)
		if l == 0 {
			nativePreempt() // it may have been the scheduler or the collector who wanted the goroutine
		}
	}
	if t.mode == nativeCounts {
		t.grant(nt)
	}
}
