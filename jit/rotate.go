package jit

import (
	"cmp"
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
)

// rotate lays loops out so that the last of an iteration is the test whether there is another one. A loop that jumps back for good at its end
// and is left further up takes two branches an iteration; with what comes before the test moved behind the rest there is one:
//
//	     before                        after
//	head:                              jump head
//	    ...                       rest:
//	    if it ends, jump out           ...
//	rest:                         head:
//	    ...                            ...
//	    jump head                      unless it ends, jump rest
//	out:                          out:
//
// Where several jumps lead back, as in an interpreter, whose loop is one large switch, turning would be for one of them only: switchvm took 1.6 of
// the time. Nothing changes but the order of the blocks, which the register allocator, for which a loop begins with its head, has seen already. Cold
// blocks do not count: they stand behind all others.
func rotate(a *ir.Allocation) {
	r := rotation{a: a, place: make([]int, a.Func.NumBlocks())}
	for i := range a.Blocks {
		r.place[a.Blocks[i].Block.ID] = i
	}
	r.findSpans()
	for i := range r.spans {
		s := &r.spans[i]
		if !s.single || r.size(s) > maxTurned {
			continue
		}
		if cut := r.cut(s); cut > 0 {
			r.turn(s, cut)
		}
	}
}

type rotation struct {
	a     *ir.Allocation
	place []int // by Block.ID: index in a.Blocks
	spans []loopSpan
}

// loopSpan is where a loop's blocks are, those that are not cold.
type loopSpan struct {
	head     *ir.Block
	from, to int  // to is one past the last
	single   bool // there is one jump back
}

// findSpans finds loops by edges that lead back, inner ones first.
func (r *rotation) findSpans() {
	to := make([]int, len(r.a.Blocks)) // by index of the head
	edges := make([]int, len(r.a.Blocks))
	for i := range r.a.Blocks {
		b := r.a.Blocks[i].Block
		if b.Cold && i > 0 {
			break
		}
		for _, s := range b.Succs {
			if k := r.place[s.ID]; k <= i && k > 0 { // the entry stays where it is
				to[k] = i + 1
				edges[k]++
			}
		}
	}
	for i, n := range to {
		if n > 0 {
			r.spans = append(r.spans, loopSpan{r.a.Blocks[i].Block, i, n, edges[i] == 1})
		}
	}
	slices.SortFunc(r.spans, func(x, y loopSpan) int { return cmp.Compare(x.to-x.from, y.to-y.from) })
}

// size is how many instructions a loop has.
func (r *rotation) size(s *loopSpan) (n int) {
	for i := s.from; i < s.to; i++ {
		n += len(r.a.Blocks[i].Instrs)
	}
	return n
}

// goesTo is where a jump to b ends: blocks that only jump have no code.
func (r *rotation) goesTo(b *ir.Block) *ir.Block {
	for range 16 { // what jumps in a circle for ever is left as it is
		if !r.empty(r.place[b.ID]) {
			break
		}
		b = b.Succs[0]
	}
	return b
}

func (r *rotation) empty(i int) bool {
	in := r.a.Blocks[i].Instrs
	return len(in) == 1 && in[0].Value != nil && in[0].Value.Op == ir.OpJump
}

// cut is which of a loop's blocks becomes the first, or 0 if the loop is well as it is. The block in front of it, which becomes the last, goes on in
// the loop or out of it.
func (r *rotation) cut(s *loopSpan) int {
	last := s.to - 1
	for last > s.from && r.empty(last) {
		last--
	}
	b := r.a.Blocks[last].Block
	if b.Term().Op != ir.OpJump || r.goesTo(b.Succs[0]) != r.goesTo(s.head) {
		return 0
	}
	for i := s.from; i < last; i++ {
		b := r.a.Blocks[i].Block
		if b.Term().Op != ir.OpIf || r.splits(s, i+1) {
			continue
		}
		if r.inside(s, r.goesTo(b.Succs[0])) != r.inside(s, r.goesTo(b.Succs[1])) {
			return i + 1
		}
	}
	return 0
}

func (r *rotation) inside(s *loopSpan, b *ir.Block) bool {
	return s.from <= r.place[b.ID] && r.place[b.ID] < s.to
}

// splits tells whether a loop in s lies on both sides of block i.
func (r *rotation) splits(s *loopSpan, i int) bool {
	return slices.ContainsFunc(r.spans, func(in loopSpan) bool {
		return s.from <= in.from && in.to <= s.to && in.to-in.from < s.to-s.from && in.from < i && i < in.to
	})
}

// turn moves what is in front of the cut to the end of the loop.
func (r *rotation) turn(s *loopSpan, cut int) {
	blocks := r.a.Blocks[s.from:s.to]
	moved := slices.Concat(blocks[cut-s.from:], blocks[:cut-s.from])
	copy(blocks, moved)
	for i := range blocks {
		r.place[blocks[i].Block.ID] = s.from + i
	}
}
