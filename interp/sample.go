package interp

import "unsafe"

// Sampling: from time to time somebody asks where the threads are (Store.Sample), and each says so at its next safepoint, in
// whichever tier it is. What it says is numbers; Place.Frame makes something for people of them, later.
//
// A safepoint is the entry of a function or the head of a loop, so that what is seen is where the program comes by, not where
// its processor spends its cycles between two of these.

// Place is where a frame stands.
type Place struct {
	Func *Func
	at   int32 // index of the instruction; of a frame that has called another, of the call
}

// Frame describes the place.
func (p Place) Frame() TraceFrame {
	return p.Func.traceFrame(p.Func.inst.module.layout(p.Func.index, nil, nil).offset(int(p.at)))
}

// Key are numbers by which the places of a store are told apart.
func (p Place) Key() (fn, at uint32) { return p.Func.addr, uint32(p.at) }

// SetSampler sets what is called with the stack of a thread, innermost frame first, when Sample has asked for it. It is
// called on the thread, at a safepoint; stack is valid until it returns. nil ends that.
func (s *Store) SetSampler(take func(stack []Place)) {
	if take == nil {
		s.sampler.Store(nil)
		return
	}
	s.sampler.Store(&take)
}

// Sample asks every thread that runs for its stack.
func (s *Store) Sample() {
	z := &s.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, t := range s.threads {
		if t.state.Load() == threadRunning {
			t.attend(attnSample)
		}
	}
}

// sample answers Sample, at a safepoint.
func (t *Thread) sample() {
	t.attention.And(^attnSample)
	take := t.store.sampler.Load()
	if take == nil {
		return
	}
	t.places = t.places[:0]
	pc := t.place(t.exitPC)
	for i := t.sp - 1; i >= 0 && len(t.places) < maxTrace; i-- {
		f := &t.frames[i]
		if c := f.fn.code.Load(); c != notLowered {
			at := c.indexOf(pc)
			if i != t.sp-1 {
				at-- // pc is where the call returns to
			}
			t.places = append(t.places, Place{f.fn, int32(at)})
		}
		pc = uintptr(unsafe.Pointer(f.returns()))
	}
	(*take)(t.places)
}
