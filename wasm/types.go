package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// ValType is a value type (specification 5.3.5). The low byte is a code of the binary format. A reference that is
// never null has the bit nonNull; one to a defined type has the code typedRef and the type's index from bit indexShift on.
//
// Within a module two value types are the same type exactly when they are ==: the index is a [TypeDef.Canon].
type ValType uint32

const (
	I32  ValType = 0x7F
	I64  ValType = 0x7E
	F32  ValType = 0x7D
	F64  ValType = 0x7C
	V128 ValType = 0x7B

	// I8 and I16 are the types of packed fields; no value has them.
	I8  ValType = 0x78
	I16 ValType = 0x77

	// References that may be null, to the abstract heap types.
	NoExnRef      ValType = 0x74
	NullFuncRef   ValType = 0x73
	NullExternRef ValType = 0x72
	NullRef       ValType = 0x71
	FuncRef       ValType = 0x70
	ExternRef     ValType = 0x6F
	AnyRef        ValType = 0x6E
	EqRef         ValType = 0x6D
	I31Ref        ValType = 0x6C
	StructRef     ValType = 0x6B
	ArrayRef      ValType = 0x6A
	ExnRef        ValType = 0x69
)

const (
	typedRef        ValType = 0x63 // the code of a nullable reference to a defined type
	nonNull         ValType = 1 << 8
	exactRef        ValType = 1 << 9 // custom descriptors: of no proper subtype
	indexShift              = 10
	maxTypeIndex            = 1<<(32-indexShift) - 1
	codeMask        ValType = 0xFF
	abstractRefLow          = ExnRef
	abstractRefHigh         = NoExnRef
)

// unknown is the bottom type: what an operand is that code after an unconditional branch pops without having pushed it.
// unknownRef is the same for an operand that is known to be a reference, and not null.
const (
	unknown    ValType = 0
	unknownRef ValType = 2
)

// RefTo is the type of references to the defined type with index i, which must be a [TypeDef.Canon].
func RefTo(i uint32, nullable bool) ValType {
	t := typedRef | ValType(i)<<indexShift
	if !nullable {
		t |= nonNull
	}
	return t
}

// PageSize is the size of a linear memory's page in bytes (specification 4.2.8), unless its type says otherwise.
const PageSize = 1 << 16

// IsRef tells whether t is a reference type.
func (t ValType) IsRef() bool {
	c := t & codeMask
	return c >= abstractRefLow && c <= abstractRefHigh || c == typedRef
}

// IsNum tells whether t is one of the four number types.
func (t ValType) IsNum() bool { return t >= F64 && t <= I32 }

// IsPacked tells whether t is I8 or I16.
func (t ValType) IsPacked() bool { return t == I8 || t == I16 }

// Nullable tells whether t, a reference type, has null.
func (t ValType) Nullable() bool { return t&nonNull == 0 }

// NonNull is t, a reference type, without null; AsNullable is t with null.
func (t ValType) NonNull() ValType { return t | nonNull }

// AsNullable is t, a reference type, with null.
func (t ValType) AsNullable() ValType { return t &^ nonNull }

// TypeIndex is the index of the defined type that t refers to; ok is false for every other type.
func (t ValType) TypeIndex() (i uint32, ok bool) {
	return uint32(t >> indexShift), t&codeMask == typedRef
}

// Heap is the heap type of t, a reference type, in the form of the nullable reference to it.
func (t ValType) Heap() ValType { return t &^ nonNull }

// Exact tells whether t refers to its defined type and none of its proper subtypes (custom descriptors).
func (t ValType) Exact() bool { return t&exactRef != 0 }

// AsExact is the exact form of t, a reference to a defined type. Abstract heap types have none.
func (t ValType) AsExact() ValType { return t | exactRef }

// Inexact is t with the references to all subtypes.
func (t ValType) Inexact() ValType { return t &^ exactRef }

// Defaultable tells whether a local of type t has an initial value: all but references that are never null.
func (t ValType) Defaultable() bool { return !t.IsRef() || t.Nullable() }

// heapNames are the abstract heap types by code, and the short name of the nullable reference to each.
var heapNames = map[ValType][2]string{
	NoExnRef: {"noexn", "nullexnref"}, NullFuncRef: {"nofunc", "nullfuncref"}, NullExternRef: {"noextern", "nullexternref"},
	NullRef: {"none", "nullref"}, FuncRef: {"func", "funcref"}, ExternRef: {"extern", "externref"}, AnyRef: {"any", "anyref"},
	EqRef: {"eq", "eqref"}, I31Ref: {"i31", "i31ref"}, StructRef: {"struct", "structref"}, ArrayRef: {"array", "arrayref"},
	ExnRef: {"exn", "exnref"},
}

// HeapName is the name of t's heap type in the text format: "func", or an index.
func (t ValType) HeapName() string {
	name := heapNames[t&codeMask][0]
	if i, ok := t.TypeIndex(); ok {
		name = fmt.Sprint(i)
	}
	if t&exactRef != 0 {
		return "(exact " + name + ")"
	}
	return name
}

// String returns the type's name in the text format.
func (t ValType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case I8:
		return "i8"
	case I16:
		return "i16"
	case Addr:
		return "address"
	case unknown:
		return "unknown"
	case unknownRef:
		return "(ref unknown)"
	}
	switch {
	case !t.IsRef():
		return fmt.Sprintf("type(%#x)", uint32(t))
	case !t.Nullable():
		return "(ref " + t.HeapName() + ")"
	case t == t&codeMask && t != typedRef:
		return heapNames[t][1]
	}
	return "(ref null " + t.HeapName() + ")"
}

// Equal tells whether f and g have the same parameters and results.
func (f *FuncType) Equal(g *FuncType) bool {
	return slices.Equal(f.Params, g.Params) && slices.Equal(f.Results, g.Results)
}

// String writes the type as the specification does: [i32 i64] -> [f32].
func (f *FuncType) String() string {
	return typeList(f.Params) + " -> " + typeList(f.Results)
}

func typeList(types []ValType) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, t := range types {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.String())
	}
	b.WriteByte(']')
	return b.String()
}

// String returns the kind's name in the text format.
func (k ExternKind) String() string {
	switch k {
	case ExternFunc:
		return "func"
	case ExternTable:
		return "table"
	case ExternMemory:
		return "memory"
	case ExternGlobal:
		return "global"
	case ExternTag:
		return "tag"
	}
	return fmt.Sprintf("kind(%d)", byte(k))
}

// AddrType is the type of an address in the memory or table: i64 where it is 64-bit, else i32.
func (l Limits) AddrType() ValType {
	if l.Is64 {
		return I64
	}
	return I32
}

// String writes the limits as the text format does: "i64 1 16", "0".
func (l Limits) String() string {
	s := ""
	if l.Is64 {
		s = "i64 "
	}
	s += fmt.Sprint(l.Min)
	if l.HasMax {
		s += fmt.Sprintf(" %d", l.Max)
	}
	return s
}

// String writes the type as the text format does: "1 10 funcref".
func (t TableType) String() string { return t.Limits.String() + " " + t.Elem.String() }

// String writes the type as the text format does: "i32", "(mut i64)".
func (t GlobalType) String() string {
	if t.Mutable {
		return "(mut " + t.Type.String() + ")"
	}
	return t.Type.String()
}
