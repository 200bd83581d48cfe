package wasi

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// mount is a folder of the host's that the guest may see. The root is what confines the guest: whatever is opened,
// is opened through it, and it resolves no path and no symbolic link to the outside.
type mount struct {
	guest    string // its name to the guest
	host     string
	readOnly bool
	root     *os.Root
}

// escape is the error of os.Root for paths that lead out. The package does not export it, so it is asked for one.
var (
	escape     error
	escapeOnce sync.Once
)

func openMount(c dirConfig) (*mount, error) {
	if c.guest == "" || !validName(c.guest) || len(c.guest) > maxPath {
		return nil, fmt.Errorf("wasi: %w: guest name %q of a mount", ErrConfig, c.guest)
	}
	root, err := os.OpenRoot(c.host)
	if err != nil {
		return nil, fmt.Errorf("wasi: mount %s: %w", c.guest, err)
	}
	escapeOnce.Do(func() {
		_, err := root.Stat("..")
		if pe, ok := err.(*os.PathError); ok {
			escape = pe.Err
		}
	})
	return &mount{guest: c.guest, host: c.host, readOnly: c.readOnly, root: root}, nil
}

// isEscape tells whether err is that a path leads out of its folder.
func isEscape(err error) bool {
	switch e := err.(type) {
	case *os.PathError:
		return e.Err == escape
	case *os.LinkError:
		return e.Err == escape
	}
	return err == escape
}

// dir is an open folder. It has a root of its own: what is opened relative to it stays within it, as openat with
// RESOLVE_BENEATH would have it.
type dir struct {
	mount   *mount // both guarded by System.mu, as a rename changes them
	path    string // in the mount
	root    *os.Root
	preopen bool

	mu sync.Mutex
	// list is the listing that readdir walks through, from when it began at the start.
	list []dirEntry
	// read tells that the listing was walked through to the end, and nothing is lost when it is read again.
	read bool
}

func (d *dir) fileType() fileType { return typeDirectory }

func (d *dir) close() error {
	if d.preopen {
		return nil // the mount's; other descriptors go on using it
	}
	return d.root.Close()
}

// preopen makes the descriptor of a mount.
func preopen(m *mount) *descriptor {
	return &descriptor{
		obj:     &dir{mount: m, path: ".", root: m.root, preopen: true},
		base:    rightsDir,
		inherit: rightsDir | rightsFile,
	}
}

func (d *dir) sync() error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// dirEntry is a line of a listing. ino 0 is yet to be found out.
type dirEntry struct {
	name string
	ino  uint64
	typ  fileType
}

// load reads the listing, in order of the names, after "." and "..".
func (d *dir) load() error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	list, err := readEntries(f)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b dirEntry) int { return cmp.Compare(a.name, b.name) })
	d.list = append([]dirEntry{{name: ".", typ: typeDirectory}, {name: "..", typ: typeDirectory}}, list...)
	d.read = false
	return nil
}

// number finds out the number of an entry of the folder, which is at the path at of m. The parent of a mount is shown as itself: what is above is not the
// guest's to know.
func (d *dir) number(e *dirEntry, m *mount, at string) uint64 {
	root, name := d.root, e.name
	if name == ".." {
		root, name = m.root, path.Dir(at)
	}
	fi, err := root.Lstat(name)
	if err != nil {
		return 0
	}
	st := statOf(fi, m.guest+"/"+path.Join(at, e.name))
	if e.typ == typeUnknown {
		e.typ = st.typ
	}
	return st.ino
}

// fdReaddir writes entries from cookie on until the buffer is full; the last one may be cut off. A cookie is an
// index into the listing. Cookie 0 takes a new listing; one that goes on finds the one it has begun.
func (s *System) fdReaddir(c call, a []uint64) error {
	buf, err := c.mem.view(ptr(a[1]), ptr(a[2]))
	if err != nil {
		return err
	}
	out, err := c.mem.view(ptr(a[4]), 4)
	if err != nil {
		return err
	}
	fd, err := s.fd(a[0], rightFdReaddir)
	if err != nil {
		return err
	}
	d, ok := fd.obj.(*dir)
	if !ok {
		return ENOTDIR
	}
	m, at := s.placeOf(fd)
	d.mu.Lock()
	defer d.mu.Unlock()
	cookie := a[3]
	if cookie == 0 || d.list == nil {
		if err := d.load(); err != nil {
			return errnoOf(err)
		}
	}
	n := 0
	for i := cookie; i < uint64(len(d.list)) && n < len(buf); i++ {
		e := &d.list[i]
		if e.ino == 0 {
			e.ino = d.number(e, m, at)
		}
		n += e.put(buf[n:], i+1)
	}
	if n < len(buf) {
		d.read = true
	}
	putUint32(out, uint32(n))
	return nil
}

// put writes as much of the entry as there is room for.
func (e *dirEntry) put(b []byte, next uint64) int {
	var rec [sizeDirent]byte
	putUint64(rec[:], next)
	putUint64(rec[8:], e.ino)
	putUint32(rec[16:], uint32(len(e.name)))
	rec[20] = byte(e.typ)
	n := copy(b, rec[:])
	return n + copy(b[n:], e.name)
}

func (s *System) fdPrestatGet(c call, a []uint64) error {
	m, err := s.preopened(a[0])
	if err != nil {
		return err
	}
	out, err := c.mem.view(ptr(a[1]), sizePrestat)
	if err != nil {
		return err
	}
	clear(out) // tag 0: a folder
	putUint32(out[4:], uint32(len(m.guest)))
	return nil
}

func (s *System) fdPrestatDirName(c call, a []uint64) error {
	m, err := s.preopened(a[0])
	if err != nil {
		return err
	}
	if ptr(a[2]) < uint64(len(m.guest)) {
		return ENAMETOOLONG
	}
	out, err := c.mem.view(ptr(a[1]), uint64(len(m.guest)))
	if err != nil {
		return err
	}
	copy(out, m.guest)
	return nil
}

// preopened finds the mount that a descriptor was opened as.
func (s *System) preopened(arg uint64) (*mount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.fds.get(uint32(arg)); d != nil {
		if dir, ok := d.obj.(*dir); ok && dir.preopen {
			return dir.mount, nil
		}
	}
	return nil, EBADF
}

// placeOf is where an open object is by name: its mount, or nil, and its path there.
func (s *System) placeOf(d *descriptor) (*mount, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, p := d.place()
	if m == nil {
		return nil, ""
	}
	return *m, *p
}

// renamed follows a rename with the names of what is open: of the thing itself and, if it is a folder, of what is in it.
func (s *System) renamed(fromMount *mount, from string, toMount *mount, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fd := range s.fds.fds {
		if fd == nil {
			continue
		}
		m, p := fd.place()
		if m == nil || *m != fromMount || *p == "." {
			continue
		}
		if rest, ok := strings.CutPrefix(*p, from); ok && (rest == "" || rest[0] == '/') {
			*m, *p = toMount, to+rest
		}
	}
}

// place is where a descriptor's object was opened; nil when nowhere.
func (d *descriptor) place() (**mount, *string) {
	switch o := d.obj.(type) {
	case *file:
		return &o.mount, &o.path
	case *dir:
		return &o.mount, &o.path
	case *stream:
		if o.f != nil {
			return &o.mount, &o.path
		}
	}
	return nil, nil
}
