package arm64

import (
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/twitchyliquid64/golang-asm/obj"
)

// floatTable are the floating-point instructions of f32, from f32.abs on; those of f64 follow in the same order. FMIN and
// FMAX have wasm's rules for NaNs and zeros.
var floatTable = [...][2]obj.As{
	{a64.AFABSS, a64.AFABSD},
	{a64.AFNEGS, a64.AFNEGD},
	{a64.AFRINTPS, a64.AFRINTPD},
	{a64.AFRINTMS, a64.AFRINTMD},
	{a64.AFRINTZS, a64.AFRINTZD},
	{a64.AFRINTNS, a64.AFRINTND},
	{a64.AFSQRTS, a64.AFSQRTD},
	{a64.AFADDS, a64.AFADDD},
	{a64.AFSUBS, a64.AFSUBD},
	{a64.AFMULS, a64.AFMULD},
	{a64.AFDIVS, a64.AFDIVD},
	{a64.AFMINS, a64.AFMIND},
	{a64.AFMAXS, a64.AFMAXD},
}

// float emits a floating-point instruction, and tells whether v is one.
func (e *emitter) float(v *ir.Value) bool {
	if v.Op < wasm.OpF32Abs || v.Op > wasm.OpF64Copysign {
		return false
	}
	i, double := v.Op-wasm.OpF32Abs, 0
	if v.Op >= wasm.OpF64Abs {
		i, double = v.Op-wasm.OpF64Abs, 1
	}
	switch {
	case int(i) == len(floatTable):
		e.copysign(v)
	case len(v.Args) == 1:
		e.a.rr(floatTable[i][double], e.result, e.arg(v, 0))
	default:
		e.a.rrr(floatTable[i][double], e.result, e.arg(v, 0), e.arg(v, 1))
	}
	return true
}

// copysign inserts the sign bit of the second operand into the first, which is where the result is to be.
func (e *emitter) copysign(v *ir.Value) {
	f := uint32(ftmp & 31)
	if v.Type == ir.F32 {
		e.a.word(0x4F046400 | f) // MOVI V.4S, #0x80, LSL #24
	} else {
		e.a.word(0x6F00E400 | f)        // MOVI V.2D, #0
		e.a.word(0x6EE0F800 | f<<5 | f) // FNEG V.2D, V.2D
	}
	sign := uint32(e.in.Uses[len(e.in.Uses)-1].Reg & 31)
	e.a.word(0x2EA01C00 | f<<16 | sign<<5 | uint32(e.result&31)) // BIT V.8B
}

// selectValue is CSEL for integers, FCSEL for floats, and for vectors a mask made of the condition.
func (e *emitter) selectValue(v *ir.Value) {
	switch {
	case v.Type == ir.V128:
		c := e.condition(v.Args[2])
		e.a.word(0xDA9F03E0 | uint32(c^1)<<12 | uint32(tmp)) // CSETM X
		e.a.v2(neonDUP|neonLane(3, 0), ftmp, tmp)
		e.a.v3(neonBSL, ftmp, e.arg(v, 0), e.arg(v, 1))
		e.a.movVec(e.result, ftmp, ir.V128)
	case v.Type.Float():
		a, b := e.arg(v, 0), e.arg(v, 1)
		c := e.condition(v.Args[2])
		w := uint32(0x1E200C00)
		if v.Type == ir.F64 {
			w |= 1 << 22
		}
		e.a.word(w | uint32(b&31)<<16 | uint32(c)<<12 | uint32(a&31)<<5 | uint32(e.result&31))
	default:
		a, b := e.regOrZero(v, 0), e.regOrZero(v, 1)
		c := e.condition(v.Args[2])
		e.a.csel(width(v, a64.ACSEL, a64.ACSELW), e.result, a, b, c)
	}
}
