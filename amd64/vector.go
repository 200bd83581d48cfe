package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Vectors. With AVX an instruction has three operands and reads unaligned memory; without, it has two, and its operands in memory
// must be aligned, as those in the pool are. What takes several instructions is written once, by way of the functions
// here, which know both.

type (
	usesFunc = func(t *Target, v *ir.Value, r *rule, o *ir.Operands)
	emitFunc = func(e *emitter, v *ir.Value, r *rule)
)

// inRegs is the rule of what has its operands in registers and its result in one of its own.
func inRegs(temps int) usesFunc {
	return func(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
		for _, a := range v.Args {
			o.Reg(a)
		}
		o.Result, o.Early = ir.AnyResult, true
		o.FloatTemps = temps
	}
}

// two is an instruction of two operands; swapped one that has them the other way round than wasm.
func two(sse, vex obj.As) rule {
	return rule{uses: useFloatTwo, emit: emitFloatTwo, fold: foldSecond, as: sse, vex: vex}
}

func swapped(sse, vex obj.As) rule {
	return rule{uses: useSwapped, emit: emitSwapped, as: sse, vex: vex}
}

func useSwapped(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[1])
	o.Reg(v.Args[0])
	t.three(o)
}

func emitSwapped(e *emitter, v *ir.Value, r *rule) {
	b, a := e.takeReg(), e.takeReg()
	e.three(r.as, r.vex, reg(a), b, e.dst())
}

// one is an instruction of one operand.
func one(sse, vex obj.As) rule {
	return rule{uses: useFloatUnary, emit: emitUnaryAny, fold: foldFirst, as: sse, vex: vex}
}

// unary emits an instruction of one operand.
func (e *emitter) unary(sse, vex obj.As, a operand, d ir.Reg) { e.emit(e.pick(sse, vex), a, reg(d)) }

// shuffled emits an instruction of one operand and a pattern.
func (e *emitter) shuffled(sse, vex obj.As, pattern int64, a operand, d ir.Reg) {
	e.emit(e.pick(sse, vex), imm(pattern), a, reg(d))
}

// shifted emits a shift by a constant.
func (e *emitter) shifted(sse, vex obj.As, n int64, a, d ir.Reg) {
	if e.t.has.AVX {
		e.ins(vex, imm(n), reg(a), reg(d))
		return
	}
	e.copyReg(ir.V128, a, d)
	e.ins(sse, imm(n), reg(d))
}

// combined emits an instruction of two operands and a pattern.
func (e *emitter) combined(sse, vex obj.As, pattern int64, b operand, a, d ir.Reg) {
	if e.t.has.AVX {
		e.emit(vex, imm(pattern), b, reg(a), reg(d))
		return
	}
	if a != d && b.isReg(d) {
		e.fail("the result is in the register of the second operand")
	}
	e.copyReg(ir.V128, a, d)
	e.emit(sse, imm(pattern), b, reg(d))
}

// Constants of equal lanes, in the pool.
func (e *emitter) lanes64(v uint64) operand { return e.inPool(v, v, 16) }
func (e *emitter) lanes32(v uint32) operand { return e.lanes64(uint64(v)<<32 | uint64(v)) }
func (e *emitter) lanes16(v uint16) operand { return e.lanes32(uint32(v)<<16 | uint32(v)) }
func (e *emitter) lanes8(v uint8) operand   { return e.lanes16(uint16(v)<<8 | uint16(v)) }

// load puts a constant of the pool into a register.
func (e *emitter) load(c operand, d ir.Reg) { e.ins(e.loadOf(ir.V128), c, reg(d)) }

// onesX makes all bits of a vector register one.
func (e *emitter) onesX(d ir.Reg) { e.three(x86.APCMPEQL, x86.AVPCMPEQD, reg(d), d, d) }

// invert inverts all bits.
func (e *emitter) invert(d ir.Reg) {
	e.onesX(scratchX)
	e.three(x86.APXOR, x86.AVPXOR, reg(scratchX), d, d)
}

func vectorRules() map[ir.Op]rule {
	m := map[ir.Op]rule{
		wasm.OpV128And:    two(x86.APAND, x86.AVPAND),
		wasm.OpV128Or:     two(x86.APOR, x86.AVPOR),
		wasm.OpV128Xor:    two(x86.APXOR, x86.AVPXOR),
		wasm.OpV128Andnot: swapped(x86.APANDN, x86.AVPANDN),
		wasm.OpV128Not:    {uses: useSign, emit: emitNot},

		wasm.OpV128AnyTrue:  {uses: useExtend, emit: emitAnyTrue},
		wasm.OpV128Load8x8S: vectorLoad(x86.APMOVSXBW, x86.AVPMOVSXBW), wasm.OpV128Load8x8U: vectorLoad(x86.APMOVZXBW, x86.AVPMOVZXBW),
		wasm.OpV128Load16x4S: vectorLoad(x86.APMOVSXWD, x86.AVPMOVSXWD), wasm.OpV128Load16x4U: vectorLoad(x86.APMOVZXWD, x86.AVPMOVZXWD),
		wasm.OpV128Load32x2S: vectorLoad(x86.APMOVSXDQ, x86.AVPMOVSXDQ), wasm.OpV128Load32x2U: vectorLoad(x86.APMOVZXDQ, x86.AVPMOVZXDQ),
		wasm.OpV128Load32Zero: vectorLoad(x86.AMOVSS, x86.AVMOVSS), wasm.OpV128Load64Zero: vectorLoad(x86.AMOVSD, x86.AVMOVSD),
		wasm.OpV128Load64Splat: vectorLoad(x86.AMOVDDUP, x86.AVMOVDDUP),
		wasm.OpV128Load8Splat:  {uses: useMemoryLoad, emit: emitLoadSplat, imm: 1},
		wasm.OpV128Load16Splat: {uses: useMemoryLoad, emit: emitLoadSplat, imm: 2},
		wasm.OpV128Load32Splat: {uses: useMemoryLoad, emit: emitLoadSplat, imm: 4},

		wasm.OpV128Load8Lane:   {uses: useLoadLane, emit: emitLoadLane, as: x86.APINSRB, vex: x86.AVPINSRB},
		wasm.OpV128Load16Lane:  {uses: useLoadLane, emit: emitLoadLane, as: x86.APINSRW, vex: x86.AVPINSRW},
		wasm.OpV128Load32Lane:  {uses: useLoadLane, emit: emitLoadLane, as: x86.APINSRD, vex: x86.AVPINSRD},
		wasm.OpV128Load64Lane:  {uses: useLoadLane, emit: emitLoadLane, as: x86.APINSRQ, vex: x86.AVPINSRQ},
		wasm.OpV128Store8Lane:  {uses: useMemoryStore, emit: emitStoreLane, as: x86.APEXTRB, vex: x86.AVPEXTRB},
		wasm.OpV128Store16Lane: {uses: useMemoryStore, emit: emitStoreLane, as: x86.APEXTRW, vex: x86.AVPEXTRW},
		wasm.OpV128Store32Lane: {uses: useMemoryStore, emit: emitStoreLane, as: x86.APEXTRD, vex: x86.AVPEXTRD},
		wasm.OpV128Store64Lane: {uses: useMemoryStore, emit: emitStoreLane, as: x86.APEXTRQ, vex: x86.AVPEXTRQ},
	}
	for _, op := range []ir.Op{
		wasm.OpV128Bitselect, wasm.OpI8x16RelaxedLaneselect, wasm.OpI16x8RelaxedLaneselect, wasm.OpI32x4RelaxedLaneselect, wasm.OpI64x2RelaxedLaneselect,
	} {
		m[op] = rule{uses: useBitselect, emit: emitBitselect}
	}
	return m
}

func vectorLoad(sse, vex obj.As) rule {
	return rule{uses: useMemoryLoad, emit: emitMemoryLoad, as: sse, vex: vex}
}

func emitNot(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.onesX(scratchX)
	e.three(x86.APXOR, x86.AVPXOR, reg(scratchX), a, d)
}

func emitAnyTrue(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.unary(x86.APTEST, x86.AVPTEST, reg(a), a)
	e.ins(x86.ASETNE, reg(d))
	e.ins(x86.AMOVBLZX, reg(d), reg(d))
}

// useBitselect: ((x ^ y) & mask) ^ y, on the way to which y is read last.
func useBitselect(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[1])
	o.Reg(v.Args[0])
	o.Reg(v.Args[2])
	t.three(o)
}

func emitBitselect(e *emitter, v *ir.Value, r *rule) {
	y, x, mask := e.takeReg(), e.takeReg(), e.takeReg()
	e.three(x86.APXOR, x86.AVPXOR, reg(y), x, scratchX)
	e.three(x86.APAND, x86.AVPAND, reg(mask), scratchX, scratchX)
	e.three(x86.APXOR, x86.AVPXOR, reg(scratchX), y, e.dst())
}

func emitLoadSplat(e *emitter, v *ir.Value, r *rule) {
	from, d := e.takeAddress(v), e.dst()
	switch {
	case r.imm == 4 && e.t.has.AVX:
		e.emit(x86.AVBROADCASTSS, from, reg(d))
	case r.imm == 4:
		e.emit(x86.AMOVSS, from, reg(d))
		e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0, reg(d), d)
	case r.imm == 2 && e.t.has.AVX2:
		e.emit(x86.AVPBROADCASTW, from, reg(d))
	case r.imm == 2:
		e.zeroX(d)
		e.combined(x86.APINSRW, x86.AVPINSRW, 0, from, d, d)
		e.splat16(d)
	case e.t.has.AVX2:
		e.emit(x86.AVPBROADCASTB, from, reg(d))
	default:
		e.zeroX(d)
		e.combined(x86.APINSRB, x86.AVPINSRB, 0, from, d, d)
		e.splat8(d)
	}
}

// useLoadLane: the vector comes first, because the result is in its place.
func useLoadLane(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[2])
	t.useAddress(o, v)
	t.three(o)
}

func emitLoadLane(e *emitter, v *ir.Value, r *rule) {
	a := e.takeReg()
	e.combined(r.as, r.vex, int64(v.Aux), e.takeAddress(v), a, e.dst())
}

func emitStoreLane(e *emitter, v *ir.Value, r *rule) {
	to := e.takeAddress(v)
	e.emit(e.chosen(r), imm(int64(v.Aux)), reg(e.takeReg()), to)
}
