package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests here run the built binary, with guests that are built for the occasion. Nothing but Go is needed.

// bin is where what the tests need is built.
var bin string

func TestMain(m *testing.M) {
	var err error
	if bin, err = os.MkdirTemp("", "godwit-test"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Programs of the tests are to be seen by the tests alone. The name is short because a socket's is limited.
	// They are looked for in the folder for temporary files, too.
	os.Setenv("XDG_RUNTIME_DIR", bin)
	os.Setenv("TMPDIR", bin)
	code := m.Run()
	os.RemoveAll(bin)
	os.Exit(code)
}

// built returns the file that go build makes of a package, which it makes once.
func built(name string, env []string, args ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		out := filepath.Join(bin, name)
		c := exec.Command("go", append([]string{"build", "-o", out}, args...)...)
		c.Env = append(os.Environ(), env...)
		if text, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w\n%s", c, err, text)
		}
		return out, nil
	})
}

var (
	wasip1       = []string{"GOOS=wasip1", "GOARCH=wasm"}
	buildGodwit  = built("godwit.exe", nil, ".")
	buildGuest   = built("guest.wasm", wasip1, "./testdata/guest")
	buildReactor = built("reactor.wasm", wasip1, "-buildmode=c-shared", "./testdata/reactor")
)

func must(t *testing.T, build func() (string, error)) string {
	t.Helper()
	file, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// guest is the guest's file.
func guest(t *testing.T) string { return must(t, buildGuest) }

// outcome is how a command has ended.
type outcome struct {
	code           int
	stdout, stderr string
}

// started is a godwit that runs.
type started struct {
	*exec.Cmd
	out, err syncBuffer
}

// godwit makes a godwit that is to be started.
func godwit(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{Cmd: exec.Command(must(t, buildGodwit), args...)}
	s.Stdout, s.Stderr = &s.out, &s.err
	return s
}

func (s *started) start(t *testing.T) *started {
	t.Helper()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Process.Kill() })
	return s
}

// end waits for the command to end.
func (s *started) end(t *testing.T) outcome {
	t.Helper()
	late := time.AfterFunc(time.Minute, func() { s.Process.Kill() })
	defer late.Stop()
	err := s.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{s.ProcessState.ExitCode(), s.out.String(), s.err.String()}
}

// runGodwit starts a godwit and waits for its end.
func runGodwit(t *testing.T, args ...string) outcome {
	t.Helper()
	return godwit(t, args...).start(t).end(t)
}

// mustRun is runGodwit of what must succeed; it returns the output.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	o := runGodwit(t, args...)
	if o.code != 0 {
		t.Fatalf("godwit %s: exit code %d\n%s", strings.Join(args, " "), o.code, o.stderr)
	}
	return o.stdout
}

// waitFor waits until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// syncBuffer is a buffer that can be read while it is written to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// write makes a file in the test's folder.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// trapWasm is a module whose _start is unreachable.
var trapWasm = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" + // type [] -> []
	"\x03\x02\x01\x00" + // a function of it
	"\x07\x0a\x01\x06_start\x00\x00" +
	"\x0a\x05\x01\x03\x00\x00\x0b") // its body: unreachable

// exitWasm is a module whose _start calls proc_exit(256).
var exitWasm = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x08\x02\x60\x00\x00\x60\x01\x7f\x00" +
	"\x02\x24\x01\x16wasi_snapshot_preview1\x09proc_exit\x00\x01" +
	"\x03\x02\x01\x00" +
	"\x05\x03\x01\x00\x00" +
	"\x07\x0a\x01\x06_start\x00\x01" +
	"\x0a\x09\x01\x07\x00\x41\x80\x02\x10\x00\x0b")
