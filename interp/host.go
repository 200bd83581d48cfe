package interp

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-vm/godwit/wasm"
)

// HostFunc is a function that the embedder provides (specification 4.2.6, host functions).
//
// Call gets its arguments in stack[:len(Params)] and leaves its results in stack[:len(Results)]; stack is long enough
// for both. Numbers are their bits, zero-extended; references are handles, 0 is null. stack is part of the guest's
// own stack: it must not be kept.
//
// An error ends the guest's call: it reaches the embedder inside a *HostError. Three kinds of error are special: what
// Caller.Suspend returns makes the call wait (see there), an error that is a Trap ends the guest with that trap, and one
// that is an Exception is thrown, so that the guest may catch it.
type HostFunc struct {
	Module, Name string
	Type         wasm.FuncType
	Call         func(c *Caller, stack []uint64) error
}

// Resource is state outside of wasm that belongs to a running program and travels with it: a WASI context, the
// variables of an embedder's host module. It is registered with Store.AddResource under a name.
type Resource interface {
	// SaveState writes the state down. The program stands still meanwhile. The returned version is handed back to
	// RestoreState; a later release of the owner must go on reading the versions that earlier ones wrote.
	SaveState() (version uint32, data []byte, err error)
	// RestoreState takes state that SaveState wrote, maybe elsewhere and long ago. It is untrusted input. An error
	// keeps the program from being restored.
	RestoreState(version uint32, data []byte) error
}

// Caller is what a host function learns of the call in progress. It is valid until the host function returns.
type Caller struct {
	t       *Thread
	inst    *Instance
	resumed []byte
	again   bool
}

// Context is the context that was given to the Call or Resume under which the guest runs.
func (c *Caller) Context() context.Context { return c.t.ctx }

// Instance is the instance whose code makes the call.
func (c *Caller) Instance() *Instance { return c.inst }

// Thread is the thread that makes the call.
func (c *Caller) Thread() *Thread { return c.t }

// Memory is memory 0 of the calling instance, or nil when it has none.
func (c *Caller) Memory() *Memory {
	if len(c.inst.memories) == 0 {
		return nil
	}
	return c.inst.memories[0]
}

// Interrupted is readable when somebody wants the thread at a safepoint: a checkpoint, a cancelled context, a deadline.
// A host function that waits for anything selects on it too, and when it fires returns what Suspend gives.
func (c *Caller) Interrupted() <-chan struct{} { return c.t.wake }

// Suspend returns the error with which a waiting host function gives up without having had any effect. The call is made
// again later - at once, after the checkpoint, or in another process - and then Resumed returns pending, in which
// the function has written what remains to be waited for. pending becomes part of the snapshot.
func (c *Caller) Suspend(pending []byte) error {
	c.t.pending, c.t.hasPending = pending, true
	return errSuspended
}

// Resumed returns what the same call passed to Suspend when it was made before. ok is false at the first attempt.
func (c *Caller) Resumed() (pending []byte, ok bool) { return c.resumed, c.again }

// errSuspended is compared by identity: only Suspend hands it out.
var errSuspended = errors.New("host call waits")

// HostError reports that a host function returned an error.
type HostError struct {
	Module, Name string
	Err          error
	Trace        []TraceFrame // the guest's frames, innermost first
}

func (e *HostError) Error() string { return fmt.Sprintf("%s.%s: %v", e.Module, e.Name, e.Err) }
func (e *HostError) Unwrap() error { return e.Err }
