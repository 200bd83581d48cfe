//go:build linux

package interp

import "encoding/binary"

// masm assembles what the tests of the stubs need. Slots are at the frame register.
type masm struct{ b []byte }

// Registers whose contents leaveSaving keeps.
var (
	savedInts   = []int{0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	savedFloats = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
)

const (
	returnBytes = 8  // what a return address takes on the machine stack
	scratchInt  = 13 // callAddr uses it
)

func (a *masm) code(b ...byte)  { a.b = append(a.b, b...) }
func (a *masm) imm32(v int32)   { a.b = binary.LittleEndian.AppendUint32(a.b, uint32(v)) }
func (a *masm) imm64(v uintptr) { a.b = binary.LittleEndian.AppendUint64(a.b, uint64(v)) }

func (a *masm) ret() { a.code(0xc3) }

// slotInt moves between an integer register and a slot.
func (a *masm) slotInt(store bool, reg, slot int) {
	op := byte(0x8b)
	if store {
		op = 0x89
	}
	a.code(0x48|byte(reg>>3)<<2, op, 0x83|byte(reg&7)<<3)
	a.imm32(int32(8 * slot))
}

// slotFloat moves 16 bytes.
func (a *masm) slotFloat(store bool, reg, slot int) {
	op := byte(0x6f)
	if store {
		op = 0x7f
	}
	a.code(0xf3, 0x40|byte(reg>>3)<<2, 0x0f, op, 0x83|byte(reg&7)<<3)
	a.imm32(int32(8 * slot))
}

// call calls through a word of the context.
func (a *masm) call(offset uintptr) {
	a.code(0x41, 0xff, 0x97)
	a.imm32(int32(offset))
}

func (a *masm) callAddr(to uintptr) {
	a.code(0x49, 0xbd)
	a.imm64(to)
	a.code(0x41, 0xff, 0xd5)
}

// poll loops until the context's limit is 0. Slot counts the rounds.
func (a *masm) poll(slot int) {
	start := len(a.b)
	a.code(0x48, 0xff, 0x83) // INC
	a.imm32(int32(8 * slot))
	a.code(0x49, 0x83, 0xbf) // CMP
	a.imm32(int32(CtxLimit))
	a.code(0)
	a.code(0x75, byte(start-len(a.b)-2))
}

// load loads 32 bits from memory 0 at the address in integer register 0, into it.
func (a *masm) load() { a.code(0x41, 0x8b, 0x04, 0x06) }

// again jumps to an earlier offset.
func (a *masm) again(to int) {
	a.code(0xe9)
	a.imm32(int32(to - len(a.b) - 4))
}

// jump is like call, but does not call.
func (a *masm) jump(offset uintptr) {
	a.code(0x4c, 0x8d, 0x2d) // LEAQ, R13
	a.imm32(2 + 7)
	a.code(0x41, 0x55)       // PUSHQ R13
	a.code(0x41, 0xff, 0xa7) // JMP
	a.imm32(int32(offset))
}
