package wasi

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// host calls the functions as a guest does, with a memory of its own and without an interpreter.
type host struct {
	t   *testing.T
	s   *System
	mem []byte
	w   fakeWaiter
}

// fakeWaiter is an interp.Caller: wake is what Interrupted gives, pending what the call before left.
type fakeWaiter struct {
	wake    chan struct{}
	pending []byte
	resumed bool
}

var errSuspend = errors.New("suspended")

func (w *fakeWaiter) Interrupted() <-chan struct{} { return w.wake }

func (w *fakeWaiter) Suspend(pending []byte) error {
	w.pending, w.resumed = pending, true
	return errSuspend
}

func (w *fakeWaiter) Resumed() ([]byte, bool) { return w.pending, w.resumed }

// Where the tests put things in guest memory.
const (
	atOut  = 0x100
	atOut2 = 0x180
	atIov  = 0x200
	atPath = 0x1000
	atPat2 = 0x3000
	atData = 0x8000
	memLen = 0x20000
)

func newHost(t *testing.T, c *Config) *host {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &host{t: t, s: s, mem: make([]byte, memLen), w: fakeWaiter{wake: make(chan struct{}, 1)}}
}

// dirHost has a mount "/" of a new folder at descriptor 3.
func dirHost(t *testing.T) (*host, string) {
	t.Helper()
	dir := t.TempDir()
	return newHost(t, NewConfig().WithDir(dir, "/", false)), dir
}

// try makes a call; err is what is not for the guest.
func (h *host) try(name string, args ...uint64) (Errno, error) {
	h.t.Helper()
	for i := range functions {
		f := &functions[i]
		if f.name != name {
			continue
		}
		a := make([]uint64, max(len(args), 1))
		copy(a, args)
		if len(args) != len(f.params) {
			h.t.Fatalf("%s takes %d arguments", name, len(f.params))
		}
		if f.call == nil {
			return ENOSYS, nil
		}
		err := answer(a, f.call(h.s, call{mem: h.mem, w: &h.w}, a))
		return Errno(a[0]), err
	}
	h.t.Fatalf("no function %s", name)
	return 0, nil
}

func (h *host) call(name string, args ...uint64) Errno {
	h.t.Helper()
	e, err := h.try(name, args...)
	if err != nil {
		h.t.Fatalf("%s: %v", name, err)
	}
	return e
}

// ok makes a call that must succeed.
func (h *host) ok(name string, args ...uint64) {
	h.t.Helper()
	if e := h.call(name, args...); e != Success {
		h.t.Fatalf("%s: %v", name, e)
	}
}

// want makes a call that must give e.
func (h *host) want(e Errno, name string, args ...uint64) {
	h.t.Helper()
	if got := h.call(name, args...); got != e {
		h.t.Errorf("%s: %v, want %v", name, got, e)
	}
}

func (h *host) u32(p int) uint32 { return binary.LittleEndian.Uint32(h.mem[p:]) }
func (h *host) u64(p int) uint64 { return binary.LittleEndian.Uint64(h.mem[p:]) }

// path puts a path into memory and returns pointer and size.
func (h *host) path(at int, p string) (uint64, uint64) {
	copy(h.mem[at:], p)
	return uint64(at), uint64(len(p))
}

// at makes the arguments of a path function: descriptor, path, and what follows.
func (h *host) at(fd uint64, p string, more ...uint64) []uint64 {
	ptr, n := h.path(atPath, p)
	return append([]uint64{fd, ptr, n}, more...)
}

const rw = rightFdRead | rightFdWrite | rightFdSeek | rightFdTell | rightFdFdstatSetFlags | rightFdFilestatSetSize

// open opens a path and returns its descriptor.
func (h *host) open(fd uint64, p string, oflags uint32, rights uint64, flags uint16) (uint64, Errno) {
	h.t.Helper()
	ptr, n := h.path(atPath, p)
	e := h.call("path_open", fd, uint64(lookupFollow), ptr, n, uint64(oflags), rights, rightsAll, uint64(flags), atOut)
	return uint64(h.u32(atOut)), e
}

func (h *host) mustOpen(fd uint64, p string, oflags uint32, rights uint64) uint64 {
	h.t.Helper()
	n, e := h.open(fd, p, oflags, rights, 0)
	if e != Success {
		h.t.Fatalf("open %q: %v", p, e)
	}
	return n
}

// vec puts vectors of the given sizes into memory, one behind the other from atData on.
func (h *host) vec(sizes ...int) (p, n uint64) {
	at := atData
	for i, size := range sizes {
		binary.LittleEndian.PutUint32(h.mem[atIov+8*i:], uint32(at))
		binary.LittleEndian.PutUint32(h.mem[atIov+8*i+4:], uint32(size))
		at += size
	}
	return atIov, uint64(len(sizes))
}

func (h *host) write(fd uint64, text string) Errno {
	h.t.Helper()
	copy(h.mem[atData:], text)
	p, n := h.vec(len(text))
	return h.call("fd_write", fd, p, n, atOut)
}

func (h *host) read(fd uint64, n int) (string, Errno) {
	h.t.Helper()
	p, c := h.vec(n)
	e := h.call("fd_read", fd, p, c, atOut)
	if e != Success {
		return "", e
	}
	return string(h.mem[atData:][:h.u32(atOut)]), e
}

// wantRead reads n bytes and compares.
func (h *host) wantRead(fd uint64, n int, want string) {
	h.t.Helper()
	if got, e := h.read(fd, n); got != want || e != Success {
		h.t.Errorf("read %q, %v; want %q", got, e, want)
	}
}

func (h *host) seek(fd uint64, off int64, whence uint64) uint64 {
	h.t.Helper()
	h.ok("fd_seek", fd, uint64(off), whence, atOut)
	return h.u64(atOut)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func symlink(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skipf("this host makes no symbolic links: %v", err)
	}
}

// slowReader gives what is sent to it, and nothing before.
type slowReader struct {
	ch   chan string
	rest string
}

func (r *slowReader) Read(b []byte) (int, error) {
	if r.rest == "" {
		s, ok := <-r.ch
		if !ok {
			return 0, io.EOF
		}
		r.rest = s
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// travel saves the state and restores it in a new System of c.
func (h *host) travel(c *Config) (*host, error) {
	h.t.Helper()
	version, data, err := h.s.SaveState()
	if err != nil {
		return nil, err
	}
	to := newHost(h.t, c)
	copy(to.mem, h.mem)
	return to, to.s.RestoreState(version, data)
}

func (h *host) mustTravel(c *Config) *host {
	h.t.Helper()
	to, err := h.travel(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return to
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func long(n int) string { return strings.Repeat("x", n) }
