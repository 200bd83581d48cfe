package jit

import "github.com/godwit-vm/godwit/jit/ir"

// finish takes out what turned out not to be needed: phis of one value, and loads and phis that nobody uses.
func (b *builder) finish() {
	b.removeTrivialPhis()
	b.removeUnused()
	b.markCold()
}

// removeTrivialPhis replaces phis whose arguments are all one value, or the phi itself.
func (b *builder) removeTrivialPhis() {
	var instead []*ir.Value // by ID
	find := func(v *ir.Value) *ir.Value {
		for instead[v.ID] != nil {
			v = instead[v.ID]
		}
		return v
	}
	var phis []*ir.Value
	for _, block := range b.f.Blocks {
		for _, v := range block.Values {
			if v.Op != ir.OpPhi {
				break
			}
			phis = append(phis, v)
		}
	}
	if len(phis) == 0 {
		return
	}
	instead = make([]*ir.Value, b.f.NumValues())
	for changed := true; changed; {
		changed = false
		left := phis[:0]
	next:
		for _, p := range phis {
			var only *ir.Value
			for _, a := range p.Args {
				if a = find(a); a == p || a == only {
					continue
				} else if only != nil {
					left = append(left, p)
					continue next
				}
				only = a
			}
			if only == nil {
				left = append(left, p) // a loop that cannot be entered
				continue
			}
			instead[p.ID] = only
			changed = true
		}
		phis = left
	}
	for _, block := range b.f.Blocks {
		for _, v := range block.Values {
			for i, a := range v.Args {
				v.Args[i] = find(a)
			}
			if v.Site != nil {
				for i := range v.Site.State {
					s := &v.Site.State[i]
					s.Value = find(s.Value)
				}
			}
		}
	}
	for _, block := range b.f.Blocks {
		dropValues(block, func(v *ir.Value) bool { return instead[v.ID] != nil })
	}
}

// dropValues takes values out of a block.
func dropValues(block *ir.Block, drop func(v *ir.Value) bool) {
	kept := block.Values[:0]
	for _, v := range block.Values {
		if !drop(v) {
			kept = append(kept, v)
		}
	}
	clear(block.Values[len(kept):])
	block.Values = kept
}

// removable tells whether a value does nothing but have a result.
func removable(op ir.Op) bool {
	switch op {
	case ir.OpConst, ir.OpParam, ir.OpPhi, ir.OpSlotLoad, ir.OpMemBase, ir.OpInstWord, ir.OpLoadWord:
		return true
	}
	return false
}

// removeUnused takes out values that building makes without knowing whether somebody wants them.
func (b *builder) removeUnused() {
	used := make([]bool, b.f.NumValues())
	var work []*ir.Value
	use := func(v *ir.Value) {
		if !used[v.ID] {
			used[v.ID] = true
			work = append(work, v)
		}
	}
	visit := func(v *ir.Value) {
		for _, a := range v.Args {
			use(a)
		}
		if v.Site != nil {
			for i := range v.Site.State {
				use(v.Site.State[i].Value)
			}
		}
	}
	for _, block := range b.f.Blocks {
		for _, v := range block.Values {
			if !removable(v.Op) {
				visit(v)
			}
		}
	}
	for len(work) > 0 {
		v := work[len(work)-1]
		work = work[:len(work)-1]
		if removable(v.Op) {
			visit(v)
		}
	}
	for _, block := range b.f.Blocks {
		dropValues(block, func(v *ir.Value) bool { return !used[v.ID] && removable(v.Op) })
	}
}

// markCold marks the blocks from which there is no way but out.
func (b *builder) markCold() {
	for i := len(b.f.Blocks) - 1; i > 0; i-- {
		block := b.f.Blocks[i]
		if block.Cold {
			continue
		}
		switch block.Term().Op {
		case ir.OpExit, ir.OpTrap:
			block.Cold = true
		case ir.OpReturn, ir.OpTailCall, ir.OpTailCallRecord, ir.OpTailCallSelf:
		default:
			block.Cold = true
			for _, s := range block.Succs {
				block.Cold = block.Cold && s.Cold
			}
		}
	}
}
