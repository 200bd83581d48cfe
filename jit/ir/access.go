package ir

import "github.com/godwit-vm/godwit/wasm"

// Access is what a scalar load or store, v128.load and v128.store, or an atomic access does.
type Access struct {
	Width  int // bytes
	Signed bool
	Load   bool // gives a result
	Store  bool // changes memory; Load as well for read-modify-write
	Atomic bool
	Rmw    Rmw
}

// Rmw is the operation of an atomic read-modify-write access.
type Rmw uint8

// In the order of wasm's opcodes.
const (
	RmwAdd Rmw = iota
	RmwSub
	RmwAnd
	RmwOr
	RmwXor
	RmwXchg
	RmwCmpxchg
)

// plainAccesses are i32.load to i64.store32.
var plainAccesses = [...]Access{
	{Width: 4, Load: true}, {Width: 8, Load: true}, {Width: 4, Load: true}, {Width: 8, Load: true},
	{Width: 1, Signed: true, Load: true}, {Width: 1, Load: true}, {Width: 2, Signed: true, Load: true}, {Width: 2, Load: true},
	{Width: 1, Signed: true, Load: true}, {Width: 1, Load: true}, {Width: 2, Signed: true, Load: true}, {Width: 2, Load: true},
	{Width: 4, Signed: true, Load: true}, {Width: 4, Load: true},
	{Width: 4, Store: true}, {Width: 8, Store: true}, {Width: 4, Store: true}, {Width: 8, Store: true},
	{Width: 1, Store: true}, {Width: 2, Store: true}, {Width: 1, Store: true}, {Width: 2, Store: true}, {Width: 4, Store: true},
}

// atomicWidths are those of the seven variants that each atomic access has.
var atomicWidths = [7]int{4, 8, 1, 2, 1, 2, 4}

// AccessOf tells what an access does. ok is false for other opcodes, and for loads and stores of vectors that are not
// of all their 16 bytes.
func AccessOf(op Op) (a Access, ok bool) {
	switch {
	case op >= wasm.OpI32Load && op <= wasm.OpI64Store32:
		return plainAccesses[op-wasm.OpI32Load], true
	case op == wasm.OpV128Load:
		return Access{Width: 16, Load: true}, true
	case op == wasm.OpV128Store:
		return Access{Width: 16, Store: true}, true
	case op >= wasm.OpI32AtomicLoad && op <= wasm.OpI64AtomicRmw32CmpxchgU:
		n := int(op - wasm.OpI32AtomicLoad)
		a = Access{Width: atomicWidths[n%7], Atomic: true, Load: n/7 != 1, Store: n/7 != 0}
		if n/7 >= 2 {
			a.Rmw = Rmw(n/7 - 2)
		}
		return a, true
	}
	return Access{}, false
}

// IsMemory tells whether v is an access to a wasm memory, of whatever kind.
func (v *Value) IsMemory() bool {
	if v.Op >= wasm.OpI32Load && v.Op <= wasm.OpI64Store32 {
		return true
	}
	if v.Op < 256 || isOwn(v.Op) {
		return false
	}
	info := v.Op.Info()
	return info != nil && (info.Imm == wasm.ImmMemarg || info.Imm == wasm.ImmMemargLane || info.Imm == wasm.ImmMemargAtomic)
}
