package jit

import (
	"math"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// maxGuardedOffset bounds constant offsets of accesses that rely on the guard behind memory 0.
const maxGuardedOffset = math.MaxInt32

// guarded tells whether accesses to a memory beyond its end fault.
func (b *builder) guarded(mem uint32) bool {
	return mem == 0 && b.opt.Memory.Guarded && !b.m.MemoryTypes[0].Is64
}

// stepsOf tells whether accesses to a memory are left to the interpreter.
func (b *builder) stepsOf(mem uint32, offset uint64) bool {
	if mem > 63 || mem > math.MaxUint16 {
		return true
	}
	// The length in a shared memory's header is not its size.
	return b.memSteps>>mem&1 != 0 || b.m.MemoryTypes[mem].Shared && offset > maxGuardedOffset
}

// access builds a load, a store, or an atomic access.
func (b *builder) access(w wasm.Op, info *wasm.OpInfo) {
	at := b.p
	mem, offset := b.memarg()
	if b.stepsOf(mem, offset) || b.steps(w) {
		b.p = at
		b.step(w)
		return
	}
	var lane uint64
	if info.Imm == wasm.ImmMemargLane {
		lane = uint64(b.byte())
	}
	args := b.popMany(len(info.Params))
	base, guarded := b.checkAccess(mem, args[0], offset, uint64(1)<<info.Align)
	if info.Imm == wasm.ImmMemargAtomic && info.Align > 0 {
		b.checkAlignment(args[0], offset, uint64(1)<<info.Align)
	}
	t := ir.Void
	if len(info.Results) > 0 {
		t = ir.TypeOf(info.Results[0])
	}
	v := b.value(w, t)
	v.Args = make([]*ir.Value, 1, 1+len(args))
	v.Args[0] = base
	v.Args = append(v.Args, args...)
	v.Aux = lane
	b.accessed(v, mem, offset, guarded)
	if t != ir.Void {
		b.push(info.Results[0], v)
	}
}

// checkAccess makes sure of an access of size bytes, and returns the address of the memory.
func (b *builder) checkAccess(mem uint32, addr *ir.Value, offset, size uint64) (base *ir.Value, guarded bool) {
	if b.guarded(mem) && offset <= maxGuardedOffset {
		return b.memBase(), true
	}
	header := b.instWord(b.layout.Memories + int(mem))
	length := b.loadWord(header, 8, ir.ClassHeader)
	if end := offset + size; end < offset {
		b.trapIf(b.constant(ir.I32, 1), interp.TrapMemoryOutOfBounds)
	} else if addr.Type == ir.I32 {
		sum := b.value(wasm.OpI64Add, ir.I64, b.value(wasm.OpI64ExtendI32U, ir.I64, addr), b.constant(ir.I64, end))
		b.trapIf(b.value(wasm.OpI64GtU, ir.I32, sum, length), interp.TrapMemoryOutOfBounds)
	} else if end <= b.leastSize(mem) {
		// A memory is never smaller than at first, so nothing is taken from less.
		last := b.value(wasm.OpI64Sub, ir.I64, length, b.constant(ir.I64, end))
		b.trapIf(b.value(wasm.OpI64GtU, ir.I32, addr, last), interp.TrapMemoryOutOfBounds)
	} else {
		c := b.constant(ir.I64, end)
		sum := b.value(wasm.OpI64Add, ir.I64, addr, c)
		carry := b.value(wasm.OpI64LtU, ir.I32, sum, c)
		beyond := b.value(wasm.OpI64GtU, ir.I32, sum, length)
		b.trapIf(b.value(wasm.OpI32Or, ir.I32, carry, beyond), interp.TrapMemoryOutOfBounds)
	}
	if mem == 0 {
		return b.memBase(), false
	}
	return b.loadWord(header, 0, ir.ClassHeader), false
}

// leastSize is how many bytes a memory has at least.
func (b *builder) leastSize(mem uint32) uint64 {
	t := &b.m.MemoryTypes[mem]
	if t.Min > math.MaxUint64/t.PageBytes() {
		return 0 // there is no such memory
	}
	return t.Min * t.PageBytes()
}

func (b *builder) memBase() *ir.Value { return b.value(ir.OpMemBase, ir.I64) }

// checkAlignment traps where an atomic access is not aligned.
func (b *builder) checkAlignment(addr *ir.Value, offset, size uint64) {
	rest := addr
	if addr.Type == ir.I64 {
		rest = b.value(wasm.OpI32WrapI64, ir.I32, addr)
	}
	if low := offset & (size - 1); low != 0 {
		rest = b.value(wasm.OpI32Add, ir.I32, rest, b.constant(ir.I32, low))
	}
	b.trapIf(b.value(wasm.OpI32And, ir.I32, rest, b.constant(ir.I32, size-1)), interp.TrapUnalignedAtomic)
}

// memorySize builds memory.size of a memory that is not shared.
func (b *builder) memorySize(mem uint32) {
	t := b.m.MemoryTypes[mem]
	n := b.loadWord(b.instWord(b.layout.Memories+int(mem)), 8, ir.ClassHeader)
	if !t.OneByte {
		n = b.value(wasm.OpI64ShrU, ir.I64, n, b.constant(ir.I64, 16))
	}
	b.pushAddress(n, t.Limits)
}

// pushAddress pushes a number as the address type of a memory or table.
func (b *builder) pushAddress(n *ir.Value, l wasm.Limits) {
	if !l.Is64 {
		n = b.value(wasm.OpI32WrapI64, ir.I32, n)
	}
	b.push(l.AddrType(), n)
}

// Tables.

func (b *builder) tableSize(x uint32) {
	b.pushAddress(b.loadWord(b.instWord(b.layout.Tables+int(x)), 8, ir.ClassHeader), b.m.TableTypes[x].Limits)
}

func (b *builder) tableGet(x uint32) {
	index := b.pop()
	b.push(b.m.TableTypes[x].Elem, b.element(x, index, interp.TrapTableOutOfBounds))
}

// element loads an element of a table.
func (b *builder) element(x uint32, index *ir.Value, beyond interp.TrapCode) *ir.Value {
	if index.Type == ir.I32 {
		index = b.value(wasm.OpI64ExtendI32U, ir.I64, index)
	}
	table := b.instWord(b.layout.Tables + int(x))
	n := b.loadWord(table, 8, ir.ClassHeader)
	b.trapIf(b.value(wasm.OpI64GeU, ir.I32, index, n), beyond)
	elems := b.loadWord(table, 0, ir.ClassHeader)
	at := b.value(wasm.OpI64Shl, ir.I64, index, b.constant(ir.I64, 3))
	return b.loadWord(b.value(wasm.OpI64Add, ir.I64, elems, at), 0, ir.ClassTable)
}
