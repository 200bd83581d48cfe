// Package modgen makes up valid modules that do something: a seed is a module, the same on every host. What they are for
// is being run by two implementations, or twice by one, and compared (package difftest).
//
// # Valid by construction
//
// A function is generated from its results down: an expression of a type is an instruction that gives this type and
// expressions for its operands, as deep as a budget lasts. Nothing has to be repaired or thrown away, and Decode must
// accept every module. Most instructions come from the table in package wasm, which says what each takes and gives; only
// those whose types depend on what stands around them, and those that would trap nearly always, are written out here. An
// instruction that a new row brings is generated without a word of code.
//
// # Ends
//
// The first global is fuel. Each function takes one unit when it is entered, each loop at each iteration; when there is
// none left, functions return what they have and so do loops. Exported functions fill it up. A call runs so long and no
// longer, whatever has been generated, and how much fuel is left is compared as well.
//
// # Seldom traps
//
// A trap ends a call, and with it what could be found out. Addresses are cut to the memory's size, divisors made odd,
// floats made small before they become integers, tables' elements chosen where there are some: nearly always. What is left
// over is enough to see that traps are the same, too.
//
// # One result
//
// The specification leaves open what bits a NaN has that an operation makes, and nothing else that could be observed. So
// each such operation is wrapped in a comparison with itself, which puts one NaN in place of all, unless the value goes to
// an operation that does not tell them apart. Copying a NaN and changing its sign keep its bits, and are left alone.
// Relaxed vector instructions leave more open; who compares with others turns that feature off.
//
// # What is seen
//
// Exported functions take and give i32 and i64 alone, since these are what every embedding API has: floats by their bits,
// vectors by halves, of references what they are and what is in the object. For each global, table and shared memory
// there is an exported function that looks at it. Other memories are exported. Most of what is computed is overwritten or
// dropped before anybody looks, and so the results of some operations are added to a global at once (probe).
//
// # Shrinking
//
// [Shrink] makes a module smaller for as long as a predicate holds: expressions become constants or one of their operands,
// statements vanish, functions that nobody calls are taken out. It changes the tree in place, asks, and changes it back.
// It does not know what is valid. The predicate does.
package modgen
