package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/bench"
)

func TestFreshness(t *testing.T) {
	dir := t.TempDir()
	output, source := filepath.Join(dir, "o"), filepath.Join(dir, "s")
	write := func(path string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want bool, why string) {
		t.Helper()
		fresh, err := isFresh(output, []string{source})
		if err != nil {
			t.Fatal(err)
		}
		if fresh != want {
			t.Errorf("fresh is %t: %s", fresh, why)
		}
	}
	now := time.Now()
	write(source, now)
	check(false, "the output is not there")
	write(output, now.Add(time.Second))
	check(true, "the output is newer")
	write(source, now.Add(2*time.Second))
	check(false, "the source is newer")
}

func TestNamesOfGuestsAreChecked(t *testing.T) {
	sources, folders := []string{"corpus/fib.c"}, []string{"corpus/go/gobench"}
	if err := checkNames([]string{"fib", "gobench"}, sources, folders); err != nil {
		t.Error(err)
	}
	if err := checkNames([]string{"fob"}, sources, folders); err == nil {
		t.Error("a guest that is not there was accepted")
	}
}

// TestBuild builds one guest of C and one of Go, and runs their native halves.
func TestBuild(t *testing.T) {
	for guest, test := range map[string]struct {
		args []string
		want string
	}{
		"fib":     {[]string{"10"}, "fib(10)=55\n"},
		"gohello": {nil, "hello\n"},
	} {
		t.Run(guest, func(t *testing.T) {
			if _, err := findCompiler(); err != nil && guest == "fib" {
				t.Skip("SKIPPED, the C guests are not tested:", err)
			}
			b := &builder{corpus: "corpus", guests: bench.Guests(t.TempDir()), log: io.Discard}
			t.Chdir("../..")
			if err := b.build(t.Context(), []string{guest}); err != nil {
				t.Fatal(err)
			}
			module, err := os.ReadFile(b.guests.Wasm(guest))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(module, []byte("\x00asm")) {
				t.Error("the guest's module is no WebAssembly")
			}
			o := bench.Run(t.Context(), append([]string{b.guests.Native(guest)}, test.args...), "", bench.Limits{CPU: -1})
			if o.Failure != nil {
				t.Fatal(o.Failure)
			}
			if o.Output != test.want {
				t.Errorf("printed %q, want %q", o.Output, test.want)
			}
		})
	}
}

func TestRecordNeedsVerify(t *testing.T) {
	err := run(t.Context(), []string{"-record"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-verify") {
		t.Errorf("got error %v", err)
	}
}
