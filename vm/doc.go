// Package vm runs WebAssembly programs that can be frozen, written down and resumed anywhere.
package vm

//go:generate go run ./internal/genarity
