package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// memory.copy and memory.fill call a routine that stands once behind the unit's code. Its operands are where REP MOVSB and REP STOSB have
// them: DI where to, SI where from or AX the byte, CX how many. The ranges have been checked, so that nothing in it faults, and it
// never leaves: its return address on the machine stack is seen by nobody.

func bulkRules() map[ir.Op]rule {
	return map[ir.Op]rule{
		wasm.OpMemoryCopy: {uses: useMemoryCopy, emit: emitMemoryCopy},
		wasm.OpMemoryFill: {uses: useMemoryFill, emit: emitMemoryFill},
	}
}

// repeatFrom is from how many bytes on REP MOVSB and REP STOSB are used, where the processor says that they are fast: they take some tens of
// cycles to begin.
const repeatFrom = 2048

// maxStraight is up to how many bytes are moved without a loop.
const maxStraight = 128

// bulkRegs is how many vector registers, from X0 on, a copy uses.
const bulkRegs = 8

func useMemoryCopy(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useBase(o, v.Args[0])
	o.At(v.Args[1], di)
	t.useBase(o, v.Args[2])
	o.At(v.Args[3], si)
	o.At(v.Args[4], cx)
	o.Clobbers = o.Clobbers.With(di).With(si).With(cx)
	for i := range ir.Reg(bulkRegs) {
		o.Clobbers = o.Clobbers.With(x0 + i)
	}
}

func emitMemoryCopy(e *emitter, v *ir.Value, r *rule) {
	to := e.takeBase(v.Args[0])
	e.takeReg()
	from := e.takeBase(v.Args[2])
	e.takeReg()
	e.takeReg()
	e.ins(x86.AADDQ, reg(to), reg(di))
	e.ins(x86.AADDQ, reg(from), reg(si))
	e.call(e.routine(&e.copying, e.copyRoutine))
}

func useMemoryFill(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useBase(o, v.Args[0])
	o.At(v.Args[1], di)
	o.At(v.Args[2], ax)
	o.At(v.Args[3], cx)
	o.Clobbers = o.Clobbers.With(di).With(ax).With(cx).With(x0)
}

func emitMemoryFill(e *emitter, v *ir.Value, r *rule) {
	to := e.takeBase(v.Args[0])
	e.takeReg()
	e.takeReg()
	e.takeReg()
	e.ins(x86.AADDQ, reg(to), reg(di))
	e.call(e.routine(&e.filling, e.fillRoutine))
}

// useBase appends the address of a memory, if it is not memory 0's, and takeBase is its register.
func (t *Target) useBase(o *ir.Operands, base *ir.Value) {
	if base.Op != ir.OpMemBase || base.Mem != 0 {
		o.Reg(base)
	}
}

func (e *emitter) takeBase(base *ir.Value) ir.Reg {
	if base.Op != ir.OpMemBase || base.Mem != 0 {
		return e.takeReg()
	}
	return memoryReg
}

// routine is the label of a routine, which is emitted behind the code when it is needed for the first time.
func (e *emitter) routine(l *label, emit func()) label {
	if *l == 0 {
		begin := e.newLabel()
		*l = begin + 1 // 0 is no routine
		e.stubs = append(e.stubs, func() {
			e.bind(begin)
			emit()
		})
	}
	return *l - 1
}

// vector is the register x0 + i as one of size bytes.
func vector(i ir.Reg, size int64) operand {
	o := reg(x0 + i)
	if size == 32 {
		o.Reg = x86.REG_Y0 + int16(i)
	}
	return o
}

// vectorLoad and vectorStore move 16 bytes, or with AVX 32.
func (e *emitter) vectorLoad(i ir.Reg, size int64, base ir.Reg, at int64) {
	e.ins(e.pick(x86.AMOVUPS, x86.AVMOVDQU), mem(base, at), vector(i, size))
}

func (e *emitter) vectorStore(i ir.Reg, size int64, base ir.Reg, at int64) {
	e.ins(e.pick(x86.AMOVUPS, x86.AVMOVDQU), vector(i, size), mem(base, at))
}

// fromEnd is the place at bytes before the end of the n bytes at base.
func fromEnd(base, n ir.Reg, at int64) operand { return memIndex(base, n, 1, -at) }

// unlessAbove jumps over what body emits if CX is above limit.
func (e *emitter) unlessAbove(limit int64, body func()) {
	l := e.newLabel()
	e.ins(x86.ACMPQ, reg(cx), imm(limit))
	e.jumpIf(condHI, l)
	body()
	e.plain(obj.ARET)
	e.bind(l)
}

// copyRoutine copies CX bytes from SI to DI. All that overlaps is loaded before it is stored.
func (e *emitter) copyRoutine() {
	e.unlessAbove(16, func() {
		for _, s := range []struct {
			size        int64
			load, store obj.As
		}{{8, x86.AMOVQ, x86.AMOVQ}, {4, x86.AMOVL, x86.AMOVL}, {2, x86.AMOVWLZX, x86.AMOVW}, {1, x86.AMOVBLZX, x86.AMOVB}} {
			smaller := e.newLabel()
			e.ins(x86.ACMPL, reg(cx), imm(s.size))
			e.jumpIf(condCS, smaller)
			e.ins(s.load, mem(si, 0), reg(scratch))
			e.ins(s.load, fromEnd(si, cx, s.size), reg(si))
			e.ins(s.store, reg(scratch), mem(di, 0))
			e.ins(s.store, reg(si), fromEnd(di, cx, s.size))
			if s.size > 1 {
				e.plain(obj.ARET)
			}
			e.bind(smaller)
		}
	})
	as := e.pick(x86.AMOVUPS, x86.AVMOVDQU)
	for n := int64(32); n <= maxStraight; n *= 2 {
		e.unlessAbove(n, func() {
			half := ir.Reg(n / 32)
			for i := range half {
				e.vectorLoad(i, 16, si, 16*int64(i))
				e.ins(as, fromEnd(si, cx, 16*int64(i+1)), vector(half+i, 16))
			}
			for i := range half {
				e.vectorStore(i, 16, di, 16*int64(i))
				e.ins(as, vector(half+i, 16), fromEnd(di, cx, 16*int64(i+1)))
			}
		})
	}
	e.copyMany()
}

// copyMany copies more than maxStraight bytes, forwards or backwards, whichever never reads what has been written. What the loop leaves at
// the end is loaded before it begins.
func (e *emitter) copyMany() {
	size, backwards, forwards := e.loopSize(), e.newLabel(), e.newLabel()
	block := 4 * size
	e.ins(x86.AMOVQ, reg(di), reg(scratch))
	e.ins(x86.ASUBQ, reg(si), reg(scratch))
	e.ins(x86.ACMPQ, reg(scratch), reg(cx))
	e.jumpIf(condCS, backwards)
	if e.t.has.ERMS {
		e.ins(x86.ACMPQ, reg(cx), imm(repeatFrom))
		e.jumpIf(condCS, forwards)
		// REP MOVSB is slow where the one range is right in front of the other.
		e.ins(x86.ANEGQ, reg(scratch))
		e.ins(x86.ACMPQ, reg(scratch), imm(block))
		e.jumpIf(condCS, forwards)
		e.plain(x86.AREP)
		e.plain(x86.AMOVSB)
		e.plain(obj.ARET)
	}
	step := func(back bool) {
		for i := range ir.Reg(4) {
			if back {
				e.ins(e.pick(x86.AMOVUPS, x86.AVMOVDQU), fromEnd(si, cx, size*int64(i+1)), vector(i, size))
			} else {
				e.vectorLoad(i, size, si, size*int64(i))
			}
		}
		for i := range ir.Reg(4) {
			if back {
				e.ins(e.pick(x86.AMOVUPS, x86.AVMOVDQU), vector(i, size), fromEnd(di, cx, size*int64(i+1)))
			} else {
				e.vectorStore(i, size, di, size*int64(i))
			}
		}
	}
	rest := func(to, from ir.Reg) {
		for i := range ir.Reg(4) {
			if from != ir.NoReg {
				e.vectorLoad(4+i, size, from, size*int64(i))
			} else {
				e.vectorStore(4+i, size, to, size*int64(i))
			}
		}
	}
	e.bind(forwards)
	e.ins(x86.ALEAQ, fromEnd(si, cx, block), reg(scratch))
	rest(ir.NoReg, scratch)
	e.ins(x86.ALEAQ, fromEnd(di, cx, block), reg(scratch))
	e.align()
	again := e.bound()
	step(false)
	e.ins(x86.AADDQ, imm(block), reg(si))
	e.ins(x86.AADDQ, imm(block), reg(di))
	e.ins(x86.ACMPQ, reg(di), reg(scratch))
	e.jumpIf(condCS, again)
	rest(scratch, ir.NoReg)
	e.endVectors(size)

	e.bind(backwards)
	rest(ir.NoReg, si)
	e.align()
	again = e.bound()
	step(true)
	e.ins(x86.ASUBQ, imm(block), reg(cx))
	e.ins(x86.ACMPQ, reg(cx), imm(block))
	e.jumpIf(condHI, again)
	rest(di, ir.NoReg)
	e.endVectors(size)
}

// loopSize is how many bytes a vector register has in loops.
func (e *emitter) loopSize() int64 {
	if e.t.has.AVX {
		return 32
	}
	return 16
}

// endVectors returns. Code of Go's that does not know AVX is slow while the upper halves of vector registers are in use.
func (e *emitter) endVectors(size int64) {
	if size == 32 {
		e.plain(x86.AVZEROUPPER)
	}
	e.plain(obj.ARET)
}

// fillRoutine sets CX bytes at DI to the lowest of AX.
func (e *emitter) fillRoutine() {
	e.ins(x86.AMOVBLZX, reg(ax), reg(ax))
	e.intTo(0x0101010101010101, scratch)
	e.ins(x86.AIMULQ, reg(scratch), reg(ax))
	e.unlessAbove(16, func() {
		for _, s := range []struct {
			size  int64
			store obj.As
		}{{8, x86.AMOVQ}, {4, x86.AMOVL}, {2, x86.AMOVW}, {1, x86.AMOVB}} {
			smaller := e.newLabel()
			e.ins(x86.ACMPL, reg(cx), imm(s.size))
			e.jumpIf(condCS, smaller)
			e.ins(s.store, reg(ax), mem(di, 0))
			e.ins(s.store, reg(ax), fromEnd(di, cx, s.size))
			if s.size > 1 {
				e.plain(obj.ARET)
			}
			e.bind(smaller)
		}
	})
	as := e.pick(x86.AMOVUPS, x86.AVMOVDQU)
	e.ins(e.pick(x86.AMOVQ, x86.AVMOVQ), reg(ax), reg(x0))
	e.three(x86.APUNPCKLQDQ, x86.AVPUNPCKLQDQ, reg(x0), x0, x0)
	for n := int64(32); n <= maxStraight; n *= 2 {
		e.unlessAbove(n, func() {
			for i := range n / 32 {
				e.vectorStore(0, 16, di, 16*i)
				e.ins(as, vector(0, 16), fromEnd(di, cx, 16*(i+1)))
			}
		})
	}
	if e.t.has.ERMS {
		short := e.newLabel()
		e.ins(x86.ACMPQ, reg(cx), imm(repeatFrom))
		e.jumpIf(condCS, short)
		e.plain(x86.AREP)
		e.plain(x86.ASTOSB)
		e.plain(obj.ARET)
		e.bind(short)
	}
	size := e.loopSize()
	if size == 32 {
		e.ins(x86.AVINSERTF128, imm(1), vector(0, 16), vector(0, 32), vector(0, 32))
	}
	block := 4 * size
	four := func(base ir.Reg) {
		for i := range int64(4) {
			e.vectorStore(0, size, base, size*i)
		}
	}
	e.ins(x86.ALEAQ, fromEnd(di, cx, block), reg(scratch))
	e.align()
	again := e.bound()
	four(di)
	e.ins(x86.AADDQ, imm(block), reg(di))
	e.ins(x86.ACMPQ, reg(di), reg(scratch))
	e.jumpIf(condCS, again)
	four(scratch)
	e.endVectors(size)
}
