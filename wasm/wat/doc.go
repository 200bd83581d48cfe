// Package wat is the text format (specification 6): it makes the binary of a module from its text, and reads the scripts
// in which the specification's test suite is written.
//
// # From text to binary, without a tree
//
// A text is cut into tokens once, and the lexer notes for each opening parenthesis where its partner stands. That is
// all the structure there is: whoever wants to skip a field jumps over it. A module is then read twice. The first
// reading looks at the head of each field only, numbers what it declares, and remembers the identifiers, because a
// function may call another that stands after it. The second encodes each field as it goes, into the section where it
// belongs. No syntax tree is built, and nothing of a module has a form of its own between its tokens and its bytes.
//
// Type definitions are read between the two, because everything else may refer to them: a type use looks for the
// first function type that is equal to what it says, and adds one at the end when there is none. As the second reading
// goes in the order of the text, types are added in the order in which the specification says they are.
//
// Instructions come from the table in package wasm, which the decoder uses as well. It says what immediates an
// instruction has; only those whose text differs from their binary form - blocks, select, casts, the order of two
// indices - are treated here by name.
//
// # What is checked
//
// The text format has rules of its own, and these are all checked: an identifier is defined once and means something,
// numbers fit, imports come first, the label after end is the block's. Whether the module is valid is not this
// package's business: an index is written down as it stands, and [wasm.Decode] has to say whether it exists.
// Messages begin with the words of the specification's test suite. An error shows the line and where in it the
// trouble is.
//
// # Scripts
//
// A script is a list of commands: modules, actions on them, and assertions about both. [ParseScript] reads the whole of
// it, but leaves the modules alone. They are parsed when [ScriptModule.Binary] asks for them, because many a module
// in a script is there to be refused, and its error must not become the script's.
//
// # Annotations
//
// Annotations (specification 6.3.4) are comments, save those that have a meaning: (@name) goes to the name section,
// (@custom) makes a custom section, (@metadata.code.branch_hint) an entry in the section of branch hints. One of these
// in a place where it means nothing is an error.
//
// # Hostile input
//
// No text makes the parser panic or hang, and what it allocates is in proportion to the text's size. What nests in the
// text recurses in the parser, so that nesting is bounded: see maxNesting.
package wat
