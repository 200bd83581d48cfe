package wasm_test

import (
	"errors"
	"fmt"

	"github.com/godwit-vm/godwit/wasm"
)

// A module with one function, add, which is exported.
var addModule = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x07\x01\x60\x02\x7F\x7F\x01\x7F" + // type [i32 i32] -> [i32]
	"\x03\x02\x01\x00" + // function 0 has type 0
	"\x07\x07\x01\x03add\x00\x00" + // it is exported
	"\x0A\x09\x01\x07\x00\x20\x00\x20\x01\x6A\x0B") // local.get 0, local.get 1, i32.add, end

func ExampleDecode() {
	m, err := wasm.Decode(addModule, wasm.DefaultFeatures)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range m.Exports {
		fmt.Println(e.Kind, e.Name, m.FuncType(e.Index))
	}
	// Output: func add [i32 i32] -> [i32]
}

func ExampleError() {
	b := append([]byte(nil), addModule...)
	b[len(b)-2] = 0x7C // i64.add
	_, err := wasm.Decode(b, wasm.DefaultFeatures)
	var e *wasm.Error
	if errors.As(err, &e) && errors.Is(err, wasm.ErrInvalid) {
		fmt.Printf("function %d: %s\n", e.Func, e.Message)
	}
	// Output: function 0: type mismatch: i64.add expects i64, found i32
}

func ExampleFeatures() {
	tail := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0A\x06\x01\x04\x00\x12\x00\x0B")
	_, err := wasm.Decode(tail, wasm.DefaultFeatures.Without(wasm.FeatureTailCall))
	fmt.Println(err)
	// Output: module needs a disabled feature: return_call needs feature tail-call (func 0, code section, offset 0x17)
}

func ExampleOp_Info() {
	info := wasm.OpI32Load8U.Info()
	fmt.Println(info.Name, info.Params, info.Results, 1<<info.Align)
	// Output: i32.load8_u [address] [i32] 1
}
