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
	size := uintptr(roundUp(min(m.limit*m.typ.PageBytes(), reserveMax)))
	if size == 0 || reservations.Load() >= maxReservations {
		return nil
	}
	base, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil
	}
	m.own(&reservation{base, size})
	return nil
}

func (m *Memory) resize(pages uint64) error {
	size, old := pages*m.typ.PageBytes(), uint64(len(m.buf))
	switch {
	case size > maxMoved && (m.res == nil || size > uint64(m.res.size)):
		return m.remap(size)
	case m.res == nil || size > uint64(m.res.size):
		return m.move(size)
	}
	all := unsafe.Slice((*byte)(m.res.base), m.res.size)
	if from, to := roundUp(old), roundUp(size); to > from {
		if unix.Mprotect(all[from:to], unix.PROT_READ|unix.PROT_WRITE) != nil {
			return m.move(size)
		}
	}
	// The capacity ends with the size: what is beyond must not be touched.
	m.buf = all[:size:size]
	return nil
}

// setAside reserves all that a shared memory may grow to.
func (m *Memory) setAside() error {
	if m.res == nil || uint64(m.res.size) < m.limit*m.typ.PageBytes() {
		return m.setAsideSlice()
	}
	m.buf = unsafe.Slice((*byte)(m.res.base), m.res.size)
	return nil
}

// commit makes the bytes of a shared memory from old to size accessible.
func (m *Memory) commit(old, size uint64) bool {
	from, to := roundUp(old), roundUp(size)
	return m.res == nil || to <= from || unix.Mprotect(m.buf[from:to], unix.PROT_READ|unix.PROT_WRITE) == nil
}

// remap moves the memory into a mapping of its own with room for size bytes and more. Unlike Go's heap the host may refuse
// that without ending the process.
func (m *Memory) remap(size uint64) error {
	for _, room := range []uint64{max(size, min(2*uint64(len(m.buf)), m.limit*m.typ.PageBytes())), size} {
		if room > maxMapping {
			continue
		}
		base, err := unix.MmapPtr(-1, 0, nil, uintptr(room), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			continue
		}
		m.own(&reservation{base, uintptr(room)})
		grown := unsafe.Slice((*byte)(base), size)[:size:size]
		copy(grown, m.buf)
		if len(m.buf) > 0 {
			unix.Madvise(m.buf, unix.MADV_DONTNEED)
		}
		m.buf = grown
		return nil
	}
	return &LimitError{What: "memory", Want: size, Limit: uint64(len(m.buf)), Unit: "bytes"}
}

// roundUp is the next multiple of 64 KiB, which every host's pages divide.
func roundUp(n uint64) uint64 { return (n + wasm.PageSize - 1) &^ (wasm.PageSize - 1) }

// own makes r the memory's. Its bytes may be looked at for as long as the memory itself can be, even after discard.
func (m *Memory) own(r *reservation) {
	reservations.Add(1)
	m.res = r
	runtime.AddCleanup(m, func(r *reservation) {
		unix.MunmapPtr(r.base, r.size)
		reservations.Add(-1)
	}, r)
}

// discard gives back the pages, which read as zeros from now on, and the address space beyond them.
func (m *Memory) discard() {
	if m.res == nil {
		return
	}
	used := uintptr(0)
	if m.shared != nil {
		m.buf = m.buf[:m.shared.size.Load()]
	}
	if len(m.buf) > 0 && unsafe.Pointer(unsafe.SliceData(m.buf)) == m.res.base {
		used = uintptr(roundUp(uint64(len(m.buf))))
		unix.Madvise(m.buf, unix.MADV_DONTNEED)
	}
	if used < m.res.size && used > 0 {
		unix.MunmapPtr(unsafe.Add(m.res.base, used), m.res.size-used)
		m.res.size = used
		m.limit = min(m.limit, uint64(used)/m.typ.PageBytes())
	}
}
