//go:build (linux || darwin || freebsd || netbsd || openbsd) && (amd64 || arm64 || s390x || ppc64le || riscv64 || loong64)

package interp

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godwit-vm/godwit/wasm"
)

// reservation is address space for the largest size that a memory may have, so that growing never moves it. Pages
// beyond the size are inaccessible and cost nothing. A memory without one is an ordinary slice.
type reservation struct {
	base unsafe.Pointer
	size uintptr
	maps int64 // mappings that it counts for: see maxMappings
}

func (m *Memory) reserve() error {
	if m.guard {
		if r := newReservation(guardedReserve, unix.PROT_NONE, memoryMaps, false); r != nil {
			m.own(r)
			return nil
		}
		m.guard = false
	}
	if size := uintptr(roundUp(min(m.limit*m.typ.PageBytes(), reserveMax))); size > 0 {
		if r := newReservation(size, unix.PROT_NONE, memoryMaps, false); r != nil {
			m.own(r)
		}
	}
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
		if err := unix.Mprotect(all[from:to], unix.PROT_READ|unix.PROT_WRITE); err != nil {
			if m.guard { // machine code relies on where it is
				return &LimitError{What: "memory", Want: size, Limit: old, Unit: "bytes"}
			}
			return m.move(size)
		}
	}
	// The capacity ends with the size: what is beyond must not be touched.
	m.buf = all[:size:size]
	return nil
}

// setAside reserves all that a shared memory may grow to, or less of it where that cannot be had. A Go slice would not do:
// one that is too large for the machine ends the process.
func (m *Memory) setAside() error {
	page := m.typ.PageBytes()
	if least := m.typ.Min * page; m.res == nil || uint64(m.res.size) < least {
		size := roundUp(min(m.limit*page, max(maxSharedSlice, least)))
		if size == 0 {
			return m.setAsideSlice()
		}
		if size > maxMapping {
			return m.notShared(size)
		}
		r := newReservation(uintptr(size), unix.PROT_NONE, memoryMaps, true)
		if r == nil {
			return m.notShared(size)
		}
		m.own(r)
	}
	m.limit = min(m.limit, uint64(m.res.size)/page)
	m.buf = unsafe.Slice((*byte)(m.res.base), m.res.size)
	return nil
}

// notShared says that the host has no room for a shared memory.
func (m *Memory) notShared(size uint64) error {
	return &LimitError{What: "shared memory", Want: size, Limit: 0, Unit: "bytes"}
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
		r := newReservation(uintptr(room), unix.PROT_READ|unix.PROT_WRITE, memoryMaps, false)
		if r == nil {
			continue
		}
		m.own(r)
		grown := unsafe.Slice((*byte)(r.base), size)[:size:size]
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
	m.res = r
	runtime.AddCleanup(m, (*reservation).free, r)
}

// discard gives back the pages, which read as zeros from now on, and the address space beyond them. No thread uses the memory any more.
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
	m.limit = min(m.limit, m.Pages())
	if used == 0 && len(m.buf) == 0 {
		m.buf = nil // its address will be somebody else's
	}
	m.res.cut(used)
}

// reserve moves the heap into a reservation of address space for all that it may become, if that can be had. Its bitmaps
// lie behind it.
func (h *heap) reserve() {
	size := wholePages(uintptr(h.limit) << blockBits)
	words := wholePages(uintptr(h.limit) * blockWords * 8)
	r := newReservation(size+2*words, unix.PROT_NONE, heapMaps, false)
	if r == nil {
		return
	}
	runtime.AddCleanup(h, (*reservation).free, r)
	s := &h.space
	old, n, used, mark := s.words, s.blocks, h.used, h.mark
	s.res, s.blocks = r, 0
	if n > 0 && !h.commit(n) {
		s.res, s.blocks = nil, n
		return
	}
	h.base, s.words = r.base, nil
	copy(unsafe.Slice((*uint64)(r.base), len(old)), old)
	copy(h.used, used)
	copy(h.mark, mark)
}

// commit makes the first n blocks of the reservation accessible, and their bits.
func (h *heap) commit(n int) bool {
	s := &h.space
	size := wholePages(uintptr(h.limit) << blockBits)
	words := wholePages(uintptr(h.limit) * blockWords * 8)
	part := func(start, from, to uintptr) bool {
		from, to = wholePages(from), wholePages(to)
		return to <= from || unix.Mprotect(unsafe.Slice((*byte)(unsafe.Add(s.res.base, start+from)), to-from), unix.PROT_READ|unix.PROT_WRITE) == nil
	}
	const bitBytes = blockWords * 8
	was, now := uintptr(s.blocks), uintptr(n)
	if !part(0, was<<blockBits, now<<blockBits) || !part(size, was*bitBytes, now*bitBytes) || !part(size+words, was*bitBytes, now*bitBytes) {
		return false
	}
	bitmaps := [2][]uint64{
		unsafe.Slice((*uint64)(unsafe.Add(s.res.base, size)), n*blockWords),
		unsafe.Slice((*uint64)(unsafe.Add(s.res.base, size+words)), n*blockWords),
	}
	if s.blocks > 0 && unsafe.SliceData(h.used) != unsafe.SliceData(bitmaps[0]) { // the two change places with each cycle
		bitmaps[0], bitmaps[1] = bitmaps[1], bitmaps[0]
	}
	h.used, h.mark, s.blocks = bitmaps[0], bitmaps[1], n
	return true
}

// discard gives back the heap's pages; all but one page of the address space goes with them.
func (h *heap) discard() {
	if r := h.space.res; r != nil {
		unix.Madvise(unsafe.Slice((*byte)(r.base), r.size), unix.MADV_DONTNEED)
		r.cut(wholePages(1))
	}
}

// wholePages is n bytes in pages of the largest size that hosts have.
func wholePages(n uintptr) uintptr { return (n + wasm.PageSize - 1) &^ (wasm.PageSize - 1) }
