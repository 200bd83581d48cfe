package interp

import "github.com/godwit-vm/godwit/wasm"

// Element segments. What an element is follows from its expression, whenever one looks, unless the expression makes an
// object: each element of a passive segment is one object, however often it is copied. The elements of such segments are
// made with the instance and stand in tables of their own, behind the module's, where they are found by the collector
// and travel with the program.

// objectElems are the passive element segments whose elements are such objects.
func objectElems(w *wasm.Module) (segments []uint32) {
	for k := range w.Elems {
		e := &w.Elems[k]
		if e.Mode != wasm.SegmentPassive {
			continue
		}
		for n := range e.Exprs {
			if makesObjects(&e.Exprs[n]) {
				segments = append(segments, uint32(k))
				break
			}
		}
	}
	return segments
}

// findElems connects such segments with their tables.
func (i *Instance) findElems() {
	for n, seg := range i.module.objectElems {
		if i.objectElems == nil {
			i.objectElems = map[uint32]*Table{}
		}
		i.objectElems[seg] = i.tables[len(i.module.wasm.TableTypes)+n]
	}
}

// elemCount is the number of elements that a segment has now.
func (i *Instance) elemCount(seg uint32) uint64 {
	if i.droppedElems[seg] {
		return 0
	}
	if t := i.objectElems[seg]; t != nil {
		return t.Len()
	}
	return uint64(elemLen(&i.module.wasm.Elems[seg]))
}

// elem is element k of an element segment, as a reference.
func (i *Instance) elem(seg uint32, k int) (uint64, error) {
	e := &i.module.wasm.Elems[seg]
	if e.Exprs == nil {
		return i.funcs[e.Funcs[k]].Ref(), nil
	}
	if t := i.objectElems[seg]; t != nil {
		return t.elems[k], nil
	}
	ref, _, err := i.eval(&e.Exprs[k])
	return ref, err
}

// dropElem drops an element segment.
func (i *Instance) dropElem(seg uint32) {
	i.droppedElems[seg] = true
	if t := i.objectElems[seg]; t != nil {
		*t.total -= t.Len()
		i.store.heap.overwrite(t.elems)
		t.elems = nil
	}
}

// tableInit copies n elements of a segment into a table.
func (i *Instance) tableInit(t *Table, seg uint32, dst, src, n uint64) error {
	if !inside(src, n, i.elemCount(seg)) || !inside(dst, n, t.Len()) {
		return TrapTableOutOfBounds
	}
	i.store.heap.overwrite(t.elems[dst : dst+n])
	for k := range n {
		ref, err := i.elem(seg, int(src+k))
		if err != nil {
			return err
		}
		t.elems[dst+k] = ref
	}
	return nil
}
