package interp

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// Run-time types. Each type that a module of the store defines, each host function's type, and each exception tag has an
// rtt; structurally equal types have the same one (specification 3.3.5). An rtt's id is its place in Store.rtts. "In
// store terms" a value type names a defined type by that id instead of a module's type index.

// rtt is a run-time type. One of a structure, an array or a tag says how its objects look:
//
//	| id, array length (32 bits each) | fields or elements … |
//	^ what a reference names           ^ headerSize
//
// Fields lie in the order of their declaration, each at a multiple of its own size (a v128 of 8), little-endian on every
// host. References take 8 bytes. A structure whose type has a descriptor has it as one more field, the last: subtypes have
// it at other places, and their objects' own types say where.
type rtt struct {
	id       uint32
	kind     rttKind
	elemSize uint32    // of an array
	elemRefs bool      // an array whose elements are references, but no funcrefs
	leaf     uint8     // 1 if objects have no such references
	words    bool      // all fields take 8 bytes, as they do on the stack
	desc     uint32    // where in a structure the reference to its descriptor is; 0 if it has none
	size     uint32    // of a structure with its header, or of an array without elements; a multiple of 8
	refs     []uint32  // where in the object references are that are no funcrefs, from the object's start
	fields   []rttSlot // of a structure or an exception, the descriptor last; an array has one, at headerSize
	supers   []*rtt    // the type's supertypes from the topmost on, the type itself included
	top      [1]*rtt   // supers of a type without supertypes
	def      wasm.TypeDef
	exn      *rtt   // of a function: the type of the first such tag's exceptions
	view     uint32 // while capturing: index among the view's types
}

// rttKind says what an rtt is of.
type rttKind uint8

const (
	rttFunc   = rttKind(wasm.CompFunc)
	rttStruct = rttKind(wasm.CompStruct)
	rttArray  = rttKind(wasm.CompArray)
	rttExn    = rttKind(3) // the exceptions of one tag
)

// rttSlot is where in an object a field is.
type rttSlot struct {
	offset  uint32
	size    uint32       // 1, 2, 4, 8 or 16 bytes
	typ     wasm.ValType // in store terms; I8 and I16 are packed
	mutable bool
	ref     bool // a reference that is no funcref
}

// headerSize is where in an object its fields or elements begin.
const headerSize = 8

// newExnRTT makes the type of the exceptions of a tag of type ft, which is in store terms: they carry its parameters. All
// tags of a type share what is known of its fields, since a module asks for a tag with two bytes.
func (s *Store) newExnRTT(ft *rtt) *rtt {
	r := &rtt{}
	if ft.exn != nil {
		*r = *ft.exn
	} else {
		fields := make([]wasm.FieldType, len(ft.def.Params))
		for k, t := range ft.def.Params {
			fields[k].Type = t
		}
		r.kind, r.def = rttExn, wasm.TypeDef{FuncType: ft.def.FuncType, Super: -1}
		s.layOut(r, fields)
		ft.exn = r
	}
	r.id, r.top[0] = uint32(len(s.rtts)), r
	r.supers = r.top[:]
	s.rtts = append(s.rtts, r)
	s.heap.displays.add(r)
	return r
}

// layOut gives fields, whose types are in store terms, their places.
func (s *Store) layOut(r *rtt, fields []wasm.FieldType) {
	s.objects.Store(true)
	at := uint32(headerSize)
	r.fields = make([]rttSlot, len(fields))
	r.words = true
	for k, f := range fields {
		size := storageSize(f.Type)
		at = alignField(at, size)
		r.fields[k] = rttSlot{offset: at, size: size, typ: f.Type, mutable: f.Mutable, ref: s.isTraced(f.Type)}
		if r.fields[k].ref && r.kind != rttArray {
			r.refs = append(r.refs, at)
		}
		at += size
		r.words = r.words && size == 8
	}
	if d := r.def.Descriptor; d != 0 {
		r.desc = alignField(at, 8)
		at = r.desc + 8
		r.fields = append(r.fields, rttSlot{offset: r.desc, size: 8, typ: wasm.RefTo(d-1, false).AsExact(), ref: true})
		r.refs = append(r.refs, r.desc)
	}
	r.size = (at + 7) &^ 7
	if r.kind == rttArray {
		r.size, r.elemSize, r.elemRefs = headerSize, r.fields[0].size, r.fields[0].ref
	}
	if len(r.refs) == 0 && !r.elemRefs {
		r.leaf = 1
	}
}

// alignField is the next place from at on for a field of size bytes.
func alignField(at, size uint32) uint32 {
	align := min(size, 8)
	return (at + align - 1) &^ (align - 1)
}

// storageSize is how many bytes a field of type t takes.
func storageSize(t wasm.ValType) uint32 {
	switch t {
	case wasm.I8:
		return 1
	case wasm.I16:
		return 2
	case wasm.I32, wasm.F32:
		return 4
	case wasm.V128:
		return 16
	}
	return 8
}

// isFuncRef tells whether t, in store terms, is a type of references to functions.
func (s *Store) isFuncRef(t wasm.ValType) bool {
	if id, ok := t.TypeIndex(); ok {
		return s.rtts[id].kind == rttFunc
	}
	h := t.Heap()
	return h == wasm.FuncRef || h == wasm.NullFuncRef
}

// isTraced tells whether values of type t, in store terms, may refer to objects of the heap.
func (s *Store) isTraced(t wasm.ValType) bool { return t.IsRef() && !s.isFuncRef(t) }

// fieldTypes are the types of the fields, and of the descriptor behind them; a packed one's is I8 or I16.
func (r *rtt) fieldTypes() []wasm.ValType {
	types := make([]wasm.ValType, len(r.fields))
	for k := range r.fields {
		types[k] = r.fields[k].typ
	}
	return types
}

// isSub tells whether r is of, or the same as, type t.
func (r *rtt) isSub(t *rtt) bool {
	depth := len(t.supers) - 1
	return r == t || depth < len(r.supers) && r.supers[depth] == t
}

// isOf tells whether r is t or, unless it is to be exactly that, of a subtype.
func (r *rtt) isOf(t *rtt, exact bool) bool { return r == t || !exact && r.isSub(t) }

// withIndex is t, a reference to a defined type, with another index.
func withIndex(t wasm.ValType, from, to uint32) wasm.ValType {
	return t - wasm.RefTo(from, true) + wasm.RefTo(to, true)
}

// rename is t with the index of the type that it names, if it does, changed.
func rename(t wasm.ValType, index func(uint32) uint32) wasm.ValType {
	if i, ok := t.TypeIndex(); ok {
		return withIndex(t, i, index(i))
	}
	return t
}

// renameAll is rename for a list, which stays as it is when no type in it names one.
func renameAll(types []wasm.ValType, index func(uint32) uint32) []wasm.ValType {
	if !slices.ContainsFunc(types, isDefined) {
		return types
	}
	out := make([]wasm.ValType, len(types))
	for k, t := range types {
		out[k] = rename(t, index)
	}
	return out
}

// isDefined tells whether t names a defined type.
func isDefined(t wasm.ValType) bool {
	_, ok := t.TypeIndex()
	return ok
}

// renameDef is d with the types that it names changed, but for those of its place: Canon, Group and GroupLen.
func renameDef(d *wasm.TypeDef, index func(uint32) uint32) wasm.TypeDef {
	out := wasm.TypeDef{Kind: d.Kind, Final: d.Final, Super: -1}
	if d.Kind == wasm.CompFunc {
		out.Params, out.Results = renameAll(d.Params, index), renameAll(d.Results, index)
	} else {
		out.Fields = make([]wasm.FieldType, len(d.Fields))
		for k, f := range d.Fields {
			out.Fields[k] = wasm.FieldType{Type: rename(f.Type, index), Mutable: f.Mutable}
		}
	}
	if d.Super >= 0 {
		out.Super = int32(index(uint32(d.Super)))
	}
	if d.Descriptor != 0 {
		out.Descriptor = index(d.Descriptor-1) + 1
	}
	if d.Describes != 0 {
		out.Describes = index(d.Describes-1) + 1
	}
	return out
}

// typeID is the id of type k of the instance's module.
func (i *Instance) typeID(k uint32) uint32 { return i.typeIDs[k] }

// storeType is a type of the instance's module in store terms.
func (i *Instance) storeType(t wasm.ValType) wasm.ValType { return rename(t, i.typeID) }

// internTypes gives the instance the run-time types of its module's types.
func (i *Instance) internTypes() (err error) {
	if i.typeIDs, err = i.store.intern(i.module.wasm.Types); err != nil {
		return err
	}
	i.rtts = make([]*rtt, len(i.typeIDs))
	for k, id := range i.typeIDs {
		i.rtts[k] = i.store.rtts[id]
	}
	return nil
}

// intern returns the ids of types, which are well-formed, and makes those that the store does not have.
func (s *Store) intern(types []wasm.TypeDef) ([]uint32, error) {
	ids := make([]uint32, len(types))
	for first := 0; first < len(types); {
		n := max(int(types[first].GroupLen), 1)
		if canon := int(types[first].Canon); canon < first {
			// References within the group name the types of the first group that is the same.
			copy(ids[first:first+n], ids[canon:canon+n])
			first += n
			continue
		}
		base, err := s.internGroup(types[first:first+n], uint32(first), func(i uint32) uint32 { return ids[i] })
		if err != nil {
			return nil, err
		}
		for k := range n {
			ids[first+k] = base + uint32(k)
		}
		first += n
	}
	return ids, nil
}

// internFunc is the run-time type of a function or a tag that the embedder makes. Its type is in store terms.
func (s *Store) internFunc(ft *wasm.FuncType) (*rtt, error) {
	for _, l := range [][]wasm.ValType{ft.Params, ft.Results} {
		for _, t := range l {
			if id, ok := t.TypeIndex(); ok && (id == 0 || int64(id) >= int64(len(s.rtts)) || s.rtts[id].kind == rttExn) || !ok && !validType(t) {
				return nil, fmt.Errorf("the type %v of a function of the embedder's names a type that the store does not have", ft)
			}
		}
	}
	id, err := s.internGroup([]wasm.TypeDef{{FuncType: *ft, Final: true, Super: -1}}, maxTypes, func(i uint32) uint32 { return i })
	if err != nil {
		return nil, err
	}
	return s.rtts[id], nil
}

// internGroup returns the id of the first type of a recursion group. first is that type's index in the terms that the group's
// types are in; outside gives the ids of those that do not belong to the group.
func (s *Store) internGroup(group []wasm.TypeDef, first uint32, outside func(uint32) uint32) (base uint32, err error) {
	inside := func(i uint32) bool { return i >= first && i-first < uint32(len(group)) }
	key := groupKey(group, func(key []byte, i uint32) []byte {
		if inside(i) {
			return append(binary.AppendUvarint(key, uint64(i-first)), 0)
		}
		return append(binary.AppendUvarint(key, uint64(outside(i))), 1)
	})
	if base, ok := s.groups[string(key)]; ok {
		return base, nil
	}
	base = uint32(len(s.rtts))
	if n := len(s.rtts) + len(group); n > maxTypes {
		return 0, &LimitError{What: "a store", Want: uint64(n), Limit: maxTypes, Unit: "types"}
	}
	// A type's fields may name any type of the group: all are there before the first is laid out.
	rtts := s.rtts
	for k := range group {
		r := &rtt{id: base + uint32(k), kind: rttKind(group[k].Kind)}
		r.def = renameDef(&group[k], func(i uint32) uint32 {
			if inside(i) {
				return base + (i - first)
			}
			return outside(i)
		})
		r.def.Canon, r.def.Group, r.def.GroupLen = r.id, base, uint32(len(group))
		rtts = append(rtts, r)
		if r.def.Super >= 0 {
			r.supers = slices.Clone(rtts[r.def.Super].supers)
		} else {
			r.supers = r.top[:0]
		}
		r.supers = append(r.supers, r)
		if n := len(r.supers); n > maxSubtypes {
			return 0, &LimitError{What: "a type", Want: uint64(n) - 1, Limit: maxSubtypes - 1, Unit: "supertypes"}
		}
	}
	s.rtts = rtts
	s.groups[string(key)] = base
	for _, r := range rtts[base:] {
		s.heap.displays.add(r)
		if r.kind != rttFunc {
			s.layOut(r, r.def.Fields)
		}
	}
	return base, nil
}

// groupKey writes down what makes a recursion group the same as another: its definitions, in which index writes the
// types that they name.
func groupKey(group []wasm.TypeDef, index func(key []byte, i uint32) []byte) []byte {
	key := make([]byte, 0, 128)
	typ := func(t wasm.ValType) {
		if i, ok := t.TypeIndex(); ok {
			key = index(binary.AppendUvarint(key, uint64(withIndex(t, i, 0))), i)
			return
		}
		key = binary.AppendUvarint(key, uint64(t))
	}
	list := func(types []wasm.ValType) {
		key = binary.AppendUvarint(key, uint64(len(types)))
		for _, t := range types {
			typ(t)
		}
	}
	for k := range group {
		d := &group[k]
		key = append(key, byte(d.Kind)|byte(bit(d.Descriptor != 0))<<2|byte(bit(d.Describes != 0))<<3, byte(bit(d.Final)), byte(bit(d.Super >= 0)))
		if d.Super >= 0 {
			key = index(key, uint32(d.Super))
		}
		if d.Descriptor != 0 {
			key = index(key, d.Descriptor-1)
		}
		if d.Describes != 0 {
			key = index(key, d.Describes-1)
		}
		if d.Kind == wasm.CompFunc {
			list(d.Params)
			list(d.Results)
			continue
		}
		key = binary.AppendUvarint(key, uint64(len(d.Fields)))
		for _, f := range d.Fields {
			typ(f.Type)
			key = append(key, byte(bit(f.Mutable)))
		}
	}
	return key
}

// matches tells whether t is a subtype of, or the same as, want (specification 3.3.3); both are in store terms.
func (s *Store) matches(t, want wasm.ValType) bool {
	if t == want {
		return true
	}
	if !t.IsRef() || !want.IsRef() || t.Nullable() && !want.Nullable() {
		return false
	}
	return s.heapMatches(t.Heap(), want.Heap())
}

// heapMatches is matches for heap types.
func (s *Store) heapMatches(h, want wasm.ValType) bool {
	if h == want {
		return true
	}
	id, typed := h.TypeIndex()
	if wid, ok := want.TypeIndex(); ok {
		if typed {
			return !want.Exact() && s.rtts[id].isSub(s.rtts[wid]) // the same exact types are ==
		}
		return h == bottoms[s.rtts[wid].kind]
	}
	if typed {
		h = kindTypes[s.rtts[id].kind]
	}
	for h != want {
		switch h {
		case wasm.NullRef: // of all that is eq
			return want == wasm.AnyRef || want == wasm.EqRef || want == wasm.I31Ref || want == wasm.StructRef || want == wasm.ArrayRef
		case wasm.I31Ref, wasm.StructRef, wasm.ArrayRef:
			h = wasm.EqRef
		case wasm.EqRef:
			h = wasm.AnyRef
		case wasm.NullFuncRef:
			h = wasm.FuncRef
		case wasm.NullExternRef:
			h = wasm.ExternRef
		case wasm.NoExnRef:
			h = wasm.ExnRef
		default:
			return false
		}
	}
	return true
}

// kindTypes are the abstract types above the defined types of a kind, bottoms those below.
var (
	kindTypes = [...]wasm.ValType{rttFunc: wasm.FuncRef, rttStruct: wasm.StructRef, rttArray: wasm.ArrayRef, rttExn: wasm.ExnRef}
	bottoms   = [...]wasm.ValType{rttFunc: wasm.NullFuncRef, rttStruct: wasm.NullRef, rttArray: wasm.NullRef, rttExn: wasm.NoExnRef}
)

// refMatches tells whether the reference bits, which is one of the store's or the number of something of the embedder's,
// is of type t, which is in store terms.
func (s *Store) refMatches(bits uint64, t wasm.ValType) bool {
	if bits == 0 {
		return t.Nullable()
	}
	if s.isFuncRef(t) {
		if bits > uint64(len(s.funcs)) {
			return false
		}
		id, typed := t.TypeIndex()
		return t.Heap() == wasm.FuncRef || typed && s.rtts[s.funcs[bits-1].typeID].isOf(s.rtts[id], t.Exact())
	}
	h := t.Heap()
	switch state.RefKind(bits >> state.RefShift) {
	case state.RefHost:
		return h == wasm.ExternRef || h == wasm.AnyRef
	case state.RefI31:
		return bits&^i31Mask == uint64(state.RefI31)<<state.RefShift &&
			(h == wasm.I31Ref || h == wasm.EqRef || h == wasm.AnyRef || h == wasm.ExternRef)
	case state.RefObject:
		r := s.heap.rttOf(bits)
		if id, ok := t.TypeIndex(); ok {
			return r.isOf(s.rtts[id], t.Exact())
		}
		return h == wasm.ExternRef && r.kind != rttExn || s.heapMatches(kindTypes[r.kind], h)
	}
	return false
}

// i31Mask is the bits of a reference to an i31 that are its value.
const i31Mask = 1<<31 - 1

// viewTypes are the types that the portable view names, in the view's own terms, and gives each its number there (rtt.view):
// those of globals, tables, host functions and tags, while there are objects all that an object may have, and whole
// groups of them with all that they name.
func (s *Store) viewTypes() []wasm.TypeDef {
	used := make([]bool, len(s.rtts))
	use := func(id uint32) uint32 {
		used[id] = true
		return id
	}
	for _, g := range s.globals {
		rename(g.typ.Type, use)
	}
	for _, t := range s.tables {
		rename(t.typ.Elem, use)
	}
	for _, g := range s.tags {
		use(g.typeID)
	}
	for _, f := range s.funcs {
		if f.host != nil {
			renameAll(f.typ.Params, use)
			renameAll(f.typ.Results, use)
		}
	}
	objects := s.heap.live+s.heap.allocated > 0
	for _, r := range s.rtts[1:] {
		if objects && (r.kind == rttStruct || r.kind == rttArray) {
			use(r.id)
		}
	}
	// A type names types of its own group and before it.
	for end := len(s.rtts); end > 1; {
		group := s.rtts[end-1:]
		if r := group[0]; r.kind != rttExn {
			group = s.rtts[r.def.Group:end]
			if slices.Contains(used[r.def.Group:end], true) {
				for _, r := range group {
					use(r.id)
					renameDef(&r.def, use)
				}
			}
		}
		end = int(group[0].id)
	}
	var out []wasm.TypeDef
	for _, r := range s.rtts[1:] {
		if used[r.id] {
			r.view = uint32(len(out))
			out = append(out, wasm.TypeDef{})
		}
	}
	k := 0
	for _, r := range s.rtts[1:] {
		if used[r.id] {
			out[k] = renameDef(&r.def, s.viewIndex)
			out[k].Canon, out[k].Group, out[k].GroupLen = r.view, s.viewIndex(r.def.Group), r.def.GroupLen
			k++
		}
	}
	return out
}

// viewIndex is the view's index for the type of that id.
func (s *Store) viewIndex(id uint32) uint32 { return s.rtts[id].view }

// viewType is t, in store terms, in the view's.
func (s *Store) viewType(t wasm.ValType) wasm.ValType {
	return rename(t, s.viewIndex)
}

// viewTable and viewGlobal are viewType for a table's and a global's type.
func (s *Store) viewTable(t wasm.TableType) wasm.TableType {
	t.Elem = s.viewType(t.Elem)
	return t
}

// viewGlobal is viewType for a global's type, see viewTable.
func (s *Store) viewGlobal(t wasm.GlobalType) wasm.GlobalType {
	t.Type = s.viewType(t.Type)
	return t
}

// top is the type that the portable view gives to values of type t, which is in store terms: that of all references of the
// same kind, or t itself.
func (s *Store) top(t wasm.ValType) wasm.ValType {
	if !t.IsRef() {
		return t
	}
	if id, ok := t.TypeIndex(); ok {
		t = kindTypes[s.rtts[id].kind]
	}
	return wasm.TopType(nil, t) // which asks for no definition of an abstract type
}

// viewFunc is viewType for a function's type.
func (s *Store) viewFunc(ft *wasm.FuncType) wasm.FuncType {
	return wasm.FuncType{Params: renameAll(ft.Params, s.viewIndex), Results: renameAll(ft.Results, s.viewIndex)}
}

// takeTypes takes the types of a view, which is untrusted, into the store. From then on s.taken has the type for each index of
// the view.
func (s *Store) takeTypes(defs []wasm.TypeDef) error {
	for first := 0; first < len(defs); {
		n := uint64(defs[first].GroupLen)
		if n == 0 || n > uint64(len(defs)-first) {
			return fmt.Errorf("type %d begins a group of %d types, %d are left", first, n, len(defs)-first)
		}
		group := defs[first : first+int(n)]
		for k := range group {
			if err := s.checkTaken(&group[k], first, first+k, first+int(n)); err != nil {
				return fmt.Errorf("type %d: %w", first+k, err)
			}
		}
		for k := range group {
			at := uint32(first + k + 1)
			if d, o := group[k].Descriptor, group[k].Describes; d != 0 && defs[d-1].Describes != at || o != 0 && (o >= at || defs[o-1].Descriptor != at) {
				return fmt.Errorf("type %d contradicts the type that it describes or that describes it", first+k)
			}
		}
		before := len(s.rtts)
		base, err := s.internGroup(group, uint32(first), func(i uint32) uint32 { return s.taken[i].id })
		if err != nil {
			return err
		}
		for k := range group {
			r := s.rtts[base+uint32(k)]
			s.taken = append(s.taken, r)
			if r.def.Super >= 0 && !s.extends(r, s.rtts[r.def.Super]) {
				s.rtts = s.rtts[:before]
				return fmt.Errorf("type %d does not match its supertype", first+k)
			}
		}
		first += int(n)
	}
	return nil
}

// checkTaken checks that type at of a view, in the group from first to end, names only types before end, and a supertype
// before itself, and that what describes it or is described by it is of the group.
func (s *Store) checkTaken(d *wasm.TypeDef, first, at, end int) error {
	check := func(t wasm.ValType, packed bool) error {
		if i, ok := t.TypeIndex(); ok {
			if int64(i) >= int64(end) {
				return fmt.Errorf("it names type %d, which is not of its group or before it", i)
			}
			return nil
		}
		if !validType(t) && !(packed && t.IsPacked()) {
			return fmt.Errorf("there is no type %#x", uint32(t))
		}
		return nil
	}
	if d.Super < -1 || int(d.Super) >= at {
		return fmt.Errorf("its supertype is type %d", d.Super)
	}
	if d.Kind > wasm.CompArray || d.Kind == wasm.CompArray && len(d.Fields) != 1 || len(d.Fields) > maxFields ||
		d.Kind == wasm.CompFunc != (d.Fields == nil) && len(d.Fields) > 0 {
		return fmt.Errorf("kind %d with %d fields", d.Kind, len(d.Fields))
	}
	for _, k := range [...]uint32{d.Descriptor, d.Describes} {
		if k != 0 && (d.Kind != wasm.CompStruct || k <= uint32(first) || int64(k) > int64(end)) {
			return fmt.Errorf("it describes, or is described by, type %d", k-1)
		}
	}
	for _, l := range [][]wasm.ValType{d.Params, d.Results} {
		for _, t := range l {
			if err := check(t, false); err != nil {
				return err
			}
		}
	}
	for _, f := range d.Fields {
		if err := check(f.Type, true); err != nil {
			return err
		}
	}
	return nil
}

// validType tells whether t, which names no defined type, is the type of a value.
func validType(t wasm.ValType) bool {
	return t.IsNum() || t == wasm.V128 || t.IsRef() && (t.NonNull() == (t&0xFF).NonNull())
}

// extends tells whether r may be declared a subtype of super (specification 3.3.4).
func (s *Store) extends(r, super *rtt) bool {
	d, e := &r.def, &super.def
	if e.Final || r.kind != super.kind || len(d.Fields) < len(e.Fields) || !s.extendsDescriptors(d, e) {
		return false
	}
	if r.kind == rttFunc {
		return s.allMatch(e.Params, d.Params) && s.allMatch(d.Results, e.Results)
	}
	for k, f := range e.Fields {
		g := d.Fields[k]
		if g.Mutable != f.Mutable || g.Type != f.Type && (f.Mutable || !s.matches(g.Type, f.Type)) {
			return false
		}
	}
	return true
}

// extendsDescriptors tells whether what describes d, and what d describes, is of subtypes of what is there for the supertype
// e. A subtype may have a descriptor when its supertype has none, but describes a type exactly if its supertype does.
func (s *Store) extendsDescriptors(d, e *wasm.TypeDef) bool {
	sub := func(i, super uint32) bool { return s.rtts[i-1].isSub(s.rtts[super-1]) }
	return (e.Descriptor == 0 || d.Descriptor != 0 && sub(d.Descriptor, e.Descriptor)) &&
		(e.Describes == 0) == (d.Describes == 0) && (e.Describes == 0 || sub(d.Describes, e.Describes))
}

// allMatch is matches for each of two lists.
func (s *Store) allMatch(types, want []wasm.ValType) bool {
	if len(types) != len(want) {
		return false
	}
	for k, t := range types {
		if !s.matches(t, want[k]) {
			return false
		}
	}
	return true
}

// takenType is a type of the view that is being restored in store terms.
func (s *Store) takenType(t wasm.ValType) (wasm.ValType, error) {
	if i, ok := t.TypeIndex(); ok {
		if int64(i) >= int64(len(s.taken)) {
			return t, fmt.Errorf("there is no type %d among %d", i, len(s.taken))
		}
		return withIndex(t, i, s.taken[i].id), nil
	}
	if !validType(t) {
		return t, fmt.Errorf("there is no type %#x", uint32(t))
	}
	return t, nil
}

// takenFunc is takenType for a function's type.
func (s *Store) takenFunc(ft *wasm.FuncType) (wasm.FuncType, error) {
	out := wasm.FuncType{Params: slices.Clone(ft.Params), Results: slices.Clone(ft.Results)}
	for _, l := range [][]wasm.ValType{out.Params, out.Results} {
		for k := range l {
			t, err := s.takenType(l[k])
			if err != nil {
				return out, err
			}
			l[k] = t
		}
	}
	return out, nil
}
