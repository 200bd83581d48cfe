package modgen

import "github.com/godwit-vm/godwit/wasm"

// fn makes a function.
type fn struct {
	*gen
	f       *Func
	t       wasm.FuncType
	locals  []wasm.ValType // parameters among them
	nparams int
	labels  []label
	temps   map[wasm.ValType]uint64
	left    int  // instructions that may still be made
	depth   int  // of expressions and blocks in each other
	loose   bool // the expression asked for goes to an instruction that does not tell NaNs apart
	caught  []*Instr
	// counters are locals that only loops change, and that are always small.
	counters []uint64
	// owned are locals that only one loop changes, whatever their values are.
	owned []uint64
}

// label is a structured instruction around, or the function, with what a branch to it takes.
type label struct {
	instr *Instr
	types []wasm.ValType
}

// maxDepth bounds how deep expressions and blocks are in each other.
const maxDepth = 9

// function makes the body of function i.
func (g *gen) function(i uint32) {
	f := g.newFn(i)
	f.left = g.upTo(g.cfg.Size/4, g.cfg.Size)
	for range g.upTo(2, 7) {
		f.local(defaultable(g.valType()))
	}
	f.f.Body = append(append(f.burn(), f.probe(), f.probe()), f.statements(g.upTo(2, 8))...)
	for _, t := range f.t.Results {
		f.f.Body = append(f.f.Body, f.expr(t))
	}
	f.f.Locals = f.locals[f.nparams:]
}

func (g *gen) newFn(i uint32) *fn {
	f := &fn{gen: g, f: g.m.Funcs[i], t: *g.m.FuncType(i), temps: map[wasm.ValType]uint64{}}
	f.locals = append(f.locals, f.t.Params...)
	f.nparams = len(f.locals)
	f.labels = []label{{nil, f.t.Results}}
	return f
}

// local declares a local.
func (g *fn) local(t wasm.ValType) uint64 {
	g.locals = append(g.locals, t)
	return uint64(len(g.locals) - 1)
}

// temporary is a local of type t that nothing reads but what has just written it.
func (g *fn) temporary(t wasm.ValType) uint64 {
	if _, ok := g.temps[t]; !ok {
		g.temps[t] = g.local(t)
	}
	return g.temps[t]
}

// isTemporary tells whether local n is one.
func (g *fn) isTemporary(n int) bool {
	tmp, ok := g.temps[g.locals[n]]
	return ok && tmp == uint64(n)
}

// burn takes a unit of fuel, and leaves the function when there is none.
func (g *fn) burn() []*Instr {
	fuel := func() *Instr { return &Instr{Op: wasm.OpGlobalGet, A: uint64(g.fuel), Results: one(wasm.I32)} }
	leave := &Instr{Op: wasm.OpReturn}
	for _, t := range g.t.Results {
		leave.Args = append(leave.Args, g.constant(t))
	}
	empty := &Instr{Op: wasm.OpI32Eqz, Args: []*Instr{fuel()}, Results: one(wasm.I32)}
	less := &Instr{Op: wasm.OpI32Sub, Args: []*Instr{fuel(), konst(wasm.I32, 1)}, Results: one(wasm.I32)}
	return []*Instr{
		{Op: wasm.OpIf, Args: []*Instr{empty}, Body: []*Instr{leave}},
		{Op: wasm.OpGlobalSet, A: uint64(g.fuel), Args: []*Instr{less}},
	}
}

// choice is something that could be generated, and how likely it is.
type choice struct {
	weight int
	make   func() *Instr
}

// choose makes one of some choices.
func (g *gen) choose(of []choice) *Instr {
	sum := 0
	for _, c := range of {
		sum += c.weight
	}
	n := g.IntN(sum)
	for _, c := range of {
		if n -= c.weight; n < 0 {
			return c.make()
		}
	}
	panic("modgen: no choice")
}

func (g *fn) statements(n int) (list []*Instr) {
	for range n {
		if g.left <= 0 {
			break
		}
		list = append(list, g.statement())
	}
	return list
}

// statement is an instruction without results.
func (g *fn) statement() *Instr {
	g.left--
	g.depth++
	defer func() { g.depth-- }()
	g.loose = false
	of := []choice{
		{12, g.assign}, {6, g.setGlobal}, {14, g.store}, {2, g.dropped}, {5, g.multiple}, {1, g.nothing},
		{4, g.bulk}, {5, g.tableStatement}, {3, g.leave}, {14, g.probe},
	}
	if g.depth < maxDepth {
		of = append(of, choice{8, g.ifStatement}, choice{5, g.blockStatement}, choice{7, g.loopStatement}, choice{3, g.tableOfBranches}, choice{4, g.sweep})
		if len(g.m.Tags) > 0 {
			of = append(of, choice{6, g.tryTable}, choice{3, g.throws})
			if g.has(wasm.FeatureLegacyExceptions) {
				of = append(of, choice{5, g.try})
			}
		}
	}
	if g.has(wasm.FeatureGC) {
		of = append(of, choice{8, g.mutate})
	}
	if g.has(wasm.FeatureThreads) {
		of = append(of, choice{1, g.fence})
	}
	return g.choose(of)
}

func (g *fn) nothing() *Instr { return &Instr{Op: wasm.OpNop} }
func (g *fn) fence() *Instr   { return &Instr{Op: wasm.OpAtomicFence} }

func (g *fn) assign() *Instr {
	n := g.IntN(max(1, len(g.locals)))
	if n >= len(g.locals) || g.taken(n) {
		return g.nothing()
	}
	return &Instr{Op: wasm.OpLocalSet, A: uint64(n), Args: []*Instr{g.expr(g.locals[n])}}
}

func (g *fn) setGlobal() *Instr {
	var of []int
	for i, x := range g.m.Globals {
		if x.Type.Mutable && i != int(g.fuel) && i != int(g.sum) {
			of = append(of, i)
		}
	}
	if len(of) == 0 {
		return g.nothing()
	}
	n := pick(g.gen, of)
	return &Instr{Op: wasm.OpGlobalSet, A: uint64(n), Args: []*Instr{g.expr(g.m.Globals[n].Type.Type)}}
}

func (g *fn) store() *Instr { return g.operation(pick(g.gen, g.ops.stores)) }

func (g *fn) dropped() *Instr {
	return &Instr{Op: wasm.OpDrop, Args: []*Instr{g.expr(g.valType())}}
}

// multiple is an instruction with any number of results, which go to locals.
func (g *fn) multiple() *Instr {
	if len(g.ops.wide) > 0 && g.one(3) {
		return g.consume(g.operation(pick(g.gen, g.ops.wide)))
	}
	return g.consume(g.call(uint32(g.IntN(g.real))))
}

// consume puts the results of i into locals, or drops them.
func (g *fn) consume(i *Instr) *Instr {
	return &Instr{Op: opSeq, Args: append([]*Instr{i}, g.take(i.Results)...)}
}

// take takes values of some types from the stack.
func (g *fn) take(types []wasm.ValType) (list []*Instr) {
	for n := len(types) - 1; n >= 0; n-- {
		t := types[n]
		into := &Instr{Op: wasm.OpDrop}
		for range 4 {
			if l := g.IntN(max(1, len(g.locals))); l < len(g.locals) && !g.taken(l) && g.sub(t, g.locals[l]) {
				into = &Instr{Op: wasm.OpLocalSet, A: uint64(l)}
				break
			}
		}
		list = append(list, into)
	}
	return list
}

// leave leaves a block or the function on a condition.
func (g *fn) leave() *Instr {
	cond := g.condition()
	to := pick(g.gen, g.labels)
	if to.instr != nil && g.one(2) && len(to.types) == 0 {
		return &Instr{Op: wasm.OpBrIf, Args: []*Instr{cond}, Labels: []*Instr{to.instr}}
	}
	if g.one(30) {
		return g.when(cond, &Instr{Op: wasm.OpUnreachable})
	}
	if g.one(3) {
		if tail := g.tailCall(); tail != nil {
			return g.when(cond, tail)
		}
	}
	return g.when(cond, g.branch(to))
}

// branch goes to a label.
func (g *fn) branch(to label) *Instr {
	b := &Instr{Op: wasm.OpBr, Args: g.exprs(to.types), Labels: []*Instr{to.instr}}
	if to.instr == nil && g.one(2) {
		b.Op, b.Labels = wasm.OpReturn, nil
	}
	return b
}

// when does something on a condition.
func (g *fn) when(cond, then *Instr) *Instr {
	return &Instr{Op: wasm.OpIf, Args: []*Instr{cond}, Body: []*Instr{then}}
}

func (g *fn) exprs(types []wasm.ValType) (list []*Instr) {
	for _, t := range types {
		list = append(list, g.expr(t))
	}
	return list
}

// defaultable is t, with null if it is a reference.
func defaultable(t wasm.ValType) wasm.ValType {
	if t.IsRef() {
		return t.AsNullable()
	}
	return t
}
