package opt

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// memory remembers what slots, words and memories are known to hold, along the ways through the function: what has been loaded and stored,
// until something may change it. Loads of what is known go, and so do stores of what is there already. Where ways meet, what all
// of them know stays; at the head of a loop, what nothing in the loop changes.
//
// All memories are one here: a module may import the same one twice.
func memory(f *ir.Func) {
	l := f.Loops()
	m := forwarding{f: f, l: l, r: newRewriter(f), out: make([][]cell, f.NumBlocks()), done: make([]bool, f.NumBlocks())}
	m.killers()
	for _, b := range l.Order {
		m.enter(b)
		m.block(b)
		m.out[b.ID] = m.save()
		m.done[b.ID] = true
	}
	m.r.finish(f)
}

// place is a kind of storage.
type place uint8

const (
	inSlot   place = iota
	inWord         // by class and address
	inMemory       // by address
	inBlock        // a word of the instance's block, which may change when the unit is left
)

// cell says that a load would give value.
type cell struct {
	place  place
	width  uint8 // bytes
	stored bool  // value is what has been stored, with all of its bits
	op     ir.Op // the load
	addr   *ir.Value
	off    uint64 // slot, offset or word
	class  uint64
	value  *ir.Value
}

// maxCells bounds how much is remembered: the oldest is forgotten.
const maxCells = 32

type forwarding struct {
	f     *ir.Func
	l     *ir.LoopInfo
	r     *rewriter
	cells []cell // now
	out   [][]cell
	done  []bool
	arena []cell
	kills [][]*ir.Value // by Block.ID of a loop's header: what changes something in the loop
}

// killers collects for each loop the values that may change something.
func (m *forwarding) killers() {
	if len(m.l.Loops) == 0 {
		return
	}
	m.kills = make([][]*ir.Value, m.f.NumBlocks())
	for _, b := range m.l.Order {
		loop := m.l.LoopOf(b)
		if loop == nil {
			continue
		}
		for _, v := range b.Values {
			if !changes(v) {
				continue
			}
			for o := loop; o != nil; o = o.Parent {
				m.kills[o.Header.ID] = append(m.kills[o.Header.ID], v)
			}
		}
	}
}

// changes tells whether kill has to look at v.
func changes(v *ir.Value) bool {
	switch v.Op {
	case ir.OpSlotStore, ir.OpStoreWord, ir.OpCall, ir.OpCallRecord, ir.OpLeave, ir.OpPoll:
		return true
	}
	if v.Op >= ir.OpConst && v.Op <= ir.OpTrap {
		return false
	}
	return kindOf(v) == effect
}

// enter makes cells what is known at the beginning of b.
func (m *forwarding) enter(b *ir.Block) {
	m.cells = m.cells[:0]
	first := true
	header := false
	for _, p := range b.Preds {
		if m.l.Dominates(b, p) {
			header = true
			continue
		}
		if !m.done[p.ID] {
			m.cells = m.cells[:0]
			return
		}
		if first {
			m.cells = append(m.cells, m.out[p.ID]...)
			first = false
			continue
		}
		keep := m.cells[:0]
		for _, c := range m.cells {
			for _, d := range m.out[p.ID] {
				if c == d {
					keep = append(keep, c)
					break
				}
			}
		}
		m.cells = keep
	}
	if header {
		for _, v := range m.kills[b.ID] {
			if len(m.cells) == 0 {
				break
			}
			m.kill(v)
		}
	}
}

func (m *forwarding) save() []cell {
	if cap(m.arena)-len(m.arena) < len(m.cells) {
		m.arena = make([]cell, 0, max(256, maxCells))
	}
	n := len(m.arena)
	m.arena = append(m.arena, m.cells...)
	return m.arena[n:len(m.arena):len(m.arena)]
}

func (m *forwarding) add(c cell) {
	if len(m.cells) == maxCells {
		copy(m.cells, m.cells[1:])
		m.cells = m.cells[:maxCells-1]
	}
	m.cells = append(m.cells, c)
}

func (m *forwarding) block(b *ir.Block) {
	keep := b.Values[:0]
	for _, v := range b.Values {
		m.r.args(v)
		if m.value(v) {
			keep = append(keep, v)
		}
	}
	clear(b.Values[len(keep):])
	b.Values = keep
}

// value tells whether v is still needed.
func (m *forwarding) value(v *ir.Value) bool {
	c, load, store := cellOf(v)
	if load {
		for i := range m.cells {
			d := &m.cells[i]
			if d.place == c.place && d.op == c.op && d.addr == c.addr && d.off == c.off && d.class == c.class && d.width == c.width && d.value.Type == v.Type {
				m.r.replace(v, d.value)
				return false
			}
		}
		c.value = v
		m.add(c)
		return true
	}
	if store && c.place != inMemory {
		for i := range m.cells {
			d := &m.cells[i]
			if d.place == c.place && d.addr == c.addr && d.off == c.off && d.class == c.class && d.value == c.value && d.width == c.width &&
				(d.stored || d.value.Type.Size() >= 8) {
				return false
			}
		}
	}
	if changes(v) {
		m.kill(v)
	}
	if store && c.op != 0 {
		m.add(c)
	}
	return true
}

// cellOf is the cell that v loads, or stores. A store that a load does not undo has no op.
func cellOf(v *ir.Value) (c cell, load, store bool) {
	switch v.Op {
	case ir.OpSlotLoad:
		return cell{place: inSlot, op: ir.OpSlotLoad, off: v.Imm, width: slotWidth(v.Type)}, true, false
	case ir.OpSlotStore:
		x := v.Args[0]
		return cell{place: inSlot, op: ir.OpSlotLoad, off: v.Imm, width: slotWidth(x.Type), value: x, stored: true}, false, true
	case ir.OpLoadWord:
		return cell{place: inWord, op: ir.OpLoadWord, addr: v.Args[0], off: v.Imm, class: v.Aux, width: v.Width}, true, false
	case ir.OpStoreWord:
		c = cell{place: inWord, op: ir.OpLoadWord, addr: v.Args[0], off: v.Imm, class: v.Aux, width: v.Width, value: v.Args[1], stored: true}
		if int(v.Width) != v.Args[1].Type.Size() {
			c.op = 0
			return c, false, false
		}
		return c, false, true
	case ir.OpInstWord:
		if v.Aux != 1 {
			return cell{place: inBlock, op: ir.OpInstWord, off: v.Imm, width: 8}, true, false
		}
		return cell{}, false, false
	}
	a, ok := ir.AccessOf(v.Op)
	if !ok || a.Atomic {
		return cell{}, false, false
	}
	c = cell{place: inMemory, op: v.Op, addr: v.Args[1], off: v.Imm, class: uint64(v.Mem), width: uint8(a.Width)}
	if a.Load {
		return c, true, false
	}
	c.value, c.stored, c.op = v.Args[2], true, 0
	switch v.Op {
	case wasm.OpI32Store:
		c.op = wasm.OpI32Load
	case wasm.OpI64Store:
		c.op = wasm.OpI64Load
	case wasm.OpF32Store:
		c.op = wasm.OpF32Load
	case wasm.OpF64Store:
		c.op = wasm.OpF64Load
	case wasm.OpV128Store:
		c.op = wasm.OpV128Load
	}
	return c, false, true
}

func slotWidth(t ir.Type) uint8 { return uint8(8 * t.Slots()) }

// kill forgets what v may change.
func (m *forwarding) kill(v *ir.Value) {
	keep := m.cells[:0]
	for i := range m.cells {
		if c := &m.cells[i]; !clobbers(v, c) {
			keep = append(keep, *c)
		}
	}
	m.cells = keep
}

// clobbers tells whether v may change what is in c.
func clobbers(v *ir.Value, c *cell) bool {
	switch v.Op {
	case ir.OpSlotStore:
		return c.place == inSlot && slotsOverlap(v.Imm, v.Args[0].Type.Slots(), c)
	case ir.OpStoreWord:
		if c.place != inWord || c.class != v.Aux {
			return false
		}
		return c.addr != v.Args[0] || c.off < v.Imm+uint64(v.Width) && v.Imm < c.off+uint64(c.width)
	case ir.OpCall, ir.OpCallRecord, ir.OpLeave:
		// What is below the callee's frame is still in its slots. But no register survives: loading it again is better than
		// a spill slot.
		return c.place != inWord || c.class != uint64(ir.ClassFixed)
	case ir.OpPoll:
		switch c.place {
		case inSlot:
			for _, s := range v.Site.State {
				if slotsOverlap(uint64(s.Slot), s.Value.Type.Slots(), c) && !(s.Value == c.value && uint64(s.Slot) == c.off) {
					return true
				}
			}
		case inMemory:
			return true
		case inWord:
			return !ir.Class(c.class).Stands()
		}
		return false
	}
	if v.Op == wasm.OpMemoryCopy || v.Op == wasm.OpMemoryFill {
		return c.place == inMemory
	}
	if a, ok := ir.AccessOf(v.Op); ok && !a.Atomic {
		return c.place == inMemory && !apart(v, a.Width, c)
	}
	// Atomic accesses and whatever else there is.
	return c.place == inMemory || !v.IsMemory() && v.Op != wasm.OpAtomicFence
}

func slotsOverlap(slot uint64, n int, c *cell) bool {
	return slot < c.off+uint64(c.width/8) && c.off < slot+uint64(n)
}

// apart tells whether a store to memory cannot touch what is in c: their addresses have a known distance.
func apart(v *ir.Value, width int, c *cell) bool {
	if uint64(v.Mem) != c.class {
		return false
	}
	x, i := root(v.Args[1])
	y, j := root(c.addr)
	if x != y || v.Args[1].Type != c.addr.Type {
		return false
	}
	if v.Args[1] == c.addr {
		i, j = 0, 0
	}
	const far = 1 << 31
	if v.Imm >= far || c.off >= far {
		return v.Args[1] == c.addr && (v.Imm+uint64(width) <= c.off || c.off+uint64(c.width) <= v.Imm)
	}
	d := int64(int32(i-j)) + int64(v.Imm) - int64(c.off)
	if d >= far || d <= -far {
		return false
	}
	return d >= int64(c.width) || -d >= int64(width)
}

// root takes an i32 address apart: what it is relative to - nil for constants - and the distance, modulo 2^32.
func root(v *ir.Value) (*ir.Value, uint32) {
	if v.Type == ir.I32 {
		if v.Op == ir.OpConst {
			return nil, uint32(v.Imm)
		}
		if v.Op == wasm.OpI32Add && v.Args[1].Op == ir.OpConst {
			return v.Args[0], uint32(v.Args[1].Imm)
		}
	}
	return v, 0
}
