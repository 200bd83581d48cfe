package interp

import (
	"github.com/godwit-vm/godwit/wasm"
)

// Vectors. Instructions on them name slots only: there are no constants of 128 bits, and the accumulator has room for half
// of one. What is known when lowering - lanes, counts of shifts, the pattern of a shuffle - chooses the instruction.

// vector lowers an instruction behind the prefix 0xFD.
func (l *lowerer) vector(w wasm.Op, info *wasm.OpInfo) {
	o := vectorOps[w&0xFFFF]
	switch info.Imm {
	case wasm.ImmMemarg:
		if w == wasm.OpV128Store {
			l.storeVector(o)
		} else {
			l.loadVector(w, o)
		}
	case wasm.ImmMemargLane:
		if w >= wasm.OpV128Store8Lane {
			l.storeLane(int(w-wasm.OpV128Store8Lane), o)
		} else {
			l.loadLane(int(w-wasm.OpV128Load8Lane), o)
		}
	case wasm.ImmLane:
		l.lane(w, info)
	case wasm.ImmV128:
		lo := l.fixed64()
		l.constVector(lo, l.fixed64())
	case wasm.ImmShuffle:
		l.shuffle()
	default:
		l.vectorOperation(w, o, info)
	}
}

// vectorOperation lowers an instruction without immediates.
func (l *lowerer) vectorOperation(w wasm.Op, o op, info *wasm.OpInfo) {
	params := info.Params
	top := l.stack[len(l.stack)-1]
	switch {
	case info.Results[0] != wasm.V128:
		b := l.popSlot()
		l.emitValue(o, l.dst(), b, 0, 0)
		l.push(info.Results[0])
		return
	case top.where == isConst && len(params) == 1:
		l.pop()
		v := splat(w, top.bits)
		l.constVector(v, v)
		return
	case top.where == isConst && vectorShiftOps[w&0xFFFF] != 0:
		l.pop()
		b := l.popSlot()
		l.emitWide(vectorShiftOps[w&0xFFFF], l.dst(), b, 0, top.bits)
		l.push(wasm.V128)
		return
	}
	var at [3]int
	for i := len(params) - 1; i >= 0; i-- {
		at[i] = l.popSlot()
	}
	l.emitWide(o, l.dst(), at[0], at[1], uint64(at[2]))
	l.push(wasm.V128)
}

// splat is one half of what the splat w makes of a constant.
func splat(w wasm.Op, bits uint64) uint64 {
	switch w {
	case wasm.OpI8x16Splat:
		return bits & 0xFF * low8
	case wasm.OpI16x8Splat:
		return bits & 0xFFFF * low16
	case wasm.OpI32x4Splat, wasm.OpF32x4Splat:
		return bits & even32 * low32
	}
	return bits
}

func (l *lowerer) constVector(lo, hi uint64) {
	if lo == hi {
		l.emitWide(opV128ConstSame, l.dst(), 0, 0, lo)
	} else {
		l.emitWide(opV128Const, l.dst(), 0, 0, lo)
		l.data(hi)
	}
	l.push(wasm.V128)
}

// data appends a word of data to the instruction before, which passes over it.
func (l *lowerer) data(imm uint64) { l.emit(opNop, 0, 0, 0, imm) }

// lanePlace is where a lane of 8<<log2 bits is, for instructions that write it; half and shift say it for those that
// read.
func lanePlace(log2, lane int) uint64 {
	half, shift := laneHalf(log2, lane)
	return shift<<32 | uint64(half)<<40
}

func laneHalf(log2, lane int) (half int, shift uint64) {
	bit := lane << (3 + log2)
	return bit / 64, uint64(bit % 64)
}

// lane lowers extract_lane and replace_lane.
func (l *lowerer) lane(w wasm.Op, info *wasm.OpInfo) {
	var o op
	var log2 int
	switch w {
	case wasm.OpI8x16ExtractLaneS:
		o = opExtractI8S
	case wasm.OpI8x16ExtractLaneU:
		o = opExtractI8U
	case wasm.OpI16x8ExtractLaneS:
		o, log2 = opExtractI16S, 1
	case wasm.OpI16x8ExtractLaneU:
		o, log2 = opExtractI16U, 1
	case wasm.OpI32x4ExtractLane, wasm.OpF32x4ExtractLane:
		o, log2 = opExtractI32, 2
	case wasm.OpI64x2ExtractLane, wasm.OpF64x2ExtractLane:
		o, log2 = opExtractI64, 3
	case wasm.OpI8x16ReplaceLane:
		o = opReplaceI8
	case wasm.OpI16x8ReplaceLane:
		o, log2 = opReplaceI16, 1
	case wasm.OpI32x4ReplaceLane, wasm.OpF32x4ReplaceLane:
		o, log2 = opReplaceI32, 2
	case wasm.OpI64x2ReplaceLane, wasm.OpF64x2ReplaceLane:
		o, log2 = opReplaceI64, 3
	}
	n := int(l.b[l.p])
	l.p++
	if info.Results[0] == wasm.V128 {
		c := l.popSlot()
		b := l.popSlot()
		l.emitWide(o, l.dst(), b, c, lanePlace(log2, n))
		l.push(wasm.V128)
		return
	}
	half, shift := laneHalf(log2, n)
	from := l.popSlot() + half
	if to := l.dst(); o == opExtractI64 && from == to {
		l.lastDst = -1 // it is there already; and what left a vector here is not to be told to leave it elsewhere
	} else {
		l.emitValue(o, to, from, 0, shift)
	}
	l.push(info.Results[0])
}

// popVectorAddress pops the address of an access that has forms for an address in one slot and, with sums, for sums.
func (l *lowerer) popVectorAddress(sums bool) address {
	if l.stack[len(l.stack)-1].where == isConst {
		return address{b: l.popSlot()}
	}
	return l.popAddress(sums)
}

// scalarAccess gives the scalar instructions that load and store 1<<log2 bytes. They do the access where a vector
// instruction has no form for its address.
var scalarAccess = [...]struct{ load, store wasm.Op }{
	{wasm.OpI32Load8U, wasm.OpI32Store8}, {wasm.OpI32Load16U, wasm.OpI32Store16}, {wasm.OpI32Load, wasm.OpI32Store}, {wasm.OpI64Load, wasm.OpI64Store},
}

// loadAny emits a load of 1<<log2 bytes from a general address into slot to.
func (l *lowerer) loadAny(log2, to int, mem uint32, offset uint64) {
	b := l.popSlot()
	l.emitValue(loadOps[scalarAccess[log2].load].any, to, b, int(mem), offset)
}

// loadVector lowers the loads that make a whole vector.
func (l *lowerer) loadVector(w wasm.Op, o op) {
	mem, offset := l.memarg()
	if l.plain(mem, offset) {
		switch a := l.popVectorAddress(w == wasm.OpV128Load); a.kind {
		case addrSum:
			l.emitWide(vectorSumOps[w&0xFFFF], l.dst(), a.b, a.c, offset)
		case addrSlotPlus:
			l.emitWide(vectorPlusOps[w&0xFFFF], l.dst(), a.b, 0, offset|uint64(a.value)<<32)
		default:
			l.emitWide(o, l.dst(), a.b, 0, offset)
		}
		l.push(wasm.V128)
		return
	}
	to := int(l.stack[len(l.stack)-1].home)
	switch w {
	case wasm.OpV128Load:
		b := l.popSlot()
		l.emitWide(vectorAnyOps[w&0xFFFF], to, b, int(mem), offset)
	case wasm.OpV128Load32Zero, wasm.OpV128Load64Zero:
		l.loadAny(int(w-wasm.OpV128Load32Zero)+2, to, mem, offset)
		l.emitValue(opConstant, to+1, 0, 0, 0)
		l.lastDst = -1
	default:
		then := scalarThen[w]
		l.loadAny(then.log2, to, mem, offset)
		l.emitWide(vectorOps[then.w&0xFFFF], to, to, 0, 0)
	}
	l.push(wasm.V128)
}

// scalarThen is what loads that extend or repeat are: a scalar load and an instruction on what it loaded.
var scalarThen = map[wasm.Op]struct {
	log2 int
	w    wasm.Op
}{
	wasm.OpV128Load8x8S: {3, wasm.OpI16x8ExtendLowI8x16S}, wasm.OpV128Load8x8U: {3, wasm.OpI16x8ExtendLowI8x16U},
	wasm.OpV128Load16x4S: {3, wasm.OpI32x4ExtendLowI16x8S}, wasm.OpV128Load16x4U: {3, wasm.OpI32x4ExtendLowI16x8U},
	wasm.OpV128Load32x2S: {3, wasm.OpI64x2ExtendLowI32x4S}, wasm.OpV128Load32x2U: {3, wasm.OpI64x2ExtendLowI32x4U},
	wasm.OpV128Load8Splat: {0, wasm.OpI8x16Splat}, wasm.OpV128Load16Splat: {1, wasm.OpI16x8Splat},
	wasm.OpV128Load32Splat: {2, wasm.OpI32x4Splat}, wasm.OpV128Load64Splat: {3, wasm.OpI64x2Splat},
}

func (l *lowerer) storeVector(o op) {
	const w = wasm.OpV128Store & 0xFFFF
	mem, offset := l.memarg()
	c := l.popSlot()
	if !l.plain(mem, offset) {
		l.emit(vectorAnyOps[w], int(mem), l.popSlot(), c, offset)
		return
	}
	switch a := l.popVectorAddress(true); a.kind {
	case addrSum:
		l.emit(vectorSumOps[w], a.c, a.b, c, offset)
	case addrSlotPlus:
		l.emit(vectorPlusOps[w], 0, a.b, c, offset|uint64(a.value)<<32)
	default:
		l.emit(o, 0, a.b, c, offset)
	}
}

// loadLane lowers a load of one lane of 1<<log2 bytes.
func (l *lowerer) loadLane(log2 int, o op) {
	mem, offset := l.memarg()
	place := lanePlace(log2, int(l.b[l.p]))
	l.p++
	c := l.popSlot()
	if l.plain(mem, offset) {
		b := l.popVectorAddress(false).b
		l.emitWide(o, l.dst(), b, c, offset|place)
	} else {
		// The number goes to the address's own slot, which the vector is not in.
		to := int(l.stack[len(l.stack)-1].home)
		l.loadAny(log2, to, mem, offset)
		l.emitWide([]op{opReplaceI8, opReplaceI16, opReplaceI32, opReplaceI64}[log2], to, c, to, place)
	}
	l.push(wasm.V128)
}

// storeLane lowers a store of one lane of 1<<log2 bytes.
func (l *lowerer) storeLane(log2 int, o op) {
	mem, offset := l.memarg()
	half, shift := laneHalf(log2, int(l.b[l.p]))
	l.p++
	v := l.pop()
	c := l.slotOf(v) + half
	if l.plain(mem, offset) {
		l.emit(o, 0, l.popVectorAddress(false).b, c, offset|shift<<32)
		return
	}
	b := l.popSlot()
	if log2 < 3 {
		l.emitValue([]op{opExtractI8U, opExtractI16U, opExtractI32}[log2], int(v.home), c, 0, shift)
		c = int(v.home)
	}
	l.emit(storeOps[scalarAccess[log2].store].any, int(mem), b, c, offset)
}

// shuffle lowers i8x16.shuffle. Most shuffles move lanes wider than a byte, or take bytes in a row.
func (l *lowerer) shuffle() {
	lanes := l.b[l.p : l.p+16]
	l.p += 16
	y, x := l.popSlot(), l.popSlot()
	to := l.dst()
	half := func(k int) int { // the slot of half k, counted on beyond the second operand
		if k&3 >= 2 {
			return y + k&1
		}
		return x + k&1
	}
	switch first := int(lanes[0]); {
	case wideLanes(lanes, 8):
		l.emitWide(opShuffle64, to, half(first/8), half(int(lanes[8])/8), 0)
	case inRow(lanes, x == y):
		k := first / 8
		l.emitWide(opShuffleSlide, to, half(k), half(k+1), uint64(first%8*8)|uint64(half(k+2))<<16)
	case wideLanes(lanes, 4):
		var slots uint64
		odd := 0
		for i := range 4 {
			k := int(lanes[i*4])
			slots |= uint64(half(k/8)) << (16 * i)
			odd |= k / 4 & 1 << i
		}
		l.emitWide(opShuffle32, to, 0, odd, slots)
	case wideLanes(lanes, 2):
		var offsets uint64
		for i := range 8 {
			offsets |= uint64(lanes[i*2]) << (8 * i)
		}
		l.emitWide(opShuffle16, to, x, y, offsets)
	default:
		r := reader{b: lanes}
		l.emitWide(opShuffle8, to, x, y, r.fixed64())
		l.data(r.fixed64())
	}
	l.push(wasm.V128)
}

// wideLanes tells whether a shuffle moves lanes of n bytes as wholes.
func wideLanes(lanes []byte, n int) bool {
	for i, k := range lanes {
		if i%n == 0 && int(k)%n != 0 || i%n != 0 && k != lanes[i-1]+1 {
			return false
		}
	}
	return true
}

// inRow tells whether a shuffle takes 16 bytes in a row; round the end when both operands are the same.
func inRow(lanes []byte, same bool) bool {
	for i, k := range lanes {
		if d := int(k) - int(lanes[0]) - i; d != 0 && !(same && d%16 == 0) {
			return false
		}
	}
	return true
}
