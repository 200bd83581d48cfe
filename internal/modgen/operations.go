package modgen

import (
	"strings"

	"github.com/godwit-vm/godwit/wasm"
)

// operations are the instructions of the table that can be generated from their rows alone.
type operations struct {
	giving map[wasm.ValType][]*wasm.OpInfo // one result of that type
	stores []*wasm.OpInfo                  // no result
	wide   []*wasm.OpInfo                  // two results
	// conditions are those on numbers whose result is often branched on.
	conditions []*wasm.OpInfo
}

// byHand are instructions whose rows say everything about their types, and nothing about what operands make sense.
var byHand = map[wasm.Op]bool{
	wasm.OpNop: true, wasm.OpI31GetS: true, wasm.OpI31GetU: true, wasm.OpArrayLen: true, wasm.OpRefI31: true, wasm.OpRefEq: true,
	wasm.OpMemoryAtomicWait32: true, wasm.OpMemoryAtomicWait64: true, wasm.OpAtomicFence: true, wasm.OpV128Const: true,
}

func operationsOf(features wasm.Features) operations {
	o := operations{giving: map[wasm.ValType][]*wasm.OpInfo{}}
	for row := range wasm.Ops() {
		if !row.Fixed || byHand[row.Op] || !features.Has(row.Feature) {
			continue
		}
		switch row.Imm {
		case wasm.ImmNone, wasm.ImmMemarg, wasm.ImmMemargAtomic, wasm.ImmMemargLane, wasm.ImmLane, wasm.ImmShuffle:
		default:
			continue
		}
		switch len(row.Results) {
		case 0:
			o.stores = append(o.stores, row)
		case 1:
			o.giving[row.Results[0]] = append(o.giving[row.Results[0]], row)
		default:
			o.wide = append(o.wide, row)
		}
		if compares := comparesOnly(row) && row.Params[0] != wasm.V128 && !strings.Contains(row.Name, "trunc"); compares || row.Op == wasm.OpI32And {
			o.conditions = append(o.conditions, row)
		}
	}
	return o
}

// operation is an instruction of a row, with operands.
func (g *fn) operation(row *wasm.OpInfo) *Instr {
	i := &Instr{Op: row.Op, Results: row.Results}
	switch row.Imm {
	case wasm.ImmMemarg, wasm.ImmMemargAtomic, wasm.ImmMemargLane:
		g.access(i, row)
		return i
	case wasm.ImmLane:
		i.D = uint64(g.IntN(lanes(row.Name)))
	case wasm.ImmShuffle:
		for n := range i.Vec {
			i.Vec[n] = byte(g.IntN(32))
		}
	}
	makes := makesNaN(row)
	// Operands may have any NaN where the result is made canonical, now or later, or does not depend on them.
	loose := makes != 0 || comparesOnly(row) || g.loose && keepsNaN[row.Op]
	wanted := g.loose
	for _, t := range row.Params {
		g.loose = loose && (t == wasm.F32 || t == wasm.F64)
		i.Args = append(i.Args, g.operand(t))
	}
	g.loose = wanted
	g.guard(i)
	if makes != 0 && !wanted {
		return g.canonical(i, makes)
	}
	return i
}

// keepsNaN are the instructions whose result is NaN exactly if the operand is.
var keepsNaN = map[wasm.Op]bool{wasm.OpF32Abs: true, wasm.OpF64Abs: true, wasm.OpF32Neg: true, wasm.OpF64Neg: true}

// lanes is how many lanes the vectors of an instruction have, by its name.
func lanes(name string) int {
	switch shape, _, _ := strings.Cut(name, "."); shape {
	case "i8x16":
		return 16
	case "i16x8":
		return 8
	case "i32x4", "f32x4":
		return 4
	}
	return 2
}

// guard keeps an instruction from trapping, in most cases.
func (g *fn) guard(i *Instr) {
	if g.one(rare) {
		return
	}
	last := len(i.Args) - 1
	switch i.Op {
	case wasm.OpI32DivS, wasm.OpI32DivU, wasm.OpI32RemS, wasm.OpI32RemU:
		i.Args[last] = g.divisor(i.Args[last], wasm.I32, wasm.OpI32Or)
	case wasm.OpI64DivS, wasm.OpI64DivU, wasm.OpI64RemS, wasm.OpI64RemU:
		i.Args[last] = g.divisor(i.Args[last], wasm.I64, wasm.OpI64Or)
	case wasm.OpI32TruncF32S, wasm.OpI32TruncF32U, wasm.OpI64TruncF32S, wasm.OpI64TruncF32U:
		i.Args[last] = g.small(wasm.F32)
	case wasm.OpI32TruncF64S, wasm.OpI32TruncF64U, wasm.OpI64TruncF64S, wasm.OpI64TruncF64U:
		i.Args[last] = g.small(wasm.F64)
	}
}

// divisor makes an integer one that is not 0: a constant, or in a local, so that it is an operand like others.
func (g *fn) divisor(of *Instr, t wasm.ValType, or wasm.Op) *Instr {
	if g.one(3) {
		return konst(t, uint64(g.upTo(1, 100)))
	}
	odd := &Instr{Op: or, Args: []*Instr{of, konst(t, 1)}, Results: one(t)}
	if g.one(2) {
		return odd
	}
	return g.inLocal(odd)
}

// small is a float, not negative, that fits into any integer type: the quotient of an integer of 20 bits and 16.
func (g *fn) small(t wasm.ValType) *Instr {
	convert, div, by := wasm.OpF32ConvertI32S, wasm.OpF32Div, uint64(0x41800000)
	if t == wasm.F64 {
		convert, div, by = wasm.OpF64ConvertI32S, wasm.OpF64Div, 0x4030000000000000
	}
	of := &Instr{Op: wasm.OpI32And, Args: []*Instr{g.expr(wasm.I32), konst(wasm.I32, 0xFFFFF)}, Results: one(wasm.I32)}
	x := &Instr{Op: div, Results: one(t), Args: []*Instr{{Op: convert, Args: []*Instr{of}, Results: one(t)}, konst(t, by)}}
	if g.one(2) {
		return g.inLocal(x)
	}
	return x
}

// makesNaN tells by which instruction results of a row must be compared with themselves, because what bits their NaNs have
// is left open; 0 if it is not.
func makesNaN(row *wasm.OpInfo) wasm.Op {
	shape, name, _ := strings.Cut(row.Name, ".")
	name = strings.TrimPrefix(name, "relaxed_")
	name, _, _ = strings.Cut(name, "_")
	switch name {
	case "ceil", "floor", "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min", "max", "demote", "promote", "madd", "nmadd":
	default:
		return 0
	}
	switch shape {
	case "f32":
		return wasm.OpF32Eq
	case "f64":
		return wasm.OpF64Eq
	case "f32x4":
		return wasm.OpF32x4Eq
	case "f64x2":
		return wasm.OpF64x2Eq
	}
	return 0
}

// comparesOnly tells whether a row takes floats and gives something that does not depend on the bits of NaNs.
func comparesOnly(row *wasm.OpInfo) bool {
	_, name, _ := strings.Cut(row.Name, ".")
	name, _, _ = strings.Cut(name, "_")
	switch name {
	case "eq", "eqz", "ne", "lt", "gt", "le", "ge", "trunc":
		return row.Results[0] == wasm.I32 || row.Results[0] == wasm.I64
	}
	return false
}

// canonical puts one NaN in place of whatever NaN an instruction gives, by the comparison eq.
func (g *fn) canonical(i *Instr, eq wasm.Op) *Instr {
	t := i.Results[0]
	tmp := g.temporary(t)
	get := func() *Instr { return &Instr{Op: wasm.OpLocalGet, A: tmp, Results: one(t)} }
	x := &Instr{Op: wasm.OpSelect, Results: one(t), Canonical: true}
	nan := konst(t, 0x7FC00000)
	equal := wasm.I32
	switch eq {
	case wasm.OpF64Eq:
		nan.A = 0x7FF8000000000000
	case wasm.OpF32x4Eq:
		x.Op, equal = wasm.OpV128Bitselect, wasm.V128
		nan.A = 0x7FC000007FC00000
		nan.B = nan.A
	case wasm.OpF64x2Eq:
		x.Op, equal = wasm.OpV128Bitselect, wasm.V128
		nan.A = 0x7FF8000000000000
		nan.B = nan.A
	}
	x.Args = []*Instr{
		{Op: wasm.OpLocalTee, A: tmp, Args: []*Instr{i}, Results: one(t)}, nan,
		{Op: eq, Args: []*Instr{get(), get()}, Results: one(equal)},
	}
	return x
}
