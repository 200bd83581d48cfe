package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// State. Wasm's locals and operands have slots in the frame, which are stale while their values are in registers. Before
// machine code is left the slots are brought up to date of what somebody may look at: operands, all of them; locals that are
// live; and locals that are references, which a collection looks at even if the program does not.
//
// No value is in a register across what leaves: behind it a variable is in its slot, and is loaded where it is needed first.

// home is the slot of the operand that is pushed next.
func (b *builder) home() int { return b.homeOn(b.stack) }

// homeOn is the slot above those of stack, whose upper end is the activation's.
func (b *builder) homeOn(stack []operand) int {
	n := len(stack)
	if n == b.firstOperand {
		return b.operands
	}
	top := &stack[n-1]
	return int(top.home) + ir.TypeOf(top.typ).Slots()
}

// push pushes a value.
func (b *builder) push(t wasm.ValType, v *ir.Value) {
	b.stack = append(b.stack, operand{variable: variable{v: v}, home: uint16(b.home()), typ: t})
}

// pushLocal pushes the value of a local.
func (b *builder) pushLocal(x int) {
	b.push(b.localTypes[x], b.local(x))
	top := &b.stack[len(b.stack)-1]
	top.from, top.origin = int32(x)+1, top.v
}

// localIndex reads the index of a local.
func (b *builder) localIndex() int { return b.firstLocal + int(b.u32()) }

// pushSlot pushes an operand that is in its slot.
func (b *builder) pushSlot(t wasm.ValType) {
	b.stack = append(b.stack, operand{variable: variable{clean: true}, home: uint16(b.home()), typ: t})
}

// pushSlots is pushSlot for each of the types.
func (b *builder) pushSlots(types []wasm.ValType) {
	for _, t := range types {
		b.pushSlot(t)
	}
}

// pop pops an operand's value.
func (b *builder) pop() *ir.Value {
	v := b.operand(len(b.stack) - 1)
	b.stack = b.stack[:len(b.stack)-1]
	return v
}

// operand is the value of operand i, which stays.
func (b *builder) operand(i int) *ir.Value {
	o := &b.stack[i]
	if o.v == nil {
		o.v = b.load(b.cur, int(o.home), o.typ)
	}
	return o.v
}

// local is the value of a local.
func (b *builder) local(x int) *ir.Value {
	l := &b.locals[x]
	if l.v == nil {
		l.v = b.load(b.cur, int(b.localSlots[x]), b.localTypes[x])
	}
	return l.v
}

// load loads a slot at the end of a block.
func (b *builder) load(block *ir.Block, slot int, t wasm.ValType) *ir.Value {
	v := b.f.Append(block, ir.OpSlotLoad, ir.TypeOf(t))
	v.Imm = uint64(slot)
	return v
}

func (b *builder) store(slot int, v *ir.Value) {
	b.value(ir.OpSlotStore, ir.Void, v).Imm = uint64(slot)
}

// live is what is live behind the instruction being built.
func (b *builder) live() bitset {
	for b.sc.marks[b.nextMark].pos < b.pos {
		b.nextMark++
	}
	k := b.nextMark
	if b.sc.marks[k].pos != b.pos {
		panic("an instruction leaves that was not expected to")
	}
	return b.sc.at(k)
}

// liveAfterBranch is what is live behind a conditional branch that is not taken.
func (b *builder) liveAfterBranch() bitset {
	b.live()
	k := b.nextMark
	if k+1 < len(b.sc.marks) && b.sc.marks[k+1].pos == b.pos {
		k++
	}
	return b.sc.at(k)
}

// flush brings slots up to date: of locals those in live and references, and all operands. The interpreter does not move a local's
// value to an operand's home before it must: behind a call it may read the operand from the local, which is up to date then even if
// it is not live. The top n operands are taken from their homes in any case.
func (b *builder) flush(live bitset, n int) {
	for k := range live {
		for w, i := live[k]|b.refs[k], k<<6; w != 0; w, i = w>>1, i+1 {
			if l := &b.locals[i]; w&1 != 0 && !l.clean {
				b.store(int(b.localSlots[i]), l.v)
				l.clean = true
			}
		}
	}
	for i := range b.stack {
		o := &b.stack[i]
		if !o.clean {
			b.store(int(o.home), o.v)
			o.clean = true
		}
		if i < len(b.stack)-n && o.unsettled(b.locals) {
			b.store(int(b.localSlots[o.from-1]), o.origin)
			b.locals[o.from-1].clean = true
		}
	}
}

// unsettled tells whether the operand may be read from a local whose slot is not up to date.
func (o *operand) unsettled(locals []variable) bool {
	return o.from > 0 && !locals[o.from-1].clean && locals[o.from-1].v == o.origin
}

// forget says that registers have been lost. Constants are made anew where they are needed. What was not brought up to date is not live:
// nobody looks at it again.
func (b *builder) forget() {
	for i := range b.locals {
		if l := &b.locals[i]; l.v != nil && l.v.Op != ir.OpConst {
			*l = variable{clean: true}
		}
	}
	for i := range b.stack {
		if o := &b.stack[i]; o.v != nil && o.v.Op != ir.OpConst {
			o.variable = variable{clean: true}
		}
	}
}

// state is what a site must write before machine code is left there.
func (b *builder) state(live bitset, locals []variable, stack []operand) (out []ir.SlotValue) {
	n := 0
	for k := range live {
		for w, i := live[k]|b.refs[k], k<<6; w != 0; w, i = w>>1, i+1 {
			if w&1 != 0 && !locals[i].clean {
				n++
			}
		}
	}
	for i := range stack {
		if !stack[i].clean {
			n++
		}
		if stack[i].unsettled(locals) {
			n++
		}
	}
	if b.copies(n); n == 0 || b.err != nil {
		return nil
	}
	out = make([]ir.SlotValue, 0, n)
	for k := range live {
		for w, i := live[k]|b.refs[k], k<<6; w != 0; w, i = w>>1, i+1 {
			if w&1 != 0 && !locals[i].clean {
				out = append(out, ir.SlotValue{Slot: b.localSlots[i], Value: locals[i].v})
			}
		}
	}
	for i := range stack {
		if o := &stack[i]; !o.clean {
			out = append(out, ir.SlotValue{Slot: o.home, Value: o.v})
		}
	}
	for i := range stack {
		if o := &stack[i]; o.unsettled(locals) && !lists(out, b.localSlots[o.from-1]) {
			out = append(out, ir.SlotValue{Slot: b.localSlots[o.from-1], Value: o.origin})
		}
	}
	return out
}

// lists tells whether a slot is in a state.
func lists(state []ir.SlotValue, slot uint16) bool {
	for _, s := range state {
		if s.Slot == slot {
			return true
		}
	}
	return false
}

// exit ends a block: the interpreter goes on at offset.
func (b *builder) exit(block *ir.Block, offset uint32, live bitset, locals []variable, stack []operand) *ir.Site {
	v := b.f.Append(block, ir.OpExit, ir.Void)
	v.Site = b.site(interp.SiteExit)
	v.Site.Pos = offset
	p := b.point(offset)
	if p == nil {
		panic("the interpreter has no code there")
	}
	v.Site.Point, v.Site.Acc = int(p.Index), int(p.Acc)
	v.Site.State = b.state(live, locals, stack)
	return v.Site
}

// Environments.

func (b *builder) copyLocals() []variable {
	b.copies(len(b.locals))
	if n := len(b.free); n > 0 {
		c := b.free[n-1]
		b.free = b.free[:n-1]
		copy(c, b.locals)
		return c
	}
	return append([]variable(nil), b.locals...)
}

func (b *builder) copyStack() []operand {
	b.copies(len(b.stack))
	return append([]operand(nil), b.stack...)
}

func (b *builder) release(locals []variable) { b.free = append(b.free, locals) }

// merge makes the environment of edges, which all go to the current block, that of the current block. Only locals in live, and
// references, count.
func (b *builder) merge(edges []edge, live bitset) {
	first := &edges[0]
	var consts []func()
	for i := range b.locals {
		if !live.has(i) && !b.refs.has(i) {
			b.locals[i] = variable{clean: true}
			continue
		}
		same, clean := true, true
		for k := range edges {
			same = same && edges[k].locals[i].v == first.locals[i].v
			clean = clean && edges[k].locals[i].clean
		}
		if same {
			b.locals[i] = variable{first.locals[i].v, clean}
			continue
		}
		b.locals[i] = variable{clean: clean}
		if c := b.sameConst(edges, func(e *edge) *ir.Value { return e.locals[i].v }); c != nil {
			consts = append(consts, func() { b.locals[i].v = b.repeat(c) })
			continue
		}
		phi := b.value(ir.OpPhi, ir.TypeOf(b.localTypes[i]))
		phi.Args = make([]*ir.Value, len(edges))
		for k := range edges {
			e := &edges[k]
			if phi.Args[k] = e.locals[i].v; phi.Args[k] == nil {
				phi.Args[k] = b.loadBefore(e.from, int(b.localSlots[i]), b.localTypes[i])
			}
		}
		b.locals[i].v = phi
	}
	b.stack = append(b.stack[:0], first.stack...)
	for i := range b.stack {
		o := &b.stack[i]
		same := true
		for k := range edges {
			same = same && edges[k].stack[i].v == first.stack[i].v
			o.clean = o.clean && edges[k].stack[i].clean
		}
		if same {
			continue
		}
		if c := b.sameConst(edges, func(e *edge) *ir.Value { return e.stack[i].v }); c != nil {
			consts = append(consts, func() { b.stack[i].v = b.repeat(c) })
			continue
		}
		phi := b.value(ir.OpPhi, ir.TypeOf(o.typ))
		phi.Args = make([]*ir.Value, len(edges))
		for k := range edges {
			e := &edges[k]
			if phi.Args[k] = e.stack[i].v; phi.Args[k] == nil {
				phi.Args[k] = b.loadBefore(e.from, int(o.home), o.typ)
			}
		}
		o.v = phi
	}
	for _, c := range consts {
		c()
	}
}

// sameConst is the constant that a variable is on all edges, or nil.
func (b *builder) sameConst(edges []edge, of func(e *edge) *ir.Value) *ir.Value {
	c := of(&edges[0])
	if c == nil || c.Op != ir.OpConst {
		return nil
	}
	for k := range edges {
		v := of(&edges[k])
		if v == nil || v.Op != ir.OpConst || v.Imm != c.Imm || v.Aux != c.Aux || v.Type != c.Type {
			return nil
		}
	}
	return c
}

// repeat makes a constant again, in the current block.
func (b *builder) repeat(c *ir.Value) *ir.Value {
	v := b.constant(c.Type, c.Imm)
	v.Aux = c.Aux
	return v
}

// loadBefore loads a slot before the terminator of a block.
func (b *builder) loadBefore(block *ir.Block, slot int, t wasm.ValType) *ir.Value {
	n := len(block.Values)
	term := block.Values[n-1]
	block.Values = block.Values[:n-1]
	v := b.load(block, slot, t)
	block.Values = append(block.Values, term)
	return v
}
