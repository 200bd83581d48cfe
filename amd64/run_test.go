//go:build linux && amd64

package amd64

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// machine runs units in this process, without a VM: a context of its own, stubs that write down why machine code was left.
// The code runs on a stack of its own, which is at the end of the executable memory.
type machine struct {
	tb    testing.TB
	code  []byte
	used  int
	enter func(ctx *testContext, frame unsafe.Pointer, mem0, target uintptr)
	leave uintptr
	poll  uintptr

	ctx    *testContext
	frame  []uint64
	memory []byte
	kept   [][]uint64
}

// words are words in memory that does not move, by their address.
func (m *machine) words(w ...uint64) uint64 {
	m.kept = append(m.kept, append([]uint64(nil), w...))
	return uint64(uintptr(unsafe.Pointer(&m.kept[len(m.kept)-1][0])))
}

// stackSize is the room of the machine stack.
const stackSize = 1 << 20

// testContext is as large as an interp.NativeContext; what the stubs of tests keep is behind its fields.
type testContext [160]uint64

const (
	ctxSP    = 8 * (120 + iota) // of the goroutine
	ctxLeft                     // the return address at which machine code was left, or 0
	ctxInt                      // the result
	ctxFloat                    // and of floats, two words
	ctxFloat2
	ctxStack // where the machine stack begins
	ctxPolls // how often leaveSaving was called
)

func newMachine(tb testing.TB) *machine {
	code, err := syscall.Mmap(-1, 0, 8<<20, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		tb.Skip("no memory that is executable:", err)
	}
	m := &machine{tb: tb, code: code, ctx: new(testContext), frame: make([]uint64, 256), memory: make([]byte, 1<<16)}
	tb.Cleanup(func() { syscall.Munmap(code) })

	a := newAssembler()
	exit := a.newLabel()
	a.source(x86.APUSHQ, reg(bp)) // Go's: frame pointer, and g in R14
	a.source(x86.APUSHQ, reg(r14))
	a.ins(x86.AMOVQ, reg(ax), reg(r15))
	a.ins(x86.AMOVQ, reg(cx), reg(r14))
	a.ins(x86.AMOVQ, reg(sp), mem(r15, ctxSP))
	a.ins(x86.AMOVQ, mem(r15, ctxStack), reg(sp))
	a.ins(obj.ACALL, reg(di))
	a.ins(x86.AMOVQ, imm(0), mem(r15, ctxLeft))
	a.ins(x86.AMOVQ, reg(ax), mem(r15, ctxInt))
	a.ins(x86.AMOVUPS, reg(x0), mem(r15, ctxFloat))
	a.ins(x86.AMOVQ, mem(r15, ctxSP), reg(sp))
	a.bind(exit)
	a.ins(x86.APOPQ, reg(r14))
	a.ins(x86.AXORPS, reg(x15), reg(x15))
	a.ins(x86.APOPQ, reg(bp))
	a.plain(obj.ARET)
	leave := a.bound()
	a.ins(x86.APOPQ, reg(ax))
	a.ins(x86.AMOVQ, reg(ax), mem(r15, ctxLeft))
	a.ins(x86.AMOVQ, mem(r15, ctxSP), reg(sp))
	a.jump(exit)
	poll := a.bound()
	a.ins(x86.AINCQ, mem(r15, ctxPolls))
	a.ins(x86.AMOVQ, imm(-1), mem(r15, int64(interp.CtxLimit)))
	a.plain(obj.ARET)
	b, p, err := a.finish()
	if err != nil {
		tb.Fatal(err)
	}
	base := m.place(b)
	m.leave, m.poll = base+uintptr(p.label(leave)), base+uintptr(p.label(poll))
	entry := new(uintptr)
	*entry = base
	// A func value is a pointer to a word with the code's address.
	m.enter = *(*func(*testContext, unsafe.Pointer, uintptr, uintptr))(unsafe.Pointer(&entry))
	return m
}

// place puts code into executable memory.
func (m *machine) place(b []byte) uintptr {
	m.used = (m.used + 15) &^ 15
	if m.used+len(b) > len(m.code)-stackSize {
		m.used = 1024 // the stubs stay
	}
	at := uintptr(unsafe.Pointer(&m.code[m.used]))
	m.used += copy(m.code[m.used:], b)
	return at
}

// outcome is how a run ended.
type outcome struct {
	lo, hi uint64
	site   *ir.Site // where it left, or nil
}

// unit is code that is placed.
type unit struct {
	*machine
	code *ir.Code
	base uintptr
}

func (m *machine) unit(c *ir.Code) *unit { return &unit{m, c, m.place(c.Bytes)} }

// run runs from the entry, with the frame as it is.
func (u *unit) run(result ir.Type) outcome {
	m := u.machine
	c := m.ctx
	c[interp.CtxLimit/8] = 1 << 63
	c[interp.CtxNativeLimit/8] = 0
	c[interp.CtxLeave/8] = uint64(m.leave)
	c[interp.CtxLeaveSaving/8] = uint64(m.poll)
	c[interp.CtxMem0/8] = uint64(uintptr(unsafe.Pointer(&m.memory[0])))
	c[ctxStack/8] = uint64(uintptr(unsafe.Pointer(&m.code[len(m.code)-64])))
	return u.resume(result)
}

func (u *unit) resume(result ir.Type) outcome {
	m := u.machine
	c := m.ctx
	m.enter(c, unsafe.Pointer(&m.frame[0]), uintptr(unsafe.Pointer(&m.memory[0])), u.base+uintptr(u.code.Entry))
	runtime.KeepAlive(m)
	if left := uintptr(c[ctxLeft/8]); left != 0 {
		for _, s := range u.code.Sites {
			if u.base+uintptr(s.Offset) == left {
				return outcome{site: s.Site}
			}
		}
		m.tb.Fatalf("left at %#x, where there is no site\n%s", left-u.base, disassemble(u.code))
	}
	switch {
	case result == ir.V128:
		return outcome{lo: c[ctxFloat/8], hi: c[ctxFloat2/8]}
	case result == ir.F32:
		return outcome{lo: uint64(uint32(c[ctxFloat/8]))}
	case result.Float():
		return outcome{lo: c[ctxFloat/8]}
	}
	return outcome{lo: c[ctxInt/8]}
}
