package state

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFileIsWrittenAndRead(t *testing.T) {
	for _, o := range []Options{{}, {Compress: true}} {
		path := filepath.Join(t.TempDir(), "a.snapshot")
		size, err := WriteFile(path, everything(), o)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() != size {
			t.Errorf("%+v: size %d, WriteFile says %d", o, info.Size(), size)
		}
		if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%+v: mode %v, want 0600", o, mode)
		}
		f, err := ReadFile(path, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(t, everything(), &f.Program); d != "" {
			t.Errorf("%+v: (-written +read)\n%s", o, d)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := f.Memories[0].LoadInto(make([]byte, f.Memories[0].Size())); err == nil {
			t.Error("a memory is loaded from a closed file")
		}
	}
}

// names lists a folder.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestFileIsNeverSeenHalfWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.snapshot")
	_, err := ReplaceFile(path, func(w io.Writer) error {
		io.WriteString(w, "half of")
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file is there while it is written: %v", err)
		}
		return errFull
	})
	if !errors.Is(err, errFull) {
		t.Errorf("%v, want %v", err, errFull)
	}
	if d := cmp.Diff([]string(nil), names(t, dir)); d != "" {
		t.Errorf("something stays behind (-want +got)\n%s", d)
	}
}

func TestFailureLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.snapshot")
	if _, err := WriteFile(path, small(), Options{}); err != nil {
		t.Fatal(err)
	}
	p := small()
	p.Memories[0].Source = brokenSource{}
	p.Memories[0].Type.Min = 0
	if _, err := WriteFile(path, p, Options{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v, want %v", err, io.ErrClosedPipe)
	}
	f, err := ReadFile(path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if d := diff(t, small(), &f.Program); d != "" {
		t.Errorf("the old file has changed (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"a.snapshot"}, names(t, dir)); d != "" {
		t.Errorf("something stays behind (-want +got)\n%s", d)
	}
}

func TestNameThatIsTaken(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.snapshot")
	if err := os.MkdirAll(filepath.Join(path, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(path, small(), Options{}); err == nil {
		t.Error("a folder is replaced")
	}
	if d := cmp.Diff([]string{"a.snapshot"}, names(t, dir)); d != "" {
		t.Errorf("something stays behind (-want +got)\n%s", d)
	}
	if _, err := WriteFile(filepath.Join(dir, "missing", "a"), small(), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder that does not exist: %v", err)
	}
}

func TestFileThatIsNoSnapshot(t *testing.T) {
	if _, err := ReadFile("testdata/guest.wasm", Limits{}); !errors.Is(err, ErrNotSnapshot) {
		t.Errorf("a module: %v, want ErrNotSnapshot", err)
	}
	if _, err := ReadFile("testdata/missing", Limits{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v, want os.ErrNotExist", err)
	}
}
