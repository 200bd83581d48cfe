// Package godwit is the root of a WebAssembly virtual machine in pure Go, whose running programs can be frozen, written
// down and resumed anywhere. There is no code here: programs embed package [github.com/godwit-vm/godwit/vm], people use
// the command [github.com/godwit-vm/godwit/cmd/godwit], and DESIGN.md is the map of all other packages.
package godwit
