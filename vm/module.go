package vm

import (
	"iter"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// Module is a compiled module. It may be shared by any number of programs of its runtime, and by many goroutines.
// Functions are lowered when they are first called, once for all programs.
type Module struct {
	rt   *Runtime
	code *interp.Module
	key  uint64 // in Runtime.modules
}

// ExternType is the type of an import or export. Of the types the one that Kind names is set. That of a tag is a function
// type whose parameters are what its exceptions carry.
type ExternType struct {
	Kind   ExternKind
	Func   FuncType
	Table  TableType
	Memory MemoryType
	Global GlobalType
	Tag    FuncType
}

// ImportType is what a module wants to import.
type ImportType struct {
	Module, Name string
	ExternType
}

// ExportType is what instances of a module export.
type ExportType struct {
	Name string
	ExternType
}

// Name is the module's name from its name section, or "".
func (m *Module) Name() string { return m.code.Wasm().ModuleName() }

// Hash is the SHA-256 of the module's binary: the name under which a snapshot knows it.
func (m *Module) Hash() [32]byte { return m.code.Hash() }

// Binary is the binary that the module was compiled from. It must not be changed.
func (m *Module) Binary() []byte { return m.code.Wasm().Bytes }

// Imports are what the module wants to import, in its own order.
func (m *Module) Imports() iter.Seq[ImportType] {
	w := m.code.Wasm()
	return func(yield func(ImportType) bool) {
		for _, i := range w.Imports {
			t := ExternType{Kind: i.Kind, Table: i.Table, Memory: i.Memory, Global: i.Global}
			switch i.Kind {
			case ExternFunc:
				t.Func = w.Types[i.Type].FuncType
			case ExternTag:
				t.Tag = w.Types[i.Type].FuncType
			}
			if !yield(ImportType{i.Module, i.Name, t}) {
				return
			}
		}
	}
}

// Exports are what instances of the module export, in its own order.
func (m *Module) Exports() iter.Seq[ExportType] {
	w := m.code.Wasm()
	return func(yield func(ExportType) bool) {
		for _, e := range w.Exports {
			if !yield(ExportType{e.Name, externType(w, e)}) {
				return
			}
		}
	}
}

func externType(w *wasm.Module, e wasm.Export) ExternType {
	t := ExternType{Kind: e.Kind}
	switch e.Kind {
	case ExternFunc:
		t.Func = *w.FuncType(e.Index)
	case ExternTable:
		t.Table = w.TableTypes[e.Index]
	case ExternMemory:
		t.Memory = w.MemoryTypes[e.Index]
	case ExternGlobal:
		t.Global = w.GlobalTypes[e.Index]
	case ExternTag:
		t.Tag = *w.TagType(e.Index)
	}
	return t
}

// CustomSections are the module's custom sections, names and contents, in its own order. The contents must not be
// changed.
func (m *Module) CustomSections() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, c := range m.code.Wasm().Customs {
			if !yield(c.Name, c.Data) {
				return
			}
		}
	}
}
