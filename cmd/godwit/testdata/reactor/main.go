// Reactor exports functions for the tests of godwit run --invoke.
package main

import (
	"fmt"
	"time"
)

var ready = "initialized"

func main() {}

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport mul
func mul(a, b int64) int64 { return a * b }

//go:wasmexport half
func half(a float32) float32 { return a / 2 }

//go:wasmexport third
func third(a float64) float64 { return a / 3 }

//go:wasmexport greet
func greet() { fmt.Println(ready) }

//go:wasmexport slow
func slow(a int64) int64 {
	for i := range 20 {
		fmt.Println("step", i)
		time.Sleep(time.Millisecond)
		a++
	}
	return a
}
