package interp

import (
	"math/bits"
	"unsafe"
)

// The heap of a store holds its structures, arrays and exceptions. Go's collector knows nothing of them: what is in the
// heap are bytes without Go pointers, so that programs with millions of objects cost it nothing, and so that what a
// program's objects look like is the same in the interpreter, in compiled code and, but for the names of objects, in a
// snapshot.
//
// # Space
//
// The heap is one range of bytes. A reference to an object is objectBit and the object's offset in that range, so that
// the range may be moved: it begins as a small Go slice, which costs nothing to a store with few objects, and where address
// space can be reserved (reserve_mmap.go) it goes there once it outgrows firstHeap, where it need not be moved any more.
// Addresses of objects are therefore good until the next allocation only. Offset 0 is an object's like any other: null is
// told by objectBit.
// An object begins with a header of 8 bytes, its run-time type's id and an array's length (see rtt).
//
// The range is divided into blocks of 16 KiB. A block is free, or it is divided into cells of one of some fifty sizes, or it
// belongs to an object of more than half a block, which begins at a block's start and has as many blocks as it needs. The
// sizes are 8 bytes apart up to 128, then an eighth: what a cell wastes stays below that. Objects that have no
// references in them (leaves) are in blocks of their own, which the collector marks without ever touching their memory.
//
// # Allocation
//
// A size class allocates from a hole, a row of free cells that has been cleared: it advances a pointer. When the hole
// is full the next one is looked for in the class's block, from one bit to the next in the bitmap of the cells that are
// in use; then in another block of the class that has free cells, and then in a free block. To look for holes rather
// than for single cells is what makes the ordinary allocation two loads, an addition, a comparison and two stores, and
// small enough to be put into compiled code.
//
// # Collection
//
// Mark and sweep, non-moving, incremental, of a snapshot at the beginning: a cycle marks all that could be reached when it
// began. Threads' stacks, globals and retained references are looked at once, when it begins; tables piece by piece.
// From then on, whoever overwrites a reference in an object or a table shades what was there before (heap_mark.go). That
// needs no second look at the stacks, whose ends of cycles are unbounded in other designs, and no barrier at all where
// references are read, put into locals or into globals. Objects made while a cycle marks count as marked.
//
// Marks are a bitmap with a bit for every 8 bytes. When all is marked, that bitmap becomes the one of the cells in use: this
// is the whole of freeing. What is left to sweeping is to find out, block by block, where there is room (heap_sweep.go);
// it touches no object.
//
// The work is done in slices by allocation, in proportion to the bytes allocated, and bounded for each slice. It is
// counted in objects and bytes, never in time: the same program collects at the same moments in every run.
//
// # Threads
//
// Only one thread of a store may run code that allocates, or changes references, at a time: there is no standard yet in
// which threads share objects. Should there be one, each thread wants holes of its own, marks need atomic bits, the
// barrier a buffer of each thread's, and a cycle must begin with all threads at safepoints, which freezer.freeze provides.
//
// # Invariants
//
//   - used has the bit of a cell exactly if an object is in it, or if it is in what is left of a class's hole.
//   - Outside of cycles, and in blocks that are free, mark has no bit, except in blocks that are not swept yet.
//   - While marking: mark is a part of used, and whatever is marked and not a leaf has been scanned or is grey.
type heap struct {
	// What handlers and compiled code use.
	base    unsafe.Pointer
	marking bool
	classes [2 * maxClasses]sizeClass // by size, leaves at odd numbers

	displays
	types *[]*rtt // the store's
	space space

	used   []uint64 // a bit for every 8 bytes: see the invariants
	mark   []uint64
	blocks []heapBlock
	free   []uint64 // a bit for every block
	// Where to begin looking for a free block, and how many blocks have been in use at some time: the others are zero.
	firstFree, touched int
	limit              int // blocks

	// Pacing, in bytes; see heap_mark.go.
	live      uint64 // in use at the end of the last cycle
	allocated uint64 // since then
	black     uint64 // of that, since the cycle in progress began
	trigger   uint64 // live + allocated at which the next cycle begins
	marked    uint64 // by the cycle in progress
	debt      uint64 // bytes allocated for which no work has been done
	ratio     uint64 // bytes to mark for each byte of debt

	grey   greyStack
	pieces []piece
	tables []tableScan

	epoch    uint32
	sweeping bool
	sweepAt  int // the next block to sweep

	roots    func(h *heap) // shades what the store refers to
	stats    heapStats
	closed   bool
	stressed bool           // see stressHeaps
	retains  map[uint64]int // references that the embedder holds, with how often
}

// objectBit marks a reference to an object; refBits are the two bits that say what a reference is (state.RefKind).
const (
	objectBit = 1 << 63
	refBits   = 3 << 62
)

const (
	granule    = 8
	blockBits  = 14
	blockSize  = 1 << blockBits
	wordShift  = 9 // of an offset: the word of a bitmap
	blockWords = blockSize >> wordShift
	maxSmall   = blockSize / 2
	maxClasses = 64
	noBlock    = ^uint32(0)
)

// sizeClass is where objects of one size are made. Offsets are in the heap.
type sizeClass struct {
	free, end uintptr // the hole
	size      uintptr // of a cell
	block     uint32  // where the hole is
	partial   uint32  // the first block known to have free cells; the others follow by block.next
}

// heapBlock is what is known of a block, or of the blocks of a large object, which the first one stands for.
type heapBlock struct {
	kind     blockKind
	class    uint8
	epoch    uint32 // when it was swept last
	next     uint32 // in its class's list
	granules uint32 // of a cell, or of a large object with all its blocks
}

type blockKind uint8

const (
	blockFree  blockKind = iota
	blockCells           // divided into cells
	blockLarge           // the first block of a large object
	blockRest            // another one
)

// heapStats counts for tests and for whoever tunes.
type heapStats struct {
	cycles   uint64
	full     uint64 // collections that were done at once
	slices   uint64
	maxSlice uint64 // the most work in one slice
}

var (
	cellSizes   [maxClasses]uint16
	classOfSize [maxSmall/granule + 1]uint8
)

func init() {
	n := 0
	add := func(size int) {
		cellSizes[n] = uint16(size)
		n++
	}
	for size := 2 * granule; size <= 128; size += granule {
		add(size)
	}
	for size := 128; size < maxSmall; {
		cells := blockSize / (size + size/8)
		size = blockSize / cells &^ (granule - 1) // the largest of which as many fit into a block
		add(size)
	}
	for k, c := 0, 0; k < len(classOfSize); k++ {
		if k*granule > int(cellSizes[c]) {
			c++
		}
		classOfSize[k] = uint8(c)
	}
}

// newHeap makes a heap that holds at most limit bytes. types are the store's run-time types, roots shades everything that
// the store refers to.
func newHeap(limit uint64, types *[]*rtt, roots func(*heap)) *heap {
	h := &heap{types: types, roots: roots, limit: int(min(limit, maxHeap) / blockSize), trigger: minHeap / 2, epoch: 1, stressed: stressHeaps}
	h.base = unsafe.Pointer(&noMemory)
	for k := range h.classes {
		h.classes[k] = sizeClass{size: uintptr(cellSizes[k/2]), block: noBlock, partial: noBlock}
	}
	return h
}

// at is the address of the object that ref, a reference to one, means.
func (h *heap) at(ref uint64) unsafe.Pointer { return unsafe.Add(h.base, uintptr(ref&^refBits)) }

// rttOf is the type of an object.
func (h *heap) rttOf(ref uint64) *rtt { return (*h.types)[le32(h.at(ref))] }

// lengthOf is the length of an array.
func (h *heap) lengthOf(ref uint64) uint32 { return le32(unsafe.Add(h.at(ref), 4)) }

// isObject tells whether ref refers to an object of the heap.
func isObject(ref uint64) bool { return ref>>62 == objectBit>>62 }

// hole makes an object in the hole of its class, if there is room for it.
func (h *heap) hole(r *rtt, length uint32) (ref uint64, ok bool) {
	size := uint64(r.size) + uint64(r.elemSize)*uint64(length)
	if size > maxSmall {
		return 0, false
	}
	c := &h.classes[(uint(classOfSize[(size+granule-1)/granule])<<1|uint(r.leaf))%(2*maxClasses)]
	off := c.free
	end := off + c.size
	if end > c.end {
		return 0, false
	}
	c.free = end
	put64(unsafe.Add(h.base, off), uint64(r.id)|uint64(length)<<32)
	return objectBit | uint64(off), true
}

// newObject makes an object of zeros, which the instruction pc of the frame at fp needs: an array of length elements, or
// anything else with length 0. All references that the frame still needs are in its slots, as the function's points say
// (heap_roots.go), since a collection may begin here. ok is false when the heap has no room for it, which is
// TrapHeapExhausted.
func (t *Thread) newObject(pc *instr, fp unsafe.Pointer, r *rtt, length uint32) (ref uint64, ok bool) {
	h := t.store.heap
	if ref, ok = h.hole(r, length); ok {
		return ref, true
	}
	t.showNative()
	t.exitPC, t.exitFP, t.atCall = uintptr(unsafe.Pointer(pc)), fp, false
	return h.newSlow(r, uint64(r.size)+uint64(r.elemSize)*uint64(length), length, true)
}

// alloc is newObject where no thread stands at an instruction: for an embedder, constant expressions and restoring. It
// begins no collection.
func (h *heap) alloc(r *rtt, length uint32) (ref uint64, ok bool) {
	if ref, ok = h.hole(r, length); ok {
		return ref, true
	}
	return h.newSlow(r, uint64(r.size)+uint64(r.elemSize)*uint64(length), length, false)
}

// newSlow makes an object for which the class's hole has no room. Whether it may collect is whether roots can be had.
func (h *heap) newSlow(r *rtt, size uint64, length uint32, mayCollect bool) (ref uint64, ok bool) {
	if size > uint64(h.limit)*blockSize || h.closed {
		return 0, false
	}
	if h.stressed && mayCollect {
		h.stress()
	}
	h.work(mayCollect)
	off, ok := h.place(r, size)
	if !ok && mayCollect {
		// The limit is reached. What the cycle in progress finds may be enough; a whole one finds all there is.
		if h.marking {
			h.finish()
			off, ok = h.place(r, size)
		}
		if !ok {
			h.collect()
			if h.live+h.live/heapReserve <= uint64(h.limit)*blockSize {
				off, ok = h.place(r, size)
			}
		}
	}
	if !ok {
		return 0, false
	}
	put64(unsafe.Add(h.base, off), uint64(r.id)|uint64(length)<<32)
	return objectBit | uint64(off), true
}

// place finds a place for an object of size bytes and clears it.
func (h *heap) place(r *rtt, size uint64) (off uintptr, ok bool) {
	if size > maxSmall {
		return h.placeLarge(size, r.leaf)
	}
	k := uint(classOfSize[(size+granule-1)/granule])<<1 | uint(r.leaf)
	c := &h.classes[k]
	if !h.refill(c, uint8(k)) {
		return 0, false
	}
	off = c.free
	c.free += c.size
	return off, true
}

// refill gives a class another hole.
func (h *heap) refill(c *sizeClass, k uint8) bool {
	for swept := 0; ; {
		if c.block != noBlock {
			if h.nextHole(c) {
				return true
			}
			c.block, c.free, c.end = noBlock, 0, 0
		}
		if b := c.partial; b != noBlock {
			c.partial = h.blocks[b].next
			c.block, c.free, c.end = b, uintptr(b)<<blockBits, uintptr(b)<<blockBits
			continue
		}
		if h.sweeping && swept < sweepMost {
			swept += h.sweep(sweepUnit)
			continue
		}
		if b, ok := h.takeBlocks(1); ok {
			h.blocks[b] = heapBlock{kind: blockCells, class: k, epoch: h.epoch, next: noBlock, granules: uint32(c.size / granule)}
			c.block, c.free, c.end = uint32(b), uintptr(b)<<blockBits, uintptr(b)<<blockBits
			continue
		}
		if !h.sweeping {
			return false
		}
		swept = 0
	}
}

// nextHole finds the first hole behind the class's, in the same block, and clears it.
func (h *heap) nextHole(c *sizeClass) bool {
	start := uintptr(c.block) << blockBits
	limit := start + blockSize/c.size*c.size
	pos := c.end
	for ; pos < limit && h.used[pos>>wordShift]>>(pos>>3&63)&1 != 0; pos += c.size {
	}
	if pos >= limit {
		return false
	}
	end := h.nextUsed(pos, limit)
	if h.stressed {
		end = pos + c.size
	}
	h.clear(pos, end, int(c.block))
	h.setCells(h.used, pos, end, c.size)
	h.count(uint64(end - pos))
	if h.marking {
		h.setCells(h.mark, pos, end, c.size)
	}
	c.free, c.end = pos, end
	return true
}

// nextUsed is the offset of the first bit that is set from pos on, or limit.
func (h *heap) nextUsed(pos, limit uintptr) uintptr {
	w := pos >> wordShift
	word := h.used[w] >> (pos >> 3 & 63) << (pos >> 3 & 63)
	for last := (limit - 1) >> wordShift; word == 0; word = h.used[w] {
		if w == last {
			return limit
		}
		w++
	}
	return min(w<<wordShift+uintptr(bits.TrailingZeros64(word))*granule, limit)
}

// setCells sets the bits of the cells of size bytes between pos and end.
func (h *heap) setCells(bitmap []uint64, pos, end, size uintptr) {
	for g, step := pos/granule, size/granule; g < end/granule; g += step {
		bitmap[g>>6] |= 1 << (g & 63)
	}
}

// clearCells clears the bits that setCells sets.
func (h *heap) clearCells(bitmap []uint64, pos, end, size uintptr) {
	for g, step := pos/granule, size/granule; g < end/granule; g += step {
		bitmap[g>>6] &^= 1 << (g & 63)
	}
}

// clear makes the bytes from pos to end zero, which are in block b or the blocks from it on. Blocks that were never in
// use are zero.
func (h *heap) clear(pos, end uintptr, b int) {
	if b < h.touched {
		known := min(end, uintptr(h.touched)<<blockBits)
		clear(unsafe.Slice((*byte)(unsafe.Add(h.base, pos)), known-pos))
	}
	h.touched = max(h.touched, int((end+blockSize-1)>>blockBits))
}

// count takes note of n bytes that have been given out.
func (h *heap) count(n uint64) {
	h.allocated += n
	h.debt += n
	if h.marking {
		h.black += n
	}
}

// placeLarge finds a place for an object that has blocks of its own.
func (h *heap) placeLarge(size uint64, leaf uint8) (off uintptr, ok bool) {
	n := int((size + blockSize - 1) >> blockBits)
	b, ok := h.takeBlocks(n)
	for !ok && h.sweeping {
		h.sweep(sweepMost)
		b, ok = h.takeBlocks(n)
	}
	if !ok {
		return 0, false
	}
	h.blocks[b] = heapBlock{kind: blockLarge, class: leaf, epoch: h.epoch, next: noBlock, granules: uint32(n << (blockBits - 3))}
	for k := b + 1; k < b+n; k++ {
		h.blocks[k] = heapBlock{kind: blockRest}
	}
	off = uintptr(b) << blockBits
	h.clear(off, off+uintptr(size), b)
	h.touched = max(h.touched, b+n)
	h.setCells(h.used, off, off+granule, granule)
	h.count(uint64(n) << blockBits)
	if h.marking {
		h.setCells(h.mark, off, off+granule, granule)
	}
	return off, true
}

// takeBlocks takes n free blocks in a row; they become more if that is needed.
func (h *heap) takeBlocks(n int) (first int, ok bool) {
	first, ok = h.findFree(n)
	if !ok {
		// What is free at the end counts.
		tail := len(h.blocks)
		for tail > 0 && h.free[(tail-1)>>6]>>((tail-1)&63)&1 != 0 {
			tail--
		}
		if tail+n > h.limit || !h.extend(tail+n) {
			return 0, false
		}
		first = tail
	}
	for b := first; b < first+n; b++ {
		h.free[b>>6] &^= 1 << (b & 63)
	}
	return first, true
}

// findFree finds the first n free blocks in a row.
func (h *heap) findFree(n int) (first int, ok bool) {
	h.firstFree = h.nextFree(h.firstFree)
	for b := h.firstFree; b < len(h.blocks); b = h.nextFree(b) {
		first = b
		for b < len(h.blocks) && b-first < n {
			k := bits.TrailingZeros64(^(h.free[b>>6] >> (b & 63)))
			if k == 0 {
				break
			}
			b += min(k, 64-b&63)
		}
		if b-first >= n {
			return first, true
		}
	}
	return 0, false
}

// nextFree is the first free block from b on, or one behind the last.
func (h *heap) nextFree(b int) int {
	for b < len(h.blocks) {
		if word := h.free[b>>6] >> (b & 63); word != 0 {
			return b + bits.TrailingZeros64(word)
		}
		b = (b | 63) + 1
	}
	return b
}

// giveBack makes n blocks from b on free.
func (h *heap) giveBack(b, n int) {
	for k := b; k < b+n; k++ {
		h.blocks[k].kind = blockFree
		h.free[k>>6] |= 1 << (k & 63)
	}
	h.firstFree = min(h.firstFree, b)
}

// extend makes the heap at least n blocks long.
func (h *heap) extend(n int) bool {
	if n > h.space.blocks && !h.grow(n) {
		return false
	}
	have := len(h.blocks)
	h.blocks = append(h.blocks, make([]heapBlock, n-have)...)
	for len(h.free) < (n+63)>>6 {
		h.free = append(h.free, 0)
	}
	for b := have; b < n; b++ {
		h.free[b>>6] |= 1 << (b & 63)
	}
	return true
}

// valid tells whether ref, which may be anything that has objectBit, refers to an object.
func (h *heap) valid(ref uint64) bool {
	v := ref &^ refBits
	if !isObject(ref) || v%granule != 0 || v>>blockBits >= uint64(len(h.blocks)) {
		return false
	}
	off := uintptr(v)
	if h.used[off>>wordShift]>>(off>>3&63)&1 == 0 {
		return false
	}
	b := off >> blockBits
	if h.blocks[b].kind != blockCells {
		return true
	}
	c := &h.classes[h.blocks[b].class]
	return c.block != uint32(b) || off < c.free || off >= c.end
}
