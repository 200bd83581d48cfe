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
