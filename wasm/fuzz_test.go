package wasm

import (
	"errors"
	"os"
	"testing"
)

// FuzzDecode says of any input: Decode comes back without a panic, with an *Error if it refuses, with memory in
// proportion; and of what it accepts: the short cut had no part in the verdict, and names and lines can be asked for.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(magic + version))
	f.Add(oneFunc(types(I32, F64), types(I32), OpBlock, I32, OpLocalGet, 0, OpLocalGet, 0, OpBrIf, 0, OpEnd))
	f.Add(oneFunc(nil, types(I64), OpI64Const, 1, OpI32Const, 0, OpCallIndirect, 1, 0))
	f.Add(oneFunc(nil, nil, OpUnreachable, OpSelect, OpBrTable, 1, 0, 0))
	f.Add(oneFunc(nil, nil, OpI64Const, 0, OpI32Const, 0, OpI32Const, 0, OpMemoryCopy, 1, 0))
	f.Add(oneFunc(nil, nil, OpI32Const, 0, OpI32Const, 0, OpI32Const, 0, OpTableInit, 0, 0))
	f.Add(namedModule(join(1, sized(vector(join(1, str("a")))))))
	f.Add(bigModule(2, 1))
	f.Add(hinted(sectionBranchHints, vector(join(1, vector(join(7, 1, 1), join(12, 1, 0))))))
	for _, code := range [][]any{
		{OpI32Const, 0, OpI32Const, 1, OpStructNew, 0, OpBrOnCast, 0, 0, EqRef, 1, OpDrop},
		{OpI32Const, 0, OpI32Const, 1, OpI32Const, 2, OpArrayNewFixed, 2, 3, OpI32Const, 0, OpArrayGet, 2, OpDrop},
		{OpBlock, ExnRef, OpTryTable, 0x40, 2, 2, 1, 3, 0, OpI32Const, 0, OpRefNull, 0, OpThrow, 0, OpEnd, OpReturn, OpEnd, OpThrowRef},
		{OpTry, 0x40, OpTry, 0x40, OpDelegate, 0, OpCatch, 0, OpDrop, OpDrop, OpCatchAll, OpRethrow, 0, OpEnd},
		{OpRefFunc, 1, OpBrOnNonNull, 0, OpRefFunc, 1, OpCallRef, 5, OpDrop},
		{OpI32Const, 0, OpV128Const, "0123456789abcdef", OpV128Load16Lane, 1, 0, 3, OpI8x16Popcnt, OpDrop},
		{OpI64Const, 0, OpI32Const, 0, OpMemoryAtomicNotify, 0x42, 1, 0, OpDrop, OpAtomicFence, 0},
		{OpI64Const, 0, OpI64Const, 0, OpI64MulWideU, OpDrop, OpDrop},
		{OpStructNewDefault, 1, OpLocalSet, 0, OpLocalGet, 0, OpRefCastNull, 0, OpDrop},
	} {
		f.Add(typedFuncLocals(vector(join(1, ref(0))), nil, nil, code...))
	}
	f.Add(module(section(secType, vector(
		recGroup(subType(nil, structType(ref(1), 1)), funcType(types(ref(0)), nil)), recGroup(subType(nil, structType(ref(3), 1)), funcType(types(ref(2)), nil))))))
	for _, name := range []string{"line4.wasm", "line5.wasm"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m *Module
		var err error
		if n := allocated(func() { m, err = Decode(b, DefaultFeatures) }); n > uint64(maxPerByte*len(b)+allocBase) {
			t.Errorf("%d bytes allocated for %d bytes of input", n, len(b))
		}
		if step := decodeWithoutCommon(b); (err == nil) != (step == nil) || err != nil && err.Error() != step.Error() {
			t.Errorf("error %v, step by step %v", err, step)
		}
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(b) {
				t.Errorf("error %#v", err)
			}
			return
		}
		if again, err := DecodeTypes(AppendTypes(nil, m.Types), AllFeatures); err != nil || len(again) != len(m.Types) {
			t.Errorf("types written and read: %v", err)
		}
		m.CheckCustoms()
		m.BranchHints()
		m.ModuleName()
		for i := range min(len(m.FuncTypes), 100) {
			m.FuncName(uint32(i))
			m.LocalName(uint32(i), 0)
		}
		for i := range m.Code[:min(len(m.Code), 100)] {
			m.LineAt(m.Code[i].Offset)
		}
	})
}

// FuzzLineAt says that LineAt comes back whatever stands in the line sections.
func FuzzLineAt(f *testing.F) {
	for _, name := range []string{"line4.wasm", "line5.wasm"} {
		m := fixture(f, name)
		f.Add(m.custom(".debug_line"), m.custom(".debug_line_str"))
	}
	f.Fuzz(func(t *testing.T, line, strs []byte) {
		m := &Module{Bytes: make([]byte, 200), Customs: []Custom{{Name: ".debug_line", Data: line}, {Name: ".debug_line_str", Data: strs}}}
		n := allocated(func() {
			for off := range uint32(200) {
				m.LineAt(off)
			}
		})
		// Each look-up may read the header's tables of names.
		if most := uint64(200*10*(len(line)+len(strs)) + allocBase); n > most {
			t.Errorf("%d bytes allocated for %d bytes of input", n, len(line)+len(strs))
		}
	})
}
