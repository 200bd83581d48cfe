package jit

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// folderOf makes files: a name, what they begin with, their size, and how long ago they were used.
type folderOf struct {
	t   *testing.T
	dir string
	now time.Time
}

func (d *folderOf) add(name, begin string, size int64, ago time.Duration) {
	d.t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.WriteFile(file, []byte(begin), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Truncate(file, size); err != nil { // a hole, not that many bytes
		d.t.Fatal(err)
	}
	if err := os.Chtimes(file, d.now.Add(-ago), d.now.Add(-ago)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *folderOf) names() (names []string) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func codeName(k int) string { return fmt.Sprintf("%032x.gwc", k) }

func TestOldCodeFilesAreRemoved(t *testing.T) {
	const day = 24 * time.Hour
	d := &folderOf{t, t.TempDir(), time.Now()}
	own := codeName(0)
	d.add(own, cacheMagic, maxCacheFolder/4, 90*day)
	d.add(codeName(1), cacheMagic, 100, 31*day) // too old
	d.add(codeName(2), cacheMagic, maxCacheFolder/4, 3*day)
	d.add(codeName(3), cacheMagic, maxCacheFolder/4, 5*day) // least recently used
	d.add(codeName(4), cacheMagic, maxCacheFolder/2, day)
	d.add(codeName(5), cacheMagic, 50, 6*day) // still less recently
	d.add("."+codeName(6)+".123.tmp", "half", 7, 2*day)
	kept := []string{own, codeName(2), codeName(4)}
	stays := func(name, begin string, size int64) {
		d.add(name, begin, size, 99*day)
		kept = append(kept, name)
	}
	stays("notes.txt", cacheMagic, 100)
	stays("x.gwc", cacheMagic, maxCacheFolder)
	stays(codeName(7), "something else", maxCacheFolder)
	stays(codeName(8), "", 0)
	stays(strings.ToUpper(codeName(0xabc)), cacheMagic, 10)
	stays(codeName(9)+".bak", cacheMagic, 10)
	stays(".other.123.tmp", "half", 7)
	d.add("."+codeName(6)+".124.tmp", "half", 7, time.Hour) // somebody writes it
	kept = append(kept, "."+codeName(6)+".124.tmp")
	if err := os.Mkdir(filepath.Join(d.dir, codeName(10)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("notes.txt", filepath.Join(d.dir, codeName(11))); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, codeName(10), codeName(11))
	tidyCacheFolder(filepath.Join(d.dir, own), d.now, slog.New(slog.DiscardHandler))
	slices.Sort(kept)
	if got := d.names(); !slices.Equal(got, kept) {
		t.Errorf("there is\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(kept, "\n"))
	}
}

// A process that finds a module's code says so, and one that has written code tidies up.
func TestUsedCodeFilesAreKept(t *testing.T) {
	d := &folderOf{t, t.TempDir(), time.Now()}
	c := Config{Mode: All, CacheDir: d.dir}
	runKept(t, c)
	file := onlyFile(t, d.dir)
	old := d.now.Add(-maxCacheAge - time.Hour)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	d.add(codeName(1), cacheMagic, 100, maxCacheAge+time.Hour)
	if _, s := runKept(t, c); s.Loaded == 0 || s.Compiled != 0 {
		t.Fatalf("%+v", s)
	}
	if info, err := os.Stat(file); err != nil || d.now.Sub(info.ModTime()) > time.Minute {
		t.Errorf("the file that was used: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	runKept(t, c)
	if got := onlyFile(t, d.dir); got != file {
		t.Errorf("%s is left", got)
	}
}

// Processes write, use and tidy up beside each other.
func TestFoldersAreTidiedBesideWriters(t *testing.T) {
	d := &folderOf{t, t.TempDir(), time.Now()}
	logger := slog.New(slog.DiscardHandler)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 20 {
				id := cacheID{module: [32]byte{byte(n % 3)}}
				file := filepath.Join(d.dir, id.name())
				u := freshUnit{cacheKey{unitKey{uint32(w), n, false}, interp.NativeMemory{}}, 7, []byte("code")}
				if err := mergeCacheFile(file, id, []freshUnit{u}); err != nil {
					t.Error(err)
				}
				if _, err := intact(file, id); err != nil && !os.IsNotExist(err) {
					t.Error(err)
				}
				other := cacheID{module: [32]byte{byte((n + 1) % 3)}}
				old := d.now.Add(-2 * maxCacheAge)
				os.Chtimes(filepath.Join(d.dir, other.name()), old, old) // if it is there
				tidyCacheFolder(file, d.now, logger)
			}
		})
	}
	wg.Wait()
	for _, name := range d.names() {
		if !cacheName.MatchString(name) {
			t.Errorf("%s is left", name)
		}
	}
}
