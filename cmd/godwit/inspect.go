package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/godwit-vm/godwit/jit"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasi"
	"github.com/godwit-vm/godwit/wasm"
)

var inspectCommand = command{
	name:    "inspect",
	usage:   "[FLAGS] FILE",
	summary: "show what is in a module or a snapshot",
	text: `FILE is a module, binary or text, or a snapshot, whatever its name.

Of a module: what it imports and exports, how much it has of everything, which features of WebAssembly it uses, and
what its size is made of. Of a snapshot: modules and instances, threads with their backtraces, memories, open files,
and what its size is made of. Nothing is run.

With --jit, of a module: what the compiler makes of its functions, its own form of them and machine code of this
machine side by side.

The exit code is 1 if the file is damaged; what can be shown of a damaged module is shown nevertheless.`,
	mixed: true,
	prepare: func() ([]flag, func([]string) error) {
		var i inspection
		flags := []flag{
			{name: "json", set: toTrue(&i.asJSON), help: "print a JSON object, for programs"},
			{name: "module", value: "FILE", set: i.addModule, help: "a module that a snapshot does not hold, for the names in backtraces"},
			i.features.flag(wasm.AllFeatures),
			{name: "jit", set: toTrue(&i.jit), help: "show what the compiler makes of a module's functions"},
			{name: "func", value: "NAME|INDEX", set: toString(&i.function), help: "of this one only"},
			{name: "loops", set: toTrue(&i.explain.Loops), help: "and of their loops, each of which may be compiled alone"},
			{name: "phases", set: toTrue(&i.explain.Phases), help: "and after each phase of the compiler"},
			{name: "verify", set: toTrue(&i.verify), help: "read the memories in a snapshot too, and compare their checksums"},
		}
		return flags, func(args []string) error {
			if len(args) != 1 {
				return wrong("inspect takes one FILE, and has %d", len(args))
			}
			return i.file(args[0])
		}
	},
}

// inspection is one use of godwit inspect.
type inspection struct {
	asJSON, verify bool
	modules        []string
	features       featureSwitches
	jit            bool
	function       string
	explain        jit.Explanation
}

func (i *inspection) addModule(file string) error {
	i.modules = append(i.modules, file)
	return nil
}

func (i *inspection) file(file string) error {
	head := make([]byte, state.DetectSize)
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	n, err := io.ReadFull(f, head)
	f.Close()
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if i.jit && state.Detect(head[:n]) {
		return wrong("--jit is for modules, and %s is a snapshot", file)
	}
	if i.jit {
		return i.machineCode(file)
	}
	if i.function != "" || i.explain != (jit.Explanation{}) {
		return wrong("--func, --loops and --phases are for --jit")
	}
	if state.Detect(head[:n]) {
		return i.snapshot(file)
	}
	if i.verify || len(i.modules) > 0 {
		return wrong("--verify and --module are for snapshots, and %s is none", file)
	}
	return i.module(file)
}

func (i *inspection) snapshot(file string) error {
	f, err := state.ReadFile(file, vm.SnapshotLimits{})
	if err != nil {
		return about(file, err)
	}
	defer f.Close()
	for _, m := range i.modules {
		binary, err := readModule(m)
		if err != nil {
			return fmt.Errorf("--module: %w", err)
		}
		if !f.Provide(binary) {
			return fmt.Errorf("--module: %s is not a module of %s", m, file)
		}
	}
	s := state.Summarize(f, map[string]state.Describer{wasi.Module: describeWASI})
	if i.asJSON {
		err = printJSON(s)
	} else {
		s.Print(os.Stdout)
	}
	if i.verify {
		err = errors.Join(err, f.Verify())
	}
	if err != nil {
		return about(file, err)
	}
	return nil
}

// describeWASI lets a summary tell of open files.
func describeWASI(version uint32, data []byte) (details any, lines []string, err error) {
	d, err := wasi.Describe(version, data)
	if err != nil {
		return nil, nil, err
	}
	return d, d.Lines(), nil
}

func (i *inspection) module(file string) error {
	binary, err := readModule(file)
	if err != nil {
		return err
	}
	s, broken := summarize(binary, i.features.among(wasm.AllFeatures))
	if i.asJSON {
		err = printJSON(s)
	} else {
		err = s.print(os.Stdout)
	}
	if broken != nil {
		return about(file, broken)
	}
	return err
}

// printJSON prints v for programs.
func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
