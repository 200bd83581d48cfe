package interp

import "github.com/godwit-vm/godwit/wasm"

// The instructions of the custom descriptors proposal. A descriptor is an object's last field, which no instruction but
// these names. Where it is only the object's own type says: the instruction may name a supertype.

// descriptor lowers the instructions that make objects with descriptors, fetch descriptors and cast by them.
func (l *lowerer) descriptor(w wasm.Op) {
	switch w {
	case wasm.OpStructNewDefaultDesc:
		x := l.u32()
		l.allocate(opStructNewDefaultDesc, 1, x, uint64(x))
	case wasm.OpStructNewDesc:
		x := l.u32()
		fields := l.m.Types[x].Fields
		slots := 0
		for _, f := range fields {
			slots += width(f.Type)
		}
		l.allocate(opStructNewDesc, len(fields)+1, x, uint64(x)|uint64(slots)<<32)
	case wasm.OpRefGetDesc:
		desc := l.m.Types[l.u32()].Descriptor - 1
		b := l.popSlot()
		l.emitValue(opRefGetDesc, l.dst(), b, 0, 0)
		l.push(wasm.RefTo(l.m.Types[desc].Canon, false))
	case wasm.OpRefCastDescEq, wasm.OpRefCastDescEqNull:
		t := l.castType(w == wasm.OpRefCastDescEqNull)
		c := l.popSlot()
		l.emit(opRefCastDescEq, 0, l.topSlot(), c, bit(t.Nullable()))
		l.retype(t)
	default:
		l.brOnDescriptor(w)
	}
}

// brOnDescriptor lowers br_on_cast_desc_eq and br_on_cast_desc_eq_fail. The descriptor is gone either way: what is emitted
// before the test moves nothing into its slot, which is above those of all operands that stay.
func (l *lowerer) brOnDescriptor(w wasm.Op) {
	depth, from, to := l.castOperands()
	c := l.popSlot()
	s := l.topSlot()
	l.brWhen(depth, func(want bool) int {
		f := opBrOnCastDescEqFail
		if want == (w == wasm.OpBrOnCastDescEq) {
			f = opBrOnCastDescEq
		}
		return l.emit(f, 0, s, c, bit(to.Nullable())<<32)
	})
	l.retypeCast(w == wasm.OpBrOnCastDescEqFail, from, to)
}
