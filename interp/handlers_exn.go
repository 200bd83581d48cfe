package interp

import "unsafe"

// throw throws an exception of the tag imm; its c slots of values begin at slot a.
func throw(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return t.raise(pc, fp, thrown{tag: t.inst.tags[pc.imm], values: slots(fp, pc.a, int(pc.c))})
}

// throwRef throws the exception that slot b refers to once more.
func throwRef(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref := *slot(fp, pc.b)
	if ref == 0 {
		return t.trap(pc, TrapNullException), fp, acc, mb, ml, t
	}
	return t.raise(pc, fp, thrown{tag: t.store.exceptionTag(ref), ref: ref})
}
