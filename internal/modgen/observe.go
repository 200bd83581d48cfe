package modgen

import "github.com/godwit-vm/godwit/wasm"

// entries exports functions that fill up the fuel and call those that were made up, and says how they are to be called.
func (g *gen) entries() {
	if g.one(4) {
		for i, f := range g.m.Funcs {
			if t := g.m.Types[f.Type]; len(t.Params)+len(t.Results) == 0 {
				g.m.Start = i
			}
		}
	}
	g.m.Globals[g.fuel].Init = konst(wasm.I32, uint64(g.cfg.Fuel))
	var entries []Call
	for i := range g.real {
		entries = append(entries, g.entry(i))
	}
	for range g.upTo(g.real, 2*g.real) {
		c := pick(g, entries)
		c.Args = make([]uint64, len(c.Params))
		for i, p := range c.Params {
			c.Args[i] = g.integer(map[wasm.ValType]int{wasm.I32: 32, wasm.I64: 64}[p])
		}
		g.m.Calls = append(g.m.Calls, c)
	}
}

// entry makes the exported function for function i.
func (g *gen) entry(i int) Call {
	t := g.m.FuncType(uint32(i))
	var params []wasm.ValType
	call := &Instr{Op: wasm.OpCall, A: uint64(i), Results: t.Results}
	arg := func(t wasm.ValType) *Instr {
		params = append(params, t)
		return &Instr{Op: wasm.OpLocalGet, A: uint64(len(params) - 1), Results: one(t)}
	}
	convert := func(op wasm.Op, t wasm.ValType, of ...*Instr) *Instr {
		return &Instr{Op: op, Args: of, Results: one(t)}
	}
	for _, p := range t.Params {
		var a *Instr
		switch p {
		case wasm.I32, wasm.I64:
			a = arg(p)
		case wasm.F32:
			a = convert(wasm.OpF32ReinterpretI32, p, arg(wasm.I32))
		case wasm.F64:
			a = convert(wasm.OpF64ReinterpretI64, p, arg(wasm.I64))
		case wasm.V128:
			a = convert(wasm.OpI64x2ReplaceLane, p, convert(wasm.OpI64x2Splat, p, arg(wasm.I64)), arg(wasm.I64))
			a.D = 1
		default:
			a = g.constant(p)
		}
		call.Args = append(call.Args, a)
	}
	f := &fn{gen: g, locals: params, nparams: len(params)}
	fill := &Instr{Op: wasm.OpGlobalSet, A: uint64(g.fuel), Args: []*Instr{konst(wasm.I32, uint64(g.cfg.Fuel))}}
	body := []*Instr{fill, call}
	var locals []uint64
	for _, r := range t.Results {
		locals = append(locals, f.local(defaultable(r)))
	}
	for n := len(locals) - 1; n >= 0; n-- {
		body = append(body, &Instr{Op: wasm.OpLocalSet, A: locals[n]})
	}
	var results []wasm.ValType
	for n, r := range t.Results {
		for _, x := range g.numbers(defaultable(r), func() *Instr { return &Instr{Op: wasm.OpLocalGet, A: locals[n], Results: one(defaultable(r))} }) {
			body = append(body, x)
			results = append(results, x.Results[0])
		}
	}
	name := g.helper("f"+itoa(i), params, results, f.locals[f.nparams:], body)
	return Call{Export: name, Params: params}
}

// helper adds a function that random code does not call, and exports it unless it has no name.
func (g *gen) helper(name string, params, results, locals []wasm.ValType, body []*Instr) string {
	g.m.Funcs = append(g.m.Funcs, &Func{Type: g.funcType(params, results), Locals: locals, Body: body})
	if name != "" {
		g.m.Exports = append(g.m.Exports, wasm.Export{Name: name, Kind: wasm.ExternFunc, Index: uint32(len(g.m.Funcs) - 1)})
	}
	return name
}

// numbers are i32 and i64 that say what is to be known of a value; each call of get makes the instruction that has it.
func (g *gen) numbers(t wasm.ValType, get func() *Instr) []*Instr {
	convert := func(op wasm.Op, t wasm.ValType, lane uint64) *Instr {
		return &Instr{Op: op, D: lane, Args: []*Instr{get()}, Results: one(t)}
	}
	switch t {
	case wasm.I32, wasm.I64:
		return []*Instr{get()}
	case wasm.F32:
		return []*Instr{convert(wasm.OpI32ReinterpretF32, wasm.I32, 0)}
	case wasm.F64:
		return []*Instr{convert(wasm.OpI64ReinterpretF64, wasm.I64, 0)}
	case wasm.V128:
		return []*Instr{convert(wasm.OpI64x2ExtractLane, wasm.I64, 0), convert(wasm.OpI64x2ExtractLane, wasm.I64, 1)}
	}
	return []*Instr{g.digestOf(t, get())}
}

// digestOf is an i64 that says what a reference is, and what is in the object.
func (g *gen) digestOf(t wasm.ValType, ref *Instr) *Instr {
	top := g.top(t)
	if top == wasm.ExternRef && g.has(wasm.FeatureGC) {
		ref = &Instr{Op: wasm.OpAnyConvertExtern, Args: []*Instr{ref}, Results: one(wasm.AnyRef)}
		top = wasm.AnyRef
	}
	if top == wasm.AnyRef {
		if g.digest < 0 {
			g.makeDigest()
		}
		return &Instr{Op: wasm.OpCall, A: uint64(g.digest), Args: []*Instr{ref}, Results: one(wasm.I64)}
	}
	if top == wasm.FuncRef && g.has(wasm.FeatureGC) {
		if g.digestFunc < 0 {
			g.makeDigestFunc()
		}
		return &Instr{Op: wasm.OpCall, A: uint64(g.digestFunc), Args: []*Instr{ref}, Results: one(wasm.I64)}
	}
	return wide(&Instr{Op: wasm.OpRefIsNull, Args: []*Instr{ref}, Results: one(wasm.I32)})
}

// makeDigestFunc makes the function from funcref to i64 that says of which types a function is.
func (g *gen) makeDigestFunc() {
	get := func() *Instr { return &Instr{Op: wasm.OpLocalGet, Results: one(wasm.FuncRef)} }
	sum := wide(&Instr{Op: wasm.OpRefIsNull, Args: []*Instr{get()}, Results: one(wasm.I32)})
	for _, i := range g.funcs {
		sum = fold(sum, &Instr{Op: wasm.OpRefTest, Ref: wasm.RefTo(i, false), Args: []*Instr{get()}, Results: one(wasm.I32)})
	}
	g.helper("", one(wasm.FuncRef), one(wasm.I64), nil, []*Instr{sum})
	g.digestFunc = len(g.m.Funcs) - 1
}

// wide is an i32 as an i64.
func wide(i *Instr) *Instr {
	return &Instr{Op: wasm.OpI64ExtendI32U, Args: []*Instr{i}, Results: one(wasm.I64)}
}

// fold is a number made of others.
func fold(hash *Instr, with *Instr) *Instr {
	if with.Results[0] == wasm.I32 {
		with = wide(with)
	}
	times := &Instr{Op: wasm.OpI64Mul, Args: []*Instr{hash, konst(wasm.I64, 1000003)}, Results: one(wasm.I64)}
	return &Instr{Op: wasm.OpI64Xor, Args: []*Instr{times, with}, Results: one(wasm.I64)}
}

// makeDigest makes the function from anyref to i64 that looks one level deep: of references in objects it says whether
// they are null.
func (g *gen) makeDigest() {
	get := func() *Instr { return &Instr{Op: wasm.OpLocalGet, Results: one(wasm.AnyRef)} }
	cast := func(t wasm.ValType) *Instr {
		return &Instr{Op: wasm.OpRefCast, Ref: t.NonNull(), Args: []*Instr{get()}, Results: one(t.NonNull())}
	}
	var body []*Instr
	is := func(t wasm.ValType, result *Instr) {
		test := &Instr{Op: wasm.OpRefTest, Ref: t.NonNull(), Args: []*Instr{get()}, Results: one(wasm.I32)}
		body = append(body, &Instr{Op: wasm.OpIf, Args: []*Instr{test}, Body: []*Instr{{Op: wasm.OpReturn, Args: []*Instr{result}}}})
	}
	is(wasm.I31Ref, fold(konst(wasm.I64, 1), &Instr{Op: wasm.OpI31GetS, Args: []*Instr{cast(wasm.I31Ref)}, Results: one(wasm.I32)}))
	for i := len(g.m.Types) - 1; i >= 0; i-- {
		t, ref := g.m.Types[i], wasm.RefTo(uint32(i), false)
		if t.Kind == wasm.CompFunc {
			continue
		}
		hash := konst(wasm.I64, uint64(2+t.Kind))
		if t.Kind == wasm.CompArray {
			is(ref, g.digestArray(hash, i, cast))
			continue
		}
		for n, f := range t.Fields {
			op := wasm.OpStructGet
			if f.Type.IsPacked() {
				op = wasm.OpStructGetU
			}
			field := func() *Instr {
				return &Instr{Op: op, A: uint64(i), B: uint64(n), Args: []*Instr{cast(ref)}, Results: one(unpacked(f.Type))}
			}
			for _, x := range g.shallow(unpacked(f.Type), field) {
				hash = fold(hash, x)
			}
		}
		is(ref, hash)
	}
	body = append(body, wide(&Instr{Op: wasm.OpRefIsNull, Args: []*Instr{get()}, Results: one(wasm.I32)}))
	g.helper("", one(wasm.AnyRef), one(wasm.I64), nil, body)
	g.digest = len(g.m.Funcs) - 1
}

// digestArray says how long an array of type i is, and what some of its elements are, as far as there are so many.
func (g *gen) digestArray(hash *Instr, i int, cast func(wasm.ValType) *Instr) *Instr {
	t, ref := g.m.Types[i].Fields[0].Type, wasm.RefTo(uint32(i), false)
	length := func() *Instr {
		return &Instr{Op: wasm.OpArrayLen, Args: []*Instr{cast(ref)}, Results: one(wasm.I32)}
	}
	op := wasm.OpArrayGet
	if t.IsPacked() {
		op = wasm.OpArrayGetS
	}
	hash = fold(hash, length())
	for _, at := range []uint64{0, 1, 2, 4, 9} {
		element := konst(wasm.I64, at)
		for _, x := range g.shallow(unpacked(t), func() *Instr {
			return &Instr{Op: op, A: uint64(i), Args: []*Instr{cast(ref), konst(wasm.I32, at)}, Results: one(unpacked(t))}
		}) {
			element = fold(element, x)
		}
		there := &Instr{Op: wasm.OpI32GtU, Args: []*Instr{length(), konst(wasm.I32, at)}, Results: one(wasm.I32)}
		some := &Instr{Op: wasm.OpIf, Args: []*Instr{there}, Results: one(wasm.I64), Body: []*Instr{element},
			HasElse: true, Else: []*Instr{konst(wasm.I64, 0)}}
		some.Block.Results = some.Results
		hash = fold(hash, some)
	}
	return hash
}

// shallow is numbers, but looks into no object.
func (g *gen) shallow(t wasm.ValType, get func() *Instr) []*Instr {
	if t.IsRef() {
		return []*Instr{{Op: wasm.OpRefIsNull, Args: []*Instr{get()}, Results: one(wasm.I32)}}
	}
	return g.numbers(t, get)
}

// observers export functions that say what is in globals, tables and shared memories, to be called at the end.
func (g *gen) observers() {
	look := func(name string, locals []wasm.ValType, body ...*Instr) {
		var results []wasm.ValType
		for _, i := range body {
			results = append(results, i.Results...)
		}
		g.m.Calls = append(g.m.Calls, Call{Export: g.helper(name, nil, results, locals, body)})
	}
	for i, x := range g.m.Globals {
		look("global"+itoa(i), nil, g.numbers(x.Type.Type, func() *Instr {
			return &Instr{Op: wasm.OpGlobalGet, A: uint64(i), Results: one(x.Type.Type)}
		})...)
	}
	for i, x := range g.m.Tables {
		t := x.Type.AddrType()
		size := &Instr{Op: wasm.OpTableSize, A: uint64(i), Results: one(t)}
		look("table"+itoa(i), []wasm.ValType{t, wasm.I64}, g.loopOver(t, size, 1, func(at *Instr) *Instr {
			return g.digestOf(x.Type.Elem, &Instr{Op: wasm.OpTableGet, A: uint64(i), Args: []*Instr{at}, Results: one(x.Type.Elem)})
		})...)
	}
	for i, x := range g.m.Memories {
		if x.Shared {
			t := x.AddrType()
			look("memory"+itoa(i), []wasm.ValType{t, wasm.I64}, g.loopOver(t, konst(t, 0x1100), 8, func(at *Instr) *Instr {
				return &Instr{Op: wasm.OpI64Load, B: uint64(i), Args: []*Instr{at}, Results: one(wasm.I64)}
			})...)
		}
	}
}

// loopOver makes one number of what item gives for each multiple of step below end, which is of type t. It uses local 0, of
// type t, and local 1, an i64.
func (g *gen) loopOver(t wasm.ValType, end *Instr, step uint64, item func(at *Instr) *Instr) []*Instr {
	at := func() *Instr { return &Instr{Op: wasm.OpLocalGet, A: 0, Results: one(t)} }
	hash := func() *Instr { return &Instr{Op: wasm.OpLocalGet, A: 1, Results: one(wasm.I64)} }
	less, add := wasm.OpI32LtU, wasm.OpI32Add
	if t == wasm.I64 {
		less, add = wasm.OpI64LtU, wasm.OpI64Add
	}
	out, loop := &Instr{Op: wasm.OpBlock}, &Instr{Op: wasm.OpLoop}
	more := &Instr{Op: less, Args: []*Instr{at(), end}, Results: one(wasm.I32)}
	next := &Instr{Op: add, Args: []*Instr{at(), konst(t, step)}, Results: one(t)}
	loop.Body = []*Instr{
		{Op: wasm.OpBrIf, Args: []*Instr{{Op: wasm.OpI32Eqz, Args: []*Instr{more}, Results: one(wasm.I32)}}, Labels: []*Instr{out}},
		{Op: wasm.OpLocalSet, A: 1, Args: []*Instr{fold(hash(), item(at()))}},
		{Op: wasm.OpLocalSet, A: 0, Args: []*Instr{next}},
		{Op: wasm.OpBr, Labels: []*Instr{loop}},
	}
	out.Body = []*Instr{loop}
	return []*Instr{out, hash()}
}
