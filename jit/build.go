package jit

import (
	"errors"
	"fmt"
	"sort"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Building makes SSA of a body in one pass over it, after another that looks ahead (build_scan.go).
//
// The wasm stack exists only here: locals and operands are variables whose values are kept in an environment. Since wasm's
// control is structured, it is known at the head of a loop which locals will come back changed, and phis are made for those
// only; where ways meet, for those that differ.
//
// Beside its value the environment knows of each variable whether its slot in the frame has it (build_state.go).

// variable is what is known of a local or an operand.
type variable struct {
	v     *ir.Value // nil: it is in its slot only
	clean bool      // its slot has it
}

// operand is an entry of the operand stack.
type operand struct {
	variable
	home uint16 // its slot
	typ  wasm.ValType

	// The interpreter may read the operand from local from-1 for as long as that has the value origin: see builder.flush.
	from   int32
	origin *ir.Value
}

// label is an open block, as far as it belongs to the unit.
type label struct {
	kind            wasm.Op
	open            int32 // in scan.opens; -1 for the body
	height          int
	params, results []wasm.ValType

	edges []edge // ways to the end

	// Loops.
	head *ir.Block
	phis []headPhi

	// Ifs: the second branch, until it is built, and where the record has it.
	other     edge
	otherMark interp.Mark

	// The label is where the interpreter goes on.
	exit bool
}

// headPhi is a phi at the head of a loop: of local index, or of the parameter index.
type headPhi struct {
	local bool
	index int
	phi   *ir.Value
}

// edge is a way to the end of a block: from has no terminator yet.
type edge struct {
	from   *ir.Block
	locals []variable
	stack  []operand
}

// builder makes the SSA of a unit.
type builder struct {
	activation
	mod    *interp.Module
	m      *wasm.Module
	opt    Options
	layout interp.NativeLayout

	exported map[uint32]bool // globals that are; made when it is first asked for
	memSteps uint64          // memories, by bit, whose accesses are steps; those beyond 63 always are
	inlining inlining

	candidates map[tableType]uint32 // made when it is first asked for

	// Locals, operands and labels are those of all activations: see build_inline.go.
	localTypes []wasm.ValType
	localSlots []uint16
	refs       bitset // locals that are references
	locals     []variable
	stack      []operand
	labels     []label

	f      *ir.Func
	cur    *ir.Block   // nil: cannot be reached
	pos    uint32      // module offset of the instruction
	not    interp.Mark // of the conditional branch that has just been built: that it is not taken
	copied int         // see maxCopied
	done   bool
	err    error
}

// activation is a function that is being built: the unit's own, or one that is inlined in it.
type activation struct {
	bodyReader
	fn     uint32
	loop   int
	ftype  *wasm.FuncType
	points *interp.NativePoints

	caller       *activation          // nil: the unit's own
	inlined      *interp.NativeInline // nil: the unit's own
	firstLocal   int                  // in builder.locals
	firstOperand int                  // in builder.stack
	operands     int                  // slot of the first operand

	sc       scan
	nextOpen int
	nextMark int
	free     [][]variable // environments that nobody uses
}

var (
	errNotLoop = errors.New("no loop has its head there")

	// errTooLarge says that a limit of limits.go is exceeded.
	errTooLarge = errors.New("a limit is exceeded")
)

// copies counts n variables that are copied, against the limit.
func (b *builder) copies(n int) {
	if b.copied += n; b.copied > maxCopied && b.err == nil {
		b.err = fmt.Errorf("%w: more than %d variables to be copied", errTooLarge, maxCopied)
	}
}

// build makes the SSA of function fn, which the module defines, or of the loop in it whose head is the interpreter's instruction loop.
func build(m *interp.Module, fn uint32, loop int, opt Options) (*ir.Func, error) {
	w := m.Wasm()
	body := &w.Code[int(fn)-w.NumImportedFuncs]
	b := &builder{mod: m, m: w, opt: opt, layout: m.NativeLayout(), activation: activation{
		bodyReader: bodyReader{b: body.Body, base: body.Offset}, fn: fn, loop: loop, ftype: w.FuncType(fn)}}
	points, err := m.NativePoints(fn, loop)
	if err != nil {
		return nil, err
	}
	if loop >= 0 && points.Loop == nil {
		return nil, fmt.Errorf("instruction %d of function %d: %w", loop, fn, errNotLoop)
	}
	b.points = points
	b.declare(body)
	b.sc = scan{bodyReader: b.bodyReader, b: b}
	if b.sc.run(); b.err != nil {
		return nil, b.err
	}
	b.f = &ir.Func{Name: w.FuncName(fn), Index: fn, Loop: loop, Room: points.Room, Mem0Fixed: opt.Memory.Fixed, Counts: opt.Counts, Stop: opt.Stop}
	for _, t := range b.ftype.Params {
		b.f.Params = append(b.f.Params, ir.TypeOf(t))
	}
	b.cur = b.f.NewBlock()
	b.f.Entry = b.cur
	if loop < 0 {
		b.enterFunction()
	} else {
		b.enterLoop()
	}
	b.body()
	if b.err != nil {
		return nil, fmt.Errorf("offset %#x: %w", b.pos, b.err)
	}
	b.finish()
	return b.f, nil
}

// body builds the instructions of an activation, to its end.
func (b *builder) body() {
	for b.done = false; !b.done && b.err == nil; {
		b.f.Tick()
		b.pos = b.offset()
		b.instruction(b.op())
		if n := b.f.NumValues(); n > maxValues && b.err == nil {
			b.err = fmt.Errorf("%w: it has more than %d values", errTooLarge, maxValues)
		}
	}
}

// declare lists the locals and what is known of the module.
func (b *builder) declare(body *wasm.Code) {
	b.declareLocals(body)
	for i, t := range b.m.MemoryTypes {
		if i > 63 {
			break
		}
		if t.Shared && !b.guarded(uint32(i)) {
			b.memSteps |= 1 << i
		}
	}
}

// declareLocals adds the locals of an activation, whose frame begins at slot b.operands.
func (b *builder) declareLocals(body *wasm.Code) {
	b.localTypes = append(b.localTypes, b.ftype.Params...)
	for _, r := range body.Locals {
		for range r.Count {
			b.localTypes = append(b.localTypes, r.Type)
		}
	}
	n := len(b.localTypes)
	refs := make(bitset, (n+63)/64)
	copy(refs, b.refs)
	b.refs = refs
	for i, t := range b.localTypes[b.firstLocal:] {
		b.localSlots = append(b.localSlots, uint16(b.operands))
		b.operands += ir.TypeOf(t).Slots()
		if t.IsRef() {
			b.refs.set(b.firstLocal + i)
		}
	}
	b.locals = append(b.locals, make([]variable, n-len(b.locals))...)
}

// enterFunction makes the entry of a function.
func (b *builder) enterFunction() {
	regs := ir.InRegisters(b.ftype.Params)
	for i, t := range b.ftype.Params {
		if regs[i] < 0 {
			b.locals[i] = variable{clean: true}
			continue
		}
		v := b.value(ir.OpParam, ir.TypeOf(t))
		v.Imm = uint64(i)
		b.locals[i].v = v
	}
	var zeros [ir.V128 + 1]*ir.Value
	for i := len(b.ftype.Params); i < len(b.locals); i++ {
		t := ir.TypeOf(b.localTypes[i])
		if zeros[t] == nil {
			zeros[t] = b.value(ir.OpConst, t)
		}
		b.locals[i].v = zeros[t]
	}
	b.labels = append(b.labels, label{kind: wasm.OpCall, open: -1, results: b.ftype.Results})
}

// enterLoop makes the entry of a loop: all is in slots.
func (b *builder) enterLoop() {
	l := b.points.Loop
	for i := range b.locals {
		b.locals[i] = variable{clean: true}
	}
	at := -1 // the loop itself
	for i := range b.sc.opens {
		if o := &b.sc.opens[i]; o.op == wasm.OpLoop && o.body == l.Offset {
			at = i
		}
	}
	if at < 0 {
		b.err = errNotLoop
		return
	}
	b.labels = make([]label, len(l.Labels))
	for i, o := len(l.Labels)-1, int32(at); i >= 0; i-- {
		n := &l.Labels[i]
		b.labels[i] = label{kind: n.Kind, open: o, height: n.Height, params: n.Params, results: n.Results, exit: i > 0}
		if o >= 0 {
			o = b.sc.opens[o].outer
		}
	}
	if b.labels[0].open >= 0 {
		b.err = errNotLoop
		return
	}
	for _, t := range l.Stack {
		b.pushSlot(t)
	}
	b.nextOpen = at
	b.pos = b.sc.opens[at].pos
	b.p = int(l.Offset - b.base)
	own := b.labels[len(b.labels)-1]
	b.labels = b.labels[:len(b.labels)-1]
	b.openLoop(int32(at), own.params, own.results)
}

// The current block.

// value appends a value to the current block.
func (b *builder) value(op ir.Op, t ir.Type, args ...*ir.Value) *ir.Value {
	return b.f.Append(b.cur, op, t, args...)
}

// constant appends a constant.
func (b *builder) constant(t ir.Type, bits uint64) *ir.Value {
	v := b.value(ir.OpConst, t)
	v.Imm = bits
	return v
}

// point is the interpreter's place before the instruction at offset.
func (b *builder) point(offset uint32) *interp.NativePoint {
	ps := b.points.Points
	k := sort.Search(len(ps), func(k int) bool { return ps[k].Offset >= offset })
	if k == len(ps) || ps[k].Offset != offset {
		return nil
	}
	return &ps[k]
}

// site is a site of the instruction that is being built.
func (b *builder) site(kind interp.SiteKind) *ir.Site {
	return &ir.Site{Kind: kind, Pos: b.pos, Point: -1, Acc: -1, Inlined: b.inlined}
}

// trapIf traps when cond is not zero.
func (b *builder) trapIf(cond *ir.Value, code interp.TrapCode) {
	v := b.value(ir.OpTrapIf, ir.Void, cond)
	v.Site = b.site(interp.SiteTrap)
	v.Site.Trap = code
}

// trap ends the block with a trap.
func (b *builder) trap(code interp.TrapCode) {
	v := b.value(ir.OpTrap, ir.Void)
	v.Site = b.site(interp.SiteTrap)
	v.Site.Trap = code
	b.cur = nil
}

// supports tells whether there is machine code for w.
func (b *builder) supports(w wasm.Op) bool { return b.opt.Target == nil || b.opt.Target.Supports(w) }

// recorded tells whether anything is known of what has been seen running of the activation's function. What is inlined has no record
// of its own, and is built as a whole.
func (b *builder) recorded() bool { return b.opt.Seen != nil && b.caller == nil }

// instWord is word i of the instance's block, which stays as it is.
func (b *builder) instWord(i int) *ir.Value {
	v := b.value(ir.OpInstWord, ir.I64)
	v.Imm, v.Aux = uint64(i), 1
	return v
}

// loadWord loads 8 bytes at p+offset.
func (b *builder) loadWord(p *ir.Value, offset uint64, class ir.Class) *ir.Value {
	return b.loadTyped(ir.I64, p, offset, class)
}

func (b *builder) loadTyped(t ir.Type, p *ir.Value, offset uint64, class ir.Class) *ir.Value {
	v := b.value(ir.OpLoadWord, t, p)
	v.Imm, v.Aux, v.Width = offset, uint64(class), uint8(t.Size())
	return v
}
