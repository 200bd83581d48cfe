package opt

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// fold computes what is constant, and replaces instructions by simpler ones that do the same: identities, powers of two, comparisons of
// comparisons, conversions there and back. Constants are the second operand afterwards, subtractions of constants
// additions, and conditions have no eqz.
func fold(f *ir.Func) {
	fo := folder{f: f, r: newRewriter(f), uses: countUses(f)}
	for _, b := range f.ReversePostorder() {
		fo.block(b)
	}
	fo.r.finish(f)
}

type folder struct {
	f   *ir.Func
	r   *rewriter
	b   *ir.Block
	out []*ir.Value // the block's values so far

	uses []int32 // by ID, as they were in the beginning
}

// shared tells whether v is used by more than one value.
func (fo *folder) shared(v *ir.Value) bool { return int(v.ID) < len(fo.uses) && fo.uses[v.ID] > 1 }

// maxFolds bounds how often a value is looked at again after it has changed.
const maxFolds = 16

func (fo *folder) block(b *ir.Block) {
	fo.b, fo.out = b, fo.out[:0]
	for _, v := range b.Values {
		fo.r.args(v)
		if v.Op == ir.OpTrapIf {
			if x, ok := isConst(fo.condition(v.Args[0])); ok && uint32(x) != 0 {
				for k := len(b.Succs) - 1; k >= 0; k-- {
					b.RemoveSucc(k)
				}
				v.Op, v.Args = ir.OpTrap, nil
				fo.out = append(fo.out, v)
				break
			} else if ok {
				continue
			}
		}
		w := fo.simplify(v)
		if w != v {
			fo.r.replace(v, w)
			continue
		}
		fo.out = append(fo.out, v)
	}
	clear(b.Values)
	b.Values = append(b.Values[:0], fo.out...)
}

// simplify makes v simpler in place, or returns what it is.
func (fo *folder) simplify(v *ir.Value) *ir.Value {
	for range maxFolds {
		w := fo.step(v)
		if w == nil {
			break
		}
		if w != v {
			return w
		}
	}
	return v
}

// value makes a new value in front of the one at hand.
func (fo *folder) value(op ir.Op, t ir.Type, args ...*ir.Value) *ir.Value {
	v := fo.f.NewValue(op, t, args...)
	v.Block = fo.b
	w := fo.simplify(v)
	if w == v {
		fo.out = append(fo.out, v)
	}
	return w
}

func (fo *folder) constant(t ir.Type, x uint64) *ir.Value {
	v := fo.f.NewValue(ir.OpConst, t)
	v.Block = fo.b
	makeConst(v, x)
	fo.out = append(fo.out, v)
	return v
}

// become makes v another instruction.
func become(v *ir.Value, op ir.Op, args ...*ir.Value) *ir.Value {
	v.Op, v.Args, v.Imm, v.Aux, v.Site = op, args, 0, 0, nil
	return v
}

func (fo *folder) become(v *ir.Value, x uint64) *ir.Value {
	makeConst(v, x)
	return v
}

// step makes one step: it returns nil when there is nothing to do, v when v has changed, or the value that v is.
func (fo *folder) step(v *ir.Value) *ir.Value {
	switch v.Op {
	case ir.OpConst, ir.OpPhi, ir.OpParam:
		return nil
	case ir.OpCopy:
		return v.Args[0]
	case ir.OpIf:
		return fo.branch(v)
	case ir.OpTrapIf:
		if c := fo.condition(v.Args[0]); c != v.Args[0] {
			v.Args[0] = c
		}
		return nil
	case ir.OpSwitch:
		if s := v.Block.Succs; len(s) == 2 && s[0] != s[1] {
			v.Op = ir.OpIf
			s[0], s[1] = s[1], s[0]
			return v
		}
		return nil
	case wasm.OpSelect:
		return fo.selection(v)
	case wasm.OpRefIsNull:
		return become(v, wasm.OpI64Eqz, v.Args[0])
	case wasm.OpRefEq:
		return become(v, wasm.OpI64Eq, v.Args...)
	}
	if v.IsMemory() {
		return fo.access(v)
	}
	if v.Op >= 256 && (v.Op < wasm.OpI32TruncSatF32S || v.Op > wasm.OpI64TruncSatF64U) || v.Op < wasm.OpI32Eqz {
		return nil
	}
	if w := fo.compute(v); w != nil {
		return w
	}
	switch op := v.Op; {
	case op >= wasm.OpI32Add && op <= wasm.OpI32Rotr:
		return fo.binary(v, op, 32)
	case op >= wasm.OpI64Add && op <= wasm.OpI64Rotr:
		return fo.binary(v, op-wasm.OpI64Add+wasm.OpI32Add, 64)
	case op >= wasm.OpI32Eq && op <= wasm.OpI32GeU:
		return fo.comparison(v, op, 32)
	case op >= wasm.OpI64Eq && op <= wasm.OpI64GeU:
		return fo.comparison(v, op-wasm.OpI64Eq+wasm.OpI32Eq, 64)
	case op == wasm.OpI32Eqz || op == wasm.OpI64Eqz:
		return fo.eqz(v)
	}
	return fo.unary(v)
}

// compute does what is constant. Results that are not a number stay: processors do not agree on their bits.
func (fo *folder) compute(v *ir.Value) *ir.Value {
	var x [2]uint64
	if len(v.Args) > 2 || len(v.Args) == 0 {
		return nil
	}
	for i, a := range v.Args {
		c, ok := isConst(a)
		if !ok {
			return nil
		}
		x[i] = c
	}
	r, trap, ok := ir.Compute(v.Op, x[0], x[1])
	if !ok || trap != 0 || v.Type == ir.F32 && r&0x7FFFFFFF > 0x7F800000 || v.Type == ir.F64 && r&^(1<<63) > 0x7FF<<52 {
		if v.Op != wasm.OpF32ReinterpretI32 && v.Op != wasm.OpF64ReinterpretI64 {
			return nil
		}
	}
	makeConst(v, r)
	return v
}

// condition is what to test instead of c where only zero or not matters.
func (fo *folder) condition(c *ir.Value) *ir.Value {
	for {
		switch c.Op {
		case wasm.OpI32Ne:
			if x, ok := isConst(c.Args[1]); ok && x == 0 {
				c = c.Args[0]
				continue
			}
		case wasm.OpI32Eqz:
			if c.Args[0].Op == wasm.OpI32Eqz {
				c = c.Args[0].Args[0]
				continue
			}
		case wasm.OpSelect:
			// select(x, 1, 0) has been folded; what is left is not simpler.
		}
		return c
	}
}

func (fo *folder) branch(v *ir.Value) *ir.Value {
	v.Args[0] = fo.condition(v.Args[0])
	if c, s := v.Args[0], v.Block.Succs; c.Op == wasm.OpI32Eqz && s[0] != s[1] {
		v.Args[0] = fo.condition(c.Args[0])
		s[0], s[1] = s[1], s[0]
	}
	return nil
}

// boolean tells whether v is 0 or 1.
func boolean(v *ir.Value) bool { return ir.Mask(v)&^1 == 0 }

func (fo *folder) selection(v *ir.Value) *ir.Value {
	x, y, c := v.Args[0], v.Args[1], fo.condition(v.Args[2])
	v.Args[2] = c
	if x == y {
		return x
	}
	if k, ok := isConst(c); ok {
		if uint32(k) != 0 {
			return x
		}
		return y
	}
	if c.Op == wasm.OpI32Eqz {
		v.Args[0], v.Args[1], v.Args[2] = y, x, fo.condition(c.Args[0])
		return v
	}
	k, ok1 := isConst(x)
	l, ok2 := isConst(y)
	if !ok1 || !ok2 || v.Type.Float() {
		return nil
	}
	if k == l {
		return x
	}
	if k+l != 1 || k*l != 0 {
		return nil
	}
	if v.Type == ir.I64 {
		if k == 0 {
			return become(v, wasm.OpI64ExtendI32U, fo.value(wasm.OpI32Eqz, ir.I32, c))
		}
		if boolean(c) {
			return become(v, wasm.OpI64ExtendI32U, c)
		}
		return become(v, wasm.OpI64ExtendI32U, fo.value(wasm.OpI32Ne, ir.I32, c, fo.constant(ir.I32, 0)))
	}
	switch {
	case k == 0:
		return become(v, wasm.OpI32Eqz, c)
	case boolean(c):
		return c
	}
	return become(v, wasm.OpI32Ne, c, fo.constant(ir.I32, 0))
}

// maxOffset bounds offsets of accesses that constants are added to.
const maxOffset = 1 << 30

// access adds what is constant in an address to the offset, if the sum cannot overflow.
func (fo *folder) access(v *ir.Value) *ir.Value {
	a := v.Args[1]
	if a.Type != ir.I32 || a.Op != wasm.OpI32Add {
		return nil
	}
	c, ok := isConst(a.Args[1])
	if !ok || c > maxOffset || v.Imm > maxOffset || ir.Mask(a.Args[0])+c >= 1<<32 {
		return nil
	}
	v.Args[1] = a.Args[0]
	v.Imm += c
	return v
}
