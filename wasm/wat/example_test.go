package wat_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

func ExampleParse() {
	binary, err := wat.Parse("add.wat", []byte(`
		(func (export "add") (param $a i32) (param $b i32) (result i32)
			(i32.add (local.get $a) (local.get $b)))`))
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := wasm.Decode(binary, wasm.DefaultFeatures)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Exports[0].Name, m.FuncType(0))

	_, err = wat.Parse("bad.wat", []byte(`(func (export "f") (call $g))`))
	fmt.Println(err)
	// Output:
	// add [i32 i32] -> [i32]
	// bad.wat:1:26: unknown func $g
	// 	(func (export "f") (call $g))
	// 	                         ^
}

// What Print writes is a text of the same module: Parse makes the same of it.
func ExamplePrint() {
	binary, err := wat.Parse("point.wat", []byte(`
		(type $point (struct (field $x i32) (field $y i32)))
		(func (export "x") (param $p (ref null $point)) (result i32)
			(struct.get $point $x (local.get $p)))`))
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := wasm.Decode(binary, wasm.DefaultFeatures)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := wat.Print(os.Stdout, m); err != nil {
		fmt.Println(err)
	}
	// Output:
	// (module
	//   (type $point (;0;) (struct (field $x i32) (field $y i32)))
	//   (type (;1;) (func (param (ref null $point)) (result i32)))
	//   (export "x" (func 0))
	//   (func (;0;) (type 1) (param $p (ref null $point)) (result i32)
	//     local.get $p
	//     struct.get $point $x))
}

func ExampleError() {
	_, err := wat.Parse("bad.wat", []byte("(module\n  (memory 1 2 3))"))
	var e *wat.Error
	if errors.As(err, &e) {
		fmt.Printf("line %d, column %d: %s\n", e.Line, e.Column, e.Message)
	}
	// Output:
	// line 2, column 15: unexpected token 3
}

func ExampleParseScript() {
	script, err := wat.ParseScript("add.wast", []byte(`
		(module (func (export "add") (param i32 i32) (result i32)
			(i32.add (local.get 0) (local.get 1))))
		(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
		(assert_invalid (module (func (result i32))) "type mismatch")`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range script.Commands {
		fmt.Printf("line %d: %v", c.Pos.Line, c.Kind)
		if c.Action != nil {
			fmt.Printf(" of %s", c.Action.Export)
		}
		fmt.Println()
	}
	// Output:
	// line 2: module
	// line 4: assert_return of add
	// line 5: assert_invalid
}
