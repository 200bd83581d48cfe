//go:build linux

package arm64

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// target is what the tests compile for.
var target = New(Detect())

// edges are operands worth trying, by type.
var edges = map[ir.Type][]uint64{
	ir.I32: {0, 1, 2, 3, 7, 8, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x12345678, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 2, 1<<32 - 1},
	ir.I64: {0, 1, 2, 3, 31, 32, 63, 64, 65, 0x80, 0x8000, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 0x123456789ABCDEF0, 1<<63 - 1, 1 << 63, 1<<63 + 1, 1<<64 - 2, 1<<64 - 1},
	ir.F32: {},
	ir.F64: {},
}

func init() {
	floats := []float64{
		0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 0.1, 3.7, -3.7, 1e10, -1e10, 1e-10, 4e9, 1e300, -1e300, 5e-324, 1e-45,
		math.MaxFloat32, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(),
		1 << 31, 1<<31 - 1, -1 << 31, -1<<31 - 1, -1<<31 - 0.9, 1 << 32, 1<<32 - 1, 1<<32 - 0.5, -0.9, 1 << 63, -1 << 63, 1 << 64, 1<<63 - 1024, 1<<64 - 2048, -1<<63 - 2048,
		4503599627370497.5, 8388609.5, 16777217,
	}
	for _, f := range floats {
		edges[ir.F64] = append(edges[ir.F64], math.Float64bits(f))
		edges[ir.F32] = append(edges[ir.F32], uint64(math.Float32bits(float32(f))))
	}
	edges[ir.F64] = append(edges[ir.F64], 0xFFF8000000000001, 0x7FF0000000000001)
	edges[ir.F32] = append(edges[ir.F32], 0xFFC00001, 0x7F800001)
}

// scalarOps are the numeric instructions of one to three operands.
func scalarOps() []ir.Op {
	var ops []ir.Op
	for op := wasm.OpI32Eqz; op <= wasm.OpI64Extend32S; op++ {
		ops = append(ops, op)
	}
	for op := wasm.OpI32TruncSatF32S; op <= wasm.OpI64TruncSatF64U; op++ {
		ops = append(ops, op)
	}
	return ops
}

func signature(op ir.Op) (params []ir.Type, result ir.Type) {
	info := op.Info()
	for _, p := range info.Params {
		params = append(params, ir.TypeOf(p))
	}
	return params, ir.TypeOf(info.Results[0])
}

// traps tells whether op traps for some operands.
func traps(op ir.Op) bool {
	switch op {
	case wasm.OpI32DivS, wasm.OpI32DivU, wasm.OpI32RemS, wasm.OpI32RemU, wasm.OpI64DivS, wasm.OpI64DivU, wasm.OpI64RemS, wasm.OpI64RemU,
		wasm.OpI32TruncF32S, wasm.OpI32TruncF32U, wasm.OpI32TruncF64S, wasm.OpI32TruncF64U,
		wasm.OpI64TruncF32S, wasm.OpI64TruncF32U, wasm.OpI64TruncF64S, wasm.OpI64TruncF64U:
		return true
	}
	return false
}

// compile selects, allocates and compiles.
func compile(t testing.TB, f *ir.Func, rnd *rand.Rand) *ir.Code {
	t.Helper()
	target.Select(f)
	c, err := target.Compile(spillAll(f, target, rnd))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newFunc(params ...ir.Type) (*ir.Func, *ir.Block) {
	f := &ir.Func{Name: "test", Loop: -1, Room: 64, Params: params}
	f.Entry = f.NewBlock()
	return f, f.Entry
}

func constOf(f *ir.Func, b *ir.Block, t ir.Type, x uint64) *ir.Value {
	v := f.Append(b, ir.OpConst, t)
	v.Imm = x
	return v
}

func slotLoad(f *ir.Func, b *ir.Block, t ir.Type, slot int) *ir.Value {
	v := f.Append(b, ir.OpSlotLoad, t)
	v.Imm = uint64(slot)
	return v
}

func slotStore(f *ir.Func, b *ir.Block, v *ir.Value, slot int) {
	f.Append(b, ir.OpSlotStore, ir.Void, v).Imm = uint64(slot)
}

// same tells whether two results are equal; any NaN of arithmetic is as good as another.
func same(t ir.Type, op ir.Op, got, want uint64) bool {
	exact := op == wasm.OpF32Abs || op == wasm.OpF32Neg || op == wasm.OpF32Copysign || op == wasm.OpF64Abs || op == wasm.OpF64Neg ||
		op == wasm.OpF64Copysign || op == wasm.OpF32ReinterpretI32 || op == wasm.OpF64ReinterpretI64
	switch {
	case t == ir.F32 && !exact && isNaN32(got):
		return isNaN32(want)
	case t == ir.F64 && !exact && math.Float64frombits(got) != math.Float64frombits(got):
		return math.Float64frombits(want) != math.Float64frombits(want)
	}
	return got == want
}

func isNaN32(x uint64) bool { f := math.Float32frombits(uint32(x)); return f != f }

// combinations calls f with all combinations of edge values.
func combinations(params []ir.Type, f func(x []uint64)) {
	x := make([]uint64, len(params))
	var rec func(i int)
	rec = func(i int) {
		if i == len(params) {
			f(x)
			return
		}
		for _, e := range edges[params[i]] {
			x[i] = e
			rec(i + 1)
		}
	}
	rec(0)
}

// Every numeric instruction is right for all combinations of edge values, from registers and with each operand constant.
func TestNumeric(t *testing.T) {
	m := newMachine(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, op := range scalarOps() {
		params, result := signature(op)
		site := (*ir.Site)(nil)
		if traps(op) {
			site = &ir.Site{Kind: interp.SiteTrap, Pos: 77}
		}
		check := func(c *ir.Code, x []uint64, how string) {
			t.Helper()
			m.reset()
			for i, a := range x {
				*m.slot(i) = a
				if params[i].Size() == 4 {
					*m.slot(i) |= 0xABCDEF00 << 32 // the upper half may be anything
				}
			}
			left := m.enter(c)
			want, trap := reference(op, x)
			switch {
			case trap != 0 && (left == nil || left.Trap != trap || left.Pos != 77):
				t.Errorf("%v%x %s: left at %v, want %v", op, x, how, left, trap)
			case trap == 0 && left != nil:
				t.Errorf("%v%x %s: %v, want %#x", op, x, how, left.Trap, want)
			case trap == 0 && !same(result, op, *m.slot(8), want):
				t.Errorf("%v%x %s = %#x, want %#x", op, x, how, *m.slot(8), want)
			}
		}
		f, b := newFunc()
		var args []*ir.Value
		for i, p := range params {
			args = append(args, slotLoad(f, b, p, i))
		}
		v := f.Append(b, op, result, args...)
		v.Site = site
		slotStore(f, b, v, 8)
		f.Append(b, ir.OpReturn, ir.Void)
		c := compile(t, f, rnd)
		combinations(params, func(x []uint64) { check(c, x, "from registers") })
		for k, p := range params {
			constants := slices.Clip(edges[p])
			if _, _, ok := divisor(&ir.Value{Op: op, Args: []*ir.Value{nil, {Op: ir.OpConst, Type: p, Imm: 3}}}); ok && k == 1 { // factors of all kinds
				for n := range uint64(130) {
					constants = append(constants, n, rnd.Uint64()>>rnd.IntN(64))
				}
			}
			for _, e := range constants {
				if p == ir.I32 {
					e &= 1<<32 - 1
				}
				f, b := newFunc()
				var args []*ir.Value
				for i, p := range params {
					if i == k {
						args = append(args, constOf(f, b, p, e))
					} else {
						args = append(args, slotLoad(f, b, p, i))
					}
				}
				v := f.Append(b, op, result, args...)
				v.Site = site
				slotStore(f, b, v, 8)
				f.Append(b, ir.OpReturn, ir.Void)
				c := compile(t, f, rnd)
				combinations(params, func(x []uint64) {
					if x[k] == edges[p][0] {
						x := slices.Clone(x)
						x[k] = e
						check(c, x, fmt.Sprintf("with operand %d constant", k))
					}
				})
			}
		}
	}
}
