package interp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/godwit-vm/godwit/wasm"
)

// Instance is a module instance (specification 4.2.6).
type Instance struct {
	// The first fields are the ones that handlers read.
	funcs    []*Func
	globals  []*Global
	memories []*Memory
	tables   []*Table
	tags     []*Tag
	typeIDs  []uint32 // per type of the module, the id of its run-time type
	rtts     []*rtt   // per type of the module

	store  *Store
	module *Module
	name   string
	number int // in Store.instances

	objectElems  map[uint32]*Table // the elements of the segments in Module.objectElems
	droppedElems []bool
	droppedDatas []bool

	native atomic.Pointer[nativeInstance] // what machine code sees of the instance, once some has run
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

// Tag is tag index, see Func.
func (i *Instance) Tag(index uint32) *Tag { return i.tags[index] }

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
	case wasm.ExternTag:
		e.Tag = i.tags[x.Index]
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
		inst.withdraw()
		return nil, err
	}
	if err := inst.copySegments(); err != nil {
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
	}
	if err := i.internTypes(); err != nil {
		return nil, err
	}
	for k, imp := range w.Imports {
		if err := i.link(&imp, imports[k]); err != nil {
			return nil, err
		}
	}
	for _, t := range w.Memories {
		mem, err := makeMemory(t, s.cfg.MaxMemory, m.native.Load() != nil)
		if err != nil {
			return nil, err
		}
		i.memories = append(i.memories, mem)
	}
	for k := range w.Tables {
		if err := i.addTable(w.Tables[k].Type); err != nil {
			return nil, err
		}
	}
	for _, k := range m.objectElems {
		// Its elements are null until initialise makes them.
		n := uint64(elemLen(&w.Elems[k]))
		if err := i.addTable(i.tableType(len(i.tables))); err != nil {
			return nil, err
		}
		tab := i.tables[len(i.tables)-1]
		if _, ok := tab.grow(n, 0); !ok {
			return nil, &LimitError{What: "an element segment", Want: n, Limit: tab.limit, Unit: "elements"}
		}
	}
	i.findElems()
	for _, g := range w.Globals {
		i.globals = append(i.globals, &Global{typ: i.globalType(g.Type), store: s})
	}
	if err := i.addTags(); err != nil {
		return nil, err
	}
	// Nothing can fail any more: the new objects get their addresses.
	i.number = len(s.instances)
	s.instances = append(s.instances, i)
	s.memories = append(s.memories, i.memories[w.NumImportedMemories:]...)
	s.tables = append(s.tables, i.tables[w.NumImportedTables:]...)
	s.globals = append(s.globals, i.globals[w.NumImportedGlobals:]...)
	i.addFuncs()
	i.settleNativeMemory()
	return i, nil
}

// tableType is the type, in the module's terms, of table k: one of the module's or that of an element segment's objects.
func (i *Instance) tableType(k int) wasm.TableType {
	w := i.module.wasm
	if k < len(w.TableTypes) {
		return w.TableTypes[k]
	}
	e := &w.Elems[i.module.objectElems[k-len(w.TableTypes)]]
	return wasm.TableType{Elem: e.Type.AsNullable(), Limits: wasm.Limits{Max: uint64(elemLen(e)), HasMax: true}}
}

// addTable makes a table of a type in the module's terms.
func (i *Instance) addTable(typ wasm.TableType) error {
	typ.Elem = i.storeType(typ.Elem)
	tab, err := i.store.newTable(typ)
	if err == nil {
		i.tables = append(i.tables, tab)
	}
	return err
}

// globalType is a global's type in store terms.
func (i *Instance) globalType(t wasm.GlobalType) wasm.GlobalType {
	t.Type = i.storeType(t.Type)
	return t
}

// addFuncs makes the module's own functions.
func (i *Instance) addFuncs() {
	w, s := i.module.wasm, i.store
	block := make([]Func, len(w.Funcs))
	for k, typ := range w.Funcs {
		f := &block[k]
		ft := &w.Types[typ].FuncType
		f.nparams, f.nresults = uint32(slotCount(ft.Params)), uint32(slotCount(ft.Results))
		f.inst, f.index, f.addr = i, uint32(w.NumImportedFuncs+k), uint32(len(s.funcs))
		f.typ, f.typeID, f.result = ft, i.typeIDs[typ], resultOf(ft)
		f.refParams = slices.ContainsFunc(ft.Params, wasm.ValType.IsRef)
		f.code.Store(notLowered)
		s.funcs = append(s.funcs, f)
		i.funcs = append(i.funcs, f)
	}
	s.nativeFuncsAdded()
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
		if !i.store.rtts[x.Func.typeID].isOf(i.rtts[imp.Type], imp.Exact) {
			return fail("incompatible import type: %s", differ(&i.module.wasm.Types[imp.Type].FuncType, x.Func.typ))
		}
		i.funcs = append(i.funcs, x.Func)
	case wasm.ExternTable:
		if x.Table == nil {
			return fail("unknown import, or incompatible import type: a table is needed")
		}
		if x.Table.typ.Elem != i.storeType(imp.Table.Elem) || !limitsMatch(x.Table.typ.Limits, uint64(len(x.Table.elems)), imp.Table.Limits) {
			return fail("incompatible import type: table %s", differ(imp.Table, x.Table.typ))
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
		if !i.store.globalMatches(x.Global.typ, i.globalType(imp.Global)) {
			return fail("incompatible import type: global %s", differ(imp.Global, x.Global.typ))
		}
		i.globals = append(i.globals, x.Global)
	case wasm.ExternTag:
		if x.Tag == nil {
			return fail("unknown import, or incompatible import type: a tag is needed")
		}
		if x.Tag.typeID != i.typeIDs[imp.Type] {
			return fail("incompatible import type: tag %v is needed, %v was given", &i.module.wasm.Types[imp.Type].FuncType, x.Tag.typ)
		}
		i.tags = append(i.tags, x.Tag)
	}
	return nil
}

// exactImports tells for each imported function whether it must be exactly of its type; nil is for none.
func (m *Module) exactImports() []bool {
	if !slices.ContainsFunc(m.wasm.Imports, func(imp wasm.Import) bool { return imp.Exact }) {
		return nil
	}
	exact := make([]bool, 0, m.wasm.NumImportedFuncs)
	for k := range m.wasm.Imports {
		if imp := &m.wasm.Imports[k]; imp.Kind == wasm.ExternFunc {
			exact = append(exact, imp.Exact)
		}
	}
	return exact
}

// differ writes down two types that do not match. They may look the same, since each side counts its types for itself, and
// since that a type is final, has a supertype or stands in a recursion group does not show.
func differ(want, have fmt.Stringer) string {
	if want.String() == have.String() {
		return fmt.Sprintf("%v is needed, another type that is written the same was given", want)
	}
	return fmt.Sprintf("%v is needed, %v was given", want, have)
}

// globalMatches tells whether a global of type have may be imported as want (specification 3.3.7); both are in store terms.
func (s *Store) globalMatches(have, want wasm.GlobalType) bool {
	return have == want || !have.Mutable && !want.Mutable && s.matches(have.Type, want.Type)
}

// limitsMatch tells whether an object of type have and size now may be imported as want (specification 3.3.3).
func limitsMatch(have wasm.Limits, now uint64, want wasm.Limits) bool {
	return have.Is64 == want.Is64 && now >= want.Min && (!want.HasMax || have.HasMax && have.Max <= want.Max)
}

// withdraw takes the instance, the last one made, out of the store again: it has not got its initial values, and no program
// could be written down that has null where its types have none. Nothing refers to the instance yet. Tags stay: they hold
// nothing.
func (i *Instance) withdraw() {
	w, s := i.module.wasm, i.store
	for _, t := range i.tables[w.NumImportedTables:] {
		s.tableElems -= t.Len()
	}
	s.instances = s.instances[:i.number]
	s.memories = s.memories[:len(s.memories)-len(w.Memories)]
	s.tables = s.tables[:len(s.tables)-len(i.tables)+w.NumImportedTables]
	s.globals = s.globals[:len(s.globals)-len(w.Globals)]
	s.funcs = s.funcs[:len(s.funcs)-len(w.Funcs)]
	s.nativeFuncsWithdrawn()
}

// initialise gives globals, tables and passive element segments their initial values.
func (i *Instance) initialise() (err error) {
	w := i.module.wasm
	for k := range w.Globals {
		g := i.globals[w.NumImportedGlobals+k]
		if g.val, g.hi, err = i.eval(&w.Globals[k].Init); err != nil {
			return fmt.Errorf("global %d: %w", w.NumImportedGlobals+k, err)
		}
	}
	for k := range w.Tables {
		if init := w.Tables[k].Init; init != nil {
			v, _, err := i.eval(init)
			if err != nil {
				return fmt.Errorf("table %d: %w", w.NumImportedTables+k, err)
			}
			elems := i.tables[w.NumImportedTables+k].elems
			for j := range elems {
				elems[j] = v
			}
		}
	}
	for _, seg := range i.module.objectElems {
		tab, exprs := i.objectElems[seg], w.Elems[seg].Exprs
		for k := range exprs {
			if tab.elems[k], _, err = i.eval(&exprs[k]); err != nil {
				return fmt.Errorf("element segment %d: %w", seg, err)
			}
		}
	}
	return nil
}

// copySegments copies the active segments.
func (i *Instance) copySegments() error {
	w := i.module.wasm
	for k := range w.Elems {
		e := &w.Elems[k]
		switch e.Mode {
		case wasm.SegmentActive:
			off, _, _ := i.eval(&e.Offset)
			if err := i.tableInit(i.tables[e.Table], uint32(k), off, 0, uint64(elemLen(e))); err != nil {
				return fmt.Errorf("element segment %d: %w", k, err)
			}
			i.dropElem(uint32(k))
		case wasm.SegmentDeclarative:
			i.dropElem(uint32(k))
		}
	}
	for k := range w.Datas {
		d := &w.Datas[k]
		if d.Mode != wasm.SegmentActive {
			continue
		}
		off, _, _ := i.eval(&d.Offset)
		if !i.memoryInit(i.memories[d.Memory], uint32(k), off, 0, uint64(len(d.Init))) {
			return fmt.Errorf("data segment %d: %w", k, TrapMemoryOutOfBounds)
		}
		i.droppedDatas[k] = true
	}
	return nil
}

// memoryInit copies n bytes of a data segment into a memory; false means out of bounds.
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
