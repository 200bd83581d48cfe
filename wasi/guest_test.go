package wasi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasi"
	"github.com/godwit-vm/godwit/wasm"
)

// guest is a program that runs, with what is needed to have it travel.
type guest struct {
	t      *testing.T
	module *interp.Module
	cfg    *wasi.Config
	sys    *wasi.System
	store  *interp.Store
	funcs  map[string]*interp.HostFunc
	done   chan error
}

// place makes the empty place where a program can run.
func (g *guest) place() {
	g.t.Helper()
	var err error
	if g.sys, err = wasi.New(g.cfg); err != nil {
		g.t.Fatal(err)
	}
	g.store = interp.NewStore(interp.Config{})
	if err := g.store.AddResource(wasi.Module, g.sys); err != nil {
		g.t.Fatal(err)
	}
	g.funcs = map[string]*interp.HostFunc{}
	funcs := g.sys.HostFuncs()
	for i := range funcs {
		g.funcs[funcs[i].Name] = &funcs[i]
	}
}

func (g *guest) start(m *wasm.Module) {
	g.t.Helper()
	g.place()
	var imports []interp.Extern
	for _, imp := range m.Imports {
		imports = append(imports, interp.Extern{Func: g.store.AddHostFunc(g.funcs[imp.Name])})
	}
	inst, err := g.store.Instantiate(g.module, "guest", imports)
	if err != nil {
		g.t.Fatal(err)
	}
	e, ok := inst.Export("_start")
	if !ok {
		g.t.Fatal("no _start")
	}
	thread := g.store.NewThread()
	go func() { g.done <- thread.Call(context.Background(), e.Func, nil) }()
}

// errIdle keeps a checkpoint from stopping a program that has not begun, or has ended.
var errIdle = errors.New("nothing runs")

// travel freezes the program and resumes it in a new place. It is false when nothing ran that could.
func (g *guest) travel() bool {
	g.t.Helper()
	var view state.Program
	err := g.store.Checkpoint(context.Background(), true, func(p *state.Program) error {
		if len(p.Threads) == 0 || len(p.Threads[0].Frames) == 0 {
			return errIdle
		}
		view = *p
		view.Memories = append([]state.Memory(nil), p.Memories...)
		for i := range view.Memories {
			view.Memories[i].Data = bytes.Clone(p.Memories[i].Data)
		}
		return nil
	})
	if errors.Is(err, errIdle) {
		return false
	}
	if err != nil {
		g.t.Fatal(err)
	}
	<-g.done
	g.sys.Close()
	g.place()
	env := interp.Env{
		Module:   func(*state.Module) (*interp.Module, error) { return g.module, nil },
		HostFunc: func(_, name string, _ *wasm.FuncType) (*interp.HostFunc, error) { return g.funcs[name], nil },
	}
	if err := g.store.Restore(&view, env); err != nil {
		g.t.Fatal(err)
	}
	thread := g.store.Threads()[0]
	go func() {
		_, err := thread.Resume(context.Background())
		g.done <- err
	}()
	return true
}

// buildGuest compiles testdata/guest with the Go toolchain.
func buildGuest(t *testing.T) *wasm.Module {
	t.Helper()
	if testing.Short() {
		t.Skip("compiling a guest takes a while")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no Go toolchain to compile a guest with")
	}
	name := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-o", name, "testdata/guest/main.go")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasm.Decode(b, wasm.DefaultFeatures)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A program that moves every few milliseconds, while it reads, sleeps, and walks through a folder, does not notice.
func TestTravellingProgram(t *testing.T) {
	m := buildGuest(t)
	const input = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten"
	const want = `[a b] me
[0 1 10 11 12 13 14 15 16 17 18 19 2 3 4 5 6 7 8 9]
"0 one\n1 two\n2 three\n3 four\n4 five\n5 six\n6 seven\n7 eight\n8 nine\n9 ten\n"
"one,two,three,four,five,six,seven,eight,nine,ten,"
`
	for name, every := range map[string]time.Duration{"staying": 0, "travelling": 3 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			stdin, typist := io.Pipe()
			var out bytes.Buffer
			g := &guest{t: t, module: interp.NewModule(m), done: make(chan error, 1)}
			g.cfg = wasi.NewConfig().WithArgs("guest", "a", "b").WithEnv("WHO", "me").
				WithDir(t.TempDir(), "/data", false).WithStdin(stdin).WithStdout(&out).WithStderr(&out)
			g.start(m)
			go func() {
				for _, c := range strings.SplitAfter(input, "e") {
					time.Sleep(2 * time.Millisecond)
					io.WriteString(typist, c)
				}
				typist.Close()
			}()
			err := g.finish(every)
			var exit *wasi.ExitError
			if !errors.As(err, &exit) || exit.Code != 7 {
				t.Errorf("%v", err)
			}
			if d := cmp.Diff(want, out.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// finish has the program travel every so often until it ends.
func (g *guest) finish(every time.Duration) error {
	defer func() { g.sys.Close() }()
	for trips := 0; every > 0; trips++ {
		select {
		case err := <-g.done:
			g.t.Logf("%d trips", trips)
			return err
		case <-time.After(every):
		}
		if !g.travel() {
			trips--
		}
	}
	return <-g.done
}
