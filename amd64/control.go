package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

func controlRules() map[ir.Op]rule {
	return map[ir.Op]rule{
		ir.OpConst:  {uses: useConst, emit: emitConst},
		ir.OpCopy:   {uses: useNothingToDo, emit: emitNothingToDo},
		ir.OpJump:   {emit: emitJump},
		ir.OpIf:     {uses: useIf, emit: emitIf, fold: foldCond},
		ir.OpSwitch: {uses: useSwitch, emit: emitSwitch},
		ir.OpReturn: {uses: useReturn, emit: emitReturn},
		ir.OpExit:   {emit: emitExit},
		ir.OpTrap:   {emit: emitTrap},
		ir.OpTrapIf: {uses: useIf, emit: emitTrapIf, fold: foldTrapIf},
		ir.OpPoll:   {emit: emitPoll},

		wasm.OpSelect: {uses: useSelect, emit: emitSelect, fold: foldSelect},
	}
}

// Constants are where they are used; one that has a place all the same is put there.
func useConst(t *Target, v *ir.Value, r *rule, o *ir.Operands) { o.Result = ir.AnyResult }

func emitConst(e *emitter, v *ir.Value, r *rule) {
	if e.instr.Result.Kind == ir.InReg {
		e.constTo(v, e.instr.Result.Reg)
	}
}

// to is the label of a block. A block that only jumps is passed over.
func (e *emitter) to(b *ir.Block) label { return e.blocks[e.alias[b.ID].ID] }

// goTo jumps to b, or does nothing if it is next. A return is no longer than the jump to it.
func (e *emitter) goTo(b *ir.Block) {
	b = e.alias[b.ID]
	if b == e.next {
		return
	}
	if in := e.code[b.ID].Instrs; len(in) == 1 && in[0].Value != nil && in[0].Value.Op == ir.OpReturn {
		e.ret()
		return
	}
	e.jump(e.to(b))
}

func emitJump(e *emitter, v *ir.Value, r *rule) { e.goTo(v.Block.Succs[0]) }

func useIf(t *Target, v *ir.Value, r *rule, o *ir.Operands) { t.useCond(o, v.Args[0]) }

func emitIf(e *emitter, v *ir.Value, r *rule) {
	f := e.takeCond(v.Args[0])
	yes, no := v.Block.Succs[0], v.Block.Succs[1]
	if e.alias[yes.ID] == e.next {
		e.jumpFlags(f.not(), e.to(no))
		return
	}
	e.jumpFlags(f, e.to(yes))
	e.goTo(no)
}

// compareTargets is how many targets of a switch are still found by comparing.
const compareTargets = 4

func useSwitch(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	if len(v.Block.Succs) > compareTargets {
		o.IntTemps = 1
	}
}

func emitSwitch(e *emitter, v *ir.Value, r *rule) {
	index, targets := e.takeReg(), v.Block.Succs
	last := len(targets) - 1
	if len(targets) <= compareTargets {
		for i, b := range targets[:last] {
			e.ins(x86.ACMPL, reg(index), imm(int64(i)))
			e.jumpIf(condEQ, e.to(b))
		}
		e.goTo(targets[last])
		return
	}
	t := e.instr.Temps[0]
	labels := make([]label, last)
	for i, b := range targets[:last] {
		labels[i] = e.to(b)
	}
	e.ins(x86.ACMPL, reg(index), imm(int64(last)))
	e.jumpIf(condCC, e.to(targets[last]))
	e.ins(x86.ALEAQ, e.table(labels), reg(scratch))
	e.ins(x86.AMOVLQSX, memIndex(scratch, index, 4, 0), reg(t))
	e.ins(x86.AADDQ, reg(t), reg(scratch))
	e.ins(obj.AJMP, reg(scratch))
}

func useReturn(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	if len(v.Args) > 0 {
		o.At(v.Args[0], t.ResultReg(v.Args[0].Type.Float()))
	}
}

func emitReturn(e *emitter, v *ir.Value, r *rule) {
	if len(v.Args) > 0 {
		e.takeReg()
	}
	e.ret()
}

// ret gives the machine frame up and returns.
func (e *emitter) ret() {
	e.dropFrame()
	e.plain(obj.ARET)
}

// dropFrame gives the machine frame up: the return address is on top of the machine stack then.
func (e *emitter) dropFrame() {
	if e.frame > 0 {
		e.ins(x86.AADDQ, imm(int64(e.frame)), reg(sp))
	}
}

// writeState writes the state of the value being emitted to its slots. It changes only scratch registers.
func (e *emitter) writeState(v *ir.Value, state []ir.Loc) {
	for i, s := range v.Site.State {
		e.storeSlot(s.Value.Type, state[i], int(s.Slot))
	}
}

func emitExit(e *emitter, v *ir.Value, r *rule) {
	e.writeState(v, e.instr.State)
	e.leave(int64(interp.CtxLeave), v.Site, -1)
}

func emitTrap(e *emitter, v *ir.Value, r *rule) { e.leave(int64(interp.CtxLeave), v.Site, -1) }

func emitTrapIf(e *emitter, v *ir.Value, r *rule) {
	e.jumpCond(v.Args[0], e.trapStub(v.Site))
}

// emitPoll: the limit of the stack is 0 when somebody wants the thread. A unit that counts takes off the count what is more than can be left then.
func emitPoll(e *emitter, v *ir.Value, r *rule) {
	state := e.instr.State
	wanted, back := e.cold(func(back label) {
		e.writeState(v, state)
		e.leave(int64(interp.CtxLeaveSaving), v.Site, -1)
		e.jump(back)
	})
	if e.f.Counts {
		e.ins(x86.ASUBQ, mem(contextReg, int64(interp.CtxStep)), reg(countReg))
		e.jumpIf(condCS, wanted)
	} else {
		e.ins(x86.ACMPQ, mem(contextReg, int64(interp.CtxLimit)), imm(0))
		e.jumpIf(condEQ, wanted)
	}
	e.bind(back)
}

func foldSelect(s *selection, v *ir.Value) { s.cond(v.Args[2]) }

// selectsFirst tells which operand of a select begins in the result, to be replaced by the other one: that for the condition's failing,
// unless the comparison needs two jumps then.
func selectsFirst(c *ir.Value) bool {
	if c.Folded {
		if cmp, ok := comparisons[c.Op]; ok && cmp.float && cmp.cond == condEQ {
			return true
		}
		if c.Op == wasm.OpI32Eqz && c.Args[0].Folded {
			return !selectsFirst(c.Args[0])
		}
	}
	return false
}

// useSelect: the operands are {if true, if false, condition}.
func useSelect(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	first, second := v.Args[1], v.Args[0]
	if selectsFirst(v.Args[2]) {
		first, second = second, first
	}
	o.Reg(first)
	o.Reg(second)
	t.useCond(o, v.Args[2])
	t.same(o)
}

func emitSelect(e *emitter, v *ir.Value, r *rule) {
	e.takeReg()
	other, d := e.takeReg(), e.dst()
	f := e.takeCond(v.Args[2])
	if selectsFirst(v.Args[2]) {
		f = f.not()
	}
	if v.Type.Float() {
		skip := e.newLabel()
		e.jumpFlags(f.not(), skip)
		e.copyReg(v.Type, other, d)
		e.bind(skip)
		return
	}
	if f.and {
		e.fail("a select that needs two conditions at once")
		return
	}
	moves := &cmovl
	if v.Type == ir.I64 {
		moves = &cmovq
	}
	e.ins(moves[f.cond], reg(other), reg(d))
	if f.or {
		e.ins(moves[condPS], reg(other), reg(d))
	}
}
