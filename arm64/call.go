package arm64

import (
	"unsafe"

	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// Offsets in a function's record.
const (
	funcEntry  = int64(unsafe.Offsetof(interp.NativeFunc{}.Entry))
	funcTypeID = int64(unsafe.Offsetof(interp.NativeFunc{}.TypeID))
)

// entriesReg has the table of entries at a call.
const entriesReg = typeReg

// callOperands says what a call needs: all registers change.
func (t *Target) callOperands(v *ir.Value, o *ir.Operands) {
	t.leadOperand(v, o)
	t.placeArgs(o, v.Args[1:])
	o.Clobbers = allocatable
	if v.Type != ir.Void {
		o.Result, o.Fixed = ir.FixedResult, t.ResultReg(v.Type.Float())
	}
}

// leadOperand is what leads to the callee: its record, or the table of entries where that is not simply loaded.
func (t *Target) leadOperand(v *ir.Value, o *ir.Operands) {
	switch {
	case v.Op == ir.OpCallRecord, v.Op == ir.OpTailCallRecord:
		o.At(v.Args[0], recordReg)
	case v.Args[0].Op != ir.OpInstWord:
		o.At(v.Args[0], entriesReg)
	}
}

// placeArgs puts arguments into their registers.
func (t *Target) placeArgs(o *ir.Operands, args []*ir.Value) {
	var ints, floats int
	for _, x := range args {
		n := &ints
		if x.Type.Float() {
			n = &floats
		}
		o.At(x, t.ArgReg(*n, x.Type.Float()))
		*n++
	}
}

// tailCallOperands says what a tail call needs.
func (t *Target) tailCallOperands(v *ir.Value, o *ir.Operands) {
	args := v.Args
	if v.Op != ir.OpTailCallSelf {
		t.leadOperand(v, o)
		args = args[1:]
	}
	t.placeArgs(o, args)
}

// call emits a call. The callee's frame begins behind this one's operands.
func (e *emitter) call(v *ir.Value) {
	e.addImm(frameReg, frameReg, int64(v.Site.ArgSlot)*8)
	switch {
	case v.Op == ir.OpCall && v.Site.Callee == e.f.Index && e.f.Loop < 0:
		e.site(e.a.bl(e.fast), v.Site)
	default:
		e.callee(v)
		e.site(e.a.blr(tmp), v.Site)
	}
	e.addImm(frameReg, frameReg, -int64(v.Site.ArgSlot)*8)
	e.reloadMemory()
}

// callee loads the address of the machine code that v calls into tmp.
func (e *emitter) callee(v *ir.Value) {
	if v.Op == ir.OpCallRecord || v.Op == ir.OpTailCallRecord {
		e.a.ldst(ldrX, tmp, recordReg, funcEntry)
		e.a.ldst(ldrX, tmp, tmp, 0)
		return
	}
	entries := entriesReg
	if x := v.Args[0]; x.Op == ir.OpInstWord {
		e.instWord(tmp, x.Imm)
		entries = tmp
	}
	e.a.ldstFar(ldrX, tmp, entries, int64(v.Imm)*8)
}

// tailCall emits a tail call. The return address goes from this frame to the callee's; the unit's own function finds it where it is. Between
// the load of the callee's address and the jump there is no safepoint: nobody else knows of the address (see interp's native_retire.go).
func (e *emitter) tailCall(v *ir.Value) {
	if v.Op == ir.OpTailCallSelf {
		e.adjustStack(a64.AADD)
		e.a.b(e.check)
		return
	}
	e.dropFrame()
	e.callee(v)
	e.a.br(tmp)
}

// leave calls a stub of the VM's.
func (e *emitter) leave(stub int64, s *ir.Site) {
	e.a.ldst(ldrX, tmp, contextReg, stub)
	e.site(e.a.blr(tmp), s)
}

// leaveByJump calls a stub of the VM's by a jump, for ways out that are taken every time: nothing returns from it by RET, and what
// the processor predicts of returns stays right.
func (e *emitter) leaveByJump(stub int64, s *ir.Site) {
	back := e.a.newLabel()
	e.a.ldst(ldrX, tmp, contextReg, stub)
	e.a.adr(linkReg, back)
	e.site(e.a.br(tmp), s)
	e.a.bind(back)
}

// reloadMemory reads the address of memory 0 again: it may have moved while others ran.
func (e *emitter) reloadMemory() {
	if e.f.Mem0Fixed {
		return
	}
	e.a.ldst(ldrX, memoryReg, contextReg, int64(interp.CtxMem0))
}
