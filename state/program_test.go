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

// everything is a program that has one of everything the format knows. The golden file is made of it: change it only
// together with the format's version.
func everything() *Program {
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

// small is everything with hardly any memory, for tests that read a file thousands of times.
func small() *Program {
	p := everything()
	for i := range p.Memories {
		m := &p.Memories[i]
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
