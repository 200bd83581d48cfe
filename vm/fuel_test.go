package vm_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// Fuel is the same on every tier, wherever it is looked at and given.

const fuelText = `(module
	(import "env" "f" (func $f (param i32) (result i32)))
	(global $done (export "done") (mut i32) (i32.const 0))
	(func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
	(func (export "run") (param $n i32) (result i32) (local $i i32) (local $k i32)
		(loop $l
			(local.set $k (i32.and (local.get $i) (i32.const 3)))
			(loop $inner
				(global.set $done (call $leaf (global.get $done)))
				(br_if $inner (i32.ge_s (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (i32.const 0))))
			(drop (call $f (local.get $i)))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
		(local.get $i))
	(func (export "spin") (param $n i32)
		(loop $l (global.set $done (i32.add (global.get $done) (i32.const 1)))
			(br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`

// textModule is the binary of a module's text.
func textModule(t testing.TB, text string) []byte {
	t.Helper()
	b, err := wat.Parse("test.wat", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fuelRun calls run(n) and says what a host function saw of the fuel, which may do something with it, and how it ended.
func fuelRun(t *testing.T, tier vm.Tier, cfg *vm.ProgramConfig, n uint64, host func(c *vm.Caller, i int32)) []uint64 {
	t.Helper()
	var seen []uint64
	f := vm.Func1(func(c *vm.Caller, i int32) (int32, error) {
		seen = append(seen, c.Fuel())
		if host != nil {
			host(c, i)
		}
		return i, nil
	})
	i := instantiateIn(t, vm.NewRuntime(vm.NewConfig().WithTier(tier)), textModule(t, fuelText), cfg.WithHostModule(vm.NewHostModule("env").WithFunc("f", f)))
	_, err := i.Call(context.Background(), "run", n)
	if err != nil && !errors.Is(err, vm.ErrFuelExhausted) {
		t.Fatal(err)
	}
	left, fuelErr := i.Program().Fuel()
	done := i.Global("done").Get()
	if fuelErr != nil {
		t.Fatal(fuelErr)
	}
	ended := uint64(0)
	if err != nil {
		ended = 1
	}
	return append(seen, left, done, ended)
}

func TestFuelIsRightInHostFunctions(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  *vm.ProgramConfig
		host func(c *vm.Caller, i int32)
	}{
		{"looked at", vm.NewProgramConfig().WithFuel(1000), nil},
		{"just enough", vm.NewProgramConfig().WithFuel(1 + 500 + 2*1250), nil},
		{"one too little", vm.NewProgramConfig().WithFuel(500 + 2*1250), nil},
		{"charged", vm.NewProgramConfig().WithFuel(3000), func(c *vm.Caller, i int32) { c.SetFuel(c.Fuel() - min(c.Fuel(), 7)) }},
		{"topped up", vm.NewProgramConfig().WithFuel(100), func(c *vm.Caller, i int32) { c.SetFuel(max(c.Fuel(), 50)) }},
	} {
		want := fuelRun(t, vm.TierInterp, c.cfg, 500, c.host)
		for _, tier := range tiersHere() {
			if diff := cmp.Diff(want, fuelRun(t, tier, c.cfg, 500, c.host)); diff != "" {
				t.Errorf("%s, %v (-interp):\n%s", c.name, tier, diff)
			}
		}
	}
}

// A program that is given its first fuel by a host function is stopped, however much of it has machine code.
func TestFuelGivenLate(t *testing.T) {
	for _, tier := range tiersHere() {
		late := func(c *vm.Caller, i int32) {
			if i == 10_000 {
				c.SetFuel(777)
			}
		}
		seen, want := fuelRun(t, tier, vm.NewProgramConfig(), 1_000_000, late), fuelRun(t, vm.TierInterp, vm.NewProgramConfig(), 1_000_000, late)
		if n, w := len(seen), len(want); seen[n-1] != 1 || seen[n-3] != 0 || n < w-8 || n > w+8 {
			t.Errorf("%v: %d calls, want %d; %d units are left", tier, n-3, w-3, seen[n-3])
		}
	}
}

// What a host function gives for the first time counts from some instructions later on, at most those between two looks of the interpreter's
// loop: in the frames below, which were entered before, and in those below a host function that has called back.
func TestFirstFuelInAHostFunction(t *testing.T) {
	const text = `(module
	  (import "env" "f" (func $f (param i32) (result i32)))
	  (global $done (export "done") (mut i32) (i32.const 0))
	  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
	  (func $tick (global.set $done (call $leaf (global.get $done))))
	  (func $sum (export "sum") (param $n i32) (result i32) (local $k i32)
	    (local.set $k (i32.rem_u (local.get $n) (i32.const 3)))
	    (if (i32.eqz (local.get $n)) (then (return (call $f (local.get $n)))))
	    (call $tick)
	    (local.set $n (i32.add (local.get $n) (call $sum (i32.sub (local.get $n) (i32.const 1)))))
	    (call $tick)
	    (loop $l (call $tick) (br_if $l (i32.gt_s (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (i32.const 0))))
	    (call $tick)
	    (local.get $n)))`
	const batch = 16
	run := func(tier vm.Tier, depth, nested int32) (told []uint64) {
		level, given := int32(0), false
		f := vm.Func1(func(c *vm.Caller, i int32) (int32, error) {
			if level++; level <= nested {
				stack := []uint64{uint64(depth)}
				err := c.CallBack(c.Instance().Func("sum"), stack)
				return int32(stack[0]), err
			}
			if !given {
				c.SetFuel(100_000)
				given = true
			}
			return 7, nil
		})
		i := instantiateIn(t, vm.NewRuntime(vm.NewConfig().WithTier(tier)), textModule(t, text), vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").WithFunc("f", f)))
		for range 2 {
			level = 0
			got, err := i.Call(context.Background(), "sum", uint64(depth))
			if err != nil {
				t.Fatal(err)
			}
			left, err := i.Program().Fuel()
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, got[0], left, i.Global("done").Get())
		}
		return told
	}
	for _, depth := range []int32{0, 1, 5, 100} {
		for nested := range int32(3) {
			want, got := run(vm.TierInterp, depth, nested), run(vm.TierJIT, depth, nested)
			for _, k := range []int{1, 4} { // what is left
				if got[k]-want[k]+batch <= 2*batch {
					got[k] = want[k]
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("depth %d, %d calls back (-interp):\n%s", depth, nested, diff)
			}
		}
	}
}

// Each amount of fuel ends the program where it does in the interpreter.
func TestEachUnitOfFuelCounts(t *testing.T) {
	for _, tier := range tiersHere() {
		for fuel := range uint64(60) {
			cfg := vm.NewProgramConfig().WithFuel(fuel)
			want := fuelRun(t, vm.TierInterp, cfg, 20, nil)
			if diff := cmp.Diff(want, fuelRun(t, tier, cfg, 20, nil)); diff != "" {
				t.Errorf("%v, %d units (-interp):\n%s", tier, fuel, diff)
			}
		}
	}
}

// A module's code is for all programs, and those with fuel have other machine code than those without, on every tier.
func TestProgramsWithAndWithoutFuelShareAModule(t *testing.T) {
	for _, tier := range tiersHere() {
		var mu sync.Mutex // the worker may be busy beyond the end of the programs
		var units []string
		rt := vm.NewRuntime(vm.NewConfig().WithTier(tier).WithTrace(func(c vm.Compilation) {
			mu.Lock()
			defer mu.Unlock()
			units = append(units, c.String())
		}))
		m, err := rt.Compile(textModule(t, fuelText))
		if err != nil {
			t.Fatal(err)
		}
		env := vm.NewHostModule("env").WithFunc("f", vm.Func1(func(_ *vm.Caller, i int32) (int32, error) { return i, nil }))
		for round := range 3 {
			for _, fuelled := range []bool{false, true} {
				cfg := vm.NewProgramConfig().WithHostModule(env)
				if fuelled {
					cfg = cfg.WithFuel(100_000)
				}
				i, err := rt.Instantiate(context.Background(), m, cfg)
				if err != nil {
					t.Fatal(err)
				}
				p := i.Program()
				if _, err := i.Call(context.Background(), "spin", 30_000); err != nil {
					t.Fatal(err)
				}
				left, _ := p.Fuel()
				if want := uint64(100_000 - 30_001); fuelled && left != want || !fuelled && left != 0 {
					t.Errorf("%v, round %d: %d units are left, want %d", tier, round, left, want)
				}
				// Between calls a program may be given fuel for the first time.
				if err := p.SetFuel(50_000); err != nil {
					t.Fatal(err)
				}
				if _, err := i.Call(context.Background(), "spin", 60_000); !errors.Is(err, vm.ErrFuelExhausted) {
					t.Errorf("%v, round %d: %v", tier, round, err)
				}
				if done := i.Global("done").Get(); done != 30_000+49_999 {
					t.Errorf("%v, round %d: it was stopped after %d iterations", tier, round, done-30_000)
				}
				p.Close()
			}
		}
		mu.Lock()
		counting := slices.ContainsFunc(units, func(s string) bool { return strings.Contains(s, ", counting,") })
		plain := slices.ContainsFunc(units, func(s string) bool { return !strings.Contains(s, ", counting,") })
		if tier == vm.TierJIT && (!counting || !plain) {
			t.Errorf("compiled were\n%s", strings.Join(units, "\n"))
		}
		mu.Unlock()
	}
}
