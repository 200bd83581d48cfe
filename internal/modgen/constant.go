package modgen

import (
	"math"

	"github.com/godwit-vm/godwit/wasm"
)

// konst is the instruction that gives a number.
func konst(t wasm.ValType, bits uint64) *Instr {
	op := map[wasm.ValType]wasm.Op{
		wasm.I32: wasm.OpI32Const, wasm.I64: wasm.OpI64Const, wasm.F32: wasm.OpF32Const, wasm.F64: wasm.OpF64Const,
		wasm.V128: wasm.OpV128Const,
	}[t]
	return &Instr{Op: op, A: bits, Results: one(t)}
}

// interesting are floats near which operations behave in a special way, NaNs of all kinds among them.
var interesting = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, math.Pi, math.Inf(1), math.Inf(-1), math.MaxFloat32,
	math.SmallestNonzeroFloat32, math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 31, -(1 << 31), 1<<31 - 1, 1 << 32,
	1<<32 - 1, 1 << 63, -(1 << 63), 1 << 64, 1<<53 + 1, 1 << 24, 1e300, -1e-300, 0x1p-126, 0x1p-1022, 0x1.fffffep-127,
}

// integer is a number of the kinds on which integer operations differ.
func (g *gen) integer(bits int) uint64 {
	v := g.Uint64()
	switch g.IntN(8) {
	case 0, 1, 2:
		v = uint64(int64(g.upTo(-4, 40)))
	case 3:
		v = 1<<(g.IntN(bits)) - uint64(g.IntN(2))
	case 4:
		v = -(uint64(1) << g.IntN(bits))
	case 5:
		v = uint64(int64(int8(v)))
	}
	if bits == 32 {
		v = uint64(uint32(v))
	}
	return v
}

// float is the bits of a float.
func (g *gen) float(t wasm.ValType) uint64 {
	f := pick(g, interesting)
	switch g.IntN(6) {
	case 0:
		return g.integer(map[wasm.ValType]int{wasm.F32: 32, wasm.F64: 64}[t])
	case 1:
		f = float64(g.upTo(-100, 100)) / 4
	case 2: // a NaN with a payload, quiet or not
		if t == wasm.F32 {
			return uint64(0x7F800000|g.Uint32()&0x807FFFFF) | 1
		}
		return 0x7FF0000000000000 | g.Uint64()&0x800FFFFFFFFFFFFF | 1
	case 3:
		f = math.Ldexp(g.Float64()-0.5, g.upTo(-40, 70)) // exact, and so the same on every host
	}
	if t == wasm.F32 {
		return uint64(math.Float32bits(float32(f)))
	}
	return math.Float64bits(f)
}

// constant is a constant expression of type t, for which there must be one.
func (g *gen) constant(t wasm.ValType) *Instr {
	switch t {
	case wasm.I32:
		return konst(t, g.integer(32))
	case wasm.I64:
		return konst(t, g.integer(64))
	case wasm.F32, wasm.F64:
		return konst(t, g.float(t))
	case wasm.V128:
		return g.vector()
	}
	if t.Nullable() && (g.one(3) || !g.constructible(t.NonNull())) {
		return &Instr{Op: wasm.OpRefNull, Ref: t.Heap(), Results: one(t.Heap())}
	}
	return g.object(t)
}

func (g *gen) vector() *Instr {
	v := konst(wasm.V128, 0)
	for _, half := range []*uint64{&v.A, &v.B} {
		switch g.IntN(4) {
		case 0:
			*half = g.float(wasm.F64)
		case 1:
			*half = g.float(wasm.F32) | g.float(wasm.F32)<<32
		case 2:
			*half = g.integer(32) | g.integer(32)<<32
		default:
			*half = g.Uint64()
		}
	}
	return v
}

// object is a constant expression of a reference that is not null, to something of type t, which must be constructible.
func (g *gen) object(t wasm.ValType) *Instr {
	i31 := func() *Instr {
		return &Instr{Op: wasm.OpRefI31, Args: []*Instr{konst(wasm.I32, g.integer(32))}, Results: one(wasm.I31Ref.NonNull())}
	}
	switch t.Heap() {
	case wasm.FuncRef:
		if g.real == 0 { // in a global, before there are functions
			return g.refFunc(0)
		}
		return g.refFunc(uint32(g.IntN(g.real)))
	case wasm.I31Ref:
		return i31()
	case wasm.AnyRef, wasm.EqRef:
		if !g.one(3) {
			return i31()
		}
		if len(g.arrays) > 0 && (len(g.structs) == 0 || g.one(2)) {
			return g.object(wasm.ArrayRef)
		}
		if len(g.structs) > 0 {
			return g.object(wasm.StructRef)
		}
		return i31()
	case wasm.StructRef:
		return g.aggregate(pick(g, g.structs))
	case wasm.ArrayRef:
		return g.aggregate(pick(g, g.arrays))
	case wasm.ExternRef:
		return &Instr{Op: wasm.OpExternConvertAny, Args: []*Instr{i31()}, Results: one(wasm.ExternRef.NonNull())}
	}
	i, _ := t.TypeIndex()
	if g.m.Types[i].Kind != wasm.CompFunc {
		return g.aggregate(i)
	}
	// Functions are dealt out to the types in turn: see segments.
	for f, ft := range g.funcs {
		if ft == i {
			return g.refFunc(uint32(f))
		}
	}
	panic("modgen: a reference to a function type that no function has")
}

func (g *gen) refFunc(f uint32) *Instr {
	return &Instr{Op: wasm.OpRefFunc, A: uint64(f), Results: one(wasm.RefTo(g.funcs[int(f)%len(g.funcs)], false))}
}

// aggregate is a structure or a small array of type i, made of constants. References in it are null where they may be.
func (g *gen) aggregate(i uint32) *Instr {
	t := &g.m.Types[i]
	x := &Instr{Op: wasm.OpStructNew, A: uint64(i), Results: one(wasm.RefTo(i, false))}
	fields := t.Fields
	if t.Kind == wasm.CompArray {
		n := g.upTo(0, 4)
		fields = nil
		for range n {
			fields = append(fields, t.Fields[0])
		}
		x.Op, x.B = wasm.OpArrayNewFixed, uint64(n)
	}
	for _, f := range fields {
		ft := unpacked(f.Type)
		if ft.IsRef() && ft.Nullable() {
			x.Args = append(x.Args, &Instr{Op: wasm.OpRefNull, Ref: ft, Results: one(ft)})
			continue
		}
		x.Args = append(x.Args, g.constant(ft))
	}
	return x
}
