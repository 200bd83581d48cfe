package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

func vectorIntRules() map[ir.Op]rule {
	m := map[ir.Op]rule{
		wasm.OpI8x16Add: two(x86.APADDB, x86.AVPADDB), wasm.OpI8x16Sub: two(x86.APSUBB, x86.AVPSUBB),
		wasm.OpI8x16AddSatS: two(x86.APADDSB, x86.AVPADDSB), wasm.OpI8x16AddSatU: two(x86.APADDUSB, x86.AVPADDUSB),
		wasm.OpI8x16SubSatS: two(x86.APSUBSB, x86.AVPSUBSB), wasm.OpI8x16SubSatU: two(x86.APSUBUSB, x86.AVPSUBUSB),
		wasm.OpI8x16MinS: two(x86.APMINSB, x86.AVPMINSB), wasm.OpI8x16MinU: two(x86.APMINUB, x86.AVPMINUB),
		wasm.OpI8x16MaxS: two(x86.APMAXSB, x86.AVPMAXSB), wasm.OpI8x16MaxU: two(x86.APMAXUB, x86.AVPMAXUB),
		wasm.OpI8x16AvgrU: two(x86.APAVGB, x86.AVPAVGB),

		wasm.OpI16x8Add: two(x86.APADDW, x86.AVPADDW), wasm.OpI16x8Sub: two(x86.APSUBW, x86.AVPSUBW), wasm.OpI16x8Mul: two(x86.APMULLW, x86.AVPMULLW),
		wasm.OpI16x8AddSatS: two(x86.APADDSW, x86.AVPADDSW), wasm.OpI16x8AddSatU: two(x86.APADDUSW, x86.AVPADDUSW),
		wasm.OpI16x8SubSatS: two(x86.APSUBSW, x86.AVPSUBSW), wasm.OpI16x8SubSatU: two(x86.APSUBUSW, x86.AVPSUBUSW),
		wasm.OpI16x8MinS: two(x86.APMINSW, x86.AVPMINSW), wasm.OpI16x8MinU: two(x86.APMINUW, x86.AVPMINUW),
		wasm.OpI16x8MaxS: two(x86.APMAXSW, x86.AVPMAXSW), wasm.OpI16x8MaxU: two(x86.APMAXUW, x86.AVPMAXUW),
		wasm.OpI16x8AvgrU: two(x86.APAVGW, x86.AVPAVGW),

		wasm.OpI32x4Add: two(x86.APADDL, x86.AVPADDD), wasm.OpI32x4Sub: two(x86.APSUBL, x86.AVPSUBD), wasm.OpI32x4Mul: two(x86.APMULLD, x86.AVPMULLD),
		wasm.OpI32x4MinS: two(x86.APMINSD, x86.AVPMINSD), wasm.OpI32x4MinU: two(x86.APMINUD, x86.AVPMINUD),
		wasm.OpI32x4MaxS: two(x86.APMAXSD, x86.AVPMAXSD), wasm.OpI32x4MaxU: two(x86.APMAXUD, x86.AVPMAXUD),
		wasm.OpI32x4DotI16x8S: two(x86.APMADDWL, x86.AVPMADDWD),

		wasm.OpI64x2Add: two(x86.APADDQ, x86.AVPADDQ), wasm.OpI64x2Sub: two(x86.APSUBQ, x86.AVPSUBQ),
		wasm.OpI64x2Mul: {uses: inRegs(1), emit: emitMul64},

		wasm.OpI8x16NarrowI16x8S: two(x86.APACKSSWB, x86.AVPACKSSWB), wasm.OpI8x16NarrowI16x8U: two(x86.APACKUSWB, x86.AVPACKUSWB),
		wasm.OpI16x8NarrowI32x4S: two(x86.APACKSSLW, x86.AVPACKSSDW), wasm.OpI16x8NarrowI32x4U: two(x86.APACKUSDW, x86.AVPACKUSDW),

		wasm.OpI8x16Abs: one(x86.APABSB, x86.AVPABSB), wasm.OpI16x8Abs: one(x86.APABSW, x86.AVPABSW), wasm.OpI32x4Abs: one(x86.APABSD, x86.AVPABSD),
		wasm.OpI64x2Abs: {uses: inRegs(0), emit: emitAbs64},
		wasm.OpI8x16Neg: negation(x86.APSUBB, x86.AVPSUBB), wasm.OpI16x8Neg: negation(x86.APSUBW, x86.AVPSUBW),
		wasm.OpI32x4Neg: negation(x86.APSUBL, x86.AVPSUBD), wasm.OpI64x2Neg: negation(x86.APSUBQ, x86.AVPSUBQ),
		wasm.OpI8x16Popcnt: {uses: inRegs(1), emit: emitPopcnt8},

		wasm.OpI8x16AllTrue: allTrue(x86.APCMPEQB, x86.AVPCMPEQB), wasm.OpI16x8AllTrue: allTrue(x86.APCMPEQW, x86.AVPCMPEQW),
		wasm.OpI32x4AllTrue: allTrue(x86.APCMPEQL, x86.AVPCMPEQD), wasm.OpI64x2AllTrue: allTrue(x86.APCMPEQQ, x86.AVPCMPEQQ),
		wasm.OpI8x16Bitmask: {uses: useExtend, emit: emitReinterpret, as: x86.APMOVMSKB, vex: x86.AVPMOVMSKB},
		wasm.OpI16x8Bitmask: {uses: useExtend, emit: emitBitmask16},
		wasm.OpI32x4Bitmask: {uses: useExtend, emit: emitReinterpret, as: x86.AMOVMSKPS, vex: x86.AVMOVMSKPS},
		wasm.OpI64x2Bitmask: {uses: useExtend, emit: emitReinterpret, as: x86.AMOVMSKPD, vex: x86.AVMOVMSKPD},

		wasm.OpI16x8ExtmulLowI8x16S: extmul8(x86.APMOVSXBW, x86.AVPMOVSXBW, false), wasm.OpI16x8ExtmulHighI8x16S: extmul8(x86.APMOVSXBW, x86.AVPMOVSXBW, true),
		wasm.OpI16x8ExtmulLowI8x16U: extmul8(x86.APMOVZXBW, x86.AVPMOVZXBW, false), wasm.OpI16x8ExtmulHighI8x16U: extmul8(x86.APMOVZXBW, x86.AVPMOVZXBW, true),
		wasm.OpI32x4ExtmulLowI16x8S: extmul16(x86.APMULHW, x86.AVPMULHW, false), wasm.OpI32x4ExtmulHighI16x8S: extmul16(x86.APMULHW, x86.AVPMULHW, true),
		wasm.OpI32x4ExtmulLowI16x8U: extmul16(x86.APMULHUW, x86.AVPMULHUW, false), wasm.OpI32x4ExtmulHighI16x8U: extmul16(x86.APMULHUW, x86.AVPMULHUW, true),
		wasm.OpI64x2ExtmulLowI32x4S: extmul32(x86.APMULDQ, x86.AVPMULDQ, 0x50), wasm.OpI64x2ExtmulHighI32x4S: extmul32(x86.APMULDQ, x86.AVPMULDQ, 0xFA),
		wasm.OpI64x2ExtmulLowI32x4U: extmul32(x86.APMULULQ, x86.AVPMULUDQ, 0x50), wasm.OpI64x2ExtmulHighI32x4U: extmul32(x86.APMULULQ, x86.AVPMULUDQ, 0xFA),

		wasm.OpI16x8ExtaddPairwiseI8x16S: {uses: inRegs(0), emit: emitPairs8S},
		wasm.OpI16x8ExtaddPairwiseI8x16U: {uses: inRegs(0), emit: emitPairs8U},
		wasm.OpI32x4ExtaddPairwiseI16x8S: {uses: inRegs(0), emit: emitPairs16S},
		wasm.OpI32x4ExtaddPairwiseI16x8U: {uses: inRegs(0), emit: emitPairs16U},

		wasm.OpI16x8Q15mulrSatS:              {uses: inRegs(0), emit: emitQ15},
		wasm.OpI16x8RelaxedQ15mulrS:          {uses: inRegs(0), emit: emitQ15},
		wasm.OpI16x8RelaxedDotI8x16I7x16S:    {uses: inRegs(1), emit: emitDot8},
		wasm.OpI32x4RelaxedDotI8x16I7x16AddS: {uses: inRegs(1), emit: emitDot8},
	}
	for op, as := range map[ir.Op][2]obj.As{
		wasm.OpI16x8ExtendLowI8x16S: {x86.APMOVSXBW, x86.AVPMOVSXBW}, wasm.OpI16x8ExtendLowI8x16U: {x86.APMOVZXBW, x86.AVPMOVZXBW},
		wasm.OpI32x4ExtendLowI16x8S: {x86.APMOVSXWD, x86.AVPMOVSXWD}, wasm.OpI32x4ExtendLowI16x8U: {x86.APMOVZXWD, x86.AVPMOVZXWD},
		wasm.OpI64x2ExtendLowI32x4S: {x86.APMOVSXDQ, x86.AVPMOVSXDQ}, wasm.OpI64x2ExtendLowI32x4U: {x86.APMOVZXDQ, x86.AVPMOVZXDQ},
	} {
		m[op] = rule{uses: useExtend, emit: emitExtendLow, as: as[0], vex: as[1]}
		m[op+1] = rule{uses: useExtend, emit: emitExtendHigh, as: as[0], vex: as[1]}
	}
	vectorCompareRules(m)
	vectorShiftRules(m)
	return m
}

func emitExtendLow(e *emitter, v *ir.Value, r *rule) {
	a := e.takeReg()
	e.unary(r.as, r.vex, reg(a), e.dst())
}

func emitExtendHigh(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0xEE, reg(a), d)
	e.unary(r.as, r.vex, reg(d), d)
}

// vectorCompareRules: there are instructions for == and signed >. Unsigned x <= y is min(x, y) == x.
func vectorCompareRules(m map[ir.Op]rule) {
	for _, w := range []struct {
		eq                     ir.Op // the first of ten
		eqs, eqv, gts, gtv     obj.As
		mins, minv, maxs, maxv obj.As
	}{
		{wasm.OpI8x16Eq, x86.APCMPEQB, x86.AVPCMPEQB, x86.APCMPGTB, x86.AVPCMPGTB, x86.APMINUB, x86.AVPMINUB, x86.APMAXUB, x86.AVPMAXUB},
		{wasm.OpI16x8Eq, x86.APCMPEQW, x86.AVPCMPEQW, x86.APCMPGTW, x86.AVPCMPGTW, x86.APMINUW, x86.AVPMINUW, x86.APMAXUW, x86.AVPMAXUW},
		{wasm.OpI32x4Eq, x86.APCMPEQL, x86.AVPCMPEQD, x86.APCMPGTL, x86.AVPCMPGTD, x86.APMINUD, x86.AVPMINUD, x86.APMAXUD, x86.AVPMAXUD},
	} {
		m[w.eq] = two(w.eqs, w.eqv)
		m[w.eq+1] = inverted(w.eqs, w.eqv, false)
		m[w.eq+2] = swapped(w.gts, w.gtv)         // lt_s
		m[w.eq+4] = two(w.gts, w.gtv)             // gt_s
		m[w.eq+6] = inverted(w.gts, w.gtv, false) // le_s
		m[w.eq+8] = inverted(w.gts, w.gtv, true)  // ge_s
		m[w.eq+7] = extreme(w.mins, w.minv, w.eqs, w.eqv, false)
		m[w.eq+9] = extreme(w.maxs, w.maxv, w.eqs, w.eqv, false)
		m[w.eq+5] = extreme(w.mins, w.minv, w.eqs, w.eqv, true) // gt_u
		m[w.eq+3] = extreme(w.maxs, w.maxv, w.eqs, w.eqv, true) // lt_u
	}
	m[wasm.OpI64x2Eq] = two(x86.APCMPEQQ, x86.AVPCMPEQQ)
	m[wasm.OpI64x2Ne] = inverted(x86.APCMPEQQ, x86.AVPCMPEQQ, false)
	for op, r := range map[ir.Op]rule{
		wasm.OpI64x2LtS: swapped(x86.APCMPGTQ, x86.AVPCMPGTQ), wasm.OpI64x2GtS: two(x86.APCMPGTQ, x86.AVPCMPGTQ),
		wasm.OpI64x2LeS: inverted(x86.APCMPGTQ, x86.AVPCMPGTQ, false), wasm.OpI64x2GeS: inverted(x86.APCMPGTQ, x86.AVPCMPGTQ, true),
	} {
		r.needs = needsAVX // or SSE4.2, which nothing else wants
		m[op] = r
	}
}

// inverted is a comparison whose result is inverted.
func inverted(sse, vex obj.As, exchange bool) rule {
	return rule{uses: inRegs(0), emit: func(e *emitter, v *ir.Value, r *rule) {
		a, b, d := e.takeReg(), e.takeReg(), e.dst()
		if exchange {
			a, b = b, a
		}
		e.three(sse, vex, reg(b), a, d)
		e.invert(d)
	}}
}

// extreme is the comparison of a with the smaller or larger of a and b.
func extreme(sse, vex, eqs, eqv obj.As, invert bool) rule {
	return rule{uses: inRegs(0), emit: func(e *emitter, v *ir.Value, r *rule) {
		a, b, d := e.takeReg(), e.takeReg(), e.dst()
		e.three(sse, vex, reg(b), a, d)
		e.three(eqs, eqv, reg(a), d, d)
		if invert {
			e.invert(d)
		}
	}}
}

// vectorShift is how lanes of a width are shifted.
type vectorShift struct {
	sse, vex obj.As
	bits     int64
}

func vectorShiftRules(m map[ir.Op]rule) {
	for op, s := range map[ir.Op]vectorShift{
		wasm.OpI16x8Shl: {x86.APSLLW, x86.AVPSLLW, 16}, wasm.OpI16x8ShrS: {x86.APSRAW, x86.AVPSRAW, 16}, wasm.OpI16x8ShrU: {x86.APSRLW, x86.AVPSRLW, 16},
		wasm.OpI32x4Shl: {x86.APSLLL, x86.AVPSLLD, 32}, wasm.OpI32x4ShrS: {x86.APSRAL, x86.AVPSRAD, 32}, wasm.OpI32x4ShrU: {x86.APSRLL, x86.AVPSRLD, 32},
		wasm.OpI64x2Shl: {x86.APSLLQ, x86.AVPSLLQ, 64}, wasm.OpI64x2ShrU: {x86.APSRLQ, x86.AVPSRLQ, 64},
	} {
		m[op] = rule{uses: useVectorShift(0), emit: func(e *emitter, v *ir.Value, r *rule) {
			s.emit(e, v.Args[1], e.takeReg(), e.dst())
		}}
	}
	m[wasm.OpI64x2ShrS] = rule{uses: useVectorShift(1), emit: emitShrS64}
	m[wasm.OpI8x16Shl] = rule{uses: useVectorShift(1), emit: emitShift8}
	m[wasm.OpI8x16ShrU] = rule{uses: useVectorShift(1), emit: emitShift8}
	m[wasm.OpI8x16ShrS] = rule{uses: useVectorShift(1), emit: emitShrS8}
}

// useVectorShift: the count is a constant or in an integer register.
func useVectorShift(temps int) usesFunc {
	return func(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
		o.Reg(v.Args[0])
		if !isConst(v.Args[1]) {
			o.Reg(v.Args[1])
		}
		o.Result, o.Early = ir.AnyResult, true
		o.FloatTemps = temps
	}
}

// emit shifts a by count, which is a constant or the next operand.
func (s vectorShift) emit(e *emitter, count *ir.Value, a, d ir.Reg) {
	if isConst(count) {
		e.shifted(s.sse, s.vex, int64(count.Imm)&(s.bits-1), a, d)
		return
	}
	e.count(e.takeReg(), s.bits, 0)
	e.three(s.sse, s.vex, reg(scratchX), a, d)
}

// count puts the count n, modulo the lanes' width, into the scratch vector register, plus more.
func (e *emitter) count(n ir.Reg, bits, more int64) {
	e.ins(x86.AMOVL, reg(n), reg(scratch))
	e.ins(x86.AANDL, imm(bits-1), reg(scratch))
	if more != 0 {
		e.ins(x86.AADDL, imm(more), reg(scratch))
	}
	e.ins(e.pick(x86.AMOVL, x86.AVMOVD), reg(scratch), reg(scratchX))
}

// emitShrS64: the sign, shifted as well, is taken away from where it has come to by exclusive or and difference.
func emitShrS64(e *emitter, v *ir.Value, r *rule) {
	a, d, t := e.takeReg(), e.dst(), e.instr.Temps[0]
	if c := v.Args[1]; isConst(c) {
		n := int64(c.Imm) & 63
		e.load(e.lanes64(1<<63>>n), t)
		e.shifted(x86.APSRLQ, x86.AVPSRLQ, n, a, d)
	} else {
		e.count(e.takeReg(), 64, 0)
		e.load(e.lanes64(1<<63), t)
		e.three(x86.APSRLQ, x86.AVPSRLQ, reg(scratchX), t, t)
		e.three(x86.APSRLQ, x86.AVPSRLQ, reg(scratchX), a, d)
	}
	e.three(x86.APXOR, x86.AVPXOR, reg(t), d, d)
	e.three(x86.APSUBQ, x86.AVPSUBQ, reg(t), d, d)
}

// emitShift8 shifts lanes of 16 bits, and clears what has come over from the other byte.
func emitShift8(e *emitter, v *ir.Value, r *rule) {
	a, d, t := e.takeReg(), e.dst(), e.instr.Temps[0]
	s, from := vectorShift{x86.APSLLW, x86.AVPSLLW, 8}, uint8(0)
	left := v.Op == wasm.OpI8x16Shl
	if !left {
		s, from = vectorShift{x86.APSRLW, x86.AVPSRLW, 8}, 1
	}
	if c := v.Args[1]; isConst(c) {
		n := c.Imm & 7
		mask := uint8(0xFF) << n
		if !left {
			mask = 0xFF >> n
		}
		e.shifted(s.sse, s.vex, int64(n), a, d)
		e.three(x86.APAND, x86.AVPAND, e.lanes8(mask), d, d)
		return
	}
	s.emit(e, v.Args[1], a, d)
	e.onesX(t)
	e.three(s.sse, s.vex, reg(scratchX), t, t)
	e.three(x86.APSHUFB, x86.AVPSHUFB, e.lanes8(from), t, t) // the byte that has lost bits, everywhere
	e.three(x86.APAND, x86.AVPAND, reg(t), d, d)
}

// emitShrS8 shifts bytes in the upper halves of lanes of 16 bits by 8 more.
func emitShrS8(e *emitter, v *ir.Value, r *rule) {
	a, d, t := e.takeReg(), e.dst(), e.instr.Temps[0]
	e.three(x86.APUNPCKHBW, x86.AVPUNPCKHBW, reg(a), a, t)
	e.three(x86.APUNPCKLBW, x86.AVPUNPCKLBW, reg(a), a, d)
	if c := v.Args[1]; isConst(c) {
		n := int64(c.Imm)&7 + 8
		e.shifted(x86.APSRAW, x86.AVPSRAW, n, t, t)
		e.shifted(x86.APSRAW, x86.AVPSRAW, n, d, d)
	} else {
		e.count(e.takeReg(), 8, 8)
		e.three(x86.APSRAW, x86.AVPSRAW, reg(scratchX), t, t)
		e.three(x86.APSRAW, x86.AVPSRAW, reg(scratchX), d, d)
	}
	e.three(x86.APACKSSWB, x86.AVPACKSSWB, reg(t), d, d)
}

// emitMul64: the product of the lower halves, and the two that count with 2^32.
func emitMul64(e *emitter, v *ir.Value, r *rule) {
	a, b, d, t := e.takeReg(), e.takeReg(), e.dst(), e.instr.Temps[0]
	e.shifted(x86.APSRLQ, x86.AVPSRLQ, 32, a, scratchX)
	e.three(x86.APMULULQ, x86.AVPMULUDQ, reg(b), scratchX, scratchX)
	e.shifted(x86.APSRLQ, x86.AVPSRLQ, 32, b, t)
	e.three(x86.APMULULQ, x86.AVPMULUDQ, reg(a), t, t)
	e.three(x86.APADDQ, x86.AVPADDQ, reg(t), scratchX, scratchX)
	e.shifted(x86.APSLLQ, x86.AVPSLLQ, 32, scratchX, scratchX)
	e.three(x86.APMULULQ, x86.AVPMULUDQ, reg(b), a, d)
	e.three(x86.APADDQ, x86.AVPADDQ, reg(scratchX), d, d)
}

func emitAbs64(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0xF5, reg(a), scratchX) // the upper halves
	e.shifted(x86.APSRAL, x86.AVPSRAD, 31, scratchX, scratchX)
	e.three(x86.APXOR, x86.AVPXOR, reg(scratchX), a, d)
	e.three(x86.APSUBQ, x86.AVPSUBQ, reg(scratchX), d, d)
}

func negation(sse, vex obj.As) rule {
	return rule{uses: inRegs(0), emit: func(e *emitter, v *ir.Value, r *rule) {
		a, d := e.takeReg(), e.dst()
		e.zeroX(d)
		e.three(sse, vex, reg(a), d, d)
	}}
}

// emitPopcnt8 looks up the number of bits of each half of a byte.
func emitPopcnt8(e *emitter, v *ir.Value, r *rule) {
	a, d, t := e.takeReg(), e.dst(), e.instr.Temps[0]
	table := e.inPool(0x0302020102010100, 0x0403030203020201, 16)
	low := e.lanes8(0x0F)
	e.three(x86.APAND, x86.AVPAND, low, a, t)
	e.load(table, scratchX)
	e.three(x86.APSHUFB, x86.AVPSHUFB, reg(t), scratchX, scratchX)
	e.shifted(x86.APSRLW, x86.AVPSRLW, 4, a, t)
	e.three(x86.APAND, x86.AVPAND, low, t, t)
	e.load(table, d)
	e.three(x86.APSHUFB, x86.AVPSHUFB, reg(t), d, d)
	e.three(x86.APADDB, x86.AVPADDB, reg(scratchX), d, d)
}

func allTrue(sse, vex obj.As) rule {
	return rule{uses: useExtend, emit: func(e *emitter, v *ir.Value, r *rule) {
		a, d := e.takeReg(), e.dst()
		e.zeroX(scratchX)
		e.three(sse, vex, reg(a), scratchX, scratchX)
		e.unary(x86.APTEST, x86.AVPTEST, reg(scratchX), scratchX)
		e.ins(x86.ASETEQ, reg(d))
		e.ins(x86.AMOVBLZX, reg(d), reg(d))
	}}
}

func emitBitmask16(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.three(x86.APACKSSWB, x86.AVPACKSSWB, reg(a), a, scratchX)
	e.ins(e.pick(x86.APMOVMSKB, x86.AVPMOVMSKB), reg(scratchX), reg(d))
	e.ins(x86.AMOVBLZX, reg(d), reg(d))
}

// extmul8 multiplies what both operands are extended to.
func extmul8(sse, vex obj.As, high bool) rule {
	return rule{uses: inRegs(0), emit: func(e *emitter, v *ir.Value, r *rule) {
		a, b, d := e.takeReg(), e.takeReg(), e.dst()
		if high {
			e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0xEE, reg(a), d)
			e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0xEE, reg(b), scratchX)
			a, b = d, scratchX
		}
		e.unary(sse, vex, reg(a), d)
		e.unary(sse, vex, reg(b), scratchX)
		e.three(x86.APMULLW, x86.AVPMULLW, reg(scratchX), d, d)
	}}
}

// extmul16 puts the halves of the products together.
func extmul16(sse, vex obj.As, high bool) rule {
	return rule{uses: inRegs(0), emit: func(e *emitter, v *ir.Value, r *rule) {
		a, b, d := e.takeReg(), e.takeReg(), e.dst()
		e.three(sse, vex, reg(b), a, scratchX)
		e.three(x86.APMULLW, x86.AVPMULLW, reg(b), a, d)
		if high {
			e.three(x86.APUNPCKHWL, x86.AVPUNPCKHWD, reg(scratchX), d, d)
		} else {
			e.three(x86.APUNPCKLWL, x86.AVPUNPCKLWD, reg(scratchX), d, d)
		}
	}}
}

// extmul32 multiplies lanes that have been brought to where the instruction wants them.
func extmul32(sse, vex obj.As, pattern int64) rule {
	return rule{uses: inRegs(0), emit: func(e *emitter, v *ir.Value, r *rule) {
		a, b, d := e.takeReg(), e.takeReg(), e.dst()
		e.shuffled(x86.APSHUFD, x86.AVPSHUFD, pattern, reg(a), d)
		e.shuffled(x86.APSHUFD, x86.AVPSHUFD, pattern, reg(b), scratchX)
		e.three(sse, vex, reg(scratchX), d, d)
	}}
}

// Sums of pairs are products with ones. PMADDUBSW takes its first operand's bytes as unsigned and its second's as signed.

func emitPairs8S(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.load(e.lanes8(1), d)
	e.three(x86.APMADDUBSW, x86.AVPMADDUBSW, reg(a), d, d)
}

func emitPairs8U(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.three(x86.APMADDUBSW, x86.AVPMADDUBSW, e.lanes8(1), a, d)
}

func emitPairs16S(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.three(x86.APMADDWL, x86.AVPMADDWD, e.lanes16(1), a, d)
}

// emitPairs16U makes them signed by taking 2^15 off each, which is 2^16 of the sum.
func emitPairs16U(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.three(x86.APXOR, x86.AVPXOR, e.lanes16(0x8000), a, d)
	e.three(x86.APMADDWL, x86.AVPMADDWD, e.lanes16(1), d, d)
	e.three(x86.APADDL, x86.AVPADDD, e.lanes32(0x10000), d, d)
}

// emitQ15: only -1 times -1 does not fit, and comes out as 0x8000.
func emitQ15(e *emitter, v *ir.Value, r *rule) {
	a, b, d := e.takeReg(), e.takeReg(), e.dst()
	e.three(x86.APMULHRSW, x86.AVPMULHRSW, reg(b), a, d)
	e.three(x86.APCMPEQW, x86.AVPCMPEQW, e.lanes16(0x8000), d, scratchX)
	e.three(x86.APXOR, x86.AVPXOR, reg(scratchX), d, d)
}

// emitDot8 multiplies signed bytes as lanes of 16 bits, the lower and the upper ones of each pair.
func emitDot8(e *emitter, v *ir.Value, r *rule) {
	a, b := e.takeReg(), e.takeReg()
	d, t := e.dst(), e.instr.Temps[0]
	e.shifted(x86.APSLLW, x86.AVPSLLW, 8, a, t)
	e.shifted(x86.APSRAW, x86.AVPSRAW, 8, t, t)
	e.shifted(x86.APSLLW, x86.AVPSLLW, 8, b, scratchX)
	e.shifted(x86.APSRAW, x86.AVPSRAW, 8, scratchX, scratchX)
	e.three(x86.APMULLW, x86.AVPMULLW, reg(scratchX), t, t)
	e.shifted(x86.APSRAW, x86.AVPSRAW, 8, b, scratchX)
	e.shifted(x86.APSRAW, x86.AVPSRAW, 8, a, d)
	e.three(x86.APMULLW, x86.AVPMULLW, reg(scratchX), d, d)
	e.three(x86.APADDW, x86.AVPADDW, reg(t), d, d)
	if v.Op == wasm.OpI32x4RelaxedDotI8x16I7x16AddS {
		e.three(x86.APMADDWL, x86.AVPMADDWD, e.lanes16(1), d, d)
		e.three(x86.APADDL, x86.AVPADDD, reg(e.takeReg()), d, d)
	}
}
