package jit

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// Reason says why a unit was not compiled.
type Reason uint8

// The reasons. Those that begin with "bug" are bugs of godwit.
const (
	Compiled         Reason = iota // it was
	TooLarge                       // limits.go: maxBody, maxValues, maxCode
	ModuleFull                     // limits.go: maxModuleCode
	ProcessFull                    // limits.go: maxProcessCode
	TookTooLong                    // limits.go: maxTook
	ModuleGone                     // nobody has the module any more, and nobody is told of this
	Cancelled                      // the call that had to wait for it was; it is compiled another time
	NoMemory                       // the system gives no executable memory
	Rethrows                       // a loop in the body of a catch throws again what was caught, which has an operand that the front end does not know
	NotBuilt                       // bug: the front end gave up
	NotVerified                    // bug: the SSA breaks a rule
	NotAllocated                   // bug: the register allocator gave up
	NotEncoded                     // bug: the back end gave up
	CompilerPanicked               // bug: so it did
)

var reasons = [...]string{
	Compiled: "compiled", TooLarge: "too large", ModuleFull: "module full", ProcessFull: "process full", TookTooLong: "took too long",
	ModuleGone: "module gone",
	Cancelled:  "cancelled", NoMemory: "no memory", Rethrows: "rethrows",
	NotBuilt: "bug: not built", NotVerified: "bug: not verified", NotAllocated: "bug: not allocated", NotEncoded: "bug: not encoded",
	CompilerPanicked: "bug: the compiler panicked",
}

func (r Reason) String() string { return reasons[r] }

// Bug tells whether it is one of godwit's.
func (r Reason) Bug() bool { return r >= NotBuilt }

// Extent says how much of a unit was compiled, and if all of it, why.
type Extent uint8

// The extents.
const (
	Small          Extent = iota // all: it was not recorded, because it is small, or because the mode says so
	Region                       // what has been seen running
	AllSeen                      // all: nothing has not been seen running
	GrownOften                   // all: limits.go: maxRegions
	RecordLost                   // all: the region came from a code file, the record of it did not
	RegionTooLarge               // all: the region needs more than limits.go allows
)

var extents = [...]string{Small: "", Region: "region", AllSeen: "recorded, all of it has run", GrownOften: "whole: its regions have grown too often",
	RecordLost: "whole: the record of its region is lost", RegionTooLarge: "whole: its region is too large"}

func (e Extent) String() string { return extents[e] }

// Abort is the error of a unit that was not compiled.
type Abort struct {
	Reason Reason
	Err    error
}

func (a *Abort) Error() string {
	if a.Err == nil {
		return a.Reason.String()
	}
	return a.Reason.String() + ": " + a.Err.Error()
}

func (a *Abort) Unwrap() error { return a.Err }

func abort(r Reason, err error) error { return &Abort{r, err} }

// Event tells what became of a unit.
type Event struct {
	Module *interp.Module
	Func   uint32
	Loop   int  // -1 for the whole function; otherwise as the interpreter numbers its instructions
	Counts bool // it counts safepoints: for programs with fuel, and those that count
	Reason Reason
	Err    error // an *Abort, or nil
	Loaded bool  // it was not compiled here: it comes from a code file

	Took    time.Duration
	Body    int // bytes of the function's wasm
	Inlined int // calls
	Guessed int // calls through references that first look for one function
	Blocks  int
	Values  int
	Spills  int // words of 8 bytes
	Code    int // bytes of machine code
	Sites   int // where it can be left
	Extent  Extent
	Sides   int // side exits
	Address uintptr
}

// String is a line of a log.
func (e Event) String() string {
	var b strings.Builder
	switch {
	case e.Loaded:
		b.WriteString("loaded ")
	case e.Reason == Compiled:
		b.WriteString("compiled ")
	default:
		b.WriteString("left to the interpreter: ")
	}
	fmt.Fprintf(&b, "function %d", e.Func)
	if name := e.Module.Wasm().FuncName(e.Func); name != "" {
		fmt.Fprintf(&b, " %q", name)
	}
	if e.Loop >= 0 {
		fmt.Fprintf(&b, ", loop at %d", e.Loop)
	}
	if e.Counts {
		b.WriteString(", counting")
	}
	fmt.Fprintf(&b, ", %d bytes of wasm", e.Body)
	if e.Extent != Small {
		fmt.Fprintf(&b, ", %v", e.Extent)
	}
	if e.Sides > 0 {
		fmt.Fprintf(&b, ", %d side exits", e.Sides)
	}
	if e.Values > 0 {
		fmt.Fprintf(&b, ", %d blocks, %d values", e.Blocks, e.Values)
	}
	if e.Inlined > 0 {
		fmt.Fprintf(&b, ", %d calls inlined", e.Inlined)
	}
	if e.Guessed > 0 {
		fmt.Fprintf(&b, ", %d callees guessed", e.Guessed)
	}
	if e.Code > 0 {
		fmt.Fprintf(&b, ", %d bytes of code, %d sites, %d spilled words", e.Code, e.Sites, e.Spills)
	}
	if e.Address != 0 {
		fmt.Fprintf(&b, ", at %#x", e.Address)
	}
	fmt.Fprintf(&b, ", %v", e.Took.Round(time.Microsecond))
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// trace hands events on, one at a time.
type trace struct {
	mu   sync.Mutex
	tell func(Event)
}

func (t *trace) event(e Event) {
	if t.tell == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tell(e)
}

// reasonOf is the reason in an error of compiling.
func reasonOf(err error) Reason {
	var a *Abort
	switch {
	case err == nil:
		return Compiled
	case errors.As(err, &a):
		return a.Reason
	}
	return NotBuilt
}
