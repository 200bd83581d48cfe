package interp

import (
	"math"
	"unsafe"
)

// Marking. A cycle begins when trigger bytes are in use, halfway between what was live after the last cycle and the goal,
// which is twice that. From there on each byte that is given out pays for as many bytes of marking that the cycle ends
// before the goal is reached. A slice of work has an upper bound, beyond which the rest is owed to the next ones.
//
// The unit of work is a word that is looked at (an object costs markCost more, for the cache miss), of progress a byte of
// what has been marked.

// shade keeps what ref refers to alive in the cycle in progress. It is the write barrier: whoever overwrites a reference
// in an object or a table while h.marking calls it with the old one.
func (h *heap) shade(ref uint64) {
	if isObject(ref) {
		h.shadeObject(uintptr(ref &^ refBits))
	}
}

func (h *heap) shadeObject(off uintptr) {
	w, bit := &h.mark[off>>wordShift], uint64(1)<<(off>>3&63)
	if *w&bit != 0 {
		return
	}
	*w |= bit
	b := &h.blocks[off>>blockBits]
	h.marked += uint64(b.granules) * granule
	if b.class&1 == 0 {
		h.grey.push(off)
	}
}

// overwrite is the write barrier of a row of references in a table.
func (h *heap) overwrite(refs []uint64) {
	if h.marking {
		h.shadeAll(refs)
	}
}

func (h *heap) shadeAll(refs []uint64) {
	for _, ref := range refs {
		h.shade(ref)
	}
}

// admit tells whether ref, a reference to an object that comes from the embedder, refers to one, and keeps it alive in
// the cycle in progress, as nothing else may that the cycle knows of.
func (h *heap) admit(ref uint64) bool {
	if !h.valid(ref) {
		return false
	}
	if h.marking {
		h.shade(ref)
	}
	return true
}

// piece is the rest of a large array of references: the elements from next on.
type piece struct {
	off  uintptr
	next uint32
}

// tableScan is the rest of a table.
type tableScan struct {
	t    *Table
	next int
}

// work does what is owed for the bytes given out since it was last called. Whether a cycle may begin is whether roots
// can be had.
func (h *heap) work(mayBegin bool) {
	switch {
	case h.marking:
		if h.debt >= workUnit {
			h.slice()
		}
	case h.sweeping:
		h.sweep(sweepUnit)
	case mayBegin && h.live+h.allocated >= h.trigger:
		h.begin()
	}
}

// goal is how many bytes may be in use when the next cycle ends. Near the limit it is less than the program could have
// otherwise, so that the cycle ends before the limit stops everything.
func (h *heap) goal() uint64 {
	limit := uint64(h.limit) * blockSize
	goal := min(max(h.live+h.live/100*heapGrowth, minHeap), limit-limit/heapReserve)
	return max(goal, h.live+h.live/heapReserve)
}

// pace sets when the next cycle begins, after live has changed.
func (h *heap) pace() { h.trigger = h.live + (h.goal()-h.live)/2 }

// settle takes what has been made so far for what a cycle has found to be live.
func (h *heap) settle() {
	h.live, h.allocated, h.debt = h.live+h.allocated, 0, 0
	h.pace()
}

// begin begins a cycle.
func (h *heap) begin() {
	for h.sweeping {
		h.sweep(len(h.blocks))
	}
	h.marking, h.marked, h.black, h.debt = true, 0, 0, 0
	now, goal := h.live+h.allocated, h.goal()
	h.ratio = now/max(goal-min(now, goal), goal/8) + 1
	h.stats.cycles++
	for k := range h.classes {
		if c := &h.classes[k]; c.free < c.end {
			h.setCells(h.mark, c.free, c.end, c.size)
		}
	}
	h.roots(h)
	for ref := range h.retains {
		h.shade(ref)
	}
}

// slice does the work that is owed, up to maxSlice of it; the rest stays owed.
func (h *heap) slice() {
	before := h.marked
	cost := h.advance(before+h.debt*h.ratio, maxSlice)
	if h.marking {
		h.debt -= min(h.debt, (h.marked-before)/h.ratio)
	}
	h.stats.slices++
	h.stats.maxSlice = max(h.stats.maxSlice, uint64(cost))
}

// advance marks until goal bytes are marked or budget is used up, and ends the cycle when nothing is left to mark.
func (h *heap) advance(goal uint64, budget int) (cost int) {
	for h.marked < goal && cost < budget {
		if off, ok := h.grey.pop(); ok {
			cost += h.scan(off)
		} else if c := h.scanRest(); c > 0 {
			cost += c
		} else {
			h.flip()
			break
		}
	}
	return cost
}

// scan shades what an object refers to and returns what that cost.
func (h *heap) scan(off uintptr) (cost int) {
	p := unsafe.Add(h.base, off)
	r := (*h.types)[le32(p)]
	if r.elemRefs {
		if n := le32(unsafe.Add(p, 4)); n > pieceLen {
			h.pieces = append(h.pieces, piece{off, pieceLen})
			h.scanElems(off, 0, pieceLen)
			return markCost + pieceLen
		} else {
			h.scanElems(off, 0, n)
			return markCost + int(n)
		}
	}
	for _, at := range r.refs {
		if ref := le64(unsafe.Add(p, at)); isObject(ref) {
			h.shadeObject(uintptr(ref &^ refBits))
		}
	}
	return markCost + len(r.refs)
}

// scanElems shades the elements from i to n of an array of references.
func (h *heap) scanElems(off uintptr, i, n uint32) {
	p := unsafe.Add(h.base, off+headerSize)
	for ; i < n; i++ {
		if ref := le64(unsafe.Add(p, uintptr(i)*8)); isObject(ref) {
			h.shadeObject(uintptr(ref &^ refBits))
		}
	}
}

// scanRest scans a piece of an array or a table. It comes after all objects that are grey, so that large arrays do not
// fill the stack of grey objects with all their elements at once. The cost is 0 when there is nothing left.
func (h *heap) scanRest() (cost int) {
	if k := len(h.pieces) - 1; k >= 0 {
		p := &h.pieces[k]
		n := le32(unsafe.Add(h.base, p.off+4))
		off, from, to := p.off, p.next, p.next+min(pieceLen, n-p.next)
		if p.next = to; to == n {
			h.pieces = h.pieces[:k]
		}
		h.scanElems(off, from, to)
		return 1 + int(to-from)
	}
	if k := len(h.tables) - 1; k >= 0 {
		s := &h.tables[k]
		t, from := s.t, s.next
		to := min(from+pieceLen, len(t.elems))
		if s.next = to; to == len(t.elems) {
			h.tables = h.tables[:k]
		}
		if to < from { // its elements have been dropped, and were shaded then
			return 1
		}
		h.shadeAll(t.elems[from:to])
		return 1 + to - from
	}
	return 0
}

// finish ends the cycle in progress now.
func (h *heap) finish() {
	for h.marking {
		h.advance(math.MaxUint64, math.MaxInt)
	}
	for h.sweeping {
		h.sweep(len(h.blocks))
	}
}

// collect does a whole cycle at once, after which exactly that is left which can be reached. Roots must be there to be had.
func (h *heap) collect() {
	h.finish()
	h.stats.full++
	h.begin()
	h.finish()
}

// greyStack holds the objects that are marked and not scanned yet. It is made of pieces, so that it never has to be moved.
type greyStack struct {
	top  []uintptr
	full [][]uintptr
	one  []uintptr // spare
}

const greyPiece = 4096

func (s *greyStack) push(off uintptr) {
	if len(s.top) == cap(s.top) {
		s.more()
	}
	s.top = append(s.top, off)
}

func (s *greyStack) more() {
	if s.top != nil {
		s.full = append(s.full, s.top)
	}
	if s.one != nil {
		s.top, s.one = s.one, nil
		return
	}
	s.top = make([]uintptr, 0, greyPiece)
}

func (s *greyStack) pop() (off uintptr, ok bool) {
	n := len(s.top) - 1
	if n < 0 {
		if len(s.full) == 0 {
			return 0, false
		}
		s.one = s.top
		s.top, s.full = s.full[len(s.full)-1], s.full[:len(s.full)-1]
		n = len(s.top) - 1
	}
	off = s.top[n]
	s.top = s.top[:n]
	return off, true
}
