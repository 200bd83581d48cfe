package amd64

import (
	"math"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

func convertRules() map[ir.Op]rule {
	m := map[ir.Op]rule{
		wasm.OpF32DemoteF64:  {uses: useFloatUnary, emit: emitCut, fold: foldFirst, as: x86.ACVTSD2SS, vex: x86.AVCVTSD2SS},
		wasm.OpF64PromoteF32: {uses: useFloatUnary, emit: emitCut, fold: foldFirst, as: x86.ACVTSS2SD, vex: x86.AVCVTSS2SD},

		wasm.OpI32ReinterpretF32: {uses: useExtend, emit: emitReinterpret, as: x86.AMOVL, vex: x86.AVMOVD},
		wasm.OpI64ReinterpretF64: {uses: useExtend, emit: emitReinterpret, as: x86.AMOVQ, vex: x86.AVMOVQ},
		wasm.OpF32ReinterpretI32: {uses: useExtend, emit: emitReinterpret, as: x86.AMOVL, vex: x86.AVMOVD},
		wasm.OpF64ReinterpretI64: {uses: useExtend, emit: emitReinterpret, as: x86.AMOVQ, vex: x86.AVMOVQ},

		wasm.OpF32ConvertI32S: {uses: useIntToFloat, emit: emitIntToFloat, fold: foldFirst, as: x86.ACVTSL2SS, vex: x86.AVCVTSI2SSL},
		wasm.OpF64ConvertI32S: {uses: useIntToFloat, emit: emitIntToFloat, fold: foldFirst, as: x86.ACVTSL2SD, vex: x86.AVCVTSI2SDL},
		wasm.OpF32ConvertI64S: {uses: useIntToFloat, emit: emitIntToFloat, fold: foldFirst, as: x86.ACVTSQ2SS, vex: x86.AVCVTSI2SSQ},
		wasm.OpF64ConvertI64S: {uses: useIntToFloat, emit: emitIntToFloat, fold: foldFirst, as: x86.ACVTSQ2SD, vex: x86.AVCVTSI2SDQ},
		// An i32 is an i64 that is not negative.
		wasm.OpF32ConvertI32U: {uses: useIntReg, emit: emitIntToFloat, as: x86.ACVTSQ2SS, vex: x86.AVCVTSI2SSQ},
		wasm.OpF64ConvertI32U: {uses: useIntReg, emit: emitIntToFloat, as: x86.ACVTSQ2SD, vex: x86.AVCVTSI2SDQ},
		wasm.OpF32ConvertI64U: {uses: useIntReg, emit: emitU64ToFloat, as: x86.ACVTSQ2SS, vex: x86.AVCVTSI2SSQ},
		wasm.OpF64ConvertI64U: {uses: useIntReg, emit: emitU64ToFloat, as: x86.ACVTSQ2SD, vex: x86.AVCVTSI2SDQ},
	}
	for i, op := range []ir.Op{
		wasm.OpI32TruncF32S, wasm.OpI32TruncF32U, wasm.OpI32TruncF64S, wasm.OpI32TruncF64U,
		wasm.OpI64TruncF32S, wasm.OpI64TruncF32U, wasm.OpI64TruncF64S, wasm.OpI64TruncF64U,
	} {
		m[op] = rule{uses: useTrunc, emit: emitTrunc, imm: int64(i)}
		m[wasm.OpI32TruncSatF32S+ir.Op(i)] = rule{uses: useTrunc, emit: emitTrunc, imm: int64(i)}
	}
	return m
}

// emitCut emits a conversion that would keep a part of its result's old value.
func emitCut(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeFloat(v.Args[0]), e.dst()
	e.cut(a, d)
	e.merging(r, a, d)
}

func (e *emitter) merging(r *rule, a operand, d ir.Reg) {
	if e.t.has.AVX {
		e.emit(r.vex, a, reg(d), reg(d))
		return
	}
	e.emit(r.as, a, reg(d))
}

func emitReinterpret(e *emitter, v *ir.Value, r *rule) {
	e.ins(e.chosen(r), reg(e.takeReg()), reg(e.dst()))
}

func useIntToFloat(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useUnary(o, v.Args[0])
	o.Result = ir.AnyResult
}

func useIntReg(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Result = ir.AnyResult
}

func emitIntToFloat(e *emitter, v *ir.Value, r *rule) {
	var a operand
	if v.Op == wasm.OpF32ConvertI32U || v.Op == wasm.OpF64ConvertI32U {
		a = reg(e.takeReg())
	} else {
		a = e.takeUnary(v.Args[0])
	}
	d := e.dst()
	e.zeroX(d)
	e.merging(r, a, d)
}

// emitU64ToFloat: from 2^63 on half of the number is converted, whose last bit stands for the two that it had, and doubled.
func emitU64ToFloat(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	e.zeroX(d)
	large, back := e.cold(func(back label) {
		even := e.newLabel()
		e.ins(x86.AMOVQ, reg(a), reg(scratch))
		e.ins(x86.ASHRQ, imm(1), reg(scratch))
		e.jumpIf(condCC, even)
		e.ins(x86.AORQ, imm(1), reg(scratch))
		e.bind(even)
		e.merging(r, reg(scratch), d)
		if v.Type == ir.F32 {
			e.three(x86.AADDSS, x86.AVADDSS, reg(d), d, d)
		} else {
			e.three(x86.AADDSD, x86.AVADDSD, reg(d), d, d)
		}
		e.jump(back)
	})
	e.ins(x86.ATESTQ, reg(a), reg(a))
	e.jumpIf(condMI, large)
	e.merging(r, reg(a), d)
	e.bind(back)
}

// Truncations. rule.imm tells which of the eight: bit 0 unsigned, bit 1 from f64, bit 2 to i64. The processor gives the lowest number for what
// does not fit; whether it does not is looked at in a stub.

func useTrunc(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Result = ir.AnyResult
}

func emitTrunc(e *emitter, v *ir.Value, r *rule) {
	t := &truncation{
		emitter: e, v: v, a: e.takeReg(), d: e.dst(),
		unsigned: r.imm&1 != 0, double: r.imm&2 != 0, wide: r.imm&4 != 0, sat: v.Op>>16 == 0xFC,
	}
	switch {
	case !t.unsigned:
		t.signed()
	case t.wide:
		t.unsigned64()
	default:
		t.unsigned32()
	}
}

type truncation struct {
	*emitter
	v                           *ir.Value
	a, d                        ir.Reg
	unsigned, double, wide, sat bool
}

// convert truncates to an integer of 64 or 32 bits.
func (t *truncation) convert(wide bool, a, d ir.Reg) {
	as := sized(wide, t.pick(x86.ACVTTSS2SL, x86.AVCVTTSS2SI), t.pick(x86.ACVTTSS2SQ, x86.AVCVTTSS2SIQ))
	if t.double {
		as = sized(wide, t.pick(x86.ACVTTSD2SL, x86.AVCVTTSD2SI), t.pick(x86.ACVTTSD2SQ, x86.AVCVTTSD2SIQ))
	}
	t.ins(as, reg(a), reg(d))
}

// compare compares a with the constant c.
func (t *truncation) compare(c float64) {
	t.ins(t.ucomis(), t.constant(c), reg(t.a))
}

func (t *truncation) ucomis() obj.As {
	if t.double {
		return t.pick(x86.AUCOMISD, x86.AVUCOMISD)
	}
	return t.pick(x86.AUCOMISS, x86.AVUCOMISS)
}

func (t *truncation) constant(c float64) operand {
	if t.double {
		return t.inPool(math.Float64bits(c), 0, 8)
	}
	return t.inPool(uint64(math.Float32bits(float32(c))), 0, 4)
}

// trap jumps to a trap. Without a site somebody has made sure before that there is none.
func (t *truncation) trap(c condition, code interp.TrapCode) {
	if t.v.Site != nil {
		t.jumpIf(c, t.trapAs(t.v, code))
	}
}

func (t *truncation) signed() {
	t.convert(t.wide, t.a, t.d)
	low := -0x1p31
	if t.wide {
		low = -0x1p63
	}
	odd, back := t.cold(func(back label) {
		if t.sat { // the lowest number is in place
			positive := t.newLabel()
			t.compare(0)
			t.jumpIf(condCC, positive)
			nan := t.newLabel()
			t.jumpIf(condPS, nan)
			t.jump(back)
			t.bind(nan)
			t.ins(x86.AXORL, reg(t.d), reg(t.d))
			t.jump(back)
			t.bind(positive)
			t.highest()
			t.jump(back)
			return
		}
		t.ins(t.ucomis(), reg(t.a), reg(t.a))
		t.trap(condPS, interp.TrapInvalidConversion)
		// The lowest number itself is right, and so is what truncates to it.
		if t.double && !t.wide {
			t.compare(low - 1)
			t.trap(condLS, interp.TrapIntegerOverflow)
		} else {
			t.compare(low)
			t.trap(condCS, interp.TrapIntegerOverflow)
		}
		t.compare(0)
		t.trap(condCC, interp.TrapIntegerOverflow)
		t.jump(back)
	})
	t.ins(sized(t.wide, x86.ACMPL, x86.ACMPQ), reg(t.d), imm(1))
	t.jumpIf(condOS, odd)
	t.bind(back)
}

// highest puts the highest number into d.
func (t *truncation) highest() {
	switch {
	case t.unsigned && t.wide:
		t.ins(x86.AMOVQ, imm(-1), reg(t.d))
	case t.unsigned:
		t.ins(x86.AMOVL, imm(-1), reg(t.d))
	case t.wide:
		t.intTo(math.MaxInt64, t.d)
	default:
		t.intTo(math.MaxInt32, t.d)
	}
}

// misfit is the stub for what does not fit into an unsigned number. It goes back with 0 for what is negative or no number, and with the
// highest number for the others.
func (t *truncation) misfit() (begin, back label) {
	return t.cold(func(back label) {
		if !t.sat {
			t.ins(t.ucomis(), reg(t.a), reg(t.a))
			t.trap(condPS, interp.TrapInvalidConversion)
			t.trap(condPC, interp.TrapIntegerOverflow)
			t.jump(back)
			return
		}
		zero := t.newLabel()
		t.compare(0)
		t.jumpIf(condCS, zero) // less, or not ordered
		t.highest()
		t.jump(back)
		t.bind(zero)
		t.ins(x86.AXORL, reg(t.d), reg(t.d))
		t.jump(back)
	})
}

func (t *truncation) unsigned32() {
	odd, back := t.misfit()
	t.convert(true, t.a, t.d)
	t.ins(x86.AMOVL, reg(t.d), reg(scratch))
	t.ins(x86.ACMPQ, reg(scratch), reg(t.d))
	t.jumpIf(condNE, odd)
	t.bind(back)
}

func (t *truncation) unsigned64() {
	odd, back := t.misfit()
	large, _ := t.cold(func(label) {
		t.three(t.sub(), t.vsub(), t.constant(0x1p63), t.a, scratchX)
		t.convert(true, scratchX, t.d)
		t.ins(x86.ATESTQ, reg(t.d), reg(t.d))
		t.jumpIf(condMI, odd)
		t.intTo(sign64, scratch)
		t.ins(x86.AORQ, reg(scratch), reg(t.d))
		t.jump(back)
	})
	t.compare(0x1p63)
	t.jumpIf(condCC, large)
	t.convert(true, t.a, t.d)
	t.ins(x86.ATESTQ, reg(t.d), reg(t.d))
	t.jumpIf(condMI, odd)
	t.bind(back)
}

func (t *truncation) sub() obj.As {
	if t.double {
		return x86.ASUBSD
	}
	return x86.ASUBSS
}

func (t *truncation) vsub() obj.As {
	if t.double {
		return x86.AVSUBSD
	}
	return x86.AVSUBSS
}
