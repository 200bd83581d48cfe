package interp

import (
	"fmt"

	"github.com/godwit-vm/godwit/wasm"
)

// References that the embedder holds. What comes from the embedder - arguments, results of host functions, elements and
// globals that it sets - is looked at: wasm's types are relied on everywhere else.

// admit checks a reference of type t, in store terms, that comes from the embedder, and keeps what it refers to alive in a
// collection in progress, as nothing that the collection knows of may.
func (s *Store) admit(t wasm.ValType, ref uint64) error {
	if !s.isFuncRef(t) && isObject(ref) && !s.heap.admit(ref) {
		return fmt.Errorf("the reference %#x is to no object, or to one that is there no more: see Store.Retain", ref)
	}
	if !s.refMatches(ref, t) {
		return fmt.Errorf("the reference %#x is not of type %v", ref, t)
	}
	return nil
}

// admitAll is admit for those of the values at stack, of types in store terms, that are references.
func (s *Store) admitAll(types []wasm.ValType, stack []uint64) error {
	at := 0
	for k, t := range types {
		if t.IsRef() {
			if err := s.admit(t, stack[at]); err != nil {
				return fmt.Errorf("value %d: %w", k, err)
			}
		}
		at += width(t)
	}
	return nil
}

// Retain keeps the object that ref refers to, and what can be reached from it, until Release has been called as often.
// Without it a reference that a call has returned, or that a host function keeps beyond its call, is good only until
// wasm runs the next time. ok is false for a reference to an object that is there no more; other references, which need
// no keeping, are fine. A snapshot does not know what is retained: the embedder that holds it is not there any more.
func (s *Store) Retain(ref uint64) (ok bool) {
	if !isObject(ref) {
		return true
	}
	h := s.heap
	if !h.admit(ref) {
		return false
	}
	if h.retains == nil {
		h.retains = map[uint64]int{}
	}
	h.retains[ref]++
	return true
}

// Release undoes a Retain of the same reference.
func (s *Store) Release(ref uint64) {
	h := s.heap
	if n := h.retains[ref]; n > 1 {
		h.retains[ref] = n - 1
	} else {
		delete(h.retains, ref)
	}
}
