//go:build linux

package interp

import "encoding/binary"

// masm assembles what the tests of the stubs need. Slots are at the frame register.
type masm struct{ b []byte }

// Registers whose contents leaveSaving keeps.
var (
	savedInts   = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23}
	savedFloats = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}
)

const (
	returnBytes = 16 // what a return address takes on the machine stack
	scratchInt  = 16 // call and callAddr use it
)

func (a *masm) word(w uint32) { a.b = binary.LittleEndian.AppendUint32(a.b, w) }

// ret ends a unit that was entered from Go, with the return address on the machine stack from the beginning.
func (a *masm) ret() {
	a.word(0xf84107fe) // LDR LR, [SP], #16
	a.word(0xd65f03c0)
}

// slotInt moves between an integer register and a slot.
func (a *masm) slotInt(store bool, reg, slot int) {
	op := uint32(0xf9400000)
	if store {
		op = 0xf9000000
	}
	a.word(op | uint32(slot)<<10 | 25<<5 | uint32(reg))
}

// slotFloat moves 16 bytes.
func (a *masm) slotFloat(store bool, reg, slot int) {
	op := uint32(0x3dc00000)
	if store {
		op = 0x3d800000
	}
	a.word(op | uint32(slot/2)<<10 | 25<<5 | uint32(reg))
}

// call calls through a word of the context.
func (a *masm) call(offset uintptr) {
	a.word(0xf9400000 | uint32(offset/8)<<10 | 26<<5 | 16)
	a.word(0xd63f0000 | 16<<5)
}

func (a *masm) callAddr(to uintptr) {
	for i := range uint32(4) {
		a.word(0xf2800000 | i<<21 | uint32(to>>(16*i)&0xffff)<<5 | 16)
	}
	a.word(0xd63f0000 | 16<<5)
}

// poll loops until the context's limit is 0. Slot counts the rounds.
func (a *masm) poll(slot int) {
	a.slotInt(false, 16, slot)
	a.word(0x91000400 | 16<<5 | 16) // ADD #1
	a.slotInt(true, 16, slot)
	a.word(0xf9400000 | uint32(CtxLimit/8)<<10 | 26<<5 | 16)
	a.word(0xb5000000 | (1<<19-4)<<5 | 16) // CBNZ to the start
}

// load loads 32 bits from memory 0 at the address in integer register 0, into it.
func (a *masm) load() { a.word(0xb8606b00) }

// again jumps to an earlier offset.
func (a *masm) again(to int) { a.word(0x14000000 | uint32((to-len(a.b))/4)&(1<<26-1)) }

// jump is like call, but does not call.
func (a *masm) jump(offset uintptr) {
	a.word(0xf9400000 | uint32(offset/8)<<10 | 26<<5 | 16)
	a.word(0x10000000 | 2<<5 | 30) // ADR LR
	a.word(0xd61f0000 | 16<<5)
}
