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

// newObject is an object to be made.
type newObject struct {
	interp.NativeAllocation
	typ    uint32
	pops   int // operands
	length uint32
	values []*ir.Value // of its fields or elements; none: they are zero
}

// allocation reads the immediates of an instruction that makes an object. ok is false if that is to be a step: it is too large, or an
// array whose length is not known.
func (b *builder) allocation(w wasm.Op) (o newObject, ok bool) {
	o.typ = b.u32()
	stores, top := 0, len(b.stack)-1
	switch w {
	case wasm.OpStructNew:
		stores = len(b.m.Types[o.typ].Fields)
		o.pops = stores
	case wasm.OpArrayNewFixed:
		o.length = b.u32()
		stores = int(o.length)
		o.pops = stores
	case wasm.OpArrayNew, wasm.OpArrayNewDefault:
		n := b.stack[top].v
		if n == nil || n.Op != ir.OpConst {
			return o, false
		}
		o.length, o.pops = uint32(n.Imm), 1
		if w == wasm.OpArrayNew {
			stores, o.pops = int(o.length), 2
		}
	}
	if stores > maxNewFields {
		return o, false
	}
	if o.NativeAllocation, ok = b.points.Allocation(o.typ, o.length); !ok {
		return o, false
	}
	for k := range stores {
		if w == wasm.OpArrayNew {
			k = 0
		}
		o.values = append(o.values, b.operand(len(b.stack)-o.pops+k))
	}
	return o, true
}

// allocate builds an instruction that makes an object. ok is false if it is to be a step, and nothing has been read.
func (b *builder) allocate(w wasm.Op) (ok bool) {
	at := b.p
	o, ok := b.allocation(w)
	if !ok {
		b.p = at
		return false
	}
	heap := b.instWord(interp.WordHeap)
	free := b.loadWord(heap, o.Free, ir.ClassAlloc)
	end := b.value(wasm.OpI64Add, ir.I64, free, b.constant(ir.I64, o.Cell))
	step, room := b.branchOn(b.value(wasm.OpI64GtU, ir.I32, end, b.loadWord(heap, o.End, ir.ClassAlloc)))
	locals, stack := b.copyLocals(), b.copyStack()
	typ := wasm.RefTo(o.typ, false)
	b.cur = step
	step.Cold = true
	b.leaveFor(o.pops, []wasm.ValType{typ})
	slow := edge{b.cur, b.copyLocals(), b.copyStack()}
	b.restore(&edge{room, locals, stack})
	b.storeWord(heap, end, o.Free, 8, ir.ClassAlloc)
	p := b.value(wasm.OpI64Add, ir.I64, b.loadWord(heap, interp.HeapBase, ir.ClassHeader), free)
	header := b.typeWord(o.typ)
	if o.length > 0 {
		header = b.value(wasm.OpI64Or, ir.I64, header, b.constant(ir.I64, uint64(o.length)<<32))
	}
	b.storeWord(p, header, 0, 8, ir.ClassHeap)
	for k, v := range o.values {
		f, offset := 0, uint64(0)
		if w == wasm.OpStructNew {
			f, offset = k, uint64(b.points.FieldOffset(o.typ, uint32(k)))
		} else {
			offset = interp.ObjectHeader + uint64(k)<<elementShift(b.m.Types[o.typ].Fields[0].Type)
		}
		b.storeWord(p, v, offset, 1<<elementShift(b.m.Types[o.typ].Fields[f].Type), ir.ClassHeap)
	}
	b.stack = b.stack[:len(b.stack)-o.pops]
	b.push(typ, b.value(wasm.OpI64Or, ir.I64, free, b.constant(ir.I64, interp.ObjectRef)))
	fast := edge{b.cur, b.copyLocals(), b.copyStack()}
	b.meet([]edge{fast, slow}, b.live(), 0)
	return true
}

// storeWord stores width bytes of v at p+offset.
func (b *builder) storeWord(p, v *ir.Value, offset uint64, width uint8, class ir.Class) {
	s := b.value(ir.OpStoreWord, ir.Void, p, v)
	s.Imm, s.Aux, s.Width = offset, uint64(class), width
}
