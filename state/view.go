package state

import (
	"time"

	"github.com/godwit-vm/godwit/wasm"
)

// Program is the portable view of a running program. It speaks of wasm's things only: no host pointer, no machine
// register, no index into lowered code, no descriptor number of the host.
//
// Objects that instances may share (functions, tables, memories, globals) stand once, in the order of their store
// addresses (specification 4.2.5); instances and values refer to them by address.
type Program struct {
	Created    time.Time
	Godwit     string // version of godwit that took it
	Safepoints uint64 // passed so far, when the run counted them

	Modules []Module
	// Types are the defined types that types outside of modules name by index: of globals, tables, host functions, tags
	// and objects. Recursion groups are whole, no two types are the same, and a type names only types of its own group
	// or before it. Canon is the type's own index.
	Types     []wasm.TypeDef
	Instances []Instance
	Funcs     []FuncRun
	Tables    []Table
	Memories  []Memory
	Globals   []Global
	Tags      []Tag
	Heap      Heap
	Threads   []Thread
	Resources []Resource
}

// Module names a module that instances were made of. Bytes is nil when the snapshot does not embed it.
type Module struct {
	Name  string
	Hash  [32]byte // SHA-256 of the binary
	Bytes []byte
}

// Instance is a module instance (specification 4.2.6): for each of the module's index spaces the store addresses.
// Functions are not listed for definitions: they are a FuncRun.
type Instance struct {
	Name          string
	Module        int      // index into Program.Modules
	ImportedFuncs []uint32 // store addresses of the imported functions
	Tables        []uint32 // store addresses, whole index space
	Memories      []uint32
	Globals       []uint32
	Tags          []uint32
	DroppedElems  []bool // per element segment
	DroppedDatas  []bool // per data segment
}

// FuncRun is a run of consecutive store addresses of functions: either Count functions of an instance, starting with
// index First of its module's function index space, or (Instance == -1) one host function.
type FuncRun struct {
	Instance int
	First    uint32
	Count    uint32

	HostModule, HostName string
	HostType             wasm.FuncType
}

// Value is a typed wasm value. Numbers are their bits, zero-extended; Hi is the upper half of a v128.
//
// The Type of a reference is the top of its hierarchy: FuncRef, ExternRef, AnyRef or ExnRef. A reference is 0 for null.
// One to a function is 1 + its store address. The others have what they refer to in their two upper bits, see [RefKind].
type Value struct {
	Type wasm.ValType
	Bits uint64
	Hi   uint64
}

// RefKind says what a reference that is no funcref, and not null, refers to: the reference's two upper bits.
type RefKind uint8

const (
	RefHost   RefKind = 0 // something of the embedder's: the lower bits are its number, at least 1
	RefObject RefKind = 2 // an object of the heap: the lower bits are its index. Exceptions are objects
	RefI31    RefKind = 3 // an i31: the lower 31 bits are the value
)

// RefShift is where in a reference its RefKind begins.
const RefShift = 62

// Tag is a tag instance: Type is the index in Program.Types of the function type whose parameters its exceptions carry.
type Tag struct{ Type uint32 }

// Heap is the objects of the heap: structures, arrays and exceptions. References name them by their index, from 0 on.
// Data is the objects one after the other, each as FORMAT.md says; see [HeapReader].
type Heap struct {
	Objects uint64
	Data    []byte
}

// Table is a table instance; Elems are references as in Value.Bits.
type Table struct {
	Type  wasm.TableType
	Elems []uint64
}

// Memory is a memory instance. Its contents are in one of two places:
//
// In a view that was just captured Data is the live memory itself, a whole number of pages, and is valid only until
// the program goes on. In one that was read from a file Data is nil and Source pours the contents where they are wanted,
// so that nothing is held twice. [Memory.Size] and [Memory.LoadInto] work for both.
type Memory struct {
	Type   wasm.MemoryType
	Data   []byte
	Source Source
}

// Global is a global instance.
type Global struct {
	Type  wasm.GlobalType
	Value Value
}

// Thread is a thread of execution: its frames, outermost first. A thread without frames is idle.
type Thread struct {
	Frames []Frame
	// Pending is what a waiting instruction, which is the top frame's resume point, left behind to go on with: a call
	// of a host function or memory.atomic.wait (time that remains, bytes already taken, the place in a queue). Nil when the top frame does not resume in such a call.
	Pending []byte
	// HasPending tells a nil Pending apart from none.
	HasPending bool
}

// Frame is the activation of a wasm function (specification 4.2.12).
//
// Offset is the byte offset in the module of the next instruction to execute. In the top frame that is a function's
// first instruction, the first instruction of a loop's body, or a call of a host function or a memory.atomic.wait that
// is to be made again, its arguments on the operand stack. The body of a catch of the legacy exceptions has one operand
// that the specification does not know: the exception it has caught, an exnref below the operands of its own. In every other frame it is the instruction after the call in progress, with the
// call's arguments taken off the stack and its results not yet on it.
type Frame struct {
	Instance int    // index into Program.Instances
	Func     uint32 // in the module's function index space
	Offset   uint32
	Locals   []Value // parameters first
	Stack    []Value // operand stack, bottom first
}

// Resource is the state of something that belongs to the host side: a WASI context, an embedder's host module.
// Data's format is the owner's, versioned by it.
type Resource struct {
	Name    string // "wasi_snapshot_preview1", an embedder's module name
	Version uint32
	Data    []byte
}
