package jit

import (
	"math"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// memory.copy and memory.fill. Those of few bytes, as many as the program says, are loads and stores like any others; the rest is the back
// end's (OpMemoryCopy, OpMemoryFill), behind checks of the whole ranges.

// bulkSteps tells whether a memory.copy or memory.fill is left to the interpreter; r stands before its immediates.
func (b *builder) bulkSteps(w wasm.Op, r bodyReader) bool {
	n := 1
	if w == wasm.OpMemoryCopy {
		n = 2
	}
	for range n {
		if b.stepsOf(r.u32(), math.MaxUint64) {
			return true
		}
	}
	return !b.supports(w)
}

func (b *builder) bulk(w wasm.Op) {
	if b.bulkSteps(w, bodyReader{b: b.b, p: b.p}) {
		b.step(w)
		return
	}
	to := b.u32()
	from := to
	if w == wasm.OpMemoryCopy {
		from = b.u32()
	}
	args := b.popMany(3)
	n := args[2]
	switch {
	case n.Op == ir.OpConst && n.Imm > 0 && n.Imm <= b.maxUnrolled(w):
		if w == wasm.OpMemoryCopy {
			b.copyFew(to, from, args[0], args[1], n.Imm)
		} else {
			b.fillFew(to, args[0], args[1], n.Imm)
		}
	case w == wasm.OpMemoryCopy:
		x, y := b.checkRange(to, args[0], n), b.checkRange(from, args[1], n)
		b.value(w, ir.Void, x, args[0], y, args[1], n).Mem = uint16(to)
	default:
		x := b.checkRange(to, args[0], n)
		b.value(w, ir.Void, x, args[0], args[1], n).Mem = uint16(to)
	}
}

// maxUnrolled is how many bytes are copied or filled by loads and stores.
func (b *builder) maxUnrolled(w wasm.Op) uint64 {
	n := uint64(maxFilled)
	if w == wasm.OpMemoryCopy {
		n = maxUnrolled
	}
	return n * b.widest() / 16
}

// widest is the number of bytes of the widest accesses.
func (b *builder) widest() uint64 {
	if b.supports(wasm.OpV128Load) && b.supports(wasm.OpV128Store) {
		return 16
	}
	return 8
}

// checkRange traps unless the n bytes at addr are in a memory, and returns the memory's address.
func (b *builder) checkRange(mem uint32, addr, n *ir.Value) (base *ir.Value) {
	header := b.instWord(b.layout.Memories + int(mem))
	length := b.loadWord(header, 8, ir.ClassHeader)
	greater := func(x, y *ir.Value) {
		b.trapIf(b.value(wasm.OpI64GtU, ir.I32, x, y), interp.TrapMemoryOutOfBounds)
	}
	count, at := b.wide(n), b.wide(addr)
	if addr.Type == ir.I32 {
		// Either may be as much as 2^32: the sum of the two does not overflow, if the length is of 32 bits too, which it is: it is
		// of the smaller of the address types.
		greater(b.value(wasm.OpI64Add, ir.I64, at, count), length)
	} else {
		greater(count, length)
		greater(at, b.value(wasm.OpI64Sub, ir.I64, length, count))
	}
	if mem == 0 {
		return b.memBase()
	}
	return b.loadWord(header, 0, ir.ClassHeader)
}

// wide is an address or a length as an i64.
func (b *builder) wide(v *ir.Value) *ir.Value {
	if v.Type == ir.I64 {
		return v
	}
	return b.value(wasm.OpI64ExtendI32U, ir.I64, v)
}

// chunk is a part of a range that one access takes.
type chunk struct{ at, size uint64 }

// chunks are accesses of at most widest bytes that together take n bytes. The last of them takes the last byte; it may overlap the one
// before.
func chunks(n, widest uint64) (parts []chunk) {
	for at := uint64(0); at < n; {
		size := widest
		for size > n-at {
			size /= 2
		}
		if rest := n - at; size < rest && size < widest && 2*size <= n {
			size *= 2
			at = n - size
		}
		parts = append(parts, chunk{at, size})
		at += size
	}
	return parts
}

// The loads and stores of 1, 2, 4, 8 and 16 bytes.
var (
	chunkLoads  = map[uint64]wasm.Op{1: wasm.OpI32Load8U, 2: wasm.OpI32Load16U, 4: wasm.OpI32Load, 8: wasm.OpI64Load, 16: wasm.OpV128Load}
	chunkStores = map[uint64]wasm.Op{1: wasm.OpI32Store8, 2: wasm.OpI32Store16, 4: wasm.OpI32Store, 8: wasm.OpI64Store, 16: wasm.OpV128Store}
	chunkTypes  = map[uint64]ir.Type{1: ir.I32, 2: ir.I32, 4: ir.I32, 8: ir.I64, 16: ir.V128}
)

// copyFew loads all that there is to copy before it stores any of it: the ranges may overlap.
func (b *builder) copyFew(to, from uint32, dst, src *ir.Value, n uint64) {
	parts := chunks(n, b.widest())
	values := make([]*ir.Value, len(parts))
	target, dstGuarded := b.checkAccess(to, dst, 0, n)
	source, srcGuarded := b.checkAccess(from, src, 0, n)
	for i, c := range parts {
		values[i] = b.value(chunkLoads[c.size], chunkTypes[c.size], source, src)
		b.accessed(values[i], from, c.at, srcGuarded)
	}
	b.storeFew(to, target, dst, parts, values, dstGuarded)
}

// fillFew stores a byte n times.
func (b *builder) fillFew(to uint32, dst, value *ir.Value, n uint64) {
	const each = 0x0101010101010101
	parts := chunks(n, b.widest())
	target, guarded := b.checkAccess(to, dst, 0, n)
	low := b.value(wasm.OpI32And, ir.I32, value, b.constant(ir.I32, 0xFF))
	eight := b.value(wasm.OpI64Mul, ir.I64, b.wide(low), b.constant(ir.I64, each))
	if value.Op == ir.OpConst {
		eight = b.constant(ir.I64, value.Imm&0xFF*each)
	}
	values := make([]*ir.Value, len(parts))
	for i, c := range parts {
		switch {
		case c.size == 8:
			values[i] = eight
		case c.size < 8 && value.Op == ir.OpConst:
			values[i] = b.constant(ir.I32, eight.Imm&(1<<32-1))
		case c.size < 8:
			values[i] = b.value(wasm.OpI32WrapI64, ir.I32, eight)
		case i > 0:
			values[i] = values[0] // the first is the widest
		case value.Op == ir.OpConst:
			values[i] = b.constant(ir.V128, eight.Imm)
			values[i].Aux = eight.Imm
		default:
			values[i] = b.value(wasm.OpI64x2Splat, ir.V128, eight)
		}
	}
	b.storeFew(to, target, dst, parts, values, guarded)
}

// storeFew stores values at dst. The last goes first: where the end of the range is beyond that of the memory that store traps, before anything
// is changed.
func (b *builder) storeFew(mem uint32, base, dst *ir.Value, parts []chunk, values []*ir.Value, guarded bool) {
	for k := range parts {
		i := (k + len(parts) - 1) % len(parts)
		s := b.value(chunkStores[parts[i].size], ir.Void, base, dst, values[i])
		b.accessed(s, mem, parts[i].at, guarded)
	}
}

// accessed makes v an access to a memory at an offset.
func (b *builder) accessed(v *ir.Value, mem uint32, offset uint64, guarded bool) {
	v.Mem, v.Imm, v.Guarded = uint16(mem), offset, guarded
	if guarded {
		v.Site = b.site(interp.SiteFault)
		v.Site.Trap = interp.TrapMemoryOutOfBounds
	}
}
