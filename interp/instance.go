package interp

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-vm/godwit/wasm"
)

// Instance is a module instance (specification 4.2.6).
type Instance struct {
	// The first fields are the ones that handlers read.
	funcs    []*Func
	globals  []*Global
	memories []*Memory
	tables   []*Table
	typeIDs  []uint32 // per type of the module

	store  *Store
	module *Module
	name   string
	number int // in Store.instances

	droppedElems []bool
	droppedDatas []bool
}

// ErrLink is matched by what Instantiate returns when an import is missing or of another type.
var ErrLink = errors.New("link error")

// LinkError says which import could not be satisfied, and why.
type LinkError struct {
	Module, Name string
	Reason       string
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("import %s.%s: %s", e.Module, e.Name, e.Reason)
}
func (e *LinkError) Unwrap() error { return ErrLink }

// Name is the name the instance was given.
func (i *Instance) Name() string { return i.name }

// Module is the module the instance was made of.
func (i *Instance) Module() *Module { return i.module }

// Store is the store the instance lives in.
func (i *Instance) Store() *Store { return i.store }

// Func, Table, Memory and Global give the objects of the instance's index spaces.
func (i *Instance) Func(index uint32) *Func { return i.funcs[index] }

// Table is table index, see Func.
func (i *Instance) Table(index uint32) *Table { return i.tables[index] }

// Memory is memory index, see Func.
func (i *Instance) Memory(index uint32) *Memory { return i.memories[index] }

// Global is global index, see Func.
func (i *Instance) Global(index uint32) *Global { return i.globals[index] }

// NumMemories counts the instance's memories.
func (i *Instance) NumMemories() int { return len(i.memories) }

// Export finds an exported object.
func (i *Instance) Export(name string) (e Extern, ok bool) {
	x, ok := i.module.wasm.Export(name)
	if !ok {
		return Extern{}, false
	}
	switch x.Kind {
	case wasm.ExternFunc:
		e.Func = i.funcs[x.Index]
	case wasm.ExternTable:
		e.Table = i.tables[x.Index]
	case wasm.ExternMemory:
		e.Memory = i.memories[x.Index]
	case wasm.ExternGlobal:
		e.Global = i.globals[x.Index]
	}
	return e, true
}

// Instantiate makes an instance of m (specification 4.5.4): imports, in the order of the module's import section, are
// checked against their declared types, then memories, tables and globals are made and active segments are copied. The
// start function is not called: the caller does, with Start, so that it can be interrupted and frozen like any other.
func (s *Store) Instantiate(m *Module, name string, imports []Extern) (*Instance, error) {
	inst, err := s.allocate(m, name, imports)
	if err != nil {
		return nil, err
	}
	if err := inst.initialise(); err != nil {
		return nil, err
	}
	return inst, nil
}

// Start calls the module's start function, if it has one.
func (i *Instance) Start(ctx context.Context, t *Thread) error {
	if i.module.wasm.Start < 0 {
		return nil
	}
	return t.Call(ctx, i.funcs[i.module.wasm.Start], nil)
}

// allocate builds the instance with everything but its initial contents.
func (s *Store) allocate(m *Module, name string, imports []Extern) (*Instance, error) {
	w := m.wasm
	if len(imports) != len(w.Imports) {
		return nil, fmt.Errorf("%w: the module has %d imports, %d were given", ErrLink, len(w.Imports), len(imports))
	}
	if n := len(s.funcs) + len(w.Funcs); n > maxFuncs {
		return nil, &LimitError{What: "a store", Want: uint64(n), Limit: maxFuncs, Unit: "functions"}
	}
	i := &Instance{store: s, module: m, name: name,
		funcs:        make([]*Func, 0, len(w.FuncTypes)),
		droppedElems: make([]bool, len(w.Elems)),
		droppedDatas: make([]bool, len(w.Datas)),
		typeIDs:      make([]uint32, len(w.Types)),
	}
	for k := range w.Types {
		i.typeIDs[k] = s.typeID(&w.Types[k].FuncType)
	}
	for k, imp := range w.Imports {
		if err := i.link(&imp, imports[k]); err != nil {
			return nil, err
		}
	}
	for _, t := range w.Memories {
		mem, err := newMemory(t, s.cfg.MaxMemory)
		if err != nil {
			return nil, err
		}
		i.memories = append(i.memories, mem)
	}
	for _, t := range w.Tables {
		tab, err := s.newTable(t.Type)
		if err != nil {
			return nil, err
		}
		i.tables = append(i.tables, tab)
	}
	for _, g := range w.Globals {
		i.globals = append(i.globals, &Global{typ: g.Type})
	}
	// Nothing can fail any more: the new objects get their addresses.
	i.number = len(s.instances)
	s.instances = append(s.instances, i)
	s.memories = append(s.memories, i.memories[w.NumImportedMemories:]...)
	s.tables = append(s.tables, i.tables[w.NumImportedTables:]...)
	s.globals = append(s.globals, i.globals[w.NumImportedGlobals:]...)
	i.addFuncs()
	return i, nil
}

// addFuncs makes the module's own functions.
func (i *Instance) addFuncs() {
	w, s := i.module.wasm, i.store
	block := make([]Func, len(w.Funcs))
	for k, typ := range w.Funcs {
		f := &block[k]
		ft := &w.Types[typ].FuncType
		*f = Func{entry: &lowerFirstInstr, room: unready, nparams: uint32(slotCount(ft.Params)), nresults: uint32(slotCount(ft.Results)), inst: i,
			index: uint32(w.NumImportedFuncs + k), addr: uint32(len(s.funcs)), typeID: i.typeIDs[typ], typ: ft}
		s.funcs = append(s.funcs, f)
		i.funcs = append(i.funcs, f)
	}
}

// link checks an import against what was given for it (specification 4.5.3, matching 3.3.6) and takes it.
func (i *Instance) link(imp *wasm.Import, x Extern) error {
	fail := func(format string, args ...any) error {
		return &LinkError{imp.Module, imp.Name, fmt.Sprintf(format, args...)}
	}
	switch imp.Kind {
	case wasm.ExternFunc:
		if x.Func == nil {
			return fail("unknown import, or incompatible import type: a function is needed")
		}
		if want := i.typeIDs[imp.Type]; x.Func.typeID != want {
			return fail("incompatible import type: %v is needed, %v was given", &i.module.wasm.Types[imp.Type].FuncType, x.Func.typ)
		}
		i.funcs = append(i.funcs, x.Func)
	case wasm.ExternTable:
		if x.Table == nil {
			return fail("unknown import, or incompatible import type: a table is needed")
		}
		if x.Table.typ.Elem != imp.Table.Elem || !limitsMatch(x.Table.typ.Limits, uint64(len(x.Table.elems)), imp.Table.Limits) {
			return fail("incompatible import type: table %v is needed, %v was given", imp.Table, x.Table.typ)
		}
		i.tables = append(i.tables, x.Table)
	case wasm.ExternMemory:
		if x.Memory == nil {
			return fail("unknown import, or incompatible import type: a memory is needed")
		}
		if !sameMemoryKind(x.Memory.typ, imp.Memory) || !limitsMatch(x.Memory.typ.Limits, x.Memory.Pages(), imp.Memory.Limits) {
			return fail("incompatible import type: memory %v is needed, %v was given", imp.Memory, x.Memory.typ)
		}
		i.memories = append(i.memories, x.Memory)
	case wasm.ExternGlobal:
		if x.Global == nil {
			return fail("unknown import, or incompatible import type: a global is needed")
		}
		if x.Global.typ != imp.Global {
			return fail("incompatible import type: global %v is needed, %v was given", imp.Global, x.Global.typ)
		}
		i.globals = append(i.globals, x.Global)
	}
	return nil
}

// limitsMatch tells whether an object of type have and size now may be imported as want (specification 3.3.3).
func limitsMatch(have wasm.Limits, now uint64, want wasm.Limits) bool {
	return have.Is64 == want.Is64 && now >= want.Min && (!want.HasMax || have.HasMax && have.Max <= want.Max)
}

// initialise gives globals and tables their initial values and copies the active segments.
func (i *Instance) initialise() error {
	w := i.module.wasm
	for k := range w.Globals {
		i.globals[w.NumImportedGlobals+k].val = i.eval(&w.Globals[k].Init)
	}
	for k := range w.Tables {
		if init := w.Tables[k].Init; init != nil {
			v := i.eval(init)
			elems := i.tables[w.NumImportedTables+k].elems
			for j := range elems {
				elems[j] = v
			}
		}
	}
	for k := range w.Elems {
		e := &w.Elems[k]
		switch e.Mode {
		case wasm.SegmentActive:
			off := i.eval(&e.Offset)
			if !i.tableInit(i.tables[e.Table], uint32(k), off, 0, uint64(elemLen(e))) {
				return fmt.Errorf("element segment %d: %w", k, TrapTableOutOfBounds)
			}
			i.droppedElems[k] = true
		case wasm.SegmentDeclarative:
			i.droppedElems[k] = true
		}
	}
	for k := range w.Datas {
		d := &w.Datas[k]
		if d.Mode != wasm.SegmentActive {
			continue
		}
		off := i.eval(&d.Offset)
		if !i.memoryInit(i.memories[d.Memory], uint32(k), off, 0, uint64(len(d.Init))) {
			return fmt.Errorf("data segment %d: %w", k, TrapMemoryOutOfBounds)
		}
		i.droppedDatas[k] = true
	}
	return nil
}

// elem is element k of an element segment, as a reference.
func (i *Instance) elem(e *wasm.ElemSegment, k int) uint64 {
	if e.Exprs != nil {
		return i.eval(&e.Exprs[k])
	}
	return i.funcs[e.Funcs[k]].Ref()
}

// tableInit and memoryInit copy n items of a segment; false means out of bounds.
func (i *Instance) tableInit(t *Table, seg uint32, dst, src, n uint64) bool {
	e := &i.module.wasm.Elems[seg]
	size := uint64(elemLen(e))
	if i.droppedElems[seg] {
		size = 0
	}
	if !inside(src, n, size) || !inside(dst, n, uint64(len(t.elems))) {
		return false
	}
	for k := range n {
		t.elems[dst+k] = i.elem(e, int(src+k))
	}
	return true
}

func (i *Instance) memoryInit(m *Memory, seg uint32, dst, src, n uint64) bool {
	data := i.module.wasm.Datas[seg].Init
	if i.droppedDatas[seg] {
		data = nil
	}
	if !inside(src, n, uint64(len(data))) || !inside(dst, n, m.Size()) {
		return false
	}
	copy(m.buf[dst:], data[src:src+n])
	return true
}

// inside tells whether n items from off on are within size.
func inside(off, n, size uint64) bool { return off <= size && n <= size-off }

// mem0 is the base and size of memory 0, as the handlers carry them.
func (i *Instance) mem0() *Memory {
	if len(i.memories) == 0 {
		return &emptyMemory
	}
	return i.memories[0]
}

// emptyMemory stands in for memory 0 of an instance that has none.
var emptyMemory Memory
