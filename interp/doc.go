// Package interp runs wasm: it lowers function bodies to threaded code and executes them over an explicit stack. It owns
// all running state, and it can hand that state over, and take it back, in the terms of package state. It is also the
// oracle: complete, on every architecture that Go knows, and what every faster tier is tested against.
//
// # From wasm to threaded code
//
// A function is lowered when it is first called, in one pass (lowerer). Each local and each position of the operand stack
// has a slot of 64 bits in the function's frame:
//
//	| local 0 | local 1 | … | operand 0 | operand 1 | … |
//	^ frame pointer
//
// and a lowered instruction (instr) names up to three slots and a constant. The pass keeps an abstract operand stack whose
// entries may be a slot, a local or a constant, so that local.get and constants cost nothing but show up in their users:
// (i32.add (local.get 0) (i32.const 1)) is one instruction. A comparison goes into the branch behind it, an addition into
// the load behind it, and more pairs of the kind (lower_fuse.go). Where control can join, all entries are put into
// their own slots, so that every way in agrees.
//
// # Running
//
// A handler executes one instruction and returns the next. Go has no guaranteed tail calls, so the run loop (Thread.run)
// calls handler after handler. What makes that fast is that everything a handler needs travels in its arguments and
// results, which Go keeps in the same registers, and that an instruction is itself the func value by which its handler
// is called. The value computed last travels along too, in the accumulator, besides being in its slot.
//
// Calls do not use the Go stack: a frame record is pushed and the next instruction is the callee's first. Recursion
// therefore ends at a limit of the thread's, as a trap.
//
// # Exceptions
//
// A try costs nothing until something is thrown: beside a function's code stands a table of the instructions that each
// try protects and of where its clauses go (lower_exn.go). A throw walks the frames from the top down, asks the tables,
// writes the exception's values to the slots where the catching label expects them, and goes on there (exceptions.go).
// An exception is an object of the heap only if somebody wants a reference to it.
//
// # Machine code
//
// A tier above may compile functions and loops (native.go). They begin with an instruction of their own then, which counts and, once there
// is machine code, enters it (native_site.go). Machine code works on the same slots, and on a machine stack for its
// return addresses; whatever it cannot do itself it leaves for (native_run.go). Frame records of its activations are made
// when somebody wants to see them (native_frames.go), so that a checkpoint, a throw, a backtrace or a collection finds what
// it would find had the interpreter come there. Of large functions a tier may want to know what of them runs: the instructions of a
// function that is recorded note it when they are executed (record.go).
//
// # Safepoints
//
// The portable view of a frame - which instruction of the wasm function is next, its locals, its operand stack - can be
// made at a safepoint: a function's first instruction, the first of a loop's body, and a host call that waits. The
// frames below the top stand behind a call. How to read the view off the slots, or write it into them, is found by
// lowering the function once more and looking at the abstract stack at that point (layout), so that running costs no
// memory for it.
//
// Everything that wants a running program - a checkpoint, a cancelled context, a deadline, fuel - wants it at a safepoint,
// and uses one mechanism (freeze.go).
//
// # Host calls
//
// A host function has finished before a checkpoint is taken, or it has not happened at all. One that waits selects on
// Caller.Interrupted and gives up with Caller.Suspend; the call is then made again later, maybe in another process.
package interp
