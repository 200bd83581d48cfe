//go:build linux && amd64

package amd64

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// vectorCase is a vector instruction with its immediates.
type vectorCase struct {
	op       ir.Op
	name     string // as text, with immediates
	imm, aux uint64
	index    int // of its function in the reference's module
}

func (c *vectorCase) memory() bool {
	i := c.op.Info().Imm
	return i == wasm.ImmMemarg || i == wasm.ImmMemargLane
}

// vectorCases are the instructions behind the prefix of vectors.
func vectorCases(r *rand.Rand) (cases []vectorCase) {
	add := func(op ir.Op, name string, imm, aux uint64) {
		cases = append(cases, vectorCase{op, name, imm, aux, len(cases)})
	}
	for sub := range ir.Op(0x114) {
		op := 0xFD0000 + sub
		info := op.Info()
		if info == nil || op == wasm.OpV128Const {
			continue
		}
		lanes := map[string]int{"i8": 16, "8": 16, "i1": 8, "16": 8, "i3": 4, "f3": 4, "32": 4, "i6": 2, "f6": 2, "64": 2}
		switch info.Imm {
		case wasm.ImmShuffle:
			for _, p := range shufflePatterns(r) {
				add(op, op.String(), binary.LittleEndian.Uint64(p[:8]), binary.LittleEndian.Uint64(p[8:]))
				for _, l := range p {
					cases[len(cases)-1].name += fmt.Sprint(" ", l)
				}
			}
		case wasm.ImmLane:
			for l := range lanes[op.String()[:2]] {
				add(op, fmt.Sprint(op, " ", l), 0, uint64(l))
			}
		case wasm.ImmMemargLane:
			n := []int{16, 8, 4, 2}[int(op-wasm.OpV128Load8Lane)&3]
			for l := range n {
				add(op, fmt.Sprint(op, " offset=24 ", l), 24, uint64(l))
			}
		case wasm.ImmMemarg:
			add(op, fmt.Sprint(op, " offset=24"), 24, 0)
		default:
			add(op, op.String(), 0, 0)
		}
	}
	return cases
}

// shufflePatterns are patterns that have an instruction, and others.
func shufflePatterns(r *rand.Rand) (ps [][16]byte) {
	wide := func(size int, lanes ...byte) {
		var p [16]byte
		for i := range p {
			p[i] = lanes[i/size]*byte(size) + byte(i%size)
		}
		ps = append(ps, p)
	}
	wide(4, 3, 2, 1, 0)
	wide(4, 7, 5, 6, 4)
	wide(4, 3, 2, 5, 4)
	wide(8, 0, 2)
	wide(8, 1, 3)
	wide(8, 3, 0)
	wide(4, 0, 4, 1, 5)
	wide(4, 2, 6, 3, 7)
	wide(2, 0, 8, 1, 9, 2, 10, 3, 11)
	wide(2, 4, 12, 5, 13, 6, 14, 7, 15)
	wide(2, 0, 9, 2, 11, 4, 13, 6, 7)
	wide(1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
	wide(1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
	for n := range byte(17) {
		var p [16]byte
		for i := range p {
			p[i] = n + byte(i)
		}
		ps = append(ps, p)
	}
	for k := range 24 {
		var p [16]byte
		for i := range p {
			p[i] = byte(r.IntN(32))
			switch k % 4 {
			case 1:
				p[i] &= 15
			case 2:
				p[i] |= 16
			}
		}
		ps = append(ps, p)
	}
	return ps
}

// referee answers what an instruction does, by the interpreter.
type referee struct {
	thread *interp.Thread
	funcs  []*interp.Func
	memory []byte
}

// cells are what is in memory when an access is tested.
var cells = []byte("\x00\x81\x7f\xff\x10\x9a\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\x01\x02\x03\xf4\xf5\x06\x07\x08\x89\x0a\x0b\x0c\x8d\x0e\x0f\xf1")

func newReferee(t *testing.T, cases []vectorCase) *referee {
	t.Helper()
	var s strings.Builder
	s.WriteString("(module (memory (export \"m\") 1)\n")
	for _, c := range cases {
		info := c.op.Info()
		fmt.Fprintf(&s, "(func (export \"f%d\")", c.index)
		for _, p := range info.Params {
			if c.memory() && p != wasm.V128 {
				p = wasm.I32
			}
			fmt.Fprintf(&s, " (param %v)", p)
		}
		for _, p := range info.Results {
			fmt.Fprintf(&s, " (result %v)", p)
		}
		for i := range info.Params {
			fmt.Fprintf(&s, " local.get %d", i)
		}
		fmt.Fprintf(&s, " %s)\n", c.name)
	}
	s.WriteString(")")
	bin, err := wat.Parse("vectors.wat", []byte(s.String()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasm.Decode(bin, wasm.DefaultFeatures)
	if err != nil {
		t.Fatal(err)
	}
	store := interp.NewStore(interp.Config{})
	inst, err := store.Instantiate(interp.NewModule(m), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &referee{thread: store.NewThread()}
	for _, c := range cases {
		f, _ := inst.Export(fmt.Sprintf("f%d", c.index))
		r.funcs = append(r.funcs, f.Func)
	}
	mem, _ := inst.Export("m")
	r.memory = mem.Memory.Bytes()
	return r
}

func (r *referee) run(t *testing.T, c *vectorCase, args []uint64) []uint64 {
	stack := append(append([]uint64(nil), args...), 0, 0)
	if c.memory() {
		copy(r.memory[64:], cells)
	}
	if err := r.thread.Call(context.Background(), r.funcs[c.index], stack[:max(len(args), 2)]); err != nil {
		t.Fatal(err)
	}
	return stack[:2]
}

// vectorInputs are vectors of edge values and of others.
func vectorInputs(r *rand.Rand) (vs [][2]uint64) {
	pack := func(bits int, of []uint64) {
		for i := 0; i < len(of); i += 128 / bits {
			var v [2]uint64
			for k := range 128 / bits {
				v[k*bits/64] |= of[(i+k)%len(of)] & (1<<bits - 1) << (k * bits % 64)
			}
			vs = append(vs, v)
		}
	}
	pack(8, []uint64{0, 1, 2, 0x7F, 0x80, 0x81, 0xFE, 0xFF, 15, 16, 17, 31, 0x70, 0x8F, 0x55, 0xAA})
	pack(16, []uint64{0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x00FF, 0xFF00, 0x80, 0x7F, 0x100, 0xFF7F, 0xFF80, 0x1234, 0xFEDC, 0x4000})
	pack(32, ints32)
	pack(64, []uint64{0, 1, 1 << 63, 1<<63 - 1, 1<<64 - 1, 0x00000001FFFFFFFF, 0xFFFFFFFF00000000, 0x123456789ABCDEF0})
	pack(32, edges(ir.F32))
	pack(64, edges(ir.F64))
	vs = append(vs, [2]uint64{0, 0}, [2]uint64{math.MaxUint64, math.MaxUint64}, [2]uint64{0, 1 << 63})
	for range 4 {
		vs = append(vs, [2]uint64{r.Uint64(), r.Uint64()})
	}
	return vs
}

// TestVectorOps runs each vector instruction against the interpreter.
func TestVectorOps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cases := vectorCases(r)
	referee := newReferee(t, cases)
	inputs := vectorInputs(r)
	missing := map[string]bool{wasm.OpF32x4RelaxedMadd.String(): true, wasm.OpF32x4RelaxedNmadd.String(): true,
		wasm.OpF64x2RelaxedMadd.String(): true, wasm.OpF64x2RelaxedNmadd.String(): true,
		wasm.OpI64x2LtS.String(): true, wasm.OpI64x2GtS.String(): true, wasm.OpI64x2LeS.String(): true, wasm.OpI64x2GeS.String(): true}
	machines := map[string]*machine{}
	for name := range featureSets() {
		machines[name] = newMachine(t)
	}
	for i := range cases {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) {
			units := map[string][]*unit{}
			for name, f := range featureSets() {
				target := New(f)
				if !target.Supports(c.op) {
					if name == "all" && f.AVX && f.FMA || !missing[c.op.String()] {
						t.Errorf("not supported by %s", name)
					}
					continue
				}
				machines[name].tb = t
				for seed := range uint64(3) {
					units[name] = append(units[name], compileVector(t, machines[name], target, c, seed))
				}
			}
			testVector(t, c, units, referee, inputs, r)
		})
	}
}

// compileVector compiles a function of the instruction's operands. Every third allocation has vectors of memory as operands.
func compileVector(t *testing.T, m *machine, target *Target, c *vectorCase, seed uint64) *unit {
	t.Helper()
	info := c.op.Info()
	f := &ir.Func{Name: c.name, Loop: -1, Room: 16}
	b := f.NewBlock()
	f.Entry = b
	var args []*ir.Value
	slot := uint64(0)
	if c.memory() {
		args = append(args, f.Append(b, ir.OpMemBase, ir.I64))
	}
	for i, p := range info.Params {
		ty := ir.TypeOf(p)
		if c.memory() && i == 0 {
			ty = ir.I32
		}
		f.Params = append(f.Params, ty)
		q := f.Append(b, ir.OpParam, ty)
		q.Imm = uint64(i)
		if seed == 2 {
			q.Op, q.Imm = ir.OpSlotLoad, slot
		}
		slot += uint64(ty.Slots())
		args = append(args, q)
	}
	v := f.NewValue(c.op, ir.Void, args...)
	v.Block = b
	b.Values = append(b.Values, v)
	v.Imm, v.Aux = c.imm, c.aux
	if c.memory() {
		v.Guarded, v.Site = true, &ir.Site{Kind: interp.SiteFault}
	}
	if len(info.Results) > 0 {
		v.Type = ir.TypeOf(info.Results[0])
		f.Append(b, ir.OpReturn, ir.Void, v)
	} else {
		f.Append(b, ir.OpReturn, ir.Void)
	}
	code, err := target.Compile(allocate(t, target, f, seed))
	if err != nil {
		t.Fatal(err)
	}
	return m.unit(code)
}

func testVector(t *testing.T, c *vectorCase, units map[string][]*unit, referee *referee, inputs [][2]uint64, r *rand.Rand) {
	info := c.op.Info()
	result := ir.Void
	if len(info.Results) > 0 {
		result = ir.TypeOf(info.Results[0])
	}
	rounds := len(inputs)
	if len(info.Params) > 1 {
		rounds *= 12
	}
	for n := range rounds {
		var args []uint64
		for i, p := range info.Params {
			if c.memory() && i == 0 {
				p = wasm.I32
			}
			switch p {
			case wasm.V128:
				v := inputs[n%len(inputs)]
				if i > 0 {
					v = inputs[r.IntN(len(inputs))]
				}
				args = append(args, v[0], v[1])
			case wasm.I32:
				a := ints32[r.IntN(len(ints32))]
				if c.memory() {
					a = 40
				}
				args = append(args, a)
			case wasm.I64:
				args = append(args, ints64[r.IntN(len(ints64))])
			default:
				e := edges(ir.TypeOf(p))
				args = append(args, e[r.IntN(len(e))])
			}
		}
		want := referee.run(t, c, args)
		for name, us := range units {
			for seed, u := range us {
				copy(u.frame, args)
				copy(u.memory[64:], cells)
				got := u.run(result)
				ok := got.site == nil
				switch result {
				case ir.Void:
					ok = ok && string(u.memory[:256]) == string(referee.memory[:256])
				case ir.V128:
					ok = ok && sameLanes(c.op, got.lo, want[0]) && sameLanes(c.op, got.hi, want[1])
				default:
					ok = ok && (got.lo == want[0] || bothNaN(result, got.lo, want[0]))
				}
				if !ok {
					t.Fatalf("%s (%s, %d) of %#x = %#x %#x, want %#x\n%s", c.name, name, seed, args, got.lo, got.hi, want, disassemble(u.code))
				}
			}
		}
	}
}

// sameLanes compares half a vector; in lanes of floating-point numbers one that is not a number is as good as another.
func sameLanes(op ir.Op, got, want uint64) bool {
	if got == want {
		return true
	}
	switch name := op.String(); {
	case strings.HasPrefix(name, "f64x2"):
		return bothNaN(ir.F64, got, want)
	case strings.HasPrefix(name, "f32x4"):
		lower := uint32(got) == uint32(want) || bothNaN(ir.F32, uint64(uint32(got)), uint64(uint32(want)))
		return lower && (got>>32 == want>>32 || bothNaN(ir.F32, got>>32, want>>32))
	}
	return false
}
