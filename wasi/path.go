package wasi

import (
	"os"
	"path"
	"strings"
)

// place is what a path argument names: a path relative to an open folder, and split in the last component and what is
// before it, for the functions that change a folder.
type place struct {
	dir    *dir
	mount  *mount // of dir, and at is dir's path there, both when the call was made
	at     string
	path   string // as the guest gave it
	parent string // "." or the path of the folder that base is in
	base   string // the last component, without slashes; may be "." or ".."
	slash  bool   // the path ends in a slash: it means a folder
}

// place reads a path argument: a descriptor, and a pointer and size.
func (s *System) place(c call, fd, p, n, right uint64) (place, error) {
	name, err := c.mem.path(ptr(p), ptr(n))
	if err != nil {
		return place{}, err
	}
	d, err := s.fd(fd, right)
	if err != nil {
		return place{}, err
	}
	o, ok := d.obj.(*dir)
	if !ok {
		return place{}, ENOTDIR
	}
	pl, err := split(name)
	pl.dir = o
	pl.mount, pl.at = s.placeOf(d)
	return pl, err
}

// split takes a path apart. One from the root on leads out of the folder it is relative to.
func split(name string) (place, error) {
	if name[0] == '/' {
		return place{}, EPERM
	}
	trimmed := strings.TrimRight(name, "/")
	pl := place{path: name, parent: ".", base: trimmed, slash: len(trimmed) < len(name)}
	if i := strings.LastIndexByte(trimmed, '/'); i >= 0 {
		pl.parent, pl.base = strings.TrimRight(trimmed[:i], "/"), trimmed[i+1:]
	}
	return pl, nil
}

// changing reads a path argument of a function that changes the folder.
func (s *System) changing(c call, fd, p, n, right uint64) (place, error) {
	pl, err := s.place(c, fd, p, n, right)
	if err == nil && pl.mount.readOnly {
		err = EPERM
	}
	return pl, err
}

// full is the path in the mount. It is cleaned only where that cannot change what it means: "a/.." is not "." if a is
// a symbolic link.
func (pl *place) full() string {
	p := pl.at + "/" + pl.path
	if dotdot(p) {
		return strings.TrimPrefix(p, "./")
	}
	return path.Clean(p)
}

// dotdot tells whether a component of p is "..".
func dotdot(p string) bool {
	for c := range strings.SplitSeq(p, "/") {
		if c == ".." {
			return true
		}
	}
	return false
}

// above answers for a last component "..", which none of the functions that change a folder can have: whether it leads
// out comes first, then what the function says to it.
func (pl *place) above(otherwise Errno) error {
	if pl.base != ".." {
		return nil
	}
	if _, err := pl.dir.root.Stat(pl.path); err != nil {
		return err
	}
	return otherwise
}

// lstat is the file itself, without regard to a slash at the end.
func (pl *place) lstat() (os.FileInfo, error) {
	return pl.dir.root.Lstat(path.Join(pl.parent, pl.base))
}

// mustBeDir makes the slash at the end of a path mean a folder.
func (pl *place) mustBeDir() error {
	if !pl.slash {
		return nil
	}
	fi, err := pl.lstat()
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return ENOTDIR
	}
	return nil
}

func (s *System) pathCreateDirectory(c call, a []uint64) error {
	pl, err := s.changing(c, a[0], a[1], a[2], rightPathCreateDirectory)
	if err != nil {
		return err
	}
	if err := pl.dir.root.Mkdir(pl.path, 0o777); err != nil {
		return errnoOf(err)
	}
	return nil
}

func (s *System) pathRemoveDirectory(c call, a []uint64) error {
	pl, err := s.changing(c, a[0], a[1], a[2], rightPathRemoveDirectory)
	if err != nil {
		return err
	}
	if pl.base == "." {
		return EINVAL
	}
	if err := pl.above(ENOTEMPTY); err != nil {
		return errnoOf(err)
	}
	if err := hostRmdir(&pl); err != nil {
		return errnoOf(err)
	}
	return nil
}

func (s *System) pathUnlinkFile(c call, a []uint64) error {
	pl, err := s.changing(c, a[0], a[1], a[2], rightPathUnlinkFile)
	if err != nil {
		return err
	}
	if pl.slash || pl.base == "." || pl.base == ".." {
		// What has a slash at its end is a folder or an error.
		fi, err := pl.dir.root.Lstat(pl.path)
		if err == nil && fi.IsDir() {
			err = EISDIR
		} else if err == nil {
			err = ENOTDIR
		}
		return errnoOf(err)
	}
	if err := hostUnlink(&pl); err != nil {
		return errnoOf(err)
	}
	return nil
}

func (s *System) pathRename(c call, a []uint64) error {
	from, err := s.changing(c, a[0], a[1], a[2], rightPathRenameSource)
	if err != nil {
		return err
	}
	to, err := s.changing(c, a[3], a[4], a[5], rightPathRenameTarget)
	if err != nil {
		return err
	}
	if from.base == "." || to.base == "." {
		return EBUSY
	}
	if err := from.above(EBUSY); err != nil {
		return errnoOf(err)
	}
	if err := to.above(EBUSY); err != nil {
		return errnoOf(err)
	}
	if from.slash || to.slash {
		from.slash = true // a name that is to be a folder's is for a folder only
		if err := from.mustBeDir(); err != nil {
			return errnoOf(err)
		}
	}
	if err := hostRename(&from, &to); err != nil {
		return errnoOf(err)
	}
	s.renamed(from.mount, from.full(), to.mount, to.full())
	return nil
}

func (s *System) pathLink(c call, a []uint64) error {
	from, err := s.changing(c, a[0], a[2], a[3], rightPathLinkSource)
	if err != nil {
		return err
	}
	to, err := s.changing(c, a[4], a[5], a[6], rightPathLinkTarget)
	if err != nil {
		return err
	}
	if uint32(a[1]) != 0 {
		return EINVAL // links to what a symbolic link means are not offered, as by other hosts
	}
	if from.base == "." || from.base == ".." {
		return EPERM
	}
	if to.base == "." || to.base == ".." {
		return EEXIST
	}
	if err := from.mustBeDir(); err != nil {
		return errnoOf(err)
	}
	if to.slash {
		if err := to.mustBeDir(); err != nil {
			return errnoOf(err)
		}
		return EEXIST
	}
	if err := hostLink(&from, &to); err != nil {
		return errnoOf(err)
	}
	return nil
}

func (s *System) pathSymlink(c call, a []uint64) error {
	target, err := c.mem.path(ptr(a[0]), ptr(a[1]))
	if err != nil {
		return err
	}
	pl, err := s.changing(c, a[2], a[3], a[4], rightPathSymlink)
	if err != nil {
		return err
	}
	if target[0] == '/' {
		// No guest could follow it, and a program outside that does would be led to where the guest wants it.
		return EPERM
	}
	if err := pl.dir.root.Symlink(target, pl.path); err != nil {
		return errnoOf(err)
	}
	return nil
}

func (s *System) pathReadlink(c call, a []uint64) error {
	pl, err := s.place(c, a[0], a[1], a[2], rightPathReadlink)
	if err != nil {
		return err
	}
	buf, err := c.mem.view(ptr(a[3]), ptr(a[4]))
	if err != nil {
		return err
	}
	out, err := c.mem.view(ptr(a[5]), 4)
	if err != nil {
		return err
	}
	target, err := pl.dir.root.Readlink(pl.path)
	if err != nil {
		return errnoOf(err)
	}
	putUint32(out, uint32(copy(buf, target)))
	return nil
}

func (s *System) pathFilestatGet(c call, a []uint64) error {
	if uint32(a[1])&^lookupFollow != 0 {
		return EINVAL
	}
	out, err := c.mem.view(ptr(a[4]), sizeFilestat)
	if err != nil {
		return err
	}
	pl, err := s.place(c, a[0], a[2], a[3], rightPathFilestatGet)
	if err != nil {
		return err
	}
	var fi os.FileInfo
	if uint32(a[1]) == lookupFollow || pl.slash {
		fi, err = pl.dir.root.Stat(pl.path)
	} else {
		fi, err = pl.dir.root.Lstat(pl.path)
	}
	if err != nil {
		return errnoOf(err)
	}
	if pl.slash && !fi.IsDir() {
		return ENOTDIR
	}
	st := statOf(fi, pl.mount.guest+"/"+pl.full())
	st.put(out)
	return nil
}

func (s *System) pathFilestatSetTimes(c call, a []uint64) error {
	if uint32(a[1])&^lookupFollow != 0 {
		return EINVAL
	}
	t, err := s.times(a[4], a[5], uint32(a[6]))
	if err != nil {
		return err
	}
	pl, err := s.changing(c, a[0], a[2], a[3], rightPathFilestatSetTimes)
	if err != nil {
		return err
	}
	if t.access.IsZero() && t.mod.IsZero() {
		_, err = pl.dir.root.Lstat(pl.path)
	} else if uint32(a[1]) == lookupFollow || pl.slash || pl.base == ".." {
		err = pl.dir.root.Chtimes(pl.path, t.access, t.mod)
	} else {
		err = hostLchtimes(&pl, t)
	}
	return okOr(err)
}

// okOr is the answer to the guest for an error of the host's.
func okOr(err error) error {
	if err == nil {
		return nil
	}
	return errnoOf(err)
}
