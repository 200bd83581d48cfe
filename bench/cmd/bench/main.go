// Command bench measures WebAssembly runtimes side by side, each run a process of its own. It is started in the folder of
// its module, after cmd/guests has built the guests:
//
//	go run ./cmd/bench                                          # short runs by godwit, wazero and native code
//	go run ./cmd/bench -set long -runner godwit -runner wasmtime -base wasmtime -rounds 5 -cpu 1 fib json
//	go run ./cmd/bench -set startup -metric cpu
//	go run ./cmd/bench -runner godwit -runner 'wasmi=/usr/local/bin/wasmi_cli {wasm} {args}'
//	go run ./cmd/bench -set long,short,startup -results RESULTS.md -json results.json
//
// Arguments are names of programs; none are all programs of the set. The exit code is 1 if a cell failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/bench"
)

// defaultRunners are measured when none is named: those that need neither cgo nor anything installed.
var defaultRunners = []string{"native", "godwit", "wazero"}

type options struct {
	sets       []bench.Set
	runners    []bench.Runner
	base       string
	rounds     int
	cpu        int
	timeout    time.Duration
	onceOver   time.Duration
	metric     bench.Metric
	markdown   bool
	quiet      bool
	json       string
	results    string
	tables     []string
	guests     string
	binaries   map[string]string
	micro      int
	programs   []string
	noPrograms bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{metric: bench.User, binaries: map[string]string{}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: bench [flags] [program]...")
		f.PrintDefaults()
	}
	f.Func("set", "`sets` to run, divided by commas: long, short, startup (default short)", func(s string) error {
		for name := range strings.SplitSeq(s, ",") {
			set, err := bench.ParseSet(name)
			if err != nil {
				return err
			}
			o.sets = append(o.sets, set)
		}
		return nil
	})
	f.Func("runner", "a runner: native, godwit, godwit-auto, godwit-interp, wazero, wazero-interp, wasmtime, node, or `NAME='COMMAND {wasm} {args}'`; may be repeated "+
		"(default native, godwit, wazero). A command may also hold {native}, {godwit}, {peer-wazero} and {peer-wasmtime}", func(s string) error {
		r, err := bench.ParseRunner(s)
		if err != nil {
			return err
		}
		o.runners = append(o.runners, r)
		return nil
	})
	f.StringVar(&o.base, "base", "", "the `runner` that ratios are over (default the first)")
	f.IntVar(&o.rounds, "rounds", 3, "how often each cell is run; the minimum counts")
	f.IntVar(&o.cpu, "cpu", -1, "pin every process to this CPU (Linux); below 0: do not pin")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "a run that takes longer is ended, and its cell failed; 0: never")
	f.DurationVar(&o.onceOver, "once-over", 0, "a cell that takes longer than this is run once only; 0: run it every round")
	f.Func("metric", "`what` is told: user (CPU time, the default), cpu (user and system), wall, rss (peak memory)", func(s string) (err error) {
		o.metric, err = bench.ParseMetric(s)
		return err
	})
	f.BoolVar(&o.markdown, "markdown", false, "print the tables as Markdown")
	f.BoolVar(&o.quiet, "quiet", false, "do not tell of each run on the error output")
	f.StringVar(&o.json, "json", "", "write every sample to this `file`")
	f.StringVar(&o.results, "results", "", "write a results file in Markdown, such as RESULTS.md, to this `file`")
	f.Func("table", "a further table of programs, as corpus/programs.txt is; its guests are put into the guests' folder by hand; may be repeated", func(s string) error {
		o.tables = append(o.tables, s)
		return nil
	})
	f.StringVar(&o.guests, "guests", string(bench.DefaultGuests), "the `folder` of the built guests")
	f.Func("binary", "`NAME=PATH`: take this binary for godwit, peer-wazero or peer-wasmtime, and do not build it; may be repeated", func(s string) error {
		name, path, found := strings.Cut(s, "=")
		if !found || path == "" {
			return errors.New("give NAME=PATH")
		}
		if !slices.Contains(bench.BinaryNames(), name) {
			return fmt.Errorf("no binary is called %s: choose of %v", name, bench.BinaryNames())
		}
		o.binaries[name] = path
		return nil
	})
	f.IntVar(&o.micro, "micro", 0, "also run the in-process benchmarks of godwit and wazero, this many times each")
	f.BoolVar(&o.noPrograms, "no-programs", false, "run no programs: with -micro, in-process benchmarks only")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.programs = f.Args()
	return o, o.complete()
}

// complete puts defaults in, and checks what the flags say together.
func (o *options) complete() error {
	if len(o.sets) == 0 {
		o.sets = []bench.Set{bench.Short}
	}
	if len(o.runners) == 0 {
		for _, name := range defaultRunners {
			r, err := bench.ParseRunner(name)
			if err != nil {
				return err
			}
			o.runners = append(o.runners, r)
		}
	}
	if o.rounds < 1 {
		return errors.New("-rounds must be 1 at least")
	}
	if o.base == "" {
		o.base = o.runners[0].Name
	}
	names := map[string]bool{}
	for _, r := range o.runners {
		if names[r.Name] {
			return fmt.Errorf("two runners are called %s", r.Name)
		}
		names[r.Name] = true
	}
	if !names[o.base] {
		return fmt.Errorf("the base %s is no runner", o.base)
	}
	return nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	report := &bench.Report{
		Date:    time.Now().UTC().Truncate(time.Second),
		Machine: bench.ThisMachine(),
		Pinned:  o.cpu,
		Rounds:  o.rounds,
		Base:    o.base,
	}
	var interrupted error
	if !o.noPrograms {
		interrupted = measurePrograms(ctx, o, report, stderr)
		if interrupted != nil && ctx.Err() == nil {
			return interrupted
		}
	}
	if o.micro > 0 && interrupted == nil {
		if report.Micro, err = bench.MeasureMicro(ctx, ".", o.micro); err != nil {
			return err
		}
	}
	// What was measured before an interrupt is worth having.
	if err := write(o, report, stdout); err != nil {
		return err
	}
	if n := len(report.Failures()); n > 0 {
		return errors.Join(interrupted, fmt.Errorf("%d cells failed", n))
	}
	return interrupted
}

func measurePrograms(ctx context.Context, o *options, report *bench.Report, stderr io.Writer) error {
	programs, err := readTables(o.tables)
	if err != nil {
		return err
	}
	expected, err := bench.ReadExpected("corpus/expected.json")
	if err != nil {
		return err
	}
	guests := bench.Guests(o.guests)
	binaries, err := bench.BuildBinaries(ctx, o.runners, guests, o.binaries)
	if err != nil {
		return err
	}
	if report.Runners, err = describe(ctx, o.runners, guests, binaries); err != nil {
		return err
	}
	for _, set := range o.sets {
		selected, err := bench.Select(programs, set, o.programs)
		if err != nil {
			return err
		}
		plan := &bench.Plan{
			Set:      set,
			Programs: selected,
			Runners:  o.runners,
			Rounds:   o.rounds,
			Limits:   bench.Limits{Timeout: o.timeout, CPU: o.cpu},
			OnceOver: o.onceOver,
			Expected: expected,
			Guests:   guests,
			Binaries: binaries,
		}
		if !o.quiet {
			plan.Report = func(round int, c *bench.Cell) { tell(stderr, set, round, c) }
		}
		cells, err := plan.Measure(ctx)
		report.Add(set, cells)
		if err != nil {
			return err
		}
	}
	return nil
}

func readTables(further []string) ([]bench.Program, error) {
	var programs []bench.Program
	for _, path := range append([]string{"corpus/programs.txt"}, further...) {
		p, err := bench.ReadPrograms(path)
		if err != nil {
			return nil, fmt.Errorf("%w (bench is started in the folder of its module)", err)
		}
		programs = append(programs, p...)
	}
	return programs, nil
}

// describe asks every runner for its version.
func describe(ctx context.Context, runners []bench.Runner, guests bench.Guests, binaries map[string]string) ([]bench.RunnerInfo, error) {
	values := map[string]string{"wasm": "{wasm}", "native": "{native}"}
	for name, path := range binaries {
		values[name] = path
	}
	var infos []bench.RunnerInfo
	for _, r := range runners {
		command, err := r.Command(values, []string{"{args}"})
		if err != nil {
			return nil, err
		}
		infos = append(infos, bench.RunnerInfo{
			Name:    r.Name,
			Command: strings.Join(r.Template, " "),
			Version: bench.Version(ctx, r, command, guests),
		})
	}
	return infos, nil
}

func tell(w io.Writer, set bench.Set, round int, c *bench.Cell) {
	if c.Failure != nil {
		fmt.Fprintf(w, "round %d  %-8s %-14s %-14s %v\n", round+1, set, c.Program, c.Runner, c.Failure)
		return
	}
	s := c.Samples[len(c.Samples)-1]
	fmt.Fprintf(w, "round %d  %-8s %-14s %-14s user %6s ms  wall %6s ms\n", round+1, set, c.Program, c.Runner,
		bench.FormatFigure(bench.User.Value(s)), bench.FormatFigure(bench.Wall.Value(s)))
}

// write puts the report out in every form that was asked for.
func write(o *options, report *bench.Report, stdout io.Writer) error {
	var err error
	if o.markdown {
		err = report.WriteMarkdown(stdout, o.metric)
	} else {
		err = report.WriteText(stdout, o.metric)
	}
	if err != nil {
		return err
	}
	if o.json != "" {
		if err := writeFile(o.json, report.WriteJSON); err != nil {
			return err
		}
	}
	if o.results != "" {
		return writeFile(o.results, func(w io.Writer) error { return report.WriteResults(w, o.metric) })
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
