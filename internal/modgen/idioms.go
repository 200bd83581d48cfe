package modgen

import (
	"slices"

	"github.com/godwit-vm/godwit/wasm"
)

// Idioms: what compilers write, and what chance alone would seldom bring together. Implementations have special code for
// such pairs and for operands that are locals or constants.

// operand is an operand of a plain instruction: often a local or a constant.
func (g *fn) operand(t wasm.ValType) *Instr {
	if g.one(2) {
		g.left--
		return g.simple(t)
	}
	return g.expr(t)
}

// simple is a local or a constant.
func (g *fn) simple(t wasm.ValType) *Instr {
	if g.one(3) {
		return g.constant(t)
	}
	var of []uint64
	for i, l := range g.locals {
		if l == t && !g.isTemporary(i) {
			of = append(of, uint64(i))
		}
	}
	if len(of) == 0 {
		return g.constant(t)
	}
	return &Instr{Op: wasm.OpLocalGet, A: pick(g.gen, of), Results: one(t)}
}

// inLocal is an expression by way of a temporary, so that what takes it finds a local.
func (g *fn) inLocal(i *Instr) *Instr {
	t := i.Results[0]
	tmp := g.temporary(t)
	return &Instr{Op: opSeq, Results: one(t), Args: []*Instr{
		{Op: wasm.OpLocalSet, A: tmp, Args: []*Instr{i}}, {Op: wasm.OpLocalGet, A: tmp, Results: one(t)},
	}}
}

// condition is an i32 to branch on.
func (g *fn) condition() *Instr {
	if g.one(3) {
		return g.expr(wasm.I32)
	}
	if g.one(12) {
		bits := &Instr{Op: wasm.OpI64And, Args: []*Instr{g.operand(wasm.I64), g.operand(wasm.I64)}, Results: one(wasm.I64)}
		if g.one(2) {
			return &Instr{Op: wasm.OpI64Ne, Args: []*Instr{bits, konst(wasm.I64, 0)}, Results: one(wasm.I32)}
		}
		return &Instr{Op: wasm.OpI64Eqz, Args: []*Instr{bits}, Results: one(wasm.I32)}
	}
	row := pick(g.gen, g.ops.conditions)
	i := &Instr{Op: row.Op, Results: row.Results}
	for n, t := range row.Params {
		switch {
		case t == wasm.I32 && n == 0 && g.one(4):
			sum := &Instr{Op: wasm.OpI32Add, Args: []*Instr{g.simple(t), konst(t, g.integer(32))}, Results: one(t)}
			if l := sum.Args[0]; l.Op == wasm.OpLocalGet && !g.isCounter(l.A) && g.one(2) {
				sum = &Instr{Op: wasm.OpLocalTee, A: l.A, Args: []*Instr{sum}, Results: one(t)}
			}
			i.Args = append(i.Args, sum)
		case g.one(3):
			i.Args = append(i.Args, g.expr(t))
		default:
			i.Args = append(i.Args, g.simple(t))
		}
	}
	if g.one(6) {
		return &Instr{Op: wasm.OpI32Eqz, Args: []*Instr{i}, Results: one(wasm.I32)}
	}
	return i
}

// idiom is a pair of instructions with a result of type t, or nil.
func (g *fn) idiom(t wasm.ValType) *Instr {
	two := func(op wasm.Op, x, y *Instr) *Instr {
		i := &Instr{Op: op, Args: []*Instr{x, y}, Results: one(t)}
		if op != wasm.OpI32Rotl && op != wasm.OpI64Rotl && g.one(3) {
			i.Args[0], i.Args[1] = y, x
		}
		return i
	}
	shift := func() *Instr { return konst(t, uint64(g.IntN(70))) }
	by := func(op wasm.Op) *Instr {
		return &Instr{Op: op, Args: []*Instr{g.operand(t), shift()}, Results: one(t)}
	}
	switch t {
	case wasm.I32:
		switch g.IntN(4) {
		case 0:
			return two(wasm.OpI32Add, by(wasm.OpI32Shl), g.operand(t))
		case 1:
			return two(wasm.OpI32Xor, by(wasm.OpI32Rotl), g.operand(t))
		case 2:
			return two(wasm.OpI32Rotl, two(wasm.OpI32Xor, g.operand(t), g.operand(t)), shift())
		}
		sum := &Instr{Op: wasm.OpI64Add, Args: []*Instr{g.operand(wasm.I64), g.operand(wasm.I64)}, Results: one(wasm.I64)}
		if g.one(2) {
			sum.Args[0] = wide(g.operand(wasm.I32))
		}
		return &Instr{Op: wasm.OpI32WrapI64, Args: []*Instr{sum}, Results: one(t)}
	case wasm.I64:
		switch g.IntN(3) {
		case 0:
			return two(wasm.OpI64Add, by(wasm.OpI64Shl), g.operand(t))
		case 1:
			return two(wasm.OpI64Rotl, two(wasm.OpI64Xor, g.operand(t), g.operand(t)), shift())
		}
		return &Instr{Op: wasm.OpI64Add, Args: []*Instr{wide(g.operand(wasm.I32)), konst(t, g.integer(64))}, Results: one(t)}
	case wasm.F64:
		sum := two(wasm.OpF64Add, two(wasm.OpF64Mul, g.operand(t), g.operand(t)), g.operand(t))
		if g.loose {
			return sum
		}
		return g.canonical(sum, wasm.OpF64Eq)
	case wasm.V128:
		return g.shuffle()
	}
	return nil
}

// shuffle moves lanes of 16, 32 or 64 bits, or bytes that follow each other.
func (g *fn) shuffle() *Instr {
	i := &Instr{Op: wasm.OpI8x16Shuffle, Args: []*Instr{g.operand(wasm.V128), g.operand(wasm.V128)}, Results: one(wasm.V128)}
	if g.one(4) {
		from := g.IntN(17)
		for n := range i.Vec {
			i.Vec[n] = byte(from + n)
		}
		return i
	}
	width := pick(g.gen, []int{2, 4, 8})
	for at := 0; at < 16; at += width {
		from := g.IntN(32/width) * width
		for n := range width {
			i.Vec[at+n] = byte(from + n)
		}
	}
	return i
}

// counter declares a local that counts from 0 to a small number, and is changed by nothing else.
func (g *fn) counter() uint64 {
	n := g.local(wasm.I32)
	g.counters = append(g.counters, n)
	return n
}

// isCounter tells whether local n is a counter, or one that belongs to a sweep.
func (g *fn) isCounter(n uint64) bool {
	return slices.Contains(g.counters, n) || slices.Contains(g.owned, n)
}

// taken tells whether local n is for what made it alone.
func (g *fn) taken(n int) bool { return g.isTemporary(n) || g.isCounter(uint64(n)) }

// probe adds what an operation gives, on operands that are mostly simple, to a global that is never overwritten, so that
// nothing that is wrong with it gets lost.
func (g *fn) probe() *Instr {
	t := g.number()
	g.loose = false
	value := g.operation(pick(g.gen, g.ops.giving[t]))
	if g.one(8) {
		t = g.valType()
		value = g.expr(t)
	}
	tmp := g.temporary(defaultable(t))
	seen := g.numbers(defaultable(t), func() *Instr {
		return &Instr{Op: wasm.OpLocalGet, A: tmp, Results: one(defaultable(t))}
	})
	return &Instr{Op: opSeq, Args: []*Instr{{Op: wasm.OpLocalSet, A: tmp, Args: []*Instr{value}}, g.add(seen...)}}
}

// add adds numbers to the global that probes add to.
func (g *fn) add(numbers ...*Instr) *Instr {
	sum := &Instr{Op: wasm.OpGlobalGet, A: uint64(g.sum), Results: one(wasm.I64)}
	for _, x := range numbers {
		sum = fold(sum, x)
	}
	return &Instr{Op: wasm.OpGlobalSet, A: uint64(g.sum), Args: []*Instr{sum}}
}
