package jit

import (
	"fmt"
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
)

// move is a copy that is done at a position, at once with the others there.
type move struct {
	at       int32
	typ      ir.Type
	from, to ir.Loc
}

// resolve finds out which moves there have to be.
//
// The position of moves at the end of a block is that of its terminator and one: they come behind those in the gap before it.
func (a *allocator) resolve() error {
	for id := range a.vals {
		x := &a.vals[id]
		if x.lifeLo == x.lifeHi {
			continue
		}
		if err := a.resolveValue(int32(id), x); err != nil {
			return err
		}
	}
	for i := range a.blocks {
		b := &a.blocks[i]
		for p := b.start + 4; p < b.end; p += 4 {
			a.resolveInstr(&a.instrs[p>>2], p)
		}
		for k, p := range b.b.Preds {
			for _, v := range b.b.Values {
				if v.Op != ir.OpPhi {
					break
				}
				if to := a.locAt(v.ID, b.start); to.Kind != ir.Nowhere {
					a.edge(a.blockIndex[p.ID], int32(i), v.Type, a.sourceAt(v.Args[k].ID, a.blocks[a.blockIndex[p.ID]].end-1), to)
				}
			}
		}
	}
	slices.SortFunc(a.moves, func(x, y move) int { return int(x.at - y.at) })
	return nil
}

// sourceAt is where a move gets a value from. An integer constant is sooner made than copied.
func (a *allocator) sourceAt(id, pos int32) ir.Loc {
	if x := &a.vals[id]; x.isConst && !x.v.Type.Float() {
		return ir.Loc{Kind: ir.IsConst, Const: x.v}
	}
	return a.locAt(id, pos)
}

// addMove adds a move unless there is nothing to do.
func (a *allocator) addMove(at int32, t ir.Type, from, to ir.Loc) {
	if from != to {
		a.moves = append(a.moves, move{at, t, from, to})
	}
}

// edgePos is where moves between block p and its successor s are done.
func (a *allocator) edgePos(p, s int32) int32 {
	if len(a.blocks[s].b.Preds) == 1 {
		return a.blocks[s].start
	}
	return a.blocks[p].end - 3
}

func (a *allocator) edge(p, s int32, t ir.Type, from, to ir.Loc) {
	a.addMove(a.edgePos(p, s), t, from, to)
}

// resolveInstr adds the moves that an instruction wants for its operands and its result.
func (a *allocator) resolveInstr(in *instr, p int32) {
	if in.v == nil {
		return
	}
	for k := in.lo; k < in.hi; k++ {
		op := &a.operands[k]
		switch {
		case op.kind == ir.UseFixed:
			a.addMove(p, a.vals[op.val].v.Type, a.sourceAt(op.val, p-1), ir.Loc{Kind: ir.InReg, Reg: op.reg})
		case op.gap && k == in.lo:
			a.addMove(p, a.vals[op.val].v.Type, a.sourceAt(op.val, p-1), a.locAt(in.v.ID, p))
		}
	}
	if in.result == ir.FixedResult {
		if to := a.locAt(in.v.ID, p+3); to.Kind != ir.Nowhere {
			a.addMove(p+3, in.v.Type, ir.Loc{Kind: ir.InReg, Reg: in.fixed}, to)
		}
	}
}

// resolveValue adds the moves between the lives of a value, and its spill stores: one at the definition, or one wherever it goes
// from a register to its slot if that is colder.
func (a *allocator) resolveValue(id int32, x *valueInfo) error {
	lives := a.byValue[x.lifeLo:x.lifeHi]
	if len(lives) == 1 && !x.isConst {
		return nil // where it is at its definition it stays
	}
	spilled := !x.isConst && x.slot >= 0
	n := len(a.moves)
	cost := float32(0)
	store := func(at int32, freq float32, from ir.Loc) {
		if from.Kind == ir.InReg {
			cost += freq
			a.addMove(at, x.v.Type, from, ir.Loc{Kind: ir.InSpill, Spill: a.slots[x.slot].at})
		}
	}
	loaded := int32(-1) // the block in which the value has been in its slot: it still is there
	for k, i := range lives {
		l := &a.lives[i]
		bi := a.blockOf[l.from>>2]
		b := &a.blocks[bi]
		was := loaded
		switch {
		case l.state == inMemory:
			loaded = a.blockOf[(l.to-1)>>2]
		case was != bi || l.from == b.start || l.to >= b.end:
			loaded = -1
		}
		if l.from == b.start {
			continue
		}
		if l.state == inRegister {
			if x.isConst || k > 0 && a.lives[lives[k-1]].to == l.from {
				if l.from&3 != 0 {
					return fmt.Errorf("jit: v%d gets a register within an instruction", id)
				}
				a.addMove(l.from, x.v.Type, a.sourceAt(id, l.from-1), ir.Loc{Kind: ir.InReg, Reg: l.reg})
			}
		} else if spilled && k > 0 && a.lives[lives[k-1]].to == l.from {
			if gap := l.from &^ 3; was != bi {
				store(gap, b.freq, a.locAt(id, gap-1))
			}
		}
	}
	if x.isConst && x.rangeLo < x.rangeHi {
		// A life that is in other blocks, too, may come before the definition in the layout.
		if l := a.lifeAt(x, x.def); l != nil && l.from < x.def && a.covers(l, x.def) {
			a.addMove(x.def, x.v.Type, ir.Loc{Kind: ir.IsConst, Const: x.v}, a.locAt(id, x.def))
		}
	}
	if x.rangeLo < x.rangeHi {
		for _, r := range a.ranges[x.rangeLo:x.rangeHi] {
			s := a.blockOf[r.from>>2]
			if a.blocks[s].start < r.from {
				s++
			}
			for ; int(s) < len(a.blocks) && a.blocks[s].start < r.to; s++ {
				b := &a.blocks[s]
				if x.phi && s == x.defBlock {
					continue
				}
				to := a.locAt(id, b.start)
				for _, pb := range b.b.Preds {
					p := a.blockIndex[pb.ID]
					from := a.locAt(id, a.blocks[p].end-1)
					switch {
					case from == to:
					case to.Kind == ir.InReg:
						a.edge(p, s, x.v.Type, from, to)
					case spilled:
						store(a.edgePos(p, s), min(b.freq, a.blocks[p].freq), from)
					}
				}
			}
		}
	}
	if !spilled || cost == 0 {
		return nil
	}
	def := a.lifeAt(x, x.def)
	if def == nil {
		return fmt.Errorf("jit: v%d has no place where it is defined", id)
	}
	b := &a.blocks[x.defBlock]
	if def.state == inRegister && cost < b.freq {
		return nil
	}
	// Once at the definition: the other stores are not needed.
	rest := slices.DeleteFunc(a.moves[n:], func(m move) bool { return m.to.Kind == ir.InSpill })
	a.moves = a.moves[:n+len(rest)]
	if def.state != inRegister {
		return nil // it goes to its slot anyway
	}
	at, from := x.def|3, ir.Loc{Kind: ir.InReg, Reg: def.reg}
	if x.phi {
		at = x.def + 1
	} else if in := &a.instrs[x.def>>2]; in.result == ir.FixedResult {
		from.Reg = in.fixed
	}
	a.addMove(at, x.v.Type, from, ir.Loc{Kind: ir.InSpill, Spill: a.slots[x.slot].at})
	return nil
}
