package arm64

import (
	"sync"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// vectorRule is how a vector instruction is emitted.
type vectorRule struct {
	emit func(e *emitter, v *ir.Value, r *vectorRule)
	word uint32 // the instruction, with its arrangement
	more uint32 // another, or how wide lanes are
	same int    // 1 + the argument in whose register the result is
}

// vectorRules are by sub-opcode. What is not there is left to the interpreter. makeRules fills them when a target is asked for the first time, by
// Supports or Select: a process that compiles nothing does without.
var vectorRules [0x120]vectorRule

var makeRules = sync.OnceFunc(fillRules)

func fillRules() {
	for _, rules := range []map[ir.Op]vectorRule{vectorIntRules(), vectorFloatRules(), vectorLaneRules(), vectorMemoryRules()} {
		for op, r := range rules {
			vectorRules[op&0xFFFF] = r
		}
	}
}

func isVector(op ir.Op) bool {
	n := op & 0xFFFF
	return op>>16 == 0xFD && int(n) < len(vectorRules) && vectorRules[n].emit != nil
}

// vectorOperands puts the operand that the result takes the register of in front of the others.
func (t *Target) vectorOperands(v *ir.Value, o *ir.Operands) {
	r := &vectorRules[v.Op&0xFFFF]
	if r.same == 0 {
		return
	}
	o.Result = ir.SameResult
	for i, u := range o.Uses {
		if u.Value == v.Args[r.same-1] {
			o.Uses[0], o.Uses[i] = o.Uses[i], o.Uses[0]
			return
		}
	}
}

func (e *emitter) vector(v *ir.Value) {
	r := &vectorRules[v.Op&0xFFFF]
	r.emit(e, v, r)
}

// v3 is an instruction of the two operands; swapped3 of the two the other way round; not3 one whose result is complemented.
func v3(e *emitter, v *ir.Value, r *vectorRule) { e.a.v3(r.word, e.result, e.arg(v, 0), e.arg(v, 1)) }

func swapped3(e *emitter, v *ir.Value, r *vectorRule) {
	e.a.v3(r.word, e.result, e.arg(v, 1), e.arg(v, 0))
}

func not3(e *emitter, v *ir.Value, r *vectorRule) {
	v3(e, v, r)
	e.a.v2(neonNOT, e.result, e.result)
}

// v2 is an instruction of one operand.
func v2(e *emitter, v *ir.Value, r *vectorRule) { e.a.v2(r.word, e.result, e.arg(v, 0)) }

// then2 is two instructions of one operand, one after the other.
func then2(e *emitter, v *ir.Value, r *vectorRule) {
	e.a.v2(r.word, e.result, e.arg(v, 0))
	e.a.v2(r.more, e.result, e.result)
}

// accumulate is an instruction that adds to its result what it makes of the first two operands; BSL is like that.
func accumulate(e *emitter, v *ir.Value, r *vectorRule) {
	e.a.v3(r.word, e.result, e.arg(v, 0), e.arg(v, 1))
}

// vectorFloatRules are those of numbers.
func vectorFloatRules() map[ir.Op]vectorRule {
	rules := make(map[ir.Op]vectorRule)
	for i, d := range []uint32{0, neonDouble} {
		compare, arithmetic, minmax := wasm.OpF32x4Eq, wasm.OpF32x4Add, wasm.OpF32x4Abs
		if i == 1 {
			compare, arithmetic, minmax = wasm.OpF64x2Eq, wasm.OpF64x2Add, wasm.OpF64x2Abs
		}
		rules[compare] = vectorRule{emit: v3, word: neonFCMEQ | d}
		rules[compare+1] = vectorRule{emit: not3, word: neonFCMEQ | d}
		rules[compare+2] = vectorRule{emit: swapped3, word: neonFCMGT | d}
		rules[compare+3] = vectorRule{emit: v3, word: neonFCMGT | d}
		rules[compare+4] = vectorRule{emit: swapped3, word: neonFCMGE | d}
		rules[compare+5] = vectorRule{emit: v3, word: neonFCMGE | d}
		for k, w := range []uint32{neonFADD, neonFSUB, neonFMUL, neonFDIV, neonFMIN, neonFMAX} {
			rules[arithmetic+ir.Op(k)] = vectorRule{emit: v3, word: w | d}
		}
		rules[arithmetic+6] = vectorRule{emit: pseudo, word: neonFCMGT | d}
		rules[arithmetic+7] = vectorRule{emit: pseudo, word: neonFCMGT | d, more: 1}
		rules[minmax] = vectorRule{emit: v2, word: neonFABS | d}
		rules[minmax+1] = vectorRule{emit: v2, word: neonFNEG | d}
		rules[minmax+3] = vectorRule{emit: v2, word: neonFSQRT | d}
	}
	for op, w := range map[ir.Op]uint32{
		wasm.OpF32x4Ceil: neonFRINTP, wasm.OpF32x4Floor: neonFRINTM, wasm.OpF32x4Trunc: neonFRINTZ, wasm.OpF32x4Nearest: neonFRINTN,
		wasm.OpF64x2Ceil: neonFRINTP | neonDouble, wasm.OpF64x2Floor: neonFRINTM | neonDouble,
		wasm.OpF64x2Trunc: neonFRINTZ | neonDouble, wasm.OpF64x2Nearest: neonFRINTN | neonDouble,
		wasm.OpI32x4TruncSatF32x4S: neonFCVTZS, wasm.OpI32x4TruncSatF32x4U: neonFCVTZU,
		wasm.OpI32x4RelaxedTruncF32x4S: neonFCVTZS, wasm.OpI32x4RelaxedTruncF32x4U: neonFCVTZU,
		wasm.OpF32x4ConvertI32x4S: neonSCVTF, wasm.OpF32x4ConvertI32x4U: neonUCVTF,
		wasm.OpF32x4DemoteF64x2Zero: neonFCVTN, wasm.OpF64x2PromoteLowF32x4: neonFCVTL,
	} {
		rules[op] = vectorRule{emit: v2, word: w}
	}
	for op, w := range map[ir.Op][2]uint32{
		wasm.OpI32x4TruncSatF64x2SZero:     {neonFCVTZS | neonDouble, neonSQXTN | 2<<22},
		wasm.OpI32x4TruncSatF64x2UZero:     {neonFCVTZU | neonDouble, neonUQXTN | 2<<22},
		wasm.OpI32x4RelaxedTruncF64x2SZero: {neonFCVTZS | neonDouble, neonSQXTN | 2<<22},
		wasm.OpI32x4RelaxedTruncF64x2UZero: {neonFCVTZU | neonDouble, neonUQXTN | 2<<22},
		wasm.OpF64x2ConvertLowI32x4S:       {neonSSHLL | 32<<16, neonSCVTF | neonDouble},
		wasm.OpF64x2ConvertLowI32x4U:       {neonUSHLL | 32<<16, neonUCVTF | neonDouble},
	} {
		rules[op] = vectorRule{emit: then2, word: w[0], more: w[1]}
	}
	// Relaxed instructions do what the interpreter does: sums of products are rounded once.
	for op, w := range map[ir.Op]uint32{
		wasm.OpF32x4RelaxedMadd: neonFMLA, wasm.OpF32x4RelaxedNmadd: neonFMLS,
		wasm.OpF64x2RelaxedMadd: neonFMLA | neonDouble, wasm.OpF64x2RelaxedNmadd: neonFMLS | neonDouble,
	} {
		rules[op] = vectorRule{emit: accumulate, word: w, same: 3}
	}
	for op, w := range map[ir.Op]uint32{
		wasm.OpF32x4RelaxedMin: neonFMIN, wasm.OpF32x4RelaxedMax: neonFMAX,
		wasm.OpF64x2RelaxedMin: neonFMIN | neonDouble, wasm.OpF64x2RelaxedMax: neonFMAX | neonDouble,
	} {
		rules[op] = vectorRule{emit: v3, word: w}
	}
	return rules
}

// pseudo is pmin, b < a ? b : a, or with more pmax, a < b ? b : a.
func pseudo(e *emitter, v *ir.Value, r *vectorRule) {
	a, b := e.arg(v, 0), e.arg(v, 1)
	if r.more == 0 {
		e.a.v3(r.word, ftmp, a, b)
	} else {
		e.a.v3(r.word, ftmp, b, a)
	}
	e.a.v3(neonBSL, ftmp, b, a)
	e.a.movVec(e.result, ftmp, ir.V128)
}
