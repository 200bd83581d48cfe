package interp

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// code is a function's lowered body.
type code struct {
	entry   *instr  // the first of instrs
	room    uintptr // slots of a frame: locals, operand stack, and room for the results
	nlocals uint32  // slots of the locals, parameters among them
	instrs  []instr

	roots atomic.Pointer[rootMap] // made when a collection first finds the function on a stack

	tries []tryRange // in the order of their ends, inner ones first

	sites []nativeSite // of the function and its loops, when the module has native code enabled

	rec atomic.Pointer[recording] // once something of it has been recorded
}

// lazyCode is code that is made when it is first asked for. Two goroutines that ask at once may both make it, and one
// of the two results stays.
type lazyCode struct{ p atomic.Pointer[code] }

// code returns the lowered body of function index, which the module defines.
func (m *Module) code(index uint32) (*code, error) {
	lazy := &m.codes[index-uint32(m.wasm.NumImportedFuncs)]
	if c := lazy.p.Load(); c != nil {
		return c, nil
	}
	l := m.lowerer(index)
	l.borrow()
	c, err := l.function()
	l.giveBack()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.wasm.FuncName(index), err)
	}
	if l.native {
		m.addSites(c, index)
	}
	if !lazy.p.CompareAndSwap(nil, c) {
		c = lazy.p.Load()
	}
	return c, nil
}

// lowererStacks are the stacks of lowerers that are done, for the next one: a program that begins lowers a few hundred functions.
var lowererStacks sync.Pool // of *lowererStack

type lowererStack struct {
	operands []operand
	labels   []label
}

// borrow takes stacks that another lowerer had.
func (l *lowerer) borrow() {
	if s, ok := lowererStacks.Get().(*lowererStack); ok {
		l.stack, l.labels = s.operands, s.labels
	}
}

// giveBack leaves the stacks to others, unless they are so large that few have use for them.
func (l *lowerer) giveBack() {
	s := &lowererStack{l.stack[:0], l.labels[:0]}
	l.stack, l.labels = nil, nil
	if cap(s.operands) > maxPooledStack || cap(s.labels) > maxPooledStack {
		return
	}
	for i, lb := range s.labels[:cap(s.labels)] {
		s.labels[:cap(s.labels)][i] = label{} // nothing of the module is kept alive
		if cap(lb.patches) <= maxPooledStack {
			s.labels[:cap(s.labels)][i].patches = lb.patches[:0]
		}
	}
	lowererStacks.Put(s)
}

// openLabel opens a label. Where there was another before, its list of patches is used again.
func (l *lowerer) openLabel(lb label) {
	if n := len(l.labels); n < cap(l.labels) {
		lb.patches = l.labels[:n+1][n].patches[:0]
	}
	l.labels = append(l.labels, lb)
}

// indexOf is the number of the instruction at address pc.
func (c *code) indexOf(pc uintptr) int {
	return int((pc - uintptr(unsafe.Pointer(unsafe.SliceData(c.instrs)))) / instrSize)
}

// errFrameTooLarge says that a function has more locals and operands than an instruction can name.
var errFrameTooLarge = errors.New("the function needs more than 65,535 slots for its locals and operands")

// where says where an operand's value is.
type where uint8

const (
	inSlot  where = iota // in its own slot of the operand stack
	inLocal              // in the local at slot `local`, which has not been written since
	isConst              // nowhere: it is `bits`
)

// operand is an entry of the abstract operand stack. Reading a local or a constant emits nothing: their users name the
// local's slot or carry the constant. They move into their own slot (see lowerer.settle) only where control flow joins or
// the local is about to change. A v128 has two slots, its lower half first; it is never a constant.
type operand struct {
	where where
	local uint16
	home  uint16 // its own slot
	typ   wasm.ValType
	bits  uint64
}

// width is the number of slots that a value of type t takes.
func width(t wasm.ValType) int {
	if t == wasm.V128 {
		return 2
	}
	return 1
}

// slotCount is the number of slots that values of the types take.
func slotCount(types []wasm.ValType) int {
	n := len(types)
	for _, t := range types {
		if t == wasm.V128 {
			n++
		}
	}
	return n
}

// label is an open block, loop or if (or the function's body).
type label struct {
	kind            wasm.Op // OpBlock, OpLoop, OpIf, OpElse; OpCall for the body
	height          int     // of the operand stack below the parameters
	slot            int     // where the parameters and results begin
	params, results []wasm.ValType
	start           int   // loop: its first instruction
	patches         []int // instructions whose branch goes to the end
	elsePatch       int   // if: the branch around the then-part, or -1
	dead            bool  // the rest of the block cannot be reached

	try     *tryLabel   // of a try or try_table
	catches []clauseRef // clauses that go to the end
}

// branchTypes are the types that a branch to the label carries (specification 3.4.8).
func (l *label) branchTypes() []wasm.ValType {
	if l.kind == wasm.OpLoop {
		return l.params
	}
	return l.results
}

// pointKind says what a point of a function, where a frame can stand still, is.
type pointKind uint8

const (
	pointEntry     pointKind = iota // the first instruction
	pointLoop                       // the first instruction of a loop's body
	pointCall                       // before a call, its arguments in their slots
	pointAfterCall                  // after a call, its results not yet on the operand stack
	pointAlloc                      // before an instruction that may allocate an object, all operands in their slots
	pointWait                       // before memory.atomic.wait, its operands in their slots
)

// point is a place where the portable view of a frame can be made from its slots, or the slots from the portable view.
type point struct {
	kind   pointKind
	offset uint32 // in the module
	index  int    // in code.instrs
	stack  []operand
	call   *wasm.FuncType // the type of the call that the point is before or after
}

// lowerer turns one function body into threaded code. It is a single pass that keeps an abstract operand stack; the
// validator has been there before, so it trusts what it reads.
type lowerer struct {
	reader
	m      *wasm.Module
	base   uint32 // module offset of b[0]
	ftype  *wasm.FuncType
	locals []wasm.ValType

	localSlots []uint16 // slot of each local; nil when it is the local's index
	operands   int      // the first operand's slot, behind those of the locals

	code   []instr
	stack  []operand
	labels []label
	max    int // slots needed so far

	fields map[uint32][]uint32 // where fields are, by the structure's type; see fieldOffset

	tries  []tryRange
	roots  []int // those of tries that no other one is around yet
	guards []int // labels of tries whose protected part is open, outer ones first

	barrier int // no peephole looks at instructions before this one: control may come in here
	lastDst int // index of the last instruction if it leaves its value in a and nowhere else, else -1
	accSlot int // slot whose value the accumulator has, or -1
	marked  int // index of the last instruction marked as a safepoint

	// Set when the layout of the code is wanted rather than the code.
	offsets []uint32    // module offset of each instruction
	visit   func(point) // called at each point; the stack is reused
	current uint32      // module offset of the instruction being lowered
	calling *wasm.FuncType
	layout  bool

	// Set when a compiler wants to know where it can hand over: see NativePoints.
	boundary func() // called before each instruction
	opened   func() // called when the loop has been opened that it is set for

	// native says that the module's functions and loops are counted and may have machine code: see native_site.go.
	native bool
	sites  int // functions' and loops' so far
}

// lowerer is newLowerer for a function of m.
func (m *Module) lowerer(index uint32) *lowerer {
	l := newLowerer(m.wasm, index)
	l.native = m.native.Load() != nil
	return l
}

func newLowerer(m *wasm.Module, index uint32) *lowerer {
	body := &m.Code[index-uint32(m.NumImportedFuncs)]
	ft := m.FuncType(index)
	l := &lowerer{reader: reader{b: body.Body}, m: m, base: body.Offset, ftype: ft, marked: -1, lastDst: -1, accSlot: -1}
	l.locals = make([]wasm.ValType, 0, len(ft.Params)+body.NumLocals())
	l.locals = append(l.locals, ft.Params...)
	for _, r := range body.Locals {
		for range r.Count {
			l.locals = append(l.locals, r.Type)
		}
	}
	l.operands = slotCount(l.locals)
	l.max = l.operands
	if l.operands != len(l.locals) {
		at := 0
		l.localSlots = make([]uint16, len(l.locals))
		for i, t := range l.locals {
			l.localSlots[i] = uint16(at)
			at += width(t)
		}
	}
	l.code = make([]instr, 0, len(body.Body)/3+4)
	return l
}

// function lowers the body.
func (l *lowerer) function() (*code, error) {
	l.openLabel(label{kind: wasm.OpCall, results: l.ftype.Results, slot: l.operands, elsePatch: -1})
	l.current = l.base
	l.mark(pointEntry, l.base)
	for len(l.labels) > 0 {
		l.current = l.base + uint32(l.p)
		if l.boundary != nil {
			l.boundary()
		}
		l.instruction(l.op())
		if l.max > maxSlots {
			return nil, errFrameTooLarge
		}
	}
	c := &code{instrs: l.code, entry: &l.code[0], nlocals: uint32(l.operands), tries: l.tries}
	c.room = uintptr(max(l.max, slotCount(l.ftype.Results), 1))
	if c.room > maxSlots {
		return nil, errFrameTooLarge
	}
	return c, nil
}

// emit appends an instruction that leaves no value.
func (l *lowerer) emit(o op, a, b, c int, imm uint64) int {
	if l.marked >= len(l.code) {
		o |= safepoint
	}
	l.code = append(l.code, instr{code: codes[o&^safepoint], op: o, a: uint16(a), b: uint16(b), c: uint16(c), imm: imm})
	if l.layout {
		l.offsets = append(l.offsets, l.current)
	}
	l.lastDst = -1
	return len(l.code) - 1
}

// emitValue appends an instruction that leaves its value in slot a and in the accumulator.
func (l *lowerer) emitValue(o op, a, b, c int, imm uint64) {
	l.lastDst = l.emit(o, a, b, c, imm)
	l.accSlot = a
}

// emitWide appends an instruction that leaves a v128 in slots a and a+1 and does not touch the accumulator.
func (l *lowerer) emitWide(o op, a, b, c int, imm uint64) {
	l.lastDst = l.emit(o, a, b, c, imm)
	l.overwrite(a, 2)
}

// overwrite says that n slots from a on have changed behind the accumulator's back.
func (l *lowerer) overwrite(a, n int) {
	if l.accSlot >= a && l.accSlot < a+n {
		l.accSlot = -1
	}
}

// emitClobber appends an instruction after which the accumulator holds nothing known.
func (l *lowerer) emitClobber(o op, a, b, c int, imm uint64) int {
	l.accSlot = -1
	return l.emit(o, a, b, c, imm)
}

// join says that control may come in here from elsewhere.
func (l *lowerer) join() {
	l.barrier, l.lastDst, l.accSlot = len(l.code), -1, -1
}

// mark makes the next instruction a safepoint. Each safepoint has an instruction of its own.
func (l *lowerer) mark(kind pointKind, offset uint32) {
	if l.marked == len(l.code) {
		l.emit(opNop, 0, 0, 0, 0)
	}
	l.join()
	l.marked = len(l.code)
	if l.native {
		l.site(kind)
	}
	l.point(kind, offset, l.marked)
}

func (l *lowerer) point(kind pointKind, offset uint32, index int) {
	if l.visit != nil {
		l.visit(point{kind, offset, index, l.stack, l.calling})
	}
}

// The operand stack.

// localSlot is the slot of local x.
func (l *lowerer) localSlot(x uint32) int {
	if l.localSlots != nil {
		return int(l.localSlots[x])
	}
	return int(x)
}

// pushLocal pushes local x as it stands.
func (l *lowerer) pushLocal(x uint32) {
	l.pushOperand(operand{where: inLocal, local: uint16(l.localSlot(x)), typ: l.locals[x]})
}

// dst is the slot of the value that is pushed next.
func (l *lowerer) dst() int { return l.slotAt(len(l.stack)) }

// slotAt is the slot of operand i, which may be the one that is pushed next.
func (l *lowerer) slotAt(i int) int {
	if i == 0 {
		return l.operands
	}
	below := &l.stack[i-1]
	return int(below.home) + width(below.typ)
}

func (l *lowerer) pushOperand(o operand) {
	at := l.dst()
	o.home = uint16(at)
	l.stack = append(l.stack, o)
	l.max = max(l.max, at+width(o.typ))
	if i := len(l.stack) - 1 - maxUnsettled; i >= 0 && l.stack[i].where != inSlot {
		l.settle(i)
	}
}

// unsettled is the position from which on operands may be unsettled.
func (l *lowerer) unsettled() int { return max(0, len(l.stack)-maxUnsettled) }

// push adds a value that the instruction just emitted has left in its slot.
func (l *lowerer) push(t wasm.ValType) { l.pushOperand(operand{where: inSlot, typ: t}) }

// pushAll is push for each of the types. A call of two bytes may ask for a thousand.
func (l *lowerer) pushAll(types []wasm.ValType) {
	for i := l.unsettled(); i < min(len(l.stack), len(l.stack)+len(types)-maxUnsettled); i++ {
		if l.stack[i].where != inSlot {
			l.settle(i)
		}
	}
	at := l.dst()
	for _, t := range types {
		l.stack = append(l.stack, operand{where: inSlot, home: uint16(at), typ: t})
		at += width(t)
	}
	l.max = max(l.max, at)
}

func (l *lowerer) pushConst(t wasm.ValType, bits uint64) {
	l.pushOperand(operand{where: isConst, typ: t, bits: bits})
}

// pop takes the top operand off.
func (l *lowerer) pop() operand {
	i := len(l.stack) - 1
	o := l.stack[i]
	l.stack = l.stack[:i]
	return o
}

// slotOf is the slot that o, which was popped, can be read from; a constant is put into its home first.
func (l *lowerer) slotOf(o operand) int {
	switch o.where {
	case inLocal:
		return int(o.local)
	case isConst:
		l.emitValue(opConstant, int(o.home), 0, 0, o.bits)
	}
	return int(o.home)
}

// popSlot pops an operand and returns the slot it can be read from.
func (l *lowerer) popSlot() int { return l.slotOf(l.pop()) }

// copy emits a copy between slots. Two in a row become one instruction: a = b, then c = imm.
func (l *lowerer) copy(to, from int) {
	if n := len(l.code) - 1; n >= l.barrier && l.code[n].op&^safepoint == opCopySlot {
		in := &l.code[n]
		*in = instr{code: codes[opCopyTwo], op: opCopyTwo | in.op&safepoint, a: in.a, b: in.b, c: uint16(to), imm: uint64(from)}
		l.lastDst, l.accSlot = -1, to
		return
	}
	l.emitValue(opCopySlot, to, from, 0, 0)
}

// copyWide emits a copy of a v128. Where the places overlap, to is the lower one.
func (l *lowerer) copyWide(to, from int) {
	l.emit(opCopyTwo, to, from, to+1, uint64(from)+1)
	l.accSlot = -1
}

// copyOperand emits what puts o's value into slot to.
func (l *lowerer) copyOperand(to int, o operand) {
	from := int(o.home)
	switch {
	case o.where == isConst:
		l.emitValue(opConstant, to, 0, 0, o.bits)
		return
	case o.where == inLocal:
		from = int(o.local)
	}
	if o.typ == wasm.V128 {
		l.copyWide(to, from)
	} else {
		l.copy(to, from)
	}
}

// settle puts operand i into its home.
func (l *lowerer) settle(i int) {
	if o := &l.stack[i]; o.where != inSlot {
		l.copyOperand(int(o.home), *o)
		o.where = inSlot
	}
}

// settleFrom settles the operands from position i up.
func (l *lowerer) settleFrom(i int) {
	for i = max(i, l.unsettled()); i < len(l.stack); i++ {
		if l.stack[i].where != inSlot {
			l.settle(i)
		}
	}
}

// popArgs settles the top n operands, takes them off and returns the slot of the first.
func (l *lowerer) popArgs(n int) int {
	base := len(l.stack) - n
	l.settleFrom(base)
	l.stack = l.stack[:base]
	return l.dst()
}

// setLocal makes the local at slot x the value of o, which was popped.
func (l *lowerer) setLocal(x int, o operand) {
	if o.where == inLocal && int(o.local) == x {
		return
	}
	for k := l.unsettled(); k < len(l.stack); k++ {
		if s := &l.stack[k]; s.where == inLocal && int(s.local) == x {
			l.settle(k)
		}
	}
	producer := l.lastDst
	if o.where == inSlot && producer >= l.barrier && producer == len(l.code)-1 && l.code[producer].a == o.home {
		l.code[producer].a = uint16(x)
		l.lastDst = producer
		if o.typ == wasm.V128 {
			l.overwrite(x, 2)
		} else {
			l.accSlot = x
		}
		return
	}
	l.copyOperand(x, o)
}

// last is the last instruction if it has just computed o, which was popped, and nothing can have come between; its place
// may then be taken by an instruction that does more.
func (l *lowerer) last(o operand) *instr {
	if o.where != inSlot || l.lastDst < l.barrier || l.lastDst != len(l.code)-1 || l.lastDst < 0 {
		return nil
	}
	if in := &l.code[l.lastDst]; in.a == o.home {
		return in
	}
	return nil
}

// drop removes the last instruction, which another will replace.
func (l *lowerer) drop() {
	l.code = l.code[:len(l.code)-1]
	if l.layout {
		l.offsets = l.offsets[:len(l.offsets)-1]
	}
	l.lastDst, l.accSlot = -1, -1
}

// Arithmetic.

func (l *lowerer) unary(u unaryOp, result wasm.ValType) {
	l.unaryOf(l.pop(), u)
	l.push(result)
}

// unaryOf emits u on an operand that has been popped; its value goes where the next push expects it.
func (l *lowerer) unaryOf(o operand, u unaryOp) {
	b := l.slotOf(o)
	f := u.r
	if b == l.accSlot {
		f = u.a
	}
	l.emitValue(f, l.dst(), b, 0, 0)
}

func (l *lowerer) binary(w wasm.Op, info *wasm.OpInfo) {
	f := &binaryOps[w]
	y, x := l.pop(), l.pop()
	if x.where == isConst && y.where != isConst {
		if f.commutes {
			x, y = y, x
		} else if b := &branchOps[w]; b.swapped != 0 {
			x, y = y, x
			f = &binaryOps[b.swapped]
		}
	}
	if !l.fuseArithmetic(w, x, y) {
		l.compute(f, x, y)
	}
	l.push(info.Results[0])
}

// compute emits f on two operands that have been popped; its value goes where the next push expects it.
func (l *lowerer) compute(f *binaryOp, x, y operand) {
	dst := l.dst()
	if y.where == isConst {
		xs := l.slotOf(x)
		if xs == l.accSlot {
			l.emitValue(f.ai, dst, xs, 0, y.bits)
		} else {
			l.emitValue(f.ri, dst, xs, 0, y.bits)
		}
		return
	}
	xs := l.slotOf(x)
	ys := l.slotOf(y)
	switch {
	case xs == l.accSlot:
		l.emitValue(f.ar, dst, xs, ys, 0)
	case ys == l.accSlot && f.commutes:
		l.emitValue(f.ar, dst, ys, xs, 0)
	case ys == l.accSlot && f.ra != 0:
		l.emitValue(f.ra, dst, xs, ys, 0)
	default:
		l.emitValue(f.rr, dst, xs, ys, 0)
	}
}

// Memory.

// address is how an access's address is read: one slot, the 32-bit sum of two or of a slot and a constant, or known.
type address struct {
	kind  addressKind
	b, c  int
	value uint32
}

type addressKind uint8

const (
	addrSlot addressKind = iota
	addrSum
	addrSlotPlus
	addrKnown
)

// popAddress pops an address operand. What has just computed it becomes part of the access where that has a shape for
// it: an addition (sums), or the i32.wrap_i64 that Go's compiler puts before each access, since only the lower half of
// the address's slot is read.
func (l *lowerer) popAddress(sums bool) address {
	o := l.pop()
	if o.where == isConst {
		return address{kind: addrKnown, value: uint32(o.bits)}
	}
	in := l.last(o)
	if in == nil {
		return address{b: l.slotOf(o)}
	}
	a := address{b: int(in.b), c: int(in.c), value: uint32(in.imm)}
	acc := -1
	switch f := in.op &^ safepoint; f {
	case opI32WrapI64R:
	case opI32WrapI64A:
		acc = a.b
	case opI32AddRR, opI32AddAR:
		a.kind = addrSum
		if f == opI32AddAR {
			acc = a.b
		}
	case opI32AddRI, opI32AddAI:
		a.kind = addrSlotPlus
	default:
		return address{b: l.slotOf(o)}
	}
	if a.kind != addrSlot && !sums {
		return address{b: l.slotOf(o)}
	}
	l.drop()
	l.accSlot = acc
	return a
}

func (l *lowerer) load(w wasm.Op, info *wasm.OpInfo) {
	mem, offset := l.memarg()
	f := &loadOps[w]
	if !l.plain(mem, offset) {
		b := l.popSlot()
		l.emitValue(f.any, l.dst(), b, int(mem), offset)
		l.push(info.Results[0])
		return
	}
	a := l.popAddress(true)
	dst := l.dst()
	switch {
	case a.kind == addrKnown:
		l.emitValue(f.i, dst, 0, 0, uint64(a.value)+offset)
	case a.kind == addrSlotPlus:
		l.emitValue(f.ri, dst, a.b, 0, offset|uint64(a.value)<<32)
	case a.kind == addrSum && a.b == l.accSlot:
		l.emitValue(f.ar, dst, a.b, a.c, offset)
	case a.kind == addrSum:
		l.emitValue(f.rr, dst, a.b, a.c, offset)
	case a.b == l.accSlot:
		l.emitValue(f.a, dst, a.b, 0, offset)
	default:
		l.emitValue(f.r, dst, a.b, 0, offset)
	}
	l.push(info.Results[0])
}

func (l *lowerer) store(w wasm.Op) {
	mem, offset := l.memarg()
	f := &storeOps[w]
	v := l.pop()
	if !l.plain(mem, offset) {
		c := l.slotOf(v)
		b := l.popSlot()
		l.emit(f.any, int(mem), b, c, offset)
		return
	}
	top := l.stack[len(l.stack)-1]
	if v.where == isConst && v.bits <= math.MaxUint16 && top.where != isConst {
		a := l.popAddress(false)
		l.emit(f.rI, 0, a.b, int(v.bits), offset)
		return
	}
	c := l.slotOf(v)
	a := l.popAddress(false)
	switch {
	case a.kind == addrKnown && c == l.accSlot:
		l.emit(f.iA, 0, 0, c, uint64(a.value)+offset)
	case a.kind == addrKnown:
		l.emit(f.iR, 0, 0, c, uint64(a.value)+offset)
	case c == l.accSlot:
		l.emit(f.rA, 0, a.b, c, offset)
	case a.b == l.accSlot:
		l.emit(f.aR, 0, a.b, c, offset)
	default:
		l.emit(f.rR, 0, a.b, c, offset)
	}
}

// plain tells whether an access is to a memory 0 that is addressed by 32 bits, which the handlers carry in registers.
func (l *lowerer) plain(mem uint32, offset uint64) bool {
	return mem == 0 && !l.m.MemoryTypes[0].Is64 && offset <= math.MaxUint32
}

// address is the address of instruction index, as a number.
func (c *code) address(index int) uintptr { return uintptr(unsafe.Pointer(&c.instrs[index])) }
