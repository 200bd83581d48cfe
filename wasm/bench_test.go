package wasm

import (
	"os"
	"testing"
)

// BenchmarkDecode decodes and validates a module of 4 MB made of common instructions, or the one that the environment
// variable WASM names. Run it with -cpu 1 for the speed of one core.
func BenchmarkDecode(b *testing.B) {
	var bin []byte
	if name := os.Getenv("WASM"); name == "" {
		bin = bigModule(6000)
	} else {
		var err error
		if bin, err = os.ReadFile(name); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(bin)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(bin, DefaultFeatures); err != nil {
			b.Fatal(err)
		}
	}
}
