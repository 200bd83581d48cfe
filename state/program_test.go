package state

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/godwit-vm/godwit/wasm"
)

//go:embed testdata/guest.wasm
var guest []byte

// filled is n pages of a memory in which the granules of want are not zero.
func filled(pages int, want ...int) []byte {
	data := make([]byte, pages*wasm.PageSize)
	for _, g := range want {
		for i := range granule {
			data[g*granule+i] = byte(g*31 + i*7 + i>>8 + 1)
		}
	}
	return data
}

// span is the granules from first to last.
func span(first, last int) (g []int) {
	for i := first; i <= last; i++ {
		g = append(g, i)
	}
	return g
}

// everythingOfVersion1 is a program that has one of everything that version 1 of the format knew. Golden files are made
// of it: it does not change any more.
func everythingOfVersion1() *Program {
	i32 := func(v int32) Value { return Value{Type: wasm.I32, Bits: uint64(uint32(v))} }
	i64 := func(v int64) Value { return Value{Type: wasm.I64, Bits: uint64(v)} }
	f32 := func(v float32) Value { return Value{Type: wasm.F32, Bits: uint64(math.Float32bits(v))} }
	f64 := func(v float64) Value { return Value{Type: wasm.F64, Bits: math.Float64bits(v)} }
	v128 := Value{Type: wasm.V128, Bits: 0x0706050403020100, Hi: 0x0F0E0D0C0B0A0908}
	fn := func(ref uint64) Value { return Value{Type: wasm.FuncRef, Bits: ref} }
	ext := func(ref uint64) Value { return Value{Type: wasm.ExternRef, Bits: ref} }
	absent := []byte("a module that the snapshot does not embed")
	return &Program{
		Created:    time.Date(2025, 4, 16, 6, 30, 0, 123456789, time.UTC),
		Godwit:     "v0.0.0-golden",
		Safepoints: 1 << 40,
		Modules: []Module{
			{Name: "guest.wasm", Hash: sha256.Sum256(guest), Bytes: guest},
			{Name: "", Hash: sha256.Sum256(absent)},
		},
		Instances: []Instance{
			{
				Name: "guest", Module: 0, ImportedFuncs: []uint32{0}, Tables: []uint32{0, 1},
				Memories: []uint32{0}, Globals: []uint32{0, 1, 2, 3, 4, 5, 6},
				DroppedElems: []bool{true, false, true, false, false, false, false, false, true}, DroppedDatas: []bool{false},
			},
			{Name: "plugin", Module: 1, ImportedFuncs: []uint32{1, 3}, Memories: []uint32{1, 0, 2}, Globals: []uint32{4}},
		},
		Funcs: []FuncRun{
			{Instance: -1, Count: 1, HostModule: "env", HostName: "wait", HostType: wasm.FuncType{
				Params: []wasm.ValType{wasm.I32, wasm.I64}, Results: []wasm.ValType{wasm.I32}}},
			{Instance: 0, First: 1, Count: 2},
			{Instance: -1, Count: 1, HostModule: "env", HostName: "nothing"},
			{Instance: 1, First: 2, Count: 1000},
		},
		Tables: []Table{
			{Type: wasm.TableType{Elem: wasm.FuncRef, Limits: wasm.Limits{Min: 4, Max: 8, HasMax: true}}, Elems: []uint64{0, 2, 3, 0, 1004}},
			{Type: wasm.TableType{Elem: wasm.ExternRef, Limits: wasm.Limits{Is64: true}}, Elems: []uint64{1 << 50, 0}},
		},
		Memories: []Memory{
			{Type: wasm.MemoryType{Limits: wasm.Limits{Min: 2, Max: 16, HasMax: true}}, Data: filled(3, 1, 2, 47)},
			{Type: wasm.MemoryType{Limits: wasm.Limits{Min: 1, Is64: true}}, Data: filled(4, append(span(0, 20), span(40, 62)...)...)},
			{Type: wasm.MemoryType{}, Data: nil},
			{Type: wasm.MemoryType{Limits: wasm.Limits{Min: 1, Max: 1, HasMax: true}}, Data: filled(1)},
		},
		Globals: []Global{
			{Type: wasm.GlobalType{Type: wasm.I32, Mutable: true}, Value: i32(-42)},
			{Type: wasm.GlobalType{Type: wasm.I64}, Value: i64(math.MinInt64)},
			{Type: wasm.GlobalType{Type: wasm.F32}, Value: f32(-0.5)},
			{Type: wasm.GlobalType{Type: wasm.F64, Mutable: true}, Value: f64(math.Pi)},
			{Type: wasm.GlobalType{Type: wasm.V128, Mutable: true}, Value: v128},
			{Type: wasm.GlobalType{Type: wasm.FuncRef}, Value: fn(2)},
			{Type: wasm.GlobalType{Type: wasm.ExternRef}, Value: ext(0)},
		},
		Threads: []Thread{
			{
				HasPending: true, Pending: []byte{0x88, 0x13, 0, 0},
				Frames: []Frame{
					{Instance: 0, Func: 1, Offset: 0x55, Locals: []Value{i32(3), i64(0)}},
					{Instance: 1, Func: 2, Offset: 77, Locals: []Value{v128, fn(0), ext(9)}, Stack: []Value{f32(float32(math.Inf(1))), f64(-1)}},
					{Instance: 0, Func: 2, Offset: 0x5e, Locals: []Value{i32(3), i64(7)}, Stack: []Value{i32(3), i64(7)}},
				},
			},
			{},
			{Frames: []Frame{{Instance: 0, Func: 2, Offset: 0x5a, Locals: []Value{i32(0), i64(-1)}}}},
		},
		Resources: []Resource{
			{Name: "wasi_snapshot_preview1", Version: 3, Data: []byte("whatever the owner wrote")},
			{Name: "env"},
		},
	}
}

// ref is a reference that is none to a function.
func ref(kind RefKind, number uint64) uint64 { return uint64(kind)<<RefShift | number }

// heapTypes are structures and arrays that refer to each other, with subtypes, and types of functions for tags and hosts.
func heapTypes() []wasm.TypeDef {
	structure := func(fields ...wasm.ValType) (all []wasm.FieldType) {
		for i, t := range fields {
			all = append(all, wasm.FieldType{Type: t, Mutable: i%2 == 0})
		}
		return all
	}
	node := []wasm.ValType{wasm.RefTo(2, true), wasm.I32}
	leaf := append(node[:2:2], wasm.I8, wasm.I16, wasm.I64, wasm.F32, wasm.F64, wasm.V128, wasm.RefTo(0, true), wasm.AnyRef,
		wasm.ExternRef.NonNull(), wasm.FuncRef, wasm.I31Ref, wasm.RefTo(1, false))
	all := []wasm.TypeDef{
		{FuncType: wasm.FuncType{Params: []wasm.ValType{wasm.I32, wasm.ExternRef}}, Final: true},
		{Kind: wasm.CompStruct, Fields: structure(node...), Group: 1, GroupLen: 2},
		{Kind: wasm.CompArray, Fields: structure(wasm.RefTo(1, true)), Final: true, Group: 1, GroupLen: 2},
		{Kind: wasm.CompStruct, Fields: structure(leaf...), Final: true, Super: 1},
		{Kind: wasm.CompArray, Fields: structure(wasm.I8), Final: true},
		{Kind: wasm.CompArray, Fields: structure(wasm.I16), Final: true},
		{Kind: wasm.CompArray, Fields: structure(wasm.V128), Final: true},
		{FuncType: wasm.FuncType{Params: []wasm.ValType{wasm.RefTo(1, true), wasm.RefTo(3, false)},
			Results: []wasm.ValType{wasm.RefTo(2, true), wasm.V128, wasm.AnyRef.NonNull()}}, Final: true},
		{Kind: wasm.CompStruct, Final: true},
		{FuncType: wasm.FuncType{Params: []wasm.ValType{wasm.AnyRef, wasm.ExnRef}}, Final: true},
	}
	for i := range all {
		t := &all[i]
		t.Canon = uint32(i)
		if t.GroupLen == 0 {
			t.Group, t.GroupLen = uint32(i), 1
		}
		if t.Super == 0 {
			t.Super = -1
		}
	}
	return all
}

// heapObjects is a heap with objects of all kinds, some of which refer to each other in a circle.
func heapObjects() Heap {
	var b []byte
	b = AppendRef(AppendObject(b, 1), ref(RefObject, 1)) // 0
	b = AppendValue(b, wasm.I32, math.MaxUint32, 0)
	b = AppendArray(b, 2, 3) // 1
	for _, r := range []uint64{ref(RefObject, 0), ref(RefObject, 2), 0} {
		b = AppendRef(b, r)
	}
	b = AppendRef(AppendObject(b, 3), 0) // 2
	for i, t := range []wasm.ValType{wasm.I32, wasm.I8, wasm.I16, wasm.I64, wasm.F32, wasm.F64, wasm.V128} {
		b = AppendValue(b, t, uint64(0x80+i), 0x0102030405060708)
	}
	b = AppendFuncRef(b, 1004)
	b = AppendRef(b, ref(RefI31, 5))
	b = AppendRef(b, ref(RefHost, 1<<40))
	b = AppendFuncRef(b, 0)
	b = AppendRef(b, ref(RefI31, 1<<31-1))
	b = AppendRef(b, ref(RefObject, 2))
	b = append(AppendArray(b, 4, 5), "hello"...)            // 3
	b = append(AppendArray(b, 5, 2), 1, 2, 3, 4)            // 4
	b = append(AppendArray(b, 6, 1), "0123456789abcdef"...) // 5
	b = AppendValue(AppendException(b, 0), wasm.I32, 7, 0)  // 6
	b = AppendRef(b, ref(RefHost, 7))                       //
	b = AppendRef(AppendException(b, 1), ref(RefObject, 2)) // 7
	b = AppendRef(b, ref(RefObject, 6))                     //
	b = AppendObject(b, 8)                                  // 8
	b = AppendArray(b, 4, 0)                                // 9
	return Heap{Objects: 10, Data: b}
}

// everything is a program that has one of everything the format knows. The golden file is made of it: change it only
// together with the format's version.
func everything() *Program {
	p := everythingOfVersion1()
	p.Types, p.Heap = heapTypes(), heapObjects()
	p.Tags = []Tag{{0}, {9}}
	p.Instances[1].Tags = []uint32{1, 0, 1}
	p.Funcs = append(p.Funcs, FuncRun{Instance: -1, Count: 1, HostModule: "env", HostName: "typed", HostType: p.Types[7].FuncType})
	p.Tables = append(p.Tables,
		Table{Type: wasm.TableType{Elem: wasm.RefTo(1, true)}, Elems: []uint64{ref(RefObject, 0), 0, ref(RefObject, 2)}},
		Table{Type: wasm.TableType{Elem: wasm.RefTo(0, false)}, Elems: []uint64{3}},
		Table{Type: wasm.TableType{Elem: wasm.ExnRef}, Elems: []uint64{0, ref(RefObject, 7)}},
	)
	odd := append(filled(1, 0, 1)[:2*granule], 1, 2, 3)
	p.Memories = append(p.Memories,
		Memory{Type: wasm.MemoryType{Limits: wasm.Limits{Min: 1, Max: 2, HasMax: true}, Shared: true}, Data: filled(1, 5)},
		Memory{Type: wasm.MemoryType{Limits: wasm.Limits{Min: 5}, OneByte: true}, Data: odd},
	)
	for _, g := range []struct {
		typ   wasm.ValType
		value Value
	}{
		{wasm.V128, Value{Type: wasm.V128, Hi: 1}},
		{wasm.RefTo(1, true), Value{Type: wasm.AnyRef, Bits: ref(RefObject, 2)}},
		{wasm.RefTo(2, false), Value{Type: wasm.AnyRef, Bits: ref(RefObject, 1)}},
		{wasm.I31Ref.NonNull(), Value{Type: wasm.AnyRef, Bits: ref(RefI31, 1<<31-5)}},
		{wasm.ExnRef, Value{Type: wasm.ExnRef, Bits: ref(RefObject, 6)}},
		{wasm.AnyRef, Value{Type: wasm.AnyRef, Bits: ref(RefHost, 7)}},
		{wasm.RefTo(7, true), Value{Type: wasm.FuncRef, Bits: 1005}},
		{wasm.NullRef, Value{Type: wasm.AnyRef}},
		{wasm.ExternRef, Value{Type: wasm.ExternRef, Bits: ref(RefObject, 3)}},
	} {
		p.Globals = append(p.Globals, Global{Type: wasm.GlobalType{Type: g.typ, Mutable: true}, Value: g.value})
	}
	p.Threads[2].Frames[0].Stack = []Value{
		{Type: wasm.AnyRef, Bits: ref(RefObject, 4)}, {Type: wasm.ExnRef, Bits: ref(RefObject, 7)}, {Type: wasm.V128, Bits: 1, Hi: 2},
	}
	return p
}

// small is everything with hardly any memory, for tests that read a file thousands of times.
func small() *Program {
	p := everything()
	for i := range p.Memories {
		m := &p.Memories[i]
		if m.Type.OneByte {
			continue
		}
		m.Data = make([]byte, len(m.Data))
		if i < 2 {
			copy(m.Data[(i+1)*granule:], filled(1, 0)[:granule])
		}
	}
	return p
}

// materialised is p with all memories in Data, so that programs from different places can be compared.
func materialised(t testing.TB, p *Program) *Program {
	t.Helper()
	c := *p
	c.Memories = append([]Memory(nil), p.Memories...)
	for i := range c.Memories {
		m := &c.Memories[i]
		data := make([]byte, m.Size())
		if err := m.LoadInto(data); err != nil {
			t.Fatalf("memory %d: %v", i, err)
		}
		m.Data, m.Source = data, nil
	}
	return &c
}

// wholeBytes compares byte slices at once, since memories are large.
var wholeBytes = cmp.FilterValues(func(a, b []byte) bool { return len(a)+len(b) > 0 }, cmp.Comparer(bytes.Equal))

// diff compares two programs, their memories' contents included.
func diff(t testing.TB, want, got *Program) string {
	t.Helper()
	return cmp.Diff(materialised(t, want), materialised(t, got), cmpopts.EquateEmpty(), wholeBytes)
}
