package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExitCode(t *testing.T) {
	g, trap := guest(t), write(t, "trap.wasm", trapWasm)
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"0 when the guest returns", []string{g}, 0, ""},
		{"0 of proc_exit", []string{g, "exit", "0"}, 0, ""},
		{"the guest's own", []string{"run", g, "exit", "42"}, 42, ""},
		{"the guest's own, though it is that of wrong usage", []string{"run", g, "exit", "2"}, 2, ""},
		{"1 of a guest's that has none in its lower bits", []string{write(t, "exit.wasm", exitWasm)}, 1, ""},
		{"134 of a trap, with the backtrace", []string{trap}, 134, "wasm trap: unreachable\n    at _start"},
		{"124 when time is up in a loop", []string{"--timeout", "50ms", g, "spin"}, 124, "--timeout"},
		{"124 when time is up in a sleep", []string{"--timeout=50ms", g, "sleep"}, 124, "--timeout"},
		{"125 when fuel is used up", []string{"--fuel", "1000", g}, 125, "--fuel"},
		{"125 without any fuel", []string{"--fuel=0", g}, 125, "--fuel"},
		{"1 without the file", []string{"nothing.wasm"}, 1, "nothing.wasm: no such file"},
		{"1 of a folder", []string{t.TempDir()}, 1, "folder"},
		{"1 of another file", []string{write(t, "x", []byte("hello"))}, 1, "neither a WebAssembly module nor a snapshot"},
		{"1 of a broken module", []string{write(t, "y", trapWasm[:20])}, 1, "malformed module"},
		{"1 of a component", []string{write(t, "z", []byte("\x00asm\x0d\x00\x01\x00"))}, 1, "component"},
		{"1 of a module over a limit", []string{"--max-memory", "64KiB", g}, 1, "limit"},
		{"134 of a stack over its limit", []string{"--max-stack", "64KiB", g, "recurse", "1000000"}, 134, "call stack exhausted"},
		{"1 without the folder to mount", []string{"--dir", "nothing::/", g}, 1, "--dir"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := runGodwit(t, test.args...)
			if o.code != test.code {
				t.Errorf("exit code %d, want %d\n%s", o.code, test.code, o.stderr)
			}
			if !strings.Contains(o.stderr, test.stderr) || test.stderr == "" && o.stderr != "" {
				t.Errorf("standard error is %q, want %q in it", o.stderr, test.stderr)
			}
		})
	}
}

func TestBadArguments(t *testing.T) {
	g := guest(t)
	for _, test := range []struct {
		args   []string
		stderr string
	}{
		{nil, "Usage"},
		{[]string{"run"}, "which FILE"},
		{[]string{"run", "--tmeout", "5s", g}, "no flag --tmeout; did you mean --timeout?"},
		{[]string{"--mount", "a:b", g}, "no flag --mount; did you mean --dir?"},
		{[]string{"--zzzzzzzz", g}, "no flag --zzzzzzzz\n"},
		{[]string{"--dir"}, "--dir needs a value: HOST::GUEST"},
		{[]string{"--dir", "a:b:c", g}, "too many colons"},
		{[]string{"--env", "=x", g}, "has no name"},
		{[]string{"--env-inherit=yes", g}, "--env-inherit takes no value"},
		{[]string{"--timeout", "soon", g}, `"soon" is no time`},
		{[]string{"--timeout", "-5s", g}, "not more than nothing"},
		{[]string{"--fuel", "much", g}, `"much" is no number`},
		{[]string{"--max-memory", "0", g}, "is no size"},
		{[]string{"--tier", "turbo", g}, "none of auto, interp, jit, regions"},
		{[]string{"--on-changed-file", "ignore", g}, "none of fail, adopt, eio"},
		{[]string{"--module", g, g}, "is a module itself"},
		{[]string{"inspect"}, "takes one FILE"},
		{[]string{"inspect", "--jsn", g}, "did you mean --json?"},
		{[]string{"inspect", "--verify", g}, "are for snapshots"},
		{[]string{"ps", "all"}, "takes no arguments"},
		{[]string{"checkpoint"}, "ID of one program"},
		{[]string{"checkpoint", "a", "--stopp"}, "did you mean --stop?"},
		{[]string{"help", "inspct"}, "did you mean inspect?"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			o := runGodwit(t, test.args...)
			if o.code != exitUsage || !strings.Contains(o.stderr, test.stderr) || o.stdout != "" {
				t.Errorf("exit code %d, standard error %q; want %d and %q in it", o.code, o.stderr, exitUsage, test.stderr)
			}
		})
	}
}

func TestHelpTellsOfEveryFlag(t *testing.T) {
	overview := mustRun(t, "--help")
	for _, c := range commands {
		if !strings.Contains(overview, "\n  "+c.name+" ") {
			t.Errorf("godwit --help does not tell of %s", c.name)
		}
		text := mustRun(t, c.name, "--help")
		if help := mustRun(t, "help", c.name); help != text {
			t.Errorf("godwit help %s and godwit %s --help differ", c.name, c.name)
		}
		flags, _ := c.prepare()
		for _, f := range flags {
			if !strings.Contains(text, "\n  "+strings.TrimSpace(dashed(f.name)+" "+f.value)) {
				t.Errorf("godwit %s --help does not tell of %s", c.name, dashed(f.name))
			}
		}
		for _, line := range strings.Split(text, "\n") {
			if len(line) > 120 {
				t.Errorf("godwit %s --help has a line of %d columns: %s", c.name, len(line), line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if v := mustRun(t, args...); !strings.HasPrefix(v, "godwit ") {
			t.Errorf("godwit %v prints %q", args, v)
		}
	}
}

func TestInvoke(t *testing.T) {
	r := must(t, buildReactor)
	for _, test := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"add 40 2", 0, "42\n", ""},
		{"add -1 0xff", 0, "254\n", ""},
		{"add 4294967295 0", 0, "-1\n", ""},
		{"mul 3000000000 3", 0, "9000000000\n", ""},
		{"half 3", 0, "1.5\n", ""},
		{"third -1e30", 0, "-3.333333333333333e+29\n", ""},
		{"third inf", 0, "+inf\n", ""},
		{"third nan", 0, "nan\n", ""},
		{"greet", 0, "initialized\n", ""},
		{"add 1", 2, "", "[i32 i32] -> [i32] and is given 1 arguments"},
		{"add 1 x", 2, "", `argument 2: "x" is no i32`},
		{"add 1 4294967296", 2, "", "out of range"},
		{"ad 1 2", 1, "", "did you mean add?"},
		{"nothing", 1, "", "--invoke one of its functions"},
	} {
		t.Run(test.args, func(t *testing.T) {
			args := strings.Fields(test.args)
			o := runGodwit(t, append([]string{"--invoke", args[0], r}, args[1:]...)...)
			if o.code != test.code || o.stdout != test.stdout || !strings.Contains(o.stderr, test.stderr) {
				t.Errorf("got %+v", o)
			}
		})
	}
}

func TestWhatTheProgramSees(t *testing.T) {
	g, dir := guest(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in"), []byte("some text"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODWIT_TEST", "from here")
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"arguments after the file, flags among them", []string{g, "args", "--env", "-x", "--"}, 0, `["guest.wasm" "args" "--env" "-x" "--"]` + "\n", ""},
		{"another name", []string{"--argv0", "me", g, "args"}, 0, `["me" "args"]` + "\n", ""},
		{"no environment", []string{g, "env"}, 0, "[]\n", ""},
		{"variables", []string{"--env", "A=1", "--env=B=x=y", "--env", "A=2", g, "env"}, 0, `["B=x=y" "A=2"]` + "\n", ""},
		{"a variable of here", []string{"--env", "GODWIT_TEST", "--env", "GODWIT_NONE", g, "env"}, 0, `["GODWIT_TEST=from here"]` + "\n", ""},
		{"a folder", []string{"--dir", dir + "::/data", g, "read", "/data/in"}, 0, "some text", ""},
		{"a folder with one colon", []string{"--dir", dir + ":/data:ro", g, "read", "/data/in"}, 0, "some text", ""},
		{"no other folder", []string{"--dir", dir + "::/data", g, "read", "/data/../x"}, 1, "", "/data/../x"},
		{"a folder to write to", []string{"--dir", dir + "::/data", g, "write", "/data/out", "new"}, 0, "", ""},
		{"a folder to read only", []string{"--dir", dir + "::/data:ro", g, "write", "/data/no", "new"}, 1, "", "/data/no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := runGodwit(t, test.args...)
			if o.code != test.code || o.stdout != test.stdout || !strings.Contains(o.stderr, test.stderr) {
				t.Errorf("got %+v", o)
			}
		})
	}
	if b, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || string(b) != "new" {
		t.Errorf("the guest wrote %q, %v", b, err)
	}
	if o := mustRun(t, "--env-inherit", g, "env"); !strings.Contains(o, `"GODWIT_TEST=from here"`) {
		t.Errorf("--env-inherit does not give the environment: %s", o)
	}
}

func TestStandardInput(t *testing.T) {
	s := godwit(t, guest(t), "cat")
	text := strings.Repeat("0123456789abcde\n", 20000)
	s.Stdin = strings.NewReader(text)
	if o := s.start(t).end(t); o.code != 0 || o.stdout != text {
		t.Errorf("exit code %d, %d bytes of %d, %s", o.code, len(o.stdout), len(text), o.stderr)
	}
}

func TestDeterministic(t *testing.T) {
	g := guest(t)
	args := []string{"--deterministic", "--seed", "3", "--log-level", "off", g, "count", "3", "1000000"}
	first := runGodwit(t, args...)
	if again := runGodwit(t, args...); first != again || first.code != 7 {
		t.Errorf("two runs differ: %+v and %+v", first, again)
	}
}
