package vm

import (
	"context"
	"fmt"

	"github.com/godwit-vm/godwit/interp"
)

// Instance is an instance of a module in a program. Its methods that look up exports may be used by many goroutines;
// calls are bound to the program's one thread, see [Program].
type Instance struct {
	p    *Program
	m    *Module
	inst *interp.Instance
}

// Name is the name that the instance has in its program.
func (i *Instance) Name() string { return i.inst.Name() }

// Module is the module that the instance was made of.
func (i *Instance) Module() *Module { return i.m }

// Program is the program that the instance belongs to.
func (i *Instance) Program() *Program { return i.p }

// Call calls an exported function with the bits of its arguments, and returns the bits of its results. An i32 takes the
// lower 32 bits of an argument, so that uint64(int64(-1)) is -1. [ErrNoExport] and [ErrSignature] tell of calls that cannot
// be made; see [Func.Call] for the rest.
func (i *Instance) Call(ctx context.Context, name string, args ...uint64) ([]uint64, error) {
	f := i.Func(name)
	if f == nil {
		return nil, i.noExport(name, ExternFunc)
	}
	return f.Call(ctx, args...)
}

// Run runs a WASI program: it calls _start of a command, which returns when the program has ended, or else _initialize of
// a reactor, whose functions may then be called. A guest that ends itself with proc_exit(0) has ended well; with another
// code the error matches [*ExitError]. [ErrNoExport] says that the instance exports neither.
func (i *Instance) Run(ctx context.Context) error {
	for _, name := range []string{"_start", "_initialize"} {
		if f := i.Func(name); f != nil {
			_, err := f.Call(ctx)
			return exitedWell(err)
		}
	}
	return i.noExport("_start", ExternFunc)
}

// Func returns the exported function of that name, or nil.
func (i *Instance) Func(name string) *Func {
	if e, _ := i.inst.Export(name); e.Func != nil {
		return &Func{i.p, e.Func}
	}
	return nil
}

// Memory returns the exported memory of that name, or nil.
func (i *Instance) Memory(name string) *Memory {
	e, _ := i.inst.Export(name)
	return e.Memory
}

// Global returns the exported global of that name, or nil.
func (i *Instance) Global(name string) *Global {
	if e, _ := i.inst.Export(name); e.Global != nil {
		return &Global{i.p, e.Global}
	}
	return nil
}

// Table returns the exported table of that name, or nil.
func (i *Instance) Table(name string) *Table {
	if e, _ := i.inst.Export(name); e.Table != nil {
		return &Table{i.p, e.Table}
	}
	return nil
}

// Tag returns the exported tag of that name, or nil.
func (i *Instance) Tag(name string) *Tag {
	e, _ := i.inst.Export(name)
	return e.Tag
}

func (i *Instance) noExport(name string, kind ExternKind) error {
	return fmt.Errorf("%v %q: %w", kind, name, ErrNoExport)
}

// typed finds an exported function that has the type t, for TypedFunc0 and so on.
func (i *Instance) typed(name string, t FuncType) (*Func, error) {
	f := i.Func(name)
	if f == nil {
		return nil, i.noExport(name, ExternFunc)
	}
	if have := f.Type(); !have.Equal(&t) {
		return nil, fmt.Errorf("func %q: %w: its type is %v, not %v", name, ErrSignature, &have, &t)
	}
	return f, nil
}
