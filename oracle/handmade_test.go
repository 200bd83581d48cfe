package oracle

import "github.com/godwit-vm/godwit/wasm"

var i64 = []wasm.ValType{wasm.I64}

// deepWasm recurses to a hundred thousand frames, by powers of ten.
func deepWasm() []byte {
	a := newAssembly(1)
	down := firstFunc
	a.fn(i64, i64, 0, // down(n) = n == 0 ? 7 : 3*down(n-1) + n
		wasm.OpLocalGet, uint32(0), wasm.OpI64Eqz,
		wasm.OpIf, wasm.I64,
		wasm.OpI64Const, 7,
		wasm.OpElse,
		wasm.OpI64Const, 3, wasm.OpLocalGet, uint32(0), wasm.OpI64Const, 1, wasm.OpI64Sub, wasm.OpCall, down, wasm.OpI64Mul,
		wasm.OpLocalGet, uint32(0), wasm.OpI64Add,
		wasm.OpEnd)
	a.fn(nil, nil, 1,
		wasm.OpI64Const, 10, wasm.OpLocalSet, uint32(0),
		wasm.OpLoop, byte(0x40),
		wasm.OpLocalGet, uint32(0), wasm.OpCall, down, wasm.OpCall, out,
		wasm.OpLocalGet, uint32(0), wasm.OpI64Const, 10, wasm.OpI64Mul, wasm.OpLocalTee, uint32(0),
		wasm.OpI64Const, 100_000, wasm.OpI64LeU, wasm.OpBrIf, uint32(0),
		wasm.OpEnd)
	return a.binary()
}

// pagesWasm grows its memory to 75 MiB, writes to each 4096 bytes of it, and goes over it again.
func pagesWasm() []byte {
	const (
		x, at, end uint32 = 0, 1, 2
		target            = 1200 * wasm.PageSize
	)
	a := newAssembly(1)
	next := []any{wasm.OpLocalGet, x, wasm.OpI64Const, 6364136223846793005, wasm.OpI64Mul, wasm.OpI64Const, 1442695040888963407, wasm.OpI64Add, wasm.OpLocalSet, x}
	code := []any{
		wasm.OpI64Const, wasm.PageSize, wasm.OpLocalTee, at, wasm.OpLocalSet, end,
		wasm.OpLoop, byte(0x40), // for each hundred pages of wasm
		wasm.OpI32Const, 100, wasm.OpMemoryGrow, byte(0), wasm.OpI32Const, -1, wasm.OpI32Eq,
		wasm.OpIf, byte(0x40), wasm.OpUnreachable, wasm.OpEnd,
		wasm.OpLocalGet, end, wasm.OpI64Const, 100 * wasm.PageSize, wasm.OpI64Add, wasm.OpLocalSet, end,
		wasm.OpLoop, byte(0x40), // for each 4096 bytes
	}
	code = append(append(code, next...),
		wasm.OpLocalGet, at, wasm.OpI32WrapI64, wasm.OpLocalGet, x, wasm.OpI64Store, uint32(3), uint32(40),
		wasm.OpLocalGet, at, wasm.OpI64Const, 4096, wasm.OpI64Add, wasm.OpLocalTee, at,
		wasm.OpLocalGet, end, wasm.OpI64LtU, wasm.OpBrIf, uint32(0),
		wasm.OpEnd,
		wasm.OpLocalGet, x, wasm.OpCall, out,
		wasm.OpLocalGet, end, wasm.OpI64Const, target, wasm.OpI64LtU, wasm.OpBrIf, uint32(0),
		wasm.OpEnd,
		wasm.OpI64Const, wasm.PageSize, wasm.OpLocalSet, at,
		wasm.OpLoop, byte(0x40), // all of it again, changing it
		wasm.OpLocalGet, x, wasm.OpI64Const, 31, wasm.OpI64Mul,
		wasm.OpLocalGet, at, wasm.OpI32WrapI64, wasm.OpI64Load, uint32(3), uint32(40), wasm.OpI64Add, wasm.OpLocalSet, x,
		wasm.OpLocalGet, at, wasm.OpI32WrapI64, wasm.OpLocalGet, x, wasm.OpI64Store, uint32(3), uint32(40),
		wasm.OpLocalGet, at, wasm.OpI64Const, 1<<22-1, wasm.OpI64And, wasm.OpI64Eqz,
		wasm.OpIf, byte(0x40), wasm.OpLocalGet, x, wasm.OpCall, out, wasm.OpEnd,
		wasm.OpLocalGet, at, wasm.OpI64Const, 4096, wasm.OpI64Add, wasm.OpLocalTee, at,
		wasm.OpLocalGet, end, wasm.OpI64LtU, wasm.OpBrIf, uint32(0),
		wasm.OpEnd)
	a.fn(nil, nil, 3, code...)
	return a.binary()
}

// valuesWasm keeps values of every type in locals, operands, globals and tables while it calls: among them bit patterns
// of signalling NaNs, and references to functions that change places. It ends with a trap, which tells whether the
// segment it has dropped is still dropped.
func valuesWasm() []byte {
	a := newAssembly(1)
	a.globals = [][]byte{
		assemble(wasm.I64, byte(1), wasm.OpI64Const, 0, wasm.OpEnd),
		assemble(wasm.FuncRef, byte(1), wasm.OpRefFunc, firstFunc, wasm.OpEnd),
	}
	a.table = assemble(byte(1), wasm.FuncRef, byte(0), uint32(2))
	const twist, turn, mix = firstFunc, firstFunc + 1, firstFunc + 2
	a.elems = assemble(byte(1), byte(0), wasm.OpI32Const, 0, wasm.OpEnd, uint32(2), twist, turn)
	a.datas = assemble(byte(1), byte(1), "\x01\x23\x45\x67\x89\xab\xcd\xef")
	a.fn(i64, i64, 0, // twist counts its calls
		wasm.OpGlobalGet, uint32(0), wasm.OpI64Const, 1, wasm.OpI64Add, wasm.OpGlobalSet, uint32(0),
		wasm.OpLocalGet, uint32(0), wasm.OpI64Const, 6364136223846793005, wasm.OpI64Mul, wasm.OpGlobalGet, uint32(0), wasm.OpI64Add)
	a.fn(i64, i64, 0, wasm.OpLocalGet, uint32(0), wasm.OpI64Const, 7, wasm.OpI64Rotl, wasm.OpI64Const, -12345, wasm.OpI64Xor)
	a.mix(twist)
	a.valuesStart(mix)
	return a.binary()
}

// mix is mix(a i32, b i64, c f32, d f64, depth i32) i64: while it calls itself it has an operand of each type, and
// two that are not numbers at all.
func (a *assembly) mix(indirect uint32) {
	const pa, pb, pc, pd, depth, sum, below uint32 = 0, 1, 2, 3, 4, 5, 6
	self := uint32(len(a.funcs) + 1)
	fold := func(op wasm.Op) []any { return []any{wasm.OpLocalGet, sum, op, wasm.OpLocalSet, sum} }
	code := []any{
		wasm.OpLocalGet, depth, wasm.OpI32Eqz,
		wasm.OpIf, byte(0x40), wasm.OpLocalGet, pb, wasm.OpReturn, wasm.OpEnd,
		// What stays on the stack.
		wasm.OpLocalGet, pb, wasm.OpLocalGet, pc, wasm.OpLocalGet, pd, wasm.OpLocalGet, pa,
		wasm.OpGlobalGet, uint32(1),
		wasm.OpI32Const, 0x7fa00000, wasm.OpLocalGet, depth, wasm.OpI32Or, wasm.OpF32ReinterpretI32,
		wasm.OpI64Const, 0x7ff4_0000_0000_0000, wasm.OpLocalGet, pb, wasm.OpI64Const, 0xffff, wasm.OpI64And, wasm.OpI64Or, wasm.OpF64ReinterpretI64,
		// The arguments.
		wasm.OpLocalGet, pa, wasm.OpI32Const, 1664525, wasm.OpI32Mul, wasm.OpI32Const, 1013904223, wasm.OpI32Add,
		wasm.OpLocalGet, pb, wasm.OpLocalGet, depth, wasm.OpI32Const, 1, wasm.OpI32And, wasm.OpCallIndirect, indirect, uint32(0),
		wasm.OpLocalGet, pc, wasm.OpLocalGet, pc, wasm.OpF32Add, wasm.OpF32Sqrt, wasm.OpLocalGet, depth, wasm.OpF32ConvertI32U, wasm.OpF32Add,
		wasm.OpLocalGet, pd, wasm.OpLocalGet, depth, wasm.OpF64ConvertI32U, wasm.OpF64Add, wasm.OpF64Sqrt,
		wasm.OpLocalGet, depth, wasm.OpI32Const, 1, wasm.OpI32Sub,
		wasm.OpCall, self, wasm.OpLocalSet, below,
	}
	code = append(append(code, wasm.OpI64ReinterpretF64), fold(wasm.OpI64Add)...)
	code = append(append(code, wasm.OpI32ReinterpretF32, wasm.OpI64ExtendI32U), fold(wasm.OpI64Xor)...)
	code = append(code, wasm.OpGlobalSet, uint32(1))
	code = append(append(code, wasm.OpI64ExtendI32S), fold(wasm.OpI64Sub)...)
	code = append(append(code, wasm.OpI64ReinterpretF64), fold(wasm.OpI64Rotr)...)
	code = append(append(code, wasm.OpI32ReinterpretF32, wasm.OpI64ExtendI32U), fold(wasm.OpI64Add)...)
	code = append(code, wasm.OpLocalGet, sum, wasm.OpI64Xor, wasm.OpLocalGet, below, wasm.OpI64Add)
	a.fn([]wasm.ValType{wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.I32}, i64, 2, code...)
}

// valuesStart goes round sixty times: it calls mix, and moves what tables, globals, memory and segments hold.
func (a *assembly) valuesStart(mix uint32) {
	const n, acc uint32 = 0, 1
	const twist, turn = firstFunc, firstFunc + 1
	n32 := []any{wasm.OpLocalGet, n, wasm.OpI32WrapI64}
	var code []any
	add := func(parts ...any) { code = append(code, parts...) }
	add(wasm.OpLoop, byte(0x40))
	add(n32...)
	add(wasm.OpLocalGet, acc)
	add(append(n32, wasm.OpF32ConvertI32U)...)
	add(append(n32, wasm.OpF64ConvertI32U)...)
	add(append(n32, wasm.OpI32Const, 7, wasm.OpI32RemU, wasm.OpI32Const, 12, wasm.OpI32Add)...)
	add(wasm.OpCall, mix, wasm.OpLocalTee, acc, wasm.OpCall, out)
	// Swap the two functions by turns, one of them through the global.
	add(append(n32, wasm.OpI32Const, 1, wasm.OpI32And, wasm.OpRefFunc, turn, wasm.OpTableSet, uint32(0))...)
	add(wasm.OpRefFunc, twist, wasm.OpGlobalSet, uint32(1))
	add(append(n32, wasm.OpI32Const, 1, wasm.OpI32Add, wasm.OpI32Const, 1, wasm.OpI32And, wasm.OpGlobalGet, uint32(1), wasm.OpTableSet, uint32(0))...)
	add(wasm.OpRefFunc, turn, wasm.OpI32Const, 3, wasm.OpTableGrow, uint32(0), wasm.OpI64ExtendI32S, wasm.OpLocalGet, acc, wasm.OpI64Add, wasm.OpLocalSet, acc)
	// One of three arms: grow the memory; copy from the segment, or drop it, once; take from where it was copied to.
	add(wasm.OpBlock, byte(0x40), wasm.OpBlock, byte(0x40), wasm.OpBlock, byte(0x40))
	add(append(n32, wasm.OpI32Const, 3, wasm.OpI32RemU, wasm.OpBrTable, uint32(2), uint32(0), uint32(1), uint32(2))...)
	add(wasm.OpEnd, wasm.OpI32Const, 1, wasm.OpMemoryGrow, byte(0), wasm.OpDrop, wasm.OpBr, uint32(1))
	add(wasm.OpEnd, wasm.OpLocalGet, n, wasm.OpI64Const, 30, wasm.OpI64LtU, wasm.OpIf, byte(0x40), wasm.OpI32Const, 64)
	add(append(n32, wasm.OpI32Const, 7, wasm.OpI32And, wasm.OpI32Const, 1, wasm.OpMemoryInit, uint32(0), byte(0))...)
	add(wasm.OpElse, wasm.OpLocalGet, n, wasm.OpI64Const, 31, wasm.OpI64Eq, wasm.OpIf, byte(0x40), wasm.OpDataDrop, uint32(0), wasm.OpEnd, wasm.OpEnd)
	add(wasm.OpEnd, wasm.OpLocalGet, acc, wasm.OpI32Const, 64, wasm.OpI64Load, uint32(3), uint32(0), wasm.OpI64Xor)
	add(wasm.OpMemorySize, byte(0), wasm.OpI64ExtendI32U, wasm.OpI64Add, wasm.OpLocalSet, acc)
	add(wasm.OpLocalGet, n, wasm.OpI64Const, 1, wasm.OpI64Add, wasm.OpLocalTee, n, wasm.OpI64Const, 60, wasm.OpI64LtU, wasm.OpBrIf, uint32(0))
	add(wasm.OpEnd)
	add(wasm.OpI32Const, 64, wasm.OpI32Const, 0, wasm.OpI32Const, 1, wasm.OpMemoryInit, uint32(0), byte(0)) // traps
	a.fn(nil, nil, 2, code...)
}
