package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// MicroPattern names the benchmarks that stand on both sides, here for wazero and in the vm package for godwit, with modules
// of the shapes in testdata/math.wat and testdata/host.wat:
//
//	CallTyped/nop      a call of an export without arguments, in the cheapest form that the API has
//	CallTyped/add      the same with two arguments and a result
//	CallUntyped/stack  the same with arguments and result in a slice of the caller
//	CallUntyped/name   the same, the export looked up by its name
//	HostCall/typed     a call of the host from the guest, the host function an ordinary Go function
//	HostCall/raw       the same, the host function in its cheapest form
//	Instantiate/math   an instance of a compiled module, made and closed
const MicroPattern = "^Benchmark(CallTyped|CallUntyped|HostCall|Instantiate)$/^(nop|add|stack|name|typed|raw|math)$"

// A MicroRow is one benchmark on both sides, in ns an operation; 0 where a side has none.
type MicroRow struct {
	Name   string  `json:"name"`
	Godwit float64 `json:"godwit_ns"`
	Wazero float64 `json:"wazero_ns"`
}

// MeasureMicro runs go test -bench for godwit's vm package and for this module, and puts the minimums of both side by side.
// dir is this module's folder.
func MeasureMicro(ctx context.Context, dir string, count int) ([]MicroRow, error) {
	wazero, err := goBench(ctx, dir, ".", count)
	if err != nil {
		return nil, err
	}
	godwit, err := goBench(ctx, filepath.Join(dir, ".."), "./vm", count)
	if err != nil {
		return nil, err
	}
	return joinMicro(godwit, wazero), nil
}

func goBench(ctx context.Context, dir, pkg string, count int) ([]MicroResult, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", MicroPattern, "-count", strconv.Itoa(count), pkg)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -bench in %s, %s: %w\n%s%s", dir, pkg, err, output, stderr.String())
	}
	return ParseGoBench(string(output)), nil
}

// A MicroResult is the least time that a benchmark took.
type MicroResult struct {
	Name        string
	Nanoseconds float64
}

// The figure after the name is GOMAXPROCS, left out where it is 1.
var benchLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op`)

// ParseGoBench reads what go test -bench prints, and keeps the least time of each benchmark.
func ParseGoBench(output string) []MicroResult {
	var results []MicroResult
	index := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(output))
	for lines.Scan() {
		match := benchLine.FindStringSubmatch(lines.Text())
		if match == nil {
			continue
		}
		ns, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			continue
		}
		i, seen := index[match[1]]
		if !seen {
			index[match[1]] = len(results)
			results = append(results, MicroResult{match[1], ns})
			continue
		}
		results[i].Nanoseconds = min(results[i].Nanoseconds, ns)
	}
	return results
}

func joinMicro(godwit, wazero []MicroResult) []MicroRow {
	var rows []MicroRow
	index := map[string]int{}
	for _, w := range wazero {
		index[w.Name] = len(rows)
		rows = append(rows, MicroRow{Name: w.Name, Wazero: w.Nanoseconds})
	}
	for _, g := range godwit {
		i, both := index[g.Name]
		if !both {
			rows = append(rows, MicroRow{Name: g.Name, Godwit: g.Nanoseconds})
			continue
		}
		rows[i].Godwit = g.Nanoseconds
	}
	return rows
}

// MicroTable shows both sides, and godwit's time over wazero's.
func MicroTable(rows []MicroRow) Table {
	t := Table{Header: []string{"benchmark", "godwit", "wazero", "godwit / wazero"}}
	for _, r := range rows {
		ratio := "-"
		if r.Godwit > 0 && r.Wazero > 0 {
			ratio = FormatRatio(r.Godwit / r.Wazero)
		}
		t.Rows = append(t.Rows, []string{r.Name, microFigure(r.Godwit), microFigure(r.Wazero), ratio})
	}
	return t
}

func microFigure(ns float64) string {
	if ns == 0 {
		return "-"
	}
	return FormatFigure(ns)
}
