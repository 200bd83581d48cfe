package state

import (
	"encoding/binary"
	"math/bits"

	"github.com/godwit-vm/godwit/wasm"
)

// The objects of the heap, as [Heap.Data] has them: appended by the functions below, and read by a [HeapReader].
// FORMAT.md says what the bytes are.

// AppendObject appends the head of a structure; its fields are to follow, each with [AppendValue] or [AppendRef]. typ is
// an index of Program.Types. What has a descriptor has the reference to it as one more field, the last.
func AppendObject(b []byte, typ uint32) []byte { return binary.AppendUvarint(b, uint64(typ)<<1) }

// AppendArray appends the head of an array with n elements, which are to follow. Those of a number type, of v128 and
// packed ones are their bytes in little-endian order, one after the other: they may be appended all at once.
func AppendArray(b []byte, typ uint32, n uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(typ)<<1), n)
}

// AppendException appends the head of an exception; the values of its tag's parameters are to follow. tag is a store
// address.
func AppendException(b []byte, tag uint32) []byte { return binary.AppendUvarint(b, uint64(tag)<<1|1) }

// AppendValue appends a field, an element or a parameter of type t that is no reference. hi is the upper half of a v128.
func AppendValue(b []byte, t wasm.ValType, lo, hi uint64) []byte {
	switch t {
	case wasm.I8:
		return append(b, byte(lo))
	case wasm.I16:
		return binary.LittleEndian.AppendUint16(b, uint16(lo))
	case wasm.I32, wasm.F32:
		return binary.LittleEndian.AppendUint32(b, uint32(lo))
	case wasm.V128:
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, lo), hi)
	}
	return binary.LittleEndian.AppendUint64(b, lo)
}

// AppendRef appends a reference (as in [Value.Bits]) to anything but a function.
func AppendRef(b []byte, ref uint64) []byte { return binary.AppendUvarint(b, packRef(ref)) }

// AppendFuncRef appends a reference to a function: 0 for null, else 1 + the function's store address.
func AppendFuncRef(b []byte, ref uint64) []byte { return binary.AppendUvarint(b, ref) }

// packRef has the kind of a reference in the low bits, so that small numbers are short as LEB128; unpackRef undoes it.
func packRef(ref uint64) uint64      { return bits.RotateLeft64(ref, 64-RefShift) }
func unpackRef(packed uint64) uint64 { return bits.RotateLeft64(packed, RefShift) }

// storageSize is the number of bytes that a field of type t takes, 0 for a reference: that takes as many as it takes.
func storageSize(t wasm.ValType) uint64 {
	switch t {
	case wasm.I8:
		return 1
	case wasm.I16:
		return 2
	case wasm.I32, wasm.F32:
		return 4
	case wasm.I64, wasm.F64:
		return 8
	case wasm.V128:
		return 16
	}
	return 0
}

// shape is what a reader knows of the objects of one type, or of the exceptions of one function type.
type shape struct {
	fields []field
	size   uint64 // bytes of all fields when none is a reference
	fixed  bool   // none is a reference
	array  bool
}

// field is the type of a field, an element or a parameter.
type field struct {
	typ  wasm.ValType
	size uint64 // 0 for a reference
	fn   bool   // a reference to a function
}

// HeapReader reads the objects of a heap one after the other, without building anything. It trusts nothing: what does
// not agree with the types, or with the number of bytes, ends it with an error. Whether references refer to something
// that exists is another matter, which [Decode] has checked.
//
//	r := p.HeapReader()
//	for r.Next() {
//		for i := range r.Len() {
//			lo, hi := r.Value() // of type r.ValueType(i)
//		}
//	}
//	return r.Err()
type HeapReader struct {
	p       *Program
	shapes  []shape // by type
	rest    []byte
	index   uint64
	started bool
	err     error

	// Of the object at hand:
	shape     *shape
	typ, tag  uint32
	exception bool
	len, next uint64 // values, and those that were read
}

// HeapReader returns a reader of p.Heap, before its first object. p's types and tags must be such as Decode or Encode
// accepts.
func (p *Program) HeapReader() *HeapReader {
	r := &HeapReader{p: p, shapes: make([]shape, len(p.Types)), rest: p.Heap.Data}
	for i := range p.Types {
		def, s := &p.Types[i], &r.shapes[i]
		s.fixed, s.array = true, def.Kind == wasm.CompArray
		add := func(t wasm.ValType) {
			n := storageSize(t)
			s.fields = append(s.fields, field{t, n, n == 0 && top(t, p.Types) == wasm.FuncRef})
			s.size += n
			s.fixed = s.fixed && n != 0
		}
		if def.Kind == wasm.CompFunc {
			for _, t := range def.Params {
				add(t)
			}
			continue
		}
		for _, f := range def.Fields {
			add(f.Type)
		}
		if d := def.Descriptor; d != 0 {
			add(wasm.RefTo(d-1, false).AsExact())
		}
	}
	return r
}

func (r *HeapReader) fail(format string, args ...any) bool {
	if r.err == nil {
		r.err = invalid(nameHeap, "object %d: "+format, append([]any{r.index}, args...)...)
	}
	r.rest, r.len, r.next = nil, 0, 0
	return false
}

// Err is what ended the reading too early, or nil.
func (r *HeapReader) Err() error { return r.err }

// Next goes on to the next object, past what was not read of the one at hand. It returns false at the end, and after
// an error.
func (r *HeapReader) Next() bool {
	if r.started {
		if !r.skip() {
			return false
		}
		r.index++
	}
	r.started = true
	if r.err != nil {
		return false
	}
	if r.index == r.p.Heap.Objects {
		r.len, r.next = 0, 0
		if len(r.rest) > 0 {
			return r.fail("%d bytes left over behind the last object", len(r.rest))
		}
		return false
	}
	head, ok := r.uint()
	if !ok {
		return false
	}
	n := head >> 1
	if r.exception = head&1 != 0; r.exception {
		if n >= uint64(len(r.p.Tags)) {
			return r.fail("an exception of tag %d of %d", n, len(r.p.Tags))
		}
		r.tag = uint32(n)
		n = uint64(r.p.Tags[n].Type)
	}
	if n >= uint64(len(r.shapes)) || (r.p.Types[n].Kind == wasm.CompFunc) != r.exception {
		return r.fail("type %d of %d cannot have it", n, len(r.shapes))
	}
	r.typ, r.shape, r.next = uint32(n), &r.shapes[n], 0
	r.len = uint64(len(r.shape.fields))
	if r.shape.array {
		if r.len, ok = r.uint(); !ok {
			return false
		}
		if least := max(1, r.shape.fields[0].size); r.len > uint64(len(r.rest))/least {
			return r.fail("%d elements cannot be in the remaining %d bytes", r.len, len(r.rest))
		}
	}
	return true
}

func (r *HeapReader) uint() (uint64, bool) {
	if len(r.rest) > 0 && r.rest[0] < 0x80 {
		v := r.rest[0]
		r.rest = r.rest[1:]
		return uint64(v), true
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		return 0, r.fail("malformed LEB128 number")
	}
	r.rest = r.rest[n:]
	return v, true
}

// take takes n bytes.
func (r *HeapReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail("%d bytes expected, %d left", n, len(r.rest))
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// skip steps over what was not read of the object at hand.
func (r *HeapReader) skip() bool {
	switch s := r.shape; {
	case r.next == r.len:
	case s.array && s.fixed:
		r.take((r.len - r.next) * s.size)
	case s.fixed && r.next == 0:
		r.take(s.size)
	case !s.array && r.next == 0:
		r.skipFields(s.fields)
	default:
		for r.next < r.len {
			r.Value()
		}
	}
	return r.err == nil
}

// skipFields steps over fields without making values of them, which takes half the time.
func (r *HeapReader) skipFields(fields []field) {
	b := r.rest
	for i := range fields {
		n := fields[i].size
		if n == 0 {
			for n < uint64(len(b)) && n < binary.MaxVarintLen64 && b[n] >= 0x80 {
				n++
			}
			if n++; n > binary.MaxVarintLen64 || n == binary.MaxVarintLen64 && n <= uint64(len(b)) && b[n-1] > 1 {
				r.fail("malformed LEB128 number")
				return
			}
		}
		if n > uint64(len(b)) {
			r.fail("it is cut short")
			return
		}
		b = b[n:]
	}
	r.rest, r.next = b, r.len
}

// Index is the object's index, by which references name it.
func (r *HeapReader) Index() uint64 { return r.index }

// Type is the index in Program.Types of the object's type; of an exception that of the tag's function type.
func (r *HeapReader) Type() uint32 { return r.typ }

// Tag is the store address of an exception's tag; ok is false for structures and arrays.
func (r *HeapReader) Tag() (tag uint32, ok bool) { return r.tag, r.exception }

// IsArray tells whether the object is an array.
func (r *HeapReader) IsArray() bool { return r.shape.array }

// Len is the number of the object's values: fields, of which a descriptor is the last, elements, or parameters of the tag.
func (r *HeapReader) Len() uint64 { return r.len }

// ValueType is the type of the object's value i, in terms of Program.Types. It may be packed.
func (r *HeapReader) ValueType(i uint64) wasm.ValType { return r.at(i).typ }

func (r *HeapReader) at(i uint64) *field {
	if r.shape.array {
		i = 0
	}
	return &r.shape.fields[i]
}

// Value reads the next of the object's values: its bits, zero-extended, and the upper half of a v128. Behind the last
// one it ends the reading with an error.
func (r *HeapReader) Value() (lo, hi uint64) {
	if r.next >= r.len {
		r.fail("read beyond its %d values", r.len)
		return 0, 0
	}
	f := r.at(r.next)
	r.next++
	if f.size == 0 {
		v, _ := r.uint()
		if !f.fn {
			v = unpackRef(v)
		}
		return v, 0
	}
	b := r.take(f.size)
	if b == nil {
		return 0, 0
	}
	switch f.size {
	case 1:
		return uint64(b[0]), 0
	case 2:
		return uint64(binary.LittleEndian.Uint16(b)), 0
	case 4:
		return uint64(binary.LittleEndian.Uint32(b)), 0
	case 8:
		return binary.LittleEndian.Uint64(b), 0
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
}

// Bytes takes all values that were not read yet at once, as their bytes: of a structure or an exception the fields one
// after the other without gaps, of an array the elements, all in little-endian order. ok is false, and nothing is read,
// when there are references among the object's values, or the reading has begun in the middle of a structure.
func (r *HeapReader) Bytes() (b []byte, ok bool) {
	s := r.shape
	if !s.fixed || !s.array && r.next != 0 {
		return nil, false
	}
	n := s.size
	if s.array {
		n *= r.len - r.next
	}
	b = r.take(n)
	r.next = r.len
	return b, r.err == nil
}
