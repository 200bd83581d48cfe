package modgen

import "github.com/godwit-vm/godwit/wasm"

// access fills in an access to a memory: its immediates and operands.
func (g *fn) access(i *Instr, row *wasm.OpInfo) {
	atomic := row.Imm == wasm.ImmMemargAtomic
	n := g.memory(atomic)
	i.A, i.B = uint64(row.Align), uint64(n)
	if !atomic {
		i.A = uint64(g.IntN(int(row.Align) + 1))
	}
	if row.Imm == wasm.ImmMemargLane {
		i.D = uint64(g.IntN(16 >> row.Align))
	}
	step := 1
	if atomic {
		step = 1 << row.Align
	}
	i.C = g.offset(n, step)
	for _, t := range row.Params {
		if t == wasm.Addr {
			i.Args = append(i.Args, g.address(n, step))
		} else {
			g.loose = false
			i.Args = append(i.Args, g.expr(t))
		}
	}
}

// memory chooses a memory; atomic accesses prefer the shared one.
func (g *fn) memory(atomic bool) int {
	last := len(g.m.Memories) - 1
	if atomic && g.m.Memories[last].Shared && !g.one(4) {
		return last
	}
	return g.IntN(last + 1)
}

// offset is the constant part of an address that [fn.address] gives the rest of: a multiple of step.
func (g *fn) offset(memory, step int) uint64 {
	t := g.m.Memories[memory]
	switch {
	case g.one(rare):
		return 0xFFFFFFFF
	case t.Is64 && g.one(rare):
		return 1 << g.upTo(32, 63)
	case !t.OneByte && g.one(10):
		return 0xE000
	}
	return uint64(g.IntN(32)) &^ uint64(step-1)
}

// address is an address in a memory, a multiple of step.
func (g *fn) address(memory, step int) *Instr {
	m := g.m.Memories[memory]
	t := m.AddrType()
	mask := pick(g.gen, []uint64{0xFFF, 0xFF, 0x3F})
	if m.OneByte {
		mask = 0x7F
	}
	if !g.one(rare) {
		mask &^= uint64(step - 1)
	}
	switch {
	case g.one(rare):
		return g.expr(t)
	case g.one(4):
		return konst(t, g.Uint64()&mask)
	case g.one(3) && step == 1 && t == wasm.I32 && len(g.counters) > 0:
		// A counter, or an element of an array that it counts.
		at := &Instr{Op: wasm.OpLocalGet, A: pick(g.gen, g.counters), Results: one(t)}
		if g.one(2) {
			return at
		}
		scaled := &Instr{Op: wasm.OpI32Shl, Args: []*Instr{at, konst(t, uint64(g.IntN(4)))}, Results: one(t)}
		return &Instr{Op: wasm.OpI32Add, Args: []*Instr{scaled, konst(t, uint64(g.IntN(16)))}, Results: one(t)}
	case g.one(3):
		// In a local, so that it is an operand like others.
		at := g.inLocal(g.masked(t, mask))
		if t == wasm.I32 && step == 1 && len(g.counters) > 0 && g.one(2) {
			counter := &Instr{Op: wasm.OpLocalGet, A: pick(g.gen, g.counters), Results: one(t)}
			return &Instr{Op: wasm.OpI32Add, Args: []*Instr{at, counter}, Results: one(t)}
		}
		return at
	}
	return g.masked(t, mask)
}

// masked is an integer of type t with no bits but those of mask.
func (g *fn) masked(t wasm.ValType, mask uint64) *Instr {
	and := wasm.OpI32And
	if t == wasm.I64 {
		and = wasm.OpI64And
	}
	return &Instr{Op: and, Args: []*Instr{g.expr(t), konst(t, mask)}, Results: one(t)}
}

// length is a small number.
func (g *fn) length(t wasm.ValType) *Instr {
	if g.one(3) {
		return g.masked(t, 0x1F)
	}
	return konst(t, uint64(g.IntN(20)))
}

// bulk is an instruction on a range of a memory, or one that makes a memory larger.
func (g *fn) bulk() *Instr {
	n := g.memory(false)
	t := g.m.Memories[n].AddrType()
	switch g.IntN(5) {
	case 0:
		return &Instr{Op: wasm.OpMemoryFill, A: uint64(n), Args: []*Instr{g.address(n, 1), g.expr(wasm.I32), g.length(t)}}
	case 1:
		from := g.memory(false)
		size := t
		if g.m.Memories[from].AddrType() == wasm.I32 {
			size = wasm.I32
		}
		return &Instr{Op: wasm.OpMemoryCopy, A: uint64(n), B: uint64(from),
			Args: []*Instr{g.address(n, 1), g.address(from, 1), g.length(size)}}
	case 2:
		s := g.IntN(len(g.m.Datas))
		from, size := g.part(len(g.m.Datas[s].Init), g.m.Datas[s].Mode)
		return &Instr{Op: wasm.OpMemoryInit, A: uint64(s), B: uint64(n), Args: []*Instr{g.address(n, 1), from, size}}
	case 3:
		if g.one(4) {
			return &Instr{Op: wasm.OpDataDrop, A: uint64(g.IntN(len(g.m.Datas)))}
		}
	}
	return &Instr{Op: wasm.OpDrop, Args: []*Instr{g.growMemory()}}
}

// part is where in a segment of so many bytes or elements to begin, and how many to take.
func (g *fn) part(n int, mode wasm.SegmentMode) (from, size *Instr) {
	if mode != wasm.SegmentPassive {
		n = 0 // it was dropped when the module was instantiated
	}
	if g.one(rare / 4) {
		n += 2
	}
	at := g.IntN(n + 1)
	return konst(wasm.I32, uint64(at)), konst(wasm.I32, uint64(g.IntN(n-at+1)))
}

// growMemory is what memory.grow gives, as an i32.
func (g *fn) growMemory() *Instr {
	n := g.memory(false)
	t := g.m.Memories[n].AddrType()
	by := g.masked(t, 1)
	if g.one(3) {
		by = g.expr(t)
	}
	return g.narrow(t, &Instr{Op: wasm.OpMemoryGrow, A: uint64(n), Args: []*Instr{by}})
}

// wait is a wait that ends at once, or nil.
func (g *fn) wait() *Instr {
	n := g.memory(true)
	if !g.has(wasm.FeatureThreads) || !g.m.Memories[n].Shared && !g.one(rare/4) {
		return nil
	}
	op, step, t := wasm.OpMemoryAtomicWait32, 4, wasm.I32
	if g.one(2) {
		op, step, t = wasm.OpMemoryAtomicWait64, 8, wasm.I64
	}
	return &Instr{Op: op, A: uint64(op.Info().Align), B: uint64(n), C: g.offset(n, step), Results: one(wasm.I32),
		Args: []*Instr{g.address(n, step), g.expr(t), konst(wasm.I64, uint64(g.IntN(2)*100))}}
}

// tableIndex is an index that the table had from the beginning, in most cases.
func (g *fn) tableIndex(n int) *Instr {
	t := g.m.Tables[n].Type
	switch {
	case g.one(rare):
		return g.expr(t.AddrType())
	case g.one(2):
		return g.masked(t.AddrType(), 3)
	}
	return konst(t.AddrType(), uint64(g.IntN(int(t.Min)-3)))
}

// tableStatement is an instruction that changes a table.
func (g *fn) tableStatement() *Instr {
	n := g.IntN(len(g.m.Tables))
	t := g.m.Tables[n].Type
	at := t.AddrType()
	size := func(t wasm.ValType) *Instr { return g.masked(t, 3) }
	switch g.IntN(6) {
	case 0:
		return &Instr{Op: wasm.OpTableFill, A: uint64(n), Args: []*Instr{g.tableIndex(n), g.expr(t.Elem), size(at)}}
	case 1:
		from := g.IntN(len(g.m.Tables))
		f := g.m.Tables[from].Type
		if g.one(2) || !g.sub(f.Elem, t.Elem) { // within the table ranges may overlap
			from, f = n, t
		}
		both := at
		if f.AddrType() == wasm.I32 {
			both = wasm.I32
		}
		return &Instr{Op: wasm.OpTableCopy, A: uint64(n), B: uint64(from),
			Args: []*Instr{g.tableIndex(n), g.tableIndex(from), size(both)}}
	case 2:
		s := g.IntN(len(g.m.Elems))
		if e := g.m.Elems[s]; g.sub(e.Type, t.Elem) {
			from, size := g.part(len(e.Exprs), e.Mode)
			return &Instr{Op: wasm.OpTableInit, A: uint64(s), B: uint64(n),
				Args: []*Instr{konst(at, uint64(g.IntN(2))), from, size}}
		}
	case 3:
		grow := &Instr{Op: wasm.OpTableGrow, A: uint64(n), Args: []*Instr{g.expr(t.Elem), g.masked(at, 3)}}
		return &Instr{Op: wasm.OpDrop, Args: []*Instr{g.narrow(at, grow)}}
	case 4:
		if g.one(4) {
			return &Instr{Op: wasm.OpElemDrop, A: uint64(g.IntN(len(g.m.Elems)))}
		}
	}
	return &Instr{Op: wasm.OpTableSet, A: uint64(n), Args: []*Instr{g.tableIndex(n), g.expr(t.Elem)}}
}
