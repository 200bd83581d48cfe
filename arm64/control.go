package arm64

import (
	"encoding/binary"
	"math/bits"

	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// control emits what branches or leaves.
func (e *emitter) control(v *ir.Value) {
	switch v.Op {
	case ir.OpJump:
		e.jump(v.Block.Succs[0])
	case ir.OpIf:
		e.branchTwo(v)
	case ir.OpSwitch:
		e.switchTable(v)
	case ir.OpReturn:
		e.dropFrame()
		e.a.ret()
	case ir.OpTailCall, ir.OpTailCallRecord, ir.OpTailCallSelf:
		e.tailCall(v)
	case ir.OpTrapIf:
		e.branchIf(v.Args[0], true, e.newStub(v, nil))
	case ir.OpTrap, ir.OpExit:
		e.a.b(e.newStub(v, nil))
	case ir.OpPoll:
		back := e.a.newLabel()
		if e.f.Counts {
			e.a.ldst(ldrX, tmp, contextReg, int64(interp.CtxStep))
			e.a.rrr(a64.ASUBS, countReg, countReg, tmp)
			e.a.bcond(condLO, e.newStub(v, back))
		} else {
			e.a.ldst(ldrX, tmp, contextReg, int64(interp.CtxLimit))
			e.a.cbz(a64.ACBZ, tmp, e.newStub(v, back))
		}
		e.a.bind(back)
	case ir.OpLeave:
		e.leaveByJump(int64(interp.CtxLeave), v.Site)
		e.reloadMemory()
	case ir.OpCheckType:
		back := e.a.newLabel()
		e.a.ldst(ldrX, tmp, recordReg, funcTypeID)
		e.a.rrr(a64.ACMP, ir.NoReg, tmp, typeReg)
		e.a.bcond(condNE, e.newStub(v, back))
		e.a.bind(back)
	case ir.OpCall, ir.OpCallRecord:
		e.call(v)
	default:
		e.fail("no machine code for v%d (op %#x)", v.ID, uint32(v.Op))
	}
}

// dropFrame gives the machine frame up: the return address is in the link register then.
func (e *emitter) dropFrame() {
	e.adjustStack(a64.AADD)
	e.a.word(0xF84107E0 | uint32(linkReg)) // LDR LR, [SP], #16
}

// jump goes to b, by falling through if that comes next.
func (e *emitter) jump(b *ir.Block) {
	if b != e.next {
		e.a.b(e.labels[b.ID])
	}
}

func (e *emitter) branchTwo(v *ir.Value) {
	then, els := v.Block.Succs[0], v.Block.Succs[1]
	if then == e.next {
		e.branchIf(v.Args[0], false, e.labels[els.ID])
		return
	}
	e.branchIf(v.Args[0], true, e.labels[then.ID])
	e.jump(els)
}

// branchIf goes to a label if v is not zero, or, with sense false, if it is.
func (e *emitter) branchIf(v *ir.Value, sense bool, to label) {
	if !v.Folded {
		e.branchZero(e.reg(v), true, !sense, to)
		return
	}
	switch v.Op {
	case wasm.OpI32Eqz, wasm.OpI64Eqz:
		if x := v.Args[0]; x.Folded && x.Op != wasm.OpI32WrapI64 {
			e.branchIf(x, !sense, to)
			return
		}
		e.branchZero(e.first(v), v.Op == wasm.OpI32Eqz, sense, to)
		return
	case wasm.OpI32Eq, wasm.OpI32Ne, wasm.OpI64Eq, wasm.OpI64Ne:
		if isZero(v.Args[1]) {
			equal := v.Op == wasm.OpI32Eq || v.Op == wasm.OpI64Eq
			e.branchZero(e.first(v), v.Op <= wasm.OpI32GeU, equal == sense, to)
			return
		}
	case wasm.OpI32LtS, wasm.OpI32GeS, wasm.OpI64LtS, wasm.OpI64GeS:
		if isZero(v.Args[1]) {
			less := v.Op == wasm.OpI32LtS || v.Op == wasm.OpI64LtS
			bit := uint32(31)
			if v.Op > wasm.OpI32GeU {
				bit = 63
			}
			e.branchBit(e.first(v), bit, less == sense, to)
			return
		}
	case wasm.OpI32And, wasm.OpI64And:
		if c := v.Args[1]; c.Op == ir.OpConst && immediate(v, 1) && bits.OnesCount64(constant(c)) == 1 {
			e.branchBit(e.first(v), uint32(bits.TrailingZeros64(constant(c))), sense, to)
			return
		}
	}
	c := e.flags(v)
	if !sense {
		c ^= 1
	}
	e.a.bcond(c, to)
}

// branchZero goes to a label if a register is zero, or if it is not.
func (e *emitter) branchZero(r ir.Reg, narrow, zero bool, to label) {
	op := a64.ACBNZ
	switch {
	case narrow && zero:
		op = a64.ACBZW
	case narrow:
		op = a64.ACBNZW
	case zero:
		op = a64.ACBZ
	}
	e.a.cbz(op, r, to)
}

// branchBit goes to a label if a bit of a register is set, or if it is not.
func (e *emitter) branchBit(r ir.Reg, bit uint32, set bool, to label) {
	op := a64.ATBZ
	if set {
		op = a64.ATBNZ
	}
	e.a.tbz(op, r, bit, to)
}

// condition is the condition of the flags that says that v is not zero, after they have been set.
func (e *emitter) condition(v *ir.Value) cond {
	if v.Folded {
		return e.flags(v)
	}
	e.a.rri(a64.ACMPW, ir.NoReg, e.reg(v), 0)
	return condNE
}

// switchTable goes by a table of offsets behind the instruction. Few targets are compared with.
func (e *emitter) switchTable(v *ir.Value) {
	succs := v.Block.Succs
	index, last := e.arg(v, 0), len(succs)-1
	if last <= 3 {
		for i, b := range succs[:last] {
			if i == 0 {
				e.a.cbz(a64.ACBZW, index, e.labels[b.ID])
				continue
			}
			e.a.rri(a64.ACMPW, ir.NoReg, index, int64(i))
			e.a.bcond(condEQ, e.labels[b.ID])
		}
		e.jump(succs[last])
		return
	}
	e.a.movConst(tmp2, uint64(last))
	e.a.rrr(a64.ACMPW, ir.NoReg, index, tmp2)
	e.a.csel(a64.ACSELW, tmp, index, tmp2, condLO)
	at := e.a.newLabel()
	e.a.adr(tmp2, at)
	e.a.ldstIndex(ldrsWX, tmp, tmp2, tmp, extUXTX, true)
	e.a.rrr(a64.AADD, tmp, tmp, tmp2)
	e.a.br(tmp)
	e.a.bind(at)
	for range succs {
		e.a.word(0)
	}
	e.tables = append(e.tables, table{at, succs})
}

// fillTables writes the offsets of the targets into the tables.
func (e *emitter) fillTables(code []byte) {
	for _, t := range e.tables {
		at := t.at.Pc
		for i, b := range t.succs {
			binary.LittleEndian.PutUint32(code[at+int64(i)*4:], uint32(e.labels[b.ID].Pc-at))
		}
	}
}

// newStub is a stub for v that goes on at back, if there is one.
func (e *emitter) newStub(v *ir.Value, back label) label {
	at := e.a.newLabel()
	e.stubs = append(e.stubs, stub{at, back, v, e.in, v.Site})
	return at
}

// trapStub is a stub for a trap of v's instruction other than v.Site's.
func (e *emitter) trapStub(v *ir.Value, code interp.TrapCode) label {
	at := e.a.newLabel()
	e.stubs = append(e.stubs, stub{at, nil, v, e.in, &ir.Site{Kind: interp.SiteTrap, Pos: v.Site.Pos, Trap: code, Acc: -1}})
	return at
}

// stub emits a way out.
func (e *emitter) stub(s *stub) {
	e.a.bind(s.at)
	if s.value == nil {
		e.arguments(slotStores)
		e.leave(int64(interp.CtxLeaveSaving), &ir.Site{Kind: interp.SiteEntry, Acc: -1})
		e.sites[len(e.sites)-1].frame = 0
		e.a.b(s.back)
		return
	}
	e.line(s.value)
	e.in = s.instr
	for i, x := range s.site.State {
		e.storeSlot(uint64(x.Slot), s.instr.State[i], x.Value.Type)
	}
	if s.back == nil {
		e.leave(int64(interp.CtxLeave), s.site)
		return
	}
	e.leave(int64(interp.CtxLeaveSaving), s.site)
	e.a.b(s.back)
}
