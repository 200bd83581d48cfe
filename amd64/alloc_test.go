package amd64

import (
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
)

// spillAll is an allocator for tests: every value has a home in the machine frame, and is in a register only for one
// instruction. Which registers these are is random, as far as Operands leaves a choice; so a result is often in the register of an
// operand.
type spillAll struct {
	t    *Target
	r    *rand.Rand
	f    *ir.Func
	home map[*ir.Value]int32
	next int32
	out  []ir.Instr
}

func allocate(tb testing.TB, t *Target, f *ir.Func, seed uint64) *ir.Allocation {
	tb.Helper()
	f.CountUses()
	t.Select(f)
	s := &spillAll{t: t, r: rand.New(rand.NewPCG(seed, 1)), f: f, home: map[*ir.Value]int32{}}
	a := &ir.Allocation{Func: f, Used: t.Allocatable()}
	for _, b := range f.Blocks {
		s.out = nil
		for _, v := range b.Values {
			if v.Op == ir.OpPhi {
				s.mem(v.Type, s.of(v)+2, s.of(v))
			}
		}
		for _, v := range b.Values {
			if v.IsTerminator() {
				s.phis(b)
			}
			if !v.Folded && v.Op != ir.OpConst && v.Op != ir.OpPhi {
				s.value(tb, v)
			}
		}
		a.Blocks = append(a.Blocks, ir.AllocatedBlock{Block: b, Instrs: s.out})
	}
	a.SpillWords = int(s.next)
	return a
}

// of is a value's home; that of a phi has room for what comes next behind it.
func (s *spillAll) of(v *ir.Value) int32 {
	h, ok := s.home[v]
	if !ok {
		h = s.next
		s.home[v] = h
		s.next += 2
		if v.Op == ir.OpPhi {
			s.next += 2
		}
	}
	return h
}

func (s *spillAll) loc(v *ir.Value) ir.Loc {
	if v.Op == ir.OpConst {
		return ir.Loc{Kind: ir.IsConst, Const: v}
	}
	return ir.Loc{Kind: ir.InSpill, Spill: s.of(v)}
}

func (s *spillAll) move(t ir.Type, from, to ir.Loc) {
	s.out = append(s.out, ir.Instr{From: from, To: to, Type: t})
}

func (s *spillAll) mem(t ir.Type, from, to int32) {
	s.move(t, ir.Loc{Kind: ir.InSpill, Spill: from}, ir.Loc{Kind: ir.InSpill, Spill: to})
}

// phis writes the arguments of the successors' phis behind the phis' homes.
func (s *spillAll) phis(b *ir.Block) {
	for _, succ := range b.Succs {
		for k, p := range succ.Preds {
			if p != b {
				continue
			}
			for _, v := range succ.Values {
				if v.Op == ir.OpPhi {
					s.move(v.Type, s.loc(v.Args[k]), ir.Loc{Kind: ir.InSpill, Spill: s.of(v) + 2})
				}
			}
		}
	}
}

func (s *spillAll) value(tb testing.TB, v *ir.Value) {
	var o ir.Operands
	o.Reset()
	s.t.Operands(v, &o)
	taken := o.Clobbers
	for _, u := range o.Uses {
		if u.Kind == ir.UseFixed {
			taken = taken.With(u.Fixed)
		}
	}
	if o.Result == ir.FixedResult && o.Early {
		taken = taken.With(o.Fixed)
	}
	pick := func(float bool) ir.Reg {
		var free []ir.Reg
		for r := ir.Reg(0); r < 48; r++ {
			if s.t.Allocatable().Has(r) && !taken.Has(r) && (r >= 32) == float {
				free = append(free, r)
			}
		}
		if len(free) == 0 {
			tb.Fatalf("no register for %v", v)
		}
		r := free[s.r.IntN(len(free))]
		taken = taken.With(r)
		return r
	}
	in := ir.Instr{Value: v}
	// What is not fixed comes first: it is never in a fixed register.
	in.Uses = make([]ir.Loc, len(o.Uses))
	for i, u := range o.Uses {
		home := s.loc(u.Value)
		switch {
		case u.Kind == ir.UseFixed:
			in.Uses[i] = ir.Loc{Kind: ir.InReg, Reg: u.Fixed}
		case u.Kind == ir.UseAny && (i > 0 || o.Result != ir.SameResult) && s.r.IntN(2) == 0:
			in.Uses[i] = home
			continue
		default:
			in.Uses[i] = ir.Loc{Kind: ir.InReg, Reg: pick(u.Value.Type.Float())}
		}
		s.move(u.Value.Type, home, in.Uses[i])
	}
	for range o.IntTemps {
		in.Temps = append(in.Temps, pick(false))
	}
	for range o.FloatTemps {
		in.Temps = append(in.Temps, pick(true))
	}
	switch o.Result {
	case ir.FixedResult:
		in.Result = ir.Loc{Kind: ir.InReg, Reg: o.Fixed}
	case ir.SameResult:
		in.Result = in.Uses[0]
	case ir.AnyResult:
		in.Result = ir.Loc{Kind: ir.InReg, Reg: -1}
		if !o.Early && s.r.IntN(2) == 0 {
			for _, u := range in.Uses {
				if u.Kind == ir.InReg && (u.Reg >= 32) == v.Type.Float() && !o.Clobbers.Has(u.Reg) {
					in.Result.Reg = u.Reg
				}
			}
		}
		if in.Result.Reg < 0 {
			in.Result.Reg = pick(v.Type.Float())
		}
	}
	if v.Site != nil {
		for _, st := range v.Site.State {
			in.State = append(in.State, s.loc(st.Value))
		}
	}
	s.out = append(s.out, in)
	if o.Result != ir.NoResult {
		s.move(v.Type, in.Result, ir.Loc{Kind: ir.InSpill, Spill: s.of(v)})
	}
}
