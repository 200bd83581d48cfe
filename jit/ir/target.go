package ir

// Reg is a register of a target: integer registers are 0 to 31, vector registers 32 to 63.
type Reg int8

// NoReg is no register.
const NoReg Reg = -1

// RegSet is a set of registers.
type RegSet uint64

// Has tells whether r is in s.
func (s RegSet) Has(r Reg) bool { return s>>uint(r)&1 != 0 }

// With is s and r.
func (s RegSet) With(r Reg) RegSet { return s | 1<<uint(r) }

// Target is what the register allocator has to know of a machine.
type Target interface {
	// Name is the GOARCH.
	Name() string
	// Supports tells whether the back end has machine code for a wasm instruction. What it has none for is left to the
	// interpreter, step by step.
	Supports(op Op) bool
	// Allocatable are the registers that values may have. What the target keeps for itself (frame, context, base of memory 0, scratch
	// registers for moves) is not among them.
	Allocatable() RegSet
	// CountReg is the one of them that no value has in a unit that counts safepoints (Func.Counts).
	CountReg() Reg
	// ArgReg is the register of the argument that InRegisters calls n; ResultReg that of a single result.
	ArgReg(n int, float bool) Reg
	ResultReg(float bool) Reg
	// Select prepares f for allocation: it marks values as Folded that become part of their only user, which stands behind them in the
	// same block with nothing between that matters, and replaces opcodes by its own.
	Select(f *Func)
	// Operands says what v needs. v is never Folded, a constant or a phi.
	Operands(v *Value, o *Operands)
}

// Operands is what a value needs of the register allocator. The same variable is used for many values: Reset comes first.
type Operands struct {
	// Uses are the values read: those of v.Args that are in registers, and in place of a Folded one those that it reads, in the
	// order in which the back end looks for them. State is not among them: it may be anywhere.
	Uses []Use
	// Result: FixedResult when it must be in Fixed, SameResult when it must be in the register of Uses[0] (the
	// allocator copies that before, if it is still needed), AnyResult otherwise, NoResult when there is none.
	Result ResultKind
	Fixed  Reg
	// Early says that the result is written before all uses have been read: it shares no register with one of them. With SameResult:
	// with none but Uses[0].
	Early bool
	// Clobbers are the registers that change, besides the result. No value is in one of them afterwards, and none of the uses is unless it
	// is fixed there.
	Clobbers RegSet
	// IntTemps and FloatTemps are how many registers v needs beside, which share none with uses or result.
	IntTemps, FloatTemps int
}

// Use is a value that is read.
type Use struct {
	Value *Value
	Kind  UseKind
	Fixed Reg
}

// UseKind says where a use may be.
type UseKind uint8

const (
	UseReg   UseKind = iota // in any register of its kind
	UseFixed                // in register Fixed
	UseAny                  // in a register, in a spill slot, or a constant
)

// ResultKind says where a result is.
type ResultKind uint8

const (
	NoResult ResultKind = iota
	AnyResult
	FixedResult
	SameResult
)

// Reset empties o.
func (o *Operands) Reset() { *o = Operands{Uses: o.Uses[:0]} }

// Reg, At and Any append a use.
func (o *Operands) Reg(v *Value) { o.Uses = append(o.Uses, Use{Value: v}) }

// At appends a use in register r.
func (o *Operands) At(v *Value, r Reg) { o.Uses = append(o.Uses, Use{v, UseFixed, r}) }

// Any appends a use that may be anywhere.
func (o *Operands) Any(v *Value) { o.Uses = append(o.Uses, Use{Value: v, Kind: UseAny}) }

// AllocatableIn are the registers that values of f may have.
func AllocatableIn(t Target, f *Func) RegSet {
	s := t.Allocatable()
	if f.Counts {
		s &^= 1 << uint(t.CountReg())
	}
	return s
}

// Loc is where a value is at some time.
type Loc struct {
	Kind  LocKind
	Reg   Reg
	Spill int32  // the first word of a spill slot in the machine frame; a v128 has two
	Const *Value // an OpConst
}

// LocKind is the kind of a Loc.
type LocKind uint8

const (
	Nowhere LocKind = iota
	InReg
	InSpill
	IsConst
)

// Allocation is a Func with a place for each value: what a back end makes machine code of.
type Allocation struct {
	Func       *Func
	Blocks     []AllocatedBlock // in layout order
	SpillWords int              // 8 bytes each
	Used       RegSet
}

// AllocatedBlock is a block's instructions in order, the terminator last. Phis and folded values are not among them.
type AllocatedBlock struct {
	Block  *Block
	Instrs []Instr
}

// Instr is a value with its places, or, when Value is nil, a move.
type Instr struct {
	Value  *Value
	Result Loc
	Uses   []Loc // as Operands listed them
	Temps  []Reg // integer ones first
	State  []Loc // as Value.Site.State

	// A move, of a value of type Type. Moves stand in an order in which they can be done one after the other; what needs a
	// scratch register, memory to memory say, is for the back end, which keeps one of each kind for that.
	From, To Loc
	Type     Type
}

// Code is a unit's machine code. It is position-independent: whatever it needs of the VM it finds through the context register.
type Code struct {
	Bytes []byte
	// Entry is where control comes in from the interpreter, with everything in slots: for functions it loads the arguments and falls into
	// Fast, where callers come in with arguments in registers.
	Entry, Fast int
	FrameBytes  int // what stands on the machine stack between a return address of this unit and the one of its caller
	// Sites are by the offset of the return address, ascending; Faults by the offset of the instruction that may fault, ascending.
	Sites  []CodeSite
	Faults []CodeSite
	// Lines tell which value instructions are of, ascending; for listings and profiles.
	Lines []CodeLine
}

// CodeSite is a site by its offset in the code.
type CodeSite struct {
	Offset int
	Site   *Site
	// FrameBytes is what stands on the machine stack above the return address, if it is not Code.FrameBytes: in the
	// prologue there is no frame yet. -1 means Code.FrameBytes.
	FrameBytes int
}

// CodeLine says that the code from Offset on is of a value; nil is for prologues and stubs.
type CodeLine struct {
	Offset int
	Value  *Value
}
