package spectest

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

// TestOurScripts runs the scripts in testdata, in place and on travels.
func TestOurScripts(t *testing.T) {
	files, err := Scripts("testdata", "testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, tier := range []vm.Tier{vm.TierInterp, vm.TierJIT, vm.TierRegions} {
		for _, travel := range []uint64{0, 1, 3} {
			cfg := Config{Tier: tier, Travel: travel, Strict: true, Trace: func(c vm.Compilation) {
				if c.Reason.Bug() {
					t.Errorf("%v", c)
				}
			}}
			Run(context.Background(), files, cfg, func(r *Result) {
				for _, f := range r.Failures {
					t.Errorf("%v, travelling at every %d safepoints: %s", tier, travel, f.line(r.Name))
				}
				if r.Name == "travel.wast" && (travel == 1) != (r.InCalls > 200) {
					t.Errorf("%v, travelling at every %d safepoints, there were %d in calls", tier, travel, r.InCalls)
				}
			})
		}
	}
}

// runText runs a script.
func runText(t *testing.T, text string, cfg Config) *Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.wast")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Run(context.Background(), []Script{{file, "test.wast"}}, cfg, nil).Scripts[0]
}

// TestWhatFails has one command in each script that must fail, the last.
func TestWhatFails(t *testing.T) {
	const module = `(module
		(func (export "one") (result i32) (i32.const 1))
		(func (export "nan") (result f32) (f32.const nan:0x600000))
		(func (export "null") (result externref) (ref.null extern))
		(func (export "trap") (unreachable))
		(func (export "spin") (loop (br 0)))
		(type $s (struct))
		(type $a (array i8))
		(func (export "struct") (result anyref) (struct.new $s))
		(func (export "array") (result (ref $a)) (array.new $a (i32.const 0) (i32.const 3)))
		(tag $e)
		(func (export "throw") (throw $e))
		(global (export "g") i32 (i32.const 1)))`
	for _, test := range []struct {
		name, text, want string
	}{
		{"another result", `(assert_return (invoke "one") (i32.const 2))`, "got [(i32.const 1)], want [(i32.const 2)]"},
		{"another type", `(assert_return (invoke "one") (i64.const 1))`, "want [(i64.const 1)]"},
		{"too few results", `(assert_return (invoke "one"))`, "want []"},
		{"another global", `(assert_return (get "g") (i32.const 2))`, "got [(i32.const 1)]"},
		{"a NaN that is not canonical", `(assert_return (invoke "nan") (f32.const nan:canonical))`, "nan:canonical"},
		{"none of either", `(assert_return (invoke "one") (either (i32.const 2) (i32.const 3)))`, "either"},
		{"null for a reference", `(assert_return (invoke "null") (ref.extern))`, "(ref.null)"},
		{"a structure for an array", `(assert_return (invoke "struct") (ref.array))`, "want [(ref.array)]"},
		{"an array for a structure", `(assert_return (invoke "array") (ref.struct))`, "want [(ref.struct)]"},
		{"an object for an i31", `(assert_return (invoke "array") (ref.i31))`, "want [(ref.i31)]"},
		{"an exception for a trap", `(assert_trap (invoke "throw") "unreachable")`, "want the trap"},
		{"a trap", `(assert_return (invoke "trap"))`, "unreachable"},
		{"no such function", `(invoke "none")`, "no such export"},
		{"too many arguments", `(invoke "one" (i32.const 1))`, "signature mismatch"},
		{"no such instance", `(invoke $x "one")`, "no instance $x"},
		{"no trap", `(assert_trap (invoke "one") "unreachable")`, "there was no trap"},
		{"another trap", `(assert_trap (invoke "trap") "integer overflow")`, `the trap is "unreachable"`},
		{"a trap instead of exhaustion", `(assert_exhaustion (invoke "trap") "call stack exhausted")`, `"unreachable"`},
		{"no exception", `(assert_exception (invoke "one"))`, "no exception"},
		{"a trap instead of an exception", `(assert_exception (invoke "trap"))`, "want an exception"},
		{"a valid module", `(assert_invalid (module) "x")`, "the module was accepted"},
		{"invalid instead of malformed", `(assert_malformed (module (func (drop))) "x")`, "want an error of form"},
		{"malformed instead of invalid", `(assert_invalid (module quote "(func") "x")`, "want an error of validation"},
		{"a module that links", `(assert_unlinkable (module) "x")`, "the module was linked"},
		{"a module that does not", `(module (import "a" "b" (func)))`, "unknown import"},
		{"an invalid module", `(module (func (drop)))`, "type mismatch"},
		{"an invalid definition", `(module definition (func (drop)))`, "type mismatch"},
		{"no such definition", `(module instance $i $none)`, "no definition $none"},
		{"registering nothing", `(register "m" $none)`, "no instance $none"},
		{"what does not end", `(invoke "spin")`, "has not ended within"},
	} {
		for _, travel := range []uint64{0, 1} {
			r := runText(t, module+"\n"+test.text, Config{Travel: travel, Deadline: time.Second / 4, TravelMax: 20})
			if len(r.Failures) != 1 || !strings.Contains(r.Failures[0].Text, test.want) {
				t.Errorf("%s: got %v, want %q", test.name, r.Failures, test.want)
			}
			if sum := r.sum(nil); sum.Passed != 1 || sum.Failed != 1 || sum.NotRun != 0 {
				t.Errorf("%s: %+v", test.name, sum)
			}
		}
	}
}

func TestWhatDoesNotRunHasFailed(t *testing.T) {
	r := runText(t, `(module) (assert_return (invoke "f")) (assert_trap (nonsense) "x")`, Config{})
	if sum := r.sum(nil); sum.NotRun != 3 || r.OK() {
		t.Errorf("a script that cannot be read: %+v", sum)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	report := Run(ended, []Script{{filepath.Join("testdata", "values.wast"), "values.wast"}}, Config{}, nil)
	if totals := report.Totals(); report.OK() || totals["assert_return"].NotRun == 0 {
		t.Errorf("a run that was given up: %+v", totals["assert_return"])
	}
	report = Run(context.Background(), []Script{{"nowhere.wast", "nowhere.wast"}}, Config{}, nil)
	if report.OK() {
		t.Error("a script that is not there has passed")
	}
}

// TestOtherMessages are notes, unless the run is strict.
func TestOtherMessages(t *testing.T) {
	const text = `(assert_invalid (module (func (drop))) "something else")`
	if r := runText(t, text, Config{}); !r.OK() || len(r.Notes) != 1 {
		t.Errorf("failures %v, notes %v", r.Failures, r.Notes)
	}
	if r := runText(t, text, Config{Strict: true}); r.OK() {
		t.Error("a strict run accepts another message")
	}
}

// TestLongActionsAreLimited wants it to be said when an action did not travel to its end.
func TestLongActionsAreLimited(t *testing.T) {
	r := runText(t, `(module (func (export "f") (param i32)
		(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
		(invoke "f" (i32.const 100)) (invoke "f" (i32.const 5))`, Config{Travel: 1, TravelMax: 10})
	if !r.OK() || r.Limited != 1 || r.InCalls != 10+6 {
		t.Errorf("%v: %d limited, %d travels in calls", r.Failures, r.Limited, r.InCalls)
	}
}

var update = flag.Bool("update", false, "write down which scripts of the suite fail")

// failing is where the scripts of the suite that are known to fail stand. The list only shrinks.
const failing = "testdata/failing.txt"

// TestSuite runs the suite in place and on travels, with -short a few scripts of it. What fails must be known to fail, and
// what is known to fail must fail.
func TestSuite(t *testing.T) {
	suite := suiteFolder(t)
	paths := []string{suite}
	if testing.Short() {
		paths = nil
		for _, name := range []string{"address", "br_table", "call_indirect", "f32", "globals", "left-to-right", "linking", "names", "simd_lane", "traps"} {
			if file := filepath.Join(suite, name+".wast"); exists(file) {
				paths = append(paths, file)
			}
		}
	}
	files, err := Scripts(suite, paths...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(failing)
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(text))
	var failed []string
	for _, travel := range []uint64{0, 29} {
		report := Run(context.Background(), files, Config{Travel: travel, TravelMax: 100}, func(r *Result) {
			switch {
			case !r.OK():
				failed = append(failed, r.Name)
				if !slices.Contains(known, r.Name) && !*update {
					for _, f := range r.Failures[:min(3, len(r.Failures))] {
						t.Errorf("travelling at every %d safepoints: %s", travel, f.line(r.Name))
					}
				}
			}
		})
		if report.Compare(suite); !testing.Short() && report.Missing > 0 {
			t.Errorf("%d commands are missing: %q", report.Missing, report.Table)
		}
	}
	slices.Sort(failed)
	failed = slices.Compact(failed)
	if *update && !testing.Short() {
		if err := os.WriteFile(failing, []byte(strings.Join(append(failed, ""), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, name := range known {
		ran := slices.ContainsFunc(files, func(s Script) bool { return s.Name == name })
		if ran && !slices.Contains(failed, name) {
			t.Errorf("%s passes: take it off the list in %s", name, failing)
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
