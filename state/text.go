package state

import (
	"fmt"
	"math"
	"strconv"

	"github.com/godwit-vm/godwit/wasm"
)

// valueTexts writes values for people. It knows what objects are.
type valueTexts struct {
	p     *Program
	heads []head
}

func (t valueTexts) text(v Value) string {
	switch v.Type {
	case wasm.I32:
		return strconv.Itoa(int(int32(v.Bits)))
	case wasm.I64:
		return strconv.FormatInt(int64(v.Bits), 10)
	case wasm.F32:
		return floatText(float64(math.Float32frombits(uint32(v.Bits))), 32, v.Bits)
	case wasm.F64:
		return floatText(math.Float64frombits(v.Bits), 64, v.Bits)
	case wasm.V128:
		return fmt.Sprintf("0x%016x%016x", v.Hi, v.Bits)
	}
	return t.ref(v)
}

// floatText writes a number; of what is none the bits.
func floatText(f float64, size int, bits uint64) string {
	if math.IsNaN(f) {
		return fmt.Sprintf("nan 0x%0*x", size/4, bits)
	}
	return strconv.FormatFloat(f, 'g', -1, size)
}

func (t valueTexts) ref(v Value) string {
	number := v.Bits & (1<<RefShift - 1)
	switch {
	case v.Bits == 0:
		return "null"
	case v.Type == wasm.FuncRef:
		return fmt.Sprintf("function %d", v.Bits-1)
	case RefKind(v.Bits>>RefShift) == RefHost:
		return fmt.Sprintf("host %d", number)
	case RefKind(v.Bits>>RefShift) == RefI31:
		return fmt.Sprintf("i31 %d", int32(uint32(number)<<1)>>1)
	case number >= uint64(len(t.heads)):
		return fmt.Sprintf("object %d", number)
	}
	h := t.heads[number]
	switch {
	case h&1 != 0:
		return fmt.Sprintf("exception %d of tag %d", number, h>>1)
	case t.p.Types[h>>1].Kind == wasm.CompArray:
		return fmt.Sprintf("array %d of type %d", number, h>>1)
	}
	return fmt.Sprintf("struct %d of type %d", number, h>>1)
}
