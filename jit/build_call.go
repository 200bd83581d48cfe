package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// A call's arguments that have registers are in registers only: the callee's frame begins where they would be, and they are
// its business. Everything else is brought up to date, as everywhere where machine code is left.

// call builds a direct call.
func (b *builder) call(index uint32) {
	ft := b.m.FuncType(index)
	if int(index) < b.m.NumImportedFuncs {
		b.callImport(index, ft)
		return
	}
	if b.inlines(index) {
		b.inline(index)
		return
	}
	entries := b.instWord(interp.WordEntries)
	v := b.callOf(ir.OpCall, entries, ft)
	v.Imm, v.Site.Callee = uint64(int(index)-b.m.NumImportedFuncs), index
}

// callOf calls the function that first leads to, with the arguments that are on the stack.
func (b *builder) callOf(op ir.Op, first *ir.Value, ft *wasm.FuncType) *ir.Value {
	n := len(ft.Params)
	base := len(b.stack) - n
	values := make([]*ir.Value, 1, 1+n)
	values[0] = first
	regs := ir.InRegisters(ft.Params)
	for i, r := range regs {
		if r >= 0 {
			values = append(values, b.operand(base+i))
		} else if o := &b.stack[base+i]; !o.clean {
			b.store(int(o.home), o.v)
		}
	}
	b.stack = b.stack[:base]
	b.flush(b.live(), 0)
	t := ir.Void
	if len(ft.Results) == 1 {
		t = ir.TypeOf(ft.Results[0])
	}
	v := b.value(op, t, values...)
	v.Site = b.site(interp.SiteCall)
	v.Site.ArgSlot = b.home()
	v.Site.Callee = interp.NoCallee
	b.afterCall(v.Site)
	if t != ir.Void {
		b.push(ft.Results[0], v)
	} else {
		b.pushSlots(ft.Results)
	}
	return v
}

// afterCall completes the site of a call: the interpreter goes on behind it.
func (b *builder) afterCall(s *ir.Site) {
	if p := b.point(b.offset()); p != nil {
		s.Point = int(p.Index)
	}
	b.forget()
}

// callImport calls an imported function.
func (b *builder) callImport(index uint32, ft *wasm.FuncType) {
	b.storeTop(len(ft.Params))
	b.stack = b.stack[:len(b.stack)-len(ft.Params)]
	b.flush(b.live(), 0)
	v := b.value(ir.OpLeave, ir.Void)
	v.Site = b.site(interp.SiteImport)
	v.Site.ArgSlot, v.Site.Callee = b.home(), index
	b.afterCall(v.Site)
	b.pushSlots(ft.Results)
}

// storeTop brings the slots of the top n operands up to date.
func (b *builder) storeTop(n int) {
	for i := len(b.stack) - n; i < len(b.stack); i++ {
		if o := &b.stack[i]; !o.clean {
			b.store(int(o.home), o.v)
			o.clean = true
		}
	}
}

// callIndirect calls an element of a table.
func (b *builder) callIndirect(typ, table uint32) {
	b.operand(len(b.stack) - 1)
	top := b.stack[len(b.stack)-1]
	ref := b.element(table, b.pop(), interp.TrapUndefinedElement)
	b.callThrough(typ, top, ref, b.guess(typ, int(table)), func() {
		b.trapIf(b.value(wasm.OpI64Eqz, ir.I32, ref), interp.TrapUninitializedElement)
		rec := b.record(ref)
		b.checkType(rec, typ)
		b.callOf(ir.OpCallRecord, rec, &b.m.Types[typ].FuncType)
	})
}

// checkType traps if the function of a record is not of type typ.
func (b *builder) checkType(rec *ir.Value, typ uint32) {
	check := b.value(ir.OpCheckType, ir.Void, rec, b.instWord(b.layout.Types+int(typ)))
	check.Site = b.site(interp.SiteType)
	check.Site.Trap = interp.TrapIndirectCallTypeMismatch
}

// callRef calls what a reference refers to.
func (b *builder) callRef(typ uint32) {
	ref := b.operand(len(b.stack) - 1)
	top := b.stack[len(b.stack)-1]
	b.pop()
	b.callThrough(typ, top, ref, b.guess(typ, noTable), func() {
		b.trapIf(b.value(wasm.OpI64Eqz, ir.I32, ref), interp.TrapNullFunction)
		b.callOf(ir.OpCallRecord, b.record(ref), &b.m.Types[typ].FuncType)
	})
}

// record is the address of the record of the function that ref, which is not null, refers to.
func (b *builder) record(ref *ir.Value) *ir.Value {
	index := b.value(wasm.OpI64Sub, ir.I64, ref, b.constant(ir.I64, 1))
	at := b.value(wasm.OpI64Shl, ir.I64, index, b.constant(ir.I64, 4))
	funcs := b.value(ir.OpInstWord, ir.I64) // the array grows with the store
	funcs.Imm = interp.WordFuncs
	return b.value(wasm.OpI64Add, ir.I64, funcs, at)
}
