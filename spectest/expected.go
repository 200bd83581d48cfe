package spectest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Expected is what the suite's own table says of a folder: how many scripts it has, and how many commands of each kind.
type Expected struct {
	Dir    string // as in the names of scripts, "." at the top
	Files  int
	Counts map[string]int
}

// columns are the headings of the table, and the keywords they stand for.
var columns = map[string]string{
	"assert_return": "assert_return", "trap": "assert_trap", "invalid": "assert_invalid", "malformed": "assert_malformed",
	"unlinkable": "assert_unlinkable", "exhaustion": "assert_exhaustion", "exception": "assert_exception", "modules": "module",
}

// readExpected reads the table in README.md of the suite's folder. Without one there is nothing to compare with.
func readExpected(suite string) []Expected {
	text, err := os.ReadFile(filepath.Join(suite, "README.md"))
	if err != nil {
		return nil
	}
	return parseExpected(string(text))
}

// number and kind of a cell that holds several, such as "19 malformed_custom, 1 invalid_custom".
var cellPart = regexp.MustCompile(`(\d+) ([a-z_]+)`)

func parseExpected(text string) (table []Expected) {
	var heads []string
	for _, line := range strings.Split(text, "\n") {
		row, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
		if !ok {
			heads = nil // a table ends
			continue
		}
		cells := strings.Split(strings.TrimSuffix(row, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case heads == nil:
			heads = cells
			continue
		case heads[0] != "directory" || strings.HasPrefix(cells[0], "---"):
			continue
		}
		e := Expected{Dir: strings.Fields(cells[0] + " ?")[0], Counts: map[string]int{}}
		if e.Dir == "top" {
			e.Dir = "."
		}
		for i := 1; i < min(len(cells), len(heads)); i++ {
			if parts := cellPart.FindAllStringSubmatch(cells[i], -1); parts != nil {
				for _, p := range parts {
					n, _ := strconv.Atoi(p[1])
					e.Counts["assert_"+p[2]] += n
				}
				continue
			}
			n, err := strconv.Atoi(cells[i])
			switch kind := columns[heads[i]]; {
			case err != nil:
			case heads[i] == "files":
				e.Files = n
			case kind != "":
				e.Counts[kind] = n
			}
		}
		table = append(table, e)
	}
	return table
}

// missing compares what has run with the table, for the folders of which a script was run: a line for each kind of which
// there is another number, and how many commands are missing in all. Of modules there may be more: the table has those that
// begin a line.
func missing(table []Expected, results []*Result) (lines []string, n int) {
	for _, e := range table {
		files, counts := 0, map[string]int{}
		for _, r := range results {
			if path.Dir(r.Name) != e.Dir {
				continue
			}
			files++
			for kind, c := range r.Counts {
				counts[kind] += c.Passed + c.Failed + c.NotRun
			}
		}
		if files == 0 {
			continue
		}
		for _, kind := range append(assertions(), "module") {
			have, want := counts[kind], e.Counts[kind]
			if have != want && (kind != "module" || have < want) {
				lines = append(lines, e.Dir+": "+strconv.Itoa(have)+" of "+kind+", the suite's table says "+strconv.Itoa(want))
				n += max(0, want-have)
			}
		}
		if e.Files != files {
			lines = append(lines, e.Dir+": "+strconv.Itoa(files)+" scripts, the suite's table says "+strconv.Itoa(e.Files))
		}
	}
	return lines, n
}
