package state

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/wasm"
)

// objectsOf reads a heap value by value, as text.
func objectsOf(t *testing.T, p *Program) (all []string) {
	t.Helper()
	r := p.HeapReader()
	for r.Next() {
		what := "object"
		if tag, ok := r.Tag(); ok {
			what = fmt.Sprintf("exception of tag %d,", tag)
		}
		s := fmt.Sprintf("%d: %s of type %d:", r.Index(), what, r.Type())
		for i := range r.Len() {
			lo, hi := r.Value()
			s += fmt.Sprintf(" %v %x", r.ValueType(i), lo)
			if hi != 0 {
				s += fmt.Sprintf(" %x", hi)
			}
		}
		all = append(all, s)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestHeapReaderReadsWhatWasAppended(t *testing.T) {
	want := []string{
		"0: object of type 1: (ref null 2) 8000000000000001 i32 ffffffff",
		"1: object of type 2: (ref null 1) 8000000000000000 (ref null 1) 8000000000000002 (ref null 1) 0",
		"2: object of type 3: (ref null 2) 0 i32 80 i8 81 i16 82 i64 83 f32 84 f64 85 v128 86 102030405060708" +
			" (ref null 0) 3ec anyref c000000000000005 (ref extern) 10000000000 funcref 0 i31ref c00000007fffffff (ref 1) 8000000000000002",
		"3: object of type 4: i8 68 i8 65 i8 6c i8 6c i8 6f",
		"4: object of type 5: i16 201 i16 403",
		"5: object of type 6: v128 3736353433323130 6665646362613938",
		"6: exception of tag 0, of type 0: i32 7 externref 7",
		"7: exception of tag 1, of type 9: anyref 8000000000000002 exnref 8000000000000006",
		"8: object of type 8:",
		"9: object of type 4:",
	}
	for _, p := range []*Program{everything(), &decoded(t, encoded(t, everything(), Options{Compress: true})).Program} {
		if d := cmp.Diff(want, objectsOf(t, p)); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
}

// However much of each object is read, the next one is found.
func TestHeapReaderStepsOverWhatIsNotRead(t *testing.T) {
	p := everything()
	for read := range uint64(20) {
		r := p.HeapReader()
		n := uint64(0)
		for ; r.Next(); n++ {
			for range min(read, r.Len()) {
				r.Value()
			}
		}
		if n != p.Heap.Objects || r.Err() != nil {
			t.Errorf("%d values of each read: %d objects, %v", read, n, r.Err())
		}
	}
}

func TestHeapReaderGivesBytes(t *testing.T) {
	want := map[uint64]string{3: "hello", 4: "\x01\x02\x03\x04", 5: "0123456789abcdef", 8: "", 9: ""}
	got := make(map[uint64]string)
	r := everything().HeapReader()
	for r.Next() {
		if b, ok := r.Bytes(); ok {
			got[r.Index()] = string(b)
		}
	}
	if d := cmp.Diff(want, got); d != "" || r.Err() != nil {
		t.Errorf("%v (-want +got)\n%s", r.Err(), d)
	}
}

func TestHeapReaderReadsNoFurtherThanAnObject(t *testing.T) {
	r := everything().HeapReader()
	r.Next()
	for range r.Len() {
		r.Value()
	}
	if r.Value(); !errors.Is(r.Err(), ErrInvalid) || r.Next() {
		t.Errorf("a value beyond the last: %v, want ErrInvalid and the end", r.Err())
	}
}

// References are short where what they refer to has a small number.
func TestReferencesAreShort(t *testing.T) {
	for _, c := range []struct {
		ref uint64
		len int
	}{
		{0, 1}, {ref(RefHost, 31), 1}, {ref(RefObject, 0), 1}, {ref(RefObject, 31), 1}, {ref(RefI31, 31), 1},
		{ref(RefObject, 32), 2}, {ref(RefI31, 1<<31-1), 5}, {ref(RefHost, 1<<RefShift-1), 10},
	} {
		b := AppendRef(nil, c.ref)
		d := &decoder{rest: b, version: Version}
		if got := d.ref(wasm.AnyRef); got != c.ref || len(b) != c.len {
			t.Errorf("%#x takes %d bytes, want %d, and is read as %#x", c.ref, len(b), c.len, got)
		}
	}
}

func TestEveryTruncationOfTheHeapIsNoticed(t *testing.T) {
	p := small()
	whole := p.Heap.Data
	for n := range whole {
		p.Heap.Data = whole[:n]
		if err := p.check(noLimits); !errors.Is(err, ErrInvalid) {
			t.Errorf("%d of %d bytes: %v, want ErrInvalid", n, len(whole), err)
		}
	}
}

// Whatever a byte of the heap is changed to, it is read or refused, and what is read is read again.
func TestAnyByteInTheHeap(t *testing.T) {
	p := small()
	p.Heap.Data = bytes.Clone(p.Heap.Data)
	for i, old := range p.Heap.Data {
		for _, b := range []byte{0, 1, 2, 3, 4, 7, 0x7F, 0x80, 0xFF} {
			p.Heap.Data[i] = b
			err := p.check(noLimits)
			if err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("byte %d is %#x: %v", i, b, err)
			}
			if err == nil {
				objectsOf(t, p)
			}
		}
		p.Heap.Data[i] = old
	}
}

func TestTypesAreReadAsWritten(t *testing.T) {
	types := append([]wasm.ValType{wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.V128},
		wasm.RefTo(0, true), wasm.RefTo(0, false), wasm.RefTo(63, true), wasm.RefTo(64, false), wasm.RefTo(maxTypeIndex, true),
		wasm.RefTo(0, true).AsExact(), wasm.RefTo(64, false).AsExact())
	for code := wasm.ExnRef; code <= wasm.NoExnRef; code++ {
		types = append(types, code, code.NonNull())
	}
	var e encoder
	e.valTypes(types)
	d := &decoder{rest: e.buf, version: Version}
	if diff := cmp.Diff(types, d.valTypes("types")); diff != "" || d.end() != nil {
		t.Errorf("%v (-written +read)\n%s", d.err, diff)
	}
}

func TestTypesThatAreNone(t *testing.T) {
	for _, b := range [][]byte{
		{}, {0x40}, {0x62}, {0x65}, {0x78}, {0x77}, {0x00}, {0xFF}, {0x63}, {0x64, 0x7F}, {0x64, 0x78}, {0x63, 0x63}, {0x64, 0x40},
		{0x63, 0x80, 0x80, 0x80, 0x02}, {0x63, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x00}, {0x64, 0xFF, 0x7E},
		{0x63, 0x62}, {0x63, 0x62, 0x6E}, {0x63, 0x62, 0x62, 0x00}, {0x64, 0x62, 0x80, 0x80, 0x80, 0x02},
	} {
		d := &decoder{rest: b, version: Version}
		if got := d.valType(); d.end() == nil {
			t.Errorf("%x is read as %v", b, got)
		}
	}
}

// Every value as people read it.
func TestValuesAsText(t *testing.T) {
	p := everything()
	heads, err := p.heads()
	if err != nil {
		t.Fatal(err)
	}
	texts := valueTexts{p, heads}
	for _, c := range []struct {
		value Value
		want  string
	}{
		{Value{Type: wasm.I32, Bits: math.MaxUint32}, "-1"},
		{Value{Type: wasm.I64, Bits: 1 << 63}, "-9223372036854775808"},
		{Value{Type: wasm.F32, Bits: 0x3F000000}, "0.5"},
		{Value{Type: wasm.F64, Bits: math.Float64bits(0.1)}, "0.1"},
		{Value{Type: wasm.F32, Bits: 0x7FC00001}, "nan 0x7fc00001"},
		{Value{Type: wasm.V128, Bits: 1, Hi: 2}, "0x00000000000000020000000000000001"},
		{Value{Type: wasm.FuncRef}, "null"},
		{Value{Type: wasm.FuncRef, Bits: 3}, "function 2"},
		{Value{Type: wasm.ExternRef, Bits: 7}, "host 7"},
		{Value{Type: wasm.AnyRef, Bits: ref(RefI31, 1<<31-5)}, "i31 -5"},
		{Value{Type: wasm.AnyRef, Bits: ref(RefI31, 5)}, "i31 5"},
		{Value{Type: wasm.AnyRef, Bits: ref(RefObject, 2)}, "struct 2 of type 3"},
		{Value{Type: wasm.ExternRef, Bits: ref(RefObject, 1)}, "array 1 of type 2"},
		{Value{Type: wasm.ExnRef, Bits: ref(RefObject, 7)}, "exception 7 of tag 1"},
	} {
		if got := texts.text(c.value); got != c.want {
			t.Errorf("%+v: %s, want %s", c.value, got, c.want)
		}
	}
}
