package wasm

import (
	"errors"
	"fmt"
	"strings"
)

// The classes of error that Decode returns, to be matched with errors.Is.
var (
	// ErrMalformed is a binary that breaks the binary format (specification 5).
	ErrMalformed = errors.New("malformed module")
	// ErrInvalid is a module that breaks a rule of validation (specification 3).
	ErrInvalid = errors.New("invalid module")
	// ErrLimit is a module beyond one of this implementation's limits.
	ErrLimit = errors.New("module exceeds an implementation limit")
	// ErrFeature is a module that needs a feature which is off; Error.Feature tells which.
	ErrFeature = errors.New("module needs a disabled feature")
)

// Error is the reason a module was refused. Its class is one of ErrMalformed, ErrInvalid, ErrLimit and ErrFeature.
type Error struct {
	Offset  int      // in the binary, of the instruction or field at fault
	Section string   // name of the section: "code"; empty for the header
	Func    int      // function index (imports first) when in a body, else -1
	Message string   // what is wrong, in the words of the specification's test suite where it has some
	Feature Features // the feature missed, with ErrFeature

	class error
}

// Error tells what is wrong and where.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s (", e.class, e.Message)
	if e.Func >= 0 {
		fmt.Fprintf(&b, "func %d, ", e.Func)
	}
	if e.Section != "" {
		fmt.Fprintf(&b, "%s section, ", e.Section)
	}
	fmt.Fprintf(&b, "offset %#x)", e.Offset)
	return b.String()
}

// Unwrap returns the error's class.
func (e *Error) Unwrap() error { return e.class }
