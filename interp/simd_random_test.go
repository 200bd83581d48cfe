package interp

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// vectorProgram makes straight-line code of vector and scalar instructions, and runs it while it makes it, in the terms of
// the references.
type vectorProgram struct {
	r      *rand.Rand
	refs   map[wasm.Op]reference
	ops    []*wasm.OpInfo
	body   []byte
	locals []vectorValue
	stack  []vectorValue
}

// vectorValue is a value of the program; a number is in the lowest lane.
type vectorValue struct {
	typ  wasm.ValType
	bits v128
}

func (p *vectorProgram) emit(code ...[]byte) { p.body = append(p.body, join(code...)...) }

func (p *vectorProgram) pop() v128 {
	v := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	return v.bits
}

func (p *vectorProgram) push(t wasm.ValType, v v128) {
	if t == wasm.I32 {
		v = number(v.u(32, 0))
	}
	p.stack = append(p.stack, vectorValue{t, v})
}

// ready tells whether the top operands are of the types.
func (p *vectorProgram) ready(types []wasm.ValType) bool {
	n := len(p.stack) - len(types)
	if n < 0 {
		return false
	}
	for i, t := range types {
		if p.stack[n+i].typ != t {
			return false
		}
	}
	return true
}

func (p *vectorProgram) step() {
	switch k := p.r.IntN(12); {
	case k < 3 || len(p.stack) == 0:
		x := p.r.IntN(len(p.locals))
		p.emit([]byte{get, byte(x)})
		p.push(p.locals[x].typ, p.locals[x].bits)
	case k == 3:
		if p.r.IntN(2) == 0 {
			v := randomVector(p.r)
			p.emit(v.constant())
			p.push(wasm.V128, v)
		} else {
			n := int64(p.r.IntN(40) - 20)
			p.emit([]byte{i32c}, leb(n))
			p.push(wasm.I32, number(uint64(uint32(n))))
		}
	case k == 4:
		top := p.stack[len(p.stack)-1]
		for x := range p.locals {
			if x = (x + int(p.r.Uint32N(8))) % len(p.locals); p.locals[x].typ == top.typ {
				p.locals[x] = top
				if p.r.IntN(2) == 0 {
					p.emit([]byte{byte(wasm.OpLocalTee), byte(x)})
				} else {
					p.emit([]byte{set, byte(x)})
					p.pop()
				}
				return
			}
		}
	case k == 5 && p.ready([]wasm.ValType{wasm.I32}):
		lane := p.r.IntN(4)
		if x := p.r.IntN(2); p.locals[x].typ == wasm.V128 { // a vector with the number as one of its lanes
			p.emit([]byte{set, 2, get, byte(x), get, 2}, fd(wasm.OpI32x4ReplaceLane, byte(lane)))
			n := p.pop()
			p.locals[2].bits = n
			v := p.locals[x].bits
			v.set(32, lane, n.u(32, 0))
			p.push(wasm.V128, v)
		}
	case k == 6 && p.ready([]wasm.ValType{wasm.V128}):
		v := p.pop()
		if lane := p.r.IntN(16); p.r.IntN(3) > 0 {
			p.emit(fd(wasm.OpI8x16ExtractLaneU, byte(lane)))
			p.push(wasm.I32, number(v.u(8, lane)))
		} else {
			p.emit(fd(wasm.OpI64x2ExtractLane, byte(lane%2)))
			p.push(wasm.I64, number(v.u(64, lane%2)))
		}
	case k == 7 && p.ready([]wasm.ValType{wasm.V128, wasm.V128}):
		var lanes, v v128
		wide := 1 << p.r.IntN(4)
		y, x := p.pop(), p.pop()
		for i := range lanes {
			if lanes[i] = byte(p.r.IntN(32/wide) * wide); i%wide != 0 {
				lanes[i] = lanes[i-1] + 1
			}
			v[i] = append(x[:], y[:]...)[lanes[i]]
		}
		p.emit(fd(wasm.OpI8x16Shuffle, lanes[:]...))
		p.push(wasm.V128, v)
	case k == 8 && p.ready([]wasm.ValType{wasm.V128, wasm.V128, wasm.I32}):
		cond, y, x := p.pop(), p.pop(), p.pop()
		p.emit([]byte{byte(wasm.OpSelectT), 1, byte(wasm.V128)})
		if cond.u(32, 0) == 0 {
			x = y
		}
		p.push(wasm.V128, x)
	case k == 9 && p.ready([]wasm.ValType{wasm.I32, wasm.I32}):
		y, x := p.pop(), p.pop()
		p.emit([]byte{byte(wasm.OpI32Add)})
		p.push(wasm.I32, number(x.u(32, 0)+y.u(32, 0)))
	case k == 10 && len(p.stack) > 6:
		p.pop()
		p.emit([]byte{byte(wasm.OpDrop)})
	default:
		for range 20 {
			info := p.ops[p.r.IntN(len(p.ops))]
			if !p.ready(info.Params) {
				continue
			}
			var args [3]v128
			for i := len(info.Params) - 1; i >= 0; i-- {
				args[i] = p.pop()
			}
			p.emit(fd(info.Op))
			p.push(info.Results[0], p.refs[info.Op](args[0], args[1], args[2]))
			return
		}
	}
}

// Lowered programs of vectors and numbers leave what the references do, in all locals and on the whole stack.
func TestRandomVectorPrograms(t *testing.T) {
	refs := references()
	var ops []*wasm.OpInfo
	for info := range wasm.Ops() {
		if info.Op>>16 == 0xFD && info.Imm == wasm.ImmNone && nanWidth(info.Op) == 0 && info.Params[0] != wasm.F32 && info.Params[0] != wasm.F64 {
			ops = append(ops, info)
		}
	}
	rounds := uint64(400)
	if testing.Short() {
		rounds = 40
	}
	for seed := range rounds {
		p := &vectorProgram{r: rand.New(rand.NewPCG(seed, 13)), refs: refs, ops: ops}
		types := []wasm.ValType{wasm.V128, wasm.V128, wasm.I32, wasm.V128, wasm.I64, wasm.I32, wasm.V128, wasm.I64}
		var args []uint64
		for _, typ := range types {
			v := randomVector(p.r)
			lo, hi := v.halves()
			switch typ {
			case wasm.V128:
				args = append(args, lo, hi)
			case wasm.I32:
				v = number(uint64(uint32(lo)))
				args = append(args, uint64(uint32(lo)))
			default:
				v = number(lo)
				args = append(args, lo)
			}
			p.locals = append(p.locals, vectorValue{typ, v})
		}
		for range 60 {
			p.step()
		}
		for x := range p.locals {
			p.emit([]byte{get, byte(x)})
			p.stack = append(p.stack, p.locals[x])
		}
		var results []wasm.ValType
		var want []uint64
		for _, v := range p.stack {
			results = append(results, v.typ)
			lo, hi := v.bits.halves()
			if want = append(want, lo); v.typ == wasm.V128 {
				want = append(want, hi)
			}
		}
		m := load(t, vectorModule(types, results, none, []byte{0}, p.body...))
		s := NewStore(smallMemories)
		inst, err := s.Instantiate(m, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := inst.Export("f")
		got := append(args, make([]uint64, len(want))...)
		if err := s.NewThread().Call(context.Background(), f.Func, got); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("program %d: result slot %d of %v is %#x, want %#x\n%s", seed, i, results, got[i], want[i], listing(m, 0))
			}
		}
	}
}
