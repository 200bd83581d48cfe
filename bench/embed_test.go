package bench_test

import (
	"context"
	_ "embed"
	"maps"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// wazero's side of the in-process benchmarks: see MicroPattern. godwit's side stands in its vm package under the same
// names, with modules of the same shape, so that neither Go module needs the other.

// Both modules are assembled from the .wat beside them, by wat2wasm.
var (
	//go:embed testdata/math.wasm
	mathModule []byte
	//go:embed testdata/host.wasm
	hostModule []byte
)

// Each form in which wazero takes a host function, here one that gives its argument back.
var hostForms = map[string]func(wazero.HostFunctionBuilder) wazero.HostFunctionBuilder{
	// An ordinary Go function, called by reflection.
	"typed": func(b wazero.HostFunctionBuilder) wazero.HostFunctionBuilder {
		return b.WithFunc(func(_ context.Context, x uint32) uint32 { return x })
	},
	// A function on the stack of values, which has the argument where the result goes.
	"raw": func(b wazero.HostFunctionBuilder) wazero.HostFunctionBuilder {
		i32 := []api.ValueType{api.ValueTypeI32}
		return b.WithGoFunction(api.GoFunc(func(context.Context, []uint64) {}), i32, i32)
	},
}

func newRuntime(tb testing.TB) wazero.Runtime {
	tb.Helper()
	r := wazero.NewRuntimeWithConfig(tb.Context(), wazero.NewRuntimeConfigCompiler())
	tb.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return r
}

func instantiate(tb testing.TB, r wazero.Runtime, module []byte) api.Module {
	tb.Helper()
	m, err := r.Instantiate(tb.Context(), module)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// newHostLoop gives a guest's loop around a call of a host function.
func newHostLoop(tb testing.TB, form string) api.Function {
	tb.Helper()
	r := newRuntime(tb)
	env := r.NewHostModuleBuilder("env")
	if _, err := hostForms[form](env.NewFunctionBuilder()).Export("f").Instantiate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return instantiate(tb, r, hostModule).ExportedFunction("loop")
}

// wazero has no typed calls: the cheapest that it has stand in their place.
func BenchmarkCallTyped(b *testing.B) {
	ctx := b.Context()
	m := instantiate(b, newRuntime(b), mathModule)
	b.Run("nop", func(b *testing.B) {
		nop := m.ExportedFunction("nop")
		b.ReportAllocs()
		for b.Loop() {
			if err := nop.CallWithStack(ctx, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("add", func(b *testing.B) { benchmarkStack(b, m) })
}

func BenchmarkCallUntyped(b *testing.B) {
	ctx := b.Context()
	m := instantiate(b, newRuntime(b), mathModule)
	b.Run("name", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.ExportedFunction("add").Call(ctx, 1, 2); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stack", func(b *testing.B) { benchmarkStack(b, m) })
}

func benchmarkStack(b *testing.B, m api.Module) {
	ctx := b.Context()
	add, stack := m.ExportedFunction("add"), make([]uint64, 2)
	b.ReportAllocs()
	for b.Loop() {
		stack[0], stack[1] = 1, 2
		if err := add.CallWithStack(ctx, stack); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostCall loops in the guest: an operation is one call of the host.
func BenchmarkHostCall(b *testing.B) {
	for _, form := range slices.Sorted(maps.Keys(hostForms)) {
		b.Run(form, func(b *testing.B) {
			loop := newHostLoop(b, form)
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := loop.Call(b.Context(), uint64(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkInstantiate(b *testing.B) {
	b.Run("math", func(b *testing.B) {
		ctx := b.Context()
		r := newRuntime(b)
		compiled, err := r.CompileModule(ctx, mathModule)
		if err != nil {
			b.Fatal(err)
		}
		anonymous := wazero.NewModuleConfig().WithName("")
		b.ReportAllocs()
		for b.Loop() {
			m, err := r.InstantiateModule(ctx, compiled, anonymous)
			if err != nil {
				b.Fatal(err)
			}
			if err := m.Close(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What follows checks that the benchmarks' modules do what the benchmarks take for granted.

func TestMathModule(t *testing.T) {
	m := instantiate(t, newRuntime(t), mathModule)
	for _, test := range []struct {
		name string
		args []uint64
		want uint64
	}{
		{"add", []uint64{1, 2}, 3},
		{"sum", []uint64{10}, 55},
		{"fib", []uint64{10}, 55},
		{"count", nil, 8},
	} {
		got, err := m.ExportedFunction(test.name).Call(t.Context(), test.args...)
		if err != nil {
			t.Fatal(err)
		}
		if got[0] != test.want {
			t.Errorf("%s%v = %d, want %d", test.name, test.args, got[0], test.want)
		}
	}
}

func TestHostLoop(t *testing.T) {
	for _, form := range slices.Sorted(maps.Keys(hostForms)) {
		got, err := newHostLoop(t, form).Call(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if got[0] != 5050 {
			t.Errorf("%s: the loop gave %d, want 5050", form, got[0])
		}
	}
}
