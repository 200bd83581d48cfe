package bench

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func cellOf(program, runner string, milliseconds ...int) *Cell {
	c := &Cell{Program: program, Runner: runner}
	for _, ms := range milliseconds {
		c.Samples = append(c.Samples, Sample{User: time.Duration(ms) * time.Millisecond})
	}
	return c
}

func exampleReport() *Report {
	wrong := cellOf("map", "slow", 1)
	wrong.Failure = &Failure{Wrong, `printed "1", not "2"`}
	return &Report{
		Date:    time.Date(2030, 4, 5, 0, 0, 0, 0, time.UTC),
		Machine: Machine{CPU: "Example 1", CPUs: 2, OS: "linux", Arch: "amd64", Go: "go1.26"},
		Pinned:  1,
		Rounds:  3,
		Base:    "fast",
		Runners: []RunnerInfo{{"fast", "{native} {args}", "cc 1"}, {"slow", "vm {wasm}", "vm 2"}},
		Sections: []Section{{Set: Short, Cells: []*Cell{
			cellOf("fib", "fast", 100, 90, 110), cellOf("fib", "slow", 180, 190, 200),
			cellOf("sort", "fast", 10), cellOf("sort", "slow", 80),
			cellOf("map", "fast", 5), wrong,
			cellOf("none", "fast", 0), cellOf("none", "slow", 4),
		}}},
	}
}

func TestRatios(t *testing.T) {
	r := exampleReport()
	want := Table{
		Header: []string{"program", "fast", "slow"},
		Rows: [][]string{
			{"fib", "1.00", "2.00"},
			{"sort", "1.00", "8.00"},
			{"map", "1.00", "WRONG"},
			{"none", "-", "-"},
			{"geometric mean", "1.00 (3/4)", "4.00 (2/4)"},
		},
	}
	if diff := cmp.Diff(want, r.Ratios(r.Sections[0], User)); diff != "" {
		t.Error(diff)
	}
}

func TestSpreads(t *testing.T) {
	r := exampleReport()
	got := r.Spreads(r.Sections[0], User)
	if diff := cmp.Diff([]string{"fib", "90 100 110", "180 190 200"}, got.Rows[0]); diff != "" {
		t.Error(diff)
	}
}

func TestMemoryBelowTheFloorIsMarked(t *testing.T) {
	r := &Report{
		RSSFloor: 10 << 20,
		Runners:  []RunnerInfo{{Name: "x"}},
	}
	s := Section{Cells: []*Cell{
		{Program: "small", Runner: "x", Samples: []Sample{{MaxRSS: 10 << 20}}},
		{Program: "large", Runner: "x", Samples: []Sample{{MaxRSS: 20 << 20}}},
	}}
	want := [][]string{{"small", "≤10"}, {"large", "20"}}
	if diff := cmp.Diff(want, r.Minimums(s, RSS).Rows); diff != "" {
		t.Error(diff)
	}
}

func TestFormatRatio(t *testing.T) {
	for v, want := range map[float64]string{
		0.0149: "0.01", 0.5: "0.50", 1: "1.00", 9.994: "9.99", 9.996: "10.0", 35.24: "35.2", 99.96: "100", 1234.5: "1234",
		math.NaN(): "-", math.Inf(1): "-",
	} {
		if got := FormatRatio(v); got != want {
			t.Errorf("FormatRatio(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestFormatFigure(t *testing.T) {
	for v, want := range map[float64]string{0: "0.0", 0.44: "0.4", 9.94: "9.9", 9.96: "10", 1234.4: "1234"} {
		if got := FormatFigure(v); got != want {
			t.Errorf("FormatFigure(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestTableText(t *testing.T) {
	var b strings.Builder
	table := Table{Header: []string{"p", "wide name"}, Rows: [][]string{{"long name", "1"}, {"b", "≤2"}}}
	if err := table.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"p          wide name\n" +
		"long name          1\n" +
		"b                 ≤2\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTableMarkdown(t *testing.T) {
	var b strings.Builder
	table := Table{Header: []string{"p", "x"}, Rows: [][]string{{"a|b", "1"}}}
	if err := table.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"| p | x |\n" +
		"| --- | ---: |\n" +
		"| a\\|b | 1 |\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestResultsNameMachineVersionsAndFailures(t *testing.T) {
	var b strings.Builder
	if err := exampleReport().WriteResults(&b, User); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Results of 5 April 2030\n",
		"Example 1, 2 CPUs, linux/amd64\n",
		"3 rounds, every process pinned to CPU 1\n",
		"| slow | `vm {wasm}` | vm 2 |\n",
		"| slow | 4.00 (2/4) |\n",
		"| geometric mean | 1.00 (3/4) | 4.00 (2/4) |\n",
		"- map, short run by slow: WRONG: printed \"1\", not \"2\"\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the results lack %q", want)
		}
	}
	if t.Failed() {
		t.Log(b.String())
	}
}
