package modgen

import "github.com/godwit-vm/godwit/wasm"

// expr is an expression of type t, or of a subtype.
func (g *fn) expr(t wasm.ValType) *Instr {
	g.left--
	if g.left <= 0 || g.depth >= maxDepth || g.one(7) {
		return g.leaf(t)
	}
	g.depth++
	defer func() { g.depth-- }()
	loose := g.loose
	g.loose = false
	defer func() { g.loose = loose }()
	of := []choice{
		{3, func() *Instr { return g.leaf(t) }}, {4, func() *Instr { return g.selectOf(t) }},
		{3, func() *Instr { return g.blockOf(t) }}, {3, func() *Instr { return g.ifOf(t) }},
		{1, func() *Instr { return g.loopOf(t) }}, {2, func() *Instr { return g.callOf(t) }},
		{2, func() *Instr { return g.teeOf(t) }}, {2, func() *Instr { return g.branchIf(t) }},
	}
	if rows := g.ops.giving[t]; len(rows) > 0 {
		of = append(of, choice{30, func() *Instr {
			g.loose = loose
			return g.operation(pick(g.gen, rows))
		}})
	}
	if t == wasm.I32 || t == wasm.I64 || t == wasm.F64 || t == wasm.V128 {
		of = append(of, choice{4, func() *Instr {
			g.loose = loose
			return g.idiom(t)
		}})
	}
	switch {
	case t.IsRef():
		of = append(of, choice{20, func() *Instr { return g.reference(t) }})
	case t == wasm.I32:
		of = append(of, choice{6, g.about})
	}
	if g.has(wasm.FeatureGC) {
		if f := g.fieldOf(t); f != nil {
			of = append(of, choice{4, f})
		}
	}
	if len(g.m.Tags) > 0 {
		of = append(of, choice{2, func() *Instr { return g.tryTableOf(t) }})
	}
	return g.choose(of)
}

// leaf is an expression without operands.
func (g *fn) leaf(t wasm.ValType) *Instr {
	if !g.one(4) {
		var of []*Instr
		for i, l := range g.locals {
			if g.sub(l, t) && !g.isTemporary(i) {
				of = append(of, &Instr{Op: wasm.OpLocalGet, A: uint64(i), Results: one(l)})
			}
		}
		if len(of) == 0 || g.one(3) {
			for i, x := range g.m.Globals {
				if g.sub(x.Type.Type, t) {
					of = append(of, &Instr{Op: wasm.OpGlobalGet, A: uint64(i), Results: one(x.Type.Type)})
				}
			}
		}
		if len(of) > 0 {
			return pick(g.gen, of)
		}
	}
	return g.constant(t)
}

func (g *fn) selectOf(t wasm.ValType) *Instr {
	i := &Instr{Op: wasm.OpSelect, Results: one(t)}
	if t.IsRef() || g.one(4) {
		i.Op, i.Ref = wasm.OpSelectT, t
	}
	i.Args = []*Instr{g.expr(t), g.expr(t), g.expr(wasm.I32)}
	return i
}

func (g *fn) teeOf(t wasm.ValType) *Instr {
	var of []uint64
	for i, l := range g.locals {
		if l == t && !g.taken(i) {
			of = append(of, uint64(i))
		}
	}
	if len(of) == 0 {
		return g.leaf(t)
	}
	return &Instr{Op: wasm.OpLocalTee, A: pick(g.gen, of), Args: []*Instr{g.expr(t)}, Results: one(t)}
}

// branchIf is a branch on a condition that carries the value, which is the result where it is not taken.
func (g *fn) branchIf(t wasm.ValType) *Instr {
	for range 3 {
		if l := pick(g.gen, g.labels); len(l.types) == 1 && l.types[0] == t {
			return &Instr{Op: wasm.OpBrIf, Args: []*Instr{g.expr(t), g.expr(wasm.I32)}, Labels: []*Instr{l.instr}, Results: one(t)}
		}
	}
	return g.leaf(t)
}

// about is an i32 that says something of what is not a number.
func (g *fn) about() *Instr {
	switch g.IntN(6) {
	case 0:
		n := g.IntN(len(g.m.Memories))
		return g.narrow(g.m.Memories[n].AddrType(), &Instr{Op: wasm.OpMemorySize, A: uint64(n)})
	case 1:
		return g.growMemory()
	case 2:
		n := g.IntN(len(g.m.Tables))
		return g.narrow(g.m.Tables[n].Type.AddrType(), &Instr{Op: wasm.OpTableSize, A: uint64(n)})
	case 3:
		if w := g.wait(); w != nil {
			return w
		}
	case 4:
		if g.has(wasm.FeatureGC) {
			return g.test()
		}
	}
	return &Instr{Op: wasm.OpRefIsNull, Args: []*Instr{g.expr(g.nullable())}, Results: one(wasm.I32)}
}

// narrow makes an i32 of an address or a size.
func (g *fn) narrow(t wasm.ValType, i *Instr) *Instr {
	i.Results = one(t)
	if t == wasm.I64 {
		return &Instr{Op: wasm.OpI32WrapI64, Args: []*Instr{i}, Results: one(wasm.I32)}
	}
	return i
}

// call calls function f.
func (g *fn) call(f uint32) *Instr {
	t := g.m.FuncType(f)
	ft := g.m.Funcs[f].Type
	i := &Instr{Op: wasm.OpCall, A: uint64(f), Args: g.exprs(t.Params), Results: t.Results}
	switch g.IntN(4) {
	case 0:
		g.indirect(i, f, ft)
	case 1:
		if g.has(wasm.FeatureFunctionReferences) {
			i.Op, i.A = wasm.OpCallRef, uint64(ft)
			i.Args = append(i.Args, g.expr(g.callee(ft)))
		}
	}
	return i
}

// callee is the type of a reference to be called: nearly always one that is not null.
func (g *fn) callee(ft uint32) wasm.ValType { return wasm.RefTo(ft, g.one(rare)) }

// indirect makes a call of f one through the first table: through the element that was f at the beginning, if there was one.
func (g *fn) indirect(i *Instr, f, ft uint32) {
	i.Op, i.A, i.B = wasm.OpCallIndirect, uint64(ft), 0
	at := g.IntN(int(g.m.Tables[0].Type.Min) + 1)
	for n, e := range g.m.Elems[1].Funcs {
		if e == f && !g.one(rare/4) {
			at = n
		}
	}
	i.Args = append(i.Args, konst(wasm.I32, uint64(at)))
}

// callOf is a call of a function whose first result is of type t, or a leaf.
func (g *fn) callOf(t wasm.ValType) *Instr {
	var of []uint32
	for f := range g.real {
		if r := g.m.FuncType(uint32(f)).Results; len(r) > 0 && g.sub(r[0], t) {
			of = append(of, uint32(f))
		}
	}
	if len(of) == 0 {
		return g.leaf(t)
	}
	call := g.call(pick(g.gen, of))
	if len(call.Results) == 1 {
		return call
	}
	seq := &Instr{Op: opSeq, Args: []*Instr{call}, Results: call.Results[:1]}
	for range call.Results[1:] {
		seq.Args = append(seq.Args, &Instr{Op: wasm.OpDrop})
	}
	return seq
}

// tailCall is a tail call of a function that gives what this one gives, or nil.
func (g *fn) tailCall() *Instr {
	if !g.has(wasm.FeatureTailCall) {
		return nil
	}
	var of []uint32
	for f := range g.real {
		r := g.m.FuncType(uint32(f)).Results
		ok := len(r) == len(g.t.Results)
		for i := range r {
			ok = ok && g.sub(r[i], g.t.Results[i])
		}
		if ok {
			of = append(of, uint32(f))
		}
	}
	if len(of) == 0 {
		return nil
	}
	i := g.call(pick(g.gen, of))
	i.Results = nil
	switch i.Op {
	case wasm.OpCall:
		i.Op = wasm.OpReturnCall
	case wasm.OpCallIndirect:
		i.Op = wasm.OpReturnCallIndirect
	case wasm.OpCallRef:
		i.Op = wasm.OpReturnCallRef
	}
	return i
}
