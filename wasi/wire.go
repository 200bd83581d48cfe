package wasi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// stateVersion is the version of the format that SaveState writes. doc.go describes it.
const stateVersion = 1

// Errors of RestoreState and Describe about the bytes they are given.
var (
	// ErrMalformed: the bytes are not what SaveState writes.
	ErrMalformed = errors.New("malformed saved state")
	// ErrVersion: a later release wrote them.
	ErrVersion = errors.New("saved state of a later version")
)

// saved is saved state, taken apart.
type saved struct {
	args, env     []string
	deterministic bool
	start         int64 // of the deterministic clock
	monotonic     int64
	random        []byte
	stdin         savedInput
	stdinAt       savedPlace
	contents      [][]byte // of unlinked files
	fds           []savedFD
}

// savedInput is what was read of an input and not yet by the guest: bytes, and what comes after them.
type savedInput struct {
	buf []byte
	end uint64 // 0: nothing known; 1: the end of the file; else 2 + an errno
}

// savedPlace is how far the guest had read standard input that is a regular file, and the file's fingerprint. It is
// zero for other input.
type savedPlace struct {
	file                bool
	offset, size, mtime int64
}

// savedKind is the kind of object a descriptor has.
type savedKind byte

const (
	savedStdio savedKind = 1 + iota
	savedFile
	savedUnlinked
	savedDir
	savedDevice
	savedBroken
)

// savedFD is a descriptor. Which of the fields mean something depends on the kind.
type savedFD struct {
	fd                     uint64
	kind                   savedKind
	base, inherit, dropped uint64
	flags                  uint64

	std         byte   // stdio
	mount, path string // file, unlinked, dir, device
	read, write bool   // file, unlinked, device
	offset      int64  // file, unlinked
	size        int64  // file: the fingerprint
	mtime       int64  // file
	hash        []byte // file: SHA-256 or empty
	content     uint64 // unlinked: index of its contents
	preopen     bool   // dir
	list        []dirEntry
	input       savedInput // device
	errno       uint64     // broken
	typ         byte       // broken
}

// encoder appends fields.
type encoder struct{ b []byte }

func (e *encoder) uint(v uint64)  { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)    { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) byte(v byte)    { e.b = append(e.b, v) }
func (e *encoder) text(s string)  { e.uint(uint64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) bytes(b []byte) { e.uint(uint64(len(b))); e.b = append(e.b, b...) }

func (e *encoder) bool(v bool) {
	if v {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

func (e *encoder) texts(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}

func (e *encoder) input(in savedInput) { e.bytes(in.buf); e.uint(in.end) }

func (v *saved) encode() []byte {
	var e encoder
	e.texts(v.args)
	e.texts(v.env)
	e.bool(v.deterministic)
	e.int(v.start)
	e.uint(uint64(v.monotonic))
	e.bytes(v.random)
	e.input(v.stdin)
	e.bool(v.stdinAt.file)
	if v.stdinAt.file {
		e.uint(uint64(v.stdinAt.offset))
		e.uint(uint64(v.stdinAt.size))
		e.int(v.stdinAt.mtime)
	}
	e.uint(uint64(len(v.contents)))
	for _, b := range v.contents {
		e.bytes(b)
	}
	e.uint(uint64(len(v.fds)))
	for i := range v.fds {
		v.fds[i].encode(&e)
	}
	return e.b
}

func (f *savedFD) encode(e *encoder) {
	e.uint(f.fd)
	e.byte(byte(f.kind))
	e.uint(f.base)
	e.uint(f.inherit)
	e.uint(f.dropped)
	e.uint(f.flags)
	switch f.kind {
	case savedStdio:
		e.byte(f.std)
		return
	case savedBroken:
		e.uint(f.errno)
		e.byte(f.typ)
		return
	}
	e.text(f.mount)
	e.text(f.path)
	if f.kind == savedDir {
		e.bool(f.preopen)
		e.uint(uint64(len(f.list)))
		for _, d := range f.list {
			e.text(d.name)
			e.uint(d.ino)
			e.byte(byte(d.typ))
		}
		return
	}
	e.bool(f.read)
	e.bool(f.write)
	switch f.kind {
	case savedDevice:
		e.input(f.input)
	case savedUnlinked:
		e.uint(uint64(f.offset))
		e.uint(f.content)
	case savedFile:
		e.uint(uint64(f.offset))
		e.uint(uint64(f.size))
		e.int(f.mtime)
		e.bytes(f.hash)
	}
}

// decoder takes fields off untrusted bytes. After the first error all fields are zero; what it returns are parts of b.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	d.b = nil
}

func (d *decoder) uint(what string) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail(what)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// size is an uint that fits an int64.
func (d *decoder) size(what string) int64 {
	v := d.uint(what)
	if v > math.MaxInt64 {
		d.fail(what)
		return 0
	}
	return int64(v)
}

func (d *decoder) int(what string) int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail(what)
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte(what string) byte {
	if len(d.b) == 0 {
		d.fail(what)
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) bool(what string) bool {
	v := d.byte(what)
	if v > 1 {
		d.fail(what)
	}
	return v == 1
}

func (d *decoder) bytes(what string) []byte {
	n := d.uint(what)
	if n > uint64(len(d.b)) {
		d.fail(what)
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

// text is a string without a zero byte.
func (d *decoder) text(what string) string {
	s := string(d.bytes(what))
	if !validName(s) {
		d.fail(what)
		return ""
	}
	return s
}

// count is a number of elements that take at least least bytes each.
func (d *decoder) count(least int, what string) int {
	n := d.uint(what)
	if n > uint64(len(d.b)/least) {
		d.fail(what)
		return 0
	}
	return int(n)
}

func (d *decoder) texts(what string) []string {
	list := make([]string, d.count(1, what))
	for i := range list {
		list[i] = d.text(what)
	}
	return list
}

func (d *decoder) input() savedInput {
	in := savedInput{buf: d.bytes("input"), end: d.uint("end of input")}
	if in.end > 2+math.MaxUint16 {
		d.fail("end of input")
	}
	return in
}

// decodeSaved reads what encode wrote, and checks all that does not depend on the host.
func decodeSaved(version uint32, data []byte) (*saved, error) {
	if version > stateVersion {
		return nil, fmt.Errorf("wasi: %w: %d", ErrVersion, version)
	}
	d := decoder{b: data}
	if version == 0 {
		d.fail("version 0")
	}
	v := saved{
		args: d.texts("arguments"), env: d.texts("environment"),
		deterministic: d.bool("clock"), start: d.int("clock"), monotonic: d.size("clock"),
		random: d.bytes("random"), stdin: d.input(),
	}
	if v.stdinAt.file = d.bool("standard input"); v.stdinAt.file {
		v.stdinAt.offset, v.stdinAt.size = d.size("standard input"), d.size("standard input")
		v.stdinAt.mtime = d.int("standard input")
	}
	v.contents = make([][]byte, d.count(1, "contents"))
	for i := range v.contents {
		v.contents[i] = d.bytes("contents")
	}
	v.fds = make([]savedFD, d.count(7, "descriptors"))
	for i := range v.fds {
		f := &v.fds[i]
		f.decode(&d)
		if f.fd >= maxFDs || i > 0 && f.fd <= v.fds[i-1].fd {
			d.fail("number of a descriptor")
		}
		if f.kind == savedUnlinked && f.content >= uint64(len(v.contents)) {
			d.fail("contents of an unlinked file")
		}
	}
	if len(d.b) != 0 {
		d.fail("bytes after the end")
	}
	if d.err != nil {
		return nil, fmt.Errorf("wasi: %w", d.err)
	}
	return &v, nil
}

func (f *savedFD) decode(d *decoder) {
	f.fd = d.uint("descriptor")
	f.kind = savedKind(d.byte("kind of descriptor"))
	f.base, f.inherit, f.dropped = d.uint("rights"), d.uint("rights"), d.uint("rights")
	f.flags = d.uint("flags")
	if (f.base|f.inherit|f.dropped)&^uint64(rightsAll) != 0 || f.flags&^uint64(flagsAll) != 0 {
		d.fail("rights or flags")
	}
	switch f.kind {
	case savedStdio:
		if f.std = d.byte("standard stream"); f.std > 2 {
			d.fail("standard stream")
		}
		return
	case savedBroken:
		f.errno, f.typ = d.uint("errno"), d.byte("type of file")
		if f.errno == 0 || f.errno > uint64(ENOTCAPABLE) || f.typ > byte(typeSymlink) {
			d.fail("broken descriptor")
		}
		return
	case savedFile, savedUnlinked, savedDir, savedDevice:
	default:
		d.fail("kind of descriptor")
		return
	}
	f.mount, f.path = d.text("mount"), d.text("path")
	if f.path == "" {
		d.fail("path")
	}
	if f.kind == savedDir {
		f.decodeDir(d)
		return
	}
	f.read, f.write = d.bool("access"), d.bool("access")
	switch f.kind {
	case savedDevice:
		f.input = d.input()
	case savedUnlinked:
		f.offset, f.content = d.size("offset"), d.uint("contents")
	case savedFile:
		f.offset, f.size, f.mtime = d.size("offset"), d.size("size"), d.int("time")
		if f.hash = d.bytes("hash"); len(f.hash) != 0 && len(f.hash) != 32 {
			d.fail("hash")
		}
	}
}

func (f *savedFD) decodeDir(d *decoder) {
	f.preopen = d.bool("mount")
	n := d.count(3, "listing")
	if n == 0 {
		return
	}
	f.list = make([]dirEntry, n)
	for i := range f.list {
		e := &f.list[i]
		e.name, e.ino, e.typ = d.text("listing"), d.uint("listing"), fileType(d.byte("listing"))
		if e.typ > typeSymlink {
			d.fail("listing")
		}
	}
}
