package vm_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

func TestCallChecksNameAndArity(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	for _, c := range []struct {
		name string
		args []uint64
		want error
	}{
		{"add", []uint64{1, 2}, nil},
		{"add", []uint64{1}, vm.ErrSignature},
		{"add", []uint64{1, 2, 3}, vm.ErrSignature},
		{"subtract", []uint64{1, 2}, vm.ErrNoExport},
		{"memory", nil, vm.ErrNoExport},
	} {
		if _, err := i.Call(context.Background(), c.name, c.args...); !errors.Is(err, c.want) {
			t.Errorf("%s%v: %v, want %v", c.name, c.args, err, c.want)
		}
	}
	if err := i.Func("add").CallStack(context.Background(), make([]uint64, 1)); !errors.Is(err, vm.ErrSignature) {
		t.Errorf("a stack without room for the arguments: %v", err)
	}
}

func TestUntypedI32TakesLowerBits(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	minus := int64(-3)
	got, err := i.Call(context.Background(), "add", uint64(minus), 5)
	if result(t, got, err) != 2 {
		t.Errorf("-3 + 5 = %d", got[0])
	}
}

func TestTypedFuncChecksType(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	if _, err := vm.TypedFunc2[int32, int64, int32](i, "add"); !errors.Is(err, vm.ErrSignature) {
		t.Errorf("another parameter: %v", err)
	}
	if _, err := vm.TypedProc2[int32, int32](i, "add"); !errors.Is(err, vm.ErrSignature) {
		t.Errorf("no result: %v", err)
	}
	if _, err := vm.TypedFunc0[int32](i, "none"); !errors.Is(err, vm.ErrNoExport) {
		t.Errorf("no such function: %v", err)
	}
	type meters uint32
	if f, err := vm.TypedFunc2[meters, uint32, int32](i, "add"); err != nil {
		t.Error(err)
	} else if got, err := f(context.Background(), 40, 2); err != nil || got != 42 {
		t.Errorf("got %d, %v", got, err)
	}
}

// identity exports for each value type a function that returns its argument, through env.f where host is set.
func identity(typ vm.ValType, host bool) []byte {
	b := newBuilder()
	t := sig(types(typ), typ)
	body := code(wasm.OpLocalGet, uint32(0))
	if host {
		body = append(body, code(wasm.OpCall, b.imp("env", "f", t))...)
	}
	b.fn("id", t, nil, body)
	return b.binary()
}

// roundTrip sends values of type T to a guest, from there to a host function, and back.
func roundTrip[T vm.Value](t *testing.T, typ vm.ValType, same func(a, b T) bool, values ...T) {
	t.Helper()
	var seen []T
	i := instantiate(t, identity(typ, true), withEnv(vm.Func1(func(_ *vm.Caller, v T) (T, error) {
		seen = append(seen, v)
		return v, nil
	})))
	id, err := vm.TypedFunc1[T, T](i, "id")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		got, err := id(context.Background(), v)
		if err != nil || !same(got, v) {
			t.Errorf("%T(%v) came back as %v, %v", v, v, got, err)
		}
	}
	if !slices.EqualFunc(seen, values, same) {
		t.Errorf("the host function saw %v, not %v", seen, values)
	}
}

func TestTypedValuesKeepTheirBits(t *testing.T) {
	roundTrip(t, vm.I32, equal[int32], 0, -1, math.MinInt32, math.MaxInt32)
	roundTrip(t, vm.I32, equal[uint32], 0, 1<<31, math.MaxUint32)
	roundTrip(t, vm.I64, equal[int64], 0, -1, math.MinInt64)
	roundTrip(t, vm.I64, equal[uint64], 0, 1<<63, math.MaxUint64)
	f32 := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
	roundTrip(t, vm.F32, f32, 0, float32(math.Copysign(0, -1)), 1.5, math.SmallestNonzeroFloat32, math.Float32frombits(0x7FC00001))
	f64 := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
	roundTrip(t, vm.F64, f64, 0, math.Copysign(0, -1), math.Pi, math.Inf(-1), math.Float64frombits(0x7FF8000000000001))
}

func equal[T comparable](a, b T) bool { return a == b }

func TestTypedCallsDoNotAllocate(t *testing.T) {
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(_ *vm.Caller, v int32) (int32, error) { return v + 1, nil })))
	ctx := context.Background()
	loop, err := vm.TypedFunc1[int32, int32](i, "loop")
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := loop(ctx, 10); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations in a call with ten host calls", n)
	}
}

// TestModuleIsShared has many goroutines instantiate and call one module.
func TestModuleIsShared(t *testing.T) {
	rt := vm.NewRuntime(nil)
	m, err := rt.Compile(mathWasm)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := rt.Compile(slices.Clone(mathWasm)); err != nil || again != m {
		t.Errorf("compiling the same binary gave %p, %v; want %p", again, err, m)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			i, err := rt.Instantiate(context.Background(), m, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer i.Program().Close()
			for n := range uint64(10) {
				if got, err := i.Call(context.Background(), "count"); err != nil || got[0] != 8+n {
					t.Errorf("call %d gave %v, %v", n, got, err)
				}
			}
			if got, err := i.Call(context.Background(), "fib", 15); err != nil || got[0] != 610 {
				t.Errorf("fib(15) = %v, %v", got, err)
			}
		})
	}
	wait.Wait()
}

// TestSecondCallIsBusy calls from several goroutines at once: one runs, the others are told so.
func TestSecondCallIsBusy(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	p := i.Program()
	ctx, cancel := context.WithCancel(context.Background())
	first := start(ctx, i, "forever")
	busy(t, p)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 100 {
				if _, err := i.Call(context.Background(), "nop"); !errors.Is(err, vm.ErrBusy) {
					t.Errorf("second call: %v", err)
				}
			}
		})
	}
	wait.Wait()
	if _, err := p.Instantiate(context.Background(), i.Module(), "other"); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("instantiating meanwhile: %v", err)
	}
	if err := p.Close(); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("closing meanwhile: %v", err)
	}
	cancel()
	if o := <-first; !errors.Is(o.err, context.Canceled) {
		t.Errorf("first call: %v", o.err)
	}
	if _, err := i.Call(context.Background(), "nop"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestCallFromHostFunctionIsBusy(t *testing.T) {
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(c *vm.Caller, v int32) (int32, error) {
		_, err := c.Instance().Call(c.Context(), "deep", 1)
		return v, err
	})))
	if _, err := i.Call(context.Background(), "call", 1); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("got %v", err)
	}
}

func TestClosedProgram(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	p := i.Program()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	_, callErr := i.Call(context.Background(), "nop")
	_, resumeErr := p.Resume(context.Background())
	_, instErr := p.Instantiate(context.Background(), i.Module(), "other")
	_, forkErr := p.Fork(context.Background(), nil)
	for what, err := range map[string]error{"call": callErr, "resume": resumeErr, "instantiate": instErr, "fork": forkErr, "fuel": p.SetFuel(1)} {
		if !errors.Is(err, vm.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestObjects(t *testing.T) {
	ctx := context.Background()
	i := instantiate(t, mathWasm, nil)
	g := i.Global("counter")
	if err := g.Set(99); err != nil {
		t.Fatal(err)
	}
	if got, err := i.Call(ctx, "count"); result(t, got, err) != 100 || g.Get() != 100 {
		t.Errorf("the global is %d for the guest, %d for the host", got[0], g.Get())
	}
	mem := i.Memory("memory")
	if !mem.PutUint32(65532, 1) || mem.PutUint32(65533, 1) || mem.Size() != vm.PageSize {
		t.Error("the memory is not one page")
	}
	j := instantiate(t, trapsWasm, nil)
	table := j.Table("table")
	ref, err := table.Get(1)
	if err != nil {
		t.Fatal(err)
	}
	div := j.Program().Func(ref)
	if got, err := div.Call(ctx, 42, 6); result(t, got, err) != 7 {
		t.Errorf("42 / 6 = %d", got[0])
	}
	if err := table.Set(0, div.Ref()); err != nil {
		t.Error(err)
	}
	if err := table.Set(0, 1000); err == nil {
		t.Error("a reference to nothing was put into a table")
	}
	if _, err := table.Get(2); !errors.Is(err, vm.TrapTableOutOfBounds) {
		t.Errorf("beyond the table: %v", err)
	}
	if i.Memory("nop") != nil || i.Global("nop") != nil || i.Table("memory") != nil || i.Func("counter") != nil || j.Program().Func(0) != nil {
		t.Error("something was found that is not there")
	}
}

func TestModuleTypes(t *testing.T) {
	m, err := vm.NewRuntime(nil).Compile(helloWasm(0))
	if err != nil {
		t.Fatal(err)
	}
	var imports, exports []string
	for i := range m.Imports() {
		imports = append(imports, i.Module+"."+i.Name+" "+i.Func.String())
	}
	for e := range m.Exports() {
		exports = append(exports, e.Kind.String()+" "+e.Name)
	}
	wantImports := []string{
		"wasi_snapshot_preview1.fd_write [i32 i32 i32 i32] -> [i32]",
		"wasi_snapshot_preview1.proc_exit [i32] -> []",
	}
	wantExports := []string{"func _start", "memory memory"}
	if !slices.Equal(imports, wantImports) || !slices.Equal(exports, wantExports) {
		t.Errorf("imports %v\nexports %v", imports, exports)
	}
}

// TestParametersKeepTheirOrder sends eight values of all types through a guest to a host function, with a result and without.
func TestParametersKeepTheirOrder(t *testing.T) {
	params := types(vm.I32, vm.I64, vm.F32, vm.F64, vm.I32, vm.I64, vm.F32, vm.F64)
	b := newBuilder()
	f, p := b.imp("env", "f", sig(params, vm.F64)), b.imp("env", "p", sig(params))
	var args []byte
	for k := range uint32(8) {
		args = append(args, code(wasm.OpLocalGet, k)...)
	}
	b.fn("f", sig(params, vm.F64), nil, args, wasm.OpCall, f)
	b.fn("p", sig(params), nil, args, wasm.OpCall, p)
	var seen []any
	host := vm.NewHostModule("env").
		WithFunc("f", vm.Func8(func(_ *vm.Caller, a int32, b int64, c float32, d float64, e uint32, f uint64, g float32, h float64) (float64, error) {
			seen = []any{a, b, c, d, e, f, g, h}
			return 9.5, nil
		})).
		WithFunc("p", vm.Proc8(func(_ *vm.Caller, a int32, b int64, c float32, d float64, e uint32, f uint64, g float32, h float64) error {
			seen = []any{a, b, c, d, e, f, g, h}
			return nil
		}))
	i := instantiate(t, b.binary(), vm.NewProgramConfig().WithHostModule(host))
	want := []any{int32(-1), int64(2), float32(3.5), 4.5, uint32(5), uint64(6), float32(7.5), 8.5}
	call, err := vm.TypedFunc8[int32, int64, float32, float64, uint32, uint64, float32, float64, float64](i, "f")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := call(context.Background(), -1, 2, 3.5, 4.5, 5, 6, 7.5, 8.5); got != 9.5 || err != nil || !slices.Equal(seen, want) {
		t.Errorf("%v, %v; the host function saw %v", got, err, seen)
	}
	proc, err := vm.TypedProc8[int32, int64, float32, float64, uint32, uint64, float32, float64](i, "p")
	if err != nil {
		t.Fatal(err)
	}
	seen = nil
	if err := proc(context.Background(), -1, 2, 3.5, 4.5, 5, 6, 7.5, 8.5); err != nil || !slices.Equal(seen, want) {
		t.Errorf("%v; the host procedure saw %v", err, seen)
	}
}
