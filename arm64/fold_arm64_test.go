//go:build linux

package arm64

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// expression is a function of random instructions, and what they are worth.
type expression struct {
	f      *ir.Func
	b      *ir.Block
	rnd    *rand.Rand
	values map[ir.Type][]*ir.Value
	text   strings.Builder
}

// Numeric instructions whose NaNs could be told apart are left out, and those that trap.
var randomOps = func() (ops []ir.Op) {
	for _, op := range scalarOps() {
		switch op {
		case wasm.OpF32Copysign, wasm.OpF64Copysign, wasm.OpI32ReinterpretF32, wasm.OpI64ReinterpretF64:
			continue
		}
		if !traps(op) {
			ops = append(ops, op)
		}
	}
	// What folds stands there more often.
	for range 8 {
		ops = append(ops, wasm.OpI32Add, wasm.OpI64Add, wasm.OpI32Sub, wasm.OpI64Sub, wasm.OpI32Shl, wasm.OpI64Shl, wasm.OpI32ShrU, wasm.OpI64ShrU,
			wasm.OpI32ShrS, wasm.OpI32And, wasm.OpI64And, wasm.OpI32Xor, wasm.OpI64Or, wasm.OpI32Mul, wasm.OpI64Mul,
			wasm.OpI32WrapI64, wasm.OpI64ExtendI32U, wasm.OpI64ExtendI32S, wasm.OpI32Eqz, wasm.OpI64Eqz, wasm.OpI32Rotl, wasm.OpI64Rotr,
			wasm.OpSelect, wasm.OpSelect, wasm.OpI32LtS, wasm.OpI64GtU)
	}
	return ops
}()

// arg is an operand: one of the last values, or a constant.
func (x *expression) arg(t ir.Type) *ir.Value {
	if x.rnd.IntN(4) == 0 {
		c := edges[t][x.rnd.IntN(len(edges[t]))]
		switch x.rnd.IntN(3) {
		case 0:
			if t == ir.I32 || t == ir.I64 {
				c = uint64(x.rnd.IntN(70))
			}
		case 1:
			if t == ir.I32 {
				c = uint64(uint32(-x.rnd.IntN(5000)))
			} else if t == ir.I64 {
				c = uint64(-x.rnd.IntN(5000))
			}
		}
		return constOf(x.f, x.b, t, c)
	}
	vs := x.values[t]
	n := len(vs)
	return vs[max(n-1-x.rnd.IntN(4)*x.rnd.IntN(3), 0)]
}

func (x *expression) step() *ir.Value {
	op := randomOps[x.rnd.IntN(len(randomOps))]
	var params []ir.Type
	var result ir.Type
	if op == wasm.OpSelect {
		result = []ir.Type{ir.I32, ir.I64, ir.F32, ir.F64}[x.rnd.IntN(4)]
		params = []ir.Type{result, result, ir.I32}
	} else {
		params, result = signature(op)
	}
	var args []*ir.Value
	for _, p := range params {
		args = append(args, x.arg(p))
	}
	v := x.f.Append(x.b, op, result, args...)
	x.values[result] = append(x.values[result], v)
	fmt.Fprintf(&x.text, "v%d = %v", v.ID, op)
	for _, a := range args {
		if a.Op == ir.OpConst {
			fmt.Fprintf(&x.text, " %#x", a.Imm)
		} else {
			fmt.Fprintf(&x.text, " v%d", a.ID)
		}
	}
	x.text.WriteByte('\n')
	return v
}

// Whatever is folded into whatever, the values are those of the instructions one by one.
func TestFolding(t *testing.T) {
	m := newMachine(t)
	n := 3000
	if testing.Short() {
		n = 300
	}
	for seed := range uint64(n) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		f, b := newFunc()
		x := &expression{f: f, b: b, rnd: rnd, values: make(map[ir.Type][]*ir.Value)}
		inputs := make(map[*ir.Value]uint64)
		for i := range 8 {
			ty := []ir.Type{ir.I32, ir.I64, ir.F32, ir.F64}[i%4]
			v := slotLoad(f, b, ty, i)
			inputs[v] = edges[ty][rnd.IntN(len(edges[ty]))]
			if rnd.IntN(2) == 0 && i%4 < 2 {
				inputs[v] = rnd.Uint64() >> (32 * (1 - i%4))
			}
			x.values[ty] = append(x.values[ty], v)
		}
		var steps []*ir.Value
		for range 4 + rnd.IntN(12) {
			steps = append(steps, x.step())
		}
		stored := make(map[int]*ir.Value)
		for i := range 4 {
			v := steps[len(steps)-1-rnd.IntN(4)]
			stored[10+i] = v
			slotStore(f, b, v, 10+i)
		}
		cond := x.values[ir.I32][len(x.values[ir.I32])-1]
		trapping := rnd.IntN(3) == 0
		if trapping {
			f.Append(b, ir.OpTrapIf, ir.Void, cond).Site = &ir.Site{Kind: interp.SiteTrap}
			slotStore(f, b, constOf(f, b, ir.I32, 0), 9)
			f.Append(b, ir.OpReturn, ir.Void)
		} else {
			f.Append(b, ir.OpIf, ir.Void, cond)
			for i := range 2 {
				s := f.NewBlock()
				ir.Connect(b, s)
				slotStore(f, s, constOf(f, s, ir.I32, uint64(1-i)), 9)
				f.Append(s, ir.OpReturn, ir.Void)
			}
			if rnd.IntN(2) == 0 {
				f.Blocks[1], f.Blocks[2] = f.Blocks[2], f.Blocks[1]
			}
		}
		c := compile(t, f, rnd)
		for v, in := range inputs {
			*m.slot(int(v.Imm)) = in
		}
		left := m.enter(c)
		worth := make(map[*ir.Value]uint64)
		value := func(v *ir.Value) uint64 {
			if v.Op == ir.OpConst {
				return v.Imm
			}
			if in, ok := inputs[v]; ok {
				return in
			}
			return worth[v]
		}
		for _, v := range steps {
			var args []uint64
			for _, a := range v.Args {
				args = append(args, value(a))
			}
			worth[v], _ = reference(v.Op, args)
		}
		for slot, v := range stored {
			if got := *m.slot(slot); !same(v.Type, v.Op, got, value(v)) {
				t.Errorf("seed %d: v%d = %#x, want %#x\n%s", seed, v.ID, got, value(v), x.text.String())
			}
		}
		taken := value(cond) != 0
		if trapping && taken != (left != nil) || !trapping && taken != (*m.slot(9) == 1) {
			t.Errorf("seed %d: condition v%d is %v, left %v, slot %d\n%s", seed, cond.ID, taken, left, *m.slot(9), x.text.String())
		}
		if t.Failed() {
			t.Fatalf("inputs %x\n%s", inputs, listing(c.Bytes))
		}
	}
}
