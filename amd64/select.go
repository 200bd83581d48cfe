package amd64

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// selection marks what is folded in a function.
type selection struct {
	t *Target
	f *ir.Func

	block    *ir.Block
	at       []int32 // by value: where it stands in its block
	barriers []int32 // by place in the block: how many values before it that a load must not be moved over
	root     int32   // the place where what is folded now is executed
}

func (s *selection) run() {
	s.f.CountUses()
	s.at = make([]int32, s.f.NumValues())
	for _, b := range s.f.Blocks {
		s.canonical(b)
	}
	args := registerArgs(s.f.Params)
	for _, v := range s.f.Entry.Values {
		for _, a := range args {
			if v.Op == ir.OpParam && v.Imm == uint64(a.param) {
				v.Aux = uint64(a.reg)
			}
		}
	}
	for _, b := range s.f.Blocks {
		s.transparent(b)
	}
	s.unused()
	for _, b := range s.f.Blocks {
		s.one(b)
	}
}

// transparent makes users of i64.extend_i32_u read the i32 itself, whose upper half is zero in registers and spill slots, and users of
// i32.wrap_i64 that look at 32 bits only the i64. The types of such operands are not those that the instructions want.
func (s *selection) transparent(b *ir.Block) {
	for _, v := range b.Values {
		if v.Op == ir.OpPhi {
			continue
		}
		for i, a := range v.Args {
			for a.Op == wasm.OpI64ExtendI32U || a.Op == wasm.OpI32WrapI64 && narrow(v, i) {
				if isConst(a.Args[0]) {
					break
				}
				a.Uses--
				a = a.Args[0]
				a.Uses++
				v.Args[i] = a
			}
		}
		if v.Op == ir.OpCall && v.Aux == ownCallMark {
			v.Args[0].Uses--
		}
	}
}

// narrow tells whether v reads no more than 32 bits of operand i, which is an i32.
func narrow(v *ir.Value, i int) bool {
	switch op := v.Op; {
	case op == ir.OpIf, op == ir.OpTrapIf, op == wasm.OpSelect && i == 2:
		return true
	case op >= wasm.OpI32Eqz && op <= wasm.OpI32GeU, op >= wasm.OpI32Add && op <= wasm.OpI32Mul, op >= wasm.OpI32And && op <= wasm.OpI32Rotr:
		return true
	case op == wasm.OpI32Store, op == wasm.OpI32Store8, op == wasm.OpI32Store16:
		return i == 2
	}
	return v.Op == wasm.OpI32Extend8S || v.Op == wasm.OpI32Extend16S
}

// unused folds away what nothing reads any more.
func (s *selection) unused() {
	for _, b := range s.f.Blocks {
		for i := len(b.Values) - 1; i >= 0; i-- {
			v := b.Values[i]
			switch v.Op {
			case wasm.OpI64ExtendI32U, wasm.OpI32WrapI64, ir.OpInstWord:
				if v.Uses == 0 {
					v.Folded = true
					for _, a := range v.Args {
						a.Uses--
					}
				}
			}
		}
	}
}

// canonical exchanges the operands of what can have a constant only on the right.
func (s *selection) canonical(b *ir.Block) {
	for i, v := range b.Values {
		s.at[v.ID] = int32(i)
		if v.Op == ir.OpMemBase && v.Mem == 0 {
			v.Folded = true
		}
		if v.Op == ir.OpCall && s.f.Loop < 0 && v.Site != nil && v.Site.Callee == s.f.Index {
			v.Aux = ownCallMark
		}
		if len(v.Args) != 2 || !isConst(v.Args[0]) || isConst(v.Args[1]) {
			continue
		}
		if commutative(v.Op) {
			v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
		} else if c, ok := comparisons[v.Op]; ok && !c.float {
			v.Op = c.mirror
			v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
		}
	}
}

// commutative tells whether the operands may be exchanged. Those of floating-point numbers may not: which NaN comes out
// is the first's.
func commutative(op ir.Op) bool {
	switch op {
	case wasm.OpI32Add, wasm.OpI32Mul, wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor,
		wasm.OpI64Add, wasm.OpI64Mul, wasm.OpI64And, wasm.OpI64Or, wasm.OpI64Xor:
		return true
	}
	return false
}

// one goes over a block from its end, so that a value is folded into what has its own place already.
func (s *selection) one(b *ir.Block) {
	s.block = b
	s.barriers = s.barriers[:0]
	var n int32
	for _, v := range b.Values {
		s.barriers = append(s.barriers, n)
		if isBarrier(v) {
			n++
		}
	}
	for i := len(b.Values) - 1; i >= 0; i-- {
		v := b.Values[i]
		if v.Folded {
			continue
		}
		s.root = int32(i)
		s.fold(v)
	}
}

// fold folds operands into v.
func (s *selection) fold(v *ir.Value) {
	if r := ruleOf(v.Op); r != nil && r.fold != nil {
		r.fold(s, v)
	}
}

// isBarrier tells whether no load may be moved over v: it writes, leaves or traps.
func isBarrier(v *ir.Value) bool {
	if v.Site != nil {
		return true
	}
	switch op := v.Op; {
	case op == ir.OpSlotStore, op == ir.OpStoreWord, op == ir.OpCall, op == ir.OpCallRecord, op == ir.OpLeave, op == ir.OpCheckType:
		return true
	case op >= wasm.OpI32Store && op <= wasm.OpI64Store32, op>>16 == 0xFE, op == wasm.OpV128Store:
		return true
	case op >= wasm.OpV128Store8Lane && op <= wasm.OpV128Store64Lane, op == wasm.OpMemoryCopy, op == wasm.OpMemoryFill:
		return true
	}
	return false
}

// own tells whether a has no user but the one that is looked at, and stands in the same block.
func (s *selection) own(a *ir.Value) bool {
	return a.Uses == 1 && a.Block == s.block && !a.Folded && a.Op != ir.OpPhi && a.Op != ir.OpConst
}

// load folds the load a, whose width is that of its type, into v.
func (s *selection) load(v, a *ir.Value) bool {
	if !a.Type.Float() && is64(v) != (a.Type == ir.I64) || !s.own(a) || !loadsAll(a) || a.Type == ir.V128 && !s.t.has.AVX {
		return false
	}
	at := s.at[a.ID]
	if s.barriers[s.root] != s.barriers[at]+boolInt(isBarrier(a)) {
		return false
	}
	a.Folded = true
	if a.Op == ir.OpLoadWord {
		foldWord(s, a)
	}
	return true
}

func boolInt(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// loadsAll tells whether a reads as many bytes as its type has.
func loadsAll(a *ir.Value) bool {
	switch a.Op {
	case wasm.OpI32Load, wasm.OpI64Load, wasm.OpF32Load, wasm.OpF64Load, wasm.OpV128Load, ir.OpSlotLoad:
		return true
	case ir.OpLoadWord:
		return int(a.Width) == a.Type.Size()
	}
	return false
}

// foldSecond folds a load that is the second operand, or the first of what can be exchanged.
func foldSecond(s *selection, v *ir.Value) {
	if isConst(v.Args[1]) || s.load(v, v.Args[1]) {
		return
	}
	if commutative(v.Op) && s.load(v, v.Args[0]) {
		v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
	}
}

// foldFirst folds a load that is the only operand.
func foldFirst(s *selection, v *ir.Value) { s.load(v, v.Args[0]) }

// foldCond folds the comparison that is v's first operand.
func foldCond(s *selection, v *ir.Value) { s.cond(v.Args[0]) }

// cond folds the comparison c into a branch or the like.
func (s *selection) cond(c *ir.Value) {
	if s.own(c) && isTest(c) {
		c.Folded = true
		s.compare(c)
	}
}

// foldTrapIf folds two comparisons as well, of which one or both must hold: there is a jump for each.
func foldTrapIf(s *selection, v *ir.Value) {
	c := v.Args[0]
	if s.own(c) && (c.Op == wasm.OpI32And || c.Op == wasm.OpI32Or) && c.Args[0] != c.Args[1] && s.compares(c.Args[0]) && s.compares(c.Args[1]) {
		c.Folded, c.Aux = true, pairMark
		for _, a := range c.Args {
			a.Folded = true
			s.compare(a)
		}
		return
	}
	s.cond(c)
}

// pairMark is in Aux of a folded i32.and or i32.or of two comparisons.
const pairMark = 1

// compares tells whether a can be folded and is 0 or 1.
func (s *selection) compares(a *ir.Value) bool {
	return s.own(a) && a.Op >= wasm.OpI32Eqz && a.Op <= wasm.OpF64Ge
}

// foldCompare folds into a comparison.
func foldCompare(s *selection, v *ir.Value) { s.compare(v) }

func (s *selection) compare(v *ir.Value) {
	switch v.Op {
	case wasm.OpI32And, wasm.OpI64And:
		foldSecond(s, v)
		return
	case wasm.OpI32Eqz, wasm.OpI64Eqz:
		a := v.Args[0]
		if s.own(a) && (isTest(a) || a.Op == wasm.OpI64And && v.Op == wasm.OpI64Eqz) {
			a.Folded = true
			s.compare(a)
		} else {
			s.load(v, a)
		}
		return
	}
	c := comparisons[v.Op]
	switch {
	case c.float && c.swapped:
		s.load(v, v.Args[0])
	case c.float:
		s.load(v, v.Args[1])
	case !isConst(v.Args[1]) && s.load(v, v.Args[1]):
	case isConst(v.Args[0]):
	default:
		s.load(v, v.Args[0])
	}
}

// shiftedBy tells by how many bits, 1 to 3, v is shifted to the left, or 0.
func shiftedBy(v *ir.Value) uint {
	if (v.Op == wasm.OpI32Shl || v.Op == wasm.OpI64Shl) && isConst(v.Args[1]) {
		if n := v.Args[1].Imm; n >= 1 && n <= 3 {
			return uint(n)
		}
	}
	return 0
}

// foldAdd folds what LEA can do: a shifted operand, and a sum of two before a constant.
func foldAdd(s *selection, v *ir.Value) {
	a, b := v.Args[0], v.Args[1]
	if isConst(b) {
		if immediate(b) && s.own(a) && a.Op == v.Op && !isConst(a.Args[1]) && !isConst(a.Args[0]) {
			a.Folded = true
			s.shifted(a)
		}
		return
	}
	if s.shifted(v) {
		return
	}
	foldSecond(s, v)
}

// shifted folds a shifted operand of the sum v, and makes it the second.
func (s *selection) shifted(v *ir.Value) bool {
	for i := 1; i >= 0; i-- {
		if x := v.Args[i]; s.own(x) && shiftedBy(x) > 0 {
			x.Folded = true
			if i == 0 {
				v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
			}
			return true
		}
	}
	return false
}

// foldWord folds a sum into the address of OpLoadWord and OpStoreWord.
func foldWord(s *selection, v *ir.Value) {
	a := v.Args[0]
	if !s.own(a) || a.Op != wasm.OpI64Add || isConst(a.Args[0]) {
		return
	}
	if b := a.Args[1]; isConst(b) {
		if sum := int64(b.Imm) + int64(v.Imm); !immediate(b) || sum != int64(int32(sum)) {
			return
		}
		a.Folded = true
		return
	}
	a.Folded = true
	s.shifted(a)
}
