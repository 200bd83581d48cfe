package interp

import (
	"math"
	"math/bits"
	"unsafe"
)

// Instructions that do the work of two; lower_fuse.go says how they come about.

// copyTwo: a = b, then c = imm.
func copyTwo(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, pc.a) = *slot(fp, pc.b)
	acc = *slot(fp, uint16(pc.imm))
	*slot(fp, pc.c) = acc
	return next(pc), fp, acc, mb, ml, t
}

// constantJump: a = upper half of imm, then jump.
func constantJump(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	*slot(fp, pc.a) = pc.imm >> 32
	return target(pc), fp, acc, mb, ml, t
}

// f64MulAdd: a = imm + b * c. The conversion keeps the compiler from making one rounding of two.
func f64MulAdd(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	x, y := math.Float64frombits(*slot(fp, pc.b)), math.Float64frombits(*slot(fp, pc.c))
	z := math.Float64frombits(*slot(fp, uint16(pc.imm)))
	acc = math.Float64bits(z + float64(x*y))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// i32ShlAdd: a = b << imm + c.
func i32ShlAdd(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(uint32(*slot(fp, pc.b))<<(pc.imm&31) + uint32(*slot(fp, pc.c)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func i64ShlAdd(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = *slot(fp, pc.b)<<(pc.imm&63) + *slot(fp, pc.c)
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// i32XorRotl: a = rotl(b ^ c, imm).
func i32XorRotl(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(bits.RotateLeft32(uint32(*slot(fp, pc.b))^uint32(*slot(fp, pc.c)), int(pc.imm&31)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func i64XorRotl(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = bits.RotateLeft64(*slot(fp, pc.b)^*slot(fp, pc.c), int(pc.imm&63))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// i32RotlXor: a = rotl(b, imm) ^ c.
func i32RotlXor(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(bits.RotateLeft32(uint32(*slot(fp, pc.b)), int(pc.imm&31)) ^ uint32(*slot(fp, pc.c)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// i64ExtendAdd: a = zero-extended b + imm.
func i64ExtendAdd(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = uint64(uint32(*slot(fp, pc.b))) + pc.imm
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}
