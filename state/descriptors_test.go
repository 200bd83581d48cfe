package state

import (
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/wasm"
)

// withDescriptors is a program with objects that have descriptors: of type 0 and its descriptor, type 1, and of their subtypes,
// types 2 and 3.
func withDescriptors() *Program {
	structure := func(super int32, group uint32, described, descriptor uint32, fields ...wasm.ValType) wasm.TypeDef {
		d := wasm.TypeDef{Kind: wasm.CompStruct, Super: super, Group: group, GroupLen: 2, Describes: described, Descriptor: descriptor}
		for _, t := range fields {
			d.Fields = append(d.Fields, wasm.FieldType{Type: t})
		}
		return d
	}
	p := &Program{Types: []wasm.TypeDef{
		structure(-1, 0, 0, 2, wasm.I32), structure(-1, 0, 1, 0, wasm.I64),
		structure(0, 2, 0, 4, wasm.I32, wasm.I8), structure(1, 2, 3, 0, wasm.I64, wasm.RefTo(0, true).AsExact()),
	}}
	for i := range p.Types {
		p.Types[i].Canon = uint32(i)
	}
	p.Heap = descriptorHeap(0, 2)
	for _, g := range []struct {
		typ    wasm.ValType
		object uint64
	}{
		{wasm.RefTo(0, false).AsExact(), 1}, {wasm.RefTo(2, true).AsExact(), 3}, {wasm.RefTo(0, true), 3}, {wasm.RefTo(1, true), 2},
	} {
		p.Globals = append(p.Globals, Global{Type: wasm.GlobalType{Type: g.typ}, Value: Value{Type: wasm.AnyRef, Bits: ref(RefObject, g.object)}})
	}
	return p
}

// descriptorHeap has objects of types 1, 0, 3, 2: the second and the fourth have as their descriptors the objects given.
func descriptorHeap(first, second uint64) Heap {
	var b []byte
	b = AppendValue(AppendObject(b, 1), wasm.I64, 64, 0)
	b = AppendValue(AppendObject(b, 0), wasm.I32, 32, 0)
	b = AppendRef(b, ref(RefObject, first))
	b = AppendValue(AppendObject(b, 3), wasm.I64, 65, 0)
	b = AppendRef(b, ref(RefObject, 1))
	b = AppendValue(AppendValue(AppendObject(b, 2), wasm.I32, 33, 0), wasm.I8, 8, 0)
	b = AppendRef(b, ref(RefObject, second))
	return Heap{Objects: 4, Data: b}
}

// A descriptor is an object's last value.
func TestDescriptorsAreReadAsWritten(t *testing.T) {
	want := []string{
		"0: object of type 1: i64 40",
		"1: object of type 0: i32 20 (ref (exact 1)) 8000000000000000",
		"2: object of type 3: i64 41 (ref null (exact 0)) 8000000000000001",
		"3: object of type 2: i32 21 i8 8 (ref (exact 3)) 8000000000000002",
	}
	p := &decoded(t, encoded(t, withDescriptors(), Options{})).Program
	if d := cmp.Diff(want, objectsOf(t, p)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := diff(t, withDescriptors(), p); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestDescriptorsAreChecked(t *testing.T) {
	for _, c := range []struct {
		what string
		make func(*Program)
	}{
		{"an object without its descriptor", func(p *Program) { p.Heap.Data[len(p.Heap.Data)-1] = 0 }},
		{"a descriptor of a subtype", func(p *Program) { p.Heap = descriptorHeap(2, 2) }},
		{"a descriptor of a supertype", func(p *Program) { p.Heap = descriptorHeap(0, 0) }},
		{"a descriptor that describes nothing", func(p *Program) { p.Heap = descriptorHeap(0, 3) }},
		{"an exact global with an object of a subtype", func(p *Program) { p.Globals[0].Value.Bits = ref(RefObject, 3) }},
		{"an exact global of a type that is not there", func(p *Program) { p.Globals[0].Type.Type = wasm.RefTo(4, true).AsExact() }},
		{"an exact abstract type", func(p *Program) {
			p.Globals[2].Type.Type = wasm.AnyRef | wasm.RefTo(0, true).AsExact() - wasm.RefTo(0, true)
		}},
		{"a descriptor that is not there", func(p *Program) { p.Types[2].Descriptor = 5 }},
		{"a descriptor of another group", func(p *Program) { p.Types[2].Descriptor = 2 }},
		{"a descriptor that describes another type", func(p *Program) { p.Types[3].Describes = 4 }},
		{"a descriptor beyond all types", func(p *Program) { p.Types[0].Descriptor = 1 << 31 }},
		{"a type that is described by none", func(p *Program) { p.Types[0].Descriptor = 0 }},
		{"a subtype without a descriptor", func(p *Program) { p.Types[2].Descriptor, p.Types[3].Describes = 0, 0 }},
	} {
		p := withDescriptors()
		c.make(p)
		if err := Encode(io.Discard, p, Options{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.what, err)
		}
	}
}
