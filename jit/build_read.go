package jit

import (
	"encoding/binary"

	"github.com/godwit-vm/godwit/wasm"
)

// bodyReader reads the instructions of a body that has been validated, and therefore checks nothing.
type bodyReader struct {
	b    []byte
	p    int
	base uint32 // module offset of b[0]
}

func (r *bodyReader) offset() uint32 { return r.base + uint32(r.p) }

func (r *bodyReader) op() wasm.Op {
	c := r.byte()
	if c < 0xFB {
		return wasm.Op(c)
	}
	return wasm.Op(c)<<16 | wasm.Op(r.u32())
}

func (r *bodyReader) byte() byte {
	c := r.b[r.p]
	r.p++
	return c
}

func (r *bodyReader) u32() uint32 { return uint32(r.u64()) }

func (r *bodyReader) u64() (v uint64) {
	for shift := 0; ; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return v
		}
	}
}

func (r *bodyReader) s64() (v int64) {
	shift := 0
	for {
		c := r.byte()
		v |= int64(c&0x7F) << shift
		shift += 7
		if c >= 0x80 {
			continue
		}
		if shift < 64 && c&0x40 != 0 {
			v |= -1 << shift
		}
		return v
	}
}

func (r *bodyReader) fixed32() uint32 {
	r.p += 4
	return binary.LittleEndian.Uint32(r.b[r.p-4:])
}

func (r *bodyReader) fixed64() uint64 {
	r.p += 8
	return binary.LittleEndian.Uint64(r.b[r.p-8:])
}

// memarg reads the immediates of an access: the memory stands only where bit 6 of the alignment is set.
func (r *bodyReader) memarg() (mem uint32, offset uint64) {
	if r.u32()&(1<<6) != 0 {
		mem = r.u32()
	}
	return mem, r.u64()
}

// Codes of references that name their heap type, and what stands before an exact one (specification 5.3.5).
const (
	codeRef     = 0x64
	codeRefNull = 0x63
	codeExact   = 0x62
)

// heapType reads a heap type as the nullable reference to it.
func (r *bodyReader) heapType(m *wasm.Module) wasm.ValType {
	exact := r.b[r.p] == codeExact
	if exact {
		r.p++
	}
	i := r.s64()
	if i < 0 {
		return wasm.ValType(i & 0x7F)
	}
	t := wasm.RefTo(m.Types[i].Canon, true)
	if exact {
		t = t.AsExact()
	}
	return t
}

func (r *bodyReader) valType(m *wasm.Module) wasm.ValType {
	switch c := r.byte(); c {
	case codeRef:
		return r.heapType(m).NonNull()
	case codeRefNull:
		return r.heapType(m)
	default:
		return wasm.ValType(c)
	}
}

// blockType reads the type of a block.
func (r *bodyReader) blockType(m *wasm.Module) (params, results []wasm.ValType) {
	c := r.b[r.p]
	if c == 0x40 {
		r.p++
		return nil, nil
	}
	if c > 0x40 && c < 0x80 { // a negative number of one byte
		return nil, []wasm.ValType{r.valType(m)}
	}
	t := &m.Types[r.s64()]
	return t.Params, t.Results
}

// clause reads a clause of a try_table, and returns the depth of its label.
func (r *bodyReader) clause() (depth uint32) {
	if kind := wasm.CatchKind(r.byte()); kind == wasm.CatchTag || kind == wasm.CatchTagRef {
		r.u64()
	}
	return r.u32()
}

// skip passes over the immediates of o.
func (r *bodyReader) skip(o wasm.Op) {
	switch o.Info().Imm {
	case wasm.ImmNone:
	case wasm.ImmF32:
		r.p += 4
	case wasm.ImmF64:
		r.p += 8
	case wasm.ImmV128, wasm.ImmShuffle:
		r.p += 16
	case wasm.ImmLane, wasm.ImmFence:
		r.p++
	case wasm.ImmMemarg, wasm.ImmMemargAtomic:
		r.memarg()
	case wasm.ImmMemargLane:
		r.memarg()
		r.p++
	case wasm.ImmTypeTable, wasm.ImmDataMemory, wasm.ImmMemoryMemory, wasm.ImmElemTable, wasm.ImmTableTable,
		wasm.ImmTypeField, wasm.ImmTypeType, wasm.ImmTypeCount, wasm.ImmTypeData, wasm.ImmTypeElem:
		r.u64()
		r.u64()
	case wasm.ImmCast:
		r.p++
		r.u64()
		r.skipHeapType()
		r.skipHeapType()
	case wasm.ImmHeapType:
		r.skipHeapType()
	case wasm.ImmLabels:
		for n := r.u32() + 1; n > 0; n-- {
			r.u64()
		}
	case wasm.ImmTypes:
		for n := r.u32(); n > 0; n-- {
			r.skipValType()
		}
	case wasm.ImmBlock:
		r.skipBlockType()
	case wasm.ImmTryTable:
		r.skipBlockType()
		for n := r.u32(); n > 0; n-- {
			r.clause()
		}
	default:
		r.u64()
	}
}

func (r *bodyReader) skipHeapType() {
	if r.b[r.p] == codeExact {
		r.p++
	}
	r.u64()
}

func (r *bodyReader) skipValType() {
	if c := r.byte(); c == codeRef || c == codeRefNull {
		r.skipHeapType()
	}
}

func (r *bodyReader) skipBlockType() {
	if c := r.b[r.p]; c == codeRef || c == codeRefNull {
		r.p++
		r.skipHeapType()
		return
	}
	r.u64()
}
