package arm64

import (
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/twitchyliquid64/golang-asm/obj"
)

// access is a load or store instruction: the fixed bits of its encodings, and the base-2 logarithm of the bytes.
type access struct {
	bits uint32 // size, V and opc
	log2 uint8
	load bool
}

func newAccess(size, v, opc uint32, log2 uint8, load bool) access {
	return access{size<<30 | 7<<27 | v<<26 | opc<<22, log2, load}
}

var (
	strB   = newAccess(0, 0, 0, 0, false)
	strH   = newAccess(1, 0, 0, 1, false)
	strW   = newAccess(2, 0, 0, 2, false)
	strX   = newAccess(3, 0, 0, 3, false)
	ldrB   = newAccess(0, 0, 1, 0, true)
	ldrH   = newAccess(1, 0, 1, 1, true)
	ldrW   = newAccess(2, 0, 1, 2, true)
	ldrX   = newAccess(3, 0, 1, 3, true)
	ldrsBW = newAccess(0, 0, 3, 0, true)
	ldrsHW = newAccess(1, 0, 3, 1, true)
	ldrsBX = newAccess(0, 0, 2, 0, true)
	ldrsHX = newAccess(1, 0, 2, 1, true)
	ldrsWX = newAccess(2, 0, 2, 2, true)
	strS   = newAccess(2, 1, 0, 2, false)
	strD   = newAccess(3, 1, 0, 3, false)
	strQ   = newAccess(0, 1, 2, 4, false)
	ldrS   = newAccess(2, 1, 1, 2, true)
	ldrD   = newAccess(3, 1, 1, 3, true)
	ldrQ   = newAccess(0, 1, 3, 4, true)
)

// memoryTable are the scalar loads and stores, from i32.load on.
var memoryTable = [...]access{
	ldrW, ldrX, ldrS, ldrD,
	ldrsBW, ldrB, ldrsHW, ldrH,
	ldrsBX, ldrB, ldrsHX, ldrH, ldrsWX, ldrW,
	strW, strX, strS, strD,
	strB, strH, strB, strH, strW,
}

var (
	v128Load  = ldrQ
	v128Store = strQ
)

// memoryOps is the instruction that a wasm load or store is, or nil.
func memoryOps(op ir.Op) *access {
	switch {
	case op >= wasm.OpI32Load && op <= wasm.OpI64Store32:
		return &memoryTable[op-wasm.OpI32Load]
	case op == wasm.OpV128Load:
		return &v128Load
	case op == wasm.OpV128Store:
		return &v128Store
	}
	return nil
}

// accesses tells whether op has an address as its second operand.
func accesses(op ir.Op) bool {
	return memoryOps(op) != nil || isAtomic(op) && op != wasm.OpAtomicFence ||
		op >= wasm.OpV128Load && op <= wasm.OpV128Store || op >= wasm.OpV128Load8Lane && op <= wasm.OpV128Load64Zero
}

// offsetFits tells whether an immediate offset has an encoding.
func (m access) offsetFits(off int64) bool {
	return off >= -256 && off < 256 || off >= 0 && off&(1<<m.log2-1) == 0 && off>>m.log2 < 4096
}

// ldst is a load or store of rt at rn + off, which fits.
func (a *assembler) ldst(m access, rt, rn ir.Reg, off int64) *obj.Prog {
	w := m.bits | uint32(rn)&31<<5 | uint32(rt)&31
	if rn == sp {
		w |= 31 << 5
	}
	if off >= 0 && off&(1<<m.log2-1) == 0 && off>>m.log2 < 4096 {
		return a.word(w | 1<<24 | uint32(off>>m.log2)<<10)
	}
	return a.word(w | uint32(off)&0x1FF<<12)
}

// ldstIndex is a load or store of rt at rn + rm extended, shifted left by the access's size if scaled.
func (a *assembler) ldstIndex(m access, rt, rn, rm ir.Reg, x extend, scaled bool) *obj.Prog {
	w := m.bits | 1<<21 | uint32(rm)&31<<16 | uint32(x)<<13 | 2<<10 | uint32(rn)&31<<5 | uint32(rt)&31
	if scaled {
		w |= 1 << 12
	}
	return a.word(w)
}

// ldstFar is a load or store of rt at rn + off, whatever off is. It may change tmp2.
func (a *assembler) ldstFar(m access, rt, rn ir.Reg, off int64) *obj.Prog {
	if m.offsetFits(off) {
		return a.ldst(m, rt, rn, off)
	}
	a.movConst(tmp2, uint64(off))
	if rn == sp {
		// The register form has sp as its base as well.
		return a.word(m.bits | 1<<21 | uint32(tmp2)<<16 | uint32(extUXTX)<<13 | 2<<10 | 31<<5 | uint32(rt)&31)
	}
	return a.ldstIndex(m, rt, rn, tmp2, extUXTX, false)
}

// typed is the access to a whole value of a type in a slot or spill slot. There an i32 is eight bytes, so that nobody has to know
// whether it is one.
func typed(t ir.Type, load bool) access {
	switch {
	case t == ir.V128 && load:
		return ldrQ
	case t == ir.V128:
		return strQ
	case t.Float() && load:
		return ldrD
	case t.Float():
		return strD
	case load:
		return ldrX
	}
	return strX
}

// slotAccess is the access that reads a value of a type from a slot of the frame: the upper half of a slot of 32 bits may be anything.
func slotAccess(t ir.Type) access {
	switch t {
	case ir.I32:
		return ldrW
	case ir.F32:
		return ldrS
	}
	return typed(t, true)
}

// memory is a load or store of linear memory.
func (e *emitter) memory(v *ir.Value, m access) {
	rt := e.result
	if !m.load {
		rt = zr
		if !immediate(v, 2) {
			rt = e.low(v.Args[2])
		}
	}
	e.accessMemory(v, m, rt)
}

// accessMemory emits the access of rt at v's address, and notes where it may fault.
func (e *emitter) accessMemory(v *ir.Value, m access, rt ir.Reg) {
	base, address := e.base(v), v.Args[1]
	var p *obj.Prog
	off := v.Imm
	if address.Op == ir.OpConst {
		p = e.a.ldstFar(m, rt, base, int64(constant(address)+off))
		e.fault(v, p)
		return
	}
	r, x := e.index(address)
	if off == 0 {
		p = e.a.ldstIndex(m, rt, base, r, x, false)
	} else {
		e.a.rrx(a64.AADD, tmp, base, r, x, 0)
		p = e.atOffset(m, rt, off)
	}
	e.fault(v, p)
}

// atOffset is the access of rt at tmp + off.
func (e *emitter) atOffset(m access, rt ir.Reg, off uint64) *obj.Prog {
	if !m.offsetFits(int64(off)) && off < 1<<24 && m.offsetFits(int64(off&0xFFF)) {
		e.a.rri(a64.AADD, tmp, tmp, int64(off&^0xFFF))
		off &= 0xFFF
	}
	return e.a.ldstFar(m, rt, tmp, int64(off))
}

// base is the register with the address of v's memory.
func (e *emitter) base(v *ir.Value) ir.Reg {
	if b := v.Args[0]; b.Op != ir.OpMemBase {
		return e.reg(b)
	}
	return memoryReg
}

// index is the register with an address, and how it is extended: an i32 is, whatever its upper half may be, since the bounds of
// memory depend on it.
func (e *emitter) index(address *ir.Value) (ir.Reg, extend) {
	if address.Folded && address.Op == wasm.OpI32WrapI64 {
		return e.reg(address.Args[0]), extUXTW
	}
	if address.Folded && address.Op == wasm.OpI64ExtendI32U {
		return e.reg(address.Args[0]), extUXTW
	}
	if address.Type == ir.I32 {
		return e.reg(address), extUXTW
	}
	return e.reg(address), extUXTX
}

// addressIn puts the address that v accesses into tmp, for instructions that have no other addressing mode.
func (e *emitter) addressIn(v *ir.Value) {
	base, address := e.base(v), v.Args[1]
	off := v.Imm
	if address.Op == ir.OpConst {
		off += constant(address)
		e.a.movConst(tmp, off)
		e.a.rrr(a64.AADD, tmp, tmp, base)
		return
	}
	r, x := e.index(address)
	e.a.rrx(a64.AADD, tmp, base, r, x, 0)
	switch {
	case off == 0:
	case off < 1<<12:
		e.a.rri(a64.AADD, tmp, tmp, int64(off))
	case off < 1<<24:
		e.a.rri(a64.AADD, tmp, tmp, int64(off&^0xFFF))
		if off&0xFFF != 0 {
			e.a.rri(a64.AADD, tmp, tmp, int64(off&0xFFF))
		}
	default:
		e.a.movConst(tmp2, off)
		e.a.rrr(a64.AADD, tmp, tmp, tmp2)
	}
}

// wordAccess is the access of an OpLoadWord or OpStoreWord.
func wordAccess(t ir.Type, width uint8, load bool) access {
	if t.Float() {
		switch {
		case width == 16 && load:
			return ldrQ
		case width == 16:
			return strQ
		case width == 4 && load:
			return ldrS
		case width == 4:
			return strS
		case load:
			return ldrD
		}
		return strD
	}
	loads, stores := [...]access{ldrB, ldrH, ldrW, ldrX}, [...]access{strB, strH, strW, strX}
	i := 0
	for ; 1<<i < int(width); i++ {
	}
	if load {
		return loads[i]
	}
	return stores[i]
}

func (e *emitter) loadWord(v *ir.Value) {
	e.fault(v, e.a.ldstFar(wordAccess(v.Type, v.Width, true), e.result, e.reg(v.Args[0]), int64(v.Imm)))
}

func (e *emitter) storeWord(v *ir.Value) {
	m := wordAccess(v.Args[1].Type, v.Width, false)
	rt := e.regOrZero(v, 1)
	if rt == zr {
		m = wordAccess(ir.I64, v.Width, false)
	}
	e.fault(v, e.a.ldstFar(m, rt, e.reg(v.Args[0]), int64(v.Imm)))
}

// instWord reads a word of the instance's block.
func (e *emitter) instWord(rd ir.Reg, n uint64) {
	e.a.ldst(ldrX, tmp, contextReg, int64(interp.CtxInstance))
	e.a.ldstFar(ldrX, rd, tmp, int64(8*n))
}
