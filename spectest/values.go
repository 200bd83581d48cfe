package spectest

import (
	"fmt"
	"math"
	"strings"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// value is a result of an action; hi is the upper half of a v128.
type value struct {
	typ    vm.ValType
	lo, hi uint64
}

// slots are constants of a script as a call takes them.
func slots(args []wat.Value) []uint64 {
	out := make([]uint64, 0, len(args)+1)
	for _, a := range args {
		switch {
		case a.Type == vm.V128:
			out = append(out, a.Bits, a.Hi)
		case a.Type.IsRef() && !a.IsNull():
			out = append(out, hostRef(a.Bits))
		default:
			out = append(out, a.Bits)
		}
	}
	return out
}

// hostRef is the reference that (ref.extern n) and (ref.host n) mean. Scripts count from 0, references do not.
func hostRef(n uint64) uint64 {
	ref, _ := vm.HostRef(n + 1)
	return ref
}

// values are the results that a call has left in a stack.
func values(types []vm.ValType, stack []uint64) ([]value, error) {
	out := make([]value, 0, len(types))
	for _, t := range types {
		width := 1
		if t == vm.V128 {
			width = 2
		}
		if len(stack) < width {
			return nil, fmt.Errorf("%d results are of type %v", len(out), types)
		}
		v := value{typ: t, lo: stack[0]}
		if width == 2 {
			v.hi = stack[1]
		}
		out, stack = append(out, v), stack[width:]
	}
	if len(stack) > 0 {
		return nil, fmt.Errorf("there are %d values beyond the results %v", len(stack), types)
	}
	return out, nil
}

// matchAll compares all results of an action with what is expected.
func matchAll(w *world, want []wat.Result, got []value) error {
	ok := len(want) == len(got)
	for i := 0; ok && i < len(want); i++ {
		ok = match(w, &want[i], got[i])
	}
	if ok {
		return nil
	}
	words := make([]string, len(got))
	for i, v := range got {
		words[i] = v.String()
		if i < len(want) && want[i].Kind == wat.ResultVec && v.typ == vm.V128 {
			words[i] = v.cut(want[i].Shape)
		}
	}
	return fmt.Errorf("got [%s], want %s", strings.Join(words, " "), listOf(want, describe))
}

// cut writes a vector in lanes of a shape.
func (v value) cut(shape wat.Shape) string {
	var b strings.Builder
	fmt.Fprintf(&b, "(v128.const %v", shape)
	for i := range shape.Lanes() {
		fmt.Fprintf(&b, " %#x", v.lane(shape.Bits(), i))
	}
	return b.String() + ")"
}

// match compares a result with what an assertion says of it.
func match(w *world, want *wat.Result, got value) bool {
	switch want.Kind {
	case wat.ResultNum:
		return got.typ == want.Value.Type && matchNum(want.Value.Type == vm.F64, want.NaN, got.lo, want.Value.Bits)
	case wat.ResultVec:
		return got.typ == vm.V128 && matchVec(want, got)
	case wat.ResultNull:
		return got.typ.IsRef() && got.lo == 0
	case wat.ResultHostRef:
		return got.typ.IsRef() && got.lo == hostRef(want.Value.Bits)
	case wat.ResultRef:
		return got.typ.IsRef() && matchRef(w, want.Value.Type.AsNullable(), got)
	case wat.ResultEither:
		for i := range want.Either {
			if match(w, &want.Either[i], got) {
				return true
			}
		}
	}
	return false
}

// matchNum compares the bits of a number, or looks for a NaN of the kind. double says how wide it is then.
func matchNum(double bool, nan wat.NaNKind, got, want uint64) bool {
	const (
		f32Quiet, f32Sign uint64 = 0x7FC00000, 1 << 31
		f64Quiet, f64Sign uint64 = 0x7FF8000000000000, 1 << 63
	)
	quiet, sign := f32Quiet, f32Sign
	if double {
		quiet, sign = f64Quiet, f64Sign
	}
	switch nan {
	case wat.CanonicalNaN:
		return got&^sign == quiet
	case wat.ArithmeticNaN:
		return got&quiet == quiet
	}
	return got == want
}

// matchVec compares lane by lane.
func matchVec(want *wat.Result, got value) bool {
	bits := want.Shape.Bits()
	for i := range want.Lanes {
		l := &want.Lanes[i]
		if !matchNum(want.Shape == wat.F64x2, l.NaN, got.lane(bits, i), l.Bits&mask(bits)) {
			return false
		}
	}
	return true
}

// lane is lane i of a vector whose lanes have so many bits.
func (v value) lane(bits, i int) uint64 {
	half, at := v.lo, i*bits
	if at >= 64 {
		half, at = v.hi, at-64
	}
	return half >> at & mask(bits)
}

func mask(bits int) uint64 { return math.MaxUint64 >> (64 - bits) }

// matchRef tells whether a reference is of a heap type and not null.
func matchRef(w *world, heap vm.ValType, got value) bool {
	kind := vm.KindOfRef(got.lo)
	switch heap {
	case vm.FuncRef:
		return w.program.Func(got.lo) != nil
	case vm.I31Ref:
		return kind == vm.RefI31
	case vm.EqRef:
		return kind == vm.RefI31 || kind == vm.RefObject
	case vm.StructRef, vm.ArrayRef, vm.ExnRef:
		return kind == vm.RefObject && w.objectIs(heap, got)
	}
	return kind != vm.RefNull
}

// String writes a result as scripts do, as far as they can.
func (v value) String() string {
	switch {
	case v.typ == vm.V128:
		return v.cut(wat.I64x2)
	case !v.typ.IsRef():
		return number(v.typ, v.lo)
	case v.lo == 0:
		return "(ref.null)"
	}
	return fmt.Sprintf("(%v %#x)", v.typ, v.lo)
}

// number writes a number, and the bits of a float.
func number(t vm.ValType, bits uint64) string {
	switch t {
	case vm.I32:
		return fmt.Sprintf("(i32.const %d)", int32(bits))
	case vm.F32:
		return fmt.Sprintf("(f32.const %v, bits %#x)", math.Float32frombits(uint32(bits)), bits)
	case vm.F64:
		return fmt.Sprintf("(f64.const %v, bits %#x)", math.Float64frombits(bits), bits)
	}
	return fmt.Sprintf("(%v.const %d)", t, int64(bits))
}

// describe writes what an assertion says of a result.
func describe(r wat.Result) string {
	switch r.Kind {
	case wat.ResultNum:
		if r.NaN != wat.NotNaN {
			return fmt.Sprintf("(%v.const %s)", r.Value.Type, nanName(r.NaN))
		}
		return number(r.Value.Type, r.Value.Bits)
	case wat.ResultVec:
		lanes := listOf(r.Lanes, func(l wat.Lane) string {
			if l.NaN != wat.NotNaN {
				return nanName(l.NaN)
			}
			return fmt.Sprintf("%#x", l.Bits)
		})
		return fmt.Sprintf("(v128.const %v %s)", r.Shape, strings.Trim(lanes, "[]"))
	case wat.ResultNull:
		return "(ref.null)"
	case wat.ResultHostRef:
		return fmt.Sprintf("(host reference %d, bits %#x)", r.Value.Bits, hostRef(r.Value.Bits))
	case wat.ResultRef:
		return "(ref." + r.Value.Type.HeapName() + ")"
	}
	return "(either " + strings.Trim(listOf(r.Either, describe), "[]") + ")"
}

func nanName(k wat.NaNKind) string {
	if k == wat.CanonicalNaN {
		return "nan:canonical"
	}
	return "nan:arithmetic"
}

func listOf[T any](list []T, text func(T) string) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = text(v)
	}
	return "[" + strings.Join(words, " ") + "]"
}
