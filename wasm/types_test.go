package wasm

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

func TestStrings(t *testing.T) {
	for _, c := range []struct {
		value fmt.Stringer
		want  string
	}{
		{I32, "i32"}, {I64, "i64"}, {F32, "f32"}, {F64, "f64"}, {V128, "v128"}, {FuncRef, "funcref"}, {ExternRef, "externref"},
		{ValType(0x123), "type(0x123)"},
		{RefTo(3, true).AsExact(), "(ref null (exact 3))"}, {RefTo(3, false).AsExact(), "(ref (exact 3))"},
		{RefTo(3, false).AsExact().Inexact(), "(ref 3)"}, {RefTo(3, true).AsExact().NonNull().AsNullable(), "(ref null (exact 3))"},
		{&FuncType{types(I32, F64), types(ExternRef)}, "[i32 f64] -> [externref]"},
		{&FuncType{}, "[] -> []"},
		{ExternFunc, "func"}, {ExternTable, "table"}, {ExternMemory, "memory"}, {ExternGlobal, "global"}, {ExternKind(9), "kind(9)"},
		{Limits{Min: 1}, "1"}, {Limits{Min: 1, Max: 2, HasMax: true}, "1 2"}, {Limits{Is64: true}, "i64 0"},
		{MemoryType{Limits: Limits{Min: 3}}, "3"},
		{TableType{FuncRef, Limits{Min: 3}}, "3 funcref"},
		{GlobalType{Type: I32}, "i32"}, {GlobalType{I64, true}, "(mut i64)"},
		{OpMemoryCopy, "memory.copy"}, {Op(0xFF), "illegal opcode"},
		{MVP, "mvp"}, {DefaultFeatures.With(1 << 63).Without(DefaultFeatures), "unknown"},
	} {
		if got := c.value.String(); got != c.want {
			t.Errorf("%#v: %q, want %q", c.value, got, c.want)
		}
	}
}

func TestFuncTypeEqual(t *testing.T) {
	a := &FuncType{types(I32), types(I64)}
	for _, c := range []struct {
		b    FuncType
		want bool
	}{
		{FuncType{types(I32), types(I64)}, true},
		{FuncType{types(I32), nil}, false},
		{FuncType{types(I32, I32), types(I64)}, false},
		{FuncType{types(F32), types(I64)}, false},
		{FuncType{types(I32), types(F64)}, false},
	} {
		if got := a.Equal(&c.b); got != c.want {
			t.Errorf("%v equals %v: %v", a, &c.b, got)
		}
	}
}

func TestValTypeKinds(t *testing.T) {
	for _, c := range []struct {
		typ      ValType
		num, ref bool
	}{{I32, true, false}, {F64, true, false}, {V128, false, false}, {FuncRef, false, true}, {ExternRef, false, true}, {Addr, false, false}} {
		if c.typ.IsNum() != c.num || c.typ.IsRef() != c.ref {
			t.Errorf("%v: number %v, reference %v", c.typ, c.typ.IsNum(), c.typ.IsRef())
		}
	}
}

func TestHash(t *testing.T) {
	b := module()
	if mustDecode(t, b).Hash() != sha256.Sum256(b) {
		t.Error("the hash is not the SHA-256 of the binary")
	}
}
