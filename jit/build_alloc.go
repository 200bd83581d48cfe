package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Allocation. Objects whose size is known are made in the hole that their class has in the heap, if there is room; else the instruction is
// a step, in a block of its own. What is in a hole is zero, and its cells are in use already as far as the collector knows, and marked if it
// marks (interp/heap.go): to make an object is to move the beginning of the hole, and to write the object. The fields of a new one
// are written without a barrier, since nothing is overwritten.

// allocates reads the immediates of an instruction that makes an object, and tells whether machine code can make it.
func (b *builder) allocates(w wasm.Op, r *bodyReader) (a interp.NativeAllocation, x uint32, args int, ok bool) {
	x = r.u32()
	n := uint32(0)
	switch w {
	case wasm.OpStructNew:
		args = len(b.m.Types[x].Fields)
	case wasm.OpArrayNewFixed:
		n = r.u32()
		args = int(n)
	}
	if args > maxNewFields {
		return a, x, args, false
	}
	a, ok = b.points.Allocation(x, n)
	return a, x, args, ok
}

// allocate builds struct.new, struct.new_default and array.new_fixed. ok is false if it is to be a step, and nothing has been read.
func (b *builder) allocate(w wasm.Op) (ok bool) {
	at := b.p
	a, x, args, ok := b.allocates(w, &b.bodyReader)
	if !ok {
		b.p = at
		return false
	}
	n := len(b.stack) - args
	for i := n; i < len(b.stack); i++ {
		b.operand(i)
	}
	heap := b.instWord(interp.WordHeap)
	free := b.loadWord(heap, a.Free, ir.ClassAlloc)
	end := b.value(wasm.OpI64Add, ir.I64, free, b.constant(ir.I64, a.Cell))
	step, room := b.branchOn(b.value(wasm.OpI64GtU, ir.I32, end, b.loadWord(heap, a.End, ir.ClassAlloc)))
	locals, stack := b.copyLocals(), b.copyStack()
	typ := wasm.RefTo(x, false)
	b.cur = step
	step.Cold = true
	b.leaveFor(args, []wasm.ValType{typ})
	slow := edge{b.cur, b.copyLocals(), b.copyStack()}
	b.restore(&edge{room, locals, stack})
	b.storeWord(heap, end, a.Free, 8, ir.ClassAlloc)
	p := b.value(wasm.OpI64Add, ir.I64, b.loadWord(heap, interp.HeapBase, ir.ClassHeader), free)
	header := b.typeWord(x)
	if w == wasm.OpArrayNewFixed {
		header = b.value(wasm.OpI64Or, ir.I64, header, b.constant(ir.I64, uint64(args)<<32))
	}
	b.storeWord(p, header, 0, 8, ir.ClassHeap)
	for k := range args {
		f, offset := 0, uint64(0)
		if w == wasm.OpStructNew {
			f, offset = k, uint64(b.points.FieldOffset(x, uint32(k)))
		} else {
			offset = interp.ObjectHeader + uint64(k)<<elementShift(b.m.Types[x].Fields[0].Type)
		}
		b.storeWord(p, b.stack[n+k].v, offset, 1<<elementShift(b.m.Types[x].Fields[f].Type), ir.ClassHeap)
	}
	b.stack = b.stack[:n]
	b.push(typ, b.value(wasm.OpI64Or, ir.I64, free, b.constant(ir.I64, interp.ObjectRef)))
	fast := edge{b.cur, b.copyLocals(), b.copyStack()}
	b.join([]edge{fast, slow}, b.live())
	return true
}

// storeWord stores width bytes of v at p+offset.
func (b *builder) storeWord(p, v *ir.Value, offset uint64, width uint8, class ir.Class) {
	s := b.value(ir.OpStoreWord, ir.Void, p, v)
	s.Imm, s.Aux, s.Width = offset, uint64(class), width
}
