package vm_test

import (
	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

var (
	i32 = types(vm.I32)
	i64 = types(vm.I64)
	ii  = types(vm.I32, vm.I32)
)

// mathWasm exports nop, add (i32), sum (of 1 to n, by a loop over i64), fib (recursive), forever, and a mutable global.
var mathWasm = func() []byte {
	b := newBuilder()
	b.fn("nop", sig(nil), nil)
	b.fn("add", sig(ii, vm.I32), nil, wasm.OpLocalGet, uint32(0), wasm.OpLocalGet, uint32(1), wasm.OpI32Add)
	b.fn("sum", sig(i64, vm.I64), i64, sumLoop)
	fib := uint32(3)
	b.fn("fib", sig(i32, vm.I64), nil,
		wasm.OpLocalGet, uint32(0), wasm.OpI32Const, 2, wasm.OpI32LtU,
		wasm.OpIf, vm.I64,
		wasm.OpLocalGet, uint32(0), wasm.OpI64ExtendI32U,
		wasm.OpElse,
		wasm.OpLocalGet, uint32(0), wasm.OpI32Const, 1, wasm.OpI32Sub, wasm.OpCall, fib,
		wasm.OpLocalGet, uint32(0), wasm.OpI32Const, 2, wasm.OpI32Sub, wasm.OpCall, fib,
		wasm.OpI64Add,
		wasm.OpEnd)
	b.fn("forever", sig(nil), nil, wasm.OpLoop, byte(0x40), wasm.OpBr, uint32(0), wasm.OpEnd)
	g := b.global("counter", 7)
	b.fn("count", sig(nil, vm.I64), nil,
		wasm.OpGlobalGet, g, wasm.OpI64Const, 1, wasm.OpI64Add, wasm.OpGlobalSet, g, wasm.OpGlobalGet, g)
	b.mem(1)
	return b.binary()
}()

// sumLoop is: local 1 += local 0 until local 0 is 0.
var sumLoop = code(
	wasm.OpLoop, byte(0x40),
	wasm.OpLocalGet, uint32(1), wasm.OpLocalGet, uint32(0), wasm.OpI64Add, wasm.OpLocalSet, uint32(1),
	wasm.OpLocalGet, uint32(0), wasm.OpI64Const, 1, wasm.OpI64Sub, wasm.OpLocalTee, uint32(0),
	wasm.OpI64Const, 0, wasm.OpI64Ne, wasm.OpBrIf, uint32(0),
	wasm.OpEnd,
	wasm.OpLocalGet, uint32(1))

// walkWasm exports walk, which counts global at up to global bound, however far away that is set to be meanwhile, and
// returns the sum of the squares on the way.
var walkWasm = func() []byte {
	b := newBuilder()
	at, bound := b.global("at", 0), b.global("bound", 1<<62)
	b.fn("walk", sig(nil, vm.I64), i64,
		wasm.OpLoop, byte(0x40),
		wasm.OpGlobalGet, at, wasm.OpI64Const, 1, wasm.OpI64Add, wasm.OpGlobalSet, at,
		wasm.OpLocalGet, uint32(0), wasm.OpGlobalGet, at, wasm.OpGlobalGet, at, wasm.OpI64Mul, wasm.OpI64Add, wasm.OpLocalSet, uint32(0),
		wasm.OpGlobalGet, at, wasm.OpGlobalGet, bound, wasm.OpI64LtU, wasm.OpBrIf, uint32(0),
		wasm.OpEnd,
		wasm.OpLocalGet, uint32(0))
	b.mem(1)
	return b.binary()
}()

// squares is what a walk up to bound returns.
func squares(bound uint64) (sum uint64) {
	for n := uint64(1); n <= bound; n++ {
		sum += n * n
	}
	return sum
}

// trapsWasm exports a function for each trap.
var trapsWasm = func() []byte {
	b := newBuilder()
	nop := b.fn("", sig(nil), nil)
	div := b.fn("divide", sig(ii, vm.I32), nil, wasm.OpLocalGet, uint32(0), wasm.OpLocalGet, uint32(1), wasm.OpI32DivS)
	b.fn("unreachable", sig(nil), nil, wasm.OpUnreachable)
	b.fn("divide by zero", sig(nil), nil, wasm.OpI32Const, 1, wasm.OpI32Const, 0, wasm.OpCall, div, wasm.OpDrop)
	b.fn("overflow", sig(nil), nil, wasm.OpI32Const, -1<<31, wasm.OpI32Const, -1, wasm.OpCall, div, wasm.OpDrop)
	b.fn("out of bounds", sig(nil), nil, wasm.OpI32Const, 65536, wasm.OpI32Load, uint32(2), uint32(0), wasm.OpDrop)
	b.fn("undefined element", sig(nil), nil, wasm.OpI32Const, 5, wasm.OpCallIndirect, uint32(0), uint32(0))
	b.fn("wrong type", sig(nil), nil, wasm.OpI32Const, 1, wasm.OpCallIndirect, uint32(0), uint32(0))
	self := uint32(b.nfuncs)
	b.fn("stack exhausted", sig(nil), nil, wasm.OpCall, self)
	b.mem(1)
	b.funcTable(nop, div)
	return b.binary()
}()

// hostWasm imports env.f (i32) -> i32 and exports call, which gives it its argument, and loop, which calls it n times
// and adds up what it returns.
var hostWasm = func() []byte {
	b := newBuilder()
	f := b.imp("env", "f", sig(i32, vm.I32))
	b.export("f", vm.ExternFunc, f)
	b.fn("call", sig(i32, vm.I32), nil, wasm.OpLocalGet, uint32(0), wasm.OpCall, f)
	b.fn("loop", sig(i32, vm.I32), i32,
		wasm.OpLoop, byte(0x40),
		wasm.OpLocalGet, uint32(1), wasm.OpLocalGet, uint32(0), wasm.OpCall, f, wasm.OpI32Add, wasm.OpLocalSet, uint32(1),
		wasm.OpLocalGet, uint32(0), wasm.OpI32Const, 1, wasm.OpI32Sub, wasm.OpLocalTee, uint32(0), wasm.OpBrIf, uint32(0),
		wasm.OpEnd,
		wasm.OpLocalGet, uint32(1))
	deep := uint32(b.nfuncs)
	b.fn("deep", sig(i32, vm.I32), nil, // recurses n times
		wasm.OpLocalGet, uint32(0), wasm.OpIf, vm.I32,
		wasm.OpLocalGet, uint32(0), wasm.OpI32Const, 1, wasm.OpI32Sub, wasm.OpCall, deep, wasm.OpI32Const, 1, wasm.OpI32Add,
		wasm.OpElse, wasm.OpI32Const, 0, wasm.OpEnd)
	b.fn("forever", sig(nil), nil, wasm.OpLoop, byte(0x40), wasm.OpBr, uint32(0), wasm.OpEnd)
	b.mem(1)
	return b.binary()
}()

// helloWasm is a WASI command: it writes "hello, <n>\n" for n = 1 to 3 and exits with the given code.
func helloWasm(exit int) []byte {
	b := newBuilder()
	write := b.imp("wasi_snapshot_preview1", "fd_write", sig(types(vm.I32, vm.I32, vm.I32, vm.I32), vm.I32))
	quit := b.imp("wasi_snapshot_preview1", "proc_exit", sig(i32))
	b.fn("_start", sig(nil), i32,
		wasm.OpLoop, byte(0x40),
		// hello[7] = '1' + local 0
		wasm.OpI32Const, 23, wasm.OpLocalGet, uint32(0), wasm.OpI32Const, int('1'), wasm.OpI32Add, wasm.OpI32Store8, uint32(0), uint32(0),
		wasm.OpI32Const, 1, wasm.OpI32Const, 0, wasm.OpI32Const, 1, wasm.OpI32Const, 8, wasm.OpCall, write, wasm.OpDrop,
		wasm.OpLocalGet, uint32(0), wasm.OpI32Const, 1, wasm.OpI32Add, wasm.OpLocalTee, uint32(0),
		wasm.OpI32Const, 3, wasm.OpI32Ne, wasm.OpBrIf, uint32(0),
		wasm.OpEnd,
		wasm.OpI32Const, exit, wasm.OpCall, quit)
	b.mem(1)
	b.data(0, "\x10\x00\x00\x00\x09\x00\x00\x00") // iovec: 9 bytes at 16
	b.data(16, "hello, ?\n")
	return b.binary()
}

// diceWasm exports what WASI gives a program by chance: random, 8 random bytes, and clock, the time in nanoseconds.
var diceWasm = func() []byte {
	b := newBuilder()
	get := b.imp("wasi_snapshot_preview1", "random_get", sig(ii, vm.I32))
	now := b.imp("wasi_snapshot_preview1", "clock_time_get", sig(types(vm.I32, vm.I64, vm.I32), vm.I32))
	load := code(wasm.OpDrop, wasm.OpI32Const, 0, wasm.OpI64Load, uint32(3), uint32(0))
	b.fn("random", sig(nil, vm.I64), nil, wasm.OpI32Const, 0, wasm.OpI32Const, 8, wasm.OpCall, get, load)
	b.fn("clock", sig(nil, vm.I64), nil, wasm.OpI32Const, 0, wasm.OpI64Const, 0, wasm.OpI32Const, 0, wasm.OpCall, now, load)
	b.mem(1)
	return b.binary()
}()
