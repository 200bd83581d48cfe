package vm_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

// BenchmarkCallTyped and BenchmarkHostCall are of the default tier, under names that the harness in bench knows; BenchmarkTiers
// has the same of every tier.
func BenchmarkCallTyped(b *testing.B) { benchmarkCallTyped(b, vm.NewConfig().Tier()) }

func BenchmarkTiers(b *testing.B) {
	for _, tier := range tiersHere() {
		b.Run("CallTyped/"+tier.String(), func(b *testing.B) { benchmarkCallTyped(b, tier) })
		b.Run("HostCall/"+tier.String(), func(b *testing.B) { benchmarkHostCall(b, tier) })
	}
}

func benchmarkCallTyped(b *testing.B, tier vm.Tier) {
	i := instantiateIn(b, vm.NewRuntime(vm.NewConfig().WithTier(tier)), mathWasm, nil)
	ctx := context.Background()
	nop, err := vm.TypedProc0(i, "nop")
	if err != nil {
		b.Fatal(err)
	}
	add, err := vm.TypedFunc2[int32, int32, int32](i, "add")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("nop", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := nop(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("add", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := add(ctx, 1, 2); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCallUntyped(b *testing.B) {
	i := instantiate(b, mathWasm, nil)
	ctx := context.Background()
	b.Run("name", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := i.Call(ctx, "add", 1, 2); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stack", func(b *testing.B) {
		f, stack := i.Func("add"), make([]uint64, 2)
		b.ReportAllocs()
		for b.Loop() {
			stack[0], stack[1] = 1, 2
			if err := f.CallStack(ctx, stack); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkHostCall is a guest's loop around a call of a host function: one iteration per operation.
func BenchmarkHostCall(b *testing.B) { benchmarkHostCall(b, vm.NewConfig().Tier()) }

func benchmarkHostCall(b *testing.B, tier vm.Tier) {
	for name, f := range map[string]vm.HostFunc{
		"typed": vm.Func1(func(_ *vm.Caller, v int32) (int32, error) { return v, nil }),
		"raw":   vm.RawFunc(sig(i32, vm.I32), func(*vm.Caller, []uint64) error { return nil }),
	} {
		b.Run(name, func(b *testing.B) {
			rt := vm.NewRuntime(vm.NewConfig().WithTier(tier))
			i := instantiateIn(b, rt, hostWasm, vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").WithFunc("f", f)))
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := i.Call(context.Background(), "loop", uint64(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkFuel is a guest's loop, one iteration per operation, and 29 calls per operation, of programs with and without fuel.
func BenchmarkFuel(b *testing.B) {
	const text = `(module
		(func $fib (export "fib") (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
			(else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
		(func (export "calls") (param i32)
			(loop $l (drop (call $fib (i32.const 6))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
		(func (export "loop") (param $n i32) (result i32) (local $x i32)
			(loop $l
				(local.set $x (i32.add (i32.xor (local.get $x) (local.get $n)) (i32.const 7)))
				(br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
			(local.get $x)))`
	for _, name := range []string{"loop", "calls"} {
		for _, c := range []struct {
			name string
			cfg  *vm.ProgramConfig
		}{{"without", nil}, {"with", vm.NewProgramConfig().WithFuel(1 << 62)}} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				i := instantiateIn(b, vm.NewRuntime(vm.NewConfig().WithTier(vm.TierJIT)), textModule(b, text), c.cfg)
				b.ResetTimer()
				if _, err := i.Call(context.Background(), name, uint64(b.N)); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

func BenchmarkInstantiate(b *testing.B) {
	rt := vm.NewRuntime(nil)
	ctx := context.Background()
	for name, c := range map[string]struct {
		binary []byte
		cfg    *vm.ProgramConfig
	}{
		"math": {mathWasm, nil},
		"wasi": {helloWasm(0), vm.NewProgramConfig().WithWASI(vm.NewWASI())},
	} {
		b.Run(name, func(b *testing.B) {
			m, err := rt.Compile(c.binary)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				i, err := rt.Instantiate(ctx, m, c.cfg)
				if err != nil {
					b.Fatal(err)
				}
				if err := i.Program().Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// bigProgram is idle and has 64 MiB of memory, all of it written.
func bigProgram(b *testing.B) *vm.Program {
	g := newBuilder()
	g.fn("nop", sig(nil), nil, wasm.OpNop)
	g.mem(1024)
	i := instantiate(b, g.binary(), nil)
	mem := i.Memory("memory").Bytes()
	x := uint64(1)
	for k := range mem {
		x = x*6364136223846793005 + 1442695040888963407
		mem[k] = byte(x >> 56)
	}
	return i.Program()
}

func BenchmarkCheckpointFile64MiB(b *testing.B) {
	p := bigProgram(b)
	path := filepath.Join(b.TempDir(), "big.snapshot")
	b.SetBytes(64 << 20)
	for b.Loop() {
		if err := p.CheckpointFile(context.Background(), path, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestoreFile64MiB(b *testing.B) {
	p := bigProgram(b)
	path := filepath.Join(b.TempDir(), "big.snapshot")
	if err := p.CheckpointFile(context.Background(), path, nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(64 << 20)
	for b.Loop() {
		q, err := p.Runtime().RestoreFile(context.Background(), path, nil)
		if err != nil {
			b.Fatal(err)
		}
		q.Close()
	}
}

func BenchmarkFork64MiB(b *testing.B) {
	p := bigProgram(b)
	b.SetBytes(64 << 20)
	for b.Loop() {
		q, err := p.Fork(context.Background(), nil)
		if err != nil {
			b.Fatal(err)
		}
		q.Close()
	}
}
