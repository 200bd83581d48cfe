package wasm

import (
	"errors"
	"math"
)

const (
	magic   = "\x00asm"
	version = "\x01\x00\x00\x00"
)

// Section identifiers (specification 5.5.2).
const (
	secCustom = iota
	secType
	secImport
	secFunc
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElem
	secCode
	secData
	secDataCount
	secTag
)

var sectionNames = [...]string{
	"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data",
	"data count", "tag",
}

// sectionOrder is the place of each section in a module. What came late stands where it is needed: the tags before the
// globals, the data count before the code.
var sectionOrder = [...]int{
	secType: 1, secImport: 2, secFunc: 3, secTable: 4, secMemory: 5, secTag: 6, secGlobal: 7, secExport: 8, secStart: 9,
	secElem: 10, secDataCount: 11, secCode: 12, secData: 13,
}

// decoder reads a module's sections. It validates each field as it reads it, and the bodies at the end.
type decoder struct {
	typeReader
	m        *Module
	declared bitset     // functions named outside of bodies, which ref.func in a body may therefore name
	v        *validator // of constant expressions; nil until there is one
	runs     arena[LocalRun]
}

// Decode decodes a module in the binary format and validates it: what it returns can be instantiated. The module must
// keep to the features f. The error, if there is one, is an *Error. The module keeps b, which must not be changed.
func Decode(b []byte, f Features) (*Module, error) {
	d := newDecoder(b, f)
	d.module()
	d.bodies(func() *Error { return validateBodies(d.m, d.features, &d.declared) })
	if d.err != nil {
		return nil, d.err
	}
	return d.m, nil
}

func newDecoder(b []byte, f Features) *decoder {
	return &decoder{
		typeReader: typeReader{reader: reader{b: b, end: len(b), fn: -1}, features: f},
		m:          &Module{Start: -1, DataCount: -1, Bytes: b},
	}
}

// bodies validates the code section's bodies with the function given. Where a section behind them is broken, they are asked only whether they
// are broken too, since the error that stands first says most.
func (d *decoder) bodies(validate func() *Error) {
	if d.err != nil && (!errors.Is(d.err, ErrMalformed) || len(d.m.Code) == 0 || len(d.m.Code) != len(d.m.Funcs)) {
		return
	}
	err := validate()
	if d.err == nil || err != nil && errors.Is(err, ErrMalformed) {
		d.err = err
	}
}

// module reads the header and the sections.
func (d *decoder) module() {
	if len(d.b) > maxModuleSize {
		d.limit(0, "module too large: %d bytes, at most %d are supported", len(d.b), maxModuleSize)
		return
	}
	switch {
	case len(d.b) >= 4 && string(d.b[:4]) != magic:
		d.malformed(0, "magic header not detected")
		return
	case len(d.b) < 8:
		d.malformed(len(d.b), "unexpected end")
		return
	}
	if string(d.b[4:8]) != version {
		d.malformed(4, "unknown binary version")
		return
	}
	d.pos = 8
	for last := 0; d.pos < len(d.b) && d.err == nil; {
		last = d.nextSection(last)
	}
	if d.err == nil {
		d.finish()
	}
}

// nextSection reads a section; last is the place of the one before it.
func (d *decoder) nextSection(last int) int {
	d.section = ""
	start := d.pos
	id := int(d.byte())
	if id >= len(sectionNames) {
		d.malformed(start, "malformed section id: %d", id)
		return last
	}
	size := d.u32()
	d.section = sectionNames[id]
	if uint64(size) > uint64(d.left()) {
		d.malformed(d.pos, "length out of bounds: section of %d bytes, %d there", size, d.left())
		return last
	}
	if id != secCustom {
		if sectionOrder[id] <= last {
			d.malformed(start, "unexpected content after last section: %s section out of order", sectionNames[id])
			return last
		}
		last = sectionOrder[id]
	}
	d.end = d.pos + int(size)
	d.contents(id)
	if d.err == nil && d.pos != d.end {
		d.malformed(d.pos, "section size mismatch: %d bytes too many", d.end-d.pos)
	}
	d.end = len(d.b)
	return last
}

func (d *decoder) contents(id int) {
	switch id {
	case secCustom:
		d.customSection()
	case secType:
		(&typeSection{typeReader: &d.typeReader}).read()
		d.m.Types = d.defs
	case secImport:
		d.importSection()
	case secFunc:
		d.funcSection()
	case secTable:
		d.tableSection()
	case secMemory:
		d.memorySection()
	case secTag:
		d.tagSection()
	case secGlobal:
		d.globalSection()
	case secExport:
		d.exportSection()
	case secStart:
		d.startSection()
	case secElem:
		d.elemSection()
	case secDataCount:
		if d.need(d.pos, d.features, FeatureBulkMemory, "a data count section") {
			d.m.DataCount = int64(d.u32())
		}
	case secCode:
		d.codeSection()
	case secData:
		d.dataSection()
	}
}

// finish checks what holds between sections.
func (d *decoder) finish() {
	d.section = ""
	if len(d.m.Code) != len(d.m.Funcs) {
		d.malformed(d.pos, "function and code section have inconsistent lengths: %d and %d", len(d.m.Funcs), len(d.m.Code))
	}
	if d.m.DataCount >= 0 && d.m.DataCount != int64(len(d.m.Datas)) {
		d.malformed(d.pos, "data count and data section have inconsistent lengths: %d and %d", d.m.DataCount, len(d.m.Datas))
	}
}

func (d *decoder) customSection() {
	name := d.name()
	if d.err == nil {
		d.m.Customs = append(d.m.Customs, Custom{Name: name, Offset: uint32(d.pos), Data: d.b[d.pos:d.end:d.end]})
		d.pos = d.end
	}
}

// externExactFunc is the kind of an import that must be of exactly its type.
const externExactFunc ExternKind = 0x20

func (d *decoder) importSection() {
	n := d.count(3, maxImports, "imports")
	m := d.m
	m.Imports = make([]Import, 0, n)
	for range n {
		im := Import{Module: d.name(), Name: d.name()}
		off := d.pos
		im.Kind = ExternKind(d.byte())
		switch im.Kind {
		case ExternFunc, externExactFunc:
			if im.Kind == externExactFunc {
				im.Kind, im.Exact = ExternFunc, true
				d.need(off, d.features, FeatureCustomDescriptors, "an import of exactly a type")
				m.exact.set(uint32(len(m.FuncTypes)))
			}
			im.Type = d.typeIndex()
			m.FuncTypes = append(m.FuncTypes, im.Type)
			m.NumImportedFuncs++
		case ExternTable:
			im.Table = d.tableType()
			d.addTable(off, im.Table)
			m.NumImportedTables++
		case ExternMemory:
			im.Memory = d.memoryType()
			d.addMemory(off, im.Memory)
			m.NumImportedMemories++
		case ExternGlobal:
			im.Global = d.globalType()
			if im.Global.Mutable {
				d.need(off, d.features, FeatureMutableGlobals, "a mutable global import")
			}
			m.GlobalTypes = append(m.GlobalTypes, im.Global)
			m.NumImportedGlobals++
		case ExternTag:
			im.Type = d.tag()
			d.addTag(off, im.Type)
			m.NumImportedTags++
		default:
			d.malformed(off, "malformed import kind: %d", im.Kind)
		}
		if d.err != nil {
			return
		}
		m.Imports = append(m.Imports, im)
	}
}

func (d *decoder) funcSection() {
	n := d.count(1, maxFuncs, "functions")
	m := d.m
	all := make([]uint32, len(m.FuncTypes), len(m.FuncTypes)+n)
	copy(all, m.FuncTypes)
	for range n {
		all = append(all, d.typeIndex())
	}
	m.FuncTypes, m.Funcs = all, all[len(m.FuncTypes):]
}

func (d *decoder) tableSection() {
	n := d.count(2, maxTables, "tables")
	d.m.Tables = make([]Table, 0, n)
	for range n {
		off := d.pos
		t := d.table()
		if t.Init == nil && !t.Type.Elem.Defaultable() {
			d.invalid(off, "type mismatch: a table of %v needs an initial element", t.Type.Elem)
		}
		d.addTable(off, t.Type)
		if d.err != nil {
			return
		}
		d.m.Tables = append(d.m.Tables, t)
	}
}

// table reads a table; 0x40 0x00 stands before one that has an initial element.
func (d *decoder) table() Table {
	const withInit = 0x40
	off := d.pos
	if d.left() == 0 || d.b[d.pos] != withInit {
		return Table{Type: d.tableType()}
	}
	d.pos++
	if !d.need(off, d.features, FeatureFunctionReferences, "a table with an initial element") {
		return Table{}
	}
	if c := d.byte(); c != 0 {
		d.malformed(d.pos-1, "malformed table: %#x", c)
	}
	t := Table{Type: d.tableType()}
	if d.err == nil {
		init := d.constExpr(t.Type.Elem)
		t.Init = &init
	}
	return t
}

func (d *decoder) addTable(off int, t TableType) {
	d.m.TableTypes = append(d.m.TableTypes, t)
	switch n := len(d.m.TableTypes); {
	case n > maxTables:
		d.limit(off, "too many tables: at most %d are supported", maxTables)
	case n > 1:
		d.need(off, d.features, FeatureReferenceTypes, "multiple tables: a second table")
	}
}

func (d *decoder) memorySection() {
	n := d.count(1, maxMemories, "memories")
	d.m.Memories = make([]MemoryType, 0, n)
	for range n {
		off := d.pos
		t := d.memoryType()
		d.addMemory(off, t)
		d.m.Memories = append(d.m.Memories, t)
	}
}

func (d *decoder) addMemory(off int, t MemoryType) {
	d.m.MemoryTypes = append(d.m.MemoryTypes, t)
	switch n := len(d.m.MemoryTypes); {
	case n > maxMemories:
		d.limit(off, "too many memories: at most %d are supported", maxMemories)
	case n > 1:
		d.need(off, d.features, FeatureMultiMemory, "multiple memories: a second memory")
	}
}

func (d *decoder) tagSection() {
	n := d.count(2, maxTags, "tags")
	for range n {
		off := d.pos
		t := d.tag()
		d.addTag(off, t)
		if d.err != nil {
			return
		}
	}
	d.m.Tags = d.m.TagTypes[d.m.NumImportedTags:]
}

// tag reads a tag's type (specification 5.3.17).
func (d *decoder) tag() uint32 {
	off := d.pos
	if !d.features.Has(FeatureLegacyExceptions) {
		d.need(off, d.features, FeatureExceptions, "a tag")
	}
	if c := d.byte(); c != 0 {
		d.malformed(off, "malformed tag attribute: %#x", c)
	}
	off = d.pos
	i := d.typeIndex()
	if d.err == nil && len(d.m.Types[i].Results) != 0 {
		d.invalid(off, "non-empty tag result type: %v", &d.m.Types[i].FuncType)
	}
	return i
}

func (d *decoder) addTag(off int, t uint32) {
	d.m.TagTypes = append(d.m.TagTypes, t)
	if len(d.m.TagTypes) > maxTags {
		d.limit(off, "too many tags: at most %d are supported", maxTags)
	}
}

func (d *decoder) globalSection() {
	n := d.count(3, maxGlobals, "globals")
	m := d.m
	m.Globals = make([]Global, 0, n)
	for range n {
		g := Global{Type: d.globalType()}
		g.Init = d.constExpr(g.Type.Type)
		if d.err != nil {
			return
		}
		m.Globals = append(m.Globals, g)
		m.GlobalTypes = append(m.GlobalTypes, g.Type)
	}
}

func (d *decoder) exportSection() {
	n := d.count(3, maxExports, "exports")
	m := d.m
	m.Exports = make([]Export, 0, n)
	m.exports = make(map[string]uint32, n)
	for i := range n {
		off := d.pos
		e := Export{Name: d.name()}
		if _, dup := m.exports[e.Name]; dup && d.err == nil {
			d.invalid(off, "duplicate export name: %q", e.Name)
		}
		kind := d.pos
		e.Kind = ExternKind(d.byte())
		off = d.pos
		e.Index = d.u32()
		switch e.Kind {
		case ExternFunc:
			if d.index(off, e.Index, len(m.FuncTypes), "function") {
				d.declared.set(e.Index)
			}
		case ExternTable:
			d.index(off, e.Index, len(m.TableTypes), "table")
		case ExternMemory:
			d.index(off, e.Index, len(m.MemoryTypes), "memory")
		case ExternGlobal:
			if d.index(off, e.Index, len(m.GlobalTypes), "global") && m.GlobalTypes[e.Index].Mutable {
				d.need(off, d.features, FeatureMutableGlobals, "a mutable global export")
			}
		case ExternTag:
			d.index(off, e.Index, len(m.TagTypes), "tag")
		default:
			d.malformed(kind, "malformed export kind: %d", e.Kind)
		}
		if d.err != nil {
			return
		}
		m.Exports = append(m.Exports, e)
		m.exports[e.Name] = uint32(i)
	}
}

// index tells whether i is in an index space of n, and fails if it is not.
func (d *decoder) index(off int, i uint32, n int, what string) bool {
	if d.err == nil && uint64(i) >= uint64(n) {
		d.invalid(off, "unknown %s %d", what, i)
	}
	return d.err == nil
}

func (d *decoder) startSection() {
	off := d.pos
	i := d.u32()
	if !d.index(off, i, len(d.m.FuncTypes), "function") {
		return
	}
	if ft := d.m.FuncType(i); len(ft.Params)+len(ft.Results) != 0 {
		d.invalid(off, "start function must have type [] -> [], function %d has %v", i, ft)
	}
	d.m.Start = int64(i)
}

func (d *decoder) codeSection() {
	m := d.m
	m.codeStart = uint32(d.pos)
	n := d.count(3, maxFuncs, "bodies")
	m.Code = make([]Code, 0, n)
	end := d.end
	for i := range n {
		off := d.pos
		size := d.u32()
		switch {
		case uint64(size) > uint64(end-d.pos):
			d.malformed(off, "unexpected end of section or function: body of %d bytes, %d there", size, end-d.pos)
		case size > maxBodySize:
			d.limit(off, "function body too large: %d bytes, at most %d are supported", size, maxBodySize)
		}
		if d.err != nil {
			return
		}
		d.end, d.fn = d.pos+int(size), m.NumImportedFuncs+i
		c := Code{Locals: d.localRuns()}
		c.Offset, c.Body = uint32(d.pos), d.b[d.pos:d.end:d.end]
		if d.err != nil {
			return
		}
		m.Code = append(m.Code, c)
		d.pos, d.end, d.fn = d.end, end, -1
	}
}

// localRuns reads a body's locals.
func (d *decoder) localRuns() []LocalRun {
	start := d.pos
	runs := d.runs.take(d.count(2, math.MaxUint32, "runs of locals"))
	total := uint64(0)
	for i := range runs {
		runs[i] = LocalRun{Count: d.u32(), Type: d.valType()}
		total += uint64(runs[i].Count)
	}
	switch {
	case total > math.MaxUint32:
		d.malformed(start, "too many locals: %d", total)
	case total > maxLocals:
		d.limit(start, "too many locals: %d, at most %d are supported", total, maxLocals)
	}
	return runs
}

// arena hands out slices of few allocations. The caller has checked that what it asks for is in proportion to the input.
type arena[T any] struct{ free []T }

func (a *arena[T]) take(n int) []T {
	if n > len(a.free) {
		a.free = make([]T, max(n, 128))
	}
	s := a.free[:n:n]
	a.free = a.free[n:]
	return s
}
