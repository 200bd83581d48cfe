package arm64

import (
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// memory.copy and memory.fill call a routine that stands once behind the unit's code. Its operands are in registers of arguments: where to,
// where from or the byte, and how many. The ranges have been checked, so that nothing in it faults, and it never leaves. The unit's own
// return address is on the machine stack, and the register for the routine's is free.

const (
	bulkTo    ir.Reg = 0
	bulkFrom  ir.Reg = 1
	bulkCount ir.Reg = 2
	bulkEnd   ir.Reg = tmp2 // behind the last byte of where to
	bulkQ     ir.Reg = 32   // the first of eight vector registers that a copy uses
)

// maxStraight is up to how many bytes are moved without a loop.
const maxStraight = 128

func isBulk(op ir.Op) bool { return op == wasm.OpMemoryCopy || op == wasm.OpMemoryFill }

func (t *Target) bulkOperands(v *ir.Value, o *ir.Operands) {
	base := func(x *ir.Value) {
		if x.Op != ir.OpMemBase || x.Mem != 0 {
			o.Reg(x)
		}
	}
	base(v.Args[0])
	o.At(v.Args[1], bulkTo)
	vectors := ir.Reg(1)
	if v.Op == wasm.OpMemoryCopy {
		base(v.Args[2])
		o.At(v.Args[3], bulkFrom)
		o.At(v.Args[4], bulkCount)
		vectors = 8
	} else {
		o.At(v.Args[2], bulkFrom)
		o.At(v.Args[3], bulkCount)
	}
	o.Clobbers = ir.RegSet(0).With(bulkTo).With(bulkFrom).With(bulkCount)
	for i := range vectors {
		o.Clobbers = o.Clobbers.With(bulkQ + i)
	}
}

// bulk emits the call of a routine. Addresses of 32 bits are extended, as in accesses.
func (e *emitter) bulk(v *ir.Value) {
	base := func(i int) ir.Reg {
		if b := v.Args[i]; b.Op != ir.OpMemBase || b.Mem != 0 {
			return e.reg(b)
		}
		return memoryReg
	}
	extended := func(i int) extend {
		if v.Args[i].Type == ir.I32 {
			return extUXTW
		}
		return extUXTX
	}
	e.a.rrx(a64.AADD, bulkTo, base(0), bulkTo, extended(1), 0)
	n := len(v.Args) - 1
	if v.Op == wasm.OpMemoryCopy {
		e.a.rrx(a64.AADD, bulkFrom, base(2), bulkFrom, extended(3), 0)
	}
	if v.Args[n].Type == ir.I32 {
		e.a.movInt32(bulkCount, bulkCount)
	}
	if v.Op == wasm.OpMemoryCopy {
		e.a.bl(e.routine(&e.copying))
	} else {
		e.a.bl(e.routine(&e.filling))
	}
}

// routine is the label of a routine, which is emitted behind the stubs.
func (e *emitter) routine(l *label) label {
	if *l == nil {
		*l = e.a.newLabel()
	}
	return *l
}

// routines emits those that are called.
func (e *emitter) routines() {
	if e.copying != nil {
		e.a.bind(e.copying)
		e.copyRoutine()
	}
	if e.filling != nil {
		e.a.bind(e.filling)
		e.fillRoutine()
	}
}

// pair is a load or store of two vector registers at rn + off, a multiple of 16.
func (a *assembler) pair(load bool, rt, rt2, rn ir.Reg, off int64) {
	w := uint32(0xAD000000)
	if load {
		w |= 1 << 22
	}
	a.word(w | uint32(off/16)&0x7F<<15 | uint32(rt2)&31<<10 | uint32(rn)<<5 | uint32(rt)&31)
}

// four is a load or store of four vector registers from q on.
func (a *assembler) four(load bool, q, rn ir.Reg, off int64) {
	a.pair(load, q, q+1, rn, off)
	a.pair(load, q+2, q+3, rn, off+32)
}

// bulkAbove branches if what is left to do is above limit.
func (e *emitter) bulkAbove(limit int64, to label) {
	e.a.rri(a64.ACMP, ir.NoReg, bulkCount, limit)
	e.a.bcond(condHI, to)
}

// unlessAbove jumps over what body emits if there is more to do than limit.
func (e *emitter) unlessAbove(limit int64, body func()) {
	l := e.a.newLabel()
	e.bulkAbove(limit, l)
	body()
	e.a.ret()
	e.a.bind(l)
}

// upTo16 emits what is for 16 bytes and less: whole is for sizes from 8, 4, 2 and 1 on.
func (e *emitter) upTo16(whole func(log2 uint32)) {
	e.unlessAbove(16, func() {
		for log2 := uint32(3); ; log2-- {
			smaller := e.a.newLabel()
			if log2 == 3 {
				e.a.rri(a64.ACMP, ir.NoReg, bulkCount, 8)
				e.a.bcond(condLO, smaller)
			} else {
				e.a.tbz(a64.ATBZ, bulkCount, log2, smaller)
			}
			whole(log2)
			if log2 == 0 {
				e.a.bind(smaller)
				return
			}
			e.a.ret()
			e.a.bind(smaller)
		}
	})
}

// copyRoutine copies. All that overlaps is loaded before it is stored.
func (e *emitter) copyRoutine() {
	a, end := e.a, tmp
	a.rrr(a64.AADD, end, bulkFrom, bulkCount)
	a.rrr(a64.AADD, bulkEnd, bulkTo, bulkCount)
	loads, stores := [...]access{ldrB, ldrH, ldrW, ldrX}, [...]access{strB, strH, strW, strX}
	e.upTo16(func(log2 uint32) {
		a.ldst(loads[log2], tmp3, bulkFrom, 0)
		a.ldst(loads[log2], bulkFrom, end, -1<<log2)
		a.ldst(stores[log2], tmp3, bulkTo, 0)
		a.ldst(stores[log2], bulkFrom, bulkEnd, -1<<log2)
	})
	e.unlessAbove(32, func() {
		a.ldst(ldrQ, bulkQ, bulkFrom, 0)
		a.ldst(ldrQ, bulkQ+1, end, -16)
		a.ldst(strQ, bulkQ, bulkTo, 0)
		a.ldst(strQ, bulkQ+1, bulkEnd, -16)
	})
	e.unlessAbove(64, func() {
		a.pair(true, bulkQ, bulkQ+1, bulkFrom, 0)
		a.pair(true, bulkQ+2, bulkQ+3, end, -32)
		a.pair(false, bulkQ, bulkQ+1, bulkTo, 0)
		a.pair(false, bulkQ+2, bulkQ+3, bulkEnd, -32)
	})
	e.unlessAbove(maxStraight, func() {
		a.four(true, bulkQ, bulkFrom, 0)
		a.four(true, bulkQ+4, end, -64)
		a.four(false, bulkQ, bulkTo, 0)
		a.four(false, bulkQ+4, bulkEnd, -64)
	})
	e.copyMany(end)
}

// copyMany copies more than maxStraight bytes, forwards or backwards, whichever never reads what has been written. What the loop leaves at
// the end is loaded before it begins.
func (e *emitter) copyMany(end ir.Reg) {
	a := e.a
	const block = 64
	backwards := a.newLabel()
	a.rrr(a64.ASUB, tmp3, bulkTo, bulkFrom)
	a.rrr(a64.ACMP, ir.NoReg, tmp3, bulkCount)
	a.bcond(condLO, backwards)

	again := a.newLabel()
	a.four(true, bulkQ+4, end, -block)
	a.bind(again)
	a.four(true, bulkQ, bulkFrom, 0)
	a.four(false, bulkQ, bulkTo, 0)
	a.rri(a64.AADD, bulkFrom, bulkFrom, block)
	a.rri(a64.AADD, bulkTo, bulkTo, block)
	a.rri(a64.ASUB, bulkCount, bulkCount, block)
	e.bulkAbove(block, again)
	a.four(false, bulkQ+4, bulkEnd, -block)
	a.ret()

	a.bind(backwards)
	again = a.newLabel()
	a.four(true, bulkQ+4, bulkFrom, 0)
	a.bind(again)
	a.four(true, bulkQ, end, -block)
	a.four(false, bulkQ, bulkEnd, -block)
	a.rri(a64.ASUB, end, end, block)
	a.rri(a64.ASUB, bulkEnd, bulkEnd, block)
	a.rri(a64.ASUB, bulkCount, bulkCount, block)
	e.bulkAbove(block, again)
	a.four(false, bulkQ+4, bulkTo, 0)
	a.ret()
}

// fillRoutine sets bytes to the lowest of bulkFrom.
func (e *emitter) fillRoutine() {
	a := e.a
	a.rrr(a64.AADD, bulkEnd, bulkTo, bulkCount)
	a.word(neon2(neonDUP|neonLane(0, 0), bulkQ, bulkFrom))
	a.word(0x9E660000 | uint32(bulkQ&31)<<5 | uint32(bulkFrom)) // FMOV X, D
	stores := [...]access{strB, strH, strW, strX}
	e.upTo16(func(log2 uint32) {
		a.ldst(stores[log2], bulkFrom, bulkTo, 0)
		a.ldst(stores[log2], bulkFrom, bulkEnd, -1<<log2)
	})
	e.unlessAbove(32, func() {
		a.ldst(strQ, bulkQ, bulkTo, 0)
		a.ldst(strQ, bulkQ, bulkEnd, -16)
	})
	e.unlessAbove(64, func() {
		a.pair(false, bulkQ, bulkQ, bulkTo, 0)
		a.pair(false, bulkQ, bulkQ, bulkEnd, -32)
	})
	const block = 64
	again := a.newLabel()
	a.bind(again)
	a.pair(false, bulkQ, bulkQ, bulkTo, 0)
	a.pair(false, bulkQ, bulkQ, bulkTo, 32)
	a.rri(a64.AADD, bulkTo, bulkTo, block)
	a.rri(a64.ASUB, bulkCount, bulkCount, block)
	e.bulkAbove(block, again)
	a.pair(false, bulkQ, bulkQ, bulkEnd, -64)
	a.pair(false, bulkQ, bulkQ, bulkEnd, -32)
	a.ret()
}
