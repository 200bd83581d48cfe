package wat

import (
	"github.com/godwit-vm/godwit/wasm"
)

// Parse makes the binary of the module whose text is src; file is what errors call it. The module's fields may stand
// in (module ...) or alone. The error is an [*Error].
func Parse(file string, src []byte) ([]byte, error) {
	t, err := lex(file, src)
	if err != nil {
		return nil, err
	}
	c := cursor{text: t, end: len(t.tokens) - 1}
	if c.opens() != "module" {
		return t.module(0, c.end, "")
	}
	from := c.i + 2
	end := int(t.tokens[0].partner)
	c.i = min(end+1, c.end)
	if c.at(0).kind != tokEOF {
		c.unexpected()
		return nil, c.err
	}
	c.i = from
	name := c.id()
	if c.err != nil {
		return nil, c.err
	}
	b, err := t.module(c.i, end, name)
	if err == nil && end == c.end {
		c.i = c.end
		c.close()
		return nil, c.err
	}
	return b, err
}

// indexName is a name in the name section.
type indexName struct {
	index uint32
	name  string
}

// space is an index space: how much is in it, and what it is called.
type space struct {
	what  string // for messages
	count uint32
	ids   map[string]uint32
	names []indexName
	read  uint32 // how much of it the second reading has seen
}

// next is the index of what the second reading sees next.
func (s *space) next() uint32 {
	s.read++
	return s.read - 1
}

// module is a module on its way from text to binary.
type module struct {
	cursor
	moduleName                                    string
	types, funcs, tables, memories, globals, tags space
	elems, datas                                  space
	importedFuncs                                 uint32

	typeFields []int // tokens at which type definitions and groups of them begin
	fields     []int // the same of all other fields
	typeDefs   []typeDef
	funcTypes  map[string]uint32 // the first type of each function type

	sections [secTag + 1]section
	start    int64 // function index, or -1
	usesData bool  // an instruction names a data segment
	customs  []custom
	annots   []annot // those of the text that stand in the module
	used     []bool  // which of annots have been made use of
	hints    []byte  // branch hints of the functions that have some
	hinted   uint32  // how many these are

	body
	allLocals, allLabels []funcNames
}

// module parses the fields of a module, which are the tokens from to end.
func (t *text) module(from, end int, name string) ([]byte, error) {
	m := module{
		cursor:    cursor{text: t, i: from, end: end},
		start:     -1,
		funcTypes: map[string]uint32{},
		annots:    t.annotsIn(from, end),
	}
	m.used = make([]bool, len(m.annots))
	for s, what := range map[*space]string{
		&m.types: "type", &m.funcs: "func", &m.tables: "table", &m.memories: "memory", &m.globals: "global",
		&m.tags: "tag", &m.elems: "elem", &m.datas: "data",
	} {
		s.what = what
	}
	m.moduleName = m.moduleAnnotation(name)
	m.declare()
	m.typeSection()
	for _, i := range m.fields {
		m.seek(i)
		m.field()
		if m.err != nil {
			break
		}
	}
	m.misplaced()
	if m.err != nil {
		return nil, m.err
	}
	return m.binary(), nil
}

// declare is the first reading: it numbers what the fields declare, and remembers the identifiers.
func (m *module) declare() {
	defined := "" // a kind of field that no import may follow
	for {
		m.customAnnotations()
		if m.at(0).kind == tokEOF {
			return
		}
		field := m.opens()
		begin, end := m.i, int(m.at(0).partner)
		if m.at(0).kind != tokLeft || !isField[field] {
			if m.at(0).kind == tokLeft {
				m.i++
			}
			m.unexpected()
			return
		}
		m.i += 2
		if field == "type" || field == "rec" {
			m.typeFields = append(m.typeFields, begin)
		} else {
			m.fields = append(m.fields, begin)
		}
		imported := field == "import"
		switch field {
		case "type":
			m.bind(&m.types)
		case "rec":
			for m.open("type") {
				group := int(m.tokens[m.i-2].partner)
				m.bind(&m.types)
				m.seek(min(group+1, m.end))
			}
		case "import":
			if m.i += 2; m.at(0).kind == tokLeft {
				m.i++
				m.bind(m.spaceOf(m.keywordPast()))
			}
		case "func", "table", "memory", "global", "tag":
			m.bind(m.spaceOf(field))
			imported = m.declareInline(field, end)
			if !imported && defined == "" {
				defined = field
				if field == "func" {
					defined = "function"
				}
			}
		case "elem":
			m.bind(&m.elems)
		case "data":
			m.bind(&m.datas)
		case "start":
			if m.start >= 0 {
				m.seek(begin)
				m.fail("multiple start sections")
			}
			m.start = 0
		}
		if imported && defined != "" {
			m.seek(begin)
			m.fail("import after %s", defined)
		}
		if m.err != nil {
			return
		}
		m.seek(min(end+1, m.end))
	}
}

// isField are the keywords of fields.
var isField = map[string]bool{
	"type": true, "rec": true, "import": true, "func": true, "table": true, "memory": true, "global": true, "tag": true,
	"export": true, "start": true, "elem": true, "data": true,
}

// keywordPast is the next token, which is passed over, if it is a keyword.
func (m *module) keywordPast() string {
	s := m.keyword()
	if s != "" {
		m.i++
	}
	return s
}

// spaceOf is the index space of a kind of import or export, or nil.
func (m *module) spaceOf(kind string) *space {
	switch kind {
	case "func":
		return &m.funcs
	case "table":
		return &m.tables
	case "memory":
		return &m.memories
	case "global":
		return &m.globals
	case "tag":
		return &m.tags
	}
	return nil
}

// externKind is the code of an import's or export's kind.
func (m *module) externKind(s *space) byte {
	switch s {
	case &m.tables:
		return byte(wasm.ExternTable)
	case &m.memories:
		return byte(wasm.ExternMemory)
	case &m.globals:
		return byte(wasm.ExternGlobal)
	case &m.tags:
		return byte(wasm.ExternTag)
	}
	return byte(wasm.ExternFunc)
}

// bind gives the next index of s to the identifier that comes next, if there is one.
func (m *module) bind(s *space) {
	if s == nil {
		return // the second reading will say what is wrong
	}
	at := m.i
	id := m.id()
	if id != "" {
		if _, dup := s.ids[id]; dup {
			m.seek(at)
			m.fail("duplicate %s $%s", s.what, id)
			return
		}
		if s.ids == nil {
			s.ids = map[string]uint32{}
		}
		s.ids[id] = s.count
	}
	if name := m.nameAnnotation(id); name != "" {
		s.names = append(s.names, indexName{s.count, name})
	}
	s.count++
}

// declareInline looks for an import among what stands in the field, and for a segment.
func (m *module) declareInline(field string, end int) (imported bool) {
	for m.opens() == "export" || m.opens() == "import" {
		imported = imported || m.opens() == "import"
		m.seek(min(int(m.at(0).partner)+1, m.end))
	}
	if imported || field != "table" && field != "memory" {
		return imported
	}
	for m.i < end && m.more() {
		switch {
		case m.opens() == "elem" && field == "table":
			m.elems.count++
		case m.opens() == "data" && field == "memory":
			m.datas.count++
		}
		if m.at(0).kind == tokLeft {
			m.seek(min(int(m.at(0).partner)+1, m.end))
		} else {
			m.i++
		}
	}
	return false
}

// index reads an index of s.
func (m *module) index(s *space) uint32 {
	if !m.isID() {
		return m.u32()
	}
	at := m.i
	id := m.id()
	x, ok := s.ids[id]
	if !ok && m.err == nil {
		m.seek(at)
		m.fail("unknown %s $%s", s.what, id)
	}
	return x
}

// optionalIndex reads an index of s if one comes next; otherwise it is 0.
func (m *module) optionalIndex(s *space) uint32 {
	if m.isIndex() {
		return m.index(s)
	}
	return 0
}

// field reads a field that is no type definition, and encodes it.
func (m *module) field() {
	m.i++
	field := m.keywordPast()
	switch field {
	case "import":
		m.importField()
	case "func":
		m.funcField()
	case "table":
		m.tableField()
	case "memory":
		m.memoryField()
	case "global":
		m.globalField()
	case "tag":
		m.tagField()
	case "export":
		m.exportField()
	case "start":
		m.start = int64(m.index(&m.funcs))
	case "elem":
		m.elemField()
	case "data":
		m.dataField()
	}
	m.close()
}

// add appends an element to a section that is a vector.
func (m *module) add(id int, b []byte) {
	m.sections[id].count++
	m.sections[id].body = append(m.sections[id].body, b...)
}

// externSpace reads the parenthesis and the keyword of what is imported or exported, and returns the index space of its
// kind; nil, and an error stands, if there is none.
func (m *module) externSpace() *space {
	if m.at(0).kind == tokLeft {
		m.i++
		if s := m.spaceOf(m.keyword()); s != nil {
			m.i++
			return s
		}
	}
	m.unexpected()
	return nil
}

// importField reads (import "module" "name" (kind ...)).
func (m *module) importField() {
	mod, name := m.name2()
	s := m.externSpace()
	if s == nil {
		return
	}
	m.id()
	s.next()
	m.addImport(s, mod, name)
	m.close()
}

// name2 reads the two names of an import.
func (m *module) name2() (mod, name string) {
	mod = m.utf8()
	return mod, m.utf8()
}

// exactFunc is the flag of an imported function that is of exactly its type (custom descriptors).
const exactFunc = 0x20

// addImport reads the type of an import, and adds it.
func (m *module) addImport(s *space, mod, name string) {
	b := append(bytesVec(bytesVec(nil, mod), name), m.externKind(s))
	switch s {
	case &m.funcs:
		m.body = body{}
		exact := m.open("exact") // of no proper subtype
		if exact {
			b[len(b)-1] |= exactFunc
		}
		b = uleb32(b, m.funcTypeUse(m.bindLocal))
		if exact {
			m.close()
		}
		m.keepNames(m.importedFuncs)
		m.importedFuncs++
	case &m.tables:
		b = m.tableType(b)
	case &m.memories:
		b = m.memoryType(b)
	case &m.globals:
		b = m.globalType(b)
	case &m.tags:
		b = uleb32(append(b, 0), m.funcTypeUse(anonymous))
	}
	m.add(secImport, b)
}

// inline reads the exports and the import that a field may begin with. It tells whether there was an import, and then
// has read the field.
func (m *module) inline(s *space, x uint32) bool {
	for m.open("export") {
		m.addExport(m.utf8(), s, x)
		m.close()
	}
	if !m.open("import") {
		return false
	}
	mod, name := m.name2()
	m.close()
	m.addImport(s, mod, name)
	return true
}

func (m *module) addExport(name string, s *space, x uint32) {
	m.add(secExport, uleb32(append(bytesVec(nil, name), m.externKind(s)), x))
}

// exportField reads (export "name" (kind index)).
func (m *module) exportField() {
	name := m.utf8()
	s := m.externSpace()
	if s == nil {
		return
	}
	m.addExport(name, s, m.index(s))
	m.close()
}
