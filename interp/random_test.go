package interp

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/godwit-vm/godwit/wasm"
)

// Random programs, which are at once wasm and a tree that Go can evaluate: what the lowered code must compute is known
// without any interpreter. A program is a function of four i32, four i64 and two f64 locals, the first of each kind a
// parameter; it works on a memory and calls a second function, and always ends.

const (
	firstI32, firstI64, firstF64 = 0, 4, 8
	numLocals                    = 10
	memoryMask                   = 0x3FF // of addresses, so that accesses stay within the page
)

// machine is what the tree is evaluated on.
type machine struct {
	locals [numLocals]uint64
	memory []byte
}

// node is an expression or a statement: its code, and its meaning.
type node struct {
	code []byte
	eval func(*machine) uint64
}

type generator struct {
	*rand.Rand
	loops int // counted loops around, each with its own counter local
}

func leb(v int64) []byte {
	var b []byte
	for {
		c := byte(v & 0x7F)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func (g *generator) local(t wasm.ValType) int {
	switch t {
	case wasm.I32:
		return firstI32 + g.IntN(3) // the fourth counts loops
	case wasm.I64:
		return firstI64 + g.IntN(4)
	}
	return firstF64 + g.IntN(2)
}

func (g *generator) constant(t wasm.ValType) node {
	v := int64(g.IntN(70)) - 3
	if g.IntN(4) == 0 {
		v = int64(g.Uint64())
	}
	switch t {
	case wasm.I32:
		return node{join([]byte{byte(wasm.OpI32Const)}, leb(int64(int32(v)))), func(*machine) uint64 { return uint64(uint32(v)) }}
	case wasm.I64:
		return node{join([]byte{byte(wasm.OpI64Const)}, leb(v)), func(*machine) uint64 { return uint64(v) }}
	}
	f := math.Float64bits(float64(v%1000) / 8)
	return node{binary.LittleEndian.AppendUint64([]byte{byte(wasm.OpF64Const)}, f), func(*machine) uint64 { return f }}
}

type arithmetic struct {
	op   wasm.Op
	eval func(x, y uint64) uint64
}

func on32(f func(x, y uint32) uint32) func(x, y uint64) uint64 {
	return func(x, y uint64) uint64 { return uint64(f(uint32(x), uint32(y))) }
}

func onF64(f func(x, y float64) float64) func(x, y uint64) uint64 {
	return func(x, y uint64) uint64 {
		return math.Float64bits(f(math.Float64frombits(x), math.Float64frombits(y)))
	}
}

var arithmetics = map[wasm.ValType][]arithmetic{
	wasm.I32: {
		{wasm.OpI32Add, on32(func(x, y uint32) uint32 { return x + y })},
		{wasm.OpI32Sub, on32(func(x, y uint32) uint32 { return x - y })},
		{wasm.OpI32Mul, on32(func(x, y uint32) uint32 { return x * y })},
		{wasm.OpI32And, on32(func(x, y uint32) uint32 { return x & y })},
		{wasm.OpI32Or, on32(func(x, y uint32) uint32 { return x | y })},
		{wasm.OpI32Xor, on32(func(x, y uint32) uint32 { return x ^ y })},
		{wasm.OpI32Shl, on32(func(x, y uint32) uint32 { return x << (y % 32) })},
		{wasm.OpI32ShrU, on32(func(x, y uint32) uint32 { return x >> (y % 32) })},
		{wasm.OpI32ShrS, on32(func(x, y uint32) uint32 { return uint32(int32(x) >> (y % 32)) })},
		{wasm.OpI32Rotl, on32(func(x, y uint32) uint32 { return bits.RotateLeft32(x, int(y%32)) })},
		{wasm.OpI32Rotr, on32(func(x, y uint32) uint32 { return bits.RotateLeft32(x, -int(y%32)) })},
		{wasm.OpI32Eq, func(x, y uint64) uint64 { return bit(uint32(x) == uint32(y)) }},
		{wasm.OpI32Ne, func(x, y uint64) uint64 { return bit(uint32(x) != uint32(y)) }},
		{wasm.OpI32LtS, func(x, y uint64) uint64 { return bit(int32(x) < int32(y)) }},
		{wasm.OpI32LtU, func(x, y uint64) uint64 { return bit(uint32(x) < uint32(y)) }},
		{wasm.OpI32GeS, func(x, y uint64) uint64 { return bit(int32(x) >= int32(y)) }},
		{wasm.OpI32GtU, func(x, y uint64) uint64 { return bit(uint32(x) > uint32(y)) }},
	},
	wasm.I64: {
		{wasm.OpI64Add, func(x, y uint64) uint64 { return x + y }},
		{wasm.OpI64Sub, func(x, y uint64) uint64 { return x - y }},
		{wasm.OpI64Mul, func(x, y uint64) uint64 { return x * y }},
		{wasm.OpI64And, func(x, y uint64) uint64 { return x & y }},
		{wasm.OpI64Xor, func(x, y uint64) uint64 { return x ^ y }},
		{wasm.OpI64Shl, func(x, y uint64) uint64 { return x << (y % 64) }},
		{wasm.OpI64ShrU, func(x, y uint64) uint64 { return x >> (y % 64) }},
		{wasm.OpI64Rotl, func(x, y uint64) uint64 { return bits.RotateLeft64(x, int(y%64)) }},
	},
	wasm.F64: {
		{wasm.OpF64Add, onF64(func(x, y float64) float64 { return x + y })},
		{wasm.OpF64Sub, onF64(func(x, y float64) float64 { return x - y })},
		{wasm.OpF64Mul, onF64(func(x, y float64) float64 { return x * y })},
	},
}

// compare64 are comparisons that leave an i32 of other operands.
var compare64 = []struct {
	t wasm.ValType
	arithmetic
}{
	{wasm.I64, arithmetic{wasm.OpI64Eq, func(x, y uint64) uint64 { return bit(x == y) }}},
	{wasm.I64, arithmetic{wasm.OpI64LtS, func(x, y uint64) uint64 { return bit(int64(x) < int64(y)) }}},
	{wasm.I64, arithmetic{wasm.OpI64GeU, func(x, y uint64) uint64 { return bit(x >= y) }}},
	{wasm.F64, arithmetic{wasm.OpF64Lt, func(x, y uint64) uint64 { return bit(math.Float64frombits(x) < math.Float64frombits(y)) }}},
	{wasm.F64, arithmetic{wasm.OpF64Ge, func(x, y uint64) uint64 { return bit(math.Float64frombits(x) >= math.Float64frombits(y)) }}},
}

// expr makes an expression of type t with at most depth levels below it.
func (g *generator) expr(t wasm.ValType, depth int) node {
	if depth == 0 || g.IntN(6) == 0 {
		if g.IntN(3) == 0 {
			return g.constant(t)
		}
		x := g.local(t)
		return node{[]byte{byte(wasm.OpLocalGet), byte(x)}, func(m *machine) uint64 { return m.locals[x] }}
	}
	switch g.IntN(14) {
	case 0: // local.tee
		x, e := g.local(t), g.expr(t, depth-1)
		return node{join(e.code, []byte{byte(wasm.OpLocalTee), byte(x)}), func(m *machine) uint64 {
			m.locals[x] = e.eval(m)
			return m.locals[x]
		}}
	case 1: // select
		a, b, c := g.expr(t, depth-1), g.expr(t, depth-1), g.expr(wasm.I32, depth-1)
		return node{join(a.code, b.code, c.code, []byte{byte(wasm.OpSelect)}), func(m *machine) uint64 {
			x, y := a.eval(m), b.eval(m)
			if uint32(c.eval(m)) != 0 {
				return x
			}
			return y
		}}
	case 2: // if with a result
		c, a, b := g.expr(wasm.I32, depth-1), g.expr(t, depth-1), g.expr(t, depth-1)
		return node{join(c.code, []byte{byte(wasm.OpIf), byte(t)}, a.code, []byte{byte(wasm.OpElse)}, b.code, []byte{byte(wasm.OpEnd)}), func(m *machine) uint64 {
			if uint32(c.eval(m)) != 0 {
				return a.eval(m)
			}
			return b.eval(m)
		}}
	case 3: // a block that br_if may leave with a value
		a, c, b := g.expr(t, depth-1), g.expr(wasm.I32, depth-1), g.expr(t, depth-1)
		return node{join([]byte{byte(wasm.OpBlock), byte(t)}, a.code, c.code, []byte{byte(wasm.OpBrIf), 0, byte(wasm.OpDrop)}, b.code, []byte{byte(wasm.OpEnd)}), func(m *machine) uint64 {
			x := a.eval(m)
			if uint32(c.eval(m)) != 0 {
				return x
			}
			return b.eval(m)
		}}
	case 4: // a call
		a, b, c := g.expr(wasm.I32, depth-1), g.expr(wasm.I64, depth-1), g.expr(wasm.F64, depth-1)
		f := map[wasm.ValType]byte{wasm.I32: 1, wasm.I64: 2, wasm.F64: 3}[t]
		return node{join(a.code, b.code, c.code, []byte{byte(wasm.OpCall), f}), func(m *machine) uint64 {
			return helper(f, a.eval(m), b.eval(m), c.eval(m))
		}}
	case 5: // a load
		return g.load(t, depth)
	}
	if t == wasm.I32 {
		switch g.IntN(6) {
		case 0:
			c := compare64[g.IntN(len(compare64))]
			x, y := g.expr(c.t, depth-1), g.expr(c.t, depth-1)
			return node{join(x.code, y.code, []byte{byte(c.op)}), func(m *machine) uint64 {
				a := x.eval(m)
				return c.eval(a, y.eval(m))
			}}
		case 1:
			x := g.expr(wasm.I64, depth-1)
			return node{join(x.code, []byte{byte(wasm.OpI32WrapI64)}), func(m *machine) uint64 { return uint64(uint32(x.eval(m))) }}
		case 2:
			x := g.expr(wasm.I32, depth-1)
			return node{join(x.code, []byte{byte(wasm.OpI32Eqz)}), func(m *machine) uint64 { return bit(uint32(x.eval(m)) == 0) }}
		}
	}
	if t == wasm.I64 && g.IntN(5) == 0 {
		x := g.expr(wasm.I32, depth-1)
		return node{join(x.code, []byte{byte(wasm.OpI64ExtendI32U)}), func(m *machine) uint64 { return uint64(uint32(x.eval(m))) }}
	}
	a := arithmetics[t][g.IntN(len(arithmetics[t]))]
	x, y := g.expr(t, depth-1), g.expr(t, depth-1)
	if t != wasm.F64 && g.IntN(3) == 0 {
		x, y = g.idiom(t, depth), g.expr(t, 0)
		if g.IntN(2) == 0 {
			x, y = y, x
		}
	}
	return node{join(x.code, y.code, []byte{byte(a.op)}), func(m *machine) uint64 {
		v := x.eval(m)
		return a.eval(v, y.eval(m))
	}}
}

// idiom makes an operation with a constant, as it stands in pairs that lowering fuses, on an operand of one instruction.
func (g *generator) idiom(t wasm.ValType, depth int) node {
	ops := map[wasm.ValType][]wasm.Op{
		wasm.I32: {wasm.OpI32Shl, wasm.OpI32Rotl, wasm.OpI32Add, wasm.OpI32And},
		wasm.I64: {wasm.OpI64Shl, wasm.OpI64Rotl, wasm.OpI64Add, wasm.OpI64And},
	}[t]
	w := ops[g.IntN(len(ops))]
	x, k := g.expr(t, g.IntN(2)), g.constant(t)
	if (w == wasm.OpI32Rotl || w == wasm.OpI64Rotl) && g.IntN(2) == 0 { // of an exclusive or
		y, z := x, g.expr(t, 0)
		xor := map[wasm.ValType]wasm.Op{wasm.I32: wasm.OpI32Xor, wasm.I64: wasm.OpI64Xor}[t]
		x = node{join(y.code, z.code, []byte{byte(xor)}), func(m *machine) uint64 { v := y.eval(m); return v ^ z.eval(m) }}
	}
	for _, a := range arithmetics[t] {
		if a.op == w {
			return node{join(x.code, k.code, []byte{byte(w)}), func(m *machine) uint64 { v := x.eval(m); return a.eval(v, k.eval(m)) }}
		}
	}
	panic("no arithmetic for " + w.String())
}

// helper is what functions 1, 2 and 3 of the module compute: i32 and i64 of their arguments, or the f64.
func helper(f byte, a, b, c uint64) uint64 {
	switch f {
	case 1:
		return uint64(uint32(a)*3 + uint32(b))
	case 2:
		return b - uint64(uint32(a))
	}
	return c
}

func (g *generator) address(depth int) node {
	e := g.expr(wasm.I32, depth-1)
	code := join(e.code, []byte{byte(wasm.OpI32Const)}, leb(memoryMask), []byte{byte(wasm.OpI32And)})
	at := func(m *machine) uint64 { return e.eval(m) & memoryMask }
	switch g.IntN(3) {
	case 0: // a sum in front of the access
		k := uint64(g.IntN(100))
		return node{join(code, []byte{byte(wasm.OpI32Const)}, leb(int64(k)), []byte{byte(wasm.OpI32Add)}), func(m *machine) uint64 { return at(m) + k }}
	case 1:
		k := uint64(g.IntN(memoryMask))
		return node{join([]byte{byte(wasm.OpI32Const)}, leb(int64(k))), func(*machine) uint64 { return k }}
	}
	return node{code, at}
}

func (g *generator) load(t wasm.ValType, depth int) node {
	a, off := g.address(depth), g.IntN(200)
	op, size := wasm.OpI32Load, 4
	if t != wasm.I32 {
		op, size = wasm.OpI64Load, 8
	}
	conv := func(v uint64) uint64 { return v }
	tail := []byte(nil)
	if t == wasm.F64 { // by way of an i64 that makes a tame number
		tail = join([]byte{byte(wasm.OpI64Const)}, leb(0xFF), []byte{byte(wasm.OpI64And), byte(wasm.OpF64ConvertI64S)})
		conv = func(v uint64) uint64 { return math.Float64bits(float64(v & 0xFF)) }
	}
	return node{join(a.code, []byte{byte(op), 0}, leb(int64(off)), tail), func(m *machine) uint64 {
		var b [8]byte
		copy(b[:], m.memory[a.eval(m)+uint64(off):][:size])
		return conv(binary.LittleEndian.Uint64(b[:]))
	}}
}

// stmt makes a statement.
func (g *generator) stmt(depth int) node {
	kind := g.IntN(7)
	if depth == 0 {
		kind = g.IntN(2)
	}
	switch kind {
	case 0, 1:
		t := []wasm.ValType{wasm.I32, wasm.I64, wasm.F64}[g.IntN(3)]
		x, e := g.local(t), g.expr(t, 4)
		return node{join(e.code, []byte{byte(wasm.OpLocalSet), byte(x)}), func(m *machine) uint64 { m.locals[x] = e.eval(m); return 0 }}
	case 2: // a store
		a, v, off := g.address(3), g.expr(wasm.I64, 3), g.IntN(200)
		return node{join(a.code, v.code, []byte{byte(wasm.OpI64Store), 0}, leb(int64(off))), func(m *machine) uint64 {
			at := a.eval(m)
			binary.LittleEndian.PutUint64(m.memory[at+uint64(off):], v.eval(m))
			return 0
		}}
	case 3: // if
		c, a, b := g.expr(wasm.I32, 3), g.body(depth-1), g.body(depth-1)
		return node{join(c.code, []byte{byte(wasm.OpIf), 0x40}, a.code, []byte{byte(wasm.OpElse)}, b.code, []byte{byte(wasm.OpEnd)}), func(m *machine) uint64 {
			if uint32(c.eval(m)) != 0 {
				return a.eval(m)
			}
			return b.eval(m)
		}}
	case 4: // br_table over two blocks
		c, a, b := g.expr(wasm.I32, 3), g.body(depth-1), g.body(depth-1)
		code := join([]byte{byte(wasm.OpBlock), 0x40, byte(wasm.OpBlock), 0x40}, c.code,
			[]byte{byte(wasm.OpBrTable), 2, 0, 1, 0, byte(wasm.OpEnd)}, a.code, []byte{byte(wasm.OpEnd)}, b.code)
		return node{code, func(m *machine) uint64 {
			if uint32(c.eval(m)) != 1 {
				a.eval(m)
			}
			return b.eval(m)
		}}
	}
	if g.loops > 0 {
		return g.stmt(0)
	}
	// A counted loop, its count in the local that nothing else writes.
	g.loops++
	n, b := 1+g.IntN(5), g.body(depth-1)
	g.loops--
	const counter = 3
	code := join([]byte{byte(wasm.OpI32Const)}, leb(int64(n)), []byte{byte(wasm.OpLocalSet), counter, byte(wasm.OpLoop), 0x40}, b.code,
		[]byte{byte(wasm.OpLocalGet), counter, byte(wasm.OpI32Const), 0x7F, byte(wasm.OpI32Add), byte(wasm.OpLocalTee), counter, byte(wasm.OpBrIf), 0, byte(wasm.OpEnd)})
	return node{code, func(m *machine) uint64 {
		for m.locals[counter] = uint64(n); m.locals[counter] != 0; m.locals[counter]-- {
			b.eval(m)
		}
		return 0
	}}
}

func (g *generator) body(depth int) node {
	var all []node
	var code []byte
	for range 1 + g.IntN(4) {
		s := g.stmt(depth)
		all = append(all, s)
		code = append(code, s.code...)
	}
	return node{code, func(m *machine) uint64 {
		for _, s := range all {
			s.eval(m)
		}
		return 0
	}}
}

// program makes a module whose function 0, exported as "f", is a random one, and its meaning.
func program(seed uint64) ([]byte, func(*machine) uint64) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	b, result := g.body(3), g.expr(wasm.I64, 4)
	main := join([]byte{3, 3, byte(wasm.I32), 3, byte(wasm.I64), 1, byte(wasm.F64)}, b.code, result.code, []byte{byte(wasm.OpEnd)})
	// The locals' order in the binary is parameters first: i32, i64, f64, then the rest; renumber into it.
	main = renumber(main)
	args := []byte{byte(wasm.OpLocalGet), 0, byte(wasm.OpLocalGet), 1}
	h1 := join([]byte{0, byte(wasm.OpLocalGet), 0, byte(wasm.OpI32Const), 3, byte(wasm.OpI32Mul), byte(wasm.OpLocalGet), 1, byte(wasm.OpI32WrapI64), byte(wasm.OpI32Add), byte(wasm.OpEnd)})
	h2 := join([]byte{0, byte(wasm.OpLocalGet), 1, byte(wasm.OpLocalGet), 0, byte(wasm.OpI64ExtendI32U), byte(wasm.OpI64Sub), byte(wasm.OpEnd)})
	h3 := join([]byte{0}, args, []byte{byte(wasm.OpDrop), byte(wasm.OpDrop), byte(wasm.OpLocalGet), 2, byte(wasm.OpEnd)})
	i, l, d := byte(wasm.I32), byte(wasm.I64), byte(wasm.F64)
	bin := join([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, vec([]byte{0x60, 3, i, l, d, 1, l}, []byte{0x60, 3, i, l, d, 1, i}, []byte{0x60, 3, i, l, d, 1, d})),
		section(3, vec([]byte{0}, []byte{1}, []byte{0}, []byte{2})),
		section(5, []byte{1, 0, 1}),
		section(7, vec([]byte{1, 'f', 0, 0}, []byte{1, 'm', 2, 0})),
		section(10, vec(sized(main), sized(h1), sized(h2), sized(h3))))
	return bin, func(m *machine) uint64 {
		b.eval(m)
		return result.eval(m)
	}
}

func sized(b []byte) []byte               { return join(uleb(len(b)), b) }
func section(id byte, body []byte) []byte { return join([]byte{id}, sized(body)) }
func vec(items ...[]byte) []byte          { return join(append([][]byte{uleb(len(items))}, items...)...) }
func uleb(n int) []byte                   { return binary.AppendUvarint(nil, uint64(n)) }

// binaryLocal gives the index in the binary of the generator's locals: parameters are the first of each kind.
var binaryLocal = [numLocals]byte{0, 3, 4, 5, 1, 6, 7, 8, 2, 9}

// renumber rewrites the local indices of a body.
func renumber(body []byte) []byte {
	out := append([]byte(nil), body...)
	r := reader{b: out, p: 7}
	for r.p < len(out) {
		o := r.op()
		if o == wasm.OpLocalGet || o == wasm.OpLocalSet || o == wasm.OpLocalTee {
			out[r.p] = binaryLocal[out[r.p]]
		}
		r.skip(o)
	}
	return out
}
