package jit

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
)

// Groups are values that are copied to each other - phis and their arguments, results and the operands whose register they want - and
// are never live at the same time. If all of a group are in one register there is nothing to copy. They are a
// suggestion only: once in registers, each life goes its own way.

// group is a set of values. Values name their group by the index of any group that became part of it.
type group struct {
	parent  int32 // itself, if it was not joined to another
	lo, hi  int32 // what its values take, in groupSpans
	room    uint8 // log2 of how many spans there is room for at lo
	leader  int32 // the largest value
	size    int32
	members int32 // the first; linked by valueInfo.nextMember
	last    int32
	placed  bool
}

// maxGroupSpans bounds what is looked at to join two groups; maxGroupRoom is its log2.
const (
	maxGroupSpans = 1 << maxGroupRoom
	maxGroupRoom  = 9
)

// groupLink is a pair of values that had better be in one group.
type groupLink struct {
	a, b   int32
	weight float32
}

// makeGroups joins values, the hottest copies first.
func (a *allocator) makeGroups() {
	a.groups = append(a.groups[:0], group{})
	a.groupSpans, a.links = a.groupSpans[:0], a.links[:0]
	for i := range a.freeSpans {
		a.freeSpans[i] = a.freeSpans[i][:0]
	}
	for i := range a.hints {
		h := &a.hints[i]
		if h.other >= 0 && h.val < h.other && a.vals[h.val].first != 0 && a.vals[h.other].first != 0 {
			a.links = append(a.links, groupLink{h.val, h.other, h.weight})
		}
	}
	slices.SortStableFunc(a.links, func(x, y groupLink) int { return cmp.Compare(y.weight, x.weight) })
	for _, l := range a.links {
		a.join(l.a, l.b)
	}
	for i := range a.groups[1:] {
		if g := &a.groups[i+1]; g.parent == int32(i+1) && g.members != g.last {
			a.push(queued{g.size, a.vals[g.leader].first})
		}
	}
}

// groupOf is the group of a value, which is made if there is none, or nil when the value cannot be in one.
func (a *allocator) groupOf(id int32) *group {
	x := &a.vals[id]
	if x.group != 0 {
		return a.groupAt(x.group)
	}
	if x.rangeHi-x.rangeLo > maxGroupSpans/2 {
		return nil
	}
	n := int32(len(a.groups))
	g := group{parent: n, leader: id, size: a.size(&a.lives[x.first]), members: id, last: id}
	a.setSpans(&g, a.ranges[x.rangeLo:x.rangeHi])
	a.groups = append(a.groups, g)
	x.group = n
	return &a.groups[n]
}

// setSpans gives a group without room its spans. Room is always for a power of two of spans, so that what joined groups have left can be had
// by others: a large function joins thousands of groups of hundreds of spans each.
func (a *allocator) setSpans(g *group, spans []span) {
	g.room = uint8(bits.Len(uint(max(len(spans), 1) - 1)))
	if free := a.freeSpans[g.room]; len(free) > 0 {
		g.lo, a.freeSpans[g.room] = free[len(free)-1], free[:len(free)-1]
	} else {
		g.lo = int32(len(a.groupSpans))
		a.groupSpans = append(a.groupSpans, make([]span, 1<<g.room)...)
	}
	g.hi = g.lo + int32(copy(a.groupSpans[g.lo:], spans))
}

// freeRoom takes a group's room for others.
func (a *allocator) freeRoom(g *group) {
	a.freeSpans[g.room] = append(a.freeSpans[g.room], g.lo)
}

func (a *allocator) groupAt(i int32) *group {
	for a.groups[i].parent != i {
		a.groups[i].parent = a.groups[a.groups[i].parent].parent
		i = a.groups[i].parent
	}
	return &a.groups[i]
}

// join makes one group of the groups of two values, if nothing speaks against it.
func (a *allocator) join(v, w int32) {
	if class(a.vals[v].v) != class(a.vals[w].v) || a.groupOf(v) == nil || a.groupOf(w) == nil {
		return
	}
	g, h := a.groupOf(v), a.groupOf(w)
	if g == h {
		return
	}
	p, q := a.groupSpans[g.lo:g.hi], a.groupSpans[h.lo:h.hi]
	if len(p)+len(q) > maxGroupSpans || overlap(p, q) {
		return
	}
	a.joined = a.joined[:0]
	for len(p) > 0 && len(q) > 0 {
		if p[0].from > q[0].from {
			p, q = q, p
		}
		if n := len(a.joined); n > 0 && a.joined[n-1].to == p[0].from {
			a.joined[n-1].to = p[0].to
		} else {
			a.joined = append(a.joined, p[0])
		}
		p = p[1:]
	}
	a.joined = append(append(a.joined, p...), q...)
	a.freeRoom(g)
	a.freeRoom(h)
	a.setSpans(g, a.joined)
	if a.size(&a.lives[a.vals[h.leader].first]) > a.size(&a.lives[a.vals[g.leader].first]) {
		g.leader = h.leader
	}
	g.size = min(g.size+h.size, never)
	h.parent = g.parent
	a.vals[g.last].nextMember = h.members
	g.last = h.last
}

// overlap tells whether two lists of spans have something in common.
func overlap(p, q []span) bool {
	for len(p) > 0 && len(q) > 0 {
		if p[0].from > q[0].from {
			p, q = q, p
		}
		if p[0].to > q[0].from {
			return true
		}
		p = p[1:]
	}
	return false
}

// placeGroup gives one register to as many values of a life's group as fit, so that most copies disappear.
func (a *allocator) placeGroup(i int32) {
	l := &a.lives[i]
	if l.val < 0 || a.vals[l.val].group == 0 {
		return
	}
	g := a.groupAt(a.vals[l.val].group)
	if g.placed || g.members == g.last {
		return
	}
	g.placed = true
	var score [64]float32
	for m := g.members; ; m = a.vals[m].nextMember {
		x := &a.vals[m]
		life := &a.lives[x.first]
		if life.state == waiting && life.rangeLo == x.rangeLo && life.rangeHi == x.rangeHi {
			w := a.linkWeight(x, &score)
			call := a.spanLimit(a.calls, life)
			for _, r := range a.order[l.class] {
				if call < never {
					break
				}
				if limit, _, n := a.probe(r, life, call); limit == never && n == 0 {
					score[r] += w
				}
			}
		}
		if m == g.last {
			break
		}
	}
	best := ir.NoReg
	for _, r := range a.order[l.class] {
		if score[r] > 0 && (best == ir.NoReg || score[r] > score[best]) {
			best = r
		}
	}
	if best == ir.NoReg {
		return
	}
	for m := g.members; ; m = a.vals[m].nextMember {
		x := &a.vals[m]
		if life := &a.lives[x.first]; life.state == waiting && life.rangeLo == x.rangeLo && life.rangeHi == x.rangeHi {
			if limit, _, n := a.probe(best, life, a.spanLimit(a.calls, life)); limit == never && n == 0 {
				a.occupy(x.first, best)
			}
		}
		if m == g.last {
			break
		}
	}
}

// linkWeight is how often x is copied from or to others. It adds those copies that are from or to registers to their scores.
func (a *allocator) linkWeight(x *valueInfo, score *[64]float32) (w float32) {
	hints := a.hints[x.hintLo:x.hintHi]
	for k := range hints[:min(len(hints), 64)] {
		h := &hints[k]
		if h.other >= 0 {
			w += h.weight
		} else if a.classes[h.reg>>5].Has(h.reg) {
			score[h.reg] += h.weight
		}
	}
	return w
}

// recolour moves lives to registers that save more copies, now that all others have theirs.
func (a *allocator) recolour() {
	for i := int32(1); int(i) < len(a.lives); i++ {
		l := &a.lives[i]
		if l.state != inRegister || l.val < 0 {
			continue
		}
		var score [64]float32
		better := a.scores(l, &score)
		was := l.reg
		for better != 0 {
			r := was
			for s := better; s != 0; s &= s - 1 {
				if c := lowest(s); score[c] > score[r] {
					r = c
				}
			}
			if r == was {
				break
			}
			better &^= 1 << uint(r)
			if limit, _, n := a.probe(r, l, a.spanLimit(a.calls, l)); limit == never && n == 0 {
				a.vacate(i)
				a.occupy(i, r)
				break
			}
			score[r] = 0
		}
	}
}
