package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
)

// spill is a spill slot.
func (e *emitter) spill(l ir.Loc) operand { return mem(sp, 8*int64(l.Spill)) }

// loadOf and storeOf are the instructions that move a value of a type between a register and memory.
func (e *emitter) loadOf(t ir.Type) obj.As {
	switch t {
	case ir.I32:
		return x86.AMOVL
	case ir.I64:
		return x86.AMOVQ
	case ir.F32:
		return e.pick(x86.AMOVSS, x86.AVMOVSS)
	case ir.F64:
		return e.pick(x86.AMOVSD, x86.AVMOVSD)
	}
	return e.pick(x86.AMOVUPS, x86.AVMOVDQU)
}

// storeOf writes all 64 bits of an i32, which are its own and zeros: see selection.transparent.
func (e *emitter) storeOf(t ir.Type) obj.As {
	if t == ir.I32 {
		return x86.AMOVQ
	}
	return e.loadOf(t)
}

// pick is vex if the processor has AVX, and sse otherwise.
func (e *emitter) pick(sse, vex obj.As) obj.As {
	if e.t.has.AVX {
		return vex
	}
	return sse
}

// move moves a value from one place to another.
func (e *emitter) move(t ir.Type, from, to ir.Loc) {
	switch {
	case from == to:
	case from.Kind == ir.InReg && to.Kind == ir.InReg:
		e.copyReg(t, from.Reg, to.Reg)
	case from.Kind == ir.InReg:
		e.ins(e.storeOf(t), reg(from.Reg), e.spill(to))
	case from.Kind == ir.IsConst && to.Kind == ir.InReg:
		e.constTo(from.Const, to.Reg)
	case from.Kind == ir.IsConst:
		e.constToMem(from.Const, e.spill(to))
	case from.Kind == ir.InSpill && to.Kind == ir.InReg:
		e.ins(e.loadOf(t), e.spill(from), reg(to.Reg))
	case from.Kind == ir.InSpill && to.Kind == ir.InSpill:
		s := scratchFor(t)
		e.ins(e.loadOf(t), e.spill(from), reg(s))
		e.ins(e.storeOf(t), reg(s), e.spill(to))
	default:
		e.fail("a move from nowhere or to nowhere")
	}
}

// scratchFor is the scratch register that holds a value of type t.
func scratchFor(t ir.Type) ir.Reg {
	if t.Float() {
		return scratchX
	}
	return scratch
}

// copyReg copies a register. An i32's upper half is zero already, so that 32 bits are enough.
func (e *emitter) copyReg(t ir.Type, from, to ir.Reg) {
	switch {
	case from == to:
	case t == ir.I32:
		e.ins(x86.AMOVL, reg(from), reg(to))
	case t == ir.I64:
		e.ins(x86.AMOVQ, reg(from), reg(to))
	default:
		e.ins(e.pick(x86.AMOVAPS, x86.AVMOVAPS), reg(from), reg(to))
	}
}

// constTo puts a constant into a register. It may change the flags.
func (e *emitter) constTo(c *ir.Value, to ir.Reg) {
	switch {
	case c.Type.Float() && c.Imm == 0 && (c.Type != ir.V128 || c.Aux == 0):
		e.zeroX(to)
	case c.Type == ir.V128 && c.Imm == ^uint64(0) && c.Aux == ^uint64(0):
		e.three(x86.APCMPEQL, x86.AVPCMPEQD, reg(to), to, to)
	case c.Type.Float():
		e.ins(e.loadOf(c.Type), e.inPool(c.Imm, c.Aux, c.Type.Size()), reg(to))
	case c.Type == ir.I32:
		e.intTo(uint64(uint32(c.Imm)), to)
	default:
		e.intTo(c.Imm, to)
	}
}

// zeroX makes a vector register zero.
func (e *emitter) zeroX(to ir.Reg) { e.three(x86.AXORPS, x86.AVXORPS, reg(to), to, to) }

// intTo puts an integer into a register. It may change the flags.
func (e *emitter) intTo(v uint64, to ir.Reg) {
	switch {
	case v == 0:
		e.ins(x86.AXORL, reg(to), reg(to))
	case v>>32 == 0:
		e.ins(x86.AMOVL, imm(int64(int32(v))), reg(to))
	default:
		e.ins(x86.AMOVQ, imm(int64(v)), reg(to))
	}
}

// constToMem writes a constant; those of 32 bits are extended with zeros.
func (e *emitter) constToMem(c *ir.Value, to operand) {
	v := c.Imm
	if c.Type.Size() == 4 {
		v = uint64(uint32(v))
	}
	switch {
	case c.Type == ir.V128:
		e.constTo(c, scratchX)
		e.ins(e.storeOf(ir.V128), reg(scratchX), to)
	case int64(v) == int64(int32(v)):
		e.ins(x86.AMOVQ, imm(int64(v)), to)
	default:
		e.intTo(v, scratch)
		e.ins(x86.AMOVQ, reg(scratch), to)
	}
}

// slotMem is a slot of the wasm frame.
func slotMem(slot int) operand { return mem(frameReg, 8*int64(slot)) }

// loadSlot loads a slot.
func (e *emitter) loadSlot(t ir.Type, to ir.Reg, slot int) {
	e.ins(e.loadOf(t), slotMem(slot), reg(to))
}

// storeSlot writes a value of 64 bits, or 128, to a slot: those of 32 bits are extended with zeros. It changes only scratch registers and
// the flags.
func (e *emitter) storeSlot(t ir.Type, from ir.Loc, slot int) {
	to := slotMem(slot)
	switch {
	case from.Kind == ir.IsConst:
		e.constToMem(from.Const, to)
	case from.Kind == ir.InSpill && t == ir.V128:
		e.ins(e.loadOf(t), e.spill(from), reg(scratchX))
		e.ins(e.storeOf(t), reg(scratchX), to)
	case from.Kind == ir.InSpill:
		load := obj.As(x86.AMOVQ)
		if t.Size() == 4 {
			load = x86.AMOVL
		}
		e.ins(load, e.spill(from), reg(scratch))
		e.ins(x86.AMOVQ, reg(scratch), to)
	case from.Kind == ir.InReg && t == ir.F32:
		e.ins(e.pick(x86.AMOVL, x86.AVMOVD), reg(from.Reg), reg(scratch))
		e.ins(x86.AMOVQ, reg(scratch), to)
	case from.Kind == ir.InReg && t == ir.I32:
		e.ins(x86.AMOVQ, reg(from.Reg), to)
	case from.Kind == ir.InReg:
		e.ins(e.storeOf(t), reg(from.Reg), to)
	default:
		e.fail("a slot's value is nowhere")
	}
}
