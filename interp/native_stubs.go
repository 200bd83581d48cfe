//go:build linux && (amd64 || arm64)

package interp

import "sync/atomic"

// The door between Go and machine code, in assembly (native_amd64.s, native_arm64.s).
//
// nativeEnter is a leaf to Go: it has no frame, and while it runs the goroutine cannot be stopped, moved or have its stack
// scanned, because an assembly function is never a safe point. So it may put the processor on another stack and have other code run
// there, on three conditions, which the routines here and the conventions for machine code keep:
//
//   - It comes back with the stack pointer, the frame pointer and the goroutine's register as they were. SP and the frame pointer are in
//     the context meanwhile; the goroutine's register is not touched by machine code (arm64: R28), or is in the context, too
//     (amd64: R14; X15 is made zero).
//   - It comes back soon when the garbage collector or the scheduler wants the goroutine: see native_signal_linux.go. Then the goroutine has to
//     pass a place where Go can stop it before it enters again: see nativePreempt.
//   - Nothing that only it holds is needed by the collector. The context escapes, since the functions below
//     are not marked otherwise, and whoever calls nativeEnter keeps alive what the context points to.
//
// Signals may come at any instruction. Go's handlers run on a stack of their own; they ask what code was interrupted by
// its address. The routines here are marked so that unwinding ends at them; for machine code see native_signal_linux.go.

// How machine code was left: NativeContext.left.
const (
	leftReturned = 1 // a unit returned to the interpreter: its result is in ints[0] or floats[0]
	leftCallee   = 2 // a function without machine code was called: all registers are saved, and the return address is on the stack
)

// nativeEnter runs machine code from pc until it leaves. It may be one of the addresses of stubResume, stubResumeSaved and
// stubResumeReturn.
func nativeEnter(ctx *NativeContext, pc uintptr)

// nativeCall is nativeEnter for a unit's entry, with stubReturned's address on the machine stack as its return address. It differs in
// that the processor predicts the unit's return.
func nativeCall(ctx *NativeContext, pc uintptr)

// stubLeave is the address of what machine code calls to leave: the return address is left on the machine stack, for stubResume.
// Registers are not kept. Machine code may as well jump there with the return address where a call leaves it (amd64: pushed; arm64: in LR); the
// processor then predicts the return to Go, and the ones of the callers of the unit if it goes on.
func stubLeave() uintptr

// stubLeaveSaving is like stubLeave, and saves all registers in the context, for stubResumeSaved.
func stubLeaveSaving() uintptr

// stubReturned is the address that a unit returns to when Go has entered it: the machine stack has it in place of a return address, which
// the return takes away.
func stubReturned() uintptr

// stubCallee is the machine code of functions that have none: it leaves as stubLeaveSaving does, with left being leftCallee.
func stubCallee() uintptr

// stubResume is where to enter to go on at the return address on top of the machine stack.
func stubResume() uintptr

// stubResumeSaved is like stubResume, with all registers as stubLeaveSaving or stubCallee saved them but for those that
// nativeEnter sets.
func stubResumeSaved() uintptr

// stubResumeReturn is like stubResume, with the result registers as a callee would leave them, taken from slot 0 of the frame. It reads two
// slots.
func stubResumeReturn() uintptr

// nativePreempt is where Go stops the goroutine if it wants to. It must be called when machine code has been left because limit was 0, and
// before it is entered again: neither nativeEnter nor a small function has the prologue that looks, so that a goroutine which does
// little more than enter machine code would hardly ever be stopped. runtime.Gosched would not do either; it lets other goroutines run, but
// does not stay for the collector.
//
//go:noinline
func nativePreempt() byte {
	var frame [512]byte // a function with a frame this large is never without the prologue
	return frame[preemptIndex.Load()%512]
}

// preemptIndex is 0. It keeps the compiler from seeing through nativePreempt.
var preemptIndex atomic.Uint32
