package interp

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// Memory is a linear memory (specification 4.2.8). Its bytes are little-endian on every host.
type Memory struct {
	typ   wasm.MemoryType
	buf   []byte // len = current size; may be a part of a larger reservation
	limit uint64 // pages it may grow to: the type's maximum, the store's limit and what can be addressed
	res   *reservation

	shared *sharedMemory // what threads share; nil unless the type says so

	// guard asks for address space for all that a 32-bit address and offset can make, so that machine code need not check them.
	guard bool
}

// newMemory makes a memory of typ.Min pages that may grow to limit bytes.
func newMemory(typ wasm.MemoryType, maxBytes uint64) (*Memory, error) {
	return makeMemory(typ, maxBytes, false)
}

// makeMemory is newMemory, for machine code too if native is set.
func makeMemory(typ wasm.MemoryType, maxBytes uint64, native bool) (*Memory, error) {
	m := &Memory{typ: typ, limit: typ.Max, guard: native && !typ.Is64 && reserveMax >= maxBytes32}
	page := typ.PageBytes()
	if !typ.HasMax {
		m.limit = math.MaxUint64
	}
	if !typ.Is64 {
		m.limit = min(m.limit, maxBytes32/page)
		if typ.OneByte {
			m.limit = min(m.limit, math.MaxUint32) // so that the size is an i32
		}
	}
	if maxBytes != 0 {
		m.limit = min(m.limit, maxBytes/page)
	}
	m.limit = min(m.limit, maxPages*(wasm.PageSize/page))
	if typ.Min > m.limit {
		return nil, &LimitError{What: "memory", Want: typ.Min, Limit: m.limit, Unit: "pages of " + pageName(page)}
	}
	if err := m.reserve(); err != nil {
		return nil, err
	}
	if typ.Shared {
		return m, m.share()
	}
	return m, m.resize(typ.Min)
}

func pageName(bytes uint64) string {
	if bytes == wasm.PageSize {
		return "64 KiB"
	}
	return fmt.Sprint(bytes, " bytes")
}

// Type is the memory's declared type.
func (m *Memory) Type() wasm.MemoryType { return m.typ }

// Size is the current size in bytes.
func (m *Memory) Size() uint64 {
	if m.shared != nil {
		return m.shared.size.Load()
	}
	return uint64(len(m.buf))
}

// Pages is the current size in pages, which are of 64 KiB unless the type says otherwise.
func (m *Memory) Pages() uint64 { return m.Size() / m.typ.PageBytes() }

// Bytes is the whole memory. The slice is the live memory; it is valid until the memory grows, and only as long as the
// memory, its instance or its store can be reached: the slice alone does not keep it (see runtime.KeepAlive).
func (m *Memory) Bytes() []byte {
	if m.shared != nil {
		return m.buf[:m.shared.size.Load()]
	}
	return m.buf
}

// Grow adds delta pages and returns the size before, in pages; ok is false, and nothing has changed, when the memory's
// limit or the host does not allow it (specification 4.5.3.9).
func (m *Memory) Grow(delta uint64) (before uint64, ok bool) {
	if m.shared != nil {
		return m.shared.grow(m, delta)
	}
	before = m.Pages()
	if delta > m.limit || before+delta > m.limit {
		return before, false
	}
	if delta == 0 {
		return before, true
	}
	if err := m.resize(before + delta); err != nil {
		return before, false
	}
	return before, true
}

// View is the n bytes from off on, as a part of the live memory, valid as long as Bytes is; ok is false when they are not
// all inside.
func (m *Memory) View(off, n uint64) (b []byte, ok bool) {
	if size := m.Size(); off > size || n > size-off {
		return nil, false
	}
	return m.buf[off : off+n : off+n], true
}

// Byte, Uint16, Uint32 and Uint64 read little-endian integers; ok is false outside of the memory.
func (m *Memory) Byte(off uint64) (v byte, ok bool) {
	b, ok := m.View(off, 1)
	if !ok {
		return 0, false
	}
	return b[0], true
}

// Uint16 reads two bytes, see Byte.
func (m *Memory) Uint16(off uint64) (v uint16, ok bool) {
	b, ok := m.View(off, 2)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint16(b), true
}

// Uint32 reads four bytes, see Byte.
func (m *Memory) Uint32(off uint64) (v uint32, ok bool) {
	b, ok := m.View(off, 4)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// Uint64 reads eight bytes, see Byte.
func (m *Memory) Uint64(off uint64) (v uint64, ok bool) {
	b, ok := m.View(off, 8)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b), true
}

// PutByte, PutUint16, PutUint32 and PutUint64 write little-endian integers and tell whether they were inside.
func (m *Memory) PutByte(off uint64, v byte) bool {
	b, ok := m.View(off, 1)
	if ok {
		b[0] = v
	}
	return ok
}

// PutUint16 writes two bytes, see PutByte.
func (m *Memory) PutUint16(off uint64, v uint16) bool {
	b, ok := m.View(off, 2)
	if ok {
		binary.LittleEndian.PutUint16(b, v)
	}
	return ok
}

// PutUint32 writes four bytes, see PutByte.
func (m *Memory) PutUint32(off uint64, v uint32) bool {
	b, ok := m.View(off, 4)
	if ok {
		binary.LittleEndian.PutUint32(b, v)
	}
	return ok
}

// PutUint64 writes eight bytes, see PutByte.
func (m *Memory) PutUint64(off uint64, v uint64) bool {
	b, ok := m.View(off, 8)
	if ok {
		binary.LittleEndian.PutUint64(b, v)
	}
	return ok
}

// base is the address of the first byte, for the handlers. It is never nil, so that address arithmetic on it stays
// within a Go object or a mapping even when the memory is empty.
func (m *Memory) base() unsafe.Pointer {
	if cap(m.buf) == 0 {
		return unsafe.Pointer(&noMemory)
	}
	return unsafe.Pointer(unsafe.SliceData(m.buf))
}

// noMemory stands in for the bytes of an empty memory; nothing is ever read from or written to it.
var noMemory [8]byte

// at is the address of n bytes at addr + offset, for the accesses that do not go through the handlers' registers: to
// memories other than memory 0, and to those that are addressed by 64 bits.
func (m *Memory) at(addr, offset uint64, n uint64) (unsafe.Pointer, bool) {
	if !m.typ.Is64 {
		addr = uint64(uint32(addr))
	}
	ea := addr + offset
	if ea < addr || !inside(ea, n, m.Size()) {
		return nil, false
	}
	return unsafe.Pointer(&m.buf[ea]), true
}

// move makes the memory size bytes long in a Go slice. What the slice has room for beyond is doubled each time, so that
// a program that grows its memory page by page copies each byte only a few times.
func (m *Memory) move(size uint64) (err error) {
	if size <= uint64(cap(m.buf)) && m.buf != nil {
		m.buf = m.buf[:size]
		return nil
	}
	defer func() {
		if recover() != nil {
			err = &LimitError{What: "memory", Want: size, Limit: uint64(len(m.buf)), Unit: "bytes"}
		}
	}()
	room := size
	if m.buf != nil {
		room = min(max(size, 2*uint64(cap(m.buf))), max(m.limit*m.typ.PageBytes(), size))
	}
	if room > 1<<47 || room != uint64(int(room)) {
		return &LimitError{What: "memory", Want: size, Limit: uint64(len(m.buf)), Unit: "bytes"}
	}
	grown := make([]byte, size, max(room, 16)) // Go aligns 16 bytes and more, as atomic accesses need it
	copy(grown, m.buf)
	m.buf, m.res = grown, nil // a reservation, if there was one, ends with the memory
	return nil
}
