package amd64

import (
	"math/bits"

	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Divisions. By a constant they are products: x/d is the upper half of x*m, shifted, where m is 2^(N+s)/d rounded up (Granlund and
// Montgomery, "Division by Invariant Integers using Multiplication", 1994). By anything else they are the processor's, behind
// the checks that wasm wants.

// divKind are the four divisions in the order of their opcodes.
type divKind ir.Op

const (
	divS divKind = iota
	divU
	remS
	remU
)

func divKindOf(v *ir.Value) divKind {
	if is64(v) {
		return divKind(v.Op - wasm.OpI64DivS)
	}
	return divKind(v.Op - wasm.OpI32DivS)
}

func (k divKind) signed() bool { return k == divS || k == remS }
func (k divKind) rem() bool    { return k >= remS }

// divisor is the constant that v divides by, as a number of 64 bits; ok tells whether the division is done without dividing.
func divisor(v *ir.Value) (d int64, ok bool) {
	b := v.Args[1]
	if !isConst(b) {
		return 0, false
	}
	if divKindOf(v).signed() {
		d = immediateOf(b)
		low := int64(-1 << 31)
		if is64(v) {
			low = -1 << 63
		}
		return d, d > 1 || d < -1 && d != low
	}
	d = int64(b.Imm)
	if !is64(v) {
		d = int64(uint32(b.Imm))
	}
	return d, uint64(d) > 1
}

func useDiv(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	k := divKindOf(v)
	if d, ok := divisor(v); ok {
		switch {
		case k.signed() || log2(v.Args[1]) < 0:
			o.Reg(v.Args[0])
			o.Early = true
			if is64(v) && !(k.signed() && powerOf2(d)) {
				t.fixed(o, dx)
				o.Clobbers = o.Clobbers.With(ax)
			} else {
				o.Result = ir.AnyResult
			}
		default:
			o.Reg(v.Args[0])
			t.same(o)
		}
		return
	}
	o.At(v.Args[0], ax)
	o.Reg(v.Args[1])
	if k.rem() {
		t.fixed(o, dx)
		o.Early = true
		o.Clobbers = o.Clobbers.With(ax)
	} else {
		t.fixed(o, ax)
		o.Clobbers = o.Clobbers.With(dx)
	}
}

func powerOf2(d int64) bool { return bits.OnesCount64(absolute(d)) == 1 }

func absolute(d int64) uint64 {
	if d < 0 {
		return -uint64(d)
	}
	return uint64(d)
}

func emitDiv(e *emitter, v *ir.Value, r *rule) {
	k, wide := divKindOf(v), is64(v)
	if d, ok := divisor(v); ok {
		x := e.takeReg()
		switch {
		case k.signed() && powerOf2(d):
			e.divPower(k, wide, x, d, e.dst())
		case k.signed() && wide:
			e.divS64(k, x, d)
		case k.signed():
			e.divS32(k, x, d, e.dst())
		case log2(v.Args[1]) >= 0:
			e.divPowerU(k, wide, uint64(d), e.dst())
		case wide:
			e.divU64(k, x, uint64(d))
		default:
			e.divU32(k, x, uint64(d), e.dst())
		}
		return
	}
	e.takeReg()
	y := e.takeReg()
	if v.Site != nil {
		e.ins(sized(wide, x86.ATESTL, x86.ATESTQ), reg(y), reg(y))
		e.jumpIf(condEQ, e.trapAs(v, interp.TrapIntegerDivideByZero))
	}
	if !k.signed() {
		e.ins(x86.AXORL, reg(dx), reg(dx))
		e.source(sized(wide, x86.ADIVL, x86.ADIVQ), reg(y))
		return
	}
	if v.Site == nil && !k.rem() {
		e.plain(sized(wide, x86.ACDQ, x86.ACQO))
		e.source(sized(wide, x86.AIDIVL, x86.AIDIVQ), reg(y))
		return
	}
	// The lowest number by -1 is the one division that overflows, and a fault of the processor.
	e.ins(sized(wide, x86.ACMPL, x86.ACMPQ), reg(y), imm(-1))
	minus1, back := e.cold(func(back label) {
		if k.rem() {
			e.ins(x86.AXORL, reg(dx), reg(dx))
			e.jump(back)
			return
		}
		e.ins(sized(wide, x86.ANEGL, x86.ANEGQ), reg(ax))
		if v.Site != nil {
			e.jumpIf(condOS, e.trapAs(v, interp.TrapIntegerOverflow))
		}
		e.jump(back)
	})
	e.jumpIf(condEQ, minus1)
	e.plain(sized(wide, x86.ACDQ, x86.ACQO))
	e.source(sized(wide, x86.AIDIVL, x86.AIDIVQ), reg(y))
	e.bind(back)
}

// divPowerU divides d by 2^n in place.
func (e *emitter) divPowerU(k divKind, wide bool, c uint64, d ir.Reg) {
	n := int64(bits.TrailingZeros64(c))
	switch {
	case k == divU:
		e.ins(sized(wide, x86.ASHRL, x86.ASHRQ), imm(n), reg(d))
	case n <= 32:
		e.ins(x86.AANDL, imm(int64(int32(c-1))), reg(d))
	default:
		e.intTo(c-1, scratch)
		e.ins(x86.AANDQ, reg(scratch), reg(d))
	}
}

// divPower divides by 2^n or -2^n: what is negative is made larger by 2^n-1 before the shift, to round towards zero.
func (e *emitter) divPower(k divKind, wide bool, x ir.Reg, c int64, d ir.Reg) {
	n, width := int64(bits.TrailingZeros64(absolute(c))), widthOf(wide)
	mov := sized(wide, x86.AMOVL, x86.AMOVQ)
	e.ins(mov, reg(x), reg(d))
	if n > 1 {
		e.ins(sized(wide, x86.ASARL, x86.ASARQ), imm(width-1), reg(d))
	}
	e.ins(sized(wide, x86.ASHRL, x86.ASHRQ), imm(width-n), reg(d))
	e.ins(sized(wide, x86.AADDL, x86.AADDQ), reg(x), reg(d))
	if k == divS {
		e.ins(sized(wide, x86.ASARL, x86.ASARQ), imm(n), reg(d))
		if c < 0 {
			e.ins(sized(wide, x86.ANEGL, x86.ANEGQ), reg(d))
		}
		return
	}
	// The remainder is x minus that with its lower bits cleared.
	if mask := -int64(absolute(c)); mask == int64(int32(mask)) {
		e.ins(sized(wide, x86.AANDL, x86.AANDQ), imm(mask), reg(d))
	} else {
		e.intTo(uint64(mask), scratch)
		e.ins(x86.AANDQ, reg(scratch), reg(d))
	}
	e.ins(sized(wide, x86.ANEGL, x86.ANEGQ), reg(d))
	e.ins(sized(wide, x86.AADDL, x86.AADDQ), reg(x), reg(d))
}

// remOf makes x - d*c of the quotient d.
func (e *emitter) remOf(wide bool, x ir.Reg, c int64, d ir.Reg) {
	if !wide {
		e.ins(x86.AIMUL3L, imm(int64(int32(c))), reg(d), reg(d))
		e.ins(x86.ANEGL, reg(d))
		e.ins(x86.AADDL, reg(x), reg(d))
		return
	}
	if c == int64(int32(c)) {
		e.ins(x86.AIMUL3Q, imm(c), reg(d), reg(d))
	} else {
		e.intTo(uint64(c), scratch)
		e.ins(x86.AIMULQ, reg(scratch), reg(d))
	}
	e.ins(x86.ANEGQ, reg(d))
	e.ins(x86.AADDQ, reg(x), reg(d))
}

// reciprocal is the multiplier and shift for unsigned division of numbers of width bits by c, which is no power of two. If add,
// the multiplier has one bit more than m.
func reciprocal(width uint, c uint64) (m uint64, shift int64, add bool) {
	l := bits.Len64(c)
	for s := range l {
		hi, lo := uint64(1)<<s, uint64(0)
		if width == 32 {
			hi, lo = 0, 1<<32<<s
		}
		q, rem := bits.Div64(hi, lo, c)
		if e := c - rem; e <= 1<<s && (width == 64 && q+1 != 0 || q+1 < 1<<32) {
			return q + 1, int64(s), false
		}
	}
	over := -c // 2^l - c
	if l < 64 {
		over = 1<<l - c
	}
	hi, lo := over, uint64(0)
	if width == 32 {
		hi, lo = 0, over<<32
	}
	q, _ := bits.Div64(hi, lo, c)
	return q + 1, int64(l), true
}

func (e *emitter) divU32(k divKind, x ir.Reg, c uint64, d ir.Reg) {
	m, s, add := reciprocal(32, c)
	e.intTo(m, d)
	e.ins(x86.AIMULQ, reg(x), reg(d))
	if !add {
		e.ins(x86.ASHRQ, imm(32+s), reg(d))
	} else {
		e.ins(x86.ASHRQ, imm(32), reg(d))
		e.ins(x86.AMOVL, reg(x), reg(scratch))
		e.ins(x86.ASUBL, reg(d), reg(scratch))
		e.ins(x86.ASHRL, imm(1), reg(scratch))
		e.ins(x86.AADDL, reg(scratch), reg(d))
		e.ins(x86.ASHRL, imm(s-1), reg(d))
	}
	if k.rem() {
		e.remOf(false, x, int64(c), d)
	}
}

// divU64 leaves its result in DX, and so does divS64.
func (e *emitter) divU64(k divKind, x ir.Reg, c uint64) {
	m, s, add := reciprocal(64, c)
	e.intTo(m, ax)
	e.source(x86.AMULQ, reg(x))
	if !add {
		if s > 0 {
			e.ins(x86.ASHRQ, imm(s), reg(dx))
		}
	} else {
		e.ins(x86.AMOVQ, reg(x), reg(ax))
		e.ins(x86.ASUBQ, reg(dx), reg(ax))
		e.ins(x86.ASHRQ, imm(1), reg(ax))
		e.ins(x86.AADDQ, reg(ax), reg(dx))
		if s > 1 {
			e.ins(x86.ASHRQ, imm(s-1), reg(dx))
		}
	}
	if k.rem() {
		e.remOf(true, x, int64(c), dx)
	}
}

// signedReciprocal is the multiplier for division by c, between 2^(width-1) and 2^width, and the shift of the product's upper half.
func signedReciprocal(width uint, c uint64) (m uint64, shift int64) {
	s := bits.Len64(c-1) - 1
	hi, lo := uint64(1)<<s, uint64(0)
	if width == 32 {
		hi, lo = 0, 1<<32<<s
	}
	q, _ := bits.Div64(hi, lo, c)
	return q + 1, int64(s)
}

func (e *emitter) divS32(k divKind, x ir.Reg, c int64, d ir.Reg) {
	m, s := signedReciprocal(32, absolute(c))
	e.ins(x86.AMOVLQSX, reg(x), reg(d))
	e.intTo(m, scratch)
	e.ins(x86.AIMULQ, reg(scratch), reg(d))
	e.ins(x86.ASARQ, imm(32+s), reg(d))
	e.ins(x86.AMOVL, reg(x), reg(scratch))
	e.ins(x86.ASARL, imm(31), reg(scratch))
	e.ins(x86.ASUBL, reg(scratch), reg(d))
	if c < 0 {
		e.ins(x86.ANEGL, reg(d))
	}
	if k.rem() {
		e.remOf(false, x, c, d)
	}
}

func (e *emitter) divS64(k divKind, x ir.Reg, c int64) {
	m, s := signedReciprocal(64, absolute(c))
	e.intTo(m, ax)
	e.source(x86.AIMULQ, reg(x))
	e.ins(x86.AADDQ, reg(x), reg(dx)) // the multiplier is 2^64 larger than it is as a signed number
	if s > 0 {
		e.ins(x86.ASARQ, imm(s), reg(dx))
	}
	e.ins(x86.AMOVQ, reg(x), reg(ax))
	e.ins(x86.ASARQ, imm(63), reg(ax))
	e.ins(x86.ASUBQ, reg(ax), reg(dx))
	if c < 0 {
		e.ins(x86.ANEGQ, reg(dx))
	}
	if k.rem() {
		e.remOf(true, x, c, dx)
	}
}
