// Package ir is what the phases of the compiler hand to each other: a function or loop in SSA form, a textual form of it,
// a verifier, an evaluator that tests run it with, and what the register allocator and a back end agree on.
//
// # Shape
//
// A Func is one compilation unit: a wasm function, or a loop of one. It has one entry block. A block is a list of values in
// the order in which they are executed; its last value is its terminator, and that names its successors. Phis come first in a
// block and have an argument for each predecessor, in the order of Block.Preds. Critical edges are split before register
// allocation.
//
// Whatever wasm has an instruction for has that instruction's opcode: i32.add is wasm.OpI32Add, with its result type. Only
// what wasm does not have - phis, slots, calls, exits - has opcodes of its own (op.go). Values of type i32 are computed
// modulo 2^32, and their upper halves in a register are zero.
//
// # The frame
//
// The interpreter's frame is the wasm stack: each local and each operand has a slot (see package interp). Compiled code keeps
// wasm values in registers and writes them to their slots where the frame must be complete: before calls and whatever
// else leaves (SlotStore values, put there by the front end), and on the cold ways out (the State of a Site).
//
// # Sites
//
// A Site is a place where compiled code can be left: a call, a poll, a side exit, a trap. At run time it is known by the
// return address that stands on the machine stack. It says where in the wasm function that is.
package ir
