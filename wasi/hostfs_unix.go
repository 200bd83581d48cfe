//go:build linux || darwin || freebsd

package wasi

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The calls of this file work on the last component of a path in its parent folder. The root has resolved the parent;
// the component itself is never followed if it is a symbolic link, and is no "..": so nothing here can lead out.

// hostPathsAreBytes tells that any bytes but a slash and zero make a name.
const hostPathsAreBytes = true

// hostNonblock keeps an open from waiting for the other end of a pipe.
const hostNonblock = syscall.O_NONBLOCK | syscall.O_NOCTTY

// inParent runs do with a descriptor of the folder that pl's last component is in.
func inParent(pl *place, do func(fd int) error) error {
	f, err := pl.dir.root.OpenFile(pl.parent, os.O_RDONLY|syscall.O_DIRECTORY|hostNonblock, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if err := do(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}

func hostOpenNofollow(pl *place, flags int, perm os.FileMode) (*os.File, error) {
	var f *os.File
	err := inParent(pl, func(dirfd int) error {
		fd, err := unix.Openat(dirfd, pl.base, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(perm))
		if err == nil {
			f = os.NewFile(uintptr(fd), pl.path)
			return nil
		}
		if err == unix.EMLINK { // as FreeBSD has it
			err = unix.ELOOP
		}
		return err
	})
	return f, err
}

func hostUnlink(pl *place) error {
	return inParent(pl, func(fd int) error { return unix.Unlinkat(fd, pl.base, 0) })
}

func hostRmdir(pl *place) error {
	return inParent(pl, func(fd int) error { return unix.Unlinkat(fd, pl.base, unix.AT_REMOVEDIR) })
}

func hostRename(from, to *place) error {
	return inParent(from, func(fromfd int) error {
		return inParent(to, func(tofd int) error { return unix.Renameat(fromfd, from.base, tofd, to.base) })
	})
}

func hostLink(from, to *place) error {
	return inParent(from, func(fromfd int) error {
		return inParent(to, func(tofd int) error { return unix.Linkat(fromfd, from.base, tofd, to.base, 0) })
	})
}

func hostLchtimes(pl *place, t setTimes) error {
	ts, err := t.timespecs()
	if err != nil {
		return err
	}
	return inParent(pl, func(fd int) error {
		return unix.UtimesNanoAt(fd, pl.base, ts[:], unix.AT_SYMLINK_NOFOLLOW)
	})
}

// timespecs are the times as the host takes them.
func (t setTimes) timespecs() ([2]unix.Timespec, error) {
	var ts [2]unix.Timespec
	for i, at := range [2]time.Time{t.access, t.mod} {
		if at.IsZero() {
			ts[i] = omitTime
			continue
		}
		var err error
		if ts[i], err = unix.TimeToTimespec(at); err != nil {
			return ts, err
		}
	}
	return ts, nil
}

// setAppend makes writes go to the end, or not. It is the host's flag, so that they do where others write too.
func (f *file) setAppend(on bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.append == on {
		return nil
	}
	fd := f.f.Fd()
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	flags &^= unix.O_APPEND
	if on {
		flags |= unix.O_APPEND
	}
	if _, err := unix.FcntlInt(fd, unix.F_SETFL, flags); err != nil {
		return err
	}
	f.append = on
	return nil
}

// appendEnd writes b to the end of a file whose flag setAppend has set. The host's offset is behind it then.
func (f *file) appendEnd(b []byte) (int, error) { return f.f.Write(b) }
