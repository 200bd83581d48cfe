package opt

import (
	"math/bits"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Integer instructions exist for 32 and for 64 bits. Rules are written for those of 32 bits; ops makes the opcodes of the width.

// wide makes of an opcode of 32 bits the one of size bits.
func wide(op ir.Op, size int) ir.Op {
	if size == 32 {
		return op
	}
	if op >= wasm.OpI32Clz {
		return op - wasm.OpI32Clz + wasm.OpI64Clz
	}
	return op - wasm.OpI32Eqz + wasm.OpI64Eqz
}

func typeOf(size int) ir.Type {
	if size == 32 {
		return ir.I32
	}
	return ir.I64
}

// ones are size bits.
func ones(size int) uint64 { return ^uint64(0) >> (64 - size) }

// operand tells whether v is op of something and a constant.
func operand(v *ir.Value, op ir.Op) (x *ir.Value, c uint64, ok bool) {
	if v.Op == op {
		c, ok = isConst(v.Args[1])
		return v.Args[0], c, ok
	}
	return nil, 0, false
}

// binary folds an instruction with two operands; op is the one of 32 bits.
func (fo *folder) binary(v *ir.Value, op ir.Op, size int) *ir.Value {
	x, y := v.Args[0], v.Args[1]
	switch op {
	case wasm.OpI32Add, wasm.OpI32Mul, wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor:
		if _, ok := isConst(x); ok {
			v.Args[0], v.Args[1] = y, x
			x, y = y, x
		}
	}
	c, isC := isConst(y)
	if isC {
		// (x op c1) op c2
		switch op {
		case wasm.OpI32Add, wasm.OpI32Mul, wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor:
			if z, d, ok := operand(x, v.Op); ok {
				r, _, _ := ir.Compute(v.Op, d, c)
				v.Args[0], v.Args[1] = z, fo.constant(v.Type, r)
				return v
			}
		}
	}
	switch op {
	case wasm.OpI32Add:
		return fo.add(v, x, y, c, isC, size)
	case wasm.OpI32Sub:
		return fo.sub(v, x, y, c, isC, size)
	case wasm.OpI32Mul:
		if !isC {
			return nil
		}
		switch {
		case c == 0:
			return y
		case c == 1:
			return x
		case c == ones(size):
			return become(v, wide(wasm.OpI32Sub, size), fo.constant(v.Type, 0), x)
		case c&(c-1) == 0:
			return become(v, wide(wasm.OpI32Shl, size), x, fo.constant(v.Type, uint64(bits.TrailingZeros64(c))))
		}
	case wasm.OpI32DivU, wasm.OpI32RemU, wasm.OpI32DivS, wasm.OpI32RemS:
		if isC {
			return fo.divide(v, op, x, c, size)
		}
	case wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor:
		return fo.bitwise(v, op, x, y, c, isC, size)
	default:
		return fo.shift(v, op, x, y, c, isC, size)
	}
	return nil
}

func (fo *folder) add(v, x, y *ir.Value, c uint64, isC bool, size int) *ir.Value {
	sub := wide(wasm.OpI32Sub, size)
	if isC {
		if c == 0 {
			return x
		}
		// (c1 - x) + c2
		if x.Op == sub {
			if d, ok := isConst(x.Args[0]); ok {
				return become(v, sub, fo.constant(v.Type, c+d), x.Args[1])
			}
		}
		return nil
	}
	switch {
	case x.Op == sub && x.Args[1] == y: // (a - y) + y
		return x.Args[0]
	case y.Op == sub && y.Args[1] == x:
		return y.Args[0]
	}
	if y.Op == sub {
		if d, ok := isConst(y.Args[0]); ok && d == 0 { // x + (0 - a)
			return become(v, sub, x, y.Args[1])
		}
	}
	if x.Op == sub {
		if d, ok := isConst(x.Args[0]); ok && d == 0 {
			return become(v, sub, y, x.Args[1])
		}
	}
	return nil
}

func (fo *folder) sub(v, x, y *ir.Value, c uint64, isC bool, size int) *ir.Value {
	add := wide(wasm.OpI32Add, size)
	if isC {
		if c == 0 {
			return x
		}
		return become(v, add, x, fo.constant(v.Type, -c))
	}
	if x == y {
		return fo.become(v, 0)
	}
	if x.Op == add {
		if x.Args[1] == y {
			return x.Args[0]
		}
		if x.Args[0] == y {
			return x.Args[1]
		}
	}
	if d, ok := isConst(x); ok {
		if z, e, ok := operand(y, add); ok { // c - (a + e)
			v.Args = []*ir.Value{fo.constant(v.Type, d-e), z}
			return v
		}
		if d == 0 && y.Op == v.Op { // 0 - (a - b)
			return become(v, v.Op, y.Args[1], y.Args[0])
		}
		return nil
	}
	// (a + c1) - (b + c2)
	if a, d, ok := operand(x, add); ok {
		if b, e, ok := operand(y, add); ok {
			return become(v, add, fo.value(v.Op, v.Type, a, b), fo.constant(v.Type, d-e))
		}
	}
	return nil
}

func (fo *folder) bitwise(v *ir.Value, op ir.Op, x, y *ir.Value, c uint64, isC bool, size int) *ir.Value {
	if x == y {
		if op == wasm.OpI32Xor {
			return fo.become(v, 0)
		}
		return x
	}
	shl, shr := wide(wasm.OpI32Shl, size), wide(wasm.OpI32ShrU, size)
	if !isC {
		if op != wasm.OpI32And && (x.Op == shl && y.Op == shr || x.Op == shr && y.Op == shl) && x.Args[0] == y.Args[0] {
			if x.Op == shr {
				x, y = y, x
			}
			k, ok1 := isConst(x.Args[1])
			l, ok2 := isConst(y.Args[1])
			if ok1 && ok2 && int(k) < size && int(l) < size && int(k+l) == size {
				return become(v, wide(wasm.OpI32Rotl, size), x.Args[0], x.Args[1])
			}
		}
		return nil
	}
	m := ir.Mask(x)
	switch op {
	case wasm.OpI32And:
		switch {
		case c&m == 0:
			return fo.become(v, 0)
		case m&^c == 0:
			return x
		case x.Op == shl || x.Op == shr:
			// Bits of the mask that the shift leaves zero anyway: a mask from the first bit on is the better one.
			if n := c | ^m&ones(size); n != c && (n+1)&n == 0 && (c+1)&c != 0 {
				v.Args[1] = fo.constant(v.Type, n)
				return v
			}
		}
	case wasm.OpI32Or:
		if c == 0 {
			return x
		}
		if c == ones(size) {
			return y
		}
	case wasm.OpI32Xor:
		if c == 0 {
			return x
		}
		if c == 1 && size == 32 && boolean(x) {
			return become(v, wasm.OpI32Eqz, x)
		}
	}
	return nil
}

// shift folds shifts and rotations.
func (fo *folder) shift(v *ir.Value, op ir.Op, x, y *ir.Value, c uint64, isC bool, size int) *ir.Value {
	mask := uint64(size - 1)
	if !isC {
		if k, ok := isConst(x); ok && (k == 0 || k == ones(size) && op != wasm.OpI32Shl && op != wasm.OpI32ShrU) {
			return x
		}
		// The count is taken modulo the size anyway.
		if z, d, ok := operand(y, wide(wasm.OpI32And, size)); ok && d&mask == mask {
			v.Args[1] = z
			return v
		}
		return nil
	}
	if c > mask {
		v.Args[1] = fo.constant(v.Type, c&mask)
		return v
	}
	if c == 0 {
		return x
	}
	shl, shrU, shrS := wide(wasm.OpI32Shl, size), wide(wasm.OpI32ShrU, size), wide(wasm.OpI32ShrS, size)
	switch op {
	case wasm.OpI32Rotr:
		return become(v, wide(wasm.OpI32Rotl, size), x, fo.constant(v.Type, uint64(size)-c))
	case wasm.OpI32Rotl:
		if z, d, ok := operand(x, v.Op); ok {
			v.Args[0], v.Args[1] = z, fo.constant(v.Type, (c+d)&mask)
			return v
		}
	case wasm.OpI32Shl, wasm.OpI32ShrU:
		if z, d, ok := operand(x, v.Op); ok && d <= mask {
			if c+d > mask {
				return fo.become(v, 0)
			}
			v.Args[0], v.Args[1] = z, fo.constant(v.Type, c+d)
			return v
		}
		if op == wasm.OpI32Shl {
			if z, d, ok := operand(x, shrU); ok && d == c {
				return become(v, wide(wasm.OpI32And, size), z, fo.constant(v.Type, ones(size)<<c))
			}
			if z, d, ok := operand(x, shrS); ok && d == c {
				return become(v, wide(wasm.OpI32And, size), z, fo.constant(v.Type, ones(size)<<c))
			}
			return nil
		}
		if ir.Mask(x)>>c == 0 {
			return fo.become(v, 0)
		}
		if z, d, ok := operand(x, shl); ok && d == c {
			return become(v, wide(wasm.OpI32And, size), z, fo.constant(v.Type, ones(size)>>c))
		}
	case wasm.OpI32ShrS:
		if z, d, ok := operand(x, v.Op); ok && d <= mask {
			v.Args[0], v.Args[1] = z, fo.constant(v.Type, min(c+d, mask))
			return v
		}
		if z, d, ok := operand(x, shl); ok && d == c {
			switch uint64(size) - c {
			case 8:
				if size == 64 {
					return become(v, wasm.OpI64Extend8S, z)
				}
				return become(v, wasm.OpI32Extend8S, z)
			case 16:
				if size == 64 {
					return become(v, wasm.OpI64Extend16S, z)
				}
				return become(v, wasm.OpI32Extend16S, z)
			case 32:
				return become(v, wasm.OpI64Extend32S, z)
			}
		}
		if ir.Mask(x)>>(size-1) == 0 {
			return become(v, shrU, x, y)
		}
	}
	return nil
}

// divide folds divisions by constants. Dividing by 0 traps, and so does dividing by -1 at times: those stay.
func (fo *folder) divide(v *ir.Value, op ir.Op, x *ir.Value, c uint64, size int) *ir.Value {
	t := v.Type
	k := uint64(bits.TrailingZeros64(c))
	power := c != 0 && c&(c-1) == 0
	constant := func(x uint64) *ir.Value { return fo.constant(t, x) }
	if c == 0 {
		return nil
	}
	switch op {
	case wasm.OpI32DivU:
		if power {
			return become(v, wide(wasm.OpI32ShrU, size), x, constant(k))
		}
		if ir.Mask(x) < c {
			return fo.become(v, 0)
		}
		if size == 32 {
			return fo.divideMagic(x, uint32(c))
		}
		return nil
	case wasm.OpI32RemU:
		if power {
			return become(v, wide(wasm.OpI32And, size), x, constant(c-1))
		}
		if ir.Mask(x) < c {
			return x
		}
		if size == 32 {
			q := fo.divideMagic(x, uint32(c))
			return become(v, wasm.OpI32Sub, x, fo.value(wasm.OpI32Mul, t, q, constant(c)))
		}
		return nil
	case wasm.OpI32DivS:
		if c == 1 {
			return x
		}
		if c == ones(size) {
			return nil
		}
		if ir.Mask(x)>>(size-1) == 0 && c>>(size-1) == 0 {
			return become(v, wide(wasm.OpI32DivU, size), x, constant(c))
		}
		if power && int(k) < size-1 {
			return become(v, wide(wasm.OpI32ShrS, size), fo.bias(x, k, size), constant(k))
		}
		if size == 32 {
			return fo.divideMagicSigned(x, int32(c))
		}
	case wasm.OpI32RemS:
		if c == 1 || c == ones(size) {
			return fo.become(v, 0)
		}
		if ir.Mask(x)>>(size-1) == 0 && c>>(size-1) == 0 {
			return become(v, wide(wasm.OpI32RemU, size), x, constant(c))
		}
		if power && int(k) < size-1 {
			biased := fo.value(wide(wasm.OpI32And, size), t, fo.bias(x, k, size), constant(-c))
			return become(v, wide(wasm.OpI32Sub, size), x, biased)
		}
		if size == 32 {
			q := fo.divideMagicSigned(x, int32(c))
			return become(v, wasm.OpI32Sub, x, fo.value(wasm.OpI32Mul, t, q, constant(c)))
		}
	}
	return nil
}

// bias adds 2^k-1 to x if it is negative: so that shifting rounds towards zero.
func (fo *folder) bias(x *ir.Value, k uint64, size int) *ir.Value {
	t := typeOf(size)
	sign := x
	if k > 1 {
		sign = fo.value(wide(wasm.OpI32ShrS, size), t, x, fo.constant(t, uint64(size-1)))
	}
	sign = fo.value(wide(wasm.OpI32ShrU, size), t, sign, fo.constant(t, uint64(size)-k))
	return fo.value(wide(wasm.OpI32Add, size), t, x, sign)
}

// divideMagic divides by a multiplication with 2^s/d, rounded up: that is exact for 32 bits if the error, d*m - 2^s, is not more than
// 2^(s-32).
func (fo *folder) divideMagic(x *ir.Value, d uint32) *ir.Value {
	wideX := fo.value(wasm.OpI64ExtendI32U, ir.I64, x)
	for s := uint(32); s < 64; s++ {
		m := (1<<s-1)/uint64(d) + 1
		if m >= 1<<32 {
			break
		}
		if m*uint64(d)-1<<s <= 1<<(s-32) {
			p := fo.value(wasm.OpI64Mul, ir.I64, wideX, fo.constant(ir.I64, m))
			return fo.value(wasm.OpI32WrapI64, ir.I32, fo.value(wasm.OpI64ShrU, ir.I64, p, fo.constant(ir.I64, uint64(s))))
		}
	}
	// m has 33 bits: its highest one is added as x.
	l := uint(bits.Len32(d - 1))
	m := (1<<32*(1<<l-uint64(d)))/uint64(d) + 1
	p := fo.value(wasm.OpI64Mul, ir.I64, wideX, fo.constant(ir.I64, m))
	p = fo.value(wasm.OpI64ShrU, ir.I64, p, fo.constant(ir.I64, 32))
	p = fo.value(wasm.OpI64Add, ir.I64, p, wideX)
	return fo.value(wasm.OpI32WrapI64, ir.I32, fo.value(wasm.OpI64ShrU, ir.I64, p, fo.constant(ir.I64, uint64(l))))
}

// divideMagicSigned is divideMagic for signed numbers, d being none of 0, 1 and -1; the quotient is rounded towards zero by
// adding 1 to negative ones.
func (fo *folder) divideMagicSigned(x *ir.Value, d int32) *ir.Value {
	a := uint64(d)
	if d < 0 {
		a = -a
	}
	a &= 1<<32 - 1
	// nc is the greatest number below 2^31 (2^31 itself for negative divisors) that leaves a-1 as its remainder.
	t := uint64(1 << 31)
	if d < 0 {
		t++
	}
	nc := t - 1 - t%a
	s := uint(32)
	for 1<<s <= nc*(a-1<<s%a) {
		s++
	}
	m := 1<<s/a + 1
	p := fo.value(wasm.OpI64Mul, ir.I64, fo.value(wasm.OpI64ExtendI32S, ir.I64, x), fo.constant(ir.I64, m))
	q := fo.value(wasm.OpI32WrapI64, ir.I32, fo.value(wasm.OpI64ShrS, ir.I64, p, fo.constant(ir.I64, uint64(s))))
	sign := fo.value(wasm.OpI32ShrS, ir.I32, x, fo.constant(ir.I32, 31))
	if d < 0 {
		return fo.value(wasm.OpI32Sub, ir.I32, sign, q)
	}
	return fo.value(wasm.OpI32Sub, ir.I32, q, sign)
}
