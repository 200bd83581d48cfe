package spectest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Script is a script's file.
type Script struct {
	// Path is where it is, Name its path in the suite with slashes, or what it was called by.
	Path, Name string
}

// ErrNoSuite says that the suite is nowhere to be found.
var ErrNoSuite = errors.New("the specification's test suite is not here: git clone https://github.com/WebAssembly/testsuite, and name the folder (--suite, or " + SuiteEnv + ")")

// SuiteEnv is the environment variable with the folder of the suite.
const SuiteEnv = "GODWIT_SPEC"

// beside is where the suite may be as well: beside the checkout.
const beside = "../shared/spec"

// FindSuite finds the folder of the suite: the one that is given, else that of SuiteEnv, else the one beside the
// checkout, for which the present folder and those above it are looked at.
func FindSuite(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv(SuiteEnv)
	}
	if dir != "" {
		if !isSuite(dir) {
			return "", fmt.Errorf("%s has no scripts: %w", dir, ErrNoSuite)
		}
		return dir, nil
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if dir := filepath.Join(wd, filepath.FromSlash(beside)); isSuite(dir) {
			return dir, nil
		}
		up := filepath.Dir(wd)
		if up == wd {
			return "", ErrNoSuite
		}
		wd = up
	}
}

func isSuite(dir string) bool {
	scripts, _ := filepath.Glob(filepath.Join(dir, "*.wast"))
	return len(scripts) > 0
}

// Scripts finds the scripts of files and folders, those of a folder in the order of their names. suite, which may be "", is
// the folder to which names are relative where they can be.
func Scripts(suite string, paths ...string) ([]Script, error) {
	var out []Script
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, Script{p, nameIn(suite, p)})
			continue
		}
		err = filepath.WalkDir(p, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && file != p && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			if !d.IsDir() && strings.HasSuffix(file, ".wast") {
				out = append(out, Script{file, nameIn(suite, file)})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: there are no scripts (*.wast)", strings.Join(paths, ", "))
	}
	return slices.CompactFunc(out, func(a, b Script) bool { return a.Path == b.Path }), nil
}

func nameIn(suite, file string) string {
	if suite != "" {
		root, err := filepath.Abs(suite)
		abs, err2 := filepath.Abs(file)
		if rel, err3 := filepath.Rel(root, abs); err == nil && err2 == nil && err3 == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(file)
}
