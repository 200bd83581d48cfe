package vm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

func TestTrapsMatchTheirCodes(t *testing.T) {
	i := instantiate(t, trapsWasm, vm.NewProgramConfig().WithMaxStack(1<<20))
	for name, want := range map[string]vm.TrapCode{
		"unreachable":       vm.TrapUnreachable,
		"divide by zero":    vm.TrapIntegerDivideByZero,
		"overflow":          vm.TrapIntegerOverflow,
		"out of bounds":     vm.TrapMemoryOutOfBounds,
		"undefined element": vm.TrapUndefinedElement,
		"wrong type":        vm.TrapIndirectCallTypeMismatch,
		"stack exhausted":   vm.TrapStackExhausted,
	} {
		_, err := i.Call(context.Background(), name)
		var trap *vm.Trap
		if !errors.Is(err, want) || !errors.As(err, &trap) || trap.Code != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTrapHasBacktrace(t *testing.T) {
	i := instantiate(t, trapsWasm, nil)
	_, err := i.Call(context.Background(), "divide by zero")
	var trap *vm.Trap
	if !errors.As(err, &trap) {
		t.Fatal(err)
	}
	if len(trap.Trace) != 2 || trap.Trace[0].Name != "divide" || trap.Trace[1].Name != "divide by zero" {
		t.Errorf("backtrace %+v", trap.Trace)
	}
	if text := err.Error(); !strings.Contains(text, "integer divide by zero") || !strings.Contains(text, "at divide ") {
		t.Errorf("message %q", text)
	}
}

func TestHostErrorIsWrapped(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"an error", broken, broken},
		{"a trap", vm.TrapUnreachable, vm.TrapUnreachable},
	} {
		i := instantiate(t, hostWasm, withEnv(vm.Func1(func(*vm.Caller, int32) (int32, error) { return 0, c.err })))
		_, err := i.Call(context.Background(), "call", 1)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(*vm.Caller, int32) (int32, error) { return 0, broken })))
	_, err := i.Call(context.Background(), "call", 1)
	var host *vm.HostError
	if !errors.As(err, &host) || host.Module != "env" || host.Name != "f" || len(host.Trace) != 1 {
		t.Errorf("%+v", err)
	}
}

func TestHostPanicClosesTheProgram(t *testing.T) {
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(*vm.Caller, int32) (int32, error) { panic("host") })))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach the embedder")
			}
		}()
		i.Call(context.Background(), "call", 1)
	}()
	if _, err := i.Call(context.Background(), "deep", 1); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestFuel(t *testing.T) {
	i := instantiate(t, mathWasm, vm.NewProgramConfig().WithFuel(1000))
	p := i.Program()
	if _, err := i.Call(context.Background(), "forever"); !errors.Is(err, vm.ErrFuelExhausted) {
		t.Fatalf("got %v", err)
	}
	if left, err := p.Fuel(); left != 0 || err != nil {
		t.Errorf("%d units are left, %v", left, err)
	}
	if _, err := i.Call(context.Background(), "nop"); !errors.Is(err, vm.ErrFuelExhausted) {
		t.Errorf("a call without fuel: %v", err)
	}
	if err := p.SetFuel(100); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Call(context.Background(), "fib", 5); err != nil {
		t.Errorf("a call with new fuel: %v", err)
	}
	if left, _ := p.Fuel(); left != 85 { // fib(5) is 15 calls
		t.Errorf("%d units are left", left)
	}
}

func TestFuelChargedByHostFunction(t *testing.T) {
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(c *vm.Caller, v int32) (int32, error) {
		c.SetFuel(c.Fuel() - min(c.Fuel(), 100))
		return v, nil
	})).WithFuel(1000))
	if _, err := i.Call(context.Background(), "loop", 100); !errors.Is(err, vm.ErrFuelExhausted) {
		t.Errorf("got %v", err)
	}
}

func TestContextEndsCalls(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	reason := errors.New("the user has left")
	cancelled, cancel := context.WithCancelCause(context.Background())
	late, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer stop()
	time.AfterFunc(20*time.Millisecond, func() { cancel(reason) })
	for _, c := range []struct {
		name string
		ctx  context.Context
		want error
	}{
		{"cancelled", cancelled, reason},
		{"cancelled before", cancelled, reason},
		{"timeout", late, context.DeadlineExceeded},
	} {
		if _, err := i.Call(c.ctx, "forever"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := i.Call(context.Background(), "nop"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestProgramDeadline(t *testing.T) {
	i := instantiate(t, mathWasm, vm.NewProgramConfig().WithDeadline(time.Now().Add(20*time.Millisecond)))
	for _, name := range []string{"forever", "nop"} {
		_, err := i.Call(context.Background(), name)
		if !errors.Is(err, vm.ErrDeadline) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	rt := vm.NewRuntime(vm.NewConfig().WithMaxMemory(2 * vm.PageSize).WithMaxTable(1))
	instantiate := func(b *builder, c *vm.ProgramConfig) error {
		m, err := rt.Compile(b.binary())
		if err != nil {
			t.Fatal(err)
		}
		_, err = rt.Instantiate(context.Background(), m, c)
		return err
	}
	table := newBuilder()
	nop := table.fn("", sig(nil), nil)
	table.funcTable(nop, nop)
	for _, c := range []struct {
		name string
		b    *builder
		cfg  *vm.ProgramConfig
		ok   bool
	}{
		{"as much memory as allowed", newBuilder().mem(2), nil, true},
		{"more memory", newBuilder().mem(3), nil, false},
		{"more memory than the program may have", newBuilder().mem(2), vm.NewProgramConfig().WithMaxMemory(vm.PageSize), false},
		{"a program cannot lift the runtime's limit", newBuilder().mem(3), vm.NewProgramConfig().WithMaxMemory(9 * vm.PageSize), false},
		{"a larger table", table, nil, false},
	} {
		err := instantiate(c.b, c.cfg)
		if limit := (*vm.LimitError)(nil); (err == nil) != c.ok || !c.ok && !errors.As(err, &limit) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	invalid := newBuilder()
	invalid.fn("f", sig(nil, vm.I32), nil)
	feature := newBuilder()
	feature.fn("f", sig(nil, vm.I32, vm.I32), nil, byte(0x41), 1, byte(0x41), 2)
	for _, c := range []struct {
		name   string
		binary []byte
		want   error
	}{
		{"no module", []byte("#!/bin/sh"), vm.ErrMalformed},
		{"missing result", invalid.binary(), vm.ErrInvalid},
		{"disabled feature", feature.binary(), vm.ErrFeature},
	} {
		_, err := vm.NewRuntime(vm.NewConfig().WithFeatures(vm.MVP)).Compile(c.binary)
		var v *vm.ValidationError
		if !errors.Is(err, c.want) || !errors.As(err, &v) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestLinkErrors(t *testing.T) {
	i32to := func(r ...vm.ValType) vm.HostFunc {
		return vm.RawFunc(sig(i32, r...), func(*vm.Caller, []uint64) error { return nil })
	}
	for _, c := range []struct {
		name   string
		binary []byte
		cfg    *vm.ProgramConfig
	}{
		{"no such module", hostWasm, nil},
		{"no such function", hostWasm, vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env"))},
		{"another type", hostWasm, withEnv(i32to())},
		{"no WASI", helloWasm(0), nil},
	} {
		rt := vm.NewRuntime(nil)
		m, err := rt.Compile(c.binary)
		if err != nil {
			t.Fatal(err)
		}
		_, err = rt.Instantiate(context.Background(), m, c.cfg)
		if link := (*vm.LinkError)(nil); !errors.Is(err, vm.ErrLink) || !errors.As(err, &link) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	rt, other := vm.NewRuntime(nil), vm.NewRuntime(nil)
	twice := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env")).WithHostModule(vm.NewHostModule("env"))
	if _, err := rt.NewProgram(twice); !errors.Is(err, vm.ErrConfig) {
		t.Errorf("two host modules of a name: %v", err)
	}
	m, err := other.Compile(mathWasm)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rt.Instantiate(context.Background(), m, nil); !errors.Is(err, vm.ErrForeign) {
		t.Errorf("a module of another runtime: %v", err)
	}
	p, err := other.NewProgram(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want error
	}{{"a", nil}, {"a", vm.ErrConfig}, {"", nil}, {"", nil}} {
		if _, err := p.Instantiate(context.Background(), m, c.name); !errors.Is(err, c.want) {
			t.Errorf("instance %q: %v", c.name, err)
		}
	}
}
