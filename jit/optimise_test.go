package jit

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/jit/opt"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// optimiseChecked is optimise, with the SSA verified after each pass.
func optimiseChecked(f *ir.Func) error {
	return opt.Watch(f, func(pass string) error {
		if err := ir.Verify(f); err != nil {
			return fmt.Errorf("after %s: %w\n%s", pass, err, f)
		}
		return nil
	})
}

// TestOptimisedDoesTheSame runs modules by evaluating what the passes make of their functions, and by the interpreter.
func TestOptimisedDoesTheSame(t *testing.T) { doesTheSame(t, 400, optimiseChecked) }

// TestSuiteIsOptimised optimises all functions of the specification's suite.
func TestSuiteIsOptimised(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a while")
	}
	dir := os.Getenv("GODWIT_SPEC")
	if dir == "" {
		dir = "../../shared/spec"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED, NOT TESTED: %v", err)
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
			return nil
		}
		for _, c := range s.Commands {
			if c.Kind > wat.CmdInstance || c.Module == nil {
				continue
			}
			bin, err := c.Module.Binary()
			if err != nil {
				continue
			}
			w, err := wasm.Decode(bin, ^wasm.Features(0))
			if err != nil {
				continue
			}
			m := interp.NewModule(w)
			imported := len(w.FuncTypes) - len(w.Funcs)
			for k := range w.Funcs {
				for _, way := range buildWays[:2] {
					f, err := build(m, uint32(imported+k), -1, way)
					if err != nil {
						continue
					}
					if err := optimiseChecked(f); err != nil {
						t.Errorf("%s:%d: %v", path, c.Pos.Line, err)
						return fs.SkipAll
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
