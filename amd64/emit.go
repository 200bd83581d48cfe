package amd64

import (
	"fmt"
	"slices"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// emitter makes the code of one unit.
type emitter struct {
	*assembler
	t *Target
	f *ir.Func

	instr *ir.Instr
	taken int // of instr.Uses

	blocks []label // by block
	next   *ir.Block
	frame  int // bytes of the machine frame
	fast   label
	inside label // behind the prologue
	stubs  []func()

	tested tested
	alias  []*ir.Block          // by block: where a block that only jumps goes
	code   []*ir.AllocatedBlock // by block

	copying, filling label // routines: see routine

	sites, faults []siteMark
	lines         []lineMark
	err           error
}

type siteMark struct {
	mark
	site  *ir.Site
	frame int
}

type lineMark struct {
	mark
	value *ir.Value
}

// minFrame bounds how deep calls go on the machine stack: a call takes at least this much and its return address.
const minFrame = 24

// Compile makes machine code of a. The code must be put at a multiple of 16.
func (t *Target) Compile(a *ir.Allocation) (*ir.Code, error) {
	as := assemblers.Get().(*assembler)
	defer func() {
		as.reset()
		assemblers.Put(as)
	}()
	e := &emitter{assembler: as, t: t, f: a.Func}
	return e.compile(a)
}

func (e *emitter) compile(a *ir.Allocation) (*ir.Code, error) {
	e.blocks = make([]label, e.f.NumBlocks())
	for i := range e.blocks {
		e.blocks[i] = e.newLabel()
	}
	e.frame = 8 * a.SpillWords
	if calls(a) {
		e.frame = max(e.frame, minFrame)
	}
	e.tested.reg = ir.NoReg
	e.thread(a)
	entry := e.prologue()
	e.body(a)
	if e.err != nil {
		return nil, e.err
	}
	e.line(nil)
	for len(e.stubs) > 0 { // a stub may add others
		stubs := e.stubs
		e.stubs = nil
		for _, s := range stubs {
			s()
		}
	}
	bytes, p, err := e.finish()
	if err != nil {
		return nil, fmt.Errorf("%w (function %d)", err, e.f.Index)
	}
	code := &ir.Code{Bytes: bytes, Entry: p.label(entry), FrameBytes: e.frame}
	code.Fast = code.Entry
	if e.f.Loop < 0 {
		code.Fast = p.label(e.fast)
	}
	code.Sites = placed(e.sites, p)
	code.Faults = placed(e.faults, p)
	code.Lines = make([]ir.CodeLine, len(e.lines))
	for i, l := range e.lines {
		code.Lines[i] = ir.CodeLine{Offset: p.offset(l.mark), Value: l.value}
	}
	return code, nil
}

// placed are sites by offset.
func placed(marks []siteMark, p *placement) []ir.CodeSite {
	sites := make([]ir.CodeSite, len(marks))
	for i, m := range marks {
		sites[i] = ir.CodeSite{Offset: p.offset(m.mark), Site: m.site, FrameBytes: m.frame}
	}
	slices.SortFunc(sites, func(a, b ir.CodeSite) int { return a.Offset - b.Offset })
	return sites
}

// calls tells whether the unit can get deeper on the machine stack by what it calls.
func calls(a *ir.Allocation) bool {
	for i := range a.Blocks {
		for j := range a.Blocks[i].Instrs {
			if v := a.Blocks[i].Instrs[j].Value; v != nil && (v.Op == ir.OpCall || v.Op == ir.OpCallRecord) {
				return true
			}
		}
	}
	return false
}

// prologue emits what comes before the first block, and returns the way in from the interpreter. A function checks both stacks; the
// interpreter's way in, which loads the arguments, is a stub.
func (e *emitter) prologue() (entry label) {
	if e.f.Loop >= 0 {
		entry = e.bound()
		e.grow(e.frame)
		return entry
	}
	args := registerArgs(e.f.Params)
	e.fast, e.inside, entry = e.bound(), e.newLabel(), e.newLabel()
	stub := e.newLabel()
	e.ins(x86.ALEAQ, mem(frameReg, 8*int64(e.f.Room)), reg(scratch))
	e.ins(x86.ACMPQ, reg(scratch), mem(contextReg, int64(interp.CtxLimit)))
	e.jumpIf(condHI, stub)
	e.ins(x86.ACMPQ, reg(sp), mem(contextReg, int64(interp.CtxNativeLimit)))
	e.jumpIf(condCS, stub)
	if e.f.Counts {
		e.ins(x86.ASUBQ, imm(1), reg(countReg))
		e.jumpIf(condCS, stub)
	}
	e.bind(e.inside)
	e.grow(e.frame)
	e.stubs = append(e.stubs, func() {
		e.bind(stub)
		for _, a := range args {
			e.storeSlot(a.kind, ir.Loc{Kind: ir.InReg, Reg: a.reg}, a.slot)
		}
		e.leave(int64(interp.CtxLeaveSaving), &ir.Site{Kind: interp.SiteEntry, Acc: -1}, 0)
		e.jump(e.inside)
		e.bind(entry)
		for _, a := range args {
			e.loadSlot(a.kind, a.reg, a.slot)
		}
		e.jump(e.fast)
	})
	return entry
}

// thread finds the blocks that only jump.
func (e *emitter) thread(a *ir.Allocation) {
	e.alias = make([]*ir.Block, e.f.NumBlocks())
	e.code = make([]*ir.AllocatedBlock, e.f.NumBlocks())
	for i := range a.Blocks {
		b := &a.Blocks[i]
		e.code[b.Block.ID] = b
	}
	for i := range a.Blocks {
		b := a.Blocks[i].Block
		to := b
		// What jumps in a circle for ever is left as it is.
		for range 16 {
			in := e.code[to.ID].Instrs
			if len(in) != 1 || in[0].Value == nil || in[0].Value.Op != ir.OpJump || to.Succs[0] == b {
				break
			}
			to = to.Succs[0]
		}
		e.alias[b.ID] = to
	}
}

// grow makes the machine frame.
func (e *emitter) grow(bytes int) {
	if bytes > 0 {
		e.ins(x86.ASUBQ, imm(int64(bytes)), reg(sp))
	}
}

// registerArg is a parameter that comes in a register.
type registerArg struct {
	param int
	kind  ir.Type
	reg   ir.Reg
	slot  int
}

// registerArgs are those of the parameters that are in registers.
func registerArgs(params []ir.Type) (args []registerArg) {
	var ints, floats, slot int
	for i, p := range params {
		switch {
		case p.Float() && floats < ir.FloatArgs:
			args = append(args, registerArg{i, p, x0 + ir.Reg(floats), slot})
			floats++
		case !p.Float() && ints < ir.IntArgs:
			args = append(args, registerArg{i, p, intArgs[ints], slot})
			ints++
		}
		slot += p.Slots()
	}
	return args
}

// body emits all blocks.
func (e *emitter) body(a *ir.Allocation) {
	heads := e.loopHeads(a)
	for i := range a.Blocks {
		b := &a.Blocks[i]
		if e.passed(b.Block) && i > 0 {
			continue
		}
		e.next = nil
		for k := i + 1; k < len(a.Blocks); k++ {
			if n := a.Blocks[k].Block; !e.passed(n) {
				e.next = n
				break
			}
		}
		if heads[b.Block.ID] {
			e.align()
		}
		e.tested.reg = ir.NoReg // control may come from elsewhere
		e.bind(e.blocks[b.Block.ID])
		for j := range b.Instrs {
			in := &b.Instrs[j]
			if in.Value == nil {
				e.move(in.Type, in.From, in.To)
				continue
			}
			e.value(in)
			if e.err != nil {
				return
			}
		}
	}
}

// passed tells whether no jump goes to b, because b only jumps on.
func (e *emitter) passed(b *ir.Block) bool { return e.alias[b.ID] != b }

// loopHeads finds the blocks that a jump comes to from behind, by block, those aside that are cold or that only cold ones jump to.
func (e *emitter) loopHeads(a *ir.Allocation) []bool {
	heads, emitted := make([]bool, e.f.NumBlocks()), make([]bool, e.f.NumBlocks())
	for i := range a.Blocks {
		b := a.Blocks[i].Block
		if b.Cold && i > 0 {
			continue
		}
		emitted[b.ID] = true
		if e.passed(b) && i > 0 {
			continue
		}
		for _, s := range b.Succs {
			if to := e.alias[s.ID]; emitted[to.ID] {
				heads[to.ID] = true
			}
		}
	}
	return heads
}

// value emits one value.
func (e *emitter) value(in *ir.Instr) {
	v := in.Value
	e.line(v)
	r := ruleOf(v.Op)
	if r == nil || r.emit == nil {
		e.fail("there is no machine code for opcode %#x", uint32(v.Op))
		return
	}
	e.instr, e.taken = in, 0
	r.emit(e, v, r)
	if e.taken != len(in.Uses) && e.err == nil {
		e.fail("opcode %#x (v%d) reads %d operands of %d", uint32(v.Op), v.ID, e.taken, len(in.Uses))
	}
}

func (e *emitter) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("amd64: function %d: %w", e.f.Index, fmt.Errorf(format, args...))
	}
}

// line says that what follows is of v.
func (e *emitter) line(v *ir.Value) {
	m := e.here()
	if n := len(e.lines); n > 0 && e.lines[n-1].mark == m {
		e.lines[n-1].value = v
		return
	}
	e.lines = append(e.lines, lineMark{m, v})
}

// emit adds an instruction one of whose operands may fault.
func (e *emitter) emit(as obj.As, ops ...operand) {
	for i := range ops {
		if ops[i].fault != nil {
			e.faults = append(e.faults, siteMark{e.here(), ops[i].fault, -1})
		}
	}
	e.ins(as, ops...)
}

// leave calls the stub whose address is at offset of the context; site is what the return address means.
func (e *emitter) leave(offset int64, site *ir.Site, frame int) {
	e.ins(obj.ACALL, mem(contextReg, offset))
	e.site(site, frame)
}

// site says what the return address here means.
func (e *emitter) site(site *ir.Site, frame int) {
	if site == nil {
		e.fail("a value that leaves has no site")
		return
	}
	e.sites = append(e.sites, siteMark{e.here(), site, frame})
}

// trapStub is a label of a stub that traps.
func (e *emitter) trapStub(site *ir.Site) label {
	l := e.newLabel()
	e.stubs = append(e.stubs, func() {
		e.bind(l)
		e.leave(int64(interp.CtxLeave), site, -1)
	})
	return l
}

// trapAs is a stub for a trap of v's instruction with a code of its own.
func (e *emitter) trapAs(v *ir.Value, code interp.TrapCode) label {
	return e.trapStub(&ir.Site{Kind: interp.SiteTrap, Pos: v.Site.Pos, Trap: code, Acc: -1})
}

// cold adds a stub. It begins at the label returned, and goes back to the label it is given, which is bound by
// the caller where the code goes on.
func (e *emitter) cold(stub func(back label)) (begin, back label) {
	begin, back = e.newLabel(), e.newLabel()
	e.stubs = append(e.stubs, func() {
		e.bind(begin)
		stub(back)
	})
	return begin, back
}

// take is the place of the next operand.
func (e *emitter) take() ir.Loc {
	if e.taken >= len(e.instr.Uses) {
		e.fail("opcode %#x has too few operands", uint32(e.instr.Value.Op))
		return ir.Loc{}
	}
	l := e.instr.Uses[e.taken]
	e.taken++
	return l
}

// takeReg is the register of the next operand.
func (e *emitter) takeReg() ir.Reg {
	l := e.take()
	if l.Kind != ir.InReg {
		e.fail("operand %d of opcode %#x is not in a register", e.taken-1, uint32(e.instr.Value.Op))
		return 0
	}
	return l.Reg
}

// takeAny is the operand that useAny asked for.
func (e *emitter) takeAny(v *ir.Value) operand {
	switch {
	case immediate(v):
		return e.constant(v)
	case isConst(v):
		return reg(e.takeReg())
	case v.Folded:
		return e.takeLoad(v)
	}
	l := e.take()
	switch l.Kind {
	case ir.InReg:
		return reg(l.Reg)
	case ir.InSpill:
		return e.spill(l)
	case ir.IsConst:
		if immediate(l.Const) {
			return e.constant(l.Const)
		}
		e.constTo(l.Const, scratch)
		return reg(scratch)
	}
	e.fail("operand %d of opcode %#x is nowhere", e.taken-1, uint32(e.instr.Value.Op))
	return operand{}
}

// takeFloat is the operand that useFloat asked for.
func (e *emitter) takeFloat(v *ir.Value) operand {
	if v.Type == ir.V128 && !e.t.has.AVX && !isConst(v) {
		return reg(e.takeReg())
	}
	return e.takeAny(v)
}

// constant is a constant that needs no register.
func (e *emitter) constant(c *ir.Value) operand {
	if c.Type.Float() {
		return e.inPool(c.Imm, c.Aux, c.Type.Size())
	}
	return imm(immediateOf(c))
}

// dst is the result's register. A result that nobody reads may have none.
func (e *emitter) dst() ir.Reg {
	if e.instr.Result.Kind == ir.InReg {
		return e.instr.Result.Reg
	}
	if e.instr.Value.Type.Float() {
		return scratchX
	}
	return scratch
}
