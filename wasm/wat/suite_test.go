package wat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// suite is where the specification's scripts are; without them the test is skipped, but in CI only where it was said that
// there are none to be had.
func suite(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("GODWIT_SPEC")
	if dir == "none" {
		t.Skip("SKIPPED, NOT TESTED: GODWIT_SPEC=none")
	}
	if dir == "" {
		dir = "../../../shared/spec"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the specification's scripts are not there: %v", err)
		}
		t.Skipf("SKIPPED, NOT TESTED: the specification's scripts are not there (GODWIT_SPEC): %v", err)
	}
	return dir
}

// scripts calls visit for each script of the suite.
func scripts(t *testing.T, visit func(t *testing.T, name string, src []byte)) {
	dir := suite(t)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".wast") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		t.Run(name, func(t *testing.T) { visit(t, name, src) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// takenByText are malformed texts that are no errors here, because the core suite has the same text and wants it to be
// invalid: limits are numbers of 64 bits since memory64. Decode has to refuse them.
var takenByText = map[string]bool{
	"proposals/threads/memory.wast:83": true,
	"proposals/threads/memory.wast:87": true,
	"proposals/threads/memory.wast:91": true,
}

// TestSuiteIsParsedAndRefusedAsItSays parses every script: texts that are malformed have to be refused, with the words of
// the script, and all other modules have to have a binary.
func TestSuiteIsParsedAndRefusedAsItSays(t *testing.T) {
	files, encoded, refused := 0, 0, 0
	scripts(t, func(t *testing.T, name string, src []byte) {
		files++
		s, err := ParseScript(name, src)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Commands {
			if c.Module == nil || c.Module.Form == FormBinary {
				continue
			}
			malformed := c.Kind == CmdAssertMalformed || c.Kind == CmdAssertMalformedCustom || c.Kind == CmdAssertInvalidCustom
			place := fmt.Sprintf("%s:%d", name, c.Pos.Line)
			b, err := c.Module.Binary()
			var e *Error
			switch {
			case err != nil && !errors.As(err, &e):
				t.Errorf("%s: %v is no *Error", place, err)
			case err == nil && !malformed:
				encoded++
			case err == nil && takenByText[place]:
				if _, err := wasm.Decode(b, wasm.AllFeatures); err == nil {
					t.Errorf("%s: nobody refuses it: %s", place, c.Message)
				}
				refused++
			case err == nil:
				t.Errorf("%s: not refused: %s", place, c.Message)
			case !malformed:
				t.Errorf("%s: %v", place, err)
			case !strings.Contains(e.Message, c.Message):
				t.Errorf("%s: refused with %q, not %q", place, e.Message, c.Message)
			default:
				refused++
			}
		}
	})
	t.Logf("%d scripts, %d texts encoded, %d refused as they should be", files, encoded, refused)
}
