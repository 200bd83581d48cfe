package wasi

import (
	"io"
	"math"
	"os"
	"sync"
)

// file is an open regular file. Its offset is kept here and not by the host: reads and writes name the place, so
// that the offset can be written down, and is the guest's own.
type file struct {
	f           *os.File
	read, write bool
	mount       *mount // both guarded by System.mu, as a rename changes them
	path        string // in the mount, for opening it again

	mu     sync.Mutex
	off    int64
	append bool
}

func (f *file) fileType() fileType { return typeRegular }
func (f *file) close() error       { return f.f.Close() }

// readAt reads into the buffers from off on, as far as the file goes.
func (f *file) readAt(v iovecs, off int64) (int, error) {
	total := 0
	for i := range v.len() {
		b := v.buf(i)
		b = b[:min(len(b), maxTransfer-total)]
		if len(b) == 0 {
			continue
		}
		n, err := f.f.ReadAt(b, off+int64(total))
		total += n
		if err != nil && err != io.EOF && total == 0 {
			return 0, err
		}
		if n < len(b) {
			break
		}
	}
	return total, nil
}

// writeAt writes the buffers from off on, or with off -1 to the end of the file.
func (f *file) writeAt(v iovecs, off int64) (int, error) {
	total := 0
	for i := range v.len() {
		b := v.buf(i)
		b = b[:min(len(b), maxTransfer-total)]
		if len(b) == 0 {
			continue
		}
		var n int
		var err error
		if off < 0 {
			n, err = f.appendEnd(b)
		} else {
			n, err = f.f.WriteAt(b, off+int64(total))
		}
		total += n
		if err != nil && total == 0 {
			return 0, err
		}
		if err != nil || n < len(b) {
			break
		}
	}
	return total, nil
}

// size is the file's size now.
func (f *file) size() (int64, error) { return f.f.Seek(0, io.SeekEnd) }

// seekLimit is the first offset that is none.
const seekLimit = math.MaxInt64

func (s *System) fdRead(c call, a []uint64) error {
	d, err := s.fd(a[0], rightFdRead)
	if err != nil {
		return err
	}
	v, err := c.mem.iovecs(ptr(a[1]), ptr(a[2]))
	if err != nil {
		return err
	}
	out, err := c.mem.view(ptr(a[3]), 4)
	if err != nil {
		return err
	}
	var n int
	switch o := d.obj.(type) {
	case *stream:
		if o.in == nil {
			return EBADF
		}
		if n, err = o.in.read(c.w, v, d.has(flagNonblock)); err != nil {
			return err // an Errno, or what Suspend gave
		}
	case *file:
		if !o.read {
			return EBADF
		}
		o.mu.Lock()
		n, err = o.readAt(v, o.off)
		o.off += int64(n)
		o.mu.Unlock()
		if err != nil {
			return errnoOf(err)
		}
	case *dir:
		return EISDIR
	default:
		return EBADF
	}
	putUint32(out, uint32(n))
	return nil
}

func (s *System) fdWrite(c call, a []uint64) error {
	d, err := s.fd(a[0], rightFdWrite)
	if err != nil {
		return err
	}
	v, err := c.mem.iovecs(ptr(a[1]), ptr(a[2]))
	if err != nil {
		return err
	}
	out, err := c.mem.view(ptr(a[3]), 4)
	if err != nil {
		return err
	}
	var n int
	switch o := d.obj.(type) {
	case *stream:
		n, err = o.write(v)
	case *file:
		if !o.write {
			return EBADF
		}
		n, err = o.writeOn(v)
		if err == nil && d.has(flagDsync|flagSync) {
			err = o.f.Sync()
		}
	default:
		return EBADF
	}
	if err != nil {
		return errnoOf(err)
	}
	putUint32(out, uint32(n))
	return nil
}

// writeOn writes at the offset, or at the end of a file that is appended to, and moves the offset behind it.
func (f *file) writeOn(v iovecs) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.append {
		if f.off > seekLimit-maxTransfer {
			return 0, EFBIG
		}
		n, err := f.writeAt(v, f.off)
		f.off += int64(n)
		return n, err
	}
	n, err := f.writeAt(v, -1)
	if err != nil {
		return 0, err
	}
	if f.off, err = f.f.Seek(0, io.SeekCurrent); err != nil {
		return 0, err
	}
	return n, nil
}

func (s *System) fdPread(c call, a []uint64) error {
	v, err := c.mem.iovecs(ptr(a[1]), ptr(a[2]))
	if err != nil {
		return err
	}
	out, err := c.mem.view(ptr(a[4]), 4)
	if err != nil {
		return err
	}
	_, f, err := s.regular(a[0], rightFdRead, EISDIR, ESPIPE)
	if err != nil {
		return err
	}
	if !f.read {
		return EBADF
	}
	if a[3] > seekLimit-maxTransfer {
		return EINVAL
	}
	n, err := f.readAt(v, int64(a[3]))
	if err != nil {
		return errnoOf(err)
	}
	putUint32(out, uint32(n))
	return nil
}

func (s *System) fdPwrite(c call, a []uint64) error {
	v, err := c.mem.iovecs(ptr(a[1]), ptr(a[2]))
	if err != nil {
		return err
	}
	out, err := c.mem.view(ptr(a[4]), 4)
	if err != nil {
		return err
	}
	d, f, err := s.regular(a[0], rightFdWrite, EBADF, ESPIPE)
	if err != nil {
		return err
	}
	if !f.write {
		return EBADF
	}
	if a[3] > seekLimit-maxTransfer {
		return EINVAL
	}
	n, err := f.writeAt(v, int64(a[3]))
	if err == nil && d.has(flagDsync|flagSync) {
		err = f.f.Sync()
	}
	if err != nil {
		return errnoOf(err)
	}
	putUint32(out, uint32(n))
	return nil
}

func (s *System) fdSeek(c call, a []uint64) error {
	out, err := c.mem.view(ptr(a[3]), 8)
	if err != nil {
		return err
	}
	_, f, err := s.regular(a[0], rightFdSeek, EBADF, ESPIPE)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var from int64
	switch uint32(a[2]) {
	case whenceSet:
	case whenceCur:
		from = f.off
	case whenceEnd:
		if from, err = f.size(); err != nil {
			return errnoOf(err)
		}
	default:
		return EINVAL
	}
	delta := int64(a[1])
	if delta > 0 && from > seekLimit-delta {
		return EOVERFLOW
	}
	if from+delta < 0 {
		return EINVAL
	}
	f.off = from + delta
	putUint64(out, uint64(f.off))
	return nil
}

func (s *System) fdTell(c call, a []uint64) error {
	out, err := c.mem.view(ptr(a[1]), 8)
	if err != nil {
		return err
	}
	_, f, err := s.regular(a[0], rightFdTell, EBADF, ESPIPE)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	putUint64(out, uint64(f.off))
	return nil
}

func (s *System) fdAdvise(c call, a []uint64) error {
	if uint32(a[3]) > adviceMax || a[1] > seekLimit || a[2] > seekLimit {
		return EINVAL
	}
	// The host knows best how it reads; that there is such a file is all that is checked.
	_, _, err := s.regular(a[0], rightFdAdvise, EBADF, ESPIPE)
	return err
}

func (s *System) fdAllocate(c call, a []uint64) error {
	_, f, err := s.regular(a[0], rightFdAllocate, EBADF, ESPIPE)
	if err != nil {
		return err
	}
	if !f.write {
		return EBADF
	}
	off, n := a[1], a[2]
	if n == 0 || off > seekLimit || n > seekLimit {
		return EINVAL
	}
	if off+n > seekLimit {
		return EFBIG
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := allocate(f, int64(off), int64(n)); err != nil {
		return errnoOf(err)
	}
	return nil
}

// grow makes the file reach to end at least.
func (f *file) grow(end int64) error {
	size, err := f.size()
	if err != nil || size >= end {
		return err
	}
	return f.f.Truncate(end)
}

func (s *System) fdSync(c call, a []uint64) error { return s.sync(a[0], rightFdSync) }

func (s *System) fdDatasync(c call, a []uint64) error { return s.sync(a[0], rightFdDatasync) }

// sync has the host write down what it keeps in memory. Data alone cannot be asked for portably, and is less.
func (s *System) sync(fd, right uint64) error {
	d, err := s.fd(fd, right)
	if err != nil {
		return err
	}
	switch o := d.obj.(type) {
	case *file:
		err = o.f.Sync()
	case *dir:
		err = o.sync()
	default:
		return EINVAL
	}
	if err != nil {
		return errnoOf(err)
	}
	return nil
}

func (s *System) fdFilestatSetSize(c call, a []uint64) error {
	_, f, err := s.regular(a[0], rightFdFilestatSetSize, EBADF, EINVAL)
	if err != nil {
		return err
	}
	if !f.write || a[1] > seekLimit {
		return EINVAL
	}
	if err := f.f.Truncate(int64(a[1])); err != nil {
		return errnoOf(err)
	}
	return nil
}
