//go:build (linux || darwin || freebsd || netbsd || openbsd) && (amd64 || arm64 || s390x || ppc64le || riscv64 || loong64)

package interp

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godwit-vm/godwit/wasm"
)

// reservation is address space for the largest size that a memory may have, so that growing never moves it. Pages
// beyond the size are inaccessible and cost nothing. A memory without one is an ordinary slice.
type reservation struct {
	base unsafe.Pointer
	size uintptr
}

// reservations counts those that are not given back yet.
var reservations atomic.Int64

func (m *Memory) reserve() error {
	size := uintptr(min(m.limit*wasm.PageSize, reserveMax))
	if size == 0 || reservations.Load() >= maxReservations {
		return nil
	}
	base, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil
	}
	reservations.Add(1)
	m.res = &reservation{base, size}
	// The memory's bytes may be looked at for as long as the memory itself can be, even after discard.
	runtime.AddCleanup(m, func(r *reservation) {
		unix.MunmapPtr(r.base, r.size)
		reservations.Add(-1)
	}, m.res)
	return nil
}

func (m *Memory) resize(pages uint64) error {
	size, old := pages*wasm.PageSize, uint64(len(m.buf))
	if m.res == nil || size > uint64(m.res.size) {
		return m.move(size)
	}
	all := unsafe.Slice((*byte)(m.res.base), m.res.size)
	if size > old {
		if unix.Mprotect(all[old:size], unix.PROT_READ|unix.PROT_WRITE) != nil {
			return m.move(size)
		}
	}
	// The capacity ends with the size: what is beyond must not be touched.
	m.buf = all[:size:size]
	return nil
}

// discard gives back the pages, which read as zeros from now on, and the address space beyond them.
func (m *Memory) discard() {
	if m.res == nil {
		return
	}
	used := uintptr(0)
	if len(m.buf) > 0 && unsafe.Pointer(unsafe.SliceData(m.buf)) == m.res.base {
		used = uintptr(len(m.buf))
		unix.Madvise(m.buf, unix.MADV_DONTNEED)
	}
	if used < m.res.size && used > 0 {
		unix.MunmapPtr(unsafe.Add(m.res.base, used), m.res.size-used)
		m.res.size = used
		m.limit = min(m.limit, uint64(used)/wasm.PageSize)
	}
}
