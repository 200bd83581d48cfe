package modgen

import "github.com/godwit-vm/godwit/wasm"

// Module is a module before it is encoded. Index spaces are those of the binary; there are no imports.
type Module struct {
	// Types have Kind, Final, Super, Group and GroupLen set. References to types are by index, not by [wasm.TypeDef.Canon].
	Types    []wasm.TypeDef
	Funcs    []*Func
	Tables   []Table
	Memories []wasm.MemoryType
	Tags     []uint32 // type indices
	Globals  []Global
	Exports  []wasm.Export
	Start    int // function index, or -1
	Elems    []Elem
	Datas    []Data
	// Calls are what to do with an instance, in this order.
	Calls []Call
	// Features are those that the module may use.
	Features wasm.Features
}

// Call is a call of an exported function.
type Call struct {
	Export string
	Params []wasm.ValType // i32 and i64 only
	Args   []uint64
}

// Func is a function.
type Func struct {
	Type   uint32
	Locals []wasm.ValType // parameters not among them
	Body   []*Instr
}

// Table is a table; Init may be nil.
type Table struct {
	Type wasm.TableType
	Init *Instr
}

// Global is a global.
type Global struct {
	Type wasm.GlobalType
	Init *Instr
}

// Elem is an element segment: function indices, or expressions of a type.
type Elem struct {
	Mode   wasm.SegmentMode
	Table  uint32
	Offset *Instr // active only
	Type   wasm.ValType
	Funcs  []uint32 // when Exprs is nil
	Exprs  []*Instr
}

// Data is a data segment.
type Data struct {
	Mode   wasm.SegmentMode
	Memory uint32
	Offset *Instr // active only
	Init   []byte
}

// opSeq is no instruction: its Args are encoded one after the other.
const opSeq wasm.Op = 1<<32 - 1

// Instr is an instruction with its operands. The results of Args, all together, are the operands; where they are fewer
// than the instruction takes, the rest was left on the stack by what stands before it.
type Instr struct {
	Op      wasm.Op
	Args    []*Instr
	Results []wasm.ValType

	// Immediates, by the kind that the opcode's row names: one index in A, two in the order of the row in A and B. A memory
	// access has the alignment in A, the memory in B, the offset in C, the lane in D. Constants are in A, those of v128 in
	// A and B, a shuffle in Vec. Types are in Ref and Ref2.
	A, B, C, D uint64
	Vec        [16]byte
	Ref, Ref2  wasm.ValType
	Labels     []*Instr // what a branch ends or repeats: a structured instruction, or nil for the function

	// Structured instructions.
	Block   wasm.FuncType
	Body    []*Instr
	Else    []*Instr // of if; HasElse tells an empty one from none
	HasElse bool
	Catches []Catch

	// Canonical says that this is a comparison of its first operand's operand with itself: see the package's essay. It is
	// of no use without any of its parts.
	Canonical bool
}

// Catch is a clause of try_table, which has a Label, or of the legacy try, which has a Body.
type Catch struct {
	Kind  wasm.CatchKind
	Tag   uint32
	Label *Instr
	Body  []*Instr
}

// FuncType is the type of function i.
func (m *Module) FuncType(i uint32) *wasm.FuncType { return &m.Types[m.Funcs[i].Type].FuncType }

// lists calls f with each list of instructions within list, which is first, and with the trees' arguments. What makes NaNs
// canonical counts as one instruction.
func lists(list *[]*Instr, f func(*[]*Instr)) {
	f(list)
	for _, i := range *list {
		if i.Canonical {
			lists(&i.Args[0].Args, f)
			continue
		}
		lists(&i.Args, f)
		if i.Body != nil {
			lists(&i.Body, f)
		}
		if i.Else != nil {
			lists(&i.Else, f)
		}
		for c := range i.Catches {
			if i.Catches[c].Body != nil {
				lists(&i.Catches[c].Body, f)
			}
		}
	}
}

// each calls f with every instruction of the module: of functions, initial values and segments.
func (m *Module) each(f func(*Instr)) {
	var one func(i *Instr)
	all := func(list []*Instr) {
		for _, i := range list {
			one(i)
		}
	}
	one = func(i *Instr) {
		if i == nil {
			return
		}
		f(i)
		all(i.Args)
		all(i.Body)
		all(i.Else)
		for _, c := range i.Catches {
			all(c.Body)
		}
	}
	for _, fn := range m.Funcs {
		all(fn.Body)
	}
	for _, t := range m.Tables {
		one(t.Init)
	}
	for _, g := range m.Globals {
		one(g.Init)
	}
	for _, e := range m.Elems {
		one(e.Offset)
		all(e.Exprs)
	}
	for _, d := range m.Datas {
		one(d.Offset)
	}
}
