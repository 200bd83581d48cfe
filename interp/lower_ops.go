package interp

import (
	"math"

	"github.com/godwit-vm/godwit/wasm"
)

// instruction lowers one instruction of the body.
func (l *lowerer) instruction(w wasm.Op) {
	if l.labels[len(l.labels)-1].dead {
		l.skipDead(w)
		return
	}
	switch w {
	case wasm.OpNop:
	case wasm.OpUnreachable:
		l.emit(opUnreachable, 0, 0, 0, 0)
		l.die()
	case wasm.OpBlock, wasm.OpLoop, wasm.OpIf:
		l.open(w)
	case wasm.OpElse:
		l.elseBranch()
	case wasm.OpEnd:
		l.close()
	case wasm.OpBr:
		l.br(l.u32())
		l.die()
	case wasm.OpBrIf:
		l.brIf(l.u32())
	case wasm.OpBrTable:
		l.brTable()
	case wasm.OpReturn:
		l.ret()
		l.die()
	case wasm.OpCall, wasm.OpReturnCall:
		l.call(w)
	case wasm.OpCallIndirect, wasm.OpReturnCallIndirect:
		l.callIndirect(w)
	case wasm.OpTry, wasm.OpTryTable, wasm.OpCatch, wasm.OpCatchAll, wasm.OpDelegate, wasm.OpThrow, wasm.OpThrowRef, wasm.OpRethrow:
		l.exception(w)

	case wasm.OpDrop:
		l.pop()
	case wasm.OpSelect:
		l.selectValue()
	case wasm.OpSelectT:
		l.u32() // the one type
		t := l.valType(l.m)
		l.selectValue()
		l.retype(t)
	case wasm.OpLocalGet:
		l.pushLocal(l.u32())
	case wasm.OpLocalSet:
		l.setLocal(l.localSlot(l.u32()), l.pop())
	case wasm.OpLocalTee:
		x := l.u32()
		l.setLocal(l.localSlot(x), l.pop())
		l.pushLocal(x)
	case wasm.OpGlobalGet:
		x := l.u32()
		t := l.m.GlobalTypes[x].Type
		if t == wasm.V128 {
			l.emitWide(opGlobalGetWide, l.dst(), 0, 0, uint64(x))
		} else {
			l.emitValue(opGlobalGet, l.dst(), 0, 0, uint64(x))
		}
		l.push(t)
	case wasm.OpGlobalSet:
		x := l.u32()
		if l.m.GlobalTypes[x].Type == wasm.V128 {
			l.emit(opGlobalSetWide, 0, l.popSlot(), 0, uint64(x))
		} else {
			l.emit(opGlobalSet, 0, l.popSlot(), 0, uint64(x))
		}

	case wasm.OpI32Const:
		l.pushConst(wasm.I32, uint64(uint32(l.s32())))
	case wasm.OpI64Const:
		l.pushConst(wasm.I64, uint64(l.s64()))
	case wasm.OpF32Const:
		l.pushConst(wasm.F32, uint64(l.fixed32()))
	case wasm.OpF64Const:
		l.pushConst(wasm.F64, l.fixed64())
	case wasm.OpI32Eqz, wasm.OpI64Eqz:
		l.eqz(w)
	case wasm.OpI32ReinterpretF32:
		l.retype(wasm.I32)
	case wasm.OpI64ReinterpretF64:
		l.retype(wasm.I64)
	case wasm.OpF32ReinterpretI32:
		l.retype(wasm.F32)
	case wasm.OpF64ReinterpretI64:
		l.retype(wasm.F64)

	case wasm.OpI32Sub, wasm.OpI64Sub:
		l.sub(w)

	default:
		l.regular(w)
	}
}

// regular lowers the instructions that only the tables know apart.
func (l *lowerer) regular(w wasm.Op) {
	info := w.Info()
	switch {
	case w < 256 && binaryOps[w].rr != 0:
		l.binary(w, info)
	case w == wasm.OpI32WrapI64 && l.fuseWrap():
		l.push(wasm.I32)
	case w < 256 && unaryOps[w].r != 0:
		l.unary(unaryOps[w], info.Results[0])
	case w < 256 && loadOps[w].r != 0:
		l.load(w, info)
	case w < 256 && storeOps[w].rR != 0:
		l.store(w)
	case w >= wasm.OpI32TruncSatF32S && w <= wasm.OpI64TruncSatF64U:
		l.unary(unaryOps[256|w&0xFF], info.Results[0])
	case l.reference(w):
	case w>>16 == 0xFE:
		l.atomic(w)
	case w >= wasm.OpI64Add128 && w <= wasm.OpI64MulWideU:
		l.wideArithmetic(w)
	case w>>16 == 0xFD:
		l.vector(w, info)
	default:
		l.bulk(w)
	}
}

// bulk lowers what works on whole memories and tables. Operands are in consecutive slots from a on, the value goes to
// a, indices are in imm: the first in the low half.
func (l *lowerer) bulk(w wasm.Op) {
	var args int
	var o op
	var imm uint64
	result := wasm.ValType(0)
	index := func() uint64 { return uint64(l.u32()) }
	switch w {
	case wasm.OpMemorySize:
		imm = index()
		o, result = opMemorySize, l.memoryAddr(imm)
	case wasm.OpMemoryGrow:
		imm = index()
		o, args, result = opMemoryGrow, 1, l.memoryAddr(imm)
	case wasm.OpMemoryCopy:
		o, args, imm = opMemoryCopy, 3, index()|index()<<32
	case wasm.OpMemoryFill:
		o, args, imm = opMemoryFill, 3, index()
	case wasm.OpMemoryInit:
		o, args, imm = opMemoryInit, 3, index()|index()<<32
	case wasm.OpDataDrop:
		o, imm = opDataDrop, index()
	case wasm.OpTableGet:
		imm = index()
		o, args, result = opTableGet, 1, l.m.TableTypes[imm].Elem
	case wasm.OpTableSet:
		o, args, imm = opTableSet, 2, index()
	case wasm.OpTableSize:
		imm = index()
		o, result = opTableSize, l.tableAddr(imm)
	case wasm.OpTableGrow:
		imm = index()
		o, args, result = opTableGrow, 2, l.tableAddr(imm)
	case wasm.OpTableCopy:
		o, args, imm = opTableCopy, 3, index()|index()<<32
	case wasm.OpTableFill:
		o, args, imm = opTableFill, 3, index()
	case wasm.OpTableInit:
		o, args, imm = opTableInit, 3, index()|index()<<32
	case wasm.OpElemDrop:
		o, imm = opElemDrop, index()
	default:
		panic("godwit: " + w.String() + " passed validation but cannot be lowered")
	}
	a := l.popArgs(args)
	l.reserve(1)
	l.emitClobber(o, a, 0, 0, imm)
	if result != 0 {
		l.push(result)
	}
}

func (l *lowerer) memoryAddr(i uint64) wasm.ValType { return addrType(l.m.MemoryTypes[i].Limits) }
func (l *lowerer) tableAddr(i uint64) wasm.ValType  { return addrType(l.m.TableTypes[i].Limits) }

func addrType(l wasm.Limits) wasm.ValType {
	if l.Is64 {
		return wasm.I64
	}
	return wasm.I32
}

// sub turns the subtraction of a constant into the addition of its negative, so that one shape serves both.
func (l *lowerer) sub(w wasm.Op) {
	top := &l.stack[len(l.stack)-1]
	if top.where == isConst {
		if w == wasm.OpI32Sub {
			top.bits, w = uint64(-uint32(top.bits)), wasm.OpI32Add
		} else {
			top.bits, w = -top.bits, wasm.OpI64Add
		}
	}
	l.binary(w, w.Info())
}

// eqz turns a comparison that has just been made into its opposite, else compares with zero.
func (l *lowerer) eqz(w wasm.Op) {
	o := l.pop()
	if in := l.last(o); in != nil && w == wasm.OpI32Eqz {
		if inv := inverses[in.op&^safepoint]; inv != 0 {
			in.op = inv | in.op&safepoint
			in.code = codes[inv]
			l.push(wasm.I32)
			return
		}
	}
	l.unaryOf(o, unaryOps[w])
	l.push(wasm.I32)
}

// retype gives the top operand another type over the same bits.
func (l *lowerer) retype(t wasm.ValType) { l.stack[len(l.stack)-1].typ = t }

// selectValue lowers select: a = imm's slot is not zero ? b : c.
func (l *lowerer) selectValue() {
	cond := l.popSlot()
	y, x := l.pop(), l.pop()
	ys := l.slotOf(y)
	xs := l.slotOf(x)
	if x.typ == wasm.V128 {
		l.emitWide(opSelectWide, l.dst(), xs, ys, uint64(cond))
	} else {
		l.emitValue(opSelectSlot, l.dst(), xs, ys, uint64(cond))
	}
	l.push(x.typ)
}

// comparison tells how a lowered comparison's operands and the wasm instruction can be had back from it, so that a
// branch can take its place.
type comparison struct {
	w    wasm.Op
	a, i bool // first operand in the accumulator, second one in the instruction
	ra   bool // second operand in the accumulator
}

var (
	comparisonOf [opCount]comparison
	inverses     [opCount]op // the opposite of an integer comparison, in the same shape
)

func init() {
	for w := range branchOps {
		b, f := &branchOps[w], &binaryOps[w]
		if b.rr == 0 {
			continue
		}
		comparisonOf[f.rr] = comparison{w: wasm.Op(w)}
		if b.ri != 0 {
			comparisonOf[f.ri] = comparison{w: wasm.Op(w), i: true}
			comparisonOf[f.ar] = comparison{w: wasm.Op(w), a: true}
			comparisonOf[f.ai] = comparison{w: wasm.Op(w), a: true, i: true}
			if f.ra != 0 {
				comparisonOf[f.ra] = comparison{w: wasm.Op(w), ra: true}
			}
		} else {
			comparisonOf[f.ar] = comparison{w: wasm.Op(w)} // the slot holds the value too
			if f.ra != 0 {
				comparisonOf[f.ra] = comparison{w: wasm.Op(w)}
			}
		}
		if b.inverse != 0 {
			g := &binaryOps[b.inverse]
			inverses[f.rr], inverses[f.ri], inverses[f.ar], inverses[f.ai] = g.rr, g.ri, g.ar, g.ai
			if f.ra != 0 {
				inverses[f.ra] = g.ra
			}
		}
	}
	for _, w := range []wasm.Op{wasm.OpI32Eqz, wasm.OpI64Eqz} {
		eq := wasm.OpI32Eq
		if w == wasm.OpI64Eqz {
			eq = wasm.OpI64Eq
		}
		comparisonOf[unaryOps[w].r] = comparison{w: eq, i: true}
		comparisonOf[unaryOps[w].a] = comparison{w: eq, a: true, i: true}
	}
}

// branchOn emits a branch that is taken when the operand, which was popped, is not zero (or, with want false, when it
// is), and returns its index. Its distance is filled in later. A comparison just made becomes part of it.
func (l *lowerer) branchOn(o operand, want bool) int {
	if in := l.last(o); in != nil {
		if at, ok := l.fuseBranch(*in, want); ok {
			return at
		}
		if at, ok := l.fuseTest(*in, want); ok {
			return at
		}
	}
	s := l.slotOf(o)
	if at, ok := l.fuseAddBranch(len(l.code)-1, instr{b: uint16(s)}, comparison{w: wasm.OpI32Ne, i: true}, want); ok {
		return at
	}
	b := &branchOps[wasm.OpI32Ne]
	if !want {
		b = &branchOps[wasm.OpI32Eq]
	}
	f := b.ri
	if s == l.accSlot {
		f = b.ai
	}
	return l.emit(f, 0, s, 0, 0)
}

// fuseBranch replaces the comparison in, the last instruction, by a branch.
func (l *lowerer) fuseBranch(in instr, want bool) (at int, ok bool) {
	c := comparisonOf[in.op&^safepoint]
	if c.w == 0 {
		return 0, false
	}
	if is64 := c.w >= wasm.OpI64Eqz && c.w != wasm.OpI32And; is64 && c.i && int64(in.imm) != int64(int32(in.imm)) {
		return 0, false
	}
	if at, ok := l.fuseNested(in, c, want); ok {
		return at, true
	}
	if at, ok := l.fuseAddBranch(len(l.code)-2, in, c, want); ok {
		return at, true
	}
	b := &branchOps[c.w]
	var f op
	switch {
	case b.inverse != 0: // an integer comparison
		if !want {
			b = &branchOps[b.inverse]
		}
		f = pick(c, b.rr, b.ri, b.ar, b.ai, b.ra)
	case b.notRI != 0: // bits in common
		f = pick(c, b.rr, b.ri, b.ar, b.ai, 0)
		if !want {
			f = pick(c, b.notRR, b.notRI, b.notAR, b.notAI, 0)
		}
	default: // a float comparison, which has no opposite
		f = b.rr
		if !want {
			f = b.notRR
		}
	}
	if f == 0 {
		return 0, false
	}
	var acc = -1
	if c.a {
		acc = int(in.b)
	} else if c.ra {
		acc = int(in.c)
	}
	l.drop()
	l.accSlot = acc
	imm := uint64(0)
	if c.i {
		imm = uint64(uint32(in.imm)) << 32
	}
	return l.emit(f, 0, int(in.b), int(in.c), imm), true
}

// fuseNested looks through a comparison with zero at what it compares: the comparison or the i32.and before it, whose
// value nobody else can see, makes the branch.
func (l *lowerer) fuseNested(in instr, c comparison, want bool) (at int, ok bool) {
	if !c.i || in.imm != 0 || (c.w != wasm.OpI32Eq && c.w != wasm.OpI32Ne) || int(in.b) < l.operands {
		return 0, false
	}
	before := len(l.code) - 2
	if before < l.barrier || l.code[before].a != in.b || comparisonOf[l.code[before].op&^safepoint].w == 0 {
		return 0, false
	}
	kept, keptAcc := l.code[before+1], l.accSlot
	l.drop()
	if at, ok = l.fuseBranch(l.code[before], want == (c.w == wasm.OpI32Ne)); ok {
		return at, true
	}
	l.code = append(l.code, kept)
	if l.layout {
		l.offsets = append(l.offsets, l.current)
	}
	l.lastDst, l.accSlot = before+1, keptAcc
	return 0, false
}

func pick(c comparison, rr, ri, ar, ai, ra op) op {
	switch {
	case c.a && c.i:
		return ai
	case c.i:
		return ri
	case c.a:
		return ar
	case c.ra:
		return ra
	}
	return rr
}

// patch makes the branch at index from go to index to.
func (l *lowerer) patch(from, to int) {
	distance := int64(to-from) * int64(instrSize)
	if distance != int64(int32(distance)) {
		panic("godwit: a branch over more than 2 GiB of code")
	}
	in := &l.code[from]
	in.imm = in.imm&^math.MaxUint32 | uint64(uint32(distance))
}
