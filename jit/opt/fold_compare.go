package opt

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Comparisons in the order of opcodes, from eq on.
const (
	eq = iota
	ne
	ltS
	ltU
	gtS
	gtU
	leS
	leU
	geS
	geU
)

// inverse and swapped are what is true when a comparison is not, and what it is with its operands exchanged.
var (
	inverse = [...]ir.Op{eq: ne, ne: eq, ltS: geS, ltU: geU, gtS: leS, gtU: leU, leS: gtS, leU: gtU, geS: ltS, geU: ltU}
	swapped = [...]ir.Op{eq: eq, ne: ne, ltS: gtS, ltU: gtU, gtS: ltS, gtU: ltU, leS: geS, leU: geU, geS: leS, geU: leU}
	ofEqual = [...]uint64{eq: 1, ne: 0, ltS: 0, ltU: 0, gtS: 0, gtU: 0, leS: 1, leU: 1, geS: 1, geU: 1}
	// unsigned is the comparison for numbers that are not negative.
	unsigned = [...]ir.Op{eq: eq, ne: ne, ltS: ltU, ltU: ltU, gtS: gtU, gtU: gtU, leS: leU, leU: leU, geS: geU, geU: geU}
)

// comparison folds comparisons of integers; op is the one of 32 bits.
func (fo *folder) comparison(v *ir.Value, op ir.Op, size int) *ir.Value {
	x, y := v.Args[0], v.Args[1]
	n := op - wasm.OpI32Eq
	first := wide(wasm.OpI32Eq, size)
	if x == y {
		return fo.become(v, ofEqual[n])
	}
	if _, ok := isConst(x); ok {
		v.Op = first + swapped[n]
		v.Args[0], v.Args[1] = y, x
		return v
	}
	if w := fo.narrow(v, n, x, y, size); w != nil {
		return w
	}
	c, isC := isConst(y)
	if !isC {
		return nil
	}
	t := typeOf(size)
	if w := fo.known(v, n, x, c); w != nil {
		return w
	}
	switch {
	case n == eq && c == 0, n == leU && c == 0, n == ltU && c == 1:
		return become(v, wide(wasm.OpI32Eqz, size), x)
	case n == gtU && c == 0, n == geU && c == 1:
		return become(v, first+ne, x, fo.constant(t, 0))
	}
	if n == eq || n == ne {
		if boolean(x) && size == 32 {
			switch {
			case n == eq && c == 1, n == ne && c == 0:
				return x
			case n == ne && c == 1:
				return become(v, wasm.OpI32Eqz, x)
			}
		}
		// A sum that is needed anyway, as counters of loops are, had better be what is compared: it can take the register of its operand then.
		if z, d, ok := operand(x, wide(wasm.OpI32Add, size)); ok && !fo.shared(x) {
			return become(v, v.Op, z, fo.constant(t, c-d))
		}
		if z, d, ok := operand(x, wide(wasm.OpI32Xor, size)); ok {
			return become(v, v.Op, z, fo.constant(t, c^d))
		}
		if n == ne && c == 0 && (x.Op == wide(wasm.OpI32Sub, size) || x.Op == wide(wasm.OpI32Xor, size)) {
			return become(v, v.Op, x.Args[0], x.Args[1])
		}
	}
	return nil
}

// known decides comparisons with constants that lie beyond what x can be.
func (fo *folder) known(v *ir.Value, n ir.Op, x *ir.Value, c uint64) *ir.Value {
	m := ir.Mask(x)
	if x.Type == ir.I32 && m>>31 == 0 && c>>31 == 0 || x.Type == ir.I64 && m>>63 == 0 && c>>63 == 0 {
		if u := unsigned[n]; u != n {
			v.Op += u - n
			return v
		}
	}
	var result bool
	switch n {
	case ltU:
		if c != 0 && m >= c {
			return nil
		}
		result = c != 0
	case geU:
		if c != 0 && m >= c {
			return nil
		}
		result = c == 0
	case gtU, eq:
		if m >= c && !(n == gtU && m == c) {
			return nil
		}
	case leU, ne:
		if m >= c && !(n == leU && m == c) {
			return nil
		}
		result = true
	default:
		return nil
	}
	if result {
		return fo.become(v, 1)
	}
	return fo.become(v, 0)
}

// narrow compares 32 bits where operands of 64 are extensions of 32.
func (fo *folder) narrow(v *ir.Value, n ir.Op, x, y *ir.Value, size int) *ir.Value {
	if size != 64 || x.Op != wasm.OpI64ExtendI32U && x.Op != wasm.OpI64ExtendI32S {
		return nil
	}
	signed := x.Op == wasm.OpI64ExtendI32S
	var z *ir.Value
	if c, ok := isConst(y); ok {
		if signed && uint64(int32(c)) != c || !signed && c>>32 != 0 {
			return nil
		}
		z = fo.constant(ir.I32, c)
	} else if y.Op == x.Op {
		z = y.Args[0]
	} else {
		return nil
	}
	if !signed {
		n = unsigned[n]
	}
	// Sign extension keeps the order of unsigned numbers too.
	return become(v, wasm.OpI32Eq+n, x.Args[0], z)
}

// eqz folds i32.eqz and i64.eqz.
func (fo *folder) eqz(v *ir.Value) *ir.Value {
	x := v.Args[0]
	size := 8 * x.Type.Size()
	switch {
	case x.Op >= wasm.OpI32Eq && x.Op <= wasm.OpI32GeU:
		return become(v, wasm.OpI32Eq+inverse[x.Op-wasm.OpI32Eq], x.Args[0], x.Args[1])
	case x.Op >= wasm.OpI64Eq && x.Op <= wasm.OpI64GeU:
		return become(v, wasm.OpI64Eq+inverse[x.Op-wasm.OpI64Eq], x.Args[0], x.Args[1])
	}
	switch x.Op {
	case wasm.OpF32Eq, wasm.OpF64Eq:
		return become(v, x.Op+1, x.Args[0], x.Args[1])
	case wasm.OpF32Ne, wasm.OpF64Ne:
		return become(v, x.Op-1, x.Args[0], x.Args[1])
	case wasm.OpI32Eqz:
		if boolean(x.Args[0]) {
			return x.Args[0]
		}
		return become(v, wasm.OpI32Ne, x.Args[0], fo.constant(ir.I32, 0))
	case wasm.OpI64Eqz:
		return become(v, wasm.OpI64Ne, x.Args[0], fo.constant(ir.I64, 0))
	case wasm.OpI64ExtendI32U, wasm.OpI64ExtendI32S:
		return become(v, wasm.OpI32Eqz, x.Args[0])
	case wide(wasm.OpI32Sub, size), wide(wasm.OpI32Xor, size):
		return become(v, wide(wasm.OpI32Eq, size), x.Args[0], x.Args[1])
	case wide(wasm.OpI32Add, size):
		if z, c, ok := operand(x, x.Op); ok && !fo.shared(x) {
			return become(v, wide(wasm.OpI32Eq, size), z, fo.constant(x.Type, -c))
		}
	case wide(wasm.OpI32Or, size):
		if _, c, ok := operand(x, x.Op); ok && c != 0 {
			return fo.become(v, 0)
		}
	}
	return nil
}
