package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godwit-vm/godwit/vm"
)

var wasmCommand = command{
	name:    "wasm",
	usage:   "[FLAGS] FILE.wat",
	summary: "make the binary of a module's text",
	text: `The binary goes to FILE.wasm, beside the text, or where -o says; -o - is standard output. A module that is not valid is
not written. godwit wat is the way back.`,
	mixed: true,
	prepare: func() ([]flag, func([]string) error) {
		var a assembly
		flags := []flag{
			{name: "o", value: "FILE", set: toString(&a.out), help: "where the binary goes"},
			{name: "no-check", set: toTrue(&a.unchecked), help: "write it even if it is not valid"},
			a.features.flag(vm.DefaultFeatures),
		}
		return flags, func(args []string) error {
			if len(args) != 1 {
				return wrong("wasm takes one FILE, and has %d", len(args))
			}
			return a.file(args[0])
		}
	},
}

// assembly is one use of godwit wasm.
type assembly struct {
	out       string
	unchecked bool
	features  featureSwitches
}

func (a *assembly) file(file string) error {
	out := a.out
	if out == "" {
		out = strings.TrimSuffix(file, filepath.Ext(file)) + ".wasm"
	}
	if out == file {
		return wrong("the binary would be written over %s itself; say with -o where it goes", file)
	}
	binary, err := readModule(file)
	if errors.Is(err, errNoModule) {
		return about(file, errNoText)
	}
	if err != nil {
		return err
	}
	if !a.unchecked {
		cfg := vm.NewConfig().WithFeatures(a.features.among(vm.DefaultFeatures))
		if _, err := vm.NewRuntime(cfg).Compile(binary); err != nil {
			return about(file, err)
		}
	}
	if out == "-" {
		_, err = os.Stdout.Write(binary)
	} else {
		err = os.WriteFile(out, binary, 0o666)
	}
	if err != nil {
		return fmt.Errorf("writing the binary: %w", err)
	}
	return nil
}
