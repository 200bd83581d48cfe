package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Atomic accesses are sequentially consistent: loads are plain, stores exchange, and the rest is locked. That the address is aligned has
// been checked before.

func atomicRules() map[ir.Op]rule {
	m := map[ir.Op]rule{wasm.OpAtomicFence: {emit: func(e *emitter, v *ir.Value, r *rule) { e.plain(x86.AMFENCE) }}}
	for op := wasm.OpI32AtomicLoad; op <= wasm.OpI64AtomicRmw32CmpxchgU; op++ {
		a, _ := ir.AccessOf(op)
		switch {
		case !a.Store:
			m[op] = rule{uses: useMemoryLoad, emit: emitMemoryLoad, as: zeroExtending(a.Width)}
		case !a.Load:
			m[op] = rule{uses: useAtomicStore, emit: emitAtomicStore}
		case a.Rmw == ir.RmwCmpxchg:
			m[op] = rule{uses: useCmpxchg, emit: emitCmpxchg}
		case a.Rmw == ir.RmwAdd, a.Rmw == ir.RmwSub, a.Rmw == ir.RmwXchg:
			m[op] = rule{uses: useExchange, emit: emitExchange}
		default:
			m[op] = rule{uses: useModify, emit: emitModify}
		}
	}
	return m
}

// zeroExtending is the move that extends width bytes with zeros.
func zeroExtending(width int) obj.As {
	return byWidth(width, x86.AMOVBLZX, x86.AMOVWLZX, x86.AMOVL, x86.AMOVQ)
}

// byWidth is the one of four instructions that is for width bytes.
func byWidth(width int, b, w, l, q obj.As) obj.As {
	switch width {
	case 1:
		return b
	case 2:
		return w
	case 4:
		return l
	}
	return q
}

// locked emits an instruction with the prefix that makes it atomic. It is at the prefix that it may fault.
func (e *emitter) locked(as obj.As, from ir.Reg, to operand) {
	if to.fault != nil {
		e.faults = append(e.faults, siteMark{e.here(), to.fault, -1})
	}
	e.plain(x86.ALOCK)
	e.ins(as, reg(from), to)
}

// extendOld extends the value that was in memory.
func (e *emitter) extendOld(width int, r ir.Reg) {
	if width < 4 {
		e.ins(zeroExtending(width), reg(r), reg(r))
	}
}

func useAtomicStore(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useAddress(o, v)
	o.Reg(v.Args[2])
	o.IntTemps = 1
}

func emitAtomicStore(e *emitter, v *ir.Value, r *rule) {
	a, _ := ir.AccessOf(v.Op)
	to := e.takeAddress(v)
	value, t := e.takeReg(), e.instr.Temps[0]
	e.ins(x86.AMOVQ, reg(value), reg(t))
	e.emit(byWidth(a.Width, x86.AXCHGB, x86.AXCHGW, x86.AXCHGL, x86.AXCHGQ), reg(t), to)
}

// useExchange is the rule of what one instruction does; the old value comes in place of the operand, which is therefore listed first.
func useExchange(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[2])
	t.useAddress(o, v)
	t.same(o)
}

func emitExchange(e *emitter, v *ir.Value, r *rule) {
	a, _ := ir.AccessOf(v.Op)
	e.takeReg()
	to, d := e.takeAddress(v), e.dst()
	switch a.Rmw {
	case ir.RmwXchg:
		e.emit(byWidth(a.Width, x86.AXCHGB, x86.AXCHGW, x86.AXCHGL, x86.AXCHGQ), reg(d), to)
	case ir.RmwSub:
		e.ins(x86.ANEGQ, reg(d))
		fallthrough
	default:
		e.locked(byWidth(a.Width, x86.AXADDB, x86.AXADDW, x86.AXADDL, x86.AXADDQ), d, to)
	}
	e.extendOld(a.Width, d)
}

// useModify is the rule of what takes a loop: the old value is in AX, where the comparison wants it.
func useModify(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useAddress(o, v)
	o.Reg(v.Args[2])
	t.fixed(o, ax)
	o.Early = true
	o.IntTemps = 1
}

func emitModify(e *emitter, v *ir.Value, r *rule) {
	a, _ := ir.AccessOf(v.Op)
	to := e.takeAddress(v)
	value, t := e.takeReg(), e.instr.Temps[0]
	e.emit(zeroExtending(a.Width), to, reg(ax))
	again := e.bound()
	e.ins(x86.AMOVQ, reg(ax), reg(t))
	switch a.Rmw {
	case ir.RmwAnd:
		e.ins(x86.AANDQ, reg(value), reg(t))
	case ir.RmwOr:
		e.ins(x86.AORQ, reg(value), reg(t))
	default:
		e.ins(x86.AXORQ, reg(value), reg(t))
	}
	e.locked(cmpxchg(a.Width), t, to)
	e.jumpIf(condNE, again)
}

func cmpxchg(width int) obj.As {
	return byWidth(width, x86.ACMPXCHGB, x86.ACMPXCHGW, x86.ACMPXCHGL, x86.ACMPXCHGQ)
}

// useCmpxchg: the value expected is in AX, and the old one comes there.
func useCmpxchg(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useAddress(o, v)
	o.At(v.Args[2], ax)
	o.Reg(v.Args[3])
	t.fixed(o, ax)
}

// emitCmpxchg: of the value expected the bits of the access count. Where it is what was in memory it stays in AX, all of it.
func emitCmpxchg(e *emitter, v *ir.Value, r *rule) {
	a, _ := ir.AccessOf(v.Op)
	to := e.takeAddress(v)
	e.takeReg()
	e.locked(cmpxchg(a.Width), e.takeReg(), to)
	if a.Width < v.Args[2].Type.Size() {
		e.ins(zeroExtending(a.Width), reg(ax), reg(ax))
	}
}
