//go:build amd64 || arm64

package vm_test

import (
	"context"
	"testing"

	"github.com/godwit-vm/godwit/vm"
)

// Close gives a memory back at once: whoever still looks at its bytes sees zeros.
func TestCloseGivesMemoryBack(t *testing.T) {
	for _, tier := range tiersHere() {
		i := instantiateIn(t, vm.NewRuntime(vm.NewConfig().WithTier(tier)), textModule(t, `(module (memory (export "m") 1)
			(func (export "f") (i32.store (i32.const 8) (i32.const -1))))`), nil)
		if _, err := i.Call(context.Background(), "f"); err != nil {
			t.Fatal(err)
		}
		view := i.Memory("m").Bytes()
		if view[8] != 255 {
			t.Fatal("nothing was written")
		}
		if err := i.Program().Close(); err != nil {
			t.Fatal(err)
		}
		if view[8] != 0 {
			t.Errorf("%v: the memory of a program that is closed still holds what it held", tier)
		}
	}
}
