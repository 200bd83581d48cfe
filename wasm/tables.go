package wasm

// tableIndex reads a table's index and returns its type.
func (v *validator) tableIndex() TableType {
	off := v.pos
	i := v.u32()
	if i > 0 && !v.need(off, v.features, FeatureReferenceTypes, "table %d", i) {
		return TableType{}
	}
	if uint64(i) >= uint64(len(v.m.TableTypes)) {
		v.invalid(off, "unknown table %d", i)
		return TableType{}
	}
	return v.m.TableTypes[i]
}

// elem returns the type of element segment i, whose index stands at off.
func (v *validator) elem(off int, i uint32) ValType {
	if uint64(i) >= uint64(len(v.m.Elems)) {
		v.invalid(off, "unknown elem segment %d", i)
		return unknown
	}
	return v.m.Elems[i].Type
}

// table validates the instructions that name a table or an element segment.
func (v *validator) table(info *OpInfo) {
	switch info.Op {
	case OpElemDrop:
		off := v.pos
		v.elem(off, v.u32())
		return
	case OpTableInit:
		off := v.pos
		i := v.u32()
		t := v.tableIndex()
		v.sameElem(t.Elem, v.elem(off, i))
		v.fixed(info, t.AddrType())
		return
	case OpTableCopy:
		dst, src := v.tableIndex(), v.tableIndex()
		v.sameElem(dst.Elem, src.Elem)
		v.copy(dst.AddrType(), src.AddrType())
		return
	}
	t := v.tableIndex()
	addr := t.AddrType()
	switch info.Op {
	case OpTableSize:
		v.push(addr)
	case OpTableGet:
		v.pop(addr)
		v.push(t.Elem)
	case OpTableSet:
		v.pop(t.Elem)
		v.pop(addr)
	case OpTableGrow:
		v.pop(addr)
		v.pop(t.Elem)
		v.push(addr)
	case OpTableFill:
		v.pop(addr)
		v.pop(t.Elem)
		v.pop(addr)
	}
}

func (v *validator) sameElem(dst, src ValType) {
	if v.err == nil && !v.matches(src, dst) {
		v.mismatch("elements of "+dst.String(), src.String())
	}
}

// copy takes the operands of memory.copy and table.copy. Between a 32-bit and a 64-bit one the length is an i32.
func (v *validator) copy(dst, src ValType) {
	n := I64
	if dst == I32 || src == I32 {
		n = I32
	}
	v.pop(n)
	v.pop(src)
	v.pop(dst)
}
