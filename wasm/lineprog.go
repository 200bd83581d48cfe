package wasm

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
)

// lineProgram is a line number program of DWARF 2 to 5 (DWARF 5, section 6.2): a byte code that makes the rows of a
// table of addresses and lines.
type lineProgram struct {
	b       []byte // .debug_line, up to the program's end
	header  int    // offset of the header
	names   int    // offset of the header's tables of directories and files
	start   int    // offset of the first opcode
	end     int    // offset behind the last opcode
	version uint16
	is64    bool // offsets take 8 bytes

	minLength  uint64 // of an instruction; addresses advance in steps of it
	lineBase   int64
	lineRange  uint8
	opcodeBase uint8
	lengths    []byte // number of operands of each standard opcode, from opcode 1
}

// readLineProgram reads the header at pos.
func readLineProgram(b []byte, pos int) (*lineProgram, bool) {
	r := reader{b: b, pos: pos, end: len(b), fn: -1}
	p := &lineProgram{header: pos}
	length := uint64(r.fixed32())
	if length == math.MaxUint32 {
		p.is64 = true
		length = r.fixed64()
	}
	if r.err != nil || length > uint64(r.left()) {
		return nil, false
	}
	p.end = r.pos + int(length)
	p.b, r.end = b[:p.end], p.end
	p.version = r.fixed16()
	if p.version < 2 || p.version > 5 {
		return nil, false
	}
	if p.version == 5 {
		r.skip(2) // address and segment selector size
	}
	headerLength := r.offset(p.is64)
	if r.err != nil || headerLength > uint64(r.left()) {
		return nil, false
	}
	p.start = r.pos + int(headerLength)
	p.minLength = uint64(r.byte())
	if p.version >= 4 && r.byte() != 1 {
		return nil, false // several operations in one instruction, which WebAssembly has not
	}
	r.skip(1) // whether rows begin statements at first
	p.lineBase = int64(int8(r.byte()))
	p.lineRange = r.byte()
	p.opcodeBase = r.byte()
	p.lengths = r.bytes(uint32(max(p.opcodeBase, 1) - 1))
	p.names = r.pos
	return p, r.err == nil && p.names <= p.start && p.lineRange != 0 && p.opcodeBase != 0
}

// lineRow is a row of the table a line program makes.
type lineRow struct {
	addr, file, line, col uint64
	end                   bool // the first address behind a sequence; the other fields say nothing
}

// lineMachine runs a line program.
type lineMachine struct {
	p *lineProgram
	reader
	state lineRow
	row   lineRow // the row that next made
}

// machine starts a machine at an opcode that starts a sequence.
func (p *lineProgram) machine(pos int) *lineMachine {
	return &lineMachine{p: p, reader: reader{b: p.b, pos: pos, end: p.end, fn: -1}, state: lineRow{file: 1, line: 1}}
}

// next runs up to the next row, and reports false at the program's end or where it is broken.
func (m *lineMachine) next() bool {
	m.row = lineRow{}
	for m.left() > 0 {
		op := m.byte()
		emit := true
		switch {
		case op >= m.p.opcodeBase:
			m.special(op - m.p.opcodeBase)
		case op == 0:
			emit = m.extended()
		default:
			emit = m.standard(op)
		}
		if m.err != nil {
			return false
		}
		if emit {
			m.row = m.state
			if m.row.end {
				m.state = lineRow{file: 1, line: 1}
			}
			return true
		}
	}
	return false
}

// special advances address and line by one of the pairs that fit a byte.
func (m *lineMachine) special(n uint8) {
	m.state.addr += uint64(n/m.p.lineRange) * m.p.minLength
	m.state.line += uint64(m.p.lineBase + int64(n%m.p.lineRange))
}

// standard runs one of the opcodes 1 to opcodeBase-1.
func (m *lineMachine) standard(op uint8) (emit bool) {
	switch op {
	case 1: // copy
		return true
	case 2: // advance_pc
		m.state.addr += m.u64() * m.p.minLength
	case 3: // advance_line
		m.state.line += uint64(m.s64())
	case 4: // set_file
		m.state.file = m.u64()
	case 5: // set_column
		m.state.col = m.u64()
	case 6, 7, 10, 11: // negate_stmt, set_basic_block, set_prologue_end, set_epilogue_begin
	case 8: // const_add_pc
		m.state.addr += uint64((255-m.p.opcodeBase)/m.p.lineRange) * m.p.minLength
	case 9: // fixed_advance_pc
		m.state.addr += uint64(m.fixed16())
	default: // set_isa, and what is not known
		for range m.p.lengths[op-1] {
			m.u64()
		}
	}
	return false
}

// extended runs an opcode that says its own length.
func (m *lineMachine) extended() (emit bool) {
	body := m.bytes(uint32(min(m.u64(), math.MaxUint32)))
	if len(body) == 0 {
		return false
	}
	switch body[0] {
	case 1: // end_sequence
		m.state.end = true
		return true
	case 2: // set_address
		switch len(body) - 1 {
		case 4:
			m.state.addr = uint64(binary.LittleEndian.Uint32(body[1:]))
		case 8:
			m.state.addr = binary.LittleEndian.Uint64(body[1:])
		}
	}
	return false
}

// lineStrings are the sections that a line program's header may keep its strings in.
type lineStrings struct{ str, lineStr []byte }

// stringAt returns the string that starts at an offset and ends with a zero byte.
func stringAt(section []byte, off uint64) (string, bool) {
	if off >= uint64(len(section)) {
		return "", false
	}
	n := bytes.IndexByte(section[off:], 0)
	if n < 0 {
		return "", false
	}
	return strings.ToValidUTF8(string(section[off:int(off)+n]), "\uFFFD"), true
}

// fileName reads the header's tables for the name of a file.
func (p *lineProgram) fileName(file uint64, s *lineStrings) (string, bool) {
	r := reader{b: p.b, pos: p.names, end: p.start, fn: -1}
	if p.version < 5 {
		return oldFileName(&r, file)
	}
	dirs := entryTable{r: &r, is64: p.is64, strings: s}
	dirs.formats()
	dirPos := r.pos
	dirs.skipAll()
	files := entryTable{r: &r, is64: p.is64, strings: s}
	files.formats()
	name, dir, ok := files.entry(file)
	if !ok {
		return "", false
	}
	r.pos = dirPos
	dirName, _, ok := dirs.entry(dir)
	if !ok {
		return name, true
	}
	return joinPath(dirName, name), true
}

// oldFileName reads the tables of DWARF 2 to 4: strings up to an empty one, and files counted from 1. Directory 0 is
// the compiler's working directory, which the tables do not name.
func oldFileName(r *reader, file uint64) (string, bool) {
	dirPos := r.pos
	for r.zeroString() != "" {
	}
	for i := uint64(1); ; i++ {
		name := r.zeroString()
		dir := r.u64()
		r.u64() // time of last change
		r.u64() // length
		if r.err != nil || name == "" {
			return "", false
		}
		if i < file {
			continue
		}
		r.pos = dirPos
		dirName := ""
		for range dir {
			if dirName = r.zeroString(); dirName == "" {
				break
			}
		}
		return joinPath(dirName, name), i == file
	}
}

func joinPath(dir, name string) string {
	if dir == "" || strings.HasPrefix(name, "/") || strings.Contains(name, ":") {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// entryTable is a DWARF 5 table of directories or files (section 6.2.4.1): a list of fields, each with its form, and
// entries that each have these fields.
type entryTable struct {
	r       *reader
	is64    bool
	strings *lineStrings
	fields  [][2]uint64 // content type, form
	count   uint64
}

// formats reads what fields an entry has and how many entries there are. An entry takes a byte at least, so that no
// count stands for more work than there are bytes.
func (t *entryTable) formats() {
	for range t.r.byte() {
		t.fields = append(t.fields, [2]uint64{t.r.u64(), t.r.u64()})
	}
	t.count = t.r.u64()
	if t.r.err == nil && t.count > uint64(t.r.left()) || len(t.fields) == 0 && t.count > 0 {
		t.r.malformed(t.r.pos, "unexpected end")
	}
}

// skipAll goes to the table's end.
func (t *entryTable) skipAll() {
	for i := uint64(0); i < t.count && t.r.err == nil; i++ {
		t.readEntry(false)
	}
}

// entry reads entry i.
func (t *entryTable) entry(i uint64) (path string, dir uint64, ok bool) {
	if i >= t.count {
		return "", 0, false
	}
	for range i {
		if t.readEntry(false); t.r.err != nil {
			return "", 0, false
		}
	}
	path, dir = t.readEntry(true)
	return path, dir, t.r.err == nil
}

// readEntry reads an entry, and its path if that is wanted.
func (t *entryTable) readEntry(want bool) (path string, dir uint64) {
	const (
		contentPath = 1
		contentDir  = 2
	)
	for _, f := range t.fields {
		s, n := t.field(f[1], want && f[0] == contentPath)
		switch f[0] {
		case contentPath:
			path = s
		case contentDir:
			dir = n
		}
		if t.r.err != nil {
			break
		}
	}
	return path, dir
}

// field reads a field by its form (DWARF 5, section 7.5.6), of those that may stand here; the string only if wanted.
func (t *entryTable) field(form uint64, want bool) (s string, n uint64) {
	r := t.r
	section := t.strings.lineStr
	switch form {
	case 0x08: // string
		if want {
			return r.zeroString(), 0
		}
		r.skipString()
	case 0x0E, 0x1F: // strp, line_strp
		if form == 0x0E {
			section = t.strings.str
		}
		off := r.offset(t.is64)
		if want && r.err == nil {
			var ok bool
			if s, ok = stringAt(section, off); !ok {
				r.malformed(r.pos, "length out of bounds")
			}
		}
	case 0x0B: // data1
		n = uint64(r.byte())
	case 0x05: // data2
		n = uint64(r.fixed16())
	case 0x06: // data4
		n = uint64(r.fixed32())
	case 0x07: // data8
		n = r.fixed64()
	case 0x0F: // udata
		n = r.u64()
	case 0x1E: // data16
		r.skip(16)
	case 0x09: // block
		r.bytes(uint32(min(r.u64(), math.MaxUint32)))
	default:
		r.malformed(r.pos, "unknown form %#x", form)
	}
	return s, n
}

// The numbers of DWARF have a fixed size, little end first.

func (r *reader) fixed16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) fixed32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) fixed64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// offset reads an offset into a section.
func (r *reader) offset(is64 bool) uint64 {
	if is64 {
		return r.fixed64()
	}
	return uint64(r.fixed32())
}

// skipString passes over a string that ends with a zero byte.
func (r *reader) skipString() {
	n := bytes.IndexByte(r.b[r.pos:r.end], 0)
	if n < 0 {
		r.unexpectedEnd()
		return
	}
	r.pos += n + 1
}

// zeroString reads a string that ends with a zero byte.
func (r *reader) zeroString() string {
	start := r.pos
	r.skipString()
	if r.err != nil {
		return ""
	}
	s, _ := stringAt(r.b[:r.pos], uint64(start))
	return s
}
