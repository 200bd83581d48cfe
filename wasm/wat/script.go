package wat

import "github.com/godwit-vm/godwit/wasm"

// Script is a script of the specification's test suite: commands in the order in which they are to be run.
type Script struct {
	Commands []Command
}

// Pos is a place in a text. Both count from 1, Column in characters.
type Pos struct {
	Line, Column int
}

// CommandKind is what a command asks for.
type CommandKind uint8

const (
	// CmdModule is a module to be instantiated; it becomes the current instance, and Name names it.
	CmdModule CommandKind = iota
	// CmdDefinition is (module definition): a module to be validated and kept under Name, but not instantiated.
	CmdDefinition
	// CmdInstance is (module instance $Name $Definition): an instance of a module kept before. Without a name of the
	// definition it is the last one kept.
	CmdInstance
	// CmdRegister makes the exports of instance Name (the current one, without a name) importable from the module As.
	CmdRegister
	// CmdAction is an action whose results nobody looks at.
	CmdAction
	// CmdAssertReturn expects Action to return Results.
	CmdAssertReturn
	// CmdAssertTrap expects a trap of Action, or of Module's instantiation where Module is set.
	CmdAssertTrap
	// CmdAssertExhaustion expects Action to exhaust the call stack.
	CmdAssertExhaustion
	// CmdAssertException expects an exception that Action does not catch.
	CmdAssertException
	// CmdAssertInvalid expects that Module does not validate.
	CmdAssertInvalid
	// CmdAssertMalformed expects that Module's text or binary cannot be read.
	CmdAssertMalformed
	// CmdAssertUnlinkable expects that Module's imports are not met.
	CmdAssertUnlinkable
	// CmdAssertInvalidCustom expects that a custom section or annotation of Module does not validate.
	CmdAssertInvalidCustom
	// CmdAssertMalformedCustom expects that a custom section or annotation of Module cannot be read.
	CmdAssertMalformedCustom
)

// commandNames are the keywords of the commands.
var commandNames = [...]string{
	"module", "module definition", "module instance", "register", "action", "assert_return", "assert_trap",
	"assert_exhaustion", "assert_exception", "assert_invalid", "assert_malformed", "assert_unlinkable",
	"assert_invalid_custom", "assert_malformed_custom",
}

// String is the command's keyword.
func (k CommandKind) String() string { return commandNames[k] }

// Command is one command of a script. Which fields are set depends on Kind.
type Command struct {
	Pos     Pos
	Kind    CommandKind
	Module  *ScriptModule
	Action  *Action
	Results []Result
	// Message is how the failure that an assertion expects is worded.
	Message string
	// Name is the identifier of the command's module or instance, without its $; "" where it has none.
	Name string
	// Definition is the identifier of the module that CmdInstance instantiates.
	Definition string
	// As is the name under which CmdRegister registers.
	As string
}

// ModuleForm is how a script writes a module down.
type ModuleForm uint8

const (
	// FormText is a module in the text format.
	FormText ModuleForm = iota
	// FormBinary is (module binary): strings that are the module's binary.
	FormBinary
	// FormQuote is (module quote): strings that are the module's text.
	FormQuote
)

// Action is what a script does to an instance: it calls a function, or reads a global.
type Action struct {
	Pos    Pos
	Invoke bool   // call the function; otherwise get the global
	Module string // identifier of the instance without its $, "" for the current one
	Export string
	Args   []Value
}

// Value is a constant of a script.
type Value struct {
	// Type is the number or vector type. (ref.null ht) has the nullable reference type, and ref.extern and ref.host
	// have ExternRef.NonNull() and AnyRef.NonNull().
	Type wasm.ValType
	// Bits is the number, the vector's lower half (lanes 0 and following), or the number of ref.extern and ref.host;
	// 0 for null. Hi is the vector's upper half.
	Bits, Hi uint64
}

// IsNull tells whether the constant is a null reference.
func (v Value) IsNull() bool { return v.Type.IsRef() && v.Type.Nullable() }

// ResultKind is what an assertion says of one result.
type ResultKind uint8

const (
	// ResultNum is a number: bit by bit that of Value, or a NaN of the kind NaN. Value.Type is its type.
	ResultNum ResultKind = iota
	// ResultVec is a vector whose lanes are as Lanes say; Shape is how they cut it. Value has the bits of the vector
	// with zeros in the lanes that are a kind of NaN.
	ResultVec
	// ResultNull is a null reference. Value.Type is the reference type, or 0 where any null will do.
	ResultNull
	// ResultHostRef is a reference to the embedder's object number Value.Bits: (ref.extern n) and (ref.host n), told
	// apart by Value.Type as arguments are.
	ResultHostRef
	// ResultRef is any reference that is not null of the heap type of Value.Type: ref.func, ref.extern, ref.any, ref.eq,
	// ref.i31, ref.struct, ref.array, ref.exn.
	ResultRef
	// ResultEither is whatever one of Either allows.
	ResultEither
)

// NaNKind says which NaNs an assertion allows.
type NaNKind uint8

const (
	// NotNaN is no NaN kind: the bits are what they are.
	NotNaN NaNKind = iota
	// CanonicalNaN is nan:canonical: either sign, and of the payload only the top bit.
	CanonicalNaN
	// ArithmeticNaN is nan:arithmetic: either sign, and any payload with the top bit set.
	ArithmeticNaN
)

// Shape is how a vector is cut into lanes.
type Shape uint8

const (
	I8x16 Shape = iota
	I16x8
	I32x4
	I64x2
	F32x4
	F64x2
)

// shapeInfo is a shape's name, its number of lanes and the width of a lane in bits.
type shapeInfo struct {
	name        string
	lanes, bits int
	float       bool
}

var shapes = [...]shapeInfo{
	{"i8x16", 16, 8, false}, {"i16x8", 8, 16, false}, {"i32x4", 4, 32, false}, {"i64x2", 2, 64, false},
	{"f32x4", 4, 32, true}, {"f64x2", 2, 64, true},
}

// String is the shape's name in the text format.
func (s Shape) String() string { return shapes[s].name }

// Lanes is the number of lanes.
func (s Shape) Lanes() int { return shapes[s].lanes }

// Bits is the width of a lane in bits.
func (s Shape) Bits() int { return shapes[s].bits }

// Lane is what an assertion says of one lane of a vector.
type Lane struct {
	Bits uint64
	NaN  NaNKind
}

// Result is what an assertion says of one result.
type Result struct {
	Kind   ResultKind
	Value  Value
	NaN    NaNKind  // ResultNum
	Shape  Shape    // ResultVec
	Lanes  []Lane   // ResultVec, lane 0 first
	Either []Result // ResultEither
}

// ScriptModule is a module of a script, not yet parsed.
type ScriptModule struct {
	Pos        Pos
	Name       string // identifier without its $, or ""
	Form       ModuleForm
	Definition bool // written as (module definition)

	file     string
	text     *text  // of FormText: the script's
	from, to int    // of FormText: the tokens of the fields
	strings  []byte // of FormBinary and FormQuote
}

// Binary is the module's binary. That of a text is made here, at each call; an error in it is an [*Error].
// The binary of FormBinary is the script's own, and may be anything.
func (m *ScriptModule) Binary() ([]byte, error) {
	switch m.Form {
	case FormBinary:
		return m.strings, nil
	case FormQuote:
		return Parse(m.file, m.strings)
	}
	return m.text.module(m.from, m.to, m.Name)
}
