package vm_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

// instantiate makes a program of one instance that lives as long as the test.
func instantiate(t testing.TB, binary []byte, c *vm.ProgramConfig) *vm.Instance {
	t.Helper()
	return instantiateIn(t, vm.NewRuntime(nil), binary, c)
}

// instantiateIn is instantiate in a runtime.
func instantiateIn(t testing.TB, rt *vm.Runtime, binary []byte, c *vm.ProgramConfig) *vm.Instance {
	t.Helper()
	m, err := rt.Compile(binary)
	if err != nil {
		t.Fatal(err)
	}
	i, err := rt.Instantiate(context.Background(), m, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Program().Close() })
	return i
}

// withEnv is a program whose env.f is f.
func withEnv(f vm.HostFunc) *vm.ProgramConfig {
	return vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").WithFunc("f", f))
}

// outcome is what a call on another goroutine came to.
type outcome struct {
	results []uint64
	err     error
}

// start calls a function on another goroutine.
func start(ctx context.Context, i *vm.Instance, name string, args ...uint64) <-chan outcome {
	c := make(chan outcome, 1)
	go func() {
		results, err := i.Call(ctx, name, args...)
		c <- outcome{results, err}
	}()
	return c
}

// busy waits until the program runs.
func busy(t testing.TB, p *vm.Program) {
	t.Helper()
	for range 10_000 {
		if p.Busy() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the program does not run")
}

// walking starts the walk of walkWasm, which goes on until arrive is called.
func walking(t testing.TB, c *vm.ProgramConfig) (*vm.Instance, <-chan outcome) {
	t.Helper()
	i := instantiate(t, walkWasm, c)
	running := start(context.Background(), i, "walk")
	busy(t, i.Program())
	return i, running
}

// arrive ends a walk a little ahead of where it is, running or not, and tells where.
func arrive(t testing.TB, p *vm.Program) (bound uint64) {
	t.Helper()
	err := p.View(context.Background(), false, func(*vm.View) error {
		i := p.Instance("main")
		bound = i.Global("at").Get() + 1000
		return i.Global("bound").Set(bound)
	})
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

// checkpoint is p as a snapshot.
func checkpoint(t testing.TB, p *vm.Program, c *vm.CheckpointConfig) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Checkpoint(context.Background(), &b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// restore is the program of a snapshot, in a runtime of its own.
func restore(t testing.TB, snapshot []byte, c *vm.ProgramConfig) *vm.Program {
	t.Helper()
	p, err := vm.NewRuntime(nil).Restore(context.Background(), bytes.NewReader(snapshot), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// result is the only result of what returned.
func result(t testing.TB, results []uint64, err error) uint64 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 1 {
		t.Fatalf("%d results, want 1", len(results))
	}
	return results[0]
}
