package spectest

import (
	"slices"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/wasm/wat"
)

// Result is how a script went.
type Result struct {
	Name  string `json:"name"`
	Group string `json:"group"`
	// Counts are the commands by their keywords.
	Counts   map[string]*Count `json:"counts"`
	Failures []Finding         `json:"failures,omitempty"`
	// Notes are commands that went well and could have gone better: another message than the expected one.
	Notes []Finding `json:"notes,omitempty"`
	// Travels is how often the program was carried on elsewhere, InCalls how many of these were in the middle of a call.
	Travels int `json:"travels,omitempty"`
	InCalls int `json:"travels_in_calls,omitempty"`
	// Limited counts the actions that were so long that they did not travel on after Config.TravelMax travels.
	Limited int           `json:"limited,omitempty"`
	Took    time.Duration `json:"took"`
}

// Count counts the commands of one kind.
type Count struct {
	Passed int `json:"passed"`
	Failed int `json:"failed"`
	NotRun int `json:"not_run"`
}

func (c *Count) total() int { return c.Passed + c.Failed + c.NotRun }

func (c *Count) add(d *Count) {
	c.Passed += d.Passed
	c.Failed += d.Failed
	c.NotRun += d.NotRun
}

// Finding is something to be said of a command.
type Finding struct {
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Text   string `json:"text"`
}

// OK tells whether everything in the script went as it should.
func (r *Result) OK() bool {
	sum := r.sum(nil)
	return len(r.Failures) == 0 && sum.Passed == sum.total()
}

// sum is the sum of the counts of kinds, or of all.
func (r *Result) sum(kinds []string) (sum Count) {
	for kind, c := range r.Counts {
		if kinds == nil || slices.Contains(kinds, kind) {
			sum.add(c)
		}
	}
	return sum
}

// kinds are the keywords of commands in the order in which reports have them.
func kinds() (all []string) {
	for k := wat.CmdModule; k <= wat.CmdAssertMalformedCustom; k++ {
		all = append(all, k.String())
	}
	return all
}

// assertions are those of kinds that are assertions.
func assertions() []string {
	return slices.DeleteFunc(kinds(), func(k string) bool { return !strings.HasPrefix(k, "assert_") })
}

// Report is how a number of scripts went.
type Report struct {
	Scripts []*Result `json:"scripts"`
	// Table are differences to the table of counts that the suite has, Missing how many commands it has more.
	Table   []string      `json:"table,omitempty"`
	Missing int           `json:"missing,omitempty"`
	Took    time.Duration `json:"took"`
}

// OK tells whether everything went as it should.
func (r *Report) OK() bool {
	return r.Missing == 0 && !slices.ContainsFunc(r.Scripts, func(s *Result) bool { return !s.OK() })
}

// Compare compares the report with the table of counts in the suite's folder, if there is one there.
func (r *Report) Compare(suite string) {
	r.Table, r.Missing = missing(readExpected(suite), r.Scripts)
}

// Totals are the counts of all scripts by kind.
func (r *Report) Totals() map[string]*Count {
	totals := map[string]*Count{}
	for _, s := range r.Scripts {
		for kind, c := range s.Counts {
			if totals[kind] == nil {
				totals[kind] = &Count{}
			}
			totals[kind].add(c)
		}
	}
	return totals
}
