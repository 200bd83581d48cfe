package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// A Set is one of the three lengths that programs are run with.
type Set string

const (
	Long    Set = "long"    // for compilers: 0.1 to 1.5 s of native code
	Short   Set = "short"   // for interpreters: a tenth of that
	Startup Set = "startup" // almost nothing to do
)

// Sets lists every set, in the order of the table's columns.
var Sets = []Set{Long, Short, Startup}

// ParseSet finds a set by its name.
func ParseSet(name string) (Set, error) {
	for _, s := range Sets {
		if name == string(s) {
			return s, nil
		}
	}
	return "", fmt.Errorf("no set is called %q: choose of %v", name, Sets)
}

// An Invocation is how a guest is started: its arguments and, where it reads standard input, the file that it gets,
// relative to the guests' folder.
type Invocation struct {
	Args  []string
	Stdin string
}

// A Program is a guest with the arguments of each set that it is in.
type Program struct {
	Name  string
	Guest string
	Runs  map[Set]Invocation
}

// ParsePrograms reads a table of programs:
//
//	# a comment
//	name | guest | long | short | startup
//
// The last three columns hold arguments, divided by spaces, and may end in "< FILE". "-" is a set that the program is not in.
func ParsePrograms(r io.Reader) ([]Program, error) {
	var programs []Program
	seen := map[string]bool{}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		p, err := parseProgram(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if seen[p.Name] {
			return nil, fmt.Errorf("line %d: a second program is called %q", number, p.Name)
		}
		seen[p.Name] = true
		programs = append(programs, p)
	}
	return programs, lines.Err()
}

func parseProgram(line string) (Program, error) {
	columns := strings.Split(line, "|")
	if want := 2 + len(Sets); len(columns) != want {
		return Program{}, fmt.Errorf("%d columns, not %d", len(columns), want)
	}
	p := Program{
		Name:  strings.TrimSpace(columns[0]),
		Guest: strings.TrimSpace(columns[1]),
		Runs:  map[Set]Invocation{},
	}
	if p.Name == "" || p.Guest == "" {
		return Program{}, errors.New("a program needs a name and a guest")
	}
	for i, set := range Sets {
		column := strings.TrimSpace(columns[2+i])
		if column == "-" {
			continue
		}
		run, err := parseInvocation(column)
		if err != nil {
			return Program{}, fmt.Errorf("%s, set %s: %w", p.Name, set, err)
		}
		p.Runs[set] = run
	}
	return p, nil
}

func parseInvocation(column string) (Invocation, error) {
	args, stdin, redirected := strings.Cut(column, "<")
	run := Invocation{Args: strings.Fields(args), Stdin: strings.TrimSpace(stdin)}
	if redirected && run.Stdin == "" {
		return Invocation{}, errors.New(`no file stands after "<"`)
	}
	return run, nil
}

// ReadPrograms reads the table in a file.
func ReadPrograms(path string) ([]Program, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	programs, err := ParsePrograms(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return programs, nil
}

// Select keeps the programs of a set, and of those the ones that are named; no names are all of them.
// A name that no program has is an error; one that is not in this set is left out.
func Select(programs []Program, set Set, names []string) ([]Program, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var selected []Program
	for _, p := range programs {
		_, inSet := p.Runs[set]
		if inSet && (len(names) == 0 || wanted[p.Name]) {
			selected = append(selected, p)
		}
		delete(wanted, p.Name)
	}
	for _, name := range names {
		if wanted[name] {
			return nil, fmt.Errorf("no program is called %q", name)
		}
	}
	return selected, nil
}

// Expected holds what programs print, by set and program name: "short/fib".
type Expected map[string]string

// Key names the run of a program in a set.
func Key(set Set, program string) string { return string(set) + "/" + program }

// ReadExpected reads a file of recorded outputs. A file that does not exist records nothing.
func ReadExpected(path string) (Expected, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Expected{}, nil
	}
	if err != nil {
		return nil, err
	}
	var e Expected
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// Write stores the outputs, sorted by their keys.
func (e Expected) Write(path string) error {
	text, err := json.MarshalIndent(e, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
