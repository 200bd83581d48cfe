package ir

import "github.com/godwit-vm/godwit/wasm"

// Op says what a value is. Numeric instructions, accesses to memories and vector instructions have wasm's opcodes.
//
//   - Numeric and vector instructions have wasm's operands as Args; lane immediates are in Aux, v128.const and the
//     shuffle's lanes in Imm (low half) and Aux (high half).
//   - Loads have Args {base, address}, stores {base, address, value}, and atomic ones likewise; Imm is the constant offset,
//     Aux the lane of a lane access, Mem the memory. base is an OpMemBase. The address is an i32 or an i64. The access is
//     to base + address + offset; it is checked by the guard pages behind the memory when Guarded is set, and has been checked by
//     other values when not.
//   - memory.copy has Args {base, address, base, address, length}, where to and where from, memory.fill {base, address, value, length}; Mem is
//     the memory that changes. Lengths and addresses are i32 or i64. Other values have checked both ranges.
type Op = wasm.Op

// Opcodes that wasm does not have.
const (
	OpConst Op = 0xE00000 + iota // Type; the bits are in Imm (and Aux, the upper half of a v128)
	OpParam                      // argument Imm of the function, in the entry block only; see Convention
	OpPhi                        // an argument for each predecessor

	OpSlotLoad  // the value of Type in slot Imm of the frame
	OpSlotStore // Args {value} to slot Imm

	OpMemBase   // i64: address of the first byte of memory Mem. That of memory 0 is in a register of its own: no register is allocated.
	OpInstWord  // i64: word Imm of the instance's block (see interp.NativeLayout). Aux 1: it never changes while the unit runs.
	OpLoadWord  // Type, from address Args[0] + Imm, 1, 2, 4, 8 or 16 bytes as Width says, zero-extended; Aux is the Class that it aliases with
	OpStoreWord // Args {address, value}, Width bytes, at + Imm; Aux is its Class

	OpTrapIf // Args {i32 condition}: traps when it is not zero; Site.Trap says how

	// OpCall calls a function of the same instance: Args {entries, arguments in registers…}; Imm is the index among the functions that
	// the module defines. entries is the address of the table of entries (an OpInstWord). Arguments beyond the registers
	// are in the callee's slots already. The callee's frame begins Site.ArgSlot slots above this one. Its Type is that
	// of its only result, in a register, or Void when it has none or several; several are in slots from Site.ArgSlot on.
	OpCall
	// OpCallRecord is OpCall through the record of a function (interp.NativeFunc): Args {address of the record, arguments…}.
	OpCallRecord
	// OpCheckType compares the type in a function's record with the one wanted: Args {address of the record, type id (i64)}. Where
	// they differ the VM decides, and traps or goes on. All registers survive.
	OpCheckType
	// OpLeave leaves to the VM, which does what Site says, and comes back. Operands and results are in slots. Nothing
	// survives in registers.
	OpLeave
	// OpPoll leaves if somebody wants the thread, and comes back with all registers as they were. Site.State is what to
	// write to slots before.
	OpPoll

	OpCopy // of Args[0]

	// Terminators.
	OpJump   // to Succs[0]
	OpIf     // Args {i32 condition}: not zero Succs[0], zero Succs[1]
	OpSwitch // Args {i32 index}: Succs[min(index, len-1)]
	OpReturn // Args {the only result}, or none; several are in slots from 0 on

	// OpTailCall calls a function of the same instance in place of the one that it is in: Args and Imm as of OpCall. The callee's frame begins
	// where this one does, and arguments beyond the registers are in its slots already. The callee must have machine code.
	OpTailCall
	// OpTailCallRecord is OpTailCall through the record of a function, with Args as of OpCallRecord.
	OpTailCallRecord
	// OpTailCallSelf is OpTailCall of the unit's own function: Args {arguments in registers…}.
	OpTailCallSelf

	OpExit // leaves for good: the interpreter goes on at Site, after Site.State was written
	OpTrap // leaves for good: Site.Trap

	// OpTarget and beyond are the back ends' own, made by Target.Select.
	OpTarget Op = 0xE10000
)

// IsTarget tells whether op is one of a back end's own: wasm's opcodes behind prefixes have greater numbers yet.
func IsTarget(op Op) bool { return op >= OpTarget && op < OpTarget+1<<16 }

// isOwn tells whether op is one that wasm does not have, those of back ends included.
func isOwn(op Op) bool { return op >= OpConst && op < OpTarget+1<<16 }

// Class is what accesses by OpLoadWord and OpStoreWord may alias with: themselves, and others of the same class. Calls and OpLeave
// change all but ClassFixed.
type Class uint64

const (
	ClassFixed  Class = iota // never changes
	ClassHeader              // sizes and addresses of memories, tables, records: only the VM changes them
	ClassTable               // elements of tables
	ClassHeap                // objects
	ClassGlobal              // ClassGlobal + i: global i
)

// ClassOpen is added to the class of globals that are imported or exported: an embedder may change them while a thread stands still
// at a poll.
const ClassOpen Class = 1 << 40

// ClassAlloc is the class of the places where new objects are made. The VM gives others where machine code is left, at polls too.
const ClassAlloc = ClassOpen<<1 | ClassOpen

// Stands tells whether words of the class are the same behind a poll. Sizes and addresses of memories, tables and their
// elements are not: an embedder may change them meanwhile.
func (c Class) Stands() bool {
	return c == ClassFixed || c == ClassHeap || c >= ClassGlobal && c&ClassOpen == 0
}

// Type is the type of a value. References are I64.
type Type uint8

const (
	Void Type = iota
	I32
	I64
	F32
	F64
	V128
)

// Float tells whether values of the type are in vector registers.
func (t Type) Float() bool { return t >= F32 }

// Size is the number of bytes of a value.
func (t Type) Size() int { return [...]int{0, 4, 8, 4, 8, 16}[t] }

// Slots is the number of slots of a value.
func (t Type) Slots() int {
	if t == V128 {
		return 2
	}
	return 1
}

func (t Type) String() string { return [...]string{"void", "i32", "i64", "f32", "f64", "v128"}[t] }

// TypeOf is the type of values of a wasm type.
func TypeOf(t wasm.ValType) Type {
	switch t {
	case wasm.I32:
		return I32
	case wasm.F32:
		return F32
	case wasm.F64:
		return F64
	case wasm.V128:
		return V128
	}
	return I64
}

// The calling convention: the first IntArgs arguments that are not float and the first FloatArgs that are (v128 among
// them) are in registers, which the target numbers; the others are in the callee's slots. A single result is in the
// first register of its kind. No register survives a call.
const (
	IntArgs   = 6
	FloatArgs = 6
)

// InRegisters tells for each parameter the number of its register among those of its kind, or -1.
func InRegisters(params []wasm.ValType) []int {
	regs := make([]int, len(params))
	var ints, floats int
	for i, p := range params {
		n, limit := &ints, IntArgs
		if TypeOf(p).Float() {
			n, limit = &floats, FloatArgs
		}
		regs[i] = -1
		if *n < limit {
			regs[i] = *n
			*n++
		}
	}
	return regs
}
