package interp

import (
	"fmt"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
)

// restoreHeap builds the objects of a view whose types, functions and tags are there already. References go forward as
// well as back, so that all objects are made before the first gets its contents. From then on s.takenObjects has the
// reference to each object of the view.
func (s *Store) restoreHeap(p *state.Program) error {
	if p.Heap.Objects == 0 && len(p.Heap.Data) == 0 {
		return nil
	}
	for r := p.HeapReader(); ; {
		if !r.Next() {
			if err := r.Err(); err != nil {
				return fmt.Errorf("%w: %w", ErrRestore, err)
			}
			break
		}
		typ, n, err := s.objectType(r)
		if err != nil {
			return restoreError("object %d: %v", r.Index(), err)
		}
		ref, ok := s.heap.alloc(typ, n)
		if !ok {
			return restoreError("object %d: the heap's limit of %d bytes is reached", r.Index(), s.cfg.MaxHeap)
		}
		s.takenObjects = append(s.takenObjects, ref)
	}
	for r := p.HeapReader(); r.Next(); {
		if err := s.fill(s.takenObjects[r.Index()], r); err != nil {
			return restoreError("object %d: %v", r.Index(), err)
		}
	}
	s.heap.settle()
	return nil
}

// objectType is the run-time type of the object that r is at, and the length of an array.
func (s *Store) objectType(r *state.HeapReader) (typ *rtt, n uint32, err error) {
	if tag, ok := r.Tag(); ok {
		if uint64(tag) >= uint64(len(s.tags)) {
			return nil, 0, fmt.Errorf("there is no tag %d", tag)
		}
		typ = s.tags[tag].rtt
	} else if uint64(r.Type()) < uint64(len(s.taken)) {
		typ = s.taken[r.Type()]
	}
	switch {
	case typ == nil || typ.kind == rttFunc:
		return nil, 0, fmt.Errorf("type %d is not one of objects", r.Type())
	case typ.kind == rttArray:
		if r.Len() > 1<<32-1 {
			return nil, 0, fmt.Errorf("an array of %d elements", r.Len())
		}
		return typ, uint32(r.Len()), nil
	case r.Len() != uint64(len(typ.fields)):
		return nil, 0, fmt.Errorf("it has %d fields, its type has %d", r.Len(), len(typ.fields))
	}
	return typ, 0, nil
}

// fill gives a new object its contents.
func (s *Store) fill(ref uint64, r *state.HeapReader) error {
	p, typ := s.heap.at(ref), s.heap.rttOf(ref)
	if typ.kind == rttArray && !typ.fields[0].typ.IsRef() {
		if b, ok := r.Bytes(); ok {
			copy(typ.elems(p, 0, length(p)), b)
		}
		return r.Err()
	}
	for k := range r.Len() {
		f, at := &typ.fields[0], headerSize+uintptr(k)*8
		if typ.kind != rttArray {
			f = &typ.fields[k]
			at = uintptr(f.offset)
		}
		v := [2]uint64{}
		v[0], v[1] = r.Value()
		if f.typ.IsRef() {
			var err error
			if v[0], err = s.takeRef(f.typ, v[0]); err != nil {
				return fmt.Errorf("value %d: %w", k, err)
			}
		}
		put(unsafe.Add(p, at), f.size, unsafe.Pointer(&v))
	}
	return r.Err()
}

// takenObject is the reference to the view's object that ref names.
func (s *Store) takenObject(ref uint64) (uint64, error) {
	n := ref &^ refBits
	if n >= uint64(len(s.takenObjects)) {
		return 0, fmt.Errorf("there is no object %d", n)
	}
	return s.takenObjects[n], nil
}
