// Package wasm is the module: its types, the decoder of the binary format, the validator, the table of instructions,
// and what the custom sections say of names and source lines. It knows nothing of how a module runs.
//
// # One pass, and then the bodies
//
// Decode reads a module's sections once, front to back, and checks every field where it stands: an index that is out
// of its space, a type that does not match, a name that is no UTF-8. This needs no second pass, because the format is
// ordered so that everything is declared before it is used. Function bodies are the exception. They are most of a
// module, they depend on all the rest and not on each other, and so they are only cut out at first and validated at
// the end, on all processors where there is much of them. Whichever processor is first, the error reported is that of
// the first bad function.
//
// What Decode returns refers to the module's bytes, and copies little: bodies, data and constant expressions are
// slices of them. Nothing is kept for an instruction. Whoever wants another form of a body (the interpreter, a
// printer) reads its bytes again, without having to check anything.
//
// # One table
//
// An instruction is a row of the opcode table (optable.go): its name, the kind of its immediates, the types it takes
// and gives, whether it may stand in a constant expression, and the feature that brought it. The validator is the
// specification's (7.3) over that table; there is code of its own only for the instructions whose types depend on
// what stands around them - a branch, a call, drop - and these are the ones a reader should have to think about.
// Beside it stands a short cut for the instructions that programs are full of (common.go), made from the same table,
// which never decides that anything is wrong.
//
// # Types
//
// Since types can be recursive they are compared by structure, a recursion group at a time (typesec.go). This is done
// once, while the type section is read: every type knows the first type of the module that is the same
// ([TypeDef.Canon]), and a [ValType] names no other. So == says whether two types are the same, everywhere, and the
// validator asks for subtypes (match.go) only where it finds two that are not.
//
// A local whose type has no null has no value before it is set. The short cut leaves the locals from the first of these
// on to the ordinary rules, which keep the list of those that were set and take back, at the end of a block, what the
// block added to it. A function without such locals, as nearly all are, pays for none of it.
//
// # Errors
//
// The error is an [*Error], with the place and the function, and belongs to one of four classes to be matched with
// errors.Is: the binary breaks the format (ErrMalformed), the module breaks a rule (ErrInvalid), it is larger than
// this implementation takes (ErrLimit), or it needs a feature that was not asked for (ErrFeature). Messages begin with
// the words of the specification's test suite where it has some.
//
// # Hostile input
//
// No bytes make Decode panic, or take memory out of proportion. A count is never believed: it is first compared with
// the bytes that are left, of which each element takes some. What can stand for more than its bytes has a limit of its
// own (limits.go): the locals of a function, the height of its operand stack, the depth of its blocks. Custom sections
// have no say in whether a module is valid; a name or line section that is broken is as good as none, from where it is
// broken on. They are read when they are first asked for, so that a module that never fails never pays for them. Who
// wants to know whether they are right asks [Module.CheckCustoms].
package wasm
