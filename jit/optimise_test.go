package jit

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/jit/opt"
	"github.com/godwit-vm/godwit/wasm"
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
	units := 0
	suiteModules(t, func(name string, w *wasm.Module) {
		m := interp.NewModule(w)
		for k := range w.Funcs {
			for _, way := range buildWays[:2] {
				f, err := build(m, uint32(w.NumImportedFuncs+k), -1, way)
				if errors.Is(err, errTooLarge) {
					continue
				}
				if err == nil {
					err = optimiseChecked(f)
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				units++
			}
		}
	})
	if units < 1000 {
		t.Errorf("only %d units were optimised", units)
	}
}
