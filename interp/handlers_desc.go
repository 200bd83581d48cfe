package interp

import (
	"unsafe"

	"github.com/godwit-vm/godwit/state"
)

// Descriptors (custom descriptors proposal): see lower_desc.go.

// structNewDesc has the structure's fields in slots from a on, and behind them, as many slots away as the upper half of imm
// says, the descriptor.
func structNewDesc(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r := t.inst.rtts[uint32(pc.imm)]
	if *slot(fp, pc.a+uint16(pc.imm>>32)) == 0 {
		return t.trap(pc, TrapNullDescriptor), fp, acc, mb, ml, t
	}
	ref, ok := t.newObject(pc, fp, r, 0)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	r.setFields(t.object(ref), unsafe.Pointer(slot(fp, pc.a)))
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

func structNewDefaultDesc(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r := t.inst.rtts[pc.imm]
	if *slot(fp, pc.a) == 0 {
		return t.trap(pc, TrapNullDescriptor), fp, acc, mb, ml, t
	}
	ref, ok := t.newObject(pc, fp, r, 0)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	r.setDescriptor(t.object(ref), *slot(fp, pc.a))
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

// setDescriptor gives a new object at p its descriptor.
func (r *rtt) setDescriptor(p unsafe.Pointer, desc uint64) {
	put64(unsafe.Add(p, uintptr(r.desc)), desc)
}

func refGetDesc(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref := *slot(fp, pc.b)
	if ref == 0 {
		return t.trap(pc, TrapNullReference), fp, acc, mb, ml, t
	}
	h := t.store.heap
	acc = le64(unsafe.Add(h.at(ref), uintptr(h.rttOf(ref).desc)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// describes tells whether desc, which is not null, is the descriptor of what ref, of whatever type under any, refers to; null
// says whether a null will do. Which types they are of need not be asked: an object's descriptor describes the object's
// own type and nothing else.
func (t *Thread) describes(desc, ref, null uint64) bool {
	if ref>>state.RefShift != uint64(state.RefObject) {
		return ref == 0 && null != 0
	}
	h := t.store.heap
	at := h.rttOf(ref).desc
	return at != 0 && le64(unsafe.Add(h.at(ref), uintptr(at))) == desc
}

// The casts have the reference in slot b, the descriptor in slot c, and in imm, the branches in its upper half, whether null
// will do.

func refCastDescEq(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	desc := *slot(fp, pc.c)
	if desc == 0 {
		return t.trap(pc, TrapNullDescriptor), fp, acc, mb, ml, t
	}
	if !t.describes(desc, *slot(fp, pc.b), pc.imm) {
		return t.trap(pc, TrapDescriptorCastFailure), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func brOnCastDescEq(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	desc := *slot(fp, pc.c)
	if desc == 0 {
		return t.trap(pc, TrapNullDescriptor), fp, acc, mb, ml, t
	}
	if t.describes(desc, *slot(fp, pc.b), pc.imm>>32) {
		return target(pc), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func brOnCastDescEqFail(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	desc := *slot(fp, pc.c)
	if desc == 0 {
		return t.trap(pc, TrapNullDescriptor), fp, acc, mb, ml, t
	}
	if !t.describes(desc, *slot(fp, pc.b), pc.imm>>32) {
		return target(pc), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}
