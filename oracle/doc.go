// Package oracle holds godwit to its promise: a program that was frozen at any safepoint on one architecture, and carried
// on by another, does what the program that never stopped does. It has tests only.
//
// # What is compared
//
// Each guest is run to its end once, by the godwit of this machine: that gives its output, its exit code, what it says on
// standard error, the files that it leaves, and how many safepoints it passes. Then it goes on journeys. A journey
// is a sequence of legs, each a fresh process of the godwit of some architecture; it ends a leg by writing a snapshot at
// a safepoint and stopping, the next one begins with that snapshot, the last one comes to the program's end. All of what
// the legs printed, one after the other, and everything else above must be what it was without the journey. A program
// in deterministic mode passes the same safepoints everywhere, so a journey is its legs and their numbers, and a
// failure names both: the commands can be typed again. Where godwit has a compiler, about half of the legs run in machine
// code, and TestMachineCode runs each guest there from beginning to end.
//
// [host] is an architecture. amd64, arm64, 386 and big-endian s390x are visited; their binaries are cross-built here, and
// run by the machine itself where it can, else by qemu's user-mode emulation. Where that is missing, tests of that
// architecture are skipped, each by name; with CI=true in the environment they fail instead.
//
// # The guests
//
// testdata/guest is a program in Go with several programs in it, built for wasip1 by the test: arithmetic, files, a
// listing in progress, deep recursion, goroutines and garbage, standard input, sleeping. handmade_test.go adds small
// modules put together by hand, for what a compiler never does: references and NaNs among the operands of frames, a
// hundred thousand frames, a memory of 75 MiB of which each page was written to.
//
// Programs that wait (in a sleep, for input) are not at a counted safepoint then; waiting_test.go freezes them from
// outside while they wait.
//
// # How much
//
// go test ./oracle takes a few minutes on two cores; with -short it stays on the machine's own architecture. There are
// two flags of its own:
//
//	-journeys N   how many times as many journeys as usual
//	-seed N       where they go and where they stop
//
// so that go test ./oracle -timeout 0 -journeys 50 -seed 1 is something for the night.
package oracle
