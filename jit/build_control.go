package jit

import (
	"fmt"
	"slices"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Control. A branch is an edge, which is kept with its environment until the end of its block is reached: only then it is
// known whether it needs a block of its own to come together with others. Each way of a conditional branch has a block of its own, so
// that no edge is critical and each has a place for loads; what stays empty is taken out again by the passes.

// findOpen is the index in scan.opens of what the instruction being built opens.
func (b *builder) findOpen() int32 {
	for b.sc.opens[b.nextOpen].pos < b.pos {
		b.nextOpen++
	}
	return int32(b.nextOpen)
}

// open begins a block, if, try or try_table.
func (b *builder) open(w wasm.Op) {
	i := b.findOpen()
	o := &b.sc.opens[i]
	params, results := b.blockType(b.m)
	b.p = int(o.body - b.base)
	switch w {
	case wasm.OpLoop:
		b.openLoop(i, params, results)
		return
	case wasm.OpIf:
		b.openIf(i, params, results)
		return
	}
	b.labels = append(b.labels, label{kind: w, open: i, height: len(b.stack) - len(params), params: params, results: results})
}

// openIf begins an if.
func (b *builder) openIf(i int32, params, results []wasm.ValType) {
	o := &b.sc.opens[i]
	cond := b.pop()
	otherMark, thenMark := b.ways()
	then, other := b.branchOn(cond)
	lb := label{kind: wasm.OpIf, open: i, height: len(b.stack) - len(params), params: params, results: results}
	lb.other, lb.otherMark = edge{other, b.copyLocals(), b.copyStack()}, otherMark
	b.labels = append(b.labels, lb)
	b.enter(then, o.body, o.start, thenMark)
}

// branchOn ends the current block with a branch on cond.
func (b *builder) branchOn(cond *ir.Value) (taken, not *ir.Block) {
	taken, not = b.f.NewBlock(), b.f.NewBlock()
	from := b.cur
	b.value(ir.OpIf, ir.Void, cond)
	ir.Connect(from, taken)
	ir.Connect(from, not)
	b.cur = nil
	return taken, not
}

// openLoop begins a loop: its head has phis for its parameters and for the locals that come back changed.
func (b *builder) openLoop(i int32, params, results []wasm.ValType) {
	o := &b.sc.opens[i]
	if b.copies(len(b.locals) + len(b.stack)); b.err != nil {
		return
	}
	height := len(b.stack) - len(params)
	b.prepareLoop(o, height)
	before := b.cur
	head := b.f.NewBlock()
	b.value(ir.OpJump, ir.Void)
	ir.Connect(before, head)
	b.cur = head
	lb := label{kind: wasm.OpLoop, open: i, height: height, params: params, results: results, head: head}
	phi := func(local bool, index int, v *variable, t wasm.ValType, clean bool) {
		p := b.value(ir.OpPhi, ir.TypeOf(t), v.v)
		*v = variable{p, clean}
		lb.phis = append(lb.phis, headPhi{local, index, p})
	}
	for x := range b.locals {
		l := &b.locals[x]
		switch {
		case !o.start.has(x) && !b.refs.has(x):
			*l = variable{clean: true}
		case o.assigned.has(x):
			phi(true, x, l, b.localTypes[x], false)
		case o.calls && l.v != nil && l.v.Op != ir.OpConst:
			phi(true, x, l, b.localTypes[x], l.clean)
		}
	}
	for k := range params {
		s := &b.stack[height+k]
		// Other iterations bring whatever the type of the loop allows, not what the first one did.
		s.typ = params[k]
		phi(false, k, &s.variable, s.typ, false)
	}
	b.labels = append(b.labels, lb)
	b.poll(o.body, o.start)
}

// poll is a safepoint, before the instruction at offset.
func (b *builder) poll(offset uint32, live bitset) {
	if b.opt.NoPolls {
		return
	}
	poll := b.value(ir.OpPoll, ir.Void)
	poll.Site = b.site(interp.SitePoll)
	poll.Site.Pos = offset
	p := b.point(offset)
	poll.Site.Point, poll.Site.Acc = int(p.Index), int(p.Acc)
	poll.Site.State = b.state(live, b.locals, b.stack)
}

// prepareLoop loads and stores before a loop what would otherwise be loaded and stored in it.
func (b *builder) prepareLoop(o *opened, height int) {
	for x := range b.locals {
		l := &b.locals[x]
		if !o.start.has(x) && !b.refs.has(x) {
			continue
		}
		b.local(x)
		if o.calls && !o.assigned.has(x) && !l.clean {
			b.store(int(b.localSlots[x]), l.v)
			l.clean = true
		}
	}
	for k := range b.stack {
		s := &b.stack[k]
		switch {
		case k >= height:
			b.operand(k)
		case o.calls:
			// What is below the loop is not looked at in it.
			if !s.clean {
				b.store(int(s.home), s.v)
			}
			s.variable = variable{clean: true}
		}
	}
}

// label is the label of a branch.
func (b *builder) label(depth uint32) *label { return &b.labels[len(b.labels)-1-int(depth)] }

// branchTypes are what a branch to the label carries.
func (l *label) branchTypes() []wasm.ValType {
	if l.kind == wasm.OpLoop {
		return l.params
	}
	return l.results
}

// branch makes the current block go to a label. The environment stays, for those that do not.
func (b *builder) branch(lb *label) {
	if lb.kind == wasm.OpCall {
		b.ret(len(lb.results))
		return
	}
	if lb.exit {
		b.exitTo(lb)
		return
	}
	types := lb.branchTypes()
	n, from := len(types), b.cur
	b.cur = nil
	if lb.head != nil {
		b.branchBack(from, lb, n)
		return
	}
	lb.edges = append(lb.edges, edge{from, b.copyLocals(), b.carried(from, lb.height, types)})
}

// carried is the operand stack behind a branch that carries values of the types.
func (b *builder) carried(from *ir.Block, height int, types []wasm.ValType) []operand {
	b.copies(height + len(types))
	return b.carriedTo(from, height, b.homeOn(b.stack[:height]), types)
}

// carriedTo is carried to homes from slot on.
func (b *builder) carriedTo(from *ir.Block, height, slot int, types []wasm.ValType) []operand {
	out := make([]operand, height, height+len(types))
	copy(out, b.stack)
	for i, t := range types {
		o := b.stack[len(b.stack)-len(types)+i]
		home := uint16(slot)
		slot += ir.TypeOf(t).Slots()
		if o.home != home {
			if o.v == nil {
				o.v = b.load(from, int(o.home), o.typ)
			}
			o.clean = false
		}
		o.home, o.typ = home, t
		out = append(out, o)
	}
	return out
}

// branchBack ends a block with a branch to the head of a loop.
func (b *builder) branchBack(from *ir.Block, lb *label, n int) {
	b.copies(len(lb.phis))
	for i := range lb.phis {
		h := &lb.phis[i]
		var v *ir.Value
		if h.local {
			if v = b.locals[h.index].v; v == nil {
				v = b.load(from, int(b.localSlots[h.index]), b.localTypes[h.index])
			}
		} else {
			o := &b.stack[len(b.stack)-n+h.index]
			if v = o.v; v == nil {
				v = b.load(from, int(o.home), o.typ)
			}
		}
		h.phi.Args = append(h.phi.Args, v)
	}
	b.f.Append(from, ir.OpJump, ir.Void)
	ir.Connect(from, lb.head)
}

// ret ends the current block with a return of the top n operands. The environment stays.
func (b *builder) ret(n int) {
	if b.caller != nil {
		b.retInlined(n)
		return
	}
	top := b.stack[len(b.stack)-n:]
	values := make([]*ir.Value, n)
	for i := range top {
		if values[i] = top[i].v; values[i] == nil {
			values[i] = b.load(b.cur, int(top[i].home), top[i].typ)
		}
	}
	if n == 1 {
		b.value(ir.OpReturn, ir.Void, values...)
	} else {
		slot := 0
		for _, v := range values {
			b.store(slot, v)
			slot += v.Type.Slots()
		}
		b.value(ir.OpReturn, ir.Void)
	}
	b.cur = nil
}

// br builds an unconditional branch.
func (b *builder) br(depth uint32) { b.branch(b.label(depth)) }

// brIf builds a branch that is taken when cond is not zero. taken and not, if they are not nil, change the operand stack for one of the ways; what
// taken does is undone.
func (b *builder) brIf(depth uint32, cond *ir.Value, taken func()) {
	takenMark, notMark := b.ways()
	to, not := b.branchOn(cond)
	n := len(b.stack)
	b.cur, b.not = to, notMark
	if taken != nil {
		taken()
	}
	b.branchSeen(b.label(depth), takenMark)
	b.stack = b.stack[:n]
	b.cur = not
}

// fallThrough is what follows a conditional branch.
func (b *builder) fallThrough() {
	if !b.seen(b.not) {
		b.enter(b.cur, b.offset(), b.liveAfterBranch(), b.not)
	}
}

// brTable builds br_table: a block for each label that is named.
func (b *builder) brTable() {
	n := int(b.u32()) + 1
	if n > maxArms {
		b.err = fmt.Errorf("%w: br_table has %d arms, the limit is %d", errTooLarge, n, maxArms)
		return
	}
	depths := make([]uint32, n)
	for k := range depths {
		depths[k] = b.u32()
	}
	if b.recorded() && b.seenTable(depths) {
		return
	}
	b.switchOn(depths, b.pop(), func(int) bool { return true })
	b.cur = nil
}

// switchOn ends the current block with a table: a block for each label that is named. Arms that built does not have lead to a block that
// becomes the current one.
func (b *builder) switchOn(depths []uint32, index *ir.Value, built func(i int) bool) {
	from := b.cur
	b.value(ir.OpSwitch, ir.Void, index)
	ways := make(map[uint32]*ir.Block, min(len(depths), 16))
	var order []uint32
	var others *ir.Block
	for i, depth := range depths {
		if !built(i) {
			if others == nil {
				others = b.f.NewBlock()
			}
			ir.Connect(from, others)
			continue
		}
		way := ways[depth]
		if way == nil {
			way = b.f.NewBlock()
			ways[depth] = way
			order = append(order, depth)
		}
		ir.Connect(from, way)
	}
	for _, depth := range order {
		b.cur = ways[depth]
		b.branch(b.label(depth))
	}
	b.cur = others
}

// dropTo makes the operand stack what it is behind a block.
func (b *builder) dropTo(height int, results []wasm.ValType) {
	b.stack = b.stack[:height]
	b.pushSlots(results)
}

// elseBranch ends the first branch of an if.
func (b *builder) elseBranch() {
	lb := &b.labels[len(b.labels)-1]
	b.fallOut(lb)
	if lb.other.from == nil {
		return // the unit is a loop in the first branch
	}
	o := &b.sc.opens[lb.open]
	b.restore(&lb.other)
	b.enter(b.cur, o.alt, o.other, lb.otherMark)
	lb.other = edge{}
}

// restore makes an environment the current one.
func (b *builder) restore(e *edge) {
	b.cur = e.from
	copy(b.locals, e.locals)
	b.release(e.locals)
	b.stack = append(b.stack[:0], e.stack...)
}

// fallOut makes an edge of the current block, if it can be reached, to the end of the innermost block.
func (b *builder) fallOut(lb *label) {
	if b.cur == nil {
		return
	}
	if lb.kind == wasm.OpLoop {
		panic("a loop's end is no label")
	}
	b.branch(lb)
}

// end ends a block.
func (b *builder) end() {
	lb := &b.labels[len(b.labels)-1]
	switch {
	case lb.kind == wasm.OpCall:
		if b.cur != nil {
			b.ret(len(lb.results))
		}
		b.done = true
		return
	case lb.kind == wasm.OpLoop:
		b.endLoop(lb)
		return
	}
	if b.cur != nil {
		b.branch(lb)
	}
	if lb.other.from != nil { // an if without else: its parameters are its results
		o := &b.sc.opens[lb.open]
		b.restore(&lb.other)
		if o.alt == 0 {
			b.branchSeen(lb, lb.otherMark)
		}
	}
	o := &b.sc.opens[lb.open]
	edges, height, results := lb.edges, lb.height, lb.results
	b.labels = b.labels[:len(b.labels)-1]
	b.meet(edges, o.end, height+len(results)-b.firstOperand)
	if b.cur == nil {
		b.dropTo(height, results)
	}
}

// join goes on where the edges come together.
func (b *builder) join(edges []edge, live bitset) {
	b.cur = nil
	switch len(edges) {
	case 0:
		return
	case 1:
		b.restore(&edges[0])
		return
	}
	b.cur = b.f.NewBlock()
	for i := range edges {
		b.f.Append(edges[i].from, ir.OpJump, ir.Void)
		ir.Connect(edges[i].from, b.cur)
	}
	b.merge(edges, live)
	for i := range edges {
		b.release(edges[i].locals)
	}
}

// meet is join where the interpreter may still have the operands below the top n in locals that nobody else wants, because it knows of no ways: within
// what is one instruction to it, and for callers of what is inlined. Where all ways know such a local it stays; else they bring its slot up to date.
func (b *builder) meet(edges []edge, live bitset, n int) {
	if len(edges) > 1 {
		live = slices.Clone(live)
		for k := range edges[0].stack[:len(edges[0].stack)-n] {
			b.meetOperand(edges, k, live)
		}
	}
	b.join(edges, live)
}

// meetOperand does that for operand k.
func (b *builder) meetOperand(edges []edge, k int, live bitset) {
	first, all := &edges[0].stack[k], true
	for i := range edges {
		o := &edges[i].stack[k]
		all = all && o.unsettled(edges[i].locals) && o.from == first.from && o.origin == first.origin
	}
	if all {
		live.set(int(first.from) - 1)
		return
	}
	for i := range edges {
		if o, locals := &edges[i].stack[k], edges[i].locals; o.unsettled(locals) {
			b.f.Append(edges[i].from, ir.OpSlotStore, ir.Void, o.origin).Imm = uint64(b.localSlots[o.from-1])
			locals[o.from-1].clean = true
		}
	}
}

// endLoop ends a loop: whoever comes here has fallen out of it.
func (b *builder) endLoop(lb *label) {
	o := &b.sc.opens[lb.open]
	height, results := lb.height, lb.results
	own := b.loop >= 0 && o.body == b.points.Loop.Offset
	b.labels = b.labels[:len(b.labels)-1]
	if own {
		if b.cur != nil {
			b.exit(b.cur, o.after, o.end, b.locals, b.stack)
			b.cur = nil
		}
		b.done = true
		return
	}
	if b.cur == nil {
		b.dropTo(height, results)
	}
}

// skipDead passes over an instruction that cannot be reached.
func (b *builder) skipDead(w wasm.Op) {
	switch w {
	case wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpTryTable, wasm.OpTry:
		b.p = int(b.sc.opens[b.findOpen()].after - b.base)
	case wasm.OpElse:
		b.elseBranch()
	case wasm.OpEnd:
		b.end()
	case wasm.OpDelegate:
		b.u32()
		b.end()
	default:
		b.skip(w)
	}
}

// catch ends the protected part of a try: what catches is left to the interpreter.
func (b *builder) catch(w wasm.Op) {
	b.skip(w)
	b.fallOut(&b.labels[len(b.labels)-1])
}
