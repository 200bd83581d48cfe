package jit

import (
	"fmt"
	"math/bits"

	"github.com/godwit-vm/godwit/wasm"
)

// Before a body is built it is read once for what building must know in advance: where blocks end, which locals a loop
// assigns, and, by going back over what was read, which locals are live where state may have to be written.

// bitset is a set of locals.
type bitset []uint64

func (s bitset) has(i int) bool { return s[i>>6]>>(uint(i)&63)&1 != 0 }
func (s bitset) set(i int)      { s[i>>6] |= 1 << (uint(i) & 63) }
func (s bitset) unset(i int)    { s[i>>6] &^= 1 << (uint(i) & 63) }

func (s bitset) or(t bitset) {
	for i, w := range t {
		s[i] |= w
	}
}

// each calls f for each member, in order.
func (s bitset) each(f func(i int)) {
	for k, w := range s {
		for ; w != 0; w &= w - 1 {
			f(k<<6 + bits.TrailingZeros64(w))
		}
	}
}

// opened is a block, loop, if, try or try_table of a body.
type opened struct {
	op    wasm.Op
	pos   uint32 // module offset of its opcode
	body  uint32 // of the first instruction in it
	alt   uint32 // of the first instruction behind else, 0 without
	after uint32 // of the instruction behind its end
	outer int32  // the opened one around, -1 is the body

	calls    bool   // loops: something in it leaves
	assigned bitset // loops: locals that it assigns

	// Sets of live locals.
	end     bitset // behind the end
	start   bitset // loops: at the head; ifs: where the first branch begins
	other   bitset // ifs: where the second branch begins
	handler bitset // tries: where exceptions may go
	catches bool   // try: has begun a catch
}

// eventKind says what an instruction does to the liveness of locals.
type eventKind uint8

const (
	eventGet eventKind = iota
	eventSet
	eventOpen
	eventElse
	eventEnd
	eventCatch      // of a try: catch or catch_all; the first one is eventFirstCatch
	eventFirstCatch // ends the part that the try protects
	eventBr
	eventBrIf
	eventTable // arg is the index of its targets in scan.targets, which begin with their number
	eventStop  // nothing of the function runs behind it
	eventMark  // the set of live locals is wanted here; an instruction that leaves if mark.leaves
)

type event struct {
	kind eventKind
	arg  int32
}

// mark is a place where the live locals are wanted.
type mark struct {
	pos    uint32
	leaves bool
}

type scan struct {
	bodyReader
	b       *builder
	opens   []opened
	events  []event
	targets []int32
	clauses map[int32][]int32 // try_table: the labels of its clauses
	marks   []mark
	stride  int
	words   int    // of sets: see maxSets
	sets    bitset // of the marks
	entry   bitset // what is live at the body's beginning
	floor   bitset // what is live wherever the body ends, because its caller wants it: nil for a unit's own body
	loops   []int32
}

// nothing makes live what is live where the body ends.
func (s *scan) nothing(live bitset) {
	clear(live)
	copy(live, s.floor)
}

// wants counts n sets, against the limit.
func (s *scan) wants(n int) {
	if s.words += n * s.stride; s.words > maxSets && s.b.err == nil {
		s.b.err = fmt.Errorf("%w: the live locals are to be known in too many places", errTooLarge)
	}
}

// newSets returns n empty sets.
func (s *scan) newSets(n int) bitset { return make(bitset, n*s.stride) }

func (s *scan) at(i int) bitset { return s.sets[i*s.stride : (i+1)*s.stride] }

func (s *scan) event(kind eventKind, arg int32) { s.events = append(s.events, event{kind, arg}) }

// mark wants the live locals behind the instruction at pos.
func (s *scan) mark(pos uint32, leaves bool) {
	s.event(eventMark, int32(len(s.marks)))
	s.marks = append(s.marks, mark{pos, leaves})
	if n := len(s.loops); leaves && n > 0 {
		s.opens[s.loops[n-1]].calls = true
	}
}

// run reads the body.
func (s *scan) run() {
	s.stride = (len(s.b.locals) + 63) / 64
	region := s.b.recorded()
	var open []int32 // those that are open
	target := func(depth uint32) int32 {
		if k := len(open) - 1 - int(depth); k >= 0 {
			return open[k]
		}
		return -1
	}
	for s.p < len(s.b.b) {
		pos := s.offset()
		w := s.op()
		switch w {
		case wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpTry, wasm.OpTryTable:
			i := int32(len(s.opens))
			o := opened{op: w, pos: pos, outer: -1}
			if n := len(open); n > 0 {
				o.outer = open[n-1]
			}
			s.skipBlockType()
			if w == wasm.OpTryTable {
				if s.clauses == nil {
					s.clauses = map[int32][]int32{}
				}
				for n := s.u32(); n > 0; n-- {
					s.clauses[i] = append(s.clauses[i], target(s.clause()))
				}
			}
			o.body = s.offset()
			if w == wasm.OpLoop {
				if s.wants(1); s.b.err != nil {
					return
				}
				o.assigned = s.newSets(1)
				s.loops = append(s.loops, i)
			}
			s.opens = append(s.opens, o)
			open = append(open, i)
			s.event(eventOpen, i)
		case wasm.OpElse:
			i := open[len(open)-1]
			s.opens[i].alt = s.offset()
			s.event(eventElse, i)
		case wasm.OpCatch, wasm.OpCatchAll:
			s.skip(w)
			i := open[len(open)-1]
			kind := eventCatch
			if o := &s.opens[i]; !o.catches {
				o.catches, kind = true, eventFirstCatch
			}
			s.event(kind, i)
		case wasm.OpEnd, wasm.OpDelegate:
			s.skip(w)
			if len(open) == 0 {
				continue // the body's own
			}
			i := open[len(open)-1]
			open = open[:len(open)-1]
			s.close(i)
		case wasm.OpBr:
			s.event(eventBr, target(s.u32()))
		case wasm.OpBrIf, wasm.OpBrOnNull, wasm.OpBrOnNonNull:
			s.event(eventBrIf, target(s.u32()))
			if region {
				s.mark(pos, false)
			}
		case wasm.OpBrOnCast, wasm.OpBrOnCastFail, wasm.OpBrOnCastDescEq, wasm.OpBrOnCastDescEqFail:
			if !s.b.casts(w, &s.bodyReader) {
				s.mark(pos, true)
			}
			s.p++
			s.event(eventBrIf, target(s.u32()))
			s.skipHeapType()
			s.skipHeapType()
			if region {
				s.mark(pos, false)
			}
		case wasm.OpBrTable:
			if region {
				s.mark(pos, false)
			}
			s.event(eventTable, int32(len(s.targets)))
			n := s.u32() + 1
			s.targets = append(s.targets, int32(n))
			for ; n > 0; n-- {
				s.targets = append(s.targets, target(s.u32()))
			}
		case wasm.OpReturn, wasm.OpUnreachable:
			s.event(eventStop, 0)
		case wasm.OpReturnCall, wasm.OpReturnCallIndirect, wasm.OpReturnCallRef:
			// Nothing of this frame is seen any more.
			s.skip(w)
			s.mark(pos, true)
			s.event(eventStop, 0)
		case wasm.OpThrow, wasm.OpThrowRef, wasm.OpRethrow:
			s.skip(w)
			s.mark(pos, true)
			s.event(eventStop, 0)
		case wasm.OpLocalGet:
			s.event(eventGet, int32(s.b.firstLocal)+int32(s.u32()))
		case wasm.OpLocalSet, wasm.OpLocalTee:
			x := s.b.firstLocal + int(s.u32())
			s.event(eventSet, int32(x))
			if n := len(s.loops); n > 0 {
				s.opens[s.loops[n-1]].assigned.set(x)
			}
		default:
			if s.b.leaves(w, &s.bodyReader) {
				s.mark(pos, true)
			}
		}
	}
	s.liveness()
}

func (s *scan) close(i int32) {
	o := &s.opens[i]
	o.after = s.offset()
	if o.op == wasm.OpLoop {
		s.loops = s.loops[:len(s.loops)-1]
		if n := len(s.loops); n > 0 {
			outer := &s.opens[s.loops[n-1]]
			outer.assigned.or(o.assigned)
			outer.calls = outer.calls || o.calls
		}
	}
	s.event(eventEnd, i)
}

// maxLivenessPasses bounds the passes over a body; deeper nests of loops than need them have all locals live.
const maxLivenessPasses = 12

// liveness finds the live locals. A pass goes over the body backwards, with what the last one has found for the heads of
// loops; what it finds grows from pass to pass until it is the same.
func (s *scan) liveness() {
	sets := len(s.marks) + 1
	for i := range s.opens {
		switch s.opens[i].op {
		case wasm.OpIf:
			sets += 3
		case wasm.OpLoop, wasm.OpTry, wasm.OpTryTable:
			sets += 2
		default:
			sets++
		}
	}
	if s.wants(sets); s.b.err != nil {
		return
	}
	all := s.newSets(sets)
	s.sets, all = all[:len(s.marks)*s.stride], all[len(s.marks)*s.stride:]
	take := func() bitset {
		t := all[:s.stride:s.stride]
		all = all[s.stride:]
		return t
	}
	s.entry = take()
	for i := range s.opens {
		o := &s.opens[i]
		o.end = take()
		switch o.op {
		case wasm.OpIf:
			o.start, o.other = take(), take()
		case wasm.OpLoop:
			o.start = take()
		case wasm.OpTry, wasm.OpTryTable:
			o.handler = take()
		}
	}
	if s.stride == 0 {
		return
	}
	for pass := 0; s.pass(); pass++ {
		if pass == maxLivenessPasses {
			s.allLive()
			return
		}
	}
}

// allLive gives up: all locals are live everywhere.
func (s *scan) allLive() {
	fill := func(t bitset) {
		for i := range t {
			t[i] = ^uint64(0)
		}
		if n := len(s.b.locals) & 63; n != 0 && len(t) > 0 {
			for i := s.stride - 1; i < len(t); i += s.stride {
				t[i] = 1<<uint(n) - 1
			}
		}
	}
	fill(s.sets)
	fill(s.entry)
	for i := range s.opens {
		o := &s.opens[i]
		for _, t := range []bitset{o.end, o.start, o.other, o.handler} {
			fill(t)
		}
	}
}

// label is what is live where a branch to opened i goes.
func (s *scan) label(i int32) bitset {
	if i < 0 {
		return nil
	}
	if o := &s.opens[i]; o.op == wasm.OpLoop {
		return o.start
	} else {
		return o.end
	}
}

// pass goes over the body backwards, and tells whether the head of a loop has changed.
func (s *scan) pass() (changed bool) {
	live := s.newSets(1)
	s.nothing(live)
	handlers := s.newSets(1) // a stack: what is live where exceptions may go
	top := func() bitset { return handlers[len(handlers)-s.stride:] }
	for k := len(s.events) - 1; k >= 0; k-- {
		e := s.events[k]
		switch e.kind {
		case eventGet:
			live.set(int(e.arg))
		case eventSet:
			live.unset(int(e.arg))
		case eventMark:
			if s.marks[e.arg].leaves {
				live.or(top())
			}
			copy(s.at(int(e.arg)), live)
		case eventStop:
			s.nothing(live)
		case eventBr:
			s.nothing(live)
			live.or(s.label(e.arg))
		case eventBrIf:
			live.or(s.label(e.arg))
		case eventTable:
			s.nothing(live)
			n := s.targets[e.arg]
			for _, t := range s.targets[e.arg+1 : e.arg+1+n] {
				live.or(s.label(t))
			}
		case eventEnd:
			o := &s.opens[e.arg]
			copy(o.end, live)
			if o.op == wasm.OpTryTable {
				for _, t := range s.clauses[e.arg] {
					o.handler.or(s.label(t))
				}
			}
			if o.op == wasm.OpTryTable || o.op == wasm.OpTry && !o.catches {
				handlers = append(handlers, top()...)
				top().or(o.handler)
			}
		case eventCatch, eventFirstCatch:
			o := &s.opens[e.arg]
			o.handler.or(live)
			copy(live, o.end)
			if e.kind == eventFirstCatch {
				handlers = append(handlers, top()...)
				top().or(o.handler)
			}
		case eventElse:
			o := &s.opens[e.arg]
			copy(o.other, live)
			copy(live, o.end)
		case eventOpen:
			o := &s.opens[e.arg]
			switch o.op {
			case wasm.OpLoop:
				for i, w := range live {
					if w |= o.start[i]; w != o.start[i] {
						o.start[i], changed = w, true
					}
				}
				copy(live, o.start)
			case wasm.OpIf:
				copy(o.start, live)
				if o.alt == 0 {
					copy(o.other, o.end)
				}
				live.or(o.other)
			case wasm.OpTry, wasm.OpTryTable:
				handlers = handlers[:len(handlers)-s.stride]
			}
		}
	}
	copy(s.entry, live)
	return changed
}
