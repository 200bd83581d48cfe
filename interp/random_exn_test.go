package interp

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// Random programs that throw and catch in every way there is, against what they mean.

// exnMachine runs what a program means. All it leaves behind is total, into which every step is hashed.
type exnMachine struct {
	total  uint32
	caught map[*exnLabel]*exnValue // by the catch bodies that are open
	ref    *exnValue               // local 2 of the function that runs
	steps  int
}

func (m *exnMachine) note(v uint32) { m.total = m.total*31 + v }

// exnValue is an exception; every tag but tagVoid carries value.
type exnValue struct {
	tag   byte
	value uint32
}

// exnLabel is a label of a program. A branch may go to one that takes no values.
type exnLabel struct {
	void     bool
	catching bool // the body of a legacy catch is open
	try      bool // tries can be delegated to
}

// exnOutcome is how a step ends: as it should, with a branch, or with an exception that is maybe delegated to a label.
type exnOutcome struct {
	branch *exnLabel
	x      *exnValue
	skip   *exnLabel
}

func (o exnOutcome) normal() bool { return o.branch == nil && o.x == nil }

// leave is what becomes of o outside of l.
func (o exnOutcome) leave(l *exnLabel) exnOutcome {
	if o.branch == l {
		o.branch = nil
	}
	if o.skip == l {
		o.skip = nil
	}
	return o
}

type exnStep func(m *exnMachine) exnOutcome

type exnGen struct {
	*rand.Rand
	labels []*exnLabel
	loops  int
	fn     int // the function that is made
	means  []exnStep
	left   int // steps that may still be made
}

const (
	globalGetOp = byte(wasm.OpGlobalGet)
	globalSetOp = byte(wasm.OpGlobalSet)
	ifOp        = byte(wasm.OpIf)
)

// noteTop notes the i32 on top of the stack.
var noteTop = []byte{set, 1, globalGetOp, 0, i32c, 31, byte(wasm.OpI32Mul), get, 1, add, globalSetOp, 0}

// odd leaves bit k of the total.
func odd(k byte) []byte {
	return []byte{globalGetOp, 0, i32c, k, byte(wasm.OpI32ShrU), i32c, 1, byte(wasm.OpI32And)}
}

func (g *exnGen) open(l *exnLabel) *exnLabel {
	g.labels = append(g.labels, l)
	return l
}
func (g *exnGen) close() { g.labels = g.labels[:len(g.labels)-1] }

// depth is the index by which the binary names l.
func (g *exnGen) depth(l *exnLabel) byte {
	for i := range g.labels {
		if g.labels[len(g.labels)-1-i] == l {
			return byte(i)
		}
	}
	panic("no such label")
}

// pick is one of the labels that ok likes, or nil.
func (g *exnGen) pick(ok func(*exnLabel) bool) *exnLabel {
	var some []*exnLabel
	for _, l := range g.labels {
		if ok(l) {
			some = append(some, l)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[g.IntN(len(some))]
}

// steps makes a few steps.
func (g *exnGen) steps(depth int) ([]byte, exnStep) {
	var code []byte
	var means []exnStep
	for range 1 + g.IntN(3) {
		c, f := g.step(depth)
		code, means = append(code, c...), append(means, f)
	}
	return code, func(m *exnMachine) exnOutcome {
		for _, f := range means {
			if o := f(m); !o.normal() {
				return o
			}
		}
		return exnOutcome{}
	}
}

func (g *exnGen) step(depth int) ([]byte, exnStep) {
	g.left--
	if depth == 0 || g.left < 0 {
		return g.simple()
	}
	switch g.IntN(9) {
	case 0, 1:
		return g.tryTable(depth - 1)
	case 2, 3:
		return g.legacy(depth - 1)
	case 4:
		return g.delegate(depth - 1)
	case 5: // a value below on the stack
		k := byte(g.IntN(60))
		code, f := g.steps(depth - 1)
		return join([]byte{i32c, k}, code, noteTop), func(m *exnMachine) exnOutcome {
			if o := f(m); !o.normal() {
				return o
			}
			m.note(uint32(k))
			return exnOutcome{}
		}
	case 6:
		if g.loops < 2 {
			return g.loop(depth - 1)
		}
	case 7:
		if g.fn+1 < cap(g.means) {
			return g.call()
		}
	}
	return g.simple()
}

// maybe makes something that leaves the block happen only if bit k of the total is set.
func (g *exnGen) maybe(code func() []byte, f exnStep) ([]byte, exnStep) {
	k := byte(g.IntN(31))
	l := g.open(&exnLabel{void: true})
	body := code()
	g.close()
	return join(odd(k), []byte{ifOp, 0x40}, body, []byte{end}), func(m *exnMachine) exnOutcome {
		if m.total>>k&1 == 0 {
			return exnOutcome{}
		}
		return f(m).leave(l)
	}
}

func (g *exnGen) simple() ([]byte, exnStep) {
	switch g.IntN(7) {
	case 0:
		return g.maybe(func() []byte { return []byte{throwOp, tagVoid} }, func(*exnMachine) exnOutcome { return exnOutcome{x: &exnValue{tag: tagVoid}} })
	case 1, 2:
		return g.maybe(func() []byte { return []byte{globalGetOp, 0, throwOp, tagI32} }, func(m *exnMachine) exnOutcome {
			return exnOutcome{x: &exnValue{tagI32, m.total}}
		})
	case 3:
		if l := g.pick(func(l *exnLabel) bool { return l.catching }); l != nil {
			return g.maybe(func() []byte { return []byte{rethrow, g.depth(l)} }, func(m *exnMachine) exnOutcome { return exnOutcome{x: m.caught[l]} })
		}
	case 4:
		if l := g.pick(func(l *exnLabel) bool { return l.void }); l != nil {
			return g.maybe(func() []byte { return []byte{br, g.depth(l)} }, func(*exnMachine) exnOutcome { return exnOutcome{branch: l} })
		}
	case 5: // throw_ref of the last exception whose reference has been caught
		l := g.open(&exnLabel{})
		g.close()
		return []byte{get, 2, byte(wasm.OpRefIsNull), byte(wasm.OpI32Eqz), ifOp, 0x40, get, 2, throwRf, end}, func(m *exnMachine) exnOutcome {
			return exnOutcome{x: m.ref}.leave(l)
		}
	}
	k := byte(g.IntN(60))
	return join([]byte{i32c, k}, noteTop), func(m *exnMachine) exnOutcome {
		m.note(uint32(k))
		return exnOutcome{}
	}
}

func (g *exnGen) loop(depth int) ([]byte, exnStep) {
	counter := byte(3 + g.loops)
	g.loops++
	l := g.open(&exnLabel{})
	code, f := g.steps(depth)
	g.close()
	g.loops--
	return join([]byte{i32c, 3, set, counter, loop, 0x40}, code,
			[]byte{get, counter, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), counter, byte(wasm.OpBrIf), 0, end}),
		func(m *exnMachine) exnOutcome {
			for range 3 {
				if o := f(m); !o.normal() {
					return o.leave(l)
				}
			}
			return exnOutcome{}
		}
}

// call calls a function that comes later, and notes its result.
func (g *exnGen) call() ([]byte, exnStep) {
	to := g.fn + 1 + g.IntN(cap(g.means)-g.fn-1)
	means := g.means[:cap(g.means)]
	return join([]byte{globalGetOp, 0, call_, byte(to)}, noteTop), func(m *exnMachine) exnOutcome {
		if m.steps++; m.steps > 20000 {
			panic("too long")
		}
		saved := m.ref
		m.ref = nil
		o := means[to](m)
		m.ref = saved
		if o.x == nil {
			m.note(m.total)
		}
		return exnOutcome{x: o.x}
	}
}

// tryTable makes
//
//	(block $out (block $2 (block $1 (try_table (clause 1 $1) (clause 2 $2) …) (br $out)) handler 1 (br $out)) handler 2)
func (g *exnGen) tryTable(depth int) ([]byte, exnStep) {
	out := g.open(&exnLabel{void: true})
	kinds := [2]byte{byte(g.IntN(4)), byte(g.IntN(4))}
	tags := [2]byte{byte(g.IntN(2)), byte(g.IntN(2))}
	var opens, clauses []byte
	var takes [2][]byte // what the handler does with the label's values
	for k := 1; k >= 0; k-- {
		typ := byte(0x40)
		value, ref := kinds[k] < 2 && tags[k] == tagI32, kinds[k]&1 == 1
		switch {
		case value && ref:
			typ, takes[k] = typRef, join([]byte{set, 2}, noteTop)
		case value:
			typ, takes[k] = i32t, noteTop
		case ref:
			typ, takes[k] = exnref, []byte{set, 2}
		}
		opens = append(opens, blk, typ)
	}
	for k := range kinds {
		clauses = append(clauses, kinds[k])
		if kinds[k] < 2 {
			clauses = append(clauses, tags[k])
		}
		clauses = append(clauses, byte(k))
	}
	second := g.open(&exnLabel{})
	first := g.open(&exnLabel{})
	try := g.open(&exnLabel{void: true, try: true})
	body, bodyMeans := g.steps(depth)
	g.close()
	g.close()
	one, oneMeans := g.steps(depth)
	g.close()
	two, twoMeans := g.steps(depth)
	g.close()
	code := join([]byte{blk, 0x40}, opens, []byte{tryTable, 0x40, 2}, clauses, body, []byte{end, br, 2, end}, takes[0], one, []byte{br, 1, end}, takes[1], two, []byte{end})
	handlers := [2]exnStep{oneMeans, twoMeans}
	return code, func(m *exnMachine) exnOutcome {
		o := bodyMeans(m).leave(try)
		if o.x != nil && o.skip == nil {
			for k := range kinds {
				if kinds[k] < 2 && tags[k] != o.x.tag {
					continue
				}
				if kinds[k]&1 == 1 {
					m.ref = o.x
				}
				if kinds[k] < 2 && o.x.tag == tagI32 {
					m.note(o.x.value)
				}
				o = handlers[k](m)
				if k == 0 {
					o = o.leave(second)
				}
				return o.leave(out)
			}
		}
		return o.leave(first).leave(second).leave(out)
	}
}

// legacy makes a try with a catch and a catch_all, or only one of them.
func (g *exnGen) legacy(depth int) ([]byte, exnStep) {
	l := g.open(&exnLabel{void: true, try: true})
	body, bodyMeans := g.steps(depth)
	l.try, l.catching = false, true
	which := 1 + g.IntN(3)
	tag := byte(g.IntN(2))
	code := join([]byte{tryOp, 0x40}, body)
	var one, all exnStep
	if which&1 != 0 {
		c, f := g.steps(depth)
		code, one = append(code, catchOp, tag), f
		if tag == tagI32 {
			code = append(code, noteTop...)
		}
		code = append(code, c...)
	}
	if which&2 != 0 {
		c, f := g.steps(depth)
		code, all = join(code, []byte{catchAll}, c), f
	}
	g.close()
	return append(code, end), func(m *exnMachine) exnOutcome {
		o := bodyMeans(m).leave(l)
		if o.x == nil || o.skip != nil {
			return o
		}
		handler := all
		if one != nil && o.x.tag == tag {
			handler = one
		}
		if handler == nil {
			return o
		}
		was := m.caught[l]
		m.caught[l] = o.x
		if o.x.tag == tagI32 && one != nil && tag == tagI32 {
			m.note(o.x.value)
		}
		o = handler(m).leave(l)
		m.caught[l] = was
		return o
	}
}

// delegate makes a try whose exceptions go on at another label, or at the caller.
func (g *exnGen) delegate(depth int) ([]byte, exnStep) {
	l := g.open(&exnLabel{void: true})
	body, f := g.steps(depth)
	g.close()
	to := g.labels[g.IntN(len(g.labels))]
	return join([]byte{tryOp, 0x40}, body, []byte{delegate, g.depth(to)}), func(m *exnMachine) exnOutcome {
		o := f(m).leave(l)
		if o.x != nil && o.skip == nil {
			o.skip = to
		}
		return o
	}
}

// exnRandom makes a program and its meaning for an argument.
func exnRandom(seed uint64) ([]byte, func() (uint32, *exnValue)) {
	g := &exnGen{Rand: rand.New(rand.NewPCG(seed, 17)), means: make([]exnStep, 0, 4)}
	var funcs []exnFunc
	for g.fn = range cap(g.means) {
		g.left = 30
		body := g.open(&exnLabel{})
		code, f := g.steps(4)
		g.close()
		g.means = append(g.means, func(m *exnMachine) exnOutcome { return f(m).leave(body) })
		start := []byte{}
		if g.fn == 0 {
			start = []byte{get, 0, globalSetOp, 0}
		}
		funcs = append(funcs, exnFunc{typI32I32, join(start, code, []byte{globalGetOp, 0})})
	}
	return exnModule(false, funcs...), func() (uint32, *exnValue) {
		m := &exnMachine{total: 5, caught: map[*exnLabel]*exnValue{}}
		o := g.means[0](m)
		return m.total, o.x
	}
}

// What random programs make of their exceptions is what they mean, running through and travelling.
func TestRandomExceptions(t *testing.T) {
	uncaught, returned := 0, 0
	for seed := range uint64(*programs) * 10 {
		bin, meaning := exnRandom(seed)
		m := load(t, bin)
		want, x := meaning()
		for _, step := range []uint64{0, 1, 3} {
			if step != 0 && (seed%10 != 0 || testing.Short()) {
				continue
			}
			got, err := wander(t, m, step, 5)
			var e *Exception
			switch {
			case x == nil && (err != nil || uint32(got) != want):
				t.Fatalf("program %d, travelling every %d safepoints: %#x, %v; want %#x\n%s", seed, step, got, err, want, listing(m, 0))
			case x != nil && (!errors.As(err, &e) || int(x.tag) != len(e.Values) || x.tag == tagI32 && uint32(e.Values[0]) != x.value):
				t.Fatalf("program %d, travelling every %d safepoints: %#x, %v; want exception %v\n%s", seed, step, got, err, x, listing(m, 0))
			}
		}
		if x == nil {
			returned++
		} else {
			uncaught++
		}
	}
	if uncaught < returned/20 || returned < uncaught/20 {
		t.Errorf("of the programs %d return and %d throw: that tests little", returned, uncaught)
	}
}
