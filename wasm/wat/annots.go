package wat

import (
	"encoding/binary"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/godwit-vm/godwit/wasm"
)

// annotations are the annotations that mean something. All others are comments.
var annotations = map[string]struct{}{
	annotName:   {},
	annotCustom: {},
	annotHint:   {},
}

const (
	annotName   = "name"
	annotCustom = "custom"
	annotHint   = "metadata.code.branch_hint"
)

// annotsIn are the annotations before the tokens from up to and with end.
func (t *text) annotsIn(from, end int) []annot {
	before := func(token int) int {
		return sort.Search(len(t.annots), func(i int) bool { return t.annots[i].at >= token })
	}
	return t.annots[before(from):before(end+1)]
}

// takeAnnotation finds an annotation of the kind before the next token that has not been made use of, or nil.
func (m *module) takeAnnotation(id string) *annot {
	if len(m.annots) == 0 || m.err != nil {
		return nil
	}
	first := sort.Search(len(m.annots), func(i int) bool { return m.annots[i].at >= m.i })
	for i := first; i < len(m.annots) && m.annots[i].at == m.i; i++ {
		if a := &m.annots[i]; a.id == id && !m.used[i] {
			m.used[i] = true
			return a
		}
	}
	return nil
}

// misplaced reports the first annotation that nothing has made use of.
func (m *module) misplaced() {
	for i := range m.annots {
		switch a := &m.annots[i]; {
		case m.used[i]:
		case a.id == annotHint:
			m.failAt(a.off, "@%s annotation: not in a function", a.id)
		default:
			m.failAt(a.off, "misplaced @%s annotation", a.id)
		}
	}
}

// contents is a cursor over what stands in the annotation.
func (m *module) contents(a *annot) *cursor {
	return &cursor{text: &text{file: m.file, src: m.src, tokens: a.tokens}, end: len(a.tokens) - 1}
}

// leave reports what is wrong in an annotation.
func (m *module) leave(c *cursor) {
	if m.err == nil && c.err != nil {
		m.err, m.i = c.err, m.end
	}
}

// nameAnnotation is the name in a name annotation, if one comes next, else id.
func (m *module) nameAnnotation(id string) string {
	a := m.takeAnnotation(annotName)
	if a == nil {
		return id
	}
	c := m.contents(a)
	if c.at(0).kind != tokString {
		c.fail("@name annotation: unexpected token")
	} else if name := c.string(nil); !utf8.Valid(name) {
		c.failBefore("@name annotation: malformed UTF-8 encoding")
	} else {
		id = string(name)
	}
	if c.err == nil && c.at(0).kind != tokEOF {
		c.fail("@name annotation: unexpected token")
	}
	m.leave(c)
	return id
}

// moduleAnnotation is the module's name: that of the annotation, if there is one, else id.
func (m *module) moduleAnnotation(id string) string {
	id = m.nameAnnotation(id)
	if a := m.takeAnnotation(annotName); a != nil {
		m.failAt(a.off, "@name annotation: multiple module names")
	}
	return id
}

// custom is a custom section, and where it has to stand.
type custom struct {
	name  string
	after bool
	place int // the number of a section, or one of the two below
	data  []byte
}

const (
	placeFirst = -1
	placeLast  = -2
)

var places = map[string]int{
	"first": placeFirst, "last": placeLast,
	"type": secType, "import": secImport, "func": secFunc, "table": secTable, "memory": secMemory, "tag": secTag,
	"global": secGlobal, "export": secExport, "start": secStart, "elem": secElem, "datacount": secDataCount,
	"code": secCode, "data": secData,
}

// customAnnotations reads the custom annotations that come next. There may be any number of them, so that this does not
// look for each with takeAnnotation.
func (m *module) customAnnotations() {
	first := sort.Search(len(m.annots), func(i int) bool { return m.annots[i].at >= m.i })
	for i := first; i < len(m.annots) && m.annots[i].at == m.i && m.err == nil; i++ {
		if a := &m.annots[i]; a.id == annotCustom {
			m.used[i] = true
			c := m.contents(a)
			m.customs = append(m.customs, readCustom(c))
			m.leave(c)
		}
	}
}

// readCustom reads (@custom "name" (before|after section)? "contents"*).
func readCustom(c *cursor) custom {
	s := custom{after: true, place: placeLast}
	if c.at(0).kind != tokString {
		c.fail("@custom annotation: missing section name")
		return s
	}
	name := c.string(nil)
	if !utf8.Valid(name) {
		c.failBefore("@custom annotation: malformed UTF-8 encoding")
		return s
	}
	s.name = string(name)
	if c.at(0).kind == tokLeft {
		switch c.opens() {
		case "before":
			s.after = false
		case "after":
		default:
			c.fail("@custom annotation: malformed placement")
			return s
		}
		c.i += 2
		place, ok := places[c.keyword()]
		if !ok {
			c.fail("@custom annotation: malformed section kind")
			return s
		}
		s.place = place
		c.i++
		if c.at(0).kind != tokRight {
			c.fail("@custom annotation: unexpected token")
			return s
		}
		c.i++
	}
	s.data = c.strings()
	if c.err == nil && c.at(0).kind != tokEOF {
		c.fail("@custom annotation: unexpected token")
	}
	return s
}

// customsAt appends the custom sections that have to stand before or after a section.
func (m *module) customsAt(out []byte, after bool, place int) []byte {
	for _, c := range m.customs {
		if c.after == after && c.place == place {
			out = appendSection(out, 0, append(bytesVec(nil, c.name), c.data...))
		}
	}
	return out
}

// hint is a branch hint: how likely the branch of the instruction is taken that stands at the offset in the function.
type hint struct {
	offset int
	value  []byte
	off    int // in the source
}

// takeHint reads the branch hint that comes next, or gives nil.
func (m *module) takeHint() *hint {
	a := m.takeAnnotation(annotHint)
	if a == nil {
		return nil
	}
	c := m.contents(a)
	h := &hint{value: c.strings(), off: a.off}
	switch {
	case c.err != nil:
	case c.at(0).kind != tokEOF:
		c.fail("@%s annotation: unexpected token", annotHint)
	case len(h.value) != 1 || h.value[0] > 1:
		c.failAt(a.off, "@%s annotation: invalid value", annotHint)
	}
	m.leave(c)
	if b := m.takeAnnotation(annotHint); b != nil {
		m.failAt(b.off, "@%s annotation: duplicate annotation", annotHint)
	}
	return h
}

// addHint keeps a hint, if there is one, for the instruction that is appended next.
func (m *module) addHint(h *hint, op wasm.Op) { m.addHintAt(h, op, len(m.out)) }

// addHintAt keeps a hint for the instruction at the offset.
func (m *module) addHintAt(h *hint, op wasm.Op, offset int) {
	switch {
	case h == nil:
	case op != wasm.OpIf && op != wasm.OpBrIf:
		m.failAt(h.off, "@%s annotation: invalid target", annotHint)
	default:
		h.offset = offset
		m.body.hints = append(m.body.hints, *h)
	}
}

// noHints reports hints that stand in a constant expression.
func (m *module) noHints() {
	if hints := m.body.hints; len(hints) > 0 {
		m.failAt(hints[0].off, "@%s annotation: not in a function", annotHint)
	}
}

// keepHints adds the hints of function x to the module's.
func (m *module) keepHints(x uint32) {
	hints := m.body.hints
	if len(hints) == 0 {
		return
	}
	m.hinted++
	// An instruction is written after its operands, but its hint is kept when both are: the order is that of offsets
	// already, and sorting is cheap.
	slices.SortFunc(hints, func(a, b hint) int { return a.offset - b.offset })
	m.hints = uleb(uleb32(m.hints, x), uint64(len(hints)))
	for _, h := range hints {
		m.hints = bytesVec(uleb(m.hints, uint64(h.offset)), h.value)
	}
}

// branchHints appends the section of branch hints, if there are any.
func (m *module) branchHints(out []byte) []byte {
	if m.hinted == 0 {
		return out
	}
	b := binary.AppendUvarint(bytesVec(nil, annotHint), uint64(m.hinted))
	return appendSection(out, 0, append(b, m.hints...))
}
