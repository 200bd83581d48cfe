package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Regions. Of a unit that has been recorded only those ways are built that have been seen running. What is left is what control can
// reach over them, with its joins and loops; where another way leads off, there is a side exit.

// seen tells whether a place has been seen running.
func (b *builder) seen(m interp.Mark) bool { return !b.recorded() || m == 0 || b.opt.Seen(m) }

// ways are the marks of the conditional branch, or if, that is being built.
func (b *builder) ways() (taken, not interp.Mark) {
	if !b.recorded() {
		return 0, 0
	}
	return b.points.Branch(b.point(b.pos))
}

// enter goes on in a block that begins at offset, unless it has not been seen running: then the interpreter does.
func (b *builder) enter(block *ir.Block, offset uint32, live bitset, m interp.Mark) {
	b.cur = block
	if !b.seen(m) && b.point(offset) != nil {
		s := b.exit(block, offset, live, b.locals, b.stack)
		s.Kind, s.Mark = interp.SiteSide, m
		b.cur = nil
	}
}

// branchSeen is branch, whose mark is m.
func (b *builder) branchSeen(lb *label, m interp.Mark) {
	switch {
	case lb.kind == wasm.OpCall || !b.recorded(): // a return is no longer than an exit
		b.branch(lb)
	case lb.exit:
		// It leaves the unit in any case. Other units of the function may want to know.
		b.exitTo(lb).Mark = m
	case !b.seen(m) && b.joined(lb):
		s := b.exitTo(lb)
		s.Kind, s.Mark = interp.SiteSide, m
	default:
		b.branch(lb)
	}
}

// target is where a branch to lb goes, and what is live there.
func (b *builder) target(lb *label) (offset uint32, live bitset) {
	if o := &b.sc.opens[lb.open]; lb.kind == wasm.OpLoop {
		return o.body, o.start
	} else {
		return o.after, o.end
	}
}

// joined tells whether the interpreter can go on where a branch to lb goes.
func (b *builder) joined(lb *label) bool {
	offset, _ := b.target(lb)
	p := b.point(offset)
	return p != nil && (p.Joined || lb.kind == wasm.OpLoop)
}

// exitTo ends the current block with an exit to where a branch to lb goes.
func (b *builder) exitTo(lb *label) *ir.Site {
	from := b.cur
	b.cur = nil
	offset, live := b.target(lb)
	return b.exit(from, offset, live, b.locals, b.carried(from, lb.height, lb.branchTypes()))
}

// seenTable builds a br_table of which not all arms have been seen running; the interpreter does the others, table and all. It reports false
// if it is a table like others.
func (b *builder) seenTable(depths []uint32) bool {
	at, slot, arm := b.points.Table(b.point(b.pos))
	var seen []int
	for i := range depths {
		if b.seen(arm(i)) {
			seen = append(seen, i)
		}
	}
	if len(seen) == len(depths) {
		return false
	}
	live := b.live()
	o := b.stack[len(b.stack)-1]
	index := b.pop()
	if len(seen) > maxCompared {
		b.switchOn(depths, index, func(i int) bool { return b.seen(arm(i)) })
	} else {
		last := len(depths) - 1
		for _, i := range seen {
			op := wasm.OpI32Eq
			if i == last {
				op = wasm.OpI32GeU
			}
			taken, not := b.branchOn(b.value(op, ir.I32, index, b.constant(ir.I32, uint64(i))))
			b.cur = taken
			b.branch(b.label(depths[i]))
			b.cur = not
		}
	}
	out := b.cur
	b.cur = nil
	v := b.f.Append(out, ir.OpExit, ir.Void)
	v.Site = b.site(interp.SiteSide)
	v.Site.Point = at
	v.Site.State = b.state(live, b.locals, b.stack)
	if !(o.clean && o.home == slot) && !lists(v.Site.State, slot) {
		v.Site.State = append(v.Site.State, ir.SlotValue{Slot: slot, Value: index})
	}
	return true
}
