package amd64

import (
	"encoding/binary"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// vectorLaneRules are those of single lanes, and of the order of lanes.
func vectorLaneRules() map[ir.Op]rule {
	m := map[ir.Op]rule{
		wasm.OpI8x16Splat: {uses: useExtend, emit: emitSplat, imm: 1},
		wasm.OpI16x8Splat: {uses: useExtend, emit: emitSplat, imm: 2},
		wasm.OpI32x4Splat: {uses: useExtend, emit: emitSplat, imm: 4},
		wasm.OpI64x2Splat: {uses: useExtend, emit: emitSplat, imm: 8},
		wasm.OpF32x4Splat: {uses: useExtend, emit: emitSplat, imm: 4},
		wasm.OpF64x2Splat: {uses: useExtend, emit: emitSplat, imm: 8},

		wasm.OpI8x16ExtractLaneU: extract(x86.APEXTRB, x86.AVPEXTRB, 0), wasm.OpI8x16ExtractLaneS: extract(x86.APEXTRB, x86.AVPEXTRB, x86.AMOVBLSX),
		wasm.OpI16x8ExtractLaneU: extract(x86.APEXTRW, x86.AVPEXTRW, 0), wasm.OpI16x8ExtractLaneS: extract(x86.APEXTRW, x86.AVPEXTRW, x86.AMOVWLSX),
		wasm.OpI32x4ExtractLane: extract(x86.APEXTRD, x86.AVPEXTRD, 0), wasm.OpI64x2ExtractLane: extract(x86.APEXTRQ, x86.AVPEXTRQ, 0),
		wasm.OpF32x4ExtractLane: {uses: useExtend, emit: emitExtractF32},
		wasm.OpF64x2ExtractLane: {uses: useExtend, emit: emitExtractF64},

		wasm.OpI8x16ReplaceLane: {uses: useReplace, emit: emitReplace, as: x86.APINSRB, vex: x86.AVPINSRB},
		wasm.OpI16x8ReplaceLane: {uses: useReplace, emit: emitReplace, as: x86.APINSRW, vex: x86.AVPINSRW},
		wasm.OpI32x4ReplaceLane: {uses: useReplace, emit: emitReplace, as: x86.APINSRD, vex: x86.AVPINSRD},
		wasm.OpI64x2ReplaceLane: {uses: useReplace, emit: emitReplace, as: x86.APINSRQ, vex: x86.AVPINSRQ},
		wasm.OpF32x4ReplaceLane: {uses: useReplace, emit: emitReplaceF32},
		wasm.OpF64x2ReplaceLane: {uses: useReplace, emit: emitReplaceF64},

		wasm.OpI8x16Shuffle:        {uses: inRegs(0), emit: emitShuffle},
		wasm.OpI8x16Swizzle:        {uses: useSwizzle, emit: emitSwizzle},
		wasm.OpI8x16RelaxedSwizzle: {uses: useSwizzle, emit: emitSwizzle},
	}
	return m
}

// splat8 and splat16 spread the lowest lane of d.
func (e *emitter) splat8(d ir.Reg) {
	if e.t.has.AVX2 {
		e.ins(x86.AVPBROADCASTB, reg(d), reg(d))
		return
	}
	e.zeroX(scratchX)
	e.three(x86.APSHUFB, x86.AVPSHUFB, reg(scratchX), d, d)
}

func (e *emitter) splat16(d ir.Reg) {
	if e.t.has.AVX2 {
		e.ins(x86.AVPBROADCASTW, reg(d), reg(d))
		return
	}
	e.shuffled(x86.APSHUFLW, x86.AVPSHUFLW, 0, reg(d), d)
	e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0, reg(d), d)
}

func emitSplat(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	if a < 32 {
		if r.imm == 8 {
			e.ins(e.pick(x86.AMOVQ, x86.AVMOVQ), reg(a), reg(d))
		} else {
			e.ins(e.pick(x86.AMOVL, x86.AVMOVD), reg(a), reg(d))
		}
		a = d
	}
	switch r.imm {
	case 1:
		e.splat8(d)
	case 2:
		e.splat16(d)
	case 4:
		e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0, reg(a), d)
	default:
		e.unary(x86.AMOVDDUP, x86.AVMOVDDUP, reg(a), d)
	}
}

// extract is the rule of extract_lane; extend is what makes the sign of it.
func extract(sse, vex, extend obj.As) rule {
	return rule{uses: useExtend, as: sse, vex: vex, emit: func(e *emitter, v *ir.Value, r *rule) {
		a, d := e.takeReg(), e.dst()
		switch {
		case v.Aux == 0 && sse == x86.APEXTRD:
			e.ins(e.pick(x86.AMOVL, x86.AVMOVD), reg(a), reg(d))
		case v.Aux == 0 && sse == x86.APEXTRQ:
			e.ins(e.pick(x86.AMOVQ, x86.AVMOVQ), reg(a), reg(d))
		default:
			e.ins(e.chosen(r), imm(int64(v.Aux)), reg(a), reg(d))
		}
		if extend != 0 {
			e.ins(extend, reg(d), reg(d))
		}
	}}
}

func emitExtractF32(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	if v.Aux == 0 {
		e.copyReg(ir.V128, a, d)
		return
	}
	e.shuffled(x86.APSHUFD, x86.AVPSHUFD, int64(v.Aux), reg(a), d)
}

func emitExtractF64(e *emitter, v *ir.Value, r *rule) {
	a, d := e.takeReg(), e.dst()
	if v.Aux == 0 {
		e.copyReg(ir.V128, a, d)
		return
	}
	e.shuffled(x86.APSHUFD, x86.AVPSHUFD, 0xEE, reg(a), d)
}

func useReplace(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Reg(v.Args[1])
	t.three(o)
}

func emitReplace(e *emitter, v *ir.Value, r *rule) {
	a, x := e.takeReg(), e.takeReg()
	e.combined(r.as, r.vex, int64(v.Aux), reg(x), a, e.dst())
}

func emitReplaceF32(e *emitter, v *ir.Value, r *rule) {
	a, x := e.takeReg(), e.takeReg()
	e.combined(x86.AINSERTPS, x86.AVINSERTPS, int64(v.Aux)<<4, reg(x), a, e.dst())
}

func emitReplaceF64(e *emitter, v *ir.Value, r *rule) {
	a, x, d := e.takeReg(), e.takeReg(), e.dst()
	if v.Aux == 0 {
		e.three(x86.AMOVSD, x86.AVMOVSD, reg(x), a, d)
		return
	}
	e.three(x86.AMOVLHPS, x86.AVMOVLHPS, reg(x), a, d)
}

func useSwizzle(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Reg(v.Args[1])
	t.three(o)
}

// emitSwizzle: an index from 16 on gets its highest bit set, which is what PSHUFB makes zeros of.
func emitSwizzle(e *emitter, v *ir.Value, r *rule) {
	a, index, d := e.takeReg(), e.takeReg(), e.dst()
	e.three(x86.APADDUSB, x86.AVPADDUSB, e.lanes8(0x70), index, scratchX)
	e.three(x86.APSHUFB, x86.AVPSHUFB, reg(scratchX), a, d)
}

// lanesOf are the lanes that a shuffle takes. When both operands are the same value, only the first counts.
func lanesOf(v *ir.Value) (l [16]byte) {
	binary.LittleEndian.PutUint64(l[:], v.Imm)
	binary.LittleEndian.PutUint64(l[8:], v.Aux)
	if v.Args[0] == v.Args[1] {
		for i := range l {
			l[i] &= 15
		}
	}
	return l
}

// wider tells the pattern in lanes of size bytes, if it moves such lanes as a whole.
func wider(l [16]byte, size int) ([]int, bool) {
	var w []int
	for i := 0; i < 16; i += size {
		for k := range size {
			if l[i+k] != l[i]+byte(k) || int(l[i])%size != 0 {
				return nil, false
			}
		}
		w = append(w, int(l[i])/size)
	}
	return w, true
}

// interleaving are the instructions that take turns with the lanes of a half of each operand.
var interleaving = []struct {
	size     int
	high     bool
	sse, vex obj.As
}{
	{1, false, x86.APUNPCKLBW, x86.AVPUNPCKLBW}, {1, true, x86.APUNPCKHBW, x86.AVPUNPCKHBW},
	{2, false, x86.APUNPCKLWL, x86.AVPUNPCKLWD}, {2, true, x86.APUNPCKHWL, x86.AVPUNPCKHWD},
	{4, false, x86.APUNPCKLLQ, x86.AVPUNPCKLDQ}, {4, true, x86.APUNPCKHLQ, x86.AVPUNPCKHDQ},
	{8, false, x86.APUNPCKLQDQ, x86.AVPUNPCKLQDQ}, {8, true, x86.APUNPCKHQDQ, x86.AVPUNPCKHQDQ},
}

// interleaves tells whether the pattern is that of an interleaving of lanes of size bytes.
func interleaves(l [16]byte, size int, high bool) bool {
	n := 16 / size
	for i := range n {
		lane := i / 2
		if high {
			lane += n / 2
		}
		if i%2 == 1 {
			lane += n
		}
		for k := range size {
			if int(l[i*size+k]) != lane*size+k {
				return false
			}
		}
	}
	return true
}

// rotation tells by how many bytes the pattern rotates both operands as one.
func rotation(l [16]byte) (int, bool) {
	for i := range l {
		if int(l[i]) != int(l[0])+i {
			return 0, false
		}
	}
	return int(l[0]), l[0] <= 16
}

func emitShuffle(e *emitter, v *ir.Value, r *rule) {
	l := lanesOf(v)
	a, b, d := e.takeReg(), e.takeReg(), e.dst()
	first, second := true, true // only lanes of the one or the other
	for _, x := range l {
		first, second = first && x < 16, second && x >= 16
	}
	if second {
		for i := range l {
			l[i] -= 16
		}
		a = b
	}
	if first || second {
		e.shuffleOne(l, a, d)
		return
	}
	for _, in := range interleaving {
		if interleaves(l, in.size, in.high) {
			e.three(in.sse, in.vex, reg(b), a, d)
			return
		}
	}
	if n, ok := rotation(l); ok {
		e.combined(x86.APALIGNR, x86.AVPALIGNR, int64(n), reg(a), b, d)
		return
	}
	if w, ok := wider(l, 4); ok && w[0] < 4 && w[1] < 4 && w[2] >= 4 && w[3] >= 4 {
		e.combined(x86.ASHUFPS, x86.AVSHUFPS, int64(w[0]|w[1]<<2|(w[2]-4)<<4|(w[3]-4)<<6), reg(b), a, d)
		return
	}
	if w, ok := wider(l, 2); ok {
		if mask, ok := blend(w); ok {
			e.combined(x86.APBLENDW, x86.AVPBLENDW, mask, reg(b), a, d)
			return
		}
	}
	// Both are shuffled, with zeros for what is the other's.
	var of [2][16]byte
	for i, x := range l {
		of[0][i], of[1][i] = 0x80, 0x80
		of[x>>4][i] = x & 15
	}
	e.three(x86.APSHUFB, x86.AVPSHUFB, e.bytes(of[1]), b, scratchX)
	e.three(x86.APSHUFB, x86.AVPSHUFB, e.bytes(of[0]), a, d)
	e.three(x86.APOR, x86.AVPOR, reg(scratchX), d, d)
}

// blend tells which lanes of 16 bits come from the second operand, if each stays where it is.
func blend(w []int) (mask int64, ok bool) {
	for i, x := range w {
		if x&7 != i {
			return 0, false
		}
		if x >= 8 {
			mask |= 1 << i
		}
	}
	return mask, true
}

// bytes is a vector in the pool.
func (e *emitter) bytes(b [16]byte) operand {
	return e.inPool(binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), 16)
}

// shuffleOne shuffles lanes of one operand.
func (e *emitter) shuffleOne(l [16]byte, a, d ir.Reg) {
	if w, ok := wider(l, 4); ok {
		e.shuffled(x86.APSHUFD, x86.AVPSHUFD, int64(w[0]|w[1]<<2|w[2]<<4|w[3]<<6), reg(a), d)
		return
	}
	e.three(x86.APSHUFB, x86.AVPSHUFB, e.bytes(l), a, d)
}
