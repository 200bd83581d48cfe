package amd64

import (
	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// condition is a condition as instructions encode it. Its negation is condition ^ 1.
type condition uint8

const (
	condOS condition = iota
	condOC
	condCS // unsigned <
	condCC // unsigned >=
	condEQ
	condNE
	condLS // unsigned <=
	condHI // unsigned >
	condMI
	condPL
	condPS // not ordered
	condPC
	condLT
	condGE
	condLE
	condGT
)

// The instructions that depend on a condition, by condition.
var (
	setcc = [16]obj.As{
		x86.ASETOS, x86.ASETOC, x86.ASETCS, x86.ASETCC, x86.ASETEQ, x86.ASETNE, x86.ASETLS, x86.ASETHI,
		x86.ASETMI, x86.ASETPL, x86.ASETPS, x86.ASETPC, x86.ASETLT, x86.ASETGE, x86.ASETLE, x86.ASETGT,
	}
	cmovl = [16]obj.As{
		x86.ACMOVLOS, x86.ACMOVLOC, x86.ACMOVLCS, x86.ACMOVLCC, x86.ACMOVLEQ, x86.ACMOVLNE, x86.ACMOVLLS, x86.ACMOVLHI,
		x86.ACMOVLMI, x86.ACMOVLPL, x86.ACMOVLPS, x86.ACMOVLPC, x86.ACMOVLLT, x86.ACMOVLGE, x86.ACMOVLLE, x86.ACMOVLGT,
	}
	cmovq = [16]obj.As{
		x86.ACMOVQOS, x86.ACMOVQOC, x86.ACMOVQCS, x86.ACMOVQCC, x86.ACMOVQEQ, x86.ACMOVQNE, x86.ACMOVQLS, x86.ACMOVQHI,
		x86.ACMOVQMI, x86.ACMOVQPL, x86.ACMOVQPS, x86.ACMOVQPC, x86.ACMOVQLT, x86.ACMOVQGE, x86.ACMOVQLE, x86.ACMOVQGT,
	}
)

// flags say what the processor's flags mean after a comparison: cond, and for floats whether the operands must
// have been ordered as well (and), or that it holds if they were not (or).
type flags struct {
	cond    condition
	and, or bool
}

// not is the opposite.
func (f flags) not() flags { return flags{f.cond ^ 1, f.or, f.and} }

// comparison describes a comparing instruction.
type comparison struct {
	cond    condition
	mirror  ir.Op // the same with its operands exchanged
	float   bool
	swapped bool // floats: the second operand is the one in a register
}

// comparisons are by opcode.
var comparisons = func() map[ir.Op]comparison {
	m := map[ir.Op]comparison{}
	conds := [...]condition{condEQ, condNE, condLT, condCS, condGT, condHI, condLE, condLS, condGE, condCC}
	mirrors := [...]ir.Op{0, 1, 4, 5, 2, 3, 8, 9, 6, 7}
	for i := range conds {
		m[wasm.OpI32Eq+ir.Op(i)] = comparison{cond: conds[i], mirror: wasm.OpI32Eq + mirrors[i]}
		m[wasm.OpI64Eq+ir.Op(i)] = comparison{cond: conds[i], mirror: wasm.OpI64Eq + mirrors[i]}
	}
	// Unordered operands set carry, zero and parity, so that < is asked as > with the operands exchanged.
	floats := [...]comparison{
		{cond: condEQ}, {cond: condNE}, {cond: condHI, swapped: true}, {cond: condHI}, {cond: condCC, swapped: true}, {cond: condCC},
	}
	for i, c := range floats {
		c.float = true
		m[wasm.OpF32Eq+ir.Op(i)] = c
		m[wasm.OpF64Eq+ir.Op(i)] = c
	}
	return m
}()

// isTest tells whether v is a condition that a branch can have folded.
func isTest(v *ir.Value) bool {
	switch v.Op {
	case wasm.OpI32Eqz, wasm.OpI64Eqz, wasm.OpI32And:
		return true
	case wasm.OpI64And:
		return mask32(v.Args[1])
	}
	_, ok := comparisons[v.Op]
	return ok
}

// useCond appends what the condition c of a branch needs.
func (t *Target) useCond(o *ir.Operands, c *ir.Value) {
	switch {
	case pairOf(c):
		t.useFlags(o, c.Args[0])
		t.useFlags(o, c.Args[1])
		return
	case c.Folded:
		t.useFlags(o, c)
		return
	}
	o.Reg(c)
}

// takeCond compares, and says what the flags mean.
func (e *emitter) takeCond(c *ir.Value) flags {
	if c.Folded {
		return e.takeFlags(c)
	}
	e.test(e.takeReg(), false)
	return flags{cond: condNE}
}

// pairOf tells whether c is two comparisons: see foldTrapIf.
func pairOf(c *ir.Value) bool {
	return c.Folded && c.Aux == pairMark && (c.Op == wasm.OpI32And || c.Op == wasm.OpI32Or)
}

// jumpCond jumps to l if the condition c holds.
func (e *emitter) jumpCond(c *ir.Value, l label) {
	if !pairOf(c) {
		e.jumpFlags(e.takeCond(c), l)
		return
	}
	first := e.takeFlags(c.Args[0])
	if c.Op == wasm.OpI32Or {
		e.jumpFlags(first, l)
		e.jumpFlags(e.takeFlags(c.Args[1]), l)
		return
	}
	skip := e.newLabel()
	e.jumpFlags(first.not(), skip)
	e.jumpFlags(e.takeFlags(c.Args[1]), l)
	e.bind(skip)
}

// test compares r with zero, unless the instruction before has done so.
func (e *emitter) test(r ir.Reg, wide bool) {
	if e.tested.at == e.here() && e.tested.reg == r && (wide || !e.tested.wide) {
		return
	}
	e.ins(sized(wide, x86.ATESTL, x86.ATESTQ), reg(r), reg(r))
}

// tested is a register that the flags say is zero or not, and where they do. What 32-bit instructions say holds for all 64 bits.
type tested struct {
	at   mark
	reg  ir.Reg
	wide bool
}

// tests says that the last instruction has set the flags by its result.
func (e *emitter) tests(r ir.Reg, wide bool) { e.tested = tested{e.here(), r, wide} }

// useFlags appends what the comparison v itself needs.
func (t *Target) useFlags(o *ir.Operands, v *ir.Value) {
	switch v.Op {
	case wasm.OpI32And, wasm.OpI64And:
		o.Reg(v.Args[0])
		if !mask32(v.Args[1]) {
			t.useAny(o, v.Args[1])
		}
		return
	case wasm.OpI32Eqz, wasm.OpI64Eqz:
		if a := v.Args[0]; a.Folded && isTest(a) || a.Folded && a.Op == wasm.OpI64And {
			t.useFlags(o, a)
		} else if a.Folded {
			t.useLoad(o, a)
		} else {
			o.Reg(a)
		}
		return
	}
	c := comparisons[v.Op]
	a, b := v.Args[0], v.Args[1]
	switch {
	case c.float && c.swapped:
		o.Reg(b)
		t.useFloat(o, a)
	case c.float:
		o.Reg(a)
		t.useFloat(o, b)
	case a.Folded:
		t.useLoad(o, a)
		t.useImmediate(o, b)
	default:
		o.Reg(a)
		t.useAny(o, b)
	}
}

// takeFlags emits the comparison v.
func (e *emitter) takeFlags(v *ir.Value) flags {
	wide := is64(v)
	switch v.Op {
	case wasm.OpI32And, wasm.OpI64And:
		a := e.takeReg()
		if mask32(v.Args[1]) {
			e.ins(x86.ATESTL, imm(int64(int32(v.Args[1].Imm))), reg(a))
			return flags{cond: condNE}
		}
		b := e.takeAny(v.Args[1])
		if b.inMemory() || b.Type == obj.TYPE_CONST {
			e.emit(sized(wide, x86.ATESTL, x86.ATESTQ), b, reg(a))
		} else {
			e.emit(sized(wide, x86.ATESTL, x86.ATESTQ), reg(a), b)
		}
		return flags{cond: condNE}
	case wasm.OpI32Eqz, wasm.OpI64Eqz:
		a := v.Args[0]
		switch {
		case a.Folded && (isTest(a) || a.Op == wasm.OpI64And):
			return e.takeFlags(a).not()
		case a.Folded:
			e.emit(sized(wide, x86.ACMPL, x86.ACMPQ), e.takeLoad(a), imm(0))
		default:
			e.test(e.takeReg(), wide)
		}
		return flags{cond: condEQ}
	}
	c := comparisons[v.Op]
	a, b := v.Args[0], v.Args[1]
	f := flags{cond: c.cond}
	switch {
	case c.float:
		if c.swapped {
			a, b = b, a
		}
		r := e.takeReg()
		as := e.pick(x86.AUCOMISD, x86.AVUCOMISD)
		if a.Type == ir.F32 {
			as = e.pick(x86.AUCOMISS, x86.AVUCOMISS)
		}
		e.emit(as, e.takeFloat(b), reg(r))
		f.and, f.or = c.cond == condEQ, c.cond == condNE
	case a.Folded:
		m := e.takeLoad(a)
		e.emit(sized(wide, x86.ACMPL, x86.ACMPQ), m, e.takeImmediate(b))
	default:
		r := e.takeReg()
		m := e.takeAny(b)
		if m.Type == obj.TYPE_CONST && m.Offset == 0 {
			e.ins(sized(wide, x86.ATESTL, x86.ATESTQ), reg(r), reg(r))
		} else {
			e.emit(sized(wide, x86.ACMPL, x86.ACMPQ), reg(r), m)
		}
	}
	return f
}

// useImmediate is a constant that fits into the instruction, or a register.
func (t *Target) useImmediate(o *ir.Operands, v *ir.Value) {
	if v.Type.Float() || !immediate(v) {
		o.Reg(v)
	}
}

func (e *emitter) takeImmediate(v *ir.Value) operand {
	if v.Type.Float() || !immediate(v) {
		return reg(e.takeReg())
	}
	return imm(immediateOf(v))
}

// sized is the instruction for 32 or 64 bits.
func sized(wide bool, l, q obj.As) obj.As {
	if wide {
		return q
	}
	return l
}

// jumpFlags jumps to l if f holds.
func (e *emitter) jumpFlags(f flags, l label) {
	switch {
	case f.and:
		skip := e.newLabel()
		e.jumpIf(condPS, skip)
		e.jumpIf(f.cond, l)
		e.bind(skip)
	case f.or:
		e.jumpIf(f.cond, l)
		e.jumpIf(condPS, l)
	default:
		e.jumpIf(f.cond, l)
	}
}

// useCompare is the rule of comparisons whose result is a value.
func useCompare(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useFlags(o, v)
	o.Result = ir.AnyResult
}

func emitCompare(e *emitter, v *ir.Value, r *rule) {
	f := e.takeFlags(v)
	d := e.dst()
	e.ins(setcc[f.cond], reg(d))
	if f.and || f.or {
		if f.and {
			e.ins(x86.ASETPC, reg(scratch))
			e.ins(x86.AANDL, reg(scratch), reg(d))
		} else {
			e.ins(x86.ASETPS, reg(scratch))
			e.ins(x86.AORL, reg(scratch), reg(d))
		}
	}
	e.ins(x86.AMOVBLZX, reg(d), reg(d))
}
