//go:build linux || darwin || freebsd

package wasi

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// A named pipe in a mount is a stream: opening it does not wait, reading does, and it travels.
func TestNamedPipe(t *testing.T) {
	h, dir := dirHost(t)
	if err := syscall.Mkfifo(dir+"/fifo", 0o666); err != nil {
		t.Fatal(err)
	}
	h.wantOpen(t, "fifo", rightFdWrite, ENXIO)
	fd := h.mustOpen(3, "fifo", 0, rightFdRead|rightFdSeek)
	w, err := os.OpenFile(dir+"/fifo", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	h.want(ESPIPE, "fd_seek", fd, 0, 0, atOut)
	if got := h.poll(fdSub{eventRead, uint32(fd)}, clockSub{1, time.Millisecond, false}); got[0] != "101 type 0 SUCCESS bytes 0 flags 0" {
		t.Errorf("%q", got)
	}
	w.WriteString("hello")
	h.poll(fdSub{eventRead, uint32(fd)})
	h.wantRead(fd, 3, "hel")
	old := h.s
	h = h.mustTravel(h.s.cfg)
	old.Close()
	h.wantRead(fd, 10, "lo")
	w.WriteString("again")
	h.wantRead(fd, 10, "again")
}

func (h *host) wantOpen(t *testing.T, name string, rights uint64, want Errno) {
	t.Helper()
	if _, e := h.open(3, name, 0, rights, 0); e != want {
		t.Errorf("open %s: %v, want %v", name, e, want)
	}
}

func TestDeviceInAMount(t *testing.T) {
	h := newHost(t, NewConfig().WithDir("/dev", "/dev", false))
	fd := h.mustOpen(3, "null", 0, rightFdRead|rightFdWrite)
	h.ok("fd_filestat_get", fd, atOut)
	if h.mem[atOut+16] != byte(typeCharDevice) {
		t.Errorf("type %d", h.mem[atOut+16])
	}
	h.wantRead(fd, 10, "")
	if e := h.write(fd, "x"); e != Success {
		t.Errorf("%v", e)
	}
	zero := h.mustOpen(3, "zero", 0, rightFdRead)
	h.wantRead(zero, 2, "\x00\x00")
}
