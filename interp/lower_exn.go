package interp

import (
	"sort"

	"github.com/godwit-vm/godwit/wasm"
)

// Exceptions cost nothing until one is thrown: entering and leaving a try emits no instruction. Beside a function's
// code stands a table of the ranges of instructions that a try protects, which only a throw looks at.

// tryRange is the instructions that a try protects, and what it catches.
type tryRange struct {
	from, to int32 // instructions from to to-1
	outer    int32 // the innermost range around this one, or -1
	next     int32 // where an exception goes on that no clause catches: outer, unless delegate says otherwise; -1 the caller
	catches  []catchClause
}

// catchClause is a clause of a try: where an exception goes that it catches, and what it leaves there.
type catchClause struct {
	tag    int32 // tag index, or anyTag
	target int32 // instruction
	values uint16
	ref    uint16
	takes  takes
}

// anyTag stands for the tag of a clause that catches all.
const anyTag = -1

// takes says what a clause wants of an exception.
type takes uint8

const (
	takesValues takes = 1 << iota // its values, from slot values on
	takesRef                      // a reference to it, in slot ref
)

// unresolved is tryRange.next until the range around is known.
const unresolved = -2

// catcher finds the clause that catches an exception of tag that instruction at raises, or nil. The ranges are in the
// order of their ends, inner ones first, so that a search finds one that is inside of all that are around at. seen counts
// the ranges and clauses that were looked at.
func (c *code) catcher(at int, inst *Instance, tag *Tag, seen *int) *catchClause {
	k := int32(sort.Search(len(c.tries), func(k int) bool { return int(c.tries[k].to) > at }))
	if int(k) == len(c.tries) {
		return nil
	}
	for k >= 0 && int(c.tries[k].from) > at {
		k = c.tries[k].outer
		*seen++
	}
	for k >= 0 {
		r := &c.tries[k]
		for i := range r.catches {
			if cl := &r.catches[i]; cl.tag == anyTag || inst.tags[cl.tag] == tag {
				return cl
			}
		}
		*seen += 1 + len(r.catches)
		k = r.next
	}
	return nil
}

// tryLabel is what the label of a try or try_table knows more than others.
type tryLabel struct {
	from      int      // the first instruction protected
	index     int      // in lowerer.tries, once the protected part has ended; -1 when it has no instructions
	handlers  []clause // of try_table
	delegates []int    // ranges from which exceptions go on here
}

// clause is a clause of a try_table as the module has it.
type clause struct {
	kind  wasm.CatchKind
	tag   uint32
	depth uint32
}

// clauseRef names a clause whose target is not known yet.
type clauseRef struct{ try, clause int32 }

// exception lowers the instructions of exceptions.
func (l *lowerer) exception(w wasm.Op) {
	switch w {
	case wasm.OpTry, wasm.OpTryTable:
		l.openTry(w)
	case wasm.OpCatch, wasm.OpCatchAll:
		l.catch(w)
	case wasm.OpDelegate:
		l.delegate()
	case wasm.OpThrow:
		l.throw()
	case wasm.OpThrowRef:
		l.settleForNative()
		l.emit(opThrowRef, 0, l.popSlot(), 0, 0)
		l.die()
	case wasm.OpRethrow:
		l.emit(opThrowRef, 0, l.label(l.u32()).slot, 0, 0)
		l.die()
	}
}

// throw lowers throw: its arguments are in c slots from a on.
func (l *lowerer) throw() {
	tag := l.u32()
	types := l.m.TagType(tag).Params
	l.settleFrom(len(l.stack) - len(types))
	if l.visit != nil {
		l.point(pointAlloc, l.current, len(l.code))
	}
	base := l.popArgs(len(types))
	l.emit(opThrow, base, 0, slotCount(types), uint64(tag))
	l.die()
}

// fence keeps instructions from being taken together across this place. Unlike join it leaves alone what is known of
// the accumulator: control comes in from above only.
func (l *lowerer) fence() { l.barrier, l.lastDst = len(l.code), -1 }

// openTry begins a try or try_table.
func (l *lowerer) openTry(w wasm.Op) {
	params, results := l.blockType(l.m)
	try := &tryLabel{index: -1}
	if w == wasm.OpTryTable {
		try.handlers = l.catchClauses()
	}
	l.settleFrom(0)
	l.fence()
	try.from = len(l.code)
	l.guards = append(l.guards, len(l.labels))
	height := len(l.stack) - len(params)
	l.openLabel(label{kind: w, height: height, slot: l.slotAt(height), params: params, results: results, elsePatch: -1, try: try})
}

// protect records the range of instructions that the innermost label protects, which ends here.
func (l *lowerer) protect(try *tryLabel) {
	l.fence()
	l.guards = l.guards[:len(l.guards)-1]
	if len(l.code) == try.from {
		return
	}
	try.index = len(l.tries)
	for len(l.roots) > 0 {
		inner := &l.tries[l.roots[len(l.roots)-1]]
		if int(inner.from) < try.from {
			break
		}
		inner.outer = int32(try.index)
		if inner.next == unresolved {
			inner.next = inner.outer
		}
		l.roots = l.roots[:len(l.roots)-1]
	}
	l.roots = append(l.roots, try.index)
	for _, k := range try.delegates {
		l.tries[k].next = int32(try.index)
	}
	l.tries = append(l.tries, tryRange{from: int32(try.from), to: int32(len(l.code)), outer: -1, next: unresolved})
	for _, h := range try.handlers {
		l.addHandler(try.index, h)
		if h.kind == wasm.CatchAll || h.kind == wasm.CatchAllRef {
			break // nothing gets to those that follow
		}
	}
}

// addHandler adds a clause of the try_table that is just being closed: it puts its values where its label expects them.
func (l *lowerer) addHandler(try int, h clause) {
	lb := &l.labels[len(l.labels)-2-int(h.depth)]
	at := lb.slot
	cl := catchClause{tag: anyTag, values: uint16(at)}
	if h.kind == wasm.CatchTag || h.kind == wasm.CatchTagRef {
		cl.tag = int32(h.tag)
		cl.takes |= takesValues
		at += slotCount(l.m.TagType(h.tag).Params)
	}
	if h.kind == wasm.CatchTagRef || h.kind == wasm.CatchAllRef {
		cl.ref = uint16(at)
		cl.takes |= takesRef
	}
	r := &l.tries[try]
	if lb.kind == wasm.OpLoop {
		cl.target = int32(lb.start)
	} else {
		lb.catches = append(lb.catches, clauseRef{int32(try), int32(len(r.catches))})
	}
	r.catches = append(r.catches, cl)
}

// catch ends the protected part of a try, or the body of a catch, and begins the body of the next catch. The caught
// exception is an operand below the body's own, for rethrow.
func (l *lowerer) catch(w wasm.Op) {
	lb := &l.labels[len(l.labels)-1]
	tag := int32(anyTag)
	if w == wasm.OpCatch {
		tag = int32(l.u32())
	}
	l.endPart(lb)
	if !lb.dead {
		lb.patches = append(lb.patches, l.jump())
	}
	l.join()
	lb.kind = wasm.OpCatch
	l.stack = l.stack[:lb.height]
	lb.dead = lb.try.index < 0 // nothing can be thrown where there are no instructions
	if lb.dead {
		return
	}
	cl := catchClause{tag: tag, target: int32(len(l.code)), ref: uint16(l.dst()), takes: takesRef}
	l.push(wasm.ExnRef)
	if tag != anyTag {
		cl.values = uint16(l.dst())
		cl.takes |= takesValues
		l.pushAll(l.m.TagType(uint32(tag)).Params)
	}
	r := &l.tries[lb.try.index]
	r.catches = append(r.catches, cl)
}

// endPart ends the part of a block that has come to an end or to a catch: its results go where the label has them.
func (l *lowerer) endPart(lb *label) {
	if lb.kind == wasm.OpCatch {
		if !lb.dead {
			l.carry(lb)
		}
		return
	}
	if !lb.dead {
		l.settleFrom(0)
	}
	if lb.try != nil {
		l.protect(lb.try)
	}
}

// delegate ends a try whose exceptions go on at the try that a label names, or at the one around that label.
func (l *lowerer) delegate() {
	depth := int(l.u32())
	try := l.labels[len(l.labels)-1].try
	l.close()
	if try.index < 0 {
		return
	}
	l.tries[try.index].next = -1
	if k := sort.SearchInts(l.guards, len(l.labels)-depth) - 1; k >= 0 {
		to := l.labels[l.guards[k]].try
		to.delegates = append(to.delegates, try.index)
	}
}

// land makes the end of the innermost label, which is here, the target of the clauses that name it.
func (l *lowerer) land(lb *label) {
	for _, c := range lb.catches {
		l.tries[c.try].catches[c.clause].target = int32(len(l.code))
	}
}

// landAtEnd is land for the body's label: its results are returned.
func (l *lowerer) landAtEnd(lb *label) {
	if len(lb.catches) == 0 {
		return
	}
	l.join()
	l.land(lb)
	l.stack = l.stack[:0]
	l.pushAll(lb.results)
	l.ret()
}

// catchClauses reads the clauses of a try_table.
func (r *reader) catchClauses() []clause {
	hs := make([]clause, r.u32())
	for i := range hs {
		h := &hs[i]
		h.kind = wasm.CatchKind(r.b[r.p])
		r.p++
		if h.kind == wasm.CatchTag || h.kind == wasm.CatchTagRef {
			h.tag = r.u32()
		}
		h.depth = r.u32()
	}
	return hs
}
