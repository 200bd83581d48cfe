package opt

import "github.com/godwit-vm/godwit/jit/ir"

// cfg makes the graph smaller: branches whose way is known become jumps, blocks that cannot be reached go, jumps to blocks that
// only jump on go where those go, and a block is merged with its only successor when it is that one's only predecessor.
func cfg(f *ir.Func) {
	for {
		f.Check()
		known := branches(f)
		unreachable(f)
		threaded := thread(f)
		merged := merge(f)
		if !known && !threaded && !merged {
			break
		}
	}
	phis(f)
}

// branches makes jumps of branches on constants, and of those whose ways are all the same.
func branches(f *ir.Func) (changed bool) {
	for _, b := range f.Blocks {
		t := b.Term()
		if t.Op != ir.OpIf && t.Op != ir.OpSwitch {
			continue
		}
		way := -1
		if x, ok := isConst(t.Args[0]); ok {
			switch {
			case t.Op == ir.OpSwitch:
				way = int(min(uint64(uint32(x)), uint64(len(b.Succs)-1)))
			case uint32(x) != 0:
				way = 0
			default:
				way = 1
			}
		} else if t.Op == ir.OpSwitch && len(b.Succs) == 1 {
			way = 0
		} else if sameWays(b) {
			way = 0
		}
		if way < 0 {
			continue
		}
		for k := len(b.Succs) - 1; k >= 0; k-- {
			if k != way {
				b.RemoveSucc(k)
			}
		}
		t.Op, t.Args, t.Site = ir.OpJump, nil, nil
		changed = true
	}
	return changed
}

// sameWays tells whether all of b's edges lead to the same block with the same phi arguments.
func sameWays(b *ir.Block) bool {
	to := b.Succs[0]
	for _, s := range b.Succs[1:] {
		if s != to {
			return false
		}
	}
	first := -1
	for i, p := range to.Preds {
		if p != b {
			continue
		}
		if first < 0 {
			first = i
			continue
		}
		for _, v := range to.Values {
			if v.Op != ir.OpPhi {
				break
			}
			if v.Args[i] != v.Args[first] {
				return false
			}
		}
	}
	return true
}

// unreachable takes away blocks that cannot be reached.
func unreachable(f *ir.Func) {
	order := f.ReversePostorder()
	if len(order) == len(f.Blocks) {
		return
	}
	seen := make([]bool, f.NumBlocks())
	for _, b := range order {
		seen[b.ID] = true
	}
	keep := f.Blocks[:0]
	for _, b := range f.Blocks {
		if !seen[b.ID] {
			continue
		}
		keep = append(keep, b)
		for i := len(b.Preds) - 1; i >= 0; i-- {
			if !seen[b.Preds[i].ID] {
				b.RemovePred(i)
			}
		}
	}
	clear(f.Blocks[len(keep):])
	f.Blocks = keep
}

// maxThreaded bounds the ways into a block that edges pass by: to find an edge costs as much as there are ways, and where blocks end in one
// another they come together by the thousand.
const maxThreaded = 128

// thread lets edges pass by blocks that decide nothing: those that only jump on, and those that branch on a phi which is a constant for
// that edge. Edges to heads of loops stay as they are: a loop has one way in and few back edges, and phis with few arguments.
func thread(f *ir.Func) (changed bool) {
	place := make([]int32, f.NumBlocks())
	for i, b := range f.ReversePostorder() {
		place[b.ID] = int32(i)
	}
	heads := func(b *ir.Block) bool {
		for _, p := range b.Preds {
			if place[p.ID] >= place[b.ID] {
				return true
			}
		}
		return false
	}
	var uses []int32
	for _, b := range f.Blocks {
		if b == f.Entry || len(b.Preds) == 0 {
			continue
		}
		n := 0 // phis
		for b.Values[n].Op == ir.OpPhi {
			n++
		}
		t := b.Values[n]
		if t.Op != ir.OpJump && !(t.Op == ir.OpIf && n > 0 && t.Args[0].Block == b) {
			continue
		}
		if len(b.Preds) > maxThreaded || heads(b) {
			continue
		}
		if n > 0 {
			if uses == nil {
				uses = countUses(f)
			}
			if !usedHere(b, uses) {
				continue
			}
		}
		for i := len(b.Preds) - 1; i >= 0; i-- {
			p := b.Preds[i]
			way := 0
			if t.Op == ir.OpIf {
				x, ok := isConst(at(t.Args[0], b, i))
				if !ok {
					continue
				}
				if uint32(x) == 0 {
					way = 1
				}
			} else if len(p.Succs) > 1 && len(b.Preds) == 1 && len(b.Succs[0].Preds) > 1 {
				continue // the edge would be critical, and be split again
			}
			to := b.Succs[way]
			if to == b || heads(to) || to.Values[0].Op == ir.OpPhi && isPred(p, to) {
				continue
			}
			redirect(b, i, way, uses)
			changed = true
		}
	}
	if changed {
		unreachable(f)
	}
	return changed
}

func isPred(p, b *ir.Block) bool {
	if len(p.Succs) < len(b.Preds) { // thousands of branches may come together in one block
		for _, s := range p.Succs {
			if s == b {
				return true
			}
		}
		return false
	}
	for _, q := range b.Preds {
		if p == q {
			return true
		}
	}
	return false
}

// at is what v is when b is come to by its predecessor i.
func at(v *ir.Value, b *ir.Block, i int) *ir.Value {
	if v.Op == ir.OpPhi && v.Block == b {
		return v.Args[i]
	}
	return v
}

// redirect lets the edge from b.Preds[i] lead to b.Succs[way]. New uses are counted in uses.
func redirect(b *ir.Block, i, way int, uses []int32) {
	p, to := b.Preds[i], b.Succs[way]
	p.Succs[b.SuccIndex(i)] = to
	edge := b.PredIndex(way)
	for _, v := range to.Values {
		if v.Op != ir.OpPhi {
			break
		}
		a := at(v.Args[edge], b, i)
		v.Args = append(v.Args, a)
		if uses != nil {
			uses[a.ID]++
		}
	}
	to.Preds = append(to.Preds, p)
	b.RemovePred(i)
}

// countUses returns the number of uses of each value, by ID.
func countUses(f *ir.Func) []int32 {
	uses := make([]int32, f.NumValues())
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			for _, a := range v.Args {
				uses[a.ID]++
			}
			if v.Site != nil {
				for _, s := range v.Site.State {
					uses[s.Value.ID]++
				}
			}
		}
	}
	return uses
}

// usedHere tells whether b's phis have no users but b's terminator and phis of its successors, for the edge from b.
func usedHere(b *ir.Block, uses []int32) bool {
	own := func(v *ir.Value) bool { return v.Op == ir.OpPhi && v.Block == b }
	for _, a := range b.Term().Args {
		if own(a) {
			uses[a.ID]--
		}
	}
	count := func(by int32) {
		for k, s := range b.Succs {
			i := b.PredIndex(k)
			for _, v := range s.Values {
				if v.Op != ir.OpPhi {
					break
				}
				if own(v.Args[i]) {
					uses[v.Args[i].ID] += by
				}
			}
		}
	}
	count(-1)
	here := true
	for _, v := range b.Values {
		if v.Op != ir.OpPhi {
			break
		}
		here = here && uses[v.ID] == 0
	}
	count(1)
	for _, a := range b.Term().Args {
		if own(a) {
			uses[a.ID]++
		}
	}
	return here
}

// merge makes one block of two where the first is all that leads to the second, which is all that it leads to.
func merge(f *ir.Func) (changed bool) {
	r := newRewriter(f)
	for _, b := range f.Blocks {
		for len(b.Succs) == 1 {
			s := b.Succs[0]
			if s == b || s == f.Entry || len(s.Preds) != 1 || len(b.Values) == 0 {
				break
			}
			b.Values = b.Values[:len(b.Values)-1] // the jump
			for _, v := range s.Values {
				if v.Op == ir.OpPhi {
					r.replace(v, v.Args[0])
					continue
				}
				v.Block = b
				b.Values = append(b.Values, v)
			}
			b.Cold = b.Cold && s.Cold
			b.Succs = s.Succs
			for _, t := range s.Succs {
				for i, p := range t.Preds {
					if p == s {
						t.Preds[i] = b
					}
				}
			}
			s.Values, s.Preds, s.Succs = nil, nil, nil
			changed = true
		}
	}
	if changed {
		keep := f.Blocks[:0]
		for _, b := range f.Blocks {
			if len(b.Values) > 0 {
				keep = append(keep, b)
			}
		}
		clear(f.Blocks[len(keep):])
		f.Blocks = keep
		r.finish(f)
	}
	return changed
}
