package jit

import (
	"fmt"
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
)

// record is an access of a value: at pos the value must be where its location says.
type record struct {
	val, pos int32
	weight   float32 // what it costs if the value is not in a register
	kind     recordKind
}

// recordKind is the kind of an access, and of where its pos is for an instruction at p.
type recordKind uint8

const (
	readReg   recordKind = iota // at p+1, in a register
	readAny                     // at p+1
	readState                   // at p+1
	readGap                     // at p-1: copied in the gap
	readEdge                    // at the last position of a block: an argument of a phi
	writeReg                    // at p+2, in a register
	writeGap                    // at p, in a register: early, or a copy of the first operand
	writeCopy                   // at p+3: copied from a fixed register
	writePhi                    // at the start of a block
)

// edgeCost is the cost of reading an argument of a phi from memory.
const edgeCost = 0.8

// needs tells whether the value must be in a register.
func (k recordKind) needs() bool { return k == readReg || k == writeReg || k == writeGap }

// span is a range of positions, without the last.
type span struct{ from, to int32 }

// fixedSpan is where a register is taken by what must be in it. The value that is put there may be there anyway.
type fixedSpan struct {
	from, to int32
	owner    int32 // or -1
}

// hint says that at pos the value had better be in the register that other is in at its pos, or in reg when other is -1.
type hint struct {
	val, pos    int32
	other, opos int32
	weight      float32
	reg         ir.Reg
}

// scan asks the target about all instructions and records accesses, fixed registers and hints.
func (a *allocator) scan() error {
	for i := range a.blocks {
		b := &a.blocks[i]
		a.instrs = append(a.instrs, instr{})
		p := b.start
		for _, v := range b.b.Values {
			if v.Op == ir.OpPhi {
				a.define(v, b.start, int32(i))
				a.vals[v.ID].phi = true
				if len(v.Args) != len(b.b.Preds) {
					return fmt.Errorf("jit: phi v%d has %d arguments in a block with %d predecessors", v.ID, len(v.Args), len(b.b.Preds))
				}
				a.record(v, b.start, writePhi, 0.8*b.freq)
				for k, arg := range v.Args {
					from := &a.blocks[a.blockIndex[b.b.Preds[k].ID]]
					a.link(v, b.start, arg, from.end-1, min(from.freq, b.freq))
				}
				continue
			}
			if v.Folded {
				continue
			}
			p += 4
			if v.Op == ir.OpConst {
				a.define(v, p+4, int32(i)) // it can be made from there on
				a.vals[v.ID].isConst = true
				a.instrs = append(a.instrs, instr{})
				continue
			}
			if err := a.instruction(b, int32(i), v, p); err != nil {
				return err
			}
		}
		for _, s := range b.b.Succs {
			for _, v := range s.Values {
				if v.Op != ir.OpPhi {
					break
				}
				k := int32(0)
				if len(s.Preds) > 1 {
					k = b.edge
				}
				a.record(v.Args[k], b.end-1, readEdge, edgeCost*b.freq)
				a.link(v.Args[k], b.end-1, v, a.blocks[a.blockIndex[s.ID]].start, b.freq)
			}
		}
	}
	return nil
}

// instruction scans one.
func (a *allocator) instruction(b *blockInfo, block int32, v *ir.Value, p int32) error {
	o := &a.ops
	o.Reset()
	a.t.Operands(v, o)
	in := instr{v: v, lo: int32(len(a.operands)), result: o.Result, fixed: o.Fixed, early: o.Early}
	if v.IsTerminator() && len(b.b.Succs) == 1 && len(o.Uses) > 0 && len(b.b.Succs[0].Preds) > 1 {
		return fmt.Errorf("jit: v%d has operands and one successor, where values merge", v.ID)
	}
	for k, u := range o.Uses {
		op := allocOperand{val: u.Value.ID, kind: u.Kind, reg: u.Fixed}
		same := o.Result == ir.SameResult && (k == 0 || !o.Early && u.Kind != ir.UseFixed && u.Value == o.Uses[0].Value)
		switch {
		case u.Kind == ir.UseFixed:
			a.record(u.Value, p-1, readGap, 0.8*b.freq)
			a.hints = append(a.hints, hint{val: op.val, pos: p - 1, other: -1, reg: u.Fixed, weight: b.freq})
			a.fix(u.Fixed, p, p+2, op.val)
			if same {
				return fmt.Errorf("jit: v%d has a fixed first operand that is to be the result", v.ID)
			}
		case same:
			op.gap = true
			if k == 0 {
				a.record(u.Value, p-1, readGap, 0.8*b.freq)
				a.link(v, p, u.Value, p-1, b.freq)
				a.link(u.Value, p-1, v, p, b.freq)
			}
		case u.Kind == ir.UseAny:
			a.record(u.Value, p+1, readAny, 0.6*b.freq)
		default:
			a.record(u.Value, p+1, readReg, b.freq)
		}
		a.operands = append(a.operands, op)
	}
	in.hi = int32(len(a.operands))
	if o.Result == ir.SameResult && in.lo == in.hi {
		return fmt.Errorf("jit: v%d is to have the register of an operand that it does not have", v.ID)
	}
	if all := a.classes[0] | a.classes[1]; o.Clobbers&all == all {
		a.calls = append(a.calls, fixedSpan{p, p + 3, -1})
	} else {
		for c := o.Clobbers & all; c != 0; c &= c - 1 {
			a.fix(lowest(c), p, p+3, -1)
		}
	}
	a.used |= o.Clobbers
	switch o.Result {
	case ir.AnyResult:
		if v.Op == ir.OpCopy && len(o.Uses) > 0 {
			a.link(v, p+2, o.Uses[0].Value, p+1, b.freq)
			a.link(o.Uses[0].Value, p+1, v, p+2, b.freq)
		}
		if o.Early {
			a.define(v, p, block)
			a.record(v, p, writeGap, b.freq)
		} else {
			a.define(v, p+2, block)
			a.record(v, p+2, writeReg, b.freq)
		}
	case ir.SameResult:
		a.define(v, p, block)
		a.record(v, p, writeGap, b.freq)
	case ir.FixedResult:
		a.define(v, p+3, block)
		a.record(v, p+3, writeCopy, 0.8*b.freq)
		a.hints = append(a.hints, hint{val: v.ID, pos: p + 3, other: -1, reg: o.Fixed, weight: b.freq})
		from := p + 2
		if v.Op == ir.OpParam {
			from = b.start // all arguments are there from the beginning
		} else if o.Early {
			from = p + 1
		}
		a.fix(o.Fixed, from, p+3, -1)
	}
	if v.Site != nil {
		for _, s := range v.Site.State {
			a.record(s.Value, p+1, readState, 0)
		}
	}
	in.temps = int32(len(a.lives))
	in.intTemps, in.nTemps = uint8(o.IntTemps), uint8(o.IntTemps+o.FloatTemps)
	for k := range int(in.nTemps) {
		class := uint8(0)
		if k >= o.IntTemps {
			class = 1
		}
		a.minimal(-1, class, p, p+3)
	}
	a.instrs = append(a.instrs, in)
	return nil
}

// define says where v begins.
func (a *allocator) define(v *ir.Value, pos, block int32) {
	x := &a.vals[v.ID]
	x.v, x.def, x.defBlock = v, pos, block
}

// record notes an access. A constant needs a register only where the instruction does.
func (a *allocator) record(v *ir.Value, pos int32, kind recordKind, weight float32) {
	if v.Op == ir.OpConst {
		if kind != readReg {
			return
		}
		if v.Type == ir.I32 {
			weight *= 0.4
		} else if v.Type == ir.I64 {
			weight *= 0.6
		}
		if b := &a.blocks[a.blockOf[pos>>2]]; b.loop >= 0 && !b.b.Cold {
			a.vals[v.ID].inLoop = true
		}
	}
	a.recs = append(a.recs, record{val: v.ID, pos: pos, kind: kind, weight: weight})
}

// link makes a hint of a copy.
func (a *allocator) link(v *ir.Value, pos int32, other *ir.Value, opos int32, weight float32) {
	if v.Op != ir.OpConst && other.Op != ir.OpConst {
		a.hints = append(a.hints, hint{val: v.ID, pos: pos, other: other.ID, opos: opos, weight: weight})
	}
}

// fix takes register r for [from, to).
func (a *allocator) fix(r ir.Reg, from, to, owner int32) {
	a.used = a.used.With(r)
	f := a.fixed[r]
	if n := len(f); n > 0 && f[n-1].to > from {
		last := &f[n-1]
		if last.owner != owner {
			last.owner = -1
		}
		last.to = max(last.to, to)
		return
	}
	a.fixed[r] = append(f, fixedSpan{from, to, owner})
}

// sortRecords puts accesses and hints into the order of values, and of positions for each.
func (a *allocator) sortRecords() {
	n := len(a.vals)
	a.recCount = resize(a.recCount, n+1)
	for i := range a.recs {
		a.recCount[a.recs[i].val+1]++
	}
	for i := range n {
		a.recCount[i+1] += a.recCount[i]
		a.vals[i].recLo, a.vals[i].recHi = a.recCount[i], a.recCount[i+1]
	}
	a.recs2 = resize(a.recs2, len(a.recs))
	for i := range a.recs {
		k := &a.recCount[a.recs[i].val]
		a.recs2[*k] = a.recs[i]
		*k++
	}
	a.recs, a.recs2 = a.recs2, a.recs
	a.recSum = resize(a.recSum, len(a.recs)+1)
	sum := 0.0
	for i := range a.recs {
		sum += float64(a.recs[i].weight)
		a.recSum[i+1] = sum
	}
	a.recCount = resize(a.recCount, n+1)
	for i := range a.hints {
		a.recCount[a.hints[i].val+1]++
	}
	for i := range n {
		a.recCount[i+1] += a.recCount[i]
		a.vals[i].hintLo, a.vals[i].hintHi = a.recCount[i], a.recCount[i+1]
	}
	a.hints2 = resize(a.hints2, len(a.hints))
	for i := range a.hints {
		k := &a.recCount[a.hints[i].val]
		a.hints2[*k] = a.hints[i]
		*k++
	}
	a.hints, a.hints2 = a.hints2, a.hints
}

// buildLives computes the ranges of all values and makes a life of each.
func (a *allocator) buildLives() error {
	a.mark = resize(a.mark, len(a.blocks))
	a.liveEnd = resize(a.liveEnd, len(a.blocks))
	for id := range a.vals {
		x := &a.vals[id]
		if x.def < 0 {
			if x.recLo != x.recHi {
				return fmt.Errorf("jit: v%d is used but not defined", id)
			}
			continue
		}
		if x.recLo == x.recHi {
			continue
		}
		if x.isConst && !x.inLoop {
			a.constLives(int32(id), x)
			continue
		}
		if err := a.buildRanges(int32(id), x); err != nil {
			return err
		}
		if x.rangeLo == x.rangeHi {
			continue
		}
		l := life{val: int32(id), class: class(x.v), rangeLo: x.rangeLo, rangeHi: x.rangeHi, recLo: x.recLo, recHi: x.recHi,
			from: a.ranges[x.rangeLo].from, to: a.ranges[x.rangeHi-1].to}
		if x.isConst {
			// It need not be in a register before it is used.
			if at := a.comeBack(&l, l.from, l.recLo); at > l.from {
				a.trimFront(&l, at)
			}
		}
		x.first = a.addLife(l)
		a.enqueue(x.first)
	}
	return nil
}

// constLives makes lives of one instruction each.
func (a *allocator) constLives(id int32, x *valueInfo) {
	last, prev := int32(-1), int32(0)
	for k := x.recLo; k < x.recHi; k++ {
		pos := a.recs[k].pos
		if pos == last {
			continue
		}
		last = pos
		l := a.minimal(id, class(x.v), pos-1, pos+1)
		a.lives[l].recLo, a.lives[l].recHi = k, k+1
		if prev == 0 {
			x.first = l
		} else {
			a.lives[prev].next = l
		}
		prev = l
	}
}

// buildRanges computes where a value is live: from its uses upwards to its definition.
func (a *allocator) buildRanges(id int32, x *valueInfo) error {
	x.rangeLo = int32(len(a.ranges))
	d := x.defBlock
	defEnd := int32(-1)
	stamp := id + 1
	a.liveBlocks = a.liveBlocks[:0]
	for k := x.recLo; k < x.recHi; k++ {
		r := &a.recs[k]
		var end int32
		switch r.kind {
		case writeReg:
			end = r.pos + 1
		case writeGap:
			end = r.pos + 3
		case writeCopy, writePhi:
			continue
		default:
			end = r.pos + 1
		}
		b := a.blockOf[r.pos>>2]
		if b == d && r.pos >= x.def {
			defEnd = max(defEnd, end)
			continue
		}
		if b == d {
			return fmt.Errorf("jit: v%d is used before it is defined", id)
		}
		if a.mark[b] == stamp {
			a.liveEnd[b] = max(a.liveEnd[b], end)
			continue
		}
		a.mark[b], a.liveEnd[b] = stamp, end
		a.stack = append(a.stack, b)
		for len(a.stack) > 0 {
			b := a.stack[len(a.stack)-1]
			a.stack = a.stack[:len(a.stack)-1]
			a.liveBlocks = append(a.liveBlocks, b)
			if b == 0 {
				return fmt.Errorf("jit: v%d is not defined on every way to its use", id)
			}
			for _, p := range a.blocks[b].b.Preds {
				q := a.blockIndex[p.ID]
				end := a.blocks[q].end
				switch {
				case q == d:
					defEnd = end
				case a.mark[q] == stamp:
					a.liveEnd[q] = end
				default:
					a.mark[q], a.liveEnd[q] = stamp, end
					a.stack = append(a.stack, q)
				}
			}
		}
	}
	slices.Sort(a.liveBlocks)
	for _, b := range a.liveBlocks {
		if b > d && defEnd >= 0 {
			a.addRange(x, x.def, defEnd)
			defEnd = -1
		}
		a.addRange(x, a.blocks[b].start, a.liveEnd[b])
	}
	if defEnd >= 0 {
		a.addRange(x, x.def, defEnd)
	}
	x.rangeHi = int32(len(a.ranges))
	return nil
}

// addRange appends a range.
func (a *allocator) addRange(x *valueInfo, from, to int32) {
	if n := len(a.ranges); n > int(x.rangeLo) && a.ranges[n-1].to == from {
		a.ranges[n-1].to = to
		return
	}
	a.pushRange(from, to)
}

func (a *allocator) pushRange(from, to int32) {
	n := len(a.ranges)
	sum := int64(0)
	if n > 0 {
		last := a.ranges[n-1]
		sum = a.rangeSum[n-1] + int64(last.to-last.from)
	}
	a.ranges = append(a.ranges, span{from, to})
	a.rangeSum = append(a.rangeSum, sum)
}

// class is 0 for integer registers and 1 for vector registers.
func class(v *ir.Value) uint8 {
	if v.Type.Float() {
		return 1
	}
	return 0
}
