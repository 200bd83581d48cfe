package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

func callRules() map[ir.Op]rule {
	return map[ir.Op]rule{
		ir.OpParam:          {uses: useParam, emit: emitParam},
		ir.OpCall:           {uses: useCall, emit: emitCall},
		ir.OpCallRecord:     {uses: useCallRecord, emit: emitCallRecord},
		ir.OpTailCall:       {uses: useTailCall, emit: emitTailCall},
		ir.OpTailCallRecord: {uses: useTailCallRecord, emit: emitTailCallRecord},
		ir.OpTailCallSelf:   {uses: useTailCallSelf, emit: emitTailCallSelf},
		ir.OpCheckType:      {uses: useCheckType, emit: emitCheckType},
		ir.OpLeave:          {uses: useLeave, emit: emitLeave},
	}
}

// useParam: a parameter is in its register, which Select has written down in Aux. Those that come in slots are OpSlotLoads.
func useParam(t *Target, v *ir.Value, r *rule, o *ir.Operands) { t.fixed(o, ir.Reg(v.Aux)) }

func emitParam(e *emitter, v *ir.Value, r *rule) {}

// useArgs puts arguments into their registers, and the result into its own. Nothing survives a call.
func (t *Target) useArgs(o *ir.Operands, v *ir.Value, args []*ir.Value) {
	t.placeArgs(o, args)
	o.Clobbers = allocatable
	if v.Type != ir.Void {
		t.fixed(o, t.ResultReg(v.Type.Float()))
		o.Clobbers &^= 1 << uint(o.Fixed)
	}
}

// placeArgs puts arguments into their registers.
func (t *Target) placeArgs(o *ir.Operands, args []*ir.Value) {
	var ints, floats int
	for _, a := range args {
		if a.Type.Float() {
			o.At(a, t.ArgReg(floats, true))
			floats++
		} else {
			o.At(a, t.ArgReg(ints, false))
			ints++
		}
	}
}

// ownCall tells whether v calls the function that it is in.
func ownCall(v *ir.Value) bool { return v.Aux == ownCallMark }

// ownCallMark is in Aux of calls that Select has found to be of the unit's own function.
const ownCallMark = 1

func useCall(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	if !ownCall(v) {
		o.At(v.Args[0], entriesReg)
	}
	t.useArgs(o, v, v.Args[1:])
}

func emitCall(e *emitter, v *ir.Value, r *rule) {
	if ownCall(v) {
		e.inFrame(v, func() { e.call(e.fast) })
		return
	}
	entries := e.takeReg()
	e.inFrame(v, func() { e.ins(obj.ACALL, mem(entries, 8*int64(v.Imm))) })
}

// inFrame makes a call with the frame register at the callee's frame.
func (e *emitter) inFrame(v *ir.Value, call func()) {
	e.taken = len(e.instr.Uses) // arguments are where they have to be
	if v.Site == nil {
		e.fail("a call has no site")
		return
	}
	up := int64(v.Site.ArgSlot) * 8
	if up != 0 {
		e.addConst(true, frameReg, up, frameReg)
	}
	call()
	e.site(v.Site, -1)
	if up != 0 {
		e.addConst(true, frameReg, -up, frameReg)
	}
	if v.Type == ir.I32 { // a callee that is no machine code may leave anything in the upper half, and addresses rely on it
		e.ins(x86.AMOVL, reg(ax), reg(ax))
	}
	e.reload()
}

// reload loads the base of memory 0, which may have moved.
func (e *emitter) reload() {
	if !e.f.Mem0Fixed {
		e.ins(x86.AMOVQ, mem(contextReg, int64(interp.CtxMem0)), reg(memoryReg))
	}
}

func useCallRecord(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.At(v.Args[0], recordReg)
	t.useArgs(o, v, v.Args[1:])
}

func emitCallRecord(e *emitter, v *ir.Value, r *rule) {
	e.inFrame(v, func() {
		e.ins(x86.AMOVQ, mem(recordReg, 0), reg(scratch))
		e.ins(obj.ACALL, mem(scratch, 0))
	})
}

func useTailCall(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.At(v.Args[0], entriesReg)
	t.placeArgs(o, v.Args[1:])
}

// Between the load of the callee's address and the jump there is no safepoint: nobody else knows of the address (see interp's native_retire.go).
func emitTailCall(e *emitter, v *ir.Value, r *rule) {
	entries := e.takeReg()
	e.leaveFrame()
	e.ins(obj.AJMP, mem(entries, 8*int64(v.Imm)))
}

func useTailCallRecord(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.At(v.Args[0], recordReg)
	t.placeArgs(o, v.Args[1:])
}

func emitTailCallRecord(e *emitter, v *ir.Value, r *rule) {
	e.ins(x86.AMOVQ, mem(e.takeReg(), 0), reg(scratch))
	e.leaveFrame()
	e.ins(obj.AJMP, mem(scratch, 0))
}

func useTailCallSelf(t *Target, v *ir.Value, r *rule, o *ir.Operands) { t.placeArgs(o, v.Args) }

func emitTailCallSelf(e *emitter, v *ir.Value, r *rule) {
	e.leaveFrame()
	e.jump(e.fast)
}

// leaveFrame is dropFrame for a tail call.
func (e *emitter) leaveFrame() {
	e.taken = len(e.instr.Uses) // arguments are where they have to be
	e.dropFrame()
}

func useCheckType(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.At(v.Args[0], recordReg)
	o.At(v.Args[1], typeReg)
}

// typeOffset is where a function's record has the id of its type.
const typeOffset = 8

func emitCheckType(e *emitter, v *ir.Value, r *rule) {
	e.takeReg()
	e.takeReg()
	other, back := e.cold(func(back label) {
		e.leave(int64(interp.CtxLeaveSaving), v.Site, -1)
		e.jump(back)
	})
	e.ins(x86.ACMPQ, mem(recordReg, typeOffset), reg(typeReg))
	e.jumpIf(condNE, other)
	e.bind(back)
}

func useLeave(t *Target, v *ir.Value, r *rule, o *ir.Operands) { o.Clobbers = allocatable }

func emitLeave(e *emitter, v *ir.Value, r *rule) {
	e.leave(int64(interp.CtxLeave), v.Site, -1)
	e.reload()
}
