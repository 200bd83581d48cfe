package interp

import "math/bits"

// flip ends marking: what is marked is what is in use from now on. The blocks are to be swept before they are used.
func (h *heap) flip() {
	unused := uint64(0)
	for k := range h.classes {
		c := &h.classes[k]
		if c.free < c.end {
			h.clearCells(h.mark, c.free, c.end, c.size)
			unused += uint64(c.end - c.free)
		}
		c.free, c.end, c.block, c.partial = 0, 0, noBlock, noBlock
	}
	h.used, h.mark = h.mark, h.used
	// What was left of the holes when the cycle began is black too, though black does not know it: a few blocks at most.
	h.live, h.allocated = h.marked+h.black-min(unused, h.black), 0
	h.black, h.debt = 0, 0
	h.pace()
	h.marking, h.sweeping, h.sweepAt = false, true, 0
	h.epoch++
}

// sweep sorts up to n blocks by whether they have room, clears their part of the bitmap that is to be the next cycle's
// mark, and returns how many it has seen.
func (h *heap) sweep(n int) int {
	b := h.sweepAt
	end := min(b+n, len(h.blocks))
	for b < end {
		m := &h.blocks[b]
		switch m.kind {
		case blockCells:
			if m.epoch != h.epoch {
				h.sweepCells(b, m)
			}
			b++
		case blockLarge:
			run := int(m.granules >> (blockBits - 3))
			if m.epoch != h.epoch {
				m.epoch = h.epoch
				w := b * blockWords
				h.mark[w] = 0
				if h.used[w] == 0 {
					h.giveBack(b, run)
				}
			}
			b += run
		default:
			b++
		}
	}
	seen := b - h.sweepAt
	if h.sweepAt = b; b >= len(h.blocks) {
		h.sweeping = false
	}
	return max(seen, 1)
}

func (h *heap) sweepCells(b int, m *heapBlock) {
	m.epoch = h.epoch
	clear((*[blockWords]uint64)(h.mark[b*blockWords:])[:])
	n := 0
	for _, w := range (*[blockWords]uint64)(h.used[b*blockWords:]) {
		n += bits.OnesCount64(w)
	}
	switch c := &h.classes[m.class]; {
	case n == 0:
		h.giveBack(b, 1)
	case n < int(blockSize/c.size):
		m.next, c.partial = c.partial, uint32(b)
	}
}
