package wasm

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func ref(i uint32) ValType     { return RefTo(i, false) }
func refNull(i uint32) ValType { return RefTo(i, true) }

// canons are the canonical indices of the types.
func canons(defs []TypeDef) []int {
	c := make([]int, len(defs))
	for i := range defs {
		c[i] = int(defs[i].Canon)
	}
	return c
}

func TestEqualRecursionGroupsAreOneType(t *testing.T) {
	self := func(i uint32) []byte { return funcType(types(ref(i)), nil) }
	for _, c := range []struct {
		name   string
		groups [][]byte
		want   []int
	}{
		{"functions", [][]byte{funcType(nil, nil), funcType(types(I32), nil), funcType(nil, nil)}, []int{0, 1, 0}},
		{"parameters are not results", [][]byte{funcType(types(I32), nil), funcType(nil, types(I32))}, []int{0, 1}},
		{"a group of one is a type alone", [][]byte{funcType(nil, nil), recGroup(funcType(nil, nil))}, []int{0, 0}},
		{"a type in a longer group is another", [][]byte{funcType(nil, nil), recGroup(funcType(nil, nil), funcType(nil, nil))}, []int{0, 1, 2}},
		{"types that name themselves", [][]byte{self(0), self(1)}, []int{0, 0}},
		{"naming the first twin is not naming oneself", [][]byte{self(0), self(0)}, []int{0, 1}},
		{"names of twins are names of the same", [][]byte{funcType(nil, nil), funcType(nil, nil), self(0), self(1)}, []int{0, 0, 2, 2}},
		{"null makes another type", [][]byte{funcType(types(ref(0)), nil), funcType(types(refNull(1)), nil)}, []int{0, 1}},
		{"null of an abstract type", [][]byte{funcType(types(AnyRef), nil), funcType(types(AnyRef.NonNull()), nil), funcType(types(AnyRef), nil)}, []int{0, 1, 0}},
		{"pairs", [][]byte{
			recGroup(structType(ref(1), 0), structType(ref(0), 1)), recGroup(structType(ref(3), 0), structType(ref(2), 1))}, []int{0, 1, 0, 1}},
		{"pairs the other way round", [][]byte{
			recGroup(structType(ref(1), 0), structType(ref(0), 1)), recGroup(structType(ref(3), 1), structType(ref(2), 0))}, []int{0, 1, 2, 3}},
		{"final or not", [][]byte{structType(), subType(nil, structType()), join(formSubFinal, 0, structType())}, []int{0, 1, 0}},
		{"supertypes that are twins", [][]byte{
			subType(nil, structType()), subType(nil, structType()), subType([]int{0}, structType()), subType([]int{1}, structType())}, []int{0, 0, 2, 2}},
		{"packed and not", [][]byte{arrayType(I8, 0), arrayType(I16, 0), arrayType(I32, 0), arrayType(I8, 1), arrayType(I8, 0)}, []int{0, 1, 2, 3, 0}},
		{"a structure of one field is no array", [][]byte{structType(I32, 0), arrayType(I32, 0)}, []int{0, 1}},
		{"an empty group", [][]byte{recGroup(), funcType(nil, nil)}, []int{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defs, err := DecodeTypes(vector(c.groups...), DefaultFeatures)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, canons(defs)); diff != "" {
				t.Error(diff)
			}
			for i := range defs {
				if k := defs[i].Canon; !defs[i].Equal(&defs[k].FuncType) || !slices.Equal(defs[i].Fields, defs[k].Fields) {
					t.Errorf("type %d is written differently from its first twin", i)
				}
			}
			again, err := DecodeTypes(AppendTypes(nil, defs), DefaultFeatures)
			if diff := cmp.Diff(defs, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("%v, read again (+):\n%s", err, diff)
			}
		})
	}
}

func TestSupertypes(t *testing.T) {
	base := subType(nil, structType(I32, 0, I64, 1))
	chain := func(n int) [][]byte {
		groups := [][]byte{subType(nil, structType())}
		for i := range n {
			groups = append(groups, subType([]int{i}, structType()))
		}
		return groups
	}
	for _, c := range []struct {
		name   string
		groups [][]byte
		class  error
		want   string // "" if valid
	}{
		{"more fields", [][]byte{base, subType([]int{0}, structType(I32, 0, I64, 1, F32, 0))}, nil, ""},
		{"fewer fields", [][]byte{base, subType([]int{0}, structType(I32, 0))}, ErrInvalid, "sub type 1 does not match super type 0"},
		{"another field", [][]byte{base, subType([]int{0}, structType(I64, 0, I64, 1))}, ErrInvalid, "sub type 1 does not match"},
		{"a field that can be written", [][]byte{base, subType([]int{0}, structType(I32, 1, I64, 1))}, ErrInvalid, "sub type 1 does not match"},
		{"a final supertype", [][]byte{structType(), subType([]int{0}, structType())}, ErrInvalid, "sub type 1 does not match super type 0, which is final"},
		{"another kind", [][]byte{base, subType([]int{0}, arrayType(I32, 0))}, ErrInvalid, "sub type 1 does not match"},
		{"itself", [][]byte{subType([]int{0}, structType())}, ErrInvalid, "unknown type 0"},
		{"two supertypes", [][]byte{base, base, subType([]int{0, 1}, structType(I32, 0, I64, 1))}, ErrInvalid, "sub type with 2 super types"},
		{"a field of a subtype", [][]byte{base, subType([]int{0}, structType(I32, 0, I64, 1)), subType(nil, arrayType(ref(0), 0)), subType([]int{2}, arrayType(ref(1), 0))}, nil, ""},
		{"a mutable field of a subtype", [][]byte{base, subType([]int{0}, structType(I32, 0, I64, 1)), subType(nil, arrayType(ref(0), 1)), subType([]int{2}, arrayType(ref(1), 1))}, ErrInvalid, "sub type 3"},
		{"functions", [][]byte{base, subType(nil, funcType(types(ref(0)), types(EqRef))), subType([]int{1}, funcType(types(StructRef), types(I31Ref)))}, nil, ""},
		{"a parameter of a subtype", [][]byte{subType(nil, funcType(types(EqRef), nil)), subType([]int{0}, funcType(types(I31Ref), nil))}, ErrInvalid, "sub type 1"},
		{"63 supertypes", chain(63), nil, ""},
		{"64 supertypes", chain(64), ErrLimit, "sub type 64 has too many super types"},
		{"a type behind the group", [][]byte{funcType(types(ref(1)), nil), funcType(nil, nil)}, ErrInvalid, "unknown type 1"},
		{"a form that is none", [][]byte{{0x5D, 0}}, ErrMalformed, "malformed definition type"},
		{"mutability", [][]byte{arrayType(I32, 2)}, ErrMalformed, "malformed mutability"},
		{"a field of no type", [][]byte{arrayType(0x42, 0)}, ErrMalformed, "malformed storage type"},
		{"a packed parameter", [][]byte{funcType(types(I8), nil)}, ErrMalformed, "malformed value type"},
		{"a group longer than the section", [][]byte{{formRec, 100}}, ErrMalformed, "unexpected end of section or function"},
		{"too many fields", [][]byte{join(formStruct, leb(maxFields+1))}, ErrLimit, "too many fields"},
		{"too many types in all", [][]byte{join(formRec, leb(maxTypes+1))}, ErrLimit, "too many types in a recursion group"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := DecodeTypes(vector(c.groups...), DefaultFeatures)
			if c.want != "" {
				checkError(t, err, c.class, c.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	_, err := DecodeTypes(join(0, 0), DefaultFeatures)
	checkError(t, err, ErrMalformed, "section size mismatch")
}

// TestMatches compares types of a module with structure 0, its subtype 1 and 2's twin 3 of function type.
func TestMatches(t *testing.T) {
	m := mustDecode(t, module(section(secType, vector(
		subType(nil, structType()), subType([]int{0}, structType(I32, 0)), funcType(nil, nil), funcType(nil, nil), arrayType(I8, 1)))))
	if m.Types[3].Canon != 2 {
		t.Fatal("types 2 and 3 are not the same")
	}
	for _, c := range []struct {
		sub, super ValType
		want       bool
	}{
		{I32, I32, true}, {I32, I64, false}, {V128, V128, true}, {I32, AnyRef, false},
		{ref(0), ref(0), true}, {ref(1), ref(0), true}, {ref(0), ref(1), false}, {ref(1), refNull(0), true}, {refNull(1), ref(0), false},
		{ref(1), StructRef, true}, {ref(1), EqRef, true}, {ref(1), AnyRef.NonNull(), true}, {ref(1), ArrayRef, false}, {ref(1), I31Ref, false}, {ref(1), FuncRef, false},
		{ref(4), ArrayRef, true}, {ref(4), StructRef, false}, {ref(2), FuncRef, true}, {ref(2), AnyRef, false},
		{NullRef, refNull(1), true}, {NullRef, refNull(4), true}, {NullRef, refNull(2), false}, {NullFuncRef, refNull(2), true}, {NullFuncRef, refNull(0), false},
		{NullRef, I31Ref, true}, {NullRef, FuncRef, false}, {I31Ref, EqRef, true}, {EqRef, AnyRef, true}, {AnyRef, EqRef, false}, {StructRef, ArrayRef, false},
		{NullExternRef, ExternRef, true}, {ExternRef, AnyRef, false}, {NoExnRef, ExnRef, true}, {ExnRef, NoExnRef, false}, {ExnRef, AnyRef, false},
		{AnyRef, AnyRef.NonNull(), false}, {AnyRef.NonNull(), AnyRef, true},
	} {
		if got := m.Matches(c.sub, c.super); got != c.want {
			t.Errorf("%v matches %v: %v", c.sub, c.super, got)
		}
	}
	for _, c := range []struct{ typ, want ValType }{
		{ref(1), AnyRef}, {refNull(4), AnyRef}, {ref(2), FuncRef}, {NullRef, AnyRef}, {I31Ref.NonNull(), AnyRef}, {NullFuncRef, FuncRef},
		{NullExternRef, ExternRef}, {NoExnRef, ExnRef},
	} {
		if got := TopType(m.Types, c.typ); got != c.want {
			t.Errorf("top of %v: %v", c.typ, got)
		}
	}
}
