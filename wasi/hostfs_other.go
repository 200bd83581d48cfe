//go:build !linux && !darwin && !freebsd

package wasi

import (
	"io"
	"io/fs"
	"os"
	"path"
)

// Hosts without calls relative to an open folder get what os.Root has.

const (
	hostPathsAreBytes = false
	hostNonblock      = 0
)

// name is the place relative to its folder's root.
func (pl *place) name() string { return path.Join(pl.parent, pl.base) }

func hostOpenNofollow(pl *place, flags int, perm os.FileMode) (*os.File, error) {
	fi, err := pl.lstat()
	if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		if flags&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL {
			return nil, EEXIST
		}
		return nil, ELOOP
	}
	return pl.dir.root.OpenFile(pl.name(), flags, perm)
}

func hostUnlink(pl *place) error {
	fi, err := pl.lstat()
	if err != nil {
		return err
	}
	if fi.IsDir() {
		return EISDIR
	}
	return pl.dir.root.Remove(pl.name())
}

func hostRmdir(pl *place) error {
	fi, err := pl.lstat()
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return ENOTDIR
	}
	return pl.dir.root.Remove(pl.name())
}

// common finds a root that both places are in, and their names there.
func common(from, to *place) (root *os.Root, old, new string, err error) {
	if from.dir.root == to.dir.root {
		return from.dir.root, from.name(), to.name(), nil
	}
	if from.mount != to.mount {
		return nil, "", "", EXDEV
	}
	return from.mount.root, path.Join(from.at, from.name()), path.Join(to.at, to.name()), nil
}

func hostRename(from, to *place) error {
	root, old, new, err := common(from, to)
	if err != nil {
		return err
	}
	return root.Rename(old, new)
}

func hostLink(from, to *place) error {
	root, old, new, err := common(from, to)
	if err != nil {
		return err
	}
	return root.Link(old, new)
}

func hostLchtimes(pl *place, t setTimes) error {
	fi, err := pl.lstat()
	if err != nil {
		return err
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		return ENOTSUP
	}
	return pl.dir.root.Chtimes(pl.name(), t.access, t.mod)
}

// fileTimes sets times of an open file by its name, for want of anything better.
func fileTimes(_ *os.File, m *mount, name string, t setTimes) error {
	if m.root == nil {
		return ENOTSUP // the file has no name
	}
	return m.root.Chtimes(name, t.access, t.mod)
}

func allocate(f *file, off, n int64) error { return f.grow(off + n) }

// setAppend makes writes go to the end, or not.
func (f *file) setAppend(on bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.append = on
	return nil
}

// appendEnd writes b to the end of the file, and puts the host's offset behind it.
func (f *file) appendEnd(b []byte) (int, error) {
	end, err := f.size()
	if err != nil {
		return 0, err
	}
	n, err := f.f.WriteAt(b, end)
	if n > 0 {
		_, err = f.f.Seek(end+int64(n), io.SeekStart)
	}
	return n, err
}

func isTerminal(f *os.File) bool {
	fi, err := f.Stat()
	return err == nil && fi.Mode()&fs.ModeCharDevice != 0
}

// hostStat has no numbers of files here.
func hostStat(*filestat, fs.FileInfo) bool { return false }
