package bench

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePrograms(t *testing.T) {
	const table = `
# comment
fib    | fib     | 40      | 35 | -
map    | gobench | map 200 | -  |
sqlite | sqlite3 | -       | :memory: < mix.sql | -
`
	got, err := ParsePrograms(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	want := []Program{
		{Name: "fib", Guest: "fib", Runs: map[Set]Invocation{Long: {Args: []string{"40"}}, Short: {Args: []string{"35"}}}},
		{Name: "map", Guest: "gobench", Runs: map[Set]Invocation{Long: {Args: []string{"map", "200"}}, Startup: {Args: []string{}}}},
		{Name: "sqlite", Guest: "sqlite3", Runs: map[Set]Invocation{Short: {Args: []string{":memory:"}, Stdin: "mix.sql"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseProgramsRefuses(t *testing.T) {
	for name, test := range map[string]struct{ table, want string }{
		"too few columns":    {"fib | fib | 40", "line 1: 3 columns, not 5"},
		"no guest":           {"fib | | 40 | 35 | 1", "line 1: a program needs a name and a guest"},
		"the same twice":     {"a|a|-|-|-\na|b|-|-|-", `line 2: a second program is called "a"`},
		"a bare redirection": {"a|a|<|-|-", `line 1: a, set long: no file stands after "<"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePrograms(strings.NewReader(test.table))
			if err == nil || err.Error() != test.want {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	programs := []Program{
		{Name: "a", Runs: map[Set]Invocation{Long: {}, Short: {}}},
		{Name: "b", Runs: map[Set]Invocation{Long: {}}},
	}
	for _, test := range []struct {
		set   Set
		names []string
		want  []string
	}{
		{Long, nil, []string{"a", "b"}},
		{Short, nil, []string{"a"}},
		{Short, []string{"a", "b"}, []string{"a"}},
		{Startup, nil, nil},
	} {
		selected, err := Select(programs, test.set, test.names)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range selected {
			got = append(got, p.Name)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %v: %s", test.set, test.names, diff)
		}
	}
	if _, err := Select(programs, Long, []string{"c"}); err == nil {
		t.Error("a name that no program has was accepted")
	}
}

func TestCorpusTableMatchesItsSourcesAndOutputs(t *testing.T) {
	programs, err := ReadPrograms("corpus/programs.txt")
	if err != nil {
		t.Fatal(err)
	}
	expected, err := ReadExpected("corpus/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	guests := map[string]bool{}
	keys := map[string]bool{}
	for _, p := range programs {
		guests[p.Guest] = true
		for set := range p.Runs {
			keys[Key(set, p.Name)] = true
			if _, recorded := expected[Key(set, p.Name)]; !recorded {
				t.Errorf("corpus/expected.json does not say what %s prints", Key(set, p.Name))
			}
		}
	}
	for key := range expected {
		if !keys[key] {
			t.Errorf("corpus/expected.json says what %s prints, which is in no set", key)
		}
	}
	sources, err := filepath.Glob("corpus/*.c")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob("corpus/go/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range append(sources, folders...) {
		guest := strings.TrimSuffix(filepath.Base(source), ".c")
		if !guests[guest] {
			t.Errorf("no program runs %s", source)
		}
		delete(guests, guest)
	}
	for guest := range guests {
		t.Errorf("the guest %s has no source", guest)
	}
}
