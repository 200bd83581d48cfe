package interp

import (
	"slices"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// Roots: what a cycle begins with. Which slots of a frame hold references follows from where its function stands, and is
// found like a frame's portable view by lowering the function once more (layout). That is done once for each function
// that is ever found on a stack, and kept with its code for all stores.
//
// A frame below the top stands behind a call; the top one stands at an instruction that allocates, or where it was frozen;
// and a frame whose host function has called back into wasm, or waits, stands at that call, whose arguments the host function
// may have written over: they are looked at like anything that the embedder says.
//
// Two kinds of references are no roots: results that a call has returned to the embedder, and what a host function keeps
// beside its arguments. See Store.Retain. References to functions are never looked at, but where telling them apart would cost more than
// looking does, they are: they are no objects.

// rootMap is which slots of a function's frame hold references, at each point where it can stand: those of locals are the
// same everywhere. Of a function with too many operands at too many points it has no points.
type rootMap struct {
	locals []uint16
	keys   []uint32 // rootKey of the points, ascending
	ends   []uint32 // where in slots a point's operands end
	slots  []uint16
}

// rootKey is how a rootMap names a point: behind a call the call's own operands are gone and its results not there yet.
func rootKey(index int, afterCall bool) uint32 { return uint32(index)<<1 | uint32(bit(afterCall)) }

// find is the slots of operands that hold references at a point.
func (r *rootMap) find(key uint32) (slots []uint16, ok bool) {
	i, ok := slices.BinarySearch(r.keys, key)
	if !ok {
		return nil, false
	}
	from := uint32(0)
	if i > 0 {
		from = r.ends[i-1]
	}
	return r.slots[from:r.ends[i]], true
}

// rootMap is where the function's frames have references.
func (f *Func) rootMap() *rootMap {
	if r := f.code.Load().roots.Load(); r != nil {
		return r
	}
	r := makeRootMap(f.inst.module, f.index)
	f.code.Load().roots.Store(r)
	return r
}

// holdsObjects tells whether a value of type t may be a reference to an object: all references but those that are
// funcrefs at first sight.
func holdsObjects(t wasm.ValType) bool {
	return t.IsRef() && t.Heap() != wasm.FuncRef && t.Heap() != wasm.NullFuncRef
}

func makeRootMap(m *Module, index uint32) *rootMap {
	l := m.lowerer(index)
	r := &rootMap{}
	at := 0
	for _, t := range l.locals {
		if holdsObjects(t) {
			r.locals = append(r.locals, uint16(at))
		}
		at += width(t)
	}
	byKey := map[uint32][]uint16{}
	left := rootBase + rootShare*len(l.b)
	l.visit = func(p point) {
		if left -= len(p.stack); left < 0 {
			clear(byKey)
			return
		}
		roots := []uint16{}
		for _, o := range p.stack {
			if o.where == inSlot && holdsObjects(o.typ) {
				roots = append(roots, o.home)
			}
		}
		// Two points with the same key differ only by operands that have no slots of their own.
		if key := rootKey(p.index, p.kind == pointAfterCall); byKey[key] == nil || len(roots) > len(byKey[key]) {
			byKey[key] = roots
		}
	}
	if _, err := l.function(); err != nil {
		return r // it was lowered before, or is not running
	}
	for key := range byKey {
		r.keys = append(r.keys, key)
	}
	slices.Sort(r.keys)
	for _, key := range r.keys {
		r.slots = append(r.slots, byKey[key]...)
		r.ends = append(r.ends, uint32(len(r.slots)))
	}
	r.slots = slices.Clip(r.slots)
	return r
}

// shadeRoots shades what the store's threads and globals refer to, and takes note of its tables.
func (s *Store) shadeRoots(h *heap) {
	for _, t := range s.threads {
		t.shadeStack(h)
	}
	for _, g := range s.globals {
		if holdsObjects(g.typ.Type) {
			h.shade(g.val)
		}
	}
	for _, t := range s.tables {
		if holdsObjects(t.typ.Elem) && len(t.elems) > 0 {
			h.tables = append(h.tables, tableScan{t, 0})
		}
	}
}

// outerCall is where a frame stands whose host function has called back into wasm.
type outerCall struct {
	sp int // behind that frame
	pc uintptr
	fp uintptr // from the stack's base
}

// shadeStack shades what the thread's frames refer to.
func (t *Thread) shadeStack(h *heap) {
	outer := len(t.outer)
	top := uintptr(0) // end of the frame
	for i := t.sp - 1; i >= 0; i-- {
		fn := t.frames[i].fn
		var fp unsafe.Pointer
		var index int
		below, calledBack := i < t.sp-1, false
		if below && t.frames[i+1].returns() == &leaveInstr {
			// There are more calls back than such frames where one was of a host function, which called back in turn.
			for outer--; t.outer[outer].sp != i+1; outer-- {
			}
			calledBack = true
			fp, index = unsafe.Add(t.stackBase, t.outer[outer].fp), fn.code.Load().indexOf(t.outer[outer].pc)
		} else {
			fp, index = t.standing(i)
		}
		if top == 0 {
			top = uintptr(fp) + fn.code.Load().room*8
		}
		roots := fn.rootMap()
		operands, ok := roots.find(rootKey(index, below && !calledBack))
		switch {
		case !ok:
			// Nothing is lost by looking at the whole frame.
			for n := (min(top, t.stackEnd) - uintptr(fp)) / 8; n > 0; n-- {
				h.shadeValid(*slot(fp, uint16(n-1)))
			}
		case calledBack || !below && t.atCall:
			for _, k := range operands {
				h.shadeValid(*slot(fp, k))
			}
			roots.shadeLocals(h, fp)
		default:
			for _, k := range operands {
				h.shade(*slot(fp, k))
			}
			roots.shadeLocals(h, fp)
		}
		top = uintptr(fp)
	}
}

// shadeLocals shades what the locals of the frame at fp refer to.
func (r *rootMap) shadeLocals(h *heap, fp unsafe.Pointer) {
	for _, k := range r.locals {
		h.shade(*slot(fp, k))
	}
}

// shadeValid shades ref if it refers to an object.
func (h *heap) shadeValid(ref uint64) {
	if isObject(ref) && h.valid(ref) {
		h.shade(ref)
	}
}
