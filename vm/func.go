package vm

import (
	"context"
	"fmt"

	"github.com/godwit-vm/godwit/interp"
)

// Func is a function of a program. Its methods may be used by many goroutines; of the calls, one at a time.
type Func struct {
	p *Program
	f *interp.Func
}

// Type is the function's type.
func (f *Func) Type() FuncType { return *f.f.Type() }

// Name is the function's name for people.
func (f *Func) Name() string { return f.f.Name() }

// Ref is the reference to the function, as a wasm value.
func (f *Func) Ref() uint64 { return f.f.Ref() }

// Slots is how many entries a stack needs for a call: those of the parameters or those of the results, whichever is more.
func (f *Func) Slots() int { return f.f.Slots() }

// Call calls the function with the bits of its arguments and returns the bits of its results, in a slice of their own.
// A v128 is two entries, of which the first is the lower half: lane 0 and those that follow it. A reference is as
// [RefKind] says.
//
// The error is, or wraps, a [*Trap] when the guest traps, an [*Exception] when it throws one that it does not catch, a [*HostError] when a host function fails (around an
// [*ExitError] when the guest calls proc_exit, whatever the code), the cause of ctx's end, [ErrDeadline],
// [ErrFuelExhausted], [ErrStopped], [ErrBusy] or [ErrClosed].
// In each of these cases the guest's frames are gone and its memory is as they left it; but for the last three the
// function may be called again.
func (f *Func) Call(ctx context.Context, args ...uint64) ([]uint64, error) {
	t := f.f.Type()
	if n := slotCount(t.Params); len(args) != n {
		return nil, fmt.Errorf("calling %s: %w: %d arguments, it takes %d", f.Name(), ErrSignature, len(args), n)
	}
	stack := make([]uint64, f.f.Slots())
	copy(stack, args)
	if err := f.CallStack(ctx, stack); err != nil {
		return nil, err
	}
	return stack[:slotCount(t.Results)], nil
}

// CallStack is Call without allocating: arguments begin at stack[0], results come to the same place, and stack must have
// room for both, see [Func.Slots].
func (f *Func) CallStack(ctx context.Context, stack []uint64) error {
	if err := f.fits(stack); err != nil {
		return err
	}
	if err := f.p.begin(ctx); err != nil {
		return err
	}
	err := f.p.run(f.f, stack)
	f.p.end()
	return err
}

// fits checks that arguments and results have room, and makes the arguments what slots hold.
func (f *Func) fits(stack []uint64) error {
	t := f.f.Type()
	if n := f.f.Slots(); len(stack) < n {
		return fmt.Errorf("calling %s: %w: %d values on the stack, it needs %d", f.Name(), ErrSignature, len(stack), n)
	}
	narrow(t.Params, stack)
	return nil
}

// maxArity is how many parameters typed functions have at most.
const maxArity = 8

// enter begins a typed call, whose arguments go where it says and whose results come from there.
func (f *Func) enter(ctx context.Context) (*[maxArity]uint64, error) {
	return &f.p.args, f.p.begin(ctx)
}

// run makes the call that enter has begun.
func (f *Func) run() error { return f.p.run(f.f, f.p.args[:]) }

// leave ends the call, whose results have been taken.
func (f *Func) leave() { f.p.end() }
