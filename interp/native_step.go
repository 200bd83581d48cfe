package interp

import (
	"sort"

	"github.com/godwit-vm/godwit/wasm"
)

// NativeStep is an instruction that machine code leaves to the interpreter: threaded code of its own, which takes its operands from their
// own slots, leaves its results there, and then stops. It is made by NativePoints.Step.
type NativeStep struct {
	code []instr
	at   int32 // the instruction of the function's code where the interpreter would stand, for backtraces and roots

	stack []wasm.ValType // what Step was given: whoever writes machine code down makes the step again from it
}

// Step makes the step for the instruction at offset; stack are the types of the operand stack before it. Of a branch on a
// cast it makes the test only: an i32 on top of the operands that stay, which is not zero where the branch is to be taken.
func (p *NativePoints) Step(offset uint32, stack []wasm.ValType) *NativeStep {
	l := p.l
	k := sort.Search(len(p.Points), func(k int) bool { return p.Points[k].Offset >= offset })
	l.code, l.offsets, l.layout = make([]instr, 0, 4), nil, false
	l.labels = append(l.labels[:0], label{kind: wasm.OpCall, results: l.ftype.Results, slot: l.operands, elsePatch: -1})
	l.stack = l.stack[:0]
	at := l.operands
	for _, t := range stack {
		l.stack = append(l.stack, operand{where: inSlot, home: uint16(at), typ: t})
		at += width(t)
	}
	l.barrier, l.lastDst, l.accSlot, l.marked = 0, -1, -1, -1
	l.p, l.current = int(offset-l.base), offset
	switch w := l.op(); w {
	case wasm.OpBrOnCast, wasm.OpBrOnCastFail, wasm.OpBrOnCastDescEq, wasm.OpBrOnCastDescEqFail:
		l.castStep(w)
	default:
		l.instruction(w)
	}
	l.settleFrom(0)
	l.emit(opStepDone, 0, 0, 0, 0)
	return &NativeStep{code: l.code, at: p.Points[k].Last, stack: stack}
}

// castStep lowers the test of a branch on a cast.
func (l *lowerer) castStep(w wasm.Op) {
	_, _, to := l.castOperands()
	var branch int
	if w == wasm.OpBrOnCast || w == wasm.OpBrOnCastFail {
		tt, imm := l.castTest(to)
		f := tt.brNot
		if w == wasm.OpBrOnCast {
			f = tt.br
		}
		branch = l.emit(f, 0, l.topSlot(), tt.null, imm<<32)
	} else {
		c := l.popSlot()
		f := opBrOnCastDescEqFail
		if w == wasm.OpBrOnCastDescEq {
			f = opBrOnCastDescEq
		}
		branch = l.emit(f, 0, l.topSlot(), c, bit(to.Nullable())<<32)
	}
	l.emit(opConstant, l.dst(), 0, 0, 0)
	around := l.emit(opJump, 0, 0, 0, 0)
	l.patch(branch, len(l.code))
	l.emit(opConstant, l.dst(), 0, 0, 1)
	l.patch(around, len(l.code))
	l.push(wasm.I32)
}
