package wasm

import (
	"cmp"
	"slices"
)

// What custom sections say has no part in whether a module is valid. Here is what they are read for beyond names and
// lines, and the check for those who want to know whether they were written right.

// sectionBranchHints is the name of the section of branch hints (specification 7.5.3).
const sectionBranchHints = "metadata.code.branch_hint"

// BranchHint says of an if or br_if whether its condition is likely to be true.
type BranchHint struct {
	Func   uint32 // index in the whole index space
	Offset uint32 // of the instruction in the function's [Code.Body]
	Likely bool
}

// BranchHints returns the module's branch hints by function and offset. Hints that are for no instruction of a function
// may be among them if the module has such; CheckCustoms finds them.
func (m *Module) BranchHints() []BranchHint {
	m.lazy.hintsOnce.Do(func() {
		if c := m.customSection(sectionBranchHints); c != nil {
			m.lazy.hints, _ = m.readBranchHints(c)
			slices.SortStableFunc(m.lazy.hints, compareHints)
		}
	})
	return m.lazy.hints
}

func compareHints(a, b BranchHint) int {
	return cmp.Or(cmp.Compare(a.Func, b.Func), cmp.Compare(a.Offset, b.Offset))
}

// customSection returns the first custom section with that name, or nil.
func (m *Module) customSection(name string) *Custom {
	for i := range m.Customs {
		if m.Customs[i].Name == name {
			return &m.Customs[i]
		}
	}
	return nil
}

// customReader reads the contents of a custom section. Offsets in its errors are into the module's binary.
func (m *Module) customReader(c *Custom) *reader {
	return &reader{b: m.Bytes, pos: int(c.Offset), end: int(c.Offset) + len(c.Data), section: c.Name, fn: -1}
}

// readBranchHints reads the hints up to the first that is broken.
func (m *Module) readBranchHints(c *Custom) ([]BranchHint, *Error) {
	r := m.customReader(c)
	var hints []BranchHint
	locals := m.localsSizes()
	lastFunc := int64(-1)
	for range r.count(2, maxFuncs, "functions with branch hints") {
		off := r.pos
		fn := r.u32()
		defined := int64(fn) - int64(m.NumImportedFuncs)
		switch {
		case r.err != nil:
		case int64(fn) <= lastFunc:
			r.malformed(off, "branch hints of function %d stand behind those of %d", fn, lastFunc)
		case defined < 0 || defined >= int64(len(m.Code)):
			r.invalid(off, "branch hints: unknown function %d", fn)
		}
		lastFunc = int64(fn)
		lastOffset := int64(-1)
		for range r.count(3, maxBodySize, "branch hints") {
			off = r.pos
			at, size, value := r.u32(), r.u32(), r.byte()
			switch {
			case r.err != nil:
			case size != 1 || value > 1:
				r.malformed(off, "malformed branch hint: value %#x of %d bytes", value, size)
			case int64(at) <= lastOffset:
				r.malformed(off, "branch hint at %d stands behind that at %d", at, lastOffset)
			case at < locals[defined]:
				r.invalid(off, "@%s annotation: invalid target: offset %d of function %d is among its locals", c.Name, at, fn)
			}
			if r.err != nil {
				return hints, r.err
			}
			lastOffset = int64(at)
			hints = append(hints, BranchHint{Func: fn, Offset: at - locals[defined], Likely: value == 1})
		}
		if r.err != nil {
			return hints, r.err
		}
	}
	if r.err == nil && r.pos != r.end {
		r.malformed(r.pos, "section size mismatch: %d bytes too many", r.end-r.pos)
	}
	return hints, r.err
}

// localsSizes returns for each defined function how many bytes its locals take, from which the offsets of branch hints count.
func (m *Module) localsSizes() []uint32 {
	sizes := make([]uint32, len(m.Code))
	r := &reader{b: m.Bytes, pos: int(m.codeStart), end: len(m.Bytes), fn: -1}
	if len(m.Code) > 0 {
		r.u32()
	}
	for i := range m.Code {
		size := r.u32()
		sizes[i] = m.Code[i].Offset - uint32(r.pos)
		r.skip(int(size))
	}
	return sizes
}

// CheckCustoms checks the custom sections that have a meaning here: names and branch hints. It returns an *Error of
// the class ErrMalformed or ErrInvalid for the first that is wrong. A module is good without: what is wrong in a
// custom section is passed over wherever it is read.
func (m *Module) CheckCustoms() error {
	seen := make(map[string]bool)
	for i := range m.Customs {
		c := &m.Customs[i]
		if c.Name != "name" && c.Name != sectionBranchHints {
			continue
		}
		var err *Error
		switch {
		case seen[c.Name]:
			r := m.customReader(c)
			r.malformed(r.pos, "@%s: multiple sections", c.Name)
			err = r.err
		case c.Name == "name":
			err = checkNames(m.customReader(c))
		default:
			err = m.checkBranchHints(c)
		}
		if err != nil {
			return err
		}
		seen[c.Name] = true
	}
	return nil
}

// Kinds of name subsections (specification 7.4.1 and the extended-name-section proposal).
const (
	nameModule    = 0
	nameLocals    = 2
	nameLabels    = 3
	nameFields    = 10
	nameTags      = 11
	nameKindsDone = nameTags + 1
)

// checkNames checks a name section: its subsections stand in order, and so do the names in each.
func checkNames(r *reader) *Error {
	for last := -1; r.left() > 0 && r.err == nil; {
		off := r.pos
		id := int(r.byte())
		size := r.u32()
		switch {
		case r.err != nil:
		case uint64(size) > uint64(r.left()):
			r.malformed(off, "length out of bounds: name subsection of %d bytes, %d there", size, r.left())
		case id >= nameKindsDone:
			r.malformed(off, "malformed name subsection id: %d", id)
		case id <= last:
			r.malformed(off, "name subsection %d stands behind %d", id, last)
		}
		if r.err != nil {
			break
		}
		last = id
		end := r.end
		r.end = r.pos + int(size)
		switch id {
		case nameModule:
			r.name()
		case nameLocals, nameLabels, nameFields:
			checkNameMap(r, func() { checkNameMap(r, func() { r.name() }) })
		default:
			checkNameMap(r, func() { r.name() })
		}
		if r.err == nil && r.pos != r.end {
			r.malformed(r.pos, "section size mismatch: %d bytes too many in a name subsection", r.end-r.pos)
		}
		r.end = end
	}
	return r.err
}

// checkNameMap checks a vector of indices, each with an item, whose indices must rise.
func checkNameMap(r *reader, item func()) {
	last := int64(-1)
	for range r.count(2, maxFuncs+maxImports, "names") {
		off := r.pos
		i := int64(r.u32())
		if i <= last && r.err == nil {
			r.malformed(off, "name of index %d stands behind that of %d", i, last)
		}
		if last = i; r.err == nil {
			item()
		}
		if r.err != nil {
			return
		}
	}
}

// checkBranchHints checks that each hint is for an if or a br_if. Validating the functions again finds where their
// instructions begin.
func (m *Module) checkBranchHints(c *Custom) *Error {
	hints, err := m.readBranchHints(c)
	if err != nil {
		return err
	}
	var declared bitset
	for i := range m.FuncTypes {
		declared.set(uint32(i))
	}
	v := newValidator(m, AllFeatures, &declared)
	v.stepwise = true
	for len(hints) > 0 {
		fn := hints[0].Func
		code := &m.Code[int(fn)-m.NumImportedFuncs]
		v.begin(int(fn) - m.NumImportedFuncs)
		for len(v.ctrl) > 0 && v.err == nil && len(hints) > 0 && hints[0].Func == fn {
			at := code.Offset + hints[0].Offset
			if op := Op(v.b[v.pos]); uint32(v.pos) == at && (op == OpIf || op == OpBrIf) {
				hints = hints[1:]
			} else if uint32(v.pos) >= at {
				break
			}
			v.step()
		}
		if len(hints) > 0 && hints[0].Func == fn {
			r := m.customReader(c)
			r.fn = int(fn)
			r.invalid(int(c.Offset), "@%s annotation: invalid target: no if or br_if at offset %d of the function", c.Name, hints[0].Offset)
			return r.err
		}
	}
	return nil
}
