package vm

import (
	"context"

	"github.com/godwit-vm/godwit/interp"
)

// Caller is what a host function learns of the call in progress. It is valid until the host function returns.
//
// A host function that waits - for a timer, a connection, a person - lets the program be frozen meanwhile if it waits for
// [Caller.Interrupted] as well, and returns what [Caller.Suspend] gives when that comes first. The call is then made
// again: in this process or in another, once the program goes on.
type Caller struct {
	ic    *interp.Caller
	p     *Program
	state Resource
}

// on is c for a call that ic describes. It is c itself, unless the program has more threads than one.
func (c *Caller) on(ic *interp.Caller) *Caller {
	if c.ic == ic {
		return c
	}
	return c.adopt(ic)
}

func (c *Caller) adopt(ic *interp.Caller) *Caller {
	if ic.Thread() != c.p.thread {
		return &Caller{ic: ic, p: c.p, state: c.state}
	}
	c.ic = ic
	return c
}

// Context is the context that was given to the call under which the guest runs.
func (c *Caller) Context() context.Context { return c.ic.Context() }

// Program is the program that makes the call.
func (c *Caller) Program() *Program { return c.p }

// Instance is the instance whose code makes the call; nil when the embedder does, of a function that an instance has
// imported and exports again.
func (c *Caller) Instance() *Instance { return c.p.instanceOf(c.ic.Instance()) }

// Memory is memory 0 of the calling instance, or nil when it has none.
func (c *Caller) Memory() *Memory { return c.ic.Memory() }

// State is the state that the function's host module has in this program, or nil; see [HostModule.WithState].
func (c *Caller) State() Resource { return c.state }

// Interrupted is readable when the program is wanted elsewhere: for a checkpoint, because the context is done, or at a
// deadline. A host function that waits then gives up and returns [Caller.Suspend].
func (c *Caller) Interrupted() <-chan struct{} { return c.ic.Interrupted() }

// Suspend returns the error with which a waiting host function gives up. It must have had no effect yet, but for what is
// in pending: the same call is made again later, maybe in another process, and then [Caller.Resumed] returns pending.
// So a deadline belongs there as time that remains, bytes that were already taken as bytes.
func (c *Caller) Suspend(pending []byte) error { return c.ic.Suspend(pending) }

// Resumed returns what this call gave to Suspend when it was made before; ok is false the first time.
func (c *Caller) Resumed() (pending []byte, ok bool) { return c.ic.Resumed() }

// CallBack calls a function of the same program from within a host function, with the stack that [Func.CallStack] wants.
// Until it returns the program cannot be frozen: a checkpoint that wants it gets
// [ErrHostFrames]. The views of memory that the host function holds may be stale afterwards.
func (c *Caller) CallBack(f *Func, stack []uint64) error {
	if f.p != c.p {
		return ErrForeign
	}
	if err := f.fits(stack); err != nil {
		return err
	}
	return c.ic.CallBack(f.f, stack)
}

// Fuel is what the program has left of its fuel, see [ProgramConfig.WithFuel].
func (c *Caller) Fuel() uint64 { return c.ic.Thread().Fuel() }

// SetFuel gives the program n units of fuel instead of what it has; a host function that does much for the guest may
// charge for it. A program that has never had any is charged from some instructions later on, and what is left of the call in progress is
// interpreted.
func (c *Caller) SetFuel(n uint64) { c.ic.Thread().SetFuel(n) }
