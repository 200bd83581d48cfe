package jit

import (
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// lastUse is where a value is used last, as far as one look at each block can tell.
type lastUse struct {
	at     int32 // number of the user
	beyond bool  // it is used in another block, too
}

// exchange exchanges the operands of what may have them in any order, where that saves a copy on machines whose results
// take the register of the first operand: that had better be one that is not needed any more.
func (a *allocator) exchange() {
	a.last = resize(a.last, a.f.NumValues())
	use := func(v *ir.Value, b *ir.Block, n int32) {
		l := &a.last[v.ID]
		l.at = max(l.at, n)
		l.beyond = l.beyond || v.Block != b
	}
	n := int32(0)
	for _, b := range a.f.Blocks {
		for _, v := range b.Values {
			n++
			for k, x := range v.Args {
				if v.Op == ir.OpPhi {
					use(x, b.Preds[k], never)
				} else {
					use(x, b, n)
				}
			}
			if v.Site != nil {
				for _, s := range v.Site.State {
					use(s.Value, b, n)
				}
			}
		}
	}
	n = 0
	for _, b := range a.f.Blocks {
		for _, v := range b.Values {
			n++
			if len(v.Args) != 2 || !exchangeable(v.Op) {
				continue
			}
			x, y := v.Args[0], v.Args[1]
			if x == y || x.Folded || y.Folded || x.Op == ir.OpConst || y.Op == ir.OpConst {
				continue
			}
			xEnds := !a.last[x.ID].beyond && a.last[x.ID].at == n
			yEnds := !a.last[y.ID].beyond && a.last[y.ID].at == n
			if yEnds && !xEnds || xEnds == yEnds && goesRound(y, v) && !goesRound(x, v) {
				v.Args[0], v.Args[1] = y, x
			}
		}
	}
}

// goesRound tells whether p is a phi that v is an argument of.
func goesRound(p, v *ir.Value) bool {
	return p.Op == ir.OpPhi && len(p.Args) <= 8 && slices.Contains(p.Args, v)
}

// exchangeable tells whether the operands may be exchanged. Those of floating-point numbers may not: which NaN comes out is the first's.
func exchangeable(op ir.Op) bool {
	switch op {
	case wasm.OpI32Add, wasm.OpI32Mul, wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor,
		wasm.OpI64Add, wasm.OpI64Mul, wasm.OpI64And, wasm.OpI64Or, wasm.OpI64Xor:
		return true
	}
	return false
}
