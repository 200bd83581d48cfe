//go:build linux && amd64

package amd64

import (
	"fmt"
	"math"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// featureSets are the processors that the tests compile for: this one, and one that has as little as possible.
func featureSets() map[string]Features {
	all := Detect()
	noAVX := all
	noAVX.AVX, noAVX.AVX2, noAVX.FMA, noAVX.BMI2 = false, false, false, false
	return map[string]Features{"all": all, "noavx": noAVX, "sse41": {SSE41: all.SSE41}}
}

var (
	ints32 = []uint64{0, 1, 2, 3, 7, 10, 31, 32, 33, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 12345678, 0x7FFFFFFF, 0x80000000, 0x80000001,
		0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFF80, 0xAAAAAAAA, 0xDEADBEEF, 641}
	ints64 = append([]uint64{1 << 32, 1<<32 + 1, 1<<63 - 1, 1 << 63, 1<<63 + 1, 1<<64 - 1, 1<<64 - 2, 1<<64 - 7, 0xFFFFFFFF80000000, 0xFFFFFFFF7FFFFFFF,
		0x123456789ABCDEF0, 0xAAAAAAAAAAAAAAAA, 6700417, 1<<53 + 1, 1<<62 + 1<<38 + 1, 0x8000000000000401, 0x7FFFFFBFFFFFFFFF}, ints32...)
	doubles = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, -0.9, -1.0000001, 3.7, 1e10, -1e10, 1e300, 5e-324, math.Inf(1), math.Inf(-1), math.NaN(),
		2147483647, 2147483648, 2147483647.9, -2147483648, -2147483648.9, -2147483649, 4294967295, 4294967295.9, 4294967296, 9223372036854775807, 9223372036854774784,
		-9223372036854775808, -9223372036854777856, 18446744073709551615, 18446744073709549568, 1 << 52, 1<<52 + 1, 4503599627370497.5, -0.0001}
)

// edges are values of a type that something may be wrong with.
func edges(t ir.Type) (bits []uint64) {
	switch t {
	case ir.I32:
		return ints32
	case ir.I64:
		return ints64
	case ir.F32:
		for _, d := range doubles {
			bits = append(bits, uint64(math.Float32bits(float32(d))))
		}
		return append(bits, 0x7F800001, 0xFFC12345, 1, 0x80000001, uint64(math.Float32bits(16777217)), 0x4F7FFFFF, 0x5F7FFFFF, 0x5EFFFFFF)
	}
	for _, d := range doubles {
		bits = append(bits, math.Float64bits(d))
	}
	return append(bits, 0x7FF0000000000001, 0xFFF8000000012345, 0x7FF4000000000000)
}

// scalarOps are the numeric instructions.
func scalarOps() (ops []ir.Op) {
	for op := wasm.OpI32Eqz; op <= wasm.OpI64Extend32S; op++ {
		ops = append(ops, op)
	}
	for op := wasm.OpI32TruncSatF32S; op <= wasm.OpI64TruncSatF64U; op++ {
		ops = append(ops, op)
	}
	return ops
}

// TestScalarOps runs each numeric instruction on edge values against the reference, with operands in registers, constant, in memory, and
// with comparisons folded into branches and selects.
func TestScalarOps(t *testing.T) {
	for name, f := range featureSets() {
		target := New(f)
		m := newMachine(t)
		for _, op := range scalarOps() {
			if !target.Supports(op) {
				t.Errorf("%s: %v is not supported", name, op)
				continue
			}
			for _, shape := range []string{"params", "right", "left", "loads", "if", "select", "select64", "selectf"} {
				if !t.Run(fmt.Sprintf("%s/%v/%s", name, op, shape), func(t *testing.T) { testOp(t, m, target, op, shape) }) && testing.Short() {
					return
				}
			}
		}
	}
}

// isCompare tells whether op's result is a truth value.
func isCompare(op ir.Op) bool { return op >= wasm.OpI32Eqz && op <= wasm.OpF64Ge }

func testOp(t *testing.T, m *machine, target *Target, op ir.Op, shape string) {
	m.tb = t
	info := op.Info()
	var types []ir.Type
	for _, p := range info.Params {
		types = append(types, ir.TypeOf(p))
	}
	result := ir.TypeOf(info.Results[0])
	seconds := []uint64{0}
	if len(types) == 2 {
		seconds = edges(types[1])
	}
	switch shape {
	case "if", "select", "select64", "selectf":
		if !isCompare(op) {
			return
		}
	case "right", "left":
		if len(types) < 2 {
			return
		}
		for i, k := range seconds {
			u := compileOp(t, m, target, op, types, result, shape, k, uint64(i))
			for _, x := range edges(types[0]) {
				a, b := x, k
				if shape == "left" {
					a, b = k, x
				}
				checkOp(t, u, op, shape, result, a, b, x, x)
			}
		}
		return
	}
	for seed := range uint64(2) {
		u := compileOp(t, m, target, op, types, result, shape, 0, seed)
		for _, x := range edges(types[0]) {
			for _, y := range seconds {
				checkOp(t, u, op, shape, result, x, y, x, y)
			}
		}
	}
}

// compileOp compiles a function that does op.
func compileOp(t *testing.T, m *machine, target *Target, op ir.Op, types []ir.Type, result ir.Type, shape string, k uint64, seed uint64) *unit {
	t.Helper()
	f := &ir.Func{Name: "test", Loop: -1, Params: types, Room: 8}
	b := f.NewBlock()
	f.Entry = b
	var args []*ir.Value
	for i, ty := range types {
		p := f.Append(b, ir.OpParam, ty)
		p.Imm = uint64(i)
		args = append(args, p)
	}
	constant := func(ty ir.Type, bits uint64) *ir.Value {
		c := f.Append(b, ir.OpConst, ty)
		c.Imm = bits
		return c
	}
	switch shape {
	case "right":
		args[1] = constant(types[1], k)
	case "left":
		args[0], args[1] = constant(types[0], k), args[0]
	case "loads":
		base := f.Append(b, ir.OpMemBase, ir.I64)
		loads := map[ir.Type]ir.Op{ir.I32: wasm.OpI32Load, ir.I64: wasm.OpI64Load, ir.F32: wasm.OpF32Load, ir.F64: wasm.OpF64Load}
		for i, ty := range types {
			l := f.Append(b, loads[ty], ty, base, constant(ir.I32, uint64(64+8*i)))
			l.Guarded, l.Imm, l.Site = true, 16, &ir.Site{Kind: interp.SiteFault}
			args[i] = l
		}
	}
	v := f.Append(b, op, result, args...)
	if op < 0xFC0000 {
		v.Site = &ir.Site{Kind: interp.SiteTrap, Pos: 77}
		if isCompare(op) || result.Float() {
			v.Site = nil
		}
	}
	switch shape {
	case "if":
		yes, no := f.NewBlock(), f.NewBlock()
		f.Append(b, ir.OpIf, ir.Void, v)
		ir.Connect(b, yes)
		ir.Connect(b, no)
		if seed%2 == 1 {
			f.Blocks[1], f.Blocks[2] = no, yes
		}
		one, zero := f.Append(yes, ir.OpConst, ir.I32), f.Append(no, ir.OpConst, ir.I32)
		one.Imm = 1
		f.Append(yes, ir.OpReturn, ir.Void, one)
		f.Append(no, ir.OpReturn, ir.Void, zero)
	case "select":
		f.Append(b, ir.OpReturn, ir.Void, f.Append(b, wasm.OpSelect, ir.I32, constant(ir.I32, 1), constant(ir.I32, 0), v))
	case "select64":
		s := f.Append(b, wasm.OpSelect, ir.I64, constant(ir.I64, 0), constant(ir.I64, 1<<40), f.Append(b, wasm.OpI32Eqz, ir.I32, v))
		f.Append(b, ir.OpReturn, ir.Void, f.Append(b, wasm.OpI32WrapI64, ir.I32, f.Append(b, wasm.OpI64ShrU, ir.I64, s, constant(ir.I64, 40))))
	case "selectf":
		s := f.Append(b, wasm.OpSelect, ir.F64, constant(ir.F64, math.Float64bits(1)), constant(ir.F64, 0), v)
		f.Append(b, ir.OpReturn, ir.Void, f.Append(b, wasm.OpI32TruncSatF64S, ir.I32, s))
	default:
		f.Append(b, ir.OpReturn, ir.Void, v)
	}
	code, err := target.Compile(allocate(t, target, f, seed))
	if err != nil {
		t.Fatal(err)
	}
	return m.unit(code)
}

// checkOp runs u with the arguments x and y and compares with op of a and b.
func checkOp(t *testing.T, u *unit, op ir.Op, shape string, result ir.Type, a, b, x, y uint64) {
	t.Helper()
	u.frame[0], u.frame[1] = x, y
	for i := range 8 {
		u.memory[80+i], u.memory[88+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	got := u.run(result)
	want, trap, ok := ir.Compute(op, a, b)
	if !ok {
		t.Fatalf("no reference for %v", op)
	}
	if trap != 0 {
		if got.site == nil || got.site.Kind != interp.SiteTrap || got.site.Trap != trap || got.site.Pos != 77 {
			t.Fatalf("%v %#x, %#x: %+v, want trap %v", op, a, b, got, trap)
		}
		return
	}
	if got.site != nil || got.lo != want && !(bothNaN(result, got.lo, want)) {
		t.Fatalf("%v %#x, %#x = %#x (%+v), want %#x\n%s", op, a, b, got.lo, got.site, want, disassemble(u.code))
	}
}

// bothNaN tells whether both are not numbers; the one that machine code makes must be quiet.
func bothNaN(t ir.Type, got, want uint64) bool {
	switch t {
	case ir.F32:
		return math.IsNaN(float64(math.Float32frombits(uint32(want)))) && got&0x7FC00000 == 0x7FC00000 && got>>32 == 0
	case ir.F64:
		return math.IsNaN(math.Float64frombits(want)) && got&0x7FF8000000000000 == 0x7FF8000000000000
	}
	return false
}
