// Godwit runs WebAssembly programs that can be frozen, written down and resumed anywhere.
//
// godwit help tells how it is used. This page tells how the command is made.
//
// # Where things are
//
// A command is a value of the type command (main.go), with a table of its flags (flags.go parses them, help.go prints
// them: what is in the table is in the help). godwit run is run.go for modules, invoke.go for functions called by name,
// and resume.go for snapshots; exit.go has every exit code. All snapshots of a run are taken by snapshots.go, for signals
// (signals_unix.go), for the clock, for a count of safepoints, and for godwit checkpoint (checkpoint.go), which asks
// through the socket that control.go opens; ps.go lists who has one. inspect.go and module.go print what is in a file, and
// inspect_jit.go what the compiler makes of it; compile.go makes code files, and tier.go has the flags of the compiler. wat.go, wasm.go and
// wast.go are for text.
//
// # What holds
//
// The guest's streams are the process's own files. Nothing is buffered between, so that at every moment what the guest
// has written is written: the outputs of a run that was stopped and of the one that resumed it, put together, are
// those of a run that was never stopped.
//
// A snapshot that fails changes nothing. The program goes on, even when it was to be stopped, and the log says why.
//
// A run of a small program is over in milliseconds, so nothing is done for it that could be left: the control socket is
// opened when the run has lasted for a while, signals cost a goroutine, and the module is read in one piece. It is not
// mapped, although that would save a copy: whoever cuts the file short would end the program, and a snapshot would
// embed bytes that are no longer those that run.
package main
