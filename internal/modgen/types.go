package modgen

import (
	"slices"
	"strconv"

	"github.com/godwit-vm/godwit/wasm"
)

func itoa(n int) string { return strconv.Itoa(n) }

func one(t wasm.ValType) []wasm.ValType { return []wasm.ValType{t} }

// types makes recursion groups of structures and arrays, then function types that may refer to them.
func (g *gen) types() {
	if g.has(wasm.FeatureGC) {
		for range g.upTo(1, 4) {
			g.group()
		}
	}
	for range g.upTo(3, 7) {
		var t wasm.FuncType
		for range g.upTo(0, 4) {
			t.Params = append(t.Params, g.valType())
		}
		for range pick(g, []int{0, 1, 1, 1, 1, 2, 3}) {
			t.Results = append(t.Results, g.valType())
		}
		i := g.funcType(t.Params, t.Results)
		if !slices.Contains(g.funcs, i) {
			g.funcs = append(g.funcs, i)
		}
	}
	if g.has(wasm.FeatureGC) && g.one(2) {
		// A function type with a subtype.
		super := uint32(len(g.m.Types))
		t := g.m.Types[pick(g, g.funcs)].FuncType
		g.m.Types = append(g.m.Types, wasm.TypeDef{FuncType: t, Super: -1, Group: super, GroupLen: 1},
			wasm.TypeDef{FuncType: t, Super: int32(super), Final: true, Group: super + 1, GroupLen: 1})
		g.funcs = append(g.funcs, super, super+1)
	}
}

// group makes a recursion group of structures and arrays.
func (g *gen) group() {
	first, n := len(g.m.Types), g.upTo(1, 3)
	for i := range n {
		t := wasm.TypeDef{Kind: wasm.CompStruct, Super: -1, Final: g.one(3), Group: uint32(first), GroupLen: uint32(n)}
		if g.one(3) {
			t.Kind = wasm.CompArray
		}
		index := uint32(first + i)
		if super, ok := g.super(t.Kind); ok && g.one(2) {
			t.Super = int32(super)
			t.Fields = slices.Clone(g.m.Types[super].Fields)
		}
		switch {
		case t.Kind == wasm.CompStruct:
			for range g.upTo(0, 4) {
				t.Fields = append(t.Fields, g.field(first+n, index))
			}
			g.structs = append(g.structs, index)
		case t.Super < 0:
			t.Fields = []wasm.FieldType{g.field(first+n, index)}
			fallthrough
		default:
			g.arrays = append(g.arrays, index)
		}
		g.m.Types = append(g.m.Types, t)
	}
}

// super finds a type that may have a subtype of the kind.
func (g *gen) super(k wasm.CompKind) (uint32, bool) {
	var of []uint32
	for i, t := range g.m.Types {
		if t.Kind == k && !t.Final {
			of = append(of, uint32(i))
		}
	}
	if len(of) == 0 {
		return 0, false
	}
	return pick(g, of), true
}

// field makes the type of a field of type self; types before end exist or will.
func (g *gen) field(end int, self uint32) wasm.FieldType {
	f := wasm.FieldType{Mutable: !g.one(4)}
	switch g.IntN(8) {
	case 0:
		f.Type = wasm.I8
	case 1:
		f.Type = wasm.I16
	case 2:
		f.Type = wasm.RefTo(uint32(g.IntN(end)), true)
	case 3:
		// What a non-null field refers to must be there before the object: only to earlier types, so that this ends.
		f.Type = wasm.I31Ref.NonNull()
		if n := int(self); n > 0 && g.one(2) {
			f.Type = wasm.RefTo(uint32(g.IntN(n)), false)
		}
	case 4:
		f.Type = pick(g, []wasm.ValType{wasm.AnyRef, wasm.EqRef, wasm.I31Ref, wasm.StructRef, wasm.ArrayRef, wasm.FuncRef, wasm.ExternRef})
	default:
		f.Type = g.number()
	}
	return f
}

// number is a number type, or v128.
func (g *gen) number() wasm.ValType {
	types := []wasm.ValType{wasm.I32, wasm.I32, wasm.I32, wasm.I64, wasm.I64, wasm.F32, wasm.F64}
	if g.has(wasm.FeatureSIMD) {
		types = append(types, wasm.V128, wasm.V128)
	}
	return pick(g, types)
}

// nullable is a type of references that may be null, of those that can be declared so far.
func (g *gen) nullable() wasm.ValType {
	types := []wasm.ValType{wasm.FuncRef, wasm.ExternRef}
	if g.has(wasm.FeatureFunctionReferences) && len(g.funcs) > 0 {
		types = append(types, wasm.RefTo(pick(g, g.funcs), true))
	}
	if g.has(wasm.FeatureGC) {
		types = append(types, wasm.AnyRef, wasm.EqRef, wasm.I31Ref, wasm.StructRef, wasm.ArrayRef)
		for range 3 {
			types = append(types, wasm.RefTo(pick(g, slices.Concat(g.structs, g.arrays)), true))
		}
		if g.one(8) {
			types = append(types, wasm.NullRef, wasm.NullExternRef, wasm.NullFuncRef)
		}
	}
	if g.has(wasm.FeatureExceptions) {
		types = append(types, wasm.ExnRef)
	}
	return pick(g, types)
}

// valType is any value type that [gen.constant] has values of.
func (g *gen) valType() wasm.ValType {
	if !g.one(4) {
		return g.number()
	}
	t := g.nullable()
	if g.has(wasm.FeatureFunctionReferences) && g.one(3) && g.constructible(t.NonNull()) {
		return t.NonNull()
	}
	return t
}

// constructible tells whether there are constants of type t.
func (g *gen) constructible(t wasm.ValType) bool {
	if !t.IsRef() || t.Nullable() {
		return true
	}
	switch t.Heap() {
	case wasm.ExnRef, wasm.NoExnRef, wasm.NullRef, wasm.NullExternRef, wasm.NullFuncRef:
		return false
	case wasm.StructRef:
		return len(g.structs) > 0
	case wasm.ArrayRef:
		return len(g.arrays) > 0
	case wasm.ExternRef:
		return g.has(wasm.FeatureGC)
	}
	return true
}

// funcType finds the function type with these parameters and results, or makes it.
func (g *gen) funcType(params, results []wasm.ValType) uint32 {
	t := wasm.FuncType{Params: params, Results: results}
	for i := range g.m.Types {
		d := &g.m.Types[i]
		if d.Kind == wasm.CompFunc && d.Super < 0 && d.Final && d.Equal(&t) {
			return uint32(i)
		}
	}
	i := uint32(len(g.m.Types))
	g.m.Types = append(g.m.Types, wasm.TypeDef{FuncType: t, Super: -1, Final: true, Group: i, GroupLen: 1})
	return i
}

// sub tells whether a is a subtype of b.
func (g *gen) sub(a, b wasm.ValType) bool {
	if a == b {
		return true
	}
	if !a.IsRef() || !b.IsRef() || a.Nullable() && !b.Nullable() {
		return false
	}
	a, b = a.Heap(), b.Heap()
	if a == b {
		return true
	}
	i, defined := a.TypeIndex()
	if j, ok := b.TypeIndex(); ok {
		if !defined {
			return a == wasm.NullFuncRef && g.m.Types[j].Kind == wasm.CompFunc || a == wasm.NullRef && g.m.Types[j].Kind != wasm.CompFunc
		}
		for super := int32(i); super >= 0; super = g.m.Types[super].Super {
			if uint32(super) == j {
				return true
			}
		}
		return false
	}
	if defined {
		a = [...]wasm.ValType{wasm.FuncRef, wasm.StructRef, wasm.ArrayRef}[g.m.Types[i].Kind]
		if a == b {
			return true
		}
	}
	switch b {
	case wasm.FuncRef:
		return a == wasm.NullFuncRef
	case wasm.ExternRef:
		return a == wasm.NullExternRef
	case wasm.ExnRef:
		return a == wasm.NoExnRef
	case wasm.AnyRef:
		return a == wasm.EqRef || g.sub(a, wasm.EqRef)
	case wasm.EqRef:
		return a == wasm.I31Ref || a == wasm.StructRef || a == wasm.ArrayRef || a == wasm.NullRef
	case wasm.I31Ref, wasm.StructRef, wasm.ArrayRef:
		return a == wasm.NullRef
	}
	return false
}

// top is the highest type above t: any, func, extern or exn.
func (g *gen) top(t wasm.ValType) wasm.ValType {
	for _, top := range []wasm.ValType{wasm.FuncRef, wasm.ExternRef, wasm.ExnRef} {
		if g.sub(t.AsNullable(), top) {
			return top
		}
	}
	return wasm.AnyRef
}

// unpacked is the type of a field on the stack.
func unpacked(t wasm.ValType) wasm.ValType {
	if t.IsPacked() {
		return wasm.I32
	}
	return t
}
