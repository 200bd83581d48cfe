package arm64

import (
	"math"

	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// conversions are the instructions of one register to another, without the registers. FCVTZS and FCVTZU saturate, and make
// 0 of a NaN, as the saturating conversions have to; operands of those that trap have been checked.
var conversions = map[ir.Op]uint32{
	wasm.OpI32WrapI64:        0x2A0003E0, // MOV W
	wasm.OpI64ExtendI32U:     0x2A0003E0,
	wasm.OpI64ExtendI32S:     0x93407C00, // SXTW
	wasm.OpI32Extend8S:       0x13001C00, // SXTB W
	wasm.OpI32Extend16S:      0x13003C00, // SXTH W
	wasm.OpI64Extend8S:       0x93401C00, // SXTB X
	wasm.OpI64Extend16S:      0x93403C00, // SXTH X
	wasm.OpI64Extend32S:      0x93407C00, // SXTW
	wasm.OpI32TruncF32S:      0x1E380000, // FCVTZS W, S
	wasm.OpI32TruncF32U:      0x1E390000, // FCVTZU W, S
	wasm.OpI32TruncF64S:      0x1E780000, // FCVTZS W, D
	wasm.OpI32TruncF64U:      0x1E790000, // FCVTZU W, D
	wasm.OpI64TruncF32S:      0x9E380000, // FCVTZS X, S
	wasm.OpI64TruncF32U:      0x9E390000, // FCVTZU X, S
	wasm.OpI64TruncF64S:      0x9E780000, // FCVTZS X, D
	wasm.OpI64TruncF64U:      0x9E790000, // FCVTZU X, D
	wasm.OpI32TruncSatF32S:   0x1E380000,
	wasm.OpI32TruncSatF32U:   0x1E390000,
	wasm.OpI32TruncSatF64S:   0x1E780000,
	wasm.OpI32TruncSatF64U:   0x1E790000,
	wasm.OpI64TruncSatF32S:   0x9E380000,
	wasm.OpI64TruncSatF32U:   0x9E390000,
	wasm.OpI64TruncSatF64S:   0x9E780000,
	wasm.OpI64TruncSatF64U:   0x9E790000,
	wasm.OpF32ConvertI32S:    0x1E220000, // SCVTF S, W
	wasm.OpF32ConvertI32U:    0x1E230000, // UCVTF S, W
	wasm.OpF32ConvertI64S:    0x9E220000, // SCVTF S, X
	wasm.OpF32ConvertI64U:    0x9E230000, // UCVTF S, X
	wasm.OpF64ConvertI32S:    0x1E620000, // SCVTF D, W
	wasm.OpF64ConvertI32U:    0x1E630000, // UCVTF D, W
	wasm.OpF64ConvertI64S:    0x9E620000, // SCVTF D, X
	wasm.OpF64ConvertI64U:    0x9E630000, // UCVTF D, X
	wasm.OpF32DemoteF64:      0x1E624000, // FCVT S, D
	wasm.OpF64PromoteF32:     0x1E22C000, // FCVT D, S
	wasm.OpI32ReinterpretF32: 0x1E260000, // FMOV W, S
	wasm.OpI64ReinterpretF64: 0x9E660000, // FMOV X, D
	wasm.OpF32ReinterpretI32: 0x1E270000, // FMOV S, W
	wasm.OpF64ReinterpretI64: 0x9E670000, // FMOV D, X
}

// convert emits a conversion, and tells whether v is one.
func (e *emitter) convert(v *ir.Value) bool {
	w, ok := conversions[v.Op]
	if !ok {
		return false
	}
	if v.Site != nil {
		e.checkRange(v)
	}
	rn := uint32(e.arg(v, 0) & 31)
	if v.Op == wasm.OpI32WrapI64 || v.Op == wasm.OpI64ExtendI32U {
		rn <<= 16
	} else {
		rn <<= 5
	}
	e.a.word(w | rn | uint32(e.result&31))
	return true
}

// ranges are what the trapping conversions take: from lo on, or above it where the bound is not in the range, to below hi.
var ranges = map[ir.Op]struct {
	lo, hi float64
	above  bool
}{
	wasm.OpI32TruncF32S: {lo: -1 << 31, hi: 1 << 31},
	wasm.OpI32TruncF32U: {lo: -1, hi: 1 << 32, above: true},
	wasm.OpI32TruncF64S: {lo: -1<<31 - 1, hi: 1 << 31, above: true},
	wasm.OpI32TruncF64U: {lo: -1, hi: 1 << 32, above: true},
	wasm.OpI64TruncF32S: {lo: -1 << 63, hi: 1 << 63},
	wasm.OpI64TruncF32U: {lo: -1, hi: 1 << 64, above: true},
	wasm.OpI64TruncF64S: {lo: -1 << 63, hi: 1 << 63},
	wasm.OpI64TruncF64U: {lo: -1, hi: 1 << 64, above: true},
}

// checkRange traps if a conversion's operand has no integer.
func (e *emitter) checkRange(v *ir.Value) {
	r, ok := ranges[v.Op]
	if !ok {
		return
	}
	x, t, cmp := e.arg(v, 0), v.Args[0].Type, a64.AFCMPD
	if t == ir.F32 {
		cmp = a64.AFCMPS
	}
	bound := func(n float64) {
		bits := math.Float64bits(n)
		if t == ir.F32 {
			bits = uint64(math.Float32bits(float32(n)))
		}
		e.a.movFloat(ftmp, t, bits, 0)
		e.a.rrr(cmp, ir.NoReg, x, ftmp)
	}
	e.a.rrr(cmp, ir.NoReg, x, x)
	e.a.bcond(condVS, e.trapStub(v, interp.TrapInvalidConversion))
	overflow := e.trapStub(v, interp.TrapIntegerOverflow)
	bound(r.hi)
	e.a.bcond(condGE, overflow)
	bound(r.lo)
	if r.above {
		e.a.bcond(condLE, overflow)
	} else {
		e.a.bcond(condLT, overflow)
	}
}
