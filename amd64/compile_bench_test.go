package amd64

import (
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// BenchmarkCompile is the time of a function of 1000 additions in a chain, with the moves of the tests' allocator: about four
// instructions each.
func BenchmarkCompile(b *testing.B) {
	f := &ir.Func{Loop: -1, Room: 4, Params: []ir.Type{ir.I32}}
	block := f.NewBlock()
	f.Entry = block
	v := f.Append(block, ir.OpParam, ir.I32)
	for range 1000 {
		v = f.Append(block, wasm.OpI32Add, ir.I32, v, v)
	}
	f.Append(block, ir.OpReturn, ir.Void, v)
	t := New(Features{})
	a := allocate(b, t, f, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := t.Compile(a); err != nil {
			b.Fatal(err)
		}
	}
}
