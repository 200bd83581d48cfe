package arm64

import (
	"math/rand/v2"

	"github.com/godwit-vm/godwit/jit/ir"
)

// spillAll is a register allocation that keeps nothing in registers between instructions. Which registers an instruction
// gets is random, within what Operands allows: a result shares a register with an operand whenever it may.
func spillAll(f *ir.Func, t ir.Target, rnd *rand.Rand) *ir.Allocation {
	a := &spiller{f: f, t: t, rnd: rnd, slots: make(map[*ir.Value]int32)}
	al := &ir.Allocation{Func: f}
	for _, b := range f.Blocks {
		al.Blocks = append(al.Blocks, a.block(b))
	}
	al.SpillWords = int(a.words)
	return al
}

type spiller struct {
	f     *ir.Func
	t     ir.Target
	rnd   *rand.Rand
	slots map[*ir.Value]int32
	words int32
}

func (a *spiller) home(v *ir.Value) ir.Loc {
	if v.Op == ir.OpConst {
		return ir.Loc{Kind: ir.IsConst, Const: v}
	}
	s, ok := a.slots[v]
	if !ok {
		s = a.words
		a.slots[v] = s
		a.words += 2
	}
	return ir.Loc{Kind: ir.InSpill, Spill: s}
}

func (a *spiller) pick(used *ir.RegSet, float bool) ir.Reg {
	for {
		r := ir.Reg(a.rnd.IntN(32))
		if float {
			r += 32
		}
		if a.t.Allocatable().Has(r) && !used.Has(r) {
			*used = used.With(r)
			return r
		}
	}
}

func (a *spiller) block(b *ir.Block) ir.AllocatedBlock {
	out := ir.AllocatedBlock{Block: b}
	move := func(from, to ir.Loc, t ir.Type) {
		out.Instrs = append(out.Instrs, ir.Instr{From: from, To: to, Type: t})
	}
	var o ir.Operands
	for _, v := range b.Values {
		if v.Op == ir.OpPhi || v.Op == ir.OpConst || v.Folded {
			continue
		}
		if v.Op == ir.OpJump {
			a.phis(b, move)
		}
		a.t.Operands(v, &o)
		used := o.Clobbers
		for _, u := range o.Uses {
			if u.Kind == ir.UseFixed {
				used = used.With(u.Fixed)
			}
		}
		if o.Result == ir.FixedResult {
			used = used.With(o.Fixed)
		}
		in := ir.Instr{Value: v}
		shared := ir.NoReg
		for i, u := range o.Uses {
			home := a.home(u.Value)
			if u.Kind == ir.UseAny && a.rnd.IntN(2) == 0 {
				in.Uses = append(in.Uses, home)
				continue
			}
			r := u.Fixed
			if u.Kind != ir.UseFixed {
				r = a.pick(&used, u.Value.Type.Float())
			}
			move(home, ir.Loc{Kind: ir.InReg, Reg: r}, u.Value.Type)
			in.Uses = append(in.Uses, ir.Loc{Kind: ir.InReg, Reg: r})
			if u.Kind == ir.UseReg && v.Type != ir.Void && u.Value.Type.Float() == v.Type.Float() {
				if i == 0 || a.rnd.IntN(2) == 0 {
					shared = r
				}
			}
		}
		for range o.IntTemps {
			in.Temps = append(in.Temps, a.pick(&used, false))
		}
		for range o.FloatTemps {
			in.Temps = append(in.Temps, a.pick(&used, true))
		}
		if v.Site != nil {
			for _, s := range v.Site.State {
				home := a.home(s.Value)
				if home.Kind == ir.InSpill && a.rnd.IntN(2) == 0 {
					r := a.pick(&used, s.Value.Type.Float())
					move(home, ir.Loc{Kind: ir.InReg, Reg: r}, s.Value.Type)
					home = ir.Loc{Kind: ir.InReg, Reg: r}
				}
				in.State = append(in.State, home)
			}
		}
		switch o.Result {
		case ir.FixedResult:
			in.Result = ir.Loc{Kind: ir.InReg, Reg: o.Fixed}
		case ir.SameResult:
			in.Result = in.Uses[0]
		case ir.AnyResult:
			if shared == ir.NoReg || o.Early || a.rnd.IntN(3) == 0 {
				shared = a.pick(&used, v.Type.Float())
			}
			in.Result = ir.Loc{Kind: ir.InReg, Reg: shared}
		}
		out.Instrs = append(out.Instrs, in)
		if o.Result != ir.NoResult {
			move(in.Result, a.home(v), v.Type)
		}
	}
	return out
}

// phis moves what the only successor's phis get from b.
func (a *spiller) phis(b *ir.Block, move func(from, to ir.Loc, t ir.Type)) {
	s := b.Succs[0]
	n := 0
	for s.Preds[n] != b {
		n++
	}
	var late []func()
	for _, p := range s.Values {
		if p.Op != ir.OpPhi {
			break
		}
		between := ir.Loc{Kind: ir.InSpill, Spill: a.words}
		a.words += 2
		move(a.home(p.Args[n]), between, p.Type)
		late = append(late, func() { move(between, a.home(p), p.Type) })
	}
	for _, l := range late {
		l()
	}
}
