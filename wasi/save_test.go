package wasi

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOpenFilesTravel(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/sub/in", "0123456789")
	c := NewConfig().WithArgs("prog", "x").WithEnv("K", "V").WithDir(dir, "/data", false)
	h := newHost(t, c)
	sub := h.mustOpen(3, "sub", oflagDirectory, rightFdRead)
	in := h.mustOpen(sub, "in", 0, rightFdRead)
	gap := h.mustOpen(3, "gap", oflagCreat, rw)
	out, _ := h.open(3, "out", oflagCreat, rw, flagAppend)
	h.write(out, "abc")
	h.seek(in, 4, whenceSet)
	h.ok("fd_close", gap)
	h.ok("fd_fdstat_set_rights", 3, rightsDir&^rightPathSymlink, rightsFile)
	h.ok("fd_close", 2)
	h.ok("fd_renumber", out, 1)

	// Elsewhere: another folder with the same files, under the same name.
	other := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sub/in", "out", "gap"} {
		fi, err := os.Stat(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(other+"/"+name, time.Time{}, fi.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	h = h.mustTravel(NewConfig().WithDir(t.TempDir(), "/", false).WithDir(other, "/data", false))
	h.wantRead(in, 100, "456789")
	if e := h.write(in, "x"); e != EBADF {
		t.Errorf("writing a file that was open for reading: %v", e)
	}
	h.seek(1, 0, whenceSet)
	h.wantRead(1, 1, "a")
	h.write(1, "def")
	if got := readFile(t, other+"/out"); got != "abcdef" {
		t.Errorf("out is %q", got)
	}
	h.ok("path_filestat_get", append([]uint64{sub, 0}, append(h.at(0, "in")[1:], atOut)...)...)
	if n := h.mustOpen(sub, "in", 0, rightFdRead); n != 2 {
		t.Errorf("the lowest free number is 2, got %d", n)
	}
	if n := h.mustOpen(3, "sub/in", 0, rightFdRead); n != gap {
		t.Errorf("the next free number is %d, got %d", gap, n)
	}
	h.want(ENOTCAPABLE, "path_symlink", func() []uint64 {
		p, n := h.path(atPath, "a")
		p2, n2 := h.path(atPat2, "b")
		return []uint64{p, n, 3, p2, n2}
	}()...)
	h.ok("fd_fdstat_get", 3, atOut)
	if h.u64(atOut+8) != rightsDir&^rightPathSymlink || h.u64(atOut+16) != rightsFile {
		t.Errorf("rights %#x %#x", h.u64(atOut+8), h.u64(atOut+16))
	}
	h.ok("fd_fdstat_get", 1, atOut)
	if h.mem[atOut+2] != byte(flagAppend) {
		t.Errorf("flags %d", h.mem[atOut+2])
	}
	if d := cmp.Diff([]string{"prog", "x"}, h.s.args); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"K=V"}, h.s.env); d != "" {
		t.Error(d)
	}
}

func TestNamesFollowTheGuestsRenames(t *testing.T) {
	h, dir := dirHost(t)
	c := h.s.cfg
	h.change(change{name: "path_create_directory", path: "a"})
	h.change(change{name: "path_create_directory", path: "a/b"})
	b := h.mustOpen(3, "a/b", oflagDirectory, rightFdRead)
	fd := h.mustOpen(b, "f", oflagCreat, rw)
	h.write(fd, "text")
	for _, r := range [][2]string{{"a/b/f", "a/b/g"}, {"a", "z"}, {"z/b", "y"}} {
		if e := h.change(change{name: "path_rename", path: r[0], to: r[1]}); e != Success {
			t.Fatal(r, e)
		}
	}
	h = h.mustTravel(c)
	h.seek(fd, 0, whenceSet)
	h.wantRead(fd, 10, "text")
	h.mustOpen(b, "g", 0, rightFdRead)
	if readFile(t, dir+"/y/g") != "text" {
		t.Error("the file is somewhere else")
	}
}

func TestUnlinkedFilesTravelWithTheirContents(t *testing.T) {
	h, dir := dirHost(t)
	a := h.mustOpen(3, "tmp", oflagCreat, rw)
	b := h.mustOpen(3, "tmp", 0, rw)
	h.write(a, "secret")
	h.ok("path_unlink_file", h.at(3, "tmp")...)
	replaced := h.mustOpen(3, "old", oflagCreat, rw)
	h.write(replaced, "old contents")
	writeFile(t, dir+"/new", "new contents")
	h.change(change{name: "path_rename", path: "new", to: "old"})
	for range 2 { // it can be done again
		h = h.mustTravel(h.s.cfg)
		h.seek(replaced, 0, whenceSet)
		h.wantRead(replaced, 100, "old contents")
		h.seek(b, 0, whenceSet)
		h.wantRead(b, 100, "secret")
	}
	h.seek(a, 0, whenceEnd)
	h.write(a, "!") // both descriptors are of one file
	h.wantRead(b, 100, "!")
	h.ok("fd_filestat_get", a, atOut)
	if h.u64(atOut+24) != 0 && runtime.GOOS != "windows" {
		t.Errorf("it has %d links", h.u64(atOut+24))
	}
	if e, _ := os.ReadDir(dir); len(e) != 1 {
		t.Errorf("left behind: %v", e)
	}
}

func TestUnlinkedFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	h := newHost(t, NewConfig().WithDir(dir, "/", false).WithUnlinkedLimit(10))
	for _, name := range []string{"a", "b"} {
		fd := h.mustOpen(3, name, oflagCreat, rw)
		h.write(fd, "123456")
		h.ok("path_unlink_file", h.at(3, name)...)
	}
	_, err := h.travel(h.s.cfg)
	var se *SaveError
	if !errors.As(err, &se) || !errors.Is(err, ErrTooLarge) || se.FD != 5 || se.Path != "/b" {
		t.Errorf("%v", err)
	}
}

func TestFileThatSomebodyMovedCannotBeSaved(t *testing.T) {
	h, dir := dirHost(t)
	h.mustOpen(3, "f", oflagCreat, rw)
	if err := os.Rename(dir+"/f", dir+"/g"); err != nil {
		t.Skipf("this host does not rename open files: %v", err)
	}
	if _, err := h.travel(h.s.cfg); !errors.Is(err, ErrFileMoved) {
		t.Errorf("%v", err)
	}
}

func TestRemovedFolderTravels(t *testing.T) {
	h, _ := dirHost(t)
	h.change(change{name: "path_create_directory", path: "d"})
	fd := h.mustOpen(3, "d", oflagDirectory, rightFdRead)
	h.change(change{name: "path_remove_directory", path: "d"})
	h = h.mustTravel(h.s.cfg)
	if _, e := h.open(fd, "x", 0, rightFdRead, 0); e != ENOENT {
		t.Errorf("%v", e)
	}
	h.ok("fd_close", fd)
}

// What is wrong with which file is said, for all of them, and nothing has changed.
func TestWhatCannotBeHadAgainIsListed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gone", "larger", "touched", "typed", "same", "ro", "d/f"} {
		writeFile(t, dir+"/"+name, "text")
	}
	c := NewConfig().WithDir(dir, "/", false).WithDir(t.TempDir(), "/tmp", false)
	h := newHost(t, c)
	fds := map[string]uint64{}
	for _, name := range []string{"gone", "larger", "touched", "typed", "same", "d/f"} {
		fds[name] = h.mustOpen(3, name, 0, rightFdRead)
	}
	fds["d"] = h.mustOpen(3, "d", oflagDirectory, rightFdRead)
	fds["tmp"] = h.mustOpen(4, "f", oflagCreat, rw)
	version, data, err := h.s.SaveState()
	if err != nil {
		t.Fatal(err)
	}
	h.s.Close()
	os.Remove(dir + "/gone")
	os.RemoveAll(dir + "/d")
	writeFile(t, dir+"/larger", "longer text")
	os.Chtimes(dir+"/touched", time.Time{}, epoch)
	os.Remove(dir + "/typed")
	os.Mkdir(dir+"/typed", 0o777)

	to := newHost(t, NewConfig().WithDir(dir, "/", false))
	err = to.s.RestoreState(version, data)
	got := map[uint64]error{}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var re *ReopenError
		if !errors.As(e, &re) {
			t.Fatalf("%v is no ReopenError", e)
		}
		got[uint64(re.FD)] = re
	}
	want := map[string]error{
		"gone": ErrFileGone, "d/f": ErrFileGone, "d": ErrFileGone, "larger": ErrFileChanged, "touched": ErrFileChanged,
		"typed": ErrFileChanged, "tmp": ErrNotMounted,
	}
	for name, sentinel := range want {
		if !errors.Is(got[fds[name]], sentinel) {
			t.Errorf("%s: %v, want %v", name, got[fds[name]], sentinel)
		}
	}
	if !errors.Is(got[4], ErrNotMounted) || len(got) != len(want)+1 {
		t.Errorf("%d errors: %v", len(got), err)
	}
	// The System is as new.
	if n := to.mustOpen(3, "same", 0, rightFdRead); n != 4 {
		t.Errorf("after the failure the first free number is %d", n)
	}

	// Adopting takes what is there.
	os.WriteFile(dir+"/gone", []byte("back"), 0o666)
	os.Mkdir(dir+"/d", 0o777)
	os.WriteFile(dir+"/d/f", []byte("back"), 0o666)
	os.Remove(dir + "/typed")
	os.WriteFile(dir+"/typed", []byte("adopted"), 0o666)
	adopt := newHost(t, NewConfig().WithDir(dir, "/", false).WithReopenPolicy(ReopenAdopt))
	err = adopt.s.RestoreState(version, data)
	if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 2 || !errors.Is(err, ErrNotMounted) {
		t.Errorf("adopting, there is still what is not mounted: %v", err)
	}

	// The guest can be left with EIO.
	eio := newHost(t, NewConfig().WithDir(dir, "/", false).WithReopenPolicy(ReopenEIO))
	if err := eio.s.RestoreState(version, data); err != nil {
		t.Fatal(err)
	}
	if _, e := eio.read(fds["larger"], 4); e != EIO {
		t.Errorf("reading a changed file: %v", e)
	}
	eio.wantRead(fds["same"], 10, "text")
	eio.ok("fd_close", fds["larger"])
	// And what is broken stays so.
	eio = eio.mustTravel(eio.s.cfg)
	if _, e := eio.read(fds["tmp"], 4); e != EIO {
		t.Errorf("after another restore: %v", e)
	}
}

func TestAdopt(t *testing.T) {
	dir := t.TempDir()
	c := NewConfig().WithDir(dir, "/", false)
	writeFile(t, dir+"/f", "before")
	h := newHost(t, c)
	fd := h.mustOpen(3, "f", 0, rightFdRead)
	h.wantRead(fd, 2, "be")
	version, data, err := h.s.SaveState()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir+"/f", "afterwards")
	if err := newHost(t, c).s.RestoreState(version, data); !errors.Is(err, ErrFileChanged) {
		t.Errorf("%v", err)
	}
	to := newHost(t, c.WithReopenPolicy(ReopenAdopt))
	if err := to.s.RestoreState(version, data); err != nil {
		t.Fatal(err)
	}
	to.wantRead(fd, 20, "terwards")
}

func TestReadOnlyMountCannotHaveFilesOpenForWriting(t *testing.T) {
	h, dir := dirHost(t)
	h.mustOpen(3, "f", oflagCreat, rw)
	if _, err := h.travel(NewConfig().WithDir(dir, "/", true)); !errors.Is(err, ErrNotWritable) {
		t.Errorf("%v", err)
	}
}

func TestHashDecides(t *testing.T) {
	dir := t.TempDir()
	c := NewConfig().WithDir(dir, "/", false).WithFileHash(true)
	writeFile(t, dir+"/f", "text")
	h := newHost(t, c)
	fd := h.mustOpen(3, "f", 0, rightFdRead)
	fi, _ := os.Stat(dir + "/f")
	os.Chtimes(dir+"/f", time.Time{}, epoch)
	version, data, err := h.s.SaveState()
	if err != nil {
		t.Fatal(err)
	}
	os.Chtimes(dir+"/f", time.Time{}, epoch.Add(time.Hour))
	to := newHost(t, c)
	if err := to.s.RestoreState(version, data); err != nil {
		t.Errorf("another time, the same contents: %v", err)
	}
	to.wantRead(fd, 10, "text")
	writeFile(t, dir+"/f", "test")
	os.Chtimes(dir+"/f", time.Time{}, fi.ModTime())
	if err := newHost(t, c).s.RestoreState(version, data); !errors.Is(err, ErrFileChanged) {
		t.Errorf("the same time and size, other contents: %v", err)
	}
}

func TestListingTravels(t *testing.T) {
	h, dir := dirHost(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		writeFile(t, dir+"/"+name, "")
	}
	fd := h.mustOpen(3, ".", oflagDirectory, rightFdRead)
	got := h.list(fd, 60, func() {
		os.Remove(dir + "/a")
		writeFile(t, dir+"/aa", "")
		old := h.s
		h.s = h.mustTravel(h.s.cfg).s
		old.Close()
	})
	if d := cmp.Diff([]string{". 3", ".. 3", "a 4", "b 4", "c 4", "d 4", "e 4"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestBufferedStdinTravels(t *testing.T) {
	r := &slowReader{ch: make(chan string, 1)}
	h := newHost(t, NewConfig().WithStdin(r))
	r.ch <- "first second"
	h.poll(fdSub{eventRead, 0})
	h.wantRead(0, 6, "first ")
	to := h.mustTravel(NewConfig().WithStdin(strings.NewReader("third")))
	to.wantRead(0, 100, "second")
	to.wantRead(0, 100, "third")

	// The end of the input travels as well.
	close(r.ch)
	h.wantRead(0, 100, "second")
	h.poll(fdSub{eventRead, 0})
	to = h.mustTravel(NewConfig().WithStdin(strings.NewReader("more")))
	to.wantRead(0, 100, "")
}

// In one process a restored program finds what a read of its predecessor was still waiting for.
func TestReadInFlightIsInherited(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	c := NewConfig().WithStdin(r)
	h := newHost(t, c)
	p, n := h.vec(10)
	h.w.wake <- struct{}{}
	if _, err := h.try("fd_read", 0, p, n, atOut); err != errSuspend {
		t.Fatal(err)
	}
	to := h.mustTravel(c)
	h.s.Close()
	go func() { r.ch <- "hello"; r.ch <- "again" }()
	to.wantRead(0, 10, "hello")
	to.wantRead(0, 10, "again")
}

// Standard input that is the same regular file is read on from where the guest was.
func TestStdinFileIsReadOn(t *testing.T) {
	name := t.TempDir() + "/in"
	writeFile(t, name, "one two")
	open := func(name string) *os.File {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	h := newHost(t, NewConfig().WithStdin(open(name)))
	h.wantRead(0, 4, "one ")
	h.mustTravel(NewConfig().WithStdin(open(name))).wantRead(0, 10, "two")
	writeFile(t, name+"2", "other")
	h.mustTravel(NewConfig().WithStdin(open(name+"2"))).wantRead(0, 10, "other")
}

func TestDescribe(t *testing.T) {
	dir := t.TempDir()
	c := NewConfig().WithArgs("prog", "a b").WithEnv("K", "V").WithDir(dir, "/data", false).WithDeterministic(1, epoch)
	h := newHost(t, c)
	fd, _ := h.open(3, "f", oflagCreat, rw, flagAppend)
	h.write(fd, "12345")
	h.change(change{name: "path_create_directory", path: "d"})
	h.mustOpen(3, "d", oflagDirectory, rightFdRead)
	tmp := h.mustOpen(3, "t", oflagCreat, rightFdRead|rightFdWrite)
	h.write(tmp, "12")
	h.ok("path_unlink_file", h.at(3, "t")...)
	version, data, err := h.s.SaveState()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Describe(version, data)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`args       "prog" "a b"`,
		`env        1 variables`,
		`clock      0s since the start, deterministic`,
		`fd 0       stdin`,
		`fd 1       stdout`,
		`fd 2       stderr`,
		`fd 3       mount    "/data"`,
		`fd 4       file     "/data/f" rw at 5 of 5 append`,
		`fd 5       dir      "/data/d"`,
		`fd 6       unlinked "/data/t" rw at 2 of 2`,
	}
	if diff := cmp.Diff(want, d.Lines()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b, err := json.Marshal(d)
	if err != nil || !strings.Contains(string(b), `{"fd":4,"kind":"file","path":"/data/f","access":"rw","offset":5,"size":5,"flags":["append"]}`) {
		t.Errorf("%s %v", b, err)
	}
}

func TestMalformedState(t *testing.T) {
	h, _ := dirHost(t)
	h.mustOpen(3, "f", oflagCreat, rw)
	version, data, err := h.s.SaveState()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.s.RestoreState(version+1, data); !errors.Is(err, ErrVersion) {
		t.Errorf("later version: %v", err)
	}
	if err := h.s.RestoreState(0, data); !errors.Is(err, ErrMalformed) {
		t.Errorf("version 0: %v", err)
	}
	for n := range len(data) {
		if err := h.s.RestoreState(version, data[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	if err := h.s.RestoreState(version, append(slices.Clone(data), 0)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a byte too many: %v", err)
	}
}

// testdata/state-v1.bin is a state that version 1 wrote. Every release has to read it.
func TestGoldenState(t *testing.T) {
	data, err := os.ReadFile("testdata/state-v1.bin")
	if err != nil {
		t.Fatal(err)
	}
	d, err := Describe(1, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(readFile(t, "testdata/state-v1.txt"), strings.Join(d.Lines(), "\n")+"\n"); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	v, err := decodeSaved(1, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data, v.encode()); diff != "" {
		t.Errorf("written again (-want +got):\n%s", diff)
	}
}

func FuzzRestoreState(f *testing.F) {
	data, err := os.ReadFile("testdata/state-v1.bin")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if d, err := Describe(1, data); err == nil {
			d.Lines()
		} else if !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
		dir := t.TempDir()
		writeFile(t, dir+"/f", "12345")
		s, err := New(NewConfig().WithDir(dir, "/", false).WithReopenPolicy(ReopenPolicy(len(data) % 3)))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if s.RestoreState(1, data) == nil {
			// What was restored can be used and saved.
			h := &host{t: t, s: s, mem: make([]byte, memLen), w: fakeWaiter{wake: make(chan struct{}, 1)}}
			for fd := range uint64(8) {
				h.w.wake <- struct{}{}
				p, n := h.vec(10)
				_, _ = h.try("fd_read", fd, p, n, atOut)
				select {
				case <-h.w.wake:
				default:
				}
				h.call("fd_readdir", fd, atData, 100, 1, atOut)
				h.call("fd_filestat_get", fd, atOut)
				h.call("fd_write", fd, p, n, atOut)
			}
			_, _, _ = s.SaveState()
		}
	})
}
