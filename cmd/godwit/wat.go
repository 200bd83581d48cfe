package main

import (
	"errors"
	"os"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

var watCommand = command{
	name:    "wat",
	usage:   "[FLAGS] FILE",
	summary: "print a module as text",
	text: `FILE is a module, binary or text; a text is printed as it would be if it came from a binary. godwit wasm makes the same
module of what is printed.`,
	mixed: true,
	prepare: func() ([]flag, func([]string) error) {
		var p printing
		flags := []flag{
			{name: "o", value: "FILE", set: toString(&p.out), help: "write it there instead of to standard output"},
			p.features.flag(vm.AllFeatures),
		}
		return flags, func(args []string) error {
			if len(args) != 1 {
				return wrong("wat takes one FILE, and has %d", len(args))
			}
			return p.file(args[0])
		}
	},
}

// printing is one use of godwit wat.
type printing struct {
	out      string
	features featureSwitches
}

func (p *printing) file(file string) (err error) {
	binary, err := readModule(file)
	if errors.Is(err, errNoModule) {
		return about(file, errNoText)
	}
	if err != nil {
		return err
	}
	m, err := wasm.Decode(binary, p.features.among(vm.AllFeatures))
	if err != nil {
		return about(file, err)
	}
	out := os.Stdout
	if p.out != "" && p.out != "-" {
		if out, err = os.Create(p.out); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.Close()) }()
	}
	return wat.Print(out, m)
}
