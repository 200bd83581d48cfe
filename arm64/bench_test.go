package arm64

import (
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// BenchmarkCompile says what an instruction costs.
func BenchmarkCompile(b *testing.B) {
	target := New(Features{})
	f := &ir.Func{Name: "test", Loop: -1, Room: 8}
	f.Entry = f.NewBlock()
	v := f.Append(f.Entry, ir.OpSlotLoad, ir.I64)
	for range 1000 {
		v = f.Append(f.Entry, wasm.OpI64Mul, ir.I64, v, v)
		v = f.Append(f.Entry, wasm.OpI64Add, ir.I64, v, v)
	}
	f.Append(f.Entry, ir.OpSlotStore, ir.Void, v)
	f.Append(f.Entry, ir.OpReturn, ir.Void)
	target.Select(f)
	al := spillAll(f, target, rand.New(rand.NewPCG(1, 1)))
	n := 0
	for b.Loop() {
		c, err := target.Compile(al)
		if err != nil {
			b.Fatal(err)
		}
		n = len(c.Bytes) / 4
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/instruction")
}
