package wasm

// Op is an instruction's opcode. A single-byte opcode is that byte; an opcode behind a prefix byte is
// prefix<<16 | sub-opcode, so 0xFC 0x0A (memory.copy) is 0xFC000A. What each Op is called, carries and does to the
// operand stack stands in one table: see [Op.Info].
type Op uint32

// Control instructions (specification 5.4.1).
const (
	OpUnreachable  Op = 0x00
	OpNop          Op = 0x01
	OpBlock        Op = 0x02
	OpLoop         Op = 0x03
	OpIf           Op = 0x04
	OpElse         Op = 0x05
	OpEnd          Op = 0x0B
	OpBr           Op = 0x0C
	OpBrIf         Op = 0x0D
	OpBrTable      Op = 0x0E
	OpReturn       Op = 0x0F
	OpCall         Op = 0x10
	OpCallIndirect Op = 0x11
)

// Tail calls.
const (
	OpReturnCall         Op = 0x12
	OpReturnCallIndirect Op = 0x13
)

// Parametric instructions (5.4.3).
const (
	OpDrop   Op = 0x1A
	OpSelect Op = 0x1B
)

// Select with its type written.
const (
	OpSelectT Op = 0x1C
)

// Variable instructions (5.4.4).
const (
	OpLocalGet  Op = 0x20
	OpLocalSet  Op = 0x21
	OpLocalTee  Op = 0x22
	OpGlobalGet Op = 0x23
	OpGlobalSet Op = 0x24
)

// Table instructions (5.4.5).
const (
	OpTableGet Op = 0x25
	OpTableSet Op = 0x26
)

// Memory instructions (5.4.6).
const (
	OpI32Load    Op = 0x28
	OpI64Load    Op = 0x29
	OpF32Load    Op = 0x2A
	OpF64Load    Op = 0x2B
	OpI32Load8S  Op = 0x2C
	OpI32Load8U  Op = 0x2D
	OpI32Load16S Op = 0x2E
	OpI32Load16U Op = 0x2F
	OpI64Load8S  Op = 0x30
	OpI64Load8U  Op = 0x31
	OpI64Load16S Op = 0x32
	OpI64Load16U Op = 0x33
	OpI64Load32S Op = 0x34
	OpI64Load32U Op = 0x35
	OpI32Store   Op = 0x36
	OpI64Store   Op = 0x37
	OpF32Store   Op = 0x38
	OpF64Store   Op = 0x39
	OpI32Store8  Op = 0x3A
	OpI32Store16 Op = 0x3B
	OpI64Store8  Op = 0x3C
	OpI64Store16 Op = 0x3D
	OpI64Store32 Op = 0x3E
	OpMemorySize Op = 0x3F
	OpMemoryGrow Op = 0x40
)

// Constants (5.4.7).
const (
	OpI32Const Op = 0x41
	OpI64Const Op = 0x42
	OpF32Const Op = 0x43
	OpF64Const Op = 0x44
)

// Comparisons.
const (
	OpI32Eqz Op = 0x45
	OpI32Eq  Op = 0x46
	OpI32Ne  Op = 0x47
	OpI32LtS Op = 0x48
	OpI32LtU Op = 0x49
	OpI32GtS Op = 0x4A
	OpI32GtU Op = 0x4B
	OpI32LeS Op = 0x4C
	OpI32LeU Op = 0x4D
	OpI32GeS Op = 0x4E
	OpI32GeU Op = 0x4F
	OpI64Eqz Op = 0x50
	OpI64Eq  Op = 0x51
	OpI64Ne  Op = 0x52
	OpI64LtS Op = 0x53
	OpI64LtU Op = 0x54
	OpI64GtS Op = 0x55
	OpI64GtU Op = 0x56
	OpI64LeS Op = 0x57
	OpI64LeU Op = 0x58
	OpI64GeS Op = 0x59
	OpI64GeU Op = 0x5A
	OpF32Eq  Op = 0x5B
	OpF32Ne  Op = 0x5C
	OpF32Lt  Op = 0x5D
	OpF32Gt  Op = 0x5E
	OpF32Le  Op = 0x5F
	OpF32Ge  Op = 0x60
	OpF64Eq  Op = 0x61
	OpF64Ne  Op = 0x62
	OpF64Lt  Op = 0x63
	OpF64Gt  Op = 0x64
	OpF64Le  Op = 0x65
	OpF64Ge  Op = 0x66
)

// Integer arithmetic.
const (
	OpI32Clz    Op = 0x67
	OpI32Ctz    Op = 0x68
	OpI32Popcnt Op = 0x69
	OpI32Add    Op = 0x6A
	OpI32Sub    Op = 0x6B
	OpI32Mul    Op = 0x6C
	OpI32DivS   Op = 0x6D
	OpI32DivU   Op = 0x6E
	OpI32RemS   Op = 0x6F
	OpI32RemU   Op = 0x70
	OpI32And    Op = 0x71
	OpI32Or     Op = 0x72
	OpI32Xor    Op = 0x73
	OpI32Shl    Op = 0x74
	OpI32ShrS   Op = 0x75
	OpI32ShrU   Op = 0x76
	OpI32Rotl   Op = 0x77
	OpI32Rotr   Op = 0x78
	OpI64Clz    Op = 0x79
	OpI64Ctz    Op = 0x7A
	OpI64Popcnt Op = 0x7B
	OpI64Add    Op = 0x7C
	OpI64Sub    Op = 0x7D
	OpI64Mul    Op = 0x7E
	OpI64DivS   Op = 0x7F
	OpI64DivU   Op = 0x80
	OpI64RemS   Op = 0x81
	OpI64RemU   Op = 0x82
	OpI64And    Op = 0x83
	OpI64Or     Op = 0x84
	OpI64Xor    Op = 0x85
	OpI64Shl    Op = 0x86
	OpI64ShrS   Op = 0x87
	OpI64ShrU   Op = 0x88
	OpI64Rotl   Op = 0x89
	OpI64Rotr   Op = 0x8A
)

// Floating-point arithmetic.
const (
	OpF32Abs      Op = 0x8B
	OpF32Neg      Op = 0x8C
	OpF32Ceil     Op = 0x8D
	OpF32Floor    Op = 0x8E
	OpF32Trunc    Op = 0x8F
	OpF32Nearest  Op = 0x90
	OpF32Sqrt     Op = 0x91
	OpF32Add      Op = 0x92
	OpF32Sub      Op = 0x93
	OpF32Mul      Op = 0x94
	OpF32Div      Op = 0x95
	OpF32Min      Op = 0x96
	OpF32Max      Op = 0x97
	OpF32Copysign Op = 0x98
	OpF64Abs      Op = 0x99
	OpF64Neg      Op = 0x9A
	OpF64Ceil     Op = 0x9B
	OpF64Floor    Op = 0x9C
	OpF64Trunc    Op = 0x9D
	OpF64Nearest  Op = 0x9E
	OpF64Sqrt     Op = 0x9F
	OpF64Add      Op = 0xA0
	OpF64Sub      Op = 0xA1
	OpF64Mul      Op = 0xA2
	OpF64Div      Op = 0xA3
	OpF64Min      Op = 0xA4
	OpF64Max      Op = 0xA5
	OpF64Copysign Op = 0xA6
)

// Conversions.
const (
	OpI32WrapI64        Op = 0xA7
	OpI32TruncF32S      Op = 0xA8
	OpI32TruncF32U      Op = 0xA9
	OpI32TruncF64S      Op = 0xAA
	OpI32TruncF64U      Op = 0xAB
	OpI64ExtendI32S     Op = 0xAC
	OpI64ExtendI32U     Op = 0xAD
	OpI64TruncF32S      Op = 0xAE
	OpI64TruncF32U      Op = 0xAF
	OpI64TruncF64S      Op = 0xB0
	OpI64TruncF64U      Op = 0xB1
	OpF32ConvertI32S    Op = 0xB2
	OpF32ConvertI32U    Op = 0xB3
	OpF32ConvertI64S    Op = 0xB4
	OpF32ConvertI64U    Op = 0xB5
	OpF32DemoteF64      Op = 0xB6
	OpF64ConvertI32S    Op = 0xB7
	OpF64ConvertI32U    Op = 0xB8
	OpF64ConvertI64S    Op = 0xB9
	OpF64ConvertI64U    Op = 0xBA
	OpF64PromoteF32     Op = 0xBB
	OpI32ReinterpretF32 Op = 0xBC
	OpI64ReinterpretF64 Op = 0xBD
	OpF32ReinterpretI32 Op = 0xBE
	OpF64ReinterpretI64 Op = 0xBF
)

// Sign extension.
const (
	OpI32Extend8S  Op = 0xC0
	OpI32Extend16S Op = 0xC1
	OpI64Extend8S  Op = 0xC2
	OpI64Extend16S Op = 0xC3
	OpI64Extend32S Op = 0xC4
)

// Reference instructions (5.4.2).
const (
	OpRefNull   Op = 0xD0
	OpRefIsNull Op = 0xD1
	OpRefFunc   Op = 0xD2
)

// Saturating truncation.
const (
	OpI32TruncSatF32S Op = 0xFC<<16 | 0x00
	OpI32TruncSatF32U Op = 0xFC<<16 | 0x01
	OpI32TruncSatF64S Op = 0xFC<<16 | 0x02
	OpI32TruncSatF64U Op = 0xFC<<16 | 0x03
	OpI64TruncSatF32S Op = 0xFC<<16 | 0x04
	OpI64TruncSatF32U Op = 0xFC<<16 | 0x05
	OpI64TruncSatF64S Op = 0xFC<<16 | 0x06
	OpI64TruncSatF64U Op = 0xFC<<16 | 0x07
)

// Bulk memory and tables.
const (
	OpMemoryInit Op = 0xFC<<16 | 0x08
	OpDataDrop   Op = 0xFC<<16 | 0x09
	OpMemoryCopy Op = 0xFC<<16 | 0x0A
	OpMemoryFill Op = 0xFC<<16 | 0x0B
	OpTableInit  Op = 0xFC<<16 | 0x0C
	OpElemDrop   Op = 0xFC<<16 | 0x0D
	OpTableCopy  Op = 0xFC<<16 | 0x0E
)

// Growing tables.
const (
	OpTableGrow Op = 0xFC<<16 | 0x0F
	OpTableSize Op = 0xFC<<16 | 0x10
	OpTableFill Op = 0xFC<<16 | 0x11
)

// Atomic memory accesses (threads proposal).
const (
	OpMemoryAtomicNotify     Op = 0xFE<<16 | 0x00
	OpMemoryAtomicWait32     Op = 0xFE<<16 | 0x01
	OpMemoryAtomicWait64     Op = 0xFE<<16 | 0x02
	OpAtomicFence            Op = 0xFE<<16 | 0x03
	OpI32AtomicLoad          Op = 0xFE<<16 | 0x10
	OpI64AtomicLoad          Op = 0xFE<<16 | 0x11
	OpI32AtomicLoad8U        Op = 0xFE<<16 | 0x12
	OpI32AtomicLoad16U       Op = 0xFE<<16 | 0x13
	OpI64AtomicLoad8U        Op = 0xFE<<16 | 0x14
	OpI64AtomicLoad16U       Op = 0xFE<<16 | 0x15
	OpI64AtomicLoad32U       Op = 0xFE<<16 | 0x16
	OpI32AtomicStore         Op = 0xFE<<16 | 0x17
	OpI64AtomicStore         Op = 0xFE<<16 | 0x18
	OpI32AtomicStore8        Op = 0xFE<<16 | 0x19
	OpI32AtomicStore16       Op = 0xFE<<16 | 0x1A
	OpI64AtomicStore8        Op = 0xFE<<16 | 0x1B
	OpI64AtomicStore16       Op = 0xFE<<16 | 0x1C
	OpI64AtomicStore32       Op = 0xFE<<16 | 0x1D
	OpI32AtomicRmwAdd        Op = 0xFE<<16 | 0x1E
	OpI64AtomicRmwAdd        Op = 0xFE<<16 | 0x1F
	OpI32AtomicRmw8AddU      Op = 0xFE<<16 | 0x20
	OpI32AtomicRmw16AddU     Op = 0xFE<<16 | 0x21
	OpI64AtomicRmw8AddU      Op = 0xFE<<16 | 0x22
	OpI64AtomicRmw16AddU     Op = 0xFE<<16 | 0x23
	OpI64AtomicRmw32AddU     Op = 0xFE<<16 | 0x24
	OpI32AtomicRmwSub        Op = 0xFE<<16 | 0x25
	OpI64AtomicRmwSub        Op = 0xFE<<16 | 0x26
	OpI32AtomicRmw8SubU      Op = 0xFE<<16 | 0x27
	OpI32AtomicRmw16SubU     Op = 0xFE<<16 | 0x28
	OpI64AtomicRmw8SubU      Op = 0xFE<<16 | 0x29
	OpI64AtomicRmw16SubU     Op = 0xFE<<16 | 0x2A
	OpI64AtomicRmw32SubU     Op = 0xFE<<16 | 0x2B
	OpI32AtomicRmwAnd        Op = 0xFE<<16 | 0x2C
	OpI64AtomicRmwAnd        Op = 0xFE<<16 | 0x2D
	OpI32AtomicRmw8AndU      Op = 0xFE<<16 | 0x2E
	OpI32AtomicRmw16AndU     Op = 0xFE<<16 | 0x2F
	OpI64AtomicRmw8AndU      Op = 0xFE<<16 | 0x30
	OpI64AtomicRmw16AndU     Op = 0xFE<<16 | 0x31
	OpI64AtomicRmw32AndU     Op = 0xFE<<16 | 0x32
	OpI32AtomicRmwOr         Op = 0xFE<<16 | 0x33
	OpI64AtomicRmwOr         Op = 0xFE<<16 | 0x34
	OpI32AtomicRmw8OrU       Op = 0xFE<<16 | 0x35
	OpI32AtomicRmw16OrU      Op = 0xFE<<16 | 0x36
	OpI64AtomicRmw8OrU       Op = 0xFE<<16 | 0x37
	OpI64AtomicRmw16OrU      Op = 0xFE<<16 | 0x38
	OpI64AtomicRmw32OrU      Op = 0xFE<<16 | 0x39
	OpI32AtomicRmwXor        Op = 0xFE<<16 | 0x3A
	OpI64AtomicRmwXor        Op = 0xFE<<16 | 0x3B
	OpI32AtomicRmw8XorU      Op = 0xFE<<16 | 0x3C
	OpI32AtomicRmw16XorU     Op = 0xFE<<16 | 0x3D
	OpI64AtomicRmw8XorU      Op = 0xFE<<16 | 0x3E
	OpI64AtomicRmw16XorU     Op = 0xFE<<16 | 0x3F
	OpI64AtomicRmw32XorU     Op = 0xFE<<16 | 0x40
	OpI32AtomicRmwXchg       Op = 0xFE<<16 | 0x41
	OpI64AtomicRmwXchg       Op = 0xFE<<16 | 0x42
	OpI32AtomicRmw8XchgU     Op = 0xFE<<16 | 0x43
	OpI32AtomicRmw16XchgU    Op = 0xFE<<16 | 0x44
	OpI64AtomicRmw8XchgU     Op = 0xFE<<16 | 0x45
	OpI64AtomicRmw16XchgU    Op = 0xFE<<16 | 0x46
	OpI64AtomicRmw32XchgU    Op = 0xFE<<16 | 0x47
	OpI32AtomicRmwCmpxchg    Op = 0xFE<<16 | 0x48
	OpI64AtomicRmwCmpxchg    Op = 0xFE<<16 | 0x49
	OpI32AtomicRmw8CmpxchgU  Op = 0xFE<<16 | 0x4A
	OpI32AtomicRmw16CmpxchgU Op = 0xFE<<16 | 0x4B
	OpI64AtomicRmw8CmpxchgU  Op = 0xFE<<16 | 0x4C
	OpI64AtomicRmw16CmpxchgU Op = 0xFE<<16 | 0x4D
	OpI64AtomicRmw32CmpxchgU Op = 0xFE<<16 | 0x4E
)

// Structures, arrays and casts (5.4.2, 0xFB).
const (
	OpStructNew        Op = 0xFB<<16 | 0x00
	OpStructNewDefault Op = 0xFB<<16 | 0x01
	OpStructGet        Op = 0xFB<<16 | 0x02
	OpStructGetS       Op = 0xFB<<16 | 0x03
	OpStructGetU       Op = 0xFB<<16 | 0x04
	OpStructSet        Op = 0xFB<<16 | 0x05
	OpArrayNew         Op = 0xFB<<16 | 0x06
	OpArrayNewDefault  Op = 0xFB<<16 | 0x07
	OpArrayNewFixed    Op = 0xFB<<16 | 0x08
	OpArrayNewData     Op = 0xFB<<16 | 0x09
	OpArrayNewElem     Op = 0xFB<<16 | 0x0A
	OpArrayGet         Op = 0xFB<<16 | 0x0B
	OpArrayGetS        Op = 0xFB<<16 | 0x0C
	OpArrayGetU        Op = 0xFB<<16 | 0x0D
	OpArraySet         Op = 0xFB<<16 | 0x0E
	OpArrayLen         Op = 0xFB<<16 | 0x0F
	OpArrayFill        Op = 0xFB<<16 | 0x10
	OpArrayCopy        Op = 0xFB<<16 | 0x11
	OpArrayInitData    Op = 0xFB<<16 | 0x12
	OpArrayInitElem    Op = 0xFB<<16 | 0x13
	OpRefTest          Op = 0xFB<<16 | 0x14
	OpRefTestNull      Op = 0xFB<<16 | 0x15
	OpRefCast          Op = 0xFB<<16 | 0x16
	OpRefCastNull      Op = 0xFB<<16 | 0x17
	OpBrOnCast         Op = 0xFB<<16 | 0x18
	OpBrOnCastFail     Op = 0xFB<<16 | 0x19
	OpAnyConvertExtern Op = 0xFB<<16 | 0x1A
	OpExternConvertAny Op = 0xFB<<16 | 0x1B
	OpRefI31           Op = 0xFB<<16 | 0x1C
	OpI31GetS          Op = 0xFB<<16 | 0x1D
	OpI31GetU          Op = 0xFB<<16 | 0x1E
)

// Custom descriptors.
const (
	OpStructNewDesc        Op = 0xFB<<16 | 0x20
	OpStructNewDefaultDesc Op = 0xFB<<16 | 0x21
	OpRefGetDesc           Op = 0xFB<<16 | 0x22
	OpRefCastDescEq        Op = 0xFB<<16 | 0x23
	OpRefCastDescEqNull    Op = 0xFB<<16 | 0x24
	OpBrOnCastDescEq       Op = 0xFB<<16 | 0x25
	OpBrOnCastDescEqFail   Op = 0xFB<<16 | 0x26
)

// Wide arithmetic.
const (
	OpI64Add128   Op = 0xFC<<16 | 0x13
	OpI64Sub128   Op = 0xFC<<16 | 0x14
	OpI64MulWideS Op = 0xFC<<16 | 0x15
	OpI64MulWideU Op = 0xFC<<16 | 0x16
)

// Typed function references.
const (
	OpCallRef       Op = 0x14
	OpReturnCallRef Op = 0x15
	OpRefEq         Op = 0xD3
	OpRefAsNonNull  Op = 0xD4
	OpBrOnNull      Op = 0xD5
	OpBrOnNonNull   Op = 0xD6
)

// Exceptions.
const (
	OpThrow    Op = 0x08
	OpThrowRef Op = 0x0A
	OpTryTable Op = 0x1F
)

// Exceptions as they were before exnref (the legacy proposal).
const (
	OpTry      Op = 0x06
	OpCatch    Op = 0x07
	OpRethrow  Op = 0x09
	OpDelegate Op = 0x18
	OpCatchAll Op = 0x19
)
