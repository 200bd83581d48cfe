package wasi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Errors of SaveState, each inside a *SaveError.
var (
	// ErrFileMoved: an open file has another name than the one it was opened by, which the guest has not given it.
	ErrFileMoved = errors.New("the file is no longer under the name it was opened by")
	// ErrTooLarge: the contents of unlinked open files are more than Config.WithUnlinkedLimit allows.
	ErrTooLarge = errors.New("unlinked files are too large")
)

// SaveError says that a file which the guest has open cannot be written down.
type SaveError struct {
	FD     uint32
	Path   string // as the guest sees it
	Reason error
}

func (e *SaveError) Error() string {
	return fmt.Sprintf("wasi: descriptor %d, %s: %v", e.FD, e.Path, e.Reason)
}

func (e *SaveError) Unwrap() error { return e.Reason }

// SaveState implements interp.Resource. The error joins a *SaveError for each file that cannot be written down.
func (s *System) SaveState() (version uint32, data []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := saved{
		args: s.args, env: s.env,
		deterministic: s.clock.deterministic, start: s.clock.start, monotonic: s.clock.freeze(),
		stdin: s.stdio[0].in.freeze(), stdinAt: s.stdio[0].in.place(),
	}
	if v.random, err = s.random.freeze(); err != nil {
		return 0, nil, err
	}
	sv := saver{saved: &v, limit: s.cfg.embed, hash: s.cfg.hash}
	var errs []error
	for n, d := range s.fds.fds {
		if d == nil {
			continue
		}
		f := savedFD{
			fd: uint64(n), base: d.base, inherit: d.inherit, dropped: d.dropped, flags: uint64(d.flags.Load()),
		}
		if m, p := d.place(); m != nil {
			f.mount, f.path = (*m).guest, *p
		}
		if err := sv.object(&f, d.obj); err != nil {
			errs = append(errs, &SaveError{FD: uint32(n), Path: f.where(), Reason: err})
		}
		v.fds = append(v.fds, f)
	}
	if err := errors.Join(errs...); err != nil {
		return 0, nil, err
	}
	return stateVersion, v.encode(), nil
}

// where is the path as the guest sees it.
func (f *savedFD) where() string {
	switch {
	case f.mount == "":
		return ""
	case f.path == ".":
		return f.mount
	case f.mount == "/":
		return "/" + f.path
	}
	return f.mount + "/" + f.path
}

// saver fills in what depends on the kind of object.
type saver struct {
	*saved
	limit int64
	hash  bool
	// unlinked are the files whose contents have been taken, in the order of saved.contents.
	unlinked []fs.FileInfo
}

func (sv *saver) object(f *savedFD, o object) error {
	switch o := o.(type) {
	case *broken:
		f.kind, f.errno, f.typ = savedBroken, uint64(o.errno), byte(o.was)
	case *stream:
		if o.std >= 0 {
			f.kind, f.std = savedStdio, byte(o.std)
			return nil
		}
		f.kind, f.read, f.write = savedDevice, o.in != nil, o.out != nil
		if o.in != nil {
			f.input = o.in.freeze()
		}
	case *dir:
		f.kind, f.preopen = savedDir, o.preopen
		if !o.read {
			f.list = o.list
		}
		if _, err := o.mount.root.Stat(f.path); errors.Is(err, fs.ErrNotExist) {
			// Removed while open: nothing can be done with it, here or elsewhere.
			f.kind, f.errno, f.typ = savedBroken, uint64(ENOENT), byte(typeDirectory)
		}
	case *file:
		f.read, f.write, f.offset = o.read, o.write, o.off
		return sv.file(f, o)
	}
	return nil
}

// file takes the fingerprint of a file, or the contents of one that has no name any more.
func (sv *saver) file(f *savedFD, o *file) error {
	fi, err := o.f.Stat()
	if err != nil {
		return err
	}
	gone, err := o.unlinked(fi)
	if err != nil {
		return err
	}
	if gone {
		f.kind = savedUnlinked
		f.content, err = sv.embed(o.f, fi)
		return err
	}
	f.kind, f.size, f.mtime = savedFile, fi.Size(), fi.ModTime().UnixNano()
	if sv.hash {
		f.hash, err = hashFile(o.mount.root, f.path)
	}
	return err
}

// unlinked tells whether no name leads to the file any more. On a host that counts no links that is taken from its
// own name leading elsewhere.
func (f *file) unlinked(fi fs.FileInfo) (bool, error) {
	if f.mount.root == nil {
		return true, nil // it had none when it was restored
	}
	named, err := f.mount.root.Stat(f.path)
	if err == nil && os.SameFile(named, fi) {
		return false, nil
	}
	var st filestat
	if hostStat(&st, fi) && st.nlink > 0 {
		return false, ErrFileMoved
	}
	return true, nil
}

// embed takes the contents of an unlinked file, once for all descriptors of it, and returns their index.
func (sv *saver) embed(f *os.File, fi fs.FileInfo) (uint64, error) {
	for i, have := range sv.unlinked {
		if os.SameFile(have, fi) {
			return uint64(i), nil
		}
	}
	if fi.Size() > sv.limit {
		return 0, fmt.Errorf("%w: %d bytes, %d may be taken", ErrTooLarge, fi.Size(), sv.limit)
	}
	b := make([]byte, fi.Size())
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	sv.limit -= int64(n)
	sv.unlinked = append(sv.unlinked, fi)
	sv.contents = append(sv.contents, b[:n])
	return uint64(len(sv.contents) - 1), nil
}

// hashFile is the SHA-256 of a file's contents.
func hashFile(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
