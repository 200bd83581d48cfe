package main

import (
	"context"
	"errors"

	"github.com/godwit-vm/godwit/vm"
)

// Exit codes. Every other one is the guest's own; a guest may use these as well, of course.
const (
	exitSuccess = 0
	exitFailure = 1   // godwit could not do what it was asked to
	exitUsage   = 2   // it was asked in a wrong way
	exitStopped = 75  // the program was stopped by a snapshot, which continues it (EX_TEMPFAIL of sysexits.h: come back later)
	exitTimeout = 124 // as timeout(1) has it
	exitFuel    = 125
	exitTrap    = 134 // as if by SIGABRT, and as other runtimes have it; also for an exception that nothing caught
	exitTerm    = 143 // as if by SIGTERM
)

// exitCodes is the part of the help that tells of them.
const exitCodes = `Exit codes:
  0-255   the guest's own, from proc_exit (its lower 8 bits; 1 if these are 0 and it is not)
  1       godwit could not run the program: no such file, invalid module, missing mount
  2       wrong usage
  75      a snapshot has stopped the program (--snapshot-at, godwit checkpoint --stop)
  124     --timeout has passed
  125     --fuel is used up
  134     the guest trapped, or threw an exception that it did not catch; what it was and the wasm backtrace are
          on standard error
  143     SIGTERM came, and the snapshot was taken (--snapshot-on-term)`

// failure is an error with the exit code that it leads to. Without err there is nothing to be said.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errTimeout is the cause of the end of a run's context.
var errTimeout = errors.New("the time given by --timeout has passed")

// ended makes a failure of what a call of the guest's has returned.
func ended(file string, err error, stopped int) error {
	var exit *vm.ExitError
	var trap *vm.Trap
	var exception *vm.Exception
	code := exitFailure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return exited(exit.Code)
	case errors.Is(err, vm.ErrStopped):
		return &failure{code: stopped}
	case errors.As(err, &trap), errors.As(err, &exception):
		code = exitTrap
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		code = exitTimeout
	case errors.Is(err, vm.ErrFuelExhausted):
		code, err = exitFuel, errors.New("the fuel given by --fuel is used up")
	}
	return &failure{code, about(file, err)}
}

// exited makes a failure of the guest's exit code, of which hosts keep 8 bits.
func exited(code uint32) error {
	switch {
	case code == 0:
		return nil
	case code&0xff == 0:
		return &failure{code: exitFailure}
	}
	return &failure{code: int(code & 0xff)}
}
