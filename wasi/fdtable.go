package wasi

import "sync/atomic"

// descriptor is what a number of the guest's stands for: an open object and what may be done with it.
//
// base and inherit are kept and reported as preview 1 has it, and can only shrink. What is enforced is less: whether a
// file may be read and written, which path_open takes from its rights as all hosts do, and whatever a guest gave up
// with fd_fdstat_set_rights (dropped). A right that a guest did not ask for when it opened a folder is not missed,
// because guests of today no longer ask.
type descriptor struct {
	obj                    object
	base, inherit, dropped uint64
	// flags are fdflags; they change while other threads use the descriptor.
	flags atomic.Uint32
}

// object is an open thing: *stream, *file, *dir, *broken.
type object interface {
	fileType() fileType
	close() error
}

// broken stands for an object that could not be had again after a restore. All that can be done is to close it.
type broken struct {
	errno Errno
	was   fileType
}

func (b *broken) fileType() fileType { return b.was }
func (b *broken) close() error       { return nil }

// has tells whether a flag is set.
func (d *descriptor) has(flag uint16) bool { return uint16(d.flags.Load())&flag != 0 }

// fdTable is the guest's descriptors by number. It is guarded by System.mu.
type fdTable struct {
	fds []*descriptor
	// low is a number below which none is free.
	low int
}

// get finds descriptor n.
func (t *fdTable) get(n uint32) *descriptor {
	if uint64(n) >= uint64(len(t.fds)) {
		return nil
	}
	return t.fds[n]
}

// free finds the lowest free number. It does not take it.
func (t *fdTable) free() (int, error) {
	for t.low < len(t.fds) && t.fds[t.low] != nil {
		t.low++
	}
	if t.low >= maxFDs {
		return 0, EMFILE
	}
	return t.low, nil
}

// add gives d the lowest free number.
func (t *fdTable) add(d *descriptor) (uint32, error) {
	n, err := t.free()
	if err != nil {
		return 0, err
	}
	t.put(n, d)
	return uint32(n), nil
}

// put gives d the number n, which is free and less than maxFDs.
func (t *fdTable) put(n int, d *descriptor) {
	for len(t.fds) <= n {
		t.fds = append(t.fds, nil)
	}
	t.fds[n] = d
}

// take removes descriptor n and returns it.
func (t *fdTable) take(n uint32) *descriptor {
	d := t.get(n)
	if d != nil {
		t.fds[n] = nil
		t.low = min(t.low, int(n))
	}
	return d
}

// fd finds the descriptor of an argument for a use that needs right.
func (s *System) fd(arg uint64, right uint64) (*descriptor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.fds.get(uint32(arg))
	if d == nil {
		return nil, EBADF
	}
	if b, ok := d.obj.(*broken); ok {
		return nil, b.errno
	}
	if d.dropped&right != 0 {
		return nil, ENOTCAPABLE
	}
	return d, nil
}

// regular finds the file of an argument. A folder gives isDir, a stream ESPIPE or what notFile says.
func (s *System) regular(arg, right uint64, isDir, notFile Errno) (*descriptor, *file, error) {
	d, err := s.fd(arg, right)
	if err != nil {
		return nil, nil, err
	}
	switch o := d.obj.(type) {
	case *file:
		return d, o, nil
	case *dir:
		return nil, nil, isDir
	}
	return nil, nil, notFile
}

func (s *System) fdClose(c call, a []uint64) error {
	s.mu.Lock()
	d := s.fds.take(uint32(a[0]))
	s.mu.Unlock()
	if d == nil {
		return EBADF
	}
	if err := d.obj.close(); err != nil {
		return errnoOf(err)
	}
	return nil
}

func (s *System) fdRenumber(c call, a []uint64) error {
	from, to := uint32(a[0]), uint32(a[1])
	s.mu.Lock()
	if s.fds.get(from) == nil || s.fds.get(to) == nil {
		s.mu.Unlock()
		return EBADF
	}
	if from == to {
		s.mu.Unlock()
		return nil
	}
	old := s.fds.take(to)
	s.fds.put(int(to), s.fds.take(from))
	s.mu.Unlock()
	// As with dup2, an error of closing what was there is lost: the renumbering has been done.
	_ = old.obj.close()
	return nil
}

func (s *System) fdFdstatGet(c call, a []uint64) error {
	out, err := c.mem.view(ptr(a[1]), sizeFdstat)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.fds.get(uint32(a[0]))
	if d == nil {
		return EBADF
	}
	clear(out)
	out[0] = byte(d.obj.fileType())
	putUint16(out[2:], uint16(d.flags.Load()))
	putUint64(out[8:], d.base)
	putUint64(out[16:], d.inherit)
	return nil
}

func (s *System) fdFdstatSetFlags(c call, a []uint64) error {
	flags := uint32(a[1])
	if flags&^uint32(flagsAll) != 0 {
		return EINVAL
	}
	d, err := s.fd(a[0], rightFdFdstatSetFlags)
	if err != nil {
		return err
	}
	if f, ok := d.obj.(*file); ok {
		if err := f.setAppend(uint16(flags)&flagAppend != 0); err != nil {
			return errnoOf(err)
		}
	}
	d.flags.Store(flags)
	return nil
}

func (s *System) fdFdstatSetRights(c call, a []uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.fds.get(uint32(a[0]))
	if d == nil {
		return EBADF
	}
	base, inherit := a[1], a[2]
	if base&^d.base != 0 || inherit&^d.inherit != 0 {
		return ENOTCAPABLE
	}
	d.dropped |= d.base &^ base
	d.base, d.inherit = base, inherit
	return nil
}
