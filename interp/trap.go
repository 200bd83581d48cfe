package interp

import (
	"fmt"
	"strings"
	"unsafe"
)

// TrapCode says why a guest trapped (specification 4.5, "trap"). It is an error, so that
// errors.Is(err, interp.TrapUnreachable) works on what a call returned.
type TrapCode uint32

const (
	_ TrapCode = iota
	TrapUnreachable
	TrapIntegerDivideByZero
	TrapIntegerOverflow
	TrapInvalidConversion
	TrapMemoryOutOfBounds
	TrapTableOutOfBounds
	TrapUndefinedElement     // call_indirect outside of the table
	TrapUninitializedElement // call_indirect of a null reference
	TrapIndirectCallTypeMismatch
	TrapStackExhausted
	TrapHeapExhausted // no room for an object, after all that could be freed has been
	TrapNullException // throw_ref of a null reference
	TrapNullReference
	TrapNullFunction
	TrapNullStructure
	TrapNullArray
	TrapNullI31
	TrapCastFailure
	TrapArrayOutOfBounds
	TrapUnalignedAtomic
	TrapNullDescriptor        // of an object to be made, or to be cast by
	TrapDescriptorCastFailure // the object has another descriptor, or none
	TrapExpectedShared        // memory.atomic.wait on a memory that is not shared
)

// trapMessages are the texts that the specification's test suite expects.
var trapMessages = [...]string{
	TrapUnreachable:              "unreachable",
	TrapIntegerDivideByZero:      "integer divide by zero",
	TrapIntegerOverflow:          "integer overflow",
	TrapInvalidConversion:        "invalid conversion to integer",
	TrapMemoryOutOfBounds:        "out of bounds memory access",
	TrapTableOutOfBounds:         "out of bounds table access",
	TrapUndefinedElement:         "undefined element",
	TrapUninitializedElement:     "uninitialized element",
	TrapIndirectCallTypeMismatch: "indirect call type mismatch",
	TrapStackExhausted:           "call stack exhausted",
	TrapHeapExhausted:            "out of memory for objects",
	TrapNullException:            "null exception reference",
	TrapNullReference:            "null reference",
	TrapNullFunction:             "null function reference",
	TrapNullStructure:            "null structure reference",
	TrapNullArray:                "null array reference",
	TrapNullI31:                  "null i31 reference",
	TrapCastFailure:              "cast failure",
	TrapArrayOutOfBounds:         "out of bounds array access",
	TrapUnalignedAtomic:          "unaligned atomic",
	TrapNullDescriptor:           "null descriptor reference",
	TrapDescriptorCastFailure:    "descriptor cast failure",
	TrapExpectedShared:           "expected shared memory",
}

func (c TrapCode) Error() string {
	if int(c) < len(trapMessages) && trapMessages[c] != "" {
		return trapMessages[c]
	}
	return fmt.Sprintf("trap %d", uint32(c))
}

// Trap is the error of a call that trapped: why, and where.
type Trap struct {
	Code  TrapCode
	Trace []TraceFrame // innermost first
}

func (t *Trap) Error() string { return "wasm trap: " + t.Code.Error() + formatTrace(t.Trace) }
func (t *Trap) Unwrap() error { return t.Code }

// TraceFrame is one line of a backtrace.
type TraceFrame struct {
	Instance string // name of the instance, or of its module
	Func     uint32 // in the module's function index space
	Name     string // from the name section, an export, or the index
	Offset   uint32 // byte offset in the module of the instruction
	File     string // from DWARF, when the module carries it
	Line     int
	Column   int
}

// maxTraceLines bounds what Error prints of a trace; the trace itself holds up to maxTrace frames.
const (
	maxTraceLines = 24
	maxTrace      = 256
)

func formatTrace(trace []TraceFrame) string {
	var b strings.Builder
	for i, f := range trace {
		if i == maxTraceLines {
			fmt.Fprintf(&b, "\n    … %d more", len(trace)-i)
			break
		}
		fmt.Fprintf(&b, "\n    at %s", f.Name)
		if f.File != "" {
			fmt.Fprintf(&b, " (%s:%d)", f.File, f.Line)
		}
		fmt.Fprintf(&b, " [0x%x]", f.Offset)
	}
	return b.String()
}

// LimitError reports that a limit forbids what a module wants.
type LimitError struct {
	What  string // memory, table
	Want  uint64
	Limit uint64
	Unit  string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s of %d %s is over the limit of %d", e.What, e.Want, e.Unit, e.Limit)
}

// trap ends the run with code at pc. The address is kept as a number: the function that owns the instruction stays
// alive without it, and a pointer would cost a write barrier in every handler that can trap.
func (t *Thread) trap(pc *instr, code TrapCode) *instr {
	t.exit, t.trapCode, t.exitPC = exitTrap, code, uintptr(unsafe.Pointer(pc))
	return &haltInstr
}

// outOfBounds is where an access to memory 0 goes that is not inside of the ml bytes known: another thread may have grown
// a shared memory since, and then the instruction is made again.
func (t *Thread) outOfBounds(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if m := t.inst.mem0(); m.Size() > ml {
		return pc, fp, acc, m.base(), m.Size(), t
	}
	return t.trap(pc, TrapMemoryOutOfBounds), fp, acc, mb, ml, t
}
