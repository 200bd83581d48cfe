package ir

import "github.com/godwit-vm/godwit/interp"

// Func is a compilation unit.
type Func struct {
	Name    string
	Index   uint32 // in the module's function index space
	Loop    int    // the loop that the unit is of, as the interpreter numbers its sites; -1 for the whole function
	Entry   *Block
	Blocks  []*Block // in layout order once it is made; the entry is first
	Room    int      // slots of the frame, with those of what is inlined
	Inlined int      // calls that are
	Guessed int      // calls through references for which one callee is expected
	Params  []Type   // of the function

	// Mem0Fixed says that memory 0 never moves: its address need not be read again behind what may leave (interp.NativeMemory.Fixed).
	Mem0Fixed bool

	// Counts says that the entry and each OpPoll take a safepoint off the count in Target.CountReg: see interp/native_count.go.
	Counts bool

	// Stop, if it is set, is asked from time to time whether to go on: see Check.
	Stop  func() error
	ticks uint8

	nextValue, nextBlock int32
	values               []Value // those that are not handed out yet
}

// Block is a basic block.
type Block struct {
	ID     int32
	Values []*Value // phis first, the terminator last
	Preds  []*Block
	Succs  []*Block
	Cold   bool // leads to a way out, or was not seen running
	Depth  int  // of loops around it; set by Func.Loops
}

// Value is a result, an effect or a terminator.
type Value struct {
	ID      int32
	Op      Op
	Type    Type
	Mem     uint16 // memory index
	Width   uint8  // bytes, of OpLoadWord and OpStoreWord
	Guarded bool   // a load or store whose fault is a trap
	Folded  bool   // set by Target.Select: it is a part of the one value that uses it, and has no register
	Args    []*Value
	Imm     uint64
	Aux     uint64
	Site    *Site // of whatever can leave, guarded accesses among them
	Block   *Block
	Uses    int32 // by values and states; kept by Func.CountUses
}

// Site is a place where compiled code can be left.
type Site struct {
	Kind interp.SiteKind
	Pos  uint32 // byte offset in the module of the wasm instruction

	// Point is where the interpreter goes on, as it numbers the function's instructions: for calls behind the call, for exits where
	// the way leads, for polls the safepoint. Acc is the slot whose value the interpreter's accumulator is to have, or -1.
	Point int
	Acc   int

	Inlined *interp.NativeInline // where the place is, if it is not in the unit's own function

	ArgSlot int                // calls: where the callee's frame begins
	Callee  uint32             // calls: the function's index in its index space
	Trap    interp.TrapCode    // traps
	Step    *interp.NativeStep // OpLeave: what to do
	Mark    interp.Mark        // OpExit: see interp.NativeSite

	State []SlotValue // OpPoll, OpExit: what is to be written before
}

// SlotValue says that a slot is to have a value.
type SlotValue struct {
	Slot  uint16
	Value *Value
}

// Stopped is what Check panics with: every phase may be in the middle of something, and none is gone on with.
type Stopped struct{ Err error }

// Check ends the compilation if Stop returns an error. Phases call it where they come by after at most some milliseconds.
func (f *Func) Check() {
	if f.Stop != nil {
		if err := f.Stop(); err != nil {
			panic(Stopped{err})
		}
	}
}

// Tick is Check for inner loops: it asks every so many times only.
func (f *Func) Tick() {
	const times = 32
	if f.ticks++; f.ticks%times == 0 {
		f.Check()
	}
}

// NewBlock adds a block.
func (f *Func) NewBlock() *Block {
	b := &Block{ID: f.nextBlock}
	f.nextBlock++
	f.Blocks = append(f.Blocks, b)
	return b
}

// NumBlocks and NumValues bound the IDs.
func (f *Func) NumBlocks() int { return int(f.nextBlock) }

// NumValues bounds the IDs of values.
func (f *Func) NumValues() int { return int(f.nextValue) }

// NewValue makes a value that is in no block yet.
func (f *Func) NewValue(op Op, t Type, args ...*Value) *Value {
	if len(f.values) == 0 {
		f.values = make([]Value, 128)
	}
	v := &f.values[0]
	f.values = f.values[1:]
	*v = Value{ID: f.nextValue, Op: op, Type: t, Args: args}
	f.nextValue++
	return v
}

// Append adds a new value at the end of b.
func (f *Func) Append(b *Block, op Op, t Type, args ...*Value) *Value {
	v := f.NewValue(op, t, args...)
	v.Block = b
	b.Values = append(b.Values, v)
	return v
}

// Connect adds an edge.
func Connect(from, to *Block) {
	from.Succs = append(from.Succs, to)
	to.Preds = append(to.Preds, from)
}

// Term is the block's terminator, or nil while it has none.
func (b *Block) Term() *Value {
	if n := len(b.Values); n > 0 && b.Values[n-1].IsTerminator() {
		return b.Values[n-1]
	}
	return nil
}

// IsTerminator tells whether v ends its block.
func (v *Value) IsTerminator() bool { return v.Op >= OpJump && v.Op <= OpTrap }

// CountUses sets Uses of all values.
func (f *Func) CountUses() {
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			v.Uses = 0
		}
	}
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			for _, a := range v.Args {
				a.Uses++
			}
			if v.Site != nil {
				for _, s := range v.Site.State {
					s.Value.Uses++
				}
			}
		}
	}
}
