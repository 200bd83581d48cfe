package wasi

import (
	"io/fs"
	"os"
)

// opening is what path_open asks for.
type opening struct {
	place
	follow      bool
	oflags      uint32
	fdflags     uint16
	read, write bool
}

func (s *System) pathOpen(c call, a []uint64) error {
	out, err := c.mem.view(ptr(a[8]), 4)
	if err != nil {
		return err
	}
	lookup, oflags, base, inherit, fdflags := uint32(a[1]), uint32(a[4]), a[5], a[6], uint32(a[7])
	if lookup&^lookupFollow != 0 || oflags&^uint32(oflagsAll) != 0 || fdflags&^uint32(flagsAll) != 0 {
		return EINVAL
	}
	right := rightPathOpen
	if oflags&oflagCreat != 0 {
		right |= rightPathCreateFile
	}
	if oflags&oflagTrunc != 0 {
		right |= rightPathFilestatSetSize
	}
	pl, err := s.place(c, a[0], a[2], a[3], right)
	if err != nil {
		return err
	}
	o := opening{
		place: pl, follow: lookup == lookupFollow, oflags: oflags, fdflags: uint16(fdflags),
		read: base&rightFdRead != 0, write: base&rightFdWrite != 0,
	}
	obj, err := o.open()
	if err != nil {
		return errnoOf(err)
	}
	d := &descriptor{obj: obj, base: base & rightsFile, inherit: inherit & rightsAll}
	d.flags.Store(fdflags)
	name := pl.full()
	switch obj := obj.(type) {
	case *dir:
		d.base, obj.path = base&rightsDir, name
	case *file:
		obj.path = name
		d.inherit = 0
	case *stream:
		d.base, d.inherit = base&rightsStream, 0
		obj.path = name
	}
	s.mu.Lock()
	n, err := s.fds.add(d)
	s.mu.Unlock()
	if err != nil {
		_ = obj.close()
		return err
	}
	putUint32(out, n)
	return nil
}

// open opens the host's file and finds out what it is.
func (o *opening) open() (object, error) {
	const excl = oflagCreat | oflagDirectory
	if o.oflags&excl == excl {
		return nil, EINVAL
	}
	if o.mount.readOnly && (o.write || o.oflags&(oflagCreat|oflagTrunc) != 0) {
		return nil, EPERM
	}
	f, err := o.openHost()
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	switch {
	case fi.IsDir():
		f.Close()
		return o.openDir()
	case o.oflags&oflagDirectory != 0 || o.slash:
		f.Close()
		return nil, ENOTDIR
	case fi.Mode().IsRegular():
		obj := &file{f: f, read: o.read, write: o.write, mount: o.mount}
		if err := obj.setAppend(o.fdflags&flagAppend != 0); err != nil {
			f.Close()
			return nil, err
		}
		return obj, nil
	}
	return deviceStream(f, fi, o.mount, o.read, o.write), nil
}

// openDir makes an object of a path that has been found to be a folder.
func (o *opening) openDir() (object, error) {
	if o.write {
		return nil, EISDIR
	}
	root, err := o.dir.root.OpenRoot(o.path)
	if err != nil {
		return nil, err
	}
	return &dir{mount: o.mount, root: root}, nil
}

// hostFlags are the flags for the host. A guest's open never waits for the other end of a pipe.
func (o *opening) hostFlags() int {
	flags := os.O_RDONLY
	if o.oflags&oflagDirectory != 0 {
		return flags | hostNonblock // whether it is one is found out later, the same on all hosts
	}
	if o.write || o.oflags&oflagTrunc != 0 {
		// Truncating needs the host's leave to write, whatever the guest may do with the descriptor.
		flags = os.O_RDWR
		if o.write && !o.read {
			flags = os.O_WRONLY
		}
	}
	if o.oflags&oflagCreat != 0 {
		flags |= os.O_CREATE
	}
	if o.oflags&oflagExcl != 0 {
		flags |= os.O_EXCL
	}
	if o.oflags&oflagTrunc != 0 {
		flags |= os.O_TRUNC
	}
	return flags | hostNonblock
}

// openHost opens the file. A symbolic link in the last place is followed on request, or where a slash stands after it.
func (o *opening) openHost() (*os.File, error) {
	if o.follow || o.slash || o.base == "." || o.base == ".." {
		return o.dir.root.OpenFile(o.path, o.hostFlags(), 0o666)
	}
	return hostOpenNofollow(&o.place, o.hostFlags(), 0o666)
}

// deviceStream makes an object of a file that is neither regular nor a folder.
func deviceStream(f *os.File, fi fs.FileInfo, m *mount, read, write bool) *stream {
	st := &stream{std: -1, typ: typeOfMode(fi.Mode()), f: f, mount: m}
	if read {
		st.in = newInput(f)
	}
	if write {
		st.out = f
	}
	return st
}
