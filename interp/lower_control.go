package interp

import (
	"math"

	"github.com/godwit-vm/godwit/wasm"
)

// Blocks. At every place where control can join - the start of a block, its end, a loop's head - all operands are
// settled, so that both ways in agree on where the values are.

// open begins a block, loop or if.
func (l *lowerer) open(w wasm.Op) {
	params, results := l.blockType(l.m)
	branch := -1
	if w == wasm.OpIf {
		cond := l.pop()
		if cond.where == isConst {
			l.slotOf(cond)
			cond.where = inSlot
		}
		l.settleFrom(0)
		branch = l.branchOn(cond, false)
	} else {
		l.settleFrom(0)
	}
	height := len(l.stack) - len(params)
	lb := label{kind: w, height: height, slot: l.slotAt(height), params: params, results: results, elsePatch: branch}
	if w == wasm.OpLoop {
		// Other iterations bring whatever the type of the loop allows, not what the first one did.
		for i, t := range params {
			l.stack[height+i].typ = t
		}
		l.mark(pointLoop, l.base+uint32(l.p))
		lb.start = l.marked
	}
	l.openLabel(lb)
	if l.opened != nil {
		l.opened()
		l.opened = nil
	}
}

// die says that what follows, up to the end of the block or its else, cannot be reached.
func (l *lowerer) die() { l.labels[len(l.labels)-1].dead = true }

// skipDead passes over an instruction that cannot be reached.
func (l *lowerer) skipDead(w wasm.Op) {
	switch w {
	case wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpTryTable, wasm.OpTry:
		l.skipBlock(w)
	case wasm.OpElse:
		l.elseBranch()
	case wasm.OpEnd:
		l.close()
	case wasm.OpCatch, wasm.OpCatchAll, wasm.OpDelegate:
		l.exception(w)
	default:
		l.skip(w)
	}
}

// skipBlock passes over a whole block.
func (l *lowerer) skipBlock(w wasm.Op) {
	l.skip(w)
	for depth := 1; depth > 0; {
		switch w := l.op(); w {
		case wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpTryTable, wasm.OpTry:
			l.skip(w)
			depth++
		case wasm.OpEnd:
			depth--
		case wasm.OpDelegate:
			l.skip(w)
			depth--
		default:
			l.skip(w)
		}
	}
}

// elseBranch ends the then-part.
func (l *lowerer) elseBranch() {
	lb := &l.labels[len(l.labels)-1]
	if !lb.dead {
		l.settleFrom(0)
		lb.patches = append(lb.patches, l.jump())
	}
	if lb.elsePatch >= 0 {
		l.patch(lb.elsePatch, len(l.code))
	}
	l.join()
	lb.kind, lb.elsePatch, lb.dead = wasm.OpElse, -1, false
	l.stack = l.stack[:lb.height]
	l.pushAll(lb.params)
}

// close ends a block.
func (l *lowerer) close() {
	lb := l.labels[len(l.labels)-1]
	if lb.kind == wasm.OpCall {
		if !lb.dead {
			l.ret()
		}
		l.landAtEnd(&lb)
		l.labels = l.labels[:0]
		return
	}
	l.endPart(&lb)
	l.land(&lb)
	reached := !lb.dead || len(lb.patches) > 0 || len(lb.catches) > 0 || lb.elsePatch >= 0
	if lb.elsePatch >= 0 {
		l.patch(lb.elsePatch, len(l.code)) // an if without else: its parameters are its results
	}
	for _, at := range lb.patches {
		l.patch(at, len(l.code))
	}
	if len(lb.patches) > 0 || len(lb.catches) > 0 || lb.elsePatch >= 0 || lb.dead {
		l.join()
	} else if lb.kind == wasm.OpLoop {
		l.fence() // machine code of the loop hands over here
	}
	l.stack = l.stack[:lb.height]
	l.pushAll(lb.results)
	l.labels = l.labels[:len(l.labels)-1]
	if !reached {
		l.die()
	}
}

// label is the label that branch index depth means.
func (l *lowerer) label(depth uint32) *label { return &l.labels[len(l.labels)-1-int(depth)] }

// carry moves the values that a branch to lb takes along to where the label expects them.
func (l *lowerer) carry(lb *label) {
	n := len(lb.branchTypes())
	from := len(l.stack) - n
	switch {
	case n == 0:
	case from == lb.height:
		l.settleFrom(from)
	case n == 1:
		l.copyOperand(lb.slot, l.stack[from])
	default:
		l.settleFrom(from)
		l.emitClobber(opCopyMany, lb.slot, l.slotAt(from), l.dst()-l.slotAt(from), 0)
	}
}

// moves tells whether carry would emit anything for a branch to lb.
func (l *lowerer) moves(lb *label) bool {
	n := len(lb.branchTypes())
	from := len(l.stack) - n
	if n > 0 && from != lb.height {
		return true
	}
	for _, o := range l.stack[max(from, l.unsettled()):] {
		if o.where != inSlot {
			return true
		}
	}
	return false
}

// link makes the branch at index go to lb, now or when its end is known.
func (l *lowerer) link(lb *label, at int) {
	if lb.kind == wasm.OpLoop {
		l.patch(at, lb.start)
	} else {
		lb.patches = append(lb.patches, at)
	}
}

// br lowers an unconditional branch. One to the body's label returns.
func (l *lowerer) br(depth uint32) {
	lb := l.label(depth)
	if lb.kind == wasm.OpCall {
		l.ret()
		return
	}
	l.carry(lb)
	l.link(lb, l.jump())
}

// jump emits a jump; a 32-bit constant just put into a slot goes along.
func (l *lowerer) jump() int {
	if n := len(l.code) - 1; n >= l.barrier && l.code[n].op&^safepoint == opConstant && l.code[n].imm <= math.MaxUint32 {
		a, imm := int(l.code[n].a), l.code[n].imm<<32
		l.drop()
		return l.emit(opConstantJump, a, 0, 0, imm)
	}
	return l.emit(opJump, 0, 0, 0, 0)
}

// brIf lowers a conditional branch. When values have to move, or the branch returns, it becomes a branch around that.
func (l *lowerer) brIf(depth uint32) {
	cond := l.pop()
	lb := l.label(depth)
	n := len(lb.branchTypes())
	if n > 1 {
		if cond.where == isConst {
			l.slotOf(cond)
			cond.where = inSlot
		}
		l.settleFrom(len(l.stack) - n)
	}
	if lb.kind != wasm.OpCall && !l.moves(lb) {
		l.link(lb, l.branchOn(cond, true))
		return
	}
	around := l.branchOn(cond, false)
	// What the branch's way does to the operand must not hold for the way around it.
	acc, top := l.accSlot, len(l.stack)-1
	var saved operand
	if n == 1 {
		saved = l.stack[top]
	}
	l.barrier = len(l.code)
	l.br(depth)
	if n == 1 {
		l.stack[top] = saved
	}
	l.patch(around, len(l.code))
	l.join()
	l.accSlot = acc
}

// brTable lowers br_table: the instruction is followed by one jump for each target, the default last. The handler
// takes the chosen jump's distance itself. Targets that need moves go through a piece of code behind the table.
func (l *lowerer) brTable() {
	n := int(l.u32())
	depths := make([]uint32, n+1)
	for k := range depths {
		depths[k] = l.u32()
	}
	index := l.popSlot()
	l.settleFrom(0)
	l.emit(opBrTable, 0, index, 0, uint64(n))
	first := len(l.code)
	for range depths {
		l.emit(opJump, 0, 0, 0, 0)
	}
	l.join()
	const direct = -1
	way := map[uint32]int{} // depth to where its moves are
	for k, depth := range depths {
		lb := l.label(depth)
		at, ok := way[depth]
		if !ok {
			at = direct
			if lb.kind == wasm.OpCall || l.moves(lb) {
				at = len(l.code)
				l.join()
				l.br(depth)
			}
			way[depth] = at
		}
		if at == direct {
			l.link(lb, first+k)
		} else {
			l.patch(first+k, at)
		}
	}
	l.die()
}

// ret returns the function's results, which are the top operands.
func (l *lowerer) ret() {
	n := len(l.ftype.Results)
	switch n {
	case 0:
		l.emit(opReturn0, 0, 0, 0, 0)
	case 1:
		o := l.stack[len(l.stack)-1]
		s := int(o.home)
		if o.where == inLocal {
			s = int(o.local)
		}
		switch {
		case o.where == isConst:
			l.emit(opReturn1I, 0, 0, 0, o.bits)
		case o.typ == wasm.V128:
			l.emit(opReturnMany, 0, s, 2, 0)
		case s == l.accSlot:
			l.emit(opReturn1A, 0, s, 0, 0)
		default:
			l.emit(opReturn1, 0, s, 0, 0)
		}
	default:
		// The results are above all locals, so copying them down in order overwrites none that is still wanted.
		from := len(l.stack) - n
		l.settleFrom(from)
		l.emit(opReturnMany, 0, l.slotAt(from), l.dst()-l.slotAt(from), 0)
	}
}

// call lowers a direct call.
func (l *lowerer) call(w wasm.Op) {
	index := l.u32()
	ft := l.m.FuncType(index)
	imported := int(index) < l.m.NumImportedFuncs
	args := len(ft.Params)
	l.calling = ft
	l.settleFrom(len(l.stack) - args)
	if imported && l.visit != nil {
		l.point(pointCall, l.current, len(l.code))
	}
	base := l.popArgs(args)
	if w == wasm.OpReturnCall {
		o := opReturnCall
		if imported {
			o = opReturnCallImport
			l.reserve(slotCount(ft.Results))
		}
		l.emitClobber(o, base, 0, slotCount(ft.Params), uint64(index))
		l.die()
		return
	}
	o := opCall
	if imported {
		o = opCallImport
	}
	l.emitClobber(o, base, 0, 0, uint64(index))
	l.afterCall(ft.Results)
}

// reserve makes room for n more slots of operands: a host function writes its results over its arguments.
func (l *lowerer) reserve(n int) { l.max = max(l.max, l.dst()+n) }

// afterCall says that a call has returned.
func (l *lowerer) afterCall(results []wasm.ValType) {
	l.join()
	l.point(pointAfterCall, l.base+uint32(l.p), len(l.code))
	l.calling = nil
	l.pushAll(results)
}

// callIndirect lowers call_indirect: imm is the type's index, the table's in the upper half.
func (l *lowerer) callIndirect(w wasm.Op) {
	typ, table := l.u32(), l.u32()
	imm := uint64(typ) | uint64(table)<<32
	if w == wasm.OpReturnCallIndirect {
		l.callOperand(opReturnCallIndirect, typ, imm, true)
	} else {
		l.callOperand(opCallIndirect, typ, imm, false)
	}
}

// callOperand lowers a call of what the top operand says, a function of type typ; a tail call takes the frame's place.
func (l *lowerer) callOperand(f op, typ uint32, imm uint64, tail bool) {
	ft := &l.m.Types[typ].FuncType
	args := len(ft.Params)
	l.calling = ft
	l.settleForNative()
	o := l.pop()
	l.settleFrom(len(l.stack) - args)
	callee := l.slotOf(o)
	if l.visit != nil {
		l.stack = append(l.stack, o)
		l.point(pointCall, l.current, len(l.code))
		l.stack = l.stack[:len(l.stack)-1]
	}
	base := l.popArgs(args)
	l.reserve(slotCount(ft.Results))
	if tail {
		l.emitClobber(f, base, callee, slotCount(ft.Params), imm)
		l.die()
		return
	}
	l.emitClobber(f, base, callee, 0, imm)
	l.afterCall(ft.Results)
}
