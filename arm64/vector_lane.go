package arm64

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// vectorLaneRules are those of constants, lanes and their order. more is the size of lanes.
func vectorLaneRules() map[ir.Op]vectorRule {
	return map[ir.Op]vectorRule{
		wasm.OpV128Const:    {emit: vectorConst},
		wasm.OpI8x16Shuffle: {emit: shuffle},
		wasm.OpI8x16Swizzle: {emit: v3, word: neonTBL},

		wasm.OpI8x16RelaxedSwizzle: {emit: v3, word: neonTBL},

		wasm.OpI8x16Splat: {emit: v2, word: neonDUP | 1<<16},
		wasm.OpI16x8Splat: {emit: v2, word: neonDUP | 2<<16},
		wasm.OpI32x4Splat: {emit: v2, word: neonDUP | 4<<16},
		wasm.OpI64x2Splat: {emit: v2, word: neonDUP | 8<<16},
		wasm.OpF32x4Splat: {emit: v2, word: neonDUPLane | 4<<16},
		wasm.OpF64x2Splat: {emit: v2, word: neonDUPLane | 8<<16},

		wasm.OpI8x16ExtractLaneS: {emit: lane, word: neonSMOVW, more: 0},
		wasm.OpI8x16ExtractLaneU: {emit: lane, word: neonUMOVW, more: 0},
		wasm.OpI16x8ExtractLaneS: {emit: lane, word: neonSMOVW, more: 1},
		wasm.OpI16x8ExtractLaneU: {emit: lane, word: neonUMOVW, more: 1},
		wasm.OpI32x4ExtractLane:  {emit: lane, word: neonUMOVW, more: 2},
		wasm.OpI64x2ExtractLane:  {emit: lane, word: neonUMOVX, more: 3},
		wasm.OpF32x4ExtractLane:  {emit: lane, word: neonMOVLane, more: 2},
		wasm.OpF64x2ExtractLane:  {emit: lane, word: neonMOVLane, more: 3},

		wasm.OpI8x16ReplaceLane: {emit: replace, word: neonINS, more: 0, same: 1},
		wasm.OpI16x8ReplaceLane: {emit: replace, word: neonINS, more: 1, same: 1},
		wasm.OpI32x4ReplaceLane: {emit: replace, word: neonINS, more: 2, same: 1},
		wasm.OpI64x2ReplaceLane: {emit: replace, word: neonINS, more: 3, same: 1},
		wasm.OpF32x4ReplaceLane: {emit: replace, word: neonINSLane, more: 2, same: 1},
		wasm.OpF64x2ReplaceLane: {emit: replace, word: neonINSLane, more: 3, same: 1},
	}
}

func vectorConst(e *emitter, v *ir.Value, _ *vectorRule) {
	e.a.movFloat(e.result, ir.V128, v.Imm, v.Aux)
}

func lane(e *emitter, v *ir.Value, r *vectorRule) {
	e.a.v2(r.word|neonLane(r.more, uint32(v.Aux)), e.result, e.arg(v, 0))
}

func replace(e *emitter, v *ir.Value, r *vectorRule) {
	e.a.v2(r.word|neonLane(r.more, uint32(v.Aux)), e.result, e.arg(v, 1))
}

// lanes are a shuffle's.
func lanes(v *ir.Value) (l [16]uint8) {
	for i := range 8 {
		l[i], l[8+i] = uint8(v.Imm>>(8*i)), uint8(v.Aux>>(8*i))
	}
	return l
}

// shuffle is one instruction for the orders that are common, and else a look-up in the two registers ftmp and ftmp2.
func shuffle(e *emitter, v *ir.Value, _ *vectorRule) {
	a, b := e.arg(v, 0), e.arg(v, 1)
	l := lanes(v)
	if a == b {
		for i := range l {
			l[i] &= 15
		}
	}
	if e.simpleShuffle(l, a, b) {
		return
	}
	var lo, hi uint64
	one := true
	for i := range 8 {
		lo |= uint64(l[i]) << (8 * i)
		hi |= uint64(l[8+i]) << (8 * i)
		one = one && l[i] < 16 && l[8+i] < 16
	}
	if one {
		e.a.movFloat(ftmp, ir.V128, lo, hi)
		e.a.v3(neonTBL, e.result, a, ftmp)
		return
	}
	e.a.movVec(ftmp, a, ir.V128)
	e.a.movVec(ftmp2, b, ir.V128)
	e.a.movFloat(e.result, ir.V128, lo, hi)
	e.a.v3(neonTBL2, e.result, ftmp, e.result)
}

// simpleShuffle emits the shuffle if it is a single instruction.
func (e *emitter) simpleShuffle(l [16]uint8, a, b ir.Reg) bool {
	is := func(f func(i int) int) bool {
		for i := range l {
			if int(l[i]) != f(i) {
				return false
			}
		}
		return true
	}
	if a != b && l[0] >= 16 { // of b first, or of b alone
		swapped := l
		for i := range swapped {
			swapped[i] ^= 16
		}
		l, a, b = swapped, b, a
	}
	if n := int(l[0]); n < 16 {
		// Bytes that follow each other, of both or of one turned round.
		if is(func(i int) int { return i + n }) {
			if n == 0 {
				e.a.movVec(e.result, a, ir.V128)
			} else {
				e.a.v3(neonEXT|uint32(n)<<11, e.result, a, b)
			}
			return true
		}
		if is(func(i int) int { return (i + n) & 15 }) {
			e.a.v3(neonEXT|uint32(n)<<11, e.result, a, a)
			return true
		}
	}
	for size := range uint32(4) {
		bytes := 1 << size
		count := 16 / bytes
		// lanes makes bytes' indices of lanes' indices.
		lanes := func(f func(k int) int) func(i int) int {
			return func(i int) int {
				n := f(i/bytes)*bytes + i%bytes
				if a == b {
					n &= 15
				}
				return n
			}
		}
		if first := int(l[0]) / bytes; is(lanes(func(int) int { return first })) {
			e.a.v2(neonDUPLane|neonLane(size, uint32(first)), e.result, a)
			return true
		}
		for _, p := range []struct {
			word  uint32
			order func(k int) int
		}{
			{neonZIP1, func(k int) int { return k/2 + k%2*count }},
			{neonZIP2, func(k int) int { return count/2 + k/2 + k%2*count }},
			{neonUZP1, func(k int) int { return 2 * k }},
			{neonUZP2, func(k int) int { return 2*k + 1 }},
			{neonTRN1, func(k int) int { return k&^1 + k%2*count }},
			{neonTRN2, func(k int) int { return k&^1 + 1 + k%2*count }},
		} {
			if is(lanes(p.order)) {
				e.a.v3(p.word|neonSize(size), e.result, a, b)
				return true
			}
		}
		for i, w := range []uint32{neonREV64, neonREV32, neonREV16} {
			if group := 8 >> i; bytes < group && is(lanes(func(k int) int { return k ^ (group/bytes - 1) })) {
				e.a.v2(w|neonSize(size), e.result, a)
				return true
			}
		}
	}
	return false
}
