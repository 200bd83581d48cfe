package wat

import (
	"bufio"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/godwit-vm/godwit/wasm"
)

// Print writes the text of a module: one field after the other in the order of the binary's sections, instructions one
// to a line. Parsing the text gives the same module again: the same types, code, data, names and custom sections, though
// not always the same bytes, since the binary format has several ways to write one number. Identifiers are the names
// of the name section; a name that another of its kind has already, or that is missing, makes way for the index.
func Print(w io.Writer, m *wasm.Module) error {
	p := &printer{out: bufio.NewWriterSize(w, 1<<16), m: m, names: readNames(m), hints: m.BranchHints()}
	p.module()
	return p.out.Flush()
}

// printer writes one module.
type printer struct {
	out   *bufio.Writer
	m     *wasm.Module
	names *nameSection
	hints []wasm.BranchHint // those that are still to come

	r reader // the body or constant expression at hand
	// The recursion group at hand, and the first group that is the same. What refers to a type of that one stands, in the
	// type definitions, for the type at the same place of this one.
	group, canon, groupLen uint32

	fn    uint32 // the function at hand, for its locals' and labels' names
	label int    // number of the next block in the function
	depth int
}

func (p *printer) f(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }

// field begins a field of the module on a line of its own.
func (p *printer) field(keyword string, space byte, index int) {
	p.f("\n  (%s", keyword)
	p.define(space, index)
}

// define writes the identifier of what is being defined, and its index as a comment.
func (p *printer) define(space byte, index int) {
	p.f("%s (;%d;)", p.names.definition(space, uint32(index)), index)
}

// ref writes an index as its identifier, if there is one.
func (p *printer) ref(space byte, index uint32) string { return p.names.reference(space, index) }

func (p *printer) module() {
	p.out.WriteString("(module")
	if name, ok := p.names.module(); ok {
		p.out.WriteString(identifierOrAnnotation(name, true))
	}
	p.customs(placeFirst)
	sections := []struct {
		place int
		print func()
	}{
		{secType, p.types}, {secImport, p.imports}, {secFunc, nil}, {secTable, p.tables}, {secMemory, p.memories}, {secTag, p.tags},
		{secGlobal, p.globals}, {secExport, p.exports}, {secStart, p.start}, {secElem, p.elems}, {secDataCount, nil},
		{secCode, p.funcs}, {secData, p.datas},
	}
	for _, s := range sections {
		if s.print != nil {
			s.print()
		}
		p.customs(s.place)
	}
	p.out.WriteString(")\n")
}

// customs writes the custom sections that stand behind the section of that place.
func (p *printer) customs(place int) {
	for _, c := range customsBehind(p.m, place) {
		where := "(before first)"
		if place != placeFirst {
			where = "(after " + placeNames[place] + ")"
		}
		p.f("\n  (@custom %s %s %s)", quote([]byte(c.Name)), where, quote(c.Data))
	}
}

func (p *printer) types() {
	for i := 0; i < len(p.m.Types); {
		n := int(p.m.Types[i].GroupLen)
		if n == 1 {
			p.f("\n  ")
			p.typeDef(i)
			i++
			continue
		}
		p.f("\n  (rec")
		for range n {
			p.f("\n    ")
			p.typeDef(i)
			i++
		}
		p.f(")")
	}
}

func (p *printer) typeDef(i int) {
	t := &p.m.Types[i]
	defer p.within(uint32(i))()
	p.f("(type")
	p.define(nameType, i)
	p.f(" ")
	sub := !t.Final || t.Super >= 0
	if sub {
		p.f("(sub ")
		if t.Final {
			p.f("final ")
		}
		if t.Super >= 0 {
			p.f("%s ", p.ref(nameType, uint32(t.Super)))
		}
	}
	if t.Describes != 0 {
		p.f("(describes %s) ", p.ref(nameType, t.Describes-1))
	}
	if t.Descriptor != 0 {
		p.f("(descriptor %s) ", p.ref(nameType, t.Descriptor-1))
	}
	switch t.Kind {
	case wasm.CompFunc:
		p.f("(func")
		p.signature(&t.FuncType)
	case wasm.CompStruct:
		p.f("(struct")
		for k, f := range t.Fields {
			p.f(" (field%s %s)", p.names.fieldDefinition(uint32(i), uint32(k)), p.fieldType(f))
		}
	case wasm.CompArray:
		p.f("(array %s", p.fieldType(t.Fields[0]))
	}
	p.f("))")
	if sub {
		p.f(")")
	}
}

// within says that what is written, up to the call of the result, is the definition of type i.
func (p *printer) within(i uint32) (end func()) {
	t := &p.m.Types[i]
	p.group, p.canon, p.groupLen = t.Group, p.m.Types[t.Canon].Group, t.GroupLen
	return func() { p.groupLen = 0 }
}

func (p *printer) fieldType(f wasm.FieldType) string {
	if f.Mutable {
		return "(mut " + p.valType(f.Type) + ")"
	}
	return p.valType(f.Type)
}

// signature writes parameters and results that have no names.
func (p *printer) signature(t *wasm.FuncType) {
	p.list("param", t.Params)
	p.list("result", t.Results)
}

func (p *printer) list(keyword string, types []wasm.ValType) {
	if len(types) == 0 {
		return
	}
	p.f(" (%s", keyword)
	for _, t := range types {
		p.f(" %s", p.valType(t))
	}
	p.f(")")
}

// valType is the type with the identifier of the type it names.
func (p *printer) valType(t wasm.ValType) string {
	if _, defined := t.TypeIndex(); !defined {
		return t.String()
	}
	if t.Nullable() {
		return "(ref null " + p.heapType(t) + ")"
	}
	return "(ref " + p.heapType(t) + ")"
}

func (p *printer) heapType(t wasm.ValType) string {
	i, defined := t.TypeIndex()
	if !defined {
		return t.HeapName()
	}
	if i-p.canon < p.groupLen {
		i = i - p.canon + p.group
	}
	if t.Exact() {
		return "(exact " + p.ref(nameType, i) + ")"
	}
	return p.ref(nameType, i)
}

func (p *printer) typeUse(i uint32) { p.f(" (type %s)", p.ref(nameType, i)) }

func (p *printer) imports() {
	var next [wasm.ExternTag + 1]int
	for i := range p.m.Imports {
		im := &p.m.Imports[i]
		p.f("\n  (import %s %s (%v", quote([]byte(im.Module)), quote([]byte(im.Name)), im.Kind)
		p.define(spaceOf[im.Kind], next[im.Kind])
		next[im.Kind]++
		switch im.Kind {
		case wasm.ExternFunc, wasm.ExternTag:
			if im.Exact {
				p.f(" (exact")
				p.typeUse(im.Type)
				p.f(")")
			} else {
				p.typeUse(im.Type)
			}
		case wasm.ExternTable:
			p.f(" %s", p.tableType(im.Table))
		case wasm.ExternMemory:
			p.f(" %s", memoryType(im.Memory))
		case wasm.ExternGlobal:
			p.f(" %s", p.globalType(im.Global))
		}
		p.f("))")
	}
}

func (p *printer) tableType(t wasm.TableType) string {
	return t.Limits.String() + " " + p.valType(t.Elem)
}

func memoryType(t wasm.MemoryType) string {
	s := t.Limits.String()
	if t.Shared {
		s += " shared"
	}
	if t.OneByte {
		s += " (pagesize 1)"
	}
	return s
}

func (p *printer) globalType(t wasm.GlobalType) string {
	if t.Mutable {
		return "(mut " + p.valType(t.Type) + ")"
	}
	return p.valType(t.Type)
}

func (p *printer) tables() {
	for i := range p.m.Tables {
		t := &p.m.Tables[i]
		p.field("table", nameTable, p.m.NumImportedTables+i)
		p.f(" %s", p.tableType(t.Type))
		if t.Init != nil {
			p.expr(t.Init)
		}
		p.f(")")
	}
}

func (p *printer) memories() {
	for i, t := range p.m.Memories {
		p.field("memory", nameMemory, p.m.NumImportedMemories+i)
		p.f(" %s)", memoryType(t))
	}
}

func (p *printer) tags() {
	for i, typ := range p.m.Tags {
		p.field("tag", nameTag, p.m.NumImportedTags+i)
		p.typeUse(typ)
		p.f(")")
	}
}

func (p *printer) globals() {
	for i := range p.m.Globals {
		g := &p.m.Globals[i]
		p.field("global", nameGlobal, p.m.NumImportedGlobals+i)
		p.f(" %s", p.globalType(g.Type))
		p.expr(&g.Init)
		p.f(")")
	}
}

func (p *printer) exports() {
	for _, e := range p.m.Exports {
		p.f("\n  (export %s (%v %s))", quote([]byte(e.Name)), e.Kind, p.ref(spaceOf[e.Kind], e.Index))
	}
}

func (p *printer) start() {
	if p.m.Start >= 0 {
		p.f("\n  (start %s)", p.ref(nameFunc, uint32(p.m.Start)))
	}
}

func (p *printer) elems() {
	for i := range p.m.Elems {
		e := &p.m.Elems[i]
		p.field("elem", nameElem, i)
		switch e.Mode {
		case wasm.SegmentActive:
			if e.Table != 0 {
				p.f(" (table %s)", p.ref(nameTable, e.Table))
			}
			p.f(" (offset")
			p.expr(&e.Offset)
			p.f(")")
		case wasm.SegmentDeclarative:
			p.f(" declare")
		}
		if e.Exprs == nil && e.Type.Heap() == wasm.FuncRef {
			p.f(" func")
			for _, f := range e.Funcs {
				p.f(" %s", p.ref(nameFunc, f))
			}
		} else {
			p.f(" %s", p.valType(e.Type))
			for k := range e.Exprs {
				p.f(" (item")
				p.expr(&e.Exprs[k])
				p.f(")")
			}
		}
		p.f(")")
	}
}

func (p *printer) datas() {
	for i := range p.m.Datas {
		d := &p.m.Datas[i]
		p.field("data", nameData, i)
		if d.Mode == wasm.SegmentActive {
			if d.Memory != 0 {
				p.f(" (memory %s)", p.ref(nameMemory, d.Memory))
			}
			p.f(" (offset")
			p.expr(&d.Offset)
			p.f(")")
		}
		p.f(" %s)", quote(d.Init))
	}
}

func (p *printer) funcs() {
	for i := range p.m.Code {
		p.fn = uint32(p.m.NumImportedFuncs + i)
		p.field("func", nameFunc, int(p.fn))
		p.typeUse(p.m.Funcs[i])
		ft, local := p.m.FuncType(p.fn), uint32(0)
		end := p.within(p.m.Funcs[i])
		for _, t := range ft.Params {
			p.f(" (param%s %s)", p.names.localDefinition(p.fn, local), p.valType(t))
			local++
		}
		p.list("result", ft.Results)
		end()
		c := &p.m.Code[i]
		for _, run := range c.Locals {
			p.locals(run, &local)
		}
		p.body(c)
		p.f(")")
	}
}

// locals writes a run of locals: those with names one by one, the others together.
func (p *printer) locals(run wasm.LocalRun, local *uint32) {
	open := false
	for range run.Count {
		name := p.names.localDefinition(p.fn, *local)
		*local++
		if name != "" {
			if open {
				p.f(")")
			}
			p.f("\n    (local%s %s)", name, p.valType(run.Type))
			open = false
			continue
		}
		if !open {
			p.f("\n    (local")
			open = true
		}
		p.f(" %s", p.valType(run.Type))
	}
	if open {
		p.f(")")
	}
}

// quote writes bytes as a string of the text format: printable ASCII and valid UTF-8 as they are.
func quote(b []byte) string {
	out := make([]byte, 0, len(b)+2)
	out = append(out, '"')
	for len(b) > 0 {
		c := b[0]
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c >= 0x20 && c < 0x7F:
			out = append(out, c)
		case c >= 0x80:
			if r, n := utf8.DecodeRune(b); r != utf8.RuneError && r >= 0xA0 {
				out = append(out, b[:n]...)
				b = b[n:]
				continue
			}
			fallthrough
		default:
			out = fmt.Appendf(out, `\%02x`, c)
		}
		b = b[1:]
	}
	return string(append(out, '"'))
}
