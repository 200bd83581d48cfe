//go:build (linux || darwin || freebsd || netbsd || openbsd) && (amd64 || arm64 || s390x || ppc64le || riscv64 || loong64)

package interp

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/godwit-vm/godwit/wasm"
)

// reservation is address space for the largest size that a memory may have, so that growing never moves it. Pages
// beyond the size are inaccessible and cost nothing.
type reservation struct {
	all   []byte
	moved bool // the reservation was refused: the memory is an ordinary slice
}

// reserveMax bounds a reservation: a memory that may grow beyond (a 64-bit one) is moved when it does.
const reserveMax = 4 << 30

func (m *Memory) reserve() error {
	m.res = &reservation{}
	size := min(m.limit*wasm.PageSize, reserveMax)
	if size == 0 {
		m.res.moved = true
		return nil
	}
	all, err := unix.Mmap(-1, 0, int(size), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		m.res.moved = true
		return nil
	}
	m.res.all = all
	runtime.AddCleanup(m, func(all []byte) { unix.Munmap(all) }, all)
	return nil
}

func (m *Memory) resize(pages uint64) error {
	size := pages * wasm.PageSize
	if !m.res.moved && size <= uint64(len(m.res.all)) {
		if old := uint64(len(m.buf)); size > old {
			if err := unix.Mprotect(m.res.all[old:size], unix.PROT_READ|unix.PROT_WRITE); err != nil {
				return fmt.Errorf("memory of %d pages: %w", pages, err)
			}
		}
		m.buf = m.res.all[:size]
		return nil
	}
	m.res.moved = true
	return m.move(size)
}

// discard gives the pages back; reading them finds zeros.
func (m *Memory) discard() {
	if !m.res.moved && len(m.buf) > 0 {
		unix.Madvise(m.buf, unix.MADV_DONTNEED)
	}
}
