package wasi

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		path         string
		parent, base string
		slash        bool
	}{
		{"a", ".", "a", false},
		{"a/", ".", "a", true},
		{"a//b///", "a", "b", true},
		{"./a", ".", "a", false},
		{"a/b/..", "a/b", "..", false},
		{".", ".", ".", false},
		{"../x", "..", "x", false},
	} {
		pl, err := split(c.path)
		if err != nil || pl.parent != c.parent || pl.base != c.base || pl.slash != c.slash {
			t.Errorf("%q: %q %q %v, %v", c.path, pl.parent, pl.base, pl.slash, err)
		}
	}
	for _, p := range []string{"/", "/a", "//"} {
		if _, err := split(p); err != EPERM {
			t.Errorf("%q: %v", p, err)
		}
	}
}

// tree makes what the path tests look at: files, folders and links, and a secret outside.
func tree(t *testing.T) (h *host, dir string) {
	t.Helper()
	outer := t.TempDir()
	dir = filepath.Join(outer, "mount")
	writeFile(t, outer+"/secret", "secret")
	writeFile(t, dir+"/file", "contents")
	writeFile(t, dir+"/sub/inner", "inner")
	symlink(t, "file", dir+"/link")
	symlink(t, "sub", dir+"/sublink")
	symlink(t, "nowhere", dir+"/dangling")
	symlink(t, "loop", dir+"/loop")
	symlink(t, "../secret", dir+"/up")
	symlink(t, outer, dir+"/absolute")
	symlink(t, "../file", dir+"/sub/out")
	return newHost(t, NewConfig().WithDir(dir, "/", false)), dir
}

func TestPathOpen(t *testing.T) {
	const read, write, both = rightFdRead, rightFdWrite, rightFdRead | rightFdWrite
	for _, c := range []struct {
		path   string
		lookup uint32
		oflags uint32
		rights uint64
		want   Errno
	}{
		{"file", 0, 0, read, Success},
		{"file", 0, 0, both, Success},
		{"file", 0, 0, 0, Success},
		{"./sub/../file", 0, 0, read, Success},
		{"sub/./inner", 0, 0, read, Success},
		{"none", 0, 0, read, ENOENT},
		{"none/x", 0, oflagCreat, read, ENOENT},
		{"file/x", 0, 0, read, ENOTDIR},
		{"file/", lookupFollow, 0, read, ENOTDIR},
		{"file", 0, oflagDirectory, read, ENOTDIR},
		{"file", 0, oflagCreat | oflagExcl, write, EEXIST},
		{"file", 0, oflagCreat | oflagDirectory, read, EINVAL},
		{"file", 0, 1 << 4, read, EINVAL},
		{"file", 2, 0, read, EINVAL},
		{"new", 0, oflagCreat, both, Success},
		{"new2", 0, oflagCreat | oflagExcl, write, Success},
		{"sub", 0, oflagDirectory, read, Success},
		{"sub", 0, 0, read, Success},
		{"sub/", 0, 0, read, Success},
		{"sub", 0, 0, both, EISDIR},
		{"sub", 0, oflagDirectory, both, EISDIR},
		{".", 0, oflagDirectory, read, Success},
		{"link", lookupFollow, 0, read, Success},
		{"link", 0, 0, read, ELOOP},
		{"sublink", lookupFollow, oflagDirectory, read, Success},
		{"sublink/inner", 0, 0, read, Success},
		{"sublink/", 0, 0, read, Success},
		{"dangling", lookupFollow, 0, read, ENOENT},
		{"dangling", 0, 0, read, ELOOP},
		{"dangling", lookupFollow, oflagCreat | oflagExcl, write, EEXIST},
		{"dangling", lookupFollow, oflagCreat, write, Success},
		{"loop", lookupFollow, 0, read, ELOOP},
		{"loop/x", 0, 0, read, ELOOP},

		// Nothing leads out.
		{"..", 0, 0, read, EPERM},
		{"../secret", 0, 0, read, EPERM},
		{"../mount/file", 0, 0, read, EPERM},
		{"sub/../../secret", 0, 0, read, EPERM},
		{"/file", 0, 0, read, EPERM},
		{"/etc/passwd", 0, 0, read, EPERM},
		{"up", lookupFollow, 0, read, EPERM},
		{"up", lookupFollow, oflagCreat | oflagTrunc, write, EPERM},
		{"absolute", lookupFollow, 0, read, EPERM},
		{"absolute/secret", 0, 0, read, EPERM},
		{"sub/out", lookupFollow, 0, read, Success},

		{"", 0, 0, read, ENOENT},
		{"fi\x00le", 0, 0, read, EINVAL},
		{strings.Repeat("x", 300), 0, 0, read, ENAMETOOLONG},
		{strings.Repeat("x/", 2500), 0, 0, read, ENAMETOOLONG},
	} {
		h, dir := tree(t)
		ptr, n := h.path(atPath, c.path)
		got := h.call("path_open", 3, uint64(c.lookup), ptr, n, uint64(c.oflags), c.rights, 0, 0, atOut)
		if got != c.want {
			t.Errorf("path_open %.40q lookup %d oflags %#x rights %#x: %v, want %v", c.path, c.lookup, c.oflags, c.rights, got, c.want)
		}
		if got == Success && h.u32(atOut) != 4 {
			t.Errorf("path_open %q gave descriptor %d", c.path, h.u32(atOut))
		}
		if s := readFile(t, filepath.Dir(dir)+"/secret"); s != "secret" {
			t.Fatalf("%q reached the file outside: %q", c.path, s)
		}
	}
}

// A folder that the guest opened confines what is opened relative to it, as the mount does.
func TestOpenedFolderConfines(t *testing.T) {
	h, _ := tree(t)
	sub := h.mustOpen(3, "sub", oflagDirectory, rightFdRead)
	for path, want := range map[string]Errno{"inner": Success, "../file": EPERM, "out": EPERM, ".": Success} {
		if _, e := h.open(sub, path, 0, rightFdRead, 0); e != want {
			t.Errorf("%q: %v, want %v", path, e, want)
		}
	}
}

func TestOpenRelativeToWhatIsNoFolder(t *testing.T) {
	h, _ := tree(t)
	file := h.mustOpen(3, "file", 0, rw)
	h.want(ENOTDIR, "path_create_directory", h.at(file, "x")...)
	h.want(ENOTDIR, "path_create_directory", h.at(1, "x")...)
	h.want(EBADF, "path_create_directory", h.at(77, "x")...)
}

// change is a call that changes a folder, with one path or two.
type change struct {
	name string
	path string
	to   string
	want Errno
}

func (h *host) change(c change) Errno {
	p, n := h.path(atPath, c.path)
	p2, n2 := h.path(atPat2, c.to)
	switch c.name {
	case "path_symlink":
		return h.call(c.name, p, n, 3, p2, n2)
	case "path_rename":
		return h.call(c.name, 3, p, n, 3, p2, n2)
	case "path_link":
		return h.call(c.name, 3, 0, p, n, 3, p2, n2)
	}
	return h.call(c.name, 3, p, n)
}

func TestChangingFolders(t *testing.T) {
	for _, c := range []change{
		{"path_create_directory", "d", "", Success},
		{"path_create_directory", "d/", "", Success},
		{"path_create_directory", "sub/d", "", Success},
		{"path_create_directory", "sub", "", EEXIST},
		{"path_create_directory", "file", "", EEXIST},
		{"path_create_directory", "link", "", EEXIST},
		{"path_create_directory", "none/d", "", ENOENT},
		{"path_create_directory", "../d", "", EPERM},
		{"path_create_directory", "absolute/d", "", EPERM},

		{"path_unlink_file", "file", "", Success},
		{"path_unlink_file", "link", "", Success},
		{"path_unlink_file", "dangling", "", Success},
		{"path_unlink_file", "sub", "", EISDIR},
		{"path_unlink_file", "sub/", "", EISDIR},
		{"path_unlink_file", "file/", "", ENOTDIR},
		{"path_unlink_file", "none", "", ENOENT},
		{"path_unlink_file", "..", "", EPERM},
		{"path_unlink_file", ".", "", EISDIR},
		{"path_unlink_file", "../secret", "", EPERM},
		{"path_unlink_file", "absolute/secret", "", EPERM},
		{"path_unlink_file", "up", "", Success},

		{"path_remove_directory", "sub", "", ENOTEMPTY},
		{"path_remove_directory", "file", "", ENOTDIR},
		{"path_remove_directory", "file/", "", ENOTDIR},
		{"path_remove_directory", "sublink", "", ENOTDIR},
		{"path_remove_directory", "none", "", ENOENT},
		{"path_remove_directory", ".", "", EINVAL},
		{"path_remove_directory", "..", "", EPERM},
		{"path_remove_directory", "sub/..", "", ENOTEMPTY},

		{"path_rename", "file", "other", Success},
		{"path_rename", "file", "sub/inner", Success},
		{"path_rename", "file", "sub", EISDIR},
		{"path_rename", "sub", "file", ENOTDIR},
		{"path_rename", "sub", "d/", Success},
		{"path_rename", "file", "d/", ENOTDIR},
		{"path_rename", "file/", "d", ENOTDIR},
		{"path_rename", "sub", "sub/d", EINVAL},
		{"path_rename", "none", "other", ENOENT},
		{"path_rename", "file", "../other", EPERM},
		{"path_rename", "../secret", "mine", EPERM},
		{"path_rename", "absolute/secret", "mine", EPERM},
		{"path_rename", "file", "absolute/mine", EPERM},
		{"path_rename", ".", "other", EBUSY},
		{"path_rename", "link", "other", Success},

		{"path_link", "file", "other", Success},
		{"path_link", "file", "sub/other", Success},
		{"path_link", "file", "link", EEXIST},
		{"path_link", "file", "other/", ENOENT},
		{"path_link", "file/", "other", ENOTDIR},
		{"path_link", "sub", "other", EPERM},
		{"path_link", "none", "other", ENOENT},
		{"path_link", "../secret", "mine", EPERM},
		{"path_link", "absolute/secret", "mine", EPERM},

		{"path_symlink", "file", "other", Success},
		{"path_symlink", "none", "other", Success},
		{"path_symlink", "file", "link", EEXIST},
		{"path_symlink", "file", "other/", ENOENT},
		{"path_symlink", "/etc/passwd", "other", EPERM},
		{"path_symlink", "file", "../other", EPERM},
		{"path_symlink", "", "other", ENOENT},
	} {
		h, dir := tree(t)
		if got := h.change(c); got != c.want && !(c.want == EPERM && c.path == "sub" && got == EACCES) {
			t.Errorf("%s %q %q: %v, want %v", c.name, c.path, c.to, got, c.want)
		}
		if s := readFile(t, filepath.Dir(dir)+"/secret"); s != "secret" {
			t.Fatalf("%v reached the file outside", c)
		}
		if e, _ := os.ReadDir(filepath.Dir(dir)); len(e) != 2 {
			t.Fatalf("%v changed the folder outside", c)
		}
	}
}

func TestReadOnlyMountRefusesEveryChange(t *testing.T) {
	_, dir := tree(t)
	h := newHost(t, NewConfig().WithDir(dir, "/ro", true))
	for _, c := range []change{
		{name: "path_create_directory", path: "d"},
		{name: "path_unlink_file", path: "file"},
		{name: "path_remove_directory", path: "sub"},
		{name: "path_rename", path: "file", to: "other"},
		{name: "path_link", path: "file", to: "other"},
		{name: "path_symlink", path: "file", to: "other"},
	} {
		if got := h.change(c); got != EPERM {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for _, c := range []struct {
		oflags uint32
		rights uint64
		want   Errno
	}{
		{0, rightFdRead, Success}, {0, rw, EPERM}, {oflagCreat, rightFdRead, EPERM}, {oflagTrunc, rightFdRead, EPERM},
	} {
		if _, e := h.open(3, "file", c.oflags, c.rights, 0); e != c.want {
			t.Errorf("open %#x %#x: %v, want %v", c.oflags, c.rights, e, c.want)
		}
	}
	fd := h.mustOpen(3, "file", 0, rightFdRead)
	h.want(EPERM, "fd_filestat_set_times", fd, 0, 0, uint64(fstMtimNow))
	h.want(EPERM, "fd_filestat_set_times", 3, 0, 0, uint64(fstMtimNow))
	p, n := h.path(atPath, "file")
	h.want(EPERM, "path_filestat_set_times", 3, 0, p, n, 0, 0, uint64(fstMtimNow))
	if readFile(t, dir+"/file") != "contents" {
		t.Error("the file was changed")
	}
}

func TestReadlink(t *testing.T) {
	h, _ := tree(t)
	for _, c := range []struct {
		path string
		room uint64
		want string
		e    Errno
	}{
		{"link", 100, "file", Success}, {"link", 2, "fi", Success}, {"link", 0, "", Success},
		{"file", 100, "", EINVAL}, {"none", 100, "", ENOENT}, {"../mount/link", 100, "", EPERM}, {"up", 100, "../secret", Success},
	} {
		p, n := h.path(atPath, c.path)
		clear(h.mem[atData : atData+100])
		e := h.call("path_readlink", 3, p, n, atData, c.room, atOut)
		if e != c.e || e == Success && string(h.mem[atData:][:h.u32(atOut)]) != c.want {
			t.Errorf("%q: %v %q", c.path, e, h.mem[atData:][:h.u32(atOut)])
		}
	}
}

func TestFilestat(t *testing.T) {
	h, dir := tree(t)
	for _, c := range []struct {
		path   string
		follow bool
		typ    fileType
		size   uint64
		want   Errno
	}{
		{"file", false, typeRegular, 8, Success},
		{"link", false, typeSymlink, 4, Success},
		{"link", true, typeRegular, 8, Success},
		{"sub", false, typeDirectory, 0, Success},
		{"sub/", false, typeDirectory, 0, Success},
		{".", false, typeDirectory, 0, Success},
		{"file/", false, 0, 0, ENOTDIR},
		{"dangling", true, 0, 0, ENOENT},
		{"up", true, 0, 0, EPERM},
		{"up", false, typeSymlink, 9, Success},
		{"..", false, 0, 0, EPERM},
	} {
		p, n := h.path(atPath, c.path)
		flags := uint64(0)
		if c.follow {
			flags = uint64(lookupFollow)
		}
		e := h.call("path_filestat_get", 3, flags, p, n, atOut)
		if e != c.want {
			t.Errorf("%q: %v, want %v", c.path, e, c.want)
			continue
		}
		if e != Success {
			continue
		}
		if typ := fileType(h.mem[atOut+16]); typ != c.typ || typ != typeDirectory && h.u64(atOut+32) != c.size {
			t.Errorf("%q: type %d size %d", c.path, typ, h.u64(atOut+32))
		}
	}
	// The same file by path and by descriptor.
	p, n := h.path(atPath, "file")
	h.ok("path_filestat_get", 3, 0, p, n, atOut)
	fd := h.mustOpen(3, "link", 0, rw)
	p, n = h.path(atPath, "file")
	h.ok("path_filestat_get", 3, 0, p, n, atOut)
	h.ok("fd_filestat_get", fd, atIov)
	if d := cmp.Diff(h.mem[atOut:atOut+sizeFilestat], h.mem[atIov:atIov+sizeFilestat]); d != "" && runtime.GOOS == "linux" && !coarse(t, dir) {
		t.Errorf("(-path +fd):\n%s", d)
	}
	fi, err := os.Stat(dir + "/file")
	if err != nil {
		t.Fatal(err)
	}
	if got := h.u64(atIov + 48); got != uint64(fi.ModTime().UnixNano()) && !coarse(t, dir) {
		t.Errorf("mtime %d, want %d", got, fi.ModTime().UnixNano())
	}
}

// coarse tells whether the host shows whole seconds only, as some emulators do.
func coarse(t *testing.T, dir string) bool {
	t.Helper()
	writeFile(t, dir+"/.coarse", "")
	defer os.Remove(dir + "/.coarse")
	at := time.Unix(1, 5000)
	if err := os.Chtimes(dir+"/.coarse", at, at); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Lstat(dir + "/.coarse")
	if err != nil {
		t.Fatal(err)
	}
	return fi.ModTime().Nanosecond() == 0
}

func TestSetTimes(t *testing.T) {
	h, dir := tree(t)
	unit := int64(1000)
	if coarse(t, dir) {
		unit = 1e9
	}
	mtime := func(name string) int64 {
		fi, err := os.Lstat(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return fi.ModTime().UnixNano()
	}
	when := int64(1_500_000_000_123_456_000)
	when -= when % unit
	p, n := h.path(atPath, "link")
	before := mtime("file")
	h.ok("path_filestat_set_times", 3, 0, p, n, 0, uint64(when), uint64(fstMtim))
	if mtime("link") != when || mtime("file") != before {
		t.Errorf("link %d file %d", mtime("link"), mtime("file"))
	}
	h.ok("path_filestat_set_times", 3, 1, p, n, 0, uint64(when+unit), uint64(fstMtim))
	if mtime("link") != when || mtime("file") != when+unit {
		t.Errorf("following: link %d file %d", mtime("link"), mtime("file"))
	}
	fd := h.mustOpen(3, "file", 0, rw)
	h.ok("fd_filestat_set_times", fd, uint64(when), uint64(when+2*unit), uint64(fstMtim|fstAtim))
	if mtime("file") != when+2*unit {
		t.Errorf("by descriptor: %d", mtime("file"))
	}
	h.ok("fd_filestat_set_times", fd, uint64(when+5*unit), 0, uint64(fstAtim))
	if mtime("file") != when+2*unit {
		t.Error("a time that was not to be set has changed")
	}
	h.ok("fd_filestat_set_times", 3, 0, uint64(when+3*unit), uint64(fstMtim))
	if mtime(".") != when+3*unit {
		t.Errorf("a folder: %d", mtime("."))
	}
	h.ok("fd_filestat_set_times", fd, 0, 0, uint64(fstMtimNow))
	if mtime("file") <= when+3*unit {
		t.Error("now is before 2017")
	}
	h.want(EINVAL, "fd_filestat_set_times", fd, 0, 0, uint64(fstMtim|fstMtimNow))
	h.want(EINVAL, "fd_filestat_set_times", fd, 0, 0, 16)
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"a", "../x", "a/../../x", "link/../..", "/etc", "up/x", "a//.//b/", "absolute/../x", "..\\x"} {
		f.Add(s, byte(0))
	}
	f.Fuzz(func(t *testing.T, p string, op byte) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "mount")
		writeFile(t, outer+"/secret", "secret")
		writeFile(t, dir+"/a/file", "")
		_ = os.Symlink("..", dir+"/up")
		_ = os.Symlink("a", dir+"/link")
		_ = os.Symlink(outer, dir+"/absolute")
		if len(p) > maxPath {
			return
		}
		h := newHost(t, NewConfig().WithDir(dir, "/", false))
		names := []string{"path_create_directory", "path_unlink_file", "path_remove_directory", "path_rename", "path_link", "path_symlink"}
		if int(op) < len(names) {
			h.change(change{name: names[op], path: p, to: "z"})
			h.change(change{name: names[op], path: "a/file", to: p})
		} else {
			h.open(3, p, uint32(op)&oflagsAll, rw, 0)
			h.open(3, p, oflagCreat|oflagTrunc, rightFdWrite, 0)
		}
		if readFile(t, outer+"/secret") != "secret" {
			t.Fatalf("%q reached the file outside", p)
		}
		if e, _ := os.ReadDir(outer); len(e) != 2 {
			t.Fatalf("%q changed the folder outside", p)
		}
	})
}
