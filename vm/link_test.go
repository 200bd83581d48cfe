package vm_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

// sharedWasm imports env.memory, env.base and a function of another instance, lib.count.
var sharedWasm = func() []byte {
	b := newBuilder()
	count := b.imp("lib", "count", sig(nil, vm.I64))
	b.imports = append(b.imports,
		code("env", "memory", byte(vm.ExternMemory), byte(0), uint32(1)),
		code("env", "base", byte(vm.ExternGlobal), vm.I32, byte(0)))
	b.export("memory", vm.ExternMemory, 0)
	b.fn("next", sig(nil, vm.I64), nil, // stores the count at base, and returns it
		wasm.OpGlobalGet, uint32(0), wasm.OpCall, count, wasm.OpI64Store, uint32(3), uint32(0),
		wasm.OpGlobalGet, uint32(0), wasm.OpI64Load, uint32(3), uint32(0))
	return b.binary()
}()

// TestInstancesShareWhatTheyImport has two instances share a memory of the host's and the state of a third, here and
// after a restore, where an instance that is new shares it too.
func TestInstancesShareWhatTheyImport(t *testing.T) {
	ctx := context.Background()
	cfg := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").
		WithMemory("memory", vm.MemoryType{Limits: vm.Limits{Min: 1}}).
		WithGlobal("base", vm.GlobalType{Type: vm.I32}, 4096))
	rt := vm.NewRuntime(nil)
	p, err := rt.NewProgram(cfg)
	if err != nil {
		t.Fatal(err)
	}
	instantiate := func(p *vm.Program, binary []byte, name string) *vm.Instance {
		t.Helper()
		m, err := rt.Compile(binary)
		if err != nil {
			t.Fatal(err)
		}
		i, err := p.Instantiate(ctx, m, name)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	next := func(i *vm.Instance, want uint64) {
		t.Helper()
		got, err := i.Call(ctx, "next")
		if result(t, got, err) != want {
			t.Errorf("%s counts %d, want %d", i.Name(), got[0], want)
		}
	}
	instantiate(p, mathWasm, "lib")
	a, b := instantiate(p, sharedWasm, "a"), instantiate(p, sharedWasm, "b")
	next(a, 8)
	next(b, 9)
	if v, _ := a.Memory("memory").Uint64(4096); v != 9 {
		t.Errorf("a sees %d in the memory", v)
	}
	q, err := rt.Restore(ctx, bytes.NewReader(checkpoint(t, p, nil)), cfg)
	if err != nil {
		t.Fatal(err)
	}
	next(q.Instance("a"), 10)
	c := instantiate(q, sharedWasm, "c")
	if v, _ := c.Memory("memory").Uint64(4096); v != 10 {
		t.Errorf("c sees %d in the memory", v)
	}
	next(c, 11)
	next(b, 10)
	var names []string
	for i := range q.Instances() {
		names = append(names, i.Name())
	}
	if len(names) != 4 || names[0] != "lib" || names[3] != "c" {
		t.Errorf("instances %v", names)
	}
}

func TestStartFunctionRuns(t *testing.T) {
	b := newBuilder()
	g := b.global("g", 1)
	b.start = int(b.fn("", sig(nil), nil, wasm.OpI64Const, 5, wasm.OpGlobalSet, g))
	i := instantiate(t, b.binary(), nil)
	if v := i.Global("g").Get(); v != 5 {
		t.Errorf("the global is %d", v)
	}
	b = newBuilder()
	b.start = int(b.fn("", sig(nil), nil, wasm.OpUnreachable))
	rt := vm.NewRuntime(nil)
	m, err := rt.Compile(b.binary())
	if err != nil {
		t.Fatal(err)
	}
	p, err := rt.NewProgram(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Instantiate(context.Background(), m, "a"); err == nil || p.Instance("a") != nil {
		t.Errorf("an instance whose start function traps: %v", err)
	}
}
