package wat

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestNestingIsBounded nests all that nests, deeper than anybody would.
func TestNestingIsBounded(t *testing.T) {
	const deep = 1_000_000
	for _, c := range []struct {
		what, open string
		refused    bool
	}{
		{"folded blocks", "(block ", true},
		{"folded operands", "(i32.eqz ", true},
		{"conditions", "(if ", true},
		{"arms", "(if (then ", true},
		{"try", "(try (do ", true},
		{"blocks", "block ", false},
		{"block comments", "(; ", false},
		{"annotations", "(@a ", false},
		{"parentheses in annotations", "(@a ( ", false},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := Parse("t.wat", []byte("(func "+strings.Repeat(c.open, deep)))
			if err == nil {
				t.Fatal("no error, and nothing is closed")
			}
			if got := strings.Contains(err.Error(), "nested too deep"); got != c.refused {
				t.Errorf("the error is %v", err)
			}
		})
	}
	if _, err := Parse("t.wat", []byte("(func "+strings.Repeat("(block ", maxNesting)+strings.Repeat(")", maxNesting)+")")); err != nil {
		t.Errorf("%d levels are allowed: %v", maxNesting, err)
	}
	if _, err := Parse("t.wat", []byte("(func "+strings.Repeat("block ", 100_000)+strings.Repeat("end ", 100_000)+")")); err != nil {
		t.Errorf("blocks without parentheses do not recurse: %v", err)
	}
}

// TestTimeIsInProportion parses texts with much of one thing, of which each would take minutes if it were compared with
// all others.
func TestTimeIsInProportion(t *testing.T) {
	const many = 200_000
	numbered := func(format string) string {
		var b strings.Builder
		for i := range many {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, c := range []struct{ what, text string }{
		{"functions", numbered("(func $f%d)")},
		{"types", numbered("(type $t%d (func))")},
		{"fields", "(type (struct " + numbered("(field $x%d i32)") + "))"},
		{"locals", "(func " + numbered("(local $x%d i32)") + ")"},
		{"labels", "(func " + numbered("block $l%d br 0 ") + strings.Repeat("end ", many) + ")"},
		{"names of outer labels", "(func block $l " + strings.Repeat("block br $l ", many) + strings.Repeat("end ", many+1) + ")"},
		{"equal labels", "(func " + strings.Repeat("block $l br $l ", many) + strings.Repeat("end ", many) + ")"},
		{"custom sections", strings.Repeat(`(@custom "")`, many)},
		{"annotations", strings.Repeat(`(@a "")`, many)},
		{"strings", "(data " + strings.Repeat(`"a"`+" ", many) + ")"},
		{"elements in tables", strings.Repeat("(table funcref (elem))", many)},
		{"groups", "(rec " + strings.Repeat("(type (func))", many) + ")"},
		{"implicit types", "(func " + strings.Repeat("(block (param i32 i32))", many) + ")"},
	} {
		t.Run(c.what, func(t *testing.T) {
			start := time.Now()
			if _, err := Parse("t.wat", []byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("%d bytes took %v", len(c.text), d)
			}
		})
	}
	for _, command := range []string{`(invoke "f")`, `(module (@custom ""))`, "(module)\n"} {
		start := time.Now()
		s, err := ParseScript("t.wast", []byte(strings.Repeat(command, many)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Commands {
			if c.Module != nil {
				if _, err := c.Module.Binary(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%d commands %q took %v", many, command, d)
		}
	}
}
