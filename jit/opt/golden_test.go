package opt

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
)

var update = flag.Bool("update", false, "write what the passes make of testdata into it")

// between stands between a function and what a pass makes of it.
const between = "\n=>\n"

// TestGolden runs the pass that a folder in testdata is named after on the functions in it.
func TestGolden(t *testing.T) {
	for i, p := range passes {
		if i > 0 && earlier(p.name, i) {
			continue
		}
		files, _ := filepath.Glob(filepath.Join("testdata", p.name, "*.txt"))
		if len(files) == 0 {
			t.Errorf("%s has no files in testdata", p.name)
		}
		for _, file := range files {
			t.Run(p.name+"/"+strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				golden(t, p, file)
			})
		}
	}
}

func earlier(name string, i int) bool {
	for _, p := range passes[:i] {
		if p.name == name {
			return true
		}
	}
	return false
}

func golden(t *testing.T, p pass, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in, want, _ := strings.Cut(strings.ReplaceAll(string(text), "\r", ""), between)
	f, err := ir.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(f); err != nil {
		t.Fatal(err)
	}
	p.run(f)
	if err := ir.Verify(f); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if got := f.String(); got != want {
		if *update {
			if err := os.WriteFile(file, []byte(strings.TrimRight(in, "\n")+between+got), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("%s\nbecame\n%s\nnot\n%s", in, got, want)
	}
}
