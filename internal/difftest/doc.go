// Package difftest runs modules that package modgen makes up in several ways and compares what comes out: results, traps,
// what is in memories, globals and tables at the end. The command is
//
//	go run ./internal/difftest/cmd/fuzz -seed 1 -duration 10m
//
// # The ways
//
// A module is run by the interpreter; by the interpreter with a journey every N-th safepoint, that is, written down into
// bytes in the middle of a call and read back by another runtime, which has decoded the module for itself; by machine code, in the same ways,
// and with journeys between machine code and the interpreter; and by a peer, another implementation, if there is one. The peer is a process of its own, because it lives in the module bench, with
// dependencies that godwit does not have: bench/README.md says how to build it.
//
// # What is compared
//
// A run leaves a [Transcript]: a line for each call that the module asks for, and one for each exported memory. Modules are
// made so that the specification leaves nothing open that a line says. Kinds of traps are compared by classes, because
// implementations divide them differently: see class.
//
// A run that reaches a limit of the host - the stack, which is the only one that modules can reach by themselves, or the time that a run may
// take - ends there, and neither that nor what would follow is compared. How many ran out of time is counted, since machine code that
// hangs is among them.
//
// # What is found
//
// A difference is shrunk: the module becomes smaller for as long as the same two ways differ, at a line of the same kind: results, memory,
// fuel, a certain trap, an error with the same text but for its numbers. The file that is left goes to
// testdata/failures, as binary and as text, and with it what each way said. Once the fault is mended, its text goes to
// testdata/found, with the transcript that is right in its comments ([Replay]): each file there is a fault that was.
//
// # Other hosts
//
// testdata/transcripts.txt has hashes of some modules and their transcripts. The tests compare with it wherever they run,
// so that hosts are compared with each other, in what the specification leaves open, too.
package difftest
