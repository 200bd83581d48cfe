package interp

import (
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// Typed references, structures and arrays. Where a field is in its object follows from the module's types alone, so that
// the code of a function serves every store; what depends on the store - run-time types - is looked up in the instance
// under the module's type index.
//
// An instruction that may allocate is a point where roots must be known: its operands, on top, are in their slots.

// reference lowers the instructions on references, structures and arrays; ok is false for every other one.
func (l *lowerer) reference(w wasm.Op) (ok bool) {
	switch w {
	case wasm.OpRefNull:
		l.pushConst(l.heapType(l.m), 0)
	case wasm.OpRefFunc:
		x := l.u32()
		l.emitValue(opRefFunc, l.dst(), 0, 0, uint64(x))
		l.push(wasm.RefTo(l.m.Types[l.m.FuncTypes[x]].Canon, false))
	case wasm.OpRefIsNull:
		l.unary(unaryOps[wasm.OpI64Eqz], wasm.I32)
	case wasm.OpRefEq:
		y, x := l.pop(), l.pop()
		l.compute(&binaryOps[wasm.OpI64Eq], x, y)
		l.push(wasm.I32)
	case wasm.OpRefAsNonNull:
		l.emit(opRefAsNonNull, 0, l.topSlot(), 0, 0)
		top := &l.stack[len(l.stack)-1]
		top.typ = top.typ.NonNull()
	case wasm.OpBrOnNull:
		l.brOnNull(l.u32())
	case wasm.OpBrOnNonNull:
		l.brOnNonNull(l.u32())
	case wasm.OpCallRef, wasm.OpReturnCallRef:
		l.callRef(w)
	case wasm.OpRefTest, wasm.OpRefTestNull:
		test, imm := l.castTest(l.castType(w == wasm.OpRefTestNull))
		b := l.popSlot()
		l.emitValue(test.value, l.dst(), b, test.null, imm)
		l.push(wasm.I32)
	case wasm.OpRefCast, wasm.OpRefCastNull:
		t := l.castType(w == wasm.OpRefCastNull)
		test, imm := l.castTest(t)
		l.emit(test.cast, 0, l.topSlot(), test.null, imm)
		l.retype(t)
	case wasm.OpStructNewDesc, wasm.OpStructNewDefaultDesc, wasm.OpRefGetDesc, wasm.OpRefCastDescEq, wasm.OpRefCastDescEqNull,
		wasm.OpBrOnCastDescEq, wasm.OpBrOnCastDescEqFail:
		l.descriptor(w)
	case wasm.OpBrOnCast, wasm.OpBrOnCastFail:
		l.brOnCast(w)
	case wasm.OpAnyConvertExtern:
		l.convert(wasm.AnyRef)
	case wasm.OpExternConvertAny:
		l.convert(wasm.ExternRef)
	case wasm.OpRefI31:
		if top := &l.stack[len(l.stack)-1]; top.where == isConst {
			top.bits, top.typ = i31(top.bits), wasm.I31Ref.NonNull()
			break
		}
		b := l.popSlot()
		l.emitValue(opRefI31, l.dst(), b, 0, 0)
		l.push(wasm.I31Ref.NonNull())
	case wasm.OpI31GetS:
		b := l.popSlot()
		l.emitValue(opI31GetS, l.dst(), b, 0, 0)
		l.push(wasm.I32)
	case wasm.OpI31GetU:
		b := l.popSlot()
		l.emitValue(opI31GetU, l.dst(), b, 0, 0)
		l.push(wasm.I32)

	case wasm.OpStructNew, wasm.OpStructNewDefault:
		x := l.u32()
		o, args := opStructNewDefault, 0
		if w == wasm.OpStructNew {
			o, args = opStructNew, len(l.m.Types[x].Fields)
		}
		l.allocate(o, args, x, uint64(x))
	case wasm.OpStructGet, wasm.OpStructGetS, wasm.OpStructGetU:
		x := l.u32()
		k := l.u32()
		f := l.m.Types[x].Fields[k]
		b := l.popSlot()
		l.fetch(structGets[:], f.Type, w == wasm.OpStructGetS, b, 0, uint64(l.fieldOffset(x, k)))
	case wasm.OpStructSet:
		x := l.u32()
		k := l.u32()
		c := l.popSlot()
		b := l.popSlot()
		l.emit(structSets[l.storage(l.m.Types[x].Fields[k].Type)], 0, b, c, uint64(l.fieldOffset(x, k)))

	case wasm.OpArrayNew:
		x := l.u32()
		l.allocate(opArrayNew, 2, x, uint64(x))
	case wasm.OpArrayNewDefault:
		x := l.u32()
		l.allocate(opArrayNewDefault, 1, x, uint64(x))
	case wasm.OpArrayNewFixed:
		x := l.u32()
		n := l.u32()
		l.allocate(opArrayNewFixed, int(n), x, uint64(x)|uint64(n)<<32)
	case wasm.OpArrayNewData:
		x := l.u32()
		l.allocate(opArrayNewData, 2, x, uint64(x)|uint64(l.u32())<<32)
	case wasm.OpArrayNewElem:
		x := l.u32()
		l.allocate(opArrayNewElem, 2, x, uint64(x)|uint64(l.u32())<<32)
	case wasm.OpArrayGet, wasm.OpArrayGetS, wasm.OpArrayGetU:
		t := l.m.Types[l.u32()].Fields[0].Type
		c := l.popSlot()
		b := l.popSlot()
		l.fetch(arrayGets[:], t, w == wasm.OpArrayGetS, b, c, 0)
	case wasm.OpArraySet:
		t := l.m.Types[l.u32()].Fields[0].Type
		v := l.popSlot()
		c := l.popSlot()
		b := l.popSlot()
		l.emit(arraySets[l.storage(t)], 0, b, c, uint64(v))
	case wasm.OpArrayLen:
		b := l.popSlot()
		l.emitValue(opArrayLen, l.dst(), b, 0, 0)
		l.push(wasm.I32)
	case wasm.OpArrayFill:
		l.emitClobber(opArrayFill, l.popArgs(4), 0, 0, uint64(l.u32()))
	case wasm.OpArrayCopy:
		imm := uint64(l.u32())
		imm |= uint64(l.u32()) << 32
		l.emitClobber(opArrayCopy, l.popArgs(5), 0, 0, imm)
	case wasm.OpArrayInitData, wasm.OpArrayInitElem:
		o := opArrayInitData
		if w == wasm.OpArrayInitElem {
			o = opArrayInitElem
		}
		imm := uint64(l.u32())
		imm |= uint64(l.u32()) << 32
		l.emitClobber(o, l.popArgs(4), 0, 0, imm)
	default:
		return false
	}
	return true
}

// topSlot is the slot that the top operand, which stays, can be read from.
func (l *lowerer) topSlot() int {
	i := len(l.stack) - 1
	switch o := &l.stack[i]; o.where {
	case inLocal:
		return int(o.local)
	case isConst:
		l.settle(i)
	}
	return int(l.stack[i].home)
}

// castType reads a heap type and returns the reference to it.
func (l *lowerer) castType(null bool) wasm.ValType {
	t := l.heapType(l.m)
	if !null {
		t = t.NonNull()
	}
	return t
}

// convert gives the top operand the type t, or the same without null; the bits stay as they are.
func (l *lowerer) convert(t wasm.ValType) {
	if !l.stack[len(l.stack)-1].typ.Nullable() {
		t = t.NonNull()
	}
	l.retype(t)
}

// allocate emits an instruction that makes an object of type x from its operands.
func (l *lowerer) allocate(o op, args int, x uint32, imm uint64) {
	l.settleFrom(len(l.stack) - args) // the operands below are in slots of their own, in locals, or no references
	if l.visit != nil {
		l.point(pointAlloc, l.current, len(l.code))
	}
	a := l.popArgs(args)
	l.reserve(1)
	l.emitClobber(o, a, 0, 0, imm)
	l.push(wasm.RefTo(l.m.Types[x].Canon, false))
}

// storage is the place in structGets and its like of what a field of type t holds.
func (l *lowerer) storage(t wasm.ValType) storage {
	switch t {
	case wasm.I8:
		return storage8
	case wasm.I16:
		return storage16
	case wasm.I32, wasm.F32:
		return storage32
	case wasm.V128:
		return storage128
	}
	if t.IsRef() && !l.isFuncRef(t) {
		return storageRef
	}
	return storage64
}

// isFuncRef tells whether t is a type of references to functions.
func (l *lowerer) isFuncRef(t wasm.ValType) bool {
	if i, ok := t.TypeIndex(); ok {
		return l.m.Types[i].Kind == wasm.CompFunc
	}
	h := t.Heap()
	return h == wasm.FuncRef || h == wasm.NullFuncRef
}

// storage says how a field is stored.
type storage uint8

const (
	storage8 storage = iota
	storage16
	storage32
	storage64
	storage128
	storageRef // a reference that the write barrier must see
	signed8    // packed fields read with a sign
	signed16
	storageKinds
)

// fetch emits the instruction of ops that reads a field or element of type t.
func (l *lowerer) fetch(ops []op, t wasm.ValType, signed bool, b, c int, imm uint64) {
	k := l.storage(t)
	switch {
	case signed && k == storage8:
		k = signed8
	case signed && k == storage16:
		k = signed16
	}
	if t.IsPacked() {
		t = wasm.I32
	}
	if t == wasm.V128 {
		l.emitWide(ops[k], l.dst(), b, c, imm)
	} else {
		l.emitValue(ops[k], l.dst(), b, c, imm)
	}
	l.push(t)
}

// fieldOffset is where in a structure of type x field k is.
func (l *lowerer) fieldOffset(x, k uint32) uint32 {
	offsets, ok := l.fields[x]
	if !ok {
		at := uint32(headerSize)
		for _, f := range l.m.Types[x].Fields {
			size := storageSize(f.Type)
			at = alignField(at, size)
			offsets = append(offsets, at)
			at += size
		}
		if l.fields == nil {
			l.fields = map[uint32][]uint32{}
		}
		l.fields[x] = offsets
	}
	return offsets[k]
}

// test is how a reference is tested for being of a type.
type test struct {
	value, cast, br, brNot op
	null                   int // 1 where null is of the type
}

// castTest is the test for type t, and what it has in imm: a type of the module's, by index in the quick test of references
// to structures and arrays, else as a value type. A type that must be met exactly, though it may have subtypes, has no
// quick test.
func (l *lowerer) castTest(t wasm.ValType) (tt test, imm uint64) {
	tt = test{value: opRefTest, cast: opRefCast, br: opBrOnCast, brNot: opBrOnCastFail}
	imm = uint64(t)
	if i, ok := t.TypeIndex(); ok && l.m.Types[i].Kind != wasm.CompFunc && (!t.Exact() || l.m.Types[i].Final) {
		tt = test{value: opRefTestType, cast: opRefCastType, br: opBrOnCastType, brNot: opBrOnCastFailType}
		imm = uint64(i)
	}
	if t.Nullable() {
		tt.null = 1
	}
	return tt, imm
}

// i31 is a reference to an i31.
func i31(v uint64) uint64 { return uint64(state.RefI31)<<state.RefShift | v&i31Mask }

// brWhen lowers a conditional branch to a label. test emits the branch that is taken when the condition is as it says; the
// operands that the branch takes along are on top, and stay.
func (l *lowerer) brWhen(depth uint32, test func(want bool) int) {
	lb := l.label(depth)
	n := len(lb.branchTypes())
	if lb.kind != wasm.OpCall && !l.moves(lb) {
		l.link(lb, test(true))
		return
	}
	l.settleFrom(len(l.stack) - n)
	around := test(false)
	acc := l.accSlot
	l.barrier = len(l.code)
	l.br(depth)
	l.patch(around, len(l.code))
	l.join()
	l.accSlot = acc
}

// nullTest emits a branch on whether slot s is null.
func (l *lowerer) nullTest(s int) func(want bool) int {
	return func(want bool) int {
		b := &branchOps[wasm.OpI64Ne]
		if want {
			b = &branchOps[wasm.OpI64Eq]
		}
		f := b.ri
		if s == l.accSlot {
			f = b.ai
		}
		return l.emit(f, 0, s, 0, 0)
	}
}

// brOnNull lowers br_on_null: the reference goes on only if it is not null, and does not travel with the branch.
func (l *lowerer) brOnNull(depth uint32) {
	s := l.topSlot()
	o := l.pop()
	l.brWhen(depth, l.nullTest(s))
	o.typ = o.typ.NonNull()
	l.pushOperand(o)
}

// brOnNonNull lowers br_on_non_null: the reference travels with the branch only.
func (l *lowerer) brOnNonNull(depth uint32) {
	test := l.nullTest(l.topSlot())
	l.brWhen(depth, func(want bool) int { return test(!want) })
	l.pop()
}

// brOnCast lowers br_on_cast and br_on_cast_fail: the reference is there either way.
func (l *lowerer) brOnCast(w wasm.Op) {
	depth, from, to := l.castOperands()
	tt, imm := l.castTest(to)
	l.reserve(1) // for machine code: what castStep leaves
	s := l.topSlot()
	l.brWhen(depth, func(want bool) int {
		f := tt.brNot
		if want == (w == wasm.OpBrOnCast) {
			f = tt.br
		}
		return l.emit(f, 0, s, tt.null, imm<<32)
	})
	l.retypeCast(w == wasm.OpBrOnCastFail, from, to)
}

// castOperands reads the immediates of a branch on a cast.
func (l *lowerer) castOperands() (depth uint32, from, to wasm.ValType) {
	flags := l.b[l.p]
	l.p++
	depth = l.u32()
	from = l.castType(flags&1 != 0)
	to = l.castType(flags&2 != 0)
	return depth, from, to
}

// retypeCast gives the reference that has not gone along with a branch on a cast its type: it has passed the cast if the
// others went.
func (l *lowerer) retypeCast(passed bool, from, to wasm.ValType) {
	switch {
	case passed:
		l.retype(to)
	case to.Nullable():
		l.retype(from.NonNull())
	default:
		l.retype(from)
	}
}

// fuseTest makes a branch of in, the last instruction, if that is a ref.test.
func (l *lowerer) fuseTest(in instr, want bool) (at int, ok bool) {
	var f op
	switch o := in.op &^ safepoint; {
	case o == opRefTest && want:
		f = opBrOnCast
	case o == opRefTest:
		f = opBrOnCastFail
	case o == opRefTestType && want:
		f = opBrOnCastType
	case o == opRefTestType:
		f = opBrOnCastFailType
	default:
		return 0, false
	}
	l.drop()
	return l.emit(f, 0, int(in.b), int(in.c), in.imm<<32), true
}

// callRef lowers call_ref.
func (l *lowerer) callRef(w wasm.Op) {
	if typ := l.u32(); w == wasm.OpReturnCallRef {
		l.callOperand(opReturnCallRef, typ, 0, true)
	} else {
		l.callOperand(opCallRef, typ, 0, false)
	}
}
