package modgen

import "github.com/godwit-vm/godwit/wasm"

// Sweeps: loops that go over a memory, a table or an array with one variable, and do little else. Compilers know much about them - that checks of bounds
// cannot fail, what an address changes by, which of a sum's parts can be added first - and what they know may be wrong at the ends: where a step
// leaves out the last element, numbers overflow, or the bound is one of another type of comparison.

// sweep is such a loop.
func (g *fn) sweep() *Instr {
	of := []func() *Instr{g.sweepMemory, g.sweepMemory, g.sweepTable}
	if len(g.arrays) > 0 {
		of = append(of, g.sweepArray, g.sweepArray)
	}
	return pick(g.gen, of)()
}

// passage is a loop over something with addresses of type t.
type passage struct {
	t       wasm.ValType
	counter uint64
	length  func() *Instr
	end     uint64 // the length, if it is known, or about that
	visit   func(at *Instr) *Instr
}

func (p *passage) get() *Instr { return &Instr{Op: wasm.OpLocalGet, A: p.counter, Results: one(p.t)} }

// own declares a local that nothing else changes.
func (g *fn) own(t wasm.ValType) uint64 {
	n := g.local(t)
	g.owned = append(g.owned, n)
	return n
}

// sweepMemory loads and stores.
func (g *fn) sweepMemory() *Instr {
	n := g.memory(false)
	m := g.m.Memories[n]
	p := &passage{t: m.AddrType(), end: m.Min << 16}
	if m.OneByte {
		p.end = m.Min
	}
	p.length = func() *Instr {
		size := &Instr{Op: wasm.OpMemorySize, A: uint64(n), Results: one(p.t)}
		if m.OneByte {
			return size
		}
		return arith(wasm.OpI32Shl, p.t, size, konst(p.t, 16))
	}
	sum := g.own(wasm.I64)
	p.visit = func(at *Instr) *Instr {
		load := pick(g.gen, []wasm.Op{wasm.OpI64Load, wasm.OpI64Load8U, wasm.OpI64Load16S, wasm.OpI64Load32U, wasm.OpI64Store8, wasm.OpI64Store, wasm.OpI64Store16})
		i := &Instr{Op: load, B: uint64(n), C: uint64(g.IntN(20)), Args: []*Instr{at}}
		if load == wasm.OpI64Store8 || load == wasm.OpI64Store || load == wasm.OpI64Store16 {
			i.Args = append(i.Args, g.simple(wasm.I64))
			return i
		}
		i.Results = one(wasm.I64)
		return g.sumUp(sum, i)
	}
	return g.passes(p)
}

// sumUp adds to a local, or takes away from it.
func (g *fn) sumUp(sum uint64, x *Instr) *Instr {
	op := pick(g.gen, []wasm.Op{wasm.OpI32Add, wasm.OpI32Add, wasm.OpI32Xor, wasm.OpI32Sub, wasm.OpI32Mul})
	so := &Instr{Op: wasm.OpLocalGet, A: sum, Results: one(wasm.I64)}
	return &Instr{Op: wasm.OpLocalSet, A: sum, Args: []*Instr{arith(op, wasm.I64, so, x)}}
}

// sweepTable looks which elements are null, and sets some.
func (g *fn) sweepTable() *Instr {
	n := g.IntN(len(g.m.Tables))
	t := g.m.Tables[n].Type
	p := &passage{t: t.AddrType(), end: t.Min}
	p.length = func() *Instr { return &Instr{Op: wasm.OpTableSize, A: uint64(n), Results: one(p.t)} }
	sum := g.own(wasm.I64)
	p.visit = func(at *Instr) *Instr {
		elem := &Instr{Op: wasm.OpTableGet, A: uint64(n), Args: []*Instr{at}, Results: one(t.Elem)}
		if t.Elem.Nullable() && g.one(4) {
			return &Instr{Op: wasm.OpTableSet, A: uint64(n), Args: []*Instr{at, g.leaf(t.Elem)}}
		}
		return g.sumUp(sum, wide(&Instr{Op: wasm.OpRefIsNull, Args: []*Instr{elem}, Results: one(wasm.I32)}))
	}
	return g.passes(p)
}

// sweepArray reads an array, and writes it where it may.
func (g *fn) sweepArray() *Instr {
	i := pick(g.gen, g.arrays)
	f := g.m.Types[i].Fields[0]
	t := wasm.RefTo(i, true)
	array := g.own(t)
	get := func() *Instr { return &Instr{Op: wasm.OpLocalGet, A: array, Results: one(t)} }
	p := &passage{t: wasm.I32, end: 5}
	p.length = func() *Instr { return &Instr{Op: wasm.OpArrayLen, Args: []*Instr{get()}, Results: one(wasm.I32)} }
	elem := unpacked(f.Type)
	last := g.own(defaultable(elem))
	p.visit = func(at *Instr) *Instr {
		if f.Mutable && g.one(2) {
			return &Instr{Op: wasm.OpArraySet, A: uint64(i), Args: []*Instr{get(), at, g.leaf(elem)}}
		}
		op := wasm.OpArrayGet
		if f.Type.IsPacked() {
			op = pick(g.gen, []wasm.Op{wasm.OpArrayGetS, wasm.OpArrayGetU})
		}
		return &Instr{Op: wasm.OpLocalSet, A: last, Args: []*Instr{{Op: op, A: uint64(i), Args: []*Instr{get(), at}, Results: one(elem)}}}
	}
	take := &Instr{Op: wasm.OpLocalSet, A: array, Args: []*Instr{g.expr(wasm.RefTo(i, g.one(rare)))}}
	return &Instr{Op: opSeq, Args: []*Instr{take, g.passes(p)}}
}

// passes makes the loop. It tests at its end or at its head, goes up or down by steps that may miss the bound, and begins and ends inside,
// at the ends, or a little beyond. Fuel ends what would go on.
func (g *fn) passes(p *passage) *Instr {
	p.counter = g.own(p.t)
	step := pick(g.gen, []uint64{1, 1, 1, 2, 4, 8, 3})
	// bound is a number near the beginning or near the end.
	bound := func(low bool) *Instr {
		near := uint64(g.IntN(24)) - 4
		switch {
		case low && !g.one(6):
			return konst(p.t, max(near, 4)-4)
		case g.one(8):
			return konst(p.t, g.integer(map[wasm.ValType]int{wasm.I32: 32, wasm.I64: 64}[p.t]))
		case g.one(3):
			return arith(wasm.OpI32Sub, p.t, p.length(), konst(p.t, near))
		}
		return konst(p.t, p.end-near)
	}
	low := g.one(2) // over the beginning, or over the end
	from, to := bound(low), bound(low)
	switch {
	case p.end < 60 && !g.one(rare):
		from, to = konst(p.t, uint64(g.IntN(3))), p.length() // of little it would be beyond nearly always
		if g.one(2) {
			to = konst(p.t, uint64(g.IntN(int(p.end)+1)))
		}
	case low:
		to = konst(p.t, uint64(g.IntN(60)))
	default:
		from = arith(wasm.OpI32Sub, p.t, bound(false), konst(p.t, uint64(g.IntN(60))))
	}
	compare := pick(g.gen, []wasm.Op{wasm.OpI32LtU, wasm.OpI32LtS, wasm.OpI32Ne, wasm.OpI32LeU, wasm.OpI32LeS})
	if g.one(3) {
		from, to, step = to, from, -step
		compare = pick(g.gen, []wasm.Op{wasm.OpI32GtU, wasm.OpI32GtS, wasm.OpI32Ne, wasm.OpI32GeU, wasm.OpI32GeS})
	}
	if p.t == wasm.I64 {
		compare += wasm.OpI64Eq - wasm.OpI32Eq
	}
	limit := g.own(p.t)
	list := []*Instr{{Op: wasm.OpLocalSet, A: p.counter, Args: []*Instr{from}}, {Op: wasm.OpLocalSet, A: limit, Args: []*Instr{to}}}
	more := func() *Instr {
		end := &Instr{Op: wasm.OpLocalGet, A: limit, Results: one(p.t)}
		if g.one(5) {
			end = p.length()
		}
		args := []*Instr{p.get(), end}
		return &Instr{Op: compare, Args: args, Results: one(wasm.I32)}
	}
	work := func() []*Instr {
		list := g.burn()
		for range g.upTo(1, 4) {
			list = append(list, p.visit(g.element(p)))
		}
		next := arith(wasm.OpI32Add, p.t, p.get(), konst(p.t, step))
		return append(list, &Instr{Op: wasm.OpLocalSet, A: p.counter, Args: []*Instr{next}})
	}
	if g.one(3) {
		// block loop br_if-not 1, …, br 0
		out := g.structured(wasm.OpBlock, nil, nil, func(out *Instr) []*Instr {
			return []*Instr{g.structured(wasm.OpLoop, nil, nil, func(loop *Instr) []*Instr {
				leave := &Instr{Op: wasm.OpBrIf, Args: []*Instr{{Op: wasm.OpI32Eqz, Args: []*Instr{more()}, Results: one(wasm.I32)}}, Labels: []*Instr{out}}
				return append(append([]*Instr{leave}, work()...), &Instr{Op: wasm.OpBr, Labels: []*Instr{loop}})
			})}
		})
		return &Instr{Op: opSeq, Args: append(list, out)}
	}
	loop := g.structured(wasm.OpLoop, nil, nil, func(loop *Instr) []*Instr {
		return append(work(), &Instr{Op: wasm.OpBrIf, Args: []*Instr{more()}, Labels: []*Instr{loop}})
	})
	return &Instr{Op: opSeq, Args: append(list, loop)}
}

// element is an address that changes with the counter.
func (g *fn) element(p *passage) *Instr {
	at := p.get()
	switch g.IntN(6) {
	case 0:
		return arith(wasm.OpI32Add, p.t, at, konst(p.t, uint64(g.IntN(9))-4))
	case 1:
		return arith(wasm.OpI32Sub, p.t, at, konst(p.t, uint64(g.IntN(4))))
	case 2:
		return arith(wasm.OpI32Shl, p.t, at, konst(p.t, uint64(g.IntN(3))))
	}
	return at
}

// arith is an instruction on two integers, of 32 bits or the one like it of 64.
func arith(op wasm.Op, t wasm.ValType, x, y *Instr) *Instr {
	if t == wasm.I64 {
		op += wasm.OpI64Add - wasm.OpI32Add
	}
	return &Instr{Op: op, Args: []*Instr{x, y}, Results: one(t)}
}
