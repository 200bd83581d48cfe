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

// Get is the global's value: the bits of a number, or a reference. Of a v128 it is the lower half.
func (g *Global) Get() uint64 { return g.g.Get() }

// High is the upper half of a v128.
func (g *Global) High() uint64 { return g.g.High() }

// Set changes the global. It is an error when the global is immutable, or when a reference is not of its type.
func (g *Global) Set(v uint64) error {
	t := g.g.Type().Type
	if t == I32 || t == F32 {
		v = uint64(uint32(v))
	}
	return g.g.Set(v, 0)
}

// SetV128 changes a global of type v128; lower has lane 0 and those that follow it.
func (g *Global) SetV128(lower, upper uint64) error {
	if t := g.g.Type().Type; t != V128 {
		return fmt.Errorf("the global is of type %v: %w", t, ErrSignature)
	}
	return g.g.Set(lower, upper)
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

// Set changes element i. It is an error outside of the table, or when ref is not of the elements' type.
func (t *Table) Set(i, ref uint64) error {
	return t.t.Set(i, ref)
}

// Grow appends n elements that are ref. It returns the length before; ok is false, and nothing has changed, beyond the
// table's limit or when ref is not of the elements' type.
func (t *Table) Grow(n, ref uint64) (before uint64, ok bool) {
	return t.t.Grow(n, ref)
}
