package state

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/godwit-vm/godwit/wasm"
)

// encoder builds the body of a section. Large byte strings are not copied: they become parts of their own.
type encoder struct {
	parts [][]byte // complete
	buf   []byte   // the part being appended to
}

// blobByReference is the length from which a byte string is worth a part of its own.
const blobByReference = 64 << 10

func (e *encoder) byte(b byte)      { e.buf = append(e.buf, b) }
func (e *encoder) raw(b []byte)     { e.buf = append(e.buf, b...) }
func (e *encoder) uint(v uint64)    { e.buf = binary.AppendUvarint(e.buf, v) }
func (e *encoder) fixed32(v uint32) { e.buf = binary.LittleEndian.AppendUint32(e.buf, v) }
func (e *encoder) fixed64(v uint64) { e.buf = binary.LittleEndian.AppendUint64(e.buf, v) }

// sint appends a signed LEB128 number (specification 5.2.2).
func (e *encoder) sint(v int64) {
	for {
		b := byte(v & 0x7F)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			e.buf = append(e.buf, b)
			return
		}
		e.buf = append(e.buf, b|0x80)
	}
}

// padded appends v as LEB128 of exactly n bytes, which the specification allows up to ceil(32/7) = 5 (5.2.2).
func (e *encoder) padded(v uint64, n int) {
	for ; n > 1; n-- {
		e.buf = append(e.buf, byte(v)|0x80)
		v >>= 7
	}
	e.buf = append(e.buf, byte(v&0x7F))
}

// paddedSigned appends v as signed LEB128 of exactly n bytes, at most 10.
func (e *encoder) paddedSigned(v int64, n int) {
	for ; n > 1; n-- {
		e.buf = append(e.buf, byte(v)|0x80)
		v >>= 7
	}
	e.buf = append(e.buf, byte(v&0x7F))
}

func (e *encoder) bool(b bool) {
	if b {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) blob(b []byte) {
	e.uint(uint64(len(b)))
	if len(b) < blobByReference {
		e.buf = append(e.buf, b...)
		return
	}
	e.parts = append(e.parts, e.buf, b)
	e.buf = nil
}

func (e *encoder) uints(s []uint32) {
	e.uint(uint64(len(s)))
	for _, v := range s {
		e.uint(uint64(v))
	}
}

// bools appends a bit set: the number of bits, then the bits, lowest first.
func (e *encoder) bools(s []bool) {
	e.uint(uint64(len(s)))
	var b byte
	for i, v := range s {
		if v {
			b |= 1 << (i % 8)
		}
		if i%8 == 7 || i == len(s)-1 {
			e.byte(b)
			b = 0
		}
	}
}

// Flags of limits, the last two of memories only.
const (
	flagMax      = 1 << 0
	flagShared   = 1 << 1
	flag64       = 1 << 2
	flagPageSize = 1 << 3
)

func limitsFlags(l wasm.Limits) (flags byte) {
	if l.HasMax {
		flags |= flagMax
	}
	if l.Is64 {
		flags |= flag64
	}
	return flags
}

func (e *encoder) limits(l wasm.Limits) {
	e.byte(limitsFlags(l))
	e.minMax(l)
}

func (e *encoder) minMax(l wasm.Limits) {
	e.uint(l.Min)
	if l.HasMax {
		e.uint(l.Max)
	}
}

func (e *encoder) value(v Value) {
	e.byte(byte(v.Type))
	switch v.Type {
	case wasm.I32, wasm.F32:
		e.fixed32(uint32(v.Bits))
	case wasm.I64, wasm.F64:
		e.fixed64(v.Bits)
	case wasm.V128:
		e.fixed64(v.Bits)
		e.fixed64(v.Hi)
	default:
		e.ref(v.Type, v.Bits)
	}
}

// ref appends a reference of the hierarchy of top.
func (e *encoder) ref(top wasm.ValType, bits uint64) {
	if top != wasm.FuncRef {
		bits = packRef(bits)
	}
	e.uint(bits)
}

// memoryType appends a memory's type as the binary format has it (specification 5.3.10, and the proposals of threads and
// custom page sizes).
func (e *encoder) memoryType(t wasm.MemoryType) {
	flags := limitsFlags(t.Limits)
	if t.Shared {
		flags |= flagShared
	}
	if t.OneByte {
		flags |= flagPageSize
	}
	e.byte(flags)
	e.minMax(t.Limits)
	if t.OneByte {
		e.uint(0) // the logarithm of a page's size
	}
}

func (e *encoder) values(s []Value) {
	e.uint(uint64(len(s)))
	for _, v := range s {
		e.value(v)
	}
}

// finish returns everything that was appended.
func (e *encoder) finish() [][]byte {
	if len(e.buf) > 0 {
		e.parts = append(e.parts, e.buf)
		e.buf = nil
	}
	return e.parts
}

// uintLen is the number of bytes that v takes as LEB128.
func uintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// decoder takes a section's body apart. The first error stays: after it every method returns zero values, so that
// callers check err once, before they use what they read. No count is believed that the remaining bytes cannot back.
type decoder struct {
	rest    []byte
	base    int64 // file offset of the end of rest, for errors; meaningless when packed
	packed  bool  // the body was compressed: there is no file offset
	section string
	version int // of the format
	limits  Limits
	err     error
}

func (d *decoder) fail(sentinel error, format string, args ...any) {
	if d.err != nil {
		return
	}
	off := d.base - int64(len(d.rest))
	if d.packed {
		off = -1
	}
	d.err = &FormatError{Offset: off, Section: d.section, Message: fmt.Sprintf(format, args...), Err: sentinel}
	d.rest = nil
}

func (d *decoder) take(n uint64) []byte {
	if uint64(len(d.rest)) < n {
		d.fail(ErrInvalid, "%d bytes expected, %d left", n, len(d.rest))
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail(ErrInvalid, "malformed LEB128 number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// sint reads a signed LEB128 number of at most n bytes.
func (d *decoder) sint(n int) (v int64) {
	for shift := 0; n > 0; n-- {
		b := d.byte()
		if shift < 64 {
			v |= int64(b&0x7F) << shift
		}
		shift += 7
		if b&0x80 == 0 {
			if shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
	d.fail(ErrInvalid, "malformed LEB128 number")
	return 0
}

func (d *decoder) uint32() uint32 {
	v := d.uint()
	if v > math.MaxUint32 {
		d.fail(ErrInvalid, "number %d has more than 32 bits", v)
		return 0
	}
	return uint32(v)
}

// index reads an index that an int holds on every host.
func (d *decoder) index() int {
	v := d.uint()
	if v > math.MaxInt32 {
		d.fail(ErrInvalid, "index %d is too large", v)
		return 0
	}
	return int(v)
}

func (d *decoder) fixed32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) fixed64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) bool() bool {
	switch b := d.byte(); b {
	case 0:
	case 1:
		return true
	default:
		d.fail(ErrInvalid, "%d is neither 0 nor 1", b)
	}
	return false
}

// count reads a number of elements that take at least size bytes each. limit 0 stands for none.
func (d *decoder) count(what string, size int, limit uint64) int {
	n := d.uint()
	if limit != 0 && n > limit {
		d.fail(ErrLimit, "%d %s, at most %d allowed", n, what, limit)
		return 0
	}
	if n > uint64(len(d.rest)/size) {
		d.fail(ErrInvalid, "%d %s cannot be in the remaining %d bytes", n, what, len(d.rest))
		return 0
	}
	return int(n)
}

func (d *decoder) string() string { return string(d.take(d.uint())) }

// blob returns bytes of the section itself, not a copy; nil when there are none.
func (d *decoder) blob() []byte {
	if b := d.take(d.uint()); len(b) > 0 {
		return b
	}
	return nil
}

func (d *decoder) uints(what string) []uint32 {
	n := d.count(what, 1, 0)
	s := list[uint32](n)
	for i := range s {
		s[i] = d.uint32()
	}
	return s
}

func (d *decoder) bools(what string) []bool {
	n := d.uint()
	if n > 8*uint64(len(d.rest)) {
		d.fail(ErrInvalid, "%d %s cannot be in the remaining %d bytes", n, what, len(d.rest))
		return nil
	}
	b := d.take((n + 7) / 8)
	if len(b) == 0 {
		return nil
	}
	s := make([]bool, n)
	for i := range s {
		s[i] = b[i/8]>>(i%8)&1 != 0
	}
	return s
}

// limitsWith reads limits whose flags are among those of allowed.
func (d *decoder) limitsWith(allowed byte) (l wasm.Limits, flags byte) {
	flags = d.byte()
	if flags&^allowed != 0 {
		d.fail(ErrInvalid, "unknown flags 0x%02x of limits", flags)
	}
	l.HasMax, l.Is64 = flags&flagMax != 0, flags&flag64 != 0
	l.Min = d.uint()
	if l.HasMax {
		l.Max = d.uint()
	}
	return l, flags
}

func (d *decoder) tableLimits() wasm.Limits {
	l, _ := d.limitsWith(flagMax | flag64)
	return l
}

func (d *decoder) memoryType() (t wasm.MemoryType) {
	allowed := byte(flagMax | flag64)
	if d.version >= 2 {
		allowed |= flagShared | flagPageSize
	}
	l, flags := d.limitsWith(allowed)
	t.Limits, t.Shared, t.OneByte = l, flags&flagShared != 0, flags&flagPageSize != 0
	if t.OneByte {
		if log := d.uint(); log != 0 {
			d.fail(ErrInvalid, "pages of 2^%d bytes", log)
		}
	}
	return t
}

// ref reads a reference of the hierarchy of top. Version 1 had those to functions and hosts' handles, both as they are.
func (d *decoder) ref(top wasm.ValType) uint64 {
	v := d.uint()
	if top != wasm.FuncRef && d.version >= 2 {
		v = unpackRef(v)
	}
	return v
}

func (d *decoder) value() (v Value) {
	v.Type = d.valType()
	switch v.Type {
	case wasm.I32, wasm.F32:
		v.Bits = uint64(d.fixed32())
	case wasm.I64, wasm.F64:
		v.Bits = d.fixed64()
	case wasm.V128:
		v.Bits, v.Hi = d.fixed64(), d.fixed64()
	default:
		if !isTop(v.Type) {
			d.fail(ErrInvalid, "0x%x is not a type of values", uint32(v.Type))
			return Value{}
		}
		v.Bits = d.ref(v.Type)
	}
	return v
}

// values reads values; left is what remains of the limit on them.
func (d *decoder) values(what string, left *uint64) []Value {
	n := d.count(what, 2, 0)
	if uint64(n) > *left {
		d.fail(ErrLimit, "more than %d values in frames", d.limits.Values)
		return nil
	}
	*left -= uint64(n)
	s := list[Value](n)
	for i := range s {
		s[i] = d.value()
	}
	return s
}

// list makes a slice of n elements; none are nil.
func list[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, n)
}

// end checks that everything was read.
func (d *decoder) end() error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail(ErrInvalid, "%d bytes left over", len(d.rest))
	}
	return d.err
}
