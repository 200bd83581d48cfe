package vm

import (
	"fmt"

	"github.com/godwit-vm/godwit/interp"
)

// Global is a global of a program. It may be used while its program is idle or in a host function that the program calls,
// but not while the program runs on another goroutine.
type Global struct {
	p *Program
	g *interp.Global
}

// Type is the global's type.
func (g *Global) Type() GlobalType { return g.g.Type() }

// Get is the global's value: the bits of a number, or a reference.
func (g *Global) Get() uint64 { return g.g.Get() }

// Set changes the global. It is an error when the global is immutable, or when a reference is to no function of the
// program.
func (g *Global) Set(v uint64) error {
	t := g.g.Type().Type
	if err := g.p.checkRef(t, v); err != nil {
		return err
	}
	if t == I32 || t == F32 {
		v = uint64(uint32(v))
	}
	return g.g.Set(v, 0)
}

// Table is a table of a program; its elements are references, 0 is null. It may be used when a [Global] may.
type Table struct {
	p *Program
	t *interp.Table
}

// Type is the table's declared type.
func (t *Table) Type() TableType { return t.t.Type() }

// Len counts the elements.
func (t *Table) Len() uint64 { return t.t.Len() }

// Get is element i. [Program.Func] finds the function that it refers to. Outside of the table the error is
// TrapTableOutOfBounds.
func (t *Table) Get(i uint64) (ref uint64, err error) { return t.t.Get(i) }

// Set changes element i. It is an error outside of the table, or when ref is to no function of the program.
func (t *Table) Set(i, ref uint64) error {
	if err := t.p.checkRef(t.t.Type().Elem, ref); err != nil {
		return err
	}
	return t.t.Set(i, ref)
}

// Grow appends n elements that are ref. It returns the length before; ok is false, and nothing has changed, beyond the
// table's limit or when ref is to no function of the program.
func (t *Table) Grow(n, ref uint64) (before uint64, ok bool) {
	if t.p.checkRef(t.t.Type().Elem, ref) != nil {
		return t.Len(), false
	}
	return t.t.Grow(n, ref)
}

// checkRef checks that a value of type t, if it is a reference to a function, refers to one.
func (p *Program) checkRef(t ValType, ref uint64) error {
	if t == FuncRef && ref != 0 && p.store.Func(ref) == nil {
		return fmt.Errorf("there is no function of reference %#x", ref)
	}
	return nil
}
