package opt

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// licm computes in front of a loop what is the same in each iteration: what depends on nothing that the loop computes, and words of the
// instance, globals among them, that the loop does not write. Inner loops come first, so that values leave one loop after the other.
//
// A register that is taken all through a loop has its price. So constants and what machines do on the side - extensions, comparisons
// for a branch, additions of constants - stay where they are, unless something else moves that needs them; in loops with
// calls, where each value would have to be reloaded, only what is expensive moves; and there is a limit.
func licm(f *ir.Func) {
	l := f.Loops()
	if len(l.Loops) == 0 {
		return
	}
	m := motion{f: f, l: l, of: make([]*ir.Loop, f.NumBlocks())}
	for _, b := range l.Order {
		m.of[b.ID] = l.LoopOf(b)
	}
	for i := len(l.Loops) - 1; i >= 0; i-- {
		m.loop(l.Loops[i])
	}
}

// Limits of what moves out of one loop.
const (
	maxHoistedInts   = 9
	maxHoistedFloats = 10
)

type motion struct {
	f  *ir.Func
	l  *ir.LoopInfo
	of []*ir.Loop // by Block.ID: the innermost loop, new blocks included

	// of the loop at hand
	in           *ir.Loop
	calls        bool
	polls        bool
	words        []*ir.Value // stores of words
	ints, floats int
	pre          *ir.Block
}

func (m *motion) inside(b *ir.Block) bool { return m.in.Contains(m.of[b.ID]) }

func (m *motion) loop(loop *ir.Loop) {
	m.in, m.calls, m.polls, m.words, m.pre = loop, false, false, m.words[:0], nil
	m.ints, m.floats = maxHoistedInts, maxHoistedFloats
	leaves := false
	for _, b := range loop.Blocks {
		for _, v := range b.Values {
			switch v.Op {
			case ir.OpCall, ir.OpCallRecord, ir.OpLeave:
				leaves = true
				m.calls = m.calls || !b.Cold
			case ir.OpPoll:
				m.polls = true
			case ir.OpStoreWord:
				m.words = append(m.words, v)
			case ir.OpPhi:
				if b == loop.Header {
					if v.Type.Float() {
						m.floats--
					} else {
						m.ints--
					}
				}
			}
		}
	}
	for i := 0; i < len(loop.Blocks); i++ {
		b := loop.Blocks[i]
		if b.Cold || loop.Header.Cold {
			continue
		}
		moved := false
		for _, v := range b.Values {
			if m.worth(v) && m.invariant(v, leaves, 8) {
				m.hoist(v)
				moved = true
			}
		}
		if moved {
			m.sweep(b)
		}
	}
	if m.pre != nil {
		for _, b := range loop.Blocks {
			m.sweep(b)
		}
	}
}

// sweep takes away from b what is in another block now.
func (m *motion) sweep(b *ir.Block) {
	keep := b.Values[:0]
	for _, v := range b.Values {
		if v.Block == b {
			keep = append(keep, v)
		}
	}
	clear(b.Values[len(keep):])
	b.Values = keep
}

// worth tells whether v is something to move for its own sake.
func (m *motion) worth(v *ir.Value) bool {
	switch k := kindOf(v); k {
	case pure:
	case loads:
		return v.Op == ir.OpLoadWord && m.room(v)
	default:
		return false
	}
	switch v.Op {
	case ir.OpConst, ir.OpMemBase, ir.OpParam, ir.OpCopy, wasm.OpI64ExtendI32U, wasm.OpI32WrapI64:
		return false
	case ir.OpInstWord:
		return m.room(v)
	case wasm.OpI32Add, wasm.OpI64Add:
		if v.Args[1].Op == ir.OpConst {
			return false
		}
	}
	if v.Op >= wasm.OpI32Eqz && v.Op <= wasm.OpF64Ge {
		return false
	}
	return (!m.calls || expensive(v)) && m.room(v)
}

// expensive tells whether computing v takes longer than loading it from the stack.
func expensive(v *ir.Value) bool {
	switch v.Op {
	case wasm.OpI32Mul, wasm.OpI64Mul, wasm.OpF32Sqrt, wasm.OpF64Sqrt, wasm.OpF32Div, wasm.OpF64Div, wasm.OpI32Popcnt, wasm.OpI64Popcnt:
		return true
	}
	return v.Op >= wasm.OpF32ConvertI32S && v.Op <= wasm.OpF64PromoteF32 || v.Op >= 256
}

func (m *motion) room(v *ir.Value) bool {
	if v.Type.Float() {
		return m.floats > 0
	}
	return m.ints > 0
}

// invariant tells whether v can be computed in front of the loop.
func (m *motion) invariant(v *ir.Value, leaves bool, depth int) bool {
	if !m.inside(v.Block) {
		return true
	}
	if depth == 0 {
		return false
	}
	switch kindOf(v) {
	case pure:
		if v.Op == ir.OpParam {
			return false
		}
	case loads:
		// Words at addresses that the instance's block gives can always be read; others only behind checks.
		if v.Op != ir.OpLoadWord || v.Args[0].Op != ir.OpInstWord || v.Args[0].Aux != 1 {
			return false
		}
		if v.Aux != uint64(ir.ClassFixed) {
			if leaves || m.polls && !ir.Class(v.Aux).Stands() {
				return false
			}
			for _, s := range m.words {
				if s.Aux == v.Aux && (s.Args[0] != v.Args[0] || s.Imm < v.Imm+uint64(v.Width) && v.Imm < s.Imm+uint64(s.Width)) {
					return false
				}
			}
		}
	default:
		return false
	}
	for _, a := range v.Args {
		if !m.invariant(a, leaves, depth-1) {
			return false
		}
	}
	return true
}

// hoist moves v, and what it needs, to the end of the preheader.
func (m *motion) hoist(v *ir.Value) {
	if !m.inside(v.Block) {
		return
	}
	for _, a := range v.Args {
		m.hoist(a)
	}
	if m.pre == nil {
		m.preheader()
	}
	if v.Op != ir.OpConst && v.Op != ir.OpMemBase {
		if v.Type.Float() {
			m.floats--
		} else {
			m.ints--
		}
	}
	b := m.pre
	v.Block = b
	n := len(b.Values) - 1
	b.Values = append(b.Values, b.Values[n])
	b.Values[n] = v
}

// preheader finds the block that leads into the loop and nowhere else, or makes one.
func (m *motion) preheader() {
	h := m.in.Header
	var outside []int
	for i, p := range h.Preds {
		if !m.inside(p) {
			outside = append(outside, i)
		}
	}
	if len(outside) == 1 {
		if p := h.Preds[outside[0]]; len(p.Succs) == 1 {
			m.pre = p
			return
		}
	}
	n := m.f.NewBlock()
	m.pre = n
	m.of = append(m.of, m.in.Parent)
	n.Cold = h.Cold
	for o := m.in.Parent; o != nil; o = o.Parent {
		for i, b := range o.Blocks {
			if b == h {
				o.Blocks = append(o.Blocks, nil)
				copy(o.Blocks[i+1:], o.Blocks[i:])
				o.Blocks[i] = n
				break
			}
		}
	}
	for _, v := range h.Values {
		if v.Op != ir.OpPhi {
			break
		}
		x := v.Args[outside[0]]
		if len(outside) > 1 {
			x = m.f.Append(n, ir.OpPhi, v.Type)
			for _, i := range outside {
				x.Args = append(x.Args, v.Args[i])
			}
		}
		v.Args = append(v.Args, x)
	}
	m.f.Append(n, ir.OpJump, ir.Void)
	for _, i := range outside {
		n.Preds = append(n.Preds, h.Preds[i])
	}
	// From the last to the first, so that the indices stay right.
	for k := len(outside) - 1; k >= 0; k-- {
		i := outside[k]
		h.Preds[i].Succs[h.SuccIndex(i)] = n
		h.RemovePred(i)
	}
	n.Succs = append(n.Succs, h)
	h.Preds = append(h.Preds, n)
}
