package interp

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Recording. Of a function that is large and hot the compiler wants to know which of its code really runs. While a function is
// recorded, the first word of each of its instructions, the handler's code address, is that of record: it notes that
// the instruction has been executed, puts the handler's own address back, and does what that does. So each instruction is noted once, and
// runs as ever from then on; instructions of functions that are not recorded never know of it. Branches keep record for longer:
// until both ways have been seen. So do calls through references, until they have called many functions: see record_calls.go.
//
// Threads share code. They see one address or the other, and both are right.

// Mark is a place in a function's record. Mark 0 is the function's first instruction, which is no way of a branch.
type Mark int32

// markRan is of instruction k that it has been executed; of a conditional branch, that it was not taken. The entries of a br_table,
// which are never executed, stand for its arms.
func markRan(k int) Mark { return Mark(2 * k) }

// markTaken is of a conditional branch that it was taken.
func markTaken(k int) Mark { return Mark(2*k + 1) }

// recording is what is known of a function. What is known stays when recording ends.
type recording struct {
	mu    sync.Mutex
	users int             // units for which the function is being recorded
	marks []atomic.Uint32 // two bits for each instruction
	calls []recordedCall  // those through references, in their order
}

func (r *recording) has(m Mark) bool { return r.marks[m>>5].Load()>>(uint(m)&31)&1 != 0 }

func (r *recording) set(m Mark) {
	if !r.has(m) {
		r.marks[m>>5].Or(1 << (uint(m) & 31))
	}
}

// recordCode is the code address of record.
var recordCode uintptr

// conditional are the branches that go one way or the other.
var conditional [opCount]bool

func init() {
	h := handler(record)
	recordCode = **(**uintptr)(unsafe.Pointer(&h))
	for i := range branchOps {
		b := &branchOps[i]
		for _, o := range []op{b.rr, b.ri, b.ar, b.ai, b.ra, b.notRR, b.notRI, b.notAR, b.notAI, addBranchOps[i].r, addBranchOps[i].i} {
			conditional[o] = true
		}
	}
	for _, o := range []op{opBrOnCast, opBrOnCastFail, opBrOnCastType, opBrOnCastFailType, opBrOnCastDescEq, opBrOnCastDescEqFail} {
		conditional[o] = true
	}
	conditional[0] = false // what rows without a form have
}

// record is the handler of an instruction that is recorded.
func record(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	c := t.frames[t.sp-1].fn.code.Load()
	r, k, o := c.rec.Load(), c.indexOf(uintptr(unsafe.Pointer(pc))), pc.op&^safepoint
	if r == nil { // the processor has seen the code address first
		return handlers[o](pc, fp, acc, mb, ml, t)
	}
	if conditional[o] {
		to, fp, acc, mb, ml, t := handlers[o](pc, fp, acc, mb, ml, t)
		if to == next(pc) {
			r.set(markRan(k))
		} else {
			r.set(markTaken(k))
		}
		if r.has(markRan(k)) && r.has(markTaken(k)) {
			pc.own()
		}
		return to, fp, acc, mb, ml, t
	}
	r.set(markRan(k))
	switch o {
	case opBrTable:
		r.set(markRan(k + 1 + arm(pc, fp)))
	case opCallIndirect, opCallRef:
		if r.call(k).add(t.inst, t.callee(pc, fp)) {
			pc.own()
		}
	default:
		pc.own()
	}
	return handlers[o](pc, fp, acc, mb, ml, t)
}

// own gives the instruction its own handler.
func (in *instr) own() { atomic.StoreUintptr(&in.code, codes[in.op&^safepoint]) }

// arm is the number of the way that the br_table at pc goes.
func arm(pc *instr, fp unsafe.Pointer) int { return int(min(uint64(uint32(*slot(fp, pc.b))), pc.imm)) }

// recording is the function's record, which is made if there is none.
func (c *code) recording() *recording {
	if r := c.rec.Load(); r != nil {
		return r
	}
	c.rec.CompareAndSwap(nil, &recording{marks: make([]atomic.Uint32, (2*len(c.instrs)+31)/32), calls: recordedCalls(c)})
	return c.rec.Load()
}

// Record begins to record function fn, which the module defines and which has been lowered. Every call belongs to one of EndRecord.
func (m *Module) Record(fn uint32) {
	m.record(fn, 1, func(r *recording, k int, in *instr) {
		o := in.op &^ safepoint
		if conditional[o] && !r.has(markTaken(k)) || o == opBrTable || !r.has(markRan(k)) || !r.knows(k) {
			atomic.StoreUintptr(&in.code, recordCode)
		}
	})
}

// EndRecord ends what Record has begun.
func (m *Module) EndRecord(fn uint32) {
	m.record(fn, -1, func(_ *recording, _ int, in *instr) { in.own() })
}

// record counts a user of fn's record more or less. If it is the first one, or the last, each instruction is changed.
func (m *Module) record(fn uint32, users int, change func(r *recording, k int, in *instr)) {
	c, err := m.code(fn)
	if err != nil {
		return
	}
	r := c.recording()
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.users
	if r.users += users; before > 0 && r.users > 0 {
		return
	}
	for k := range c.instrs {
		change(r, k, &c.instrs[k])
	}
}

// NativeRecord says which of a function's code has been seen running.
type NativeRecord []uint32

// Seen tells whether a place has been seen running.
func (r NativeRecord) Seen(m Mark) bool { return r[m>>5]>>(uint(m)&31)&1 != 0 }

// Instructions is how many of the interpreter's instructions have been seen running, about: a branch that has gone both ways counts twice.
func (r NativeRecord) Instructions() (n int) {
	for _, w := range r {
		n += bits.OnesCount32(w)
	}
	return n
}

// Recorded is what has been recorded of function fn so far.
func (m *Module) Recorded(fn uint32) NativeRecord {
	c, err := m.code(fn)
	if err != nil {
		return nil
	}
	marks := c.recording().marks
	out := make(NativeRecord, len(marks))
	for i := range marks {
		out[i] = marks[i].Load()
	}
	return out
}

// RecordLoop says that all of the loop whose head is instruction loop runs in machine code, where nobody sees which of it does.
func (m *Module) RecordLoop(fn uint32, loop int) {
	c, err := m.code(fn)
	if err != nil || loop < 0 || loop >= len(c.instrs) {
		return
	}
	r, head, end := c.recording(), &c.instrs[loop], loop
	for k := loop; k < len(c.instrs); k++ {
		in := &c.instrs[k]
		switch o := in.op &^ safepoint; {
		case conditional[o], o == opJump, o == opConstantJump:
			if target(in) == head {
				end = k
			}
		}
	}
	for k := loop; k <= end; k++ {
		r.set(markRan(k))
		r.set(markTaken(k))
		if call := r.call(k); call != nil {
			call.others.Store(true)
		}
	}
}

// Branch is where the record has the two ways of the conditional branch, or if, that stands at p. That of an if that is taken is its
// else.
func (p *NativePoints) Branch(at *NativePoint) (taken, not Mark) {
	// Where values have to move for the branch, it was made into a branch around what moves them.
	for k := int(at.Last); k >= 0; k-- {
		if !conditional[p.code[k].op&^safepoint] {
			continue
		}
		if k == int(at.Last) {
			return markTaken(k), markRan(k)
		}
		return markRan(k), markTaken(k)
	}
	return 0, 0
}

// Table is the interpreter's instruction of the br_table at p, the slot that its index is in, and where the record has its first
// arm; those of the others follow each other.
func (p *NativePoints) Table(at *NativePoint) (index int, slot uint16, arm func(i int) Mark) {
	k := int(at.Index) + slices.IndexFunc(p.code[at.Index:], func(in instr) bool { return in.op&^safepoint == opBrTable })
	return k, p.code[k].b, func(i int) Mark { return markRan(k + 1 + i) }
}

// wayOut notes that machine code was left at s, a SiteExit or SiteSide of unit u: the way that leads there, or the function that is called there, has been
// seen running. Of side exits
// the tier hears when enough have been taken.
func (t *Thread) wayOut(u *NativeUnit, s *NativeSite, c *code, fp unsafe.Pointer) {
	if r := c.rec.Load(); r != nil {
		if in := &c.instrs[s.Point]; s.Mark != 0 {
			r.set(s.Mark)
		} else if in.op&^safepoint == opBrTable {
			r.set(markRan(int(s.Point) + 1 + arm(in, fp)))
		} else if call := r.call(int(s.Point)); call != nil && s.Kind == SiteSide {
			call.add(t.inst, t.callee(in, fp))
		}
	}
	if s.Kind != SiteSide {
		return
	}
	atomic.AddUint32(&s.taken, 1)
	n := atomic.LoadUint32(&u.Exits)
	if n == 0 {
		return
	}
	atomic.StoreUint32(&u.Exits, n-1)
	if n == 1 {
		m := t.inst.module
		atomic.StoreUint32(&u.Exits, m.native.Load().tier.SideExits(t, m, u))
	}
}

// SidesTaken counts the side exits of a unit, and those that have been taken.
func (u *NativeUnit) SidesTaken() (sides, taken int) {
	for i := range u.Sites {
		if s := &u.Sites[i]; s.Kind == SiteSide {
			sides++
			if atomic.LoadUint32(&s.taken) > 0 {
				taken++
			}
		}
	}
	return sides, taken
}
