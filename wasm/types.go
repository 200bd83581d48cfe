package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// ValType is a value type (specification 5.3). The low byte is the type's code in the binary format; reference types
// to come that carry a type index keep it in the upper 24 bits.
type ValType uint32

const (
	I32       ValType = 0x7F
	I64       ValType = 0x7E
	F32       ValType = 0x7D
	F64       ValType = 0x7C
	V128      ValType = 0x7B
	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6F
)

// unknown is the bottom type: what an operand is that code after an unconditional branch pops without having pushed it.
const unknown ValType = 0

// PageSize is the size of a linear memory's page in bytes (specification 4.2.8).
const PageSize = 1 << 16

// IsRef tells whether t is a reference type.
func (t ValType) IsRef() bool { return t == FuncRef || t == ExternRef }

// IsNum tells whether t is one of the four number types.
func (t ValType) IsNum() bool { return t >= F64 && t <= I32 }

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
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	case Addr:
		return "address"
	case unknown:
		return "unknown"
	}
	return fmt.Sprintf("type(%#x)", uint32(t))
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
