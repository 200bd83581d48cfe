package interp

import (
	"math"
	"sync/atomic"
	"unsafe"
)

// Native code. A tier above this package (see Tier) may compile functions and loops to machine code. This package runs it:
// it enters machine code where the interpreter meets a function or loop that has some, it does what machine code leaves for,
// and it makes machine code's frames look like the interpreter's whenever somebody wants to see them.
//
// # Two stacks
//
// Machine code works on the same explicit stack of slots as the interpreter: the frame register holds a frame's address, a
// call's arguments and results that are not in registers are where the interpreter has them. Return addresses and spilled registers
// are on a second stack of the thread's, the machine stack, so that calls and returns are the processor's own. It holds
// nothing that a program needs to go on: wasm values are in their slots whenever machine code can be left, and a return address
// says which instruction of which function is next (NativeSite). Frame records (Thread.frames) of activations that
// machine code called are therefore made only when machine code is left, by walking the machine stack from the top to the
// last frame that has a record.
//
// A tail call in machine code leaves both stacks as the caller found them and jumps. What has the return address then is the callee, whose own
// calls and sites say that the frame is its: the caller is in no record but that of a segment's first frame, which is put right when
// records are made.
//
// A frame whose caller is machine code has nativeReturnInstr as its return address; when the interpreter returns there, machine code
// goes on at the return address on top of the machine stack. A frame whose caller is the interpreter has on the machine stack the address
// of a stub that leaves.
//
// # One door
//
// Machine code never calls Go. It leaves, by calling a stub that saves the machine stack's pointer and returns to Go with the one
// of the goroutine; the return address that this leaves on the machine stack is looked up and says what is wanted. Coming back is a
// return to it.

// NativeContext is what machine code knows of the thread, through its context register. The names of the offsets below
// are what back ends use.
type NativeContext struct {
	limit       atomic.Uintptr // a frame's end must not be beyond; 0 when the thread is wanted, so that one comparison tells both
	nativeLimit uintptr        // the machine stack's pointer must not be below
	instance    uintptr        // address of the instance's block: see NativeLayout
	mem0        uintptr        // address of memory 0's first byte, which is in a register while machine code runs
	fp          uintptr        // the frame register
	nsp         uintptr        // the machine stack's pointer, outside of machine code
	goSP, goBP  uintptr        //lint:ignore U1000 the goroutine's, while machine code runs: see native_*.s
	left        uintptr        // how machine code was left: leftReturned, or 0

	// Addresses of the stubs that machine code calls.
	leave       uintptr // nothing is kept in registers
	leaveSaving uintptr // all registers come back as they were

	ints   [32]uint64    // registers saved by leaveSaving, by number
	floats [32][2]uint64 // the lower 128 bits of vector registers

	goLR  uintptr //lint:ignore U1000 the goroutine's return address, where that is in a register: see native_arm64.s
	fault uintptr // not 0 when machine code was left by a fault: the address that it touched, all ones if that is not known

	goG uintptr //lint:ignore U1000 the goroutine, where that is in a register that machine code takes: see native_amd64.s

	step atomic.Uint64 // what a loop's head takes from the count: 1, or countWanted; see native_count.go

	_ [0]unsafe.Pointer
}

// Offsets in a NativeContext.
const (
	CtxLimit       = unsafe.Offsetof(NativeContext{}.limit)
	CtxNativeLimit = unsafe.Offsetof(NativeContext{}.nativeLimit)
	CtxInstance    = unsafe.Offsetof(NativeContext{}.instance)
	CtxMem0        = unsafe.Offsetof(NativeContext{}.mem0)
	CtxLeave       = unsafe.Offsetof(NativeContext{}.leave)
	CtxLeaveSaving = unsafe.Offsetof(NativeContext{}.leaveSaving)
	CtxStep        = unsafe.Offsetof(NativeContext{}.step)
)

// nativeMode says which of a module's two codes a store runs: see native_count.go.
type nativeMode uint8

const (
	nativePlain  nativeMode = iota
	nativeCounts            // safepoints are counted
	nativeModes
)

// countWanted is what the heads of loops take from the count when the thread is wanted.
const countWanted = 1 << 63

// NoCallee is NativeSite.Callee of a call of which it is not known before what it calls.
const NoCallee = math.MaxUint32

// SiteKind says why machine code is left.
type SiteKind uint8

const (
	// SiteCall is the return address of a call: machine code is not left there itself, but frames above it may be.
	SiteCall SiteKind = iota
	// SiteEntry is a function's entry when the stack has no room or the thread is wanted; left by leaveSaving before the machine
	// frame is made, with the arguments in their slots. It goes on as if the check had passed.
	SiteEntry
	// SitePoll is a loop's head when the thread is wanted; left by leaveSaving, with the state in slots.
	SitePoll
	// SiteImport is a call of an imported function, Callee; arguments and results are in slots from ArgSlot on. Like all slots of a
	// site these count from the beginning of the unit's own frame, but Acc, which counts from that of the frame it is in.
	SiteImport
	// SiteStep is an instruction that the interpreter does: see NativeStep.
	SiteStep
	// SiteType is a function's type that is not the one wanted; left by leaveSaving. The record's address is in the register
	// NativeSite.RegA, the type's id in RegB.
	SiteType
	// SiteExit goes on in the interpreter, with the state in slots.
	SiteExit
	// SiteTrap traps.
	SiteTrap
	// SiteFault is a load or store whose fault is a trap.
	SiteFault
	// SiteSide is SiteExit where what follows had not been seen running when the unit was compiled. It is counted.
	SiteSide
)

// NativeSite is a place where machine code can be left, as ir.Site says it.
type NativeSite struct {
	Kind       SiteKind
	Trap       TrapCode
	RegA, RegB int8 // SiteType: numbers of integer registers
	Pos        uint32
	Callee     uint32 // SiteImport, SiteCall: the function, or NoCallee
	Point      int32  // index of the interpreter's instruction
	Acc        int32
	ArgSlot    int32
	FrameBytes int32 // between the return address and the one of the unit's caller
	Step       *NativeStep
	Mark       Mark          // SiteExit, SiteSide: the way that leads here, 0 if that is not to be noted
	Inlined    *NativeInline // the function that the place is in, if it is not the unit's own

	how   stepKind // set by Publish
	taken uint32   // SiteSide: how often; atomic
}

// NativeInline is a function that was compiled into a unit in place of a call of it. Its frame is where the call's would be, so that one
// frame on the machine stack stands for the unit's own frame and those of what is inlined where it is.
type NativeInline struct {
	Parent *NativeInline // the caller; nil is the unit's own function
	Func   uint32        // in the module's function index space
	Point  int32         // index of the caller's instruction behind the call
	Base   int32         // slots from the beginning of the unit's own frame to that of this one
	Depth  int32         // frames above the unit's own, this one included
}

// base is where the frame of a site in n begins, in slots from the unit's own.
func (n *NativeInline) base() int {
	if n == nil {
		return 0
	}
	return int(n.Base)
}

// Frames is how many frames a site in n has above the unit's own.
func (n *NativeInline) Frames() int {
	if n == nil {
		return 0
	}
	return int(n.Depth)
}

// NativeUnit is machine code that has been made executable.
type NativeUnit struct {
	Func        uint32 // in the module's function index space
	Loop        int    // the index of the loop's head among the interpreter's instructions, or -1 for the function
	Room        int    // slots of its frame, with those of what is inlined
	Base        uintptr
	Size        uintptr
	Entry, Fast uintptr // addresses: from the interpreter; from machine code (of functions)
	FrameBytes  int32   // what its frame takes of the machine stack, behind the return address
	Counts      bool    // it counts safepoints: for stores that want it, see native_count.go

	// Offsets from Base of return addresses and of instructions that may fault, ascending, and what they are.
	SiteOffsets  []uint32
	Sites        []NativeSite
	FaultOffsets []uint32
	Faults       []NativeSite

	// Memory 0 of an instance that runs the unit must be as it was compiled for: see Module.NativeMemory.
	Memory NativeMemory

	// Exits is how many more side exits are taken until the tier hears of it; 0 for never. It is read and written atomically; threads may overlook
	// each other's steps.
	Exits uint32

	// Free is called, once, when another unit has replaced this one and no thread can reach its code any more: see Module.Reclaim. nil: the code stays for as
	// long as the module.
	Free func()
}

// NativeMemory is what units take for granted of memory 0.
type NativeMemory struct {
	Guarded bool // accesses beyond its end fault: the address space behind it is reserved
	Fixed   bool // it never moves
}

// Tier is what compiles. Its methods are called on threads that run, and return soon.
type Tier interface {
	// Hot says that a function (loop -1), or the loop whose head is instruction loop, has been come by as often as its counter
	// said. counts says that code is wanted which counts safepoints. It returns after how many more times it wants to hear of it again, 0 for
	// never. A tier that compiles at once publishes before it returns. t is the thread that waits for it meanwhile: a tier looks at
	// Thread.Cancelled.
	Hot(t *Thread, m *Module, fn uint32, loop int, counts bool) (again uint32)
	// SideExits says that as many side exits of a unit have been taken as NativeUnit.Exits said. It returns after how many more it
	// wants to hear of it again, 0 for never.
	SideExits(t *Thread, m *Module, u *NativeUnit) (again uint32)
}

// Words of an instance's block: see NativeLayout.
const (
	WordMem0    = iota // address of memory 0's first byte
	WordEntries        // address of the module's table of entries, one for each function that it defines
	WordFuncs          // address of the instance's view of the store's functions: an array of NativeFunc by store address
	WordHeap           // address of the store's heap
	WordFirst          // reference to the first function that the module defines; the others' follow it in their order
	WordStub           // the entry of functions that have no machine code for an instance
	firstNativeWord
)

// NativeFunc is the record of a function, as machine code sees it: what a reference r to a function means to an instance is record
// r-1 of its array. Callees of other instances, of the host, and such that have no machine code have a stub as their entry.
type NativeFunc struct {
	Entry  *uintptr // the word where the address of the function's machine code is
	TypeID uint64   // id of its run-time type in the store
}

// NativeLayout says which words of an instance's block are what, by index space.
type NativeLayout struct {
	Globals  int // word Globals+i: address of global i's value, 8 bytes and 8 more for the upper half of a v128
	Memories int // word Memories+i: address of the Go slice that memory i is (address, then length in bytes)
	Tables   int // word Tables+i: address of the Go slice of table i's elements (address, then number)
	Types    int // word Types+i: the id of type i in the store
	Words    int
}

// NativeLayout is the layout of blocks of the module's instances.
func (m *Module) NativeLayout() NativeLayout {
	w := m.wasm
	l := NativeLayout{Globals: firstNativeWord}
	l.Memories = l.Globals + len(w.GlobalTypes)
	l.Tables = l.Memories + len(w.MemoryTypes)
	l.Types = l.Tables + len(w.TableTypes)
	l.Words = l.Types + len(w.Types)
	return l
}
