package vm_test

import (
	"context"
	"testing"

	"github.com/godwit-vm/godwit/vm"
)

// instantiate makes a program of one instance that lives as long as the test.
func instantiate(t testing.TB, binary []byte, c *vm.ProgramConfig) *vm.Instance {
	t.Helper()
	rt := vm.NewRuntime(nil)
	m, err := rt.Compile(binary)
	if err != nil {
		t.Fatal(err)
	}
	i, err := rt.Instantiate(context.Background(), m, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Program().Close() })
	return i
}
