package modgen

import (
	"maps"
	"slices"

	"github.com/godwit-vm/godwit/wasm"
)

// space is an index space.
type space int

const (
	spaceFunc space = iota
	spaceTable
	spaceMemory
	spaceGlobal
	spaceTag
	spaceElem
	spaceData
	spaceType
	spaces
)

// count tells how many there are in an index space.
func (m *Module) count(of space) int {
	return [...]int{len(m.Funcs), len(m.Tables), len(m.Memories), len(m.Globals), len(m.Tags), len(m.Elems), len(m.Datas), len(m.Types)}[of]
}

// externs are the kinds of exports of the first index spaces.
var externs = [...]wasm.ExternKind{wasm.ExternFunc, wasm.ExternTable, wasm.ExternMemory, wasm.ExternGlobal, wasm.ExternTag}

// operandSpaces are the index spaces of the immediates A and B by their kinds; -1 is none.
var operandSpaces = map[wasm.Imm][2]space{
	wasm.ImmFunc: {spaceFunc, -1}, wasm.ImmTypeTable: {spaceType, spaceTable}, wasm.ImmGlobal: {spaceGlobal, -1},
	wasm.ImmTable: {spaceTable, -1}, wasm.ImmMemory: {spaceMemory, -1}, wasm.ImmMemarg: {-1, spaceMemory},
	wasm.ImmMemargAtomic: {-1, spaceMemory}, wasm.ImmMemargLane: {-1, spaceMemory}, wasm.ImmData: {spaceData, -1},
	wasm.ImmElem: {spaceElem, -1}, wasm.ImmDataMemory: {spaceData, spaceMemory}, wasm.ImmMemoryMemory: {spaceMemory, spaceMemory},
	wasm.ImmElemTable: {spaceElem, spaceTable}, wasm.ImmTableTable: {spaceTable, spaceTable}, wasm.ImmType: {spaceType, -1},
	wasm.ImmTypeField: {spaceType, -1}, wasm.ImmTypeType: {spaceType, spaceType}, wasm.ImmTypeCount: {spaceType, -1},
	wasm.ImmTypeData: {spaceType, spaceData}, wasm.ImmTypeElem: {spaceType, spaceElem}, wasm.ImmTag: {spaceTag, -1},
}

// remove takes number n out of an index space, and moves up those that follow; false says that something refers to it.
// What is left of the module is of no use then. A type is only removed with the whole of its recursion group.
func (m *Module) remove(from space, n int) bool {
	r := &remover{space: from, at: uint64(n), by: 1}
	switch from {
	case spaceFunc:
		m.Funcs = slices.Delete(m.Funcs, n, n+1)
		if m.Start == n {
			return false
		}
		if m.Start > n {
			m.Start--
		}
		for i := range m.Elems {
			funcs := slices.DeleteFunc(m.Elems[i].Funcs, func(f uint32) bool { return f == uint32(n) })
			for k := range funcs {
				r.index32(&funcs[k])
			}
			m.Elems[i].Funcs = funcs
		}
	case spaceTable:
		m.Tables = slices.Delete(m.Tables, n, n+1)
		for i := range m.Elems {
			if m.Elems[i].Mode == wasm.SegmentActive {
				r.index32(&m.Elems[i].Table)
			}
		}
	case spaceMemory:
		m.Memories = slices.Delete(m.Memories, n, n+1)
		for i := range m.Datas {
			if m.Datas[i].Mode == wasm.SegmentActive {
				r.index32(&m.Datas[i].Memory)
			}
		}
	case spaceGlobal:
		m.Globals = slices.Delete(m.Globals, n, n+1)
	case spaceTag:
		m.Tags = slices.Delete(m.Tags, n, n+1)
	case spaceElem:
		m.Elems = slices.Delete(m.Elems, n, n+1)
	case spaceData:
		m.Datas = slices.Delete(m.Datas, n, n+1)
	case spaceType:
		t := m.Types[n]
		if int(t.Group) != n {
			return false // it goes with the first of its group
		}
		r.by = uint64(t.GroupLen)
		m.Types = slices.Delete(m.Types, n, n+int(t.GroupLen))
		r.types(m)
	}
	if int(from) < len(externs) {
		for i := range m.Exports {
			if m.Exports[i].Kind == externs[from] {
				r.index32(&m.Exports[i].Index)
			}
		}
	}
	m.each(r.instr)
	return !r.used
}

// remover changes indices: those from at on that are removed are used, if there are any.
type remover struct {
	space  space
	at, by uint64
	used   bool
}

func (r *remover) index(i *uint64) {
	if *i >= r.at+r.by {
		*i -= r.by
	} else if *i >= r.at {
		r.used = true
	}
}

func (r *remover) index32(i *uint32) {
	wide := uint64(*i)
	r.index(&wide)
	*i = uint32(wide)
}

func (r *remover) instr(i *Instr) {
	if i.Op == opSeq {
		return
	}
	of, ok := operandSpaces[i.Op.Info().Imm]
	if ok && of[0] == r.space {
		r.index(&i.A)
	}
	if ok && of[1] == r.space {
		r.index(&i.B)
	}
	if r.space == spaceTag {
		for c := range i.Catches {
			if k := i.Catches[c].Kind; k == wasm.CatchTag || k == wasm.CatchTagRef {
				r.index32(&i.Catches[c].Tag)
			}
		}
	}
	if r.space == spaceType {
		if imm := i.Op.Info().Imm; imm == wasm.ImmBlock || imm == wasm.ImmTryTable {
			r.block(i)
		}
		r.valType(&i.Ref)
		r.valType(&i.Ref2)
		// What an expression gives may be something else by now, and is only a hint.
		used := r.used
		i.Results = r.valTypes(i.Results)
		r.used = used
	}
}

// block changes the type of a structured instruction, which has an index only if it is not a short one.
func (r *remover) block(i *Instr) {
	if len(i.Block.Params) > 0 || len(i.Block.Results) > 1 {
		r.index(&i.A)
	}
	i.Block = wasm.FuncType{Params: r.valTypes(i.Block.Params), Results: r.valTypes(i.Block.Results)}
}

func (r *remover) valType(t *wasm.ValType) {
	if n, ok := t.TypeIndex(); ok {
		nullable := t.Nullable()
		r.index32(&n)
		*t = wasm.RefTo(n, nullable)
	}
}

func (r *remover) valTypes(types []wasm.ValType) []wasm.ValType {
	types = slices.Clone(types)
	for i := range types {
		r.valType(&types[i])
	}
	return types
}

// types changes all types that stand outside of functions' bodies, and those of locals.
func (r *remover) types(m *Module) {
	for i := range m.Types {
		t := &m.Types[i]
		if uint64(t.Group) >= r.at {
			t.Group -= uint32(r.by)
		}
		if t.Super >= 0 {
			super := uint32(t.Super)
			r.index32(&super)
			t.Super = int32(super)
		}
		t.Params, t.Results = r.valTypes(t.Params), r.valTypes(t.Results)
		t.Fields = slices.Clone(t.Fields)
		for f := range t.Fields {
			r.valType(&t.Fields[f].Type)
		}
	}
	for _, f := range m.Funcs {
		r.index32(&f.Type)
		f.Locals = r.valTypes(f.Locals)
	}
	for i := range m.Tags {
		r.index32(&m.Tags[i])
	}
	for i := range m.Tables {
		r.valType(&m.Tables[i].Type.Elem)
	}
	for i := range m.Globals {
		r.valType(&m.Globals[i].Type.Type)
	}
	for i := range m.Elems {
		r.valType(&m.Elems[i].Type)
	}
}

// clone copies a module with all its instructions.
func (m *Module) clone() *Module {
	c := &cloner{made: map[*Instr]*Instr{}}
	d := *m
	d.Types, d.Memories, d.Tags = slices.Clone(m.Types), slices.Clone(m.Memories), slices.Clone(m.Tags)
	d.Exports, d.Calls = slices.Clone(m.Exports), slices.Clone(m.Calls)
	d.Funcs = nil
	for _, f := range m.Funcs {
		d.Funcs = append(d.Funcs, &Func{f.Type, slices.Clone(f.Locals), c.list(f.Body)})
	}
	d.Tables, d.Globals = slices.Clone(m.Tables), slices.Clone(m.Globals)
	d.Elems, d.Datas = slices.Clone(m.Elems), slices.Clone(m.Datas)
	for i := range d.Tables {
		d.Tables[i].Init = c.instr(d.Tables[i].Init)
	}
	for i := range d.Globals {
		d.Globals[i].Init = c.instr(d.Globals[i].Init)
	}
	for i := range d.Elems {
		e := &d.Elems[i]
		e.Funcs, e.Offset, e.Exprs = slices.Clone(e.Funcs), c.instr(e.Offset), c.list(e.Exprs)
	}
	for i := range d.Datas {
		d.Datas[i].Offset = c.instr(d.Datas[i].Offset)
	}
	for i := range maps.Values(c.made) {
		c.relabel(i)
	}
	return &d
}

// cloner copies instructions. Labels are changed at the end, when all that they may name is copied.
type cloner struct {
	made map[*Instr]*Instr
}

func (c *cloner) instr(i *Instr) *Instr {
	if i == nil {
		return nil
	}
	d := *i
	c.made[i] = &d
	d.Args, d.Body, d.Else = c.list(i.Args), c.list(i.Body), c.list(i.Else)
	d.Labels, d.Catches = slices.Clone(i.Labels), slices.Clone(i.Catches)
	for n := range d.Catches {
		d.Catches[n].Body = c.list(d.Catches[n].Body)
	}
	return &d
}

func (c *cloner) list(list []*Instr) []*Instr {
	if list == nil {
		return nil
	}
	d := make([]*Instr, len(list))
	for i := range list {
		d[i] = c.instr(list[i])
	}
	return d
}

// relabel makes labels those of the copy. One that stands nowhere stays, so that encoding finds it missing.
func (c *cloner) relabel(i *Instr) {
	for n, l := range i.Labels {
		if made := c.made[l]; made != nil {
			i.Labels[n] = made
		}
	}
	for n := range i.Catches {
		if made := c.made[i.Catches[n].Label]; made != nil {
			i.Catches[n].Label = made
		}
	}
}
