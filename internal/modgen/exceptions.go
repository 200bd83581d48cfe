package modgen

import (
	"slices"

	"github.com/godwit-vm/godwit/wasm"
)

// throws throws something on a condition.
func (g *fn) throws() *Instr {
	cond := g.expr(wasm.I32)
	if !g.one(3) {
		cond = &Instr{Op: wasm.OpI32LtU, Args: []*Instr{g.masked(wasm.I32, 7), konst(wasm.I32, 2)}, Results: one(wasm.I32)}
	}
	switch {
	case len(g.caught) > 0 && g.one(2):
		return g.when(cond, &Instr{Op: wasm.OpRethrow, Labels: []*Instr{pick(g.gen, g.caught)}})
	case g.one(8):
		// A null reference would be a trap: throw it only where there is something.
		out := &Instr{Op: wasm.OpBlock}
		g.within(out, nil, func() {
			some := &Instr{Op: wasm.OpBrOnNull, Args: []*Instr{g.leaf(wasm.ExnRef)}, Labels: []*Instr{out}, Results: one(wasm.ExnRef.NonNull())}
			if !g.has(wasm.FeatureFunctionReferences) {
				some = g.leaf(wasm.ExnRef)
			}
			out.Body = []*Instr{{Op: wasm.OpThrowRef, Args: []*Instr{some}}}
		})
		return g.when(cond, out)
	}
	return g.when(cond, g.throw())
}

func (g *fn) throw() *Instr {
	tag := g.IntN(len(g.m.Tags))
	return &Instr{Op: wasm.OpThrow, A: uint64(tag), Args: g.exprs(g.m.Types[g.m.Tags[tag]].Params)}
}

// tryTable is a try_table in one block for each of its clauses, where what was caught is put into locals.
func (g *fn) tryTable() *Instr {
	out := &Instr{Op: wasm.OpBlock}
	leave := func() *Instr { return &Instr{Op: wasm.OpBr, Labels: []*Instr{out}} }
	try := &Instr{Op: wasm.OpTryTable}
	var build func(n int) []*Instr
	build = func(n int) []*Instr {
		if n == 0 {
			params, results := g.some(), g.some()
			try.Args, try.Results = g.exprs(params), results
			g.typed(try, params, results)
			g.within(try, results, func() {
				try.Body = g.body(try)
				if g.one(3) {
					try.Body = append([]*Instr{g.throws()}, try.Body...)
				}
			})
			return append([]*Instr{try}, append(g.take(results), leave())...)
		}
		c, types := g.clause()
		b := &Instr{Op: wasm.OpBlock, Results: types}
		g.typed(b, nil, types)
		c.Label = b
		try.Catches = append(try.Catches, c)
		g.within(b, types, func() { b.Body = build(n - 1) })
		list := append([]*Instr{b}, g.take(types)...)
		return append(append(list, g.statements(1)...), leave())
	}
	g.within(out, nil, func() { out.Body = build(g.upTo(1, 3)) })
	return out
}

// clause is a clause of try_table, and what it gives its label.
func (g *fn) clause() (c Catch, types []wasm.ValType) {
	c = Catch{Kind: wasm.CatchKind(g.IntN(4)), Tag: uint32(g.IntN(len(g.m.Tags)))}
	if c.Kind == wasm.CatchTag || c.Kind == wasm.CatchTagRef {
		types = slices.Clone(g.m.Types[g.m.Tags[c.Tag]].Params)
	}
	if c.Kind == wasm.CatchTagRef || c.Kind == wasm.CatchAllRef {
		types = append(types, wasm.ExnRef)
	}
	return c, types
}

// tryTableOf is a value of type t from a try_table, or another where there was an exception.
func (g *fn) tryTableOf(t wasm.ValType) *Instr {
	out := &Instr{Op: wasm.OpBlock, Results: one(t)}
	g.typed(out, nil, out.Results)
	g.within(out, out.Results, func() {
		caught := &Instr{Op: wasm.OpBlock}
		g.within(caught, nil, func() {
			try := &Instr{Op: wasm.OpTryTable, Results: one(t), Catches: []Catch{{Kind: wasm.CatchAll, Label: caught}}}
			g.typed(try, nil, try.Results)
			g.within(try, try.Results, func() { try.Body = g.body(try) })
			caught.Body = []*Instr{{Op: wasm.OpBr, Args: []*Instr{try}, Labels: []*Instr{out}}}
		})
		out.Body = []*Instr{caught, g.expr(t)}
	})
	return out
}

// try is the legacy instruction.
func (g *fn) try() *Instr {
	params, results := g.some(), g.some()
	i := &Instr{Op: wasm.OpTry, Args: g.exprs(params), Results: results}
	g.typed(i, params, results)
	delegate := pick(g.gen, g.labels).instr
	g.within(i, results, func() {
		i.Body = g.body(i)
		if g.one(2) {
			i.Body = append([]*Instr{g.throws()}, i.Body...)
		}
	})
	if g.one(4) {
		i.Labels = []*Instr{delegate}
		return g.consume(i)
	}
	tags := g.Perm(len(g.m.Tags))
	for _, tag := range tags[:g.IntN(len(tags)+1)] {
		i.Catches = append(i.Catches, Catch{Kind: wasm.CatchTag, Tag: uint32(tag), Body: g.handler(i, g.m.Types[g.m.Tags[tag]].Params)})
	}
	if g.one(2) {
		i.Catches = append(i.Catches, Catch{Kind: wasm.CatchAll, Body: g.handler(i, nil)})
	}
	return g.consume(i)
}

// handler is what the legacy try does with an exception that carries values of these types.
func (g *fn) handler(i *Instr, types []wasm.ValType) (list []*Instr) {
	g.within(i, i.Block.Results, func() {
		g.caught = append(g.caught, i)
		list = append(g.take(types), g.statements(g.IntN(3))...)
		list = append(list, g.exprs(i.Block.Results)...)
		g.caught = g.caught[:len(g.caught)-1]
	})
	if list == nil {
		list = []*Instr{g.nothing()}
	}
	return list
}
