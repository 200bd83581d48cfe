package arm64

import (
	"math/bits"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Select marks what becomes part of the value that uses it. It goes through each block backwards, so that a value knows
// whether it is a part itself when it looks at its operands.
func (t *Target) Select(f *ir.Func) {
	makeRules()
	f.CountUses()
	numbers := argNumbers(f.Params)
	entries := make(map[*ir.Value]int32) // how many calls read an OpInstWord as their table of entries
	for _, b := range f.Blocks {
		for i := len(b.Values) - 1; i >= 0; i-- {
			v := b.Values[i]
			switch v.Op {
			case ir.OpParam:
				v.Aux = uint64(numbers[v.Imm])
			case ir.OpMemBase:
				v.Folded = v.Mem == 0
			case ir.OpCall, ir.OpTailCall:
				if x := v.Args[0]; x.Op == ir.OpInstWord {
					entries[x]++
				}
			default:
				selectParts(v)
			}
		}
	}
	for x, n := range entries {
		x.Folded = n == x.Uses
	}
}

// only tells whether x may become a part of v.
func only(v, x *ir.Value) bool {
	return x.Uses == 1 && x.Block == v.Block && !x.Folded && x.Op != ir.OpConst && x.Op != ir.OpPhi
}

func selectParts(v *ir.Value) {
	switch v.Op {
	case wasm.OpI32Add, wasm.OpI64Add:
		if asLast(v, v.Args[0], false) && !asLast(v, v.Args[1], false) && v.Args[1].Op != ir.OpConst {
			v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
		}
		foldLast(v, false)
	case wasm.OpI32Sub, wasm.OpI64Sub:
		if !immediate(v, 1) {
			foldLast(v, false)
		}
	case wasm.OpI32And, wasm.OpI64And, wasm.OpI32Or, wasm.OpI64Or, wasm.OpI32Xor, wasm.OpI64Xor:
		selectLogic(v)
	case ir.OpIf, ir.OpTrapIf:
		foldCondition(v, 0)
	case wasm.OpSelect, wasm.OpSelectT:
		foldCondition(v, 2)
	case wasm.OpI32Eqz, wasm.OpI64Eqz:
		foldCondition(v, 0)
	default:
		if _, ok := intCondition(v.Op); ok {
			foldLast(v, false)
		} else if accesses(v.Op) {
			foldAddress(v)
			if m := memoryOps(v.Op); m != nil && !m.load {
				foldWrap(v, 2)
			}
			return
		}
	}
	// The instructions of 32 bits read the lower half of what they are given.
	if isInt32(v.Op) {
		for i := range v.Args {
			foldWrap(v, i)
		}
	}
}

// isInt32 tells whether op is an integer instruction all of whose operands are i32.
func isInt32(op ir.Op) bool {
	return op >= wasm.OpI32Eqz && op <= wasm.OpI32GeU || op >= wasm.OpI32Clz && op <= wasm.OpI32Rotr
}

func foldWrap(v *ir.Value, i int) {
	if x := v.Args[i]; x.Op == wasm.OpI32WrapI64 && only(v, x) {
		x.Folded = true
	}
}

// foldAddress folds what makes an address of the other width: the access extends or cuts it off itself.
func foldAddress(v *ir.Value) {
	x := v.Args[1]
	if (x.Op == wasm.OpI32WrapI64 || x.Op == wasm.OpI64ExtendI32U) && only(v, x) {
		x.Folded = true
	}
}

// selectLogic folds a shift, a complement, or, of and, the shift of a bit field.
func selectLogic(v *ir.Value) {
	if asLast(v, v.Args[0], true) && !asLast(v, v.Args[1], true) && v.Args[1].Op != ir.OpConst {
		v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
	}
	foldLast(v, true)
	if v.Folded || v.Op != wasm.OpI32And && v.Op != wasm.OpI64And {
		return // a test has no bit fields
	}
	x := v.Args[0]
	if (x.Op == wasm.OpI32ShrU || x.Op == wasm.OpI64ShrU) && immediate(x, 1) && immediate(v, 1) && only(v, x) {
		if _, n := bitField(v, x); n > 0 {
			x.Folded = true
		}
	}
}

// bitField is the lowest bit and the number of bits that a mask v leaves of a value shifted by x, if they are a field.
func bitField(v, x *ir.Value) (lsb, n uint32) {
	size := uint32(v.Type.Size() * 8)
	mask := constant(v.Args[1])
	if mask == 0 || mask&(mask+1) != 0 {
		return 0, 0
	}
	lsb = uint32(x.Args[1].Imm) & (size - 1)
	return lsb, min(uint32(bits.Len64(mask)), size-lsb)
}

// asLast tells whether x can be a part of v as its last operand.
func asLast(v, x *ir.Value, logical bool) bool {
	if !only(v, x) {
		return false
	}
	switch x.Op {
	case wasm.OpI32Shl, wasm.OpI64Shl, wasm.OpI32ShrS, wasm.OpI64ShrS, wasm.OpI32ShrU, wasm.OpI64ShrU:
		return x.Args[1].Op == ir.OpConst
	case wasm.OpI32Rotl, wasm.OpI64Rotl, wasm.OpI32Rotr, wasm.OpI64Rotr:
		return logical && x.Args[1].Op == ir.OpConst
	case wasm.OpI32Xor, wasm.OpI64Xor:
		return logical && !v.Folded && isXorOnes(x)
	case wasm.OpI32Mul, wasm.OpI64Mul:
		switch v.Op {
		case wasm.OpI32Add, wasm.OpI64Add:
			return true
		case wasm.OpI32Sub, wasm.OpI64Sub:
			return !immediate(v, 0)
		}
	case wasm.OpI64ExtendI32U, wasm.OpI64ExtendI32S:
		return !logical && !(v.Op == wasm.OpI64Sub && immediate(v, 0))
	}
	return false
}

// foldLast folds v's last operand, and the extension that its shift may have.
func foldLast(v *ir.Value, logical bool) {
	x := v.Args[1]
	if !asLast(v, x, logical) {
		return
	}
	x.Folded = true
	if x.Op != wasm.OpI64Shl || logical || v.Op == wasm.OpI64Sub && immediate(v, 0) {
		return
	}
	y := x.Args[0]
	if (y.Op == wasm.OpI64ExtendI32U || y.Op == wasm.OpI64ExtendI32S) && x.Args[1].Imm&63 <= 4 && only(x, y) {
		y.Folded = true
	}
}

// foldCondition folds a comparison, or a test of bits, into what asks whether it is zero.
func foldCondition(v *ir.Value, i int) {
	x := v.Args[i]
	if !only(v, x) {
		return
	}
	_, ok := intCondition(x.Op)
	switch {
	case ok, isFloatCompare(x.Op):
	case x.Op == wasm.OpI32Eqz, x.Op == wasm.OpI64Eqz, x.Op == wasm.OpI32And, x.Op == wasm.OpI64And:
	default:
		return
	}
	x.Folded = true
}
