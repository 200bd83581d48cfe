package opt

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// gvn computes nothing twice: a value goes when an equal one dominates it, and so does a check that a dominating one has made
// already. It also knows what conditions are behind a branch on them. Constants move to the entry, so that there is one of each.
func gvn(f *ir.Func) { number(f) }

// maxLooked bounds the values that one is compared with: equal ones of which none dominates another, in the arms of thousands of
// branches, would be gone through for each of them.
const maxLooked = 64

func number(f *ir.Func) *numbering {
	l := f.Dominators()
	n := 64
	for n < f.NumValues() {
		n *= 2
	}
	g := numbering{
		f: f, l: l, r: newRewriter(f), entry: f.Entry,
		buckets: make([]*ir.Value, n), next: make([]*ir.Value, f.NumValues()), facts: make([]fact, f.NumValues()),
	}
	for _, b := range l.Order {
		f.Tick()
		g.block(b)
	}
	for _, b := range l.Order {
		for _, v := range b.Values {
			g.r.args(v)
		}
	}
	if len(g.consts) > 0 {
		g.placeConstants()
	}
	g.r.finish(f)
	return &g
}

type numbering struct {
	l       *ir.LoopInfo
	r       *rewriter
	entry   *ir.Block
	buckets []*ir.Value // by hash
	next    []*ir.Value // by ID: in the same bucket
	facts   []fact      // by ID of a condition
	consts  []*ir.Value // to be put into the entry
	truths  [2]*ir.Value
	f       *ir.Func
	looked  int // comparisons so far
}

// fact says that a condition is zero, or is not, in what in dominates.
type fact struct {
	in   *ir.Block
	zero bool
}

func (g *numbering) block(b *ir.Block) {
	// A branch tells something about its condition, where it is the only way here.
	if len(b.Preds) == 1 {
		p := b.Preds[0]
		if t := p.Term(); t.Op == ir.OpIf && p.Succs[0] != p.Succs[1] {
			g.learn(t.Args[0], b, p.Succs[1] == b)
		}
	}
	keep := b.Values[:0]
	for _, v := range b.Values {
		g.r.args(v)
		if v.Op == ir.OpConst && b != g.entry {
			if w := g.find(v); w != nil {
				g.r.replace(v, w)
			} else {
				v.Block = g.entry
				g.consts = append(g.consts, v)
			}
			continue
		}
		if g.redundant(v, b) {
			continue
		}
		keep = append(keep, v)
	}
	clear(b.Values[len(keep):])
	b.Values = keep
}

// redundant tells whether v is not needed, and remembers v if it is.
func (g *numbering) redundant(v *ir.Value, b *ir.Block) bool {
	switch v.Op {
	case ir.OpTrapIf:
		c := v.Args[0]
		if zero, known := g.fact(c, b); known && zero {
			return true
		}
		g.learn(c, b, true)
		return false
	case ir.OpCheckType:
		return g.find(v) != nil
	case ir.OpIf:
		g.decide(v, 0, b)
		return false
	case wasm.OpSelect:
		if zero, known := g.fact(v.Args[2], b); known {
			w := v.Args[0]
			if zero {
				w = v.Args[1]
			}
			g.r.replace(v, w)
			return true
		}
	}
	switch kindOf(v) {
	case pure, traps, phi:
		if w := g.find(v); w != nil {
			g.r.replace(v, w)
			return true
		}
	}
	return false
}

// decide makes v's condition a constant if it is known.
func (g *numbering) decide(v *ir.Value, i int, b *ir.Block) {
	c := v.Args[i]
	if c.Op == ir.OpConst {
		return
	}
	zero, known := g.fact(c, b)
	if !known {
		return
	}
	v.Args[i] = g.truth(!zero)
}

// truth is the constant 1 or 0.
func (g *numbering) truth(x bool) *ir.Value {
	i := 0
	if x {
		i = 1
	}
	if g.truths[i] == nil {
		v := g.f.NewValue(ir.OpConst, ir.I32)
		v.Block, v.Imm = g.entry, uint64(i)
		g.consts = append(g.consts, v)
		g.truths[i] = v
	}
	return g.truths[i]
}

// fact tells what is known of c in b.
func (g *numbering) fact(c *ir.Value, b *ir.Block) (zero, known bool) {
	if k, ok := isConst(c); ok {
		return uint32(k) == 0, true
	}
	if int(c.ID) >= len(g.facts) {
		return false, false
	}
	f := g.facts[c.ID]
	if f.in == nil || !g.l.Dominates(f.in, b) {
		return false, false
	}
	return f.zero, true
}

func (g *numbering) learn(c *ir.Value, b *ir.Block, zero bool) {
	c = g.r.of(c)
	if c.Op == ir.OpConst || int(c.ID) >= len(g.facts) {
		return
	}
	if f := g.facts[c.ID]; f.in != nil && g.l.Dominates(f.in, b) {
		return
	}
	g.facts[c.ID] = fact{b, zero}
	if c.Op == wasm.OpI32Eqz {
		g.learn(c.Args[0], b, !zero)
	}
}

// find returns a value equal to v that dominates it, or nil; then v is remembered.
func (g *numbering) find(v *ir.Value) *ir.Value {
	if commutes(v.Op) && v.Args[1].Op != ir.OpConst && v.Args[0].ID > v.Args[1].ID {
		v.Args[0], v.Args[1] = v.Args[1], v.Args[0]
	}
	h := g.hash(v)
	for w, n := g.buckets[h], 0; w != nil && n < maxLooked; w, n = g.next[w.ID], n+1 {
		g.looked++
		if equal(v, w) && (v.Op == ir.OpConst || g.l.Dominates(w.Block, v.Block)) {
			return w
		}
	}
	if int(v.ID) < len(g.next) {
		g.next[v.ID] = g.buckets[h]
		g.buckets[h] = v
	}
	return nil
}

// commutes tells whether an instruction's operands can be exchanged. Those of floats cannot: which NaN comes out may depend on it.
func commutes(op ir.Op) bool {
	switch op {
	case wasm.OpI32Add, wasm.OpI32Mul, wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor, wasm.OpI32Eq, wasm.OpI32Ne,
		wasm.OpI64Add, wasm.OpI64Mul, wasm.OpI64And, wasm.OpI64Or, wasm.OpI64Xor, wasm.OpI64Eq, wasm.OpI64Ne:
		return true
	}
	return false
}

// equal tells whether v and w compute the same.
func equal(v, w *ir.Value) bool {
	if v.Op != w.Op || v.Type != w.Type || v.Imm != w.Imm || v.Aux != w.Aux || v.Mem != w.Mem || v.Width != w.Width || len(v.Args) != len(w.Args) {
		return false
	}
	if v.Op == ir.OpPhi && v.Block != w.Block {
		return false
	}
	for i, a := range v.Args {
		if a != w.Args[i] {
			return false
		}
	}
	return true
}

func (g *numbering) hash(v *ir.Value) int {
	h := uint64(v.Op)*0x9E3779B97F4A7C15 + uint64(v.Type) + v.Imm*0xC2B2AE3D27D4EB4F + v.Aux + uint64(v.Mem)
	for _, a := range v.Args {
		h = (h ^ uint64(a.ID)) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	h ^= h >> 32
	return int(h & uint64(len(g.buckets)-1))
}

// placeConstants puts constants of other blocks into the entry, behind parameters.
func (g *numbering) placeConstants() {
	b := g.entry
	at := 0
	for at < len(b.Values) && (b.Values[at].Op == ir.OpParam || b.Values[at].Op == ir.OpPhi) {
		at++
	}
	values := make([]*ir.Value, 0, len(b.Values)+len(g.consts))
	values = append(append(append(values, b.Values[:at]...), g.consts...), b.Values[at:]...)
	b.Values = values
}
