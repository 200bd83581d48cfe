package wat

import "github.com/godwit-vm/godwit/wasm"

// funcField reads a function from its identifier on.
func (m *module) funcField() {
	m.id()
	x := m.funcs.next()
	if m.inline(&m.funcs, x) {
		return
	}
	m.body = body{}
	at := m.i
	t := m.funcTypeUse(m.bindLocal)
	known := uint64(t) < uint64(len(m.typeDefs))
	if known {
		m.numLocals = uint32(m.typeDefs[t].params)
	}
	if m.opens() == "local" && m.at(2).kind == tokID && !known {
		m.seek(at)
		m.fail("unknown type %d", t)
	}
	m.localDeclarations()
	m.instrs()
	m.out = append(m.out, byte(wasm.OpEnd))
	m.add(secFunc, uleb32(nil, t))
	m.add(secCode, bytesVec(nil, m.out))
	m.keepNames(x)
	m.keepHints(x)
}

// localDeclarations reads (local ...), and appends them in runs of one type.
func (m *module) localDeclarations() {
	type run struct {
		count uint32
		t     valType
	}
	var runs []run
	add := func() {
		t := m.valType()
		if n := len(runs); n > 0 && runs[n-1].t == t {
			runs[n-1].count++
		} else {
			runs = append(runs, run{1, t})
		}
	}
	for m.open("local") {
		if m.isID() {
			id := m.id()
			m.bindLocal(id, m.nameAnnotation(id))
			add()
		} else {
			for m.more() {
				m.bindLocal("", m.nameAnnotation(""))
				add()
			}
		}
		m.close()
	}
	m.out = uleb(m.out, uint64(len(runs)))
	for _, r := range runs {
		m.out = r.t.append(uleb32(m.out, r.count))
	}
}

// limits reads limits, and appends them with the flags. Their numbers have 64 bits whatever the address type is.
func (m *module) limits(b []byte, flags byte) []byte {
	least := m.natural(64)
	most, hasMax := uint64(0), false
	if m.isNatural() {
		most, hasMax = m.natural(64), true
		flags |= limitMax
	}
	if m.take("shared") {
		flags |= limitShared
	}
	page, custom := m.pageSize()
	if custom {
		flags |= limitPage
	}
	b = uleb(append(b, flags), least)
	if hasMax {
		b = uleb(b, most)
	}
	if custom {
		b = uleb(b, uint64(page))
	}
	return b
}

// The flags of limits.
const (
	limitMax    = 1 << 0
	limitShared = 1 << 1
	limit64     = 1 << 2
	limitPage   = 1 << 3
)

// addrType reads an address type, if one comes next: its number of bits, and the flag of limits that it has.
func (m *module) addrType() (bits int, flags byte) {
	switch {
	case m.take("i64"):
		return 64, limit64
	case m.take("i32"):
	}
	return 32, 0
}

// pageSize reads the size of a memory's pages, as a power of two; ok is false where there is none.
func (m *module) pageSize() (log2 int, ok bool) {
	if !m.open("pagesize") {
		return 16, false
	}
	n := m.natural(32)
	if n == 0 || n&(n-1) != 0 {
		m.failBefore("invalid custom page size")
		return 0, false
	}
	for n > 1 {
		n >>= 1
		log2++
	}
	m.close()
	return log2, true
}

// memoryType reads a memory's type, and appends it.
func (m *module) memoryType(b []byte) []byte {
	_, flags := m.addrType()
	return m.limits(b, flags)
}

// tableType reads a table's type, and appends it.
func (m *module) tableType(b []byte) []byte {
	_, flags := m.addrType()
	limits := m.limits(nil, flags)
	return append(m.refType().append(b), limits...)
}

// globalType reads a global's type, and appends it.
func (m *module) globalType(b []byte) []byte {
	if m.open("mut") {
		b = append(m.valType().append(b), 1)
		m.close()
		return b
	}
	return append(m.valType().append(b), 0)
}

// globalField reads a global from its identifier on.
func (m *module) globalField() {
	m.id()
	if m.inline(&m.globals, m.globals.next()) {
		return
	}
	m.add(secGlobal, m.constExpr(m.globalType(nil)))
}

// tagField reads a tag from its identifier on.
func (m *module) tagField() {
	m.id()
	if m.inline(&m.tags, m.tags.next()) {
		return
	}
	m.add(secTag, uleb32([]byte{0}, m.funcTypeUse(anonymous)))
}

// memoryField reads a memory from its identifier on. Its contents may stand in it, instead of its limits.
func (m *module) memoryField() {
	m.id()
	x := m.memories.next()
	if m.inline(&m.memories, x) {
		return
	}
	bits, flags := m.addrType()
	var page int
	if next := m.opens(); next == "pagesize" || next == "data" {
		var custom bool
		if page, custom = m.pageSize(); custom {
			flags |= limitPage
		}
	} else {
		m.add(secMemory, m.limits(nil, flags))
		return
	}
	if !m.open("data") {
		m.unexpected()
		return
	}
	m.datas.next()
	init := m.strings()
	m.close()
	n := uint64(len(init))
	pages := n >> page
	if n&(1<<page-1) != 0 {
		pages++
	}
	b := uleb(uleb([]byte{flags | limitMax}, pages), pages)
	if flags&limitPage != 0 {
		b = uleb(b, uint64(page))
	}
	m.add(secMemory, b)
	m.add(secData, bytesVec(activeData(nil, x, zero(bits)), init))
}

// zero is the constant expression for an offset of 0.
func zero(bits int) []byte {
	if bits == 64 {
		return []byte{byte(wasm.OpI64Const), 0, byte(wasm.OpEnd)}
	}
	return []byte{byte(wasm.OpI32Const), 0, byte(wasm.OpEnd)}
}

// activeData appends the beginning of a data segment that is copied into memory x.
func activeData(b []byte, x uint32, offset []byte) []byte {
	if x == 0 {
		return append(append(b, 0), offset...)
	}
	return append(uleb32(append(b, 2), x), offset...)
}

// tableField reads a table from its identifier on. Its elements may stand in it, instead of its limits.
func (m *module) tableField() {
	m.id()
	x := m.tables.next()
	if m.inline(&m.tables, x) {
		return
	}
	bits, flags := m.addrType()
	if !m.isRefType() {
		limits := m.limits(nil, flags)
		t := m.refType()
		if m.more() {
			m.add(secTable, m.constExpr(append(t.append([]byte{0x40, 0}), limits...)))
		} else {
			m.add(secTable, append(t.append(nil), limits...))
		}
		return
	}
	t := m.refType()
	if !m.open("elem") {
		m.unexpected()
		return
	}
	m.elems.next()
	s := elemSegment{mode: wasm.SegmentActive, table: x, offset: zero(bits), elem: t}
	if m.isIndex() && t.code != byte(wasm.FuncRef) {
		m.indicesAsExprs(&s)
	} else {
		m.elemList(&s, m.isIndex())
	}
	m.close()
	n := uint64(s.list.count)
	m.add(secTable, uleb(uleb(append(t.append(nil), flags|limitMax), n), n))
	m.add(secElem, s.append(nil))
}

// elemSegment is an element segment while it is read.
type elemSegment struct {
	mode   wasm.SegmentMode
	table  uint32
	offset []byte
	elem   valType
	exprs  bool // list is expressions, otherwise function indices
	list   section
}

// append appends the segment in the shortest of its eight forms (specification 5.5.12).
func (s *elemSegment) append(b []byte) []byte {
	var flags byte
	plain := !s.exprs || s.elem == valType{code: byte(wasm.FuncRef)}
	switch {
	case s.mode == wasm.SegmentPassive:
		flags = 1
	case s.mode == wasm.SegmentDeclarative:
		flags = 3
	case s.table != 0 || !plain:
		flags = 2
	}
	if s.exprs {
		flags |= 4
	}
	b = append(b, flags)
	if flags&1 == 0 {
		if flags&2 != 0 {
			b = uleb32(b, s.table)
		}
		b = append(b, s.offset...)
	}
	switch {
	case flags&3 == 0:
	case s.exprs:
		b = s.elem.append(b)
	default:
		b = append(b, 0) // functions
	}
	return append(uleb32(b, s.list.count), s.list.body...)
}

// elemField reads an element segment from its identifier on.
func (m *module) elemField() {
	m.id()
	m.elems.next()
	s := elemSegment{mode: wasm.SegmentPassive, elem: valType{code: byte(wasm.FuncRef)}}
	bare := false // the oldest form: indices right after the offset
	switch {
	case m.take("declare"):
		s.mode = wasm.SegmentDeclarative
	case m.open("table"):
		s.mode = wasm.SegmentActive
		s.table = m.index(&m.tables)
		m.close()
		s.offset = m.offset()
	case m.isIndex(): // a table index without its parentheses, as it was written once
		s.mode = wasm.SegmentActive
		s.table = m.index(&m.tables)
		s.offset = m.offset()
		bare = true
	case m.at(0).kind == tokLeft && m.opens() != "ref":
		s.mode = wasm.SegmentActive
		s.offset = m.offset()
		bare = true
	}
	switch {
	case m.take("func"):
		m.elemList(&s, true)
	case m.isRefType():
		s.elem = m.refType()
		m.elemList(&s, false)
	case bare && (m.isIndex() || !m.more()):
		m.elemList(&s, true)
	default:
		m.unexpected()
	}
	m.add(secElem, s.append(nil))
}

// elemList reads the elements of a segment.
func (m *module) elemList(s *elemSegment, indices bool) {
	s.exprs = !indices
	for m.more() {
		s.list.count++
		switch {
		case indices:
			s.list.body = uleb32(s.list.body, m.index(&m.funcs))
		case m.open("item"):
			s.list.body = m.constExpr(s.list.body)
			m.close()
		default:
			s.list.body = m.foldedExpr(s.list.body)
		}
	}
}

// indicesAsExprs reads function indices as the expressions ref.func, for a table with elements of another type.
func (m *module) indicesAsExprs(s *elemSegment) {
	s.exprs = true
	for m.more() {
		s.list.count++
		s.list.body = append(s.list.body, byte(wasm.OpRefFunc))
		s.list.body = append(uleb32(s.list.body, m.index(&m.funcs)), byte(wasm.OpEnd))
	}
}

// offset reads the offset of a segment.
func (m *module) offset() []byte {
	if m.open("offset") {
		b := m.constExpr(nil)
		m.close()
		return b
	}
	return m.foldedExpr(nil)
}

// dataField reads a data segment from its identifier on.
func (m *module) dataField() {
	m.id()
	m.datas.next()
	var b []byte
	switch {
	case m.open("memory"):
		x := m.index(&m.memories)
		m.close()
		b = activeData(b, x, m.offset())
	case m.isIndex(): // as for elements
		x := m.index(&m.memories)
		b = activeData(b, x, m.offset())
	case m.at(0).kind == tokLeft:
		b = activeData(b, 0, m.offset())
	default:
		b = append(b, 1)
	}
	m.add(secData, bytesVec(b, m.strings()))
}
