package godwit_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/godwit-vm/godwit"

// layers are the folders, from the ground up: a package imports from lower layers and from its own folder only.
// Folders of one layer do not know each other. Some are still to be built.
var layers = [][]string{
	{"wasm", "control"},
	{"wasm/wat"},
	{"state"},
	{"interp"},
	{"internal/emulated"},
	{"jit/ir"},
	{"amd64", "arm64"},
	{"jit", "wasi"},
	{"vm"},
	{"migrate"},
	{"spectest", "internal/modgen"},
	{"internal/difftest"},
	{"cmd", "examples", "oracle", "bench"},
}

// source is a Go file, by its path from the root.
type source struct {
	path string
	text []byte
	ast  *ast.File
}

func (s *source) dir() string     { return path.Dir(s.path) }
func (s *source) test() bool      { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) generated() bool { return ast.IsGenerated(s.ast) }

func (s *source) imports() (paths []string) {
	for _, i := range s.ast.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic(err) // it was parsed
		}
		paths = append(paths, p)
	}
	return paths
}

// sources are all Go files, for whatever platform, but for those of guests.
func sources(t *testing.T) (all []*source) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go"):
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, &source{p, text, f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// layer finds the layer of a folder, and the entry of layers that it belongs to.
func layer(dir string) (rank int, folder string) {
	rank = -1
	for n, folders := range layers {
		for _, f := range folders {
			if (dir == f || strings.HasPrefix(dir, f+"/")) && len(f) > len(folder) {
				rank, folder = n, f
			}
		}
	}
	return rank, folder
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || s.dir() == "." {
			continue
		}
		rank, folder := layer(s.dir())
		if rank < 0 {
			t.Errorf("%s: its folder has no place in layers", s.path)
			continue
		}
		for _, p := range s.imports() {
			dir, ours := strings.CutPrefix(p, module+"/")
			if !ours {
				continue
			}
			if r, f := layer(dir); f != folder && r >= rank {
				t.Errorf("%s imports %s, which is not below it", s.path, dir)
			}
		}
	}
}

func TestEveryPackageHasADocComment(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test() {
			documented[s.dir()] = documented[s.dir()] || s.ast.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no file has a comment on its package clause", dir)
		}
	}
}

func TestNoFileIsTooLong(t *testing.T) {
	const limit = 800
	for _, s := range sources(t) {
		if n := bytes.Count(s.text, []byte("\n")); n > limit && !s.generated() {
			t.Errorf("%s has %d lines, the limit is %d", s.path, n, limit)
		}
	}
}

func TestNoReplaceInGoMod(t *testing.T) {
	for _, file := range []string{"go.mod", "bench/go.mod"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^\s*replace\b`).Match(b) {
			t.Errorf("%s has a replace directive", file)
		}
	}
}

// TestUnsafeIsWhereDesignSays compares the files that import unsafe with the list of them.
func TestUnsafeIsWhereDesignSays(t *testing.T) {
	listed := listedUnder(t, "DESIGN.md", "## Files that use unsafe")
	var used []string
	for _, s := range sources(t) {
		if !s.test() && slices.Contains(s.imports(), "unsafe") {
			used = append(used, s.path)
			if !slices.Contains(listed, s.path) {
				t.Errorf("%s uses unsafe, and is not listed in DESIGN.md", s.path)
			}
		}
	}
	for _, file := range listed {
		if !slices.Contains(used, file) {
			t.Errorf("DESIGN.md lists %s, which does not use unsafe", file)
		}
	}
}

// listedUnder are the Go files named in code font under a heading.
func listedUnder(t *testing.T, file, heading string) (files []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("the list of files that use unsafe is wanted: %v", err)
	}
	_, text, ok := strings.Cut(string(b), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", file, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for _, m := range regexp.MustCompile("`([^` ]+\\.(?:go|s))`").FindAllStringSubmatch(text, -1) {
		files = append(files, m[1])
	}
	return files
}

// TestReadmeShowsTheExample keeps the snippet in README.md what examples/embed runs, and its tests test.
func TestReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("examples/embed/main.go")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(example, []byte("\nfunc travel("))
	if at < 0 {
		t.Fatal("examples/embed has no function travel")
	}
	want := "```go" + strings.TrimSuffix(string(example[at:]), "\n") + "\n```\n"
	if !strings.Contains(string(readme), want) {
		t.Errorf("README.md does not show travel of examples/embed as it is:\n%s", want)
	}
}
