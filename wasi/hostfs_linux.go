package wasi

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// omitTime leaves a time as it is.
var omitTime = unix.Timespec{Nsec: unix.UTIME_OMIT}

// fileTimes sets times of an open file. AT_EMPTY_PATH has been known since Linux 5.8.
func fileTimes(f *os.File, _ *mount, _ string, t setTimes) error {
	ts, err := t.timespecs()
	if err != nil {
		return err
	}
	err = unix.UtimesNanoAt(int(f.Fd()), "", ts[:], unix.AT_EMPTY_PATH)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		err = unix.UtimesNanoAt(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(int(f.Fd())), ts[:], 0)
	}
	return err
}

// allocate makes sure that there is room on the host for n bytes from off on.
func allocate(f *file, off, n int64) error {
	err := unix.Fallocate(int(f.f.Fd()), 0, off, n)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return f.grow(off + n)
	}
	return err
}

func isTerminal(f *os.File) bool {
	conn, err := f.SyscallConn() // Fd would take the file out of the poller
	if err != nil {
		return false
	}
	is := false
	_ = conn.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
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
	st.atime = timespec(int64(h.Atim.Sec), int64(h.Atim.Nsec))
	st.mtime = timespec(int64(h.Mtim.Sec), int64(h.Mtim.Nsec))
	st.ctime = timespec(int64(h.Ctim.Sec), int64(h.Ctim.Nsec))
	return true
}

// linuxTypes translates d_type (getdents64(2)).
var linuxTypes = [...]fileType{
	unix.DT_BLK: typeBlockDevice, unix.DT_CHR: typeCharDevice, unix.DT_DIR: typeDirectory,
	unix.DT_LNK: typeSymlink, unix.DT_REG: typeRegular, unix.DT_SOCK: typeSocketStream,
}

// readEntries reads a folder with getdents64, which gives numbers and types at once; os gives no numbers.
func readEntries(f *os.File) ([]dirEntry, error) {
	var list []dirEntry
	buf := make([]byte, 32<<10)
	for {
		n, err := unix.Getdents(int(f.Fd()), buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return list, nil
		}
		list = parseEntries(list, buf[:n])
	}
}

// parseEntries reads struct linux_dirent64: number, offset, length of the record, type, name with a zero byte.
func parseEntries(list []dirEntry, b []byte) []dirEntry {
	const head = 8 + 8 + 2 + 1
	for len(b) >= head {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size < head || size > len(b) {
			return list
		}
		rec := b[:size]
		b = b[size:]
		e := dirEntry{ino: binary.NativeEndian.Uint64(rec), name: cString(rec[head:])}
		if t := int(rec[18]); t < len(linuxTypes) {
			e.typ = linuxTypes[t]
		}
		if e.name != "." && e.name != ".." {
			list = append(list, e)
		}
	}
	return list
}

// cString is the text before the first zero byte.
func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
