package interp

import "github.com/godwit-vm/godwit/wasm"

// atomic lowers the instructions of the threads proposal: see handlers_atomic.go for where things are.
func (l *lowerer) atomic(w wasm.Op) {
	if w == wasm.OpAtomicFence {
		l.skip(w)
		l.emit(opAtomicFence, 0, 0, 0, 0)
		return
	}
	mem, offset := l.memarg()
	info := w.Info()
	args := len(info.Params)
	wait := w == wasm.OpMemoryAtomicWait32 || w == wasm.OpMemoryAtomicWait64
	if wait {
		l.settleFrom(len(l.stack) - args)
		l.join() // the instruction may be made again, and must find its operands in their slots
		l.point(pointWait, l.current, len(l.code))
	}
	o := opAtomicModify
	switch {
	case wait:
		o = opAtomicWait
	case w == wasm.OpMemoryAtomicNotify:
		o = opAtomicNotify
	case w <= wasm.OpI64AtomicLoad32U:
		o = opAtomicLoad
	case w <= wasm.OpI64AtomicStore32:
		o = opAtomicStore
	case w >= wasm.OpI32AtomicRmwCmpxchg:
		o = opAtomicCompare
	}
	a := l.popArgs(args)
	l.emitClobber(o, a, int(mem), int(w&0xFF), offset)
	if len(info.Results) > 0 {
		l.push(info.Results[0])
	}
}

// wideArithmetic lowers the instructions of wide arithmetic: operands and results are in consecutive slots from a on.
func (l *lowerer) wideArithmetic(w wasm.Op) {
	a := l.popArgs(len(w.Info().Params))
	l.emitClobber(wideOps[w-wasm.OpI64Add128], a, 0, 0, 0)
	l.push(wasm.I64)
	l.push(wasm.I64)
}

// wideOps are the handlers of wide arithmetic, in the order of the opcodes.
var wideOps = [...]op{opI64Add128, opI64Sub128, opI64MulWideS, opI64MulWideU}
