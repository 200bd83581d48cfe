package interp

import (
	"reflect"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// The types of a module as the decoder gives them: groups are written as lists, and Group, GroupLen and Canon filled in.
func groups(list ...[]wasm.TypeDef) (defs []wasm.TypeDef) {
	for _, g := range list {
		first := uint32(len(defs))
		for k := range g {
			d := g[k]
			d.Group, d.GroupLen, d.Canon = first, uint32(len(g)), first+uint32(k)
			defs = append(defs, d)
		}
	}
	return defs
}

func structOf(fields ...wasm.FieldType) wasm.TypeDef {
	return wasm.TypeDef{Kind: wasm.CompStruct, Fields: fields, Final: true, Super: -1}
}

func arrayOf(t wasm.ValType) wasm.TypeDef {
	return wasm.TypeDef{Kind: wasm.CompArray, Fields: []wasm.FieldType{mutable(t)}, Final: true, Super: -1}
}

func funcOf(params, results []wasm.ValType) wasm.TypeDef {
	return wasm.TypeDef{FuncType: wasm.FuncType{Params: params, Results: results}, Final: true, Super: -1}
}

// below makes d a subtype of type super, and open one that may have subtypes.
func below(super int32, d wasm.TypeDef) wasm.TypeDef { d.Super = super; return d }
func open(d wasm.TypeDef) wasm.TypeDef               { d.Final = false; return d }

func mutable(t wasm.ValType) wasm.FieldType { return wasm.FieldType{Type: t, Mutable: true} }
func fixed(t wasm.ValType) wasm.FieldType {
	return wasm.FieldType{Type: t}
}

func alone(d wasm.TypeDef) []wasm.TypeDef { return []wasm.TypeDef{d} }

func internAll(t *testing.T, s *Store, defs []wasm.TypeDef) []uint32 {
	t.Helper()
	ids, err := s.intern(defs)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Types of different modules are the same if their groups are written the same, and only then (specification 3.3.5).
func TestTypesAreIdentifiedByTheirGroup(t *testing.T) {
	self := func(i uint32) wasm.TypeDef { return structOf(mutable(wasm.RefTo(i, true))) }
	for _, tt := range []struct {
		name string
		a, b []wasm.TypeDef // the last type of each is compared
		same bool
	}{
		{"equal functions", groups(alone(funcOf(i32s, nil))), groups(alone(funcOf(i32s, nil))), true},
		{"parameters or results", groups(alone(funcOf(i32s, nil))), groups(alone(funcOf(nil, i32s))), false},
		{"a list ends somewhere else", groups(alone(funcOf([]wasm.ValType{wasm.I32, wasm.I32}, nil))), groups(alone(funcOf(i32s, i32s))), false},
		{"mutability", groups(alone(structOf(mutable(wasm.I8)))), groups(alone(structOf(fixed(wasm.I8)))), false},
		{"packed", groups(alone(structOf(mutable(wasm.I8)))), groups(alone(structOf(mutable(wasm.I16)))), false},
		{"structure or array", groups(alone(structOf(mutable(wasm.I32)))), groups(alone(arrayOf(wasm.I32))), false},
		{"final", groups(alone(structOf())), groups(alone(open(structOf()))), false},
		{"the same under another index", groups(alone(self(0))), groups(alone(arrayOf(wasm.I64)), alone(self(1))), true},
		{"a reference out of the group", groups(alone(self(0))), groups(alone(self(0)), alone(self(0))), false},
		{"null", groups(alone(structOf(mutable(wasm.RefTo(0, true))))), groups(alone(structOf(mutable(wasm.RefTo(0, false))))), false},
		{"a group of two", groups(alone(self(0))), groups([]wasm.TypeDef{self(1), self(1)}), false},
		{"the place in the group", groups([]wasm.TypeDef{structOf(), structOf()}), groups(alone(structOf())), false},
		{"a supertype", groups(alone(open(structOf())), alone(structOf())), groups(alone(open(structOf())), alone(below(0, structOf()))), false},
		{"equal supertypes", groups(alone(open(structOf())), alone(below(0, structOf()))), groups(alone(arrayOf(wasm.I8)), alone(open(structOf())), alone(below(1, structOf()))), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewStore(Config{})
			a, b := internAll(t, s, tt.a), internAll(t, s, tt.b)
			if same := a[len(a)-1] == b[len(b)-1]; same != tt.same {
				t.Errorf("the same type: %v, want %v", same, tt.same)
			}
		})
	}
}

// A type that the decoder has found to be an earlier one of the module has the id of that.
func TestCanonicalTypesHaveOneID(t *testing.T) {
	defs := groups(alone(structOf(mutable(wasm.RefTo(0, true)))), alone(structOf(mutable(wasm.RefTo(0, true)))))
	defs[1].Canon = 0
	if ids := internAll(t, NewStore(Config{}), defs); ids[0] != ids[1] {
		t.Errorf("ids %v", ids)
	}
}

func TestObjectLayout(t *testing.T) {
	s := NewStore(Config{})
	defs := groups(alone(funcOf(nil, nil)),
		alone(structOf(mutable(wasm.I8), mutable(wasm.I16), mutable(wasm.I8), mutable(wasm.F32), mutable(wasm.AnyRef), mutable(wasm.I8),
			mutable(wasm.V128), mutable(wasm.FuncRef), mutable(wasm.RefTo(0, true)), mutable(wasm.RefTo(1, false)), mutable(wasm.I8))),
		alone(structOf()), alone(arrayOf(wasm.I16)), alone(arrayOf(wasm.V128)), alone(arrayOf(wasm.RefTo(1, true))), alone(arrayOf(wasm.RefTo(0, true))),
		alone(structOf(mutable(wasm.I64), mutable(wasm.I32))))
	ids := internAll(t, s, defs)
	var offsets []uint32
	for _, f := range s.rtts[ids[1]].fields {
		offsets = append(offsets, f.offset)
	}
	if want := []uint32{8, 10, 12, 16, 24, 32, 40, 56, 64, 72, 80}; !slices.Equal(offsets, want) {
		t.Errorf("fields at %v, want %v", offsets, want)
	}
	l := &lowerer{m: &wasm.Module{Types: defs}}
	for k, want := range offsets {
		if got := l.fieldOffset(1, uint32(k)); got != want {
			t.Errorf("lowering has field %d at %d, objects have it at %d", k, got, want)
		}
	}
	for _, tt := range []struct {
		typ      int
		size     uint32
		elemSize uint32
		refs     []uint32
		elemRefs bool
		leaf     uint8
	}{
		{1, 88, 0, []uint32{24, 72}, false, 0},
		{2, 8, 0, nil, false, 1},
		{3, 8, 2, nil, false, 1},
		{4, 8, 16, nil, false, 1},
		{5, 8, 8, nil, true, 0},
		{6, 8, 8, nil, false, 1},
		{7, 24, 0, nil, false, 1},
	} {
		r := s.rtts[ids[tt.typ]]
		if r.size != tt.size || r.elemSize != tt.elemSize || !slices.Equal(r.refs, tt.refs) || r.elemRefs != tt.elemRefs || r.leaf != tt.leaf {
			t.Errorf("type %d: size %d, elements of %d, references at %v, elements are %v, leaf %d; want %+v", tt.typ, r.size, r.elemSize, r.refs, r.elemRefs, r.leaf, tt)
		}
	}
}

func TestSubtyping(t *testing.T) {
	s := NewStore(Config{})
	ids := internAll(t, s, groups(alone(open(structOf())), alone(open(below(0, structOf(mutable(wasm.I32))))), alone(below(1, structOf(mutable(wasm.I32), mutable(wasm.I64)))),
		alone(below(0, structOf(mutable(wasm.I64)))), alone(arrayOf(wasm.I8)), alone(funcOf(nil, nil))))
	ref := func(k int) wasm.ValType { return wasm.RefTo(ids[k], false) }
	for _, tt := range []struct {
		t, want wasm.ValType
		ok      bool
	}{
		{wasm.I32, wasm.I32, true}, {wasm.I32, wasm.I64, false}, {wasm.I32, wasm.AnyRef, false},
		{ref(2), ref(0), true}, {ref(2), ref(1), true}, {ref(2), ref(2), true}, {ref(2), ref(3), false}, {ref(0), ref(2), false},
		{ref(2).AsNullable(), ref(1), false}, {ref(2), ref(1).AsNullable(), true},
		{ref(0), wasm.StructRef, true}, {ref(0), wasm.EqRef, true}, {ref(0), wasm.AnyRef, true}, {ref(0), wasm.ArrayRef, false}, {ref(0), wasm.FuncRef, false},
		{ref(4), wasm.ArrayRef, true}, {ref(4), wasm.EqRef, true}, {ref(5), wasm.FuncRef, true}, {ref(5), wasm.AnyRef, false},
		{wasm.NullRef, ref(0).AsNullable(), true}, {wasm.NullRef, ref(5).AsNullable(), false}, {wasm.NullFuncRef, ref(5).AsNullable(), true},
		{wasm.NullRef, wasm.I31Ref, true}, {wasm.NullRef, wasm.AnyRef, true}, {wasm.NullRef, wasm.ExternRef, false}, {wasm.NullRef, wasm.StructRef.NonNull(), false},
		{wasm.I31Ref, wasm.EqRef, true}, {wasm.EqRef, wasm.I31Ref, false}, {wasm.AnyRef, wasm.EqRef, false},
		{wasm.NullExternRef, wasm.ExternRef, true}, {wasm.NoExnRef, wasm.ExnRef, true}, {wasm.ExnRef, wasm.AnyRef, false},
	} {
		if ok := s.matches(tt.t, tt.want); ok != tt.ok {
			t.Errorf("%v <= %v: %v", tt.t, tt.want, ok)
		}
	}
}

func TestReferencesMatchTypes(t *testing.T) {
	s := NewStore(Config{})
	ids := internAll(t, s, groups(alone(open(structOf())), alone(below(0, structOf(mutable(wasm.I32)))), alone(arrayOf(wasm.I8)), alone(funcOf(i32s, nil))))
	object := func(r *rtt, n uint32) uint64 {
		ref, ok := s.heap.alloc(r, n)
		if !ok {
			t.Fatal("no room")
		}
		return ref
	}
	base, sub, array := object(s.rtts[ids[0]], 0), object(s.rtts[ids[1]], 0), object(s.rtts[ids[2]], 3)
	exn := object(s.newExnRTT(&rtt{def: wasm.TypeDef{FuncType: wasm.FuncType{Params: i32s}}}), 0)
	fn := s.AddHostFunc(&HostFunc{Type: wasm.FuncType{Params: i32s}}).Ref()
	host, num := uint64(7), i31(1<<31-1)
	for _, tt := range []struct {
		typ     wasm.ValType
		of, not []uint64
	}{
		{wasm.AnyRef, []uint64{0, base, sub, array, host, num}, []uint64{exn}},
		{wasm.AnyRef.NonNull(), []uint64{base}, []uint64{0}},
		{wasm.ExternRef, []uint64{0, base, sub, array, host, num}, []uint64{exn, 1 << 62}},
		{wasm.EqRef, []uint64{0, base, sub, array, num}, []uint64{host, exn}},
		{wasm.I31Ref, []uint64{0, num}, []uint64{base, host, num | 1<<31}},
		{wasm.StructRef, []uint64{0, base, sub}, []uint64{array, num, host, exn}},
		{wasm.ArrayRef, []uint64{0, array}, []uint64{base, num}},
		{wasm.ExnRef, []uint64{0, exn}, []uint64{base, num, host}},
		{wasm.NullRef, []uint64{0}, []uint64{base, num, host}},
		{wasm.RefTo(ids[0], true), []uint64{0, base, sub}, []uint64{array, exn}},
		{wasm.RefTo(ids[1], false), []uint64{sub}, []uint64{0, base}},
		{wasm.FuncRef, []uint64{0, fn}, []uint64{fn + 1, base}},
		{wasm.RefTo(ids[3], false), []uint64{fn}, []uint64{0, fn + 1}},
		{wasm.NullFuncRef, []uint64{0}, []uint64{fn}},
	} {
		for _, ref := range tt.of {
			if !s.refMatches(ref, tt.typ) {
				t.Errorf("%#x is not of type %v", ref, tt.typ)
			}
		}
		for _, ref := range tt.not {
			if s.refMatches(ref, tt.typ) {
				t.Errorf("%#x is of type %v", ref, tt.typ)
			}
		}
	}
}

// The types of a view are those that its objects name, and what they name in turn, whatever other types the store has that
// takes them.
func TestTypesTravel(t *testing.T) {
	s := NewStore(Config{})
	s.newExnRTT(&rtt{def: wasm.TypeDef{FuncType: wasm.FuncType{Params: i32s}}})
	ids := internAll(t, s, groups(alone(open(structOf())),
		[]wasm.TypeDef{open(below(0, structOf(mutable(wasm.RefTo(2, true))))), structOf(fixed(wasm.RefTo(1, false)), mutable(wasm.I8))},
		alone(funcOf([]wasm.ValType{wasm.RefTo(2, true)}, nil))))
	s.newExnRTT(&rtt{})
	array := internAll(t, s, groups(alone(arrayOf(wasm.I16)), alone(arrayOf(wasm.V128))))
	s.AddGlobal(wasm.GlobalType{Type: wasm.RefTo(ids[3], true)}, 0)
	if _, err := s.AddTable(wasm.TableType{Elem: wasm.RefTo(array[1], true)}); err != nil {
		t.Fatal(err)
	}
	view := s.viewTypes()
	if len(view) != 5 {
		t.Fatalf("the view has %d types", len(view))
	}
	other := NewStore(Config{})
	internAll(t, other, groups(alone(arrayOf(wasm.I64)), alone(arrayOf(wasm.V128))))
	if err := other.takeTypes(view); err != nil {
		t.Fatal(err)
	}
	for k, r := range other.taken {
		typ, err := other.takenType(wasm.RefTo(uint32(k), true))
		if err != nil || typ != wasm.RefTo(r.id, true) || r.kind != rttKind(view[k].Kind) {
			t.Errorf("type %d of the view became %v of kind %d, %v", k, typ, r.kind, err)
		}
	}
	third := NewStore(Config{})
	if err := third.takeTypes(view); err != nil {
		t.Fatal(err)
	}
	for _, r := range third.taken {
		third.AddGlobal(wasm.GlobalType{Type: wasm.RefTo(r.id, true)}, 0)
	}
	if again := third.viewTypes(); !reflect.DeepEqual(again, view) {
		t.Errorf("types %+v became %+v", view, again)
	}
	if _, err := third.takenType(wasm.RefTo(5, true)); err == nil {
		t.Error("there is a type 5")
	}
}

func TestTypesOfAViewAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name string
		defs []wasm.TypeDef
	}{
		{"a group that is longer than the list", []wasm.TypeDef{{Super: -1, GroupLen: 2}}},
		{"a group without types", []wasm.TypeDef{{Super: -1}}},
		{"a kind that is none", groups(alone(wasm.TypeDef{Kind: 3, Super: -1}))},
		{"an array of two types", groups(alone(wasm.TypeDef{Kind: wasm.CompArray, Super: -1, Fields: make([]wasm.FieldType, 2)}))},
		{"a type that is none", groups(alone(structOf(mutable(5))))},
		{"a packed parameter", groups(alone(funcOf([]wasm.ValType{wasm.I8}, nil)))},
		{"a type behind the group", groups(alone(structOf(mutable(wasm.RefTo(1, true)))), alone(structOf()))},
		{"a supertype behind the type", groups([]wasm.TypeDef{below(1, structOf()), open(structOf())})},
		{"a supertype that is final", groups(alone(structOf()), alone(below(0, structOf())))},
		{"fewer fields than the supertype", groups(alone(open(structOf(mutable(wasm.I32)))), alone(below(0, structOf())))},
		{"another field than the supertype", groups(alone(open(structOf(mutable(wasm.I32)))), alone(below(0, structOf(mutable(wasm.I64)))))},
		{"a mutable field of a subtype", groups(alone(open(structOf(mutable(wasm.AnyRef)))), alone(below(0, structOf(mutable(wasm.EqRef)))))},
		{"another kind than the supertype", groups(alone(open(arrayOf(wasm.I32))), alone(below(0, structOf(mutable(wasm.I32)))))},
		{"more results than the supertype", groups(alone(open(funcOf(nil, nil))), alone(below(0, funcOf(nil, i32s))))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := NewStore(Config{}).takeTypes(tt.defs); err == nil {
				t.Error("it was taken")
			}
		})
	}
	var chain [][]wasm.TypeDef
	for k := range maxSubtypes + 1 {
		chain = append(chain, alone(open(below(int32(k)-1, structOf()))))
	}
	if err := NewStore(Config{}).takeTypes(groups(chain[:maxSubtypes]...)); err != nil {
		t.Errorf("a chain of %d types: %v", maxSubtypes, err)
	}
	if err := NewStore(Config{}).takeTypes(groups(chain...)); err == nil {
		t.Errorf("a chain of %d types was taken", len(chain))
	}
}

// What the types of an ordinary module cost an instance.
func BenchmarkInternFunctionTypes(b *testing.B) {
	var list [][]wasm.TypeDef
	for k := range 300 {
		params := make([]wasm.ValType, k%20, 20)
		for j := range params {
			params[j] = wasm.I32
		}
		list = append(list, alone(funcOf(params, []wasm.ValType{wasm.I64, wasm.I32, wasm.F64, wasm.F32}[:k/20%5])))
	}
	types := groups(list...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewStore(Config{}).intern(types); err != nil {
			b.Fatal(err)
		}
	}
}
