package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/godwit-vm/godwit/spectest"
	"github.com/godwit-vm/godwit/vm"
)

var wastCommand = command{
	name:    "wast",
	usage:   "[FLAGS] [FILE|FOLDER...]",
	summary: "run scripts of the specification's test suite",
	text: `FILE is a script (.wast), FOLDER has many. Without any the whole suite is run. The suite is the folder that --suite
names, or the variable ` + spectest.SuiteEnv + `, or ../shared/spec beside this folder or one above it:
  git clone https://github.com/WebAssembly/testsuite

Every command of a script counts, those that were not run as failed. Where the suite has a README.md with a table of
its counts, the totals are compared with it. The exit code is 1 when anything failed.

--travel N writes the program down at every Nth safepoint, also in the middle of a call, throws it away, reads it back
in another runtime and goes on there; the results must be the same.

--table FILE runs everything twice, once in place and once travelling (at every safepoint, unless --travel says
otherwise), and writes what passed, by feature, into FILE between the lines
  ` + spectest.TableBegin + `
  ` + spectest.TableEnd,
	mixed: true,
	prepare: func() ([]flag, func([]string) error) {
		w := scripts{cfg: spectest.Config{Tier: vm.TierInterp}}
		return w.flags(), w.do
	},
}

// scripts is one use of godwit wast.
type scripts struct {
	cfg      spectest.Config
	features featureSwitches
	traces   traces
	suite    string
	all      bool
	json     string
	table    string
}

func (w *scripts) flags() []flag {
	return []flag{
		{name: "suite", value: "FOLDER", set: toString(&w.suite), help: "where the suite is"},
		{name: "v", set: toTrue(&w.all), help: "print every script, every failure, and messages other than the expected ones"},
		{name: "json", value: "FILE", set: toString(&w.json), help: "write the results for programs too; - is standard output, and nothing else is there"},
		{name: "strict", set: toTrue(&w.cfg.Strict), help: "a message other than the expected one is a failure"},
		{name: "travel", value: "N", set: toPositive(&w.cfg.Travel), help: "carry the program on elsewhere at every Nth safepoint"},
		{name: "travel-max", value: "K", set: toNumber(&w.cfg.TravelMax), help: fmt.Sprintf("of one action at most K times (default %d)", spectest.DefaultTravelMax)},
		{name: "deadline", value: "TIME", set: toDuration(&w.cfg.Deadline), help: fmt.Sprintf("end an action after a time (default %v)", spectest.DefaultDeadline)},
		{name: "j", value: "N", set: toNumber(&w.cfg.Parallel), help: "run N scripts at the same time (default: one for each processor)"},
		{name: "tier", value: "interp|jit|auto|regions", set: toChoice(&w.cfg.Tier, tiers), help: "how code is executed: interp, the default, interprets it, jit compiles everything before\nit runs, auto compiles what runs often, regions, for tests of the compiler, does so at once"},
		w.traces.flag(),
		w.features.flag(vm.DefaultFeatures),
		{name: "table", value: "FILE", set: toString(&w.table), help: "write the table of features into a Markdown file"},
	}
}

// toPositive takes a number from 1 on.
func toPositive(p *uint64) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseUint(s, 0, 64)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is no number from 1 on", s)
		}
		*p = n
		return nil
	}
}

func toNumber(p *int) func(string) error {
	return func(s string) error {
		var n uint64
		if err := toPositive(&n)(s); err != nil {
			return err
		}
		*p = int(min(n, 1<<30))
		return nil
	}
}

func (w *scripts) do(args []string) error {
	suite, err := spectest.FindSuite(w.suite)
	if err != nil && (w.suite != "" || len(args) == 0) {
		return err
	}
	if len(args) == 0 {
		args = []string{suite}
	}
	files, err := spectest.Scripts(suite, args...)
	if err != nil {
		return err
	}
	if err := w.traces.open(); err != nil {
		return err
	}
	defer w.traces.close(slog.Default())
	w.cfg.Trace = w.traces.counted()
	w.cfg.On, w.cfg.Off = w.features.on, w.features.off
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	out := io.Writer(os.Stdout)
	if w.json == "-" {
		out = io.Discard
	}
	if w.table != "" {
		return w.writeTable(ctx, files, suite, out)
	}
	report := w.run(ctx, files, suite, w.cfg, out)
	if err := w.writeJSON(report); err != nil {
		return err
	}
	return verdict(report)
}

// run runs the scripts and prints what became of them.
func (w *scripts) run(ctx context.Context, files []spectest.Script, suite string, cfg spectest.Config, out io.Writer) *spectest.Report {
	report := spectest.Run(ctx, files, cfg, func(r *spectest.Result) { r.Print(out, w.all) })
	if suite != "" && len(files) > 1 {
		report.Compare(suite)
	}
	report.Print(out)
	if cfg.Tier != vm.TierInterp {
		w.traces.printCounts(out)
	}
	return report
}

// verdict is the failure that a report means, which has been printed.
func verdict(reports ...*spectest.Report) error {
	for _, r := range reports {
		if !r.OK() {
			return &failure{code: exitFailure}
		}
	}
	return nil
}

func (w *scripts) writeJSON(report *spectest.Report) error {
	if w.json == "" {
		return nil
	}
	if w.json == "-" {
		return report.WriteJSON(os.Stdout)
	}
	f, err := os.Create(w.json)
	if err != nil {
		return err
	}
	if err := report.WriteJSON(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// writeTable runs the scripts twice for the table.
func (w *scripts) writeTable(ctx context.Context, files []spectest.Script, suite string, out io.Writer) error {
	here, away := w.cfg, w.cfg
	here.Travel = 0
	if away.Travel == 0 {
		away.Travel = 1
	}
	begin := time.Now()
	stayed := w.run(ctx, files, suite, here, out)
	travelled := w.run(ctx, files, suite, away, out)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := spectest.WriteTable(w.table, stayed, travelled, away.Travel); err != nil {
		return err
	}
	if err := w.writeJSON(travelled); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s has the table now, after %v\n", w.table, time.Since(begin).Round(time.Second))
	return verdict(stayed, travelled)
}
