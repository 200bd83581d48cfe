package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit"
	"github.com/godwit-vm/godwit/wasm"
)

// machineCode shows what the compiler makes of a module.
func (i *inspection) machineCode(file string) error {
	binary, err := readModule(file)
	if err != nil {
		return err
	}
	w, err := wasm.Decode(binary, i.features.among(wasm.AllFeatures))
	if err != nil {
		return about(file, err)
	}
	first, end, err := functionsNamed(w, i.function)
	if err != nil {
		return about(file, err)
	}
	m, out := interp.NewModule(w), bufio.NewWriter(os.Stdout)
	for fn := first; fn < end; fn++ {
		if err := jit.Explain(out, m, fn, i.explain); err != nil {
			return err
		}
	}
	return out.Flush()
}

// functionsNamed gives the functions from first up to end: all that the module defines, or the one that is called so, by its
// name, the name of an export, or its index.
func functionsNamed(w *wasm.Module, name string) (first, end uint32, err error) {
	end = uint32(len(w.FuncTypes))
	first = end - uint32(len(w.Funcs))
	if name == "" {
		return first, end, nil
	}
	if n, err := strconv.ParseUint(name, 0, 32); err == nil {
		if uint32(n) < first || uint32(n) >= end {
			return 0, 0, fmt.Errorf("function %d is not among those that the module defines, %d to %d", n, first, int(end)-1)
		}
		return uint32(n), uint32(n) + 1, nil
	}
	if x, ok := w.Export(name); ok && x.Kind == wasm.ExternFunc && x.Index >= first {
		return x.Index, x.Index + 1, nil
	}
	for fn := first; fn < end; fn++ {
		if w.FuncName(fn) == name {
			return fn, fn + 1, nil
		}
	}
	return 0, 0, fmt.Errorf("no function that the module defines is called %q", name)
}
