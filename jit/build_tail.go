package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Tail calls: the callee's frame takes the place of this one, on both stacks.
//
//	before	| local 0 | local 1 | more locals | operands … | arg 0 | arg 1 |
//	behind	| arg 0 | arg 1 | the callee's locals | …
//		^ frame register, which stays
//
// What is on the machine stack is given up as for a return, and the callee is jumped to. It finds the return address that this function had, so it
// returns to where this one would have, and whoever walks the machine stack sees it in this one's place: a return address tells of what has called, not
// of what is called, but for the first frame of a segment, whose record is put right (Thread.addRecords in package interp). The callee begins as after any call: it
// looks for room, counts where that is wanted, and polls. So a loop of tail calls can be stopped, and each turn is a function's entry, as in the interpreter.
//
// A callee without machine code has a stub for its entry, which would take the return address for one of a call of it. It is not
// jumped to: the interpreter makes the tail call, and enters machine code again where there is some. What has machine code keeps some, so
// it may be looked for before the arguments are moved.

// returnCall builds return_call.
func (b *builder) returnCall(index uint32) {
	ft := b.m.FuncType(index)
	n := len(ft.Params)
	if int(index) < b.m.NumImportedFuncs {
		b.leaveForGood(n)
		return
	}
	if index == b.f.Index && b.f.Loop < 0 {
		b.tailCall(ir.OpTailCallSelf, nil, ft)
		return
	}
	entries, own := b.instWord(interp.WordEntries), uint64(int(index)-b.m.NumImportedFuncs)
	b.leaveWithoutCode(b.loadWord(entries, 8*own, ir.ClassHeader), func() { b.leaveForGood(n) })
	b.tailCall(ir.OpTailCall, entries, ft).Imm = own
}

// returnCallIndirect builds return_call_indirect.
func (b *builder) returnCallIndirect(typ, table uint32) {
	b.operand(len(b.stack) - 1)
	top := b.stack[len(b.stack)-1]
	ref := b.element(table, b.pop(), interp.TrapUndefinedElement)
	b.trapIf(b.value(wasm.OpI64Eqz, ir.I32, ref), interp.TrapUninitializedElement)
	rec := b.record(ref)
	b.checkType(rec, typ)
	b.tailCallRecord(typ, top, rec)
}

// returnCallRef builds return_call_ref.
func (b *builder) returnCallRef(typ uint32) {
	ref := b.operand(len(b.stack) - 1)
	top := b.stack[len(b.stack)-1]
	b.pop()
	b.trapIf(b.value(wasm.OpI64Eqz, ir.I32, ref), interp.TrapNullFunction)
	b.tailCallRecord(typ, top, b.record(ref))
}

// tailCallRecord tail-calls the function of a record, of type typ; top is the operand that said which, and is no longer on the stack. Functions of the
// host and of other instances are among those without machine code.
func (b *builder) tailCallRecord(typ uint32, top operand, rec *ir.Value) {
	ft := &b.m.Types[typ].FuncType
	entry := b.loadWord(b.loadWord(rec, 0, ir.ClassHeader), 0, ir.ClassHeader)
	b.leaveWithoutCode(entry, func() {
		b.stack = append(b.stack, top)
		b.leaveForGood(len(ft.Params) + 1)
	})
	b.tailCall(ir.OpTailCallRecord, rec, ft)
}

// leaveWithoutCode builds what leave does where entry is that of a function without machine code.
func (b *builder) leaveWithoutCode(entry *ir.Value, leave func()) {
	without, with := b.branchOn(b.value(wasm.OpI64Eq, ir.I32, entry, b.instWord(interp.WordStub)))
	rest := edge{with, b.copyLocals(), b.copyStack()}
	b.cur, without.Cold = without, true
	leave()
	b.restore(&rest)
}

// tailCall ends the block with a tail call of the function that first, if there is one, leads to, with the arguments that are on the stack. Nothing of this
// frame is seen any more: no slot is brought up to date.
func (b *builder) tailCall(op ir.Op, first *ir.Value, ft *wasm.FuncType) *ir.Value {
	n := len(ft.Params)
	base := len(b.stack) - n
	for i := range ft.Params {
		b.operand(base + i) // before its slot is another argument's
	}
	values := make([]*ir.Value, 0, 1+n)
	if first != nil {
		values = append(values, first)
	}
	slot := 0
	for i, r := range ir.InRegisters(ft.Params) {
		v := b.stack[base+i].v
		if r >= 0 {
			values = append(values, v)
		} else {
			b.store(slot, v)
		}
		slot += v.Type.Slots()
	}
	v := b.value(op, ir.Void, values...)
	b.cur = nil
	return v
}
