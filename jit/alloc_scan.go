package jit

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
)

// life is a piece of a value's ranges that is in one place.
type life struct {
	val              int32 // -1 for a temporary
	from, to         int32
	rangeLo, rangeHi int32 // the first and the last are cut off at from and to
	recLo, recHi     int32
	next             int32 // the next life of the value
	weight           float32
	reg              ir.Reg
	class            uint8
	state            lifeState
	level            uint8 // 0, or how short: shortLife, shortestLife
}

type lifeState uint8

const (
	waiting lifeState = iota
	inRegister
	inMemory
)

// Lives that are for one instruction: all of it, or only what of it is needed.
const (
	shortLife    = 1
	shortestLife = 2
)

const (
	shortWeight    = 1e30
	shortestWeight = 1e35
	never          = int32(1) << 30
)

// queued is a life that waits for a register.
type queued struct {
	size int32
	life int32
}

// before tells whether q is dealt with before r: long lives first, so that they get registers for themselves while short
// ones fit in between.
func (q queued) before(r queued) bool {
	return q.size > r.size || q.size == r.size && q.life < r.life
}

func lowest(s ir.RegSet) ir.Reg { return ir.Reg(bits.TrailingZeros64(uint64(s))) }

// addLife adds a life and returns its index.
func (a *allocator) addLife(l life) int32 {
	l.reg = ir.NoReg
	a.lives = append(a.lives, l)
	return int32(len(a.lives) - 1)
}

// minimal adds a life that must have a register for [from, to), and queues it.
func (a *allocator) minimal(val int32, class uint8, from, to int32) int32 {
	a.pushRange(from, to)
	n := int32(len(a.ranges))
	l := a.addLife(life{val: val, class: class, from: from, to: to, rangeLo: n - 1, rangeHi: n, level: shortestLife})
	a.enqueue(l)
	return l
}

// size is how many positions l covers.
func (a *allocator) size(l *life) int32 {
	last := a.ranges[l.rangeHi-1]
	n := a.rangeSum[l.rangeHi-1] - a.rangeSum[l.rangeLo] + int64(last.to-last.from)
	n -= int64(l.from-a.ranges[l.rangeLo].from) + int64(last.to-l.to)
	return int32(min(n, int64(never)))
}

// cost is what the accesses in l cost if it is not in a register.
func (a *allocator) cost(l *life) float32 {
	return float32(a.recSum[l.recHi] - a.recSum[l.recLo])
}

// enqueue computes l's weight and queues it.
func (a *allocator) enqueue(i int32) {
	l := &a.lives[i]
	size := a.size(l)
	switch l.level {
	case shortLife:
		l.weight = shortWeight
	case shortestLife:
		l.weight = shortestWeight
	default:
		l.weight = a.weigh(l)
	}
	l.state = waiting
	a.push(queued{size, i})
}

func (a *allocator) push(e queued) {
	q := append(a.queue, e)
	k := len(q) - 1
	for k > 0 {
		up := (k - 1) / 2
		if !q[k].before(q[up]) {
			break
		}
		q[k], q[up] = q[up], q[k]
		k = up
	}
	a.queue = q
}

func (a *allocator) dequeue() int32 {
	q := a.queue
	top := q[0].life
	n := len(q) - 1
	q[0] = q[n]
	q = q[:n]
	k := 0
	for {
		c := 2*k + 1
		if c >= n {
			break
		}
		if c+1 < n && q[c+1].before(q[c]) {
			c++
		}
		if !q[c].before(q[k]) {
			break
		}
		q[k], q[c] = q[c], q[k]
		k = c
	}
	a.queue = q
	return top
}

// assign gives a place to all lives.
func (a *allocator) assign() error {
	for len(a.queue) > 0 {
		a.f.Tick()
		i := a.dequeue()
		if a.lives[i].state == waiting {
			a.placeGroup(i)
		}
		if a.lives[i].state != waiting {
			continue
		}
		if err := a.place(i); err != nil {
			return err
		}
	}
	return nil
}

// place gives life i a register, or splits it.
func (a *allocator) place(i int32) error {
	l := &a.lives[i]
	var score [64]float32
	hinted := a.scores(l, &score)

	// furthest is how long l could stay in one register, if it drove out what weighs less.
	furthest := int32(-1)
	call := a.spanLimit(a.calls, l)
	best, bestWeight := ir.NoReg, l.weight
	try := func(r ir.Reg) bool {
		limit, weight, n := a.probe(r, l, call)
		if limit == never && n == 0 {
			a.occupy(i, r)
			return true
		}
		if limit == never && weight < bestWeight {
			best, bestWeight = r, weight
			a.bestEvict, a.evict = a.evict, a.bestEvict
		}
		furthest = max(furthest, limit)
		return false
	}
	for h := hinted; h != 0; {
		top := lowest(h)
		for c := h & (h - 1); c != 0; c &= c - 1 {
			if r := lowest(c); score[r] > score[top] {
				top = r
			}
		}
		if try(top) {
			return nil
		}
		h &^= 1 << uint(top)
	}
	for _, r := range a.order[l.class] {
		if !hinted.Has(r) && try(r) {
			return nil
		}
	}
	if best != ir.NoReg {
		for _, e := range a.bestEvict {
			a.vacate(e)
			a.enqueue(e)
		}
		a.occupy(i, best)
		return nil
	}
	return a.divide(i, furthest, call)
}

// scores says which registers save copies when l has them, and how often they would be done.
func (a *allocator) scores(l *life, score *[64]float32) ir.RegSet {
	if l.val < 0 {
		return 0
	}
	var set ir.RegSet
	add := func(r ir.Reg, w float32) {
		if r != ir.NoReg && a.classes[l.class].Has(r) {
			set = set.With(r)
			score[r] += w
		}
	}
	x := &a.vals[l.val]
	hints := a.hintsFrom(x, l.from)
	for k := range hints[:min(len(hints), 64)] {
		h := &hints[k]
		if h.pos >= l.to {
			break
		}
		if h.pos < l.from {
			continue
		}
		if h.other < 0 {
			add(h.reg, h.weight)
		} else if r := a.regAt(h.other, h.opos); r != ir.NoReg {
			add(r, h.weight)
		} else {
			a.secondHints(h, add)
		}
	}
	// The pieces of a value had better be in one register: those that touch, and others as well, because ways lead between them.
	n := 0
	freq := a.blocks[a.blockOf[l.from>>2]].freq
	for k := x.first; k != 0 && n < 32; k = a.lives[k].next {
		n++
		s := &a.lives[k]
		switch {
		case s.state != inRegister:
		case s.to == l.from || s.from == l.to:
			add(s.reg, freq)
		default:
			add(s.reg, freq/4)
		}
	}
	return set
}

// hintsFrom are x's hints, without some of those before pos.
func (a *allocator) hintsFrom(x *valueInfo, pos int32) []hint {
	hints := a.hints[x.hintLo:x.hintHi]
	if len(hints) > 16 {
		n, _ := slices.BinarySearchFunc(hints, pos, func(h hint, p int32) int { return cmp.Compare(h.pos, p) })
		return hints[n:]
	}
	return hints
}

// secondHints adds hints of a value that has no register yet: whatever it will get, it will rather be one of those.
func (a *allocator) secondHints(h *hint, add func(ir.Reg, float32)) {
	y := &a.vals[h.other]
	more := a.hints[y.hintLo:y.hintHi]
	for k := range more[:min(len(more), 8)] {
		m := &more[k]
		if m.other < 0 {
			add(m.reg, min(h.weight, m.weight)*0.5)
		} else if m.other != h.val {
			add(a.regAt(m.other, m.opos), min(h.weight, m.weight)*0.5)
		}
	}
}

// regAt is the register that a value is in at pos as far as that is decided.
func (a *allocator) regAt(val, pos int32) ir.Reg {
	if l := a.near(&a.vals[val], pos); l != nil && l.state == inRegister {
		return l.reg
	}
	return ir.NoReg
}

// near is the life of x at pos. It does not look far.
func (a *allocator) near(x *valueInfo, pos int32) *life {
	n := 0
	for k := x.first; k != 0 && n < 16; k = a.lives[k].next {
		if l := &a.lives[k]; l.from <= pos && pos < l.to {
			return l
		}
		n++
	}
	return nil
}

// maxEvict bounds how many lives one drives out.
const maxEvict = 24

// probe looks whether l could be in r, until call. limit is the first position where it could not, or never; weight is the heaviest of the n
// lives before that which it would have to drive out, and those are in a.evict.
func (a *allocator) probe(r ir.Reg, l *life, call int32) (limit int32, weight float32, n int) {
	limit = min(call, a.spanLimit(a.fixed[r], l))
	if l.from >= limit {
		return limit, 0, 0
	}
	a.evict = a.evict[:0]
	s := &a.regs[r]
	if len(s.chunks) == 0 {
		return limit, 0, 0
	}
	c, k := s.find(l.from)
	for j := l.rangeLo; j < l.rangeHi; j++ {
		from, to := max(a.ranges[j].from, l.from), min(a.ranges[j].to, l.to)
		if from >= limit {
			break
		}
		// On to the first that ends behind from: it is mostly near.
		for steps := 0; c < len(s.chunks) && s.chunks[c][k].to <= from; steps++ {
			if steps == 8 {
				c, k = s.find(from)
				break
			}
			c, k = s.next(c, k)
		}
		if c == len(s.chunks) {
			break
		}
		for c < len(s.chunks) {
			seg := &s.chunks[c][k]
			if seg.from >= to || seg.from >= limit {
				break
			}
			o := &a.lives[seg.life]
			if o.weight >= l.weight || n == maxEvict {
				return max(seg.from, from), weight, n
			}
			if n == 0 || a.evict[n-1] != seg.life && !slices.Contains(a.evict, seg.life) {
				a.evict = append(a.evict, seg.life)
				n++
				weight = max(weight, o.weight)
			}
			if seg.to >= to {
				break
			}
			c, k = s.next(c, k)
		}
	}
	return limit, weight, n
}

// spanLimit is the first position of l that is in one of a list of spans, or never.
func (a *allocator) spanLimit(fixed []fixedSpan, l *life) int32 {
	k := searchFixed(fixed, l.from)
	for j := l.rangeLo; j < l.rangeHi && k < len(fixed); j++ {
		from, to := max(a.ranges[j].from, l.from), min(a.ranges[j].to, l.to)
		if fixed[k].to <= from {
			k = searchFixed(fixed, from)
		}
		for k < len(fixed) && fixed[k].from < to {
			if f := &fixed[k]; f.to > from && (f.owner < 0 || f.owner != l.val) {
				return max(f.from, from)
			}
			if fixed[k].to >= to {
				break
			}
			k++
		}
	}
	return never
}

// searchFixed is the index of the first that ends behind pos.
func searchFixed(f []fixedSpan, pos int32) int {
	lo, hi := 0, len(f)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if f[m].to > pos {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

// occupy puts life i into r.
func (a *allocator) occupy(i int32, r ir.Reg) {
	l := &a.lives[i]
	l.state, l.reg = inRegister, r
	a.used = a.used.With(r)
	for j := l.rangeLo; j < l.rangeHi; j++ {
		from, to := max(a.ranges[j].from, l.from), min(a.ranges[j].to, l.to)
		a.freeChunks = a.regs[r].insert(segment{from, to, i}, a.freeChunks)
	}
}

// vacate takes it out again.
func (a *allocator) vacate(i int32) {
	l := &a.lives[i]
	for j := l.rangeLo; j < l.rangeHi; j++ {
		a.freeChunks = a.regs[l.reg].remove(max(a.ranges[j].from, l.from), a.freeChunks)
	}
	l.state, l.reg = waiting, ir.NoReg
}

// segments is what a register, or a spill slot, is taken by: disjoint, in order, in pieces of bounded size.
type segments struct {
	chunks [][]segment // none is empty
}

// segment is one of them.
type segment struct{ from, to, life int32 }

const chunkSize = 64

// find is where the first segment is that ends behind pos.
func (s *segments) find(pos int32) (c, k int) {
	lo, hi := 0, len(s.chunks)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if ch := s.chunks[m]; ch[len(ch)-1].to > pos {
			hi = m
		} else {
			lo = m + 1
		}
	}
	if lo == len(s.chunks) {
		return lo, 0
	}
	c = lo
	ch := s.chunks[c]
	lo, hi = 0, len(ch)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if ch[m].to > pos {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return c, lo
}

// next is the place behind (c, k).
func (s *segments) next(c, k int) (int, int) {
	if k++; k == len(s.chunks[c]) {
		return c + 1, 0
	}
	return c, k
}

// insert adds a segment that overlaps with none.
func (s *segments) insert(seg segment, free [][]segment) [][]segment {
	newChunk := func() []segment {
		if n := len(free); n > 0 {
			ch := free[n-1]
			free = free[:n-1]
			return ch[:0]
		}
		return make([]segment, 0, chunkSize)
	}
	c, k := s.find(seg.from)
	if c == len(s.chunks) {
		if c == 0 || len(s.chunks[c-1]) == chunkSize {
			s.chunks = append(s.chunks, append(newChunk(), seg))
			return free
		}
		s.chunks[c-1] = append(s.chunks[c-1], seg)
		return free
	}
	ch := s.chunks[c]
	if len(ch) == chunkSize {
		right := append(newChunk(), ch[chunkSize/2:]...)
		ch = ch[:chunkSize/2]
		s.chunks[c] = ch
		s.chunks = slices.Insert(s.chunks, c+1, right)
		if k > len(ch) {
			c, k = c+1, k-len(ch)
			ch = right
		}
	}
	s.chunks[c] = slices.Insert(ch, k, seg)
	return free
}

// remove takes away the segment at pos.
func (s *segments) remove(pos int32, free [][]segment) [][]segment {
	c, k := s.find(pos)
	ch := slices.Delete(s.chunks[c], k, k+1)
	s.chunks[c] = ch
	if len(ch) == 0 {
		free = append(free, ch)
		s.chunks = slices.Delete(s.chunks, c, c+1)
	}
	return free
}

// clear empties s.
func (s *segments) clear(free [][]segment) [][]segment {
	free = append(free, s.chunks...)
	clear(s.chunks)
	s.chunks = s.chunks[:0]
	return free
}

// overlaps tells whether something is at [from, to).
func (s *segments) overlaps(from, to int32) bool {
	c, k := s.find(from)
	return c < len(s.chunks) && s.chunks[c][k].from < to
}

func (a *allocator) impossible(l *life) error {
	return fmt.Errorf("jit: no register at position %d (class %d)", l.from, l.class)
}
