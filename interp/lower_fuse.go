package interp

import (
	"math"

	"github.com/godwit-vm/godwit/wasm"
)

// Fusion: two instructions that often stand together become one. Which ones is from counting pairs over the benchmark
// programs; RATIONALE.md has the counts.

// fuseArithmetic emits the operation w on two popped operands together with what has just computed one of them.
func (l *lowerer) fuseArithmetic(w wasm.Op, x, y operand) bool {
	switch w {
	case wasm.OpI32Add:
		return l.fuseSecond(opI32ShlAdd, opI32ShlRI, opI32ShlAI, x, y)
	case wasm.OpI64Add:
		return l.fuseSecond(opI64ShlAdd, opI64ShlRI, opI64ShlAI, x, y) || l.fuseExtendAdd(x, y)
	case wasm.OpI32Xor:
		return l.fuseSecond(opI32RotlXor, opI32RotlRI, opI32RotlAI, x, y)
	case wasm.OpF64Add:
		return l.fuseMulAdd(x, y)
	case wasm.OpI32Rotl:
		return l.fuseRotl(opI32XorRotl, opI32XorRR, opI32XorAR, x, y)
	case wasm.OpI64Rotl:
		return l.fuseRotl(opI64XorRotl, opI64XorRR, opI64XorAR, x, y)
	}
	return false
}

// fuseSecond makes a = (b op imm) + c of an operation with a constant (ri, ai), whose value is one of the operands, and a
// commutative operation on it and a slot.
func (l *lowerer) fuseSecond(fused, ri, ai op, x, y operand) bool {
	in := l.last(y)
	other := x
	if in == nil || in.op&^safepoint != ri && in.op&^safepoint != ai {
		if in = l.last(x); in == nil || in.op&^safepoint != ri && in.op&^safepoint != ai {
			return false
		}
		other = y
	}
	if other.where == isConst {
		return false
	}
	b, imm := int(in.b), in.imm
	l.drop()
	l.emitValue(fused, l.dst(), b, l.slotOf(other), imm)
	return true
}

// fuseMulAdd makes a = imm + b * c of f64.mul and f64.add. The product is rounded before it is added, as in wasm.
func (l *lowerer) fuseMulAdd(x, y operand) bool {
	isMul := func(in *instr) bool {
		return in != nil && (in.op&^safepoint == opF64MulRR || in.op&^safepoint == opF64MulAR)
	}
	in := l.last(y)
	other := x
	if !isMul(in) {
		if in = l.last(x); !isMul(in) {
			return false
		}
		other = y
	}
	if other.where == isConst {
		return false
	}
	b, c := int(in.b), int(in.c)
	l.drop()
	l.emitValue(opF64MulAdd, l.dst(), b, c, uint64(l.slotOf(other)))
	return true
}

// fuseRotl makes a = rotl(b ^ c, imm).
func (l *lowerer) fuseRotl(fused, rr, ar op, x, y operand) bool {
	in := l.last(x)
	if y.where != isConst || in == nil || in.op&^safepoint != rr && in.op&^safepoint != ar {
		return false
	}
	b, c := int(in.b), int(in.c)
	l.drop()
	l.emitValue(fused, l.dst(), b, c, y.bits)
	return true
}

// fuseExtendAdd makes a = zero-extended b + imm: how Go's compiler computes an address from its stack pointer.
func (l *lowerer) fuseExtendAdd(x, y operand) bool {
	in := l.last(x)
	if y.where != isConst || in == nil || in.op&^safepoint != opI64ExtendI32UR && in.op&^safepoint != opI64ExtendI32UA {
		return false
	}
	b := int(in.b)
	l.drop()
	l.emitValue(opI64ExtendAdd, l.dst(), b, 0, y.bits)
	return true
}

// fuseWrap makes i32.wrap_i64 of a 64-bit sum the 32-bit sum, and of a zero-extended value's sum too.
func (l *lowerer) fuseWrap() bool {
	in := l.last(l.stack[len(l.stack)-1])
	if in == nil {
		return false
	}
	var f op
	switch in.op &^ safepoint {
	case opI64AddRR, opI64AddAR:
		f = opI32AddRR
		if in.op&^safepoint == opI64AddAR {
			f = opI32AddAR
		}
	case opI64AddRI, opI64ExtendAdd:
		f = opI32AddRI
		in.imm &= math.MaxUint32
	case opI64AddAI:
		f = opI32AddAI
		in.imm &= math.MaxUint32
	default:
		return false
	}
	in.op = f | in.op&safepoint
	in.code = codes[f]
	l.pop()
	return true
}

// fuseAddBranch makes an i32.add of a constant, which is instruction add, and a branch on the comparison c of the sum,
// with the operands of in, one instruction. What stands behind the addition, which is at most the comparison, goes.
func (l *lowerer) fuseAddBranch(add int, in instr, c comparison, want bool) (at int, ok bool) {
	if add < l.barrier || addBranchOps[c.w&0xFF].r == 0 {
		return 0, false
	}
	sum := l.code[add]
	if o := sum.op &^ safepoint; o != opI32AddRI && o != opI32AddAI {
		return 0, false
	}
	w, other := c.w, int(in.c)
	switch {
	case c.i && sum.a == in.b && in.imm <= math.MaxUint16:
		other = int(in.imm)
	case c.i:
		return 0, false
	case sum.a == in.b && sum.a != in.c:
	case sum.a == in.c && sum.a != in.b:
		w, other = branchOps[w].swapped, int(in.b)
	default:
		return 0, false
	}
	if !want {
		w = branchOps[w].inverse
	}
	f := addBranchOps[w].r
	if c.i {
		f = addBranchOps[w].i
	}
	for len(l.code) > add {
		l.drop()
	}
	at = l.emit(f, int(sum.a), int(sum.b), other, sum.imm<<32)
	l.accSlot = int(sum.a)
	return at, true
}
