package jit

// Tuning: every number that could be another one stands here, with its reason.
const (
	// hotEntries and hotIterations are how often a function is entered, and a loop's head passed, before it is compiled. A unit
	// takes some 100 to 500 µs to compile, for which the interpreter executes some 100,000 instructions: compiling pays for
	// what runs at least as long again. An entry stands for more work than an iteration.
	hotEntries    = 300
	hotIterations = 2000

	// retryEntries is after how much more a unit that found the queue full is looked at again.
	retryEntries = 10_000

	// maxQueue bounds the units that wait for the worker. A program that becomes hot in more places at once is better compiled in
	// those that are still hot later.
	maxQueue = 1024

	// maxModuleCode and maxProcessCode bound machine code, in bytes: of a module, and of all of a process. A large program
	// (a database, an interpreter with its library) has about 5 MiB of wasm, which becomes about three times as much.
	maxModuleCode  = 64 << 20
	maxProcessCode = 256 << 20

	// maxBody bounds the wasm body of a unit, in bytes, and maxValues what becomes of it: register allocation takes memory for each
	// block and each value that lives in it. Functions of people are far smaller; those of generators, which can
	// be larger, do not run long in one place.
	maxBody   = 256 << 10
	maxValues = 200_000

	// maxVerified bounds the blocks of a unit whose SSA is checked between the phases: each edge is looked for at its other end.
	maxVerified = 1000

	// maxCode bounds the machine code of a unit, in bytes: branches of arm64 that depend on a condition reach 1 MiB.
	maxCode = 1 << 20
)
