package opt

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// generator makes random functions: structured control over variables, with all that passes look at.
type generator struct {
	r     *rand.Rand
	f     *ir.Func
	b     *ir.Block
	vars  []*ir.Value // by variable: its value here
	pool  []*ir.Value // values of this block and those that dominate it
	depth int
	size  int
	pos   uint32
	plain bool // no conversion that traps, divisions by constants only
}

const (
	genRoom   = 12
	genArgs   = 6 // slots from here on are a callee's
	genMemory = 64
)

var genTypes = []ir.Type{ir.I32, ir.I32, ir.I32, ir.I64, ir.I64, ir.F64, ir.F32}

func generate(seed uint64) *ir.Func {
	g := &generator{r: rand.New(rand.NewPCG(seed, 1)), f: &ir.Func{Name: fmt.Sprint("random ", seed), Loop: -1, Room: genRoom}}
	g.f.Params = []ir.Type{ir.I32, ir.I64, ir.F64, ir.I32}
	g.b = g.f.NewBlock()
	g.f.Entry = g.b
	for i, t := range g.f.Params {
		p := g.f.Append(g.b, ir.OpParam, t)
		p.Imm = uint64(i)
		g.pool = append(g.pool, p)
	}
	for _, t := range genTypes {
		g.vars = append(g.vars, g.constant(t))
	}
	g.size = 5 + g.r.IntN(60)
	g.statements()
	g.leave()
	return g.f
}

func (g *generator) append(op ir.Op, t ir.Type, args ...*ir.Value) *ir.Value {
	return g.f.Append(g.b, op, t, args...)
}

func (g *generator) constant(t ir.Type) *ir.Value {
	v := g.append(ir.OpConst, t)
	pool := []uint64{0, 1, 2, 3, 4, 7, 8, 10, 16, 24, 31, 32, 33, 56, 63, 64, 100, 255, 256, 641, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 8, 0x3FF0000000000000, 0x4000000000000000, 0x3F800000, 0x40000000}
	x := pool[g.r.IntN(len(pool))]
	if g.r.IntN(6) == 0 {
		x = g.r.Uint64() >> g.r.IntN(64)
	}
	makeConst(v, x)
	return v
}

// any is a value of type t.
func (g *generator) any(t ir.Type) *ir.Value {
	for range 6 {
		var v *ir.Value
		switch n := g.r.IntN(10); {
		case n < 3:
			v = g.vars[g.r.IntN(len(g.vars))]
		case n < 9 && len(g.pool) > 0:
			k := g.r.IntN(len(g.pool))
			if g.r.IntN(2) == 0 {
				k = max(0, len(g.pool)-1-g.r.IntN(6))
			}
			v = g.pool[k]
		default:
			return g.constant(t)
		}
		if v.Type == t {
			return v
		}
	}
	return g.constant(t)
}

func (g *generator) site(kind interp.SiteKind) *ir.Site {
	g.pos++
	s := &ir.Site{Kind: kind, Pos: g.pos, ArgSlot: genArgs, Acc: -1}
	switch kind {
	case interp.SiteTrap:
		s.Trap = interp.TrapUnreachable
	case interp.SiteFault:
		s.Trap = interp.TrapMemoryOutOfBounds
	case interp.SiteExit, interp.SitePoll:
		for range g.r.IntN(3) {
			s.State = append(s.State, ir.SlotValue{Slot: uint16(g.r.IntN(genRoom)), Value: g.vars[g.r.IntN(len(g.vars))]})
		}
	case interp.SiteStep:
		s.Step = new(interp.NativeStep)
	}
	return s
}

// numeric are the scalar instructions.
var numeric = func() (ops []*wasm.OpInfo) {
	for o := range wasm.Ops() {
		if o.Op >= wasm.OpI32Eqz && o.Op <= wasm.OpI64Extend32S || o.Op >= wasm.OpI32TruncSatF32S && o.Op <= wasm.OpI64TruncSatF64U {
			ops = append(ops, o)
			if o.Op < wasm.OpF32Eq || o.Op >= wasm.OpI32Add && o.Op <= wasm.OpI64Rotr {
				ops = append(ops, o, o)
			}
		}
	}
	return ops
}()

func (g *generator) expression() *ir.Value {
	if g.r.IntN(12) == 0 {
		t := genTypes[g.r.IntN(len(genTypes))]
		x, y := g.any(t), g.any(t)
		if g.r.IntN(2) == 0 {
			x, y = g.constant(t), g.constant(t)
		}
		return g.append(wasm.OpSelect, t, x, y, g.any(ir.I32))
	}
	o := numeric[g.r.IntN(len(numeric))]
	trap := kindOf(&ir.Value{Op: o.Op}) == traps
	if g.plain && trap && len(o.Params) == 1 {
		return g.expression()
	}
	var args []*ir.Value
	for i, p := range o.Params {
		a := g.any(ir.TypeOf(p))
		if i == 1 && (g.r.IntN(2) == 0 || g.plain && trap) {
			a = g.constant(ir.TypeOf(p))
			if a.Imm == 0 && g.plain && trap {
				a.Imm = 10
			}
		}
		args = append(args, a)
	}
	v := g.append(o.Op, ir.TypeOf(o.Results[0]), args...)
	if trap {
		v.Site = g.site(interp.SiteTrap)
	}
	return v
}

// address is mostly within the memory.
func (g *generator) address() *ir.Value {
	a := g.any(ir.I32)
	if g.r.IntN(20) > 0 {
		a = g.append(wasm.OpI32And, ir.I32, a, g.number(genMemory/2-8))
	}
	if g.r.IntN(3) == 0 {
		a = g.append(wasm.OpI32Add, ir.I32, a, g.number(uint64(g.r.IntN(9))))
	}
	return a
}

func (g *generator) number(x uint64) *ir.Value {
	c := g.append(ir.OpConst, ir.I32)
	c.Imm = x
	return c
}

var (
	genLoads  = []ir.Op{wasm.OpI32Load, wasm.OpI64Load, wasm.OpF64Load, wasm.OpF32Load, wasm.OpI32Load8U, wasm.OpI32Load8S, wasm.OpI64Load16S, wasm.OpI64Load32U}
	genStores = []ir.Op{wasm.OpI32Store, wasm.OpI64Store, wasm.OpF64Store, wasm.OpF32Store, wasm.OpI32Store8, wasm.OpI64Store16, wasm.OpI64Store32}
)

func (g *generator) statement() {
	switch n := g.r.IntN(40); {
	case n < 16:
		g.pool = append(g.pool, g.expression())
	case n < 20:
		i := g.r.IntN(len(g.vars))
		g.vars[i] = g.any(genTypes[i])
	case n < 22:
		t := genTypes[g.r.IntN(len(genTypes))]
		v := g.append(ir.OpSlotLoad, t)
		v.Imm = uint64(g.r.IntN(genRoom))
		g.pool = append(g.pool, v)
	case n < 24:
		v := g.append(ir.OpSlotStore, ir.Void, g.any(genTypes[g.r.IntN(len(genTypes))]))
		v.Imm = uint64(g.r.IntN(genRoom))
	case n < 27:
		op := genLoads[g.r.IntN(len(genLoads))]
		v := g.append(op, ir.TypeOf(op.Info().Results[0]), g.append(ir.OpMemBase, ir.I64), g.address())
		v.Imm, v.Guarded, v.Site = uint64(g.r.IntN(24)), true, g.site(interp.SiteFault)
		g.pool = append(g.pool, v)
	case n < 30:
		op := genStores[g.r.IntN(len(genStores))]
		x := g.any(ir.TypeOf(op.Info().Params[1]))
		v := g.append(op, ir.Void, g.append(ir.OpMemBase, ir.I64), g.address(), x)
		v.Imm, v.Guarded, v.Site = uint64(g.r.IntN(24)), true, g.site(interp.SiteFault)
	case n < 34:
		w := g.append(ir.OpInstWord, ir.I64)
		w.Imm, w.Aux = uint64(g.r.IntN(3)), 1
		t := genTypes[g.r.IntN(len(genTypes))]
		class := uint64(ir.ClassGlobal) + w.Imm
		var v *ir.Value
		if n < 32 {
			v = g.append(ir.OpLoadWord, t, w)
			g.pool = append(g.pool, v)
		} else {
			v = g.append(ir.OpStoreWord, ir.Void, w, g.any(t))
		}
		v.Width, v.Aux = uint8(t.Size()), class
		if t == ir.I64 && g.r.IntN(3) == 0 {
			v.Width = 4
		}
		if g.r.IntN(4) == 0 {
			v.Imm = uint64(g.r.IntN(12))
		}
	case n < 35:
		c := g.any(ir.I32)
		if g.r.IntN(3) > 0 {
			c = g.append(wasm.OpI32Eqz, ir.I32, c)
		}
		g.append(ir.OpTrapIf, ir.Void, c).Site = g.site(interp.SiteTrap)
	case n < 36:
		switch g.r.IntN(3) {
		case 0:
			w := g.append(ir.OpInstWord, ir.I64)
			w.Imm, w.Aux = 9, 1
			v := g.append(ir.OpCall, ir.I32, w, g.any(ir.I32))
			v.Site = g.site(interp.SiteCall)
			g.pool = append(g.pool, v)
		case 1:
			v := g.append(ir.OpLeave, ir.Void)
			v.Site = g.site(interp.SiteStep)
		default:
			v := g.append(ir.OpPoll, ir.Void)
			v.Site = g.site(interp.SitePoll)
		}
	case n < 39:
		if g.depth < 4 {
			g.branch()
		}
	default:
		if g.depth < 3 {
			g.loop()
		}
	}
}

func (g *generator) statements() {
	for g.size > 0 {
		g.size--
		g.statement()
		if g.depth > 0 && g.r.IntN(8) == 0 {
			return
		}
	}
}

// arm is a way to a join.
type arm struct {
	b    *ir.Block
	vars []*ir.Value
}

// branch is an if or a switch; ways may end in a trap, an exit or a return.
func (g *generator) branch() {
	from, vars, pool := g.b, slices.Clone(g.vars), len(g.pool)
	n := 2
	op := ir.OpIf
	c := g.any(ir.I32)
	if g.r.IntN(4) == 0 {
		op, n = ir.OpSwitch, 1+g.r.IntN(4)
	}
	if g.r.IntN(3) == 0 {
		c = g.append(wasm.OpI32Eqz, ir.I32, c)
	}
	g.append(op, ir.Void, c)
	g.depth++
	var arms []arm
	for i := range n {
		if i > 0 && g.r.IntN(5) == 0 { // straight to the join
			arms = append(arms, arm{from, vars})
			continue
		}
		g.b = g.f.NewBlock()
		g.b.Cold = g.r.IntN(5) == 0
		ir.Connect(from, g.b)
		g.vars, g.pool = slices.Clone(vars), g.pool[:pool]
		if g.r.IntN(4) > 0 {
			g.statements()
		}
		if i > 0 && g.r.IntN(8) == 0 {
			g.leave()
			continue
		}
		g.append(ir.OpJump, ir.Void)
		arms = append(arms, arm{g.b, g.vars})
	}
	g.depth--
	g.join(arms)
	g.pool = g.pool[:pool]
}

// join makes a block with a phi for each variable.
func (g *generator) join(arms []arm) {
	g.b = g.f.NewBlock()
	for _, a := range arms {
		ir.Connect(a.b, g.b)
	}
	g.vars = slices.Clone(g.vars)
	for i, t := range genTypes {
		phi := g.append(ir.OpPhi, t)
		for _, a := range arms {
			phi.Args = append(phi.Args, a.vars[i])
		}
		g.vars[i] = phi
	}
}

// leave ends the block for good.
func (g *generator) leave() {
	switch g.r.IntN(4) {
	case 0:
		g.append(ir.OpTrap, ir.Void).Site = g.site(interp.SiteTrap)
	case 1:
		s := g.site(interp.SiteExit)
		g.append(ir.OpExit, ir.Void).Site = s
	case 2:
		g.append(ir.OpReturn, ir.Void)
	default:
		g.append(ir.OpReturn, ir.Void, g.any(ir.I32))
	}
}

// loop goes round a few times: do ... while (--n), or with a way out in the middle.
func (g *generator) loop() {
	pool := len(g.pool)
	count := g.number(uint64(1 + g.r.IntN(5)))
	one := g.number(1)
	g.append(ir.OpJump, ir.Void)
	before := g.b
	outer := slices.Clone(g.vars)
	head := g.f.NewBlock()
	ir.Connect(before, head)
	g.b = head
	var phis []*ir.Value
	for i, t := range genTypes {
		phis = append(phis, g.append(ir.OpPhi, t, outer[i]))
	}
	counter := g.append(ir.OpPhi, ir.I32, count)
	copy(g.vars, phis)
	if g.r.IntN(2) == 0 {
		s := g.site(interp.SitePoll)
		g.append(ir.OpPoll, ir.Void).Site = s
	}
	g.depth++
	var outs []arm
	if g.r.IntN(3) == 0 {
		g.append(ir.OpIf, ir.Void, g.any(ir.I32))
		outs = append(outs, arm{g.b, slices.Clone(g.vars)})
		body := g.f.NewBlock()
		ir.Connect(g.b, body)
		g.b = body
	}
	g.statements()
	g.depth--
	next := g.append(wasm.OpI32Sub, ir.I32, counter, one)
	g.append(ir.OpIf, ir.Void, next)
	ir.Connect(g.b, head)
	for i, p := range phis {
		p.Args = append(p.Args, g.vars[i])
	}
	counter.Args = append(counter.Args, next)
	outs = append(outs, arm{g.b, g.vars})
	g.join(outs)
	g.pool = g.pool[:pool]
}

// expressions makes a function of numeric instructions, each mostly of the ones just before and constants, and shows what the last ones are.
func expressions(seed uint64) *ir.Func {
	g := &generator{r: rand.New(rand.NewPCG(seed, 3)), f: &ir.Func{Name: fmt.Sprint("expressions ", seed), Loop: -1, Room: genRoom}}
	g.f.Params = []ir.Type{ir.I32, ir.I64, ir.F64, ir.I32}
	g.b = g.f.NewBlock()
	g.f.Entry = g.b
	for i, t := range g.f.Params {
		p := g.f.Append(g.b, ir.OpParam, t)
		p.Imm = uint64(i)
		g.vars = append(g.vars, p)
	}
	g.plain = true
	for range 3 + g.r.IntN(12) {
		v := g.expression()
		g.pool = append(g.pool, v)
	}
	s := &ir.Site{Kind: interp.SiteExit, Pos: 1}
	for i, v := range g.pool[max(0, len(g.pool)-genRoom):] {
		s.State = append(s.State, ir.SlotValue{Slot: uint16(i), Value: v})
	}
	g.append(ir.OpExit, ir.Void).Site = s
	return g.f
}

// record is what can be seen of a run.
type record struct {
	events []string
	end    string
	mem    []byte
	words  map[uint64]byte
}

func run(f *ir.Func, seed uint64) (record, error) {
	r := rand.New(rand.NewPCG(seed, 2))
	m := &ir.Machine{Slots: make([]uint64, genRoom), Memory: [][]byte{make([]byte, genMemory)}, Fuel: 20000, Words: make(map[uint64]byte)}
	for i := range m.Slots {
		m.Slots[i] = r.Uint64()
	}
	for i := range m.Memory[0] {
		m.Memory[0][i] = byte(r.Uint32())
	}
	for w := range uint64(3) {
		for i := range uint64(24) {
			m.Words[1<<56+w<<20+i] = byte(r.Uint32())
		}
	}
	params := []ir.Bits{{uint64(uint32(r.Uint64() >> r.IntN(64)))}, {r.Uint64() >> r.IntN(64)}, {r.Uint64()}, {uint64(r.IntN(3))}}
	var rec record
	polls := 0
	m.SkipPoll = func() bool { polls++; return polls%3 != 0 }
	m.Out = func(m *ir.Machine, v *ir.Value, args []ir.Bits) (ir.Bits, error) {
		if v.Op == ir.OpCall {
			args = args[1:]
		}
		seen := m.Slots
		if v.Op == ir.OpCall {
			seen = seen[:genArgs] // all arguments are in registers
		}
		rec.events = append(rec.events, fmt.Sprint(ir.OpName(v.Op), v.Site.Pos, args, seen))
		if v.Op == ir.OpCall || v.Op == ir.OpLeave {
			for i := v.Site.ArgSlot; i < genRoom; i++ {
				m.Slots[i] = r.Uint64()
			}
			m.Memory[0][r.IntN(genMemory)] = byte(r.Uint32())
			m.Words[1<<56+uint64(r.IntN(3))<<20+uint64(r.IntN(8))] = byte(r.Uint32())
		}
		return ir.Bits{r.Uint64() >> r.IntN(64)}, nil
	}
	o, err := ir.Eval(f, m, params)
	if err != nil {
		return rec, err
	}
	rec.mem, rec.words = m.Memory[0], m.Words
	switch {
	case o.Trap != 0:
		rec.end = fmt.Sprint(o.Trap, o.Value.Site.Pos)
	case o.Value.Op == ir.OpReturn && len(o.Value.Args) == 0:
		rec.end = fmt.Sprint("returned ", m.Slots)
	case o.Value.Op == ir.OpReturn:
		rec.end = fmt.Sprint("returned ", o.Result)
	default:
		rec.end = "left"
	}
	return rec, nil
}

func (r record) equal(s record) error {
	for i := range min(len(r.events), len(s.events)) {
		if r.events[i] != s.events[i] {
			return fmt.Errorf("event %d was\n%s, is\n%s", i, r.events[i], s.events[i])
		}
	}
	switch {
	case len(r.events) != len(s.events):
		return fmt.Errorf("%d events, were %d", len(s.events), len(r.events))
	case r.end != s.end:
		return fmt.Errorf("ended with %s, is %s", r.end, s.end)
	case !slices.Equal(r.mem, s.mem):
		return fmt.Errorf("memory was %v, is %v", r.mem, s.mem)
	}
	for k, v := range r.words {
		if s.words[k] != v {
			return fmt.Errorf("word %#x was %d, is %d", k, v, s.words[k])
		}
	}
	return nil
}

const runsEach = 4

// checkPasses runs f before and after each pass.
func checkPasses(t *testing.T, generate func(seed uint64) *ir.Func, seed uint64) bool {
	f := generate(seed)
	if err := ir.Verify(f); err != nil {
		t.Fatalf("seed %d: generated: %v\n%s", seed, err, f)
	}
	want := make([]record, runsEach)
	fails := make([]error, runsEach)
	for i := range want {
		want[i], fails[i] = run(f, seed+uint64(i))
	}
	for n, p := range passes {
		p.run(f)
		before := func() string {
			f := generate(seed)
			for _, p := range passes[:n] {
				p.run(f)
			}
			return f.String()
		}
		if err := ir.Verify(f); err != nil {
			t.Errorf("seed %d, pass %d %s: %v\nbefore\n%s\nafter\n%s", seed, n, p.name, err, before(), f)
			return false
		}
		for i, w := range want {
			if errors.Is(fails[i], ir.ErrFuel) {
				continue
			}
			got, err := run(f, seed+uint64(i))
			if err == nil {
				err = w.equal(got)
			}
			if err != nil {
				t.Errorf("seed %d, pass %d %s, run %d: %v\nbefore\n%s\nafter\n%s", seed, n, p.name, i, err, before(), f)
				return false
			}
		}
	}
	return true
}

func TestPassesKeepWhatRandomFunctionsDo(t *testing.T) {
	n := uint64(1500)
	if testing.Short() {
		n = 200
	}
	for seed := range n {
		if !checkPasses(t, generate, seed) {
			return
		}
	}
}

func TestPassesKeepWhatExpressionsAre(t *testing.T) {
	n := uint64(4000)
	if testing.Short() {
		n = 500
	}
	for seed := range n {
		if !checkPasses(t, expressions, seed) {
			return
		}
	}
}
