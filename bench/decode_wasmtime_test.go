//go:build cgo

package bench_test

import (
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v39"
)

func BenchmarkDecodeWasmtime(b *testing.B) {
	engine := wasmtime.NewEngine()
	benchmarkDecode(b, func(module []byte) error { return wasmtime.ModuleValidate(engine, module) })
}
