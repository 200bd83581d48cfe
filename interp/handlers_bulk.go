package interp

import "unsafe"

// Memories and tables as wholes (specification 4.6.10, 4.6.11). Operands are in consecutive slots from a on; see
// lowerer.bulk. An address is its slot's low half unless the memory or table is addressed by 64 bits.

// index reads operand k as an address or a count of l's address type.
func index(fp unsafe.Pointer, pc *instr, k uint16, is64 bool) uint64 {
	v := *slot(fp, pc.a+k)
	if !is64 {
		v = uint64(uint32(v))
	}
	return v
}

// sizeResult is a size, or -1 for failure, in the address type.
func sizeResult(v uint64, ok, is64 bool) uint64 {
	if !ok {
		v = ^uint64(0)
	}
	if !is64 {
		v = uint64(uint32(v))
	}
	return v
}

func memorySize(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, pc.a) = t.inst.memories[pc.imm].Pages()
	return next(pc), fp, acc, mb, ml, t
}

func memoryGrow(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	m := t.inst.memories[pc.imm]
	before, ok := m.Grow(index(fp, pc, 0, m.typ.Is64))
	*slot(fp, pc.a) = sizeResult(before, ok, m.typ.Is64)
	m = t.inst.mem0()
	return next(pc), fp, acc, m.base(), m.Size(), t
}

func memoryCopy(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	dst, src := t.inst.memories[uint32(pc.imm)], t.inst.memories[pc.imm>>32]
	d, s := index(fp, pc, 0, dst.typ.Is64), index(fp, pc, 1, src.typ.Is64)
	n := index(fp, pc, 2, dst.typ.Is64 && src.typ.Is64)
	if !inside(d, n, dst.Size()) || !inside(s, n, src.Size()) {
		return t.trap(pc, TrapMemoryOutOfBounds), fp, acc, mb, ml, t
	}
	move(dst.Bytes()[d:d+n], src.Bytes()[s:s+n])
	return next(pc), fp, acc, mb, ml, t
}

// movedAtOnce is how much Go copies in one go here. From a megabyte on it writes around the caches, and what is read next comes from
// memory: a program that copies, moves and reads one megabyte after another took 1.07 of the time, and 1.4 when only half of it was interpreted.
const movedAtOnce = 256 << 10

// move copies src to dst, which is as long and may overlap it.
func move(dst, src []byte) {
	if uintptr(unsafe.Pointer(unsafe.SliceData(dst))) <= uintptr(unsafe.Pointer(unsafe.SliceData(src))) {
		for len(src) > movedAtOnce {
			copy(dst[:movedAtOnce], src)
			dst, src = dst[movedAtOnce:], src[movedAtOnce:]
		}
	}
	for n := len(src) - movedAtOnce; n > 0; n -= movedAtOnce {
		copy(dst[n:], src[n:])
		dst, src = dst[:n], src[:n]
	}
	copy(dst, src)
}

func memoryFill(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	m := t.inst.memories[pc.imm]
	d, n := index(fp, pc, 0, m.typ.Is64), index(fp, pc, 2, m.typ.Is64)
	if !inside(d, n, m.Size()) {
		return t.trap(pc, TrapMemoryOutOfBounds), fp, acc, mb, ml, t
	}
	fill(m.Bytes()[d:d+n], byte(*slot(fp, pc.a+1)))
	return next(pc), fp, acc, mb, ml, t
}

// fill sets all of b to v; copying what is set already is the fastest way that Go has.
func fill(b []byte, v byte) {
	if v == 0 {
		clear(b)
		return
	}
	if len(b) == 0 {
		return
	}
	b[0] = v
	for done := 1; done < len(b); done *= 2 {
		copy(b[done:], b[:min(done, 1<<15)])
		if done >= 1<<15 {
			for ; done < len(b); done += 1 << 15 {
				copy(b[done:], b[:1<<15])
			}
			return
		}
	}
}

func memoryInit(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	m := t.inst.memories[pc.imm>>32]
	if !t.inst.memoryInit(m, uint32(pc.imm), index(fp, pc, 0, m.typ.Is64), index(fp, pc, 1, false), index(fp, pc, 2, false)) {
		return t.trap(pc, TrapMemoryOutOfBounds), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func dataDrop(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	t.inst.droppedDatas[pc.imm] = true
	return next(pc), fp, acc, mb, ml, t
}

func tableGet(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	tab := t.inst.tables[pc.imm]
	i := index(fp, pc, 0, tab.typ.Is64)
	if i >= uint64(len(tab.elems)) {
		return t.trap(pc, TrapTableOutOfBounds), fp, acc, mb, ml, t
	}
	*slot(fp, pc.a) = tab.elems[i]
	return next(pc), fp, acc, mb, ml, t
}

func tableSet(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	tab := t.inst.tables[pc.imm]
	i := index(fp, pc, 0, tab.typ.Is64)
	if i >= uint64(len(tab.elems)) {
		return t.trap(pc, TrapTableOutOfBounds), fp, acc, mb, ml, t
	}
	if h := t.store.heap; h.marking {
		h.shade(tab.elems[i])
	}
	tab.elems[i] = *slot(fp, pc.a+1)
	return next(pc), fp, acc, mb, ml, t
}

func tableSize(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, pc.a) = t.inst.tables[pc.imm].Len()
	return next(pc), fp, acc, mb, ml, t
}

func tableGrow(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	tab := t.inst.tables[pc.imm]
	before, ok := tab.grow(index(fp, pc, 1, tab.typ.Is64), *slot(fp, pc.a))
	*slot(fp, pc.a) = sizeResult(before, ok, tab.typ.Is64)
	return next(pc), fp, acc, mb, ml, t
}

func tableCopy(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	dst, src := t.inst.tables[uint32(pc.imm)], t.inst.tables[pc.imm>>32]
	d, s := index(fp, pc, 0, dst.typ.Is64), index(fp, pc, 1, src.typ.Is64)
	n := index(fp, pc, 2, dst.typ.Is64 && src.typ.Is64)
	if !inside(d, n, dst.Len()) || !inside(s, n, src.Len()) {
		return t.trap(pc, TrapTableOutOfBounds), fp, acc, mb, ml, t
	}
	t.store.heap.overwrite(dst.elems[d : d+n])
	copy(dst.elems[d:d+n], src.elems[s:s+n])
	return next(pc), fp, acc, mb, ml, t
}

func tableFill(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	tab := t.inst.tables[pc.imm]
	d, n := index(fp, pc, 0, tab.typ.Is64), index(fp, pc, 2, tab.typ.Is64)
	if !inside(d, n, tab.Len()) {
		return t.trap(pc, TrapTableOutOfBounds), fp, acc, mb, ml, t
	}
	t.store.heap.overwrite(tab.elems[d : d+n])
	for i := d; i < d+n; i++ {
		tab.elems[i] = *slot(fp, pc.a+1)
	}
	return next(pc), fp, acc, mb, ml, t
}

func tableInit(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	tab := t.inst.tables[pc.imm>>32]
	if t.inst.tableInit(tab, uint32(pc.imm), index(fp, pc, 0, tab.typ.Is64), index(fp, pc, 1, false), index(fp, pc, 2, false)) != nil {
		return t.trap(pc, TrapTableOutOfBounds), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func elemDrop(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	t.inst.dropElem(uint32(pc.imm))
	return next(pc), fp, acc, mb, ml, t
}
