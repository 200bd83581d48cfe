package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// Casts to types of structures and arrays, and to i31. An object begins with the id of its type, and the store has a row of ids for each:
// those of its supertypes, from the topmost on, itself included (interp.HeapDisplays). So a type at a depth that rows have is
// compared with one word. What stands at a greater depth, types of functions and other abstract types are steps.

// castType reads the heap type that a test names; the result is nullable if null passes the test.
func castType(m *wasm.Module, r *bodyReader, null bool) wasm.ValType {
	t := r.heapType(m)
	if !null {
		t = t.NonNull()
	}
	return t
}

// branchCast reads the immediates of br_on_cast and br_on_cast_fail.
func branchCast(m *wasm.Module, r *bodyReader) (depth uint32, to wasm.ValType) {
	flags := r.byte()
	depth = r.u32()
	castType(m, r, flags&1 != 0)
	return depth, castType(m, r, flags&2 != 0)
}

// casts tells whether machine code does w, a test or a cast, by itself; r stands behind its opcode.
func (b *builder) casts(w wasm.Op, r *bodyReader) bool {
	at := bodyReader{b: r.b, p: r.p}
	switch w {
	case wasm.OpRefTest, wasm.OpRefTestNull, wasm.OpRefCast, wasm.OpRefCastNull:
		return b.testable(castType(b.m, &at, false))
	case wasm.OpBrOnCast, wasm.OpBrOnCastFail:
		_, to := branchCast(b.m, &at)
		return b.testable(to)
	}
	return false
}

// testable tells whether machine code can see whether a reference is of type t.
func (b *builder) testable(t wasm.ValType) bool {
	x, ok := t.TypeIndex()
	if !ok {
		return t.Heap() == wasm.I31Ref
	}
	return b.m.Types[x].Kind != wasm.CompFunc && b.depth(x) < interp.DisplayDepth
}

// depth counts the supertypes of type x.
func (b *builder) depth(x uint32) (n uint64) {
	for s := b.m.Types[x].Super; s >= 0 && n < interp.DisplayDepth; s = b.m.Types[s].Super {
		n++
	}
	return n
}

// cast builds a test or a cast, if casts says so. Its immediates have not been read.
func (b *builder) cast(w wasm.Op) {
	switch w {
	case wasm.OpRefTest, wasm.OpRefTestNull:
		t := castType(b.m, &b.bodyReader, w == wasm.OpRefTestNull)
		b.push(wasm.I32, b.isOf(b.pop(), t))
	case wasm.OpRefCast, wasm.OpRefCastNull:
		t := castType(b.m, &b.bodyReader, w == wasm.OpRefCastNull)
		n := len(b.stack) - 1
		b.trapIf(b.value(wasm.OpI32Eqz, ir.I32, b.isOf(b.operand(n), t)), interp.TrapCastFailure)
		b.stack[n].typ = t
	case wasm.OpBrOnCast, wasm.OpBrOnCastFail:
		depth, to := branchCast(b.m, &b.bodyReader)
		cond := b.isOf(b.operand(len(b.stack)-1), to)
		if w == wasm.OpBrOnCastFail {
			cond = b.value(wasm.OpI32Eqz, ir.I32, cond)
		}
		b.brIf(depth, cond, nil)
		b.fallThrough()
	}
}

// isOf is not zero if ref is of type t, which is testable.
func (b *builder) isOf(ref *ir.Value, t wasm.ValType) *ir.Value {
	null := b.constant(ir.I32, 0)
	if t.Nullable() {
		null = b.value(wasm.OpI64Eqz, ir.I32, ref)
	}
	x, ok := t.TypeIndex()
	if !ok {
		kind := b.value(wasm.OpI64ShrU, ir.I64, ref, b.constant(ir.I64, state.RefShift))
		i31 := b.value(wasm.OpI64Eq, ir.I32, kind, b.constant(ir.I64, uint64(state.RefI31)))
		return b.value(wasm.OpI32Or, ir.I32, i31, null)
	}
	// Only of an object there is something to be read. References to objects are the least signed numbers, those to i31 come next.
	object, other := b.branchOn(b.value(wasm.OpI64LtS, ir.I32, ref, b.constant(ir.I64, uint64(state.RefI31)<<state.RefShift)))
	both := b.f.NewBlock()
	b.cur = object
	is := b.objectIs(ref, x, t.Exact() || b.m.Types[x].Final)
	for _, from := range []*ir.Block{object, other} {
		b.f.Append(from, ir.OpJump, ir.Void)
		ir.Connect(from, both)
	}
	b.cur = both
	return b.value(ir.OpPhi, ir.I32, is, null)
}

// objectIs tells whether the object that ref refers to is of type x.
func (b *builder) objectIs(ref *ir.Value, x uint32, exactly bool) *ir.Value {
	id := b.loadTyped(ir.I32, b.object64(ref), 0, ir.ClassHeap)
	if !exactly {
		row := b.value(wasm.OpI64Shl, ir.I64, b.value(wasm.OpI64ExtendI32U, ir.I64, id), b.constant(ir.I64, interp.DisplayShift))
		rows := b.loadWord(b.instWord(interp.WordHeap), interp.HeapDisplays, ir.ClassHeader)
		id = b.loadTyped(ir.I32, b.value(wasm.OpI64Add, ir.I64, rows, row), 4*b.depth(x), ir.ClassHeader)
	}
	return b.value(wasm.OpI32Eq, ir.I32, id, b.value(wasm.OpI32WrapI64, ir.I32, b.typeWord(x)))
}

// typeWord is the id of type x.
func (b *builder) typeWord(x uint32) *ir.Value { return b.instWord(b.layout.Types + int(x)) }
