// Package vm runs WebAssembly programs that can be frozen while they run, written down, and resumed anywhere: later, in
// another process, on another machine, processor or operating system.
//
//	rt := vm.NewRuntime(nil)
//	m, err := rt.Compile(binary)
//	i, err := rt.Instantiate(ctx, m, vm.NewProgramConfig().WithWASI(vm.NewWASI().WithStdout(os.Stdout)))
//	err = i.Run(ctx)
//
// and, on another goroutine while that runs,
//
//	err = i.Program().CheckpointFile(ctx, "work.snapshot", vm.NewCheckpointConfig().WithStop())
//
// and, wherever the file has been taken,
//
//	p, err := rt.RestoreFile(ctx, "work.snapshot", vm.NewProgramConfig().WithWASI(…))
//	_, err = p.Resume(ctx)
//
// # The parts
//
// A [Runtime] holds what is the same for all: features, limits, the tier that executes code. It compiles binaries into
// [Module] values, which any number of programs and goroutines share. A [HostModule] is its counterpart in Go: a
// description, immutable and shared, of what guests may import.
//
// A [Program] is what runs: instances that import from each other, their memories, one thread, and the state of host
// modules and WASI. It is the unit of everything that is done to running code: frozen, restored, forked, limited, closed.
// An [Instance] is one module in it. A [Func] is a function of it.
//
// # Why it is shaped like this
//
// The program, not the instance, is what is frozen. Instances that import from each other share memories and call into
// each other; half of that is nothing that could run.
//
// Configuration is in immutable values ([Config], [ProgramConfig], [CheckpointConfig], [HostModule], [WASI]), all used the
// same way, checkpoints included: With… methods return changed copies, nil is the default. One value serves many programs,
// because nothing in it is a program's own. That is why [HostModule.WithState] takes a function that makes a state: a
// fork, or a restored copy beside the original, must not share it.
//
// Typed functions come in two families, because Go cannot count type parameters: [Func0] to [Func8] and [Proc0] to [Proc8]
// make host functions with and without a result, [TypedFunc0] to [TypedFunc8] and [TypedProc0] to [TypedProc8] make Go
// functions of exported ones. Types are compared when they are made; a call moves each value with one instruction, and
// neither allocates nor reflects. Everything else - many results, vectors, references, types known at run time - is
// [RawFunc] and [Func.CallStack], which do not allocate either.
//
// A context goes to what can wait, and carries nothing else. What a host function needs to know of its call is in its
// [Caller].
//
// What the runtime has cached never decides whether something succeeds. A snapshot's modules are embedded, or given by
// [ProgramConfig.WithModules]; that the runtime may hold the same module already only saves decoding it.
//
// # Values
//
// A wasm value is given and returned as the bits of a uint64, and a v128 as two of them, the lower half first. 32-bit
// integers and floats are in the lower half of theirs. A reference is one uint64 too, and 0 is null: [RefKind] says what
// the others refer to. The embedder's own objects go to guests as numbers ([HostRef]), so that they mean the same after a
// program was restored. A reference to an object of the guest's heap is good until wasm runs the next time, or for as
// long as [Program.Retain] says.
//
// Exceptions are errors on the embedder's side: one that the guest does not catch comes out of the call as an
// [*Exception], and one that a host function returns is thrown into the guest. Tags tell them apart; [HostModule.WithTag]
// makes one for guests to import.
//
// # Concurrency
//
// A Runtime, a Module and all configuration may be used by any number of goroutines. A Program runs one call at a time. The
// second - on another goroutine, or from a host function of the first - is refused with [ErrBusy] before it touches
// anything; a host function calls back with [Caller.CallBack]. Checkpoints, forks and views come from any goroutine at any
// time, one after the other; calls that begin meanwhile wait for them. They must not be taken in a host function of the
// same program, which they would wait for; a safepoint hook ([ProgramConfig.WithSafepointHook]) may take them.
//
// Memories, globals and tables are the live ones. They belong to the guest while it runs: the embedder uses them between
// calls, in host functions, and in a view.
//
// # What ends a call
//
// Functions return; otherwise the error says why they did not, and errors.Is and errors.As match it: a [*Trap] with its
// [TrapCode], an [*Exception] with its [Tag], a [*HostError] around what a host function returned, an [*ExitError] of
// WASI's proc_exit, the cause of the context's end, [ErrDeadline], [ErrFuelExhausted], [ErrStopped]. The guest's frames
// are gone then. A call that is to go on must be frozen with a checkpoint before.
//
// Limits are hard. Memory, table, stack and heap are bounded where they grow; fuel, deadlines and contexts are looked at
// at safepoints, that is, at entries of functions and iterations of loops, so that no guest can avoid them. (Machine code that
// counts for nobody has none at the entry of a function that it has in place of a call.)
// A host function is the embedder's code, and is waited for.
//
// # Host functions and freezing
//
// A host call has happened, or it has not: a checkpoint never falls in its middle. One that computes is waited for. One that
// waits selects on [Caller.Interrupted] too, and gives up with [Caller.Suspend], leaving what remains to be waited for; the
// call is made again where the program goes on. One that has called back into the guest has Go frames under wasm frames,
// which nobody can write down: a checkpoint is refused with [ErrHostFrames] until it returns.
package vm

//go:generate go run ./internal/genarity
