package interp

import "unsafe"

// Vector instructions whose handlers have a shape of their own. All others are in simd_gen.go.

// vectorOpCount is one more than the last vector instruction's number behind its prefix.
const vectorOpCount = 0x114

// upper is the upper half of the vector in slots i and i+1.
func upper(fp unsafe.Pointer, i uint16) *uint64 {
	return (*uint64)(unsafe.Add(fp, uintptr(i)*8+8))
}

// afterData is the instruction behind pc and the word of data that follows it. Such a word is an instruction that does
// nothing, so that code can be walked; its imm is the datum.
func afterData(pc *instr) *instr { return next(next(pc)) }

// v128Const: the lower half is in imm, the upper one in the next word.
func v128Const(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, pc.a), *upper(fp, pc.a) = pc.imm, next(pc).imm
	return afterData(pc), fp, acc, mb, ml, t
}

// v128ConstSame: both halves are imm.
func v128ConstSame(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, pc.a), *upper(fp, pc.a) = pc.imm, pc.imm
	return next(pc), fp, acc, mb, ml, t
}

// Lanes chosen by number. The operands are laid out as bytes, little-endian, so that a lane is one load.

// vectorBytes are the bytes of one or two vectors.
type vectorBytes [32]byte

// put lays out half i.
func (b *vectorBytes) put(i int, x uint64) { put64(unsafe.Pointer(&b[i*8]), x) }

// i8x16Swizzle: lane i is lane c[i] of b, or zero where there is no such lane.
func i8x16Swizzle(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	var v vectorBytes
	v.put(0, *slot(fp, pc.b))
	v.put(1, *upper(fp, pc.b))
	y0, y1 := *slot(fp, pc.c), *upper(fp, pc.c)
	*slot(fp, pc.a) = (v.gather8(y0) | v.gather8(y0>>32)<<32) &^ spread(notZero(y0&(0xF0*low8), high8), 7)
	*upper(fp, pc.a) = (v.gather8(y1) | v.gather8(y1>>32)<<32) &^ spread(notZero(y1&(0xF0*low8), high8), 7)
	return next(pc), fp, acc, mb, ml, t
}

// gather8 reads the bytes whose numbers, modulo 32, are the lower four bytes of y.
func (b *vectorBytes) gather8(y uint64) uint64 {
	return uint64(b[y&31]) | uint64(b[y>>8&31])<<8 | uint64(b[y>>16&31])<<16 | uint64(b[y>>24&31])<<24
}

// shuffle8: lane i is lane k of b and c together, k being byte i of imm or, from lane 8 on, of the next word.
func shuffle8(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	var v vectorBytes
	v.put(0, *slot(fp, pc.b))
	v.put(1, *upper(fp, pc.b))
	v.put(2, *slot(fp, pc.c))
	v.put(3, *upper(fp, pc.c))
	y0, y1 := pc.imm, next(pc).imm
	*slot(fp, pc.a) = v.gather8(y0) | v.gather8(y0>>32)<<32
	*upper(fp, pc.a) = v.gather8(y1) | v.gather8(y1>>32)<<32
	return afterData(pc), fp, acc, mb, ml, t
}

// shuffle16: as shuffle8 for lanes of 16 bits; the bytes of imm are offsets in bytes.
func shuffle16(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	var v vectorBytes
	v.put(0, *slot(fp, pc.b))
	v.put(1, *upper(fp, pc.b))
	v.put(2, *slot(fp, pc.c))
	v.put(3, *upper(fp, pc.c))
	*slot(fp, pc.a), *upper(fp, pc.a) = v.gather16(pc.imm), v.gather16(pc.imm>>32)
	return next(pc), fp, acc, mb, ml, t
}

// gather16 reads the lanes of 16 bits at the offsets, even and below 32, in y's lower four bytes.
func (b *vectorBytes) gather16(y uint64) uint64 {
	p := unsafe.Pointer(b)
	return uint64(le16(unsafe.Add(p, y&30))) | uint64(le16(unsafe.Add(p, y>>8&30)))<<16 |
		uint64(le16(unsafe.Add(p, y>>16&30)))<<32 | uint64(le16(unsafe.Add(p, y>>24&30)))<<48
}

// shuffle32: the parts of imm are the slots from which the four lanes come, the lowest bits of c tell for each whether
// it is the upper lane there.
func shuffle32(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	from, odd := pc.imm, uint64(pc.c)
	x0 := pack32(uint32(*slot(fp, uint16(from))>>(odd&1<<5)), uint32(*slot(fp, uint16(from>>16))>>(odd>>1&1<<5)))
	x1 := pack32(uint32(*slot(fp, uint16(from>>32))>>(odd>>2&1<<5)), uint32(*slot(fp, uint16(from>>48))>>(odd>>3&1<<5)))
	*slot(fp, pc.a), *upper(fp, pc.a) = x0, x1
	return next(pc), fp, acc, mb, ml, t
}

// shuffle64: the lower half is slot b, the upper one slot c.
func shuffle64(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	x0, x1 := *slot(fp, pc.b), *slot(fp, pc.c)
	*slot(fp, pc.a), *upper(fp, pc.a) = x0, x1
	return next(pc), fp, acc, mb, ml, t
}

// shuffleSlide: 16 lanes in a row out of three halves, which are slots b and c and the one in imm from bit 16 on. They
// begin at bit imm&63 of the first.
func shuffleSlide(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	s := pc.imm & 63
	x, y, z := *slot(fp, pc.b), *slot(fp, pc.c), *slot(fp, uint16(pc.imm>>16))
	*slot(fp, pc.a), *upper(fp, pc.a) = x>>s|y<<(64-s), y>>s|z<<(64-s)
	return next(pc), fp, acc, mb, ml, t
}

// Single lanes. Lowering says which half, by its slot, and how far the lane is from the half's lowest bit.

func extractI8S(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(uint32(int8(*slot(fp, pc.b) >> (pc.imm & 63))))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func extractI8U(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(uint8(*slot(fp, pc.b) >> (pc.imm & 63)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func extractI16S(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(uint32(int16(*slot(fp, pc.b) >> (pc.imm & 63))))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func extractI16U(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(uint16(*slot(fp, pc.b) >> (pc.imm & 63)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func extractI32(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(uint32(*slot(fp, pc.b) >> (pc.imm & 63)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func extractI64(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = *slot(fp, pc.b)
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}
