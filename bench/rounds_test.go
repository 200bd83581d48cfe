//go:build unix

package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shell makes a runner of a shell script; the program's arguments are $1 and so on, its module is $0.
func shell(t *testing.T, name, script string) Runner {
	t.Helper()
	r, err := ParseRunner(fmt.Sprintf(`%s=/bin/sh -c "%s" {wasm} {args}`, name, script))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func planOf(runners ...Runner) *Plan {
	return &Plan{
		Set:      Short,
		Programs: []Program{{Name: "p", Guest: "g", Runs: map[Set]Invocation{Short: {Args: []string{"7"}}}}},
		Runners:  runners,
		Rounds:   2,
		Limits:   Limits{Timeout: 10 * time.Second, CPU: -1},
		Guests:   "none",
	}
}

func failures(cells []*Cell) map[string]FailureKind {
	kinds := map[string]FailureKind{}
	for _, c := range cells {
		if c.Failure != nil {
			kinds[c.Runner] = c.Failure.Kind
		}
	}
	return kinds
}

func TestMeasureComparesOutputs(t *testing.T) {
	runners := []Runner{
		shell(t, "liar", "echo 8"),
		shell(t, "a", "echo $1"),
		shell(t, "b", "echo $1"),
		shell(t, "broken", "echo no such thing >&2; exit 3"),
	}
	missing, err := ParseRunner("missing=/does/not/exist {wasm}")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		expected Expected
		want     map[string]FailureKind
	}{
		"the most common output counts": {nil, map[string]FailureKind{"liar": Wrong, "broken": Exit, "missing": Missing}},
		"a recorded output counts more": {
			Expected{"short/p": "8\n"},
			map[string]FailureKind{"a": Wrong, "b": Wrong, "broken": Exit, "missing": Missing},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := planOf(append(runners, missing)...)
			p.Expected = test.expected
			cells, err := p.Measure(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, failures(cells)); diff != "" {
				t.Error(diff)
			}
			if detail := cells[3].Failure.Detail; !strings.Contains(detail, "exit status 3: no such thing") {
				t.Errorf("the failure says %q", detail)
			}
		})
	}
}

func TestMeasureEndsWhatTakesTooLong(t *testing.T) {
	p := planOf(shell(t, "slow", "sleep 60 & wait"))
	p.Limits.Timeout = 100 * time.Millisecond
	begin := time.Now()
	cells, err := p.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]FailureKind{"slow": Timeout}, failures(cells)); diff != "" {
		t.Error(diff)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("ending it took %v", took)
	}
}

func TestMeasureInterleavesRunners(t *testing.T) {
	p := planOf(shell(t, "a", "echo $1"), shell(t, "b", "echo $1"))
	p.Programs = append(p.Programs, Program{Name: "q", Guest: "g", Runs: map[Set]Invocation{Short: {}}})
	var got []string
	p.Report = func(round int, c *Cell) { got = append(got, fmt.Sprintf("%d%s%s", round, c.Program, c.Runner)) }
	if _, err := p.Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"0pa", "0pb", "0qa", "0qb", "1pb", "1pa", "1qb", "1qa"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMeasureRunsLongCellsOnce(t *testing.T) {
	p := planOf(shell(t, "long", "sleep 0.2"), shell(t, "short", ":"))
	p.OnceOver = 150 * time.Millisecond
	p.Rounds = 3
	cells, err := p.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(cells[0].Samples); got != 1 {
		t.Errorf("the long cell ran %d times", got)
	}
	if got := len(cells[1].Samples); got != 3 {
		t.Errorf("the short cell ran %d times", got)
	}
}

func TestRunMeasuresTimeAndMemory(t *testing.T) {
	o := Run(t.Context(), []string{"/bin/sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"}, "", Limits{CPU: -1})
	if o.Failure != nil {
		t.Fatal(o.Failure)
	}
	if o.User+o.System <= 0 || o.Wall <= 0 || o.MaxRSS <= 0 {
		t.Errorf("a busy process cost %+v", o.Sample)
	}
}

func TestRunGivesStandardInput(t *testing.T) {
	path := t.TempDir() + "/in"
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Run(t.Context(), []string{"/bin/cat"}, path, Limits{CPU: -1})
	if o.Failure != nil || o.Output != "hello" {
		t.Errorf("got %q, %v", o.Output, o.Failure)
	}
}
