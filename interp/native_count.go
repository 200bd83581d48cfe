//go:build linux && (amd64 || arm64)

package interp

// Counting in machine code. Fuel and CountSafepoints count each entry of a function and each iteration of a loop, the same number whoever
// executes it. Machine code that counts is another code than the one that does not: a module has two sets of units and two tables of entries
// (nativeMode), and a store uses one of them, the other kind from the moment on when somebody wants something counted.
//
// # The register
//
// Code that counts keeps in a register (nativeCountReg) how many safepoints it may still pass. A function's entry takes one off behind the check of the stack; a
// loop's head takes off NativeContext.step, which is 1 until the thread is wanted, and then so much (countWanted) that nothing can be
// left. So one subtraction and one branch are both the count and the poll. Where machine code is left, the register is in the
// context, and says
//
//	^0             there was nothing left to take one off
//	from 1<<63 on  the thread was wanted: what there is, and countWanted too little
//	else           what there is
//
// In none of these cases has the safepoint been counted at which machine code was left; nativePoll counts it, as the interpreter does.
//
// # What is granted
//
// While Go runs, Thread.fuel and freezer.passed are right: settle, which is the first thing when machine code has been left, takes off
// what was used. Before machine code goes on, it is granted as much as may pass before something is to happen: the end of the fuel, or the number at which
// somebody wants to be called. There it leaves, and all that is exact is done in one place (Thread.safepoint).
//
// The interpreter has counted the safepoint at which it enters machine code. The unit counts it again; it is granted one more for that.
//
// # When a store changes over
//
// Only while it has one thread, which does not run and has no machine frames. Somebody who gives fuel to a program in the midst of a host call, and has
// given it none before, has what is left of its calls interpreted, those in progress too: behind the host call, at the next poll, and where the
// interpreter would return to machine code, all machine frames are made the interpreter's (interpretAll). The code that is there has no safepoints where
// the interpreter counts some, at entries of what is inlined. A store of several threads that counts is interpreted.

const maxGrant = 1 << 62

// countNatively makes machine code of the store's thread count from now on, if that can be. freezer.mu is held.
func (s *Store) countNatively() {
	if s.mode == nativeCounts || len(s.threads) > 1 {
		return
	}
	// A thread that begins at this moment either says so before it is looked at, or finds that the program is being frozen and
	// waits for mu.
	z := &s.freezer
	was := z.freezing.Swap(true)
	defer z.freezing.Store(was)
	for _, t := range s.threads {
		if nt := t.native.Load(); !t.still() || nt != nil && len(nt.segments) > 0 {
			return
		}
		t.mode = nativeCounts
	}
	s.nativeMu.Lock()
	defer s.nativeMu.Unlock()
	s.mode = nativeCounts
	for _, i := range s.instances {
		i.native.Store(nil) // it has the entries of the other code
	}
}

// uncounted tells whether somebody counts what the thread's machine code does not.
func (t *Thread) uncounted() bool {
	return t.mode != nativeCounts && t.attention.Load()&(attnFuel|attnCount) != 0
}

// interpretAll makes all machine frames of the run in progress the interpreter's. The top frame stands where all that is alive is in slots: behind a call,
// at a function's entry or at a loop's head.
func (t *Thread) interpretAll() {
	t.showNative()
	base := 0
	if n := len(t.outer); n > 0 {
		base = t.outer[n-1].sp // those below wait for Go
	}
	for i := base; i < t.sp; i++ {
		f := &t.frames[i]
		switch {
		case f.ret != &nativeReturnInstr:
		case f.fn.inst != t.frames[i-1].fn.inst:
			f.ret = &crossReturnInstr
		default:
			f.ret, f.link = f.link, nil
		}
	}
	t.cutNative(base)
}

// wanted are the bits of attention that machine code does not see to by counting.
func (t *Thread) wanted() uint32 {
	a := t.attention.Load()
	if t.mode == nativeCounts {
		a &^= attnFuel | attnCount
	}
	return a
}

// grant says how many safepoints machine code may pass.
func (t *Thread) grant(nt *nativeThread) {
	n, a := uint64(maxGrant), t.attention.Load()
	if a&attnFuel != 0 {
		n = min(n, t.fuel)
	}
	if a&attnCount != 0 {
		n = min(n, t.uncalled())
	}
	nt.granted, nt.charged = n, a
	nt.ctx.ints[nativeCountReg] = n
}

// settle takes note of the safepoints that machine code has passed. It reports whether machine code was left at the one at which it was entered.
func (t *Thread) settle(nt *nativeThread) (counted bool) {
	left := nt.ctx.ints[nativeCountReg]
	switch {
	case left == ^uint64(0):
		left = 0
	case left >= countWanted:
		left -= countWanted
	}
	if left > nt.granted {
		return true
	}
	if used := nt.granted - left; used > 0 {
		if nt.charged&attnFuel != 0 {
			t.fuel -= used
		}
		if nt.charged&attnCount != 0 {
			t.passed(used)
		}
	}
	return false
}
