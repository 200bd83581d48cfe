package wat

import (
	"encoding/binary"
	"strings"

	"github.com/godwit-vm/godwit/wasm"
)

// maxNesting bounds how deep folded instructions nest. Each level recurses. People and compilers that fold write some
// dozens.
const maxNesting = 1000

// body is the state of a function's body, or of a constant expression, while it is read.
type body struct {
	out     []byte
	pending []byte // of folded instructions, whose operands are written first

	numLocals  uint32
	locals     map[string]uint32
	localNames []indexName

	depth      uint32              // labels that are open
	labels     map[string][]uint32 // the depths at which a label is open, the innermost last
	blocks     uint32              // how many there were up to now: the index of a label's name
	labelNames []indexName

	flat    []flatBlock // blocks written without parentheses that are open
	nesting int         // of parentheses
	hints   []hint
}

// flatBlock is a block that its own end will close.
type flatBlock struct {
	op    wasm.Op // block, loop, if, else, try, try_table, catch or catch_all: what comes next depends on it
	label blockLabel
}

// bindLocal gives the next local index to the identifier that was read last, which may be "", and the name.
func (m *module) bindLocal(id, name string) {
	if id != "" {
		if _, dup := m.locals[id]; dup {
			m.failBefore("duplicate local $%s", id)
			return
		}
		if m.locals == nil {
			m.locals = map[string]uint32{}
		}
		m.locals[id] = m.numLocals
	}
	if name != "" {
		m.localNames = append(m.localNames, indexName{m.numLocals, name})
	}
	m.numLocals++
}

// blockLabel is a block's label: its identifier, and its name in the name section. Both may be "".
type blockLabel struct{ id, name string }

// blockLabel reads the label that may follow a block's keyword.
func (m *module) blockLabel() blockLabel {
	id := m.id()
	return blockLabel{id, m.nameAnnotation(id)}
}

// pushLabel opens a block.
func (m *module) pushLabel(label blockLabel) {
	if label.id != "" {
		if m.labels == nil {
			m.labels = map[string][]uint32{}
		}
		m.labels[label.id] = append(m.labels[label.id], m.depth)
	}
	if label.name != "" {
		m.labelNames = append(m.labelNames, indexName{m.blocks, label.name})
	}
	m.blocks++
	m.depth++
}

// popLabel closes the innermost block, which has the label.
func (m *module) popLabel(label blockLabel) {
	if label.id != "" {
		open := m.labels[label.id]
		m.labels[label.id] = open[:len(open)-1]
	}
	m.depth--
}

// label reads a label index.
func (m *module) label() uint32 {
	if !m.isID() {
		return m.u32()
	}
	at := m.i
	id := m.id()
	open := m.labels[id]
	if len(open) == 0 {
		m.seek(at)
		m.fail("unknown label $%s", id)
		return 0
	}
	return m.depth - 1 - open[len(open)-1]
}

// local reads a local index.
func (m *module) local() uint32 {
	if !m.isID() {
		return m.u32()
	}
	at := m.i
	id := m.id()
	x, ok := m.locals[id]
	if !ok {
		m.seek(at)
		m.fail("unknown local $%s", id)
	}
	return x
}

// constExpr reads instructions up to the next right parenthesis, and appends them to b with their end.
func (m *module) constExpr(b []byte) []byte {
	m.body = body{out: b}
	m.instrs()
	m.noHints()
	return append(m.out, byte(wasm.OpEnd))
}

// foldedExpr is constExpr for one folded instruction.
func (m *module) foldedExpr(b []byte) []byte {
	m.body = body{out: b}
	if m.at(0).kind != tokLeft {
		m.unexpected()
		return b
	}
	m.folded()
	m.noHints()
	return append(m.out, byte(wasm.OpEnd))
}

// instrs reads instructions up to the next right parenthesis.
func (m *module) instrs() {
	base := len(m.flat)
	for m.more() {
		if m.at(0).kind == tokLeft {
			m.folded()
		} else {
			m.plain(base)
		}
	}
	if len(m.flat) > base && m.err == nil {
		m.unexpected() // end is missing
	}
}

// emit appends an opcode.
func (m *module) emit(op wasm.Op) {
	if op < 256 {
		m.out = append(m.out, byte(op))
	} else {
		m.out = uleb(append(m.out, byte(op>>16)), uint64(op&0xFFFF))
	}
}

// plain reads an instruction without parentheses, or the word that closes or parts one of the blocks from base on.
func (m *module) plain(base int) {
	hint := m.takeHint()
	name := m.keyword()
	op, ok := wasm.OpByName(name)
	if !ok {
		m.unexpected()
		return
	}
	top := flatBlock{op: wasm.OpUnreachable}
	if len(m.flat) > base {
		top = m.flat[len(m.flat)-1]
	}
	switch op {
	case wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpTry, wasm.OpTryTable:
		m.i++
		label := m.blockLabel()
		m.addHint(hint, op)
		m.blockHeader(op)
		m.pushLabel(label)
		m.flat = append(m.flat, flatBlock{op, label})
		return
	case wasm.OpElse, wasm.OpCatch, wasm.OpCatchAll:
		if op == wasm.OpElse && top.op != wasm.OpIf || op != wasm.OpElse && top.op != wasm.OpTry && top.op != wasm.OpCatch {
			m.unexpected()
			return
		}
		m.i++
		m.emit(op)
		switch op {
		case wasm.OpElse:
			m.sameLabel(top.label.id)
		case wasm.OpCatch:
			m.out = uleb32(m.out, m.index(&m.tags))
		}
		m.flat[len(m.flat)-1].op = op
	case wasm.OpEnd, wasm.OpDelegate:
		if len(m.flat) == base || op == wasm.OpDelegate && top.op != wasm.OpTry {
			m.unexpected()
			return
		}
		m.i++
		m.emit(op)
		m.flat = m.flat[:len(m.flat)-1]
		m.popLabel(top.label)
		if op == wasm.OpDelegate {
			m.out = uleb32(m.out, m.label())
		} else {
			m.sameLabel(top.label.id)
		}
	default:
		m.addHint(hint, op)
		m.i++
		m.instruction(op)
		return
	}
	m.addHint(hint, op)
}

// sameLabel reads the label that may follow end or else.
func (m *module) sameLabel(label string) {
	if !m.isID() {
		return
	}
	at := m.i
	if id := m.id(); id != label {
		m.seek(at)
		m.fail("mismatching label $%s", id)
	}
}

// blockHeader reads a block's type, and what of try_table follows it, and appends the whole with the opcode.
func (m *module) blockHeader(op wasm.Op) {
	m.emit(op)
	x, params, results, short := m.typeUse(nil)
	switch {
	case short && len(params) == 0 && len(results) == 0:
		m.out = append(m.out, 0x40)
	case short && len(params) == 0 && len(results) == 1:
		m.out = results[0].append(m.out)
	case short && m.err == nil:
		x = m.implicitType(params, results)
		fallthrough
	default:
		m.out = sleb(m.out, int64(x))
	}
	if op == wasm.OpTryTable {
		m.catchClauses()
	}
}

// catchClauses reads the clauses of try_table.
func (m *module) catchClauses() {
	var clauses section
	for {
		kind, ok := catchKinds[m.opens()]
		if !ok {
			break
		}
		m.i += 2
		clauses.count++
		clauses.body = append(clauses.body, byte(kind))
		if kind == wasm.CatchTag || kind == wasm.CatchTagRef {
			clauses.body = uleb32(clauses.body, m.index(&m.tags))
		}
		clauses.body = uleb32(clauses.body, m.label())
		m.close()
	}
	m.out = append(uleb32(m.out, clauses.count), clauses.body...)
}

var catchKinds = map[string]wasm.CatchKind{
	"catch": wasm.CatchTag, "catch_ref": wasm.CatchTagRef, "catch_all": wasm.CatchAll, "catch_all_ref": wasm.CatchAllRef,
}

// folded reads an instruction in parentheses (specification 6.5.11).
func (m *module) folded() {
	if m.nesting++; m.nesting > maxNesting {
		m.fail("nested too deep: more than %d levels", maxNesting)
		return
	}
	hint := m.takeHint()
	m.i++
	if inner := m.takeHint(); inner != nil {
		if hint != nil {
			m.failAt(inner.off, "@%s annotation: duplicate annotation", annotHint)
		}
		hint = inner
	}
	op, ok := wasm.OpByName(m.keyword())
	if !ok {
		m.unexpected()
		return
	}
	switch op {
	case wasm.OpElse, wasm.OpEnd, wasm.OpCatch, wasm.OpCatchAll, wasm.OpDelegate:
		m.unexpected()
		return
	}
	m.i++
	switch op {
	case wasm.OpBlock, wasm.OpLoop, wasm.OpTryTable:
		m.addHint(hint, op)
		label := m.blockLabel()
		m.blockHeader(op)
		m.pushLabel(label)
		m.instrs()
		m.popLabel(label)
		m.emit(wasm.OpEnd)
	case wasm.OpIf:
		m.foldedIf(hint)
	case wasm.OpTry:
		m.addHint(hint, op)
		m.foldedTry()
	default:
		from := len(m.out)
		m.instruction(op)
		m.operands(from, "", hint, op)
	}
	m.close()
	m.nesting--
}

// operands reads folded operands up to the keyword stop in parentheses, or a right parenthesis. What has been written
// from the given place on - the instruction that they are the operands of - comes after them.
func (m *module) operands(from int, stop string, hint *hint, op wasm.Op) {
	if k := m.at(0).kind; k == tokLeft && (stop == "" || m.opens() != stop) {
		keep := len(m.pending)
		m.pending = append(m.pending, m.out[from:]...)
		m.out = m.out[:from]
		for m.at(0).kind == tokLeft && (stop == "" || m.opens() != stop) {
			m.folded()
		}
		from = len(m.out)
		m.out = append(m.out, m.pending[keep:]...)
		m.pending = m.pending[:keep]
	}
	m.addHintAt(hint, op, from)
}

// foldedIf reads (if ...) after its keyword.
func (m *module) foldedIf(hint *hint) {
	label := m.blockLabel()
	from := len(m.out)
	m.blockHeader(wasm.OpIf)
	m.operands(from, "then", hint, wasm.OpIf)
	m.pushLabel(label)
	if !m.open("then") {
		m.unexpected()
		return
	}
	m.instrs()
	m.close()
	if m.open("else") {
		m.emit(wasm.OpElse)
		m.instrs()
		m.close()
	}
	m.popLabel(label)
	m.emit(wasm.OpEnd)
}

// foldedTry reads (try ...) after its keyword.
func (m *module) foldedTry() {
	label := m.blockLabel()
	m.blockHeader(wasm.OpTry)
	m.pushLabel(label)
	if !m.open("do") {
		m.unexpected()
		return
	}
	m.instrs()
	m.close()
	if m.open("delegate") {
		m.popLabel(label)
		m.emit(wasm.OpDelegate)
		m.out = uleb32(m.out, m.label())
		m.close()
		return
	}
	for m.open("catch") {
		m.emit(wasm.OpCatch)
		m.out = uleb32(m.out, m.index(&m.tags))
		m.instrs()
		m.close()
	}
	if m.open("catch_all") {
		m.emit(wasm.OpCatchAll)
		m.instrs()
		m.close()
	}
	m.popLabel(label)
	m.emit(wasm.OpEnd)
}

// instruction reads the immediates of an instruction that is no block, and appends it.
func (m *module) instruction(op wasm.Op) {
	info := op.Info()
	switch info.Imm {
	case wasm.ImmTypes: // (select t) is select with a result; OpByName gives the one without
		panic("unreachable: " + info.Name)
	case wasm.ImmHeapType:
		if op != wasm.OpRefNull {
			t := m.refType()
			if !t.nonNull {
				op++ // ref.test null and ref.cast null follow the others
			}
			m.emit(op)
			m.out = t.appendHeap(m.out)
			return
		}
	case wasm.ImmNone:
		if op == wasm.OpSelect && m.opens() == "result" {
			_, types := m.funcType(nil)
			m.emit(wasm.OpSelectT)
			m.out = appendTypes(m.out, types)
			return
		}
	}
	m.emit(op)
	m.immediates(info)
}

// immediates reads immediates in the order of the text, and appends them in that of the binary.
func (m *module) immediates(info *wasm.OpInfo) {
	switch info.Imm {
	case wasm.ImmNone:
	case wasm.ImmLabel:
		m.out = uleb32(m.out, m.label())
	case wasm.ImmLabels:
		m.labelList()
	case wasm.ImmFunc:
		m.out = uleb32(m.out, m.index(&m.funcs))
	case wasm.ImmTypeTable:
		table := m.optionalIndex(&m.tables)
		m.out = uleb32(m.out, m.funcTypeUse(nil))
		m.out = uleb32(m.out, table)
	case wasm.ImmLocal:
		m.out = uleb32(m.out, m.local())
	case wasm.ImmGlobal:
		m.out = uleb32(m.out, m.index(&m.globals))
	case wasm.ImmTable:
		m.out = uleb32(m.out, m.optionalIndex(&m.tables))
	case wasm.ImmMemory:
		m.out = uleb32(m.out, m.optionalIndex(&m.memories))
	case wasm.ImmMemarg, wasm.ImmMemargAtomic, wasm.ImmMemargLane:
		m.memarg(info)
	case wasm.ImmI32:
		m.out = sleb(m.out, int64(int32(m.int(32))))
	case wasm.ImmI64:
		m.out = sleb(m.out, int64(m.int(64)))
	case wasm.ImmF32:
		m.out = binary.LittleEndian.AppendUint32(m.out, uint32(m.float(32)))
	case wasm.ImmF64:
		m.out = binary.LittleEndian.AppendUint64(m.out, m.float(64))
	case wasm.ImmHeapType:
		m.out = m.heapType().appendHeap(m.out)
	case wasm.ImmData:
		m.data()
	case wasm.ImmElem:
		m.out = uleb32(m.out, m.index(&m.elems))
	case wasm.ImmDataMemory:
		memory := m.optionalBefore(&m.memories)
		m.data()
		m.out = uleb32(m.out, memory)
	case wasm.ImmElemTable:
		table := m.optionalBefore(&m.tables)
		m.out = uleb32(m.out, m.index(&m.elems))
		m.out = uleb32(m.out, table)
	case wasm.ImmMemoryMemory:
		m.optionalPair(&m.memories)
	case wasm.ImmTableTable:
		m.optionalPair(&m.tables)
	case wasm.ImmTag:
		m.out = uleb32(m.out, m.index(&m.tags))
	case wasm.ImmCast:
		m.cast()
	case wasm.ImmLane:
		m.out = append(m.out, m.laneIndex())
	case wasm.ImmShuffle:
		m.shuffle()
	case wasm.ImmV128:
		lo, hi := m.vector()
		m.out = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(m.out, lo), hi)
	case wasm.ImmFence:
		m.out = append(m.out, 0)
	default:
		m.typeImmediates(info)
	}
}

// typeImmediates is immediates for those that begin with a type index.
func (m *module) typeImmediates(info *wasm.OpInfo) {
	x := m.index(&m.types)
	m.out = uleb32(m.out, x)
	switch info.Imm {
	case wasm.ImmType:
	case wasm.ImmTypeField:
		m.out = uleb32(m.out, m.fieldIndex(x))
	case wasm.ImmTypeType:
		m.out = uleb32(m.out, m.index(&m.types))
	case wasm.ImmTypeCount:
		m.out = uleb32(m.out, m.u32())
	case wasm.ImmTypeData:
		m.data()
	case wasm.ImmTypeElem:
		m.out = uleb32(m.out, m.index(&m.elems))
	default:
		panic("no text form for the immediates of " + info.Name)
	}
}

// fieldIndex reads the index of a field of type x.
func (m *module) fieldIndex(x uint32) uint32 {
	if !m.isID() {
		return m.u32()
	}
	at := m.i
	id := m.id()
	if uint64(x) < uint64(len(m.typeDefs)) {
		if f, ok := m.typeDefs[x].fields[id]; ok {
			return f
		}
	}
	m.seek(at)
	m.fail("unknown field $%s", id)
	return 0
}

// data reads a data index, which makes the module need a data count section.
func (m *module) data() {
	m.usesData = true
	m.out = uleb32(m.out, m.index(&m.datas))
}

// optionalBefore reads an index of s that another index follows; alone an index is that other one.
func (m *module) optionalBefore(s *space) uint32 {
	if m.isIndex() {
		if t := m.at(1); t.kind == tokID || t.kind == tokQuotedID || t.kind == tokNumber {
			return m.index(s)
		}
	}
	return 0
}

// optionalPair reads two indices of s, or none.
func (m *module) optionalPair(s *space) {
	if !m.isIndex() {
		m.out = append(m.out, 0, 0)
		return
	}
	m.out = uleb32(m.out, m.index(s))
	m.out = uleb32(m.out, m.index(s))
}

// labelList reads the labels of br_table.
func (m *module) labelList() {
	var list section
	last := m.label()
	for m.isIndex() {
		list.count++
		list.body = uleb32(list.body, last)
		last = m.label()
	}
	m.out = append(uleb32(m.out, list.count), list.body...)
	m.out = uleb32(m.out, last)
}

// cast reads the immediates of br_on_cast.
func (m *module) cast() {
	label := m.label()
	from, to := m.refType(), m.refType()
	flags := byte(0)
	if !from.nonNull {
		flags |= 1
	}
	if !to.nonNull {
		flags |= 2
	}
	m.out = uleb32(append(m.out, flags), label)
	m.out = to.appendHeap(from.appendHeap(m.out))
}

// memarg reads the immediates of a memory access, and a lane if it has one.
func (m *module) memarg(info *wasm.OpInfo) {
	var memory uint32
	switch {
	case !m.isIndex():
	case info.Imm != wasm.ImmMemargLane || m.isID():
		memory = m.index(&m.memories)
	default: // a number alone is the lane
		if t := m.at(1); t.kind == tokNumber || t.kind == tokKeyword && isMemarg(m.of(t)) {
			memory = m.index(&m.memories)
		}
	}
	offset, _ := m.option("offset=")
	align, ok := m.option("align=")
	switch {
	case !ok:
		align = 1 << info.Align
	case align == 0 || align&(align-1) != 0:
		m.failBefore("alignment must be a power of two")
		return
	}
	m.out = memarg(m.out, align, memory, offset)
	if info.Imm == wasm.ImmMemargLane {
		m.out = append(m.out, m.laneIndex())
	}
}

func isMemarg(s string) bool {
	return strings.HasPrefix(s, "offset=") || strings.HasPrefix(s, "align=")
}

// option reads a keyword that has a number at its end.
func (m *module) option(prefix string) (v uint64, ok bool) {
	s := m.keyword()
	if !strings.HasPrefix(s, prefix) {
		return 0, false
	}
	s = s[len(prefix):]
	if formOf(s) != natural {
		m.unexpected()
		return 0, false
	}
	if v, ok = parseNatural(s); !ok {
		m.fail("i64 constant out of range")
		return 0, false
	}
	m.i++
	return v, true
}

// laneIndex reads the index of a lane.
func (m *module) laneIndex() byte { return byte(m.natural(8)) }

// shuffle reads the sixteen lanes of i8x16.shuffle.
func (m *module) shuffle() {
	n := 0
	for m.number(float) != "" {
		if n++; n > 16 {
			m.fail("invalid lane length")
			return
		}
		if !m.isNatural() {
			m.fail("i8 constant out of range")
			return
		}
		m.out = append(m.out, m.laneIndex())
	}
	if n < 16 {
		m.fail("invalid lane length")
	}
}
