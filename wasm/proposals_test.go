package wasm

import (
	"strings"
	"testing"
)

// typedFunc is a module with a function of that type and body, number 0, and beside it what the proposals' instructions
// may name. Types: 0 (struct i32 (mut i8)), 1 its subtype with a (mut i64) more, 2 (array (mut i32)), 3 (array i16),
// 4 (array (mut (ref null 0))), 5 [] -> [i32], 6 [i32 (ref null 0)] -> [], 7 (struct (ref 0)), and 8 the function's.
// Function 1 of type 5 is exported, tag 0 carries type 6, table 0 has (ref null 5), the shared memory 0 is 32-bit,
// memory 1 is 64-bit, element segment 0 has (ref null 0), data segment 0 is passive.
func typedFunc(params, results []ValType, code ...any) []byte {
	return typedFuncLocals(vector(), params, results, code...)
}

// typedFuncLocals is typedFunc where the function has locals.
func typedFuncLocals(locals []byte, params, results []ValType, code ...any) []byte {
	return module(
		section(secType, vector(
			subType(nil, structType(I32, 0, I8, 1)), subType([]int{0}, structType(I32, 0, I8, 1, I64, 1)),
			arrayType(I32, 1), arrayType(I16, 0), arrayType(refNull(0), 1),
			funcType(nil, types(I32)), funcType(types(I32, refNull(0)), nil), structType(ref(0), 0), funcType(params, results))),
		section(secFunc, vector(leb(8), leb(5))),
		section(secTable, vector(join(refNull(5), 0, 10))),
		section(secMemory, vector(join(3, 1, 1), join(4, 1))),
		section(secTag, vector(join(0, 6))),
		section(secExport, vector(join(str("f"), 0, 1))),
		section(secElem, vector(join(5, refNull(0), vector(join(OpRefNull, 0, OpEnd))))),
		section(secDataCount, 1),
		section(secCode, vector(sized(locals, join(code...), OpEnd), body(OpI32Const, 0))),
		section(secData, vector(join(1, str("data")))),
	)
}

func TestValidProposals(t *testing.T) {
	zeros := strings.Repeat("\x00", 16)
	for _, c := range []struct {
		name            string
		params, results []ValType
		code            []any
	}{
		{"struct.new", nil, types(ref(0)), []any{OpI32Const, 0, OpI32Const, 1, OpStructNew, 0}},
		{"struct.new_default of a subtype", nil, types(EqRef), []any{OpStructNewDefault, 1}},
		{"struct.get of the supertype's field", types(refNull(1)), types(I32), []any{OpLocalGet, 0, OpStructGet, 0, 0}},
		{"struct.get_s", types(refNull(1)), types(I32), []any{OpLocalGet, 0, OpStructGetS, 1, 1}},
		{"struct.set", types(refNull(1)), nil, []any{OpLocalGet, 0, OpI64Const, 1, OpStructSet, 1, 2}},
		{"array.new and array.len", nil, types(I32), []any{OpI32Const, 1, OpI32Const, 2, OpArrayNew, 2, OpArrayLen}},
		{"array.new_fixed", nil, types(ref(3)), []any{OpI32Const, 1, OpI32Const, 2, OpArrayNewFixed, 3, 2}},
		{"array.new_default", nil, types(ref(4)), []any{OpI32Const, 1, OpArrayNewDefault, 4}},
		{"array.new_data", nil, types(ArrayRef), []any{OpI32Const, 0, OpI32Const, 0, OpArrayNewData, 3, 0}},
		{"array.new_elem", nil, types(ArrayRef), []any{OpI32Const, 0, OpI32Const, 0, OpArrayNewElem, 4, 0}},
		{"array.get_u", types(ref(3)), types(I32), []any{OpLocalGet, 0, OpI32Const, 0, OpArrayGetU, 3}},
		{"array.set", types(ref(4), ref(1)), nil, []any{OpLocalGet, 0, OpI32Const, 0, OpLocalGet, 1, OpArraySet, 4}},
		{"array.fill", types(ref(2)), nil, []any{OpLocalGet, 0, OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpArrayFill, 2}},
		{"array.copy", types(ref(2)), nil, []any{OpLocalGet, 0, OpI32Const, 0, OpLocalGet, 0, OpI32Const, 0, OpI32Const, 0, OpArrayCopy, 2, 2}},
		{"array.init_data", types(ref(2)), nil, []any{OpLocalGet, 0, OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpArrayInitData, 2, 0}},
		{"array.init_elem", types(ref(4)), nil, []any{OpLocalGet, 0, OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpArrayInitElem, 4, 0}},
		{"i31", nil, types(I32), []any{OpI32Const, 0, OpRefI31, OpI31GetS}},
		{"ref.eq", types(ref(0)), types(I32), []any{OpLocalGet, 0, OpRefNull, EqRef, OpRefEq}},
		{"ref.test", types(AnyRef), types(I32), []any{OpLocalGet, 0, OpRefTest, 1}},
		{"ref.cast to null", types(EqRef), types(refNull(1)), []any{OpLocalGet, 0, OpRefCastNull, 1}},
		{"br_on_cast", types(AnyRef), types(ref(0)), []any{OpLocalGet, 0, OpBrOnCast, 1, 0, AnyRef, 0, OpUnreachable}},
		{"br_on_cast leaves what was not cast", types(AnyRef), types(AnyRef.NonNull()), []any{OpBlock, AnyRef, OpLocalGet, 0, OpBrOnCast, 3, 0, AnyRef, 0, OpReturn, OpEnd, OpUnreachable}},
		{"br_on_cast_fail", types(AnyRef), types(AnyRef), []any{OpLocalGet, 0, OpBrOnCastFail, 1, 0, AnyRef, 0}},
		{"conversions", types(ExternRef.NonNull()), types(ExternRef.NonNull()), []any{OpLocalGet, 0, OpAnyConvertExtern, OpExternConvertAny}},
		{"ref.func has its function's type", nil, types(ref(5)), []any{OpRefFunc, 1}},
		{"call_ref", nil, types(I32), []any{OpRefFunc, 1, OpCallRef, 5}},
		{"return_call_ref", nil, types(I32), []any{OpRefNull, NullFuncRef, OpReturnCallRef, 5}},
		{"call_indirect through a table of typed references", nil, types(I32), []any{OpI32Const, 0, OpCallIndirect, 5, 0}},
		{"ref.as_non_null", types(refNull(0)), types(ref(0)), []any{OpLocalGet, 0, OpRefAsNonNull}},
		{"br_on_null", types(refNull(0)), types(ref(0)), []any{OpBlock, 0x40, OpLocalGet, 0, OpBrOnNull, 0, OpReturn, OpEnd, OpUnreachable}},
		{"br_on_non_null", types(refNull(0)), types(ref(0)), []any{OpLocalGet, 0, OpBrOnNonNull, 0, OpUnreachable}},
		{"a block with a typed reference", types(ref(1)), types(ref(0)), []any{OpBlock, ref(0), OpLocalGet, 0, OpEnd}},
		{"unreachable references", nil, types(ref(0)), []any{OpUnreachable, OpRefAsNonNull, OpRefAsNonNull}},
		{"unreachable calls by reference", nil, types(I32), []any{OpUnreachable, OpCallRef, 5}},
		{"select of typed references", types(ref(1)), types(ref(0)), []any{OpLocalGet, 0, OpLocalGet, 0, OpI32Const, 0, OpSelectT, 1, ref(0)}},
		{"throw", types(ref(1)), nil, []any{OpI32Const, 0, OpLocalGet, 0, OpThrow, 0}},
		{"throw_ref", nil, nil, []any{OpRefNull, ExnRef, OpThrowRef}},
		{"try_table", types(), types(I32, refNull(0), ExnRef), []any{OpTryTable, 0x40, 1, 1, 0, 0, OpEnd, OpUnreachable}},
		{"try_table of all kinds", nil, nil, []any{
			OpBlock, ExnRef.NonNull(), OpTryTable, 0x40, 2, 2, 1, 3, 0, OpEnd, OpReturn, OpEnd, OpThrowRef}},
		{"legacy exceptions", nil, nil, []any{OpTry, 0x40, OpCatch, 0, OpDrop, OpDrop, OpCatchAll, OpRethrow, 0, OpEnd}},
		{"delegate", nil, types(I32), []any{OpTry, I32, OpI32Const, 0, OpDelegate, 0}},
		{"vectors", nil, types(I32), []any{OpV128Const, zeros, OpV128Const, zeros, OpI8x16Shuffle, zeros, OpI16x8ExtractLaneS, 7}},
		{"lanes of memory", nil, types(V128), []any{OpI32Const, 0, OpV128Const, zeros, OpV128Load32Lane, 2, 0, 3}},
		{"a block with a vector", nil, types(V128), []any{OpBlock, V128, OpV128Const, zeros, OpEnd}},
		{"relaxed vectors", nil, types(V128), []any{OpV128Const, zeros, OpV128Const, zeros, []byte{0xFD, 0x80, 0x02}}},
		{"atomics", nil, types(I64), []any{OpI32Const, 0, OpI64Const, 0, OpI64Const, 0, OpI64AtomicRmwCmpxchg, 3, 0, OpAtomicFence, 0}},
		{"atomics of a 64-bit memory", nil, types(I32), []any{OpI64Const, 0, OpI32Const, 0, OpMemoryAtomicNotify, 0x42, 1, 0}},
		{"wide arithmetic", nil, types(I64, I64), []any{OpI64Const, 0, OpI64Const, 0, OpI64MulWideU, OpI64Const, 0, OpI64Const, 0, OpI64Add128}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustDecode(t, typedFunc(c.params, c.results, c.code...))
		})
	}
}

func TestInvalidProposals(t *testing.T) {
	for _, c := range []struct {
		name            string
		params, results []ValType
		code            []any
		want            string
	}{
		{"struct.new of an array", nil, nil, []any{OpStructNew, 2}, "type mismatch: unknown type: type 2 is no structure type"},
		{"struct.new of no type", nil, nil, []any{OpStructNew, 99}, "unknown type 99"},
		{"struct.new without a field", nil, types(ref(0)), []any{OpI32Const, 0, OpStructNew, 0}, "type mismatch: struct.new expects i32, found nothing"},
		{"struct.new_default without a default", nil, nil, []any{OpStructNewDefault, 7}, "type mismatch: field 0 of type (ref 0) has no default value"},
		{"struct.get of no field", types(ref(0)), nil, []any{OpLocalGet, 0, OpStructGet, 0, 2}, "unknown field 2"},
		{"struct.get of a packed field", types(ref(0)), nil, []any{OpLocalGet, 0, OpStructGet, 0, 1}, "type mismatch: struct.get expects a field that is not packed"},
		{"struct.get_u of a whole field", types(ref(0)), nil, []any{OpLocalGet, 0, OpStructGetU, 0, 0}, "type mismatch: struct.get_u expects a packed field"},
		{"struct.get of a supertype", types(ref(0)), nil, []any{OpLocalGet, 0, OpStructGet, 1, 0}, "type mismatch: struct.get expects (ref null 1), found (ref 0)"},
		{"struct.set of an immutable field", types(ref(0)), nil, []any{OpLocalGet, 0, OpI32Const, 0, OpStructSet, 0, 0}, "immutable field"},
		{"array.set of an immutable array", types(ref(3)), nil, []any{OpArraySet, 3}, "immutable array"},
		{"array.fill of an immutable array", types(ref(3)), nil, []any{OpArrayFill, 3}, "immutable array"},
		{"array.copy to an immutable array", types(ref(3)), nil, []any{OpArrayCopy, 3, 3}, "immutable array"},
		{"array.copy between types", types(ref(3)), nil, []any{OpArrayCopy, 2, 3}, "array types do not match"},
		{"array.new_data of references", nil, nil, []any{OpArrayNewData, 4, 0}, "array type is not numeric or vector"},
		{"array.new_elem of numbers", nil, nil, []any{OpArrayNewElem, 2, 0}, "type mismatch: array.new_elem expects elements of i32"},
		{"array.new_data of no segment", nil, nil, []any{OpArrayNewData, 2, 1}, "unknown data segment 1"},
		{"array.init_elem of no segment", nil, nil, []any{OpArrayInitElem, 4, 1}, "unknown elem segment 1"},
		{"ref.eq of functions", nil, nil, []any{OpRefFunc, 1, OpRefFunc, 1, OpRefEq}, "type mismatch: ref.eq expects eqref, found (ref 5)"},
		{"ref.cast out of the hierarchy", types(FuncRef), nil, []any{OpLocalGet, 0, OpRefCast, 0}, "type mismatch: ref.cast expects anyref, found funcref"},
		{"br_on_cast upwards", types(ref(1)), types(ref(0)), []any{OpLocalGet, 0, OpBrOnCast, 0, 0, 1, 0}, "type mismatch: br_on_cast expects a cast to a subtype of (ref 1)"},
		{"br_on_cast to a label of another type", types(AnyRef), nil, []any{OpLocalGet, 0, OpBrOnCast, 3, 0, AnyRef, 0}, "type mismatch: br_on_cast expects a label that takes (ref null 0)"},
		{"any.convert_extern of any", types(AnyRef), nil, []any{OpLocalGet, 0, OpAnyConvertExtern}, "type mismatch: any.convert_extern expects externref"},
		{"call_ref of a structure", nil, nil, []any{OpCallRef, 0}, "type mismatch: unknown type: type 0 is no function type"},
		{"call_ref of another function", nil, nil, []any{OpRefNull, FuncRef, OpCallRef, 5}, "type mismatch: call_ref expects (ref null 5), found funcref"},
		{"return_call_ref with other results", nil, nil, []any{OpRefFunc, 1, OpReturnCallRef, 5}, "type mismatch: return_call_ref expects a function with results []"},
		{"br_on_non_null to a label without", types(refNull(0)), nil, []any{OpLocalGet, 0, OpBrOnNonNull, 0}, "type mismatch: br_on_non_null expects a label that takes a reference"},
		{"null where there is none", types(refNull(0)), types(ref(0)), []any{OpLocalGet, 0}, "type mismatch: end expects (ref 0), found (ref null 0)"},
		{"select of typed references", types(ref(0)), types(ref(0)), []any{OpLocalGet, 0, OpLocalGet, 0, OpI32Const, 0, OpSelect}, "type mismatch: select expects numbers"},
		{"select of unreachable references", nil, types(ref(0)), []any{OpUnreachable, OpRefAsNonNull, OpRefAsNonNull, OpI32Const, 0, OpSelect}, "type mismatch: select expects numbers"},
		{"throw of no tag", nil, nil, []any{OpThrow, 1}, "unknown tag 1"},
		{"throw without operands", nil, nil, []any{OpThrow, 0}, "type mismatch: throw expects (ref null 0), found nothing"},
		{"catch to a label of other types", nil, nil, []any{OpTryTable, 0x40, 1, 0, 0, 0, OpEnd}, "type mismatch: catch clause gives [i32 (ref null 0)], its label takes []"},
		{"catch_all_ref to a label without", nil, nil, []any{OpTryTable, 0x40, 1, 3, 0, OpEnd}, "type mismatch: catch clause gives [] and (ref exn), its label takes []"},
		{"catch to no label", nil, nil, []any{OpTryTable, 0x40, 1, 2, 1, OpEnd}, "unknown label 1"},
		{"rethrow outside of a catch", nil, nil, []any{OpTry, 0x40, OpRethrow, 0, OpCatchAll, OpEnd}, "invalid rethrow label 0"},
		{"delegate to no label", nil, nil, []any{OpTry, 0x40, OpDelegate, 1}, "unknown label 1"},
		{"lane", nil, nil, []any{OpUnreachable, OpI16x8ExtractLaneS, 8}, "invalid lane index 8"},
		{"lane of memory", nil, nil, []any{OpUnreachable, OpV128Store64Lane, 0, 0, 2}, "invalid lane index 2"},
		{"shuffle", nil, nil, []any{OpUnreachable, OpI8x16Shuffle, strings.Repeat("\x00", 15), 32}, "invalid lane index 32"},
		{"atomic alignment too large", nil, nil, []any{OpUnreachable, OpI32AtomicLoad, 3, 0}, "alignment must not be larger than natural"},
		{"atomic alignment too small", nil, nil, []any{OpUnreachable, OpI32AtomicLoad, 1, 0}, "atomic alignment must be natural"},
		{"wide arithmetic of three", nil, nil, []any{OpI64Const, 0, OpI64Const, 0, OpI64Const, 0, OpI64Sub128}, "type mismatch: i64.sub128 expects i64, found nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(typedFunc(c.params, c.results, c.code...), DefaultFeatures)
			if e := checkError(t, err, ErrInvalid, c.want); e.Func != 0 {
				t.Errorf("function %d, want 0", e.Func)
			}
		})
	}
}

func TestMalformedProposals(t *testing.T) {
	for _, c := range []struct {
		name string
		code []any
		want string
	}{
		{"catch without try", []any{OpCatchAll}, "unexpected token: catch_all without try"},
		{"catch behind catch_all", []any{OpTry, 0x40, OpCatchAll, OpCatchAll, OpEnd}, "unexpected token"},
		{"delegate without try", []any{OpBlock, 0x40, OpDelegate, 0}, "unexpected token: delegate without try"},
		{"delegate behind catch", []any{OpTry, 0x40, OpCatchAll, OpDelegate, 0}, "unexpected token: delegate without try"},
		{"a catch clause of no kind", []any{OpTryTable, 0x40, 1, 4, 0, OpEnd}, "malformed catch clause"},
		{"flags of br_on_cast", []any{OpUnreachable, OpBrOnCast, 4, 0, AnyRef, AnyRef}, "malformed br_on_cast flags"},
		{"fence", []any{OpAtomicFence, 1}, "zero byte expected"},
		{"heap type", []any{OpRefNull, 0x68}, "malformed heap type"},
		{"no end", []any{OpBlock, 0x40}, "unexpected end of section or function: END opcode expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(typedFunc(nil, nil, c.code...), DefaultFeatures)
			checkError(t, err, ErrMalformed, c.want)
		})
	}
}

// TestLocalsWithoutDefault says when a local that has no initial value may be read.
func TestLocalsWithoutDefault(t *testing.T) {
	get, set := join(OpLocalGet, 2, OpDrop), join(OpLocalGet, 0, OpLocalSet, 2)
	nops := strings.Repeat("\x01", 16)
	for _, c := range []struct {
		name  string
		code  []any
		valid bool
	}{
		{"read at once", []any{get}, false},
		{"set and read", []any{set, get}, true},
		{"teed and read", []any{OpLocalGet, 0, OpLocalTee, 2, OpDrop, get}, true},
		{"read in unreachable code", []any{OpUnreachable, get}, false},
		{"read in a block after being set outside", []any{set, OpBlock, 0x40, get, OpEnd, get}, true},
		{"read after the block in which it was set", []any{OpBlock, 0x40, set, get, OpEnd, get}, false},
		{"set in a block where it was set before", []any{set, OpBlock, 0x40, set, OpEnd, get}, true},
		{"read in the other arm", []any{OpI32Const, 0, OpIf, 0x40, set, OpElse, get, OpEnd}, false},
		{"set in both arms", []any{OpI32Const, 0, OpIf, 0x40, set, OpElse, set, OpEnd, get}, false},
		{"set in try, read in catch", []any{OpTry, 0x40, set, OpCatchAll, get, OpEnd}, false},
		{"a parameter", []any{OpLocalGet, 0, OpDrop}, true},
		{"a local with a default before it", []any{OpLocalGet, 1, OpDrop, OpLocalGet, 3, OpDrop}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			// With bytes behind, the short cut takes part; with one function of the kind before, its sets are forgotten.
			b := typedFuncLocals(vector(join(1, I32), join(1, ref(0)), join(1, refNull(0))), types(ref(1)), nil, append(c.code, nops)...)
			_, err := Decode(b, DefaultFeatures)
			if c.valid && err != nil {
				t.Error(err)
			} else if !c.valid {
				checkError(t, err, ErrInvalid, "uninitialized local 2")
			}
			if step := decodeWithoutCommon(b); (step == nil) != (err == nil) {
				t.Errorf("step by step %v", step)
			}
		})
	}
}

// TestOutsideOfBodies has modules whose sections use the proposals, and what is wrong with some of them.
func TestOutsideOfBodies(t *testing.T) {
	defs := section(secType, vector(structType(I32, 0), arrayType(I32, 0), funcType(nil, nil), funcType(types(I32), nil), funcType(nil, types(I32))))
	global := func(typ ValType, code ...any) []byte { return join(typ, 0, join(code...), OpEnd) }
	globals := func(g ...[]byte) []byte { return module(defs, section(secGlobal, vector(g...))) }
	memory := func(parts ...any) []byte { return module(section(secMemory, vector(join(parts...)))) }
	for _, c := range []struct {
		name  string
		b     []byte
		class error
		want  string // "" if valid
	}{
		{"constants", globals(
			global(ref(0), OpI32Const, 1, OpStructNew, 0), global(AnyRef, OpI32Const, 1, OpI32Const, 2, OpArrayNew, 1),
			global(ref(1), OpI32Const, 1, OpArrayNewDefault, 1), global(ref(1), OpI32Const, 1, OpArrayNewFixed, 1, 1),
			global(ExternRef, OpI32Const, 1, OpRefI31, OpExternConvertAny), global(AnyRef, OpGlobalGet, 4, OpAnyConvertExtern),
			global(V128, OpV128Const, strings.Repeat("\x00", 16)), global(StructRef, OpGlobalGet, 0)), nil, ""},
		{"ref.cast is not constant", globals(global(AnyRef, OpRefNull, AnyRef, OpRefCast, 0)), ErrInvalid, "constant expression required: ref.cast"},
		{"array.new_data is not constant", globals(global(AnyRef, OpArrayNewData, 1, 0)), ErrInvalid, "constant expression required"},
		{"a supertype as an initial value", globals(global(ref(0), OpRefNull, 0)), ErrInvalid, "type mismatch: end expects (ref 0), found (ref null 0)"},
		{"a table without the elements it needs", module(section(secTable, vector(join(FuncRef.NonNull(), 0, 1)))), ErrInvalid, "type mismatch: a table of (ref func) needs an initial element"},
		{"an element segment of a subtype", module(defs, section(secTable, vector(join(AnyRef, 0, 1))), section(secElem, vector(join(6, 0, OpI32Const, 0, OpEnd, EqRef, 0)))), nil, ""},
		{"an element segment of a supertype", module(defs, section(secTable, vector(join(EqRef, 0, 1))), section(secElem, vector(join(6, 0, OpI32Const, 0, OpEnd, AnyRef, 0)))), ErrInvalid, "type mismatch: element segment of anyref"},
		{"a tag import and export", module(defs, section(secImport, vector(join(str("a"), str("b"), 4, 0, 3))), section(secTag, vector(join(0, 2))), section(secExport, vector(join(str("t"), 4, 1)))), nil, ""},
		{"a tag with results", module(defs, section(secTag, vector(join(0, 4)))), ErrInvalid, "non-empty tag result type"},
		{"a tag of a structure", module(defs, section(secTag, vector(join(0, 0)))), ErrInvalid, "unknown type"},
		{"a tag's attribute", module(defs, section(secTag, vector(join(1, 2)))), ErrMalformed, "malformed tag attribute"},
		{"an export of no tag", module(section(secExport, vector(join(str("t"), 4, 0)))), ErrInvalid, "unknown tag 0"},
		{"a function of a structure's type", module(defs, section(secFunc, vector(leb(0)))), ErrInvalid, "unknown type"},
		{"tags behind globals", module(defs, section(secGlobal, vector()), section(secTag, vector())), ErrMalformed, "unexpected content after last section"},
		{"a shared memory", memory(3, 1, 2), nil, ""},
		{"a shared memory without maximum", memory(2, 1), ErrInvalid, "shared memory must have maximum"},
		{"pages of one byte", memory(9, 0, leb64(1<<32-1), 0), nil, ""},
		{"pages as ever", memory(8, 1, 16), nil, ""},
		{"pages of two bytes", memory(8, 1, 1), ErrInvalid, "invalid custom page size"},
		{"too many pages of one byte", memory(8, leb64(1<<32), 0), ErrInvalid, "memory size must be at most"},
		{"many pages of one byte in 64 bits", memory(12, leb64(1<<64-1), 0), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.b, DefaultFeatures)
			if c.want != "" {
				checkError(t, err, c.class, c.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestProposalThatIsOffIsNamed(t *testing.T) {
	plain := func(locals []byte, code ...any) []byte {
		return module(section(secType, vector(funcType(nil, nil))), section(secFunc, vector(leb(0))), section(secMemory, vector(join(0, 1))),
			section(secCode, vector(sized(locals, join(code...), OpEnd))))
	}
	none := vector()
	for _, c := range []struct {
		need Features
		b    []byte
	}{
		{FeatureSIMD, module(section(secType, vector(funcType(types(V128), nil))))},
		{FeatureSIMD, plain(vector(join(1, V128)))},
		{FeatureSIMD, plain(none, OpV128Const, "0123456789abcdef", OpDrop)},
		{FeatureRelaxedSIMD, plain(none, OpUnreachable, []byte{0xFD, 0x80, 0x02}, OpDrop)},
		{FeatureGC, module(section(secType, vector(recGroup())))},
		{FeatureGC, module(section(secType, vector(structType())))},
		{FeatureGC, module(section(secType, vector(arrayType(I8, 0))))},
		{FeatureGC, module(section(secType, vector(subType(nil, funcType(nil, nil)))))},
		{FeatureGC, module(section(secType, vector(funcType(types(ref(0)), nil))))},
		{FeatureGC, plain(vector(join(1, AnyRef)))},
		{FeatureGC, plain(none, OpUnreachable, OpRefI31, OpDrop)},
		{FeatureFunctionReferences, plain(vector(join(1, refNull(0))))},
		{FeatureFunctionReferences, plain(none, OpRefNull, 0, OpDrop)},
		{FeatureFunctionReferences, plain(none, OpUnreachable, OpCallRef, 0)},
		{FeatureExceptions, plain(vector(join(1, ExnRef)))},
		{FeatureExceptions, plain(none, OpTryTable, 0x40, 0, OpEnd)},
		{FeatureExceptions, plain(none, OpUnreachable, OpThrowRef)},
		{FeatureLegacyExceptions, plain(none, OpTry, 0x40, OpEnd)},
		{FeatureThreads, module(section(secMemory, vector(join(3, 0, 0))))},
		{FeatureThreads, plain(none, OpAtomicFence, 0)},
		{FeatureWideArithmetic, plain(none, OpUnreachable, OpI64Add128, OpDrop, OpDrop)},
		{FeatureCustomPageSizes, module(section(secMemory, vector(join(8, 0, 0))))},
	} {
		mustDecode(t, c.b)
		_, err := Decode(c.b, DefaultFeatures.Without(c.need))
		if e := checkError(t, err, ErrFeature, ""); e.Feature != c.need {
			t.Errorf("%v: feature %v, want %v", err, e.Feature, c.need)
		}
	}
	tag := module(section(secType, vector(funcType(nil, nil))), section(secTag, vector(join(0, 0))))
	mustDecode(t, tag)
	if _, err := Decode(tag, DefaultFeatures.Without(FeatureExceptions)); err != nil {
		t.Errorf("tags of legacy exceptions: %v", err)
	}
	_, err := Decode(tag, DefaultFeatures.Without(FeatureExceptions|FeatureLegacyExceptions))
	checkError(t, err, ErrFeature, "a tag needs feature exceptions")
}
