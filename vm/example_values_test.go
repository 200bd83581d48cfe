package vm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// textOf compiles a module in the text format.
func textOf(rt *vm.Runtime, src string) *vm.Module {
	return must(rt.Compile(must(wat.Parse("example.wat", []byte(src)))))
}

// A v128 is two entries, of which the first has lane 0.
func ExampleFunc_Call_v128() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(func (export "add") (param v128 v128) (result v128)
			(i64x2.add (local.get 0) (local.get 1)))`), nil))
	defer i.Program().Close()

	sum := must(i.Func("add").Call(ctx, 1, 2, 30, 40))
	fmt.Println("lane 0:", sum[0], "lane 1:", sum[1])
	// Output: lane 0: 31 lane 1: 42
}

func ExampleGlobal_SetV128() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(global $v (export "v") (mut v128) (v128.const i64x2 0 0))
		(func (export "lane 1") (result i64) (i64x2.extract_lane 1 (global.get $v)))`), nil))
	defer i.Program().Close()

	v := i.Global("v")
	fmt.Println(v.SetV128(8, 9), v.Get(), v.High(), must(i.Call(ctx, "lane 1")))
	// Output: <nil> 8 9 [9]
}

// An exception that the guest does not catch is the error of its call.
func ExampleException() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(tag $overdrawn (export "overdrawn") (param i32))
		(func $withdraw (export "withdraw") (param $sum i32)
			(throw $overdrawn (local.get $sum)))`), nil))
	defer i.Program().Close()

	_, err := i.Call(ctx, "withdraw", 500)
	var e *vm.Exception
	if errors.As(err, &e) && e.Tag == i.Tag("overdrawn") {
		fmt.Println("overdrawn by", e.Values[0])
		for _, f := range e.Trace {
			fmt.Println("in", f.Name)
		}
	}
	// Output:
	// overdrawn by 500
	// in withdraw
}

// A host module exports a tag, and its function throws an exception of that kind, which the guest catches.
func ExampleHostModule_WithTag() {
	ctx := context.Background()
	open := func(c *vm.Caller, stack []uint64) error {
		return &vm.Exception{Tag: c.Program().HostTag("env", "no such file"), Values: []uint64{2}}
	}
	env := vm.NewHostModule("env").
		WithTag("no such file", vm.I32).
		WithFunc("open", vm.RawFunc(vm.FuncType{}, open))

	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(import "env" "no such file" (tag $e (param i32)))
		(import "env" "open" (func $open))
		(func (export "main") (result i32)
			(block $caught (result i32)
				(try_table (catch $e $caught) (call $open))
				(i32.const 0)))`), vm.NewProgramConfig().WithHostModule(env)))
	defer i.Program().Close()
	fmt.Println("caught", must(i.Call(ctx, "main")))
	// Output: caught [2]
}

// What the embedder's objects are to guests is numbers.
func ExampleHostRef() {
	people := []string{1: "Ada", 2: "Grace"} // numbers begin with 1: 0 is null
	hello := func(c *vm.Caller, stack []uint64) error {
		n, ok := vm.HostNumber(stack[0])
		if !ok {
			return errors.New("not one of ours")
		}
		fmt.Println("hello", people[n])
		return nil
	}
	env := vm.NewHostModule("env").
		WithFunc("hello", vm.RawFunc(vm.FuncType{Params: []vm.ValType{vm.ExternRef}}, hello))

	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(import "env" "hello" (func $hello (param externref)))
		(func (export "twice") (param externref)
			(call $hello (local.get 0)) (call $hello (local.get 0)))`), vm.NewProgramConfig().WithHostModule(env)))
	defer i.Program().Close()

	grace, _ := vm.HostRef(2)
	_, err := i.Call(ctx, "twice", grace)
	fmt.Println(err)
	// Output:
	// hello Grace
	// hello Grace
	// <nil>
}

func ExampleKindOfRef() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(type $point (struct (field i32 i32)))
		(func (export "references") (param externref) (result anyref anyref anyref anyref)
			(ref.null any) (any.convert_extern (local.get 0)) (struct.new_default $point) (ref.i31 (i32.const -7)))`), nil))
	defer i.Program().Close()

	own, _ := vm.HostRef(3)
	for _, ref := range must(i.Call(ctx, "references", own)) {
		switch vm.KindOfRef(ref) {
		case vm.RefNull:
			fmt.Println("null")
		case vm.RefHost:
			n, _ := vm.HostNumber(ref)
			fmt.Println("the embedder's number", n)
		case vm.RefObject:
			fmt.Println("an object of the guest's")
		case vm.RefI31:
			v, _ := vm.I31Value(ref)
			fmt.Println("an i31:", v)
		}
	}
	// Output:
	// null
	// the embedder's number 3
	// an object of the guest's
	// an i31: -7
}

func ExampleI31() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(func (export "square") (param i31ref) (result i31ref) (local $n i32)
			(local.set $n (i31.get_s (local.get 0)))
			(ref.i31 (i32.mul (local.get $n) (local.get $n))))`), nil))
	defer i.Program().Close()

	fmt.Println(vm.I31Value(must(i.Call(ctx, "square", vm.I31(-12)))[0]))
	// Output: 144 true
}

// Between two calls nothing but Retain keeps an object that only the embedder knows.
func ExampleProgram_Retain() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(type $pair (struct (field $a i32) (field $b i32)))
		(func (export "pair") (param i32 i32) (result (ref $pair))
			(struct.new $pair (local.get 0) (local.get 1)))
		(func (export "sum") (param (ref $pair)) (result i32)
			(i32.add (struct.get $pair $a (local.get 0)) (struct.get $pair $b (local.get 0))))`), nil))
	p := i.Program()
	defer p.Close()

	first := must(i.Call(ctx, "pair", 1, 2))[0]
	fmt.Println(p.Retain(first))
	defer p.Release(first)
	second := must(i.Call(ctx, "pair", 30, 40))[0] // wasm runs; first is still good
	fmt.Println(must(i.Call(ctx, "sum", first)), must(i.Call(ctx, "sum", second)))
	// Output:
	// true
	// [3] [70]
}

func ExampleConfig_WithMaxHeap() {
	ctx := context.Background()
	rt := vm.NewRuntime(vm.NewConfig().WithMaxHeap(1 << 20))
	i := must(rt.Instantiate(ctx, textOf(rt, `
		(type $bytes (array (mut i8)))
		(func (export "length") (param i32) (result i32)
			(array.len (array.new_default $bytes (local.get 0))))`), nil))
	defer i.Program().Close()

	fmt.Println(must(i.Call(ctx, "length", 1000)))
	_, err := i.Call(ctx, "length", 10_000_000)
	fmt.Println(errors.Is(err, vm.TrapHeapExhausted))
	// Output:
	// [1000]
	// true
}

func ExampleConfig_WithFeatures() {
	rt := vm.NewRuntime(vm.NewConfig().WithFeatures(vm.DefaultFeatures &^ wasm.FeatureSIMD))
	_, err := rt.Compile(must(wat.Parse("vector.wat", []byte(`(func (param v128))`))))
	fmt.Println(errors.Is(err, vm.ErrFeature))
	fmt.Println(err)
	// Output:
	// true
	// module needs a disabled feature: value type v128 needs feature simd (type section, offset 0xd)
}

// Objects, and an exception that was caught and is to be thrown again, travel with the program.
func ExampleProgram_Checkpoint_objects() {
	ctx := context.Background()
	rt := vm.NewRuntime(nil)
	m := textOf(rt, `
		(type $list (struct (field $head i32) (field $tail (ref null $list))))
		(tag $found (param (ref $list)))
		(func $long (local $n i32)
			(loop $l (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000)))))
		(func (export "main") (result i32) (local $e exnref)
			(block $first (result exnref)
				(try_table (catch_all_ref $first)
					(throw $found (struct.new $list (i32.const 40) (struct.new $list (i32.const 2) (ref.null $list)))))
				(unreachable))
			(local.set $e)
			(call $long)
			(block $again (result (ref $list))
				(try_table (catch $found $again) (throw_ref (local.get $e)))
				(unreachable))
			(struct.get $list $head))`)

	var snapshot bytes.Buffer
	i := must(rt.Instantiate(ctx, m, vm.NewProgramConfig().WithSafepointHook(500, func(p *vm.Program, _ uint64) uint64 {
		fmt.Println(p.Checkpoint(ctx, &snapshot, vm.NewCheckpointConfig().WithStop())) // in the middle of $long
		return 0
	})))
	_, err := i.Call(ctx, "main")
	fmt.Println(errors.Is(err, vm.ErrStopped))
	i.Program().Close()

	p := must(vm.NewRuntime(nil).Restore(ctx, &snapshot, nil))
	defer p.Close()
	fmt.Println(p.Resume(ctx))
	// Output:
	// <nil>
	// true
	// [40] <nil>
}
