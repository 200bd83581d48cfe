package amd64

import (
	"math"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

func memoryRules() map[ir.Op]rule {
	m := map[ir.Op]rule{
		ir.OpSlotLoad:  {uses: useSlotLoad, emit: emitSlotLoad},
		ir.OpSlotStore: {uses: useSlotStore, emit: emitSlotStore},
		ir.OpMemBase:   {uses: useMemBase, emit: emitMemBase},
		ir.OpInstWord:  {uses: useInstWord, emit: emitInstWord},
		ir.OpLoadWord:  {uses: useLoadWord, emit: emitLoadWord, fold: foldWord},
		ir.OpStoreWord: {uses: useStoreWord, emit: emitStoreWord, fold: foldWord},
	}
	loads := map[ir.Op][2]obj.As{
		wasm.OpI32Load: {x86.AMOVL}, wasm.OpI64Load: {x86.AMOVQ},
		wasm.OpF32Load: {x86.AMOVSS, x86.AVMOVSS}, wasm.OpF64Load: {x86.AMOVSD, x86.AVMOVSD},
		wasm.OpI32Load8S: {x86.AMOVBLSX}, wasm.OpI32Load8U: {x86.AMOVBLZX},
		wasm.OpI32Load16S: {x86.AMOVWLSX}, wasm.OpI32Load16U: {x86.AMOVWLZX},
		wasm.OpI64Load8S: {x86.AMOVBQSX}, wasm.OpI64Load8U: {x86.AMOVBLZX},
		wasm.OpI64Load16S: {x86.AMOVWQSX}, wasm.OpI64Load16U: {x86.AMOVWLZX},
		wasm.OpI64Load32S: {x86.AMOVLQSX}, wasm.OpI64Load32U: {x86.AMOVL},
		wasm.OpV128Load: {x86.AMOVUPS, x86.AVMOVDQU},
	}
	for op, as := range loads {
		m[op] = rule{uses: useMemoryLoad, emit: emitMemoryLoad, as: as[0], vex: as[1]}
	}
	stores := map[ir.Op][2]obj.As{
		wasm.OpI32Store: {x86.AMOVL}, wasm.OpI64Store: {x86.AMOVQ},
		wasm.OpF32Store: {x86.AMOVSS, x86.AVMOVSS}, wasm.OpF64Store: {x86.AMOVSD, x86.AVMOVSD},
		wasm.OpI32Store8: {x86.AMOVB}, wasm.OpI32Store16: {x86.AMOVW},
		wasm.OpI64Store8: {x86.AMOVB}, wasm.OpI64Store16: {x86.AMOVW}, wasm.OpI64Store32: {x86.AMOVL},
		wasm.OpV128Store: {x86.AMOVUPS, x86.AVMOVDQU},
	}
	for op, as := range stores {
		m[op] = rule{uses: useMemoryStore, emit: emitMemoryStore, as: as[0], vex: as[1]}
	}
	for _, op := range []ir.Op{wasm.OpI32Store, wasm.OpI64Store} {
		r := m[op]
		r.fold = foldModify
		m[op] = r
	}
	return m
}

// modifies are the operations that can be done in memory.
var modifies = map[ir.Op]obj.As{
	wasm.OpI32Add: x86.AADDL, wasm.OpI32Sub: x86.ASUBL, wasm.OpI32And: x86.AANDL, wasm.OpI32Or: x86.AORL, wasm.OpI32Xor: x86.AXORL,
	wasm.OpI64Add: x86.AADDQ, wasm.OpI64Sub: x86.ASUBQ, wasm.OpI64And: x86.AANDQ, wasm.OpI64Or: x86.AORQ, wasm.OpI64Xor: x86.AXORQ,
}

// foldModify folds an operation on what is loaded from where v stores the result.
func foldModify(s *selection, v *ir.Value) {
	op := v.Args[2]
	if modifies[op.Op] == 0 || !s.own(op) || is64(op) != (v.Op == wasm.OpI64Store) {
		return
	}
	same := func(a *ir.Value) bool {
		return a.Op == v.Op-(wasm.OpI32Store-wasm.OpI32Load) && a.Args[0] == v.Args[0] && a.Args[1] == v.Args[1] &&
			a.Imm == v.Imm && a.Mem == v.Mem && a.Guarded == v.Guarded
	}
	if commutative(op.Op) && !same(op.Args[0]) && same(op.Args[1]) {
		op.Args[0], op.Args[1] = op.Args[1], op.Args[0]
	}
	if same(op.Args[0]) && op.Args[0] != op.Args[1] && s.load(op, op.Args[0]) {
		op.Folded = true
	}
}

// chosen is the rule's instruction: its AVX form if there is one and the processor has AVX.
func (e *emitter) chosen(r *rule) obj.As {
	if r.vex != 0 {
		return e.pick(r.as, r.vex)
	}
	return r.as
}

// useAddress appends what the address of a load or store needs: its base if that is not memory 0's, and the index if it is
// not constant.
func (t *Target) useAddress(o *ir.Operands, v *ir.Value) {
	if v.Args[0].Op != ir.OpMemBase || v.Args[0].Mem != 0 {
		o.Reg(v.Args[0])
	}
	if !isConst(v.Args[1]) {
		o.Reg(v.Args[1])
	}
}

// takeAddress is the place in memory that a load or store accesses. It may be made in the scratch register. An i32 index has a
// zero upper half, so that the sum is one of 64 bits.
func (e *emitter) takeAddress(v *ir.Value) operand {
	base := memoryReg
	if v.Args[0].Op != ir.OpMemBase || v.Args[0].Mem != 0 {
		base = e.takeReg()
	}
	o := e.address(base, v)
	if v.Guarded {
		o.fault = v.Site
	}
	return o
}

func (e *emitter) address(base ir.Reg, v *ir.Value) operand {
	offset := v.Imm
	if a := v.Args[1]; isConst(a) {
		at := a.Imm
		if a.Type == ir.I32 {
			at = uint64(uint32(at))
		}
		offset += at
		if offset <= math.MaxInt32 {
			return mem(base, int64(offset))
		}
		e.intTo(offset, scratch)
		return memIndex(base, scratch, 1, 0)
	}
	index := e.takeReg()
	if offset <= math.MaxInt32 {
		return memIndex(base, index, 1, int64(offset))
	}
	e.intTo(offset, scratch)
	e.ins(x86.AADDQ, reg(index), reg(scratch))
	return memIndex(base, scratch, 1, 0)
}

// useLoad and takeLoad are for loads that are folded into what reads them.
func (t *Target) useLoad(o *ir.Operands, v *ir.Value) {
	switch v.Op {
	case ir.OpSlotLoad:
	case ir.OpLoadWord:
		t.useWord(o, v.Args[0])
	default:
		t.useAddress(o, v)
	}
}

func (e *emitter) takeLoad(v *ir.Value) operand {
	switch v.Op {
	case ir.OpSlotLoad:
		return slotMem(int(v.Imm))
	case ir.OpLoadWord:
		return e.takeWord(v)
	}
	return e.takeAddress(v)
}

func useMemoryLoad(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useAddress(o, v)
	o.Result = ir.AnyResult
}

func emitMemoryLoad(e *emitter, v *ir.Value, r *rule) {
	e.emit(e.chosen(r), e.takeAddress(v), reg(e.dst()))
}

func useMemoryStore(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useAddress(o, v)
	if v.Args[2].Folded {
		t.useImmediate(o, v.Args[2].Args[1])
		return
	}
	t.useStored(o, v.Args[2])
}

func emitMemoryStore(e *emitter, v *ir.Value, r *rule) {
	to := e.takeAddress(v)
	if op := v.Args[2]; op.Folded {
		e.emit(modifies[op.Op], e.takeImmediate(op.Args[1]), to)
		return
	}
	e.emitStored(e.chosen(r), v.Args[2], to)
}

// useStored appends a value to be stored: constants whose bits are an instruction's immediate need nothing.
func (t *Target) useStored(o *ir.Operands, v *ir.Value) {
	if !storedImmediate(v) {
		o.Reg(v)
	}
}

func storedImmediate(v *ir.Value) bool {
	if !isConst(v) || v.Type == ir.V128 {
		return false
	}
	return v.Type.Size() == 4 || int64(v.Imm) == int64(int32(v.Imm))
}

// emitStored stores v by the instruction as.
func (e *emitter) emitStored(as obj.As, v *ir.Value, to operand) {
	if !storedImmediate(v) {
		e.emit(as, reg(e.takeReg()), to)
		return
	}
	value := int64(int32(v.Imm))
	switch as {
	case x86.AMOVB:
		value = int64(int8(value))
	case x86.AMOVW:
		value = int64(int16(value))
	case x86.AMOVSS, x86.AVMOVSS:
		as = x86.AMOVL
	case x86.AMOVSD, x86.AVMOVSD:
		as = x86.AMOVQ
	}
	e.emit(as, imm(value), to)
}

func useSlotLoad(t *Target, v *ir.Value, r *rule, o *ir.Operands) { o.Result = ir.AnyResult }

func emitSlotLoad(e *emitter, v *ir.Value, r *rule) { e.loadSlot(v.Type, e.dst(), int(v.Imm)) }

func useSlotStore(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	if !isConst(v.Args[0]) {
		o.Any(v.Args[0])
	}
}

func emitSlotStore(e *emitter, v *ir.Value, r *rule) {
	a := v.Args[0]
	from := ir.Loc{Kind: ir.IsConst, Const: a}
	if !isConst(a) {
		from = e.take()
	}
	e.storeSlot(a.Type, from, int(v.Imm))
}

// The base of memory 0 is in its own register; others are loaded by OpLoadWord.
func useMemBase(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	if v.Mem != 0 {
		o.Result = ir.AnyResult
	}
}

func emitMemBase(e *emitter, v *ir.Value, r *rule) {
	if v.Mem != 0 {
		e.fail("the base of memory %d is not in the instance's block", v.Mem)
	}
}

func useInstWord(t *Target, v *ir.Value, r *rule, o *ir.Operands) { o.Result = ir.AnyResult }

func emitInstWord(e *emitter, v *ir.Value, r *rule) {
	d := e.dst()
	e.ins(x86.AMOVQ, mem(contextReg, int64(interp.CtxInstance)), reg(d))
	e.ins(x86.AMOVQ, mem(d, 8*int64(v.Imm)), reg(d))
}

// useWord appends what the address a of OpLoadWord or OpStoreWord needs; it may be a sum (foldWord).
func (t *Target) useWord(o *ir.Operands, a *ir.Value) {
	if !a.Folded {
		o.Reg(a)
		return
	}
	o.Reg(a.Args[0])
	switch b := a.Args[1]; {
	case isConst(b):
	case b.Folded:
		o.Reg(b.Args[0])
	default:
		o.Reg(b)
	}
}

// takeWord is the place that the OpLoadWord or OpStoreWord v accesses.
func (e *emitter) takeWord(v *ir.Value) operand {
	a, disp := v.Args[0], int64(v.Imm)
	base := e.takeReg()
	var o operand
	switch {
	case !a.Folded:
		o = mem(base, disp)
	case isConst(a.Args[1]):
		o = mem(base, disp+int64(a.Args[1].Imm))
	case a.Args[1].Folded:
		o = memIndex(base, e.takeReg(), 1<<shiftedBy(a.Args[1]), disp)
	default:
		o = memIndex(base, e.takeReg(), 1, disp)
	}
	if v.Guarded {
		o.fault = v.Site
	}
	return o
}

func useLoadWord(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useWord(o, v.Args[0])
	o.Result = ir.AnyResult
}

func emitLoadWord(e *emitter, v *ir.Value, r *rule) {
	from, d := e.takeWord(v), e.dst()
	as := e.loadOf(v.Type)
	if !v.Type.Float() {
		switch v.Width {
		case 1:
			as = x86.AMOVBLZX
		case 2:
			as = x86.AMOVWLZX
		case 4:
			as = x86.AMOVL
		}
	}
	e.emit(as, from, reg(d))
}

func useStoreWord(t *Target, v *ir.Value, r *rule, o *ir.Operands) {
	t.useWord(o, v.Args[0])
	t.useStored(o, v.Args[1])
}

func emitStoreWord(e *emitter, v *ir.Value, r *rule) {
	to := e.takeWord(v)
	value := v.Args[1]
	if value.Type.Float() {
		e.emitStored(e.storeOf(value.Type), value, to)
		return
	}
	as := obj.As(x86.AMOVQ)
	switch v.Width {
	case 1:
		as = x86.AMOVB
	case 2:
		as = x86.AMOVW
	case 4:
		as = x86.AMOVL
	}
	e.emitStored(as, value, to)
}
