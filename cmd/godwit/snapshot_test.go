package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/state"
)

// countOutput is what the guest's count writes.
func countOutput(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, "line", i)
	}
	return b.String()
}

// snapshotFile is a name for a snapshot, in a folder of the test's own.
func snapshotFile(t *testing.T) string { return filepath.Join(t.TempDir(), "a.snapshot") }

// exists tells whether a snapshot is there, as a whole.
func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// TestSnapshotAt stops a program at safepoint after safepoint: the outputs put together are those of a run that was
// never stopped.
func TestSnapshotAt(t *testing.T) {
	g := guest(t)
	for _, test := range []struct {
		name         string
		save, resume []string
	}{
		{"embedded module", nil, nil},
		{"compressed", []string{"--snapshot-compress"}, nil},
		{"without module", []string{"--snapshot-without-module"}, []string{"--module", g}},
		{"both", []string{"--snapshot-without-module", "--snapshot-compress"}, []string{"--module=" + g}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, output, stops := snapshotFile(t), "", 0
			args := append([]string{"--deterministic"}, test.save...)
			next := []string{g, "count", "6", "10"}
			for at := 3000; ; at += 6000 {
				a := append(append([]string{"--snapshot", file, "--snapshot-at", fmt.Sprint(at)}, args...), next...)
				o := runGodwit(t, a...)
				output += o.stdout
				if o.code == 7 {
					break
				}
				if stops++; o.code != exitStopped || o.stderr != "" || stops > 100 {
					t.Fatalf("stop %d: %+v", stops, o)
				}
				args, next = append(append([]string{}, test.save...), test.resume...), []string{file}
			}
			if diff := cmp.Diff(countOutput(6), output); diff != "" || stops < 2 {
				t.Errorf("%d stops; %s", stops, diff)
			}
		})
	}
}

// TestSnapshotAtTheFirstSafepoint: a snapshot continues what comes after _initialize, so that it cannot be earlier.
func TestSnapshotAtTheFirstSafepoint(t *testing.T) {
	file, r := snapshotFile(t), must(t, buildReactor)
	o := runGodwit(t, "--snapshot", file, "--snapshot-at", "1", "--invoke", "slow", r, "22")
	if o.code != exitStopped || o.stdout != "" {
		t.Fatalf("got %+v", o)
	}
	if out := mustRun(t, file); !strings.HasPrefix(out, "step 0\n") || !strings.HasSuffix(out, "step 19\n42\n") {
		t.Errorf("the function that --invoke called goes on to print its steps and its result, but prints %q", out)
	}
}

func TestSnapshotEvery(t *testing.T) {
	file := snapshotFile(t)
	s := godwit(t, "--snapshot", file, "--snapshot-every", "20ms", guest(t), "count", "30", "10").start(t)
	waitFor(t, "a snapshot of a program that has begun", func() bool {
		return exists(file) && strings.Count(s.out.String(), "\n") > 10
	})
	s.Process.Kill()
	if o := s.end(t); o.stderr != "" {
		t.Error(o.stderr)
	}
	// What was written between the last snapshot and the end is written again.
	o := runGodwit(t, file)
	if o.code != 7 || !strings.HasSuffix(countOutput(30), o.stdout) || len(o.stdout)+len(s.out.String()) < len(countOutput(30)) {
		t.Errorf("got %+v", o)
	}
}

func TestFailedSnapshotLetsTheProgramGoOn(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "missing", "a.snapshot")
	for name, args := range map[string][]string{
		"again and again": {"--snapshot-every", "5ms"},
		"at a safepoint":  {"--snapshot-at", "5000"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--snapshot", nowhere}, append(args, guest(t), "count", "6", "10")...)
			o := runGodwit(t, args...)
			if o.code != 7 || o.stdout != countOutput(6) || !strings.Contains(o.stderr, "snapshot failed; the program goes on") {
				t.Errorf("got %+v", o)
			}
		})
	}
}

// stopAt makes a snapshot of a run that is stopped at a safepoint.
func stopAt(t *testing.T, at int, args ...string) (file string, o outcome) {
	t.Helper()
	file = snapshotFile(t)
	o = runGodwit(t, append([]string{"--snapshot", file, "--snapshot-at", fmt.Sprint(at)}, args...)...)
	if o.code != exitStopped {
		t.Fatalf("got %+v", o)
	}
	return file, o
}

func TestResumeRefuses(t *testing.T) {
	g, dir := guest(t), t.TempDir()
	file, _ := stopAt(t, 5000, "--dir", dir+"::/x", g, "count", "5", "1")
	bare, _ := stopAt(t, 5000, "--snapshot-without-module", g, "count", "5", "1")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mount := "--dir=" + dir + "::/x"
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"without its mount", []string{file}, 1, "the snapshot needs a mount for guest path /x: give --dir HOST::/x"},
		{"with arguments", []string{mount, file, "more"}, 2, "has its arguments already"},
		{"with a function", []string{mount, "--invoke", "f", file}, 2, "--invoke"},
		{"without its module", []string{bare}, 1, "give --module FILE"},
		{"with another module", []string{"--module", must(t, buildReactor), bare}, 1, "is not a module of"},
		{"cut short", []string{mount, write(t, "short", whole[:len(whole)-100])}, 1, "snapshot"},
		{"over a limit", []string{mount, "--max-memory=64KiB", file}, 1, "limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := runGodwit(t, test.args...)
			if o.code != test.code || !strings.Contains(o.stderr, test.stderr) || o.stdout != "" {
				t.Errorf("got %+v", o)
			}
		})
	}
}

func TestResumeWithOpenFiles(t *testing.T) {
	g := guest(t)
	for _, test := range []struct {
		name   string
		change bool
		args   []string
		code   int
		stderr string
	}{
		{"unchanged", false, nil, 0, ""},
		{"changed", true, nil, 1, "--on-changed-file adopt"},
		{"changed and adopted", true, []string{"--on-changed-file", "adopt"}, 0, ""},
		{"changed and broken", true, []string{"--on-changed-file", "eio"}, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			log := filepath.Join(dir, "log")
			file := ""
			for at, lines := 10000, ""; lines == ""; at += 4000 { // how soon a Go program gets there is Go's affair
				var o outcome
				os.Remove(log)
				file, o = stopAt(t, at, "--deterministic", "--dir", dir+"::/x", g, "append", "/x/log", "20")
				lines = o.stdout
			}
			if test.change {
				b, err := os.ReadFile(log)
				if err == nil {
					err = os.WriteFile(log, append(b, "more\n"...), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			r := runGodwit(t, append(test.args, "--dir", dir+"::/x", file)...)
			if r.code != test.code || !strings.Contains(r.stderr, test.stderr) {
				t.Fatalf("got %+v", r)
			}
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(countOutput(20), "line", "file")
			if got := strings.Replace(string(b), "more\n", "", 1); r.code == 0 && got != want {
				t.Error(cmp.Diff(want, got))
			}
		})
	}
}

func TestInspect(t *testing.T) {
	g, r := guest(t), must(t, buildReactor)
	file, _ := stopAt(t, 5000, g, "count", "5", "1")
	bare, _ := stopAt(t, 5000, "--snapshot-without-module", "--snapshot-compress", g, "count", "5", "1")
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{g}, []string{"a program", "bulk-memory", "wasi_snapshot_preview1.fd_write", "[i32 i32 i32 i32] -> [i32]", "code", "MiB"}},
		{[]string{r}, []string{"a reactor", "add", "[i64 i64] -> [i64]"}},
		{[]string{file}, []string{"snapshot, format", "embedded", "after 5,000 safepoints", "runtime.", "memory 0", "stdin"}},
		{[]string{"--verify", bare}, []string{"compressed", "not embedded", "func["}},
		{[]string{bare, "--module", g}, []string{"compressed", "runtime."}},
	} {
		out := mustRun(t, append([]string{"inspect"}, test.args...)...)
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("inspect %v does not tell of %q:\n%s", test.args, want, out)
			}
		}
	}
	var m moduleSummary
	var s state.Summary
	for file, v := range map[string]any{g: &m, file: &s} {
		if err := json.Unmarshal([]byte(mustRun(t, "inspect", "--json", file)), v); err != nil {
			t.Error(err)
		}
	}
	if m.Kind != "command" || len(m.Imports) == 0 || len(s.Threads) != 1 || s.Safepoints != 5000 {
		t.Errorf("inspect --json gives %+v\n%+v", m, s)
	}
}

func TestInspectOfDamagedFiles(t *testing.T) {
	file, _ := stopAt(t, 5000, guest(t), "count", "5", "1")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-5000] ^= 1 // in the memory's contents, which only --verify reads
	for _, test := range []struct {
		name   string
		args   []string
		stderr string
	}{
		{"a module", []string{write(t, "m", trapWasm[:30])}, "malformed"},
		{"a snapshot", []string{write(t, "s", b[:len(b)/2])}, "snapshot"},
		{"memory in a snapshot", []string{"--verify", write(t, "v", b)}, "checksum"},
		{"something else", []string{write(t, "t", []byte("text"))}, "neither"},
		{"nothing", []string{"nothing"}, "no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := runGodwit(t, append([]string{"inspect"}, test.args...)...)
			if o.code != exitFailure || !strings.Contains(o.stderr, test.stderr) {
				t.Errorf("got %+v", o)
			}
		})
	}
}
