//go:build linux && amd64

package amd64

import (
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// expression is a random straight-line function: its values, and how to compute each.
type expression struct {
	r *rand.Rand
	f *ir.Func
	b *ir.Block
	// by is by type.
	by map[ir.Type][]*ir.Value
}

// pick is a value of a type, mostly a late one, so that many are used once; sometimes a constant.
func (e *expression) pick(t ir.Type) *ir.Value {
	vs := e.by[t]
	if e.r.IntN(5) == 0 {
		c := e.f.Append(e.b, ir.OpConst, t)
		all := edges(t)
		c.Imm = all[e.r.IntN(len(all))]
		if e.r.IntN(2) == 0 && !t.Float() {
			c.Imm = uint64(e.r.IntN(5))
		}
		return c
	}
	return vs[max(e.r.IntN(len(vs)), e.r.IntN(len(vs)))]
}

// TestRandomExpressions compares functions of many values, with whatever is folded in them, with the reference.
func TestRandomExpressions(t *testing.T) {
	var ops []ir.Op
	for _, op := range scalarOps() {
		trunc := op >= wasm.OpI32TruncF32S && op <= wasm.OpI32TruncF64U || op >= wasm.OpI64TruncF32S && op <= wasm.OpI64TruncF64U
		div := op >= wasm.OpI32DivS && op <= wasm.OpI32RemU || op >= wasm.OpI64DivS && op <= wasm.OpI64RemU
		if !trunc && !div {
			ops = append(ops, op)
		}
	}
	for range 20 { // what is folded often enough to matter
		ops = append(ops, wasm.OpI32WrapI64, wasm.OpI64ExtendI32U, wasm.OpI32Eqz, wasm.OpI64Eqz, wasm.OpI32And, wasm.OpI64And, wasm.OpI32Add, wasm.OpI64Add,
			wasm.OpI32Shl, wasm.OpI64Shl, wasm.OpSelect)
	}
	params := []ir.Type{ir.I32, ir.I64, ir.F64, ir.F32, ir.I32, ir.I64}
	for name, features := range featureSets() {
		m := newMachine(t)
		target := New(features)
		for seed := range uint64(150) {
			e := &expression{r: rand.New(rand.NewPCG(seed, 7)), f: &ir.Func{Loop: -1, Room: 16, Params: params}, by: map[ir.Type][]*ir.Value{}}
			e.b = e.f.NewBlock()
			e.f.Entry = e.b
			for i, ty := range params {
				p := e.f.Append(e.b, ir.OpParam, ty)
				p.Imm = uint64(i)
				e.by[ty] = append(e.by[ty], p)
			}
			for range 40 {
				op := ops[e.r.IntN(len(ops))]
				var v *ir.Value
				if op == wasm.OpSelect {
					ty := []ir.Type{ir.I32, ir.I64, ir.F32, ir.F64}[e.r.IntN(4)]
					x, y, c := e.pick(ty), e.pick(ty), e.pick(ir.I32)
					v = e.f.Append(e.b, op, ty, x, y, c)
				} else {
					info := op.Info()
					var args []*ir.Value
					for _, p := range info.Params {
						args = append(args, e.pick(ir.TypeOf(p)))
					}
					v = e.f.Append(e.b, op, ir.TypeOf(info.Results[0]), args...)
				}
				e.by[v.Type] = append(e.by[v.Type], v)
			}
			result := e.by[ir.I64][len(e.by[ir.I64])-1]
			e.f.Append(e.b, ir.OpReturn, ir.Void, result)
			values := append([]*ir.Value(nil), e.b.Values...)
			before := e.f.String()
			args := make([][]*ir.Value, len(values)) // Select exchanges operands
			old := make([]ir.Op, len(values))
			for i, v := range values {
				args[i], old[i] = append([]*ir.Value(nil), v.Args...), v.Op
			}
			code, err := target.Compile(allocate(t, target, e.f, seed))
			if err != nil {
				t.Fatalf("%s %d: %v\n%s", name, seed, err, before)
			}
			u := m.unit(code)
			for range 40 {
				for i, ty := range params {
					all := edges(ty)
					m.frame[i] = all[e.r.IntN(len(all))]
				}
				bits := map[*ir.Value]uint64{}
				nan := false
				for i, v := range values {
					switch {
					case old[i] == ir.OpParam:
						bits[v] = m.frame[v.Imm]
					case old[i] == ir.OpConst:
						bits[v] = v.Imm
					case old[i] == wasm.OpSelect && uint32(bits[args[i][2]]) != 0:
						bits[v] = bits[args[i][0]]
					case old[i] == wasm.OpSelect:
						bits[v] = bits[args[i][1]]
					case old[i] != ir.OpReturn:
						var x [2]uint64
						for k, a := range args[i] {
							x[k] = bits[a]
						}
						bits[v], _, _ = ir.Compute(old[i], x[0], x[1])
						// Which bits a NaN has may be seen by reinterpreting it, and differs.
						nan = nan || isNaN(v.Type, bits[v])
					}
				}
				if got := u.run(ir.I64); got.lo != bits[result] && !nan {
					t.Fatalf("%s %d: %#x, want %#x, of %#x\n%s\n%s", name, seed, got.lo, bits[result], m.frame[:len(params)], before, disassemble(code))
				}
			}
		}
	}
}

func isNaN(t ir.Type, bits uint64) bool {
	switch t {
	case ir.F32:
		return bits&0x7FFFFFFF > 0x7F800000
	case ir.F64:
		return bits&(1<<63-1) > 0x7FF<<52
	}
	return false
}
