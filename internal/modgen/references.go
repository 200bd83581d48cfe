package modgen

import "github.com/godwit-vm/godwit/wasm"

// reference is a reference of type t, made or found.
func (g *fn) reference(t wasm.ValType) *Instr {
	of := []choice{{3, func() *Instr { return g.leaf(t) }}}
	if g.has(wasm.FeatureFunctionReferences) && g.constructible(t.NonNull()) {
		if !t.Nullable() {
			of = append(of, choice{3, func() *Instr { return g.unlessNull(t) }}, choice{3, func() *Instr { return g.orElse(t) }})
			if g.one(rare / 4) {
				of = append(of, choice{2, func() *Instr {
					return &Instr{Op: wasm.OpRefAsNonNull, Args: []*Instr{g.expr(t.AsNullable())}, Results: one(t)}
				}})
			}
		} else {
			of = append(of, choice{4, func() *Instr { return g.expr(t.NonNull()) }})
		}
	}
	if i := g.elementOf(t); i != nil {
		of = append(of, choice{3, i})
	}
	if g.has(wasm.FeatureGC) {
		of = append(of, g.objects(t)...)
	}
	return g.choose(of)
}

// elementOf reads a table whose elements are of type t.
func (g *fn) elementOf(t wasm.ValType) func() *Instr {
	for n, x := range g.m.Tables {
		if g.sub(x.Type.Elem, t) {
			return func() *Instr {
				return &Instr{Op: wasm.OpTableGet, A: uint64(n), Args: []*Instr{g.tableIndex(n)}, Results: one(x.Type.Elem)}
			}
		}
	}
	return nil
}

// unlessNull is what a reference that may be null refers to, or something else: by br_on_non_null.
func (g *fn) unlessNull(t wasm.ValType) *Instr {
	out := &Instr{Op: wasm.OpBlock, Results: one(t)}
	g.typed(out, nil, out.Results)
	g.within(out, out.Results, func() {
		some := &Instr{Op: wasm.OpBrOnNonNull, Args: []*Instr{g.expr(t.AsNullable())}, Labels: []*Instr{out}}
		out.Body = []*Instr{some, g.leaf(t)}
	})
	return out
}

// orElse is the same by br_on_null.
func (g *fn) orElse(t wasm.ValType) *Instr {
	out := &Instr{Op: wasm.OpBlock, Results: one(t)}
	g.typed(out, nil, out.Results)
	g.within(out, out.Results, func() {
		null := &Instr{Op: wasm.OpBlock}
		g.within(null, nil, func() {
			some := &Instr{Op: wasm.OpBrOnNull, Args: []*Instr{g.expr(t.AsNullable())}, Labels: []*Instr{null}, Results: one(t)}
			null.Body = []*Instr{{Op: wasm.OpBr, Args: []*Instr{some}, Labels: []*Instr{out}}}
		})
		out.Body = []*Instr{null, g.leaf(t)}
	})
	return out
}

// objects are the ways to a reference of type t that the GC proposal brings.
func (g *fn) objects(t wasm.ValType) (of []choice) {
	top := g.top(t)
	switch {
	case top == wasm.ExternRef && t.Heap() == wasm.ExternRef:
		return append(of, choice{6, func() *Instr {
			return &Instr{Op: wasm.OpExternConvertAny, Args: []*Instr{g.expr(like(wasm.AnyRef, t))}, Results: one(t)}
		}})
	case top != wasm.AnyRef:
		return nil
	}
	if t.Heap() == wasm.AnyRef {
		of = append(of, choice{2, func() *Instr {
			return &Instr{Op: wasm.OpAnyConvertExtern, Args: []*Instr{g.expr(like(wasm.ExternRef, t))}, Results: one(t)}
		}})
	}
	if g.sub(wasm.I31Ref.NonNull(), t) {
		of = append(of, choice{4, func() *Instr {
			return &Instr{Op: wasm.OpRefI31, Args: []*Instr{g.expr(wasm.I32)}, Results: one(wasm.I31Ref.NonNull())}
		}})
	}
	var made []uint32
	for _, list := range [][]uint32{g.structs, g.arrays} {
		for _, i := range list {
			if g.sub(wasm.RefTo(i, false), t) {
				made = append(made, i)
			}
		}
	}
	if len(made) > 0 {
		of = append(of, choice{8, func() *Instr { return g.allocate(pick(g.gen, made)) }})
	}
	if g.constructible(t) {
		of = append(of, choice{4, func() *Instr { return g.branchOnCast(t) }}, choice{3, func() *Instr { return g.branchOnCastFail(t) }})
	}
	return append(of, choice{2, func() *Instr { return g.cast(t) }})
}

// like is t with null exactly if u has null.
func like(t, u wasm.ValType) wasm.ValType {
	if u.Nullable() {
		return t.AsNullable()
	}
	return t.NonNull()
}

// above is a supertype of t, which belongs to any.
func (g *fn) above(t wasm.ValType) wasm.ValType {
	of := []wasm.ValType{wasm.AnyRef}
	for _, up := range []wasm.ValType{wasm.EqRef, wasm.StructRef, wasm.ArrayRef} {
		if g.sub(t, up) {
			of = append(of, up)
		}
	}
	if i, ok := t.TypeIndex(); ok && g.m.Types[i].Super >= 0 {
		of = append(of, wasm.RefTo(uint32(g.m.Types[i].Super), true))
	}
	up := pick(g.gen, of)
	if !t.Nullable() && g.one(2) {
		return up.NonNull()
	}
	return up
}

// cast casts to t what is nearly always a t.
func (g *fn) cast(t wasm.ValType) *Instr {
	i := &Instr{Op: wasm.OpRefCast, Ref: t, Results: one(t)}
	if t.Nullable() {
		i.Op = wasm.OpRefCastNull
	}
	from := t
	if g.one(rare / 4) {
		from = g.above(t)
	}
	i.Args = []*Instr{g.expr(from)}
	return i
}

func (g *fn) branchOnCast(t wasm.ValType) *Instr {
	from := g.above(t)
	out := &Instr{Op: wasm.OpBlock, Results: one(t)}
	g.typed(out, nil, out.Results)
	g.within(out, out.Results, func() {
		cast := &Instr{Op: wasm.OpBrOnCast, Ref: from, Ref2: t, Args: []*Instr{g.expr(from)}, Labels: []*Instr{out}, Results: one(from)}
		out.Body = []*Instr{cast, {Op: wasm.OpDrop}, g.leaf(t)}
	})
	return out
}

func (g *fn) branchOnCastFail(t wasm.ValType) *Instr {
	from := g.above(t)
	out := &Instr{Op: wasm.OpBlock, Results: one(t)}
	g.typed(out, nil, out.Results)
	g.within(out, out.Results, func() {
		fail := &Instr{Op: wasm.OpBlock, Results: one(from)}
		g.typed(fail, nil, fail.Results)
		g.within(fail, fail.Results, func() {
			cast := &Instr{Op: wasm.OpBrOnCastFail, Ref: from, Ref2: t, Args: []*Instr{g.expr(from)}, Labels: []*Instr{fail}, Results: one(t)}
			fail.Body = []*Instr{{Op: wasm.OpBr, Args: []*Instr{cast}, Labels: []*Instr{out}}}
		})
		out.Body = []*Instr{fail, {Op: wasm.OpDrop}, g.leaf(t)}
	})
	return out
}

// allocate makes a structure or an array of type i.
func (g *fn) allocate(i uint32) *Instr {
	t := &g.m.Types[i]
	x := &Instr{A: uint64(i), Results: one(wasm.RefTo(i, false))}
	defaults := true
	for _, f := range t.Fields {
		defaults = defaults && unpacked(f.Type).Defaultable()
	}
	if t.Kind == wasm.CompStruct {
		x.Op = wasm.OpStructNew
		if defaults && g.one(3) {
			x.Op = wasm.OpStructNewDefault
			return x
		}
		for _, f := range t.Fields {
			x.Args = append(x.Args, g.expr(unpacked(f.Type)))
		}
		return x
	}
	elem := t.Fields[0].Type
	switch g.IntN(4) {
	case 0:
		if defaults {
			x.Op, x.Args = wasm.OpArrayNewDefault, []*Instr{g.length(wasm.I32)}
			return x
		}
	case 1:
		n := g.IntN(5)
		x.Op, x.B = wasm.OpArrayNewFixed, uint64(n)
		for range n {
			x.Args = append(x.Args, g.expr(unpacked(elem)))
		}
		return x
	case 2:
		if s, ok := g.segmentFor(elem); ok {
			x.Op, x.B = wasm.OpArrayNewData, uint64(s)
			from, size := g.source(s, elem)
			x.Args = []*Instr{from, size}
			if elem.IsRef() {
				x.Op = wasm.OpArrayNewElem
			}
			return x
		}
	}
	x.Op, x.Args = wasm.OpArrayNew, []*Instr{g.expr(unpacked(elem)), g.length(wasm.I32)}
	return x
}

// segmentFor finds a segment that arrays with such elements can be filled from: of data, or for references of elements.
func (g *fn) segmentFor(elem wasm.ValType) (int, bool) {
	if !elem.IsRef() {
		return g.IntN(len(g.m.Datas)), true
	}
	for s, e := range g.m.Elems {
		if s > 0 && g.sub(e.Type, elem) {
			return s, true
		}
	}
	return 0, false
}

// source is where in a segment to begin, and how many elements to take.
func (g *fn) source(s int, elem wasm.ValType) (from, size *Instr) {
	if elem.IsRef() {
		return g.part(len(g.m.Elems[s].Exprs), g.m.Elems[s].Mode)
	}
	bytes := map[wasm.ValType]int{wasm.I8: 1, wasm.I16: 2, wasm.I32: 4, wasm.F32: 4, wasm.V128: 16}[elem]
	if bytes == 0 {
		bytes = 8
	}
	from, size = g.part(len(g.m.Datas[s].Init), g.m.Datas[s].Mode)
	size.A /= uint64(bytes)
	return from, size
}

// fieldOf reads a field or an element of type t, or is nil.
func (g *fn) fieldOf(t wasm.ValType) func() *Instr {
	var of []*Instr
	for _, i := range g.structs {
		for n, f := range g.m.Types[i].Fields {
			if g.sub(unpacked(f.Type), t) {
				of = append(of, &Instr{Op: wasm.OpStructGet, A: uint64(i), B: uint64(n), Results: one(unpacked(f.Type))})
			}
		}
	}
	for _, i := range g.arrays {
		if f := g.m.Types[i].Fields[0]; g.sub(unpacked(f.Type), t) {
			of = append(of, &Instr{Op: wasm.OpArrayGet, A: uint64(i), Results: one(unpacked(f.Type))})
		}
	}
	if len(of) == 0 {
		return nil
	}
	i := pick(g.gen, of)
	packed := g.m.Types[i.A].Fields[i.B].Type.IsPacked()
	return func() *Instr {
		if i.Op == wasm.OpStructGet {
			if packed {
				i.Op = pick(g.gen, []wasm.Op{wasm.OpStructGetS, wasm.OpStructGetU})
			}
			i.Args = []*Instr{g.expr(wasm.RefTo(uint32(i.A), g.one(rare)))}
			return i
		}
		if packed {
			i.Op = pick(g.gen, []wasm.Op{wasm.OpArrayGetS, wasm.OpArrayGetU})
		}
		return g.ifAny(uint32(i.A), one(t), func(array, at *Instr) *Instr {
			i.Args = []*Instr{array, at}
			return i
		})
	}
}

// ifAny does something with an array and an index in it; where the array is empty it gives something else.
func (g *fn) ifAny(i uint32, results []wasm.ValType, do func(array, at *Instr) *Instr) *Instr {
	tmp := g.temporary(wasm.RefTo(i, true))
	get := func() *Instr { return &Instr{Op: wasm.OpLocalGet, A: tmp, Results: one(wasm.RefTo(i, true))} }
	length := func(of *Instr) *Instr { return &Instr{Op: wasm.OpArrayLen, Args: []*Instr{of}, Results: one(wasm.I32)} }
	array := &Instr{Op: wasm.OpLocalTee, A: tmp, Args: []*Instr{g.expr(wasm.RefTo(i, g.one(rare)))}, Results: one(wasm.RefTo(i, true))}
	x := &Instr{Op: wasm.OpIf, Args: []*Instr{length(array)}, Results: results}
	g.typed(x, nil, results)
	at := &Instr{Op: wasm.OpI32RemU, Args: []*Instr{g.leaf(wasm.I32), length(get())}, Results: one(wasm.I32)}
	if g.one(rare) {
		at = g.leaf(wasm.I32)
	}
	g.within(x, results, func() { x.Body = []*Instr{do(get(), at)} })
	if len(results) > 0 {
		x.HasElse = true
		x.Else = []*Instr{g.leaf(results[0])}
	}
	return x
}

// mutate changes an object.
func (g *fn) mutate() *Instr {
	if len(g.structs) > 0 && (len(g.arrays) == 0 || g.one(2)) {
		i := pick(g.gen, g.structs)
		for n, f := range g.m.Types[i].Fields {
			if f.Mutable && g.one(2) {
				return &Instr{Op: wasm.OpStructSet, A: uint64(i), B: uint64(n),
					Args: []*Instr{g.expr(wasm.RefTo(i, g.one(rare))), g.expr(unpacked(f.Type))}}
			}
		}
		return g.assign()
	}
	if len(g.arrays) == 0 {
		return g.assign()
	}
	i := pick(g.gen, g.arrays)
	f := g.m.Types[i].Fields[0]
	if !f.Mutable {
		return g.dropped()
	}
	change := g.ifAny(i, nil, func(array, at *Instr) *Instr {
		switch g.IntN(4) {
		case 0:
			n := konst(wasm.I32, uint64(g.IntN(2)))
			return &Instr{Op: wasm.OpArrayFill, A: uint64(i), Args: []*Instr{array, at, g.expr(unpacked(f.Type)), n}}
		case 1:
			return g.copyArray(i, array, at)
		case 2:
			if s, ok := g.segmentFor(f.Type); ok {
				from, size := g.source(s, f.Type)
				size.A = min(size.A, 1)
				x := &Instr{Op: wasm.OpArrayInitData, A: uint64(i), B: uint64(s), Args: []*Instr{array, at, from, size}}
				if f.Type.IsRef() {
					x.Op = wasm.OpArrayInitElem
				}
				return x
			}
		}
		return &Instr{Op: wasm.OpArraySet, A: uint64(i), Args: []*Instr{array, at, g.expr(unpacked(f.Type))}}
	})
	// The array may be garbage by the end: look at it now.
	t := wasm.RefTo(i, true)
	array := &Instr{Op: wasm.OpLocalGet, A: g.temporary(t), Results: one(t)}
	return &Instr{Op: opSeq, Args: []*Instr{change, g.add(g.digestOf(t, array))}}
}

// copyArray copies an element of an array that fits.
func (g *fn) copyArray(i uint32, array, at *Instr) *Instr {
	to := g.m.Types[i].Fields[0].Type
	from := i
	for range 3 {
		j := pick(g.gen, g.arrays)
		if t := g.m.Types[j].Fields[0].Type; t == to || t.IsRef() && g.sub(t, to) {
			from = j
		}
	}
	t := g.m.Types[from].Fields[0].Type
	if from == i && g.one(2) {
		// Within the array, where ranges may overlap; at is not evaluated twice, and 0 is in any array that has an element.
		n := &Instr{Op: wasm.OpI32Sub, Args: []*Instr{{Op: wasm.OpArrayLen, Args: []*Instr{array}, Results: one(wasm.I32)}, konst(wasm.I32, 1)}, Results: one(wasm.I32)}
		to, from := konst(wasm.I32, uint64(g.IntN(2))), konst(wasm.I32, uint64(g.IntN(2)))
		return &Instr{Op: wasm.OpArrayCopy, A: uint64(i), B: uint64(i), Args: []*Instr{array, to, array, from, n}}
	}
	fresh := &Instr{Op: wasm.OpArrayNewFixed, A: uint64(from), B: 5, Results: one(wasm.RefTo(from, false))}
	for range 5 {
		fresh.Args = append(fresh.Args, g.leaf(unpacked(t)))
	}
	return &Instr{Op: wasm.OpArrayCopy, A: uint64(i), B: uint64(from),
		Args: []*Instr{array, at, fresh, konst(wasm.I32, uint64(g.IntN(5))), konst(wasm.I32, uint64(g.IntN(2)))}}
}

// test is an i32 that says something of an object.
func (g *fn) test() *Instr {
	i := &Instr{Results: one(wasm.I32)}
	switch g.IntN(5) {
	case 0:
		i.Op, i.Args = wasm.OpRefEq, []*Instr{g.expr(wasm.EqRef), g.expr(wasm.EqRef)}
	case 1:
		i.Op, i.Args = wasm.OpI31GetS, []*Instr{g.expr(wasm.I31Ref.NonNull())}
		if g.one(2) {
			i.Op = wasm.OpI31GetU
		}
	case 2:
		if len(g.arrays) > 0 {
			i.Op, i.Args = wasm.OpArrayLen, []*Instr{g.expr(wasm.ArrayRef.NonNull())}
			return i
		}
		fallthrough
	default:
		t := pick(g.gen, []wasm.ValType{wasm.I31Ref, wasm.EqRef, wasm.StructRef, wasm.ArrayRef, wasm.NullRef})
		if n := len(g.structs) + len(g.arrays); n > 0 && !g.one(3) {
			t = wasm.RefTo(pick(g.gen, append(append([]uint32{}, g.structs...), g.arrays...)), true)
		}
		i.Op, i.Ref, i.Args = wasm.OpRefTestNull, t, []*Instr{g.expr(g.above(t))}
		if g.one(2) {
			i.Op, i.Ref = wasm.OpRefTest, t.NonNull()
		}
	}
	return i
}
