package wasi

import (
	"io/fs"
	"math"
	"os"
	"time"
)

// filestat is what preview 1 tells of a file. Times are in nanoseconds since 1970.
type filestat struct {
	dev, ino            uint64
	typ                 fileType
	nlink, size         uint64
	atime, mtime, ctime uint64
}

// put writes the record into guest memory.
func (f *filestat) put(out []byte) {
	clear(out)
	putUint64(out, f.dev)
	putUint64(out[8:], f.ino)
	out[16] = byte(f.typ)
	putUint64(out[24:], f.nlink)
	putUint64(out[32:], f.size)
	putUint64(out[40:], f.atime)
	putUint64(out[48:], f.mtime)
	putUint64(out[56:], f.ctime)
}

// statOf makes the record from what the host tells. name stands for the file where the host numbers none.
func statOf(fi fs.FileInfo, name string) filestat {
	t := unixNano(fi.ModTime())
	st := filestat{typ: typeOfMode(fi.Mode()), nlink: 1, atime: t, mtime: t, ctime: t}
	if n := fi.Size(); n > 0 {
		st.size = uint64(n)
	}
	if !hostStat(&st, fi) {
		st.dev, st.ino = 1, nameNumber(name)
	}
	return st
}

// nameNumber makes a file's number of its name (FNV-1a), for hosts without such numbers.
func nameNumber(name string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return h
}

// unixNano is the time in nanoseconds since 1970; preview 1 knows none before.
func unixNano(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// timespec is a time as the host's calls give it.
func timespec(sec, nsec int64) uint64 { return uint64(max(sec*1e9+nsec, 0)) }

func typeOfMode(m fs.FileMode) fileType {
	switch {
	case m.IsRegular():
		return typeRegular
	case m.IsDir():
		return typeDirectory
	case m&fs.ModeSymlink != 0:
		return typeSymlink
	case m&fs.ModeCharDevice != 0:
		return typeCharDevice
	case m&fs.ModeDevice != 0:
		return typeBlockDevice
	case m&fs.ModeSocket != 0:
		return typeSocketStream
	}
	return typeUnknown
}

func (s *System) fdFilestatGet(c call, a []uint64) error {
	out, err := c.mem.view(ptr(a[1]), sizeFilestat)
	if err != nil {
		return err
	}
	d, err := s.fd(a[0], rightFdFilestatGet)
	if err != nil {
		return err
	}
	var fi fs.FileInfo
	switch o := d.obj.(type) {
	case *file:
		fi, err = o.f.Stat()
	case *dir:
		fi, err = o.root.Stat(".")
	case *stream:
		if o.f == nil {
			st := filestat{typ: o.typ}
			st.put(out)
			return nil
		}
		fi, err = o.f.Stat()
	}
	if err != nil {
		return errnoOf(err)
	}
	m, name := s.placeOf(d)
	st := statOf(fi, m.guest+"/"+name)
	st.put(out)
	return nil
}

// setTimes are the times to set; a zero one stays as it is.
type setTimes struct{ access, mod time.Time }

// times reads the arguments of the functions that set times.
func (s *System) times(atim, mtim uint64, flags uint32) (setTimes, error) {
	var t setTimes
	const a, m = fstAtim | fstAtimNow, fstMtim | fstMtimNow
	if flags&^uint32(fstAll) != 0 || flags&a == a || flags&m == m {
		return t, EINVAL
	}
	if flags&fstAtim != 0 && atim > math.MaxInt64 || flags&fstMtim != 0 && mtim > math.MaxInt64 {
		return t, EINVAL
	}
	now := time.Time{}
	if flags&(fstAtimNow|fstMtimNow) != 0 {
		now = s.clock.now()
	}
	switch flags & a {
	case fstAtim:
		t.access = time.Unix(0, int64(atim))
	case fstAtimNow:
		t.access = now
	}
	switch flags & m {
	case fstMtim:
		t.mod = time.Unix(0, int64(mtim))
	case fstMtimNow:
		t.mod = now
	}
	return t, nil
}

func (s *System) fdFilestatSetTimes(c call, a []uint64) error {
	t, err := s.times(a[1], a[2], uint32(a[3]))
	if err != nil {
		return err
	}
	d, err := s.fd(a[0], rightFdFilestatSetTimes)
	if err != nil {
		return err
	}
	var f *os.File
	m, name := s.placeOf(d)
	if m == nil {
		return EBADF
	}
	if m.readOnly {
		return EPERM
	}
	if t.access.IsZero() && t.mod.IsZero() {
		return nil
	}
	switch o := d.obj.(type) {
	case *file:
		f = o.f
	case *dir:
		return okOr(o.root.Chtimes(".", t.access, t.mod))
	case *stream:
		f = o.f
	}
	return okOr(fileTimes(f, m, name, t))
}
