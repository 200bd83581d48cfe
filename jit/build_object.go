package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// Objects. Fields and elements are read and written where they are in the heap; its address is read each time, since the heap
// may move where machine code is left. While a collection marks, a reference is overwritten by the interpreter, which
// notes what was there: that is a step in a block of its own.

// objects tells whether w is an access to an object that machine code does by itself.
func objects(w wasm.Op) bool {
	switch w {
	case wasm.OpStructGet, wasm.OpStructGetS, wasm.OpStructGetU, wasm.OpStructSet,
		wasm.OpArrayGet, wasm.OpArrayGetS, wasm.OpArrayGetU, wasm.OpArraySet, wasm.OpArrayLen:
		return true
	}
	return false
}

// field is the type of the field or element that an access names by its immediates, which r reads.
func (b *builder) field(w wasm.Op, r *bodyReader) (x, k uint32, t wasm.ValType) {
	x = r.u32()
	if w.Info().Imm == wasm.ImmTypeField {
		k = r.u32()
	}
	return x, k, b.m.Types[x].Fields[k].Type
}

// barrier tells whether what overwrites a field of type t must tell a collection.
func (b *builder) barrier(t wasm.ValType) bool {
	if !t.IsRef() {
		return false
	}
	if i, ok := t.TypeIndex(); ok {
		return b.m.Types[i].Kind != wasm.CompFunc
	}
	h := t.Heap()
	return h != wasm.FuncRef && h != wasm.NullFuncRef
}

// objectLeaves tells whether an access to an object may leave; r stands behind its opcode.
func (b *builder) objectLeaves(w wasm.Op, r *bodyReader) bool {
	if w != wasm.OpStructSet && w != wasm.OpArraySet {
		return false
	}
	_, _, t := b.field(w, r)
	return b.barrier(t)
}

// object builds an access to an object.
func (b *builder) object(w wasm.Op) {
	switch w {
	case wasm.OpArrayLen:
		b.push(wasm.I32, b.arrayLength(b.objectAt(b.pop(), interp.TrapNullArray)))
	case wasm.OpStructSet, wasm.OpArraySet:
		b.set(w)
	default:
		b.get(w)
	}
}

// objectAt is the address of the object that ref refers to, which must not be null.
func (b *builder) objectAt(ref *ir.Value, null interp.TrapCode) *ir.Value {
	b.trapIf(b.value(wasm.OpI64Eqz, ir.I32, ref), null)
	return b.object64(ref)
}

// object64 is objectAt of a reference to an object.
func (b *builder) object64(ref *ir.Value) *ir.Value {
	base := b.loadWord(b.instWord(interp.WordHeap), interp.HeapBase, ir.ClassHeader)
	offset := b.value(wasm.OpI64And, ir.I64, ref, b.constant(ir.I64, 1<<state.RefShift-1))
	return b.value(wasm.OpI64Add, ir.I64, base, offset)
}

func (b *builder) arrayLength(p *ir.Value) *ir.Value {
	return b.loadTyped(ir.I32, p, interp.ObjectLength, ir.ClassHeap)
}

// place is where a field or element is: an address and an offset from it. index is nil for fields.
func (b *builder) place(w wasm.Op, ref, index *ir.Value, x, k uint32, t wasm.ValType) (p *ir.Value, offset uint64) {
	if index == nil {
		return b.objectAt(ref, interp.TrapNullStructure), uint64(b.points.FieldOffset(x, k))
	}
	p = b.objectAt(ref, interp.TrapNullArray)
	b.trapIf(b.value(wasm.OpI32GeU, ir.I32, index, b.arrayLength(p)), interp.TrapArrayOutOfBounds)
	at := b.value(wasm.OpI64ExtendI32U, ir.I64, index)
	if shift := elementShift(t); shift > 0 {
		at = b.value(wasm.OpI64Shl, ir.I64, at, b.constant(ir.I64, shift))
	}
	return b.value(wasm.OpI64Add, ir.I64, p, at), interp.ObjectHeader
}

// elementShift is the binary logarithm of the bytes of an element.
func elementShift(t wasm.ValType) uint64 {
	switch t {
	case wasm.I8:
		return 0
	case wasm.I16:
		return 1
	case wasm.I32, wasm.F32:
		return 2
	case wasm.V128:
		return 4
	}
	return 3
}

func (b *builder) get(w wasm.Op) {
	x, k, t := b.field(w, &b.bodyReader)
	var index *ir.Value
	if w.Info().Imm != wasm.ImmTypeField {
		index = b.pop()
	}
	ref := b.pop()
	p, offset := b.place(w, ref, index, x, k, t)
	unpacked := t
	if t.IsPacked() {
		unpacked = wasm.I32
	}
	v := b.loadTyped(ir.TypeOf(unpacked), p, offset, ir.ClassHeap)
	v.Width = 1 << elementShift(t)
	if w == wasm.OpStructGetS || w == wasm.OpArrayGetS {
		extend := wasm.OpI32Extend8S
		if t == wasm.I16 {
			extend = wasm.OpI32Extend16S
		}
		v = b.value(extend, ir.I32, v)
	}
	b.push(unpacked, v)
}

func (b *builder) set(w wasm.Op) {
	x, k, t := b.field(w, &b.bodyReader)
	barrier := b.barrier(t)
	n := 2
	if w == wasm.OpArraySet {
		n = 3
	}
	var slow edge
	if barrier {
		heap := b.instWord(interp.WordHeap)
		marking := b.loadTyped(ir.I32, heap, interp.HeapMarking, ir.ClassHeader)
		marking.Width = 1
		for i := len(b.stack) - n; i < len(b.stack); i++ {
			b.operand(i)
		}
		step, store := b.branchOn(marking)
		locals, stack := b.copyLocals(), b.copyStack()
		b.cur = step
		b.leaveFor(n, nil)
		slow = edge{b.cur, b.copyLocals(), b.copyStack()}
		step.Cold = true
		b.restore(&edge{store, locals, stack})
	}
	v := b.pop()
	var index *ir.Value
	if w == wasm.OpArraySet {
		index = b.pop()
	}
	ref := b.pop()
	p, offset := b.place(w, ref, index, x, k, t)
	b.storeWord(p, v, offset, 1<<elementShift(t), ir.ClassHeap)
	if barrier {
		fast := edge{b.cur, b.copyLocals(), b.copyStack()}
		b.meet([]edge{fast, slow}, b.live(), 0)
	}
}
