package interp

import "github.com/godwit-vm/godwit/wasm"

// eval evaluates a constant expression, which validation has found well-formed (specification 3.4.13).
func (i *Instance) eval(e *wasm.ConstExpr) uint64 {
	r := reader{b: e.Body}
	var stack []uint64
	binary := func(f func(x, y uint64) uint64) {
		n := len(stack)
		stack = append(stack[:n-2], f(stack[n-2], stack[n-1]))
	}
	for {
		switch o := r.op(); o {
		case wasm.OpEnd:
			return stack[0]
		case wasm.OpI32Const:
			stack = append(stack, uint64(uint32(r.s32())))
		case wasm.OpI64Const:
			stack = append(stack, uint64(r.s64()))
		case wasm.OpF32Const:
			stack = append(stack, uint64(r.fixed32()))
		case wasm.OpF64Const:
			stack = append(stack, r.fixed64())
		case wasm.OpGlobalGet:
			stack = append(stack, i.globals[r.u32()].val)
		case wasm.OpRefNull:
			r.skipLEB()
			stack = append(stack, 0)
		case wasm.OpRefFunc:
			stack = append(stack, i.funcs[r.u32()].Ref())
		case wasm.OpI32Add:
			binary(func(x, y uint64) uint64 { return uint64(uint32(x) + uint32(y)) })
		case wasm.OpI32Sub:
			binary(func(x, y uint64) uint64 { return uint64(uint32(x) - uint32(y)) })
		case wasm.OpI32Mul:
			binary(func(x, y uint64) uint64 { return uint64(uint32(x) * uint32(y)) })
		case wasm.OpI64Add:
			binary(func(x, y uint64) uint64 { return x + y })
		case wasm.OpI64Sub:
			binary(func(x, y uint64) uint64 { return x - y })
		case wasm.OpI64Mul:
			binary(func(x, y uint64) uint64 { return x * y })
		default:
			panic("godwit: constant expression with " + o.String() + " passed validation")
		}
	}
}
