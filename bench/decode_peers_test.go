package bench_test

import (
	"os"
	"testing"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The peers' side of the measurement of decoding: see MeasureDecode. godwit's side is BenchmarkDecode of its wasm package.

// What wazero does before it compiles has no public name: these are the two steps of its CompileModule. A module is given as an
// address only, which nothing here looks behind.

//go:linkname wazeroDecode github.com/tetratelabs/wazero/internal/wasm/binary.DecodeModule
func wazeroDecode(binary []byte, features api.CoreFeatures, memoryLimitPages uint32, memoryCapacityFromMax, dwarf, customSections bool) (unsafe.Pointer, error)

//go:linkname wazeroValidate github.com/tetratelabs/wazero/internal/wasm.(*Module).Validate
func wazeroValidate(module unsafe.Pointer, features api.CoreFeatures) error

// wazeroFeatures are all that wazero has: a module may need any.
const wazeroFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences

func decodeWithWazero(module []byte) error {
	const memoryLimitPages = 1 << 16
	m, err := wazeroDecode(module, wazeroFeatures, memoryLimitPages, false, false, false)
	if err != nil {
		return err
	}
	return wazeroValidate(m, wazeroFeatures)
}

// decodeModule is the module in the file that WASM names, or a small one.
func decodeModule(tb testing.TB) []byte {
	name := os.Getenv("WASM")
	if name == "" {
		return mathModule
	}
	module, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return module
}

func benchmarkDecode(b *testing.B, decode func(module []byte) error) {
	module := decodeModule(b)
	b.SetBytes(int64(len(module)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(module); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeWazero(b *testing.B) { benchmarkDecode(b, decodeWithWazero) }

// The linked names are what they should be: wazero takes a module, and refuses one that its validation alone refuses.
func TestDecodeWithWazero(t *testing.T) {
	if err := decodeWithWazero(mathModule); err != nil {
		t.Fatal(err)
	}
	// A function without results whose body leaves an i32.
	const invalid = "\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x06\x01\x04\x00\x41\x00\x0b"
	if err := decodeWithWazero([]byte(invalid)); err == nil {
		t.Error("an invalid body was accepted")
	}
}
