package amd64

import (
	"math/bits"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// intRules are those of integer instructions. as is the instruction of 32 bits and vex that of 64, as nothing here has AVX.
func intRules() map[ir.Op]rule {
	m := map[ir.Op]rule{}
	// The instructions of i64 are as far from those of i32 as their first one is.
	both := func(op ir.Op, r rule) {
		m[op] = r
		far := wasm.OpI64Clz - wasm.OpI32Clz
		if op < wasm.OpI32Clz {
			far = wasm.OpI64Eqz - wasm.OpI32Eqz
		}
		m[op+far] = r
	}
	for op := wasm.OpI32Eqz; op <= wasm.OpI32GeU; op++ {
		both(op, rule{uses: useCompare, emit: emitCompare, fold: foldCompare})
	}
	for op := wasm.OpF32Eq; op <= wasm.OpF64Ge; op++ {
		m[op] = rule{uses: useCompare, emit: emitCompare, fold: foldCompare}
	}
	both(wasm.OpI32Add, rule{uses: useAdd, emit: emitAdd, fold: foldAdd})
	both(wasm.OpI32Sub, rule{uses: useSub, emit: emitSub, fold: foldSub, as: x86.ASUBL, vex: x86.ASUBQ})
	both(wasm.OpI32Mul, rule{uses: useMul, emit: emitMul, fold: foldSecond, as: x86.AIMULL, vex: x86.AIMULQ})
	both(wasm.OpI32And, rule{uses: useAnd, emit: emitAnd, fold: foldSecond, as: x86.AANDL, vex: x86.AANDQ})
	both(wasm.OpI32Or, rule{uses: useTwo, emit: emitTwo, fold: foldSecond, as: x86.AORL, vex: x86.AORQ})
	both(wasm.OpI32Xor, rule{uses: useTwo, emit: emitTwo, fold: foldSecond, as: x86.AXORL, vex: x86.AXORQ})
	both(wasm.OpI32Shl, rule{uses: useShift, emit: emitShift, as: x86.ASHLL, vex: x86.ASHLQ, more: []obj.As{x86.ASHLXL, x86.ASHLXQ}})
	both(wasm.OpI32ShrS, rule{uses: useShift, emit: emitShift, as: x86.ASARL, vex: x86.ASARQ, more: []obj.As{x86.ASARXL, x86.ASARXQ}})
	both(wasm.OpI32ShrU, rule{uses: useShift, emit: emitShift, as: x86.ASHRL, vex: x86.ASHRQ, more: []obj.As{x86.ASHRXL, x86.ASHRXQ}})
	both(wasm.OpI32Rotl, rule{uses: useShift, emit: emitShift, as: x86.AROLL, vex: x86.AROLQ})
	both(wasm.OpI32Rotr, rule{uses: useShift, emit: emitShift, as: x86.ARORL, vex: x86.ARORQ})
	both(wasm.OpI32Clz, rule{uses: useCount, emit: emitClz})
	both(wasm.OpI32Ctz, rule{uses: useCount, emit: emitCtz})
	both(wasm.OpI32Popcnt, rule{uses: useCount, emit: emitPopcnt})
	for op := wasm.OpI32DivS; op <= wasm.OpI32RemU; op++ {
		both(op, rule{uses: useDiv, emit: emitDiv})
	}

	extend := func(op ir.Op, as obj.As) { m[op] = rule{uses: useExtend, emit: emitExtend, as: as} }
	extend(wasm.OpI32Extend8S, x86.AMOVBLSX)
	extend(wasm.OpI32Extend16S, x86.AMOVWLSX)
	extend(wasm.OpI64Extend8S, x86.AMOVBQSX)
	extend(wasm.OpI64Extend16S, x86.AMOVWQSX)
	extend(wasm.OpI64Extend32S, x86.AMOVLQSX)
	extend(wasm.OpI64ExtendI32S, x86.AMOVLQSX)
	extend(wasm.OpI32WrapI64, x86.AMOVL)
	m[wasm.OpI64ExtendI32S] = rule{uses: useUnaryAny, emit: emitUnaryAny, fold: foldFirst, as: x86.AMOVLQSX}
	m[wasm.OpI64ExtendI32U] = rule{uses: useNothingToDo, emit: emitNothingToDo}
	return m
}

// sized is the rule's instruction for v.
func (r *rule) sized(v *ir.Value) obj.As { return sized(is64(v), r.as, r.vex) }

// useTwo is the rule of instructions with two operands, the result in place of the first.
func useTwo(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	t.useAny(o, v.Args[1])
	t.same(o)
}

func emitTwo(e *emitter, v *ir.Value, r *rule) {
	e.takeReg()
	b, d := e.takeAny(v.Args[1]), e.dst()
	if b.Type == obj.TYPE_CONST && b.Offset == -1 && (v.Op == wasm.OpI32Xor || v.Op == wasm.OpI64Xor) {
		e.ins(sized(is64(v), x86.ANOTL, x86.ANOTQ), reg(d))
		return
	}
	e.emit(r.sized(v), b, reg(d))
	if v.Op != wasm.OpI32Mul && v.Op != wasm.OpI64Mul {
		e.tests(d, is64(v))
	}
}

// useAdd: sums have three operands, by LEA, unless one is in memory.
func useAdd(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	a, b := v.Args[0], v.Args[1]
	switch {
	case isConst(b) && immediate(b) && a.Folded: // (x + y<<n) + c
		o.Reg(a.Args[0])
		t.useShifted(o, a.Args[1])
	case isConst(b) && immediate(b):
		o.Reg(a)
	case b.Folded && shiftedBy(b) > 0:
		o.Reg(a)
		t.useShifted(o, b)
	case b.Folded:
		useTwo(t, v, r, o)
		return
	default:
		o.Reg(a)
		o.Reg(b)
	}
	o.Result = ir.AnyResult
}

// useShifted is the second operand of a LEA.
func (t *Target) useShifted(o *ir.Operands, v *ir.Value) {
	if v.Folded {
		o.Reg(v.Args[0])
		return
	}
	o.Reg(v)
}

func (e *emitter) takeShifted(base ir.Reg, v *ir.Value, disp int64) operand {
	index := e.takeReg()
	if v.Folded {
		return memIndex(base, index, 1<<shiftedBy(v), disp)
	}
	return memIndex(base, index, 1, disp)
}

func emitAdd(e *emitter, v *ir.Value, r *rule) {
	wide := is64(v)
	add, lea := sized(wide, x86.AADDL, x86.AADDQ), sized(wide, x86.ALEAL, x86.ALEAQ)
	a, b, d := v.Args[0], v.Args[1], e.dst()
	switch {
	case isConst(b) && immediate(b) && a.Folded:
		base := e.takeReg()
		e.ins(lea, e.takeShifted(base, a.Args[1], immediateOf(b)), reg(d))
	case isConst(b) && immediate(b):
		e.addConst(wide, e.takeReg(), immediateOf(b), d)
	case b.Folded && shiftedBy(b) > 0:
		base := e.takeReg()
		e.ins(lea, e.takeShifted(base, b, 0), reg(d))
	case b.Folded:
		e.takeReg()
		e.emit(add, e.takeLoad(b), reg(d))
		e.tests(d, wide)
	default:
		x, y := e.takeReg(), e.takeReg()
		switch d {
		case x:
			e.ins(add, reg(y), reg(d))
			e.tests(d, wide)
		case y:
			e.ins(add, reg(x), reg(d))
			e.tests(d, wide)
		default:
			e.ins(lea, memIndex(x, y, 1, 0), reg(d))
		}
	}
}

// addConst is d = x + c.
func (e *emitter) addConst(wide bool, x ir.Reg, c int64, d ir.Reg) {
	switch {
	case x != d:
		e.ins(sized(wide, x86.ALEAL, x86.ALEAQ), mem(x, c), reg(d))
	case c == 128: // -128 has a shorter encoding
		e.ins(sized(wide, x86.ASUBL, x86.ASUBQ), imm(-128), reg(d))
		e.tests(d, wide)
	default:
		e.ins(sized(wide, x86.AADDL, x86.AADDQ), imm(c), reg(d))
		e.tests(d, wide)
	}
}

// negatable tells whether x - v is x + (-v) with an immediate.
func negatable(v *ir.Value) bool {
	return isConst(v) && immediate(v) && immediateOf(v) != -1<<31
}

// foldSub is foldSecond, but for a negation, which is done in a register.
func foldSub(s *selection, v *ir.Value) {
	if !isConst(v.Args[0]) || v.Args[0].Imm != 0 {
		foldSecond(s, v)
	}
}

func useSub(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	if negatable(v.Args[1]) {
		o.Reg(v.Args[0])
		o.Result = ir.AnyResult
		return
	}
	if isConst(v.Args[0]) && v.Args[0].Imm == 0 {
		o.Reg(v.Args[1])
		t.same(o)
		return
	}
	useTwo(t, v, r, o)
}

func emitSub(e *emitter, v *ir.Value, r *rule) {
	if negatable(v.Args[1]) {
		e.addConst(is64(v), e.takeReg(), -immediateOf(v.Args[1]), e.dst())
		return
	}
	if isConst(v.Args[0]) && v.Args[0].Imm == 0 {
		e.takeReg()
		e.ins(sized(is64(v), x86.ANEGL, x86.ANEGQ), reg(e.dst()))
		return
	}
	emitTwo(e, v, r)
}

func useMul(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	if b := v.Args[1]; isConst(b) && immediate(b) {
		t.useAny(o, v.Args[0])
		o.Result = ir.AnyResult
		return
	}
	useTwo(t, v, r, o)
}

func emitMul(e *emitter, v *ir.Value, r *rule) {
	b := v.Args[1]
	if !isConst(b) || !immediate(b) {
		emitTwo(e, v, r)
		return
	}
	wide, c, a, d := is64(v), immediateOf(b), e.takeAny(v.Args[0]), e.dst()
	if a.Type == obj.TYPE_CONST { // nobody folded it
		e.intTo(uint64(a.Offset), scratch)
		a = reg(scratch)
	}
	if scale := c - 1; a.Type == obj.TYPE_REG && (scale == 2 || scale == 4 || scale == 8) {
		o := operand{Addr: obj.Addr{Type: obj.TYPE_MEM, Reg: a.Reg, Index: a.Reg, Scale: int16(scale)}}
		e.ins(sized(wide, x86.ALEAL, x86.ALEAQ), o, reg(d))
		return
	}
	e.emit(sized(wide, x86.AIMUL3L, x86.AIMUL3Q), imm(c), a, reg(d))
}

// mask32 tells whether v is a constant of which only the lower half is not zero.
func mask32(v *ir.Value) bool { return isConst(v) && v.Imm>>32 == 0 }

// useAnd: masks of 8, 16 and 32 bits are extensions, and a mask with no upper half is one of 32 bits.
func useAnd(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	b := v.Args[1]
	if extension(b) != 0 {
		o.Result = ir.AnyResult
		return
	}
	if !mask32(b) {
		t.useAny(o, b)
	}
	t.same(o)
}

// extension is the instruction that does what the mask v does.
func extension(v *ir.Value) obj.As {
	if isConst(v) {
		switch v.Imm {
		case 0xFF:
			return x86.AMOVBLZX
		case 0xFFFF:
			return x86.AMOVWLZX
		case 0xFFFFFFFF:
			return x86.AMOVL
		}
	}
	return 0
}

func emitAnd(e *emitter, v *ir.Value, r *rule) {
	a, b, d := e.takeReg(), v.Args[1], e.dst()
	switch as := extension(b); {
	case as != 0:
		e.ins(as, reg(a), reg(d))
	case mask32(b):
		e.ins(x86.AANDL, imm(int64(int32(b.Imm))), reg(d))
		e.tests(d, false)
	default:
		e.emit(r.sized(v), e.takeAny(b), reg(d))
		e.tests(d, is64(v))
	}
}

// useShift: by a constant, by any register with BMI2, or by CX.
func useShift(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	switch {
	case isConst(v.Args[1]) && r.more == nil && t.has.BMI2: // RORX
		o.Result = ir.AnyResult
		return
	case isConst(v.Args[1]):
	case t.has.BMI2 && r.more != nil:
		o.Reg(v.Args[1])
		o.Result = ir.AnyResult
		return
	default:
		o.At(v.Args[1], cx)
	}
	t.same(o)
}

func emitShift(e *emitter, v *ir.Value, r *rule) {
	wide, a, d := is64(v), e.takeReg(), e.dst()
	width := int64(32)
	if wide {
		width = 64
	}
	switch b := v.Args[1]; {
	case isConst(b) && r.more == nil && e.t.has.BMI2:
		n := int64(b.Imm) & (width - 1)
		if v.Op == wasm.OpI32Rotl || v.Op == wasm.OpI64Rotl {
			n = -n & (width - 1)
		}
		e.ins(sized(wide, x86.ARORXL, x86.ARORXQ), imm(n), reg(a), reg(d))
	case isConst(b):
		e.shiftBy(r.sized(v), int64(b.Imm)&(width-1), d)
	case e.t.has.BMI2 && r.more != nil:
		n := e.takeReg()
		e.ins(sized(wide, r.more[0], r.more[1]), reg(n), reg(a), reg(d))
	default:
		e.takeReg()
		e.ins(r.sized(v), reg(cx), reg(d))
	}
}

// shiftBy shifts d by a constant. A shift to the left by one is a sum, which is no longer and runs in more places.
func (e *emitter) shiftBy(as obj.As, n int64, d ir.Reg) {
	switch {
	case n == 1 && as == x86.ASHLL:
		e.ins(x86.AADDL, reg(d), reg(d))
	case n == 1 && as == x86.ASHLQ:
		e.ins(x86.AADDQ, reg(d), reg(d))
	default:
		e.ins(as, imm(n), reg(d))
	}
}

func useExtend(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Result = ir.AnyResult
}

func emitExtend(e *emitter, v *ir.Value, r *rule) { e.ins(r.as, reg(e.takeReg()), reg(e.dst())) }

// useUnaryAny is the rule of instructions with one operand, which may be in memory.
func useUnaryAny(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useUnary(o, v.Args[0])
	o.Result = ir.AnyResult
}

// useUnary is useAny for an operand that must not be a constant in the instruction.
func (t *Target) useUnary(o *ir.Operands, v *ir.Value) {
	if isConst(v) && !v.Type.Float() {
		o.Reg(v)
		return
	}
	t.useFloat(o, v)
}

func (e *emitter) takeUnary(v *ir.Value) operand {
	if isConst(v) && !v.Type.Float() {
		return reg(e.takeReg())
	}
	o := e.takeFloat(v)
	if o.Type == obj.TYPE_CONST { // a copy of a constant
		e.intTo(uint64(o.Offset), scratch)
		return reg(scratch)
	}
	return o
}

func emitUnaryAny(e *emitter, v *ir.Value, r *rule) {
	e.emit(e.chosen(r), e.takeUnary(v.Args[0]), reg(e.dst()))
}

// useNothingToDo is the rule of what leaves the bits of a register as they are: an i32's upper half is zero already.
func useNothingToDo(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Result = ir.SameResult
}

func emitNothingToDo(e *emitter, v *ir.Value, r *rule) { e.takeReg() }

// useCount is the rule of clz, ctz and popcnt, which have no instruction on old processors.
func useCount(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	o.Reg(v.Args[0])
	o.Result, o.Early = ir.AnyResult, true
}

func emitClz(e *emitter, v *ir.Value, r *rule) {
	wide, a, d := is64(v), e.takeReg(), e.dst()
	if e.t.has.LZCNT {
		e.ins(sized(wide, x86.ALZCNTL, x86.ALZCNTQ), reg(a), reg(d))
		return
	}
	e.ins(x86.AMOVQ, imm(-1), reg(scratch))
	e.ins(sized(wide, x86.ABSRL, x86.ABSRQ), reg(a), reg(d))
	e.ins(sized(wide, x86.ACMOVLEQ, x86.ACMOVQEQ), reg(scratch), reg(d))
	e.ins(x86.ANEGL, reg(d))
	e.ins(x86.AADDL, imm(widthOf(wide)-1), reg(d))
}

func widthOf(wide bool) int64 {
	if wide {
		return 64
	}
	return 32
}

func emitCtz(e *emitter, v *ir.Value, r *rule) {
	wide, a, d := is64(v), e.takeReg(), e.dst()
	if e.t.has.BMI1 {
		e.ins(sized(wide, x86.ATZCNTL, x86.ATZCNTQ), reg(a), reg(d))
		return
	}
	e.ins(x86.AMOVL, imm(widthOf(wide)), reg(scratch))
	e.ins(sized(wide, x86.ABSFL, x86.ABSFQ), reg(a), reg(d))
	e.ins(sized(wide, x86.ACMOVLEQ, x86.ACMOVQEQ), reg(scratch), reg(d))
}

func emitPopcnt(e *emitter, v *ir.Value, r *rule) {
	wide, a, d := is64(v), e.takeReg(), e.dst()
	if e.t.has.POPCNT {
		e.ins(sized(wide, x86.APOPCNTL, x86.APOPCNTQ), reg(a), reg(d))
		return
	}
	// Sums of neighbours, in twos, fours and eights; the product adds the bytes up in the highest one.
	mask := func(m uint64) uint64 {
		if !wide {
			return m & 0xFFFFFFFF
		}
		return m
	}
	shr, and := sized(wide, x86.ASHRL, x86.ASHRQ), sized(wide, x86.AANDL, x86.AANDQ)
	add, sub := sized(wide, x86.AADDL, x86.AADDQ), sized(wide, x86.ASUBL, x86.ASUBQ)
	mov := sized(wide, x86.AMOVL, x86.AMOVQ)
	e.ins(mov, reg(a), reg(d))
	e.ins(shr, imm(1), reg(d))
	e.intTo(mask(0x5555555555555555), scratch)
	e.ins(and, reg(scratch), reg(d))
	e.ins(sub, reg(a), reg(d)) // d = (a>>1 & 5…) - a
	e.ins(sized(wide, x86.ANEGL, x86.ANEGQ), reg(d))
	e.intTo(mask(0x3333333333333333), scratch)
	e.ins(and, reg(d), reg(scratch))
	e.ins(sub, reg(scratch), reg(d)) // what the mask leaves out
	e.ins(shr, imm(2), reg(d))
	e.ins(add, reg(scratch), reg(d))
	e.ins(mov, reg(d), reg(scratch))
	e.ins(shr, imm(4), reg(scratch))
	e.ins(add, reg(scratch), reg(d))
	e.intTo(mask(0x0F0F0F0F0F0F0F0F), scratch)
	e.ins(and, reg(scratch), reg(d))
	e.intTo(mask(0x0101010101010101), scratch)
	e.ins(sized(wide, x86.AIMULL, x86.AIMULQ), reg(scratch), reg(d))
	e.ins(shr, imm(widthOf(wide)-8), reg(d))
}

// log2 is n if v is the constant 2^n as an unsigned number, or -1.
func log2(v *ir.Value) int {
	u := v.Imm
	if v.Type == ir.I32 {
		u = uint64(uint32(u))
	}
	if !isConst(v) || bits.OnesCount64(u) != 1 {
		return -1
	}
	return bits.TrailingZeros64(u)
}
