package interp

import (
	"math/bits"
	"unsafe"
)

// Wide arithmetic: operands, the lower half first, and results are in consecutive slots from a on.

func i64Add128(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	lo, carry := bits.Add64(*slot(fp, pc.a), *slot(fp, pc.a+2), 0)
	hi, _ := bits.Add64(*slot(fp, pc.a+1), *slot(fp, pc.a+3), carry)
	*slot(fp, pc.a), *slot(fp, pc.a+1) = lo, hi
	return next(pc), fp, acc, mb, ml, t
}

func i64Sub128(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	lo, borrow := bits.Sub64(*slot(fp, pc.a), *slot(fp, pc.a+2), 0)
	hi, _ := bits.Sub64(*slot(fp, pc.a+1), *slot(fp, pc.a+3), borrow)
	*slot(fp, pc.a), *slot(fp, pc.a+1) = lo, hi
	return next(pc), fp, acc, mb, ml, t
}

func i64MulWideU(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	hi, lo := bits.Mul64(*slot(fp, pc.a), *slot(fp, pc.a+1))
	*slot(fp, pc.a), *slot(fp, pc.a+1) = lo, hi
	return next(pc), fp, acc, mb, ml, t
}

// i64MulWideS takes from the unsigned product what a negative factor's sign bit has added to it.
func i64MulWideS(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	x, y := *slot(fp, pc.a), *slot(fp, pc.a+1)
	hi, lo := bits.Mul64(x, y)
	hi -= x&uint64(int64(y)>>63) + y&uint64(int64(x)>>63)
	*slot(fp, pc.a), *slot(fp, pc.a+1) = lo, hi
	return next(pc), fp, acc, mb, ml, t
}
