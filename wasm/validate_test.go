package wasm

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestValidBodies(t *testing.T) {
	for _, c := range []struct {
		name            string
		params, results []ValType
		code            []any
	}{
		{"nothing", nil, nil, nil},
		{"constant of the smallest i32", nil, types(I32), []any{OpI32Const, "\x80\x80\x80\x80\x78"}},
		{"constant of the smallest i64", nil, types(I64), []any{OpI64Const, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7F"}},
		{"locals", types(I32, F64), types(F64), []any{OpLocalGet, 0, OpLocalTee, 0, OpDrop, OpLocalGet, 1, OpLocalSet, 1, OpLocalGet, 1}},
		{"block with a result", nil, types(I32), []any{OpBlock, I32, OpI32Const, 1, OpEnd}},
		{"block with parameters", nil, types(I32, I32), []any{OpI32Const, 1, OpI32Const, 2, OpBlock, 2, OpEnd}},
		{"loop entered anew with its parameters", nil, types(I64), []any{OpI64Const, 1, OpLoop, 1, OpI32Const, 0, OpBrIf, 0, OpEnd}},
		{"if with both arms", nil, types(I64), []any{OpI32Const, 0, OpIf, I64, OpI64Const, 1, OpElse, OpI64Const, 2, OpEnd}},
		{"if without else that passes its operand on", nil, types(I64), []any{OpI64Const, 1, OpI32Const, 0, OpIf, 1, OpEnd}},
		{"branch with operands below", nil, types(I32), []any{OpF32Const, "1234", OpI32Const, 1, OpBr, 0}},
		{"return with operands below", nil, types(I32), []any{OpF32Const, "1234", OpI32Const, 1, OpReturn}},
		{"unreachable gives what is wanted", nil, types(I32), []any{OpUnreachable, OpI32Add}},
		{"unreachable select", nil, types(F64), []any{OpUnreachable, OpSelect}},
		{"unreachable br_table with labels of two types", nil, types(F64), []any{OpBlock, I64, OpUnreachable, OpBrTable, 1, 0, 1, OpEnd, OpDrop, OpUnreachable}},
		{"br_table", nil, nil, []any{OpBlock, 0x40, OpI32Const, 0, OpBrTable, 2, 0, 1, 0, OpEnd}},
		{"select", nil, types(F64), []any{OpF64Const, "12345678", OpF64Const, "12345678", OpI32Const, 0, OpSelect}},
		{"select of references", types(ExternRef), types(ExternRef), []any{OpLocalGet, 0, OpLocalGet, 0, OpI32Const, 0, OpSelectT, 1, ExternRef}},
		{"call", nil, nil, []any{OpCall, 1}},
		{"call_indirect", nil, types(I64), []any{OpI64Const, 1, OpI32Const, 0, OpCallIndirect, 1, 0}},
		{"return_call", nil, nil, []any{OpReturnCall, 1}},
		{"return_call_indirect", nil, types(I64), []any{OpI64Const, 1, OpI32Const, 0, OpReturnCallIndirect, 1, 0}},
		{"globals", nil, types(I32), []any{OpI64Const, 1, OpGlobalSet, 1, OpGlobalGet, 0}},
		{"load and store", nil, nil, []any{OpI32Const, 0, OpI32Const, 0, OpI64Load32U, 2, 4, OpI64Store, 3, "\xFF\xFF\xFF\xFF\x0F"}},
		{"load from a 64-bit memory", nil, types(F64), []any{OpI64Const, 0, OpF64Load, 0x43, 1, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"}},
		{"memory.size of both memories", nil, types(I64), []any{OpMemorySize, 0, OpDrop, OpMemorySize, 1}},
		{"memory.copy between memories", nil, nil, []any{OpI64Const, 0, OpI32Const, 0, OpI32Const, 0, OpMemoryCopy, 1, 0}},
		{"memory.fill of a 64-bit memory", nil, nil, []any{OpI64Const, 0, OpI32Const, 0, OpI64Const, 0, OpMemoryFill, 1}},
		{"memory.init and data.drop", nil, nil, []any{OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpMemoryInit, 0, 0, OpDataDrop, 0}},
		{"table.get and table.set", nil, nil, []any{OpI32Const, 0, OpI32Const, 0, OpTableGet, 1, OpTableSet, 1}},
		{"table.grow", nil, types(I32), []any{OpRefNull, FuncRef, OpI32Const, 0, OpTableGrow, 0}},
		{"table.fill and table.size", nil, nil, []any{OpI32Const, 0, OpRefNull, ExternRef, OpTableSize, 1, OpTableFill, 1}},
		{"table.init and elem.drop", nil, nil, []any{OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpTableInit, 0, 0, OpElemDrop, 0}},
		{"table.copy", nil, nil, []any{OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpTableCopy, 0, 0}},
		{"ref.func of an exported function", nil, types(I32), []any{OpRefFunc, 1, OpRefIsNull}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustDecode(t, oneFunc(c.params, c.results, c.code...))
		})
	}
}

func TestInvalidBodies(t *testing.T) {
	for _, c := range []struct {
		name            string
		params, results []ValType
		code            []any
		want            string
	}{
		{"operand of another type", nil, types(I32), []any{OpI32Const, 0, OpI64Const, 0, OpI32Add}, "type mismatch: i32.add expects i32, found i64"},
		{"operand missing", nil, types(I32), []any{OpI32Const, 0, OpI32Add}, "type mismatch: i32.add expects i32, found nothing"},
		{"operand of the block around", nil, nil, []any{OpI32Const, 0, OpBlock, 0x40, OpDrop, OpEnd}, "type mismatch: drop expects an operand, found nothing"},
		{"no result", nil, types(F32), nil, "type mismatch: end expects f32, found nothing"},
		{"result of another type", nil, types(F32), []any{OpI32Const, 0}, "type mismatch: end expects f32, found i32"},
		{"result too many", nil, nil, []any{OpI32Const, 0}, "type mismatch: end expects [], found [i32]"},
		{"result too many in unreachable code", nil, nil, []any{OpUnreachable, OpI32Const, 0}, "type mismatch: end expects [], found [i32]"},
		{"operand of another type in unreachable code", nil, types(I32), []any{OpUnreachable, OpI64Const, 0, OpI32Add}, "type mismatch: i32.add expects i32, found i64"},
		{"unknown local", types(I32), nil, []any{OpLocalGet, 1, OpDrop}, "unknown local 1"},
		{"local of another type", types(I32), nil, []any{OpF32Const, "1234", OpLocalSet, 0}, "type mismatch: local.set expects i32, found f32"},
		{"unknown global", nil, nil, []any{OpGlobalGet, 2}, "unknown global 2"},
		{"constant global", nil, nil, []any{OpI32Const, 0, OpGlobalSet, 0}, "immutable global"},
		{"global of another type", nil, nil, []any{OpI32Const, 0, OpGlobalSet, 1}, "type mismatch: global.set expects i64, found i32"},
		{"unknown function", nil, nil, []any{OpCall, 3}, "unknown function 3"},
		{"unknown type of a block", nil, nil, []any{OpBlock, 4, OpEnd}, "unknown type 4"},
		{"unknown type of a call", nil, nil, []any{OpI32Const, 0, OpCallIndirect, 4, 0}, "unknown type 4"},
		{"call through an externref table", nil, nil, []any{OpI32Const, 0, OpCallIndirect, 3, 1}, "type mismatch: call_indirect expects a table of funcref, found externref"},
		{"call through no table", nil, nil, []any{OpI32Const, 0, OpCallIndirect, 3, 2}, "unknown table 2"},
		{"tail call with other results", nil, types(I64), []any{OpReturnCall, 1}, "type mismatch: return_call expects a function with results [i64], found []"},
		{"unknown label", nil, nil, []any{OpBr, 1}, "unknown label 1"},
		{"unknown label of br_table", nil, nil, []any{OpI32Const, 0, OpBrTable, 1, 0, 9}, "unknown label 9"},
		{"branch without operand", nil, types(I32), []any{OpBr, 0}, "type mismatch: br expects i32, found nothing"},
		{"br_if without condition", nil, nil, []any{OpBrIf, 0}, "type mismatch: br_if expects i32, found nothing"},
		{"br_table with labels of different numbers", nil, types(I32), []any{OpBlock, 0x40, OpI32Const, 0, OpI32Const, 0, OpBrTable, 1, 0, 1, OpEnd, OpI32Const, 0}, "type mismatch: br_table has labels of [] and [i32]"},
		{"br_table with a label of another type", nil, types(I32), []any{OpBlock, I64, OpI64Const, 0, OpI32Const, 0, OpBrTable, 1, 0, 1, OpEnd, OpDrop, OpI32Const, 0}, "type mismatch: br_table expects i32, found i64"},
		{"arms of an if", nil, types(I32), []any{OpI32Const, 0, OpIf, I32, OpI32Const, 0, OpElse, OpEnd}, "type mismatch: end expects i32, found nothing"},
		{"first arm of an if", nil, types(I32), []any{OpI32Const, 0, OpIf, I32, OpElse, OpI32Const, 0, OpEnd}, "type mismatch: else expects i32, found nothing"},
		{"if without else that gives a result", nil, types(I32), []any{OpI32Const, 0, OpIf, I32, OpI32Const, 0, OpEnd}, "type mismatch: if without else has type [] -> [i32]"},
		{"select of references", types(FuncRef), nil, []any{OpLocalGet, 0, OpLocalGet, 0, OpI32Const, 0, OpSelect, OpDrop}, "type mismatch: select expects numbers, found funcref and funcref"},
		{"select of two types", nil, nil, []any{OpI32Const, 0, OpF32Const, "1234", OpI32Const, 0, OpSelect, OpDrop}, "type mismatch: select expects operands of one type, found i32 and f32"},
		{"select of two values", nil, nil, []any{OpSelectT, 2, I32, I32}, "invalid result arity"},
		{"unknown memory", nil, nil, []any{OpI32Const, 0, OpI32Load, 0x42, 2, 0, OpDrop}, "unknown memory 2"},
		{"memory.copy of no memory", nil, nil, []any{OpMemoryCopy, 0, 5}, "unknown memory 5"},
		{"alignment", nil, nil, []any{OpI32Const, 0, OpI32Load, 3, 0, OpDrop}, "alignment must not be larger than natural"},
		{"offset in a 32-bit memory", nil, nil, []any{OpI32Const, 0, OpI32Load, 2, "\x80\x80\x80\x80\x10", OpDrop}, "offset out of range"},
		{"address in a 64-bit memory", nil, nil, []any{OpI32Const, 0, OpI32Load, 0x42, 1, 0, OpDrop}, "type mismatch: i32.load expects i64, found i32"},
		{"address in a 32-bit memory", nil, nil, []any{OpI64Const, 0, OpI32Load, 2, 0, OpDrop}, "type mismatch: i32.load expects i32, found i64"},
		{"unknown data segment", nil, nil, []any{OpDataDrop, 1}, "unknown data segment 1"},
		{"unknown element segment", nil, nil, []any{OpElemDrop, 1}, "unknown elem segment 1"},
		{"elements of another type", nil, nil, []any{OpTableInit, 0, 1}, "type mismatch: table.init expects elements of externref, found (ref func)"},
		{"tables of two types", nil, nil, []any{OpTableCopy, 0, 1}, "type mismatch: table.copy expects elements of funcref, found externref"},
		{"table.set of another type", nil, nil, []any{OpI32Const, 0, OpRefNull, ExternRef, OpTableSet, 0}, "type mismatch: table.set expects funcref, found externref"},
		{"ref.is_null of a number", nil, nil, []any{OpI32Const, 0, OpRefIsNull, OpDrop}, "type mismatch: ref.is_null expects a reference, found i32"},
		{"ref.func of a function that nothing names", nil, nil, []any{OpRefFunc, 2, OpDrop}, "undeclared function reference 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(oneFunc(c.params, c.results, c.code...), DefaultFeatures)
			if e := checkError(t, err, ErrInvalid, c.want); e.Func != 0 {
				t.Errorf("function %d, want 0", e.Func)
			}
		})
	}
}

// TestShortCutAgrees says that common takes nothing which step refuses: a body gives the same error with and without it.
func TestShortCutAgrees(t *testing.T) {
	for name, b := range generatedBodies() {
		m := oneFunc(types(I32, I64, F32, F64), types(I32), b...)
		_, err := Decode(m, DefaultFeatures)
		if got, want := fmt.Sprint(err), fmt.Sprint(decodeWithoutCommon(m)); got != want {
			t.Errorf("%s % x: %s, step by step %s", name, join(b...), got, want)
		}
	}
}

// decodeWithoutCommon is Decode with step alone.
func decodeWithoutCommon(b []byte) error {
	d := newDecoder(b, DefaultFeatures)
	d.module()
	d.bodies(func() *Error {
		v := newValidator(d.m, DefaultFeatures, &d.declared)
		v.stepwise = true
		for i := 0; i < len(d.m.Code) && v.err == nil; i++ {
			v.function(i)
		}
		return v.err
	})
	if d.err != nil {
		return d.err
	}
	return nil
}

// generatedBodies are the bodies of every pair of short instructions behind a few operands, in reachable and in
// unreachable code, with nops behind, so that common comes to all of it.
func generatedBodies() map[string][]any {
	var instrs [][]byte
	for info := range Ops() {
		if info.Op>>16 == 0xFD && info.Op&0xF != 0 {
			continue // of the vector instructions, which are much alike, one in 16
		}
		switch info.Imm {
		case ImmNone:
			instrs = append(instrs, join(info.Op))
		case ImmLocal:
			instrs = append(instrs, join(info.Op, 0), join(info.Op, 1), join(info.Op, 0x84, 0))
		case ImmGlobal, ImmLabel:
			instrs = append(instrs, join(info.Op, 0), join(info.Op, 1), join(info.Op, 2))
		case ImmBlock:
			instrs = append(instrs, join(info.Op, 0x40), join(info.Op, I32), join(info.Op, FuncRef), join(info.Op, 2))
		case ImmMemarg:
			instrs = append(instrs, join(info.Op, 0, 0x80, 0), join(info.Op, 2, 1), join(info.Op, 0x41, 1, 0))
		case ImmI32, ImmI64:
			instrs = append(instrs, join(info.Op, 0x7F), join(info.Op, "\x80\x80\x80\x80\x08"))
		}
	}
	nops := strings.Repeat("\x01", 12)
	bodies := make(map[string][]any)
	for i, first := range instrs {
		for k, second := range instrs {
			// Every tenth pair, another tenth for each first one, is enough to meet all kinds next to each other.
			if (i+k)%10 != 0 {
				continue
			}
			for _, before := range [][]byte{join(OpI32Const, 0, OpI32Const, 1), join(OpBlock, I32, OpUnreachable), join(OpI32Const, 0, OpIf, 0x40, OpI64Const, 1)} {
				for _, after := range [][]byte{nil, join(OpEnd), join(OpEnd, OpDrop, OpI32Const, 0)} {
					name := fmt.Sprintf("%d %d %x %x", i, k, before, after)
					bodies[name] = []any{before, first, second, after, nops}
				}
			}
		}
	}
	return bodies
}

// bigModule has n functions with a thousand bytes of code or so each. The functions whose index is in bad are invalid.
func bigModule(n int, bad ...int) []byte {
	loop := join(
		OpBlock, 0x40, OpLoop, 0x40,
		OpLocalGet, 0, OpI32Eqz, OpBrIf, 1,
		OpLocalGet, 0, OpLocalGet, 1, OpI32Load, 2, 8, OpI32Add, OpLocalTee, 2, OpI32Const, "\xE4\x00", OpI32Mul, OpLocalSet, 1,
		OpLocalGet, 1, OpLocalGet, 2, OpI32Store, 2, "\x80\x01",
		OpLocalGet, 0, OpI32Const, 0x7F, OpI32Add, OpLocalSet, 0,
		OpLocalGet, 0, OpLocalGet, 1, OpCall, 0, OpDrop,
		OpBr, 0, OpEnd, OpEnd)
	good := sized(vector(join(3, I32)), strings.Repeat(string(loop), 16), OpLocalGet, 1, OpEnd)
	wrong := sized(vector(join(3, I32)), strings.Repeat(string(loop), 16), OpF32Const, "1234", OpEnd)
	bodies := make([][]byte, n)
	funcs := make([][]byte, n)
	for i := range bodies {
		bodies[i], funcs[i] = good, leb(0)
	}
	for _, i := range bad {
		bodies[i] = wrong
	}
	return module(
		section(secType, vector(funcType(types(I32, I32), types(I32)))),
		section(secFunc, vector(funcs...)),
		section(secMemory, vector(join(0, 1))),
		section(secCode, vector(bodies...)),
	)
}

// TestFirstErrorWins says that validation in parallel reports the first bad function, however it is scheduled.
func TestFirstErrorWins(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	const n = 4000
	b := bigModule(n, 1777, 1778, 1809, 2500, n-1)
	if len(b) < 8*parallelBytes {
		t.Fatalf("%d bytes are too few to be validated in parallel", len(b))
	}
	for range 20 {
		_, err := Decode(b, DefaultFeatures)
		if e := checkError(t, err, ErrInvalid, "type mismatch: end expects i32, found f32"); e.Func != 1777 {
			t.Fatalf("function %d, want 1777", e.Func)
		}
	}
	mustDecode(t, bigModule(n))
}
