package interp

import (
	"math/bits"
	"slices"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
)

// numbering gives objects the numbers by which the portable view names them, in the order of their addresses: an object's
// number is how many bits are set in heap.used before its own. Sums are kept for each block and each word of a block, so
// that no map of all objects is needed.
type numbering struct {
	used   []uint64 // heap.used
	blocks []uint64 // objects before each block
	words  []uint16 // objects of the same block before each word of used
	count  uint64
}

// number numbers the store's objects. It collects first, so that the view has only what can be reached, and heap.used has a
// bit for exactly that. All threads stand at safepoints.
func (h *heap) number() *numbering {
	if len(h.blocks) > 0 {
		h.collect()
	}
	v := &numbering{used: h.used, blocks: make([]uint64, len(h.blocks)), words: make([]uint16, len(h.blocks)*blockWords)}
	for b := range h.blocks {
		v.blocks[b] = v.count
		n := 0
		for k := b * blockWords; k < (b+1)*blockWords; k++ {
			v.words[k] = uint16(n)
			n += bits.OnesCount64(h.used[k])
		}
		v.count += uint64(n)
	}
	return v
}

// of is the number of the object at off.
func (v *numbering) of(off uintptr) uint64 {
	w := off >> wordShift
	before := v.used[w] & (1<<(off>>3&63) - 1)
	return v.blocks[off>>blockBits] + uint64(v.words[w]) + uint64(bits.OnesCount64(before))
}

// viewRef is a reference in the view's terms: objects by their numbers. All others stay as they are.
func (s *Store) viewRef(ref uint64) uint64 {
	if !isObject(ref) {
		return ref
	}
	return objectBit | s.numbers.of(uintptr(ref&^refBits))
}

// viewRefs is viewRef for all elements of a table.
func (s *Store) viewRefs(refs []uint64) []uint64 {
	if !slices.ContainsFunc(refs, isObject) {
		return refs
	}
	out := make([]uint64, len(refs))
	for k, ref := range refs {
		out[k] = s.viewRef(ref)
	}
	return out
}

// captureHeap writes the objects down, in the order of their numbers.
func (s *Store) captureHeap() state.Heap {
	if s.numbers.count == 0 {
		return state.Heap{}
	}
	h := s.heap
	data := make([]byte, 0, h.live/2)
	for w, word := range s.numbers.used[:len(h.blocks)*blockWords] {
		for ; word != 0; word &= word - 1 {
			data = s.appendObject(data, unsafe.Add(h.base, w<<wordShift+bits.TrailingZeros64(word)*granule))
		}
	}
	return state.Heap{Objects: s.numbers.count, Data: data}
}

// appendObject writes down the object at p.
func (s *Store) appendObject(b []byte, p unsafe.Pointer) []byte {
	r := s.rtts[le32(p)]
	switch r.kind {
	case rttArray:
		n := length(p)
		b = state.AppendArray(b, r.view, uint64(n))
		f := &r.fields[0]
		if !f.typ.IsRef() {
			return append(b, r.elems(p, 0, n)...)
		}
		for k := range n {
			b = s.appendField(b, f, unsafe.Add(p, headerSize+uintptr(k)*8))
		}
		return b
	case rttExn:
		b = state.AppendException(b, s.tagOf[r].addr)
	default:
		b = state.AppendObject(b, r.view)
	}
	for k := range r.fields {
		f := &r.fields[k]
		b = s.appendField(b, f, unsafe.Add(p, uintptr(f.offset)))
	}
	return b
}

// appendField writes down the field f, or an element, which is at p.
func (s *Store) appendField(b []byte, f *rttSlot, p unsafe.Pointer) []byte {
	switch {
	case f.ref:
		return state.AppendRef(b, s.viewRef(le64(p)))
	case f.typ.IsRef():
		return state.AppendFuncRef(b, le64(p))
	}
	return append(b, unsafe.Slice((*byte)(p), f.size)...) // little-endian in both places
}
