// Package emulated runs the tests of packages that make many memories, on whatever architecture.
//
// Other architectures than the usual one are tested under an emulator, which keeps books of every page that is reserved, and for ever where
// addresses are not used again: the specification's suite has a thousand memories, and tests of the compiler took all there was. Guard
// pages are tested there by package interp.
package emulated

import (
	"os"
	"runtime"
	"testing"

	"github.com/godwit-vm/godwit/interp"
)

// Main is a TestMain.
func Main(m *testing.M) {
	if runtime.GOARCH != "amd64" {
		interp.LimitReserve(64 << 20)
	}
	os.Exit(m.Run())
}
