package arm64

import (
	"unsafe"

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
	switch {
	case v.Op == ir.OpCallRecord:
		o.At(v.Args[0], recordReg)
	case v.Args[0].Op != ir.OpInstWord:
		o.At(v.Args[0], entriesReg)
	}
	var ints, floats int
	for _, x := range v.Args[1:] {
		n := &ints
		if x.Type.Float() {
			n = &floats
		}
		o.At(x, t.ArgReg(*n, x.Type.Float()))
		*n++
	}
	o.Clobbers = allocatable
	if v.Type != ir.Void {
		o.Result, o.Fixed = ir.FixedResult, t.ResultReg(v.Type.Float())
	}
}

// call emits a call. The callee's frame begins behind this one's operands.
func (e *emitter) call(v *ir.Value) {
	e.addImm(frameReg, frameReg, int64(v.Site.ArgSlot)*8)
	switch {
	case v.Op == ir.OpCallRecord:
		e.a.ldst(ldrX, tmp, recordReg, funcEntry)
		e.a.ldst(ldrX, tmp, tmp, 0)
		e.site(e.a.blr(tmp), v.Site)
	case v.Site.Callee == e.f.Index && e.f.Loop < 0:
		e.site(e.a.bl(e.fast), v.Site)
	default:
		entries := entriesReg
		if x := v.Args[0]; x.Op == ir.OpInstWord {
			e.instWord(tmp, x.Imm)
			entries = tmp
		}
		e.a.ldstFar(ldrX, tmp, entries, int64(v.Imm)*8)
		e.site(e.a.blr(tmp), v.Site)
	}
	e.addImm(frameReg, frameReg, -int64(v.Site.ArgSlot)*8)
	e.reloadMemory()
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
