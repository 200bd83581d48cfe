package wasi

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFileReadWriteSeek(t *testing.T) {
	h, dir := dirHost(t)
	fd := h.mustOpen(3, "f", oflagCreat, rw)
	if e := h.write(fd, "hello world"); e != Success {
		t.Fatal(e)
	}
	if got := h.seek(fd, -5, whenceEnd); got != 6 {
		t.Errorf("seek from the end: %d", got)
	}
	h.wantRead(fd, 100, "world")
	h.wantRead(fd, 100, "")
	h.seek(fd, 0, whenceSet)
	h.wantRead(fd, 3, "hel")
	h.seek(fd, 2, whenceCur)
	h.wantRead(fd, 3, " wo")
	h.ok("fd_tell", fd, atOut)
	if h.u64(atOut) != 8 {
		t.Errorf("tell: %d", h.u64(atOut))
	}
	h.want(EINVAL, "fd_seek", fd, uint64(1<<64-100), whenceCur, atOut)
	h.want(EINVAL, "fd_seek", fd, 0, 3, atOut)
	h.want(EOVERFLOW, "fd_seek", fd, 1<<63-1, whenceCur, atOut)
	h.seek(fd, 20, whenceSet)
	h.write(fd, "!")
	if got := readFile(t, dir+"/f"); got != "hello world\x00\x00\x00\x00\x00\x00\x00\x00\x00!" {
		t.Errorf("%q", got)
	}
}

func TestVectoredFileIO(t *testing.T) {
	h, _ := dirHost(t)
	fd := h.mustOpen(3, "f", oflagCreat, rw)
	copy(h.mem[atData:], "abcdefghij")
	p, n := h.vec(3, 0, 5, 2)
	h.ok("fd_write", fd, p, n, atOut)
	if h.u32(atOut) != 10 {
		t.Errorf("wrote %d", h.u32(atOut))
	}
	clear(h.mem[atData : atData+20])
	p, n = h.vec(4, 2, 10)
	h.ok("fd_pread", fd, p, n, 1, atOut)
	if h.u32(atOut) != 9 || string(h.mem[atData:atData+10]) != "bcdefghij\x00" {
		t.Errorf("read %d %q", h.u32(atOut), h.mem[atData:atData+10])
	}
	copy(h.mem[atData:], "XYZ")
	p, n = h.vec(1, 2)
	h.ok("fd_pwrite", fd, p, n, 4, atOut)
	h.seek(fd, 0, whenceSet)
	h.wantRead(fd, 20, "abcdXYZhij")
}

func TestAccess(t *testing.T) {
	h, _ := dirHost(t)
	h.mustOpen(3, "f", oflagCreat, rw)
	p, n := h.vec(4)
	r := h.mustOpen(3, "f", 0, rightFdRead)
	w := h.mustOpen(3, "f", 0, rightFdWrite)
	h.want(EBADF, "fd_write", r, p, n, atOut)
	h.want(EBADF, "fd_pwrite", r, p, n, 0, atOut)
	h.want(EBADF, "fd_allocate", r, 0, 10)
	h.want(EINVAL, "fd_filestat_set_size", r, 0)
	h.want(EBADF, "fd_read", w, p, n, atOut)
	h.want(EBADF, "fd_pread", w, p, n, 0, atOut)
	h.want(EISDIR, "fd_read", 3, p, n, atOut)
	h.want(EBADF, "fd_write", 3, p, n, atOut)
	h.want(EBADF, "fd_seek", 3, 0, 0, atOut)
	h.want(EBADF, "fd_read", 1, p, n, atOut)
	h.want(EBADF, "fd_write", 0, p, n, atOut)
	h.want(ESPIPE, "fd_seek", 1, 0, 0, atOut)
	h.want(ESPIPE, "fd_pread", 0, p, n, 0, atOut)
	h.want(EBADF, "fd_read", 99, p, n, atOut)
}

func TestAppend(t *testing.T) {
	h, dir := dirHost(t)
	writeFile(t, dir+"/f", "one")
	fd, e := h.open(3, "f", 0, rw, flagAppend)
	if e != Success {
		t.Fatal(e)
	}
	h.write(fd, "two")
	h.ok("fd_tell", fd, atOut)
	if h.u64(atOut) != 6 {
		t.Errorf("offset %d after appending", h.u64(atOut))
	}
	h.seek(fd, 0, whenceSet)
	h.write(fd, "three")
	h.seek(fd, 0, whenceSet)
	h.wantRead(fd, 3, "one")
	h.ok("fd_fdstat_set_flags", fd, 0)
	h.seek(fd, 0, whenceSet)
	h.write(fd, "ONE")
	if got := readFile(t, dir+"/f"); got != "ONEtwothree" {
		t.Errorf("%q", got)
	}
	h.want(EINVAL, "fd_fdstat_set_flags", fd, 1<<5)
}

func TestSizeAllocateAdviseSync(t *testing.T) {
	h, dir := dirHost(t)
	fd := h.mustOpen(3, "f", oflagCreat, rw)
	size := func() int64 {
		fi, err := os.Stat(dir + "/f")
		if err != nil {
			t.Fatal(err)
		}
		return fi.Size()
	}
	h.ok("fd_filestat_set_size", fd, 100)
	h.ok("fd_allocate", fd, 10, 20)
	if size() != 100 {
		t.Errorf("allocating inside changed the size to %d", size())
	}
	h.ok("fd_allocate", fd, 90, 50)
	if size() != 140 {
		t.Errorf("allocating gave size %d", size())
	}
	h.ok("fd_filestat_set_size", fd, 3)
	if size() != 3 {
		t.Errorf("size %d", size())
	}
	h.want(EINVAL, "fd_allocate", fd, 0, 0)
	h.want(EINVAL, "fd_filestat_set_size", fd, 1<<63)
	h.ok("fd_advise", fd, 0, 10, 5)
	h.want(EINVAL, "fd_advise", fd, 0, 10, 6)
	h.ok("fd_sync", fd)
	h.ok("fd_datasync", fd)
	h.want(EINVAL, "fd_sync", 1)
}

func TestDescriptorNumbers(t *testing.T) {
	h, _ := dirHost(t)
	a := h.mustOpen(3, "a", oflagCreat, rw)
	b := h.mustOpen(3, "b", oflagCreat, rw)
	c := h.mustOpen(3, "c", oflagCreat, rw)
	if d := cmp.Diff([]uint64{4, 5, 6}, []uint64{a, b, c}); d != "" {
		t.Error(d)
	}
	h.ok("fd_close", a)
	h.want(EBADF, "fd_close", a)
	h.ok("fd_close", 1)
	if n := h.mustOpen(3, "d", oflagCreat, rw); n != 1 {
		t.Errorf("the lowest free number is 1, got %d", n)
	}
	if n := h.mustOpen(3, "e", oflagCreat, rw); n != 4 {
		t.Errorf("the lowest free number is 4, got %d", n)
	}
	h.write(b, "bbb")
	h.ok("fd_renumber", b, c)
	h.want(EBADF, "fd_close", b)
	h.seek(c, 0, whenceSet)
	h.wantRead(c, 10, "bbb")
	h.want(EBADF, "fd_renumber", c, 50)
	h.want(EBADF, "fd_renumber", 50, c)
	h.ok("fd_renumber", c, c)
	h.ok("fd_close", 3)
	h.want(EBADF, "fd_prestat_get", 3, atOut)
}

func TestDescriptorTableIsBounded(t *testing.T) {
	var ft fdTable
	for range maxFDs {
		if _, err := ft.add(&descriptor{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ft.add(&descriptor{}); err != EMFILE {
		t.Errorf("one more: %v", err)
	}
	ft.take(77)
	if n, err := ft.add(&descriptor{}); n != 77 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestPrestat(t *testing.T) {
	h := newHost(t, NewConfig().WithDir(t.TempDir(), "/", false).WithDir(t.TempDir(), "/data", true))
	for fd, name := range map[uint64]string{3: "/", 4: "/data"} {
		h.ok("fd_prestat_get", fd, atOut)
		n := uint64(h.u32(atOut + 4))
		if h.mem[atOut] != 0 || n != uint64(len(name)) {
			t.Errorf("%d: tag %d length %d", fd, h.mem[atOut], n)
		}
		h.ok("fd_prestat_dir_name", fd, atData, n)
		if got := string(h.mem[atData:][:n]); got != name {
			t.Errorf("%d: %q", fd, got)
		}
		h.want(ENAMETOOLONG, "fd_prestat_dir_name", fd, atData, n-1)
	}
	h.want(EBADF, "fd_prestat_get", 5, atOut)
	h.want(EBADF, "fd_prestat_get", 1, atOut)
	dir := h.mustOpen(3, ".", oflagDirectory, rightFdRead)
	h.want(EBADF, "fd_prestat_get", dir, atOut)
}

func TestRights(t *testing.T) {
	h, _ := dirHost(t)
	fd := h.mustOpen(3, "f", oflagCreat, rw|rightSockAccept)
	rights := func(fd uint64) (base, inherit uint64) {
		h.ok("fd_fdstat_get", fd, atOut)
		return h.u64(atOut + 8), h.u64(atOut + 16)
	}
	if base, inherit := rights(fd); base != rw || inherit != 0 {
		t.Errorf("file: %#x %#x", base, inherit)
	}
	if base, inherit := rights(3); base != rightsDir || inherit != rightsDir|rightsFile {
		t.Errorf("mount: %#x %#x", base, inherit)
	}
	h.write(fd, "x")
	h.want(ENOTCAPABLE, "fd_fdstat_set_rights", fd, rightsAll, 0)
	h.ok("fd_fdstat_set_rights", fd, rw&^rightFdWrite, 0)
	h.want(ENOTCAPABLE, "fd_fdstat_set_rights", fd, rw, 0)
	if e := h.write(fd, "x"); e != ENOTCAPABLE {
		t.Errorf("writing without the right: %v", e)
	}
	// What was given up is missed; what was never asked for is not.
	h.ok("fd_fdstat_set_rights", 3, rightsDir&^rightPathCreateDirectory, 0)
	h.want(ENOTCAPABLE, "path_create_directory", h.at(3, "d")...)
	h.ok("path_unlink_file", h.at(3, "f")...)
}

// list reads a folder with a buffer of size bytes, and calls between before each further call.
func (h *host) list(fd uint64, size uint64, between func()) (names []string) {
	h.t.Helper()
	for cookie := uint64(0); ; {
		h.ok("fd_readdir", fd, atData, size, cookie, atOut)
		used := uint64(h.u32(atOut))
		b := h.mem[atData:][:used]
		for len(b) >= sizeDirent {
			n := int(binary.LittleEndian.Uint32(b[16:]))
			if len(b) < sizeDirent+n {
				break
			}
			cookie = binary.LittleEndian.Uint64(b)
			name := string(b[sizeDirent:][:n])
			if binary.LittleEndian.Uint64(b[8:]) == 0 {
				h.t.Errorf("%q has no number", name)
			}
			names = append(names, fmt.Sprintf("%s %d", name, b[20]))
			b = b[sizeDirent+n:]
		}
		if used < size {
			return names
		}
		between()
	}
}

func TestReaddir(t *testing.T) {
	h, dir := tree(t)
	want := []string{". 3", ".. 3", "absolute 7", "dangling 7", "file 4", "link 7", "loop 7", "sub 3", "sublink 7", "up 7"}
	for _, size := range []uint64{40, 64, 100, 200, 4096} {
		fd := h.mustOpen(3, ".", oflagDirectory, rightFdRead)
		// A listing that was begun stays what it was.
		i := 0
		got := h.list(fd, size, func() {
			i++
			writeFile(t, fmt.Sprintf("%s/added-%d", dir, i), "")
			os.Remove(fmt.Sprintf("%s/added-%d", dir, i-1))
		})
		os.Remove(fmt.Sprintf("%s/added-%d", dir, i))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("buffer of %d (-want +got):\n%s", size, d)
		}
	}
	writeFile(t, dir+"/zz", "")
	fd := h.mustOpen(3, ".", oflagDirectory, rightFdRead)
	h.list(fd, 4096, nil)
	os.Remove(dir + "/zz")
	if got := h.list(fd, 4096, nil); !slices.Equal(got, want) {
		t.Errorf("from the start again: %q", got)
	}
	h.ok("fd_readdir", fd, atData, 100, 1<<63, atOut)
	if h.u32(atOut) != 0 {
		t.Error("a cookie beyond the end finds something")
	}
	file := h.mustOpen(3, "file", 0, rightFdRead)
	h.want(ENOTDIR, "fd_readdir", file, atData, 100, 0, atOut)
}

func TestReaddirNumbersAreThoseOfStat(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this host numbers no files")
	}
	h, _ := tree(t)
	h.ok("fd_readdir", 3, atData, 4096, 0, atOut)
	b := h.mem[atData:][:h.u32(atOut)]
	for len(b) >= sizeDirent {
		n := int(binary.LittleEndian.Uint32(b[16:]))
		name, ino := string(b[sizeDirent:][:n]), binary.LittleEndian.Uint64(b[8:])
		if name != ".." {
			p, l := h.path(atPath, name)
			h.ok("path_filestat_get", 3, 0, p, l, atOut)
			if got := h.u64(atOut + 8); got != ino {
				t.Errorf("%q: %d, by stat %d", name, ino, got)
			}
		}
		b = b[sizeDirent+n:]
	}
}
