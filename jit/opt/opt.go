package opt

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// pass is a step of the way.
type pass struct {
	name string
	run  func(f *ir.Func)
}

// passes are all passes, in the order in which Run has them.
var passes = []pass{
	{"phis", phis},       // phis with one value only: front ends make many
	{"fold", fold},       // constants, identities, cheaper instructions
	{"cfg", cfg},         // branches on constants, blocks without purpose
	{"gvn", gvn},         // the same value computed twice, the same trap checked twice
	{"memory", memory},   // loads of what is known, stores of what is there already
	{"fold", fold},       // what the loads' values have made possible
	{"cfg", cfg},         //
	{"gvn", gvn},         // what the folded ones have in common
	{"carry", carry},     // chains of operations from one iteration to the next
	{"bounds", bounds},   // explicit checks of bounds that other checks imply
	{"version", version}, // loops without checks, where none can fail
	{"licm", licm},       // out of loops with what does not change in them
	{"dce", dce},         // what nobody uses
	{"slots", slots},     // stores to slots that nobody sees
	{"split", split},     // critical edges, for the register allocator
	{"layout", layout},   // the order of blocks
}

// Run runs all passes on f. It ends with critical edges split and blocks in layout order.
func Run(f *ir.Func) {
	for _, p := range passes {
		p.run(f)
		f.Check()
	}
}

// Watch is Run for tests and listings: see is called after each pass, and ends it with an error.
func Watch(f *ir.Func, see func(pass string) error) error {
	for _, p := range passes {
		p.run(f)
		if err := see(p.name); err != nil {
			return err
		}
	}
	return nil
}

// rewriter remembers which values have been replaced by others, until they are replaced everywhere.
type rewriter struct {
	to   []*ir.Value // by ID
	some bool
}

func newRewriter(f *ir.Func) *rewriter { return &rewriter{to: make([]*ir.Value, f.NumValues())} }

// replace says that v is w.
func (r *rewriter) replace(v, w *ir.Value) {
	for int(v.ID) >= len(r.to) {
		r.to = append(r.to, nil)
	}
	r.to[v.ID] = w
	r.some = true
}

// replaced tells whether v is another value now.
func (r *rewriter) replaced(v *ir.Value) bool { return int(v.ID) < len(r.to) && r.to[v.ID] != nil }

// of is what v is now.
func (r *rewriter) of(v *ir.Value) *ir.Value {
	w := v
	for r.replaced(w) {
		w = r.to[w.ID]
	}
	for r.replaced(v) && r.to[v.ID] != w {
		v, r.to[v.ID] = r.to[v.ID], w
	}
	return w
}

// args brings v's arguments and state up to date.
func (r *rewriter) args(v *ir.Value) {
	if !r.some {
		return
	}
	for i, a := range v.Args {
		if r.replaced(a) {
			v.Args[i] = r.of(a)
		}
	}
	if v.Site != nil {
		for i := range v.Site.State {
			s := &v.Site.State[i]
			if r.replaced(s.Value) {
				s.Value = r.of(s.Value)
			}
		}
	}
}

// finish brings all values up to date and takes away those that are others now.
func (r *rewriter) finish(f *ir.Func) {
	if !r.some {
		return
	}
	for _, b := range f.Blocks {
		keep := b.Values[:0]
		for _, v := range b.Values {
			if r.replaced(v) {
				continue
			}
			r.args(v)
			keep = append(keep, v)
		}
		clear(b.Values[len(keep):])
		b.Values = keep
	}
}

// makeConst makes v the constant x.
func makeConst(v *ir.Value, x uint64) {
	if v.Type == ir.I32 || v.Type == ir.F32 {
		x = uint64(uint32(x))
	}
	v.Op, v.Args, v.Imm, v.Aux, v.Site, v.Guarded, v.Mem, v.Width = ir.OpConst, nil, x, 0, nil, false, 0, 0
}

// isConst tells whether v is a scalar constant.
func isConst(v *ir.Value) (uint64, bool) { return v.Imm, v.Op == ir.OpConst && v.Type != ir.V128 }

// The kinds of opcodes, as far as passes tell them apart.
type kind uint8

const (
	effect kind = iota // changes something, leaves, or is not known
	pure               // depends on nothing but its arguments and immediates
	traps              // as pure, but it may trap, if it has a site
	loads              // reads a memory, a slot or a word
	phi
)

// kindOf is the kind of v's opcode.
func kindOf(v *ir.Value) kind {
	op := v.Op
	if op < 256 {
		return kinds[op]
	}
	switch op {
	case ir.OpConst, ir.OpParam, ir.OpMemBase, ir.OpCopy:
		return pure
	case ir.OpPhi:
		return phi
	case ir.OpInstWord:
		if v.Aux == 1 {
			return pure
		}
		return loads
	case ir.OpSlotLoad, ir.OpLoadWord:
		return loads
	}
	if op >= wasm.OpI32TruncSatF32S && op <= wasm.OpI64TruncSatF64U {
		return pure
	}
	info := op.Info()
	if info == nil || !info.Fixed || len(info.Results) != 1 {
		return effect
	}
	switch info.Imm {
	case wasm.ImmLane, wasm.ImmShuffle, wasm.ImmV128:
		return pure
	case wasm.ImmNone:
		if op>>16 == 0xFD {
			return pure
		}
	case wasm.ImmMemarg, wasm.ImmMemargLane:
		return loads
	}
	return effect
}

// kinds are those of the opcodes of one byte.
var kinds = func() (k [256]kind) {
	for op := wasm.OpI32Eqz; op <= wasm.OpI64Extend32S; op++ {
		k[op] = pure
	}
	for _, op := range [...]ir.Op{wasm.OpI32DivS, wasm.OpI32DivU, wasm.OpI32RemS, wasm.OpI32RemU,
		wasm.OpI64DivS, wasm.OpI64DivU, wasm.OpI64RemS, wasm.OpI64RemU,
		wasm.OpI32TruncF32S, wasm.OpI32TruncF32U, wasm.OpI32TruncF64S, wasm.OpI32TruncF64U,
		wasm.OpI64TruncF32S, wasm.OpI64TruncF32U, wasm.OpI64TruncF64S, wasm.OpI64TruncF64U} {
		k[op] = traps
	}
	k[wasm.OpSelect], k[wasm.OpRefIsNull], k[wasm.OpRefEq] = pure, pure, pure
	for op := wasm.OpI32Load; op <= wasm.OpI64Load32U; op++ {
		k[op] = loads
	}
	return k
}()

// removable tells whether v may go when nobody uses it.
func removable(v *ir.Value) bool {
	switch kindOf(v) {
	case pure, phi:
		return true
	case traps:
		return v.Site == nil || cannotTrap(v)
	case loads:
		return !v.Guarded
	}
	return false
}

// cannotTrap tells whether the arguments of a division are such that it does not trap.
func cannotTrap(v *ir.Value) bool {
	if len(v.Args) != 2 {
		return false
	}
	d, ok := isConst(v.Args[1])
	switch v.Op {
	case wasm.OpI32DivS:
		return ok && d != 0 && uint32(d) != 1<<32-1
	case wasm.OpI64DivS:
		return ok && d != 0 && d != 1<<64-1
	}
	return ok && d != 0
}
