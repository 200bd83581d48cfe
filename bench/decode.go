package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Decoder decodes and validates modules, in a benchmark that takes the name of the module's file from the environment variable
// WASM.
type Decoder struct {
	Name      string
	Benchmark string
	dir, pkg  string // of the benchmark
}

// Decoders are godwit and its peers: godwit's decoder, the two steps of wazero's CompileModule that come before compiling, and the
// validation of wasmtime, which keeps nothing of the module.
func Decoders() []Decoder {
	return []Decoder{
		{"godwit", "Decode", "..", "./wasm"},
		{"wazero", "DecodeWazero", ".", "."},
		{"wasmtime", "DecodeWasmtime", ".", "."},
	}
}

// A DecodeRow is what each decoder took for one module, in the order of the decoders.
type DecodeRow struct {
	File  string
	Size  int64
	Cells []DecodeCell
}

// A DecodeCell has the CPU time in ns of one decoding in each round, or the reason why there is none.
type DecodeCell struct {
	Rounds  []float64
	Failure error
	count   int // of decodings that a round takes
}

// decodeTime is about how long a round lets a decoder decode a module. The rest of the process counts too: reading the file is little
// beside it.
const decodeTime = 1e9

// MeasureDecode lets each decoder decode each file again and again for about a second, in turn, in as many rounds as are asked for. Where cpu is not
// below 0 all is pinned to it. The benchmarks are built into the folder bin, and dir is this module's.
func MeasureDecode(ctx context.Context, dir, bin string, files []string, rounds, cpu int) ([]DecodeRow, error) {
	decoders := Decoders()
	tests := make([]string, len(decoders))
	for i, d := range decoders {
		var err error
		if tests[i], err = d.build(ctx, dir, bin); err != nil {
			return nil, err
		}
	}
	var rows []DecodeRow
	for _, name := range files {
		path, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, DecodeRow{File: path, Size: info.Size(), Cells: make([]DecodeCell, len(decoders))})
	}
	for range rounds {
		for _, row := range rows {
			for i, d := range decoders {
				if cell := &row.Cells[i]; cell.Failure == nil {
					cell.measure(ctx, tests[i], d.Benchmark, row.File, cpu)
				}
			}
			if ctx.Err() != nil {
				return rows, ctx.Err()
			}
		}
	}
	return rows, nil
}

// build builds the test binary that has the benchmark, and returns its path.
func (d Decoder) build(ctx context.Context, dir, bin string) (string, error) {
	path, err := filepath.Abs(filepath.Join(bin, "decode-"+d.Name))
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", path, d.pkg)
	cmd.Dir = filepath.Join(dir, d.dir)
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the decoder of %s: %w\n%s", d.Name, err, bytes.TrimSpace(text))
	}
	return path, nil
}

// measure runs a benchmark for a round. CPU time is told, not the time that the benchmark prints, since that one counts what else the
// machine does.
func (c *DecodeCell) measure(ctx context.Context, test, benchmark, file string, cpu int) {
	if c.count == 0 {
		_, ns := c.run(ctx, test, benchmark, file, cpu, 2)
		if c.Failure != nil {
			return
		}
		c.count = max(2, int(decodeTime/ns))
	}
	if used, _ := c.run(ctx, test, benchmark, file, cpu, c.count); c.Failure == nil {
		c.Rounds = append(c.Rounds, float64(used)/float64(c.count))
	}
}

// run runs a benchmark of a number of decodings, and returns the CPU time of the process and what the benchmark says of one decoding, in ns.
func (c *DecodeCell) run(ctx context.Context, test, benchmark, file string, cpu, count int) (used time.Duration, ns float64) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, test, "-test.run", "^$", "-test.bench", "^Benchmark"+benchmark+"$", "-test.cpu", "1",
		"-test.benchtime", strconv.Itoa(count)+"x")
	cmd.Env = append(os.Environ(), "WASM="+file)
	cmd.Stdout, cmd.Stderr = &output, &output
	err := startPinned(cmd, cpu)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		c.Failure = fmt.Errorf("%w: %s", err, strings.Join(strings.Fields(output.String()), " "))
		return 0, 0
	}
	results := ParseGoBench(output.String())
	if len(results) != 1 {
		c.Failure = errors.New("this build has no such benchmark; wasmtime's needs cgo")
		return 0, 0
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), results[0].Nanoseconds
}

// DecodeTable shows the median of each decoder's rounds, the speed of the first, and how much longer the others took than it.
func DecodeTable(rows []DecodeRow) Table {
	decoders := Decoders()
	t := Table{Header: []string{"module", "MB"}}
	for _, d := range decoders {
		t.Header = append(t.Header, d.Name+", ms")
	}
	t.Header = append(t.Header, decoders[0].Name+", MB/s")
	for _, d := range decoders[1:] {
		t.Header = append(t.Header, d.Name+" / "+decoders[0].Name)
	}
	for _, row := range rows {
		line := []string{filepath.Base(row.File), FormatFigure(float64(row.Size) / 1e6)}
		medians := make([]float64, len(row.Cells))
		for i, c := range row.Cells {
			cell := "-"
			if c.Failure == nil && len(c.Rounds) > 0 {
				medians[i] = NewSpread(c.Rounds).Median
				cell = FormatFigure(medians[i] / 1e6)
			}
			line = append(line, cell)
		}
		line = append(line, quotient(float64(row.Size)*1e3, medians[0], FormatFigure))
		for _, m := range medians[1:] {
			line = append(line, quotient(m, medians[0], FormatRatio))
		}
		t.Rows = append(t.Rows, line)
	}
	return t
}

// quotient prints a/b, or - where one of them is not known.
func quotient(a, b float64, format func(float64) string) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return format(a / b)
}
