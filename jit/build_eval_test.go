package jit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// program runs a module by evaluating the SSA of its functions.
type program struct {
	m      *interp.Module
	w      *wasm.Module
	layout interp.NativeLayout
	opt    Options
	funcs  map[uint32]*ir.Func
	mc     *ir.Machine
	depth  int
	fn     uint32                 // that is being evaluated
	change func(f *ir.Func) error // what is built, before it is evaluated
}

// errLeft says that evaluating ended where the interpreter would have to go on.
var errLeft = errors.New("left")

// Addresses of what instances have.
const (
	globalsAt = 2 << 56
	headersAt = 3 << 56
	tablesAt  = 4 << 56
	elemsAt   = 5 << 56
	recordsAt = 6 << 56
)

func newProgram(w *wasm.Module, i *interp.Instance, opt Options) *program {
	m := i.Module()
	p := &program{m: m, w: w, layout: m.NativeLayout(), opt: opt, funcs: map[uint32]*ir.Func{}}
	p.mc = &ir.Machine{Slots: make([]uint64, 1<<18), Words: map[uint64]byte{}, Inst: p.word, Out: p.out, Fuel: 10_000_000}
	for k, g := range w.GlobalTypes {
		if g.Type != wasm.V128 {
			p.put(globalsAt+uint64(k)*16, i.Global(uint32(k)).Get())
		}
	}
	for k := range w.MemoryTypes {
		mem := append([]byte(nil), i.Memory(uint32(k)).Bytes()...)
		p.mc.Memory = append(p.mc.Memory, mem)
		p.put(headersAt+uint64(k)*16, ir.MemoryAddress(k))
		p.put(headersAt+uint64(k)*16+8, uint64(len(mem)))
	}
	for k := range w.TableTypes {
		tab := i.Table(uint32(k))
		p.put(tablesAt+uint64(k)*16, elemsAt+uint64(k)<<32)
		p.put(tablesAt+uint64(k)*16+8, tab.Len())
		for e := range tab.Len() {
			ref, _ := tab.Get(e)
			p.put(elemsAt+uint64(k)<<32+e*8, ref)
		}
	}
	return p
}

func (p *program) put(at, v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	for i, c := range b {
		p.mc.Words[at+uint64(i)] = c
	}
}

func (p *program) get(at uint64) (v uint64) {
	for i := range uint64(8) {
		v |= uint64(p.mc.Words[at+i]) << (8 * i)
	}
	return v
}

func (p *program) word(word uint64) uint64 {
	k := int(word)
	switch {
	case k >= p.layout.Types:
		return uint64(p.w.Types[k-p.layout.Types].Canon)
	case k >= p.layout.Tables:
		return tablesAt + uint64(k-p.layout.Tables)*16
	case k >= p.layout.Memories:
		return headersAt + uint64(k-p.layout.Memories)*16
	case k >= p.layout.Globals:
		return globalsAt + uint64(k-p.layout.Globals)*16
	case k == interp.WordFuncs:
		return recordsAt
	case k == interp.WordStub:
		return 1 // all functions have code
	}
	return 0
}

func (p *program) out(m *ir.Machine, v *ir.Value, args []ir.Bits) (ir.Bits, error) {
	switch v.Op {
	case ir.OpPoll:
		return ir.Bits{}, nil
	case ir.OpCheckType:
		f := uint32(args[0][0]-recordsAt) / 16
		if p.w.Types[p.w.FuncTypes[f]].Canon != uint32(args[1][0]) && !wasm.MatchDefined(p.w.Types, p.w.FuncTypes[f], uint32(args[1][0])) {
			return ir.Bits{}, interp.TrapIndirectCallTypeMismatch
		}
		return ir.Bits{}, nil
	case ir.OpCall:
		return p.call(m, v.Site.Callee, v.Site.ArgSlot, args[1:])
	case ir.OpCallRecord:
		return p.call(m, uint32(args[0][0]-recordsAt)/16, v.Site.ArgSlot, args[1:])
	}
	if r, err, ok := p.tailCall(m, v, args); ok {
		tails++
		return r, err
	}
	if v.Op == ir.OpLeave && v.Site.Kind == interp.SiteStep {
		return ir.Bits{}, p.step(m, v.Site)
	}
	return ir.Bits{}, errLeft
}

// tailCall makes a tail call, of which there is nothing to see but that its frame is the caller's.
func (p *program) tailCall(m *ir.Machine, v *ir.Value, args []ir.Bits) (_ ir.Bits, _ error, ok bool) {
	fn := p.fn
	switch v.Op {
	case ir.OpTailCall:
		fn, args = uint32(int(v.Imm)+p.w.NumImportedFuncs), args[1:]
	case ir.OpTailCallRecord:
		fn, args = uint32(args[0][0]-recordsAt)/16, args[1:]
	case ir.OpTailCallSelf:
	default:
		return ir.Bits{}, nil, false
	}
	r, err := p.call(m, fn, 0, slices.Clone(args))
	return r, err, true
}

// tails counts the tail calls that were made.
var tails int

// step does what some instructions do that are left to the interpreter.
func (p *program) step(m *ir.Machine, site *ir.Site) error {
	r := bodyReader{b: p.w.Bytes[site.Pos:]}
	op := r.op()
	slots := m.Slots[site.ArgSlot:]
	switch op {
	case wasm.OpRefFunc:
		slots[0] = uint64(r.u32()) + 1
	case wasm.OpMemoryFill, wasm.OpMemoryCopy:
		mem := p.mc.Memory[r.u32()]
		if len(p.mc.Memory) > 1 || p.w.MemoryTypes[0].Is64 {
			return errLeft
		}
		to, from, n := uint64(uint32(slots[0])), uint64(uint32(slots[1])), uint64(uint32(slots[2]))
		if to+n > uint64(len(mem)) || op == wasm.OpMemoryCopy && from+n > uint64(len(mem)) {
			return interp.TrapMemoryOutOfBounds
		}
		if op == wasm.OpMemoryCopy {
			copy(mem[to:to+n], mem[from:from+n])
			return nil
		}
		for i := range n {
			mem[to+i] = byte(from)
		}
	case wasm.OpTableSet:
		k := uint64(r.u32())
		if p.w.TableTypes[k].Is64 {
			return errLeft
		}
		if i := uint64(uint32(slots[0])); i < p.get(tablesAt+k*16+8) {
			p.put(elemsAt+k<<32+i*8, slots[1])
		} else {
			return interp.TrapTableOutOfBounds
		}
	default:
		lefts[op]++
		return errLeft
	}
	return nil
}

var lefts = map[wasm.Op]int{}

// call calls a function whose arguments in registers are args.
func (p *program) call(m *ir.Machine, fn uint32, slot int, args []ir.Bits) (ir.Bits, error) {
	ft := p.w.FuncType(fn)
	params := make([]ir.Bits, len(ft.Params))
	for i, r := range ir.InRegisters(ft.Params) {
		if r >= 0 {
			params[i], args = args[0], args[1:]
		}
	}
	f := p.funcs[fn]
	if f == nil {
		var err error
		if f, err = build(p.m, fn, -1, p.opt); err != nil {
			return ir.Bits{}, err
		}
		if p.change != nil {
			if err := p.change(f); err != nil {
				return ir.Bits{}, err
			}
		}
		p.funcs[fn] = f
	}
	if p.depth++; p.depth > 400 {
		return ir.Bits{}, errLeft
	}
	defer func(fn uint32) { p.depth, p.fn = p.depth-1, fn }(p.fn)
	p.fn = fn
	callee := *m
	if callee.Slots = m.Slots[slot:]; len(callee.Slots) < f.Room {
		return ir.Bits{}, errLeft
	}
	for i, r := range ir.InRegisters(ft.Params) {
		if r >= 0 && i == 0 && ir.TypeOf(ft.Params[i]) != ir.V128 {
			callee.Slots[i] = 0xDEAD // nobody may take it from there
		}
	}
	o, err := ir.Eval(f, &callee, params)
	if err != nil {
		return ir.Bits{}, err
	}
	switch o.Value.Op {
	case ir.OpReturn, ir.OpTailCall, ir.OpTailCallRecord, ir.OpTailCallSelf:
		return o.Result, nil
	}
	if o.Trap != 0 {
		return ir.Bits{}, o.Trap
	}
	return ir.Bits{}, errLeft
}

// TestBuiltDoesTheSame runs modules by evaluating what is built of them, and by the interpreter.
func TestBuiltDoesTheSame(t *testing.T) { doesTheSame(t, 400, nil) }

func doesTheSame(t *testing.T, seeds uint64, change func(f *ir.Func) error) {
	calls, left, before := 0, 0, tails
	for seed := range seeds {
		g := modgen.Generate(seed, modgen.Config{Features: modgen.Base | wasm.FeatureTailCall, Size: 60})
		bin, err := g.Encode()
		if err != nil {
			t.Fatal(err)
		}
		w, err := wasm.Decode(bin, g.Features)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.Imports) > 0 {
			continue
		}
		s := interp.NewStore(interp.Config{})
		i, err := s.Instantiate(interp.NewModule(w), "m", nil)
		if err != nil {
			continue
		}
		p := newProgram(w, i, buildWays[seed%2])
		p.change = change
		th := s.NewThread()
	next:
		for _, c := range g.Calls {
			x, ok := w.Export(c.Export)
			if !ok || x.Kind != wasm.ExternFunc {
				continue
			}
			f := i.Func(x.Index)
			stack := make([]uint64, f.Slots()+1)
			var args []ir.Bits
			regs := ir.InRegisters(w.FuncType(x.Index).Params)
			for k, a := range c.Args {
				stack[k], p.mc.Slots[k] = a, a
				if regs[k] >= 0 {
					args = append(args, ir.Bits{a})
				}
			}
			p.depth = 0
			got, gotErr := p.call(p.mc, x.Index, 0, args)
			if errors.Is(gotErr, errLeft) || errors.Is(gotErr, ir.ErrFuel) {
				left++
				break next
			}
			calls++
			wantErr := th.Call(context.Background(), f, stack)
			what := fmt.Sprintf("seed %d, %s(%d)", seed, c.Export, c.Args)
			var trap *interp.Trap
			if errors.As(wantErr, &trap) {
				var code interp.TrapCode
				if !errors.As(gotErr, &code) || code != trap.Code {
					t.Errorf("%s: %v, the interpreter has %v", what, gotErr, wantErr)
					break next
				}
				continue
			}
			if wantErr != nil || gotErr != nil {
				t.Errorf("%s: %v, the interpreter has %v", what, gotErr, wantErr)
				break next
			}
			results := w.FuncType(x.Index).Results
			for k := range results {
				v := p.mc.Slots[k]
				if len(results) == 1 {
					v = got[0]
				}
				if v != stack[k] {
					t.Errorf("%s: result %d is %#x, the interpreter has %#x", what, k, v, stack[k])
					break next
				}
			}
		}
	}
	if calls < 500 {
		t.Errorf("only %d calls could be compared", calls)
	}
	if tails-before < 50 {
		t.Errorf("only %d tail calls were made", tails-before)
	}
	t.Log(lefts)
	t.Logf("%d calls, %d left to the interpreter", calls, left)
}
