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
//	Compile    the back end's machine code, and the sites where it can be left
//
// The result becomes an interp.NativeUnit (unit.go), is copied to executable memory, and published in the module, where every
// instance of every program finds it at its next entry. Code is never changed, and it is freed when the module is collected: threads
// that run it keep the module alive.
//
// # What goes wrong
//
// Nothing here ends a program. A unit that cannot be compiled, for whatever reason, bugs of the compiler among them, stays with
// the interpreter. Each has a named Reason (trace.go), and a log of them can be had: Config.Trace.
//
// # Limits
//
// Every number that could be another one is in limits.go with its reason: when something is hot, how long the queue is, how much
// machine code there may be.
package jit
