package jit

import "time"

// Tuning: every number that could be another one stands here, with its reason.
const (
	// hotEntries and hotIterations are how often a function is entered, and a loop's head passed, before it is compiled. A unit
	// takes some 100 to 500 µs to compile, for which the interpreter executes some 100,000 instructions: compiling pays for
	// what runs at least as long again. An entry stands for more work than an iteration. 300 and 2000, or 1000 and 5000, were as good over short runs.
	hotEntries    = 500
	hotIterations = 3000

	// compileShare, compileByte and compileFree say what a module can afford: see account. A unit is compiled when what has been compiled
	// so far, with what it is likely to take itself, is no more than one part in compileShare of the time since the module came.
	// compileByte is what the compiler takes for a byte of wasm that is built: 0.7 µs over all of CPython, 2 and more for the first units of a
	// process and for the largest. compileFree is free: as much as a few small units take, which is what a small program has.
	compileShare = 2
	compileByte  = 2 * time.Microsecond
	compileFree  = time.Millisecond

	// instrBytes is how many bytes of wasm one of the interpreter's instructions stands for, on average.
	instrBytes = 4

	// minRecorded is from which length on, in bytes of wasm, a function is recorded before it is compiled, in whole or a loop of it. Of what is
	// shorter nearly all runs. Over short runs of four Go guests, user time was 0.84 of that without recording with a limit of 3000, 0.81
	// with 1000, 0.76 with 300, and no less with 150 or none. recordEntries and recordIterations are for how long at least; it lasts until the
	// worker has time. Three times as long made no difference.
	minRecorded      = 200
	recordEntries    = 50
	recordIterations = 300

	// hotExits is how many side exits of a region are taken, at least, before it is hot, and recordExits how many more while what is behind them is
	// recorded. 20 was as good, 200 a little better in short runs. A region of more code has an exit for each exitBytes of it: the exits have
	// taken about as long then as compiling has. An exit costs some microseconds, with what the interpreter does until it meets machine code again, of which 3
	// are assumed; a byte of code takes 1.4 to 1.9 µs. maxRegions is how often a unit is compiled as a region; then all of it is. Few regions grow more than once.
	hotExits    = 100
	recordExits = 20
	exitBytes   = 2
	maxRegions  = 8

	// maxTurned bounds the instructions of a loop that is turned: in a large one a branch more is nothing, and jumps get longer. Functions of
	// Go's compiler are a loop as a whole.
	maxTurned = 200

	// maxCompared is up to how many arms of a br_table that have been seen running are compared with one by one. Go's compiler begins each
	// function with a table of all its calls, of which the first arm is nearly always taken.
	maxCompared = 3

	// tidyPause is how long after a unit was replaced its machine code is looked after, which costs each thread of the module a visit at a safepoint:
	// those that were in it have left it by then, mostly. Each time that nothing could be freed it is twice as long as before, up to tidyPauseMost.
	tidyPause     = time.Second
	tidyPauseMost = time.Minute

	// retryEntries and retryExits are after how much more a unit that found the queue full is looked at again.
	retryEntries = 10_000
	retryExits   = 1000

	// maxLine bounds the units of a module that wait for the worker: a program that becomes hot in more places at once is better compiled
	// in those that are still hot later. maxQueue bounds those of all modules together, some 50 bytes each; minLine is what a module may
	// have waiting even then, so that many others cannot keep it out.
	maxLine  = 1024
	maxQueue = 16 << 10
	minLine  = 8

	// maxTook bounds the time that a unit may hold the worker, in its thread's own time where there is such a clock. What people write takes milliseconds, 200 KiB of it that the other
	// limits let pass up to half a second. It does not bind what is compiled on the thread that wants it, which can be cancelled.
	maxTook = time.Second

	// maxModuleCode and maxProcessCode bound machine code, in bytes: of a module, and of all of a process. A large program
	// (a database, an interpreter with its library) has about 5 MiB of wasm, which becomes about three times as much.
	maxModuleCode  = 64 << 20
	maxProcessCode = 256 << 20

	// maxUnrolled and maxFilled bound the bytes that a memory.copy and a memory.fill of constant length do by loads and stores: a copy has
	// all of its bytes in registers at once, of which there are 14 of 16 bytes, and other values need some.
	maxUnrolled = 64
	maxFilled   = 128

	// maxBody bounds the wasm body of a unit, in bytes, and maxValues what becomes of it: register allocation takes memory for each
	// block and each value that lives in it. Functions of people are far smaller; those of generators, which can
	// be larger, do not run long in one place.
	maxBody   = 256 << 10
	maxValues = 200_000

	// maxFrame bounds what a unit has on the machine stack, in bytes. Its entry makes sure that the stack pointer is above the limit before the
	// frame is made; what lies behind the limit has room for a frame of this size, and no more. Functions of people have a few hundred.
	maxFrame = 64 << 10

	// maxCopied bounds the variables that building copies where ways part and where machine code can be left, and maxSets the words of
	// the sets of live locals: both are products of what a body has of the one and of the other, and a body of 200 KiB with
	// 40,000 branches above 20,000 operands would take 30 GB. maxArms bounds the arms of a br_table: passes look an edge up
	// among its block's.
	maxCopied = 8 << 20
	maxSets   = 4 << 20
	maxArms   = 8 << 10

	// maxNewFields bounds the fields of an object that machine code makes by itself: a store for each is little beside what the interpreter's
	// step takes, but the code is written once for each place.
	maxNewFields = 32

	// maxRead bounds the wasm bytes read for loops of a function: each loop that is compiled by itself is found by going over the
	// whole body, some 150 ns for a byte. A body of 200 KiB may have 60,000 loops.
	maxRead = 8 << 20

	// maxInlineBody, maxInlined and maxInlineDepth bound what is inlined: the wasm body of a function, those of all functions inlined in a unit, in
	// bytes, and how many of them are inside one another. Nothing more is inlined where half of maxValues or maxCopied is used.
	maxInlineBody  = 64
	maxInlined     = 4 << 10
	maxInlineDepth = 4

	// maxCandidates bounds the elements of a table among which the only function of a type is looked for. Longer tables have several of nearly
	// every type.
	maxCandidates = 4 << 10

	// maxSlots bounds the slots of a unit's frame, with those of what is inlined: their numbers have 16 bits, as the interpreter's have.
	maxSlots = 1<<16 - 1

	// maxCacheFolder bounds the bytes of all code files in a folder, and maxCacheAge how long one stays that nobody uses: each new build of the
	// executable begins with new ones. A large program has some 15 MiB. maxCacheUse is how exactly their last use is known: to write it down
	// is an access to the disk. A temporary file that is older than maxCacheTemp is nobody's any more.
	maxCacheFolder = 1 << 30
	maxCacheAge    = 30 * 24 * time.Hour
	maxCacheUse    = time.Hour
	maxCacheTemp   = 24 * time.Hour

	// maxVerified bounds the blocks of a unit whose SSA is checked between the phases: each edge is looked for at its other end.
	maxVerified = 1000

	// maxCode bounds the machine code of a unit, in bytes: branches of arm64 that depend on a condition reach 1 MiB.
	maxCode = 1 << 20
)
