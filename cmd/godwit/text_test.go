package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/spectest"
)

// addText is a module in the text format that --invoke can call.
const addText = `;; adds
(module $add
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func (export "id") (param v128) (result v128) (local.get 0)))
`

func TestTextIsRun(t *testing.T) {
	for _, test := range []struct {
		name, text string
		args       []string
		code       int
		stdout     string
		stderr     string
	}{
		{"by its name", addText, []string{"add", "1", "2"}, 0, "3\n", ""},
		{"another name", addText, []string{"add", "-1", "2"}, 0, "1\n", ""},
		{"vectors", addText, []string{"id", "0x000102030405060708090a0b0c0d0e0f"}, 0, "0x000102030405060708090a0b0c0d0e0f\n", ""},
		{"no vector", addText, []string{"id", "-1"}, 2, "", "no v128"},
		{"an i31", `(func (export "i") (result i31ref) (ref.i31 (i32.const -5)))`, []string{"i"}, 0, "ref.i31 -5\n", ""},
		{"a null reference", `(func (export "r") (param anyref) (result anyref) (local.get 0))`, []string{"r", "null"}, 0, "null\n", ""},
		{"no reference", `(func (export "r") (param externref))`, []string{"r", "5"}, 2, "", "\"5\" is no externref; the only reference that can be written is null"},
		{"an exception", `(tag $t (param i32)) (func (export "t") (throw $t (i32.const 7)))`, []string{"t"}, 134, "", "wasm exception"},
		{"a heap over its limit", `(type $a (array i64)) (func (export "h") (drop (array.new_default $a (i32.const 10000))))`,
			[]string{"h"}, 134, "", "out of memory for objects"},
		{"an error in the text", "(module\n  (func (export \"f\") i32.ad))\n", []string{"f"}, 1, "", ":2:22: "},
		{"the place is shown", "(module\n  (func (export \"f\") i32.ad))\n", []string{"f"}, 1, "", "\n\t  (func (export \"f\") i32.ad))\n\t                     ^"},
		{"an error of validation", `(module (func (export "f") drop))`, []string{"f"}, 1, "", "type mismatch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{"m.wat", "m"} {
				file := write(t, name, []byte(test.text))
				o := runGodwit(t, append([]string{"--max-heap", "64KiB", "--invoke", test.args[0], file}, test.args[1:]...)...)
				if o.code != test.code || o.stdout != test.stdout || !strings.Contains(o.stderr, test.stderr) {
					t.Errorf("%s: got %+v", name, o)
				}
			}
		})
	}
}

// TestTextAndBinary makes a binary of a text, a text of that, and the same binary of that again.
func TestTextAndBinary(t *testing.T) {
	file := write(t, "add.wat", []byte(addText))
	mustRun(t, "wasm", file)
	binary, err := os.ReadFile(strings.TrimSuffix(file, "wat") + "wasm")
	if err != nil {
		t.Fatal(err)
	}
	if direct := mustRun(t, "wasm", file, "-o", "-"); direct != string(binary) {
		t.Error("-o - writes something else")
	}
	text := mustRun(t, "wat", write(t, "add.wasm", binary))
	if !strings.Contains(text, "i32.add") {
		t.Errorf("the text is %s", text)
	}
	if again := mustRun(t, "wasm", write(t, "again.wat", []byte(text)), "-o", "-"); again != string(binary) {
		t.Error("there and back makes another binary")
	}
	if o := mustRun(t, "inspect", file); !strings.Contains(o, "features   simd") {
		t.Errorf("inspect of a text: %s", o)
	}
	bad := write(t, "bad.wat", []byte("(module (func drop))"))
	if o := runGodwit(t, "wasm", bad); o.code != 1 || !strings.Contains(o.stderr, "type mismatch") {
		t.Errorf("an invalid module: %+v", o)
	}
	mustRun(t, "wasm", "--no-check", bad)
	script := write(t, "a.wast", []byte(`(module) (assert_return (invoke "f"))`))
	for _, command := range []string{"run", "wat", "wasm"} {
		if o := runGodwit(t, command, script); o.code != 1 || !strings.Contains(o.stderr, ":1:10: ") || !strings.Contains(o.stderr, "godwit wast") {
			t.Errorf("%s of a script: %+v", command, o)
		}
	}
	for _, command := range []string{"wat", "wasm"} {
		if o := runGodwit(t, command, write(t, "x", []byte("hello"))); o.code != 1 || !strings.Contains(o.stderr, "neither the binary nor the text") {
			t.Errorf("%s of neither: %+v", command, o)
		}
	}
	if o := runGodwit(t, "wasm", file, "-o", file); o.code != exitUsage {
		t.Errorf("over itself: %+v", o)
	}
}

func TestFeatureSwitches(t *testing.T) {
	file := write(t, "m.wat", []byte(addText))
	for _, test := range []struct {
		args   []string
		code   int
		stderr string
	}{
		{[]string{"--feature", "simd=off", "--invoke", "add", file, "1", "2"}, 1, "simd"},
		{[]string{"--feature", "all=off", "--feature=simd=on", "--invoke", "add", file, "1", "2"}, 0, ""},
		{[]string{"wasm", "--feature", "simd=off", file}, 1, "simd"},
		{[]string{"inspect", "--feature", "simd=off", file}, 1, "simd"},
		{[]string{"--feature", "simt=on", file}, 2, "did you mean simd"},
		{[]string{"--feature", "zzz=on", file}, 2, "the features are mutable-globals, "},
		{[]string{"--feature", "simd", file}, 2, "write simd=on or simd=off"},
		{[]string{"--feature", "simd=maybe", file}, 2, "write simd=on or simd=off"},
	} {
		if o := runGodwit(t, test.args...); o.code != test.code || !strings.Contains(o.stderr, test.stderr) {
			t.Errorf("%v: %+v", test.args, o)
		}
	}
}

func TestWast(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.wast":  `(module (func (export "f") (result i32) (i32.const 1))) (assert_return (invoke "f") (i32.const 1))`,
		"bad.wast":   `(module (func (export "f") (result i32) (i32.const 1))) (assert_return (invoke "f") (i32.const 2))`,
		"README.md":  "# Hi\n\n" + spectest.TableBegin + "\n" + spectest.TableEnd + "\n",
		"counts.txt": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good, bad := filepath.Join(dir, "good.wast"), filepath.Join(dir, "bad.wast")
	results := filepath.Join(dir, "results.json")
	for _, test := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{good}, 0, "1 of 1 scripts passed", ""},
		{[]string{"-v", good}, 0, "ok   ", ""},
		{[]string{bad}, 1, ":1:57: assert_return: got [(i32.const 1)], want [(i32.const 2)]", ""},
		{[]string{dir}, 1, "1 of 2 scripts passed", ""},
		{[]string{"--suite", dir}, 1, "1 of 2 scripts passed", ""},
		{[]string{"--travel", "1", "--travel-max", "3", "--tier", "interp", "-j", "1", good}, 0, "2 travels, 1 of them in the middle", ""},
		{[]string{"--json", results, dir}, 1, "", ""},
		{[]string{"--suite", dir, "--table", filepath.Join(dir, "README.md"), good}, 0, "has the table now", ""},
		{[]string{"--suite", dir, "--table", bad, good}, 1, "", "two lines"},
		{[]string{"--suite", filepath.Join(dir, "none"), good}, 1, "", "no scripts"},
		{[]string{filepath.Join(dir, "none.wast")}, 1, "", "none.wast"},
		{[]string{"--tier", "jit", good}, 0, "1 of 1 scripts passed", ""},
		{[]string{"--tier", "jit", "--travel", "1", good}, 0, "1 of 1 scripts passed", ""},
		{[]string{"--tier", "x", good}, 2, "", "none of auto, interp, jit, regions"},
		{[]string{"--travel", "0", good}, 2, "", "from 1 on"},
	} {
		o := runGodwit(t, append([]string{"wast"}, test.args...)...)
		if o.code != test.code || !strings.Contains(o.stdout, test.stdout) || !strings.Contains(o.stderr, test.stderr) {
			t.Errorf("%v: %+v", test.args, o)
		}
	}
	b, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	var report spectest.Report
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	want := map[string]*spectest.Count{"module": {Passed: 2}, "assert_return": {Passed: 1, Failed: 1}}
	if diff := cmp.Diff(want, report.Totals()); diff != "" {
		t.Error(diff)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || !strings.Contains(string(readme), "| everything else of the core | 1 | 1 | all | all |\n") {
		t.Errorf("the table: %s, %v", readme, err)
	}
}
