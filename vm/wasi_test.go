package vm_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

func TestRunTurnsExitZeroIntoSuccess(t *testing.T) {
	for _, code := range []int{0, 3} {
		var out bytes.Buffer
		i := instantiate(t, helloWasm(code), vm.NewProgramConfig().WithWASI(vm.NewWASI().WithStdout(&out)))
		err := i.Run(context.Background())
		var exit *vm.ExitError
		if code == 0 && err != nil || code != 0 && (!errors.As(err, &exit) || exit.Code != uint32(code)) {
			t.Errorf("exit %d: %v", code, err)
		}
		if got := out.String(); got != "hello, 1\nhello, 2\nhello, 3\n" {
			t.Errorf("output %q", got)
		}
	}
	if err := instantiate(t, mathWasm, nil).Run(context.Background()); !errors.Is(err, vm.ErrNoExport) {
		t.Errorf("running what is no program: %v", err)
	}
}

// TestCommandTravels stops a command at every safepoint; what it prints in all is what it prints undisturbed.
func TestCommandTravels(t *testing.T) {
	var out, snapshot bytes.Buffer
	cfg := func(at uint64) *vm.ProgramConfig {
		return vm.NewProgramConfig().WithWASI(vm.NewWASI().WithStdout(&out)).WithSafepointHook(at, func(p *vm.Program, passed uint64) uint64 {
			snapshot.Reset()
			if err := p.Checkpoint(context.Background(), &snapshot, vm.NewCheckpointConfig().WithStop()); err != nil {
				t.Error(err)
			}
			return 0
		})
	}
	err := instantiate(t, helloWasm(0), cfg(1)).Run(context.Background())
	journeys := uint64(0)
	for errors.Is(err, vm.ErrStopped) {
		journeys++
		_, err = restore(t, snapshot.Bytes(), cfg(journeys+1)).Resume(context.Background())
	}
	if err != nil || journeys != 4 || out.String() != "hello, 1\nhello, 2\nhello, 3\n" {
		t.Errorf("%v after %d journeys, output %q", err, journeys, out.String())
	}
}

// goGuest prints what it was given, reads its input, and computes in between, with goroutines and garbage.
const goGuest = `package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"os"
	"time"
)

func main() {
	fmt.Println(os.Args[1:], os.Getenv("NAME"))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		c := make(chan map[int]string)
		go func() {
			m := map[int]string{}
			for i := range 200 {
				m[i*7%101] = fmt.Sprint(in.Text(), i)
			}
			c <- m
		}()
		m := <-c
		fmt.Println(len(m), m[42])
	}
	b := make([]byte, 8)
	rand.Read(b)
	fmt.Printf("%x %v\n", b, time.Now().UTC().Year())
}
`

// buildGo compiles a Go program for WASI, or skips the test where there is no Go.
func buildGo(t *testing.T, source string) []byte {
	t.Helper()
	if testing.Short() {
		t.Skip("building a Go guest takes seconds")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": source, "go.mod": "module guest\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-o", "guest.wasm", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("no Go guest: %v\n%s", err, out)
	}
	binary, err := os.ReadFile(filepath.Join(dir, "guest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// TestGoProgramTravels runs a Go program, garbage collector, goroutines and all, once undisturbed and once stopped and
// restored from a file some times on the way. With deterministic clocks and random numbers both print the same.
func TestGoProgramTravels(t *testing.T) {
	binary := buildGo(t, goGuest)
	rt := vm.NewRuntime(nil)
	m, err := rt.Compile(binary)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "guest.snapshot")
	input := strings.NewReader("")
	config := func(out *bytes.Buffer) *vm.ProgramConfig {
		w := vm.NewWASI().WithArgs("guest", "one", "two").WithEnv("NAME", "godwit").WithStdin(input).WithStdout(out).WithStderr(os.Stderr)
		return vm.NewProgramConfig().WithWASI(w).WithDeterministic(7, time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)).WithModules(m)
	}
	run := func(c *vm.ProgramConfig) error {
		input.Reset("alpha\nbeta\ngamma\n")
		i, err := rt.Instantiate(ctx, m, c)
		if err != nil {
			t.Fatal(err)
		}
		defer i.Program().Close()
		return i.Run(ctx)
	}
	var still, moved bytes.Buffer
	total := uint64(0)
	if err := run(config(&still).WithSafepointHook(1, func(_ *vm.Program, passed uint64) uint64 {
		total = passed
		return passed + 1
	})); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(still.String(), " 2031\n") || !strings.HasPrefix(still.String(), "[one two] godwit\n") {
		t.Fatalf("output %q", still.String())
	}
	const journeys = 10
	taken := uint64(0)
	next := func() *vm.ProgramConfig {
		taken++
		return config(&moved).WithSafepointHook(taken*total/journeys, func(p *vm.Program, _ uint64) uint64 {
			if err := p.CheckpointFile(ctx, file, vm.NewCheckpointConfig().WithStop().WithoutModules().WithCompression()); err != nil {
				t.Error(err)
			}
			return 0
		})
	}
	err = run(next())
	for errors.Is(err, vm.ErrStopped) && taken < journeys+2 {
		p, rerr := rt.RestoreFile(ctx, file, next())
		if rerr != nil {
			t.Fatal(rerr)
		}
		_, err = p.Resume(ctx)
		p.Close()
	}
	if err != nil || taken < journeys {
		t.Errorf("%v after %d journeys", err, taken)
	}
	if !slices.Equal(still.Bytes(), moved.Bytes()) {
		t.Errorf("undisturbed:\n%s\ntravelled:\n%s", still.String(), moved.String())
	}
}
