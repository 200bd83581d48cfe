package oracle

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// guest is a program that goes on journeys.
type guest struct {
	name     string
	wasm     func() ([]byte, error)
	args     []string
	stdin    string // the contents of a file that is its standard input
	journeys int    // in a run of usual length: more of the quick ones
}

var guests = []*guest{
	{name: "compute", wasm: goGuest, args: []string{"compute"}, journeys: 2},
	{name: "files", wasm: goGuest, args: []string{"files"}, journeys: 3},
	{name: "listing", wasm: goGuest, args: []string{"listing"}, journeys: 2},
	{name: "recursion", wasm: goGuest, args: []string{"recursion"}, journeys: 1},
	{name: "goroutines", wasm: goGuest, args: []string{"goroutines"}, journeys: 2},
	{name: "sleep", wasm: goGuest, args: []string{"sleep"}, journeys: 1},
	{name: "stdin", wasm: goGuest, args: []string{"stdin"}, stdin: someLines, journeys: 1},
	{name: "values", wasm: handmade(valuesWasm), journeys: 12},
	{name: "objects", wasm: textGuest("testdata/objects.wat"), journeys: 8},
	{name: "deep", wasm: handmade(deepWasm), journeys: 4},
	{name: "pages", wasm: handmade(pagesWasm), journeys: 2},
}

func guestNamed(name string) *guest {
	for _, g := range guests {
		if g.name == name {
			return g
		}
	}
	panic(name)
}

var someLines = strings.Repeat("a line\nanother one, which is longer than the first\n\nand a last one, of more than sixty-four bytes, to fill the buffer\n", 12) + "no end"

func handmade(module func() []byte) func() ([]byte, error) {
	return func() ([]byte, error) { return module(), nil }
}

// textGuest is a module in the text format.
func textGuest(file string) func() ([]byte, error) {
	return func() ([]byte, error) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		return wat.Parse(file, text)
	}
}

// goGuest builds testdata/guest.
var goGuest = sync.OnceValues(func() ([]byte, error) {
	file := filepath.Join(workshop, "guest.wasm")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./testdata/guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if msg, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build for wasip1: %w\n%s", err, msg)
	}
	return os.ReadFile(file)
})

// file writes the guest's module down.
func (g *guest) file(t *testing.T) string {
	t.Helper()
	b, err := g.wasm()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "guest.wasm"), b)
}

func write(t *testing.T, file string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// outcome is everything of a run that must not depend on where it ran.
type outcome struct {
	Stdout, Stderr string
	Exit           int
	Files          map[string]string // names and contents; folders end with a slash
}

// seed is that of the guests' random numbers; start is when their clocks begin, as --deterministic has it.
const seed = 5

var start = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// safepoints counts the safepoints of a run that nothing stops.
func (g *guest) safepoints(t *testing.T, file string) uint64 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := vm.NewWASI().WithArgs(append([]string{filepath.Base(file)}, g.args...)...).
		WithStdin(strings.NewReader(g.stdin)).WithStdout(&out).WithDir(t.TempDir(), "/data", false)
	count := vm.NewProgramConfig().WithWASI(w).WithDeterministic(seed, start).
		WithSafepointHook(0, func(*vm.Program, uint64) uint64 { return 0 })
	rt := vm.NewRuntime(nil)
	m, err := rt.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	inst, err := rt.Instantiate(context.Background(), m, count)
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Program().Close()
	_ = inst.Run(context.Background()) // how it ends is the business of the reference run
	var n uint64
	err = inst.Program().View(context.Background(), false, func(v *vm.View) error {
		n = v.Safepoints
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tree is everything in a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == "." {
			return err
		}
		if d.IsDir() {
			files[p+"/"] = ""
			return nil
		}
		b, err := os.ReadFile(filepath.Join(dir, p))
		files[p] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
