package opt

import (
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// carry shortens what an iteration of a loop waits for from the one before. Compilers unroll
//
//	sum += a[i]          into        s1 = sum + a[i];  s2 = s1 + a[i+1];  sum = s2 + a[i+2]
//
// in which each addition waits for the one before it, and the first for the last of the iteration before. What does not depend on sum is
// added up first instead, beside it, so that sum waits for one addition:
//
//	t1 = a[i] + a[i+1];  t2 = t1 + a[i+2];  sum = sum + t2
//
// There are no more operations than before, and each stands where one stood. So it is done only where nobody looks at the sums between.
func carry(f *ir.Func) {
	l := f.Loops()
	if len(l.Loops) == 0 {
		return
	}
	c := carrier{l: l, uses: countUses(f)}
	for _, loop := range l.Loops {
		if loop.Header.Cold {
			continue
		}
		var latches []int // among the header's predecessors
		for i, p := range loop.Header.Preds {
			if l.Dominates(loop.Header, p) {
				latches = append(latches, i)
			}
		}
		for _, v := range loop.Header.Values {
			if v.Op != ir.OpPhi {
				break
			}
			if v.Type != ir.I32 && v.Type != ir.I64 {
				continue
			}
			f.Tick()
			for _, i := range latches {
				c.shorten(loop, v, v.Args[i])
			}
		}
	}
}

// Limits of what is looked at for one variable of a loop.
const (
	maxCarried = 64  // links of a chain
	maxOthers  = 100 // values that what is added up is made of
)

type carrier struct {
	l    *ir.LoopInfo
	uses []int32

	// of the variable at hand
	loop   *ir.Loop
	phi    *ir.Value
	root   *ir.Value
	path   []link
	budget int
}

// link is an operation on the way from the variable's new value to the old one: late is the operand that the way leads on to.
type link struct {
	v    *ir.Value
	late int
}

func (n link) other() *ir.Value { return n.v.Args[1-n.late] }

// shorten makes the way from the variable phi to its next value as short as it can be.
func (c *carrier) shorten(loop *ir.Loop, phi, next *ir.Value) {
	if !associates(next.Op) || !loop.Contains(c.l.LoopOf(next.Block)) {
		return
	}
	c.loop, c.phi, c.root, c.path, c.budget = loop, phi, next, c.path[:0], maxCarried
	if !c.find(next) {
		return
	}
	slices.Reverse(c.path) // the next value comes first
	for i := 0; i < len(c.path); {
		j := i + 1 // one past the last link whose result only the one before it uses
		for j < len(c.path) && c.uses[c.path[j].v.ID] == 1 {
			j++
		}
		if j-i > 1 && c.early(c.path[i:j]) {
			regroup(c.path[i:j])
		}
		i = j
	}
}

// associates tells whether it does not matter which of two such operations is done first.
func associates(op ir.Op) bool {
	switch op {
	case wasm.OpI32Add, wasm.OpI32Mul, wasm.OpI32And, wasm.OpI32Or, wasm.OpI32Xor,
		wasm.OpI64Add, wasm.OpI64Mul, wasm.OpI64And, wasm.OpI64Or, wasm.OpI64Xor:
		return true
	}
	return false
}

// find appends the links from the variable to v, if there is a way of operations like the last in its block.
func (c *carrier) find(v *ir.Value) bool {
	if c.budget--; c.budget < 0 || v.Op != c.root.Op || v.Block != c.root.Block {
		return false
	}
	for k, a := range v.Args {
		if a == c.phi || c.find(a) {
			c.path = append(c.path, link{v, k})
			return true
		}
	}
	return false
}

// early tells whether what the links add does not wait for the variable itself: otherwise the way through that may be the longer one.
func (c *carrier) early(links []link) bool {
	c.budget = maxOthers
	for _, n := range links {
		if c.waits(n.other()) {
			return false
		}
	}
	return true
}

// waits tells whether v may depend on the variable as it is in this iteration.
func (c *carrier) waits(v *ir.Value) bool {
	if v.Op == ir.OpConst || !c.loop.Contains(c.l.LoopOf(v.Block)) {
		return false
	}
	if v.Op == ir.OpPhi {
		return v.Block != c.loop.Header || v == c.phi
	}
	if c.budget--; c.budget < 0 {
		return true
	}
	return slices.ContainsFunc(v.Args, c.waits)
}

// regroup does what the links add up, the last of which comes first, before the variable comes in. The last link becomes the operation
// right in front of the first one.
func regroup(links []link) {
	first, last := links[0], links[len(links)-1]
	variable := last.v.Args[last.late]
	sum := last.other()
	for i := len(links) - 2; i > 0; i-- {
		v := links[i].v
		v.Args = ordered(sum, links[i].other())
		sum = v
	}
	last.v.Args = ordered(sum, first.other())
	first.v.Args = ordered(last.v, variable)
	b := first.v.Block
	from := slices.Index(b.Values, last.v)
	b.Values = slices.Delete(b.Values, from, from+1)
	b.Values = slices.Insert(b.Values, slices.Index(b.Values, first.v), last.v)
}

// ordered are two operands, a constant behind what is none.
func ordered(x, y *ir.Value) []*ir.Value {
	if x.Op == ir.OpConst {
		x, y = y, x
	}
	return []*ir.Value{x, y}
}
