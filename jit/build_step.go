package jit

import (
	"errors"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Steps: instructions that the interpreter does, one at a time, with operands and results in their slots. So every function
// can be compiled, whatever it is made of.

// leaves tells, when the body is read for the first time, whether an instruction will leave machine code; r stands behind its opcode, and
// passes over its immediates.
func (b *builder) leaves(w wasm.Op, r *bodyReader) bool {
	info := w.Info()
	switch info.Imm {
	case wasm.ImmMemarg, wasm.ImmMemargAtomic, wasm.ImmMemargLane:
		mem, offset := r.memarg()
		if info.Imm == wasm.ImmMemargLane {
			r.p++
		}
		return b.stepsOf(mem, offset) || b.steps(w)
	}
	at := r.p
	r.skip(w)
	if objects(w) {
		return b.objectLeaves(w, &bodyReader{b: r.b, p: at})
	}
	if b.casts(w, &bodyReader{b: r.b, p: at}) {
		return false
	}
	switch w {
	case wasm.OpCall, wasm.OpCallIndirect, wasm.OpCallRef:
		return true
	case wasm.OpMemorySize:
		q := bodyReader{b: r.b, p: at}
		return b.m.MemoryTypes[q.u32()].Shared
	case wasm.OpMemoryCopy, wasm.OpMemoryFill:
		return b.bulkSteps(w, bodyReader{b: r.b, p: at})
	}
	return b.steps(w)
}

// inline are the instructions without fixed types, or with types that are references, that machine code does by itself.
var inline = map[wasm.Op]bool{
	wasm.OpUnreachable: true, wasm.OpNop: true, wasm.OpDrop: true, wasm.OpSelect: true, wasm.OpSelectT: true,
	wasm.OpGlobalGet: true, wasm.OpGlobalSet: true,
	wasm.OpI32Const: true, wasm.OpI64Const: true, wasm.OpF32Const: true, wasm.OpF64Const: true, wasm.OpV128Const: true,
	wasm.OpMemorySize: true, wasm.OpMemoryCopy: true, wasm.OpMemoryFill: true, wasm.OpTableSize: true, wasm.OpTableGet: true,
	wasm.OpI64Add128: true, wasm.OpI64Sub128: true, wasm.OpI64MulWideS: true, wasm.OpI64MulWideU: true,
	wasm.OpRefNull: true, wasm.OpRefIsNull: true, wasm.OpRefEq: true, wasm.OpRefAsNonNull: true,
	wasm.OpRefI31: true, wasm.OpI31GetS: true, wasm.OpI31GetU: true,
	wasm.OpAnyConvertExtern: true, wasm.OpExternConvertAny: true,
}

// stepping are instructions with fixed types that are always left to the interpreter.
var stepping = map[wasm.Op]bool{
	wasm.OpMemoryGrow: true, wasm.OpMemoryInit: true, wasm.OpDataDrop: true,
	wasm.OpTableInit: true, wasm.OpElemDrop: true, wasm.OpTableCopy: true,
	wasm.OpMemoryAtomicNotify: true, wasm.OpMemoryAtomicWait32: true, wasm.OpMemoryAtomicWait64: true,
}

// steps tells whether an instruction that is no control is left to the interpreter whatever its immediates are.
func (b *builder) steps(w wasm.Op) bool {
	if w < 256 && w >= wasm.OpI32Load && w <= wasm.OpI64Extend32S && w != wasm.OpMemoryGrow {
		return w != wasm.OpMemorySize && !b.supports(w) && !inline[w]
	}
	if inline[w] {
		return false
	}
	info := w.Info()
	return stepping[w] || !info.Fixed || w>>16 == 0xFB || !b.supports(w)
}

// step builds an instruction as a step. Its immediates have not been read.
func (b *builder) step(w wasm.Op) {
	pops, results, err := b.signature(w)
	if err != nil {
		b.err = err
		return
	}
	b.leaveFor(pops, results)
}

// leaveFor leaves for the instruction being built, whose immediates have been read.
func (b *builder) leaveFor(pops int, results []wasm.ValType) {
	b.flush(b.live(), pops)
	own := b.stack[b.firstOperand:]
	types := make([]wasm.ValType, len(own))
	for i := range own {
		types[i] = own[i].typ
	}
	v := b.value(ir.OpLeave, ir.Void)
	v.Site = b.site(interp.SiteStep)
	v.Site.Step = b.points.Step(b.pos, types)
	b.stack = b.stack[:len(b.stack)-pops]
	v.Site.ArgSlot = b.home()
	b.afterCall(v.Site)
	b.pushSlots(results)
}

// leaveForGood is leaveFor for an instruction that nothing follows.
func (b *builder) leaveForGood(pops int) {
	b.leaveFor(pops, nil)
	b.trap(interp.TrapUnreachable)
}

// someRef stands for the type of a reference where only its width counts.
const someRef = wasm.AnyRef

var errRethrow = errors.New("a loop throws again what was caught around it")

// signature reads an instruction's immediates, and tells how many operands it has and what results.
func (b *builder) signature(w wasm.Op) (pops int, results []wasm.ValType, err error) {
	info := w.Info()
	if info.Fixed {
		var limits wasm.Limits
		at := bodyReader{b: b.b, p: b.p}
		b.skip(w)
		pops = len(info.Params)
		for _, t := range info.Results {
			if t == wasm.Addr {
				if w == wasm.OpMemorySize || w == wasm.OpMemoryGrow {
					limits = b.m.MemoryTypes[at.u32()].Limits
				} else {
					limits = b.m.TableTypes[at.u32()].Limits
				}
				t = limits.AddrType()
			}
			results = append(results, t)
		}
		return pops, results, nil
	}
	one := []wasm.ValType{someRef}
	field := func() []wasm.ValType {
		x := b.u32()
		k := uint32(0)
		if info.Imm == wasm.ImmTypeField {
			k = b.u32()
		}
		t := b.m.Types[x].Fields[k].Type
		if t.IsPacked() {
			t = wasm.I32
		}
		return []wasm.ValType{t}
	}
	switch w {
	case wasm.OpStructGet, wasm.OpStructGetS, wasm.OpStructGetU:
		return 1, field(), nil
	case wasm.OpArrayGet, wasm.OpArrayGetS, wasm.OpArrayGetU:
		return 2, field(), nil
	case wasm.OpStructNew:
		return len(b.m.Types[b.u32()].Fields), one, nil
	case wasm.OpStructNewDesc:
		return len(b.m.Types[b.u32()].Fields) + 1, one, nil
	case wasm.OpArrayNewFixed:
		b.u32()
		return int(b.u32()), one, nil
	case wasm.OpTableSet:
		pops = 2
	case wasm.OpTableGrow:
		return 2, []wasm.ValType{b.m.TableTypes[b.u32()].AddrType()}, nil
	case wasm.OpTableFill:
		pops = 3
	case wasm.OpRefFunc, wasm.OpStructNewDefault:
		results = one
	case wasm.OpStructNewDefaultDesc, wasm.OpArrayNewDefault, wasm.OpRefGetDesc, wasm.OpRefCast, wasm.OpRefCastNull:
		pops, results = 1, one
	case wasm.OpArrayNew, wasm.OpArrayNewData, wasm.OpArrayNewElem, wasm.OpRefCastDescEq, wasm.OpRefCastDescEqNull:
		pops, results = 2, one
	case wasm.OpRefTest, wasm.OpRefTestNull, wasm.OpArrayLen:
		pops, results = 1, []wasm.ValType{wasm.I32}
	case wasm.OpStructSet:
		pops = 2
	case wasm.OpArraySet:
		pops = 3
	case wasm.OpArrayFill, wasm.OpArrayInitData, wasm.OpArrayInitElem:
		pops = 4
	case wasm.OpArrayCopy:
		pops = 5
	case wasm.OpTableInit, wasm.OpTableCopy, wasm.OpMemoryInit, wasm.OpMemoryCopy, wasm.OpMemoryFill:
		pops = 3
	case wasm.OpElemDrop, wasm.OpDataDrop:
	default:
		return 0, nil, errors.New("no way to build " + w.String())
	}
	b.skip(w)
	return pops, results, nil
}
