package arm64

import (
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// vectorIntRules are those of integers, and of bits.
func vectorIntRules() map[ir.Op]vectorRule {
	rules := map[ir.Op]vectorRule{
		wasm.OpV128Not:       {emit: v2, word: neonNOT},
		wasm.OpV128And:       {emit: v3, word: neonAND},
		wasm.OpV128Andnot:    {emit: v3, word: neonBIC},
		wasm.OpV128Or:        {emit: v3, word: neonORR},
		wasm.OpV128Xor:       {emit: v3, word: neonEOR},
		wasm.OpV128Bitselect: {emit: accumulate, word: neonBSL, same: 3},
		wasm.OpV128AnyTrue:   {emit: anyTrue},

		wasm.OpI8x16Popcnt:       {emit: v2, word: neonCNT},
		wasm.OpI8x16AvgrU:        {emit: v3, word: neonURHADD},
		wasm.OpI16x8AvgrU:        {emit: v3, word: neonURHADD | 1<<22},
		wasm.OpI16x8Q15mulrSatS:  {emit: v3, word: neonSQRDMULH | 1<<22},
		wasm.OpI16x8Mul:          {emit: v3, word: neonMUL | 1<<22},
		wasm.OpI32x4Mul:          {emit: v3, word: neonMUL | 2<<22},
		wasm.OpI64x2Mul:          {emit: multiply64},
		wasm.OpI32x4DotI16x8S:    {emit: dot, word: neonSMULL | 1<<22, more: neonADDP | 2<<22},
		wasm.OpI8x16NarrowI16x8S: {emit: narrow, word: neonSQXTN},
		wasm.OpI8x16NarrowI16x8U: {emit: narrow, word: neonSQXTUN},
		wasm.OpI16x8NarrowI32x4S: {emit: narrow, word: neonSQXTN | 1<<22},
		wasm.OpI16x8NarrowI32x4U: {emit: narrow, word: neonSQXTUN | 1<<22},

		wasm.OpI16x8ExtaddPairwiseI8x16S: {emit: v2, word: neonSADDLP},
		wasm.OpI16x8ExtaddPairwiseI8x16U: {emit: v2, word: neonUADDLP},
		wasm.OpI32x4ExtaddPairwiseI16x8S: {emit: v2, word: neonSADDLP | 1<<22},
		wasm.OpI32x4ExtaddPairwiseI16x8U: {emit: v2, word: neonUADDLP | 1<<22},

		wasm.OpI8x16RelaxedLaneselect:        {emit: accumulate, word: neonBSL, same: 3},
		wasm.OpI16x8RelaxedLaneselect:        {emit: accumulate, word: neonBSL, same: 3},
		wasm.OpI32x4RelaxedLaneselect:        {emit: accumulate, word: neonBSL, same: 3},
		wasm.OpI64x2RelaxedLaneselect:        {emit: accumulate, word: neonBSL, same: 3},
		wasm.OpI16x8RelaxedQ15mulrS:          {emit: v3, word: neonSQRDMULH | 1<<22},
		wasm.OpI16x8RelaxedDotI8x16I7x16S:    {emit: dot, word: neonSMULL, more: neonADDP | 1<<22},
		wasm.OpI32x4RelaxedDotI8x16I7x16AddS: {emit: dotAdd, word: neonSMULL, more: neonADDP | 1<<22},
	}
	// Comparisons stand in the order eq, ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u.
	for size, first := range []ir.Op{wasm.OpI8x16Eq, wasm.OpI16x8Eq, wasm.OpI32x4Eq} {
		s := neonSize(uint32(size))
		for i, r := range []vectorRule{
			{emit: v3, word: neonCMEQ}, {emit: not3, word: neonCMEQ},
			{emit: swapped3, word: neonCMGT}, {emit: swapped3, word: neonCMHI}, {emit: v3, word: neonCMGT}, {emit: v3, word: neonCMHI},
			{emit: swapped3, word: neonCMGE}, {emit: swapped3, word: neonCMHS}, {emit: v3, word: neonCMGE}, {emit: v3, word: neonCMHS},
		} {
			r.word |= s
			rules[first+ir.Op(i)] = r
		}
	}
	for i, r := range []vectorRule{
		{emit: v3, word: neonCMEQ}, {emit: not3, word: neonCMEQ}, {emit: swapped3, word: neonCMGT}, {emit: v3, word: neonCMGT},
		{emit: swapped3, word: neonCMGE}, {emit: v3, word: neonCMGE},
	} {
		r.word |= neonSize(3)
		rules[wasm.OpI64x2Eq+ir.Op(i)] = r
	}
	// The instructions of a lane size have the same distances for all four sizes.
	for size := range uint32(4) {
		s, first := neonSize(size), wasm.OpI8x16Abs+ir.Op(size)*0x20
		rules[first] = vectorRule{emit: v2, word: neonABS | s}
		rules[first+1] = vectorRule{emit: v2, word: neonNEG | s}
		rules[first+3] = vectorRule{emit: allTrue, word: neonUMINV | s, more: size}
		rules[first+4] = vectorRule{emit: bitmask, more: size}
		rules[first+0xB] = vectorRule{emit: shiftLeft, more: size}
		rules[first+0xC] = vectorRule{emit: shiftRight, word: neonSSHL, more: size}
		rules[first+0xD] = vectorRule{emit: shiftRight, word: neonUSHL, more: size}
		rules[first+0xE] = vectorRule{emit: v3, word: neonADD | s}
		rules[first+0x11] = vectorRule{emit: v3, word: neonSUB | s}
		if size < 2 {
			rules[first+0xF] = vectorRule{emit: v3, word: neonSQADD | s}
			rules[first+0x10] = vectorRule{emit: v3, word: neonUQADD | s}
			rules[first+0x12] = vectorRule{emit: v3, word: neonSQSUB | s}
			rules[first+0x13] = vectorRule{emit: v3, word: neonUQSUB | s}
		}
		if size < 3 {
			for i, w := range []uint32{neonSMIN, neonUMIN, neonSMAX, neonUMAX} {
				rules[first+0x16+ir.Op(i)] = vectorRule{emit: v3, word: w | s}
			}
		}
		if size > 0 {
			half := size - 1
			for i, w := range []uint32{neonSSHLL, neonSSHLL | neonHigh, neonUSHLL, neonUSHLL | neonHigh} {
				rules[first+7+ir.Op(i)] = vectorRule{emit: v2, word: w | neonLeft(half, 0)}
			}
			for i, w := range []uint32{neonSMULL, neonSMULL | neonHigh, neonUMULL, neonUMULL | neonHigh} {
				rules[first+0x1C+ir.Op(i)] = vectorRule{emit: v3, word: w | neonSize(half)}
			}
		}
	}
	return rules
}

// fmovX copies the lower 64 bits of a vector to an integer register.
func (a *assembler) fmovX(rd, rn ir.Reg) { a.word(0x9E660000 | uint32(rn&31)<<5 | uint32(rd)) }

// fmovW copies the lower 32 bits.
func (a *assembler) fmovW(rd, rn ir.Reg) { a.word(0x1E260000 | uint32(rn&31)<<5 | uint32(rd)) }

// isSet sets the result by whether tmp is not zero.
func (e *emitter) isSet(c cond) {
	e.a.rri(a64.ACMP, ir.NoReg, tmp, 0)
	e.a.cset(a64.ACSET, e.result, c)
}

func anyTrue(e *emitter, v *ir.Value, r *vectorRule) {
	x := e.arg(v, 0)
	e.a.v3(neonUMAXP|neonSize(2), ftmp, x, x)
	e.a.fmovX(tmp, ftmp)
	e.isSet(condNE)
}

// allTrue is whether the least of the lanes is not zero. There is no such instruction for lanes of 64 bits: those that are zero become
// ones, and there are none.
func allTrue(e *emitter, v *ir.Value, r *vectorRule) {
	x := e.arg(v, 0)
	if r.more == 3 {
		e.a.v2(neonCMEQ0|neonSize(3), ftmp, x)
		e.a.v3(neonUMAXP|neonSize(2), ftmp, ftmp, ftmp)
		e.a.fmovX(tmp, ftmp)
		e.isSet(condEQ)
		return
	}
	e.a.v2(r.word, ftmp, x)
	e.a.fmovW(tmp, ftmp)
	e.isSet(condNE)
}

// bitmask spreads the sign bits over the lanes, keeps bit i in lane i, and adds the lanes.
func bitmask(e *emitter, v *ir.Value, r *vectorRule) {
	x, size := e.arg(v, 0), r.more
	if size == 3 {
		e.a.fmovX(tmp, x)
		e.a.v2(neonUMOVX|neonLane(3, 1), tmp2, x)
		e.a.rri(a64.ALSR, tmp, tmp, 63)
		e.a.rri(a64.ALSR, tmp2, tmp2, 63)
		e.a.rrs(a64.AADD, e.result, tmp, tmp2, shiftLSL, 1)
		return
	}
	switch size {
	case 0:
		e.a.movFloat(ftmp2, ir.V128, 0x8040201008040201, 0x8040201008040201)
	case 1:
		e.a.movFloat(ftmp2, ir.V128, 0x0008000400020001, 0x0080004000200010)
	case 2:
		e.a.movFloat(ftmp2, ir.V128, 0x0000000200000001, 0x0000000800000004)
	}
	e.a.v2(neonSSHR|neonRight(size, 8<<size-1), ftmp, x)
	e.a.v3(neonAND, ftmp, ftmp, ftmp2)
	if size == 0 {
		// A lane has no room for more than eight bits: the halves' bytes become the bytes of halfwords.
		e.a.v3(neonEXT|8<<11, ftmp2, ftmp, ftmp)
		e.a.v3(neonZIP1, ftmp, ftmp, ftmp2)
		size = 1
	}
	e.a.v2(neonADDV|neonSize(size), ftmp, ftmp)
	e.a.fmovW(e.result, ftmp)
}

// amount puts the amount of a shift, modulo the lanes' bits, into all lanes of ftmp, negated for a shift to the right.
func (e *emitter) amount(v *ir.Value, size uint32, right bool) {
	e.a.rri(a64.AANDW, tmp, e.arg(v, 1), int64(8<<size-1))
	if right {
		e.a.rrr(a64.ASUB, tmp, zr, tmp)
	}
	e.a.v2(neonDUP|neonLane(size, 0), ftmp, tmp)
}

// isShift tells whether op is a vector shift, whose amount may be an immediate.
func isShift(op ir.Op) bool {
	n := op & 0xFFFF
	return op>>16 == 0xFD && n >= 0x60 && n < 0xE0 && n&0x1F >= 0xB && n&0x1F <= 0xD
}

func shiftLeft(e *emitter, v *ir.Value, r *vectorRule) {
	if x := v.Args[1]; x.Op == ir.OpConst {
		e.a.v2(neonSHL|neonLeft(r.more, uint32(x.Imm)&(8<<r.more-1)), e.result, e.arg(v, 0))
		return
	}
	e.amount(v, r.more, false)
	e.a.v3(neonUSHL|neonSize(r.more), e.result, e.arg(v, 0), ftmp)
}

func shiftRight(e *emitter, v *ir.Value, r *vectorRule) {
	x := v.Args[1]
	if x.Op != ir.OpConst {
		e.amount(v, r.more, true)
		e.a.v3(r.word|neonSize(r.more), e.result, e.arg(v, 0), ftmp)
		return
	}
	n := uint32(x.Imm) & (8<<r.more - 1)
	if n == 0 {
		e.a.movVec(e.result, e.arg(v, 0), ir.V128)
		return
	}
	w := uint32(neonSSHR)
	if r.word == neonUSHL {
		w = neonUSHR
	}
	e.a.v2(w|neonRight(r.more, n), e.result, e.arg(v, 0))
}

// multiply64 multiplies lane by lane in integer registers.
func multiply64(e *emitter, v *ir.Value, _ *vectorRule) {
	a, b := e.arg(v, 0), e.arg(v, 1)
	e.a.fmovX(tmp, a)
	e.a.fmovX(tmp2, b)
	e.a.rrr(a64.AMUL, tmp, tmp, tmp2)
	e.a.v2(0x9E670000, ftmp, tmp) // FMOV D, X
	e.a.v2(neonUMOVX|neonLane(3, 1), tmp, a)
	e.a.v2(neonUMOVX|neonLane(3, 1), tmp2, b)
	e.a.rrr(a64.AMUL, tmp, tmp, tmp2)
	e.a.v2(neonINS|neonLane(3, 1), ftmp, tmp)
	e.a.movVec(e.result, ftmp, ir.V128)
}

// products leaves in ftmp the sums of pairs of products.
func (e *emitter) products(v *ir.Value, r *vectorRule) {
	a, b := e.arg(v, 0), e.arg(v, 1)
	e.a.v3(r.word, ftmp, a, b)
	e.a.v3(r.word|neonHigh, ftmp2, a, b)
	e.a.v3(r.more, ftmp, ftmp, ftmp2)
}

func dot(e *emitter, v *ir.Value, r *vectorRule) {
	e.products(v, r)
	e.a.movVec(e.result, ftmp, ir.V128)
}

func dotAdd(e *emitter, v *ir.Value, r *vectorRule) {
	e.products(v, r)
	e.a.v2(neonSADDLP|neonSize(1), ftmp, ftmp)
	e.a.v3(neonADD|neonSize(2), e.result, ftmp, e.arg(v, 2))
}

// narrow writes the lower half of the result before it has read the second operand.
func narrow(e *emitter, v *ir.Value, r *vectorRule) {
	e.a.v2(r.word, ftmp, e.arg(v, 0))
	e.a.v2(r.word|neonHigh, ftmp, e.arg(v, 1))
	e.a.movVec(e.result, ftmp, ir.V128)
}
