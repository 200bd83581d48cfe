package wasi

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// guest is the memory of the guest that makes the call. Its pointers are hostile: each access is checked, and one that
// is not wholly inside is EFAULT.
type guest []byte

// view is the n bytes at p.
func (g guest) view(p, n uint64) ([]byte, error) {
	if p > uint64(len(g)) || n > uint64(len(g))-p {
		return nil, EFAULT
	}
	return g[p : p+n : p+n], nil
}

// ptr takes a pointer or size from an argument: an i32, whose upper half means nothing.
func ptr(arg uint64) uint64 { return uint64(uint32(arg)) }

func (g guest) putUint32(p uint64, v uint32) error {
	b, err := g.view(p, 4)
	if err == nil {
		binary.LittleEndian.PutUint32(b, v)
	}
	return err
}

func (g guest) putUint64(p uint64, v uint64) error {
	b, err := g.view(p, 8)
	if err == nil {
		binary.LittleEndian.PutUint64(b, v)
	}
	return err
}

// path reads a path. The host's own limits on names are the host's to report.
func (g guest) path(p, n uint64) (string, error) {
	if n > maxPath {
		return "", ENAMETOOLONG
	}
	b, err := g.view(p, n)
	if err != nil {
		return "", err
	}
	switch {
	case len(b) == 0:
		return "", ENOENT
	case bytes.IndexByte(b, 0) >= 0:
		return "", EINVAL
	case !utf8.Valid(b) && !hostPathsAreBytes:
		return "", EILSEQ
	case !hostPathsAreBytes && bytes.IndexByte(b, '\\') >= 0:
		// Elsewhere a backslash is a separator of the host's, which no guest means.
		return "", ENOENT
	}
	return string(b), nil
}

// iovecs is a checked array of buffers in guest memory: every one of them was found to be inside.
type iovecs struct {
	mem   guest
	array []byte
	total uint64
}

// iovecs checks n vectors at p.
func (g guest) iovecs(p, n uint64) (iovecs, error) {
	if n > maxIovecs {
		return iovecs{}, EINVAL
	}
	array, err := g.view(p, n*sizeIovec)
	if err != nil {
		return iovecs{}, err
	}
	v := iovecs{mem: g, array: array}
	for i := range v.len() {
		b, err := g.view(v.at(i))
		if err != nil {
			return iovecs{}, err
		}
		v.total += uint64(len(b))
	}
	return v, nil
}

func (v iovecs) len() int { return len(v.array) / sizeIovec }

// at is the place of the i-th vector's buffer.
func (v iovecs) at(i int) (p, n uint64) {
	b := v.array[i*sizeIovec:]
	return uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
}

// buf is the i-th vector's buffer. A read into an earlier buffer may have changed the array; so it is checked again,
// and one that is not inside any more is empty.
func (v iovecs) buf(i int) []byte {
	b, err := v.mem.view(v.at(i))
	if err != nil {
		return nil
	}
	return b
}

// want is how many bytes the call may move.
func (v iovecs) want() int { return int(min(v.total, maxTransfer)) }

// scatter copies b into the buffers and tells how much of it went in.
func (v iovecs) scatter(b []byte) int {
	n := 0
	for i := 0; i < v.len() && n < len(b); i++ {
		n += copy(v.buf(i), b[n:])
	}
	return n
}

// gather copies the buffers into b and tells how much of b was filled.
func (v iovecs) gather(b []byte) int {
	n := 0
	for i := 0; i < v.len() && n < len(b); i++ {
		n += copy(b[n:], v.buf(i))
	}
	return n
}

// validName tells whether s can be an argument or a variable: preview 1 ends both with a zero byte.
func validName(s string) bool { return strings.IndexByte(s, 0) < 0 }

// putUint16 and putUint64 write into a record that was found to be inside.
func putUint16(b []byte, v uint16) { binary.LittleEndian.PutUint16(b, v) }
func putUint32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }
func putUint64(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }
