package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

const (
	sign32 = 1 << 31
	sign64 = 1 << 63
)

// Modes of ROUNDSS and the like; inexact results are no exception.
const (
	roundNearest = 8 + iota
	roundFloor
	roundCeil
	roundTrunc
)

func floatRules() map[ir.Op]rule {
	m := map[ir.Op]rule{}
	// The instructions of f64 are as far from those of f32 as their first one is.
	both := func(op ir.Op, r rule, as32, vex32, as64, vex64 obj.As) {
		r.as, r.vex = as32, vex32
		m[op] = r
		r.as, r.vex = as64, vex64
		m[op+wasm.OpF64Abs-wasm.OpF32Abs] = r
	}
	binary := rule{uses: useFloatTwo, emit: emitFloatTwo, fold: foldSecond}
	both(wasm.OpF32Add, binary, x86.AADDSS, x86.AVADDSS, x86.AADDSD, x86.AVADDSD)
	both(wasm.OpF32Sub, binary, x86.ASUBSS, x86.AVSUBSS, x86.ASUBSD, x86.AVSUBSD)
	both(wasm.OpF32Mul, binary, x86.AMULSS, x86.AVMULSS, x86.AMULSD, x86.AVMULSD)
	both(wasm.OpF32Div, binary, x86.ADIVSS, x86.AVDIVSS, x86.ADIVSD, x86.AVDIVSD)
	minmax := rule{uses: useMinMax, emit: emitMinMax}
	both(wasm.OpF32Min, minmax, x86.AMINSS, x86.AVMINSS, x86.AMINSD, x86.AVMINSD)
	both(wasm.OpF32Max, minmax, x86.AMAXSS, x86.AVMAXSS, x86.AMAXSD, x86.AVMAXSD)
	sqrt := rule{uses: useFloatUnary, emit: emitSqrt, fold: foldFirst}
	both(wasm.OpF32Sqrt, sqrt, x86.ASQRTSS, x86.AVSQRTSS, x86.ASQRTSD, x86.AVSQRTSD)
	for op, mode := range map[ir.Op]int64{
		wasm.OpF32Ceil: roundCeil, wasm.OpF32Floor: roundFloor, wasm.OpF32Trunc: roundTrunc, wasm.OpF32Nearest: roundNearest,
	} {
		round := rule{uses: useFloatUnary, emit: emitRound, fold: foldFirst, imm: mode, needs: needsSSE41}
		both(op, round, x86.AROUNDSS, x86.AVROUNDSS, x86.AROUNDSD, x86.AVROUNDSD)
	}
	both(wasm.OpF32Abs, rule{uses: useSign, emit: emitSign}, x86.AANDPS, x86.AVANDPS, x86.AANDPS, x86.AVANDPS)
	both(wasm.OpF32Neg, rule{uses: useSign, emit: emitSign}, x86.AXORPS, x86.AVXORPS, x86.AXORPS, x86.AVXORPS)
	both(wasm.OpF32Copysign, rule{uses: useCopysign, emit: emitCopysign}, 0, 0, 0, 0)
	return m
}

// three emits an instruction that has three operands with AVX: d = a op b. Without it d must not be b, unless a is too.
func (e *emitter) three(sse, vex obj.As, b operand, a, d ir.Reg) {
	if e.t.has.AVX {
		e.emit(vex, b, reg(a), reg(d))
		return
	}
	if a != d {
		if b.isReg(d) {
			e.fail("the result is in the register of the second operand")
		}
		e.ins(x86.AMOVAPS, reg(a), reg(d))
	}
	e.emit(sse, b, reg(d))
}

func useFloatTwo(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	t.useFloat(o, v.Args[1])
	t.three(o)
}

func emitFloatTwo(e *emitter, v *ir.Value, r *rule) {
	a := e.takeReg()
	b := e.takeFloat(v.Args[1])
	e.three(r.as, r.vex, b, a, e.dst())
}

// useMinMax: the processor's minimum gives its second operand when one is not a number or both are zeros.
func useMinMax(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Reg(v.Args[1])
	o.Early = true
	if t.has.AVX {
		o.Result = ir.AnyResult
	} else {
		o.Result = ir.SameResult
	}
}

func emitMinMax(e *emitter, v *ir.Value, r *rule) {
	a, b, d := e.takeReg(), e.takeReg(), e.dst()
	compare, vcompare, add, vadd := obj.As(x86.AUCOMISD), obj.As(x86.AVUCOMISD), obj.As(x86.AADDSD), obj.As(x86.AVADDSD)
	if v.Type == ir.F32 {
		compare, vcompare, add, vadd = x86.AUCOMISS, x86.AVUCOMISS, x86.AADDSS, x86.AVADDSS
	}
	odd, back := e.cold(func(back label) {
		nan := e.newLabel()
		e.jumpIf(condPS, nan)
		if isMin(v.Op) { // of equal numbers, of which one may be -0
			e.three(x86.AORPS, x86.AVORPS, reg(b), a, d)
		} else {
			e.three(x86.AANDPS, x86.AVANDPS, reg(b), a, d)
		}
		e.jump(back)
		e.bind(nan)
		e.three(add, vadd, reg(b), a, d)
		e.jump(back)
	})
	e.ins(e.pick(compare, vcompare), reg(b), reg(a))
	e.jumpIf(condEQ, odd) // equal or not ordered
	e.three(r.as, r.vex, reg(b), a, d)
	e.bind(back)
}

func isMin(op ir.Op) bool { return op == wasm.OpF32Min || op == wasm.OpF64Min }

func useFloatUnary(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useFloat(o, v.Args[0])
	o.Result = ir.AnyResult
}

// emitSqrt: what the instruction leaves of its result's old value is taken from itself, as that is often the operand.
func emitSqrt(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeFloat(v.Args[0]), e.dst()
	e.cut(a, d)
	if e.t.has.AVX {
		e.emit(r.vex, a, reg(d), reg(d))
		return
	}
	e.emit(r.as, a, reg(d))
}

// cut makes d independent of what was in it, for instructions that keep a part of it.
func (e *emitter) cut(a operand, d ir.Reg) {
	if !a.isReg(d) {
		e.zeroX(d)
	}
}

func emitRound(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeFloat(v.Args[0]), e.dst()
	e.cut(a, d)
	if e.t.has.AVX {
		e.emit(r.vex, imm(r.imm), a, reg(d), reg(d))
		return
	}
	e.emit(r.as, imm(r.imm), a, reg(d))
}

// useSign is the rule of abs and neg, which change the sign bit.
func useSign(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	t.three(o)
}

func emitSign(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	mask := uint64(sign64)
	if v.Type == ir.F32 {
		mask = sign32 | sign32<<32
	}
	if v.Op == wasm.OpF32Abs || v.Op == wasm.OpF64Abs {
		mask = ^mask
	}
	e.three(r.as, r.vex, e.inPool(mask, mask, 16), a, d)
}

func useCopysign(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Reg(v.Args[1])
	t.same(o)
}

// emitCopysign: the sign is what both differ in, exclusive-ored into the first.
func emitCopysign(e *emitter, v *ir.Value, r *rule) {
	a, b, d := e.takeReg(), e.takeReg(), e.dst()
	mask := uint64(sign64)
	if v.Type == ir.F32 {
		mask = sign32 | sign32<<32
	}
	e.three(x86.AXORPS, x86.AVXORPS, reg(b), a, scratchX)
	e.three(x86.AANDPS, x86.AVANDPS, e.inPool(mask, mask, 16), scratchX, scratchX)
	e.three(x86.AXORPS, x86.AVXORPS, reg(scratchX), a, d)
}
