package wat

import (
	"encoding/binary"
	"math/bits"
)

// The identifiers of sections, in the order in which they stand in a module (specification 5.5.2). Two of them came
// late: their numbers do not say where they stand.
const (
	secType      = 1
	secImport    = 2
	secFunc      = 3
	secTable     = 4
	secMemory    = 5
	secGlobal    = 6
	secExport    = 7
	secStart     = 8
	secElem      = 9
	secCode      = 10
	secData      = 11
	secDataCount = 12
	secTag       = 13
)

// sectionOrder is the sections as they stand in a module.
var sectionOrder = [...]int{
	secType, secImport, secFunc, secTable, secMemory, secTag, secGlobal, secExport, secStart, secElem, secDataCount,
	secCode, secData,
}

// section is the contents of a section that is a vector: its elements, and how many they are.
type section struct {
	count uint32
	body  []byte
}

// uleb appends v as unsigned LEB128.
func uleb(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// sleb appends v as signed LEB128.
func sleb(b []byte, v int64) []byte {
	for v < -64 || v > 63 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7F)
}

// uleb32 appends an index or a count.
func uleb32(b []byte, v uint32) []byte { return uleb(b, uint64(v)) }

// bytesVec appends a vector of bytes.
func bytesVec[T string | []byte](b []byte, s T) []byte { return append(uleb(b, uint64(len(s))), s...) }

// appendSection appends a section with its header.
func appendSection(b []byte, id int, contents []byte) []byte {
	return bytesVec(append(b, byte(id)), contents)
}

// binary puts the module together.
func (m *module) binary() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = m.customsAt(out, false, placeFirst)
	for _, id := range sectionOrder {
		out = m.customsAt(out, false, id)
		s := &m.sections[id]
		switch {
		case id == secStart && m.start >= 0:
			out = appendSection(out, id, uleb(nil, uint64(m.start)))
		case id == secDataCount && m.usesData:
			out = appendSection(out, id, uleb32(nil, m.sections[secData].count))
		case id == secCode && s.count > 0:
			out = m.branchHints(out)
			out = appendSection(out, id, append(uleb32(nil, s.count), s.body...))
		case s.count > 0:
			out = appendSection(out, id, append(uleb32(nil, s.count), s.body...))
		}
		out = m.customsAt(out, true, id)
	}
	out = m.customsAt(out, false, placeLast)
	out = m.customsAt(out, true, placeLast)
	return m.nameSection(out)
}

// valType is a value type with the index that stands in the text, valid or not.
type valType struct {
	code    byte // its code, or that of the nullable reference to its abstract heap type, or typedRef
	nonNull bool
	exact   bool
	index   uint32 // of typedRef
}

const (
	typedRef   = 0x63 // (ref null ...)
	nonNullRef = 0x64 // (ref ...)
	exactHeap  = 0x62
)

// appendHeap appends t's heap type.
func (t valType) appendHeap(b []byte) []byte {
	switch {
	case t.code != typedRef:
		return append(b, t.code)
	case t.exact:
		return uleb32(append(b, exactHeap), t.index)
	}
	return sleb(b, int64(t.index))
}

// append appends the type.
func (t valType) append(b []byte) []byte {
	switch {
	case t.nonNull:
		return t.appendHeap(append(b, nonNullRef))
	case t.code == typedRef:
		return t.appendHeap(append(b, typedRef))
	}
	return append(b, t.code)
}

// appendTypes appends a vector of value types.
func appendTypes(b []byte, types []valType) []byte {
	b = uleb(b, uint64(len(types)))
	for _, t := range types {
		b = t.append(b)
	}
	return b
}

// memarg appends the immediates of a memory access. align is a power of two.
func memarg(b []byte, align uint64, memory uint32, offset uint64) []byte {
	flags := uint64(bits.TrailingZeros64(align))
	if memory == 0 {
		return uleb(uleb(b, flags), offset)
	}
	return uleb(uleb32(uleb(b, flags|1<<6), memory), offset)
}
