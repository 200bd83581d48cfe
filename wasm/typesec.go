package wasm

import "encoding/binary"

// Types are compared by structure, but whole recursion groups at a time (specification 3.3): two types are the same
// if they stand at the same place of two groups that are written the same, where an index into the group counts from
// the group's start. So the reader of the type section writes each group down in that form, as a key, and keeps the
// first group for each key. Every type of a later group with that key has the first one's as its [TypeDef.Canon], and
// since all indices in what follows are canonical, a comparison of two types is one of two numbers from there on.

// Forms of types (specification 5.3.10 to 5.3.13).
const (
	formFunc     = 0x60
	formStruct   = 0x5F
	formArray    = 0x5E
	formSub      = 0x50
	formSubFinal = 0x4F
	formRec      = 0x4E

	formDescriptor = 0x4D
	formDescribes  = 0x4C
)

// typeSection reads type sections.
type typeSection struct {
	*typeReader
	types  arena[ValType]
	fields arena[FieldType]
	groups map[string]uint32 // first type of the group with that key
	depth  []uint8           // of supertypes above each type
	key    []byte
}

// read reads the contents of a type section: a vector of recursion groups.
func (s *typeSection) read() {
	n := s.count(2, maxTypes, "types")
	s.defs = make([]TypeDef, 0, n)
	s.groups = make(map[string]uint32, n)
	for range n {
		if s.group(); s.err != nil {
			return
		}
	}
	s.setTypes(s.defs)
}

// group reads a recursion group; a type that stands alone is a group of one.
func (s *typeSection) group() {
	off, n := s.pos, 1
	if off < s.end && s.b[off] == formRec {
		s.pos++
		if !s.need(off, s.features, FeatureGC, "a recursion group") {
			return
		}
		n = s.count(2, maxTypes, "types in a recursion group")
	}
	first := len(s.defs)
	if first+n > maxTypes {
		s.limit(off, "too many types: %d, at most %d are supported", first+n, maxTypes)
		return
	}
	s.first, s.behind = uint32(first), uint32(first+n)
	if first+n > cap(s.defs) {
		s.defs = append(make([]TypeDef, 0, max(first+n, 2*cap(s.defs))), s.defs...)
	}
	for i := range n {
		if s.subType(uint32(first+i), uint32(n)); s.err != nil {
			return
		}
	}
	s.canonicalize()
	for i := first; i < first+n && s.err == nil; i++ {
		s.checkDescriptors(off, uint32(i))
		s.checkSuper(off, uint32(i))
	}
}

// subType reads type i, one of a group of n.
func (s *typeSection) subType(i, n uint32) {
	off := s.pos
	form := s.byte()
	def := TypeDef{Final: true, Super: -1, Canon: i, Group: s.first, GroupLen: n}
	if form == formSub || form == formSubFinal {
		if !s.need(off, s.features, FeatureGC, "a type with subtypes or a supertype") {
			return
		}
		def.Final = form == formSubFinal
		supers := s.pos
		if k := s.count(1, maxTypes, "supertypes"); k > 1 {
			s.invalid(supers, "sub type with %d super types, at most one is allowed", k)
		} else if k == 1 {
			super := s.u32()
			if super >= i {
				s.invalid(supers, "unknown type %d: a super type stands before its sub type, which is %d", super, i)
			}
			def.Super = int32(super)
		}
		off = s.pos
		form = s.byte()
	}
	if (form == formDescribes || form == formDescriptor) && s.need(off, s.features, FeatureCustomDescriptors, "a type that is described or describes one") {
		off, form = s.descriptors(&def, form)
	}
	switch form {
	case formFunc:
		def.Params = s.valTypes(maxParams, "parameters")
		off = s.pos
		def.Results = s.valTypes(maxResults, "results")
		if len(def.Results) > 1 {
			s.need(off, s.features, FeatureMultiValue, "a function type with %d results", len(def.Results))
		}
	case formStruct:
		s.need(off, s.features, FeatureGC, "a structure type")
		def.Kind, def.Fields = CompStruct, s.fields.take(s.count(2, maxFields, "fields"))
		for k := range def.Fields {
			def.Fields[k] = s.fieldType()
		}
	case formArray:
		s.need(off, s.features, FeatureGC, "an array type")
		def.Kind, def.Fields = CompArray, s.fields.take(1)
		def.Fields[0] = s.fieldType()
	default:
		if form&0x80 != 0 {
			s.malformed(off, "malformed definition type: integer representation too long: form %#x", form)
		}
		s.malformed(off, "malformed definition type: form %#x", form)
	}
	s.defs = append(s.defs, def)
}

func (s *typeSection) valTypes(max uint32, what string) []ValType {
	types := s.types.take(s.count(1, max, what))
	for i := range types {
		types[i] = s.valType()
	}
	return types
}

func (s *typeSection) fieldType() FieldType {
	return FieldType{Type: s.storageType(), Mutable: s.mutability()}
}

// canonicalize gives the types of the group at hand their Canon, and makes the indices in them canonical.
func (s *typeSection) canonicalize() {
	if s.first == s.behind {
		return
	}
	s.key = s.key[:0]
	for i := s.first; i < s.behind; i++ {
		s.writeKey(&s.defs[i])
	}
	twin, ok := s.groups[string(s.key)]
	if !ok {
		s.groups[string(s.key)] = s.first
		return
	}
	move := func(t *ValType) {
		if i, ok := t.TypeIndex(); ok && i >= s.first {
			*t = *t&(1<<indexShift-1) | ValType(i-s.first+twin)<<indexShift
		}
	}
	for i := s.first; i < s.behind; i++ {
		def := &s.defs[i]
		def.Canon = i - s.first + twin
		for k := range def.Params {
			move(&def.Params[k])
		}
		for k := range def.Results {
			move(&def.Results[k])
		}
		for k := range def.Fields {
			move(&def.Fields[k].Type)
		}
	}
}

// writeKey writes a type so that what is written is the same exactly for the same types.
func (s *typeSection) writeKey(def *TypeDef) {
	form := byte(def.Kind) << 1
	if def.Final {
		form |= 1
	}
	if def.Descriptor|def.Describes != 0 {
		form |= 1 << 3
	}
	s.key = append(s.key, form)
	s.writeIndex(uint32(def.Super + 1))
	if def.Descriptor|def.Describes != 0 {
		s.writeIndex(def.Descriptor)
		s.writeIndex(def.Describes)
	}
	if def.Kind != CompFunc {
		s.key = binary.AppendUvarint(s.key, uint64(len(def.Fields)))
		for _, f := range def.Fields {
			s.writeType(f.Type)
			mut := byte(0)
			if f.Mutable {
				mut = 1
			}
			s.key = append(s.key, mut)
		}
		return
	}
	for _, list := range [...][]ValType{def.Params, def.Results} {
		s.key = binary.AppendUvarint(s.key, uint64(len(list)))
		for _, t := range list {
			s.writeType(t)
		}
	}
}

// writeIndex writes 1 + the index of a type, or 0. Indices of the group count from its start and are even, others are
// odd.
func (s *typeSection) writeIndex(next uint32) {
	x := uint64(0)
	switch {
	case next > s.first:
		x = uint64(next-s.first) << 1
	case next > 0:
		x = uint64(s.defs[next-1].Canon)<<1 + 1
	}
	s.key = binary.AppendUvarint(s.key, x)
}

func (s *typeSection) writeType(t ValType) {
	s.key = append(s.key, byte(t))
	i, ok := t.TypeIndex()
	if !ok && t&^codeMask == 0 {
		return // as most types, in one byte: no code below is one of these
	}
	// The code of a reference that is more than its code is written once more with what else it is.
	s.key[len(s.key)-1] = byte(t>>8)&3 | 0x10
	s.key = append(s.key, byte(t))
	if ok && i >= s.first {
		s.key = binary.AppendUvarint(s.key, uint64(i-s.first)<<1)
	} else if ok {
		s.key = binary.AppendUvarint(s.key, uint64(i)<<1+1)
	}
}

// checkSuper checks that type i may be a subtype of the one it names (specification 3.2.11).
func (s *typeSection) checkSuper(off int, i uint32) {
	def := &s.defs[i]
	if def.Super < 0 {
		return
	}
	if n := len(s.defs); len(s.depth) < n {
		s.depth = append(s.depth, make([]uint8, n-len(s.depth))...)
	}
	super := &s.defs[def.Super]
	s.depth[i] = s.depth[def.Super] + 1
	switch {
	case s.depth[i] > maxSubtyping:
		s.limit(off, "sub type %d has too many super types above it: at most %d are supported", i, maxSubtyping)
	case super.Final:
		s.invalid(off, "sub type %d does not match super type %d, which is final", i, def.Super)
	case !matchComp(s.defs, def, super) || super.Descriptor != 0 && def.Descriptor == 0 || (super.Describes == 0) != (def.Describes == 0):
		s.invalid(off, "sub type %d does not match super type %d", i, def.Super)
	case def.Describes != 0 && !MatchDefined(s.defs, def.Describes-1, super.Describes-1):
		s.invalid(off, "described type %d does not match %d, which the super type describes", def.Describes-1, super.Describes-1)
	case super.Descriptor != 0 && !MatchDefined(s.defs, def.Descriptor-1, super.Descriptor-1):
		s.invalid(off, "descriptor type %d does not match %d, the super type's", def.Descriptor-1, super.Descriptor-1)
	}
}

// descriptors reads what stands between the supertypes and the form of a type with custom descriptors, of which the
// first byte is given, and then the form.
func (s *typeSection) descriptors(def *TypeDef, form byte) (off int, next byte) {
	if form == formDescribes {
		def.Describes = s.descriptorIndex("described")
		off, form = s.pos, s.byte()
	}
	if form == formDescriptor {
		def.Descriptor = s.descriptorIndex("descriptor")
		off, form = s.pos, s.byte()
	}
	return off, form
}

// descriptorIndex reads the index of a type of the group at hand, and returns 1 + the index.
func (s *typeSection) descriptorIndex(what string) uint32 {
	off := s.pos
	i := s.u32()
	if s.err == nil && (i < s.first || i >= s.behind) {
		s.invalid(off, "%s type is outside rec group: %d", what, i)
		return 0
	}
	return i + 1
}

// checkDescriptors checks that type i is described by the type that it says and describes the type that it says.
func (s *typeSection) checkDescriptors(off int, i uint32) {
	def := &s.defs[i]
	if k := def.Describes; k != 0 {
		switch {
		case k > i:
			s.invalid(off, "forward use of described type %d: type %d describes it", k-1, i)
		case def.Kind != CompStruct:
			s.invalid(off, "described type must be a struct, and so must type %d that describes it", i)
		case s.defs[k-1].Descriptor != i+1:
			s.invalid(off, "described type is not described by descriptor: %d by %d", k-1, i)
		}
	}
	if k := def.Descriptor; k != 0 {
		switch {
		case def.Kind != CompStruct:
			s.invalid(off, "descriptor type must be a struct, and so must type %d that has it", i)
		case s.defs[k-1].Describes != i+1:
			s.invalid(off, "type is not described by its descriptor: %d by %d", i, k-1)
		}
	}
}

// DecodeTypes reads what [AppendTypes] wrote, or the contents of a module's type section.
func DecodeTypes(b []byte, f Features) ([]TypeDef, error) {
	r := &typeReader{reader: reader{b: b, end: len(b), section: sectionNames[secType], fn: -1}, features: f}
	s := typeSection{typeReader: r}
	s.read()
	if r.err == nil && r.pos != r.end {
		r.malformed(r.pos, "section size mismatch: %d bytes too many", r.end-r.pos)
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.defs, nil
}

// AppendTypes appends to b the contents of a type section with the types, as the binary format has them. Recursion
// groups must be whole.
func AppendTypes(b []byte, defs []TypeDef) []byte {
	groups := uint64(0)
	for i := 0; i < len(defs); i += int(defs[i].GroupLen) {
		groups++
	}
	b = binary.AppendUvarint(b, groups)
	for i := range defs {
		if def := &defs[i]; def.Group == uint32(i) && def.GroupLen != 1 {
			b = append(b, formRec)
			b = binary.AppendUvarint(b, uint64(def.GroupLen))
		}
		b = appendType(b, &defs[i], uint32(i))
	}
	return b
}

// appendType appends type i.
func appendType(b []byte, def *TypeDef, i uint32) []byte {
	if def.Super >= 0 || !def.Final {
		form := byte(formSub)
		if def.Final {
			form = formSubFinal
		}
		b = append(b, form)
		if def.Super < 0 {
			b = append(b, 0)
		} else {
			b = binary.AppendUvarint(append(b, 1), uint64(def.Super))
		}
	}
	if def.Describes != 0 {
		b = binary.AppendUvarint(append(b, formDescribes), uint64(def.Describes-1))
	}
	if def.Descriptor != 0 {
		b = binary.AppendUvarint(append(b, formDescriptor), uint64(def.Descriptor-1))
	}
	// Indices into the group are of its first twin in the module. They must be of this group again, or the two would
	// not be twins when they are read.
	twin := def.Canon - (i - def.Group)
	val := func(t ValType) {
		if k, ok := t.TypeIndex(); ok && k >= twin && k < twin+def.GroupLen {
			t = t&(1<<indexShift-1) | ValType(k-twin+def.Group)<<indexShift
		}
		b = appendValType(b, t)
	}
	switch def.Kind {
	case CompFunc:
		b = append(b, formFunc)
		for _, list := range [...][]ValType{def.Params, def.Results} {
			b = binary.AppendUvarint(b, uint64(len(list)))
			for _, t := range list {
				val(t)
			}
		}
		return b
	case CompStruct:
		b = binary.AppendUvarint(append(b, formStruct), uint64(len(def.Fields)))
	default:
		b = append(b, formArray)
	}
	for _, f := range def.Fields {
		val(f.Type)
		mut := byte(0)
		if f.Mutable {
			mut = 1
		}
		b = append(b, mut)
	}
	return b
}

// appendValType appends a value type or the type of a packed field.
func appendValType(b []byte, t ValType) []byte {
	i, defined := t.TypeIndex()
	if !defined && t.Nullable() {
		return append(b, byte(t))
	}
	form := refNullForm
	if !t.Nullable() {
		form = refForm
	}
	b = append(b, form)
	if !defined {
		return append(b, byte(t))
	}
	if t.Exact() {
		b = append(b, exactForm)
	}
	// The index is a signed number: where bit 6 is the last, one more group of bits says that it is positive.
	for ; i >= 0x40; i >>= 7 {
		b = append(b, byte(i)|0x80)
	}
	return append(b, byte(i))
}
