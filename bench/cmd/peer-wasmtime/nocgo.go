//go:build !cgo

// Command peer-wasmtime needs cgo: wasmtime is a library of Rust.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "peer-wasmtime: built without cgo, which wasmtime needs")
	os.Exit(1)
}
