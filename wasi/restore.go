package wasi

import (
	"bytes"
	"errors"
	"fmt"
	chacha "math/rand/v2"
	"os"
	"time"
)

// Reasons why RestoreState cannot have an open file again, each inside a *ReopenError.
var (
	// ErrNotMounted: the Config has no mount of that name.
	ErrNotMounted = errors.New("not mounted")
	// ErrFileGone: nothing of that name can be opened.
	ErrFileGone = errors.New("the file is gone")
	// ErrFileChanged: the file is not what it was.
	ErrFileChanged = errors.New("the file has changed")
	// ErrNotWritable: the guest had the file open for writing, and it cannot be opened so.
	ErrNotWritable = errors.New("the file cannot be written to")
)

// ReopenError says that an open file of the saved program cannot be had again.
type ReopenError struct {
	FD     uint32
	Path   string // as the guest sees it
	Reason error
}

func (e *ReopenError) Error() string {
	return fmt.Sprintf("wasi: descriptor %d, %s: %v", e.FD, e.Path, e.Reason)
}

func (e *ReopenError) Unwrap() error { return e.Reason }

// RestoreState implements interp.Resource: the System becomes what it was when SaveState was called, with the mounts
// and streams of its own Config. Mounts are found by their guest names. Arguments, environment, clocks and
// deterministic randomness are the saved program's. The error joins a *ReopenError for each file that cannot be had
// again, and the System is unchanged then.
func (s *System) RestoreState(version uint32, data []byte) error {
	v, err := decodeSaved(version, data)
	if err != nil {
		return err
	}
	random := s.random
	if len(v.random) > 0 {
		random = &randomSource{seeded: new(chacha.ChaCha8)}
		if err := random.seeded.UnmarshalBinary(v.random); err != nil {
			return fmt.Errorf("wasi: %w: random: %v", ErrMalformed, err)
		}
	}
	r := reopener{s: s, v: v}
	defer r.forgetContents()
	fds, err := r.table()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.fds.fds {
		if d != nil {
			_ = d.obj.close()
		}
	}
	s.fds, s.args, s.env, s.random = fds, v.args, v.env, random
	if v.deterministic {
		s.clock.deterministic, s.clock.start = true, v.start
	}
	s.clock.thaw(v.monotonic)
	s.stdio[0].in.thaw(v.stdin)
	s.stdio[0].in.goTo(v.stdinAt)
	return nil
}

// reopener makes objects of saved descriptors.
type reopener struct {
	s *System
	v *saved
	// temps are the names of the temporary files that hold the contents of unlinked ones, by index; "" for none yet.
	temps []string
}

// table opens everything, and nothing if not everything can be opened.
func (r *reopener) table() (fdTable, error) {
	var t fdTable
	var errs []error
	for i := range r.v.fds {
		f := &r.v.fds[i]
		obj, err := r.object(f)
		if err != nil && r.s.cfg.policy == ReopenEIO {
			obj, err = &broken{errno: EIO, was: f.typeOf()}, nil
		}
		if err != nil {
			errs = append(errs, &ReopenError{FD: uint32(f.fd), Path: f.where(), Reason: err})
			continue
		}
		d := &descriptor{obj: obj, base: f.base, inherit: f.inherit, dropped: f.dropped}
		d.flags.Store(uint32(f.flags))
		t.put(int(f.fd), d)
	}
	err := errors.Join(errs...)
	if err != nil {
		for _, d := range t.fds {
			if d != nil {
				_ = d.obj.close()
			}
		}
	}
	return t, err
}

// typeOf is the type of file that a descriptor is known to have had.
func (f *savedFD) typeOf() fileType {
	switch f.kind {
	case savedFile, savedUnlinked:
		return typeRegular
	case savedDir:
		return typeDirectory
	}
	return typeUnknown
}

func (r *reopener) object(f *savedFD) (object, error) {
	switch f.kind {
	case savedStdio:
		return r.s.stdio[f.std], nil
	case savedBroken:
		return &broken{errno: Errno(f.errno), was: fileType(f.typ)}, nil
	case savedUnlinked:
		return r.unlinked(f)
	}
	m := r.mount(f.mount)
	if m == nil {
		return nil, ErrNotMounted
	}
	if f.kind == savedDir {
		return r.dir(f, m)
	}
	return r.file(f, m)
}

// mount finds the mount that the guest knows by that name.
func (r *reopener) mount(guest string) *mount {
	for _, m := range r.s.mounts {
		if m.guest == guest {
			return m
		}
	}
	return nil
}

func (r *reopener) dir(f *savedFD, m *mount) (object, error) {
	d := &dir{mount: m, path: f.path, root: m.root, preopen: f.preopen, list: f.list}
	if f.preopen {
		d.path = "."
		return d, nil
	}
	root, err := m.root.OpenRoot(f.path)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFileGone, err)
	}
	d.root = root
	return d, nil
}

func (r *reopener) file(f *savedFD, m *mount) (object, error) {
	if f.write && m.readOnly {
		return nil, fmt.Errorf("%w: the mount is read-only", ErrNotWritable)
	}
	flags := os.O_RDONLY
	if f.write {
		flags = os.O_WRONLY
		if f.read {
			flags = os.O_RDWR
		}
	}
	h, err := m.root.OpenFile(f.path, flags|hostNonblock, 0)
	if f.write && errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%w: %v", ErrNotWritable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFileGone, err)
	}
	fi, err := h.Stat()
	if err == nil && fi.Mode().IsRegular() != (f.kind == savedFile) || err == nil && fi.IsDir() {
		err = fmt.Errorf("%w: it is another type of file", ErrFileChanged)
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	if f.kind == savedDevice {
		st := deviceStream(h, fi, m, f.read, f.write)
		st.path = f.path
		if st.in != nil {
			st.in.thaw(f.input)
		}
		return st, nil
	}
	if r.s.cfg.policy != ReopenAdopt {
		if err := f.recognise(fi, m); err != nil {
			h.Close()
			return nil, err
		}
	}
	return r.opened(f, h, m)
}

// opened makes an object of an open regular file.
func (r *reopener) opened(f *savedFD, h *os.File, m *mount) (object, error) {
	o := &file{f: h, read: f.read, write: f.write, mount: m, path: f.path, off: f.offset}
	if err := o.setAppend(uint16(f.flags)&flagAppend != 0); err != nil {
		h.Close()
		return nil, err
	}
	return o, nil
}

// recognise compares a file with its fingerprint. Where there is a hash, it alone decides: a file that was copied to
// another machine need not have kept its time.
func (f *savedFD) recognise(fi os.FileInfo, m *mount) error {
	if fi.Size() != f.size {
		return fmt.Errorf("%w: it had %d bytes and has %d", ErrFileChanged, f.size, fi.Size())
	}
	if len(f.hash) > 0 {
		hash, err := hashFile(m.root, f.path)
		if err == nil && !bytes.Equal(hash, f.hash) {
			err = fmt.Errorf("%w: it has another SHA-256", ErrFileChanged)
		}
		return err
	}
	if then, now := time.Unix(0, f.mtime), fi.ModTime(); !sameTime(then, now) {
		return fmt.Errorf("%w: it was modified %s, and before %s", ErrFileChanged,
			now.UTC().Format(time.RFC3339Nano), then.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

// sameTime compares times of modification. Not every file system and copying tool keeps more than seconds.
func sameTime(a, b time.Time) bool {
	if a.Nanosecond() == 0 || b.Nanosecond() == 0 {
		return a.Unix() == b.Unix()
	}
	return a.Equal(b)
}

// unlinked makes a file without a name of its saved contents.
func (r *reopener) unlinked(f *savedFD) (object, error) {
	if r.temps == nil {
		r.temps = make([]string, len(r.v.contents))
	}
	name := &r.temps[f.content]
	if *name == "" {
		t, err := os.CreateTemp("", "unlinked-*")
		if err != nil {
			return nil, err
		}
		*name = t.Name()
		_, err = t.Write(r.v.contents[f.content])
		if err := errors.Join(err, t.Close()); err != nil {
			return nil, err
		}
	}
	h, err := os.OpenFile(*name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	m := &mount{guest: f.mount}
	if have := r.mount(f.mount); have != nil {
		m.host, m.readOnly = have.host, have.readOnly
	}
	return r.opened(f, h, m)
}

// forgetContents takes the names off the temporary files: they last as long as they are open. Hosts that cannot do
// that keep them in their folder for temporary files.
func (r *reopener) forgetContents() {
	for _, name := range r.temps {
		if name != "" {
			_ = os.Remove(name)
		}
	}
}
