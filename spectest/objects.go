package spectest

import (
	"context"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// Only wasm can tell what an object is. proberText is a module that asks, for an assertion that wants to know; its instance
// has a name that no instance of a script has.
const (
	prober     = "prober"
	proberText = `(module
		(func (export "struct") (param anyref) (result i32) (ref.test (ref struct) (local.get 0)))
		(func (export "array") (param anyref) (result i32) (ref.test (ref array) (local.get 0))))`
)

// objectIs tells whether a reference to an object is to one of the heap type struct, array or exn. What is in a place of
// type exnref cannot be anything else.
func (w *world) objectIs(heap vm.ValType, got value) bool {
	if heap == vm.ExnRef || got.typ.AsNullable() == vm.ExnRef {
		return heap == got.typ.AsNullable()
	}
	w.stay = true // the reference would not survive
	defer func() { w.stay = false }()
	i := w.program.Instance(prober)
	if i == nil {
		binary, err := wat.Parse(prober, []byte(proberText))
		if err != nil {
			panic(err) // it is ours
		}
		m, err := w.runtime().Compile(binary)
		if err != nil {
			return false
		}
		if i, err = w.program.Instantiate(context.Background(), m, prober); err != nil {
			return false
		}
		if w.cfg.Travel > 0 {
			w.binaries = append(w.binaries, binary)
			w.modules[w.here] = append(w.modules[w.here], m)
		}
	}
	is, err := i.Call(context.Background(), heap.HeapName(), got.lo)
	return err == nil && is[0] == 1
}
