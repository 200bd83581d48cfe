package interp

import "unsafe"

func halt(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return pc, fp, acc, mb, ml, t
}

// leave is what the outermost frame returns to.
func leave(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	t.exit = exitDone
	return &haltInstr, fp, acc, mb, ml, t
}

func nop(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return next(pc), fp, acc, mb, ml, t
}

func unreachable(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return t.trap(pc, TrapUnreachable), fp, acc, mb, ml, t
}

func jump(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return target(pc), fp, acc, mb, ml, t
}

// brTable goes where the jump goes that index b (imm at most) chooses from those that follow.
func brTable(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	i := min(uint64(uint32(*slot(fp, pc.b))), pc.imm)
	entry := (*instr)(unsafe.Add(unsafe.Pointer(pc), (uintptr(i)+1)*instrSize))
	return target(entry), fp, acc, mb, ml, t
}

// Values that are only moved.

func copySlot(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = *slot(fp, pc.b)
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// copyMany copies the c slots from b on to the slots from a on, which may overlap.
func copyMany(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	copy(slots(fp, pc.a, int(pc.c)), slots(fp, pc.b, int(pc.c)))
	return next(pc), fp, acc, mb, ml, t
}

func constant(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = pc.imm
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func selectSlot(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = *slot(fp, pc.b)
	if uint32(*slot(fp, uint16(pc.imm))) == 0 {
		acc = *slot(fp, pc.c)
	}
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// selectWide is selectSlot for a v128.
func selectWide(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	from := pc.b
	if uint32(*slot(fp, uint16(pc.imm))) == 0 {
		from = pc.c
	}
	*slot(fp, pc.a), *slot(fp, pc.a+1) = *slot(fp, from), *slot(fp, from+1)
	return next(pc), fp, acc, mb, ml, t
}

func globalGetWide(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	g := t.inst.globals[pc.imm]
	*slot(fp, pc.a), *slot(fp, pc.a+1) = g.val, g.hi
	return next(pc), fp, acc, mb, ml, t
}

func globalSetWide(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	g := t.inst.globals[pc.imm]
	g.val, g.hi = *slot(fp, pc.b), *slot(fp, pc.b+1)
	return next(pc), fp, acc, mb, ml, t
}

func globalGet(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = t.inst.globals[pc.imm].val
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func globalSet(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	t.inst.globals[pc.imm].val = *slot(fp, pc.b)
	return next(pc), fp, acc, mb, ml, t
}

func refFunc(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = t.inst.funcs[pc.imm].Ref()
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func refIsNull(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = bit(*slot(fp, pc.b) == 0)
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}
