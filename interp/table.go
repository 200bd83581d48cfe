package interp

import (
	"fmt"
	"slices"

	"github.com/godwit-vm/godwit/wasm"
)

// Table is a table instance; its elements are references (see Store).
type Table struct {
	elems []uint64
	typ   wasm.TableType
	limit uint64
	total *uint64 // elements of all tables of the store
	store *Store
}

// newTable makes a table of null references that belongs to the store.
func (s *Store) newTable(typ wasm.TableType) (*Table, error) {
	limit := s.cfg.MaxTable
	if typ.HasMax {
		limit = min(limit, typ.Max)
	}
	if typ.Min > limit {
		return nil, &LimitError{What: "table", Want: typ.Min, Limit: limit, Unit: "elements"}
	}
	if s.tableElems+typ.Min > maxTables {
		return nil, &LimitError{What: "all tables together", Want: s.tableElems + typ.Min, Limit: maxTables, Unit: "elements"}
	}
	s.tableElems += typ.Min
	return &Table{elems: make([]uint64, typ.Min), typ: typ, limit: limit, total: &s.tableElems, store: s}, nil
}

// Type is the table's declared type.
func (t *Table) Type() wasm.TableType { return t.typ }

// Len counts the elements.
func (t *Table) Len() uint64 { return uint64(len(t.elems)) }

// Get is element i.
func (t *Table) Get(i uint64) (ref uint64, err error) {
	if i >= t.Len() {
		return 0, fmt.Errorf("element %d of %d: %w", i, t.Len(), TrapTableOutOfBounds)
	}
	return t.elems[i], nil
}

// Set changes element i.
func (t *Table) Set(i, ref uint64) error {
	if i >= t.Len() {
		return fmt.Errorf("element %d of %d: %w", i, t.Len(), TrapTableOutOfBounds)
	}
	if err := t.store.admit(t.typ.Elem, ref); err != nil {
		return err
	}
	t.store.heap.overwrite(t.elems[i : i+1])
	t.elems[i] = ref
	return nil
}

// Grow appends n elements and returns the length before; ok is false, and nothing has changed, beyond the limit or when ref
// is not of the elements' type.
func (t *Table) Grow(n, ref uint64) (before uint64, ok bool) {
	if n > 0 && t.store.admit(t.typ.Elem, ref) != nil {
		return t.Len(), false
	}
	return t.grow(n, ref)
}

// grow is Grow with a reference that is known to be one.
func (t *Table) grow(n, ref uint64) (before uint64, ok bool) {
	before = t.Len()
	if n > t.limit || before+n > t.limit || *t.total+n > maxTables {
		return before, false
	}
	*t.total += n
	t.elems = slices.Grow(t.elems, int(n))[:before+n]
	for i := before; i < before+n; i++ {
		t.elems[i] = ref
	}
	return before, true
}
