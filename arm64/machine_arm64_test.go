//go:build linux

package arm64

import (
	"fmt"
	"syscall"
	"testing"
	"unsafe"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"
)

// machine runs units without a VM: it has a context, a frame, a memory and a machine stack, and stubs that note how a unit was left.
type machine struct {
	block []byte // of mmap: the regions below
	code  []byte
	used  int

	current   *ir.Code // the unit that was entered last
	currentAt uintptr

	back, leave, clobber, saving uintptr
	run                          func(context, code, frame, stack, memory uintptr)
}

// Regions of a machine's block, and fields behind the NativeContext.
const (
	contextAt = 0
	frameAt   = 1 << 14
	memoryAt  = 2 << 14
	stackAt   = 8 << 14 // its end
	blockSize = 8 << 14

	fieldStack  = 3 << 12 // the machine stack as run made it
	fieldLeft   = fieldStack + 8
	fieldSaving = fieldStack + 16 // how often leaveSaving was called
	fieldSaved  = fieldStack + 24 // where that was called
	fieldWords  = fieldStack + 64 // the instance's block
)

func newMachine(t testing.TB) *machine {
	m := &machine{}
	var err error
	if m.block, err = syscall.Mmap(-1, 0, blockSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE); err != nil {
		t.Fatal(err)
	}
	if m.code, err = syscall.Mmap(-1, 0, 1<<26, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_ANON|syscall.MAP_PRIVATE); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Munmap(m.block)
		syscall.Munmap(m.code)
	})

	// run(context, code, frame, stack, memory) has its arguments in R0 to R4, and may change all registers but g.
	start := m.assemble(t, func(a *assembler) {
		a.rri(a64.ASUB, 3, 3, 32)
		a.ldst(strX, linkReg, 3, 0)
		a.movSP(tmp, sp)
		a.ldst(strX, tmp, 3, 8)
		a.ldstFar(strX, 3, 0, fieldStack)
		a.movSP(sp, 3)
		a.movInt(contextReg, 0)
		a.movInt(frameReg, 2)
		a.movInt(memoryReg, 4)
		back := a.newLabel()
		a.adr(linkReg, back)
		a.word(0xF81F0FE0 | uint32(linkReg))
		a.br(1)
		a.bind(back)
		a.ldst(ldrX, linkReg, sp, 0)
		a.ldst(ldrX, tmp, sp, 8)
		a.movSP(sp, tmp)
		a.ret()
	})
	m.leave = m.assemble(t, func(a *assembler) {
		a.ldstFar(strX, linkReg, contextReg, fieldLeft)
		a.ldstFar(ldrX, tmp, contextReg, fieldStack)
		a.movSP(sp, tmp)
		a.ldst(ldrX, linkReg, sp, 0)
		a.ldst(ldrX, tmp, sp, 8)
		a.movSP(sp, tmp)
		a.ret()
	})
	count := func(a *assembler) {
		a.movConst(tmp2, fieldSaving)
		a.ldstIndex(ldrX, tmp, contextReg, tmp2, extUXTX, false)
		a.rri(a64.AADD, tmp, tmp, 1)
		a.ldstIndex(strX, tmp, contextReg, tmp2, extUXTX, false)
		a.ldstFar(strX, linkReg, contextReg, fieldSaved)
	}
	m.saving = m.assemble(t, func(a *assembler) {
		count(a)
		a.ret()
	})
	m.clobber = m.assemble(t, func(a *assembler) {
		count(a)
		for r := ir.Reg(0); r < 64; r++ {
			if allocatable.Has(r) && r < 32 {
				a.movConst(r, 0xDEAD0000DEAD)
			} else if allocatable.Has(r) {
				a.movFloat(r, ir.F64, 0xDEAD0000DEAD, 0)
			}
		}
		a.ret()
	})
	p := &start
	m.run = *(*func(context, code, frame, stack, memory uintptr))(unsafe.Pointer(&p))
	m.reset()
	return m
}

// reset sets the context's fields.
func (m *machine) reset() {
	clear(m.block[:frameAt])
	m.set(uintptr(interp.CtxLimit), uint64(m.at(memoryAt)))
	m.set(uintptr(interp.CtxInstance), uint64(m.at(fieldWords)))
	m.set(uintptr(interp.CtxMem0), uint64(m.at(memoryAt)))
	m.set(uintptr(interp.CtxLeave), uint64(m.leave))
	m.set(uintptr(interp.CtxLeaveSaving), uint64(m.saving))
}

// at is the address of an offset of the block.
func (m *machine) at(off int) uintptr { return uintptr(unsafe.Pointer(&m.block[0])) + uintptr(off) }

func (m *machine) word(off uintptr) *uint64 { return (*uint64)(unsafe.Pointer(&m.block[off])) }

func (m *machine) set(off uintptr, v uint64) { *m.word(off) = v }
func (m *machine) get(off uintptr) uint64    { return *m.word(off) }

// slot is a slot of the frame.
func (m *machine) slot(n int) *uint64 { return m.word(frameAt + 8*uintptr(n)) }

// place puts code where it can be run.
func (m *machine) place(code []byte) uintptr {
	at := m.used
	copy(m.code[at:], code)
	m.used = (at + len(code) + 4095) &^ 4095
	return uintptr(unsafe.Pointer(&m.code[at]))
}

func (m *machine) assemble(t testing.TB, emit func(a *assembler)) uintptr {
	a := getAssembler()
	defer putAssembler(a)
	emit(a)
	code, err := a.assemble()
	if err != nil {
		t.Fatal(err)
	}
	return m.place(code)
}

// enter runs a unit and returns the site it left at, or nil when it returned.
func (m *machine) enter(c *ir.Code) *ir.Site {
	if m.current != c {
		m.current, m.currentAt = c, m.place(c.Bytes)
	}
	return m.enterAt(c, m.currentAt)
}

func (m *machine) enterAt(c *ir.Code, at uintptr) *ir.Site {
	m.set(fieldLeft, 0)
	m.run(m.at(contextAt), at+uintptr(c.Entry), m.at(frameAt), uintptr(unsafe.Pointer(&m.block[0]))+stackAt, m.at(memoryAt))
	left := m.get(fieldLeft)
	if left == 0 {
		return nil
	}
	for _, s := range c.Sites {
		if at+uintptr(s.Offset) == uintptr(left) {
			return s.Site
		}
	}
	panic(fmt.Sprintf("left at %#x, which is no site", left-uint64(at)))
}

// movSP copies to or from the stack pointer.
func (a *assembler) movSP(rd, rn ir.Reg) {
	a.word(0x91000000 | uint32(min(rn, 31))<<5 | uint32(min(rd, 31)))
}
