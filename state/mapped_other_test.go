//go:build !unix

package state

import (
	"bytes"
	"testing"
)

// mapped gives n fresh zero bytes.
func mapped(_ testing.TB, n int) (mem []byte, free func()) { return make([]byte, n), func() {} }

// mappedFile gives the contents of what would be a file.
func mappedFile(_ testing.TB, contents []byte) (mem []byte, free func()) {
	return bytes.Clone(contents), func() {}
}
