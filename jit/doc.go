// Package jit compiles hot functions and loops to machine code, in the background, while the interpreter goes on.
//
// # A unit's way through
//
// The interpreter counts entries of functions and iterations of loops, and tells the Tier when a counter has run out (Tier.Hot).
// The unit - a function, or a loop of one - goes through a queue to a worker (queue.go), which compiles it (compile.go):
//
//	build      wasm to SSA (package ir)
//	optimise   passes over the SSA; the last splits critical edges
//	Select     the back end folds operands and chooses its own opcodes
//	allocate   a register or a spill slot for each value, at each place
//	rotate     loops with their test at the end
//	Compile    the back end's machine code, and the sites where it can be left
//
// The result becomes an interp.NativeUnit (unit.go), is copied to executable memory, and published in the module, where every
// instance of every program finds it at its next entry. Code is never changed. It is freed when the module is collected - threads
// that run it keep the module alive - or when other code has taken its place and no thread can come back to it.
//
// # Recording
//
// Of a large function little runs: the rest is for errors, for what is rare, for other programs. It would cost the time to compile it, and what does
// run would pay for it with joins and registers. So before a function of some length is compiled, or a loop of it, the interpreter notes for a
// while which of its code runs (interp/record.go), and only that is built (build_region.go): the ways of branches that have been seen, with their
// loops and joins, which are a region. Where another way leads off there is a side exit (interp.SiteSide): all state is written to its slots, and
// the interpreter goes on. It counts side exits. When a region has had many, what runs behind them is recorded in turn, and the region
// is compiled again, larger than before, up to maxRegions times. Then the whole unit is compiled, as small ones are in the first place. A region is hot
// when its side exits have taken as long as compiling it has: however many ways it turns out to have, that costs no more than twice what the best choice would.
//
//	           hot, and long             recorded               all of it, or given up
//	counted ------------------> recording --------> pending -------------------------> settled
//	   |                                            ^ ^   |
//	   |  hot, and short                            | |   | a part of it
//	   +--------------------------------------------+ |   v
//	                           grown often, or lost --+- region
//	                                       recorded   |   | its side exits are hot
//	                                                  |   v
//	                                                  growing
//
// What is called through references is noted as well, even of short functions.
//
// How much of a unit was compiled, and why all of it, is its Extent, which a log of compilations says (trace.go). A function has one record,
// which all its units share and which only grows. What runs in machine code is not seen by the interpreter; therefore each way out
// of a unit says by its mark that it was gone, and a loop that was compiled as a whole counts as seen in its whole length. A region from a code file
// counts its side exits, but what is in it is not known to the process: when they are hot the whole unit is compiled.
//
// Nothing enters the machine code that a larger region has replaced, but threads may be in it, or have return addresses into it in their stacks.
// They are asked for that some time later, at safepoints of theirs (interp/native_retire.go), and what none of them holds is freed (tidy.go).
//
// # What compiling may cost
//
// Programs make units hot long before it is known how long they will run, and the user of a program that ends at once would rather have it interpreted. So
// a module has an account (account.go): compiling may take half of the time that the module has been there. Among what waits the
// worker takes what is hottest for its size; it becomes hotter for as long as the interpreter has to run it.
//
// # State
//
// Wasm's locals and operands have slots in the interpreter's frame, and machine code uses the same frame; but while it runs, values
// are in registers, and slots are stale. Where machine code can be left, the frame must be what the interpreter would have made of
// it: the operands in their slots, and the locals that are live or are references, which a collection looks at. So a frame of
// machine code can be looked at, frozen, written down and gone on with by the interpreter, here or on another machine, without a
// map of registers: there is nothing in them that counts.
//
//   - Before a call, and before an instruction that is left to the interpreter (a step), what is stale is stored by instructions
//     among others (OpSlotStore), and behind it everything is in its slot and is loaded where it is needed first (OpSlotLoad).
//   - At a loop's head, and where the interpreter goes on for good, what is stale is listed at the site (Site.State), and is stored
//     only if the site is taken.
//   - A trap needs no state: nobody looks at a frame that has trapped.
//
// Which locals are live is found by going over the body backwards (build_scan.go), with the ways that exceptions can go from
// calls. Which slots are stale is known when the body is built (build_state.go): a local that has not changed since it was stored is
// not stored again.
//
// Calls of small functions are built as their bodies (build_inline.go). Their frames are where they would be, and a site in them names
// them all. So are calls through references, behind a comparison with what is expected there (build_guess.go).
//
// A tail call is a jump: the callee takes the frame's place on both stacks (build_tail.go). Only callees of the host, of other instances and those without
// machine code are left to the interpreter.
//
// The interpreter takes over at points that it can be entered at: see interp.NativePoints.
//
// # What goes wrong
//
// Nothing here ends a program. A unit that cannot be compiled, for whatever reason, bugs of the compiler among them, stays with
// the interpreter. Each has a named Reason (trace.go), and a log of them can be had: Config.Trace.
//
// One thing of the language has no way here: rethrow in a loop that is a unit of its own, in the body of a catch. The old exceptions keep
// what was caught in an operand that the specification does not know, and which is not built. Functions with such loops are compiled; the body of a
// catch is the interpreter's in any case.
//
// # Limits
//
// Every number that could be another one is in limits.go with its reason: when something is hot, how long the queue is, how much
// machine code there may be.
//
// # Code files
//
// Machine code does not depend on where it is, so it can be kept from one process to the next (cache.go). A code file is good for one module,
// one kind of processor and one build of the executable; a function's unit is used only beside the same code of the interpreter's
// as it was made beside. Everything in a file is covered by checksums and every number is checked against its bounds, but that is for accidents:
// what is in such a file is executed, and whoever may write it must be trusted. Files that nobody uses any more are taken away (cache_tidy.go).
package jit
