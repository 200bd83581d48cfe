package vm_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// text compiles a module in the text format.
func text(t *testing.T, rt *vm.Runtime, src string) *vm.Module {
	t.Helper()
	binary, err := wat.Parse("test.wat", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	m, err := rt.Compile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestVectorsTakeTwoEntries passes vectors to a guest, from there to a host function, and back, among values of one entry.
func TestVectorsTakeTwoEntries(t *testing.T) {
	types := vm.FuncType{Params: []vm.ValType{vm.I32, vm.V128, vm.F32}, Results: []vm.ValType{vm.V128, vm.I32}}
	var seen []uint64
	env := vm.NewHostModule("env").WithFunc("f", vm.RawFunc(types, func(_ *vm.Caller, stack []uint64) error {
		seen = slices.Clone(stack[:4])
		stack[0], stack[2] = stack[2], math.MaxUint64
		return nil
	}))
	rt := vm.NewRuntime(nil)
	m := text(t, rt, `(module
		(import "env" "f" (func $f (param i32 v128 f32) (result v128 i32)))
		(func (export "f") (param i32 v128 f32) (result v128 i32)
			(call $f (local.get 0) (local.get 1) (local.get 2))))`)
	i, err := rt.Instantiate(context.Background(), m, vm.NewProgramConfig().WithHostModule(env))
	if err != nil {
		t.Fatal(err)
	}
	defer i.Program().Close()
	f := i.Func("f")
	if f.Slots() != 4 {
		t.Errorf("a call needs %d entries", f.Slots())
	}
	high := uint64(0xffff_ffff) << 32
	got, err := f.Call(context.Background(), high|1, 2, high|3, high|4)
	if err != nil || !slices.Equal(got, []uint64{high | 3, 2, math.MaxUint32}) {
		t.Errorf("got %#x, %v", got, err)
	}
	if want := []uint64{1, 2, high | 3, 4}; !slices.Equal(seen, want) {
		t.Errorf("the host function was given %#x, want %#x", seen, want)
	}
	for _, n := range []int{3, 5} {
		if _, err := f.Call(context.Background(), make([]uint64, n)...); !errors.Is(err, vm.ErrSignature) {
			t.Errorf("a call with %d entries: %v", n, err)
		}
	}
	if err := f.CallStack(context.Background(), make([]uint64, 3)); !errors.Is(err, vm.ErrSignature) {
		t.Errorf("a stack that is too short: %v", err)
	}
}

func TestGlobalsOfVectors(t *testing.T) {
	rt := vm.NewRuntime(nil)
	i, err := rt.Instantiate(context.Background(), text(t, rt, `(module
		(global (export "g") (mut v128) (v128.const i64x2 8 9))
		(global (export "i") (mut i64) (i64.const 1))
		(func (export "get") (result v128) (global.get 0)))`), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Program().Close()
	g := i.Global("g")
	if g.Get() != 8 || g.High() != 9 {
		t.Errorf("the global is %d, %d", g.Get(), g.High())
	}
	if err := g.SetV128(1, 2); err != nil {
		t.Error(err)
	}
	if got, err := i.Call(context.Background(), "get"); err != nil || !slices.Equal(got, []uint64{1, 2}) {
		t.Errorf("after setting it is %v, %v", got, err)
	}
	if err := i.Global("i").SetV128(1, 2); !errors.Is(err, vm.ErrSignature) {
		t.Errorf("a vector for an i64: %v", err)
	}
}

// TestExceptionsPassBetweenGuestAndHost throws from a host function into the guest, and from the guest to the embedder.
func TestExceptionsPassBetweenGuestAndHost(t *testing.T) {
	ctx := context.Background()
	env := vm.NewHostModule("env").WithTag("e", vm.I32, vm.I64).
		WithFunc("throw", vm.RawFunc(vm.FuncType{Params: []vm.ValType{vm.I32}}, func(c *vm.Caller, stack []uint64) error {
			return &vm.Exception{Tag: c.Program().HostTag("env", "e"), Values: []uint64{stack[0], 7}}
		}))
	rt := vm.NewRuntime(nil)
	cfg := vm.NewProgramConfig().WithHostModule(env)
	i, err := rt.Instantiate(ctx, text(t, rt, `(module
		(import "env" "e" (tag $e (param i32 i64)))
		(import "env" "throw" (func $throw (param i32)))
		(export "e" (tag $e))
		(func (export "catch") (param i32) (result i32 i64)
			(block $h (result i32 i64) (try_table (catch $e $h) (call $throw (local.get 0))) (unreachable)))
		(func (export "let through") (param i32) (call $throw (local.get 0)))
		(func (export "throw") (param i32) (throw $e (local.get 0) (i64.const 8))))`), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Program().Close()
	check := func(i *vm.Instance) {
		t.Helper()
		if got, err := i.Call(ctx, "catch", 3); err != nil || !slices.Equal(got, []uint64{3, 7}) {
			t.Errorf("caught %v, %v", got, err)
		}
		for name, second := range map[string]uint64{"throw": 8, "let through": 7} {
			_, err := i.Call(ctx, name, 5)
			var e *vm.Exception
			if !errors.As(err, &e) || e.Tag != i.Program().HostTag("env", "e") || !slices.Equal(e.Values, []uint64{5, second}) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if i.Tag("e") != i.Program().HostTag("env", "e") || i.Tag("throw") != nil || i.Program().HostTag("env", "throw") != nil {
			t.Error("the exported tag is not the host's")
		}
	}
	check(i)
	q := restore(t, checkpoint(t, i.Program(), nil), cfg)
	defer q.Close()
	check(q.Instance(i.Name()))
}

func TestReferencesOfTheEmbedder(t *testing.T) {
	for _, test := range []struct {
		ref  uint64
		kind vm.RefKind
	}{
		{0, vm.RefNull}, {1, vm.RefHost}, {vm.MaxHostRef, vm.RefHost}, {1 << 63, vm.RefObject},
		{vm.I31(0), vm.RefI31}, {vm.I31(-1), vm.RefI31},
	} {
		if kind := vm.KindOfRef(test.ref); kind != test.kind {
			t.Errorf("%#x is of kind %d, want %d", test.ref, kind, test.kind)
		}
	}
	for n, ok := range map[uint64]bool{0: false, 1: true, vm.MaxHostRef: true, vm.MaxHostRef + 1: false} {
		if ref, got := vm.HostRef(n); got != ok {
			t.Errorf("HostRef(%d) = %#x, %v", n, ref, got)
		} else if back, host := vm.HostNumber(ref); ok && (back != n || !host) {
			t.Errorf("HostNumber(%#x) = %d, %v", ref, back, host)
		}
	}
	for v, want := range map[int32]int32{0: 0, 1: 1, -1: -1, 1<<30 - 1: 1<<30 - 1, -1 << 30: -1 << 30, 1 << 30: -1 << 30, math.MaxInt32: -1} {
		if got, ok := vm.I31Value(vm.I31(v)); got != want || !ok {
			t.Errorf("I31Value(I31(%d)) = %d, %v", v, got, ok)
		}
	}
	if _, ok := vm.I31Value(5); ok {
		t.Error("a host reference is an i31")
	}
}

// TestGlobalsOfTheHostAreOfTheirType has host modules whose globals and tables begin with what their types do not allow,
// and with what they do.
func TestGlobalsOfTheHostAreOfTheirType(t *testing.T) {
	host, _ := vm.HostRef(7)
	const object = 1<<63 | 16
	for _, test := range []struct {
		typ   vm.ValType
		value uint64
		ok    bool
	}{
		{vm.I64, object, true},
		{vm.V128, 7, true},
		{vm.ExternRef, 0, true},
		{vm.ExternRef, host, true},
		{vm.ExternRef.NonNull(), host, true},
		{vm.ExternRef.NonNull(), 0, false},
		{vm.ExternRef, object, false},
		{vm.AnyRef, host, true},
		{vm.AnyRef, vm.I31(3), true},
		{vm.AnyRef, object, false},
		{vm.EqRef, vm.I31(3), true},
		{vm.EqRef, host, false},
		{vm.I31Ref, vm.I31(-1), true},
		{vm.I31Ref, host, false},
		{vm.StructRef, 0, true},
		{vm.StructRef, vm.I31(3), false},
		{vm.ExnRef, object, false},
		{vm.FuncRef, 0, true},
		{vm.FuncRef, 1, false},
	} {
		rt := vm.NewRuntime(nil)
		cfg := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("h").WithGlobal("g", vm.GlobalType{Type: test.typ}, test.value))
		m := text(t, rt, fmt.Sprintf(`(module (import "h" "g" (global %v)) (export "g" (global 0)))`, test.typ))
		i, err := rt.Instantiate(context.Background(), m, cfg)
		if test.ok != (err == nil) || err != nil && !errors.Is(err, vm.ErrLink) {
			t.Errorf("%v that begins with %#x: %v", test.typ, test.value, err)
		}
		if err == nil {
			if got := i.Global("g").Get(); got != test.value {
				t.Errorf("%v begins with %#x, not %#x", test.typ, got, test.value)
			}
			i.Program().Close()
		}
	}
	for typ, ok := range map[vm.ValType]bool{vm.ExternRef: true, vm.ExternRef.NonNull(): false} {
		rt := vm.NewRuntime(nil)
		cfg := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("h").WithTable("t", vm.TableType{Elem: typ}))
		_, err := rt.Instantiate(context.Background(), text(t, rt, fmt.Sprintf(`(module (import "h" "t" (table 0 %v)))`, typ)), cfg)
		if ok != (err == nil) || err != nil && !errors.Is(err, vm.ErrLink) {
			t.Errorf("a table of %v: %v", typ, err)
		}
	}
}

// TestInstancesHaveManyNames registers instances, one under the name of another.
func TestInstancesHaveManyNames(t *testing.T) {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	p, err := rt.NewProgram(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	instance := func(name, src string) *vm.Instance {
		t.Helper()
		i, err := p.Instantiate(ctx, text(t, rt, src), name)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	one := instance("#1", `(module (global (export "v") i32 (i32.const 1)))`)
	two := instance("#2", `(module (global (export "v") i32 (i32.const 2)))`)
	const reader = `(module (import "m" "v" (global i32)) (export "v" (global 0)))`
	for n, i := range []*vm.Instance{one, two, one} {
		if err := p.Register("m", i); err != nil {
			t.Fatal(err)
		}
		if got := instance("", reader).Global("v").Get(); got != i.Global("v").Get() {
			t.Errorf("registration %d: the module sees %d", n, got)
		}
	}
	if p.Instance("m") != one || p.Instance("#1") != one || one.Name() != "#1" {
		t.Error("the instance is not found under both of its names")
	}
	q := restore(t, checkpoint(t, p, nil), nil)
	if q.Instance("m") != nil {
		t.Error("a registered name is in the snapshot")
	}
	if err := q.Register("m", one); !errors.Is(err, vm.ErrForeign) {
		t.Errorf("an instance of another program: %v", err)
	}
	if err := q.Register("m", q.Instance("#2")); err != nil {
		t.Fatal(err)
	}
	i, err := q.Instantiate(ctx, text(t, q.Runtime(), reader), "")
	if err != nil || i.Global("v").Get() != 2 {
		t.Errorf("after a restore: %v", err)
	}
}
