package wat

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says what is wrong with a text, and where. Line and Column count from 1, Column in characters. Source is the
// line itself.
type Error struct {
	File         string
	Line, Column int
	Message      string
	Source       string
}

// maxSourceShown is how many bytes of a line are shown at most: a module in one line can have millions.
const maxSourceShown = 160

// Error prints the place and the message, and below it the line with a caret under the column.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if e.Source == "" {
		return b.String()
	}
	line, at := e.Source, 0
	for range e.Column - 1 { // the caret's offset in bytes
		_, n := utf8.DecodeRuneInString(line[at:])
		at += n
	}
	if len(line) > maxSourceShown {
		from := max(0, min(at-maxSourceShown/2, len(line)-maxSourceShown))
		line, at = line[from:min(len(line), from+maxSourceShown)], at-from
	}
	b.WriteString("\n\t")
	b.WriteString(printable(line))
	b.WriteString("\n\t")
	for _, r := range printable(line[:min(at, len(line))]) {
		if r == '\t' { // so that the caret stands right whatever a tab's width is
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	b.WriteByte('^')
	return b.String()
}

// printable is a line without what a terminal would obey or could not show.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r // also for a byte that is part of no character
	}, line)
}

// errorAt makes the error for the byte at offset off of src.
func errorAt(file string, src []byte, off int, format string, args ...any) *Error {
	off = min(off, len(src))
	start := bytes.LastIndexByte(src[:off], '\n') + 1
	end := len(src)
	if i := bytes.IndexByte(src[off:], '\n'); i >= 0 {
		end = off + i
	}
	return &Error{
		File:    file,
		Line:    bytes.Count(src[:start], []byte{'\n'}) + 1,
		Column:  utf8.RuneCount(src[start:off]) + 1,
		Message: fmt.Sprintf(format, args...),
		Source:  strings.TrimSuffix(string(src[start:end]), "\r"),
	}
}
