package vm

import (
	"context"
	"errors"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasi"
	"github.com/godwit-vm/godwit/wasm"
)

// Errors that carry something, to be matched with errors.As.
type (
	// Trap is a call that trapped: the code says why, the trace where. errors.Is matches its code.
	Trap = interp.Trap
	// TrapCode says why a guest trapped. The codes are errors themselves; a host function that returns one ends
	// the guest with that trap.
	TrapCode = interp.TrapCode
	// TraceFrame is one line of a backtrace, with the source line where the module has DWARF.
	TraceFrame = interp.TraceFrame
	// Exception is a call that ended because the guest threw an exception and did not catch it: the tag says of what
	// kind it is, the values are what it carries, as a call's arguments are given; [Instance.Tag] and [Program.HostTag]
	// give the tags to compare with. A host function that returns an *Exception throws it into the guest.
	Exception = interp.Exception
	// HostError is a call that ended because a host function returned an error, which it wraps.
	HostError = interp.HostError
	// ExitError is a call that ended because the guest called WASI's proc_exit.
	ExitError = wasi.ExitError
	// ValidationError says why a module was refused by [Runtime.Compile], and where.
	ValidationError = wasm.Error
	// LinkError says which import of a module could not be satisfied, and why. It matches ErrLink.
	LinkError = interp.LinkError
	// LimitError says which limit forbids what a module wants.
	LimitError = interp.LimitError
	// SnapshotError says what is wrong with a snapshot, and where in the file.
	SnapshotError = state.FormatError
)

// Why a guest trapped.
const (
	TrapUnreachable              = interp.TrapUnreachable
	TrapIntegerDivideByZero      = interp.TrapIntegerDivideByZero
	TrapIntegerOverflow          = interp.TrapIntegerOverflow
	TrapInvalidConversion        = interp.TrapInvalidConversion
	TrapMemoryOutOfBounds        = interp.TrapMemoryOutOfBounds
	TrapTableOutOfBounds         = interp.TrapTableOutOfBounds
	TrapUndefinedElement         = interp.TrapUndefinedElement
	TrapUninitializedElement     = interp.TrapUninitializedElement
	TrapIndirectCallTypeMismatch = interp.TrapIndirectCallTypeMismatch
	TrapStackExhausted           = interp.TrapStackExhausted
	TrapNullReference            = interp.TrapNullReference
	TrapNullFunction             = interp.TrapNullFunction
	TrapNullStructure            = interp.TrapNullStructure
	TrapNullArray                = interp.TrapNullArray
	TrapNullI31                  = interp.TrapNullI31
	TrapNullException            = interp.TrapNullException
	TrapCastFailure              = interp.TrapCastFailure
	TrapArrayOutOfBounds         = interp.TrapArrayOutOfBounds
	TrapHeapExhausted            = interp.TrapHeapExhausted
	TrapUnalignedAtomic          = interp.TrapUnalignedAtomic
	TrapExpectedShared           = interp.TrapExpectedShared
)

// Errors of calls and programs.
var (
	// ErrBusy says that the program runs already: a program runs one call at a time. It is also what a program that
	// holds frames to be resumed answers to any other call.
	ErrBusy = interp.ErrBusy
	// ErrFuelExhausted says that the program has used up the fuel it was given.
	ErrFuelExhausted = interp.ErrFuelExhausted
	// ErrStopped says that a checkpoint ended the program here; it may go on elsewhere.
	ErrStopped = interp.ErrStopped
	// ErrNothingToResume says that the program holds no frames.
	ErrNothingToResume = interp.ErrNothingToResume
	// ErrHostFrames says that no checkpoint can be taken now: a host function has called back into wasm, and its Go
	// frames cannot be written down.
	ErrHostFrames = interp.ErrHostFrames
	// ErrClosed says that the program was closed, or that a host function panicked in it.
	ErrClosed = errors.New("the program is closed")
	// ErrDeadline says that the program's deadline has passed. It matches context.DeadlineExceeded.
	ErrDeadline error = deadlineError{}
	// ErrLink is matched by every error about imports.
	ErrLink = interp.ErrLink
	// ErrNoExport says that an instance exports nothing of that name and kind.
	ErrNoExport = errors.New("no such export")
	// ErrSignature says that a function was called with other arguments, or as another type, than its own.
	ErrSignature = errors.New("signature mismatch")
	// ErrForeign says that a module of another runtime, or a function of another program, was used.
	ErrForeign = errors.New("it belongs to another runtime or program")
	// ErrConfig says that a configuration contradicts itself.
	ErrConfig = wasi.ErrConfig
)

// What [Runtime.Compile] refuses a module for; the error is a [*ValidationError].
var (
	// ErrMalformed is a binary that breaks the binary format.
	ErrMalformed = wasm.ErrMalformed
	// ErrInvalid is a module that breaks a rule of validation.
	ErrInvalid = wasm.ErrInvalid
	// ErrModuleLimit is a module beyond an implementation limit.
	ErrModuleLimit = wasm.ErrLimit
	// ErrFeature is a module that needs a feature that is off.
	ErrFeature = wasm.ErrFeature
)

// What [Runtime.Restore] refuses a snapshot for.
var (
	// ErrNotSnapshot is a file of another kind.
	ErrNotSnapshot = state.ErrNotSnapshot
	// ErrSnapshotVersion is a snapshot of a format that this release does not know.
	ErrSnapshotVersion = state.ErrVersion
	// ErrSnapshotChecksum is a snapshot whose bytes have changed.
	ErrSnapshotChecksum = state.ErrChecksum
	// ErrSnapshotTruncated is a snapshot that ends too early.
	ErrSnapshotTruncated = state.ErrTruncated
	// ErrSnapshotInvalid is a snapshot that contradicts itself.
	ErrSnapshotInvalid = state.ErrInvalid
	// ErrSnapshotLimit is a snapshot that asks for more than [Config.WithSnapshotLimits] allows.
	ErrSnapshotLimit = state.ErrLimit
	// ErrModuleMissing is a snapshot without a module that [ProgramConfig.WithModules] does not provide either.
	ErrModuleMissing = state.ErrModuleMissing
	// ErrRestore is matched where a sound snapshot does not fit: its modules, the host functions and resources that
	// are offered, or the limits.
	ErrRestore = interp.ErrRestore
)

// deadlineError is ErrDeadline.
type deadlineError struct{}

func (deadlineError) Error() string { return "the program's deadline has passed" }
func (deadlineError) Unwrap() error { return context.DeadlineExceeded }

// exitedWell turns a guest's proc_exit(0) into success.
func exitedWell(err error) error {
	if exit := (*ExitError)(nil); errors.As(err, &exit) && exit.Code == 0 {
		return nil
	}
	return err
}
