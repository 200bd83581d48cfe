package jit

import (
	"fmt"
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
)

// checker executes an allocation with the names of values in place of values: for each place it knows which values it holds, on every way
// that leads there.
type checker struct {
	a      *ir.Allocation
	t      ir.Target
	ops    ir.Operands
	state  checkState
	in     []checkState // by index of the block; nil until something leads there
	index  map[*ir.Block]int
	phis   []*ir.Value // of the block at hand, when it has a single predecessor
	single bool
}

// checkState is which values each place holds. Places are the registers and then the words of the frame.
type checkState []held

// held is what is in a place.
type held struct {
	vals []int32 // sorted
	wide bool    // it takes the next place, too
}

// checkAllocation proves that each instruction of a finds its operands where a says, and that all constraints hold. It
// returns the first thing that is wrong.
func checkAllocation(a *ir.Allocation, t ir.Target) error {
	c := &checker{a: a, t: t, in: make([]checkState, len(a.Blocks)), index: map[*ir.Block]int{}}
	for i := range a.Blocks {
		c.index[a.Blocks[i].Block] = i
	}
	entry := make(checkState, 64+a.SpillWords)
	for _, v := range a.Blocks[0].Block.Values {
		if v.Op == ir.OpParam {
			c.ops.Reset()
			t.Operands(v, &c.ops)
			entry[c.ops.Fixed].vals = []int32{v.ID}
		}
	}
	c.in[0] = entry
	work := []int{0}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		b := &a.Blocks[i]
		if err := c.block(i); err != nil {
			return fmt.Errorf("%s: b%d: %w", a.Func.Name, b.Block.ID, err)
		}
		for _, s := range b.Block.Succs {
			if j := c.index[s]; c.merge(j, c.along(b.Block, s)) && !slices.Contains(work, j) {
				work = append(work, j)
			}
		}
	}
	return nil
}

// along is the state at the end of p as s's phis see it.
func (c *checker) along(p, s *ir.Block) checkState {
	st := slices.Clone(c.state)
	k := slices.Index(s.Preds, p)
	if s.Values[0].Op != ir.OpPhi {
		return st
	}
	for i := range st {
		old := st[i].vals
		var vals []int32
		for _, id := range old {
			if !slices.ContainsFunc(s.Values, func(v *ir.Value) bool { return v.Op == ir.OpPhi && v.ID == id }) {
				vals = append(vals, id)
			}
		}
		for _, v := range s.Values {
			if v.Op != ir.OpPhi {
				break
			}
			if slices.Contains(old, v.Args[k].ID) {
				vals = append(vals, v.ID)
			}
		}
		slices.Sort(vals)
		st[i].vals = vals
	}
	return st
}

// merge keeps what is true on both ways, and tells whether that is news.
func (c *checker) merge(i int, st checkState) bool {
	if c.in[i] == nil {
		c.in[i] = st
		return true
	}
	changed := false
	for k := range st {
		x := &c.in[i][k]
		n := len(x.vals)
		x.vals = slices.DeleteFunc(slices.Clone(x.vals), func(id int32) bool { return !slices.Contains(st[k].vals, id) })
		x.wide = x.wide || st[k].wide
		changed = changed || len(x.vals) != n
	}
	return changed
}

func (c *checker) block(i int) error {
	c.state = slices.Clone(c.in[i])
	b := &c.a.Blocks[i]
	c.phis, c.single = c.phis[:0], len(b.Block.Preds) == 1
	for _, v := range b.Block.Values {
		if v.Op == ir.OpPhi && c.single {
			c.phis = append(c.phis, v)
		}
	}
	// Each value that is to be executed is there, in order.
	n := 0
	for _, v := range b.Block.Values {
		if v.Op == ir.OpPhi || v.Op == ir.OpConst || v.Folded {
			continue
		}
		for n < len(b.Instrs) && b.Instrs[n].Value == nil {
			n++
		}
		if n == len(b.Instrs) || b.Instrs[n].Value != v {
			return fmt.Errorf("v%d is not where it should be", v.ID)
		}
		n++
	}
	if n != len(b.Instrs) {
		return fmt.Errorf("something stands behind the terminator")
	}
	for k := range b.Instrs {
		in := &b.Instrs[k]
		if in.Value == nil {
			if err := c.move(in); err != nil {
				return fmt.Errorf("move %d: %w", k, err)
			}
		} else if err := c.instr(in); err != nil {
			return fmt.Errorf("v%d: %w", in.Value.ID, err)
		}
	}
	return nil
}

// read is what is in a place.
func (c *checker) read(l ir.Loc) ([]int32, error) {
	switch l.Kind {
	case ir.InReg, ir.InSpill:
		p := place(l)
		if p < 0 || int(p) >= len(c.state) {
			return nil, fmt.Errorf("no such place: %v", l)
		}
		if len(c.state[p].vals) == 0 {
			return nil, fmt.Errorf("%s is undefined", showLoc(l))
		}
		return c.state[p].vals, nil
	case ir.IsConst:
		vals := []int32{l.Const.ID}
		for _, v := range c.phis {
			if v.Args[0] == l.Const {
				vals = append(vals, v.ID)
			}
		}
		slices.Sort(vals)
		return vals, nil
	}
	return nil, fmt.Errorf("read from nowhere")
}

// write lets a place hold something else.
func (c *checker) write(l ir.Loc, t ir.Type, vals []int32) error {
	p := place(l)
	if p < 0 || int(p) >= len(c.state) {
		return fmt.Errorf("no such place: %v", l)
	}
	c.state[p] = held{vals: vals}
	if l.Kind != ir.InSpill {
		return nil
	}
	if p > 64 && c.state[p-1].wide {
		c.state[p-1] = held{}
	}
	if t == ir.V128 {
		if int(p)+1 >= len(c.state) {
			return fmt.Errorf("%s has no room for a v128", showLoc(l))
		}
		c.state[p].wide = true
		c.state[p+1] = held{}
	}
	return nil
}

func (c *checker) move(in *ir.Instr) error {
	vals, err := c.read(in.From)
	if err != nil {
		return err
	}
	for _, l := range [2]ir.Loc{in.From, in.To} {
		if l.Kind == ir.InReg && !c.fits(l.Reg, in.Type) {
			return fmt.Errorf("%s in %s", in.Type, showLoc(l))
		}
	}
	return c.write(in.To, in.Type, vals)
}

// fits tells whether r is a register for values of type t.
func (c *checker) fits(r ir.Reg, t ir.Type) bool {
	return r >= 0 && ir.AllocatableIn(c.t, c.a.Func).Has(r) && (r >= 32) == t.Float()
}

// holds checks that v is at l.
func (c *checker) holds(v *ir.Value, l ir.Loc) error {
	if l.Kind == ir.IsConst {
		if l.Const != v {
			return fmt.Errorf("v%d wanted, and not the constant v%d", v.ID, l.Const.ID)
		}
		return nil
	}
	vals, err := c.read(l)
	if err != nil {
		return fmt.Errorf("v%d: %w", v.ID, err)
	}
	if !slices.Contains(vals, v.ID) {
		return fmt.Errorf("v%d is not in %s, %v is", v.ID, showLoc(l), vals)
	}
	if l.Kind == ir.InReg && !c.fits(l.Reg, v.Type) {
		return fmt.Errorf("v%d in %s", v.ID, showLoc(l))
	}
	return nil
}

func (c *checker) instr(in *ir.Instr) error {
	v, o := in.Value, &c.ops
	o.Reset()
	c.t.Operands(v, o)
	if len(in.Uses) != len(o.Uses) || len(in.Temps) != o.IntTemps+o.FloatTemps {
		return fmt.Errorf("%d uses and %d temporaries", len(in.Uses), len(in.Temps))
	}
	var uses, others ir.RegSet
	for k, u := range o.Uses {
		l := in.Uses[k]
		if err := c.holds(u.Value, l); err != nil {
			return err
		}
		if l.Kind == ir.InReg {
			uses = uses.With(l.Reg)
			if k > 0 || o.Result != ir.SameResult {
				others = others.With(l.Reg)
			}
		}
		switch u.Kind {
		case ir.UseFixed:
			if l.Kind != ir.InReg || l.Reg != u.Fixed {
				return fmt.Errorf("operand %d is in %s", k, showLoc(l))
			}
		case ir.UseReg:
			if l.Kind != ir.InReg {
				return fmt.Errorf("operand %d is in %s", k, showLoc(l))
			}
			fallthrough
		default:
			if l.Kind == ir.InReg && o.Clobbers.Has(l.Reg) {
				return fmt.Errorf("operand %d is clobbered in %s", k, showLoc(l))
			}
		}
	}
	for k, s := range stateOf(v) {
		if k >= len(in.State) {
			return fmt.Errorf("state %d missing", k)
		}
		if err := c.holds(s.Value, in.State[k]); err != nil {
			return fmt.Errorf("state of slot %d: %w", s.Slot, err)
		}
	}
	if v.Op == ir.OpParam {
		if vals := c.state[o.Fixed].vals; !slices.Contains(vals, v.ID) {
			return fmt.Errorf("the argument is overwritten")
		}
	}
	if o.Result != ir.NoResult {
		if in.Result.Kind != ir.InReg || !c.fits(in.Result.Reg, v.Type) {
			return fmt.Errorf("the result is in %s", showLoc(in.Result))
		}
		r := in.Result.Reg
		switch {
		case o.Result == ir.FixedResult && r != o.Fixed:
			return fmt.Errorf("the result is in %s", showLoc(in.Result))
		case o.Result == ir.SameResult && in.Uses[0] != in.Result:
			return fmt.Errorf("the result is in %s, the operand in %s", showLoc(in.Result), showLoc(in.Uses[0]))
		case o.Result != ir.FixedResult && o.Clobbers.Has(r):
			return fmt.Errorf("the result is in a clobbered register")
		case o.Early && others.Has(r):
			return fmt.Errorf("the early result is in a register of a use")
		}
	}
	for k, r := range in.Temps {
		t := ir.I64
		if k >= o.IntTemps {
			t = ir.F64
		}
		if !c.fits(r, t) || uses.Has(r) || o.Result != ir.NoResult && r == in.Result.Reg || slices.Contains(in.Temps[:k], r) {
			return fmt.Errorf("temporary %d is in register %d", k, r)
		}
	}
	for r := range c.state[:64] {
		if o.Clobbers.Has(ir.Reg(r)) || slices.Contains(in.Temps, ir.Reg(r)) {
			c.state[r] = held{}
		}
	}
	// Nothing holds v any more but where it is written now.
	for p := range c.state {
		if i := slices.Index(c.state[p].vals, v.ID); i >= 0 {
			c.state[p].vals = slices.Delete(slices.Clone(c.state[p].vals), i, i+1)
		}
	}
	if o.Result != ir.NoResult {
		return c.write(in.Result, v.Type, []int32{v.ID})
	}
	return nil
}

// stateOf is the state of v's site.
func stateOf(v *ir.Value) []ir.SlotValue {
	if v.Site == nil {
		return nil
	}
	return v.Site.State
}

// showLoc is a place in words.
func showLoc(l ir.Loc) string {
	switch l.Kind {
	case ir.InReg:
		if l.Reg >= 32 {
			return fmt.Sprintf("x%d", l.Reg-32)
		}
		return fmt.Sprintf("r%d", l.Reg)
	case ir.InSpill:
		return fmt.Sprintf("spill %d", l.Spill)
	case ir.IsConst:
		return fmt.Sprintf("const v%d", l.Const.ID)
	}
	return "nowhere"
}

// showAllocation is a in words.
func showAllocation(a *ir.Allocation) string {
	var s []byte
	for i := range a.Blocks {
		b := &a.Blocks[i]
		s = fmt.Appendf(s, "b%d:", b.Block.ID)
		for _, p := range b.Block.Preds {
			s = fmt.Appendf(s, " b%d", p.ID)
		}
		s = append(s, '\n')
		for _, in := range b.Instrs {
			if in.Value == nil {
				s = fmt.Appendf(s, "\t%s = %s %s\n", showLoc(in.To), showLoc(in.From), in.Type)
				continue
			}
			s = append(s, '\t')
			if in.Result.Kind != ir.Nowhere {
				s = fmt.Appendf(s, "%s = ", showLoc(in.Result))
			}
			s = fmt.Appendf(s, "%s  ", in.Value.LongString())
			for _, l := range in.Uses {
				s = fmt.Appendf(s, " %s", showLoc(l))
			}
			if len(in.Temps) > 0 {
				s = fmt.Appendf(s, " temps %v", in.Temps)
			}
			for _, l := range in.State {
				s = fmt.Appendf(s, " [%s]", showLoc(l))
			}
			s = append(s, '\n')
		}
	}
	return string(s)
}
