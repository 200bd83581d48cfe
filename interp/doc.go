// Package interp runs wasm.
package interp
