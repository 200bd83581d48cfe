package bench

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseGoBench(t *testing.T) {
	const output = `goos: linux
BenchmarkCallNoop-2     	47610529	        25.30 ns/op	       0 B/op
BenchmarkCallNoop-2     	47610529	        24.10 ns/op
BenchmarkInstantiate/math   	   29522	     40000 ns/op
PASS
`
	want := []MicroResult{{"CallNoop", 24.1}, {"Instantiate/math", 40000}}
	if diff := cmp.Diff(want, ParseGoBench(output)); diff != "" {
		t.Error(diff)
	}
}

func TestMicroTable(t *testing.T) {
	rows := joinMicro([]MicroResult{{"A", 10}, {"C", 1}}, []MicroResult{{"A", 40}, {"B", 5}})
	want := [][]string{
		{"A", "10", "40", "0.25"},
		{"B", "-", "5.0", "-"},
		{"C", "1.0", "-", "-"},
	}
	if diff := cmp.Diff(want, MicroTable(rows).Rows); diff != "" {
		t.Error(diff)
	}
}
