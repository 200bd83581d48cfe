package opt

import "github.com/godwit-vm/godwit/jit/ir"

// split puts a block on each critical edge: from a block with several successors to one with several predecessors. Moves for phis need a
// place of their own there.
func split(f *ir.Func) {
	for _, b := range f.Blocks {
		if len(b.Succs) < 2 {
			continue
		}
		for k, s := range b.Succs {
			if len(s.Preds) > 1 {
				f.Insert(b, k)
			}
		}
	}
}

// layout orders the blocks: each after one of its predecessors, those of a loop together, cold ones behind all others.
func layout(f *ir.Func) {
	l := f.Loops()
	markCold(l)
	done := make([]bool, f.NumBlocks())
	blocks := f.Blocks[:0]
	var place func(list []*ir.Block, loop *ir.Loop)
	place = func(list []*ir.Block, loop *ir.Loop) {
		for _, b := range list {
			if done[b.ID] {
				continue
			}
			if inner := l.LoopOf(b); inner != loop && inner != nil && inner.Header == b {
				place(inner.Blocks, inner)
				continue
			}
			done[b.ID] = true
			blocks = append(blocks, b)
		}
	}
	place(l.Order, nil)
	// Cold blocks keep their order among themselves.
	var cold []*ir.Block
	warm := blocks[:0]
	for i, b := range blocks {
		if b.Cold && i > 0 {
			cold = append(cold, b)
		} else {
			warm = append(warm, b)
		}
	}
	f.Blocks = append(warm, cold...)
}

// markCold makes blocks cold that only lead to cold ones, or that only cold ones lead to, and those where the function is left for good.
func markCold(l *ir.LoopInfo) {
	for i := len(l.Order) - 1; i >= 0; i-- {
		b := l.Order[i]
		if b.Cold {
			continue
		}
		switch b.Term().Op {
		case ir.OpTrap, ir.OpExit:
			b.Cold = true
			continue
		case ir.OpReturn, ir.OpTailCall, ir.OpTailCallRecord, ir.OpTailCallSelf:
			continue
		}
		cold := true
		for _, s := range b.Succs {
			cold = cold && s.Cold
		}
		b.Cold = cold
	}
	for _, b := range l.Order[1:] {
		if b.Cold {
			continue
		}
		cold := true
		for _, p := range b.Preds {
			cold = cold && (p.Cold || l.Dominates(b, p))
		}
		b.Cold = cold
	}
	l.Order[0].Cold = false
}
