package difftest

import (
	"fmt"
	"slices"
	"strings"
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
		return &Difference{[2]Way{ways[0], ways[0]}, [2]Transcript{first, append(slices.Clone(first[:i]), "no such line")}}
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

// parting is the first line that the transcripts do not share, as each has it; "" is none.
func (d *Difference) parting() (x, y string) {
	a, b := d.Transcripts[0], d.Transcripts[1]
	for i := range max(len(a), len(b)) {
		x, y = "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			break
		}
	}
	return x, y
}

// String shows where the transcripts part.
func (d *Difference) String() string {
	x, y := d.parting()
	return fmt.Sprintf("%s:\n\t%s\n%s:\n\t%s\n", d.Ways[0].Name, x, d.Ways[1].Name, y)
}
