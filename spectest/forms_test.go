package spectest

import (
	"maps"
	"os"
	"testing"

	"github.com/godwit-vm/godwit/wasm/wat"
)

func TestFormsAreCounted(t *testing.T) {
	for _, test := range []struct {
		name, src string
		want      map[string]int
	}{
		{"commands", `(module) (module definition $m) (module instance $i $m) (register "a") (assert_return (invoke "f"))`,
			map[string]int{"module": 1, "module definition": 1, "module instance": 1, "register": 1, "assert_return": 1}},
		{"actions", `(invoke "f") (get $m "g")`, map[string]int{"action": 2}},
		{"only at the top", `(assert_invalid (module (func (assert_trap))) "x")`, map[string]int{"assert_invalid": 1}},
		{"not in strings", `(assert_malformed (module quote "(assert_trap \")(\"") "(module)")`, map[string]int{"assert_malformed": 1}},
		{"not in comments", "(; (; (module) ;) (module) ;) ;; (module)\n(module (; ) ;))", map[string]int{"module": 1}},
		{"with a comment behind the parenthesis", `( (; c ;) assert_trap (module) "x")`, map[string]int{"assert_trap": 1}},
		{"a module's fields", `(func) (memory 0)`, map[string]int{"module": 1}},
		{"an annotation before a command", `(@a "b") (module)`, map[string]int{"module": 1}},
		{"an annotation before a keyword", `((@a (b) ")") module (@a) definition)`, map[string]int{"module definition": 1}},
		{"nothing", ``, map[string]int{"module": 1}},
		{"what ends too early", `(module) (module "`, map[string]int{"module": 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := countForms([]byte(test.src)); !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestFormsAreThoseOfTheParser counts the commands of all scripts of the suite in both ways.
func TestFormsAreThoseOfTheParser(t *testing.T) {
	suite := suiteFolder(t)
	files, err := Scripts(suite, suite)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		script, err := wat.ParseScript(f.Path, src)
		if err != nil {
			t.Error(err)
			continue
		}
		parsed := map[string]int{}
		for i := range script.Commands {
			parsed[script.Commands[i].Kind.String()]++
		}
		if forms := countForms(src); !maps.Equal(forms, parsed) {
			t.Errorf("%s: counted %v, parsed %v", f.Name, forms, parsed)
		}
	}
}
