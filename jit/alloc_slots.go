package jit

import (
	"slices"
	"sort"

	"github.com/godwit-vm/godwit/jit/ir"
)

// slot is a word of the machine frame, or two, and what is in it when.
type slot struct {
	words int32
	at    int32
	taken segments
}

// collectLives lists the lives of each value in order.
func (a *allocator) collectLives() {
	a.byValue = a.byValue[:0]
	for id := range a.vals {
		x := &a.vals[id]
		x.lifeLo = int32(len(a.byValue))
		for k := x.first; k != 0; k = a.lives[k].next {
			a.byValue = append(a.byValue, k)
		}
		x.lifeHi = int32(len(a.byValue))
	}
}

// lifeAt is the life of a value at pos, or nil: of a constant that is nowhere then.
func (a *allocator) lifeAt(x *valueInfo, pos int32) *life {
	lo, hi := x.lifeLo, x.lifeHi
	for lo < hi {
		m := int32(uint32(lo+hi) >> 1)
		if a.lives[a.byValue[m]].to > pos {
			hi = m
		} else {
			lo = m + 1
		}
	}
	if lo < x.lifeHi {
		if l := &a.lives[a.byValue[lo]]; l.from <= pos {
			return l
		}
	}
	return nil
}

// locAt is where a value is at pos.
func (a *allocator) locAt(id, pos int32) ir.Loc {
	x := &a.vals[id]
	l := a.lifeAt(x, pos)
	switch {
	case l != nil && l.state == inRegister && (!x.isConst || a.covers(l, pos)):
		return ir.Loc{Kind: ir.InReg, Reg: l.reg}
	case x.isConst:
		return ir.Loc{Kind: ir.IsConst, Const: x.v}
	case l != nil && x.slot >= 0:
		return ir.Loc{Kind: ir.InSpill, Spill: a.slots[x.slot].at}
	}
	return ir.Loc{}
}

// covers tells whether pos is in a range of l. Constants are asked for where they are not live, too.
func (a *allocator) covers(l *life, pos int32) bool {
	k := sort.Search(int(l.rangeHi-l.rangeLo), func(k int) bool { return a.ranges[int(l.rangeLo)+k].to > pos })
	return int32(k) < l.rangeHi-l.rangeLo && a.ranges[int(l.rangeLo)+k].from <= pos
}

// maxSlotTries bounds the search for a slot that is free.
const maxSlotTries = 24

// colourSlots gives slots to values that are in memory somewhere. Values that are copied to each other had better be in one.
func (a *allocator) colourSlots() {
	next := 0
	for id := range a.vals {
		x := &a.vals[id]
		if x.isConst || !slices.ContainsFunc(a.byValue[x.lifeLo:x.lifeHi], func(k int32) bool { return a.lives[k].state == inMemory }) {
			continue
		}
		words := int32(1)
		if x.v.Type == ir.V128 {
			words = 2
		}
		for k := x.hintLo; k < min(x.hintHi, x.hintLo+32) && x.slot < 0; k++ {
			if o := a.hints[k].other; o >= 0 && a.vals[o].slot >= 0 {
				a.tryOneSlot(x, int(a.vals[o].slot), words)
			}
		}
		for n := 0; n < min(maxSlotTries, len(a.slots)) && x.slot < 0; n++ {
			if next++; next >= len(a.slots) {
				next = 0
			}
			a.tryOneSlot(x, next, words)
		}
		if x.slot < 0 {
			if n := len(a.slots); n < cap(a.slots) {
				a.slots = a.slots[:n+1]
				a.freeChunks = a.slots[n].taken.clear(a.freeChunks)
			} else {
				a.slots = append(a.slots, slot{})
			}
			s := &a.slots[len(a.slots)-1]
			s.words, s.at = words, int32(a.spillWords)
			a.spillWords += int(words)
			a.tryOneSlot(x, len(a.slots)-1, words)
		}
	}
}

// tryOneSlot gives slot s to x if it is free during all of x's ranges: the store may be at the definition.
func (a *allocator) tryOneSlot(x *valueInfo, s int, words int32) {
	sl := &a.slots[s]
	if sl.words != words {
		return
	}
	for _, r := range a.ranges[x.rangeLo:x.rangeHi] {
		if sl.taken.overlaps(r.from, r.to) {
			return
		}
	}
	for _, r := range a.ranges[x.rangeLo:x.rangeHi] {
		a.freeChunks = sl.taken.insert(segment{r.from, r.to, x.first}, a.freeChunks)
	}
	x.slot = int32(s)
}
