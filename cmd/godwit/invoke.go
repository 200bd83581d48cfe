package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godwit-vm/godwit/vm"
)

// instanceName is what the program's instance is called.
func instanceName(m *vm.Module) string {
	if name := m.Name(); name != "" && !strings.HasPrefix(name, "wasi_") {
		return name
	}
	return "main"
}

// baseName is a file's name without its folder.
func baseName(file string) string { return filepath.Base(file) }

// function finds what is to be called: a command's _start, or what --invoke says, before which a reactor's _initialize
// is called.
func (r *run) function(inst *vm.Instance) (*vm.Func, []uint64, error) {
	name := r.invoke
	if name == "" {
		name = "_start"
	}
	f := inst.Func(name)
	if f == nil {
		return nil, nil, about(r.file, r.noFunction(inst.Module()))
	}
	args, err := r.arguments(f)
	if err != nil {
		return nil, nil, err
	}
	if init := inst.Func("_initialize"); init != nil && r.invoke != "" && r.invoke != "_initialize" {
		if _, err := init.Call(r.ctx); err != nil {
			return nil, nil, ended(r.file, err, exitStopped)
		}
	}
	return f, args, nil
}

// arguments reads the arguments of --invoke by the function's type. _start has none: the guest asks for its own.
func (r *run) arguments(f *vm.Func) ([]uint64, error) {
	if r.invoke == "" {
		return nil, nil
	}
	t := f.Type()
	if len(r.args) != len(t.Params) {
		return nil, wrong("--invoke %s: it is %v and is given %d arguments", r.invoke, &t, len(r.args))
	}
	args := make([]uint64, 0, f.Slots())
	for i, s := range r.args {
		var err error
		if args, err = parseValues(args, t.Params[i], s); err != nil {
			return nil, wrong("--invoke %s: argument %d: %w", r.invoke, i+1, err)
		}
	}
	return args, nil
}

// noFunction says what could have been called.
func (r *run) noFunction(m *vm.Module) error {
	var names []string
	for e := range m.Exports() {
		if e.Kind == vm.ExternFunc {
			names = append(names, e.Name)
		}
	}
	hint := "; it exports no function"
	if len(names) > 0 {
		hint = "; --invoke one of its functions: " + strings.Join(names, ", ")
	}
	if r.invoke == "" {
		return fmt.Errorf("it exports no _start%s", hint)
	}
	if meant := closest(r.invoke, names); meant != "" {
		hint = "; did you mean " + meant + "?"
	}
	return fmt.Errorf("it exports no function %q%s", r.invoke, hint)
}

// printResults prints what a function returned, a line each.
func printResults(types []vm.ValType, results []uint64) error {
	if len(results) == 0 {
		return nil
	}
	_, err := os.Stdout.WriteString(strings.Join(formatValues(types, results), "\n") + "\n")
	return err
}
