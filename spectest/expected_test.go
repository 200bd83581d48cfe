package spectest

import (
	"os"
	"testing"
)

// TestCountsAgreeWithTheSuitesTable counts the forms of all scripts and compares them with the table.
func TestCountsAgreeWithTheSuitesTable(t *testing.T) {
	suite := suiteFolder(t)
	table := readExpected(suite)
	if table == nil {
		t.Skip("SKIPPED: the suite has no README.md with a table of counts")
	}
	scripts, err := Scripts(suite, suite)
	if err != nil {
		t.Fatal(err)
	}
	var results []*Result
	for _, s := range scripts {
		src, err := os.ReadFile(s.Path)
		if err != nil {
			t.Fatal(err)
		}
		r := &Result{Name: s.Name, Counts: map[string]*Count{}}
		for kind, n := range countForms(src) {
			r.Counts[kind] = &Count{NotRun: n}
		}
		results = append(results, r)
	}
	if lines, _ := missing(table, results); lines != nil {
		t.Errorf("the counts differ: %q", lines)
	}
}
