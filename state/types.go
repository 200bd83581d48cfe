package state

import (
	"github.com/godwit-vm/godwit/wasm"
)

// typeFeatures are those that types may use.
const typeFeatures = wasm.AllFeatures

// Forms of references in the encoding of types (specification 5.3.5), and what stands before the index of an exact one: as
// an `s` it would be the heap type -30.
const (
	formRefNull = 0x63
	formRef     = 0x64
	formExact   = 0x62
	exactHeap   = formExact - 0x80
)

// plainType is t if that is a type whose encoding is one byte: a number type, v128, or a nullable reference to an
// abstract heap type. ok is false for others.
func plainType(t wasm.ValType) bool {
	if t.IsNum() || t == wasm.V128 {
		return true
	}
	_, defined := t.TypeIndex()
	return t.IsRef() && !defined && t <= 0xFF
}

// knownType tells whether t is a value type whose index, if it has one, is one of types.
func knownType(t wasm.ValType, types []wasm.TypeDef) bool {
	if plainType(t) {
		return true
	}
	if !t.IsRef() {
		return false
	}
	if i, ok := t.TypeIndex(); ok {
		return uint64(i) < uint64(len(types)) && t.AsNullable().Inexact() == wasm.RefTo(i, true)
	}
	return plainType(t.AsNullable())
}

// Top is the top of the hierarchy of t, a reference type: [wasm.FuncRef], [wasm.ExternRef], [wasm.AnyRef] or
// [wasm.ExnRef]. An index is one of p.Types. It is 0 for what is no reference type.
func (p *Program) Top(t wasm.ValType) wasm.ValType { return top(t, p.Types) }

func top(t wasm.ValType, types []wasm.TypeDef) wasm.ValType {
	if i, ok := t.TypeIndex(); ok {
		switch {
		case uint64(i) >= uint64(len(types)):
			return 0
		case types[i].Kind == wasm.CompFunc:
			return wasm.FuncRef
		}
		return wasm.AnyRef
	}
	switch t.AsNullable() {
	case wasm.FuncRef, wasm.NullFuncRef:
		return wasm.FuncRef
	case wasm.ExternRef, wasm.NullExternRef:
		return wasm.ExternRef
	case wasm.ExnRef, wasm.NoExnRef:
		return wasm.ExnRef
	case wasm.AnyRef, wasm.EqRef, wasm.I31Ref, wasm.StructRef, wasm.ArrayRef, wasm.NullRef:
		return wasm.AnyRef
	}
	return 0
}

// isTop tells whether t is what the references among values have as their type.
func isTop(t wasm.ValType) bool {
	return t == wasm.FuncRef || t == wasm.ExternRef || t == wasm.AnyRef || t == wasm.ExnRef
}

// valType appends a type as the binary format has it.
func (e *encoder) valType(t wasm.ValType) {
	i, defined := t.TypeIndex()
	if !defined && t.Nullable() {
		e.byte(byte(t))
		return
	}
	form := byte(formRefNull)
	if !t.Nullable() {
		form = formRef
	}
	e.byte(form)
	if t.Exact() {
		e.byte(formExact)
	}
	if defined {
		e.sint(int64(i))
	} else {
		e.byte(byte(t))
	}
}

func (e *encoder) valTypes(s []wasm.ValType) {
	e.uint(uint64(len(s)))
	for _, t := range s {
		e.valType(t)
	}
}

// valType reads a type. That its index is one of the program's types is checked later.
func (d *decoder) valType() wasm.ValType {
	if d.version < 2 {
		t := wasm.ValType(d.uint32())
		if t != wasm.FuncRef && t != wasm.ExternRef && !t.IsNum() && t != wasm.V128 {
			d.fail(ErrInvalid, "unknown value type 0x%x", uint32(t))
			return 0
		}
		return t
	}
	b := d.byte()
	if b != formRefNull && b != formRef {
		t := wasm.ValType(b)
		if d.err == nil && !plainType(t) {
			d.fail(ErrInvalid, "unknown value type 0x%x", b)
			return 0
		}
		return t
	}
	heap := d.sint(5)
	exact := heap == exactHeap
	if exact {
		heap = d.sint(5)
	}
	if d.err != nil {
		return 0
	}
	t := wasm.ValType(heap & 0x7F)
	switch {
	case heap >= 0 && heap <= maxTypeIndex:
		t = wasm.RefTo(uint32(heap), true)
	case exact || heap >= 0 || heap < -0x40 || !t.IsRef() || !plainType(t):
		d.fail(ErrInvalid, "unknown heap type %d", heap)
		return 0
	}
	if exact {
		t = t.AsExact()
	}
	if b == formRef {
		t = t.NonNull()
	}
	return t
}

// maxTypeIndex is the largest index that a wasm.ValType has room for.
const maxTypeIndex = 1<<22 - 1

func (d *decoder) valTypes(what string) []wasm.ValType {
	n := d.count(what, 1, 0)
	s := list[wasm.ValType](n)
	for i := range s {
		s[i] = d.valType()
	}
	return s
}

func appendTypes(e *encoder, p *Program, _ Options) { e.buf = wasm.AppendTypes(e.buf, p.Types) }

func readTypes(d *decoder, p *Program) {
	defs, err := wasm.DecodeTypes(d.rest, typeFeatures)
	switch n := uint64(len(defs)); {
	case err != nil:
		d.fail(ErrInvalid, "%v", err)
	case n > d.limits.Objects:
		d.fail(ErrLimit, "%d types, at most %d allowed", n, d.limits.Objects)
	case n > 0:
		p.Types = defs
	}
	d.rest = nil
}

// checkTypes checks that the types are such as a type section can hold, each once.
func (p *checker) checkTypes(Limits) error {
	n := uint64(len(p.Types))
	for i := uint64(0); i < n; {
		def := &p.Types[i]
		if def.GroupLen == 0 || uint64(def.GroupLen) > n-i {
			return invalid(nameTypes, "type %d is in a group of %d types", i, def.GroupLen)
		}
		for k := i; k < i+uint64(def.GroupLen); k++ {
			if err := p.checkType(k, i, def.GroupLen); err != nil {
				return err
			}
		}
		i += uint64(def.GroupLen)
	}
	return nil
}

// checkType checks type i of the group with length n that begins with type first.
func (p *checker) checkType(i, first uint64, n uint32) error {
	def := &p.Types[i]
	switch {
	case uint64(def.Group) != first || def.GroupLen != n:
		return invalid(nameTypes, "type %d contradicts type %d on their group", i, first)
	case uint64(def.Canon) != i:
		return invalid(nameTypes, "type %d is the same as type %d", i, def.Canon)
	case def.Kind > wasm.CompArray || def.Kind == wasm.CompArray && len(def.Fields) != 1:
		return invalid(nameTypes, "type %d is of no kind", i)
	case int64(def.Super) >= int64(i) || def.Super < -1:
		return invalid(nameTypes, "type %d has the supertype %d", i, def.Super)
	}
	before := p.Types[:first+uint64(n)]
	for _, types := range [][]wasm.ValType{def.Params, def.Results} {
		for _, t := range types {
			if !knownType(t, before) {
				return invalid(nameTypes, "type %d has unknown type 0x%x", i, uint32(t))
			}
		}
	}
	for _, f := range def.Fields {
		if !f.Type.IsPacked() && !knownType(f.Type, before) {
			return invalid(nameTypes, "type %d has a field of unknown type 0x%x", i, uint32(f.Type))
		}
	}
	return nil
}

// checkTypesAreRead checks that the reader will make of the types what they are: that no two of them are the same, and
// each matches its supertype. What was read needs no such check.
func (p *Program) checkTypesAreRead() error {
	if len(p.Types) == 0 {
		return nil
	}
	defs, err := wasm.DecodeTypes(wasm.AppendTypes(nil, p.Types), typeFeatures)
	if err != nil {
		return invalid(nameTypes, "%v", err)
	}
	for i := range defs {
		if defs[i].Canon != uint32(i) {
			return invalid(nameTypes, "type %d is the same as type %d", i, defs[i].Canon)
		}
	}
	return nil
}

// subtype tells whether type i is a subtype of type super, or that itself (specification 3.3.6).
func (p *Program) subtype(i, super uint32) bool {
	for i != super {
		s := p.Types[i].Super
		if s < 0 {
			return false
		}
		i = uint32(s)
	}
	return true
}
