package arm64

import (
	"math/bits"

	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Divisions. By a constant they are products: x/d is the upper half of x*m, shifted, where m is 2^(N+s)/d rounded up (Granlund and
// Montgomery, "Division by Invariant Integers using Multiplication", 1994). By anything else they are the processor's, behind
// the checks that wasm wants (int.go).

// divisor is the constant that v divides by, of which there is a product: its magnitude, and whether it is negative.
func divisor(v *ir.Value) (d uint64, negative, ok bool) {
	if len(v.Args) != 2 || v.Args[1].Op != ir.OpConst {
		return 0, false, false
	}
	x := v.Args[1]
	d = constant(x)
	switch v.Op {
	case wasm.OpI32DivU, wasm.OpI32RemU, wasm.OpI64DivU, wasm.OpI64RemU:
		return d, false, d > 1
	case wasm.OpI32DivS, wasm.OpI32RemS:
		if int32(d) < 0 {
			return negated(x), true, d != 1<<31 && d != 1<<32-1
		}
	case wasm.OpI64DivS, wasm.OpI64RemS:
		if int64(d) < 0 {
			return negated(x), true, d != 1<<63 && d != 1<<64-1
		}
	default:
		return 0, false, false
	}
	return d, false, d > 1
}

// divideConst emits v as a product, and tells whether it is one.
func (e *emitter) divideConst(v *ir.Value) bool {
	d, negative, ok := divisor(v)
	if !ok {
		return false
	}
	x, rem, quotient := e.first(v), false, e.result
	signed := false
	switch v.Op {
	case wasm.OpI32RemS, wasm.OpI64RemS:
		signed, rem = true, true
	case wasm.OpI32RemU, wasm.OpI64RemU:
		rem = true
	case wasm.OpI32DivS, wasm.OpI64DivS:
		signed = true
	}
	if rem {
		quotient = tmp // x is needed once more
	}
	wide := v.Type == ir.I64
	switch power := bits.OnesCount64(d) == 1; {
	case power && signed:
		e.quotientPower(v, quotient, x, uint32(bits.TrailingZeros64(d)))
	case power:
		e.a.rri(width(v, a64.ALSR, a64.ALSRW), quotient, x, int64(bits.TrailingZeros64(d)))
	case signed && wide:
		e.quotientS64(quotient, x, d)
	case signed:
		e.quotientS32(quotient, x, d)
	case wide:
		e.quotientU64(quotient, x, d)
	default:
		e.quotientU32(quotient, x, d)
	}
	switch {
	case rem: // x - d*(x/d), whatever d's sign
		e.a.movConst(tmp2, d)
		e.a.rrrr(width(v, a64.AMSUB, a64.AMSUBW), e.result, tmp, tmp2, x)
	case negative:
		e.a.rrr(width(v, a64.ASUB, a64.ASUBW), e.result, zr, e.result)
	}
	return true
}

// quotientPower divides by 2^n: what is negative is made larger by 2^n-1 before the shift, to round towards zero.
func (e *emitter) quotientPower(v *ir.Value, q, x ir.Reg, n uint32) {
	add, asr := width(v, a64.AADD, a64.AADDW), width(v, a64.AASR, a64.AASRW)
	size := uint32(v.Type.Size() * 8)
	sign := x
	if n > 1 {
		e.a.rri(asr, tmp, x, int64(size-1))
		sign = tmp
	}
	e.a.rrs(add, tmp, x, sign, shiftLSR, size-n)
	e.a.rri(asr, q, tmp, int64(n))
}

// quotientU32 needs no more than a product of 64 bits where m has 32; else it takes the upper half of one with 2^64/d.
func (e *emitter) quotientU32(q, x ir.Reg, d uint64) {
	s := uint32(bits.Len64(d - 1))
	if m := 1<<(32+s-1)/d + 1; m < 1<<32 && (m*d-1<<(32+s-1)) <= 1<<(s-1) {
		e.a.movConst(tmp, m)
		e.a.rrr(a64.AUMULL, tmp, x, tmp)
		e.a.rri(a64.ALSR, q, tmp, int64(32+s-1))
		return
	}
	m, _ := bits.Div64(1, 0, d)
	e.a.movConst(tmp2, m+1)
	e.a.movInt32(tmp, x)
	e.a.rrr(a64.AUMULH, q, tmp, tmp2)
}

// quotientS32 adds 1 to the quotient of what is negative.
func (e *emitter) quotientS32(q, x ir.Reg, d uint64) {
	s := uint32(bits.Len64(d - 1))
	e.a.movConst(tmp, 1<<(31+s)/d+1)
	e.a.word(0x93407C00 | uint32(x)<<5 | uint32(tmp2)) // SXTW
	e.a.rrr(a64.AMUL, tmp, tmp, tmp2)
	e.a.rri(a64.AASR, tmp, tmp, int64(31+s))
	e.a.rrs(a64.ASUBW, q, tmp, x, shiftASR, 31)
}

// quotientU64 has a factor of 65 bits, whose top bit is an addition that must not overflow.
func (e *emitter) quotientU64(q, x ir.Reg, d uint64) {
	s := uint32(bits.Len64(d - 1))
	m, _ := bits.Div64(1<<s-d, 0, d) // 1<<64 is 0, as it should be
	e.a.movConst(tmp, m+1)
	e.a.rrr(a64.AUMULH, tmp, tmp, x)
	e.a.rrr(a64.ASUB, tmp2, x, tmp)
	e.a.rrs(a64.AADD, tmp, tmp, tmp2, shiftLSR, 1)
	e.a.rri(a64.ALSR, q, tmp, int64(s-1))
}

// quotientS64 is quotientS32 with a factor that is negative as a number of 64 bits.
func (e *emitter) quotientS64(q, x ir.Reg, d uint64) {
	s := uint32(bits.Len64(d - 1))
	m, _ := bits.Div64(1<<(s-1), 0, d)
	e.a.movConst(tmp, m+1)
	e.a.rrr(a64.ASMULH, tmp, tmp, x)
	if int64(m+1) < 0 {
		e.a.rrr(a64.AADD, tmp, tmp, x)
	}
	if s > 1 {
		e.a.rri(a64.AASR, tmp, tmp, int64(s-1))
	}
	e.a.rrs(a64.ASUB, q, tmp, x, shiftASR, 63)
}
