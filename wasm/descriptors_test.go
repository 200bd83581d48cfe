package wasm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func exact(t ValType) ValType { return t | exactRef }

// described is a type of which type i says what it is, and describes one that describes type i.
func described(i int, comp []byte) []byte { return join(formDescriptor, i, comp) }
func describes(i int, comp []byte) []byte { return join(formDescribes, i, comp) }

func TestDescriptorTypes(t *testing.T) {
	pair := recGroup(described(1, structType()), describes(0, structType()))
	for _, c := range []struct {
		name   string
		groups [][]byte
		want   string // "" if valid
	}{
		{"a pair", [][]byte{pair}, ""},
		{"a chain", [][]byte{recGroup(described(1, structType()), describes(0, described(2, structType())), describes(1, structType()))}, ""},
		{"a descriptor of another group", [][]byte{structType(), described(0, structType())}, "descriptor type is outside rec group"},
		{"a described type of another group", [][]byte{structType(), describes(0, structType())}, "described type is outside rec group"},
		{"a descriptor that describes nothing", [][]byte{recGroup(described(1, structType()), structType())}, "type is not described by its descriptor"},
		{"a described type without descriptor", [][]byte{recGroup(structType(), describes(0, structType()))}, "described type is not described by descriptor"},
		{"a descriptor before what it describes", [][]byte{recGroup(describes(1, structType()), described(0, structType()))}, "forward use of described type"},
		{"an array with a descriptor", [][]byte{recGroup(described(1, arrayType(I8, 0)), describes(0, structType()))}, "descriptor type must be a struct"},
		{"an array that describes", [][]byte{recGroup(described(1, structType()), describes(0, arrayType(I8, 0)))}, "described type must be a struct"},
		{"a subtype without the descriptor", [][]byte{
			recGroup(subType(nil, described(1, structType())), subType(nil, describes(0, structType()))), subType([]int{0}, structType())}, "sub type 2 does not match super type 0"},
		{"a subtype with an unrelated descriptor", [][]byte{
			recGroup(subType(nil, described(1, structType())), subType(nil, describes(0, structType()))),
			recGroup(subType([]int{0}, described(3, structType())), describes(2, structType()))}, "descriptor type 3 does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			defs, err := DecodeTypes(vector(c.groups...), AllFeatures)
			if c.want != "" {
				checkError(t, err, ErrInvalid, c.want)
				return
			}
			again, err2 := DecodeTypes(AppendTypes(nil, defs), AllFeatures)
			if diff := cmp.Diff(defs, again, cmpopts.EquateEmpty()); err != nil || err2 != nil || diff != "" {
				t.Errorf("%v, %v, read again (+):\n%s", err, err2, diff)
			}
		})
	}
	defs, err := DecodeTypes(vector(pair, recGroup(structType(), structType()), recGroup(described(5, structType()), describes(4, structType()))), AllFeatures)
	if diff := cmp.Diff([]int{0, 1, 2, 3, 0, 1}, canons(defs)); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	_, err = DecodeTypes(vector(pair), DefaultFeatures)
	if e := checkError(t, err, ErrFeature, "a type that is described"); e.Feature != FeatureCustomDescriptors {
		t.Error(e.Feature)
	}
}

// TestDescriptorInstructions has types 0 and its subtype 2 with descriptors 1 and 3, of which 3 is a subtype of 1, and
// structure 4 without.
func TestDescriptorInstructions(t *testing.T) {
	fn := func(params, results []ValType, code ...any) []byte {
		return module(
			section(secType, vector(
				recGroup(subType(nil, described(1, structType(I32, 0))), subType(nil, describes(0, structType())),
					subType([]int{0}, described(3, structType(I32, 0))), subType([]int{1}, describes(2, structType()))),
				structType(I32, 0), funcType(params, results))),
			section(secFunc, vector(leb(5))), section(secCode, vector(body(code...))))
	}
	null := func(t ValType) []byte { return appendValType(nil, t)[1:] }
	for _, c := range []struct {
		name            string
		params, results []ValType
		code            []any
		want            string // "" if valid
	}{
		{"struct.new is exact", nil, types(exact(ref(4))), []any{OpStructNewDefault, 4}, ""},
		{"struct.new_desc", types(exact(ref(1))), types(exact(ref(0))), []any{OpI32Const, 0, OpLocalGet, 0, OpStructNewDesc, 0}, ""},
		{"struct.new_default_desc", types(exact(refNull(1))), types(ref(0)), []any{OpLocalGet, 0, OpStructNewDefaultDesc, 0}, ""},
		{"a descriptor that is not exact", types(ref(1)), nil, []any{OpLocalGet, 0, OpStructNewDefaultDesc, 0}, "type mismatch: struct.new_default_desc expects (ref null (exact 1)), found (ref 1)"},
		{"struct.new of a described type", nil, nil, []any{OpStructNewDefault, 0}, "type with descriptor requires descriptor allocation"},
		{"struct.new_desc of another type", nil, nil, []any{OpStructNewDesc, 4}, "type without descriptor requires non-descriptor allocation"},
		{"ref.get_desc", types(ref(0)), types(ref(1)), []any{OpLocalGet, 0, OpRefGetDesc, 0}, ""},
		{"ref.get_desc of an exact reference", types(exact(ref(0))), types(exact(ref(1))), []any{OpLocalGet, 0, OpRefGetDesc, 0}, ""},
		{"ref.get_desc of one that is not", types(ref(0)), types(exact(ref(1))), []any{OpLocalGet, 0, OpRefGetDesc, 0}, "type mismatch: end expects (ref (exact 1)), found (ref 1)"},
		{"ref.get_desc of no descriptor", nil, nil, []any{OpRefGetDesc, 4}, "type without descriptor"},
		{"ref.cast_desc_eq", types(AnyRef, ref(1)), types(ref(0)), []any{OpLocalGet, 0, OpLocalGet, 1, OpRefCastDescEq, 0}, ""},
		{"ref.cast_desc_eq to no descriptor", nil, nil, []any{OpUnreachable, OpRefCastDescEq, AnyRef}, "type any does not have a descriptor"},
		{"an exact cast takes an exact descriptor", types(AnyRef, ref(1)), nil, []any{OpLocalGet, 0, OpLocalGet, 1, OpRefCastDescEq, null(exact(refNull(0)))}, "type mismatch: ref.cast_desc_eq expects (ref null (exact 1))"},
		{"br_on_cast_desc_eq", types(AnyRef, ref(1)), types(ref(0)), []any{OpLocalGet, 0, OpLocalGet, 1, OpBrOnCastDescEq, 1, 0, AnyRef, 0, OpUnreachable}, ""},
		{"br_on_cast_desc_eq_fail", types(AnyRef, ref(1)), types(AnyRef), []any{OpLocalGet, 0, OpLocalGet, 1, OpBrOnCastDescEqFail, 1, 0, AnyRef, 0}, ""},
		{"a cast that leads up", types(ref(2)), types(AnyRef), []any{OpLocalGet, 0, OpBrOnCast, 0, 0, 2, AnyRef}, ""},
		{"a cast to another hierarchy", types(ref(2)), types(FuncRef), []any{OpLocalGet, 0, OpBrOnCast, 0, 0, 2, FuncRef}, "type mismatch: br_on_cast expects a cast"},
		{"exact is a subtype", types(exact(ref(2))), types(ref(0)), []any{OpLocalGet, 0}, ""},
		{"exact has no proper subtype", types(ref(2)), types(exact(ref(0))), []any{OpLocalGet, 0}, "type mismatch: end expects (ref (exact 0)), found (ref 2)"},
		{"null is exact too", nil, types(exact(refNull(0))), []any{OpRefNull, NullRef}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(fn(c.params, c.results, c.code...), AllFeatures)
			if c.want != "" {
				checkError(t, err, ErrInvalid, c.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestExactImports(t *testing.T) {
	b := func(kind int) []byte {
		return module(section(secType, vector(funcType(nil, nil))), section(secImport, vector(join(str("a"), str("f"), kind, 0))),
			section(secGlobal, vector(join(exact(ref(0)), 0, OpRefFunc, 0, OpEnd))))
	}
	m, err := Decode(b(0x20), AllFeatures)
	if err != nil || !m.Imports[0].Exact || m.Imports[0].Kind != ExternFunc {
		t.Errorf("%v: %+v", err, m)
	}
	_, err = Decode(b(0), AllFeatures)
	checkError(t, err, ErrInvalid, "type mismatch: end expects (ref (exact 0)), found (ref 0)")
	_, err = Decode(b(0x20), DefaultFeatures)
	checkError(t, err, ErrFeature, "an import of exactly a type needs feature custom-descriptors")
}
