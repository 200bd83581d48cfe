// Package amd64 makes machine code for 64-bit x86 of what the register allocator hands over (ir.Allocation), and tells the
// allocator before what each value needs of the machine (ir.Target). Package arm64 mirrors it, file by file where the machines are alike.
//
// # Registers
//
//	BX   the wasm frame           R15  the context (interp.NativeContext)
//	R14  memory 0's first byte    SP   the machine stack
//	R13  scratch                  X15  scratch
//
// In units that count safepoints R12 is the count. All others hold values. The scratch registers belong to the instruction that is being
// emitted: moves, state stores and the expansions of single values use them, and nothing lives in them from one value to the next.
//
// An i32 in a register has a zero upper half. Every 32-bit instruction leaves it so, and it makes an i32 address usable in
// an addressing mode as it is. So users of i64.extend_i32_u read the i32 itself. Spill slots have all 64 bits, slots of the
// wasm frame need not: they are read with 32-bit loads, and a call's i32 result is extended behind the call.
//
// # Folding
//
// Select looks at a block from its end and marks what becomes a part of its only user: comparisons of branches, selects and
// traps, loads of arithmetic, sums of addresses. A folded value has no register; its own operands stand in its place among the
// user's. Two functions must agree on their order: Target.Operands lists them, and the emitter takes them one after
// the other. Both are written as pairs (useAny and takeAny, useAddress and takeAddress, ...), so that the order is the order of
// the calls.
//
// # Jumps
//
// golang-asm encodes instructions, but not jumps: its own choice between short and long jumps assembles everything again and
// again, and ends the process when it takes too long, which a program could arrange. Here a jump is a gap in a straight line of
// instructions; what a place in the code is called is a mark (instructions and gaps before it), and the gaps get
// their sizes when all marks are known (layout.go). Constants and jump tables stand behind the code and are reached relative to
// the program counter. So do the routines of memory.copy and memory.fill, which a unit that needs them has once (bulk.go).
//
// # Ways out
//
// Whatever is rare is a stub behind the code: traps, polls, the entry from the interpreter, the odd cases of conversions and
// minima. A stub is a closure that runs when the blocks are done.
//
// # Faults
//
// A load or store that is checked by guard pages may be folded into any instruction that reads memory; its site is at the
// offset where that instruction begins, with the prefix that makes it atomic, if there is one. takeAddress hands the site
// over with the operand, and emit writes it down.
package amd64
