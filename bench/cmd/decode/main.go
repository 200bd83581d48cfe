// Command decode measures how fast godwit decodes and validates modules, beside wazero and wasmtime, on one processor. It is
// started in the folder of its module:
//
//	go run ./cmd/decode -rounds 5 -cpu 1 FILE.wasm...
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/godwit-vm/godwit/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rounds := flag.Int("rounds", 5, "how often each decoder takes each module, for about a second; the median counts")
	cpu := flag.Int("cpu", -1, "pin every process to this CPU (Linux); below 0: do not pin")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	rows, err := bench.MeasureDecode(ctx, ".", bench.DefaultGuests.Bin(""), flag.Args(), *rounds, *cpu)
	if err == nil {
		err = bench.DecodeTable(rows).WriteText(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
	for _, row := range rows {
		for i, c := range row.Cells {
			if c.Failure != nil {
				fmt.Fprintf(os.Stderr, "%s, %s: %v\n", row.File, bench.Decoders()[i].Name, c.Failure)
			}
		}
	}
}
