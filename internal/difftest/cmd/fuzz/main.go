// Command fuzz makes up modules and runs each in several ways, which must lead to the same: by the interpreter, by the
// interpreter with journeys in the middle of calls, by machine code (-jit), and by a peer, if one is given.
//
//	go run ./internal/difftest/cmd/fuzz [-seed N] [-count M] [-duration D] [-peer PROGRAM] [-jit] [-travel N] [-features LIST]
//
// A difference is shrunk and written to the folder that -o names, as text and as binary. The exit code is 1 if there was one.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/internal/difftest"
	"github.com/godwit-vm/godwit/wasm"
)

func main() {
	os.Exit(run())
}

func run() int {
	f := difftest.Fuzzer{Features: wasm.DefaultFeatures}
	seed := flag.Uint64("seed", 1, "the first seed")
	count := flag.Uint64("count", math.MaxUint64, "how many modules")
	duration := flag.Duration("duration", 0, "how long, if not 0")
	peer := flag.String("peer", "", "the `program` peer-wasmtime, see bench/README.md")
	most := flag.Int("differences", 10, "how many differences to look for")
	flag.Uint64Var(&f.Travel, "travel", 0, "at every how many safepoints to travel; 0 is a number that changes")
	flag.StringVar(&f.Folder, "o", "internal/difftest/testdata/failures", "the `folder` for what differs")
	flag.BoolVar(&f.Compiled, "jit", false, "compare machine code, too")
	flag.BoolVar(&f.Whole, "whole", false, "do not shrink what differs")
	flag.Func("features", "what modules may use: all, or names after + and - that are added to that and taken away", func(s string) error {
		return change(&f.Features, s)
	})
	flag.Parse()
	if *peer != "" {
		f.Peer = difftest.NewPeer(*peer)
		defer f.Peer.Close()
	}
	if *duration == 0 && *count == math.MaxUint64 {
		*duration = time.Minute
	}
	begin, told, found := time.Now(), time.Now(), 0
	for n := uint64(0); n < *count && found < *most && (*duration == 0 || time.Since(begin) < *duration); n++ {
		d, err := f.Try(*seed + n)
		if d != nil {
			found++
			fmt.Printf("seed %d:\n%v", *seed+n, d)
		}
		if err != nil {
			found++
			fmt.Fprintf(os.Stderr, "fuzz: seed %d: %v\n", *seed+n, err)
		}
		if time.Since(told) > 30*time.Second {
			told = time.Now()
			fmt.Printf("at seed %d: %s\n", *seed+n, f.Stats.Summary(time.Since(begin)))
		}
	}
	fmt.Printf("%d differences in %s\n", found, f.Stats.Summary(time.Since(begin)))
	if found > 0 {
		return 1
	}
	return 0
}

// change reads a list of features: names, each with + or - before it.
func change(f *wasm.Features, list string) error {
	for _, word := range strings.Split(list, ",") {
		if word == "all" || word == "" {
			continue
		}
		feature, ok := wasm.FeatureByName(word[1:])
		switch {
		case !ok || word[0] != '+' && word[0] != '-':
			return fmt.Errorf("%q is not + or - and the name of a feature", word)
		case word[0] == '+':
			*f = f.With(feature)
		default:
			*f = f.Without(feature)
		}
	}
	return nil
}
