package arm64

import (
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/twitchyliquid64/golang-asm/obj"
)

// operand is the last operand of an instruction that allows more than a register there.
type operand struct {
	kind   operandKind
	reg    ir.Reg
	imm    uint64
	shift  shift
	extend extend
	amount uint32
}

type operandKind uint8

const (
	inReg operandKind = iota
	anImm
	shifted
	extended
)

// last is v's last operand of two.
func (e *emitter) last(v *ir.Value) operand {
	x := v.Args[1]
	switch {
	case immediate(v, 1):
		return operand{kind: anImm, imm: constant(x)}
	case !x.Folded:
		return operand{reg: e.reg(x)}
	}
	switch x.Op {
	case wasm.OpI32WrapI64:
		return operand{reg: e.reg(x.Args[0])}
	case wasm.OpI64ExtendI32U:
		return operand{kind: extended, reg: e.reg(x.Args[0]), extend: extUXTW}
	case wasm.OpI64ExtendI32S:
		return operand{kind: extended, reg: e.reg(x.Args[0]), extend: extSXTW}
	}
	amount := uint32(x.Args[1].Imm)
	if x.Type == ir.I32 {
		amount &= 31
	} else {
		amount &= 63
	}
	if y := x.Args[0]; y.Folded && y.Op != wasm.OpI32WrapI64 {
		// The extension that Select lets a shift have.
		ext := extUXTW
		if y.Op == wasm.OpI64ExtendI32S {
			ext = extSXTW
		}
		return operand{kind: extended, reg: e.reg(y.Args[0]), extend: ext, amount: amount}
	}
	s, amount := shiftOf(x.Op, amount)
	return operand{kind: shifted, reg: e.first(x), shift: s, amount: amount}
}

// shiftOf is how a shift by a constant is written as a part of another instruction.
func shiftOf(op ir.Op, amount uint32) (shift, uint32) {
	switch op {
	case wasm.OpI32ShrU, wasm.OpI64ShrU:
		return shiftLSR, amount
	case wasm.OpI32ShrS, wasm.OpI64ShrS:
		return shiftASR, amount
	case wasm.OpI32Rotr, wasm.OpI64Rotr:
		return shiftROR, amount
	case wasm.OpI32Rotl:
		return shiftROR, -amount & 31
	case wasm.OpI64Rotl:
		return shiftROR, -amount & 63
	}
	return shiftLSL, amount
}

// apply is op rd, rn, last, for all but immediates.
func (e *emitter) apply(op obj.As, rd, rn ir.Reg, last operand) {
	switch last.kind {
	case shifted:
		e.a.rrs(op, rd, rn, last.reg, last.shift, last.amount)
	case extended:
		e.a.rrx(op, rd, rn, last.reg, last.extend, last.amount)
	default:
		e.a.rrr(op, rd, rn, last.reg)
	}
}

// width chooses between the instruction for 64 bits and the one for 32.
func width(v *ir.Value, x, w obj.As) obj.As {
	if v.Type == ir.I32 {
		return w
	}
	return x
}

// first is v's first operand; a wrapped i64 is as good as its lower half.
func (e *emitter) first(v *ir.Value) ir.Reg { return e.low(v.Args[0]) }

// low is the register of x, or of what x is the lower half of.
func (e *emitter) low(x *ir.Value) ir.Reg {
	if x.Folded && x.Op == wasm.OpI32WrapI64 {
		return e.reg(x.Args[0])
	}
	return e.reg(x)
}

// integer emits an integer instruction, and tells whether v is one.
func (e *emitter) integer(v *ir.Value) bool {
	if e.divideConst(v) {
		return true
	}
	switch v.Op {
	case wasm.OpI32Add, wasm.OpI64Add:
		e.add(v, width(v, a64.AADD, a64.AADDW), width(v, a64.ASUB, a64.ASUBW), width(v, a64.AMADD, a64.AMADDW))
	case wasm.OpI32Sub, wasm.OpI64Sub:
		e.sub(v)
	case wasm.OpI32Mul, wasm.OpI64Mul:
		e.a.rrr(width(v, a64.AMUL, a64.AMULW), e.result, e.first(v), e.last(v).reg)
	case wasm.OpI32DivS, wasm.OpI64DivS:
		e.checkDivision(v)
		e.checkQuotient(v)
		e.a.rrr(width(v, a64.ASDIV, a64.ASDIVW), e.result, e.first(v), e.last(v).reg)
	case wasm.OpI32DivU, wasm.OpI64DivU:
		e.checkDivision(v)
		e.a.rrr(width(v, a64.AUDIV, a64.AUDIVW), e.result, e.first(v), e.last(v).reg)
	case wasm.OpI32RemS, wasm.OpI64RemS:
		e.rem(v, width(v, a64.ASDIV, a64.ASDIVW))
	case wasm.OpI32RemU, wasm.OpI64RemU:
		e.rem(v, width(v, a64.AUDIV, a64.AUDIVW))
	case wasm.OpI32And, wasm.OpI64And:
		e.and(v)
	case wasm.OpI32Or, wasm.OpI64Or:
		e.logic(v, width(v, a64.AORR, a64.AORRW), width(v, a64.AORN, a64.AORNW))
	case wasm.OpI32Xor, wasm.OpI64Xor:
		if isXorOnes(v) {
			e.a.rrr(width(v, a64.AORN, a64.AORNW), e.result, zr, e.first(v))
			break
		}
		e.logic(v, width(v, a64.AEOR, a64.AEORW), width(v, a64.AEON, a64.AEONW))
	case wasm.OpI32Shl, wasm.OpI64Shl:
		e.shift(v, width(v, a64.ALSL, a64.ALSLW))
	case wasm.OpI32ShrS, wasm.OpI64ShrS:
		e.shift(v, width(v, a64.AASR, a64.AASRW))
	case wasm.OpI32ShrU, wasm.OpI64ShrU:
		e.shift(v, width(v, a64.ALSR, a64.ALSRW))
	case wasm.OpI32Rotr, wasm.OpI64Rotr:
		e.shift(v, width(v, a64.AROR, a64.ARORW))
	case wasm.OpI32Rotl, wasm.OpI64Rotl:
		e.rotl(v)
	case wasm.OpI32Clz, wasm.OpI64Clz:
		e.a.rr(width(v, a64.ACLZ, a64.ACLZW), e.result, e.first(v))
	case wasm.OpI32Ctz, wasm.OpI64Ctz:
		e.a.rr(width(v, a64.ARBIT, a64.ARBITW), tmp, e.first(v))
		e.a.rr(width(v, a64.ACLZ, a64.ACLZW), e.result, tmp)
	case wasm.OpI32Popcnt:
		e.a.word(0x1E270000 | uint32(e.first(v))<<5 | uint32(ftmp&31)) // FMOV S, W
		e.popcnt()
	case wasm.OpI64Popcnt:
		e.a.word(0x9E670000 | uint32(e.first(v))<<5 | uint32(ftmp&31)) // FMOV D, X
		e.popcnt()
	default:
		return false
	}
	return true
}

// add is an addition: of a product, of a constant, or plain.
func (e *emitter) add(v *ir.Value, add, sub, madd obj.As) {
	if m := v.Args[1]; m.Folded && (m.Op == wasm.OpI32Mul || m.Op == wasm.OpI64Mul) {
		e.a.rrrr(madd, e.result, e.first(m), e.low(m.Args[1]), e.first(v))
		return
	}
	last := e.last(v)
	switch {
	case last.kind != anImm:
		e.apply(add, e.result, e.first(v), last)
	case isAddImm(last.imm):
		e.a.rri(add, e.result, e.first(v), int64(last.imm))
	default:
		e.a.rri(sub, e.result, e.first(v), int64(negated(v.Args[1])))
	}
}

func (e *emitter) sub(v *ir.Value) {
	add, sub := width(v, a64.AADD, a64.AADDW), width(v, a64.ASUB, a64.ASUBW)
	if immediate(v, 0) { // a negation
		if immediate(v, 1) {
			e.a.movConst(e.result, negated(v.Args[1]))
			return
		}
		// Select folds no extension here: register 31 would be the stack pointer.
		e.apply(sub, e.result, zr, e.last(v))
		return
	}
	if m := v.Args[1]; m.Folded && (m.Op == wasm.OpI32Mul || m.Op == wasm.OpI64Mul) {
		e.a.rrrr(width(v, a64.AMSUB, a64.AMSUBW), e.result, e.first(m), e.low(m.Args[1]), e.first(v))
		return
	}
	last := e.last(v)
	switch {
	case last.kind != anImm:
		e.apply(sub, e.result, e.first(v), last)
	case isAddImm(last.imm):
		e.a.rri(sub, e.result, e.first(v), int64(last.imm))
	default:
		e.a.rri(add, e.result, e.first(v), int64(negated(v.Args[1])))
	}
}

// checkDivision traps if the divisor is zero, unless that has been checked or is known.
func (e *emitter) checkDivision(v *ir.Value) {
	if x := v.Args[1]; v.Site == nil || x.Op == ir.OpConst && !isZero(x) {
		return
	}
	e.branchZero(e.last(v).reg, v.Type == ir.I32, true, e.trapStub(v, interp.TrapIntegerDivideByZero))
}

// checkQuotient traps if the divisor is -1 and the dividend has no negation: if it overflows when 1 is subtracted.
func (e *emitter) checkQuotient(v *ir.Value) {
	if x := v.Args[1]; v.Site == nil || x.Op == ir.OpConst && negated(x) != 1 {
		return
	}
	ccmp := uint32(0xFA400800)
	if v.Type == ir.I32 {
		ccmp = 0x7A400800
	}
	e.a.rri(width(v, a64.ACMN, a64.ACMNW), ir.NoReg, e.last(v).reg, 1)
	e.a.word(ccmp | 1<<16 | uint32(condEQ)<<12 | uint32(e.first(v))<<5) // CCMP a, #1, #0, EQ
	e.a.bcond(condVS, e.trapStub(v, interp.TrapIntegerOverflow))
}

// rem is a - a/b*b. The quotient of the most negative number by -1 overflows to itself, and the remainder is 0 as it has to be.
func (e *emitter) rem(v *ir.Value, div obj.As) {
	e.checkDivision(v)
	a, b := e.first(v), e.last(v).reg
	e.a.rrr(div, tmp, a, b)
	e.a.rrrr(width(v, a64.AMSUB, a64.AMSUBW), e.result, tmp, b, a)
}

// and is a bit field where the mask is one of lowest bits and the other operand is a shift.
func (e *emitter) and(v *ir.Value) {
	if x := v.Args[0]; x.Folded && (x.Op == wasm.OpI32ShrU || x.Op == wasm.OpI64ShrU) {
		lsb, n := bitField(v, x)
		e.a.field(width(v, a64.AUBFX, a64.AUBFXW), e.result, e.first(x), lsb, n)
		return
	}
	e.logic(v, width(v, a64.AAND, a64.AANDW), width(v, a64.ABIC, a64.ABICW))
}

// logic is a logical instruction; not is the one that complements its last operand before.
func (e *emitter) logic(v *ir.Value, op, not obj.As) {
	if x := v.Args[1]; x.Folded && isXorOnes(x) {
		e.a.rrr(not, e.result, e.first(v), e.first(x))
		return
	}
	last := e.last(v)
	if last.kind != anImm {
		e.apply(op, e.result, e.first(v), last)
		return
	}
	e.a.rri(op, e.result, e.first(v), int64(last.imm))
}

func (e *emitter) shift(v *ir.Value, op obj.As) {
	if !immediate(v, 1) {
		e.a.rrr(op, e.result, e.first(v), e.last(v).reg)
		return
	}
	e.shiftImm(v, op, v.Args[1].Imm)
}

func (e *emitter) shiftImm(v *ir.Value, op obj.As, amount uint64) {
	amount &= uint64(v.Type.Size()*8 - 1)
	if amount == 0 {
		if v.Type == ir.I32 {
			e.a.movInt32(e.result, e.first(v))
		} else {
			e.a.movInt(e.result, e.first(v))
		}
		return
	}
	e.a.rri(op, e.result, e.first(v), int64(amount))
}

// rotl is a rotation to the right by the negated amount.
func (e *emitter) rotl(v *ir.Value) {
	op := width(v, a64.AROR, a64.ARORW)
	if immediate(v, 1) {
		e.shiftImm(v, op, -v.Args[1].Imm)
		return
	}
	e.a.rrr(a64.ASUBW, tmp, zr, e.last(v).reg)
	e.a.rrr(op, e.result, e.first(v), tmp)
}

// popcnt counts the bits of ftmp's lower half: by bytes, and then their sum.
func (e *emitter) popcnt() {
	f := uint32(ftmp & 31)
	e.a.word(0x0E205800 | f<<5 | f) // CNT V.8B
	e.a.word(0x0E31B800 | f<<5 | f) // ADDV B, V.8B
	e.a.word(0x1E260000 | f<<5 | uint32(e.result))
}

// intCondition is the condition that an integer comparison is, and whether op is one.
func intCondition(op ir.Op) (cond, bool) {
	table := [...]cond{condEQ, condNE, condLT, condLO, condGT, condHI, condLE, condLS, condGE, condHS}
	switch {
	case op >= wasm.OpI32Eq && op <= wasm.OpI32GeU:
		return table[op-wasm.OpI32Eq], true
	case op >= wasm.OpI64Eq && op <= wasm.OpI64GeU:
		return table[op-wasm.OpI64Eq], true
	}
	return 0, false
}

func isFloatCompare(op ir.Op) bool { return op >= wasm.OpF32Eq && op <= wasm.OpF64Ge }

// floatConditions are those of eq, ne, lt, gt, le, ge after FCMP: all but ne are false for unordered operands.
var floatConditions = [...]cond{condEQ, condNE, condMI, condGT, condLS, condGE}

// flags compares as v does, and is the condition that is then true if v is not zero.
func (e *emitter) flags(v *ir.Value) cond {
	switch {
	case v.Op == wasm.OpI32Eqz || v.Op == wasm.OpI64Eqz:
		x := v.Args[0]
		if x.Folded && x.Op != wasm.OpI32WrapI64 {
			return e.flags(x) ^ 1
		}
		op := a64.ACMP
		if v.Op == wasm.OpI32Eqz {
			op = a64.ACMPW
		}
		e.a.rri(op, ir.NoReg, e.first(v), 0)
		return condEQ
	case isFloatCompare(v.Op):
		i, op := v.Op-wasm.OpF32Eq, a64.AFCMPS
		if v.Op >= wasm.OpF64Eq {
			i, op = v.Op-wasm.OpF64Eq, a64.AFCMPD
		}
		e.a.rrr(op, ir.NoReg, e.arg(v, 0), e.arg(v, 1))
		return floatConditions[i]
	case v.Op == wasm.OpI32And || v.Op == wasm.OpI64And:
		last := e.last(v)
		op := width(v, a64.ATST, a64.ATSTW)
		if last.kind == anImm {
			e.a.rri(op, ir.NoReg, e.first(v), int64(last.imm))
		} else {
			e.apply(op, ir.NoReg, e.first(v), last)
		}
		return condNE
	}
	c, _ := intCondition(v.Op)
	narrow := v.Op <= wasm.OpI32GeU
	cmp, cmn := a64.ACMP, a64.ACMN
	if narrow {
		cmp, cmn = a64.ACMPW, a64.ACMNW
	}
	last := e.last(v)
	switch {
	case last.kind != anImm:
		e.apply(cmp, ir.NoReg, e.first(v), last)
	case isAddImm(last.imm):
		e.a.rri(cmp, ir.NoReg, e.first(v), int64(last.imm))
	default:
		e.a.rri(cmn, ir.NoReg, e.first(v), int64(negated(v.Args[1])))
	}
	return c
}
