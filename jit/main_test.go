package jit

import (
	"os"
	"runtime"
	"testing"

	"github.com/godwit-vm/godwit/interp"
)

// Other architectures than the usual one are tested under an emulator, which keeps books of every page that is reserved, and for ever
// where addresses are not used again. Guard pages are tested there by package interp.
func TestMain(m *testing.M) {
	if runtime.GOARCH != "amd64" {
		interp.LimitReserve(64 << 20)
	}
	os.Exit(m.Run())
}
