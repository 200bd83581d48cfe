package vm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

// The guests of the examples: mathWasm exports add, fib, sum, forever, count and a global, hostWasm calls the function f that it
// imports from env, helloWasm is a WASI command that prints three lines. They stand in guests_test.go.

// must keeps the examples short.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func Example() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	m := must(rt.Compile(mathWasm))
	i := must(rt.Instantiate(ctx, m, nil))
	defer i.Program().Close()

	results := must(i.Call(ctx, "add", 40, 2))
	fmt.Println(results[0])
	// Output: 42
}

func ExampleTypedFunc2() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(mathWasm)), nil))
	defer i.Program().Close()

	add := must(vm.TypedFunc2[int32, int32, int32](i, "add"))
	fmt.Println(add(ctx, 40, 2))

	_, err := vm.TypedFunc2[int64, int64, int64](i, "add")
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// func "add": signature mismatch: its type is [i32 i32] -> [i32], not [i64 i64] -> [i64]
}

func ExampleFunc1() {
	ctx := context.Background()
	env := vm.NewHostModule("env").
		WithFunc("f", vm.Func1(func(c *vm.Caller, n int32) (int32, error) {
			fmt.Println("the guest says", n)
			return n * n, nil
		}))
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(hostWasm)), vm.NewProgramConfig().WithHostModule(env)))
	defer i.Program().Close()

	fmt.Println(must(i.Call(ctx, "call", 9))[0])
	// Output:
	// the guest says 9
	// 81
}

func ExampleRawFunc() {
	ctx := context.Background()
	typ := vm.FuncType{Params: []vm.ValType{vm.I32}, Results: []vm.ValType{vm.I32}}
	env := vm.NewHostModule("env").WithFunc("f", vm.RawFunc(typ, func(c *vm.Caller, stack []uint64) error {
		stack[0]++
		return nil
	}))
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(hostWasm)), vm.NewProgramConfig().WithHostModule(env)))
	defer i.Program().Close()

	fmt.Println(must(i.Call(ctx, "call", 9))[0])
	// Output: 10
}

func ExampleInstance_Run() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	wasi := vm.NewWASI().WithArgs("hello").WithStdout(os.Stdout)
	i := must(rt.Instantiate(ctx, must(rt.Compile(helloWasm(3))), vm.NewProgramConfig().WithWASI(wasi)))
	defer i.Program().Close()

	err := i.Run(ctx)
	if exit := (*vm.ExitError)(nil); errors.As(err, &exit) {
		fmt.Println("exit", exit.Code)
	}
	// Output:
	// hello, 1
	// hello, 2
	// hello, 3
	// exit 3
}

func ExampleModule_Imports() {
	m := must(vm.NewRuntime(nil).Compile(helloWasm(0)))
	for i := range m.Imports() {
		fmt.Println(i.Module, i.Name, i.Func.String())
	}
	for e := range m.Exports() {
		fmt.Println(e.Kind, e.Name)
	}
	// Output:
	// wasi_snapshot_preview1 fd_write [i32 i32 i32 i32] -> [i32]
	// wasi_snapshot_preview1 proc_exit [i32] -> []
	// func _start
	// memory memory
}

func ExampleProgram_Instantiate() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	p := must(rt.NewProgram(vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").
		WithMemory("memory", vm.MemoryType{Limits: vm.Limits{Min: 1}}).
		WithGlobal("base", vm.GlobalType{Type: vm.I32}, 64))))
	defer p.Close()

	must(p.Instantiate(ctx, must(rt.Compile(mathWasm)), "lib"))
	user := must(p.Instantiate(ctx, must(rt.Compile(sharedWasm)), "user")) // imports lib.count
	fmt.Println(must(user.Call(ctx, "next"))[0])
	fmt.Println(user.Memory("memory").Uint64(64))
	// Output:
	// 8
	// 8 true
}

func ExampleProgram_Checkpoint() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(walkWasm)), nil))
	defer i.Program().Close()

	// The guest walks up to a bound that is out of reach, until it is stopped and written down.
	done := make(chan error)
	go func() {
		_, err := i.Call(ctx, "walk")
		done <- err
	}()
	for !i.Program().Busy() {
		time.Sleep(time.Millisecond)
	}
	var snapshot bytes.Buffer
	if err := i.Program().Checkpoint(ctx, &snapshot, vm.NewCheckpointConfig().WithStop()); err != nil {
		panic(err)
	}
	fmt.Println("here:", <-done)

	// Elsewhere, it goes on from there: this time the bound is near.
	p := must(vm.NewRuntime(nil).Restore(ctx, &snapshot, nil))
	defer p.Close()
	bound := p.Instance("main").Global("at").Get() + 10
	p.Instance("main").Global("bound").Set(bound)
	sum := must(p.Resume(ctx))[0]
	fmt.Println("there:", sum == squares(bound))
	// Output:
	// here: the program was stopped by a checkpoint
	// there: true
}

func ExampleRuntime_RestoreFile() {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "counter.snapshot")

	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(mathWasm)), nil))
	fmt.Println(must(i.Call(ctx, "count"))[0])
	if err := i.Program().CheckpointFile(ctx, path, vm.NewCheckpointConfig().WithCompression()); err != nil {
		panic(err)
	}
	i.Program().Close()

	p := must(vm.NewRuntime(nil).RestoreFile(ctx, path, nil))
	defer p.Close()
	fmt.Println(must(p.Instance("main").Call(ctx, "count"))[0])
	// Output:
	// 8
	// 9
}

func ExampleProgram_Fork() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(mathWasm)), nil))
	defer i.Program().Close()
	i.Call(ctx, "count")

	fork := must(i.Program().Fork(ctx, nil))
	defer fork.Close()
	i.Call(ctx, "count")
	i.Call(ctx, "count")
	fmt.Println("original", i.Global("counter").Get())
	fmt.Println("fork", fork.Instance("main").Global("counter").Get())
	// Output:
	// original 10
	// fork 8
}

func ExampleProgramConfig_WithSafepointHook() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	var forks []*vm.Program
	cfg := vm.NewProgramConfig().WithSafepointHook(100, func(p *vm.Program, passed uint64) uint64 {
		forks = append(forks, must(p.Fork(ctx, vm.NewProgramConfig())))
		return passed + 100
	})
	i := must(rt.Instantiate(ctx, must(rt.Compile(mathWasm)), cfg))
	defer i.Program().Close()

	fmt.Println("original", must(i.Call(ctx, "fib", 11))[0])
	for n, f := range forks {
		fmt.Println("fork", n+1, must(f.Resume(ctx))[0])
		f.Close()
	}
	// Output:
	// original 89
	// fork 1 89
	// fork 2 89
}

func ExampleProgramConfig_WithFuel() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(mathWasm)), vm.NewProgramConfig().WithFuel(1000)))
	defer i.Program().Close()

	_, err := i.Call(ctx, "forever")
	fmt.Println(errors.Is(err, vm.ErrFuelExhausted))

	i.Program().SetFuel(20)
	fmt.Println(must(i.Call(ctx, "fib", 5))[0])
	fmt.Println(i.Program().Fuel())
	// Output:
	// true
	// 5
	// 5 <nil>
}

func ExampleProgramConfig_WithDeadline() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	cfg := vm.NewProgramConfig().WithDeadline(time.Now().Add(10 * time.Millisecond))
	i := must(rt.Instantiate(ctx, must(rt.Compile(mathWasm)), cfg))
	defer i.Program().Close()

	_, err := i.Call(ctx, "forever")
	fmt.Println(err)
	// Output: the program's deadline has passed
}

func ExampleProgramConfig_WithDeterministic() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	m := must(rt.Compile(diceWasm))
	cfg := vm.NewProgramConfig().WithWASI(vm.NewWASI()).WithDeterministic(1, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	var random, clock [2]uint64
	for n := range 2 {
		i := must(rt.Instantiate(ctx, m, cfg))
		random[n], clock[n] = must(i.Call(ctx, "random"))[0], must(i.Call(ctx, "clock"))[0]
		i.Program().Close()
	}
	fmt.Println(random[0] == random[1], clock[0] == clock[1], time.Unix(0, int64(clock[0])).UTC().Year())
	// Output: true true 2030
}

func ExampleConfig() {
	ctx := context.Background()
	rt := vm.NewRuntime(vm.NewConfig().
		WithMaxMemory(1 << 20).
		WithMaxStack(1 << 16).
		WithTier(vm.TierInterp).
		WithFeatures(vm.DefaultFeatures).
		WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))

	_, err := rt.Instantiate(ctx, must(rt.Compile(newBuilder().mem(17).binary())), nil)
	fmt.Println(err)

	traps := must(rt.Instantiate(ctx, must(rt.Compile(trapsWasm)), nil))
	_, err = traps.Call(ctx, "stack exhausted")
	fmt.Println(errors.Is(err, vm.TrapStackExhausted))
	// Output:
	// memory of 17 pages of 64 KiB is over the limit of 16
	// true
}

func ExampleTrap() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(trapsWasm)), nil))
	defer i.Program().Close()

	_, err := i.Call(ctx, "divide by zero")
	var trap *vm.Trap
	if errors.As(err, &trap) {
		fmt.Println(trap.Code, trap.Code == vm.TrapIntegerDivideByZero)
		for _, f := range trap.Trace {
			fmt.Println("in", f.Name)
		}
	}
	// Output:
	// integer divide by zero true
	// in divide
	// in divide by zero
}

func ExampleValidationError() {
	_, err := vm.NewRuntime(nil).Compile([]byte("\x00asm\x02\x00\x00\x00"))
	var v *vm.ValidationError
	fmt.Println(errors.As(err, &v), errors.Is(err, vm.ErrMalformed))
	// Output: true true
}

// tally is the state of a host module: how often it was called.
type tally struct{ calls uint64 }

func (t *tally) SaveState() (version uint32, data []byte, err error) {
	return 1, binary.LittleEndian.AppendUint64(nil, t.calls), nil
}

func (t *tally) RestoreState(version uint32, data []byte) error {
	if version != 1 || len(data) != 8 {
		return errors.New("not a tally")
	}
	t.calls = binary.LittleEndian.Uint64(data)
	return nil
}

func ExampleHostModule_WithState() {
	ctx := context.Background()
	cfg := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").
		WithState(func() vm.Resource { return new(tally) }).
		WithFunc("f", vm.Func1(func(c *vm.Caller, _ int32) (int32, error) {
			t := c.State().(*tally)
			t.calls++
			return int32(t.calls), nil
		})))
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(hostWasm)), cfg))
	defer i.Program().Close()
	i.Call(ctx, "call", 0)
	i.Call(ctx, "call", 0)

	var snapshot bytes.Buffer
	if err := i.Program().Checkpoint(ctx, &snapshot, nil); err != nil {
		panic(err)
	}
	p := must(rt.Restore(ctx, &snapshot, cfg))
	defer p.Close()
	fmt.Println(must(p.Instance("main").Call(ctx, "call", 0))[0])
	// Output: 3
}

// A host function that sleeps, in a way that a checkpoint does not have to wait for.
func ExampleCaller_Suspend() {
	ctx := context.Background()
	cfg := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").
		WithFunc("f", vm.Func1(func(c *vm.Caller, ms int32) (int32, error) {
			left := time.Duration(ms) * time.Millisecond
			if pending, ok := c.Resumed(); ok {
				left = time.Duration(binary.LittleEndian.Uint64(pending))
			}
			until := time.Now().Add(left)
			select {
			case <-time.After(left):
				return 1, nil
			case <-c.Interrupted():
				return 0, c.Suspend(binary.LittleEndian.AppendUint64(nil, uint64(time.Until(until))))
			}
		})))
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(hostWasm)), cfg))
	defer i.Program().Close()

	done := make(chan error)
	go func() {
		_, err := i.Call(ctx, "call", 500)
		done <- err
	}()
	for !i.Program().Busy() {
		time.Sleep(time.Millisecond)
	}
	var snapshot bytes.Buffer
	if err := i.Program().Checkpoint(ctx, &snapshot, vm.NewCheckpointConfig().WithStop()); err != nil {
		panic(err)
	}
	fmt.Println(<-done)

	p := must(rt.Restore(ctx, &snapshot, cfg))
	defer p.Close()
	fmt.Println(must(p.Resume(ctx))[0])
	// Output:
	// the program was stopped by a checkpoint
	// 1
}

func ExampleCaller_CallBack() {
	ctx := context.Background()
	cfg := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").
		WithFunc("f", vm.Func1(func(c *vm.Caller, n int32) (int32, error) {
			stack := []uint64{uint64(n)}
			err := c.CallBack(c.Instance().Func("deep"), stack)
			return int32(stack[0]) * 10, err
		})))
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, must(rt.Compile(hostWasm)), cfg))
	defer i.Program().Close()

	fmt.Println(must(i.Call(ctx, "call", 7))[0])
	// Output: 70
}
