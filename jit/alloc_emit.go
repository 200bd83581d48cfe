package jit

import (
	"fmt"

	"github.com/godwit-vm/godwit/jit/ir"
)

// emit writes the allocation down.
func (a *allocator) emit() (*ir.Allocation, error) {
	res := &ir.Allocation{Func: a.f, Blocks: make([]ir.AllocatedBlock, len(a.blocks))}
	count, states, temps := len(a.moves), 0, 0
	for i := range a.instrs {
		if in := &a.instrs[i]; in.v != nil {
			count++
			temps += int(in.nTemps)
			if in.v.Site != nil {
				states += len(in.v.Site.State)
			}
		}
	}
	out := make([]ir.Instr, 0, count+count/16)
	locs := make([]ir.Loc, 0, len(a.operands)+states)
	regs := make([]ir.Reg, 0, temps)
	a.seq.reset(a.spillWords)
	ends := a.liveEnd
	m := 0
	flush := func(until int32) error {
		for m < len(a.moves) && a.moves[m].at <= until {
			n := m + 1
			for n < len(a.moves) && a.moves[n].at == a.moves[m].at {
				n++
			}
			var err error
			if out, err = a.sequence(out, a.moves[m:n]); err != nil {
				return err
			}
			m = n
		}
		return nil
	}
	for i := range a.blocks {
		b := &a.blocks[i]
		for p := b.start + 4; p < b.end; p += 4 {
			in := &a.instrs[p>>2]
			if err := flush(p + 1); err != nil {
				return nil, err
			}
			if in.v == nil {
				continue
			}
			o := ir.Instr{Value: in.v}
			switch in.result {
			case ir.FixedResult:
				o.Result = ir.Loc{Kind: ir.InReg, Reg: in.fixed}
			case ir.AnyResult, ir.SameResult:
				o.Result = a.locAt(in.v.ID, a.vals[in.v.ID].def)
				if o.Result.Kind != ir.InReg {
					return nil, fmt.Errorf("jit: the result of v%d has no register", in.v.ID)
				}
			}
			lo := len(locs)
			for k := in.lo; k < in.hi; k++ {
				op := &a.operands[k]
				var l ir.Loc
				switch {
				case op.kind == ir.UseFixed:
					l = ir.Loc{Kind: ir.InReg, Reg: op.reg}
				case op.gap:
					l = o.Result
				case op.kind == ir.UseAny:
					l = a.anyLoc(op.val, p+1)
				default:
					if l = a.locAt(op.val, p+1); l.Kind != ir.InReg {
						return nil, fmt.Errorf("jit: operand v%d of v%d has no register", op.val, in.v.ID)
					}
				}
				if l.Kind == ir.Nowhere {
					return nil, fmt.Errorf("jit: operand v%d of v%d is nowhere", op.val, in.v.ID)
				}
				locs = append(locs, l)
			}
			o.Uses = locs[lo:len(locs):len(locs)]
			if in.nTemps > 0 {
				lo := len(regs)
				for k := range int32(in.nTemps) {
					regs = append(regs, a.lives[in.temps+k].reg)
				}
				o.Temps = regs[lo:len(regs):len(regs)]
			}
			if s := in.v.Site; s != nil && len(s.State) > 0 {
				lo := len(locs)
				for _, sv := range s.State {
					l := a.anyLoc(sv.Value.ID, p+1)
					if l.Kind == ir.Nowhere {
						return nil, fmt.Errorf("jit: v%d in the state of v%d is nowhere", sv.Value.ID, in.v.ID)
					}
					locs = append(locs, l)
				}
				o.State = locs[lo:len(locs):len(locs)]
			}
			out = append(out, o)
			if err := flush(p + 3); err != nil {
				return nil, err
			}
		}
		ends[i] = int32(len(out))
	}
	from := int32(0)
	for i := range a.blocks {
		res.Blocks[i] = ir.AllocatedBlock{Block: a.blocks[i].b, Instrs: out[from:ends[i]:ends[i]]}
		from = ends[i]
	}
	res.SpillWords, res.Used = a.spillWords, a.used
	return res, nil
}

// anyLoc is where an operand is that may be anywhere.
func (a *allocator) anyLoc(id, pos int32) ir.Loc {
	if x := &a.vals[id]; x.isConst {
		return ir.Loc{Kind: ir.IsConst, Const: x.v}
	}
	return a.locAt(id, pos)
}

// sequencer brings moves that are to be done at once into an order in which they can be done one after the other.
type sequencer struct {
	writer    []int32 // of each place, the index of the move that writes it, and one
	readers   []int32 // how many moves read it that are not done
	done      []bool
	ready     []int32
	cycleWord [2]int32 // spill words to break cycles with, of one word and of two; -1 while not needed
}

func (s *sequencer) reset(words int) {
	s.writer = resize(s.writer, 64+words+3)
	s.readers = resize(s.readers, 64+words+3)
	s.cycleWord = [2]int32{-1, -1}
}

// place is the index of a place.
func place(l ir.Loc) int32 {
	switch l.Kind {
	case ir.InReg:
		return int32(l.Reg)
	case ir.InSpill:
		return 64 + l.Spill
	}
	return -1
}

// sequence appends the moves of one position.
func (a *allocator) sequence(out []ir.Instr, group []move) ([]ir.Instr, error) {
	if len(group) == 1 {
		m := &group[0]
		return append(out, ir.Instr{From: m.from, To: m.to, Type: m.typ}), nil
	}
	s := &a.seq
	s.done = resize(s.done, len(group))
	s.ready = s.ready[:0]
	left := len(group)
	for k := range group {
		m := &group[k]
		w := &s.writer[place(m.to)]
		if *w != 0 {
			if group[*w-1].from != m.from {
				return nil, fmt.Errorf("jit: two values for one place at position %d", m.at)
			}
			s.done[k] = true
			left--
			continue
		}
		*w = int32(k) + 1
		if f := place(m.from); f >= 0 {
			s.readers[f]++
		}
	}
	for k := range group {
		if !s.done[k] && s.readers[place(group[k].to)] == 0 {
			s.ready = append(s.ready, int32(k))
		}
	}
	for next := 0; left > 0; {
		for len(s.ready) > 0 {
			k := s.ready[len(s.ready)-1]
			s.ready = s.ready[:len(s.ready)-1]
			m := &group[k]
			out = append(out, ir.Instr{From: m.from, To: m.to, Type: m.typ})
			s.done[k] = true
			left--
			if f := place(m.from); f >= 0 {
				if s.readers[f]--; s.readers[f] == 0 && s.writer[f] != 0 && !s.done[s.writer[f]-1] {
					s.ready = append(s.ready, s.writer[f]-1)
				}
			}
		}
		if left == 0 {
			break
		}
		// What is left are cycles. One place is put aside, and who reads it reads that.
		for s.done[next] {
			next++
		}
		b := group[next].to
		for k := range group {
			if m := &group[k]; !s.done[k] && m.from == b {
				aside := a.aside(group, m)
				out = append(out, ir.Instr{From: b, To: aside, Type: m.typ})
				m.from = aside
				s.readers[place(b)]--
				s.readers[place(aside)]++
			}
		}
		s.ready = append(s.ready, int32(next))
	}
	for k := range group {
		s.writer[place(group[k].to)] = 0
		if f := place(group[k].from); f >= 0 {
			s.readers[f] = 0
		}
	}
	return out, nil
}

// aside is a place that is free where m is done: a register if there is one.
func (a *allocator) aside(group []move, m *move) ir.Loc {
	c := 0
	if m.typ.Float() {
		c = 1
	}
	free := a.classes[c]
	for k := range group {
		for _, l := range [2]ir.Loc{group[k].from, group[k].to} {
			if l.Kind == ir.InReg {
				free &^= 1 << uint(l.Reg)
			}
		}
	}
	i := a.blockOf[m.at>>2]
	b := &a.blocks[i]
	around := [2]span{{m.at - 1, m.at + 1}, {m.at - 1, m.at + 1}}
	if m.at == b.start {
		around[0] = span{b.start, b.start + 1}
		p := &a.blocks[a.blockIndex[b.b.Preds[0].ID]]
		around[1] = span{p.end - 1, p.end}
	} else if m.at&3 == 1 {
		around[0] = span{b.end - 4, b.end}
		n := a.blocks[a.blockIndex[b.b.Succs[0].ID]].start
		around[1] = span{n, n + 1}
	}
	for ; free != 0; free &= free - 1 {
		r := lowest(free)
		ok := true
		for _, x := range around {
			k := searchFixed(a.fixed[r], x.from)
			if a.regs[r].overlaps(x.from, x.to) || k < len(a.fixed[r]) && a.fixed[r][k].from < x.to {
				ok = false
			}
		}
		if ok {
			a.used = a.used.With(r)
			return ir.Loc{Kind: ir.InReg, Reg: r}
		}
	}
	w := &a.seq.cycleWord[0]
	words := 1
	if m.typ == ir.V128 {
		w, words = &a.seq.cycleWord[1], 2
	}
	if *w < 0 {
		*w = int32(a.spillWords)
		a.spillWords += words
	}
	return ir.Loc{Kind: ir.InSpill, Spill: *w}
}
