package spectest

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// The lines between which WriteTable writes. They are comments, which a reader of the page does not see.
const (
	TableBegin = "<!-- spectest: written by godwit wast --table; do not edit up to the next comment -->"
	TableEnd   = "<!-- spectest ends -->"
)

// WriteTable writes the table of features into a Markdown file, in place of what stands between the lines TableBegin and
// TableEnd. here is how the scripts went where they stayed in one place, travelled how they went on their travels, which
// were at every n-th safepoint.
func WriteTable(file string, here, travelled *Report, n uint64) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin := bytes.Index(text, []byte(TableBegin+"\n"))
	end := bytes.Index(text, []byte(TableEnd))
	if begin < 0 || end < begin {
		return fmt.Errorf("%s: there must be two lines for the table to stand between: %s and %s", file, TableBegin, TableEnd)
	}
	var out bytes.Buffer
	out.Write(text[:begin])
	out.WriteString(TableBegin + "\n\n" + Table(here, travelled, n) + "\n")
	out.Write(text[end:])
	if bytes.Equal(out.Bytes(), text) {
		return nil
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// Table is the table that WriteTable writes.
func Table(here, travelled *Report, n uint64) string {
	every := "at every safepoint"
	if n != 1 {
		every = fmt.Sprintf("at every %d safepoints", n)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| scripts about | files | assertions | passed | passed, moved %s |\n|---|---:|---:|---:|---:|\n", every)
	var all row
	for _, g := range slices.Backward(groups) {
		r := row{name: g.Name}
		r.add(here, g, false)
		r.add(travelled, g, true)
		if r.files > 0 {
			r.print(&b)
			all.sum(&r)
		}
	}
	all.name = "**all**"
	all.print(&b)
	return b.String()
}

// row is a row of the table.
type row struct {
	name                          string
	files                         int
	total, passed, travelledTotal int
	travelled                     int
}

func (r *row) add(report *Report, g *Group, travelled bool) {
	for _, s := range report.Scripts {
		if s.Group != g.Name {
			continue
		}
		c := s.sum(assertions())
		if travelled {
			r.travelled += c.Passed
			r.travelledTotal += c.total()
			continue
		}
		r.files++
		r.passed += c.Passed
		r.total += c.total()
	}
}

func (r *row) sum(s *row) {
	r.files += s.files
	r.total, r.passed = r.total+s.total, r.passed+s.passed
	r.travelled, r.travelledTotal = r.travelled+s.travelled, r.travelledTotal+s.travelledTotal
}

func (r *row) print(b *strings.Builder) {
	fmt.Fprintf(b, "| %s | %d | %d | %s | %s |\n", r.name, r.files, r.total, share(r.passed, r.total), share(r.travelled, r.travelledTotal))
}

// share says how many of all there are.
func share(n, of int) string {
	switch n {
	case of:
		return "all"
	case 0:
		return "none"
	}
	return fmt.Sprintf("%d (%.1f %%)", n, float64(int(1000*float64(n)/float64(of)))/10)
}
