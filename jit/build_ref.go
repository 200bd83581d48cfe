package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// References are 64 bits; null is 0.

// i31Bits are those of a reference to an i31 that hold its number.
const i31Bits = 1<<31 - 1

// reference builds instructions on references, and those that throw or call in the place of the frame; ok is false for every other one.
func (b *builder) reference(w wasm.Op) (ok bool) {
	switch w {
	case wasm.OpRefNull:
		b.push(b.heapType(b.m), b.constant(ir.I64, 0))
	case wasm.OpRefIsNull:
		b.push(wasm.I32, b.value(wasm.OpI64Eqz, ir.I32, b.pop()))
	case wasm.OpRefEq:
		y := b.pop()
		x := b.pop()
		b.push(wasm.I32, b.value(wasm.OpI64Eq, ir.I32, x, y))
	case wasm.OpRefAsNonNull:
		n := len(b.stack) - 1
		b.trapIf(b.value(wasm.OpI64Eqz, ir.I32, b.operand(n)), interp.TrapNullReference)
		b.stack[n].typ = b.stack[n].typ.NonNull()
	case wasm.OpAnyConvertExtern:
		b.stack[len(b.stack)-1].typ = wasm.AnyRef
	case wasm.OpExternConvertAny:
		b.stack[len(b.stack)-1].typ = wasm.ExternRef
	case wasm.OpRefI31:
		v := b.value(wasm.OpI32And, ir.I32, b.pop(), b.constant(ir.I32, i31Bits))
		v = b.value(wasm.OpI64ExtendI32U, ir.I64, v)
		v = b.value(wasm.OpI64Or, ir.I64, v, b.constant(ir.I64, uint64(state.RefI31)<<state.RefShift))
		b.push(wasm.I31Ref.NonNull(), v)
	case wasm.OpI31GetS, wasm.OpI31GetU:
		b.i31Get(w == wasm.OpI31GetS)
	case wasm.OpBrOnNull:
		depth := b.u32()
		ref := b.operand(len(b.stack) - 1)
		o := b.stack[len(b.stack)-1]
		b.stack = b.stack[:len(b.stack)-1]
		b.brIf(depth, b.value(wasm.OpI64Eqz, ir.I32, ref), nil)
		o.typ = o.typ.NonNull()
		b.stack = append(b.stack, o)
		b.fallThrough()
	case wasm.OpBrOnNonNull:
		depth := b.u32()
		t := b.stack[len(b.stack)-1].typ
		ref := b.pop()
		cond := b.value(wasm.OpI64Ne, ir.I32, ref, b.constant(ir.I64, 0))
		b.brIf(depth, cond, func() { b.push(t.NonNull(), ref) })
		b.fallThrough()
	case wasm.OpBrOnCast, wasm.OpBrOnCastFail, wasm.OpBrOnCastDescEq, wasm.OpBrOnCastDescEqFail:
		if b.casts(w, &b.bodyReader) {
			b.cast(w)
			break
		}
		b.p++
		depth := b.u32()
		b.skipHeapType()
		b.skipHeapType()
		pops := 0
		if w == wasm.OpBrOnCastDescEq || w == wasm.OpBrOnCastDescEqFail {
			pops = 1
		}
		b.leaveFor(pops, []wasm.ValType{wasm.I32})
		b.brIf(depth, b.pop(), nil)
		b.fallThrough()

	case wasm.OpRefTest, wasm.OpRefTestNull, wasm.OpRefCast, wasm.OpRefCastNull:
		if !b.casts(w, &b.bodyReader) {
			return false
		}
		b.cast(w)
	case wasm.OpStructNew, wasm.OpStructNewDefault, wasm.OpArrayNewFixed, wasm.OpArrayNew, wasm.OpArrayNewDefault:
		return b.allocate(w)

	case wasm.OpThrow:
		b.leaveForGood(len(b.m.TagType(b.u32()).Params))
	case wasm.OpThrowRef:
		b.leaveForGood(1)
	case wasm.OpRethrow:
		b.err = errRethrow
	case wasm.OpReturnCall:
		b.returnCall(b.u32())
	case wasm.OpReturnCallIndirect:
		typ := b.u32()
		b.returnCallIndirect(typ, b.u32())
	case wasm.OpReturnCallRef:
		b.returnCallRef(b.u32())
	default:
		return false
	}
	return true
}

// i31Get builds i31.get_s and i31.get_u.
func (b *builder) i31Get(signed bool) {
	ref := b.pop()
	b.trapIf(b.value(wasm.OpI64Eqz, ir.I32, ref), interp.TrapNullI31)
	v := b.value(wasm.OpI32WrapI64, ir.I32, ref)
	if signed {
		one := b.constant(ir.I32, 1)
		v = b.value(wasm.OpI32ShrS, ir.I32, b.value(wasm.OpI32Shl, ir.I32, v, one), one)
	} else {
		v = b.value(wasm.OpI32And, ir.I32, v, b.constant(ir.I32, i31Bits))
	}
	b.push(wasm.I32, v)
}
