package state

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// What can be wrong with a snapshot. Every error about one is a *[FormatError] that wraps one of these.
var (
	// ErrNotSnapshot: the file is something else, maybe an ordinary module.
	ErrNotSnapshot = errors.New("not a snapshot")
	// ErrVersion: the snapshot is of a format version, or uses a feature, that this release does not know.
	ErrVersion = errors.New("snapshot of an unknown format version")
	// ErrChecksum: bytes have changed since they were written.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrTruncated: the file ends too early.
	ErrTruncated = errors.New("snapshot is cut short")
	// ErrInvalid: the snapshot, or the program that was to be written, contradicts itself.
	ErrInvalid = errors.New("invalid snapshot")
	// ErrLimit: the snapshot asks for more than [Limits] allow, or the program has more than the format has room for.
	ErrLimit = errors.New("snapshot exceeds a limit")
	// ErrModuleMissing: the snapshot does not embed a module that it needs; see [Program.Provide].
	ErrModuleMissing = errors.New("module is not in the snapshot")
)

// FormatError says what is wrong with a snapshot, and where.
type FormatError struct {
	Offset  int64  // byte offset in the file, or -1 when it is not about a place
	Section string // the section's name, or ""
	Message string
	Err     error // one of the Err variables of this package, or the failure to read
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("snapshot: ")
	if e.Section != "" {
		fmt.Fprintf(&b, "section %s: ", e.Section)
	}
	if e.Offset >= 0 {
		fmt.Fprintf(&b, "at 0x%x: ", e.Offset)
	}
	if e.Message != "" {
		b.WriteString(e.Message)
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap makes the cause matchable with errors.Is.
func (e *FormatError) Unwrap() error { return e.Err }

// invalid is a FormatError about the contents of a section, wherever they stand.
func invalid(section, format string, args ...any) error {
	return &FormatError{Offset: -1, Section: section, Message: fmt.Sprintf(format, args...), Err: ErrInvalid}
}

// overLimit is a FormatError about a limit.
func overLimit(section, what string, want, limit uint64) error {
	return &FormatError{Offset: -1, Section: section, Message: fmt.Sprintf("%d %s, at most %d allowed", want, what, limit), Err: ErrLimit}
}

// readError turns a failure of ReadAt into a FormatError: the end of the file is a truncation.
func readError(off int64, section string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrTruncated
	}
	return &FormatError{Offset: off, Section: section, Err: err}
}
