//go:build darwin || freebsd

package wasi

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// omitTime leaves a time as it is.
var omitTime = unix.Timespec{Nsec: utimeOmit}

// fileTimes sets times of an open file, as exactly as the host has a portable call for: to the microsecond.
func fileTimes(f *os.File, _ *mount, _ string, t setTimes) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if t.access.IsZero() {
		var st filestat
		hostStat(&st, fi)
		t.access = time.Unix(0, int64(st.atime))
	}
	if t.mod.IsZero() {
		t.mod = fi.ModTime()
	}
	return unix.Futimes(int(f.Fd()), []unix.Timeval{
		unix.NsecToTimeval(t.access.UnixNano()), unix.NsecToTimeval(t.mod.UnixNano()),
	})
}

// allocate makes the file reach as far as asked for; the host has no call that also reserves the room.
func allocate(f *file, off, n int64) error { return f.grow(off + n) }

func isTerminal(f *os.File) bool {
	conn, err := f.SyscallConn() // Fd would take the file out of the poller
	if err != nil {
		return false
	}
	is := false
	_ = conn.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), unix.TIOCGETA)
		is = err == nil
	})
	return is
}

func hostStat(st *filestat, fi fs.FileInfo) bool {
	h, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	st.dev, st.ino, st.nlink = uint64(h.Dev), uint64(h.Ino), uint64(h.Nlink)
	st.atime = timespec(int64(h.Atimespec.Sec), int64(h.Atimespec.Nsec))
	st.mtime = timespec(int64(h.Mtimespec.Sec), int64(h.Mtimespec.Nsec))
	st.ctime = timespec(int64(h.Ctimespec.Sec), int64(h.Ctimespec.Nsec))
	return true
}
