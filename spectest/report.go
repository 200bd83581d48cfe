package spectest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// shownFailures is how many failures of a script are printed, unless all are wanted.
const shownFailures = 5

// Print writes the result for people: nothing of a script in which everything went well, unless all is set.
func (r *Result) Print(w io.Writer, all bool) {
	if r.OK() && !all {
		return
	}
	word := "ok  "
	if !r.OK() {
		word = "FAIL"
	}
	sum, asserted := r.sum(nil), r.sum(assertions())
	fmt.Fprintf(w, "%s %s: %d of %d assertions passed, %d of %d commands", word, r.Name, asserted.Passed, asserted.total(), sum.Passed, sum.total())
	if sum.NotRun > 0 {
		fmt.Fprintf(w, ", %d not run", sum.NotRun)
	}
	if r.Travels > 0 {
		fmt.Fprintf(w, ", %d travels (%d in calls)", r.Travels, r.InCalls)
	}
	if r.Limited > 0 {
		fmt.Fprintf(w, ", %d actions limited", r.Limited)
	}
	fmt.Fprintf(w, ", %v\n", r.Took.Round(time.Millisecond))
	for i, f := range r.Failures {
		if i == shownFailures && !all {
			fmt.Fprintf(w, "     … %d more, with -v all of them\n", len(r.Failures)-i)
			break
		}
		fmt.Fprintf(w, "     %s\n", f.line(r.Name))
	}
	if all {
		for _, f := range r.Notes {
			fmt.Fprintf(w, "     note: %s\n", f.line(r.Name))
		}
	}
}

func (f *Finding) line(name string) string {
	if f.Line == 0 {
		return f.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", name, f.Line, f.Column, f.Kind, f.Text)
}

// Print writes the totals for people.
func (r *Report) Print(w io.Writer) {
	totals := r.Totals()
	var all, asserted Count
	fmt.Fprintf(w, "\n%-24s %8s %8s %8s %8s\n", "", "passed", "failed", "not run", "total")
	line := func(name string, c *Count) {
		fmt.Fprintf(w, "%-24s %8d %8d %8d %8d\n", name, c.Passed, c.Failed, c.NotRun, c.total())
	}
	for _, kind := range kinds() {
		c := totals[kind]
		if c == nil {
			continue
		}
		line(kind, c)
		all.add(c)
		if strings.HasPrefix(kind, "assert_") {
			asserted.add(c)
		}
	}
	line("all assertions", &asserted)
	line("all commands", &all)
	good, notes, travels, inCalls, limited := 0, 0, 0, 0, 0
	for _, s := range r.Scripts {
		if s.OK() {
			good++
		}
		notes += len(s.Notes)
		travels, inCalls, limited = travels+s.Travels, inCalls+s.InCalls, limited+s.Limited
	}
	fmt.Fprintf(w, "\n%d of %d scripts passed in %v\n", good, len(r.Scripts), r.Took.Round(time.Millisecond))
	if notes > 0 {
		fmt.Fprintf(w, "%d messages are other than the expected ones\n", notes)
	}
	if travels > 0 {
		fmt.Fprintf(w, "%d travels, %d of them in the middle of a call", travels, inCalls)
		if limited > 0 {
			fmt.Fprintf(w, "; %d actions did not travel to their end", limited)
		}
		fmt.Fprintln(w)
	}
	for _, difference := range r.Table {
		fmt.Fprintf(w, "counts: %s\n", difference)
	}
	if r.Missing > 0 {
		fmt.Fprintf(w, "%d commands that the suite's table counts were not there to be run: they count as failed\n", r.Missing)
	}
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
