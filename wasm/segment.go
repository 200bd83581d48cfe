package wasm

// Bits of an element segment's flags (specification 5.5.12), which also say what a data segment (5.5.14) is.
const (
	segPassive  = 1 << 0 // or declarative
	segExplicit = 1 << 1 // active: the table or memory is named; not active: declarative
	segExprs    = 1 << 2 // elements are constant expressions
)

// constExpr reads and validates a constant expression with one result of type want.
func (d *decoder) constExpr(want ValType) ConstExpr {
	if d.err != nil {
		return ConstExpr{}
	}
	if d.v == nil {
		d.v = newValidator(d.m, d.features, &d.declared)
	}
	globals := len(d.m.GlobalTypes)
	if !d.features.Has(FeatureExtendedConst) {
		globals = d.m.NumImportedGlobals
	}
	start := d.pos
	d.v.section, d.v.pos, d.v.end = d.section, d.pos, d.end
	d.v.constant(want, globals)
	d.pos, d.err = d.v.pos, d.v.err
	return ConstExpr{Offset: uint32(start), Body: d.b[start:d.pos:d.pos]}
}

func (d *decoder) elemSection() {
	n := d.count(3, maxElemSegments, "element segments")
	d.m.Elems = make([]ElemSegment, 0, n)
	for range n {
		e := d.elemSegment()
		if d.err != nil {
			return
		}
		d.m.Elems = append(d.m.Elems, e)
	}
}

func (d *decoder) elemSegment() ElemSegment {
	start := d.pos
	flags := d.u32()
	if flags > segPassive|segExplicit|segExprs {
		d.malformed(start, "malformed elements segment kind: %d", flags)
		return ElemSegment{}
	}
	if flags != 0 && !d.need(start, d.features, FeatureBulkMemory, "element segment kind %d", flags) {
		return ElemSegment{}
	}
	e := ElemSegment{Type: FuncRef.NonNull()}
	if flags&segExprs != 0 {
		e.Type = FuncRef
	}
	var table TableType
	switch {
	case flags&segPassive == 0:
		off := d.pos
		if flags&segExplicit != 0 {
			e.Table = d.u32()
		}
		if !d.index(off, e.Table, len(d.m.TableTypes), "table") {
			return e
		}
		table = d.m.TableTypes[e.Table]
		e.Offset = d.constExpr(table.AddrType())
	case flags&segExplicit != 0:
		e.Mode = SegmentDeclarative
	default:
		e.Mode = SegmentPassive
	}
	// The two kinds that the first version's single kind grew into have no room for a type.
	if flags&(segPassive|segExplicit) != 0 {
		e.Type = d.elemType(flags&segExprs != 0)
	}
	if e.Mode == SegmentActive && d.err == nil && !d.m.Matches(e.Type, table.Elem) {
		d.invalid(start, "type mismatch: element segment of %v for a table of %v", e.Type, table.Elem)
	}
	if flags&segExprs != 0 {
		e.Exprs = d.elemExprs(e.Type)
	} else {
		e.Funcs = d.elemFuncs()
	}
	return e
}

// elemType reads the type of a segment's elements: a reference type where they are expressions, else a kind, of which
// there is one.
func (d *decoder) elemType(exprs bool) ValType {
	if exprs {
		return d.refType()
	}
	off := d.pos
	if kind := d.byte(); kind != 0 {
		d.malformed(off, "malformed element kind: %#x", kind)
	}
	return FuncRef.NonNull()
}

func (d *decoder) elemExprs(t ValType) []ConstExpr {
	n := d.count(2, maxElemInit, "elements")
	exprs := make([]ConstExpr, 0, n)
	for range n {
		x := d.constExpr(t)
		if d.err != nil {
			return nil
		}
		exprs = append(exprs, x)
	}
	return exprs
}

func (d *decoder) elemFuncs() []uint32 {
	funcs := make([]uint32, d.count(1, maxElemInit, "elements"))
	for i := range funcs {
		off := d.pos
		funcs[i] = d.u32()
		if !d.index(off, funcs[i], len(d.m.FuncTypes), "function") {
			return nil
		}
		d.declared.set(funcs[i])
	}
	return funcs
}

func (d *decoder) dataSection() {
	start := d.pos
	n := d.count(2, maxDataSegments, "data segments")
	if d.err == nil && d.m.DataCount >= 0 && d.m.DataCount != int64(n) {
		d.malformed(start, "data count and data section have inconsistent lengths: %d and %d", d.m.DataCount, n)
		return
	}
	d.m.Datas = make([]DataSegment, 0, n)
	for range n {
		s := d.dataSegment()
		if d.err != nil {
			return
		}
		d.m.Datas = append(d.m.Datas, s)
	}
}

func (d *decoder) dataSegment() DataSegment {
	off := d.pos
	flags := d.u32()
	if flags > segExplicit {
		d.malformed(off, "malformed data segment kind: %d", flags)
		return DataSegment{}
	}
	if flags != 0 && !d.need(off, d.features, FeatureBulkMemory, "data segment kind %d", flags) {
		return DataSegment{}
	}
	var s DataSegment
	if flags == segPassive {
		s.Mode = SegmentPassive
	} else {
		off = d.pos
		if flags == segExplicit {
			s.Memory = d.u32()
		}
		if !d.index(off, s.Memory, len(d.m.MemoryTypes), "memory") {
			return s
		}
		s.Offset = d.constExpr(d.m.MemoryTypes[s.Memory].AddrType())
	}
	s.Init = d.bytes(d.u32())
	return s
}
