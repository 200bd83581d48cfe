package interp

import (
	"sync/atomic"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// Atomic accesses (threads proposal). Operands are in consecutive slots from a on, the address first; b is the memory,
// imm the offset, and c the sub-opcode, whose width and operation stand in atomicOps. They work on aligned words of the
// host by compare and swap; a word's bytes are little-endian on every host.

// atomicOp is what an atomic instruction does.
type atomicOp struct {
	size   uint8 // bytes of the access
	modify uint8 // of a read-modify-write
}

// Operations of read-modify-write instructions, in the order of their opcodes.
const (
	modifyAdd uint8 = iota
	modifySub
	modifyAnd
	modifyOr
	modifyXor
	modifyXchg
)

// atomicOps is by sub-opcode. From the first load on the instructions come in sevens: i32, i64, i32 of 8 and 16 bits, i64
// of 8, 16 and 32.
var atomicOps = func() (ops [0x50]atomicOp) {
	sizes := [7]uint8{4, 8, 1, 2, 1, 2, 4}
	for i := range 63 { // loads, stores, six modifications, compare and exchange
		o := &ops[int(wasm.OpI32AtomicLoad&0xFF)+i]
		o.size = sizes[i%7]
		if i/7 >= 2 {
			o.modify = uint8(i/7 - 2)
		}
	}
	ops[wasm.OpMemoryAtomicNotify&0xFF].size = 4
	ops[wasm.OpMemoryAtomicWait32&0xFF].size = 4
	ops[wasm.OpMemoryAtomicWait64&0xFF].size = 8
	return ops
}()

// word is an aligned word of a memory, with the bits of it that an access means: width bits from shift on.
type word struct {
	p     unsafe.Pointer
	wide  bool // of 64 bits, not 32
	shift uint
	mask  uint64
}

// atomicWord finds what an atomic instruction accesses; a trap code says why it cannot.
func (t *Thread) atomicWord(pc *instr, fp unsafe.Pointer) (w word, ea uint64, trap TrapCode) {
	m := t.inst.memories[pc.b]
	size := uint64(atomicOps[pc.c].size)
	addr := *slot(fp, pc.a)
	if !m.typ.Is64 {
		addr = uint64(uint32(addr))
	}
	ea = addr + pc.imm
	if ea < addr || !inside(ea, size, m.Size()) {
		return w, ea, TrapMemoryOutOfBounds
	}
	if ea%size != 0 {
		return w, ea, TrapUnalignedAtomic
	}
	p := unsafe.Add(m.base(), ea)
	switch size {
	case 8:
		return word{p: p, wide: true, mask: ^uint64(0)}, ea, 0
	case 4:
		return word{p: p, mask: 1<<32 - 1}, ea, 0
	}
	// A memory of one-byte pages may end within the word; its bytes up to the word's end are there all the same.
	in := uint(ea & 3)
	return word{p: unsafe.Add(p, -int(in)), shift: 8 * in, mask: 1<<(8*size) - 1}, ea, 0
}

// load is the word's bits that the access means.
func (w *word) load() uint64 {
	if w.wide {
		v := atomic.LoadUint64((*uint64)(w.p))
		return le64(unsafe.Pointer(&v))
	}
	v := atomic.LoadUint32((*uint32)(w.p))
	return uint64(le32(unsafe.Pointer(&v))) >> w.shift & w.mask
}

// update replaces the bits by what change makes of them, and returns what they were; keep says that they stay.
func (w *word) update(change func(old uint64) (new uint64, keep bool)) uint64 {
	for {
		if w.wide {
			host := atomic.LoadUint64((*uint64)(w.p))
			old := le64(unsafe.Pointer(&host))
			v, keep := change(old)
			var next uint64
			put64(unsafe.Pointer(&next), v)
			if keep || atomic.CompareAndSwapUint64((*uint64)(w.p), host, next) {
				return old
			}
			continue
		}
		host := atomic.LoadUint32((*uint32)(w.p))
		all := uint64(le32(unsafe.Pointer(&host)))
		old := all >> w.shift & w.mask
		v, keep := change(old)
		var next uint32
		put32(unsafe.Pointer(&next), uint32(all&^(w.mask<<w.shift)|v&w.mask<<w.shift))
		if keep || atomic.CompareAndSwapUint32((*uint32)(w.p), host, next) {
			return old
		}
	}
}

func atomicLoad(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	w, _, trap := t.atomicWord(pc, fp)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	*slot(fp, pc.a) = w.load()
	return next(pc), fp, acc, mb, ml, t
}

func atomicStore(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	w, _, trap := t.atomicWord(pc, fp)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	v := *slot(fp, pc.a+1)
	w.update(func(uint64) (uint64, bool) { return v, false })
	return next(pc), fp, acc, mb, ml, t
}

func atomicModify(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	w, _, trap := t.atomicWord(pc, fp)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	v, how := *slot(fp, pc.a+1), atomicOps[pc.c].modify
	*slot(fp, pc.a) = w.update(func(old uint64) (uint64, bool) {
		switch how {
		case modifyAdd:
			return old + v, false
		case modifySub:
			return old - v, false
		case modifyAnd:
			return old & v, false
		case modifyOr:
			return old | v, false
		case modifyXor:
			return old ^ v, false
		}
		return v, false
	})
	return next(pc), fp, acc, mb, ml, t
}

// atomicCompare is compare and exchange. Of the operand expected only the bits of the access count, as of the value stored.
func atomicCompare(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	w, _, trap := t.atomicWord(pc, fp)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	expected, v := *slot(fp, pc.a+1), *slot(fp, pc.a+2)
	if size := atomicOps[pc.c].size; size < 8 {
		expected &= 1<<(8*size) - 1
	}
	*slot(fp, pc.a) = w.update(func(old uint64) (uint64, bool) { return v, old != expected })
	return next(pc), fp, acc, mb, ml, t
}

func atomicFence(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	// Every atomic access of Go's is sequentially consistent, so it orders the plain accesses around it too.
	t.store.fence.Add(1)
	return next(pc), fp, acc, mb, ml, t
}

func atomicNotify(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	_, ea, trap := t.atomicWord(pc, fp)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	n := uint64(0)
	if m := t.inst.memories[pc.b]; m.shared != nil {
		n = uint64(m.shared.notify(ea, uint32(*slot(fp, pc.a+1))))
	}
	*slot(fp, pc.a) = n
	return next(pc), fp, acc, mb, ml, t
}
