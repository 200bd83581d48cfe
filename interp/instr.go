package interp

import (
	"encoding/binary"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

//go:generate go run ./internal/genhandlers

// op names a lowered instruction; its top bit marks the instruction as a safepoint.
type op uint16

// safepoint marks a function's first instruction and the first one of each loop.
const safepoint op = 1 << 15

func (o op) String() string { return opNames[o&^safepoint] }

// instr is a lowered instruction: three-address code over the slots of a frame.
//
// code is the address of the handler's machine code and comes first: a Go func value is a pointer to a word that holds
// a code address, so a *instr can be called as it is (see Thread.run). a, b and c are slots of the frame unless the
// instruction says otherwise, a being the destination. imm is a constant, a memory offset, an index, or a branch's
// distance in bytes in its low half.
type instr struct {
	code    uintptr
	op      op
	a, b, c uint16
	imm     uint64
}

const instrSize = unsafe.Sizeof(instr{})

// handler executes an instruction and returns what the next one is to be called with: the instruction itself, the
// frame's first slot, the accumulator, the bytes and size of memory 0, and the thread. Go passes and returns all six in
// registers, the same ones, so that what a handler leaves alone costs nothing.
//
// The accumulator holds the value that was computed last, which also stands in its slot. An instruction that uses the
// value at once takes it from there and does not wait for the store to come back out of memory.
type handler func(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread)

// codes are the code addresses of handlers.
var codes [opCount]uintptr

func init() {
	for i, h := range handlers {
		if h != nil {
			codes[i] = **(**uintptr)(unsafe.Pointer(&h))
		}
	}
	haltInstr = instr{code: codes[opHalt], op: opHalt}
	leaveInstr = instr{code: codes[opLeave], op: opLeave}
	crossReturnInstr = instr{code: codes[opCrossReturn], op: opCrossReturn}
	nativeReturnInstr = instr{code: codes[opNativeReturn], op: opNativeReturn}
}

// Instructions that stand outside of any function's code.
var (
	haltInstr        instr // does nothing, for ever: the run loop looks up and sees why
	leaveInstr       instr // the return address of the outermost frame
	crossReturnInstr instr // the return address of a frame whose caller belongs to another instance
	// nativeReturnInstr is the return address of a frame whose caller is machine code.
	nativeReturnInstr instr
)

// slot is slot i of the frame at fp.
func slot(fp unsafe.Pointer, i uint16) *uint64 {
	return (*uint64)(unsafe.Add(fp, uintptr(i)*8))
}

// slots is the n slots from slot i of the frame at fp on.
func slots(fp unsafe.Pointer, i uint16, n int) []uint64 {
	return unsafe.Slice(slot(fp, i), n)
}

func next(pc *instr) *instr { return (*instr)(unsafe.Add(unsafe.Pointer(pc), instrSize)) }

// target is where the branch at pc goes.
func target(pc *instr) *instr { return (*instr)(unsafe.Add(unsafe.Pointer(pc), int(int32(pc.imm)))) }

// binaryOp, unaryOp, branchOp, loadOp and storeOp are the handlers of a wasm instruction by where the operands are:
// r in a slot, a in the accumulator, i in the instruction.
type (
	binaryOp struct {
		rr, ri, ar, ai, ra op
		commutes           bool
	}
	unaryOp  struct{ r, a op }
	branchOp struct {
		rr, ri, ar, ai, ra         op
		notRR, notRI, notAR, notAI op
		inverse, swapped           wasm.Op
	}
	addBranchOp struct{ r, i op }
	loadOp      struct{ r, a, rr, ar, ri, i, any op }
	storeOp     struct{ rR, aR, rA, rI, iR, iA, any op }
)

// Little-endian accesses. The compiler makes one machine instruction of each, byte swap included, where the machine
// has it; the array pointers keep bounds checks out, the caller has made them.
func le16(p unsafe.Pointer) uint16     { return binary.LittleEndian.Uint16((*[2]byte)(p)[:]) }
func le32(p unsafe.Pointer) uint32     { return binary.LittleEndian.Uint32((*[4]byte)(p)[:]) }
func le64(p unsafe.Pointer) uint64     { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }
func put16(p unsafe.Pointer, v uint16) { binary.LittleEndian.PutUint16((*[2]byte)(p)[:], v) }
func put32(p unsafe.Pointer, v uint32) { binary.LittleEndian.PutUint32((*[4]byte)(p)[:], v) }
func put64(p unsafe.Pointer, v uint64) { binary.LittleEndian.PutUint64((*[8]byte)(p)[:], v) }
