package jit

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// tinyTarget is a machine with few registers and all kinds of constraints.
type tinyTarget struct{ ints, floats int }

func (t *tinyTarget) Name() string           { return "tiny" }
func (t *tinyTarget) Supports(ir.Op) bool    { return true }
func (t *tinyTarget) Select(*ir.Func)        {}
func (t *tinyTarget) Allocatable() ir.RegSet { return 1<<t.ints - 1 | (1<<t.floats-1)<<32 }
func (t *tinyTarget) CountReg() ir.Reg       { return ir.Reg(t.ints - 1) }
func (t *tinyTarget) ResultReg(f bool) ir.Reg {
	return t.ArgReg(0, f)
}
func (t *tinyTarget) ArgReg(n int, float bool) ir.Reg {
	if float {
		return ir.Reg(32 + n)
	}
	return ir.Reg(n)
}

func (t *tinyTarget) Operands(v *ir.Value, o *ir.Operands) {
	a := v.Args
	switch v.Op {
	case ir.OpParam:
		o.Result, o.Fixed = ir.FixedResult, t.ArgReg(int(v.Imm)&1, v.Type.Float())
	case ir.OpSlotLoad, ir.OpInstWord:
		o.Result = ir.AnyResult
	case ir.OpSlotStore:
		o.Any(a[0])
	case ir.OpCopy:
		o.Any(a[0])
		o.Result = ir.AnyResult
	case wasm.OpI32Add, wasm.OpI32And, wasm.OpF64Add, wasm.OpV128And:
		o.Reg(a[0])
		o.Any(a[1])
		o.Result = ir.SameResult
	case wasm.OpI32Mul, wasm.OpF64Sub:
		o.Reg(a[0])
		o.Reg(a[1])
		o.Result = ir.AnyResult
	case wasm.OpF64Mul:
		o.Reg(a[0])
		o.Reg(a[1])
		o.Result, o.Early = ir.SameResult, true
	case wasm.OpI32Sub:
		o.Reg(a[0])
		o.Reg(a[1])
		o.Result, o.Early = ir.AnyResult, true
	case wasm.OpI32Xor:
		o.Reg(a[0])
		o.Any(a[1])
		o.Result, o.IntTemps = ir.AnyResult, 1
	case wasm.OpI32Or:
		o.Reg(a[0])
		o.Reg(a[1])
		o.Result, o.Clobbers = ir.AnyResult, 1
	case wasm.OpI32Shl:
		o.Reg(a[0])
		o.At(a[1], 1)
		o.Result = ir.SameResult
	case wasm.OpI32DivU:
		o.At(a[0], 0)
		o.Reg(a[1])
		o.Result, o.Fixed, o.Clobbers = ir.FixedResult, 0, 1<<2|1
	case wasm.OpI32RemU:
		o.At(a[0], 0)
		o.Reg(a[1])
		o.Result, o.Fixed, o.Clobbers = ir.FixedResult, 2, 1
	case wasm.OpF64ConvertI32U:
		o.Any(a[0])
		o.Result, o.FloatTemps = ir.AnyResult, 1
	case wasm.OpI32TruncF64U:
		o.Reg(a[0])
		o.Result, o.IntTemps = ir.AnyResult, 1
	case ir.OpCall:
		var n [2]int
		o.Any(a[0])
		for _, x := range a[1:] {
			k := class(x)
			o.At(x, t.ArgReg(n[k], k == 1))
			n[k]++
		}
		o.Clobbers = t.Allocatable()
		if v.Type != ir.Void {
			o.Result, o.Fixed = ir.FixedResult, t.ResultReg(v.Type.Float())
		}
	case ir.OpLeave:
		o.Clobbers = t.Allocatable()
	case ir.OpTrapIf, ir.OpIf:
		o.Reg(a[0])
	case ir.OpSwitch:
		o.Reg(a[0])
		o.IntTemps = 1
	case ir.OpReturn:
		if len(a) > 0 {
			o.At(a[0], t.ResultReg(a[0].Type.Float()))
		}
	case ir.OpPoll, ir.OpExit, ir.OpTrap, ir.OpJump:
	default:
		panic(fmt.Sprintf("op %#x", uint32(v.Op)))
	}
}

// gen makes random functions.
type gen struct {
	r       *rand.Rand
	f       *ir.Func
	b       *ir.Block
	vars    []*ir.Value // current values of the variables
	pool    []*ir.Value // values that dominate the current place
	size    int
	calls   bool
	entries *ir.Value
}

var genTypes = []ir.Type{ir.I32, ir.I32, ir.I32, ir.F64, ir.F64, ir.V128}

func (g *gen) pick(t ir.Type) *ir.Value {
	if t != ir.V128 && g.r.Intn(6) == 0 {
		if g.r.Intn(2) == 0 {
			for _, v := range g.pool {
				if v.Op == ir.OpConst && v.Type == t && g.r.Intn(2) == 0 {
					return v
				}
			}
		}
		v := g.f.Append(g.b, ir.OpConst, t)
		v.Imm = uint64(g.r.Intn(100))
		g.pool = append(g.pool, v)
		return v
	}
	if g.r.Intn(2) == 0 {
		for range 8 {
			if v := g.vars[g.r.Intn(len(g.vars))]; v.Type == t {
				return v
			}
		}
	}
	for range 8 {
		if len(g.pool) > 0 {
			if v := g.pool[len(g.pool)-1-g.r.Intn(min(len(g.pool), 1+g.r.Intn(30)))]; v.Type == t {
				return v
			}
		}
	}
	v := g.f.Append(g.b, ir.OpSlotLoad, t)
	v.Imm = uint64(g.r.Intn(8))
	g.pool = append(g.pool, v)
	return v
}

func (g *gen) op() {
	var v *ir.Value
	pick := func(op ir.Op, t ir.Type, args ...ir.Type) {
		vals := make([]*ir.Value, len(args))
		for i, a := range args {
			vals[i] = g.pick(a)
		}
		v = g.f.Append(g.b, op, t, vals...)
	}
	ints := []ir.Op{wasm.OpI32Add, wasm.OpI32And, wasm.OpI32Mul, wasm.OpI32Sub, wasm.OpI32Xor, wasm.OpI32Or, wasm.OpI32Shl, wasm.OpI32DivU, wasm.OpI32RemU}
	switch k := g.r.Intn(24); {
	case k < 10:
		pick(ints[g.r.Intn(len(ints))], ir.I32, ir.I32, ir.I32)
	case k < 13:
		pick([]ir.Op{wasm.OpF64Add, wasm.OpF64Mul, wasm.OpF64Sub}[k-10], ir.F64, ir.F64, ir.F64)
	case k == 13:
		pick(wasm.OpF64ConvertI32U, ir.F64, ir.I32)
	case k == 14:
		pick(wasm.OpI32TruncF64U, ir.I32, ir.F64)
	case k == 15:
		pick(wasm.OpV128And, ir.V128, ir.V128, ir.V128)
	case k == 16:
		t := genTypes[g.r.Intn(len(genTypes))]
		pick(ir.OpCopy, t, t)
	case k == 17:
		pick(ir.OpSlotStore, ir.Void, genTypes[g.r.Intn(len(genTypes))])
	case k == 18:
		pick(ir.OpTrapIf, ir.Void, ir.I32)
	case k == 19 && g.calls:
		pick(ir.OpCall, []ir.Type{ir.Void, ir.I32, ir.F64, ir.V128}[g.r.Intn(4)], [][]ir.Type{{}, {ir.I32, ir.F64}, {ir.F64, ir.I32, ir.V128, ir.I32}}[g.r.Intn(3)]...)
	case k == 20 && g.calls:
		pick(ir.OpLeave, ir.Void)
	default:
		i := g.r.Intn(len(g.vars))
		g.vars[i] = g.pick(g.vars[i].Type)
		return
	}
	switch v.Op {
	case ir.OpTrapIf:
		v.Site = &ir.Site{Kind: interp.SiteTrap}
	case ir.OpCall:
		v.Site = &ir.Site{Kind: interp.SiteCall}
		v.Args = append([]*ir.Value{g.entries}, v.Args...)
	case ir.OpLeave:
		v.Site = &ir.Site{Kind: interp.SiteStep, Step: &interp.NativeStep{}}
	}
	if v.Type != ir.Void {
		g.pool = append(g.pool, v)
		if i := g.r.Intn(len(g.vars)); g.vars[i].Type == v.Type {
			g.vars[i] = v
		}
	}
}

func (g *gen) state(kind interp.SiteKind) *ir.Site {
	s := &ir.Site{Kind: kind}
	for i, v := range g.vars {
		s.State = append(s.State, ir.SlotValue{Slot: uint16(i), Value: v})
	}
	return s
}

func (g *gen) jump(to *ir.Block) {
	g.f.Append(g.b, ir.OpJump, ir.Void)
	ir.Connect(g.b, to)
}

// phis makes phis of all variables in b, whose predecessors are to be added.
func (g *gen) phis(b *ir.Block) []*ir.Value {
	p := make([]*ir.Value, len(g.vars))
	for i, v := range g.vars {
		p[i] = g.f.Append(b, ir.OpPhi, v.Type)
	}
	return p
}

func (g *gen) args(phis, vars []*ir.Value) {
	for i, p := range phis {
		p.Args = append(p.Args, vars[i])
	}
}

func clone(v []*ir.Value) []*ir.Value { return append([]*ir.Value(nil), v...) }

// body fills the current block and those behind it.
func (g *gen) body(depth int) {
	for n := 1 + g.r.Intn(12); n > 0 && g.size > 0; n-- {
		g.size--
		k := g.r.Intn(12)
		if depth == 0 || k < 8 {
			g.op()
			continue
		}
		pool := len(g.pool)
		switch k {
		case 8, 9: // if or switch
			arms := 2
			op := ir.OpIf
			cond := g.pick(ir.I32)
			if k == 9 && g.r.Intn(3) == 0 {
				arms, op = 1+g.r.Intn(5), ir.OpSwitch
			}
			from := g.b
			g.f.Append(from, op, ir.Void, cond)
			outer := clone(g.vars)
			var ends []*ir.Block
			var vars [][]*ir.Value
			for arm := range arms {
				g.b = g.f.NewBlock()
				ir.Connect(from, g.b)
				g.vars, g.pool = clone(outer), g.pool[:pool:pool]
				if arm+1 < arms && g.r.Intn(8) == 0 {
					g.b.Cold = true
					v := g.f.Append(g.b, ir.OpExit, ir.Void)
					v.Site = g.state(interp.SiteExit)
					continue
				}
				g.b.Cold = g.r.Intn(8) == 0
				g.body(depth - 1)
				ends, vars = append(ends, g.b), append(vars, g.vars)
			}
			g.vars, g.pool = outer, g.pool[:pool:pool]
			merge := g.f.NewBlock()
			phis := g.phis(merge)
			for i, e := range ends {
				g.b = e
				g.jump(merge)
				g.args(phis, vars[i])
			}
			g.b, g.vars = merge, phis
		case 10: // loop
			head := g.f.NewBlock()
			phis := g.phis(head)
			g.jump(head)
			g.args(phis, g.vars)
			g.b, g.vars = head, clone(phis)
			if g.r.Intn(2) == 0 {
				v := g.f.Append(head, ir.OpPoll, ir.Void)
				v.Site = g.state(interp.SitePoll)
			}
			g.body(depth - 1)
			g.f.Append(g.b, ir.OpIf, ir.Void, g.pick(ir.I32))
			// The condition's constant may have been appended behind the terminator's place; pick comes first.
			latch, exit := g.f.NewBlock(), g.f.NewBlock()
			ir.Connect(g.b, latch)
			ir.Connect(g.b, exit)
			vars := g.vars
			g.b = latch
			for g.r.Intn(2) == 0 {
				g.op()
			}
			g.jump(head)
			g.args(phis, g.vars)
			g.b, g.vars = exit, clone(vars)
			for i, v := range g.vars {
				if !dominatesExit(v, latch) {
					g.vars[i] = phis[i]
				}
			}
			g.pool = g.pool[:min(pool, len(g.pool)):pool]
		default:
			g.op()
		}
	}
}

// dominatesExit is false for values of the latch.
func dominatesExit(v *ir.Value, latch *ir.Block) bool { return v.Block != latch }

func randomFunc(seed int64, size int, calls bool) *ir.Func {
	g := &gen{r: rand.New(rand.NewSource(seed)), f: &ir.Func{Name: fmt.Sprint("random", seed), Loop: -1, Room: 64}, size: size, calls: calls}
	f := g.f
	f.Params = []ir.Type{ir.I32, ir.I32, ir.F64}
	g.b = f.NewBlock()
	f.Entry = g.b
	for i, t := range f.Params {
		v := f.Append(g.b, ir.OpParam, t)
		v.Imm = uint64(i)
		g.vars = append(g.vars, v)
	}
	g.entries = f.Append(g.b, ir.OpInstWord, ir.I64)
	g.entries.Aux = 1
	for range 1 + g.r.Intn(6) {
		t := genTypes[g.r.Intn(len(genTypes))]
		v := f.Append(g.b, ir.OpSlotLoad, t)
		g.vars = append(g.vars, v)
	}
	for g.size > 0 {
		g.body(1 + g.r.Intn(5))
	}
	v := g.pick(genTypes[g.r.Intn(len(genTypes))])
	f.Append(g.b, ir.OpReturn, ir.Void, v)
	removeDeadPhis(f)
	// Cold blocks come last.
	if g.r.Intn(2) == 0 {
		var hot, cold []*ir.Block
		for _, b := range f.Blocks {
			if b.Cold {
				cold = append(cold, b)
			} else {
				hot = append(hot, b)
			}
		}
		f.Blocks = append(hot, cold...)
	}
	return f
}

// removeDeadPhis takes out phis that only phis use.
func removeDeadPhis(f *ir.Func) {
	used := make([]bool, f.NumValues())
	var mark func(v *ir.Value)
	mark = func(v *ir.Value) {
		if !used[v.ID] {
			used[v.ID] = true
			if v.Op == ir.OpPhi {
				for _, a := range v.Args {
					mark(a)
				}
			}
		}
	}
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			if v.Op != ir.OpPhi {
				for _, a := range v.Args {
					mark(a)
				}
				for _, s := range stateOf(v) {
					mark(s.Value)
				}
			}
		}
	}
	for _, b := range f.Blocks {
		b.Values = slices.DeleteFunc(b.Values, func(v *ir.Value) bool { return v.Op == ir.OpPhi && !used[v.ID] })
	}
}

// TestAllocateRandom: whatever the function, each use reads its value.
func TestAllocateRandom(t *testing.T) {
	n := 1200
	if testing.Short() {
		n = 300
	}
	for seed := range n {
		target := &tinyTarget{3 + seed%3*4, 2 + seed%4*4}
		f := randomFunc(int64(seed), 5+seed%150, seed%2 == 0)
		if err := ir.Verify(f); err != nil {
			t.Fatalf("seed %d: the test's function is wrong: %v\n%s", seed, err, f)
		}
		a, err := allocate(f, target)
		if err != nil {
			t.Fatalf("seed %d (%d registers): %v\n%s", seed, target.ints, err, f)
		}
		if err := checkAllocation(a, target); err != nil {
			t.Fatalf("seed %d (%d registers): %v\n%s\n%s", seed, target.ints, err, f, showAllocation(a))
		}
	}
}

// A value of a function twelve times as large takes about as long: time grows with the size, by no means with its square.
func BenchmarkAllocateLinear(b *testing.B) {
	target := &tinyTarget{11, 15}
	for _, size := range []int{5000, 60000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			f := randomFunc(1, size, true)
			for b.Loop() {
				if _, err := allocate(f, target); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(f.NumValues()), "ns/value")
		})
	}
}

// Groups that are joined leave their room to others: what joining takes does not grow with how often groups are joined.
func TestRoomOfJoinedGroups(t *testing.T) {
	var a allocator
	spans := make([]span, 100)
	var g group
	a.setSpans(&g, spans)
	for n := range 200 {
		var h group
		a.setSpans(&h, spans[:n%50])
		a.freeRoom(&g)
		a.freeRoom(&h)
		a.setSpans(&g, spans)
		if got := int(g.hi - g.lo); got != len(spans) {
			t.Fatalf("the group has %d spans, not %d", got, len(spans))
		}
	}
	if got, most := len(a.groupSpans), 4*128; got > most {
		t.Errorf("joining took room for %d spans, more than %d", got, most)
	}
}
