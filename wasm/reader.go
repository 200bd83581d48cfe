package wasm

import (
	"fmt"
	"unicode/utf8"
)

// reader takes values from b[pos:end]. The first error stays in err and sends pos to end, so that a caller may read
// several values and ask once; every value read after an error is zero.
type reader struct {
	b       []byte
	pos     int
	end     int
	section string
	fn      int // function index, or -1
	err     *Error
}

// fail keeps the first error.
func (r *reader) fail(class error, off int, format string, args ...any) {
	if r.err != nil {
		return
	}
	r.err = &Error{Offset: off, Section: r.section, Func: r.fn, Message: fmt.Sprintf(format, args...), class: class}
	r.pos = r.end
}

func (r *reader) malformed(off int, format string, args ...any) {
	r.fail(ErrMalformed, off, format, args...)
}

func (r *reader) invalid(off int, format string, args ...any) {
	r.fail(ErrInvalid, off, format, args...)
}

func (r *reader) limit(off int, format string, args ...any) {
	r.fail(ErrLimit, off, format, args...)
}

// need fails unless the feature is in the set have. The form says what asked for it.
func (r *reader) need(off int, have, feature Features, format string, args ...any) bool {
	if have.Has(feature) {
		return true
	}
	if r.err == nil {
		r.fail(ErrFeature, off, "%s needs feature %v", fmt.Sprintf(format, args...), feature)
		r.err.Feature = feature
	}
	return false
}

// left is the number of bytes not yet read.
func (r *reader) left() int { return r.end - r.pos }

func (r *reader) byte() byte {
	if r.pos >= r.end {
		r.unexpectedEnd()
		return 0
	}
	c := r.b[r.pos]
	r.pos++
	return c
}

func (r *reader) unexpectedEnd() {
	if r.section == "" {
		r.malformed(r.pos, "unexpected end")
	} else {
		r.malformed(r.pos, "unexpected end of section or function")
	}
}

// bytes takes the next n bytes, which stay a part of the module's.
func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(r.left()) {
		r.malformed(r.pos, "length out of bounds, unexpected end of section or function: %d bytes announced, %d there", n, r.left())
		return nil
	}
	s := r.b[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return s
}

// u32 reads an unsigned LEB128 of 32 bits.
func (r *reader) u32() uint32 {
	if r.pos < r.end {
		if c := r.b[r.pos]; c < 0x80 {
			r.pos++
			return uint32(c)
		}
	}
	return uint32(r.unsigned(32))
}

// u64 reads an unsigned LEB128 of 64 bits.
func (r *reader) u64() uint64 { return r.unsigned(64) }

// s32 reads a signed LEB128 of 32 bits.
func (r *reader) s32() int32 { return int32(r.signed(32)) }

// s64 reads a signed LEB128 of 64 bits.
func (r *reader) s64() int64 { return r.signed(64) }

// unsigned reads an unsigned LEB128 of the given width (specification 5.2.2): no longer than the width needs, and
// with no bit set beyond it.
func (r *reader) unsigned(width uint) uint64 {
	start := r.pos
	var x uint64
	for shift := uint(0); ; shift += 7 {
		if r.pos >= r.end {
			r.cutNumber(func(whole *reader) { whole.pos = start; whole.unsigned(width) })
			return 0
		}
		c := r.b[r.pos]
		r.pos++
		if rest := width - shift; rest < 7 {
			if c&0x80 != 0 {
				r.malformed(start, "integer representation too long")
				return 0
			}
			if c>>rest != 0 {
				r.malformed(start, "integer too large")
				return 0
			}
		}
		x |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return x
		}
	}
}

// signed reads a signed LEB128 of the given width: the bits beyond it must all equal the sign.
func (r *reader) signed(width uint) int64 {
	start := r.pos
	var x int64
	for shift := uint(0); ; shift += 7 {
		if r.pos >= r.end {
			r.cutNumber(func(whole *reader) { whole.pos = start; whole.signed(width) })
			return 0
		}
		c := r.b[r.pos]
		r.pos++
		if rest := width - shift; rest < 7 {
			if c&0x80 != 0 {
				r.malformed(start, "integer representation too long")
				return 0
			}
			// c<<1 as a signed byte has the group's sign on top; what stays after shifting out the bits that
			// belong to the value must be all zeros or all ones.
			if s := int8(c<<1) >> rest; s != 0 && s != -1 {
				r.malformed(start, "integer too large")
				return 0
			}
		}
		x |= int64(c&0x7F) << shift
		if c < 0x80 {
			if rest := 64 - 7 - int(shift); rest > 0 {
				x = x << rest >> rest
			}
			return x
		}
	}
}

// cutNumber fails for a number that goes on behind the end: if it is wrong in itself then with that, which is more
// likely the cause. The function reads it from a reader without an end.
func (r *reader) cutNumber(read func(*reader)) {
	if r.end < len(r.b) && r.err == nil {
		whole := reader{b: r.b, end: len(r.b), section: r.section, fn: r.fn}
		if read(&whole); whole.err != nil && whole.err.Offset < r.end {
			r.fail(whole.err.class, whole.err.Offset, "%s", whole.err.Message)
			return
		}
	}
	r.unexpectedEnd()
}

// skip passes over n bytes.
func (r *reader) skip(n int) {
	if n > r.left() {
		r.unexpectedEnd()
		return
	}
	r.pos += n
}

// count reads the length of a vector whose elements take at least size bytes each, so that it is safe to allocate for
// that many.
func (r *reader) count(size int, max uint32, what string) int {
	off := r.pos
	n := r.u32()
	if n > max {
		r.limit(off, "too many %s: %d, at most %d are supported", what, n, max)
		return 0
	}
	if uint64(n)*uint64(size) > uint64(r.left()) {
		r.malformed(r.pos, "unexpected end of section or function, length out of bounds: %d %s announced", n, what)
		return 0
	}
	return int(n)
}

// name reads a UTF-8 string (specification 5.2.4).
func (r *reader) name() string {
	off := r.pos
	s := r.bytes(r.u32())
	if !utf8.Valid(s) {
		r.malformed(off, "malformed UTF-8 encoding")
		return ""
	}
	return string(s)
}
