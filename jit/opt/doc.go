// Package opt makes functions of package ir better: a table of passes, run one after the other. Each pass leaves a function that
// ir.Verify accepts and that does the same - the same results, traps, memory, globals, calls in the same order with the same
// slots - as far as whoever looks at a site can see.
//
// # What holds everywhere
//
// Nothing is speculated: what can trap or fault stays in its block, or goes where an equal one has been computed before.
// A trap may only be replaced by the same trap at an earlier place of the same function if nothing that can be seen happens between.
//
// Polls see slots, but what they do to the wasm program is nothing: words of the instance keep what they had. Loads from memories are
// not remembered beyond a poll, because a loop that waits for another thread to write must see it.
//
// # Cost
//
// Compile time counts. A pass is a walk over all values, or over the blocks in reverse postorder; what it remembers by value or block is
// in slices indexed by ID.
package opt
