// Command guests builds the corpus: every program to WebAssembly and to native code. It is started in the folder of its
// module:
//
//	go run ./cmd/guests                       # build all into guests/
//	go run ./cmd/guests fib gobench           # only these guests
//	go run ./cmd/guests -verify short         # then run the set natively and with wazero, and compare what they print
//	go run ./cmd/guests -verify short -record # and keep what they print in corpus/expected.json
//
// C programs are built by clang for wasm32-wasi, with lld, compiler-rt and wasi-libc installed (in Debian: clang-22, lld-22,
// libclang-rt-22-dev-wasm32, wasi-libc); $CC_WASM names another compiler for both, $WASI_SYSROOT another sysroot than /usr.
// Go programs are built by go. Guests that are not older than their sources are not built again.
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
	"time"

	"github.com/godwit-vm/godwit/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "guests:", err)
		}
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("guests", flag.ContinueOnError)
	f.SetOutput(stderr)
	folder := f.String("guests", string(bench.DefaultGuests), "the `folder` to build into")
	verify := f.String("verify", "", "run this `set` natively and with wazero, and compare: long, short or startup")
	record := f.Bool("record", false, "keep what the verified programs print in corpus/expected.json")
	force := f.Bool("force", false, "build also what is not older than its source")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *record && *verify == "" {
		return errors.New("-record keeps only what -verify has compared")
	}
	b := &builder{corpus: "corpus", guests: bench.Guests(*folder), force: *force, log: stdout}
	if err := b.build(ctx, f.Args()); err != nil {
		return err
	}
	if *verify == "" {
		return nil
	}
	set, err := bench.ParseSet(*verify)
	if err != nil {
		return err
	}
	return verifySet(ctx, set, b.guests, f.Args(), *record, stdout)
}

// verifySet runs a set once natively and once with wazero. A program whose outputs differ, or are not those that were
// recorded, is an error.
func verifySet(ctx context.Context, set bench.Set, guests bench.Guests, names []string, record bool, log io.Writer) error {
	const expectedFile = "corpus/expected.json"
	programs, err := bench.ReadPrograms("corpus/programs.txt")
	if err != nil {
		return err
	}
	selected, err := bench.Select(programs, set, nil)
	if err != nil {
		return err
	}
	selected = slices.DeleteFunc(selected, func(p bench.Program) bool { return !wanted(p.Guest, names) })
	expected, err := bench.ReadExpected(expectedFile)
	if err != nil {
		return err
	}
	plan := &bench.Plan{
		Set:      set,
		Programs: selected,
		Rounds:   1,
		Limits:   bench.Limits{Timeout: 5 * time.Minute, CPU: -1},
		Guests:   guests,
	}
	if !record {
		plan.Expected = expected
	}
	for _, name := range []string{"native", "wazero"} {
		r, err := bench.ParseRunner(name)
		if err != nil {
			return err
		}
		plan.Runners = append(plan.Runners, r)
	}
	if plan.Binaries, err = bench.BuildBinaries(ctx, plan.Runners, guests, nil); err != nil {
		return err
	}
	cells, err := plan.Measure(ctx)
	if err != nil {
		return err
	}
	failed := map[string]bool{}
	for _, c := range cells {
		if c.Failure != nil {
			failed[c.Program] = true
			fmt.Fprintf(log, "%-14s %-7s %v\n", c.Program, c.Runner, c.Failure)
		}
	}
	for _, c := range cells {
		if !failed[c.Program] {
			expected[bench.Key(set, c.Program)] = c.Output
		}
	}
	fmt.Fprintf(log, "%d of %d programs of the set %s print the same natively and with wazero\n",
		len(selected)-len(failed), len(selected), set)
	if record {
		if err := expected.Write(expectedFile); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d programs of the set %s are not as they should be", len(failed), set)
	}
	return nil
}
