package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/vm"
)

const tierText = `(module
	(func $fib (export "fib") (param i32) (result i32)
		(if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
			(then (local.get 0))
			(else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
	(func (export "one") (result i32) (i32.const 1)))`

// compiles tells whether godwit has a compiler for this host.
func compiles() bool {
	return vm.NewRuntime(vm.NewConfig().WithTier(vm.TierJIT)).Compiles()
}

func TestTiersTracesAndProfiles(t *testing.T) {
	dir := t.TempDir()
	file, trace, profile := filepath.Join(dir, "fib.wat"), filepath.Join(dir, "trace"), filepath.Join(dir, "profile")
	if err := os.WriteFile(file, []byte(tierText), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tier := range []string{"interp", "auto", "jit"} {
		out := mustRun(t, "run", "--tier", tier, "--log-level", "off", "--trace", trace, "--profile", profile, "--invoke", "fib", file, "27")
		if out != "196418\n" {
			t.Errorf("%s: %q", tier, out)
		}
		b, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(b), `compiled function 0 "fib"`); tier != "auto" && got != (tier == "jit" && compiles()) {
			t.Errorf("%s: the trace is %q", tier, b)
		}
		if out, err := exec.Command("go", "tool", "pprof", "-raw", profile).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", tier, err, out)
		}
	}
	if o := runGodwit(t, "run", "--trace", filepath.Join(dir, "none", "x"), "--invoke", "one", file); o.code != 1 || !strings.Contains(o.stderr, "--trace") {
		t.Errorf("%+v", o)
	}
	if o := runGodwit(t, "run", "--profile", filepath.Join(dir, "none", "x"), "--invoke", "one", file); o.code != 1 || !strings.Contains(o.stderr, "--profile") {
		t.Errorf("%+v", o)
	}
}

func TestInspectShowsMachineCode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fib.wat")
	if err := os.WriteFile(file, []byte(tierText), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--func", "fib"}, 2, "are for --jit"},
		{[]string{"--jit", "--func", "nobody"}, 1, `"nobody"`},
		{[]string{"--jit", "--func", "2"}, 1, "function 2 is not among"},
	} {
		if o := runGodwit(t, append([]string{"inspect", file}, test.args...)...); o.code != test.code || !strings.Contains(o.stderr, test.want) {
			t.Errorf("%v: %+v", test.args, o)
		}
	}
	if !compiles() {
		t.Skip("NOT TESTED: there is no compiler for this host")
	}
	for _, test := range []struct {
		args      []string
		want, not string
	}{
		{nil, `function 1 "one"`, "after build"},
		{[]string{"--func", "fib"}, "call{", `"one"`},
		{[]string{"--func", "1"}, `"one"`, `"fib"`},
		{[]string{"--phases"}, "after optimise", "left to the interpreter"},
	} {
		o := mustRun(t, append([]string{"inspect", "--jit", file}, test.args...)...)
		if !strings.Contains(o, test.want) || strings.Contains(o, test.not) {
			t.Errorf("%v:\n%s", test.args, o)
		}
	}
}
