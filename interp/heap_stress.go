package interp

import "unsafe"

// stressHeaps makes heaps collect at every allocation at which they may, and overwrite what is not in use, so that a
// reference that a collection does not know of is found at once. Tests set it.
var stressHeaps bool

// stress is called before an allocation that may collect.
func (h *heap) stress() {
	h.collect()
	for b := range h.blocks {
		m := &h.blocks[b]
		start := uintptr(b) << blockBits
		switch m.kind {
		case blockFree:
			h.poison(start, start+blockSize)
		case blockCells:
			size := h.classes[m.class].size
			for off := start; off+size <= start+blockSize; off += size {
				if h.used[off>>wordShift]>>(off>>3&63)&1 == 0 {
					h.poison(off, off+size)
				}
			}
		}
	}
	h.touched = len(h.blocks) // no block is zero any more
}

func (h *heap) poison(from, to uintptr) {
	b := unsafe.Slice((*byte)(unsafe.Add(h.base, from)), to-from)
	for k := range b {
		b[k] = 0xDB
	}
}
