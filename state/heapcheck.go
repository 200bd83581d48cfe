package state

import "github.com/godwit-vm/godwit/wasm"

// A head tells what an object is: the index of its type, doubled, or for an exception that of its tag, doubled, and one.
type head = uint32

// checkTags checks that tags are of function types without results.
func (p *checker) checkTags(Limits) error {
	for i, t := range p.Tags {
		if uint64(t.Type) >= uint64(len(p.Types)) {
			return invalid(nameTags, "tag %d is of type %d of %d", i, t.Type, len(p.Types))
		}
		if def := &p.Types[t.Type]; def.Kind != wasm.CompFunc || len(def.Results) > 0 {
			return invalid(nameTags, "tag %d is of a type that is not that of a function without results", i)
		}
	}
	return nil
}

// checkHeap reads the heap twice: references may be to objects that come later, and these have no head before.
func (p *checker) checkHeap(l Limits) error {
	h := &p.Heap
	switch n := uint64(len(h.Data)); {
	case n > min(l.HeapBytes, maxHeap):
		return overLimit(nameHeap, "bytes of objects", n, min(l.HeapBytes, maxHeap))
	case h.Objects > l.HeapObjects:
		return overLimit(nameHeap, "objects", h.Objects, l.HeapObjects)
	case h.Objects > n:
		return invalid(nameHeap, "%d objects cannot be in %d bytes", h.Objects, n)
	}
	heads, err := p.heads()
	if err != nil {
		return err
	}
	p.headsOf = heads
	r := p.HeapReader()
	for r.Next() {
		if r.shape.fixed {
			continue
		}
		for i := range r.Len() {
			f := r.at(i)
			bits, _ := r.Value()
			if f.size != 0 {
				continue
			}
			if why := p.refFlaw(f.typ, bits); why != "" && r.Err() == nil {
				return invalid(nameHeap, "value %d of object %d: %s", i, r.Index(), why)
			}
		}
	}
	return r.Err()
}

// heads collects the heads of all objects.
func (p *Program) heads() ([]head, error) {
	if p.Heap.Objects == 0 && len(p.Heap.Data) == 0 {
		return nil, nil
	}
	heads := make([]head, 0, p.Heap.Objects)
	r := p.HeapReader()
	for r.Next() {
		h := r.typ << 1
		if r.exception {
			h = r.tag<<1 | 1
		}
		heads = append(heads, h)
	}
	return heads, r.Err()
}

// refFlaw tells why ref is not a reference of type t, in so far as that can be told without the modules, which know the
// types of functions; "" when it is one.
func (p *checker) refFlaw(t wasm.ValType, ref uint64) string {
	if ref == 0 {
		if !t.Nullable() {
			return "null, of a type that has none"
		}
		return ""
	}
	heap := t.AsNullable()
	switch p.Top(t) {
	case wasm.FuncRef:
		if ref > p.funcs {
			return "a reference to a function that does not exist"
		}
		if heap == wasm.NullFuncRef {
			return "a reference of a type that has only null"
		}
		return ""
	case 0:
		return "a reference of unknown type"
	}
	number := ref & (1<<RefShift - 1)
	var h head
	switch RefKind(ref >> RefShift) {
	case RefHost:
		if heap == wasm.AnyRef || heap == wasm.ExternRef {
			return ""
		}
		return "a reference to something of the host, where none can be"
	case RefI31:
		switch {
		case number>>31 != 0:
			return "an i31 of more than 31 bits"
		case heap == wasm.AnyRef || heap == wasm.ExternRef || heap == wasm.EqRef || heap == wasm.I31Ref:
			return ""
		}
		return "an i31, where none can be"
	case RefObject:
		if number >= uint64(len(p.headsOf)) {
			return "a reference to an object that does not exist"
		}
		h = p.headsOf[number]
	default:
		return "a reference of unknown kind"
	}
	if !p.objectHas(h, heap) {
		return "a reference to an object of another type"
	}
	return ""
}

// objectHas tells whether an object with head h has the type that heap, a nullable reference type, refers to.
func (p *checker) objectHas(h head, heap wasm.ValType) bool {
	if h&1 != 0 {
		return heap == wasm.ExnRef
	}
	switch heap {
	case wasm.AnyRef, wasm.ExternRef, wasm.EqRef:
		return true
	case wasm.StructRef:
		return p.Types[h>>1].Kind == wasm.CompStruct
	case wasm.ArrayRef:
		return p.Types[h>>1].Kind == wasm.CompArray
	}
	i, ok := heap.TypeIndex()
	return ok && (h>>1 == i || !heap.Exact() && p.subtype(h>>1, i))
}
