// Command gobench runs one kind of work, or all of them, in a Go guest and prints a checksum of it:
//
//	gobench TEST N
//
// TEST is the name of a workload, or "all"; N is how often it is repeated. Any of them stresses a big module with a
// scheduler and a garbage collector of its own, and its calls through an explicit stack in memory.
package main

import (
	"fmt"
	"os"
	"strconv"
)

// A workload repeats its work n times and gives what is printed after its name.
type workload struct {
	name string
	run  func(n int, seed *random) string
}

var workloads = []workload{
	{"flate", flateBench},   // bytes: compress and expand a megabyte of words
	{"sort", sortBench},     // compares, and calls through interfaces and closures
	{"json", jsonBench},     // reflection and many small allocations
	{"regexp", regexpBench}, // a state machine, branches
	{"map", mapBench},       // hashing, growing tables
	{"sha256", sha256Bench}, // 32-bit integers, rotations
	{"gc", gcBench},         // allocation and collection of small objects
	{"chan", chanBench},     // switching between goroutines
}

func main() {
	name, n := "all", 1
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if len(os.Args) > 2 {
		var err error
		if n, err = strconv.Atoi(os.Args[2]); err != nil {
			fail("gobench: the number of repetitions:", err)
		}
	}
	seed := random(1)
	found := false
	for _, w := range workloads {
		if name == "all" || name == w.name {
			found = true
			fmt.Println(w.name, w.run(n, &seed))
		}
	}
	if !found {
		fail("gobench: no workload has the name", name)
	}
}

func fail(words ...any) {
	fmt.Fprintln(os.Stderr, words...)
	os.Exit(1)
}
