package arm64

import (
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/twitchyliquid64/golang-asm/obj"
)

// Atomic accesses. Their addresses are aligned: values before them have made sure of that. Loads acquire and stores
// release, and the processor keeps those in one order, which is what wasm asks for.

// modification is what a read-modify-write does.
type modification uint8

const (
	modifyAdd modification = iota
	modifySub
	modifyAnd
	modifyOr
	modifyXor
	modifyXchg
)

// Encodings without sizes and registers. The size is in bits 30 and 31.
const (
	wordLDAR  = 0x08DFFC00
	wordSTLR  = 0x089FFC00
	wordLDAXR = 0x085FFC00
	wordSTLXR = 0x0800FC00
	wordCASAL = 0x08E0FC00
	wordDMB   = 0xD5033BBF // DMB ISH

	wordLDADDAL = 0x38E00000
	wordLDCLRAL = 0x38E01000
	wordLDEORAL = 0x38E02000
	wordLDSETAL = 0x38E03000
	wordSWPAL   = 0x38E08000
)

func isAtomic(op ir.Op) bool {
	return op == wasm.OpAtomicFence || op >= wasm.OpI32AtomicLoad && op <= wasm.OpI64AtomicRmw32CmpxchgU
}

// atomicAccess says which of the nine kinds of atomic instructions op is, and the base-2 logarithm of its bytes. The
// instructions of a kind are i32, i64, i32 of 8 and 16 bits, i64 of 8, 16 and 32.
func atomicAccess(op ir.Op) (kind, size uint32) {
	n := uint32(op - wasm.OpI32AtomicLoad)
	return n / 7, [7]uint32{2, 3, 0, 1, 0, 1, 2}[n%7]
}

// The kinds that are not modifications; those follow the stores.
const (
	atomicLoad = iota
	atomicStore
	atomicModify
	atomicCmpxchg = atomicModify + 6
)

// atomicOperands keeps the result of what loops out of the operands' registers.
func (t *Target) atomicOperands(v *ir.Value, o *ir.Operands) {
	o.Early = !t.features.LSE && len(v.Args) > 2 && v.Type != ir.Void
}

func (e *emitter) atomic(v *ir.Value) {
	if v.Op == wasm.OpAtomicFence {
		e.a.word(wordDMB)
		return
	}
	kind, size := atomicAccess(v.Op)
	e.addressIn(v)
	switch kind {
	case atomicLoad:
		e.exclusive(v, wordLDAR, size, e.result, 0)
	case atomicStore:
		e.exclusive(v, wordSTLR, size, e.arg(v, 2), 0)
	case atomicCmpxchg:
		e.cmpxchg(v, size)
	default:
		e.modify(v, modification(kind-atomicModify), size)
	}
}

// exclusive adds an access of rt at the address in tmp, with rs for those that have one more register.
func (e *emitter) exclusive(v *ir.Value, word, size uint32, rt, rs ir.Reg) {
	e.fault(v, e.a.word(word|size<<30|uint32(rs)<<16|uint32(tmp)<<5|uint32(rt)))
}

// modify is one instruction on newer processors, and a loop on others.
func (e *emitter) modify(v *ir.Value, m modification, size uint32) {
	x := e.arg(v, 2)
	if e.t.features.LSE {
		words := [...]uint32{wordLDADDAL, wordLDADDAL, wordLDCLRAL, wordLDSETAL, wordLDEORAL, wordSWPAL}
		switch m {
		case modifySub:
			e.a.rrr(a64.ASUB, tmp2, zr, x)
			x = tmp2
		case modifyAnd:
			e.a.rrr(a64.AORN, tmp2, zr, x)
			x = tmp2
		}
		e.exclusive(v, words[m], size, e.result, x)
		return
	}
	again := e.a.newLabel()
	e.a.bind(again)
	old, next := e.loaded(), tmp2
	e.exclusive(v, wordLDAXR, size, old, 0)
	if m == modifyXchg {
		next = x
	} else {
		e.a.rrr([...]obj.As{a64.AADD, a64.ASUB, a64.AAND, a64.AORR, a64.AEOR}[m], tmp2, old, x)
	}
	// The return address is on the machine stack, and its register free for whether it was written.
	e.exclusive(v, wordSTLXR, size, next, linkReg)
	e.a.cbz(a64.ACBNZW, linkReg, again)
}

// cmpxchg writes the replacement if what is there is the expected value, of which only the bits of the access count.
func (e *emitter) cmpxchg(v *ir.Value, size uint32) {
	expected, replacement := e.arg(v, 2), e.arg(v, 3)
	if e.t.features.LSE {
		e.a.movInt(tmp2, expected)
		e.exclusive(v, wordCASAL, size, replacement, tmp2)
		e.a.movInt(e.result, tmp2)
		return
	}
	again, done := e.a.newLabel(), e.a.newLabel()
	old := e.loaded()
	e.a.bind(again)
	e.exclusive(v, wordLDAXR, size, old, 0)
	cmp := uint32(0x6B20001F) // of the lower half, with the other operand extended from the size
	if size == 3 {
		cmp = 0xEB20001F
	}
	e.a.word(cmp | uint32(expected)<<16 | size<<13 | uint32(old)<<5)
	e.a.bcond(condNE, done)
	e.exclusive(v, wordSTLXR, size, replacement, linkReg)
	e.a.cbz(a64.ACBNZW, linkReg, again)
	e.a.bind(done)
}

// loaded is the register for what a loop loads: not that of the address, which a result that nobody reads would be in.
func (e *emitter) loaded() ir.Reg {
	if e.result == tmp {
		return tmp3
	}
	return e.result
}
