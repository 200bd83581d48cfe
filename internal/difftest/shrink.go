package difftest

import (
	"regexp"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/wasm"
)

// What shrinking one module may take.
const (
	shrinkTries = 20_000
	shrinkTime  = time.Minute
)

// Shrink makes a module smaller for as long as the same two ways differ in it, at a line of the same kind, and returns the difference that is
// left. A module in which they do not differ when it is tried again stays as it is.
func Shrink(m *modgen.Module, d *Difference) *Difference {
	kind := kindOf(d)
	end := time.Now().Add(shrinkTime)
	again := func(m *modgen.Module) bool {
		if time.Now().After(end) {
			return false
		}
		c, err := CaseOf(m)
		if err != nil {
			return false
		}
		if _, err := wasm.Decode(c.Binary, c.Features); err != nil {
			return false
		}
		now := Compare(c, d.Ways[:]...)
		if now == nil || kindOf(now) != kind {
			return false
		}
		d = now
		return true
	}
	if again(m) {
		modgen.Shrink(m, shrinkTries, again)
	}
	return d
}

// kind is what stays the same of a difference while its module shrinks, so that shrinking one does not end with another.
type kind struct {
	ways  [2]string
	lines [2]string
}

// kindOf is the kind of a difference. Where one line says that something is wrong in itself, the other one may say anything.
func kindOf(d *Difference) (k kind) {
	k.ways = [2]string{d.Ways[0].Name, d.Ways[1].Name}
	x, y := d.parting()
	var wrong [2]bool
	k.lines[0], wrong[0] = kindOfLine(x)
	k.lines[1], wrong[1] = kindOfLine(y)
	for i := range wrong {
		if wrong[i] && !wrong[1-i] {
			k.lines[1-i] = ""
		}
	}
	return k
}

// numbers are what may change in the text of an error while a module shrinks.
var numbers = regexp.MustCompile(`-?(0x[0-9a-f]+|[0-9]+)`)

// kindOfLine is what a line of a transcript is about, without the numbers in it, and whether that is wrong in itself.
func kindOfLine(line string) (kind string, wrong bool) {
	for _, begin := range []string{"panic: ", "refused: ", "restoring: ", "writing down: ", "error: "} {
		if at := strings.Index(line, begin); at >= 0 {
			return numbers.ReplaceAllString(line[at:], "N"), true
		}
	}
	_, results, isCall := strings.Cut(line, " = ")
	switch {
	case isCall && (strings.HasPrefix(results, "trap: ") || results == "exception" || results == "out of fuel"):
		return results, false
	case isCall:
		return "results", false
	case strings.Contains(line, " units of fuel are left"):
		return "fuel", false
	case strings.Contains(line, " bytes, "):
		return "memory", false
	}
	return line, false
}
