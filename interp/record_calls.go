package interp

import (
	"slices"
	"sort"
	"sync/atomic"
	"unsafe"
)

// Calls through references. Which functions a call_indirect or call_ref calls is noted while its function is recorded, and when machine code is left
// because it expected others, as long as they are few and of the same instance as the caller. They are known by their indices, which mean the same to
// all instances of the module; those share code and record.

// recordedCall is what is known of a call through a reference.
type recordedCall struct {
	at      int32                     // index of the instruction
	callees [maxCallees]atomic.Uint32 // indices in the function index space and one more; 0 is none yet
	others  atomic.Bool               // there are more, or some of the host or another instance
}

// recordedCalls are the calls through references of a function, of which nothing is known.
func recordedCalls(c *code) []recordedCall {
	var at []int32
	for k := range c.instrs {
		if c.instrs[k].callsThrough() {
			at = append(at, int32(k))
		}
	}
	calls := make([]recordedCall, len(at))
	for i := range calls {
		calls[i].at = at[i]
	}
	return calls
}

// callsThrough tells whether an instruction calls what a reference refers to.
func (in *instr) callsThrough() bool {
	o := in.op &^ safepoint
	return o == opCallIndirect || o == opCallRef
}

// call is the call at instruction k, or nil.
func (r *recording) call(k int) *recordedCall {
	i := sort.Search(len(r.calls), func(i int) bool { return int(r.calls[i].at) >= k })
	if i == len(r.calls) || int(r.calls[i].at) != k {
		return nil
	}
	return &r.calls[i]
}

// knows tells whether nothing is to be learnt of what instruction k calls.
func (r *recording) knows(k int) bool {
	c := r.call(k)
	return c == nil || c.others.Load()
}

// add notes that a function of an instance calls fn, nil if it traps. It tells whether nothing is left to be learnt.
func (c *recordedCall) add(by *Instance, fn *Func) (done bool) {
	if fn == nil {
		return false
	}
	if fn.inst == by {
		for i := range c.callees {
			if n := &c.callees[i]; n.CompareAndSwap(0, fn.index+1) || n.Load() == fn.index+1 {
				return false
			}
		}
	}
	c.others.Store(true)
	return true
}

// callee is the function that the call through a reference at pc is going to call, nil if it traps.
func (t *Thread) callee(pc *instr, fp unsafe.Pointer) *Func {
	if pc.op&^safepoint == opCallRef {
		return t.store.Func(*slot(fp, pc.b))
	}
	fn, _ := t.indirect(pc, fp)
	return fn
}

// CallsThrough tells whether function fn, which the module defines and which has been lowered, calls what references refer to.
func (m *Module) CallsThrough(fn uint32) bool {
	c, err := m.code(fn)
	return err == nil && slices.ContainsFunc(c.instrs, func(in instr) bool { return in.callsThrough() })
}

// Callees are the functions that the call at a point of function fn has been seen calling, in the order in which they were first seen. The module
// defines them. others says that these are not all: there are more, or some are not the instance's.
func (m *Module) Callees(fn uint32, at *NativePoint) (callees []uint32, others bool) {
	c, err := m.code(fn)
	if err != nil {
		return nil, false
	}
	r := c.rec.Load()
	if r == nil {
		return nil, false
	}
	call := r.call(int(at.Last))
	if call == nil {
		return nil, false
	}
	for i := range call.callees {
		if n := call.callees[i].Load(); n != 0 {
			callees = append(callees, n-1)
		}
	}
	return callees, call.others.Load()
}
