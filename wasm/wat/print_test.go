package wat

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/godwit-vm/godwit/wasm"
)

// TestPrintRoundTrip prints every valid module of the specification's suite: its text, parsed, is the same module and
// prints the same.
func TestPrintRoundTrip(t *testing.T) {
	modules := 0
	scripts(t, func(t *testing.T, path string, src []byte) {
		script, err := ParseScript(filepath.Base(path), src)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range script.Commands {
			if c.Module == nil || c.Kind != CmdModule && c.Kind != CmdDefinition {
				continue
			}
			binary, err := c.Module.Binary()
			if err != nil {
				t.Fatal(err)
			}
			m, err := wasm.Decode(binary, wasm.AllFeatures)
			if err != nil {
				t.Fatalf("line %d: %v", c.Pos.Line, err)
			}
			modules++
			roundTrip(t, c.Pos.Line, m)
		}
	})
	if modules < 2000 && !t.Failed() {
		t.Errorf("%d modules printed; the suite has more than that", modules)
	}
}

func roundTrip(t *testing.T, line int, m *wasm.Module) {
	text := printed(t, m)
	again, err := Parse("printed.wat", []byte(text))
	if err != nil {
		t.Errorf("line %d: the printed module does not parse: %v", line, err)
		return
	}
	m2, err := wasm.Decode(again, wasm.AllFeatures)
	if err != nil {
		t.Errorf("line %d: the printed module is not valid: %v\n%s", line, err, clip(text))
		return
	}
	if diff := cmp.Diff(text, printed(t, m2)); diff != "" {
		t.Errorf("line %d: printed, parsed and printed again (-first +second):\n%s", line, clip(diff))
	}
	if diff := cmp.Diff(m.Types, m2.Types, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("line %d: other types after printing and parsing:\n%s", line, clip(diff))
	}
	if diff := cmp.Diff(m.Datas, m2.Datas, cmpopts.IgnoreFields(wasm.ConstExpr{}, "Offset"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("line %d: other data after printing and parsing:\n%s", line, clip(diff))
	}
}

func printed(t *testing.T, m *wasm.Module) string {
	t.Helper()
	var b bytes.Buffer
	if err := Print(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func clip(s string) string {
	if len(s) > 3000 {
		return s[:3000] + "…"
	}
	return s
}
