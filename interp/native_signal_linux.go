//go:build amd64 || arm64

package interp

// Signals while machine code runs.
//
// Two things that machine code needs arrive as signals. An access beyond a guarded memory's end faults (SIGSEGV, SIGBUS), which
// is a trap. And a goroutine that the collector or the scheduler wants to stop is sent SIGURG; Go's handler stops Go code
// where it finds it, but can do nothing about code that it does not know, which would therefore hold up the whole process. Our own handler
// stands before Go's for these signals and two more, and looks at one thing only: whether the address of the interrupted instruction
// is in the address space that is reserved for machine code.
//
//   - It is not: Go's handler is jumped to, with every argument as the kernel passed it. For all of the process that is not machine code
//     nothing changes, whatever Go's handler does with the signal (a nil pointer's panic, a crash's dump, os/signal, preemption).
//   - A fault in machine code becomes a call of the stub that leaves: the context of the signal, from which the kernel loads the registers at
//     its end, is changed so that the faulting instruction looks like that call, with its own address as the return address.
//     The Go side finds it on top of the machine stack. Nothing of Go's takes part, no panic is made and no stack unwound, which is what makes
//     it cheap.
//   - SIGURG in machine code sets NativeContext.limit to 0, and step, which the next poll sees, and then goes to Go's handler, which finds an
//     address that it does not know and does nothing but note that the signal has been seen. Machine code leaves, and the goroutine
//     stops in the prologue of the next Go function, as it does everywhere. If the signal comes between the stores of
//     nativeEnter and the first instruction of machine code it has no effect; Go sends it again for as long as the goroutine has
//     not stopped.
//   - SIGPROF and SIGQUIT, which look for the goroutine's stack, are passed to Go's handler with a context that says that nativeEnter
//     has just returned, so that a profile and a dump show who runs the machine code. When the handler comes back the context is made
//     what it was. (Go knows nothing of the address where the signal came. A profile would count it as external code; a dump
//     would break off, because the stack pointer is not in the goroutine's stack.)
//
// Why this is sound:
//
//   - The handler is installed with what Go's was installed with: on the thread's signal stack (SA_ONSTACK), with the same mask (all
//     signals, so that none interrupts it), the same restorer. It touches only what the kernel saved, the context
//     that machine code's context register holds at every instruction, and the word below the machine stack's pointer, for which
//     there is room (NativeContext.nativeLimit is that far from the end). It calls nothing and needs no goroutine.
//   - The signals are handled by Go from the start of the process to its end, so that what is read here as Go's handler stays so.
//     os/signal.Notify and Reset leave the handlers alone, because the runtime has them installed for itself. Only
//     signal.Ignore(SIGURG) takes one away that matters, and thereby the preemption of all Go code too.
//   - A signal that was sent by somebody (kill) rather than by the processor is Go's business, wherever it arrives.
//   - Go's handlers of other signals may interrupt machine code. They run on the signal stack, with the goroutine's register or
//     thread-local word as it always is, and those that do not end the process do not look at the interrupted code.
//   - What SIGPROF and SIGQUIT are shown was true when nativeEnter was called, and will be when it returns; the
//     goroutine's stack does not change between. SIGURG must not be shown the same: its handler would take it for a place where the
//     goroutine can be stopped, and change the context to that end.
//   - Nothing that is shared is written: limit, step and fault belong to the thread that was interrupted.

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

var nativeSigs = [...]unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGURG, unix.SIGPROF, unix.SIGQUIT}

// neededSigs is how many of nativeSigs machine code cannot do without. Go does not handle the others when it is a library of a C program.
const neededSigs = 3

// goHandlers are Go's handlers of nativeSigs. They are read by assembly.
var goHandlers [len(nativeSigs)]uintptr

// sigtrampAddr is the address of the handler.
func sigtrampAddr() uintptr

// kernelSigaction is the kernel's struct sigaction.
type kernelSigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

const (
	saSiginfo = 0x4
	saOnstack = 0x08000000
)

func rtSigaction(sig unix.Signal, act, old *kernelSigaction) error {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(act)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// nativeSignals puts the handler before Go's. It must have succeeded before machine code is run.
var nativeSignals = sync.OnceValue(func() error {
	if strings.Contains(os.Getenv("GODEBUG"), "asyncpreemptoff=1") {
		return errors.New("interp: no native code: GODEBUG=asyncpreemptoff=1 would keep the collector from stopping it")
	}
	// The handler compares with the range from its first moment on.
	if err := nativeCode.ready(); err != nil {
		return err
	}
	var acts [len(nativeSigs)]kernelSigaction
	for i, sig := range nativeSigs {
		a := &acts[i]
		if err := rtSigaction(sig, nil, a); err != nil {
			return fmt.Errorf("interp: no native code: handler of %v: %w", sig, err)
		}
		if a.handler > 1 && a.flags&(saSiginfo|saOnstack) == saSiginfo|saOnstack { // neither SIG_DFL nor SIG_IGN
			goHandlers[i] = a.handler
		} else if i < neededSigs {
			return fmt.Errorf("interp: no native code: %v is not handled by Go", sig)
		}
	}
	for i, sig := range nativeSigs {
		if goHandlers[i] == 0 {
			continue
		}
		acts[i].handler = sigtrampAddr()
		if err := rtSigaction(sig, &acts[i], nil); err != nil {
			return fmt.Errorf("interp: no native code: handler of %v: %w", sig, err)
		}
	}
	return nil
})
