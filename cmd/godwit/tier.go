package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/godwit-vm/godwit/vm"
)

var tiers = []choice[vm.Tier]{{"auto", vm.TierAuto}, {"interp", vm.TierInterp}, {"jit", vm.TierJIT}, {"regions", vm.TierRegions}}

var tierHelp = "how code is executed: auto compiles what runs often to machine code, interp interprets\n" +
	"everything, jit compiles everything before it runs (default " + vm.NewConfig().Tier().String() + "); regions\nis for tests of the compiler"

// traces is the log of --trace. Several runtimes may write to it.
type traces struct {
	path string

	mu     sync.Mutex
	out    *bufio.Writer
	file   *os.File // nil when it is standard error
	counts map[string]int
}

func (t *traces) flag() flag {
	return flag{name: "trace", value: "FILE", set: toString(&t.path),
		help: "write a log of what was compiled to machine code, and what was not and why;\n- is standard error"}
}

// open makes the file, if one is wanted.
func (t *traces) open() (err error) {
	switch t.path {
	case "":
	case "-":
		t.out = bufio.NewWriterSize(os.Stderr, 0)
	default:
		if t.file, err = os.Create(t.path); err != nil {
			return fmt.Errorf("--trace: %w", err)
		}
		t.out = bufio.NewWriter(t.file)
	}
	return nil
}

// tell is what the runtime is given: nil when nobody wants to know.
func (t *traces) tell() func(vm.Compilation) {
	if t.path == "" {
		return nil
	}
	return t.write
}

// counted is tell that also counts.
func (t *traces) counted() func(vm.Compilation) {
	t.counts = map[string]int{}
	return func(c vm.Compilation) {
		t.write(c)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.counts[c.Reason.String()]++
	}
}

func (t *traces) write(c vm.Compilation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out == nil {
		return
	}
	fmt.Fprintln(t.out, c)
	if t.file == nil {
		t.out.Flush()
	}
}

// printCounts prints how many units were compiled, and what became of the others.
func (t *traces) printCounts(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for reason, n := range t.counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		parts = []string{"none"}
	}
	fmt.Fprintf(w, "functions and loops: %s\n", strings.Join(parts, ", "))
}

// close ends the file. Somebody may still be compiling in the background.
func (t *traces) close(log *slog.Logger) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return
	}
	err := t.out.Flush()
	if e := t.file.Close(); err == nil {
		err = e
	}
	t.out, t.file = nil, nil
	if err != nil {
		log.Error("--trace", "err", err)
	}
}
