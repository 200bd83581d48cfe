package wasm

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

// The fixtures are testdata/line.c, compiled by
//
//	clang --target=wasm32 -O1 -g -gdwarf-5 -ffunction-sections -fdebug-compilation-dir=/src \
//	    -nostdlib -Wl,--no-entry -Wl,--gc-sections line.c -o line5.wasm
//
// and the same with -gdwarf-4. The linker left one of its functions out.
func fixture(t testing.TB, name string) *Module {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return mustDecode(t, b)
}

func TestLineAt(t *testing.T) {
	for _, c := range []struct{ fixture, file string }{
		{"line5.wasm", "/src/line.c"},
		{"line4.wasm", "line.c"}, // DWARF 4 does not name the working directory beside the lines
	} {
		m := fixture(t, c.fixture)
		find := func(op Op) uint32 {
			for _, code := range m.Code {
				if i := bytes.IndexByte(code.Body, byte(op)); i >= 0 {
					return code.Offset + uint32(i)
				}
			}
			t.Fatalf("%s has no %v", c.fixture, op)
			return 0
		}
		for _, want := range []struct {
			op   Op
			line Line
		}{
			{OpI32DivS, Line{c.file, 3, 5}},
			{OpCall, Line{c.file, 12, 12}},
		} {
			if got, ok := m.LineAt(find(want.op)); got != want.line || !ok {
				t.Errorf("%s: %v at %v, want %v", c.fixture, want.op, got, want.line)
			}
		}
		if line, ok := m.LineAt(find(OpLoop)); ok {
			t.Errorf("%s: loop at %v, but the compiler gave it no line", c.fixture, line)
		}
		for _, off := range []uint32{0, m.codeStart, uint32(len(m.Bytes)) - 1, 1<<32 - 1} {
			if line, ok := m.LineAt(off); ok {
				t.Errorf("%s: offset %#x, where no code is, at %v", c.fixture, off, line)
			}
		}
	}
}

func TestLineString(t *testing.T) {
	if got := (Line{"main.c", 12, 5}).String(); got != "main.c:12:5" {
		t.Error(got)
	}
	if got := (Line{"main.c", 12, 0}).String(); got != "main.c:12" {
		t.Error(got)
	}
}

// TestBrokenLines changes and cuts off the line sections byte by byte: whatever they say, LineAt comes back.
func TestBrokenLines(t *testing.T) {
	for _, name := range []string{"line5.wasm", "line4.wasm"} {
		good := fixture(t, name)
		for i := range good.Customs {
			c := &good.Customs[i]
			if c.Name != ".debug_line" && c.Name != ".debug_line_str" {
				continue
			}
			for at := range c.Data {
				for _, change := range []func([]byte) []byte{
					func(b []byte) []byte { b[at] ^= 0xFF; return b },
					func(b []byte) []byte { b[at] = 0xFF; return b },
					func(b []byte) []byte { b[at] = 0; return b },
					func(b []byte) []byte { return b[:at] },
				} {
					m := &Module{Code: good.Code, Bytes: good.Bytes, codeStart: good.codeStart, Customs: slices.Clone(good.Customs)}
					m.Customs[i].Data = change(bytes.Clone(c.Data))
					for off := m.codeStart; off < m.codeStart+80; off++ {
						m.LineAt(off)
					}
				}
			}
		}
	}
}

func TestNoLines(t *testing.T) {
	m := mustDecode(t, oneFunc(nil, nil))
	if line, ok := m.LineAt(m.Code[0].Offset); ok {
		t.Errorf("a module without DWARF has line %v", line)
	}
}
