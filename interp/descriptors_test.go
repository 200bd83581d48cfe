package interp

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// descriptorText has $a with a descriptor of type $ad, and subtypes $b and $bd of both with fields of all sizes. Above $a is $top,
// which has no descriptor.
const descriptorText = `(module
  (type $top (sub (struct (field i8))))
  (rec
    (type $a (sub $top (descriptor $ad) (struct (field i8) (field i32))))
    (type $ad (sub (describes $a) (struct (field (mut i32))))))
  (rec
    (type $b (sub $a (descriptor $bd) (struct (field i8) (field i32) (field v128) (field i16) (field anyref) (field f64) (field i8))))
    (type $bd (sub $ad (describes $b) (struct (field (mut i32)) (field v128)))))
  (type $garbage (array i64))
  (memory 1)
  (global $d1 (ref (exact $ad)) (struct.new $ad (i32.const 1)))
  (global $a1 (ref (exact $a)) (struct.new_desc $a (i32.const 11) (i32.const 12) (global.get $d1)))
  (global $a0 (ref $a) (struct.new_default_desc $a (struct.new $ad (i32.const 5))))
  (table $t 2 anyref (struct.new_default_desc $a (struct.new $ad (i32.const 1))))
  (func $waste (drop (array.new_default $garbage (i32.const 100))))
  (func $null (result (ref null (exact $ad))) (ref.null none))
  (func $newB (param i32) (result (ref (exact $b)))
    (struct.new_desc $b (i32.const 1) (i32.const 2) (v128.const i64x2 3 4) (i32.const 5) (struct.new $top (i32.const 6)) (f64.const 7) (i32.const 8)
      (struct.new $bd (local.get 0) (v128.const i64x2 0 0))))
  ;; What an operand is compared with stands in a slot, a local or a constant.
  (func $eq (param $x anyref) (param $d (ref null $ad)) (result i32)
    (block $no (result anyref)
      (br_on_cast_desc_eq_fail $no anyref (ref $a) (local.get $x) (local.get $d))
      (return (i32.add (struct.get $ad 0 (ref.get_desc $a)) (i32.const 100))))
    (ref.is_null))

  (func (export "global") (result i32) (struct.get $ad 0 (ref.get_desc $a (global.get $a1))))
  (func (export "default in a global") (result i32) (struct.get $ad 0 (ref.get_desc $a (global.get $a0))))
  (func (export "fields") (result i32)
    (local $x (ref null $b))
    (local.set $x (call $newB (i32.const 9)))
    (call $waste)
    (i32.add (i32.add (i32.add (struct.get_s $b 0 (local.get $x)) (struct.get $b 1 (local.get $x)))
                      (i32.add (i32x4.extract_lane 2 (struct.get $b 2 (local.get $x))) (struct.get_u $b 3 (local.get $x))))
             (i32.add (i32.add (struct.get_s $top 0 (ref.cast (ref $top) (struct.get $b 4 (local.get $x)))) (i32.trunc_f64_s (struct.get $b 5 (local.get $x))))
                      (struct.get_s $b 6 (local.get $x)))))
  (func (export "of a supertype") (param i32) (result i32)
    (local $x (ref null $a))
    (local.set $x (call $newB (local.get 0)))
    (call $waste)
    (struct.get $ad 0 (ref.get_desc $a (local.get $x))))
  (func (export "kept alive") (result i32)
    (local $x (ref null $a))
    (local.set $x (struct.new_desc $a (i32.const 1) (i32.const 2) (struct.new $ad (i32.const 77))))
    (call $waste) (call $waste)
    (struct.get $ad 0 (ref.get_desc $a (local.get $x))))
  (func (export "shared") (result i32)
    (struct.set $ad 0 (ref.get_desc $a (ref.cast (ref (exact $a)) (table.get $t (i32.const 1)))) (i32.const 3))
    (struct.get $ad 0 (ref.get_desc $a (ref.cast (ref $a) (table.get $t (i32.const 0))))))

  (func (export "equal") (result i32) (call $eq (global.get $a1) (global.get $d1)))
  (func (export "another") (result i32) (call $eq (global.get $a1) (struct.new $ad (i32.const 1))))
  (func (export "of another type") (result i32) (call $eq (struct.new $top (i32.const 1)) (global.get $d1)))
  (func (export "i31") (result i32) (call $eq (ref.i31 (i32.const 1)) (global.get $d1)))
  (func (export "null") (result i32) (call $eq (ref.null none) (global.get $d1)))
  (func (export "by null") (result i32) (call $eq (global.get $a1) (call $null)))
  (func (export "moving") (result i32)
    (i32.add (i32.const 1000)
      (block $yes (result i32 (ref null $a))
        (i32.const 10) (global.get $a1)
        (br_on_cast_desc_eq $yes anyref (ref null $a) (global.get $d1))
        drop drop (i32.const 20) (ref.null none))
      (drop)))
  (func (export "constants") (result i32)
    (block $yes (result (ref null $a))
      (br_on_cast_desc_eq $yes anyref (ref null $a) (ref.null none) (global.get $d1))
      (return (i32.const 0)))
    (ref.is_null))
  (func (export "by a constant null") (result i32)
    (block $yes (result (ref null $a))
      (br_on_cast_desc_eq $yes anyref (ref null $a) (global.get $a1) (ref.null none))
      (return (i32.const 0)))
    (ref.is_null))
  (func (export "cast") (result i32) (struct.get $a 1 (ref.cast_desc_eq (ref $a) (global.get $a1) (global.get $d1))))
  (func (export "cast of null") (result i32) (ref.is_null (ref.cast_desc_eq (ref null $a) (ref.null any) (global.get $d1))))
  (func (export "cast of no null") (result i32) (ref.is_null (ref.cast_desc_eq (ref $a) (ref.null any) (global.get $d1))))
  (func (export "cast by another") (result i32) (ref.is_null (ref.cast_desc_eq (ref $a) (global.get $a1) (struct.new $ad (i32.const 1)))))
  (func (export "cast by null") (result i32) (ref.is_null (ref.cast_desc_eq (ref null $a) (global.get $a1) (call $null))))
  (func (export "cast by a subtype") (result i32)
    (local $x (ref null (exact $b)))
    (local.set $x (call $newB (i32.const 9)))
    (struct.get $a 1 (ref.cast_desc_eq (ref $a) (local.get $x) (ref.get_desc $b (local.get $x)))))
  (func (export "new by null") (result i32) (struct.get $a 1 (struct.new_desc $a (i32.const 1) (i32.const 2) (call $null))))
  (func (export "wide by null") (drop (struct.new_desc $b (i32.const 1) (i32.const 2) (v128.const i64x2 3 4) (i32.const 5) (ref.null any) (f64.const 7) (i32.const 8)
    (ref.null none))))
  (func (export "default by null") (result i32) (struct.get $a 1 (struct.new_default_desc $a (ref.null none))))
  (func (export "descriptor of null") (result i32) (ref.is_null (ref.get_desc $a (ref.null none))))

  (func (export "exactly") (result i32)
    (i32.or (i32.or (ref.test (ref (exact $a)) (global.get $a1)) (i32.shl (ref.test (ref (exact $a)) (call $newB (i32.const 1))) (i32.const 1)))
            (i32.or (i32.shl (ref.test (ref null (exact $b)) (call $newB (i32.const 1))) (i32.const 2))
                    (i32.shl (ref.test (ref null (exact $b)) (ref.null any)) (i32.const 3)))))
  (func (export "not exactly") (result i32) (struct.get $a 1 (ref.cast (ref (exact $a)) (call $newB (i32.const 1)))))

  (func (export "f") (param $n i32) (result i32)
    (local $x (ref null $a)) (local $sum i32)
    (loop $l
      (local.set $x (struct.new_desc $a (local.get $n) (i32.const 2) (struct.new $ad (local.get $n))))
      (loop $again (call $waste))
      (local.set $sum (i32.add (local.get $sum) (struct.get $ad 0 (ref.get_desc $a (local.get $x)))))
      (local.set $sum (i32.add (local.get $sum) (struct.get $ad 0 (ref.get_desc $a (global.get $a0)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $sum) (call $eq (table.get $t (i32.const 0)) (ref.get_desc $a (ref.cast (ref $a) (table.get $t (i32.const 1))))))))`

func TestDescriptors(t *testing.T) {
	stress(t)
	i := textInstance(t, descriptorText)
	th := i.store.NewThread()
	for _, tt := range []struct {
		name string
		arg  uint64
		want uint64
		trap TrapCode
	}{
		{name: "global", want: 1},
		{name: "default in a global", want: 5},
		{name: "fields", want: 1 + 2 + 4 + 5 + 6 + 7 + 8},
		{name: "of a supertype", arg: 42, want: 42},
		{name: "kept alive", want: 77},
		{name: "equal", want: 101},
		{name: "another"},
		{name: "of another type"},
		{name: "i31"},
		{name: "null", want: 1},
		{name: "by null", trap: TrapNullDescriptor},
		{name: "moving", want: 1010},
		{name: "constants", want: 1},
		{name: "by a constant null", trap: TrapNullDescriptor},
		{name: "cast", want: 12},
		{name: "cast of null", want: 1},
		{name: "cast of no null", trap: TrapDescriptorCastFailure},
		{name: "cast by another", trap: TrapDescriptorCastFailure},
		{name: "cast by null", trap: TrapNullDescriptor},
		{name: "cast by a subtype", want: 2},
		{name: "new by null", trap: TrapNullDescriptor},
		{name: "wide by null", trap: TrapNullDescriptor},
		{name: "default by null", trap: TrapNullDescriptor},
		{name: "descriptor of null", trap: TrapNullReference},
		{name: "exactly", want: 1 | 4 | 8},
		{name: "not exactly", trap: TrapCastFailure},
		{name: "shared", want: 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := callOn(t, th, i, tt.name, tt.arg)
			if tt.trap != 0 {
				if !errors.Is(err, tt.trap) {
					t.Errorf("%v, want the trap %v", err, tt.trap)
				}
				return
			}
			if got != tt.want || err != nil {
				t.Errorf("%d, %v; want %d", got, err, tt.want)
			}
		})
	}
}

// Objects keep their descriptors, and each its own, when they travel.
func TestDescriptorsTravel(t *testing.T) {
	m := textModule(t, descriptorText)
	const n = 20
	for _, step := range []uint64{0, 1, 3} {
		if got := travelling(t, m, []uint64{n}, step); got.result != n*(n+1)/2+5*n+101 {
			t.Errorf("travelling every %d safepoints: %d", step, got.result)
		}
	}
}

// Types with descriptors are the same if these are, too, and exact references are no other ones.
func TestDescribedTypesAreIdentified(t *testing.T) {
	s := NewStore(Config{})
	ids := internAll(t, s, describedPair(0))
	if again := internAll(t, s, append(groups(alone(arrayOf(wasm.I8))), describedPair(1)...)); again[1] != ids[0] || again[2] != ids[1] {
		t.Errorf("types %v are %v under other indices", ids, again[1:])
	}
	if plain := internAll(t, s, groups([]wasm.TypeDef{open(structOf()), open(structOf())})); plain[0] == ids[0] {
		t.Error("a type with a descriptor is the same as one without")
	}
	ref := wasm.RefTo(0, true)
	if ids := internAll(t, s, groups(alone(structOf()), alone(structOf(fixed(ref))), alone(structOf(fixed(ref.AsExact()))))); ids[1] == ids[2] {
		t.Error("a field with an exact reference is the same as one with another")
	}
}

// describedPair is an open structure type with index n and the one that describes it.
func describedPair(n uint32) []wasm.TypeDef {
	pair := shifted(groups([]wasm.TypeDef{open(structOf()), open(structOf())}), n)
	pair[0].Descriptor, pair[1].Describes = n+2, n+1
	return pair
}

// An exact reference is to its type alone.
func TestExactTypesMatch(t *testing.T) {
	s := NewStore(Config{})
	ids := internAll(t, s, groups(alone(open(structOf())), alone(below(0, open(structOf()))), alone(open(funcOf(nil, nil))), alone(below(2, funcOf(nil, nil)))))
	ref := func(k int, nullable bool) wasm.ValType { return wasm.RefTo(ids[k], nullable) }
	exact := func(k int, nullable bool) wasm.ValType { return ref(k, nullable).AsExact() }
	for _, tt := range []struct {
		sub, super wasm.ValType
		want       bool
	}{
		{exact(0, true), exact(0, true), true},
		{exact(0, false), exact(0, true), true},
		{exact(0, true), exact(0, false), false},
		{exact(0, true), ref(0, true), true},
		{ref(0, true), exact(0, true), false},
		{exact(1, true), ref(0, true), true},
		{exact(1, true), exact(0, true), false},
		{ref(1, true), exact(0, true), false},
		{wasm.NullRef, exact(0, true), true},
		{wasm.NullFuncRef, exact(0, true), false},
		{wasm.NullFuncRef, exact(2, true), true},
		{exact(0, true), wasm.StructRef, true},
		{exact(0, true), wasm.AnyRef, true},
		{exact(2, true), wasm.FuncRef, true},
		{exact(2, true), wasm.AnyRef, false},
		{exact(3, true), exact(2, true), false},
	} {
		if got := s.matches(tt.sub, tt.super); got != tt.want {
			t.Errorf("%v matches %v: %v, want %v", tt.sub, tt.super, got, tt.want)
		}
	}
	object := func(k int) uint64 {
		ref, _ := s.heap.alloc(s.rtts[ids[k]], 0)
		return ref
	}
	s.funcs = append(s.funcs, &Func{typeID: ids[2]}, &Func{typeID: ids[3]})
	for _, tt := range []struct {
		name string
		bits uint64
		typ  wasm.ValType
		want bool
	}{
		{"an object", object(0), exact(0, false), true},
		{"an object of a subtype", object(1), exact(0, false), false},
		{"an object of a supertype", object(0), exact(1, false), false},
		{"null", 0, exact(1, true), true},
		{"null where none can be", 0, exact(1, false), false},
		{"an i31", i31(1), exact(0, true), false},
		{"a function", 1, exact(2, false), true},
		{"a function of a subtype", 2, exact(2, false), false},
	} {
		if got := s.refMatches(tt.bits, tt.typ); got != tt.want {
			t.Errorf("%s is of type %v: %v, want %v", tt.name, tt.typ, got, tt.want)
		}
	}
}

func TestDescribedTypesOfAViewAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(defs []wasm.TypeDef) // of two pairs, the second one's types are subtypes
	}{
		{"nothing", nil},
		{"a descriptor that describes nothing", func(defs []wasm.TypeDef) { defs[1].Describes = 0 }},
		{"a type that has no descriptor", func(defs []wasm.TypeDef) { defs[0].Descriptor = 0 }},
		{"a descriptor of another group", func(defs []wasm.TypeDef) { defs[2].Descriptor = 2 }},
		{"a descriptor behind the group", func(defs []wasm.TypeDef) { defs[0].Descriptor = 3 }},
		{"a descriptor that is not there", func(defs []wasm.TypeDef) { defs[2].Descriptor = 1 << 31 }},
		{"a descriptor of itself", func(defs []wasm.TypeDef) { defs[0].Descriptor, defs[0].Describes = 1, 1 }},
		{"a descriptor before what it describes", func(defs []wasm.TypeDef) {
			defs[0].Descriptor, defs[0].Describes, defs[1].Descriptor, defs[1].Describes = 0, 2, 1, 0
		}},
		{"an array with a descriptor", func(defs []wasm.TypeDef) {
			defs[0].Kind, defs[0].Fields = wasm.CompArray, []wasm.FieldType{mutable(wasm.I8)}
		}},
		{"a subtype without a descriptor", func(defs []wasm.TypeDef) { defs[2].Descriptor, defs[3].Describes, defs[3].Super = 0, 0, -1 }},
		{"a subtype of a descriptor that is none", func(defs []wasm.TypeDef) { defs[2].Descriptor, defs[2].Super, defs[3].Describes = 0, -1, 0 }},
		{"a descriptor that is no subtype", func(defs []wasm.TypeDef) { defs[3].Super = -1 }},
		{"a described type that is no subtype", func(defs []wasm.TypeDef) { defs[2].Super = -1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defs := append(describedPair(0), describedPair(2)...)
			defs[2].Super, defs[3].Super = 0, 1
			if tt.change != nil {
				tt.change(defs)
			}
			if err := NewStore(Config{}).takeTypes(defs); (err == nil) != (tt.change == nil) {
				t.Errorf("taking them gave %v", err)
			}
		})
	}
}

// The descriptor of an object of a view is one of that object's type, and of nothing else.
func TestDescriptorsOfAViewAreChecked(t *testing.T) {
	s := NewStore(Config{})
	defs := append(describedPair(0), describedPair(2)...)
	defs[2].Super, defs[3].Super = 0, 1
	ids := internAll(t, s, defs)
	var refs []uint64
	for _, k := range []int{1, 0, 3, 2} {
		r := s.rtts[ids[k]]
		ref, _ := s.heap.alloc(r, 0)
		if r.desc != 0 {
			r.setDescriptor(s.heap.at(ref), refs[len(refs)-1])
		}
		refs = append(refs, ref)
	}
	s.AddGlobal(wasm.GlobalType{Type: wasm.RefTo(ids[0], true).AsExact()}, refs[1])
	s.AddGlobal(wasm.GlobalType{Type: wasm.RefTo(ids[0], true)}, refs[3])
	heap := func(first, second uint64) []byte { // the descriptors of the third object and of the fourth
		b := state.AppendObject(state.AppendObject(nil, 1), 3) // objects without references have a block of their own
		return state.AppendRef(state.AppendObject(state.AppendRef(state.AppendObject(b, 0), first), 2), second)
	}
	object := func(n uint64) uint64 { return objectBit | n }
	view(t, s, func(p *state.Program) {
		if want := heap(object(0), object(1)); !bytes.Equal(p.Heap.Data, want) || p.Heap.Objects != 4 {
			t.Fatalf("the objects are %x, want %x", p.Heap.Data, want)
		}
		for _, tt := range []struct {
			name          string
			first, second uint64
			exact         uint64 // what the first global, of an exact type, refers to
			ok            bool
		}{
			{"nothing", object(0), object(1), object(2), true},
			{"null", 0, object(1), object(2), false},
			{"a descriptor of a subtype", object(1), object(1), object(2), false},
			{"a descriptor of a supertype", object(0), object(0), object(2), false},
			{"no descriptor", object(0), object(2), object(2), false},
			{"an i31", i31(0), object(1), object(2), false},
			{"an exact global with an object of a subtype", object(0), object(1), object(3), false},
		} {
			q := *p
			q.Heap.Data = heap(tt.first, tt.second)
			q.Globals = slices.Clone(p.Globals)
			q.Globals[0].Value.Bits = tt.exact
			if err := NewStore(Config{}).Restore(&q, Env{}); tt.ok && err != nil || !tt.ok && !errors.Is(err, ErrRestore) {
				t.Errorf("changing %s: %v", tt.name, err)
			}
		}
	})
}

// An import that must be exactly of its type is that, also in what is restored.
func TestExactImports(t *testing.T) {
	s := NewStore(Config{})
	from, err := s.Instantiate(textModule(t, `(module (type $super (sub (func))) (type $sub (sub $super (func)))
	  (func (export "super") (type $super)) (func (export "sub") (type $sub)))`), "from", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := textModule(t, `(module (type $super (sub (func))) (type $sub (sub $super (func)))
	  (import "" "any" (func (type $super))) (import "" "exact" (func (exact (type $super)))))`)
	super, sub := Extern{Func: exported(t, from, "super")}, Extern{Func: exported(t, from, "sub")}
	if _, err := s.Instantiate(m, "", []Extern{sub, sub}); !errors.Is(err, ErrLink) {
		t.Errorf("an exact import of a function of a subtype: %v", err)
	}
	if _, err := s.Instantiate(m, "to", []Extern{sub, super}); err != nil {
		t.Fatal(err)
	}
	modules := []*Module{from.module, m}
	view(t, s, func(p *state.Program) {
		to := &p.Instances[1]
		for _, swap := range []bool{false, true} {
			if swap {
				to.ImportedFuncs[0], to.ImportedFuncs[1] = to.ImportedFuncs[1], to.ImportedFuncs[0]
			}
			k := -1
			env := Env{Module: func(*state.Module) (*Module, error) { k++; return modules[k], nil }}
			if err := NewStore(Config{}).Restore(p, env); (err == nil) == swap || swap && !errors.Is(err, ErrRestore) {
				t.Errorf("restored with a function of a subtype %v: %v", swap, err)
			}
		}
	})
}

// An instance whose initial values cannot be had is not in the store: globals, tables and segments could hold null where their types
// have none, and no snapshot can say so.
func TestNoInitialValuesNoInstance(t *testing.T) {
	const types = `(rec (type $a (descriptor $d) (struct)) (type $d (describes $a) (struct)))
	  (memory 1) (func (export "g")) (global (ref (exact $d)) (struct.new $d)) (global (mut i32) (i32.const 7))`
	const null = `(struct.new_desc $a (ref.null none))`
	for _, tt := range []struct{ name, field string }{
		{"a global", `(global (ref $a) ` + null + `) (global (ref $d) (struct.new $d))`},
		{"a table", `(table 3 (ref $a) ` + null + `) (table 4 funcref)`},
		{"an element segment", `(elem (ref $a) (item ` + null + `))`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewStore(Config{})
			mod := textModule(t, `(module `+types+`(table 10 funcref) (func (export "f") (result i32) (global.get 1)))`)
			first, err := s.Instantiate(mod, "first", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Instantiate(textModule(t, `(module `+types+tt.field+`)`), "second", nil); !errors.Is(err, TrapNullDescriptor) {
				t.Errorf("instantiating gave %v, want the trap %v", err, TrapNullDescriptor)
			}
			if s.tableElems != 10 {
				t.Errorf("tables have %d elements, want 10", s.tableElems)
			}
			third, err := s.Instantiate(mod, "third", nil)
			if err != nil {
				t.Fatal(err)
			}
			view(t, s, func(p *state.Program) {
				if len(p.Instances) != 2 || len(p.Globals) != 4 || len(p.Tables) != 2 || len(p.Memories) != 2 || p.Heap.Objects != 2 {
					t.Errorf("%d instances, %d globals, %d tables, %d memories, %d objects", len(p.Instances), len(p.Globals), len(p.Tables), len(p.Memories), p.Heap.Objects)
				}
				env := Env{Module: func(*state.Module) (*Module, error) { return mod, nil }}
				if err := NewStore(Config{}).Restore(p, env); err != nil {
					t.Error(err)
				}
			})
			for _, i := range []*Instance{first, third} {
				if got, err := callOn(t, s.NewThread(), i, "f"); got != 7 || err != nil {
					t.Errorf("%d, %v", got, err)
				}
			}
		})
	}
}
