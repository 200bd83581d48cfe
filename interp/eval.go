package interp

import "github.com/godwit-vm/godwit/wasm"

// eval evaluates a constant expression, which validation has found well-formed (specification 3.4.13). hi is the upper
// half of a v128. It can fail only where the expression makes an object.
func (i *Instance) eval(e *wasm.ConstExpr) (lo, hi uint64, err error) {
	var room [8]uint64
	x := evaluator{reader: reader{b: e.Body}, inst: i, stack: room[:0]}
	for x.err == nil {
		o := x.op()
		if o == wasm.OpEnd {
			if len(x.stack) == 2 {
				hi = x.stack[1]
			}
			return x.stack[0], hi, nil
		}
		x.step(o)
	}
	return 0, 0, x.err
}

// evaluator is a constant expression being evaluated. A v128 takes two places on the stack, its lower half first.
type evaluator struct {
	reader
	inst  *Instance
	stack []uint64
	err   error
}

func (x *evaluator) push(v uint64) { x.stack = append(x.stack, v) }

// pop takes the n top values off.
func (x *evaluator) pop(n int) []uint64 {
	top := len(x.stack) - n
	v := x.stack[top:]
	x.stack = x.stack[:top]
	return v
}

func (x *evaluator) binary(f func(y, z uint64) uint64) {
	v := x.pop(2)
	x.push(f(v[0], v[1]))
}

func (x *evaluator) step(o wasm.Op) {
	switch o {
	case wasm.OpI32Const:
		x.push(uint64(uint32(x.s32())))
	case wasm.OpI64Const:
		x.push(uint64(x.s64()))
	case wasm.OpF32Const:
		x.push(uint64(x.fixed32()))
	case wasm.OpF64Const:
		x.push(x.fixed64())
	case wasm.OpV128Const:
		x.push(x.fixed64())
		x.push(x.fixed64())
	case wasm.OpGlobalGet:
		g := x.inst.globals[x.u32()]
		x.push(g.val)
		if g.typ.Type == wasm.V128 {
			x.push(g.hi)
		}
	case wasm.OpRefNull:
		x.skipHeapType()
		x.push(0)
	case wasm.OpRefFunc:
		x.push(x.inst.funcs[x.u32()].Ref())
	case wasm.OpI32Add:
		x.binary(func(y, z uint64) uint64 { return uint64(uint32(y) + uint32(z)) })
	case wasm.OpI32Sub:
		x.binary(func(y, z uint64) uint64 { return uint64(uint32(y) - uint32(z)) })
	case wasm.OpI32Mul:
		x.binary(func(y, z uint64) uint64 { return uint64(uint32(y) * uint32(z)) })
	case wasm.OpI64Add:
		x.binary(func(y, z uint64) uint64 { return y + z })
	case wasm.OpI64Sub:
		x.binary(func(y, z uint64) uint64 { return y - z })
	case wasm.OpI64Mul:
		x.binary(func(y, z uint64) uint64 { return y * z })
	case wasm.OpRefI31:
		x.push(i31(x.pop(1)[0]))
	case wasm.OpAnyConvertExtern, wasm.OpExternConvertAny:
	default:
		x.object(o)
	}
}

// object evaluates the instructions that make objects.
func (x *evaluator) object(o wasm.Op) {
	if !isNew(o) {
		panic("godwit: constant expression with " + o.String() + " passed validation")
	}
	r := x.inst.rtts[x.u32()]
	var values []uint64
	var n uint32
	switch o {
	case wasm.OpStructNew, wasm.OpStructNewDesc:
		values = x.pop(slotCount(r.fieldTypes()))
	case wasm.OpStructNewDefaultDesc:
		values = x.pop(1)
	case wasm.OpArrayNew:
		values = x.pop(r.elemSlots() + 1)
		n = uint32(values[r.elemSlots()])
	case wasm.OpArrayNewDefault:
		n = uint32(x.pop(1)[0])
	case wasm.OpArrayNewFixed:
		n = x.u32()
		values = x.pop(int(n) * r.elemSlots())
	}
	if r.desc != 0 && values[len(values)-1] == 0 {
		x.err = TrapNullDescriptor
		return
	}
	ref, ok := x.inst.store.heap.alloc(r, n) // collects nothing: the values on the stack are no roots
	if !ok {
		x.err = TrapHeapExhausted
		return
	}
	p, from := x.inst.store.heap.at(ref), slotsOf(values)
	switch o {
	case wasm.OpStructNew, wasm.OpStructNewDesc:
		r.setFields(p, from)
	case wasm.OpStructNewDefaultDesc:
		r.setDescriptor(p, values[0])
	case wasm.OpArrayNew:
		fillElems(r, p, 0, n, from)
	case wasm.OpArrayNewFixed:
		r.setElems(p, n, from)
	}
	x.push(ref)
}

// isNew tells whether o is one of the constant instructions that make objects.
func isNew(o wasm.Op) bool {
	return o >= wasm.OpStructNew && o <= wasm.OpArrayNewFixed || o == wasm.OpStructNewDesc || o == wasm.OpStructNewDefaultDesc
}

// makesObjects tells whether a constant expression makes an object.
func makesObjects(e *wasm.ConstExpr) bool {
	r := reader{b: e.Body}
	for {
		switch o := r.op(); {
		case o == wasm.OpEnd:
			return false
		case isNew(o):
			return true
		default:
			r.skip(o)
		}
	}
}
