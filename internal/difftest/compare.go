package difftest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/wasm"
)

// Way is a way to run a case.
type Way struct {
	Name string
	Run  func(*Case) Transcript
}

// Interpreter is the interpreter, which travels at every so many safepoints; 0 is never.
func Interpreter(travel uint64) Way {
	return Interpreted(travel).Way()
}

// Way is godwit as a way to run a case.
func (h How) Way() Way {
	return Way{h.String(), func(c *Case) Transcript {
		t, _ := Run(c, h)
		return t
	}}
}

// Difference is that two ways to run a module do not lead to the same.
type Difference struct {
	Ways        [2]Way
	Transcripts [2]Transcript
}

// Compare runs a case in the first of the ways and in each of the others, and returns the first difference, or nil.
func Compare(c *Case, ways ...Way) *Difference {
	first := ways[0].Run(c)
	if i := slices.IndexFunc(first, suspicious); i >= 0 {
		return &Difference{[2]Way{ways[0], ways[0]}, [2]Transcript{first, {"no such line"}}}
	}
	for _, w := range ways[1:] {
		if t := w.Run(c); differ(first, t) {
			return &Difference{[2]Way{ways[0], w}, [2]Transcript{first, t}}
		}
	}
	return nil
}

// suspicious is a line that no module should bring about: an error that is neither a trap nor an exception.
func suspicious(line string) bool {
	return strings.Contains(line, "error: ") || strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "refused: ")
}

// differ compares transcripts, up to where either reached a limit.
func differ(a, b Transcript) bool {
	for i := range min(len(a), len(b)) {
		if strings.HasSuffix(a[i], limited) || strings.HasSuffix(b[i], limited) {
			return false
		}
		if a[i] != b[i] {
			return true
		}
	}
	return len(a) != len(b)
}

// String shows where the transcripts part.
func (d *Difference) String() string {
	var s strings.Builder
	a, b := d.Transcripts[0], d.Transcripts[1]
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			fmt.Fprintf(&s, "%s:\n\t%s\n%s:\n\t%s\n", d.Ways[0].Name, x, d.Ways[1].Name, y)
			break
		}
	}
	return s.String()
}

// What shrinking one module may take.
const (
	shrinkTries = 20_000
	shrinkTime  = time.Minute
)

// Shrink makes a module smaller in which two ways differ, for as long as they do, and returns the difference that is left.
func Shrink(m *modgen.Module, d *Difference) *Difference {
	ways := d.Ways[:]
	kind := kindOf(d)
	end := time.Now().Add(shrinkTime)
	modgen.Shrink(m, shrinkTries, func(m *modgen.Module) bool {
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
		now := Compare(c, ways...)
		if now == nil || kindOf(now) != kind {
			return false
		}
		d = now
		return true
	})
	return d
}

// kindOf divides differences into those about values and those where something is wrong in itself, so that shrinking one
// does not end with another.
func kindOf(d *Difference) string {
	for _, t := range d.Transcripts {
		for _, l := range t {
			for _, kind := range []string{"panic: ", "refused: ", "restoring: ", "writing down: ", "error: "} {
				if strings.Contains(l, kind) {
					return kind
				}
			}
		}
	}
	return ""
}
