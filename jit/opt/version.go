package opt

import (
	"slices"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// version frees inner loops of explicit checks: of bounds, and for null. In front of the loop it is found out whether any of them could fail, in
// any iteration. If none can, the loop runs without them; if one could, or that is not known, a copy of it runs with all of them:
//
//	for i in init..limit {                 if init ≤ limit ≤ length {
//	    trap_if i ≥ length         =>          for i in init..limit { … a[i] … }
//	    … a[i] …                           } else {
//	}                                          for i in init..limit { trap_if i ≥ length; … a[i] … }
//	                                       }
//
// So a trap comes where it always came, with everything before it done. The length may be read early, because memories and tables only ever grow,
// and arrays stay as they are.
func version(f *ir.Func) {
	var l *ir.LoopInfo
	room, visited := maxCopied, 0
	for _, b := range f.Blocks {
		if !b.Cold && slices.ContainsFunc(b.Values, checks) {
			l = f.Loops()
			break
		}
	}
	if l == nil {
		return
	}
	for _, loop := range l.Loops {
		if n := loopSize(l, loop); n > 0 && n <= maxVersion && n <= room && visited < maxVisited {
			in, ok := inductionsOf(l, loop)
			if !ok {
				continue
			}
			v := versioning{f: f, inductions: in}
			if v.plan() {
				v.make()
				room -= n
				visited += f.NumValues()
				f.Check()
			}
		}
	}
	if room < maxCopied {
		phis(f)
	}
}

// Limits of what is copied: values of a loop, and of all loops of a function. What is more costs more to compile than the checks do. For each loop that
// is copied the function is gone through: maxVisited bounds the values that are seen then, each some 100 ns, of functions that are large and have
// hundreds of loops.
const (
	maxVersion    = 300
	maxCopied     = 3000
	maxVisited    = 1 << 20
	maxConditions = 16
)

// checks tells whether v is a check that may be taken out of a loop.
func checks(v *ir.Value) bool {
	if v.Op != ir.OpTrapIf {
		return false
	}
	if c := v.Args[0]; c.Op == wasm.OpI64Eqz {
		return true
	}
	_, ok := rangeOf(v)
	return ok
}

// loopSize counts the values of an inner loop, or returns 0 if it is not worth a copy: where it calls, checks are little beside that.
func loopSize(l *ir.LoopInfo, loop *ir.Loop) (n int) {
	if loop.Header.Cold {
		return 0
	}
	some := false
	for _, b := range loop.Blocks {
		if l.LoopOf(b) != loop {
			return 0
		}
		n += len(b.Values)
		if b.Cold {
			continue
		}
		for _, v := range b.Values {
			switch v.Op {
			case ir.OpCall, ir.OpCallRecord, ir.OpLeave:
				return 0
			}
			some = some || checks(v)
		}
	}
	if !some {
		return 0
	}
	return n
}

// ranged is what a check makes sure of: address + end ≤ length, without overflow, where address is an i32 or an i64 without sign.
type ranged struct {
	address *ir.Value
	end     uint64
	length  *ir.Value // i64, or i32 without sign
}

// rangeOf takes a check of bounds apart.
func rangeOf(v *ir.Value) (r ranged, ok bool) {
	if v.Op != ir.OpTrapIf {
		return r, false
	}
	if addr, length, end, ok := boundsCheck(v); ok {
		r = ranged{addr, end, length}
		if x, c, ok := operand(length, wasm.OpI64Add); ok { // of a sum without overflow, and a difference
			r = ranged{addr, end - c, x}
		}
	} else if c := v.Args[0]; c.Op == wasm.OpI32GeU || c.Op == wasm.OpI64GeU {
		r = ranged{c.Args[0], 1, c.Args[1]}
	} else if c.Op == wasm.OpI32LeU || c.Op == wasm.OpI64LeU {
		r = ranged{c.Args[1], 1, c.Args[0]}
	} else {
		return r, false
	}
	if r.address.Op == wasm.OpI64ExtendI32U {
		r.address = r.address.Args[0]
	}
	return r, r.end <= maxEnd && (isLength(r.length) || isArrayLength(r.length))
}

// maxEnd bounds constants, so that what is computed with them does not overflow.
const maxEnd = 1 << 32

// isArrayLength tells whether v is the length of an array, whose reference stands outside of what is looked at.
func isArrayLength(v *ir.Value) bool {
	return v.Op == ir.OpLoadWord && ir.Class(v.Aux) == ir.ClassHeap && v.Width == 4 && v.Imm == interp.ObjectLength
}

// group is checks of the same length and of addresses that differ by constants: root + least is the first of them. One that holds with the
// greatest end holds for all.
type group struct {
	root        *ir.Value
	length      *ir.Value
	least, most int64 // most has the end in it
	step        int64
	direct      *ending // the step is not known, but this test bounds the root
	behind      bool    // all come behind the test by which iterations are counted
}

// versioning is one loop on its way.
type versioning struct {
	f *ir.Func
	inductions
	ends    []ending
	groups  []group
	checks  []*ir.Value // those that go
	front   front       // what is found out in front of the loop
	counted *ending
	count   *ir.Value // how often the test lets the loop go on: i64
}

// plan finds the checks that can go, and what must be known for that.
func (v *versioning) plan() bool {
	v.front = front{v: v, made: map[frontKey]*ir.Value{}, starts: map[*ir.Value]*ir.Value{}}
	v.ends = v.endings()
	for _, b := range v.loop.Blocks {
		if b.Cold {
			continue
		}
		for _, c := range b.Values {
			if !checks(c) {
				continue
			}
			if v.invariant(c.Args[0]) {
				v.front.refuse(v.front.start(c.Args[0]))
				v.checks = append(v.checks, c)
			} else if r, ok := rangeOf(c); ok && v.add(r, b) {
				v.checks = append(v.checks, c)
			}
		}
	}
	for i := range v.groups {
		v.proves(&v.groups[i])
	}
	return len(v.checks) > 0 && !v.front.hopeless && len(v.front.conditions) <= maxConditions
}

// add puts a check in block b into a group, if it can be found out about in front of the loop.
func (v *versioning) add(r ranged, b *ir.Block) bool {
	if !v.readable(r.length) {
		return false
	}
	root, c, _ := sum(r.address)
	if c < -maxEnd || c > maxEnd {
		root, c = r.address, 0
	}
	g := group{root: root, length: r.length, least: c, most: c + int64(r.end)}
	step, ok := v.step(r.address)
	switch {
	case ok && step == 0:
	case ok && v.counts(b):
		g.step, g.behind = step, v.behind(v.counted, b)
	case c >= 0 && v.direct(root, b) != nil:
		g.direct = v.direct(root, b)
	default:
		return false
	}
	for i := range v.groups {
		o := &v.groups[i]
		if o.root == g.root && o.step == g.step && o.direct == g.direct && o.behind == g.behind && v.sameLength(o.length, g.length) {
			o.least, o.most = min(o.least, g.least), max(o.most, g.most)
			return true
		}
	}
	v.groups = append(v.groups, g)
	return true
}

// fixedWord tells whether v is a word of the instance's block that can be read anywhere.
func fixedWord(v *ir.Value) bool { return v.Op == ir.OpInstWord && v.Aux == 1 }

// arrayOf is the reference to the array that has a length, and the word with the heap's address.
func arrayOf(length *ir.Value) (ref, heap *ir.Value) {
	sum := length.Args[0]
	if sum.Op != wasm.OpI64Add {
		return nil, nil
	}
	for i, offset := range sum.Args {
		heap := sum.Args[1-i]
		if ref, _, ok := operand(offset, wasm.OpI64And); ok && heap.Op == ir.OpLoadWord && ir.Class(heap.Aux) == ir.ClassHeader {
			return ref, heap
		}
	}
	return nil, nil
}

// sameLength tells whether two values are the same length, perhaps at different times.
func (v *versioning) sameLength(x, y *ir.Value) bool {
	if x == y {
		return true
	}
	if isLength(x) != isLength(y) {
		return false
	}
	if isLength(x) {
		return x.Args[0].Imm == y.Args[0].Imm && x.Imm == y.Imm
	}
	p, _ := arrayOf(x)
	q, _ := arrayOf(y)
	return p == q
}

// direct is the test that bounds the variable root itself wherever b is, whatever it changes by.
func (v *versioning) direct(root *ir.Value, b *ir.Block) *ending {
	if !v.variable(root) {
		return nil
	}
	for i := range v.ends {
		e := &v.ends[i]
		if e.op == ltU && e.limit != nil && (e.value == root.Args[v.latch] || e.value == root && v.behind(e, b)) {
			return e
		}
	}
	return nil
}

// counts tells whether it can be found out how often the loop goes on, and does.
func (v *versioning) counts(b *ir.Block) bool {
	if v.count != nil {
		return true
	}
	for i := range v.ends {
		e := &v.ends[i]
		if step, ok := v.step(e.value); ok && step != 0 {
			if n := v.front.count(e, step); n != nil {
				v.counted, v.count = e, n
				return true
			}
		}
	}
	return false
}

// proves adds the conditions under which the checks of a group cannot fail.
func (v *versioning) proves(g *group) {
	f := &v.front
	length := f.length(g.length)
	first := f.wide(f.add(f.start(g.root), g.least))
	room := f.add(length, g.least-g.most) // for the first address
	switch {
	case g.direct != nil:
		// The first is by itself; the others are of variables below the limit.
		f.within(first, room)
		f.within(f.wide(f.start(g.direct.limit)), f.add(length, 1-g.most))
	case g.step == 0:
		f.within(first, room)
	default:
		n := v.count // of the last iteration that comes to the checks; the first is 0
		if g.behind {
			n = f.add(n, -1)
		}
		if g.step > 0 {
			f.within(first, f.op(wasm.OpI64Sub, ir.I64, room, f.times(n, g.step)))
		} else {
			f.within(first, room)
			f.refuse(f.op(wasm.OpI64GtU, ir.I32, f.times(n, -g.step), first))
		}
	}
}

// make gives the loop a copy, and takes the checks out of the loop itself. Where nothing has to be found out, as the checks cannot fail, there is no copy.
func (v *versioning) make() {
	if len(v.front.conditions) > 0 {
		v.copy()
	}
	for _, c := range v.checks {
		c.Block.Values = slices.Delete(c.Block.Values, slices.Index(c.Block.Values, c), slices.Index(c.Block.Values, c)+1)
	}
}

func (v *versioning) copy() {
	h := v.loop.Header
	p := h.Preds[v.before]
	if len(p.Succs) > 1 {
		p = v.f.Insert(p, h.SuccIndex(v.before))
	}
	slow := duplicate(v.f, v.l, v.loop, v.before)
	v.front.attach(p, h, slow)
}
