package jit

import (
	"math"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// instruction builds one instruction.
func (b *builder) instruction(w wasm.Op) {
	if b.cur == nil {
		b.skipDead(w)
		return
	}
	switch w {
	case wasm.OpNop:
	case wasm.OpUnreachable:
		b.trap(interp.TrapUnreachable)
	case wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpTry, wasm.OpTryTable:
		b.open(w)
	case wasm.OpElse:
		b.elseBranch()
	case wasm.OpEnd:
		b.end()
	case wasm.OpDelegate:
		b.u32()
		b.end()
	case wasm.OpCatch, wasm.OpCatchAll:
		b.catch(w)
	case wasm.OpBr:
		b.br(b.u32())
	case wasm.OpBrIf:
		depth := b.u32()
		b.brIf(depth, b.pop(), nil)
		b.fallThrough()
	case wasm.OpBrTable:
		b.brTable()
	case wasm.OpReturn:
		b.ret(len(b.ftype.Results))
	case wasm.OpCall:
		b.call(b.u32())
	case wasm.OpCallIndirect:
		typ := b.u32()
		b.callIndirect(typ, b.u32())
	case wasm.OpCallRef:
		b.callRef(b.u32())

	case wasm.OpDrop:
		b.stack = b.stack[:len(b.stack)-1]
	case wasm.OpSelect:
		b.selectValue(b.stack[len(b.stack)-2].typ)
	case wasm.OpSelectT:
		b.u32() // one type
		b.selectValue(b.valType(b.m))
	case wasm.OpLocalGet:
		b.pushLocal(b.localIndex())
	case wasm.OpLocalSet:
		b.locals[b.localIndex()] = variable{v: b.pop()}
	case wasm.OpLocalTee:
		x := b.localIndex()
		b.locals[x] = variable{v: b.pop()}
		b.pushLocal(x)

	case wasm.OpI32Const:
		b.push(wasm.I32, b.constant(ir.I32, uint64(uint32(b.s64()))))
	case wasm.OpI64Const:
		b.push(wasm.I64, b.constant(ir.I64, uint64(b.s64())))
	case wasm.OpF32Const:
		b.push(wasm.F32, b.constant(ir.F32, uint64(b.fixed32())))
	case wasm.OpF64Const:
		b.push(wasm.F64, b.constant(ir.F64, b.fixed64()))
	case wasm.OpV128Const:
		v := b.constant(ir.V128, b.fixed64())
		v.Aux = b.fixed64()
		b.push(wasm.V128, v)

	case wasm.OpGlobalGet:
		x := b.u32()
		t := b.m.GlobalTypes[x]
		b.push(t.Type, b.loadTyped(ir.TypeOf(t.Type), b.instWord(b.layout.Globals+int(x)), 0, b.globalClass(x)))
	case wasm.OpGlobalSet:
		x := b.u32()
		v := b.pop()
		s := b.value(ir.OpStoreWord, ir.Void, b.instWord(b.layout.Globals+int(x)), v)
		s.Aux, s.Width = uint64(b.globalClass(x)), uint8(v.Type.Size())
	default:
		b.regular(w)
	}
}

// globalClass is what accesses to a global alias with. Imported globals may all be the same one.
func (b *builder) globalClass(x uint32) ir.Class {
	if !b.m.GlobalTypes[x].Mutable {
		return ir.ClassFixed
	}
	if int(x) < b.m.NumImportedGlobals {
		return ir.ClassGlobal | ir.ClassOpen
	}
	if b.exportsGlobal(x) {
		return ir.ClassGlobal + ir.Class(x) | ir.ClassOpen
	}
	return ir.ClassGlobal + ir.Class(x)
}

// exportsGlobal tells whether the embedder can get at global x.
func (b *builder) exportsGlobal(x uint32) bool {
	if b.exported == nil {
		b.exported = map[uint32]bool{}
		for i := range b.m.Exports {
			if e := &b.m.Exports[i]; e.Kind == wasm.ExternGlobal {
				b.exported[e.Index] = true
			}
		}
	}
	return b.exported[x]
}

// regular builds the instructions that are known by their row in the opcode table.
func (b *builder) regular(w wasm.Op) {
	info := w.Info()
	switch info.Imm {
	case wasm.ImmMemarg, wasm.ImmMemargAtomic, wasm.ImmMemargLane:
		b.access(w, info)
		return
	}
	if objects(w) {
		b.object(w)
		return
	}
	if b.reference(w) || b.special(w) {
		return
	}
	if b.steps(w) {
		b.step(w)
		return
	}
	switch w {
	case wasm.OpI32DivS, wasm.OpI32DivU, wasm.OpI32RemS, wasm.OpI32RemU:
		b.checkDivision(ir.I32, w == wasm.OpI32DivS)
	case wasm.OpI64DivS, wasm.OpI64DivU, wasm.OpI64RemS, wasm.OpI64RemU:
		b.checkDivision(ir.I64, w == wasm.OpI64DivS)
	case wasm.OpI32TruncF32S, wasm.OpI32TruncF32U, wasm.OpI32TruncF64S, wasm.OpI32TruncF64U,
		wasm.OpI64TruncF32S, wasm.OpI64TruncF32U, wasm.OpI64TruncF64S, wasm.OpI64TruncF64U:
		b.checkTruncation(w)
	}
	var imm, aux uint64
	switch info.Imm {
	case wasm.ImmLane, wasm.ImmFence:
		aux = uint64(b.byte())
	case wasm.ImmShuffle:
		imm = b.fixed64()
		aux = b.fixed64()
	}
	var was operand
	if n := len(b.stack); n > 0 {
		was = b.stack[n-1]
	}
	args := b.popMany(len(info.Params))
	t := ir.Void
	if len(info.Results) > 0 {
		t = ir.TypeOf(info.Results[0])
	}
	v := b.value(w, t, args...)
	v.Imm, v.Aux = imm, aux
	if t == ir.Void {
		return
	}
	b.push(info.Results[0], v)
	switch w {
	case wasm.OpI32ReinterpretF32, wasm.OpI64ReinterpretF64, wasm.OpF32ReinterpretI32, wasm.OpF64ReinterpretI64:
		// The interpreter leaves the bits where they are.
		top := &b.stack[len(b.stack)-1]
		top.from, top.origin = was.from, was.origin
	}
}

// popMany pops the values of n operands.
func (b *builder) popMany(n int) []*ir.Value {
	args := make([]*ir.Value, n)
	for i := n - 1; i >= 0; i-- {
		args[i] = b.pop()
	}
	return args
}

// selectValue builds select.
func (b *builder) selectValue(t wasm.ValType) {
	c := b.pop()
	y := b.pop()
	x := b.pop()
	b.push(t, b.value(wasm.OpSelect, x.Type, x, y, c))
}

// checkDivision traps before a division of the top two operands that has no result.
func (b *builder) checkDivision(t ir.Type, overflows bool) {
	n := len(b.stack)
	x, y := b.operand(n-2), b.operand(n-1)
	eqz, eq, least := wasm.OpI32Eqz, wasm.OpI32Eq, uint64(1)<<31
	minusOne := uint64(math.MaxUint32)
	if t == ir.I64 {
		eqz, eq, least, minusOne = wasm.OpI64Eqz, wasm.OpI64Eq, 1<<63, math.MaxUint64
	}
	if y.Op != ir.OpConst || y.Imm == 0 {
		b.trapIf(b.value(eqz, ir.I32, y), interp.TrapIntegerDivideByZero)
	}
	if !overflows || y.Op == ir.OpConst && y.Imm != minusOne || x.Op == ir.OpConst && x.Imm != least {
		return
	}
	isLeast := b.value(eq, ir.I32, x, b.constant(t, least))
	isMinusOne := b.value(eq, ir.I32, y, b.constant(t, minusOne))
	b.trapIf(b.value(wasm.OpI32And, ir.I32, isLeast, isMinusOne), interp.TrapIntegerOverflow)
}

// truncation is what a float must be for a conversion to an integer: greater than low, or at least low where strict is not set, and
// less than high.
type truncation struct {
	low, high float64
	strict    bool
}

// truncations are by opcode from i32.trunc_f32_s on; the last four are those to i64. Where the integer's bound minus one is no float of
// that size, what is below it is below the bound itself.
var truncations = map[wasm.Op]truncation{
	wasm.OpI32TruncF32S: {-1 << 31, 1 << 31, false}, wasm.OpI32TruncF32U: {-1, 1 << 32, true},
	wasm.OpI32TruncF64S: {-1<<31 - 1, 1 << 31, true}, wasm.OpI32TruncF64U: {-1, 1 << 32, true},
	wasm.OpI64TruncF32S: {-1 << 63, 1 << 63, false}, wasm.OpI64TruncF32U: {-1, 1 << 64, true},
	wasm.OpI64TruncF64S: {-1 << 63, 1 << 63, false}, wasm.OpI64TruncF64U: {-1, 1 << 64, true},
}

// checkTruncation traps before the conversion of the top operand to an integer that cannot hold it.
func (b *builder) checkTruncation(w wasm.Op) {
	x := b.operand(len(b.stack) - 1)
	t := truncations[w]
	ne, lt, le, ge := wasm.OpF32Ne, wasm.OpF32Lt, wasm.OpF32Le, wasm.OpF32Ge
	bits := func(f float64) uint64 { return uint64(math.Float32bits(float32(f))) }
	if x.Type == ir.F64 {
		ne, lt, le, ge = wasm.OpF64Ne, wasm.OpF64Lt, wasm.OpF64Le, wasm.OpF64Ge
		bits = math.Float64bits
	}
	if t.strict {
		lt = le
	}
	b.trapIf(b.value(ne, ir.I32, x, x), interp.TrapInvalidConversion)
	b.trapIf(b.value(lt, ir.I32, x, b.constant(x.Type, bits(t.low))), interp.TrapIntegerOverflow)
	b.trapIf(b.value(ge, ir.I32, x, b.constant(x.Type, bits(t.high))), interp.TrapIntegerOverflow)
}

// special builds instructions that are made of others; ok is false for every other one.
func (b *builder) special(w wasm.Op) (ok bool) {
	switch w {
	case wasm.OpI64Add128, wasm.OpI64Sub128:
		b.addWide(w == wasm.OpI64Sub128)
	case wasm.OpI64MulWideS, wasm.OpI64MulWideU:
		b.mulWide(w == wasm.OpI64MulWideS)
	case wasm.OpMemorySize:
		at := b.p
		if x := b.u32(); !b.m.MemoryTypes[x].Shared {
			b.memorySize(x)
		} else {
			b.p = at
			b.step(w)
		}
	case wasm.OpMemoryCopy, wasm.OpMemoryFill:
		b.bulk(w)
	case wasm.OpTableSize:
		b.tableSize(b.u32())
	case wasm.OpTableGet:
		b.tableGet(b.u32())
	default:
		return false
	}
	return true
}

// addWide builds i64.add128 and i64.sub128.
func (b *builder) addWide(sub bool) {
	a := b.popMany(4)
	op := wasm.OpI64Add
	if sub {
		op = wasm.OpI64Sub
	}
	low := b.value(op, ir.I64, a[0], a[2])
	// The sum is less than a summand where it carries; what is taken away is more than what it is taken from where it borrows.
	carry := b.value(wasm.OpI64LtU, ir.I32, low, a[0])
	if sub {
		carry = b.value(wasm.OpI64LtU, ir.I32, a[0], a[2])
	}
	high := b.value(op, ir.I64, a[1], a[3])
	high = b.value(op, ir.I64, high, b.value(wasm.OpI64ExtendI32U, ir.I64, carry))
	b.push(wasm.I64, low)
	b.push(wasm.I64, high)
}

// mulWide builds i64.mul_wide_s and i64.mul_wide_u of products of 32 bits by 32.
func (b *builder) mulWide(signed bool) {
	a := b.popMany(2)
	x, y := a[0], a[1]
	two := func(op wasm.Op, p, q *ir.Value) *ir.Value { return b.value(op, ir.I64, p, q) }
	mask, c32 := b.constant(ir.I64, math.MaxUint32), b.constant(ir.I64, 32)
	lower := func(v *ir.Value) *ir.Value { return two(wasm.OpI64And, v, mask) }
	upper := func(v *ir.Value) *ir.Value { return two(wasm.OpI64ShrU, v, c32) }
	x0, x1, y0, y1 := lower(x), upper(x), lower(y), upper(y)
	t := two(wasm.OpI64Add, two(wasm.OpI64Mul, x1, y0), upper(two(wasm.OpI64Mul, x0, y0)))
	u := two(wasm.OpI64Add, two(wasm.OpI64Mul, x0, y1), lower(t))
	high := two(wasm.OpI64Add, two(wasm.OpI64Add, two(wasm.OpI64Mul, x1, y1), upper(t)), upper(u))
	if signed {
		c63 := b.constant(ir.I64, 63)
		high = two(wasm.OpI64Sub, high, two(wasm.OpI64And, two(wasm.OpI64ShrS, x, c63), y))
		high = two(wasm.OpI64Sub, high, two(wasm.OpI64And, two(wasm.OpI64ShrS, y, c63), x))
	}
	b.push(wasm.I64, two(wasm.OpI64Mul, x, y))
	b.push(wasm.I64, high)
}
