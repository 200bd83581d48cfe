package wasm

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestDecodeReadsEverySection(t *testing.T) {
	b := module(
		section(secCustom, str("hello"), "data"),
		section(secType, vector(funcType(nil, nil), funcType(types(I32, F64), types(I64)))),
		section(secImport, vector(
			join(str("env"), str("f"), 0, 1),
			join(str("env"), str("t"), 1, ExternRef, 1, 2, 3),
			join(str("env"), str("m"), 2, 0, 1),
			join(str("env"), str("g"), 3, I32, 0))),
		section(secFunc, vector(leb(0))),
		section(secTable, vector(join(FuncRef, 4, 8), join(0x40, 0, FuncRef, 0, 5, OpRefFunc, 1, OpEnd))),
		section(secMemory, vector(join(5, 1, 2))),
		section(secGlobal, vector(join(I32, 0, OpGlobalGet, 0, OpEnd), join(F32, 1, OpF32Const, "\x00\x00\x80\x3F", OpEnd))),
		section(secExport, vector(join(str("run"), 0, 1), join(str("mem"), 2, 1))),
		section(secStart, 1),
		section(secElem, vector(
			join(2, 1, OpI64Const, 2, OpEnd, 0, vector(leb(1), leb(0))),
			join(7, ExternRef, vector(join(OpRefNull, ExternRef, OpEnd))),
			join(5, FuncRef, vector(join(OpRefFunc, 0, OpEnd))))),
		section(secDataCount, 2),
		section(secCode, vector(sized(vector(join(3, I32), join(2, F64)), OpNop, OpEnd))),
		section(secData, vector(join(0, OpI32Const, 3, OpEnd, str("abc")), join(1, str("de")))),
	)
	expr := func(code ...any) ConstExpr { return ConstExpr{Body: join(append(code, OpEnd)...)} }
	refFunc := expr(OpRefFunc, 1)
	want := &Module{
		Types: []TypeDef{
			{Final: true, Super: -1, GroupLen: 1},
			{FuncType: FuncType{types(I32, F64), types(I64)}, Final: true, Super: -1, Canon: 1, Group: 1, GroupLen: 1},
		},
		Imports: []Import{
			{Module: "env", Name: "f", Kind: ExternFunc, Type: 1},
			{Module: "env", Name: "t", Kind: ExternTable, Table: TableType{ExternRef, Limits{Min: 2, Max: 3, HasMax: true}}},
			{Module: "env", Name: "m", Kind: ExternMemory, Memory: MemoryType{Limits: Limits{Min: 1}}},
			{Module: "env", Name: "g", Kind: ExternGlobal, Global: GlobalType{Type: I32}},
		},
		Funcs: []uint32{0},
		Tables: []Table{
			{Type: TableType{FuncRef, Limits{Min: 8, Is64: true}}},
			{Type: TableType{FuncRef, Limits{Min: 5}}, Init: &refFunc},
		},
		Memories: []MemoryType{{Limits: Limits{Min: 1, Max: 2, HasMax: true, Is64: true}}},
		Globals: []Global{
			{GlobalType{Type: I32}, expr(OpGlobalGet, 0)},
			{GlobalType{Type: F32, Mutable: true}, expr(OpF32Const, "\x00\x00\x80\x3F")},
		},
		Exports: []Export{{"run", ExternFunc, 1}, {"mem", ExternMemory, 1}},
		Start:   1,
		Elems: []ElemSegment{
			{Table: 1, Offset: expr(OpI64Const, 2), Type: FuncRef.NonNull(), Funcs: []uint32{1, 0}},
			{Mode: SegmentDeclarative, Type: ExternRef, Exprs: []ConstExpr{expr(OpRefNull, ExternRef)}},
			{Mode: SegmentPassive, Type: FuncRef, Exprs: []ConstExpr{expr(OpRefFunc, 0)}},
		},
		Datas:     []DataSegment{{Offset: expr(OpI32Const, 3), Init: []byte("abc")}, {Mode: SegmentPassive, Init: []byte("de")}},
		DataCount: 2,
		Code:      []Code{{Locals: []LocalRun{{3, I32}, {2, F64}}, Body: join(OpNop, OpEnd)}},
		Customs:   []Custom{{Name: "hello", Data: []byte("data")}},

		FuncTypes: []uint32{1, 0},
		TableTypes: []TableType{
			{ExternRef, Limits{Min: 2, Max: 3, HasMax: true}}, {FuncRef, Limits{Min: 8, Is64: true}}, {FuncRef, Limits{Min: 5}},
		},
		MemoryTypes:       []MemoryType{{Limits: Limits{Min: 1}}, {Limits: Limits{Min: 1, Max: 2, HasMax: true, Is64: true}}},
		GlobalTypes:       []GlobalType{{Type: I32}, {Type: I32}, {Type: F32, Mutable: true}},
		NumImportedFuncs:  1,
		NumImportedTables: 1, NumImportedMemories: 1, NumImportedGlobals: 1,
		Bytes: b,
	}
	m := mustDecode(t, b)
	opts := cmp.Options{
		cmpopts.IgnoreUnexported(Module{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(ConstExpr{}, "Offset"), cmpopts.IgnoreFields(Code{}, "Offset"), cmpopts.IgnoreFields(Custom{}, "Offset"),
	}
	if diff := cmp.Diff(want, m, opts); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		off  uint32
		data []byte
	}{
		{m.Code[0].Offset, m.Code[0].Body},
		{m.Customs[0].Offset, m.Customs[0].Data},
		{m.Globals[1].Init.Offset, m.Globals[1].Init.Body},
		{m.Elems[2].Exprs[0].Offset, m.Elems[2].Exprs[0].Body},
		{m.Datas[0].Offset.Offset, m.Datas[0].Offset.Body},
	} {
		if !bytes.HasPrefix(b[c.off:], c.data) {
			t.Errorf("offset %#x is not where % x stands", c.off, c.data)
		}
	}
	if n := m.Code[0].NumLocals(); n != 5 {
		t.Errorf("%d locals, want 5", n)
	}
	if e, ok := m.Export("mem"); !ok || e.Kind != ExternMemory || e.Index != 1 {
		t.Errorf("export mem: %v %v", e, ok)
	}
	if _, ok := m.Export("nothing"); ok {
		t.Error("found an export that is none")
	}
}

func TestEmptyModule(t *testing.T) {
	m := mustDecode(t, module())
	if m.Start != -1 || m.DataCount != -1 {
		t.Errorf("start %d, data count %d, want neither", m.Start, m.DataCount)
	}
}

func TestMalformed(t *testing.T) {
	oneType := section(secType, vector(funcType(nil, nil)))
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, "unexpected end"},
		{"short magic", []byte("\x00as"), "unexpected end"},
		{"magic", []byte("wasm\x01\x00\x00\x00"), "magic header not detected"},
		{"no version", []byte("\x00asm\x01"), "unexpected end"},
		{"version", []byte("\x00asm\x02\x00\x00\x00"), "unknown binary version"},
		{"section id", module(join(14, 0)), "malformed section id"},
		{"section without size", module(join(1)), "unexpected end"},
		{"section too long", module(join(1, 5, 0)), "length out of bounds"},
		{"section too short", module(section(secType, 0, 0)), "section size mismatch"},
		{"sections out of order", module(section(secFunc, 0), section(secType, 0)), "unexpected content after last section"},
		{"section twice", module(section(secType, 0), section(secType, 0)), "unexpected content after last section"},
		{"data count behind code", module(section(secCode, 0), section(secDataCount, 0)), "unexpected content after last section"},
		{"size of six bytes", module(join(1, "\x80\x80\x80\x80\x80\x00")), "integer representation too long"},
		{"size of 33 bits", module(join(1, "\x80\x80\x80\x80\x10")), "integer too large"},
		{"custom section without name", module(section(secCustom)), "unexpected end of section or function"},
		{"custom name too long", module(section(secCustom, 9, "x")), "length out of bounds"},
		{"name", module(section(secCustom, str("\xC0\x80"))), "malformed UTF-8 encoding"},
		{"surrogate", module(section(secCustom, str("\xED\xA0\x80"))), "malformed UTF-8 encoding"},
		{"count of types", module(section(secType, 2, funcType(nil, nil))), "unexpected end of section or function"},
		{"type form", module(section(secType, 1, 0x61, 0, 0)), "malformed definition type"},
		{"value type", module(section(secType, 1, 0x60, 1, 0x40, 0)), "malformed value type"},
		{"import kind", module(section(secImport, vector(join(str(""), str(""), 5, 0)))), "malformed import kind"},
		{"mutability", module(section(secImport, vector(join(str(""), str(""), 3, I32, 2)))), "malformed mutability"},
		{"reference type", module(section(secTable, vector(join(I32, 0, 0)))), "malformed reference type"},
		{"limits flags", module(section(secMemory, vector(join(16, 0)))), "malformed limits flags"},
		{"shared table", module(section(secTable, vector(join(FuncRef, 3, 0, 0)))), "malformed limits flags"},
		{"page size of a table", module(section(secTable, vector(join(FuncRef, 8, 0, 0)))), "malformed limits flags"},
		{"page size beyond 64 bits", module(section(secMemory, vector(join(8, 0, 64)))), "invalid custom page size"},
		{"table with init", module(section(secTable, vector(join(0x40, 1, FuncRef, 0, 0)))), "malformed table"},
		{"a number that goes on behind its section", module(section(secFunc, 1, "\x80\x80\x80"), []byte("\x80\x80\x00")), "integer representation too long"},
		{"a number that is cut off", module(section(secFunc, 1, "\x80\x80\x80"), []byte("\x00")), "unexpected end of section or function"},
		{"a body and a section behind it", module(section(secType, vector(funcType(nil, nil))), section(secFunc, vector(leb(0))), section(secCode, vector(body(0xFF))), section(99)), "illegal opcode ff"},
		{"two code sections", module(section(secCode, 0), section(secCode, 0)), "unexpected content after last section"},
		{"export kind", module(section(secExport, vector(join(str(""), 5, 0)))), "malformed export kind"},
		{"element segment kind", module(section(secElem, vector(join(8, 0, 0)))), "malformed elements segment kind"},
		{"element kind", module(section(secElem, vector(join(1, 1, 0)))), "malformed element kind"},
		{"data segment kind", module(section(secMemory, vector(join(0, 0))), section(secData, vector(join(3, 0)))), "malformed data segment kind"},
		{"code without functions", module(oneType, section(secCode, vector(body()))), "function and code section have inconsistent lengths"},
		{"functions without code", module(oneType, section(secFunc, vector(leb(0)))), "function and code section have inconsistent lengths"},
		{"data count", module(section(secDataCount, 1)), "data count and data section have inconsistent lengths"},
		{"data count without data", module(section(secDataCount, 1), section(secData, 0)), "data count and data section have inconsistent lengths"},
		{"body too long", module(oneType, section(secFunc, vector(leb(0))), section(secCode, 1, 9, 0, OpEnd)), "unexpected end of section or function"},
		{"body without end", module(oneType, section(secFunc, vector(leb(0))), section(secCode, vector(sized(0, OpNop)))), "unexpected end of section or function"},
		{"code behind the end", module(oneType, section(secFunc, vector(leb(0))), section(secCode, vector(body(OpEnd)))), "section size mismatch"},
		{"2**32 locals", module(oneType, section(secFunc, vector(leb(0))), section(secCode, vector(sized(2, leb64(math.MaxUint32), I32, 1, I64, OpEnd)))), "too many locals"},
		{"data without data count", module(oneType, section(secFunc, vector(leb(0))), section(secCode, vector(body(OpDataDrop, 0)))), "data count section required"},
		{"opcode", oneFunc(nil, nil, 0xFF), "illegal opcode ff"},
		{"opcode behind prefix", oneFunc(nil, nil, 0xFC, 0x7F), "illegal opcode fc 7f"},
		{"else", oneFunc(nil, nil, OpBlock, 0x40, OpElse, OpEnd), "else without if"},
		{"block type", oneFunc(nil, nil, OpBlock, 0x42, OpEnd), "malformed value type"},
		{"negative type index", oneFunc(nil, nil, OpBlock, 0xC0, 0x7F, OpEnd), "malformed block type"},
		{"constant of 33 bits", oneFunc(nil, nil, OpI32Const, "\xFF\xFF\xFF\xFF\x0F", OpDrop), "integer too large"},
		{"constant of 6 bytes", oneFunc(nil, nil, OpI32Const, "\x80\x80\x80\x80\x80\x00", OpDrop), "integer representation too long"},
		{"constant of 65 bits", oneFunc(nil, nil, OpI64Const, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", OpDrop), "integer too large"},
		{"memarg flags", oneFunc(nil, nil, OpI32Const, 0, OpI32Load, 0x80, 1, 0, OpDrop), "malformed memop flags"},
		{"br_table longer than the body", oneFunc(nil, nil, OpBrTable, leb(1e6)), "unexpected end of section or function"},
		{"null of a number", oneFunc(nil, nil, OpRefNull, I32), "malformed heap type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.b, DefaultFeatures)
			checkError(t, err, ErrMalformed, c.want)
		})
	}
}

func TestInvalidOutsideOfBodies(t *testing.T) {
	oneType := section(secType, vector(funcType(nil, nil), funcType(types(I32), nil)))
	memory := section(secMemory, vector(join(0, 1)))
	memory64 := section(secMemory, vector(join(4, 1)))
	table := section(secTable, vector(join(FuncRef, 0, 1)))
	global := func(code ...any) []byte { return section(secGlobal, vector(join(I32, 0, join(code...), OpEnd))) }
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"type of function", module(section(secFunc, vector(leb(0)))), "unknown type 0"},
		{"type of import", module(section(secImport, vector(join(str(""), str(""), 0, 1)))), "unknown type 1"},
		{"limits", module(section(secMemory, vector(join(1, 2, 1)))), "size minimum must not be greater than maximum"},
		{"memory size", module(section(secMemory, vector(join(0, leb(65537))))), "memory size must be at most 65536 pages (4GiB)"},
		{"memory maximum", module(section(secMemory, vector(join(1, 0, leb(65537))))), "memory size must be at most 65536 pages (4GiB)"},
		{"memory64 size", module(section(secMemory, vector(join(4, leb64(1<<48+1))))), "memory size must be at most"},
		{"table size", module(section(secTable, vector(join(FuncRef, 0, leb64(1<<32))))), "table size must be at most"},
		{"export of function", module(section(secExport, vector(join(str(""), 0, 0)))), "unknown function 0"},
		{"export of table", module(section(secExport, vector(join(str(""), 1, 0)))), "unknown table 0"},
		{"export of memory", module(section(secExport, vector(join(str(""), 2, 0)))), "unknown memory 0"},
		{"export of global", module(section(secExport, vector(join(str(""), 3, 0)))), "unknown global 0"},
		{"exports", module(memory, section(secExport, vector(join(str("a"), 2, 0), join(str("a"), 2, 0)))), "duplicate export name"},
		{"start", module(section(secStart, 0)), "unknown function 0"},
		{"type of start", module(oneType, section(secFunc, vector(leb(1))), section(secStart, 0), section(secCode, vector(body()))), "start function"},
		{"element table", module(section(secElem, vector(join(0, OpI32Const, 0, OpEnd, 0)))), "unknown table 0"},
		{"element function", module(table, section(secElem, vector(join(0, OpI32Const, 0, OpEnd, vector(leb(3)))))), "unknown function 3"},
		{"element offset", module(table, section(secElem, vector(join(0, OpI64Const, 0, OpEnd, 0)))), "type mismatch: end expects i32, found i64"},
		{"element type", module(table, section(secElem, vector(join(6, 0, OpI32Const, 0, OpEnd, ExternRef, 0)))), "type mismatch: element segment of externref for a table of funcref"},
		{"element expression", module(section(secElem, vector(join(5, ExternRef, vector(join(OpRefNull, FuncRef, OpEnd)))))), "type mismatch: end expects externref, found funcref"},
		{"data memory", module(section(secData, vector(join(0, OpI32Const, 0, OpEnd, 0)))), "unknown memory 0"},
		{"data offset", module(memory, section(secData, vector(join(0, OpI64Const, 0, OpEnd, 0)))), "type mismatch"},
		{"data offset of a 64-bit memory", module(memory64, section(secData, vector(join(0, OpI32Const, 0, OpEnd, 0)))), "type mismatch: end expects i64, found i32"},
		{"empty initializer", module(global()), "type mismatch: end expects i32, found nothing"},
		{"initializer of two values", module(global(OpI32Const, 0, OpI32Const, 0)), "type mismatch: end expects [i32], found [i32 i32]"},
		{"initializer that loads", module(memory, global(OpI32Const, 0, OpI32Load, 2, 0)), "constant expression required: i32.load is not constant"},
		{"initializer that divides", module(global(OpI32Const, 0, OpI32Const, 0, OpI32DivS)), "constant expression required"},
		{"initializer of a later global", module(global(OpGlobalGet, 0)), "unknown global 0"},
		{"initializer of a mutable global", module(section(secImport, vector(join(str(""), str(""), 3, I32, 1))), global(OpGlobalGet, 0)), "constant expression required: global 0 is mutable"},
		{"initializer of a function", module(section(secGlobal, vector(join(FuncRef, 0, OpRefFunc, 1, OpEnd)))), "unknown function 1"},
		{"init of a table", module(section(secTable, vector(join(0x40, 0, FuncRef, 0, 1, OpRefNull, ExternRef, OpEnd)))), "type mismatch: end expects funcref, found externref"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.b, DefaultFeatures)
			checkError(t, err, ErrInvalid, c.want)
		})
	}
}

// TestErrorSaysWhere reads a whole error message.
func TestErrorSaysWhere(t *testing.T) {
	b := oneFunc(types(F64), types(I32), OpI32Const, 1, OpLocalGet, 0, OpI32Add)
	_, err := Decode(b, DefaultFeatures)
	e := checkError(t, err, ErrInvalid, "type mismatch: i32.add expects i32, found f64")
	if want := bytes.Index(b, join(OpI32Add, OpEnd)); e.Offset != want || e.Func != 0 || e.Section != "code" {
		t.Errorf("offset %#x func %d section %q, want %#x 0 code", e.Offset, e.Func, e.Section, want)
	}
	const want = "invalid module: type mismatch: i32.add expects i32, found f64 (func 0, code section, offset 0x5c)"
	if err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func TestFeatureThatIsOffIsNamed(t *testing.T) {
	none := func(code ...any) []byte {
		return module(section(secType, vector(funcType(nil, nil))), section(secFunc, vector(leb(0))),
			section(secTable, vector(join(FuncRef, 0, 1))), section(secMemory, vector(join(0, 1))), section(secCode, vector(body(code...))))
	}
	for _, c := range []struct {
		need Features
		b    []byte
	}{
		{FeatureMutableGlobals, module(section(secImport, vector(join(str(""), str(""), 3, I32, 1))))},
		{FeatureMutableGlobals, module(section(secGlobal, vector(join(I32, 1, OpI32Const, 0, OpEnd))), section(secExport, vector(join(str(""), 3, 0))))},
		{FeatureSignExtension, none(OpI32Const, 0, OpI32Extend8S, OpDrop)},
		{FeatureSaturatingTrunc, none(OpF32Const, "1234", OpI32TruncSatF32S, OpDrop)},
		{FeatureMultiValue, module(section(secType, vector(funcType(nil, types(I32, I32)))))},
		{FeatureMultiValue, none(OpBlock, 0, OpEnd)},
		{FeatureBulkMemory, none(OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpMemoryFill, 0)},
		{FeatureBulkMemory, module(section(secDataCount, 0))},
		{FeatureBulkMemory, module(section(secData, vector(join(1, 0))))},
		{FeatureReferenceTypes, module(section(secType, vector(funcType(types(ExternRef), nil))))},
		{FeatureReferenceTypes, module(section(secTable, vector(join(FuncRef, 0, 0), join(FuncRef, 0, 0))))},
		{FeatureReferenceTypes, none(OpRefNull, FuncRef, OpDrop)},
		{FeatureTailCall, none(OpReturnCall, 0)},
		{FeatureTailCall, none(OpI32Const, 0, OpReturnCallIndirect, 0, 0)},
		{FeatureExtendedConst, module(section(secGlobal, vector(join(I32, 0, OpI32Const, 0, OpI32Const, 0, OpI32Add, OpEnd))))},
		{FeatureMultiMemory, module(section(secMemory, vector(join(0, 0), join(0, 0))))},
		{FeatureMemory64, module(section(secMemory, vector(join(4, 0))))},
		{FeatureFunctionReferences, module(section(secTable, vector(join(0x40, 0, FuncRef, 0, 1, OpRefNull, FuncRef, OpEnd))))},
	} {
		mustDecode(t, c.b)
		_, err := Decode(c.b, DefaultFeatures.Without(c.need))
		if e := checkError(t, err, ErrFeature, ""); e.Feature != c.need {
			t.Errorf("%v: feature %v, want %v", err, e.Feature, c.need)
		}
	}
	if _, err := Decode(none(OpNop), MVP); err != nil {
		t.Error(err)
	}
}
