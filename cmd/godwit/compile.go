package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godwit-vm/godwit/vm"
)

var compileCommand = command{
	name:    "compile",
	usage:   "[FLAGS] FILE",
	summary: "make the machine code of a module beforehand",
	text: `FILE is a module, binary or text. All of its functions are compiled for this machine, and written to FILE.gwc, where
godwit run --code finds them, or where -o says. With --cache-dir they go where godwit run finds them by itself if it is
given the same --cache-dir. Runs that count safepoints (--fuel, --snapshot-at) need other code, which is not made
beforehand.

The code is good for this module, this kind of processor and this build of godwit; anything else ignores it. It is
executed as it is, outside of any sandbox: nobody who is not trusted may be able to write the file or the folder.`,
	mixed: true,
	prepare: func() ([]flag, func([]string) error) {
		var c compiling
		flags := []flag{
			{name: "o", value: "FILE", set: toString(&c.out), help: "where the code goes"},
			{name: "cache-dir", value: "FOLDER", set: toString(&c.dir), help: "write it to this folder, under the name by which it is found there"},
			c.traces.flag(),
			c.features.flag(vm.DefaultFeatures),
		}
		return flags, func(args []string) error {
			if len(args) != 1 {
				return wrong("compile takes one FILE, and has %d", len(args))
			}
			return c.file(args[0])
		}
	},
}

// compiling is one use of godwit compile.
type compiling struct {
	out, dir string
	traces   traces
	features featureSwitches
}

func (c *compiling) file(file string) error {
	out := c.out
	switch {
	case out != "" && c.dir != "":
		return wrong("-o and --cache-dir both say where the code goes")
	case c.dir != "":
		if err := os.MkdirAll(c.dir, 0o700); err != nil {
			return err
		}
		out = c.dir
	case out == "":
		out = strings.TrimSuffix(file, filepath.Ext(file)) + ".gwc"
	}
	if out == file {
		return wrong("the code would be written over %s itself", file)
	}
	if err := c.traces.open(); err != nil {
		return err
	}
	defer c.traces.close(newLogger(levelOff))
	binary, err := readModule(file)
	if err != nil {
		return about(file, err)
	}
	cfg := vm.NewConfig().WithTier(vm.TierInterp).WithFeatures(c.features.among(vm.DefaultFeatures))
	m, err := vm.NewRuntime(cfg).Compile(binary)
	if err != nil {
		return about(file, err)
	}
	if _, err := m.WriteCode(out, c.traces.tell()); err != nil {
		return fmt.Errorf("compiling %s: %w", file, err)
	}
	return nil
}
