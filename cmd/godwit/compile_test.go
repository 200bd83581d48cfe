package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompileMakesCodeThatRunFinds(t *testing.T) {
	dir := t.TempDir()
	file, code, cache := filepath.Join(dir, "fib.wat"), filepath.Join(dir, "fib.gwc"), filepath.Join(dir, "cache")
	if err := os.WriteFile(file, []byte(tierText), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-o", code, "--cache-dir", cache, file}, 2, "both say"},
		{[]string{"-o", file, file}, 2, "over"},
		{nil, 2, "one FILE"},
	} {
		if o := runGodwit(t, append([]string{"compile"}, test.args...)...); o.code != test.code || !strings.Contains(o.stderr, test.want) {
			t.Errorf("%v: %+v", test.args, o)
		}
	}
	if !compiles() {
		if o := runGodwit(t, "compile", file); o.code != 1 || !strings.Contains(o.stderr, "no back end") {
			t.Errorf("%+v", o)
		}
		t.Skip("NOT TESTED: there is no compiler for this host")
	}
	mustRun(t, "compile", file)
	mustRun(t, "compile", "--cache-dir", cache, file)
	for _, args := range [][]string{{"--code", code}, {"--cache-dir", cache}} {
		for _, tier := range []string{"auto", "jit"} {
			o := runGodwit(t, append([]string{"run", "--tier", tier, "--trace", "-", "--invoke", "fib"}, append(args, file, "20")...)...)
			if o.stdout != "6765\n" || !strings.Contains(o.stderr, `loaded function 0 "fib"`) || strings.Contains(o.stderr, "compiled ") {
				t.Errorf("%v: %+v", args, o)
			}
		}
	}
	// Code of something else is not used, and somebody is told.
	other := filepath.Join(dir, "other.wat")
	if err := os.WriteFile(other, []byte(strings.Replace(tierText, "i32.const 2", "i32.const 1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := runGodwit(t, "run", "--tier", "jit", "--code", code, "--invoke", "fib", other, "10"); o.code != 0 || !strings.Contains(o.stderr, "another module") {
		t.Errorf("%+v", o)
	}
}
