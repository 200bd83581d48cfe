package modgen

import (
	"encoding/binary"
	"errors"

	"github.com/godwit-vm/godwit/wasm"
)

// errLabel says that a branch goes to a block that it does not stand in, which only shrinking brings about.
var errLabel = errors.New("a branch to a block around which it does not stand")

// Encode gives the module's binary. The error is that a branch leads nowhere; nothing else is checked.
func (m *Module) Encode() ([]byte, error) {
	e := &encoder{}
	e.raw([]byte("\x00asm\x01\x00\x00\x00")...)
	e.section(1, m.groups(), func() { m.encodeTypes(e) })
	e.section(3, len(m.Funcs), func() {
		for _, f := range m.Funcs {
			e.uint(uint64(f.Type))
		}
	})
	e.section(4, len(m.Tables), func() {
		for _, t := range m.Tables {
			if t.Init != nil {
				e.raw(0x40, 0x00)
			}
			e.valType(t.Type.Elem)
			e.limits(t.Type.Limits, 0)
			if t.Init != nil {
				e.expr(t.Init)
			}
		}
	})
	e.section(5, len(m.Memories), func() {
		for _, t := range m.Memories {
			e.memoryType(t)
		}
	})
	e.section(13, len(m.Tags), func() {
		for _, t := range m.Tags {
			e.raw(0)
			e.uint(uint64(t))
		}
	})
	e.section(6, len(m.Globals), func() {
		for _, g := range m.Globals {
			e.valType(g.Type.Type)
			e.bool(g.Type.Mutable)
			e.expr(g.Init)
		}
	})
	e.section(7, len(m.Exports), func() {
		for _, x := range m.Exports {
			e.uint(uint64(len(x.Name)))
			e.raw([]byte(x.Name)...)
			e.raw(byte(x.Kind))
			e.uint(uint64(x.Index))
		}
	})
	if m.Start >= 0 {
		e.sectionOf(8, func() { e.uint(uint64(m.Start)) })
	}
	e.section(9, len(m.Elems), func() {
		for i := range m.Elems {
			e.elem(&m.Elems[i])
		}
	})
	if len(m.Datas) > 0 {
		e.sectionOf(12, func() { e.uint(uint64(len(m.Datas))) })
	}
	e.section(10, len(m.Funcs), func() {
		for _, f := range m.Funcs {
			e.sized(func() { e.function(f) })
		}
	})
	e.section(11, len(m.Datas), func() {
		for i := range m.Datas {
			e.data(&m.Datas[i])
		}
	})
	return e.bytes, e.err
}

// encoder appends to bytes. labels are the structured instructions around, from the outermost on.
type encoder struct {
	bytes  []byte
	labels []*Instr
	err    error
}

func (e *encoder) raw(b ...byte) { e.bytes = append(e.bytes, b...) }
func (e *encoder) uint(v uint64) { e.bytes = binary.AppendUvarint(e.bytes, v) }

func (e *encoder) int(v int64) {
	for {
		c := byte(v & 0x7F)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			e.raw(c)
			return
		}
		e.raw(c | 0x80)
	}
}

func (e *encoder) bool(b bool) {
	if b {
		e.raw(1)
	} else {
		e.raw(0)
	}
}

// sized writes what f writes behind its length.
func (e *encoder) sized(f func()) {
	before := e.bytes
	e.bytes = nil
	f()
	contents := e.bytes
	e.bytes = before
	e.uint(uint64(len(contents)))
	e.raw(contents...)
}

func (e *encoder) sectionOf(id byte, f func()) {
	e.raw(id)
	e.sized(f)
}

// section writes a section that is a vector of n entries, if there are any.
func (e *encoder) section(id byte, n int, f func()) {
	if n > 0 {
		e.sectionOf(id, func() {
			e.uint(uint64(n))
			f()
		})
	}
}

// groups counts the recursion groups.
func (m *Module) groups() (n int) {
	for i := range m.Types {
		if int(m.Types[i].Group) == i {
			n++
		}
	}
	return n
}

func (m *Module) encodeTypes(e *encoder) {
	for i := range m.Types {
		t := &m.Types[i]
		if int(t.Group) == i && t.GroupLen != 1 {
			e.raw(0x4E)
			e.uint(uint64(t.GroupLen))
		}
		if !t.Final || t.Super >= 0 {
			if t.Final {
				e.raw(0x4F)
			} else {
				e.raw(0x50)
			}
			if t.Super >= 0 {
				e.uint(1)
				e.uint(uint64(t.Super))
			} else {
				e.uint(0)
			}
		}
		switch t.Kind {
		case wasm.CompFunc:
			e.raw(0x60)
			e.valTypes(t.Params)
			e.valTypes(t.Results)
		case wasm.CompStruct:
			e.raw(0x5F)
			e.uint(uint64(len(t.Fields)))
			for _, f := range t.Fields {
				e.valType(f.Type)
				e.bool(f.Mutable)
			}
		case wasm.CompArray:
			e.raw(0x5E)
			e.valType(t.Fields[0].Type)
			e.bool(t.Fields[0].Mutable)
		}
	}
}

func (e *encoder) valTypes(types []wasm.ValType) {
	e.uint(uint64(len(types)))
	for _, t := range types {
		e.valType(t)
	}
}

func (e *encoder) valType(t wasm.ValType) {
	_, typed := t.TypeIndex()
	switch {
	case !t.IsRef() || t.Nullable() && !typed:
		e.raw(byte(t))
		return
	case t.Nullable():
		e.raw(0x63)
	default:
		e.raw(0x64)
	}
	e.heapType(t)
}

func (e *encoder) heapType(t wasm.ValType) {
	if i, typed := t.TypeIndex(); typed {
		e.int(int64(i))
	} else {
		e.raw(byte(t))
	}
}

func (e *encoder) limits(l wasm.Limits, flags byte) {
	if l.HasMax {
		flags |= 1
	}
	if l.Is64 {
		flags |= 4
	}
	e.raw(flags)
	e.uint(l.Min)
	if l.HasMax {
		e.uint(l.Max)
	}
}

func (e *encoder) memoryType(t wasm.MemoryType) {
	var flags byte
	if t.Shared {
		flags |= 2
	}
	if t.OneByte {
		flags |= 8
	}
	e.limits(t.Limits, flags)
	if t.OneByte {
		e.uint(0) // the logarithm of the page size
	}
}

// elem writes a segment in the form of expressions, where it has some, else in that of function indices.
func (e *encoder) elem(s *Elem) {
	form := byte(2)
	switch s.Mode {
	case wasm.SegmentPassive:
		form = 1
	case wasm.SegmentDeclarative:
		form = 3
	}
	if s.Exprs != nil {
		form |= 4
	}
	e.raw(form)
	if s.Mode == wasm.SegmentActive {
		e.uint(uint64(s.Table))
		e.expr(s.Offset)
	}
	if s.Exprs == nil {
		e.raw(0) // elemkind: functions
		e.uint(uint64(len(s.Funcs)))
		for _, f := range s.Funcs {
			e.uint(uint64(f))
		}
		return
	}
	e.valType(s.Type)
	e.uint(uint64(len(s.Exprs)))
	for _, x := range s.Exprs {
		e.expr(x)
	}
}

func (e *encoder) data(s *Data) {
	switch {
	case s.Mode == wasm.SegmentPassive:
		e.raw(1)
	case s.Memory == 0:
		e.raw(0)
		e.expr(s.Offset)
	default:
		e.raw(2)
		e.uint(uint64(s.Memory))
		e.expr(s.Offset)
	}
	e.uint(uint64(len(s.Init)))
	e.raw(s.Init...)
}

func (e *encoder) function(f *Func) {
	var runs [][2]uint64
	for _, t := range f.Locals {
		if n := len(runs); n > 0 && runs[n-1][1] == uint64(t) {
			runs[n-1][0]++
		} else {
			runs = append(runs, [2]uint64{1, uint64(t)})
		}
	}
	e.uint(uint64(len(runs)))
	for _, r := range runs {
		e.uint(r[0])
		e.valType(wasm.ValType(r[1]))
	}
	e.labels = []*Instr{nil}
	e.list(f.Body)
	e.raw(byte(wasm.OpEnd))
}
