package interp

import (
	"encoding/binary"

	"github.com/godwit-vm/godwit/wasm"
)

// reader reads instructions that validation has accepted, so it checks nothing (a slice's bounds are still Go's to
// keep).
type reader struct {
	b []byte
	p int
}

func (r *reader) op() wasm.Op {
	c := r.b[r.p]
	r.p++
	if c < 0xFB {
		return wasm.Op(c)
	}
	return wasm.Op(c)<<16 | wasm.Op(r.u32())
}

func (r *reader) u32() uint32 {
	if c := r.b[r.p]; c < 0x80 {
		r.p++
		return uint32(c)
	}
	return uint32(r.u64())
}

func (r *reader) u64() (v uint64) {
	for shift := 0; ; shift += 7 {
		c := r.b[r.p]
		r.p++
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return v
		}
	}
}

func (r *reader) s32() int32 { return int32(r.s64()) }

func (r *reader) s64() (v int64) {
	for shift := 0; ; {
		c := r.b[r.p]
		r.p++
		v |= int64(c&0x7F) << shift
		shift += 7
		if c < 0x80 {
			if shift < 64 && c&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
}

func (r *reader) fixed32() uint32 {
	r.p += 4
	return binary.LittleEndian.Uint32(r.b[r.p-4:])
}

func (r *reader) fixed64() uint64 {
	r.p += 8
	return binary.LittleEndian.Uint64(r.b[r.p-8:])
}

func (r *reader) skipLEB() {
	for r.b[r.p] >= 0x80 {
		r.p++
	}
	r.p++
}

// memarg reads a memory access's immediates (specification 5.4.6): the memory index stands only where bit 6 of the
// alignment is set.
func (r *reader) memarg() (mem uint32, offset uint64) {
	if align := r.u32(); align&(1<<6) != 0 {
		mem = r.u32()
	}
	return mem, r.u64()
}

// valType reads a value type (specification 5.3.5).
func (r *reader) valType(m *wasm.Module) wasm.ValType {
	c := r.b[r.p]
	switch c {
	case codeRef:
		r.p++
		return r.heapType(m).NonNull()
	case codeRefNull:
		r.p++
		return r.heapType(m)
	}
	r.p++
	return wasm.ValType(c)
}

// The codes of references that name their heap type, and what stands before that of an exact one.
const (
	codeRef     = 0x64
	codeRefNull = 0x63
	codeExact   = 0x62
)

// heapType reads a heap type and returns the nullable reference to it.
func (r *reader) heapType(m *wasm.Module) wasm.ValType {
	if r.b[r.p] == codeExact {
		r.p++
		return wasm.RefTo(m.Types[r.s64()].Canon, true).AsExact()
	}
	i := r.s64()
	if i < 0 {
		return wasm.ValType(i & 0x7F)
	}
	return wasm.RefTo(m.Types[i].Canon, true)
}

// blockType reads a block's type.
func (r *reader) blockType(m *wasm.Module) (params, results []wasm.ValType) {
	c := r.b[r.p]
	if c == 0x40 {
		r.p++
		return nil, nil
	}
	if c >= 0x40 && c < 0x80 { // a value type: a negative one-byte SLEB
		return nil, []wasm.ValType{r.valType(m)}
	}
	t := &m.Types[r.s64()]
	return t.Params, t.Results
}

func (r *reader) skipValType() {
	c := r.b[r.p]
	r.p++
	if c == codeRef || c == codeRefNull {
		r.skipHeapType()
	}
}

func (r *reader) skipHeapType() {
	if r.b[r.p] == codeExact {
		r.p++
	}
	r.skipLEB()
}

// skip passes over the immediates of o.
func (r *reader) skip(o wasm.Op) {
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
		r.skipLEB()
		r.skipLEB()
	case wasm.ImmCast:
		r.p++
		r.skipLEB()
		r.skipHeapType()
		r.skipHeapType()
	case wasm.ImmHeapType:
		r.skipHeapType()
	case wasm.ImmLabels:
		for n := r.u32() + 1; n > 0; n-- {
			r.skipLEB()
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
			kind := wasm.CatchKind(r.b[r.p])
			r.p++
			if kind == wasm.CatchTag || kind == wasm.CatchTagRef {
				r.skipLEB()
			}
			r.skipLEB()
		}
	default:
		r.skipLEB()
	}
}

func (r *reader) skipBlockType() {
	if c := r.b[r.p]; c == codeRef || c == codeRefNull {
		r.p++
		r.skipHeapType()
		return
	}
	r.skipLEB()
}
