// Package bench measures WebAssembly runtimes as whole processes: what a user waits and pays for when a program is run
// once, start-up and compilation included. The command cmd/bench is its face.
//
// The parts, in the order in which a measurement passes through them:
//
//	programs.go   the table of programs: names, guests, arguments of each set
//	runner.go     what runs a guest: a template of a command line
//	binaries.go   the runners that are built here: godwit and the peers
//	measure.go    one run of one process: user, system and wall time, peak memory, output
//	rounds.go     all runs, interleaved so that the machine's noise hits every runner alike
//	stats.go      minimum, median, geometric mean
//	report.go     what was measured, and the tables made of it
//	table.go      a table as text and as Markdown
//	results.go    the results file
//	machine.go    where it was measured, and with which versions
//	micro.go      in-process benchmarks, run by go test, side by side
//	decode.go     how fast modules are decoded and validated
//
// The minimum of several runs stands for a cell: noise only ever adds time. The median and the maximum are kept beside it,
// to show how noisy the machine was.
package bench
