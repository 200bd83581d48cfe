package wasm

import (
	"errors"
	"strings"
	"testing"
)

// The builders below write binaries by hand, so that the tests say what stands in them byte by byte.

// leb is an unsigned LEB128 number.
func leb(n int) []byte { return leb64(uint64(n)) }

func leb64(n uint64) []byte {
	var b []byte
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// join puts pieces together: bytes, strings and numbers that are one byte.
func join(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		case int:
			b = append(b, byte(p))
		case ValType:
			b = appendValType(b, p)
		case Op:
			if p > 0xFF {
				b = append(b, byte(p>>16))
			}
			b = append(b, byte(p))
		case []ValType:
			b = append(b, leb(len(p))...)
			for _, t := range p {
				b = appendValType(b, t)
			}
		default:
			panic("join takes no such thing")
		}
	}
	return b
}

// sized puts the length in front.
func sized(parts ...any) []byte {
	b := join(parts...)
	return append(leb(len(b)), b...)
}

// section is a section with that id.
func section(id int, parts ...any) []byte { return join(id, sized(parts...)) }

// vector is a section's vector: the number of items and the items.
func vector(items ...[]byte) []byte {
	b := leb(len(items))
	for _, it := range items {
		b = append(b, it...)
	}
	return b
}

// module is a module of these sections.
func module(sections ...[]byte) []byte {
	b := []byte(magic + version)
	for _, s := range sections {
		b = append(b, s...)
	}
	return b
}

func funcType(params, results []ValType) []byte { return join(0x60, params, results) }

// subType is a type that is not final, with those supertypes.
func subType(supers []int, comp []byte) []byte {
	b := []byte{formSub, byte(len(supers))}
	for _, s := range supers {
		b = append(b, byte(s))
	}
	return append(b, comp...)
}

// structType is a structure with these fields: a type is followed by 1 where it is mutable, else by 0.
func structType(fields ...any) []byte { return join(formStruct, len(fields)/2, join(fields...)) }

func arrayType(t ValType, mutable int) []byte { return join(formArray, t, mutable) }

func recGroup(types ...[]byte) []byte { return join(formRec, vector(types...)) }

func body(code ...any) []byte { return sized(0, join(code...), OpEnd) }

func str(s string) []byte { return sized(s) }

func types(t ...ValType) []ValType { return t }

// oneFunc is a module with a function of that type and body, and beside it what a body may name: a second function
// type [i64] -> [i64] (1), [i32 i32] -> [i32 i32] (2) and [] -> [] (3), a function of type 3 that is exported and one
// that is not (1 and 2), tables of funcref and externref, a 32-bit memory and one of 64 bits, an immutable i32 and a
// mutable i64 global, an element segment of funcref, and a data segment.
func oneFunc(params, results []ValType, code ...any) []byte {
	return module(
		section(secType, vector(funcType(params, results), funcType(types(I64), types(I64)), funcType(types(I32, I32), types(I32, I32)), funcType(nil, nil))),
		section(secFunc, vector(leb(0), leb(3), leb(3))),
		section(secTable, vector(join(FuncRef, 0, 10), join(ExternRef, 0, 10))),
		section(secMemory, vector(join(0, 1), join(4, 1))),
		section(secGlobal, vector(join(I32, 0, OpI32Const, 7, OpEnd), join(I64, 1, OpI64Const, 7, OpEnd))),
		section(secExport, vector(join(str("f"), 0, 1))),
		section(secElem, vector(join(1, 0, vector(leb(1))))),
		section(secDataCount, 1),
		section(secCode, vector(body(code...), body(), body())),
		section(secData, vector(join(1, str("data")))),
	)
}

// checkError fails the test unless err is an *Error of the class whose message starts with the prefix.
func checkError(t *testing.T, err, class error, prefix string) *Error {
	t.Helper()
	var e *Error
	switch {
	case err == nil:
		t.Fatalf("no error, want %v: %s", class, prefix)
	case !errors.As(err, &e):
		t.Fatalf("error %v is no *Error", err)
	case !errors.Is(err, class):
		t.Errorf("error %q is not of class %q", err, class)
	case !strings.HasPrefix(e.Message, prefix):
		t.Errorf("error %q, want %q", err, prefix)
	}
	return e
}

func mustDecode(t testing.TB, b []byte) *Module {
	t.Helper()
	m, err := Decode(b, DefaultFeatures)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
