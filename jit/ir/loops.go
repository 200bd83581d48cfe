package ir

// LoopInfo is the shape of a function: its blocks in reverse postorder, which dominates which, and its natural loops. It holds as long
// as no block and no edge changes.
type LoopInfo struct {
	Order []*Block // reverse postorder of the blocks that can be reached
	Loops []*Loop  // outer ones before those in them

	place    []int32  // by Block.ID: index in Order, -1 where it cannot be reached
	idom     []*Block // by Block.ID
	first    []int32  // by Block.ID: numbers of a walk over the dominator tree, going in
	last     []int32  // and coming out
	children [][]*Block
	of       []*Loop // by Block.ID: the innermost
}

// Loop is a natural loop: the blocks from which a back edge to the header can be reached without passing the header.
type Loop struct {
	Header  *Block
	Parent  *Loop
	Depth   int // 1 for outermost ones
	Blocks  []*Block
	Latches []*Block // where the back edges come from
	Calls   bool     // for passes to use: something in it leaves
}

// ReversePostorder returns the blocks that can be reached from the entry, each before those that come after it, back edges excepted.
// Of two successors the first one comes first.
func (f *Func) ReversePostorder() []*Block {
	order := make([]*Block, 0, len(f.Blocks))
	seen := make([]bool, f.nextBlock)
	type step struct {
		b    *Block
		next int
	}
	stack := make([]step, 1, 32)
	stack[0] = step{f.Entry, len(f.Entry.Succs)}
	seen[f.Entry.ID] = true
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == 0 {
			order = append(order, top.b)
			stack = stack[:len(stack)-1]
			continue
		}
		top.next--
		if s := top.b.Succs[top.next]; !seen[s.ID] {
			seen[s.ID] = true
			stack = append(stack, step{s, len(s.Succs)})
		}
	}
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// Loops finds the dominators and natural loops, and sets Depth of all blocks.
func (f *Func) Loops() *LoopInfo {
	l := f.Dominators()
	for _, b := range f.Blocks {
		b.Depth = 0
	}
	l.findLoops()
	return l
}

// Dominators is Loops without the loops.
func (f *Func) Dominators() *LoopInfo {
	n := int(f.nextBlock)
	numbers := make([]int32, 3*n)
	l := &LoopInfo{
		Order: f.ReversePostorder(),
		place: numbers[:n], first: numbers[n : 2*n], last: numbers[2*n:],
		idom: make([]*Block, n),
	}
	for i := range l.place {
		l.place[i] = -1
	}
	for i, b := range l.Order {
		l.place[b.ID] = int32(i)
	}
	l.dominators()
	l.number()
	return l
}

// dominators computes immediate dominators, as Cooper, Harvey and Kennedy do it.
func (l *LoopInfo) dominators() {
	entry := l.Order[0]
	l.idom[entry.ID] = entry
	for changed := true; changed; {
		changed = false
		for _, b := range l.Order[1:] {
			var d *Block
			for _, p := range b.Preds {
				if l.place[p.ID] < 0 || l.idom[p.ID] == nil {
					continue
				}
				if d == nil {
					d = p
					continue
				}
				for p != d {
					for l.place[p.ID] > l.place[d.ID] {
						p = l.idom[p.ID]
					}
					for l.place[d.ID] > l.place[p.ID] {
						d = l.idom[d.ID]
					}
				}
			}
			if l.idom[b.ID] != d {
				l.idom[b.ID] = d
				changed = true
			}
		}
	}
	l.idom[entry.ID] = nil
}

// number walks the dominator tree: a dominates b when b's numbers are within a's. Sizes of subtrees come first, then each
// block's place among what its parent has left.
func (l *LoopInfo) number() {
	for i := len(l.Order) - 1; i >= 0; i-- {
		b := l.Order[i]
		l.last[b.ID]++ // its own size
		if d := l.idom[b.ID]; d != nil {
			l.last[d.ID] += l.last[b.ID]
		}
	}
	// first of a block is given when its parent is met; next is where the parent's next child goes.
	next := make([]int32, len(l.last))
	for _, b := range l.Order {
		var at int32
		if d := l.idom[b.ID]; d != nil {
			at = next[d.ID]
			next[d.ID] += l.last[b.ID]
		}
		l.first[b.ID] = at
		next[b.ID] = at + 1
		l.last[b.ID] += at // one past the last of its subtree
	}
}

// Idom is b's immediate dominator, nil for the entry.
func (l *LoopInfo) Idom(b *Block) *Block { return l.idom[b.ID] }

// Place is b's index in Order, -1 where it cannot be reached.
func (l *LoopInfo) Place(b *Block) int { return int(l.place[b.ID]) }

// Dominates tells whether each way to b goes through a; a block dominates itself.
func (l *LoopInfo) Dominates(a, b *Block) bool {
	if l.place[a.ID] < 0 || l.place[b.ID] < 0 {
		return false
	}
	return l.first[a.ID] <= l.first[b.ID] && l.first[b.ID] < l.last[a.ID]
}

// Children are the blocks whose immediate dominator is b.
func (l *LoopInfo) Children(b *Block) []*Block {
	if l.children == nil {
		l.children = make([][]*Block, len(l.idom))
		for _, c := range l.Order {
			if d := l.idom[c.ID]; d != nil {
				l.children[d.ID] = append(l.children[d.ID], c)
			}
		}
	}
	return l.children[b.ID]
}

// LoopOf is the innermost loop that b is in, or nil. Blocks that have been made since are in none.
func (l *LoopInfo) LoopOf(b *Block) *Loop {
	if int(b.ID) >= len(l.of) {
		return nil
	}
	return l.of[b.ID]
}

// findLoops goes over the headers from the innermost: a header comes behind those of the loops around it in Order.
func (l *LoopInfo) findLoops() {
	l.of = make([]*Loop, len(l.idom))
	var work []*Block
	for i := len(l.Order) - 1; i >= 0; i-- {
		h := l.Order[i]
		var loop *Loop
		for _, p := range h.Preds {
			if l.Dominates(h, p) {
				if loop == nil {
					loop = &Loop{Header: h}
				}
				loop.Latches = append(loop.Latches, p)
				work = append(work, p)
			}
		}
		if loop == nil {
			continue
		}
		l.Loops = append(l.Loops, loop)
		for len(work) > 0 {
			b := work[len(work)-1]
			work = work[:len(work)-1]
			if l.place[b.ID] < 0 {
				continue
			}
			inner := l.of[b.ID]
			if inner == loop {
				continue
			}
			if inner == nil {
				l.of[b.ID] = loop
				if b != h {
					work = append(work, b.Preds...)
				}
				continue
			}
			// b is in a loop that was found before: that whole loop is in this one.
			for inner.Parent != nil && inner.Parent != loop {
				inner = inner.Parent
			}
			if inner.Parent == nil && inner != loop {
				inner.Parent = loop
				for _, p := range inner.Header.Preds {
					if !l.Dominates(inner.Header, p) {
						work = append(work, p)
					}
				}
			}
		}
		if l.of[h.ID] == nil {
			l.of[h.ID] = loop
		}
	}
	for i, j := 0, len(l.Loops)-1; i < j; i, j = i+1, j-1 {
		l.Loops[i], l.Loops[j] = l.Loops[j], l.Loops[i]
	}
	for _, loop := range l.Loops {
		loop.Depth = 1
		if loop.Parent != nil {
			loop.Depth = loop.Parent.Depth + 1
		}
	}
	for _, b := range l.Order {
		inner := l.of[b.ID]
		if inner == nil {
			continue
		}
		b.Depth = inner.Depth
		for loop := inner; loop != nil; loop = loop.Parent {
			loop.Blocks = append(loop.Blocks, b)
		}
	}
}

// Contains tells whether b, whose innermost loop is inner, is in loop.
func (loop *Loop) Contains(inner *Loop) bool {
	for inner != nil && inner.Depth > loop.Depth {
		inner = inner.Parent
	}
	return inner == loop
}
