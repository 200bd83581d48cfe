package jit

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// suiteModules calls visit for each valid module of the specification's scripts. Without these the test is skipped, but in CI only
// where it was said that there are none to be had.
func suiteModules(t *testing.T, visit func(name string, w *wasm.Module)) {
	t.Helper()
	dir := os.Getenv("GODWIT_SPEC")
	if dir == "none" {
		t.Skip("SKIPPED, NOT TESTED: GODWIT_SPEC=none")
	}
	if dir == "" {
		dir = "../../shared/spec"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the specification's scripts are not there: %v", err)
		}
		t.Skipf("SKIPPED, NOT TESTED: the specification's scripts are not there (GODWIT_SPEC): %v", err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".wast") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s, err := wat.ParseScript(path, src)
		if err != nil {
			return err
		}
		for _, c := range s.Commands {
			if c.Kind > wat.CmdInstance || c.Module == nil {
				continue
			}
			name := fmt.Sprintf("%s:%d", filepath.Base(path), c.Pos.Line)
			bin, err := c.Module.Binary()
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			w, err := wasm.Decode(bin, ^wasm.Features(0))
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			visit(name, w)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
