// Package arm64 makes machine code of the compiler's IR for 64-bit ARM. It has the files of package amd64, and what does the same has
// the same name there. Only here are imm.go, neon.go and vector_memory.go, for immediates and instructions that amd64 has as a matter of course;
// conditions, the layout of jumps and vectors of floats have files of their own only there.
//
// # From a function to bytes
//
// Target tells the register allocator which registers there are and what each value needs (target.go). Before that, Select looks for
// values that become part of the instruction of the one value that uses them (select.go): shifts and extensions of
// operands, products that are added, comparisons that are branched on, wraps of what only the lower half is read of. Which
// constants are immediates of an instruction is a question of the constant and the instruction (imm.go); the allocator does not
// hear of those, nor of the zero register's.
//
// Compile walks over the allocation, block by block, and hands each value to the file that knows it (emit.go): int.go, float.go,
// convert.go, memory.go, bulk.go, atomic.go, vector*.go, control.go and call.go. What happens seldom (ways out, traps, the entry's
// leaving) becomes a stub behind the last block, so that the straight path stays straight.
//
// # Registers
//
//	R0…R15, R19…R23   values; R0…R5 arguments, R0 the result; R23 the count in units that count safepoints
//	R16, R17          scratch: of moves, and within an instruction's code
//	R18, R28, R29     the platform's, Go's g, the frame pointer: never touched
//	R24, R25, R26     memory 0, the frame of slots, the context
//	R27               a third scratch register
//	R30               the return address until it is pushed; then scratch
//	F0…F29            values; F0…F5 arguments, F0 the result
//	F30, F31          scratch; next to each other, as a look-up in two registers wants them
//
// An i32 has zeros in its upper half. Addresses are extended by the access all the same, since the bounds of memory rest on it.
//
// # The machine stack
//
// A return address is in LR after a call; the callee pushes it, into a cell of 16 bytes, which keeps the stack pointer aligned. Who
// comes in from the interpreter, at Entry, finds it pushed already.
//
//	higher   cell: return address into the caller
//	         FrameBytes: spilled values
//	SP →     (cell of a callee, or of a stub that leaves)
//
// # The assembler
//
// asm.go drives golang-asm. It knows a part of the machine only: loads and stores (memory.go), vectors (neon.go), atomics and a
// few others are encoded here and handed over as words. It places instructions and reaches labels; a conditional branch whose
// target is farther than 1 MiB (32 KiB for a test of one bit) becomes two branches.
package arm64
