package modgen

import "github.com/godwit-vm/godwit/wasm"

// structured makes a block, loop or if, with what fill puts into each of its bodies.
func (g *fn) structured(op wasm.Op, params, results []wasm.ValType, fill func(i *Instr) []*Instr) *Instr {
	i := &Instr{Op: op, Args: g.exprs(params), Results: results}
	if op == wasm.OpIf {
		i.Args = append(i.Args, g.condition())
	}
	g.typed(i, params, results)
	takes := results
	if op == wasm.OpLoop {
		takes = params
	}
	g.within(i, takes, func() { i.Body = fill(i) })
	if op == wasm.OpIf && (len(params)+len(results) > 0 || g.one(2)) {
		i.HasElse = true
		g.within(i, takes, func() { i.Else = fill(i) })
	}
	return i
}

// typed gives a structured instruction its type.
func (g *fn) typed(i *Instr, params, results []wasm.ValType) {
	i.Block = wasm.FuncType{Params: params, Results: results}
	if len(params) > 0 || len(results) > 1 {
		i.A = uint64(g.funcType(params, results))
	}
}

// within calls f with i among the labels.
func (g *fn) within(i *Instr, takes []wasm.ValType, f func()) {
	g.labels = append(g.labels, label{i, takes})
	g.depth++
	f()
	g.depth--
	g.labels = g.labels[:len(g.labels)-1]
}

// body is what a structured instruction does: it takes its parameters from the stack, or leaves them there where they are
// the first of the results.
func (g *fn) body(i *Instr) (list []*Instr) {
	params, results := i.Block.Params, i.Block.Results
	keep := len(params) > 0 && len(params) <= len(results) && g.one(2)
	for n, p := range params {
		keep = keep && g.sub(p, results[n])
	}
	if i.Op == wasm.OpLoop {
		list = g.burn()
	}
	if keep {
		results = results[len(params):]
	} else {
		list = append(list, g.take(params)...)
	}
	list = append(list, g.statements(g.IntN(4))...)
	if i.Op == wasm.OpLoop && !g.one(4) {
		again := &Instr{Op: wasm.OpBrIf, Args: append(g.exprs(params), g.condition()), Labels: []*Instr{i}, Results: params}
		list = append(list, again)
		list = append(list, g.take(params)...)
	}
	if g.one(25) {
		return append(list, g.branch(pick(g.gen, g.labels))) // what would follow is never reached
	}
	return append(list, g.exprs(results)...)
}

// some is a short list of types.
func (g *fn) some() (types []wasm.ValType) {
	for range pick(g.gen, []int{0, 0, 0, 1, 1, 2, 3}) {
		types = append(types, g.valType())
	}
	return types
}

func (g *fn) ifStatement() *Instr    { return g.structuredStatement(wasm.OpIf) }
func (g *fn) blockStatement() *Instr { return g.structuredStatement(wasm.OpBlock) }

func (g *fn) structuredStatement(op wasm.Op) *Instr {
	params, results := g.some(), g.some()
	if g.one(3) {
		results = append(append([]wasm.ValType{}, params...), results...)
	}
	return g.consume(g.structured(op, params, results, g.body))
}

// loopStatement is a loop of any kind, or one that counts.
func (g *fn) loopStatement() *Instr {
	if g.one(2) {
		return g.structuredStatement(wasm.OpLoop)
	}
	counter := g.counter()
	get := func() *Instr { return &Instr{Op: wasm.OpLocalGet, A: counter, Results: one(wasm.I32)} }
	// Up to a number, down to 0, or up to what is in another counter. Fuel ends those that would go on.
	from, step, to := uint64(0), uint64(1), konst(wasm.I32, uint64(g.upTo(2, 12)))
	compare := pick(g.gen, []wasm.Op{wasm.OpI32LtU, wasm.OpI32LtS, wasm.OpI32Ne, wasm.OpI32LeU, wasm.OpI32LeS})
	switch {
	case g.one(3):
		from, step, to = to.A, 0xFFFFFFFF, konst(wasm.I32, 0)
		compare = pick(g.gen, []wasm.Op{wasm.OpI32GtU, wasm.OpI32GtS, wasm.OpI32Ne})
	case len(g.counters) > 1 && g.one(2):
		to = &Instr{Op: wasm.OpLocalGet, A: pick(g.gen, g.counters), Results: one(wasm.I32)}
		compare = pick(g.gen, []wasm.Op{wasm.OpI32LtU, wasm.OpI32LtS})
	}
	start := &Instr{Op: wasm.OpLocalSet, A: counter, Args: []*Instr{konst(wasm.I32, from)}}
	loop := g.structured(wasm.OpLoop, nil, nil, func(i *Instr) []*Instr {
		list := append(g.burn(), g.statements(g.upTo(1, 4))...)
		next := &Instr{Op: wasm.OpI32Add, Args: []*Instr{get(), konst(wasm.I32, step)}, Results: one(wasm.I32)}
		if g.one(2) {
			next = &Instr{Op: wasm.OpLocalTee, A: counter, Args: []*Instr{next}, Results: one(wasm.I32)}
		} else {
			list = append(list, &Instr{Op: wasm.OpLocalSet, A: counter, Args: []*Instr{next}})
			next = get()
		}
		more := &Instr{Op: compare, Args: []*Instr{next, to}, Results: one(wasm.I32)}
		return append(list, &Instr{Op: wasm.OpBrIf, Args: []*Instr{more}, Labels: []*Instr{i}})
	})
	return &Instr{Op: opSeq, Args: []*Instr{start, loop}}
}

func (g *fn) blockOf(t wasm.ValType) *Instr { return g.structured(wasm.OpBlock, nil, one(t), g.body) }
func (g *fn) ifOf(t wasm.ValType) *Instr    { return g.structured(wasm.OpIf, nil, one(t), g.body) }
func (g *fn) loopOf(t wasm.ValType) *Instr  { return g.structured(wasm.OpLoop, nil, one(t), g.body) }

// tableOfBranches is a br_table in blocks, one in another, each followed by something to do; the br_table may also go
// further out.
func (g *fn) tableOfBranches() *Instr {
	var build func(n int) *Instr
	types := g.some()
	build = func(n int) *Instr {
		b := &Instr{Op: wasm.OpBlock, Results: types}
		g.typed(b, nil, types)
		g.within(b, types, func() {
			if n > 0 {
				b.Body = append([]*Instr{build(n - 1)}, g.take(types)...)
				b.Body = append(b.Body, g.statements(1)...)
				b.Body = append(b.Body, g.exprs(types)...)
				return
			}
			var to []*Instr
			for _, l := range g.labels {
				if equal(l.types, types) {
					to = append(to, l.instr)
				}
			}
			branch := &Instr{Op: wasm.OpBrTable, Args: append(g.exprs(types), g.expr(wasm.I32))}
			for range g.upTo(1, 5) {
				branch.Labels = append(branch.Labels, pick(g.gen, to))
			}
			b.Body = []*Instr{branch}
		})
		return b
	}
	return g.consume(build(g.upTo(1, 3)))
}

func equal(a, b []wasm.ValType) bool {
	return (&wasm.FuncType{Params: a}).Equal(&wasm.FuncType{Params: b})
}
