package opt

import (
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// duplicate copies a loop. The copy, which is cold, is entered by the block returned, from where the caller lets edges lead to; the loop itself is
// entered as before, by its header's predecessor before. What comes behind the loop comes behind both: what it uses of the loop is what
// either has made.
func duplicate(f *ir.Func, l *ir.LoopInfo, loop *ir.Loop, before int) *ir.Block {
	d := duplication{f: f, inside: make([]bool, f.NumBlocks()), blocks: map[*ir.Block]*ir.Block{}, copies: map[*ir.Block]bool{}, values: map[*ir.Value]*ir.Value{}}
	for _, b := range loop.Blocks {
		d.inside[b.ID] = true
	}
	d.exits(loop)
	d.dom, d.tops = f.Dominators(), make([]*ir.Block, f.NumBlocks())
	d.inside = slices.Concat(d.inside, make([]bool, f.NumBlocks()-len(d.inside)))
	enter := f.NewBlock()
	enter.Cold = true
	f.Append(enter, ir.OpJump, ir.Void)
	d.copyBlocks(loop)
	d.connect(loop, enter, before)
	d.repair()
	return enter
}

type duplication struct {
	f      *ir.Func
	inside []bool // by Block.ID: the loop
	out    map[*ir.Block]bool
	blocks map[*ir.Block]*ir.Block // of the loop, to copies
	copies map[*ir.Block]bool
	values map[*ir.Value]*ir.Value
	found  map[reached]*ir.Value
	dom    *ir.LoopInfo              // before there is a copy
	tops   []*ir.Block               // by Block.ID: see top
	phis   map[*ir.Block][]*ir.Value // new ones
	made   map[*ir.Block][]*ir.Value // what is computed again, to come behind the phis
}

// reached is a value of the loop at the end of a block behind it.
type reached struct {
	v *ir.Value
	b *ir.Block
}

// exits puts a block on each way out, to which only that and later its copy lead.
func (d *duplication) exits(loop *ir.Loop) {
	d.out = map[*ir.Block]bool{}
	for _, b := range loop.Blocks {
		for k, s := range b.Succs {
			if !d.inside[s.ID] {
				d.out[d.f.Insert(b, k)] = true
			}
		}
	}
}

func (d *duplication) copyBlocks(loop *ir.Loop) {
	for _, b := range loop.Blocks {
		c := d.f.NewBlock()
		c.Cold = true
		d.blocks[b], d.copies[c] = c, true
		for _, v := range b.Values {
			w := d.f.NewValue(v.Op, v.Type)
			id := w.ID
			*w = *v
			w.ID, w.Block = id, c
			c.Values = append(c.Values, w)
			d.values[v] = w
		}
	}
	for _, b := range loop.Blocks {
		for _, w := range d.blocks[b].Values {
			w.Args = slices.Clone(w.Args)
			for i, a := range w.Args {
				w.Args[i] = d.of(a)
			}
			if w.Site != nil {
				s := *w.Site
				s.State = slices.Clone(s.State)
				for i := range s.State {
					s.State[i].Value = d.of(s.State[i].Value)
				}
				w.Site = &s
			}
		}
	}
}

// of is a value's copy, or the value, if it is not of the loop.
func (d *duplication) of(v *ir.Value) *ir.Value {
	if w := d.values[v]; w != nil {
		return w
	}
	return v
}

// connect gives the copies edges like those of the loop.
func (d *duplication) connect(loop *ir.Loop, enter *ir.Block, before int) {
	for _, b := range loop.Blocks {
		c := d.blocks[b]
		for _, s := range b.Succs {
			if to := d.blocks[s]; to != nil {
				c.Succs = append(c.Succs, to)
				continue
			}
			c.Succs = append(c.Succs, s)
			s.Preds = append(s.Preds, c)
		}
		for i, p := range b.Preds {
			if b == loop.Header && i == before {
				c.Preds = append(c.Preds, enter)
				enter.Succs = append(enter.Succs, c)
				continue
			}
			c.Preds = append(c.Preds, d.blocks[p])
		}
	}
}

// repair lets what comes behind the loop use what either loop has made.
func (d *duplication) repair() {
	d.found, d.phis, d.made = map[reached]*ir.Value{}, map[*ir.Block][]*ir.Value{}, map[*ir.Block][]*ir.Value{}
	d.lengths()
	for _, b := range slices.Clone(d.f.Blocks) {
		if d.blocks[b] != nil || d.copies[b] {
			continue
		}
		for _, v := range b.Values {
			for i, a := range v.Args {
				if d.values[a] == nil {
					continue
				}
				if v.Op == ir.OpPhi {
					v.Args[i] = d.at(a, b.Preds[i])
				} else {
					v.Args[i] = d.at(a, b)
				}
			}
			if v.Site != nil {
				for i, s := range v.Site.State {
					if d.values[s.Value] != nil {
						v.Site.State[i].Value = d.at(s.Value, b)
					}
				}
			}
		}
	}
	for b, made := range d.made {
		n := 0 // phis
		for b.Values[n].Op == ir.OpPhi {
			n++
		}
		b.Values = slices.Insert(b.Values, n, made...)
	}
	for b, phis := range d.phis {
		b.Values = append(phis, b.Values...)
	}
}

// lengths lets checks behind the loop read lengths by themselves: the loop may have no other use for them. They may have grown meanwhile, and
// nobody but checks may see that.
func (d *duplication) lengths() {
	var uses []int32
	for _, b := range d.f.Blocks {
		if d.blocks[b] != nil || d.copies[b] {
			continue
		}
		for _, v := range b.Values {
			r, ok := rangeOf(v)
			if !ok || d.values[r.length] == nil || !isLength(r.length) || !fixedWord(r.length.Args[0]) || d.values[v.Args[0]] != nil {
				continue
			}
			if uses == nil {
				uses = countUses(d.f)
			}
			c := v.Args[0]
			if uses[c.ID] != 1 {
				continue
			}
			for i, a := range c.Args {
				if _, _, less := operand(a, wasm.OpI64Add); a == r.length || less && a.Args[0] == r.length {
					c.Args[i] = d.again(a, c.Block)
				}
			}
		}
	}
}

// again computes v at the begin of b.
func (d *duplication) again(v *ir.Value, b *ir.Block) *ir.Value {
	if d.values[v] == nil {
		return v
	}
	k := reached{v, b}
	if w := d.found[k]; w != nil {
		return w
	}
	w := d.f.NewValue(v.Op, v.Type)
	id := w.ID
	*w = *v
	w.ID, w.Block = id, b
	w.Args = slices.Clone(v.Args)
	for i, a := range w.Args {
		w.Args[i] = d.again(a, b)
	}
	d.found[k] = w
	d.made[b] = append(d.made[b], w)
	return w
}

// at is what a value of the loop is at the end of b, which is behind the loop.
func (d *duplication) at(v *ir.Value, b *ir.Block) *ir.Value {
	k := reached{v, b}
	if w := d.found[k]; w != nil {
		return w
	}
	switch v.Op {
	case ir.OpConst, ir.OpMemBase, ir.OpInstWord:
		if kindOf(v) == pure {
			return d.again(v, b)
		}
	}
	if top := d.top(b); top != b {
		return d.at(v, top)
	}
	d.f.Tick()
	phi := d.f.NewValue(ir.OpPhi, v.Type)
	phi.Block = b
	d.found[k] = phi
	d.phis[b] = append(d.phis[b], phi)
	if d.out[b] {
		phi.Args = []*ir.Value{v, d.values[v]}
		return phi
	}
	for _, p := range b.Preds {
		phi.Args = append(phi.Args, d.at(v, p))
	}
	return phi
}

// top is the last block on all ways from the loop to b where ways out of it come together, or one that is such a way: values of the loop
// are in b what they are there. Where other ways come together there need be no phi. Behind the loop there may be thousands of branches.
func (d *duplication) top(b *ir.Block) *ir.Block {
	t := b
	for d.tops[t.ID] == nil && !d.out[t] {
		up := d.dom.Idom(t)
		if up == nil || d.inside[up.ID] {
			break
		}
		t = up
	}
	if s := d.tops[t.ID]; s != nil {
		t = s
	}
	for u := b; d.tops[u.ID] == nil; u = d.dom.Idom(u) {
		d.tops[u.ID] = t
		if u == t {
			break
		}
	}
	return t
}
