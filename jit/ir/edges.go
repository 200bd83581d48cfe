package ir

// A block may be a successor of another one several times (OpSwitch, OpIf with equal ways). The edges between the two are told
// apart by their order: the first of the successors is the first of the predecessors.

// PredIndex is the index in b.Succs[k].Preds of that edge.
func (b *Block) PredIndex(k int) int {
	to := b.Succs[k]
	nth := 0
	for _, s := range b.Succs[:k] {
		if s == to {
			nth++
		}
	}
	for i, p := range to.Preds {
		if p == b {
			if nth == 0 {
				return i
			}
			nth--
		}
	}
	return -1
}

// SuccIndex is the index in b.Preds[i].Succs of that edge.
func (b *Block) SuccIndex(i int) int {
	from := b.Preds[i]
	nth := 0
	for _, p := range b.Preds[:i] {
		if p == from {
			nth++
		}
	}
	for k, s := range from.Succs {
		if s == b {
			if nth == 0 {
				return k
			}
			nth--
		}
	}
	return -1
}

// RemovePred takes away the edge from b.Preds[i], with the phis' arguments; the predecessor's list of successors stays.
func (b *Block) RemovePred(i int) {
	b.Preds = append(b.Preds[:i], b.Preds[i+1:]...)
	for _, v := range b.Values {
		if v.Op != OpPhi {
			break
		}
		v.Args = append(v.Args[:i], v.Args[i+1:]...)
	}
}

// RemoveSucc takes away the edge to b.Succs[k] on both sides.
func (b *Block) RemoveSucc(k int) {
	b.Succs[k].RemovePred(b.PredIndex(k))
	b.Succs = append(b.Succs[:k], b.Succs[k+1:]...)
}

// Insert puts a block on the edge to b.Succs[k], with a jump.
func (f *Func) Insert(b *Block, k int) *Block {
	to, i := b.Succs[k], b.PredIndex(k)
	n := f.NewBlock()
	f.Append(n, OpJump, Void)
	n.Preds, n.Succs = []*Block{b}, []*Block{to}
	n.Cold = b.Cold || to.Cold
	b.Succs[k], to.Preds[i] = n, n
	return n
}
