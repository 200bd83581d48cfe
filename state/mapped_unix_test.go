//go:build unix

package state

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mapped gives n fresh zero bytes straight from the operating system, as a program's memory is.
func mapped(t testing.TB, n int) (mem []byte, free func()) {
	mem, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	return mem, func() { syscall.Munmap(mem) }
}

// mappedFile gives a copy-on-write mapping of a file with the given contents.
func mappedFile(t testing.TB, contents []byte) (mem []byte, free func()) {
	path := filepath.Join(t.TempDir(), "contents")
	if err := os.WriteFile(path, contents, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mem, err = syscall.Mmap(int(f.Fd()), 0, len(contents), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	return mem, func() { syscall.Munmap(mem) }
}
