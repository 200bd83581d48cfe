package interp

import "unsafe"

// space is where the heap's bytes and its two bitmaps are: in Go slices that are replaced by larger ones, or in a
// reservation of address space, one part for each, that is made accessible as the heap grows.
type space struct {
	blocks int // that there is room for
	words  []uint64
	res    *reservation
}

// grow makes room for at least n blocks. The heap may move.
func (h *heap) grow(n int) bool {
	s := &h.space
	if s.res == nil && n > firstHeap/blockSize {
		h.reserve()
	}
	if s.res != nil {
		return h.commit(min((n+growBlocks-1)/growBlocks*growBlocks, h.limit))
	}
	return h.move(min(max(n, 2*s.blocks, 2), h.limit))
}

// move makes room for n blocks in larger Go slices.
func (h *heap) move(n int) (ok bool) {
	defer func() {
		if recover() != nil { // longer than any slice can be
			ok = false
		}
	}()
	if uint64(n)*blockSize > maxMoved { // a slice that is too large for the machine ends the process
		return false
	}
	s := &h.space
	words := make([]uint64, n*(blockSize/8))
	copy(words, s.words)
	used, mark := make([]uint64, n*blockWords), make([]uint64, n*blockWords)
	copy(used, h.used)
	copy(mark, h.mark)
	s.words, s.blocks, h.used, h.mark = words, n, used, mark
	h.base = unsafe.Pointer(unsafe.SliceData(words))
	return true
}

// close gives back what the heap holds. No object may be looked at afterwards.
func (h *heap) close() {
	h.closed, h.marking, h.sweeping, h.blocks = true, false, false, nil
	for k := range h.classes {
		c := &h.classes[k]
		c.free, c.end, c.block, c.partial = 0, 0, noBlock, noBlock // nothing is made in what is given back
	}
	h.discard()
}
