package amd64

import (
	"math"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Predicates of CMPPS.
const (
	predicateEQ = iota
	predicateLT
	predicateLE
	predicateUnordered
	predicateNE
)

func vectorFloatRules() map[ir.Op]rule {
	m := map[ir.Op]rule{
		wasm.OpF32x4Add: two(x86.AADDPS, x86.AVADDPS), wasm.OpF64x2Add: two(x86.AADDPD, x86.AVADDPD),
		wasm.OpF32x4Sub: two(x86.ASUBPS, x86.AVSUBPS), wasm.OpF64x2Sub: two(x86.ASUBPD, x86.AVSUBPD),
		wasm.OpF32x4Mul: two(x86.AMULPS, x86.AVMULPS), wasm.OpF64x2Mul: two(x86.AMULPD, x86.AVMULPD),
		wasm.OpF32x4Div: two(x86.ADIVPS, x86.AVDIVPS), wasm.OpF64x2Div: two(x86.ADIVPD, x86.AVDIVPD),
		// The instructions give their second operand unless the first is smaller, or larger: pmin is y < x ? y : x.
		wasm.OpF32x4Pmin: swapped(x86.AMINPS, x86.AVMINPS), wasm.OpF64x2Pmin: swapped(x86.AMINPD, x86.AVMINPD),
		wasm.OpF32x4Pmax: swapped(x86.AMAXPS, x86.AVMAXPS), wasm.OpF64x2Pmax: swapped(x86.AMAXPD, x86.AVMAXPD),
		wasm.OpF32x4Sqrt: one(x86.ASQRTPS, x86.AVSQRTPS), wasm.OpF64x2Sqrt: one(x86.ASQRTPD, x86.AVSQRTPD),
		wasm.OpF32x4Abs: signs(x86.AANDPS, x86.AVANDPS, ^uint64(sign32|sign32<<32)), wasm.OpF64x2Abs: signs(x86.AANDPS, x86.AVANDPS, ^uint64(sign64)),
		wasm.OpF32x4Neg: signs(x86.AXORPS, x86.AVXORPS, sign32|sign32<<32), wasm.OpF64x2Neg: signs(x86.AXORPS, x86.AVXORPS, sign64),

		wasm.OpF32x4ConvertI32x4S: one(x86.ACVTPL2PS, x86.AVCVTDQ2PS), wasm.OpF32x4ConvertI32x4U: {uses: inRegs(0), emit: emitConvertU32},
		wasm.OpF64x2ConvertLowI32x4S: {uses: useExtend, emit: emitExtendLow, as: x86.ACVTPL2PD, vex: x86.AVCVTDQ2PD},
		wasm.OpF64x2ConvertLowI32x4U: {uses: inRegs(0), emit: emitConvertLowU32},
		wasm.OpF32x4DemoteF64x2Zero:  {uses: useExtend, emit: emitExtendLow, as: x86.ACVTPD2PS, vex: x86.AVCVTPD2PSX},
		wasm.OpF64x2PromoteLowF32x4:  {uses: useExtend, emit: emitExtendLow, as: x86.ACVTPS2PD, vex: x86.AVCVTPS2PD},
	}
	for i, mode := range []int64{roundCeil, roundFloor, roundTrunc, roundNearest} {
		m[[]ir.Op{wasm.OpF32x4Ceil, wasm.OpF32x4Floor, wasm.OpF32x4Trunc, wasm.OpF32x4Nearest}[i]] =
			rule{uses: useFloatUnary, emit: emitRoundVector, fold: foldFirst, imm: mode, as: x86.AROUNDPS, vex: x86.AVROUNDPS}
		m[[]ir.Op{wasm.OpF64x2Ceil, wasm.OpF64x2Floor, wasm.OpF64x2Trunc, wasm.OpF64x2Nearest}[i]] =
			rule{uses: useFloatUnary, emit: emitRoundVector, fold: foldFirst, imm: mode, as: x86.AROUNDPD, vex: x86.AVROUNDPD}
	}
	for i, p := range []int64{predicateEQ, predicateNE, predicateLT, predicateLT, predicateLE, predicateLE} {
		exchange := i == 3 || i == 5 // x > y is y < x
		m[wasm.OpF32x4Eq+ir.Op(i)] = predicate(x86.ACMPPS, x86.AVCMPPS, p, exchange)
		m[wasm.OpF64x2Eq+ir.Op(i)] = predicate(x86.ACMPPD, x86.AVCMPPD, p, exchange)
	}
	for _, ops := range [][]ir.Op{
		{wasm.OpF32x4Min, wasm.OpF32x4Max, wasm.OpF64x2Min, wasm.OpF64x2Max},
		{wasm.OpF32x4RelaxedMin, wasm.OpF32x4RelaxedMax, wasm.OpF64x2RelaxedMin, wasm.OpF64x2RelaxedMax},
	} {
		m[ops[0]] = rule{uses: inRegs(0), emit: minMax(false, false)}
		m[ops[1]] = rule{uses: inRegs(0), emit: minMax(false, true)}
		m[ops[2]] = rule{uses: inRegs(0), emit: minMax(true, false)}
		m[ops[3]] = rule{uses: inRegs(0), emit: minMax(true, true)}
	}
	for op, emit := range map[ir.Op]emitFunc{
		wasm.OpI32x4TruncSatF32x4S: emitTruncS32, wasm.OpI32x4RelaxedTruncF32x4S: emitTruncS32,
		wasm.OpI32x4TruncSatF32x4U: emitTruncU32, wasm.OpI32x4RelaxedTruncF32x4U: emitTruncU32,
		wasm.OpI32x4TruncSatF64x2SZero: emitTruncS64, wasm.OpI32x4RelaxedTruncF64x2SZero: emitTruncS64,
		wasm.OpI32x4TruncSatF64x2UZero: emitTruncU64, wasm.OpI32x4RelaxedTruncF64x2UZero: emitTruncU64,
	} {
		m[op] = rule{uses: inRegs(1), emit: emit}
	}
	for op, as := range map[ir.Op]obj.As{
		wasm.OpF32x4RelaxedMadd: x86.AVFMADD231PS, wasm.OpF32x4RelaxedNmadd: x86.AVFNMADD231PS,
		wasm.OpF64x2RelaxedMadd: x86.AVFMADD231PD, wasm.OpF64x2RelaxedNmadd: x86.AVFNMADD231PD,
	} {
		m[op] = rule{uses: useMadd, emit: emitMadd, as: as, needs: needsFMA}
	}
	return m
}

func signs(sse, vex obj.As, mask uint64) rule {
	return rule{uses: useSign, emit: func(e *emitter, v *ir.Value, r *rule) {
		a := e.takeReg()
		e.three(sse, vex, e.lanes64(mask), a, e.dst())
	}}
}

func emitRoundVector(e *emitter, v *ir.Value, r *rule) {
	a := e.takeFloat(v.Args[0])
	e.shuffled(r.as, r.vex, r.imm, a, e.dst())
}

// compared emits a comparison by predicate.
func (e *emitter) compared(sse, vex obj.As, predicate int64, b operand, a, d ir.Reg) {
	if e.t.has.AVX {
		e.ins(vex, imm(predicate), b, reg(a), reg(d))
		return
	}
	e.copyReg(ir.V128, a, d)
	e.ins(sse, b, reg(d), imm(predicate))
}

func predicate(sse, vex obj.As, p int64, exchange bool) rule {
	return rule{uses: inRegs(0), emit: func(e *emitter, v *ir.Value, r *rule) {
		a, b, d := e.takeReg(), e.takeReg(), e.dst()
		if exchange {
			a, b = b, a
		}
		e.compared(sse, vex, p, reg(b), a, d)
	}}
}

// minMax does the operation both ways round. Where these differ, one operand is not a number or both are zeros: for the minimum the bits are put
// together by or, for the maximum the difference is taken off, which turns the sign of -0 and keeps what is not a number. Then
// the payloads are cleared.
func minMax(double, max bool) emitFunc {
	type pair [2]obj.As
	by := func(s, d pair) pair {
		if double {
			return d
		}
		return s
	}
	op := by(pair{x86.AMINPS, x86.AVMINPS}, pair{x86.AMINPD, x86.AVMINPD})
	if max {
		op = by(pair{x86.AMAXPS, x86.AVMAXPS}, pair{x86.AMAXPD, x86.AVMAXPD})
	}
	sub := by(pair{x86.ASUBPS, x86.AVSUBPS}, pair{x86.ASUBPD, x86.AVSUBPD})
	compare := by(pair{x86.ACMPPS, x86.AVCMPPS}, pair{x86.ACMPPD, x86.AVCMPPD})
	shift := by(pair{x86.APSRLL, x86.AVPSRLD}, pair{x86.APSRLQ, x86.AVPSRLQ})
	keep := int64(10) // sign, exponent and the bit of a quiet NaN
	if double {
		keep = 13
	}
	return func(e *emitter, v *ir.Value, r *rule) {
		a, b, d := e.takeReg(), e.takeReg(), e.dst()
		s := scratchX
		e.three(op[0], op[1], reg(a), b, s)
		e.three(op[0], op[1], reg(b), a, d)
		if max {
			e.three(x86.AXORPS, x86.AVXORPS, reg(s), d, d)
			e.three(x86.AORPS, x86.AVORPS, reg(d), s, s)
			e.three(sub[0], sub[1], reg(d), s, s)
			e.compared(compare[0], compare[1], predicateUnordered, reg(s), d, d)
		} else {
			e.three(x86.AORPS, x86.AVORPS, reg(d), s, s)
			e.compared(compare[0], compare[1], predicateUnordered, reg(s), d, d)
			e.three(x86.AORPS, x86.AVORPS, reg(d), s, s)
		}
		e.shifted(shift[0], shift[1], keep, d, d)
		e.three(x86.AANDNPS, x86.AVANDNPS, reg(s), d, d)
	}
}

// emitConvertU32 converts the halves of 16 bits; only their sum is rounded.
func emitConvertU32(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.shifted(x86.APSLLL, x86.AVPSLLD, 16, a, scratchX)
	e.shifted(x86.APSRLL, x86.AVPSRLD, 16, scratchX, scratchX)
	e.unary(x86.ACVTPL2PS, x86.AVCVTDQ2PS, reg(scratchX), scratchX)
	e.shifted(x86.APSRLL, x86.AVPSRLD, 16, a, d)
	e.unary(x86.ACVTPL2PS, x86.AVCVTDQ2PS, reg(d), d)
	e.three(x86.AMULPS, x86.AVMULPS, e.lanes32(math.Float32bits(65536)), d, d)
	e.three(x86.AADDPS, x86.AVADDPS, reg(scratchX), d, d)
}

// emitConvertLowU32 puts the numbers where those of 2^52 have their lowest bits, and takes 2^52 off.
func emitConvertLowU32(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.three(x86.APUNPCKLLQ, x86.AVPUNPCKLDQ, e.lanes32(0x43300000), a, d)
	e.three(x86.ASUBPD, x86.AVSUBPD, e.lanes64(math.Float64bits(1<<52)), d, d)
}

// emitTruncS32: what is too large comes out as the lowest number, all of whose bits are inverted then.
func emitTruncS32(e *emitter, v *ir.Value, r *rule) {
	a, d, t := e.takeReg(), e.dst(), e.instr.Temps[0]
	e.compared(x86.ACMPPS, x86.AVCMPPS, predicateEQ, reg(a), a, scratchX)
	e.three(x86.AANDPS, x86.AVANDPS, reg(a), scratchX, scratchX) // 0 for what is not a number
	e.load(e.lanes32(math.Float32bits(1<<31)), t)
	e.compared(x86.ACMPPS, x86.AVCMPPS, predicateLE, reg(scratchX), t, t)
	e.unary(x86.ACVTTPS2PL, x86.AVCVTTPS2DQ, reg(scratchX), d)
	e.three(x86.APXOR, x86.AVPXOR, reg(t), d, d)
}

// emitTruncU32 adds up what is below 2^31 and what is above.
func emitTruncU32(e *emitter, v *ir.Value, r *rule) {
	a, d, t := e.takeReg(), e.dst(), e.instr.Temps[0]
	half := e.lanes32(math.Float32bits(1 << 31))
	e.zeroX(scratchX)
	e.three(x86.AMAXPS, x86.AVMAXPS, reg(scratchX), a, d) // 0 for what is not a number
	e.three(x86.ASUBPS, x86.AVSUBPS, half, d, t)
	e.load(half, scratchX)
	e.compared(x86.ACMPPS, x86.AVCMPPS, predicateLE, reg(t), scratchX, scratchX)
	e.unary(x86.ACVTTPS2PL, x86.AVCVTTPS2DQ, reg(t), t)
	e.three(x86.APXOR, x86.AVPXOR, reg(scratchX), t, t)
	e.zeroX(scratchX)
	e.three(x86.APMAXSD, x86.AVPMAXSD, reg(scratchX), t, t)
	e.unary(x86.ACVTTPS2PL, x86.AVCVTTPS2DQ, reg(d), d)
	e.three(x86.APADDL, x86.AVPADDD, reg(t), d, d)
}

// emitTruncS64: the limit is 0 for what is not a number, and the instruction gives the limit there.
func emitTruncS64(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.compared(x86.ACMPPD, x86.AVCMPPD, predicateEQ, reg(a), a, scratchX)
	e.three(x86.AANDPS, x86.AVANDPS, e.lanes64(math.Float64bits(math.MaxInt32)), scratchX, scratchX)
	e.three(x86.AMINPD, x86.AVMINPD, reg(scratchX), a, d)
	e.unary(x86.ACVTTPD2PL, x86.AVCVTTPD2DQX, reg(d), d)
}

// emitTruncU64: a whole number below 2^32 stands in the lowest bits after 2^52 has been added.
func emitTruncU64(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.zeroX(scratchX)
	e.three(x86.AMAXPD, x86.AVMAXPD, reg(scratchX), a, d) // 0 for what is not a number
	e.three(x86.AMINPD, x86.AVMINPD, e.lanes64(math.Float64bits(math.MaxUint32)), d, d)
	e.shuffled(x86.AROUNDPD, x86.AVROUNDPD, roundTrunc, reg(d), d)
	e.three(x86.AADDPD, x86.AVADDPD, e.lanes64(math.Float64bits(1<<52)), d, d)
	e.combined(x86.ASHUFPS, x86.AVSHUFPS, 0x88, reg(scratchX), d, d)
}

// useMadd: the sum is in place of the summand.
func useMadd(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[2])
	o.Reg(v.Args[0])
	o.Reg(v.Args[1])
	t.same(o)
}

func emitMadd(e *emitter, v *ir.Value, r *rule) {
	e.takeReg()
	a, b := e.takeReg(), e.takeReg()
	e.ins(r.as, reg(b), reg(a), reg(e.dst()))
}
