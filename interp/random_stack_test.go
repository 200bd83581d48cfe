package interp

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// Random stack code: unlike the trees of random_test.go it has blocks with parameters and several results, nested loops
// with parameters, br_table with values, branches out of deep nests with operands left over, code that cannot be reached,
// tail calls, indirect calls, a second memory of 64 bits and globals. Its meaning is given by a naive evaluator of the
// generator's own form.

// ins is an instruction of the generator's form.
type ins struct {
	op        wasm.Op
	a, b      uint64 // immediates
	f         func(x, y uint64) uint64
	one       func(x uint64) uint64
	list      []int // br_table
	body, els []ins
	hasElse   bool
	params    int
	results   int
	code      []byte // encoding, but for body
}

const (
	sI, sL, sD = wasm.I32, wasm.I64, wasm.F64
	budget     = 9 // the i32 local that counts iterations down
)

// locals: 0 i32, 1 i64, 2 f64 (parameters), 3,4 i32, 5,6 i64, 7,8 f64, 9 i32 the budget
var stackLocals = []wasm.ValType{sI, sL, sD, sI, sI, sL, sL, sD, sD, sI}

type stackGen struct {
	*rand.Rand
	types  [][]byte
	stack  []wasm.ValType
	labels [][]wasm.ValType // types that a branch carries, outermost first; the first is the function's
	bases  []int            // heights below which the block may not pop
	left   int              // instructions still to be made
}

var funcResults = []wasm.ValType{sL, sI, sD}

func (g *stackGen) typ(params, results []wasm.ValType) uint64 {
	b := append([]byte{0x60}, uleb(len(params))...)
	for _, t := range params {
		b = append(b, byte(t))
	}
	b = append(b, uleb(len(results))...)
	for _, t := range results {
		b = append(b, byte(t))
	}
	for i, have := range g.types {
		if bytes.Equal(have, b) {
			return uint64(i)
		}
	}
	g.types = append(g.types, b)
	return uint64(len(g.types) - 1)
}

func (g *stackGen) anyType() wasm.ValType { return []wasm.ValType{sI, sI, sL, sD}[g.IntN(4)] }
func (g *stackGen) someTypes(n int) (ts []wasm.ValType) {
	for range g.IntN(n + 1) {
		ts = append(ts, g.anyType())
	}
	return ts
}

func (g *stackGen) push(ts ...wasm.ValType) { g.stack = append(g.stack, ts...) }
func (g *stackGen) drop(n int)              { g.stack = g.stack[:len(g.stack)-n] }
func (g *stackGen) free() int               { return len(g.stack) - g.bases[len(g.bases)-1] }
func (g *stackGen) top(ts ...wasm.ValType) bool {
	return g.free() >= len(ts) && slices.Equal(g.stack[len(g.stack)-len(ts):], ts)
}

func (g *stackGen) konst(t wasm.ValType) ins {
	v := int64(g.IntN(40)) - 5
	if g.IntN(5) == 0 {
		v = int64(g.Uint64())
	}
	g.push(t)
	switch t {
	case sI:
		return ins{op: wasm.OpI32Const, a: uint64(uint32(v)), code: join([]byte{byte(wasm.OpI32Const)}, leb(int64(int32(v))))}
	case sL:
		return ins{op: wasm.OpI32Const, a: uint64(v), code: join([]byte{byte(wasm.OpI64Const)}, leb(v))}
	}
	f := math.Float64bits(float64(v%1000) / 8)
	return ins{op: wasm.OpI32Const, a: f, code: binary.LittleEndian.AppendUint64([]byte{byte(wasm.OpF64Const)}, f)}
}

func (g *stackGen) get(t wasm.ValType) ins {
	for {
		x := g.IntN(len(stackLocals))
		if stackLocals[x] == t {
			g.push(t)
			return ins{op: wasm.OpLocalGet, a: uint64(x), code: []byte{byte(wasm.OpLocalGet), byte(x)}}
		}
	}
}

// want puts values of the types ts on top of the stack, using what is there if it fits.
func (g *stackGen) want(ts []wasm.ValType) (out []ins) {
	k := len(ts)
	for ; k > 0; k-- {
		if g.top(ts[:k]...) {
			break
		}
	}
	for _, t := range ts[k:] {
		if g.IntN(2) == 0 {
			out = append(out, g.konst(t))
		} else {
			out = append(out, g.get(t))
		}
		if g.IntN(4) == 0 && t == sI { // a computed one
			out = append(out, g.konst(sI))
			a := arithmetics[sI][g.IntN(len(arithmetics[sI]))]
			g.drop(1)
			out = append(out, ins{op: wasm.OpI32Add, f: a.eval, code: []byte{byte(a.op)}})
		}
	}
	return out
}

var unariesOf = []struct {
	in, out wasm.ValType
	op      wasm.Op
	f       func(uint64) uint64
}{
	{sI, sI, wasm.OpI32Eqz, func(x uint64) uint64 { return bit(uint32(x) == 0) }},
	{sL, sI, wasm.OpI64Eqz, func(x uint64) uint64 { return bit(x == 0) }},
	{sL, sI, wasm.OpI32WrapI64, func(x uint64) uint64 { return uint64(uint32(x)) }},
	{sI, sL, wasm.OpI64ExtendI32U, func(x uint64) uint64 { return uint64(uint32(x)) }},
	{sI, sL, wasm.OpI64ExtendI32S, func(x uint64) uint64 { return uint64(int64(int32(x))) }},
	{sI, sI, wasm.OpI32Extend8S, func(x uint64) uint64 { return uint64(uint32(int32(int8(x)))) }},
	{sL, sL, wasm.OpI64Extend32S, func(x uint64) uint64 { return uint64(int64(int32(x))) }},
	{sI, sD, wasm.OpF64ConvertI32S, func(x uint64) uint64 { return math.Float64bits(float64(int32(x))) }},
	{sI, sI, wasm.OpI32Clz, func(x uint64) uint64 {
		n := uint64(0)
		for i := 31; i >= 0 && x>>i&1 == 0; i-- {
			n++
		}
		return n
	}},
}

// one makes one step, or a few.
func (g *stackGen) step(depth int) (out []ins) {
	g.left--
	switch g.IntN(24) {
	case 0, 1:
		return []ins{g.konst(g.anyType())}
	case 2, 3, 4:
		return []ins{g.get(g.anyType())}
	case 5, 6, 7, 8: // arithmetic
		t := g.anyType()
		as := arithmetics[t]
		a := as[g.IntN(len(as))]
		if g.IntN(2) == 0 { // of a constant, maybe twice: what lowering fuses
			out = g.want([]wasm.ValType{t})
			for range 1 + g.IntN(3) {
				a = as[g.IntN(len(as))]
				if g.IntN(3) > 0 {
					out = append(out, g.konst(t))
				} else {
					out = append(out, g.get(t))
				}
				g.drop(1)
				out = append(out, ins{op: wasm.OpI32Add, f: a.eval, code: []byte{byte(a.op)}})
			}
			return out
		}
		out = g.want([]wasm.ValType{t, t})
		g.drop(2)
		g.push(t)
		return append(out, ins{op: wasm.OpI32Add, f: a.eval, code: []byte{byte(a.op)}})
	case 9: // comparison of wide values
		c := compare64[g.IntN(len(compare64))]
		out = g.want([]wasm.ValType{c.t, c.t})
		g.drop(2)
		g.push(sI)
		return append(out, ins{op: wasm.OpI32Add, f: c.eval, code: []byte{byte(c.op)}})
	case 10:
		u := unariesOf[g.IntN(len(unariesOf))]
		out = g.want([]wasm.ValType{u.in})
		g.drop(1)
		g.push(u.out)
		return append(out, ins{op: wasm.OpI32Eqz, one: u.f, code: []byte{byte(u.op)}})
	case 11, 12: // set, tee
		x := g.IntN(budget)
		out = g.want([]wasm.ValType{stackLocals[x]})
		o := wasm.OpLocalTee
		if g.IntN(2) == 0 {
			o = wasm.OpLocalSet
			g.drop(1)
		}
		return append(out, ins{op: o, a: uint64(x), code: []byte{byte(o), byte(x)}})
	case 13: // select
		t := g.anyType()
		out = g.want([]wasm.ValType{t, t, sI})
		g.drop(2)
		return append(out, ins{op: wasm.OpSelect, code: []byte{byte(wasm.OpSelect)}})
	case 14: // drop
		if g.free() > 0 {
			g.drop(1)
			return []ins{{op: wasm.OpDrop, code: []byte{byte(wasm.OpDrop)}}}
		}
	case 15: // load or store, memory 0 or 1
		return g.access()
	case 16: // calls: 1 is (i32 i64) -> (i64 i32), directly or through the table
		out = g.want([]wasm.ValType{sI, sL})
		in := ins{op: wasm.OpCall, code: []byte{byte(wasm.OpCall), 1}}
		if g.IntN(2) == 0 {
			in.code = join([]byte{i32c, 0, byte(wasm.OpCallIndirect)}, uleb(int(g.typ([]wasm.ValType{sI, sL}, []wasm.ValType{sL, sI}))), []byte{0})
		}
		g.drop(2)
		g.push(sL, sI)
		return append(out, in)
	case 17: // globals
		if g.IntN(2) == 0 {
			g.push(sL)
			return []ins{{op: wasm.OpGlobalGet, code: []byte{byte(wasm.OpGlobalGet), 0}}}
		}
		out = g.want([]wasm.ValType{sL})
		g.drop(1)
		return append(out, ins{op: wasm.OpGlobalSet, code: []byte{byte(wasm.OpGlobalSet), 0}})
	case 18, 19, 20:
		if depth > 0 && g.left > 0 {
			return g.block(depth)
		}
	case 21: // br_if
		d := g.IntN(len(g.labels))
		ts := g.labels[len(g.labels)-1-d]
		out = g.want(append(slices.Clone(ts), sI))
		g.drop(1)
		return append(out, ins{op: wasm.OpBrIf, a: uint64(d), b: uint64(len(ts)), code: join([]byte{byte(wasm.OpBrIf)}, uleb(d))})
	case 22: // br_table over labels of the same types
		d := g.IntN(len(g.labels))
		ts := g.labels[len(g.labels)-1-d]
		var same []int
		for k := range g.labels {
			if slices.Equal(g.labels[len(g.labels)-1-k], ts) {
				same = append(same, k)
			}
		}
		if g.IntN(3) > 0 {
			return nil
		}
		var list []int
		for range 1 + g.IntN(4) {
			list = append(list, same[g.IntN(len(same))])
		}
		out = g.want(append(slices.Clone(ts), sI))
		in := ins{op: wasm.OpBrTable, list: list, b: uint64(len(ts)), code: join([]byte{byte(wasm.OpBrTable)}, uleb(len(list)-1))}
		for _, k := range list {
			in.code = append(in.code, uleb(k)...)
		}
		return append(append(out, in), g.dead()...)
	case 23: // br, return, tail call
		if g.IntN(4) > 0 {
			return nil
		}
		switch g.IntN(3) {
		case 0:
			d := g.IntN(len(g.labels))
			ts := g.labels[len(g.labels)-1-d]
			out = append(g.want(ts), ins{op: wasm.OpBr, a: uint64(d), b: uint64(len(ts)), code: join([]byte{byte(wasm.OpBr)}, uleb(d))})
		case 1:
			out = append(g.want(funcResults), ins{op: wasm.OpReturn, code: []byte{byte(wasm.OpReturn)}})
		default: // function 2 has the type of this one
			out = append(g.want([]wasm.ValType{sI, sL, sD}), ins{op: wasm.OpReturnCall, code: []byte{byte(wasm.OpReturnCall), 2}})
		}
		return append(out, g.dead()...)
	}
	return nil
}

// dead makes some code that is never reached, on a stack that may hold anything; what follows starts from an empty one.
func (g *stackGen) dead() (out []ins) {
	g.drop(g.free())
	for range g.IntN(3) {
		out = append(out, g.step(1)...)
	}
	return out
}

func (g *stackGen) access() (out []ins) {
	mem, off := g.IntN(2), g.IntN(300)
	store, t := g.IntN(2) == 0, []wasm.ValType{sI, sL}[g.IntN(2)]
	// The address: an i32 or, for memory 1, an i64, kept small.
	at := sI
	and := []byte{byte(wasm.OpI32And)}
	if mem == 1 {
		at, and = sL, []byte{byte(wasm.OpI64And)}
	}
	out = g.want([]wasm.ValType{at})
	g.push(at)
	mask := ins{op: wasm.OpI32Const, a: memoryMask, code: join([]byte{i32c}, leb(memoryMask))}
	if mem == 1 {
		mask.code[0] = byte(wasm.OpI64Const)
	}
	out = append(out, mask, ins{op: wasm.OpI32Add, f: func(x, y uint64) uint64 { return x & y }, code: and})
	g.drop(1)
	if mem == 0 && g.IntN(2) == 0 { // a sum
		out = append(out, g.get(sI), ins{op: wasm.OpI32Const, a: 255, code: join([]byte{i32c}, leb(255))}, ins{op: wasm.OpI32Add, f: func(x, y uint64) uint64 { return x & y }, code: []byte{byte(wasm.OpI32And)}},
			ins{op: wasm.OpI32Add, f: func(x, y uint64) uint64 { return uint64(uint32(x) + uint32(y)) }, code: []byte{byte(wasm.OpI32Add)}})
		g.drop(1)
	}
	ops := []wasm.Op{wasm.OpI32Load, wasm.OpI32Load8U, wasm.OpI32Load16U}
	sizes := []int{4, 1, 2}
	if store {
		ops = []wasm.Op{wasm.OpI32Store, wasm.OpI32Store8, wasm.OpI32Store16}
	}
	if t == sL {
		ops, sizes = []wasm.Op{wasm.OpI64Load, wasm.OpI64Load32U}, []int{8, 4}
		if store {
			ops = []wasm.Op{wasm.OpI64Store, wasm.OpI64Store32}
		}
	}
	k := g.IntN(len(ops))
	code := join([]byte{byte(ops[k])}, []byte{0}, uleb(off))
	if mem == 1 {
		code = join([]byte{byte(ops[k]), 0x40, 1}, uleb(off))
	}
	if !store {
		g.drop(1)
		g.push(t)
		return append(out, ins{op: wasm.OpI32Load, a: uint64(off), b: uint64(mem*16 + sizes[k]), code: code})
	}
	if g.IntN(2) == 0 {
		out = append(out, g.konst(t))
	} else {
		out = append(out, g.get(t))
	}
	g.drop(2)
	return append(out, ins{op: wasm.OpI32Store, a: uint64(off), b: uint64(mem*16 + sizes[k]), code: code})
}

func (g *stackGen) block(depth int) (out []ins) {
	params, results := g.someTypes(3), g.someTypes(3)
	o := []wasm.Op{wasm.OpBlock, wasm.OpLoop, wasm.OpIf}[g.IntN(3)]
	if o == wasm.OpIf && g.IntN(3) == 0 {
		results = params
	}
	want := params
	if o == wasm.OpIf {
		want = append(slices.Clone(params), sI)
	}
	out = g.want(want)
	if o == wasm.OpIf {
		g.drop(1)
	}
	in := ins{op: o, params: len(params), results: len(results), code: join([]byte{byte(o)}, leb(int64(g.typ(params, results))))}
	if len(params) == 0 && len(results) == 0 && g.IntN(2) == 0 {
		in.code = []byte{byte(o), 0x40}
	}
	label := results
	if o == wasm.OpLoop {
		label = params
	}
	base := len(g.stack) - len(params)
	g.labels, g.bases = append(g.labels, label), append(g.bases, base)
	in.body = g.sequence(depth-1, results, o == wasm.OpLoop)
	if o == wasm.OpIf && (!slices.Equal(params, results) || g.IntN(2) == 0) {
		in.hasElse = true
		g.stack = append(g.stack[:base], params...)
		in.els = g.sequence(depth-1, results, false)
	}
	g.labels, g.bases = g.labels[:len(g.labels)-1], g.bases[:len(g.bases)-1]
	g.stack = append(g.stack[:base], results...)
	return append(out, in)
}

// sequence makes the inside of a block, which ends with just its results.
func (g *stackGen) sequence(depth int, results []wasm.ValType, loop bool) (out []ins) {
	if loop { // every iteration costs one of the budget; without any the function returns
		out = append(out, ins{op: wasm.OpNop, b: 1, code: join([]byte{byte(wasm.OpLocalGet), budget, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), budget,
			byte(wasm.OpI32Eqz), byte(wasm.OpIf), 0x40, byte(wasm.OpI64Const), 1, i32c, 2, byte(wasm.OpF64Const)}, make([]byte, 8), []byte{byte(wasm.OpReturn), end})})
	}
	for range 1 + g.IntN(7) {
		out = append(out, g.step(depth)...)
	}
	// Make what remains fit: keep a matching top, and get rid of what is below by a set of locals if need be.
	for g.free() > len(results) || !g.top(results...) {
		if g.free() == 0 {
			return append(out, g.want(results)...)
		}
		g.drop(1)
		out = append(out, ins{op: wasm.OpDrop, code: []byte{byte(wasm.OpDrop)}})
	}
	return out
}

func encodeIns(b []byte, list []ins) []byte {
	for i := range list {
		in := &list[i]
		b = append(b, in.code...)
		switch in.op {
		case wasm.OpBlock, wasm.OpLoop, wasm.OpIf:
			b = encodeIns(b, in.body)
			if in.hasElse {
				b = encodeIns(append(b, byte(wasm.OpElse)), in.els)
			}
			b = append(b, end)
		}
	}
	return b
}

// stackMachine evaluates.
type stackMachine struct {
	locals [10]uint64
	stack  []uint64
	mem    [2][]byte
	global uint64
	result []uint64
}

const returned = 1 << 20

func (m *stackMachine) pop() uint64 {
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

// exec returns -1, or how many labels out a branch goes, or returned.
func (m *stackMachine) exec(list []ins) int {
	for i := range list {
		in := &list[i]
		switch in.op {
		case wasm.OpI32Const:
			m.stack = append(m.stack, in.a)
		case wasm.OpLocalGet:
			m.stack = append(m.stack, m.locals[in.a])
		case wasm.OpLocalSet:
			m.locals[in.a] = m.pop()
		case wasm.OpLocalTee:
			m.locals[in.a] = m.stack[len(m.stack)-1]
		case wasm.OpI32Add:
			y, x := m.pop(), m.pop()
			m.stack = append(m.stack, in.f(x, y))
		case wasm.OpI32Eqz:
			m.stack = append(m.stack, in.one(m.pop()))
		case wasm.OpSelect:
			c, y, x := m.pop(), m.pop(), m.pop()
			if uint32(c) == 0 {
				x = y
			}
			m.stack = append(m.stack, x)
		case wasm.OpDrop:
			m.pop()
		case wasm.OpGlobalGet:
			m.stack = append(m.stack, m.global)
		case wasm.OpGlobalSet:
			m.global = m.pop()
		case wasm.OpI32Load:
			var b [8]byte
			copy(b[:], m.mem[in.b/16][m.pop()+in.a:][:in.b%16])
			m.stack = append(m.stack, binary.LittleEndian.Uint64(b[:]))
		case wasm.OpI32Store:
			v := binary.LittleEndian.AppendUint64(nil, m.pop())
			copy(m.mem[in.b/16][m.pop()+in.a:], v[:in.b%16])
		case wasm.OpCall:
			y, x := m.pop(), m.pop()
			m.stack = append(m.stack, y+uint64(uint32(x)), uint64(uint32(x)^uint32(y)))
		case wasm.OpReturnCall: // function 2: (i32 i64 f64) -> (i64 i32 f64)
			z, y, x := m.pop(), m.pop(), m.pop()
			m.result = []uint64{y, x, z}
			return returned
		case wasm.OpReturn:
			m.result = slices.Clone(m.stack[len(m.stack)-3:])
			return returned
		case wasm.OpNop:
			m.locals[budget] = uint64(uint32(m.locals[budget]) - 1)
			if m.locals[budget] == 0 {
				m.result = []uint64{1, 2, 0}
				return returned
			}
		case wasm.OpBr:
			return int(in.a)
		case wasm.OpBrIf:
			if uint32(m.pop()) != 0 {
				return int(in.a)
			}
		case wasm.OpBrTable:
			return in.list[min(uint64(uint32(m.pop())), uint64(len(in.list)-1))]
		case wasm.OpBlock, wasm.OpLoop, wasm.OpIf:
			body := in.body
			if in.op == wasm.OpIf && uint32(m.pop()) == 0 {
				body = in.els
			}
			base := len(m.stack) - in.params
			for {
				d := m.exec(body)
				if d > 0 {
					if d == returned {
						return d
					}
					return d - 1
				}
				n := in.results
				if d == 0 && in.op == wasm.OpLoop {
					n = in.params
				}
				if d == 0 || len(m.stack) != base+n {
					m.stack = append(m.stack[:base], m.stack[len(m.stack)-n:]...)
				}
				if d < 0 || in.op != wasm.OpLoop {
					break
				}
			}
		}
	}
	return -1
}

func stackProgram(seed uint64) ([]byte, []ins) {
	g := &stackGen{Rand: rand.New(rand.NewPCG(seed, 2)), left: 150}
	ft := g.typ([]wasm.ValType{sI, sL, sD}, funcResults)
	ht := g.typ([]wasm.ValType{sI, sL}, []wasm.ValType{sL, sI})
	g.labels, g.bases = [][]wasm.ValType{funcResults}, []int{0}
	var list []ins
	for range 6 {
		list = append(list, g.step(5)...)
	}
	list = append(list, g.block(5)...)
	list = append(list, g.sequence(4, funcResults, false)...)
	main := join([]byte{4, 2, byte(sI), 2, byte(sL), 2, byte(sD), 1, byte(sI), i32c}, leb(40), []byte{byte(wasm.OpLocalSet), budget}, encodeIns(nil, list), []byte{end})
	h1 := []byte{0, get, 1, get, 0, byte(wasm.OpI64ExtendI32U), byte(wasm.OpI64Add), get, 0, get, 1, byte(wasm.OpI32WrapI64), byte(wasm.OpI32Xor), end}
	h2 := []byte{0, get, 1, get, 0, get, 2, end}
	bin := join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec(g.types...)), section(3, vec(uleb(int(ft)), uleb(int(ht)), uleb(int(ft)))),
		section(4, []byte{1, 0x70, 0, 1}), section(5, []byte{2, 0, 1, 4, 1}), section(6, []byte{1, byte(sL), 1, byte(wasm.OpI64Const), 5, end}),
		section(7, vec([]byte{1, 'f', 0, 0})), section(9, []byte{1, 0, i32c, 0, end, 1, 1}),
		section(10, vec(sized(main), sized(h1), sized(h2))))
	return bin, list
}

func sameBits(a, b uint64) bool {
	return a == b || math.IsNaN(math.Float64frombits(a)) && math.IsNaN(math.Float64frombits(b))
}

func TestRandomStackPrograms(t *testing.T) {
	for seed := range uint64(*programs) * 5 {
		bin, list := stackProgram(seed)
		m := load(t, bin)
		for _, arg := range []uint64{0, 7, 1<<31 + 3} {
			args := []uint64{uint64(uint32(arg)), arg * 0x9E3779B97F4A7C15, 0x3FF8000000000000}
			want := &stackMachine{mem: [2][]byte{make([]byte, wasm.PageSize), make([]byte, wasm.PageSize)}, global: 5}
			copy(want.locals[:], args)
			want.locals[budget] = 40
			if want.exec(list) != returned {
				want.result = want.stack[len(want.stack)-3:]
			}
			for _, step := range []uint64{0, 1, 5} {
				if step != 0 && (seed%8 != 0 || testing.Short()) {
					continue
				}
				got, s := travels(t, m, args, step)
				ok := got[0] == want.result[0] && uint32(got[1]) == uint32(want.result[1]) && sameBits(got[2], want.result[2]) && s.globals[0].val == want.global
				for k := range 2 {
					ok = ok && bytes.Equal(s.memories[k].Bytes(), want.mem[k])
				}
				if !ok {
					t.Fatalf("stack program %d with argument %d, travelling every %d safepoints: %#x, want %#x\n%s", seed, arg, step, got, want.result, listing(m, 0))
				}
			}
		}
	}
}
