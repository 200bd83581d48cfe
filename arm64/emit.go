package arm64

import (
	"fmt"

	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/twitchyliquid64/golang-asm/obj"
)

// maxCode bounds a unit's machine code: the reach of a BL, of the branch that a conditional one becomes when its target is too far, and of
// an ADR with what surrounds it.
const maxCode = 1 << 26

// emitter makes machine code of one Allocation.
type emitter struct {
	t  *Target
	a  *assembler
	al *ir.Allocation
	f  *ir.Func

	frame  int64 // FrameBytes
	labels []label
	fast   label
	check  label // behind the push of the return address
	next   *ir.Block

	in     *ir.Instr
	ops    ir.Operands
	result ir.Reg

	copying, filling label // routines: see routine

	stubs  []stub
	tables []table
	sites  []pendingSite
	faults []pendingSite
	lines  []pendingLine
	err    error
}

// stub is code off the straight path: a way out, and the way back where there is one.
type stub struct {
	at, back label
	value    *ir.Value // nil for the entry's
	instr    *ir.Instr
	site     *ir.Site
}

// table is an OpSwitch's table of offsets, to be filled in when they are known.
type table struct {
	at    label
	succs []*ir.Block
}

type pendingSite struct {
	prog  *obj.Prog
	site  *ir.Site
	frame int // as CodeSite.FrameBytes
}

type pendingLine struct {
	before *obj.Prog // the last instruction that is not of the value
	value  *ir.Value
}

// Compile makes machine code.
func (t *Target) Compile(al *ir.Allocation) (*ir.Code, error) {
	a := getAssembler()
	defer putAssembler(a)
	e := &emitter{t: t, a: a, al: al, f: al.Func}
	e.labels = make([]label, e.f.NumBlocks())
	for _, b := range al.Blocks {
		e.labels[b.Block.ID] = a.newLabel()
	}
	e.frame = e.frameBytes()

	entry := a.newLabel()
	a.bind(entry)
	e.prologue()
	for i := range al.Blocks {
		e.next = nil
		if i+1 < len(al.Blocks) {
			e.next = al.Blocks[i+1].Block
		}
		e.block(&al.Blocks[i])
	}
	e.line(nil)
	for i := 0; i < len(e.stubs); i++ {
		e.stub(&e.stubs[i])
	}
	e.routines()
	if e.err != nil {
		return nil, e.err
	}
	code, err := a.assemble()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.f.Name, err)
	}
	if len(code) > maxCode {
		return nil, fmt.Errorf("arm64: %s: %d bytes of machine code are too many", e.f.Name, len(code))
	}
	e.fillTables(code)

	c := &ir.Code{Bytes: code, Entry: int(entry.Pc), Fast: int(e.fast.Pc), FrameBytes: int(e.frame)}
	// Sites and faults are noted in the order of the code.
	for _, s := range e.sites {
		c.Sites = append(c.Sites, ir.CodeSite{Offset: int(s.prog.Pc) + 4, Site: s.site, FrameBytes: s.frame})
	}
	for _, s := range e.faults {
		c.Faults = append(c.Faults, ir.CodeSite{Offset: int(s.prog.Pc), Site: s.site, FrameBytes: s.frame})
	}
	c.Lines = make([]ir.CodeLine, 0, len(e.lines))
	for _, l := range e.lines {
		if next := l.before.Link; next != nil {
			c.Lines = append(c.Lines, ir.CodeLine{Offset: int(next.Pc), Value: l.value})
		}
	}
	return c, nil
}

// frameBytes is what the body takes of the machine stack: spill slots, and at least a cell for units that call, so that the
// machine stack bounds recursion.
func (e *emitter) frameBytes() int64 {
	n := int64(e.al.SpillWords) * 8
	if n == 0 && e.calls() {
		n = 16
	}
	return (n + 15) &^ 15
}

func (e *emitter) calls() bool {
	for i := range e.al.Blocks {
		for j := range e.al.Blocks[i].Instrs {
			if v := e.al.Blocks[i].Instrs[j].Value; v != nil && (v.Op == ir.OpCall || v.Op == ir.OpCallRecord) {
				return true
			}
		}
	}
	return false
}

// fail notes that something cannot be compiled.
func (e *emitter) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("arm64: "+e.f.Name+": "+format, args...)
	}
}

// line says that what follows is of v.
func (e *emitter) line(v *ir.Value) {
	e.lines = append(e.lines, pendingLine{e.a.last, v})
}

// site notes that the instruction p calls, and leaves from there as s says.
func (e *emitter) site(p *obj.Prog, s *ir.Site) {
	e.sites = append(e.sites, pendingSite{p, s, -1})
}

// fault notes that the instruction p is v's access, if its fault is a trap.
func (e *emitter) fault(v *ir.Value, p *obj.Prog) {
	if v.Guarded {
		e.faults = append(e.faults, pendingSite{p, v.Site, -1})
	}
}

// prologue is the way in. At Entry the return address is on the machine stack, as it is behind the first instruction of Fast.
//
//	Entry:  load the arguments that have registers; B check
//	Fast:   STR LR, [SP, #-16]!
//	check:  the frame's end beyond the limit? the machine stack's pointer below its limit? nothing left to count? then the entry's stub
//	back:   SUB SP, SP, #FrameBytes
func (e *emitter) prologue() {
	a := e.a
	e.line(nil)
	e.fast, e.check = a.newLabel(), a.newLabel()
	if e.f.Loop < 0 {
		e.arguments(slotLoads)
		a.b(e.check)
		a.bind(e.fast)
		a.word(0xF81F0FE0 | uint32(linkReg)) // STR LR, [SP, #-16]!
		a.bind(e.check)
		over, back := a.newLabel(), a.newLabel()
		a.ldp(tmp, tmp2, contextReg, int64(interp.CtxLimit))
		e.addImm(tmp3, frameReg, int64(e.f.Room)*8)
		a.rrr(a64.ACMP, ir.NoReg, tmp3, tmp)
		a.bcond(condHI, over)
		a.rrx(a64.ACMP, ir.NoReg, sp, tmp2, extUXTX, 0)
		a.bcond(condLO, over)
		if e.f.Counts {
			a.rri(a64.ASUBS, countReg, countReg, 1)
			a.bcond(condLO, over)
		}
		a.bind(back)
		e.stubs = append(e.stubs, stub{at: over, back: back})
	}
	e.adjustStack(a64.ASUB)
}

// adjustStack adds FrameBytes to the machine stack's pointer or subtracts them.
func (e *emitter) adjustStack(op obj.As) {
	switch n := e.frame; {
	case n == 0:
	case isAddImm(uint64(n)):
		e.a.rri(op, sp, sp, n)
	default:
		e.a.movConst(tmp, uint64(n))
		e.a.rrx(op, sp, sp, tmp, extUXTX, 0)
	}
}

// addImm is rd = rn + n, for any n. It may change tmp3, which may be rd.
func (e *emitter) addImm(rd, rn ir.Reg, n int64) {
	switch {
	case n == 0:
		e.a.movInt(rd, rn)
	case isAddImm(uint64(n)):
		e.a.rri(a64.AADD, rd, rn, n)
	case isAddImm(uint64(-n)):
		e.a.rri(a64.ASUB, rd, rn, -n)
	default:
		e.a.movConst(tmp3, uint64(n))
		e.a.rrr(a64.AADD, rd, rn, tmp3)
	}
}

// slotLoads and slotStores are the directions of arguments.
const (
	slotLoads  = true
	slotStores = false
)

// arguments loads the arguments that have registers from their slots, or stores them there.
func (e *emitter) arguments(load bool) {
	slot := int64(0)
	for i, n := range argNumbers(e.f.Params) {
		p := e.f.Params[i]
		if n >= 0 {
			m := typed(p, false)
			if load {
				m = slotAccess(p)
			}
			e.a.ldstFar(m, e.t.ArgReg(n, p.Float()), frameReg, slot*8)
		}
		slot += int64(p.Slots())
	}
}

// block emits a block.
func (e *emitter) block(b *ir.AllocatedBlock) {
	e.a.bind(e.labels[b.Block.ID])
	for i := range b.Instrs {
		in := &b.Instrs[i]
		if in.Value == nil {
			e.move(in.From, in.To, in.Type)
			continue
		}
		e.line(in.Value)
		e.instr(in)
	}
}

// instr emits a value.
func (e *emitter) instr(in *ir.Instr) {
	v := in.Value
	e.in = in
	e.t.Operands(v, &e.ops)
	if len(e.ops.Uses) != len(in.Uses) {
		e.fail("v%d has %d operands, not %d", v.ID, len(in.Uses), len(e.ops.Uses))
		return
	}
	e.result = tmp
	if v.Type.Float() {
		e.result = ftmp
	}
	switch {
	case in.Result.Kind == ir.InReg:
		e.result = in.Result.Reg
	case in.Result.Kind != ir.Nowhere:
		e.fail("v%d has no register", v.ID)
		return
	}
	switch v.Op {
	case ir.OpParam, ir.OpMemBase, ir.OpConst, ir.OpPhi:
	case ir.OpCopy:
		e.load(e.result, in.Uses[0], v.Type)
	case ir.OpSlotLoad:
		e.a.ldstFar(slotAccess(v.Type), e.result, frameReg, int64(v.Imm)*8)
	case ir.OpSlotStore:
		e.storeSlot(v.Imm, in.Uses[0], v.Args[0].Type)
	case ir.OpInstWord:
		e.instWord(e.result, v.Imm)
	case ir.OpLoadWord:
		e.loadWord(v)
	case ir.OpStoreWord:
		e.storeWord(v)
	case wasm.OpSelect, wasm.OpSelectT:
		e.selectValue(v)
	case wasm.OpMemoryCopy, wasm.OpMemoryFill:
		e.bulk(v)
	default:
		switch {
		case v.Op >= ir.OpTrapIf && v.Op < ir.OpTarget:
			e.control(v)
		case v.Op>>16 == 0xFD:
			e.vector(v)
		case v.Op>>16 == 0xFE:
			e.atomic(v)
		case e.t.Supports(v.Op):
			e.numeric(v)
		default:
			e.fail("no machine code for %v", v.Op)
		}
	}
}

// numeric emits a scalar instruction.
func (e *emitter) numeric(v *ir.Value) {
	if m := memoryOps(v.Op); m != nil {
		e.memory(v, *m)
		return
	}
	if _, ok := intCondition(v.Op); ok || isFloatCompare(v.Op) || v.Op == wasm.OpI32Eqz || v.Op == wasm.OpI64Eqz {
		e.a.cset(a64.ACSET, e.result, e.flags(v))
		return
	}
	if e.integer(v) || e.float(v) || e.convert(v) {
		return
	}
	e.fail("no machine code for %v", v.Op)
}

// reg is the register of a value that the instruction reads.
func (e *emitter) reg(x *ir.Value) ir.Reg {
	for i := range e.ops.Uses {
		if e.ops.Uses[i].Value == x {
			if l := e.in.Uses[i]; l.Kind == ir.InReg {
				return l.Reg
			}
		}
	}
	e.fail("v%d: operand v%d is in no register", e.in.Value.ID, x.ID)
	return 0
}

// arg is the register of v's argument i.
func (e *emitter) arg(v *ir.Value, i int) ir.Reg { return e.reg(v.Args[i]) }

// regOrZero is that of an argument that may be the zero register.
func (e *emitter) regOrZero(v *ir.Value, i int) ir.Reg {
	if immediate(v, i) {
		return zr
	}
	return e.arg(v, i)
}
