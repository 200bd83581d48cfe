package jit

import "sort"

// divide splits life i, which finds no register for the whole of it. limit is how long it could stay in one, call where all registers
// are taken.
func (a *allocator) divide(i, limit, call int32) error {
	l := &a.lives[i]
	switch l.level {
	case shortestLife:
		return a.impossible(l)
	case shortLife:
		// The value need not be there any more when the result is written.
		rest := a.split(i, l.from+2)
		a.toMemory(rest)
		a.lives[i].level = shortestLife
		a.enqueue(i)
		return nil
	}
	u := a.nextUse(l)
	if u == l.recHi {
		a.toMemory(i)
		return nil
	}
	r := &a.recs[u]
	if limit > r.pos {
		if at := a.cutBefore(l, limit); at > l.from {
			if limit >= call || a.vals[l.val].isConst {
				at = a.trimTail(l, at)
			}
			rest := a.split(i, at)
			a.requeue(i)
			a.requeue(rest)
			return nil
		}
	}
	// It cannot stay until the first use. Everything up to there is in memory.
	gap := r.pos &^ 3
	if gap > l.from {
		rest := a.split(i, a.comeBack(l, limit, u))
		a.toMemory(i)
		a.requeue(rest)
		return nil
	}
	if !r.kind.needs() {
		if at := gap + 4; at < l.to {
			rest := a.split(i, at)
			a.requeue(rest)
		}
		a.toMemory(i)
		return nil
	}
	if at := gap + 4; at < l.to {
		rest := a.split(i, at)
		a.requeue(rest)
	}
	l = &a.lives[i]
	l.level = shortLife
	if r.kind != readReg || l.to <= gap+2 {
		l.level = shortestLife
	}
	a.enqueue(i)
	return nil
}

// toMemory leaves life i in the value's slot. If it is the beginning of a phi, the phi's arguments lose a reason to be in registers.
func (a *allocator) toMemory(i int32) {
	l := &a.lives[i]
	l.state = inMemory
	x := &a.vals[l.val]
	if !x.phi || l.from != x.def {
		return
	}
	for k := range a.hints[x.hintLo:x.hintHi] {
		h := &a.hints[int(x.hintLo)+k]
		if h.pos != x.def || h.other < 0 {
			continue
		}
		y := &a.vals[h.other]
		y.toMemory = true
		if o := a.near(y, h.opos); o != nil && o.level == 0 {
			o.weight = a.weigh(o)
		}
	}
}

// weigh is what l saves by being in a register, per length.
func (a *allocator) weigh(l *life) float32 {
	cost := a.cost(l)
	if x := &a.vals[l.val]; x.toMemory {
		hints := a.hintsFrom(x, l.from)
		for k := range hints[:min(len(hints), 64)] {
			h := &hints[k]
			if h.pos >= l.to {
				break
			}
			if h.pos < l.from || h.other < 0 {
				continue
			}
			if phi := &a.vals[h.other]; phi.phi && h.opos == phi.def {
				if o := a.near(phi, phi.def); o != nil && o.state == inMemory {
					cost -= edgeCost * h.weight
				}
			}
		}
	}
	return max(cost, 0) / float32(a.size(l)+4)
}

// nextUse is the first access in l that costs something when it is not in a register.
func (a *allocator) nextUse(l *life) int32 {
	base := a.recSum[l.recLo]
	n := sort.Search(int(l.recHi-l.recLo), func(k int) bool { return a.recSum[int(l.recLo)+k+1] > base })
	return l.recLo + int32(n)
}

// requeue queues a new piece, unless it has nothing of a register.
func (a *allocator) requeue(i int32) {
	l := &a.lives[i]
	cost := a.cost(l)
	if cost == 0 {
		a.toMemory(i)
		return
	}
	if cost <= a.entryFreq(l.from, l) {
		needs := false
		for k := l.recLo; k < l.recHi && !needs; k++ {
			needs = a.recs[k].kind.needs()
		}
		if !needs {
			a.toMemory(i) // to load it would cost as much
			return
		}
	}
	a.enqueue(i)
}

// entryFreq is how often a move at pos is done, in l's ranges.
func (a *allocator) entryFreq(pos int32, l *life) float32 {
	i := a.blockOf[pos>>2]
	b := &a.blocks[i]
	if b.loop < 0 {
		return b.freq
	}
	lp := &a.loops[b.loop]
	if lp.header == i && pos == b.start {
		return lp.entry
	}
	if b.b.Cold && l.from <= a.blocks[lp.header].start && l.to > a.blocks[lp.header].start {
		return lp.freq // and it has to be moved back before the next turn
	}
	return b.freq
}

// cutBefore is where to end a life that can be in a register until limit: there, or before a loop around that, if that is cheaper
// although some accesses become more expensive. It is l.from if there is no place.
func (a *allocator) cutBefore(l *life, limit int32) int32 {
	at := limit &^ 3
	if at <= l.from {
		return l.from
	}
	best, bestAt := a.entryFreq(at, l), at
	end := a.recSum[a.findRec(l, limit)]
	for lp := a.blocks[a.blockOf[at>>2]].loop; lp >= 0; lp = a.loops[lp].parent {
		h := a.blocks[a.loops[lp].header].start
		if h <= l.from {
			break
		}
		if h >= at {
			continue
		}
		lost := end - a.recSum[a.findRec(l, h)]
		if c := a.loops[lp].entry + float32(lost); c < best {
			best, bestAt = c, h
		}
	}
	return bestAt
}

// trimTail is where to end a life that ends before at and goes to memory then: behind its last access, and behind the loops around
// that which it is live around. If it went on, everything that leads there from elsewhere would have to load it.
func (a *allocator) trimTail(l *life, at int32) int32 {
	k := a.findRec(l, at)
	for k > l.recLo && a.recs[k-1].weight == 0 {
		k--
	}
	if k == l.recLo {
		return at
	}
	last := a.recs[k-1].pos
	end := last&^3 + 4
	for lp := a.blocks[a.blockOf[last>>2]].loop; lp >= 0; lp = a.loops[lp].parent {
		if a.blocks[a.loops[lp].header].start < l.from {
			break
		}
		end = max(end, a.loops[lp].end)
	}
	if end <= l.from {
		return at
	}
	return min(at, end)
}

// comeBack is where to bring a value back that cannot be in a register at limit: before its use u, or before a loop around that.
func (a *allocator) comeBack(l *life, limit, u int32) int32 {
	at := a.recs[u].pos &^ 3
	if at <= l.from {
		return l.from
	}
	best, bestAt := a.entryFreq(at, l), at
	for lp := a.blocks[a.blockOf[at>>2]].loop; lp >= 0; lp = a.loops[lp].parent {
		h := a.blocks[a.loops[lp].header].start
		if h <= l.from || h <= limit {
			break
		}
		if c := a.loops[lp].entry; h < at && c < best {
			best, bestAt = c, h
		}
	}
	return bestAt
}

// findRec is the first access of l at or behind pos.
func (a *allocator) findRec(l *life, pos int32) int32 {
	n := sort.Search(int(l.recHi-l.recLo), func(k int) bool { return a.recs[int(l.recLo)+k].pos >= pos })
	return l.recLo + int32(n)
}

// split ends life i at a position and returns a new one for the rest.
func (a *allocator) split(i, at int32) int32 {
	rest := a.lives[i]
	a.trimFront(&rest, at)
	l := &a.lives[i]
	l.rangeHi = rest.rangeLo
	if a.ranges[rest.rangeLo].from < at {
		l.rangeHi++
	}
	l.to = min(at, a.ranges[l.rangeHi-1].to)
	l.recHi = rest.recLo
	rest.level, rest.state = 0, waiting
	k := a.addLife(rest)
	a.lives[i].next = k
	return k
}

// trimFront lets l begin at a position.
func (a *allocator) trimFront(l *life, at int32) {
	n := sort.Search(int(l.rangeHi-l.rangeLo), func(k int) bool { return a.ranges[int(l.rangeLo)+k].to > at })
	l.recLo = a.findRec(l, at)
	l.rangeLo += int32(n)
	l.from = max(at, a.ranges[l.rangeLo].from)
}
