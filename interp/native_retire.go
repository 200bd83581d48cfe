//go:build linux && (amd64 || arm64)

package interp

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"weak"
)

// Machine code that nobody can reach any more. A unit that another one has replaced - a region that has grown, a unit that was compiled again - is
// retired: nothing leads to it from outside. The instruction that it stood for names the new unit, and the word through which machine code calls
// the function has the new one's address; a unit calls only itself directly, and what is inlined is a copy. What may be left of it is what
// threads had of it before:
//
//   - a return address on the machine stack, or, where a return is watched, in the segment;
//   - an address in a register that was saved when machine code was left;
//   - the unit itself, between the look at the instruction and the call of its code.
//
// The address that a tail call jumps to is in no register when machine code is left: it is loaded by the jump itself, or by the instruction before.
//
// No list is kept of that, because entering and leaving machine code would have to keep it. It is found out by asking (Module.Reclaim): each
// thread that may run the module, and that runs when it is asked, answers at its next safepoint, for itself, and looks at every word of its
// machine stack. What the answers do not name, after all have been heard, is held by nobody:
//
//   - A thread that is idle when it is asked holds nothing. It has no machine frames. When it begins, which is an atomic change of its state, it
//     sees what was published before it was looked at.
//   - A thread that has answered without naming a unit never comes to hold it again, for the same reason. No safepoint is between
//     the look at an instruction and the call of its code (Thread.runUnit).
//   - Threads that are made later, and threads of stores that come later (Instance.makeNative), look later.
//
// A word that only looks like an address keeps a unit, wrongly, for as long as it stands there; the machine stack has no map that would say which words are
// what, and needs none. What somebody holds is asked for again with the next question. A thread that is in a host function, or waits in one, answers when it is
// back: until then nothing that the module has retired is freed, but no more than that waits.
//
// What is freed is filled with traps at once, and rests before it is used again: see native_code_linux.go.

// retirement is what there is to know of a module's units that were replaced. nativeUnits.mu guards all but asking.
type retirement struct {
	asking  sync.Mutex                       // held for the length of Reclaim
	stores  map[weak.Pointer[Store]]struct{} // those whose threads may hold units, and some that are gone
	prune   int                              // with how many of them those that are gone are looked for
	retired []*NativeUnit                    // what was replaced and has not been freed

	// The question.
	asked  []*NativeUnit // by Base
	held   []bool        // of each, whether a thread holds it
	unsaid map[*Thread]struct{}
}

// mayRun says that threads of s look units up from now on.
func (n *nativeUnits) mayRun(s *Store) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.stores) >= n.prune {
		maps.DeleteFunc(n.stores, func(w weak.Pointer[Store], _ struct{}) bool { return w.Value() == nil })
		n.prune = 2*len(n.stores) + 16
	}
	if n.stores == nil {
		n.stores = map[weak.Pointer[Store]]struct{}{}
	}
	n.stores[weak.Make(s)] = struct{}{}
}

// Replaced counts the units that were replaced and whose code has not been freed.
func (m *Module) Replaced() int {
	n := &m.native.Load().units
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.retired)
}

// Reclaim frees the code of units that were replaced and that no thread can reach any more (NativeUnit.Free is called, from here). Threads that run are
// asked and answer at their next safepoint, so that what becomes of a unit is known at a later call. It returns how many it has freed, and how many are
// left. It may be called by several goroutines at once, but not from NativeUnit.Free.
func (m *Module) Reclaim() (freed, left int) {
	n := &m.native.Load().units
	n.asking.Lock()
	defer n.asking.Unlock()
	freed = n.conclude()
	if n.ask() {
		freed += n.conclude() // where no thread runs, all is known
	}
	return freed, m.Replaced()
}

// ask begins to find out which units are held, if that is not going on.
func (n *nativeUnits) ask() bool {
	n.mu.Lock()
	if len(n.asked) > 0 || len(n.retired) == 0 {
		n.mu.Unlock()
		return false
	}
	n.asked = slices.SortedFunc(slices.Values(n.retired), func(a, b *NativeUnit) int { return cmp.Compare(a.Base, b.Base) })
	n.held = make([]bool, len(n.asked))
	stores := slices.Collect(maps.Keys(n.stores))
	n.mu.Unlock()

	var threads []*Thread
	for _, w := range stores {
		if s := w.Value(); s != nil {
			threads = s.running(threads)
		}
	}
	n.mu.Lock()
	n.unsaid = map[*Thread]struct{}{}
	for _, t := range threads {
		n.unsaid[t] = struct{}{}
	}
	n.mu.Unlock()
	for _, t := range threads { // the first may answer before the last is asked
		t.ask(n)
	}
	return true
}

// running adds the store's threads that run to a list.
func (s *Store) running(to []*Thread) []*Thread {
	s.freezer.mu.Lock()
	defer s.freezer.mu.Unlock()
	for _, t := range s.threads {
		if !t.still() {
			to = append(to, t)
		}
	}
	return to
}

// ask wants an answer of the thread at its next safepoint.
func (t *Thread) ask(n *nativeUnits) {
	z := &t.store.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	if !slices.Contains(t.asking, n) {
		t.asking = append(t.asking, n)
	}
	t.attend(attnRetire)
}

// answer says what the thread holds of what it is asked for, at a safepoint.
func (t *Thread) answer() {
	z := &t.store.freezer
	z.mu.Lock()
	t.attention.And(^attnRetire)
	asking := t.asking
	t.asking = nil
	z.mu.Unlock()
	for _, n := range asking {
		n.mu.Lock()
		if _, ok := n.unsaid[t]; ok {
			delete(n.unsaid, t)
			if nt := t.native.Load(); nt != nil {
				nt.holds(n.asked, n.held)
			}
		}
		n.mu.Unlock()
	}
}

// holds marks which of units, in ascending order, the thread may come back to. It is asked at a safepoint.
func (nt *nativeThread) holds(units []*NativeUnit, held []bool) {
	if len(nt.segments) == 0 {
		return
	}
	look := func(w uintptr) {
		i, ok := slices.BinarySearchFunc(units, w, func(u *NativeUnit, w uintptr) int { return cmp.Compare(u.Base, w) })
		if !ok {
			i--
		}
		// A return address may stand right behind the code.
		if i >= 0 && w-units[i].Base <= units[i].Size {
			held[i] = true
		}
		if ok && i > 0 && w-units[i-1].Base <= units[i-1].Size {
			held[i-1] = true
		}
	}
	lo := units[0].Base
	size := units[len(units)-1].Base + units[len(units)-1].Size - lo
	for at := nt.ctx.nsp; at < nt.top; at += wordSize {
		if w := *nt.word(at); w-lo <= size {
			look(w)
		}
	}
	for _, s := range nt.segments {
		look(s.watched)
	}
	for _, w := range nt.ctx.ints {
		look(uintptr(w))
	}
}

const wordSize = 8

// conclude frees what nobody holds, if all have answered. asking is held.
func (n *nativeUnits) conclude() (freed int) {
	n.mu.Lock()
	for t := range n.unsaid {
		if t.still() {
			delete(n.unsaid, t)
		}
	}
	if len(n.asked) == 0 || len(n.unsaid) > 0 {
		n.mu.Unlock()
		return 0
	}
	gone := map[*NativeUnit]bool{}
	for i, u := range n.asked {
		if !n.held[i] {
			gone[u] = true
		}
	}
	n.asked, n.held, n.unsaid = nil, nil, nil
	isGone := func(u *NativeUnit) bool { return gone[u] }
	n.retired = slices.DeleteFunc(n.retired, isGone)
	all := slices.DeleteFunc(slices.Clone(*n.all.Load()), isGone)
	n.all.Store(&all)
	n.mu.Unlock()
	for u := range gone {
		u.Free()
	}
	return len(gone)
}
