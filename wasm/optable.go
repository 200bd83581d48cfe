package wasm

import (
	"iter"
	"strconv"
	"strings"
	"sync"
)

// Imm is the kind of an instruction's immediates: what follows the opcode in the binary.
type Imm byte

const (
	ImmNone         Imm = iota
	ImmBlock            // block type
	ImmLabel            // label index
	ImmLabels           // vector of label indices, and a default
	ImmFunc             // function index
	ImmTypeTable        // type index, table index
	ImmTypes            // vector of value types
	ImmLocal            // local index
	ImmGlobal           // global index
	ImmTable            // table index
	ImmMemory           // memory index
	ImmMemarg           // alignment, memory index where bit 6 of the alignment is set, offset
	ImmI32              // signed LEB128
	ImmI64              // signed LEB128
	ImmF32              // 4 bytes
	ImmF64              // 8 bytes
	ImmHeapType         // heap type
	ImmData             // data index
	ImmElem             // element index
	ImmDataMemory       // data index, memory index
	ImmMemoryMemory     // destination and source memory index
	ImmElemTable        // element index, table index
	ImmTableTable       // destination and source table index
	ImmType             // type index
	ImmTypeField        // type index, field index
	ImmTypeType         // destination and source type index
	ImmTypeCount        // type index, number of operands
	ImmTypeData         // type index, data index
	ImmTypeElem         // type index, element index
	ImmCast             // flags (bit 0: the first type may be null, bit 1: the second), label index, two heap types
	ImmTag              // tag index
	ImmTryTable         // block type, vector of catch clauses: see [CatchKind]
	ImmMemargAtomic     // as ImmMemarg, with exactly the natural alignment
	ImmMemargLane       // as ImmMemarg, then a lane
	ImmLane             // lane index, a byte
	ImmShuffle          // 16 lane indices
	ImmV128             // 16 bytes
	ImmFence            // a zero byte
)

// Addr stands in an [OpInfo] for the address type of the memory or table that the instruction's immediates name:
// i32, or i64 where that is 64-bit. It is never the type of a value.
const Addr ValType = 1

// maxOperands is the most operands an instruction of the table takes.
const maxOperands = 4

// OpInfo is an instruction's row in the opcode table.
type OpInfo struct {
	Op   Op
	Name string // in the text format
	Imm  Imm

	// Fixed is set where the instruction has the operand types Params and the result types Results whatever stands
	// around it. The validator knows the rule of each of the others by name.
	Fixed           bool
	Params, Results []ValType

	Align   uint8    // natural alignment of a memory access: the base-2 logarithm of its bytes
	Const   bool     // may stand in a constant expression
	Feature Features // the feature that brought it; 0 for the first version

	// sig is what Params and Results are made from: a letter for each operand, a colon, a letter for each result
	// (see sigTypes), or * where they are not fixed.
	sig string

	nin, nout uint8
	addr      bool // Addr is among in and out
	in        [maxOperands]ValType
	out       [2]ValType
	lanes     uint8 // that a lane index may name
}

// Info returns the row of o in the opcode table, or nil where o is no instruction.
func (o Op) Info() *OpInfo {
	if o < 256 {
		return ops1[o]
	}
	if prefix, sub := o>>16, o&0xFFFF; prefix >= 0xFB && prefix <= 0xFE && sub < Op(len(opsPrefixed[0])) {
		return opsPrefixed[prefix-0xFB][sub]
	}
	return nil
}

// String returns the instruction's name in the text format.
func (o Op) String() string {
	if info := o.Info(); info != nil {
		return info.Name
	}
	return "illegal opcode"
}

// OpByName finds an instruction by its name in the text format. Of two that share a name - select with and without
// types, ref.test and ref.cast with and without null - it is the one with the lower opcode.
func OpByName(name string) (Op, bool) {
	o, ok := opsByName()[name]
	return o, ok
}

// Ops yields the rows of the opcode table in the order of the specification.
func Ops() iter.Seq[*OpInfo] {
	return func(yield func(*OpInfo) bool) {
		for _, table := range opTables {
			for i := range table {
				if !yield(&table[i]) {
					return
				}
			}
		}
	}
}

// The table by opcode byte, by prefix byte from 0xFB on and sub-opcode, and by name. What is no instruction has nil.
var (
	opTables    = [...][]OpInfo{opTable[:], simdTable[:], atomicTable[:]}
	ops1        [256]*OpInfo
	opsPrefixed [4][0x120]*OpInfo

	// opsByName is made when it is asked for: only the text format does.
	opsByName = sync.OnceValue(func() map[string]Op {
		names := make(map[string]Op, 600)
		for o := range Ops() {
			if _, dup := names[o.Name]; !dup {
				names[o.Name] = o.Op
			}
		}
		return names
	})
)

// sigTypes are the letters of signatures.
var sigTypes = [128]ValType{
	'i': I32, 'l': I64, 'f': F32, 'd': F64, 'v': V128, 'a': Addr,
	'e': EqRef, 'A': ArrayRef, 'I': I31Ref, 'J': I31Ref.NonNull(),
}

func init() {
	for o := range Ops() {
		if o.Op < 256 {
			ops1[o.Op] = o
		} else {
			opsPrefixed[o.Op>>16-0xFB][o.Op&0xFFFF] = o
		}
		o.compile()
		makeCommon(o)
	}
}

// compile makes the types of the row from its signature.
func (o *OpInfo) compile() {
	if o.sig == "*" {
		return
	}
	o.Fixed = true
	in, out, _ := strings.Cut(o.sig, ":")
	o.nin, o.nout = uint8(len(in)), uint8(len(out))
	for i := range in {
		o.in[i] = sigTypes[in[i]]
		o.addr = o.addr || in[i] == 'a'
	}
	for i := range out {
		o.out[i] = sigTypes[out[i]]
		o.addr = o.addr || out[i] == 'a'
	}
	o.Params, o.Results = o.in[:len(in):len(in)], o.out[:len(out):len(out)]
	switch o.Imm {
	case ImmMemargLane:
		o.lanes = 16 >> o.Align
	case ImmLane:
		// "i16x8.": the number of lanes stands behind the x.
		shape, _, _ := strings.Cut(o.Name, ".")
		_, lanes, _ := strings.Cut(shape, "x")
		n, _ := strconv.Atoi(lanes)
		o.lanes = uint8(n)
	}
}

// opTable is the instruction set.
var opTable = [...]OpInfo{
	// Control instructions (specification 5.4.1).
	{Op: OpUnreachable, Name: "unreachable", Imm: ImmNone, sig: "*"},
	{Op: OpNop, Name: "nop", Imm: ImmNone, sig: ":"},
	{Op: OpBlock, Name: "block", Imm: ImmBlock, sig: "*"},
	{Op: OpLoop, Name: "loop", Imm: ImmBlock, sig: "*"},
	{Op: OpIf, Name: "if", Imm: ImmBlock, sig: "*"},
	{Op: OpElse, Name: "else", Imm: ImmNone, sig: "*"},
	{Op: OpEnd, Name: "end", Imm: ImmNone, sig: "*", Const: true},
	{Op: OpBr, Name: "br", Imm: ImmLabel, sig: "*"},
	{Op: OpBrIf, Name: "br_if", Imm: ImmLabel, sig: "*"},
	{Op: OpBrTable, Name: "br_table", Imm: ImmLabels, sig: "*"},
	{Op: OpReturn, Name: "return", Imm: ImmNone, sig: "*"},
	{Op: OpCall, Name: "call", Imm: ImmFunc, sig: "*"},
	{Op: OpCallIndirect, Name: "call_indirect", Imm: ImmTypeTable, sig: "*"},
	// Tail calls.
	{Op: OpReturnCall, Name: "return_call", Imm: ImmFunc, sig: "*", Feature: FeatureTailCall},
	{Op: OpReturnCallIndirect, Name: "return_call_indirect", Imm: ImmTypeTable, sig: "*", Feature: FeatureTailCall},
	// Parametric instructions (5.4.3).
	{Op: OpDrop, Name: "drop", Imm: ImmNone, sig: "*"},
	{Op: OpSelect, Name: "select", Imm: ImmNone, sig: "*"},
	// Select with its type written.
	{Op: OpSelectT, Name: "select", Imm: ImmTypes, sig: "*", Feature: FeatureReferenceTypes},
	// Variable instructions (5.4.4).
	{Op: OpLocalGet, Name: "local.get", Imm: ImmLocal, sig: "*"},
	{Op: OpLocalSet, Name: "local.set", Imm: ImmLocal, sig: "*"},
	{Op: OpLocalTee, Name: "local.tee", Imm: ImmLocal, sig: "*"},
	{Op: OpGlobalGet, Name: "global.get", Imm: ImmGlobal, sig: "*", Const: true},
	{Op: OpGlobalSet, Name: "global.set", Imm: ImmGlobal, sig: "*"},
	// Table instructions (5.4.5).
	{Op: OpTableGet, Name: "table.get", Imm: ImmTable, sig: "*", Feature: FeatureReferenceTypes},
	{Op: OpTableSet, Name: "table.set", Imm: ImmTable, sig: "*", Feature: FeatureReferenceTypes},
	// Memory instructions (5.4.6).
	{Op: OpI32Load, Name: "i32.load", Imm: ImmMemarg, sig: "a:i", Align: 2},
	{Op: OpI64Load, Name: "i64.load", Imm: ImmMemarg, sig: "a:l", Align: 3},
	{Op: OpF32Load, Name: "f32.load", Imm: ImmMemarg, sig: "a:f", Align: 2},
	{Op: OpF64Load, Name: "f64.load", Imm: ImmMemarg, sig: "a:d", Align: 3},
	{Op: OpI32Load8S, Name: "i32.load8_s", Imm: ImmMemarg, sig: "a:i"},
	{Op: OpI32Load8U, Name: "i32.load8_u", Imm: ImmMemarg, sig: "a:i"},
	{Op: OpI32Load16S, Name: "i32.load16_s", Imm: ImmMemarg, sig: "a:i", Align: 1},
	{Op: OpI32Load16U, Name: "i32.load16_u", Imm: ImmMemarg, sig: "a:i", Align: 1},
	{Op: OpI64Load8S, Name: "i64.load8_s", Imm: ImmMemarg, sig: "a:l"},
	{Op: OpI64Load8U, Name: "i64.load8_u", Imm: ImmMemarg, sig: "a:l"},
	{Op: OpI64Load16S, Name: "i64.load16_s", Imm: ImmMemarg, sig: "a:l", Align: 1},
	{Op: OpI64Load16U, Name: "i64.load16_u", Imm: ImmMemarg, sig: "a:l", Align: 1},
	{Op: OpI64Load32S, Name: "i64.load32_s", Imm: ImmMemarg, sig: "a:l", Align: 2},
	{Op: OpI64Load32U, Name: "i64.load32_u", Imm: ImmMemarg, sig: "a:l", Align: 2},
	{Op: OpI32Store, Name: "i32.store", Imm: ImmMemarg, sig: "ai:", Align: 2},
	{Op: OpI64Store, Name: "i64.store", Imm: ImmMemarg, sig: "al:", Align: 3},
	{Op: OpF32Store, Name: "f32.store", Imm: ImmMemarg, sig: "af:", Align: 2},
	{Op: OpF64Store, Name: "f64.store", Imm: ImmMemarg, sig: "ad:", Align: 3},
	{Op: OpI32Store8, Name: "i32.store8", Imm: ImmMemarg, sig: "ai:"},
	{Op: OpI32Store16, Name: "i32.store16", Imm: ImmMemarg, sig: "ai:", Align: 1},
	{Op: OpI64Store8, Name: "i64.store8", Imm: ImmMemarg, sig: "al:"},
	{Op: OpI64Store16, Name: "i64.store16", Imm: ImmMemarg, sig: "al:", Align: 1},
	{Op: OpI64Store32, Name: "i64.store32", Imm: ImmMemarg, sig: "al:", Align: 2},
	{Op: OpMemorySize, Name: "memory.size", Imm: ImmMemory, sig: ":a"},
	{Op: OpMemoryGrow, Name: "memory.grow", Imm: ImmMemory, sig: "a:a"},
	// Constants (5.4.7).
	{Op: OpI32Const, Name: "i32.const", Imm: ImmI32, sig: ":i", Const: true},
	{Op: OpI64Const, Name: "i64.const", Imm: ImmI64, sig: ":l", Const: true},
	{Op: OpF32Const, Name: "f32.const", Imm: ImmF32, sig: ":f", Const: true},
	{Op: OpF64Const, Name: "f64.const", Imm: ImmF64, sig: ":d", Const: true},
	// Comparisons.
	{Op: OpI32Eqz, Name: "i32.eqz", Imm: ImmNone, sig: "i:i"},
	{Op: OpI32Eq, Name: "i32.eq", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32Ne, Name: "i32.ne", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32LtS, Name: "i32.lt_s", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32LtU, Name: "i32.lt_u", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32GtS, Name: "i32.gt_s", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32GtU, Name: "i32.gt_u", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32LeS, Name: "i32.le_s", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32LeU, Name: "i32.le_u", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32GeS, Name: "i32.ge_s", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32GeU, Name: "i32.ge_u", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI64Eqz, Name: "i64.eqz", Imm: ImmNone, sig: "l:i"},
	{Op: OpI64Eq, Name: "i64.eq", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64Ne, Name: "i64.ne", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64LtS, Name: "i64.lt_s", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64LtU, Name: "i64.lt_u", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64GtS, Name: "i64.gt_s", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64GtU, Name: "i64.gt_u", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64LeS, Name: "i64.le_s", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64LeU, Name: "i64.le_u", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64GeS, Name: "i64.ge_s", Imm: ImmNone, sig: "ll:i"},
	{Op: OpI64GeU, Name: "i64.ge_u", Imm: ImmNone, sig: "ll:i"},
	{Op: OpF32Eq, Name: "f32.eq", Imm: ImmNone, sig: "ff:i"},
	{Op: OpF32Ne, Name: "f32.ne", Imm: ImmNone, sig: "ff:i"},
	{Op: OpF32Lt, Name: "f32.lt", Imm: ImmNone, sig: "ff:i"},
	{Op: OpF32Gt, Name: "f32.gt", Imm: ImmNone, sig: "ff:i"},
	{Op: OpF32Le, Name: "f32.le", Imm: ImmNone, sig: "ff:i"},
	{Op: OpF32Ge, Name: "f32.ge", Imm: ImmNone, sig: "ff:i"},
	{Op: OpF64Eq, Name: "f64.eq", Imm: ImmNone, sig: "dd:i"},
	{Op: OpF64Ne, Name: "f64.ne", Imm: ImmNone, sig: "dd:i"},
	{Op: OpF64Lt, Name: "f64.lt", Imm: ImmNone, sig: "dd:i"},
	{Op: OpF64Gt, Name: "f64.gt", Imm: ImmNone, sig: "dd:i"},
	{Op: OpF64Le, Name: "f64.le", Imm: ImmNone, sig: "dd:i"},
	{Op: OpF64Ge, Name: "f64.ge", Imm: ImmNone, sig: "dd:i"},
	// Integer arithmetic.
	{Op: OpI32Clz, Name: "i32.clz", Imm: ImmNone, sig: "i:i"},
	{Op: OpI32Ctz, Name: "i32.ctz", Imm: ImmNone, sig: "i:i"},
	{Op: OpI32Popcnt, Name: "i32.popcnt", Imm: ImmNone, sig: "i:i"},
	{Op: OpI32Add, Name: "i32.add", Imm: ImmNone, sig: "ii:i", Const: true},
	{Op: OpI32Sub, Name: "i32.sub", Imm: ImmNone, sig: "ii:i", Const: true},
	{Op: OpI32Mul, Name: "i32.mul", Imm: ImmNone, sig: "ii:i", Const: true},
	{Op: OpI32DivS, Name: "i32.div_s", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32DivU, Name: "i32.div_u", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32RemS, Name: "i32.rem_s", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32RemU, Name: "i32.rem_u", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32And, Name: "i32.and", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32Or, Name: "i32.or", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32Xor, Name: "i32.xor", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32Shl, Name: "i32.shl", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32ShrS, Name: "i32.shr_s", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32ShrU, Name: "i32.shr_u", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32Rotl, Name: "i32.rotl", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI32Rotr, Name: "i32.rotr", Imm: ImmNone, sig: "ii:i"},
	{Op: OpI64Clz, Name: "i64.clz", Imm: ImmNone, sig: "l:l"},
	{Op: OpI64Ctz, Name: "i64.ctz", Imm: ImmNone, sig: "l:l"},
	{Op: OpI64Popcnt, Name: "i64.popcnt", Imm: ImmNone, sig: "l:l"},
	{Op: OpI64Add, Name: "i64.add", Imm: ImmNone, sig: "ll:l", Const: true},
	{Op: OpI64Sub, Name: "i64.sub", Imm: ImmNone, sig: "ll:l", Const: true},
	{Op: OpI64Mul, Name: "i64.mul", Imm: ImmNone, sig: "ll:l", Const: true},
	{Op: OpI64DivS, Name: "i64.div_s", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64DivU, Name: "i64.div_u", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64RemS, Name: "i64.rem_s", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64RemU, Name: "i64.rem_u", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64And, Name: "i64.and", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64Or, Name: "i64.or", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64Xor, Name: "i64.xor", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64Shl, Name: "i64.shl", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64ShrS, Name: "i64.shr_s", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64ShrU, Name: "i64.shr_u", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64Rotl, Name: "i64.rotl", Imm: ImmNone, sig: "ll:l"},
	{Op: OpI64Rotr, Name: "i64.rotr", Imm: ImmNone, sig: "ll:l"},
	// Floating-point arithmetic.
	{Op: OpF32Abs, Name: "f32.abs", Imm: ImmNone, sig: "f:f"},
	{Op: OpF32Neg, Name: "f32.neg", Imm: ImmNone, sig: "f:f"},
	{Op: OpF32Ceil, Name: "f32.ceil", Imm: ImmNone, sig: "f:f"},
	{Op: OpF32Floor, Name: "f32.floor", Imm: ImmNone, sig: "f:f"},
	{Op: OpF32Trunc, Name: "f32.trunc", Imm: ImmNone, sig: "f:f"},
	{Op: OpF32Nearest, Name: "f32.nearest", Imm: ImmNone, sig: "f:f"},
	{Op: OpF32Sqrt, Name: "f32.sqrt", Imm: ImmNone, sig: "f:f"},
	{Op: OpF32Add, Name: "f32.add", Imm: ImmNone, sig: "ff:f"},
	{Op: OpF32Sub, Name: "f32.sub", Imm: ImmNone, sig: "ff:f"},
	{Op: OpF32Mul, Name: "f32.mul", Imm: ImmNone, sig: "ff:f"},
	{Op: OpF32Div, Name: "f32.div", Imm: ImmNone, sig: "ff:f"},
	{Op: OpF32Min, Name: "f32.min", Imm: ImmNone, sig: "ff:f"},
	{Op: OpF32Max, Name: "f32.max", Imm: ImmNone, sig: "ff:f"},
	{Op: OpF32Copysign, Name: "f32.copysign", Imm: ImmNone, sig: "ff:f"},
	{Op: OpF64Abs, Name: "f64.abs", Imm: ImmNone, sig: "d:d"},
	{Op: OpF64Neg, Name: "f64.neg", Imm: ImmNone, sig: "d:d"},
	{Op: OpF64Ceil, Name: "f64.ceil", Imm: ImmNone, sig: "d:d"},
	{Op: OpF64Floor, Name: "f64.floor", Imm: ImmNone, sig: "d:d"},
	{Op: OpF64Trunc, Name: "f64.trunc", Imm: ImmNone, sig: "d:d"},
	{Op: OpF64Nearest, Name: "f64.nearest", Imm: ImmNone, sig: "d:d"},
	{Op: OpF64Sqrt, Name: "f64.sqrt", Imm: ImmNone, sig: "d:d"},
	{Op: OpF64Add, Name: "f64.add", Imm: ImmNone, sig: "dd:d"},
	{Op: OpF64Sub, Name: "f64.sub", Imm: ImmNone, sig: "dd:d"},
	{Op: OpF64Mul, Name: "f64.mul", Imm: ImmNone, sig: "dd:d"},
	{Op: OpF64Div, Name: "f64.div", Imm: ImmNone, sig: "dd:d"},
	{Op: OpF64Min, Name: "f64.min", Imm: ImmNone, sig: "dd:d"},
	{Op: OpF64Max, Name: "f64.max", Imm: ImmNone, sig: "dd:d"},
	{Op: OpF64Copysign, Name: "f64.copysign", Imm: ImmNone, sig: "dd:d"},
	// Conversions.
	{Op: OpI32WrapI64, Name: "i32.wrap_i64", Imm: ImmNone, sig: "l:i"},
	{Op: OpI32TruncF32S, Name: "i32.trunc_f32_s", Imm: ImmNone, sig: "f:i"},
	{Op: OpI32TruncF32U, Name: "i32.trunc_f32_u", Imm: ImmNone, sig: "f:i"},
	{Op: OpI32TruncF64S, Name: "i32.trunc_f64_s", Imm: ImmNone, sig: "d:i"},
	{Op: OpI32TruncF64U, Name: "i32.trunc_f64_u", Imm: ImmNone, sig: "d:i"},
	{Op: OpI64ExtendI32S, Name: "i64.extend_i32_s", Imm: ImmNone, sig: "i:l"},
	{Op: OpI64ExtendI32U, Name: "i64.extend_i32_u", Imm: ImmNone, sig: "i:l"},
	{Op: OpI64TruncF32S, Name: "i64.trunc_f32_s", Imm: ImmNone, sig: "f:l"},
	{Op: OpI64TruncF32U, Name: "i64.trunc_f32_u", Imm: ImmNone, sig: "f:l"},
	{Op: OpI64TruncF64S, Name: "i64.trunc_f64_s", Imm: ImmNone, sig: "d:l"},
	{Op: OpI64TruncF64U, Name: "i64.trunc_f64_u", Imm: ImmNone, sig: "d:l"},
	{Op: OpF32ConvertI32S, Name: "f32.convert_i32_s", Imm: ImmNone, sig: "i:f"},
	{Op: OpF32ConvertI32U, Name: "f32.convert_i32_u", Imm: ImmNone, sig: "i:f"},
	{Op: OpF32ConvertI64S, Name: "f32.convert_i64_s", Imm: ImmNone, sig: "l:f"},
	{Op: OpF32ConvertI64U, Name: "f32.convert_i64_u", Imm: ImmNone, sig: "l:f"},
	{Op: OpF32DemoteF64, Name: "f32.demote_f64", Imm: ImmNone, sig: "d:f"},
	{Op: OpF64ConvertI32S, Name: "f64.convert_i32_s", Imm: ImmNone, sig: "i:d"},
	{Op: OpF64ConvertI32U, Name: "f64.convert_i32_u", Imm: ImmNone, sig: "i:d"},
	{Op: OpF64ConvertI64S, Name: "f64.convert_i64_s", Imm: ImmNone, sig: "l:d"},
	{Op: OpF64ConvertI64U, Name: "f64.convert_i64_u", Imm: ImmNone, sig: "l:d"},
	{Op: OpF64PromoteF32, Name: "f64.promote_f32", Imm: ImmNone, sig: "f:d"},
	{Op: OpI32ReinterpretF32, Name: "i32.reinterpret_f32", Imm: ImmNone, sig: "f:i"},
	{Op: OpI64ReinterpretF64, Name: "i64.reinterpret_f64", Imm: ImmNone, sig: "d:l"},
	{Op: OpF32ReinterpretI32, Name: "f32.reinterpret_i32", Imm: ImmNone, sig: "i:f"},
	{Op: OpF64ReinterpretI64, Name: "f64.reinterpret_i64", Imm: ImmNone, sig: "l:d"},
	// Sign extension.
	{Op: OpI32Extend8S, Name: "i32.extend8_s", Imm: ImmNone, sig: "i:i", Feature: FeatureSignExtension},
	{Op: OpI32Extend16S, Name: "i32.extend16_s", Imm: ImmNone, sig: "i:i", Feature: FeatureSignExtension},
	{Op: OpI64Extend8S, Name: "i64.extend8_s", Imm: ImmNone, sig: "l:l", Feature: FeatureSignExtension},
	{Op: OpI64Extend16S, Name: "i64.extend16_s", Imm: ImmNone, sig: "l:l", Feature: FeatureSignExtension},
	{Op: OpI64Extend32S, Name: "i64.extend32_s", Imm: ImmNone, sig: "l:l", Feature: FeatureSignExtension},
	// Reference instructions (5.4.2).
	{Op: OpRefNull, Name: "ref.null", Imm: ImmHeapType, sig: "*", Feature: FeatureReferenceTypes, Const: true},
	{Op: OpRefIsNull, Name: "ref.is_null", Imm: ImmNone, sig: "*", Feature: FeatureReferenceTypes},
	{Op: OpRefFunc, Name: "ref.func", Imm: ImmFunc, sig: "*", Feature: FeatureReferenceTypes, Const: true},
	// Saturating truncation.
	{Op: OpI32TruncSatF32S, Name: "i32.trunc_sat_f32_s", Imm: ImmNone, sig: "f:i", Feature: FeatureSaturatingTrunc},
	{Op: OpI32TruncSatF32U, Name: "i32.trunc_sat_f32_u", Imm: ImmNone, sig: "f:i", Feature: FeatureSaturatingTrunc},
	{Op: OpI32TruncSatF64S, Name: "i32.trunc_sat_f64_s", Imm: ImmNone, sig: "d:i", Feature: FeatureSaturatingTrunc},
	{Op: OpI32TruncSatF64U, Name: "i32.trunc_sat_f64_u", Imm: ImmNone, sig: "d:i", Feature: FeatureSaturatingTrunc},
	{Op: OpI64TruncSatF32S, Name: "i64.trunc_sat_f32_s", Imm: ImmNone, sig: "f:l", Feature: FeatureSaturatingTrunc},
	{Op: OpI64TruncSatF32U, Name: "i64.trunc_sat_f32_u", Imm: ImmNone, sig: "f:l", Feature: FeatureSaturatingTrunc},
	{Op: OpI64TruncSatF64S, Name: "i64.trunc_sat_f64_s", Imm: ImmNone, sig: "d:l", Feature: FeatureSaturatingTrunc},
	{Op: OpI64TruncSatF64U, Name: "i64.trunc_sat_f64_u", Imm: ImmNone, sig: "d:l", Feature: FeatureSaturatingTrunc},
	// Bulk memory and tables.
	{Op: OpMemoryInit, Name: "memory.init", Imm: ImmDataMemory, sig: "aii:", Feature: FeatureBulkMemory},
	{Op: OpDataDrop, Name: "data.drop", Imm: ImmData, sig: ":", Feature: FeatureBulkMemory},
	{Op: OpMemoryCopy, Name: "memory.copy", Imm: ImmMemoryMemory, sig: "*", Feature: FeatureBulkMemory},
	{Op: OpMemoryFill, Name: "memory.fill", Imm: ImmMemory, sig: "aia:", Feature: FeatureBulkMemory},
	{Op: OpTableInit, Name: "table.init", Imm: ImmElemTable, sig: "aii:", Feature: FeatureBulkMemory},
	{Op: OpElemDrop, Name: "elem.drop", Imm: ImmElem, sig: ":", Feature: FeatureBulkMemory},
	{Op: OpTableCopy, Name: "table.copy", Imm: ImmTableTable, sig: "*", Feature: FeatureBulkMemory},
	// Growing tables.
	{Op: OpTableGrow, Name: "table.grow", Imm: ImmTable, sig: "*", Feature: FeatureReferenceTypes},
	{Op: OpTableSize, Name: "table.size", Imm: ImmTable, sig: ":a", Feature: FeatureReferenceTypes},
	{Op: OpTableFill, Name: "table.fill", Imm: ImmTable, sig: "*", Feature: FeatureReferenceTypes},
	// Typed function references.
	{Op: OpCallRef, Name: "call_ref", Imm: ImmType, sig: "*", Feature: FeatureFunctionReferences},
	{Op: OpReturnCallRef, Name: "return_call_ref", Imm: ImmType, sig: "*", Feature: FeatureFunctionReferences | FeatureTailCall},
	{Op: OpRefEq, Name: "ref.eq", Imm: ImmNone, sig: "ee:i", Feature: FeatureGC},
	{Op: OpRefAsNonNull, Name: "ref.as_non_null", Imm: ImmNone, sig: "*", Feature: FeatureFunctionReferences},
	{Op: OpBrOnNull, Name: "br_on_null", Imm: ImmLabel, sig: "*", Feature: FeatureFunctionReferences},
	{Op: OpBrOnNonNull, Name: "br_on_non_null", Imm: ImmLabel, sig: "*", Feature: FeatureFunctionReferences},
	// Structures, arrays and casts (5.4.2).
	{Op: OpStructNew, Name: "struct.new", Imm: ImmType, sig: "*", Const: true, Feature: FeatureGC},
	{Op: OpStructNewDefault, Name: "struct.new_default", Imm: ImmType, sig: "*", Const: true, Feature: FeatureGC},
	{Op: OpStructGet, Name: "struct.get", Imm: ImmTypeField, sig: "*", Feature: FeatureGC},
	{Op: OpStructGetS, Name: "struct.get_s", Imm: ImmTypeField, sig: "*", Feature: FeatureGC},
	{Op: OpStructGetU, Name: "struct.get_u", Imm: ImmTypeField, sig: "*", Feature: FeatureGC},
	{Op: OpStructSet, Name: "struct.set", Imm: ImmTypeField, sig: "*", Feature: FeatureGC},
	{Op: OpArrayNew, Name: "array.new", Imm: ImmType, sig: "*", Const: true, Feature: FeatureGC},
	{Op: OpArrayNewDefault, Name: "array.new_default", Imm: ImmType, sig: "*", Const: true, Feature: FeatureGC},
	{Op: OpArrayNewFixed, Name: "array.new_fixed", Imm: ImmTypeCount, sig: "*", Const: true, Feature: FeatureGC},
	{Op: OpArrayNewData, Name: "array.new_data", Imm: ImmTypeData, sig: "*", Feature: FeatureGC},
	{Op: OpArrayNewElem, Name: "array.new_elem", Imm: ImmTypeElem, sig: "*", Feature: FeatureGC},
	{Op: OpArrayGet, Name: "array.get", Imm: ImmType, sig: "*", Feature: FeatureGC},
	{Op: OpArrayGetS, Name: "array.get_s", Imm: ImmType, sig: "*", Feature: FeatureGC},
	{Op: OpArrayGetU, Name: "array.get_u", Imm: ImmType, sig: "*", Feature: FeatureGC},
	{Op: OpArraySet, Name: "array.set", Imm: ImmType, sig: "*", Feature: FeatureGC},
	{Op: OpArrayLen, Name: "array.len", Imm: ImmNone, sig: "A:i", Feature: FeatureGC},
	{Op: OpArrayFill, Name: "array.fill", Imm: ImmType, sig: "*", Feature: FeatureGC},
	{Op: OpArrayCopy, Name: "array.copy", Imm: ImmTypeType, sig: "*", Feature: FeatureGC},
	{Op: OpArrayInitData, Name: "array.init_data", Imm: ImmTypeData, sig: "*", Feature: FeatureGC},
	{Op: OpArrayInitElem, Name: "array.init_elem", Imm: ImmTypeElem, sig: "*", Feature: FeatureGC},
	{Op: OpRefTest, Name: "ref.test", Imm: ImmHeapType, sig: "*", Feature: FeatureGC},
	{Op: OpRefTestNull, Name: "ref.test", Imm: ImmHeapType, sig: "*", Feature: FeatureGC},
	{Op: OpRefCast, Name: "ref.cast", Imm: ImmHeapType, sig: "*", Feature: FeatureGC},
	{Op: OpRefCastNull, Name: "ref.cast", Imm: ImmHeapType, sig: "*", Feature: FeatureGC},
	{Op: OpBrOnCast, Name: "br_on_cast", Imm: ImmCast, sig: "*", Feature: FeatureGC},
	{Op: OpBrOnCastFail, Name: "br_on_cast_fail", Imm: ImmCast, sig: "*", Feature: FeatureGC},
	{Op: OpAnyConvertExtern, Name: "any.convert_extern", Imm: ImmNone, sig: "*", Const: true, Feature: FeatureGC},
	{Op: OpExternConvertAny, Name: "extern.convert_any", Imm: ImmNone, sig: "*", Const: true, Feature: FeatureGC},
	{Op: OpRefI31, Name: "ref.i31", Imm: ImmNone, sig: "i:J", Const: true, Feature: FeatureGC},
	{Op: OpI31GetS, Name: "i31.get_s", Imm: ImmNone, sig: "I:i", Feature: FeatureGC},
	{Op: OpI31GetU, Name: "i31.get_u", Imm: ImmNone, sig: "I:i", Feature: FeatureGC},
	// Custom descriptors.
	{Op: OpStructNewDesc, Name: "struct.new_desc", Imm: ImmType, sig: "*", Const: true, Feature: FeatureCustomDescriptors},
	{Op: OpStructNewDefaultDesc, Name: "struct.new_default_desc", Imm: ImmType, sig: "*", Const: true, Feature: FeatureCustomDescriptors},
	{Op: OpRefGetDesc, Name: "ref.get_desc", Imm: ImmType, sig: "*", Feature: FeatureCustomDescriptors},
	{Op: OpRefCastDescEq, Name: "ref.cast_desc_eq", Imm: ImmHeapType, sig: "*", Feature: FeatureCustomDescriptors},
	{Op: OpRefCastDescEqNull, Name: "ref.cast_desc_eq", Imm: ImmHeapType, sig: "*", Feature: FeatureCustomDescriptors},
	{Op: OpBrOnCastDescEq, Name: "br_on_cast_desc_eq", Imm: ImmCast, sig: "*", Feature: FeatureCustomDescriptors},
	{Op: OpBrOnCastDescEqFail, Name: "br_on_cast_desc_eq_fail", Imm: ImmCast, sig: "*", Feature: FeatureCustomDescriptors},
	// Exceptions, and exceptions as they were before exnref.
	{Op: OpThrow, Name: "throw", Imm: ImmTag, sig: "*", Feature: FeatureExceptions},
	{Op: OpThrowRef, Name: "throw_ref", Imm: ImmNone, sig: "*", Feature: FeatureExceptions},
	{Op: OpTryTable, Name: "try_table", Imm: ImmTryTable, sig: "*", Feature: FeatureExceptions},
	{Op: OpTry, Name: "try", Imm: ImmBlock, sig: "*", Feature: FeatureLegacyExceptions},
	{Op: OpCatch, Name: "catch", Imm: ImmTag, sig: "*", Feature: FeatureLegacyExceptions},
	{Op: OpRethrow, Name: "rethrow", Imm: ImmLabel, sig: "*", Feature: FeatureLegacyExceptions},
	{Op: OpDelegate, Name: "delegate", Imm: ImmLabel, sig: "*", Feature: FeatureLegacyExceptions},
	{Op: OpCatchAll, Name: "catch_all", Imm: ImmNone, sig: "*", Feature: FeatureLegacyExceptions},
	// Wide arithmetic.
	{Op: OpI64Add128, Name: "i64.add128", Imm: ImmNone, sig: "llll:ll", Feature: FeatureWideArithmetic},
	{Op: OpI64Sub128, Name: "i64.sub128", Imm: ImmNone, sig: "llll:ll", Feature: FeatureWideArithmetic},
	{Op: OpI64MulWideS, Name: "i64.mul_wide_s", Imm: ImmNone, sig: "ll:ll", Feature: FeatureWideArithmetic},
	{Op: OpI64MulWideU, Name: "i64.mul_wide_u", Imm: ImmNone, sig: "ll:ll", Feature: FeatureWideArithmetic},
}
