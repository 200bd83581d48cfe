package opt

import (
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// inductions knows how values of a loop change from one iteration to the next: by a constant, modulo the size of their type. The loop has one
// way in, the block before, and one back edge.
type inductions struct {
	l             *ir.LoopInfo
	loop          *ir.Loop
	before, latch int // indices among the header's predecessors
}

// Limits of what is understood.
const (
	maxStep      = 1 << 20
	maxInduction = 6 // depth of an expression
)

func (in *inductions) inside(v *ir.Value) bool { return in.loop.Contains(in.l.LoopOf(v.Block)) }

// variable tells whether v is a phi of the loop's header.
func (in *inductions) variable(v *ir.Value) bool {
	return v.Op == ir.OpPhi && v.Block == in.loop.Header
}

// step is what v changes by in an iteration. Nothing that is not pure is looked into.
func (in *inductions) step(v *ir.Value) (step int64, ok bool) { return in.stepOf(v, maxInduction) }

func (in *inductions) stepOf(v *ir.Value, depth int) (step int64, ok bool) {
	if !in.inside(v) || v.Op == ir.OpConst {
		return 0, true
	}
	if in.variable(v) {
		x, c, ok := sum(v.Args[in.latch])
		return c, ok && x == v && -maxStep <= c && c <= maxStep
	}
	if depth == 0 || kindOf(v) != pure || v.Op == ir.OpParam || v.Op == ir.OpMemBase {
		return 0, false
	}
	var steps [3]int64
	changes := false
	for i, a := range v.Args {
		if i == len(steps) {
			return 0, false
		}
		if steps[i], ok = in.stepOf(a, depth-1); !ok {
			return 0, false
		}
		changes = changes || steps[i] != 0
	}
	if !changes {
		return 0, true
	}
	switch v.Op {
	case wasm.OpI32Add, wasm.OpI64Add:
		step = steps[0] + steps[1]
	case wasm.OpI32Sub, wasm.OpI64Sub:
		step = steps[0] - steps[1]
	case wasm.OpI32Shl, wasm.OpI64Shl:
		k, ok := isConst(v.Args[1])
		if !ok || k > 20 {
			return 0, false
		}
		step = steps[0] << k
	case wasm.OpI32Mul, wasm.OpI64Mul:
		k, ok := isConst(v.Args[1])
		if !ok || k > maxStep {
			return 0, false
		}
		step = steps[0] * int64(k)
	default:
		return 0, false
	}
	return step, -maxStep <= step && step <= maxStep
}

// invariant tells whether v is the same in all iterations, and can be computed before them.
func (in *inductions) invariant(v *ir.Value) bool {
	step, ok := in.step(v)
	return ok && step == 0 && !(in.inside(v) && in.variable(v))
}

// sum takes the sum of a value and a constant apart. What is no sum is one of itself and 0.
func sum(v *ir.Value) (x *ir.Value, c int64, ok bool) {
	for _, op := range []ir.Op{wasm.OpI32Add, wasm.OpI64Add} {
		if x, c, ok := operand(v, op); ok {
			if v.Type == ir.I32 {
				return x, int64(int32(c)), true
			}
			return x, int64(c), true
		}
	}
	return v, 0, true
}

// ending is a test of a loop that ends it: the next iteration comes only if value and limit compare so. The limit is invariant.
type ending struct {
	op    ir.Op // eq to geU
	value *ir.Value
	limit *ir.Value // nil for 0
	block *ir.Block
	stays *ir.Block // where the loop goes on
}

// endings are the loop's tests that each iteration makes.
func (in *inductions) endings() (list []ending) {
	latch := in.loop.Header.Preds[in.latch]
	for _, b := range in.loop.Blocks {
		t := b.Term()
		if t.Op != ir.OpIf || !in.l.Dominates(b, latch) {
			continue
		}
		first, second := in.l.LoopOf(b.Succs[0]), in.l.LoopOf(b.Succs[1])
		if in.loop.Contains(first) == in.loop.Contains(second) {
			continue
		}
		e := ending{block: b, stays: b.Succs[0]}
		if in.loop.Contains(second) {
			e.stays = b.Succs[1]
		}
		if in.compared(t.Args[0], &e) {
			list = append(list, e)
		}
	}
	return list
}

// compared takes a test's condition apart.
func (in *inductions) compared(c *ir.Value, e *ending) bool {
	switch {
	case c.Op == wasm.OpI32Eqz || c.Op == wasm.OpI64Eqz:
		e.op, e.value = eq, c.Args[0]
	case wasm.OpI32Eq <= c.Op && c.Op <= wasm.OpI32GeU:
		e.op, e.value, e.limit = c.Op-wasm.OpI32Eq, c.Args[0], c.Args[1]
	case wasm.OpI64Eq <= c.Op && c.Op <= wasm.OpI64GeU:
		e.op, e.value, e.limit = c.Op-wasm.OpI64Eq, c.Args[0], c.Args[1]
	default:
		e.op, e.value = ne, c
	}
	if e.block.Succs[0] != e.stays {
		e.op = inverse[e.op]
	}
	if e.limit != nil && in.fixed(e.value) {
		e.op, e.value, e.limit = swapped[e.op], e.limit, e.value
	}
	return (e.limit == nil || in.fixed(e.limit)) && !in.fixed(e.value)
}

// fixed tells whether v is invariant, or the length of an array that is: it is the same in all iterations.
func (in *inductions) fixed(v *ir.Value) bool {
	return in.invariant(v) || isArrayLength(v) && in.readable(v)
}

// readable tells whether a length can be read in front of the loop: that of a memory or table always, that of an array if the reference is known there,
// and is not null.
func (in *inductions) readable(length *ir.Value) bool {
	if isLength(length) {
		return fixedWord(length.Args[0])
	}
	ref, heap := arrayOf(length)
	return ref != nil && !in.inside(ref) && fixedWord(heap.Args[0])
}

// behind tells whether b is come to only if the loop has not just ended.
func (in *inductions) behind(e *ending, b *ir.Block) bool {
	return len(e.stays.Preds) == 1 && in.l.Dominates(e.stays, b)
}

// inductionsOf tells what is known of a loop of one back edge, entered from one block.
func inductionsOf(l *ir.LoopInfo, loop *ir.Loop) (in inductions, ok bool) {
	h := loop.Header
	if len(h.Preds) != 2 || len(loop.Latches) != 1 {
		return in, false
	}
	in = inductions{l: l, loop: loop, latch: slices.Index(h.Preds, loop.Latches[0])}
	in.before = 1 - in.latch
	return in, true
}
