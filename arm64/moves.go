package arm64

import (
	"math"

	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/jit/ir"
)

// movConst puts a constant into an integer register, in as few instructions as there are for it.
func (a *assembler) movConst(rd ir.Reg, c uint64) {
	if isLogicImm(c, 64) && !isShiftedHalf(c) && !isShiftedHalf(^c) {
		a.rri(a64.AORR, rd, zr, int64(c))
		return
	}
	if c>>32 == 0 && isLogicImm(c, 32) && !isShiftedHalf(c) && !isShiftedHalf(^c&0xFFFFFFFF) {
		a.rri(a64.AORRW, rd, zr, int64(c))
		return
	}
	const movn, movz, movk = 0x92800000, 0xD2800000, 0xF2800000
	var zeros, ones int
	for i := 0; i < 64; i += 16 {
		switch c >> i & 0xFFFF {
		case 0:
			zeros++
		case 0xFFFF:
			ones++
		}
	}
	// A negative number of 32 bits is short as such.
	if c>>32 == 0 && c>>16 == 0xFFFF {
		a.word(0x12800000 | uint32(^c&0xFFFF)<<5 | uint32(rd))
		return
	}
	first, skip, flip := uint32(movz), uint64(0), uint64(0)
	if ones > zeros {
		first, skip, flip = movn, 0xFFFF, 0xFFFF
	}
	op := first
	for i := uint32(0); i < 4; i++ {
		half := c >> (16 * i) & 0xFFFF
		if half == skip {
			continue
		}
		if op == first {
			half ^= flip
		}
		a.word(op | i<<21 | uint32(half)<<5 | uint32(rd))
		op = movk
	}
	if op == first {
		a.word(first | uint32(rd))
	}
}

// isShiftedHalf tells whether one MOVZ makes c.
func isShiftedHalf(c uint64) bool {
	for i := 0; i < 64; i += 16 {
		if c&^(0xFFFF<<i) == 0 {
			return true
		}
	}
	return false
}

// movInt copies an integer register, the lower half of it or all.
func (a *assembler) movInt(rd, rn ir.Reg) {
	if rd != rn {
		a.word(0xAA0003E0 | uint32(rn)<<16 | uint32(rd))
	}
}

func (a *assembler) movInt32(rd, rn ir.Reg) { a.word(0x2A0003E0 | uint32(rn)<<16 | uint32(rd)) }

// movVec copies a vector register: the lower 64 bits, and all of it for a v128.
func (a *assembler) movVec(rd, rn ir.Reg, t ir.Type) {
	if rd == rn {
		return
	}
	if t == ir.V128 {
		a.word(0x4EA01C00 | uint32(rn&31)<<16 | uint32(rn&31)<<5 | uint32(rd&31))
		return
	}
	a.word(0x1E604000 | uint32(rn&31)<<5 | uint32(rd&31))
}

// floatImm is the eight bits of a number that FMOV has as an immediate.
func floatImm(c uint64) (uint32, bool) {
	// Sign, the exponent's top bit, its complement repeated, two bits of exponent, four bits of mantissa.
	if c&(1<<48-1) != 0 {
		return 0, false
	}
	exp := c >> 54 & 0x1FF // eight equal bits below the top one, with that
	if exp != 0x100 && exp != 0x0FF {
		return 0, false
	}
	return uint32(c>>63<<7 | (exp&1)<<6 | c>>48&0x3F), true
}

// movFloat puts a constant of type F32, F64 or V128 into a vector register. It may change tmp.
func (a *assembler) movFloat(rd ir.Reg, t ir.Type, lo, hi uint64) {
	d := uint32(rd & 31)
	if lo == 0 && hi == 0 {
		a.word(0x6F00E400 | d) // MOVI V.2D, #0
		return
	}
	switch t {
	case ir.F32:
		// The number as an f64 has the same eight bits, if it has them; NaNs and zeros have none.
		if imm, ok := floatImm(math.Float64bits(float64(math.Float32frombits(uint32(lo))))); ok {
			a.word(0x1E201000 | imm<<13 | d)
			return
		}
		a.movConst(tmp, lo&0xFFFFFFFF)
		a.word(0x1E270000 | uint32(tmp)<<5 | d)
	case ir.F64:
		if imm, ok := floatImm(lo); ok {
			a.word(0x1E601000 | imm<<13 | d)
			return
		}
		a.movConst(tmp, lo)
		a.word(0x9E670000 | uint32(tmp)<<5 | d)
	default:
		if lo == hi {
			if lo&0xFF*0x0101010101010101 == lo {
				a.word(0x4F00E400 | uint32(lo)>>5&7<<16 | uint32(lo)&31<<5 | d) // MOVI V.16B
				return
			}
			a.movConst(tmp, lo)
			a.word(0x4E080C00 | uint32(tmp)<<5 | d) // DUP V.2D
			return
		}
		a.movConst(tmp, lo)
		a.word(0x9E670000 | uint32(tmp)<<5 | d) // FMOV D, which clears the upper half
		if hi != 0 {
			a.movConst(tmp, hi)
			a.word(0x4E181C00 | uint32(tmp)<<5 | d) // INS V.D[1]
		}
	}
}

// move does one of the allocator's moves.
func (e *emitter) move(from, to ir.Loc, t ir.Type) {
	a := e.a
	if to.Kind == ir.InReg {
		e.load(to.Reg, from, t)
		return
	}
	r := e.toReg(from, t)
	m := typed(t, false)
	if r < 32 {
		m = strX
	}
	a.ldstFar(m, r, sp, int64(to.Spill)*8)
}

// load puts a value into a register.
func (e *emitter) load(rd ir.Reg, from ir.Loc, t ir.Type) {
	switch from.Kind {
	case ir.InReg:
		if rd >= 32 {
			e.a.movVec(rd, from.Reg, t)
		} else {
			e.a.movInt(rd, from.Reg)
		}
	case ir.InSpill:
		e.a.ldstFar(typed(t, true), rd, sp, int64(from.Spill)*8)
	case ir.IsConst:
		if t.Float() {
			e.a.movFloat(rd, t, from.Const.Imm, from.Const.Aux)
		} else {
			e.a.movConst(rd, constant(from.Const))
		}
	}
}

// toReg is a register with the value: its own, the zero register, or a scratch register (tmp for all but a float in a spill slot
// or a v128).
func (e *emitter) toReg(from ir.Loc, t ir.Type) ir.Reg {
	switch {
	case from.Kind == ir.InReg:
		return from.Reg
	case from.Kind == ir.IsConst && t != ir.V128:
		// The bits of a float are stored from an integer register.
		if isZero(from.Const) {
			return zr
		}
		c := from.Const.Imm
		if t == ir.I32 || t == ir.F32 {
			c &= 0xFFFFFFFF
		}
		e.a.movConst(tmp, c)
		return tmp
	case t != ir.V128 && from.Kind == ir.InSpill:
		e.a.ldstFar(ldrX, tmp, sp, int64(from.Spill)*8)
		return tmp
	}
	e.load(ftmp, from, t)
	return ftmp
}

// storeSlot writes a value to a slot of the frame, with the scratch registers only.
func (e *emitter) storeSlot(slot uint64, from ir.Loc, t ir.Type) {
	r := e.toReg(from, t)
	m := typed(t, false)
	if r < 32 {
		m = strX
	}
	e.a.ldstFar(m, r, frameReg, int64(slot)*8)
}
