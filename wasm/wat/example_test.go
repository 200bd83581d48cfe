package wat_test

import (
	"fmt"

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
