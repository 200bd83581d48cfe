package spectest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGroupOf(t *testing.T) {
	for name, want := range map[string]string{
		"simd_lane.wast": "SIMD", "i8x16_relaxed_swizzle.wast": "relaxed SIMD", "i64.wast": "everything else of the core",
		"memory_copy64.wast": "64-bit memories and tables", "memory_copy0.wast": "multiple memories", "i31.wast": "garbage collection",
		"legacy/throw.wast": "legacy exceptions", "throw.wast": "exceptions", "return_call_ref.wast": "typed function references",
		"return_call.wast": "tail calls", "proposals/threads/imports.wast": "threads: shared memories and atomics (proposal)",
		"proposals/custom-descriptors/exact.wast": "custom descriptors (proposal)", "proposals/new/x.wast": "other proposals",
		"/tmp/suite/proposals/threads/atomic.wast": "threads: shared memories and atomics (proposal)", "../x/simd_lane.wast": "SIMD",
		"hello": "other scripts",
	} {
		if g := GroupOf(name); g.Name != want {
			t.Errorf("%s belongs to %q, want %q", name, g.Name, want)
		}
	}
}

func TestTableIsWrittenBetweenItsLines(t *testing.T) {
	report := func(passed int) *Report {
		counts := func(n int) map[string]*Count {
			return map[string]*Count{"assert_return": {Passed: n, Failed: 8 - n}, "module": {Passed: 1}}
		}
		return &Report{Scripts: []*Result{
			{Group: "SIMD", Counts: counts(passed)}, {Group: "SIMD", Counts: counts(8)}, {Group: "exceptions", Counts: counts(0)}}}
	}
	file := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + TableBegin + "\nold\n" + TableEnd + "\nafter\n")
	if err := WriteTable(file, report(8), report(7), 1); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n" + TableBegin + "\n\n" +
		"| scripts about | files | assertions | passed | passed, moved at every safepoint |\n|---|---:|---:|---:|---:|\n" +
		"| exceptions | 1 | 8 | none | none |\n" +
		"| SIMD | 2 | 16 | all | 15 (93.7 %) |\n" +
		"| **all** | 3 | 24 | 16 (66.6 %) | 15 (62.5 %) |\n\n" +
		TableEnd + "\nafter\n"
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for _, text := range []string{"nothing", TableEnd + "\n" + TableBegin + "\n"} {
		write(text)
		if err := WriteTable(file, report(8), report(7), 1); err == nil || !strings.Contains(err.Error(), "two lines") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTableOfCounts(t *testing.T) {
	table := parseExpected(`
| other | x |
|---|---|
| 1 | 2 |

| directory | files | assert_return | trap | modules |
|---|---|---|---|---|
| top (core) | 2 | 10 | - | 3 |
| custom | 1 | | 4 malformed_custom, 1 invalid_custom | 8 |
`)
	if len(table) != 2 || table[0].Dir != "." || table[0].Files != 2 || table[0].Counts["assert_return"] != 10 ||
		table[1].Counts["assert_malformed_custom"] != 4 || table[1].Counts["assert_invalid_custom"] != 1 || table[1].Counts["module"] != 8 {
		t.Fatalf("%+v", table)
	}
	results := []*Result{
		{Name: "a.wast", Counts: map[string]*Count{"assert_return": {Passed: 6, Failed: 1, NotRun: 1}, "module": {Passed: 4}}},
		{Name: "b.wast", Counts: map[string]*Count{}},
	}
	lines, n := missing(table, results)
	if n != 2 || len(lines) != 1 || lines[0] != ".: 8 of assert_return, the suite's table says 10" {
		t.Errorf("%d missing, %q", n, lines)
	}
}
