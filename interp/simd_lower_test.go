package interp

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// fd is a vector instruction and its immediates.
func fd(w wasm.Op, imm ...byte) []byte { return join([]byte{0xFD}, uleb(int(w&0xFFFF)), imm) }

// constant is v128.const.
func (v v128) constant() []byte { return fd(wasm.OpV128Const, v[:]...) }

// vectorModule is a module like that of module, with memories as said, one byte of flags each.
func vectorModule(params, results []wasm.ValType, locals []byte, memories []byte, body ...byte) []byte {
	typ := []byte{0x60}
	for _, l := range [][]wasm.ValType{params, results} {
		typ = append(typ, uleb(len(l))...)
		for _, t := range l {
			typ = append(typ, byte(t))
		}
	}
	var mems [][]byte
	for _, flags := range memories {
		mems = append(mems, []byte{flags, 1})
	}
	return join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec(typ)), section(3, vec([]byte{0})),
		section(5, vec(mems...)), section(7, vec([]byte{1, 'f', 0, 0})),
		section(10, vec(sized(join(locals, body, []byte{byte(wasm.OpEnd)})))))
}

// vectorAccess says what a load or store does, in bytes.
type vectorAccess struct {
	w     wasm.Op
	n     int // bytes in memory
	lane  bool
	store bool
	load  func(b []byte, old v128, lane int) v128
}

func vectorAccesses() []vectorAccess {
	extend := func(w int, signed bool) func([]byte, v128, int) v128 {
		return func(b []byte, _ v128, _ int) v128 {
			var x v128
			copy(x[:], b)
			return build(2*w, func(i int) uint64 {
				if signed {
					return uint64(x.s(w, i))
				}
				return x.u(w, i)
			})
		}
	}
	repeat := func(b []byte, _ v128, _ int) (v v128) {
		for i := range v {
			v[i] = b[i%len(b)]
		}
		return v
	}
	zero := func(b []byte, _ v128, _ int) (v v128) { copy(v[:], b); return v }
	as := []vectorAccess{
		{w: wasm.OpV128Load, n: 16, load: zero}, {w: wasm.OpV128Store, n: 16, store: true},
		{w: wasm.OpV128Load8x8S, n: 8, load: extend(8, true)}, {w: wasm.OpV128Load8x8U, n: 8, load: extend(8, false)},
		{w: wasm.OpV128Load16x4S, n: 8, load: extend(16, true)}, {w: wasm.OpV128Load16x4U, n: 8, load: extend(16, false)},
		{w: wasm.OpV128Load32x2S, n: 8, load: extend(32, true)}, {w: wasm.OpV128Load32x2U, n: 8, load: extend(32, false)},
		{w: wasm.OpV128Load8Splat, n: 1, load: repeat}, {w: wasm.OpV128Load16Splat, n: 2, load: repeat},
		{w: wasm.OpV128Load32Splat, n: 4, load: repeat}, {w: wasm.OpV128Load64Splat, n: 8, load: repeat},
		{w: wasm.OpV128Load32Zero, n: 4, load: zero}, {w: wasm.OpV128Load64Zero, n: 8, load: zero},
	}
	for i := range 4 {
		n := 1 << i
		as = append(as, vectorAccess{w: wasm.OpV128Load8Lane + wasm.Op(i), n: n, lane: true, load: func(b []byte, old v128, lane int) v128 {
			copy(old[lane*n:], b)
			return old
		}}, vectorAccess{w: wasm.OpV128Store8Lane + wasm.Op(i), n: n, lane: true, store: true})
	}
	return as
}

// Each vector access reads or writes the bytes that it should, in every memory and by every form of address, and traps
// without having done anything where one byte is outside.
func TestVectorAccesses(t *testing.T) {
	forms := []struct {
		name     string
		memories []byte
		mem      byte
		addr     wasm.ValType
		constant bool
		computed bool // the address and the vector are operands with slots of their own
		sum      byte // the address is the sum with this local, or a constant
	}{
		{name: "memory 0", memories: []byte{0}, addr: wasm.I32},
		{name: "memory 0, computed operands", memories: []byte{0}, addr: wasm.I32, computed: true},
		{name: "memory 0, constant address", memories: []byte{0}, addr: wasm.I32, constant: true},
		{name: "memory 0, a sum", memories: []byte{0}, addr: wasm.I32, sum: get},
		{name: "memory 0, a sum with a constant", memories: []byte{0}, addr: wasm.I32, sum: i32c},
		{name: "memory 1", memories: []byte{0, 0}, mem: 1, addr: wasm.I32},
		{name: "memory 1, computed operands", memories: []byte{0, 0}, mem: 1, addr: wasm.I32, computed: true},
		{name: "memory 1, constant address", memories: []byte{0, 0}, mem: 1, addr: wasm.I32, constant: true},
		{name: "64 bits", memories: []byte{4}, addr: wasm.I64},
		{name: "64 bits, computed operands", memories: []byte{4}, addr: wasm.I64, computed: true},
	}
	seen := map[op]bool{}
	r := rand.New(rand.NewPCG(5, 6))
	for _, a := range vectorAccesses() {
		for _, form := range forms {
			for _, offset := range []int{0, 5} {
				for lane := range 16 / a.n {
					if !a.lane && lane > 0 {
						break
					}
					memarg := join([]byte{0x40, form.mem}, uleb(offset))
					if a.lane {
						memarg = append(memarg, byte(lane))
					}
					address := []byte{get, 0}
					vector := []byte{get, 1}
					at := uint64(r.IntN(1000) + 7)
					if form.constant {
						address = join([]byte{i32c}, leb(int64(at)))
					}
					if form.sum != 0 {
						address = join(address, []byte{form.sum, 2, byte(wasm.OpI32Add)}) // local 2 is 2
					}
					if form.computed {
						address = join(address, []byte{i32c, 0, byte(wasm.OpI32Add)})
						if form.addr == wasm.I64 {
							address = []byte{get, 0, byte(wasm.OpI64Const), 0, byte(wasm.OpI64Add)}
						}
						vector = join(vector, fd(wasm.OpV128Not), fd(wasm.OpV128Not))
					}
					body := join(address, vector, fd(a.w, memarg...))
					results := []wasm.ValType{wasm.V128}
					if !a.lane && !a.store {
						body = join(address, fd(a.w, memarg...))
					}
					if a.store {
						body = join(body, vector)
					}
					m := load(t, vectorModule([]wasm.ValType{form.addr, wasm.V128, wasm.I32}, results, none, form.memories, body...))
					s := NewStore(smallMemories)
					inst, err := s.Instantiate(m, "", nil)
					if err != nil {
						t.Fatal(err)
					}
					mem := inst.memories[form.mem].Bytes()
					for i := range mem[:2000] {
						mem[i] = byte(r.Uint32())
					}
					for i := range mem[len(mem)-40:] {
						mem[len(mem)-40+i] = byte(r.Uint32())
					}
					places := []uint64{at, uint64(len(mem) - offset - a.n), uint64(len(mem) - offset - a.n + 1), 1<<32 - 1, 1<<64 - 1}
					if form.constant {
						places = places[:1]
					}
					for _, at := range places {
						if form.addr == wasm.I32 {
							at = uint64(uint32(at))
						}
						v := randomVector(r)
						lo, hi := v.halves()
						before := append([]byte(nil), mem...)
						stack := []uint64{at, lo, hi, 2}
						if form.sum != 0 {
							stack[0] = uint64(uint32(at - 2))
						}
						f, _ := inst.Export("f")
						err := s.NewThread().Call(context.Background(), f.Func, stack)
						ea := at + uint64(offset)
						if ea < at || ea > uint64(len(mem)) || uint64(len(mem))-ea < uint64(a.n) {
							if !errors.Is(err, TrapMemoryOutOfBounds) || string(before) != string(mem) {
								t.Fatalf("%v, %s, at %#x + %d: %v; memory changed: %v", a.w, form.name, at, offset, err, string(before) != string(mem))
							}
							continue
						}
						if err != nil {
							t.Fatalf("%v, %s, at %#x: %v", a.w, form.name, at, err)
						}
						want := v
						if a.store {
							from := 0
							if a.lane {
								from = lane * a.n
							}
							copy(before[ea:], v[from:from+a.n])
						} else {
							want = a.load(before[ea:ea+uint64(a.n)], v, lane)
						}
						c, _ := m.code(0)
						for _, in := range c.instrs {
							seen[in.op&^safepoint] = true
						}
						if got := fromHalves(stack[0], stack[1]); got != want || string(before) != string(mem) {
							t.Fatalf("%v, %s, lane %d at %#x + %d: got %x, want %x; memory right: %v\n%s", a.w, form.name, lane, at, offset, got, want, string(before) == string(mem), listing(m, 0))
						}
					}
				}
			}
		}
	}
	for _, table := range [][vectorOpCount]op{vectorSumOps, vectorPlusOps, vectorAnyOps} {
		for _, o := range table {
			if o != 0 && !seen[o] {
				t.Errorf("no form of address was lowered to %v", o)
			}
		}
	}
}

// vectorResult calls f(x, y) of a module.
func vectorResult(t *testing.T, m *Module, x, y v128) []uint64 {
	t.Helper()
	x0, x1 := x.halves()
	y0, y1 := y.halves()
	stack, err := run(t, m, smallMemories, x0, x1, y0, y1)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

var twoVectors = []wasm.ValType{wasm.V128, wasm.V128}

// A shuffle gives the lanes that it names, whatever their pattern and whether its operands are two or the same.
func TestShuffles(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var patterns [][16]byte
	row := func(first, n int) (p [16]byte) { // from first on, modulo n
		for i := range p {
			p[i] = byte((first + i) % n)
		}
		return p
	}
	for first := range 17 {
		patterns = append(patterns, row(first, 32), row(first, 16))
	}
	for _, w := range []int{1, 2, 4, 8} {
		for range 40 {
			var p [16]byte
			for i := range p {
				if i%w == 0 {
					p[i] = byte(r.IntN(32/w) * w)
				} else {
					p[i] = p[i-1] + 1
				}
			}
			patterns = append(patterns, p)
		}
	}
	seen := map[op]bool{}
	for _, p := range patterns {
		for _, same := range []bool{false, true} {
			second := []byte{get, 1}
			if same {
				second = []byte{get, 0}
			}
			m := load(t, vectorModule(twoVectors, twoVectors[:1], none, []byte{0}, join([]byte{get, 0}, second, fd(wasm.OpI8x16Shuffle, p[:]...))...))
			x, y := randomVector(r), randomVector(r)
			got := vectorResult(t, m, x, y)
			if same {
				y = x
			}
			var want v128
			for i, k := range p {
				want[i] = append(x[:], y[:]...)[k]
			}
			if fromHalves(got[0], got[1]) != want {
				t.Fatalf("%d of %x and %x: got %x, want %x\n%s", p, x, y, fromHalves(got[0], got[1]), want, listing(m, 0))
			}
			c, _ := m.code(0)
			seen[c.instrs[0].op&^safepoint] = true
		}
	}
	for _, o := range []op{opShuffle8, opShuffle16, opShuffle32, opShuffle64, opShuffleSlide} {
		if !seen[o] {
			t.Errorf("no pattern was lowered to %v", o)
		}
	}
}

// Every lane can be taken out and put in, of a vector in a local and of one just computed; a number that stood where a
// vector was does not take a second slot along.
func TestLanes(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, tt := range []struct {
		w                int
		extract, replace wasm.Op
		signed           bool
		typ              wasm.ValType
	}{
		{8, wasm.OpI8x16ExtractLaneS, wasm.OpI8x16ReplaceLane, true, wasm.I32}, {8, wasm.OpI8x16ExtractLaneU, wasm.OpI8x16ReplaceLane, false, wasm.I32},
		{16, wasm.OpI16x8ExtractLaneS, wasm.OpI16x8ReplaceLane, true, wasm.I32}, {16, wasm.OpI16x8ExtractLaneU, wasm.OpI16x8ReplaceLane, false, wasm.I32},
		{32, wasm.OpI32x4ExtractLane, wasm.OpI32x4ReplaceLane, false, wasm.I32}, {64, wasm.OpI64x2ExtractLane, wasm.OpI64x2ReplaceLane, false, wasm.I64},
		{32, wasm.OpF32x4ExtractLane, wasm.OpF32x4ReplaceLane, false, wasm.F32}, {64, wasm.OpF64x2ExtractLane, wasm.OpF64x2ReplaceLane, false, wasm.F64},
	} {
		for lane := range 128 / tt.w {
			for _, vector := range [][]byte{{get, 0}, join([]byte{get, 0}, fd(wasm.OpV128Not), fd(wasm.OpV128Not)), join([]byte{get, 0, get, 0}, fd(wasm.OpV128And))} {
				// Locals 2 and 3 are numbers: 2 becomes the lane, 3 must stay zero.
				locals := []byte{1, 2, byte(tt.typ)}
				m := load(t, vectorModule(twoVectors, []wasm.ValType{tt.typ, tt.typ, tt.typ, wasm.V128}, locals, []byte{0}, join(
					vector, fd(tt.extract, byte(lane)), []byte{set, 2}, vector, fd(tt.extract, byte(lane)), []byte{get, 2, get, 3},
					[]byte{get, 1}, []byte{get, 2}, fd(tt.replace, byte(lane)))...))
				x, y := randomVector(r), randomVector(r)
				x0, x1 := x.halves()
				y0, y1 := y.halves()
				got, err := run(t, m, smallMemories, x0, x1, y0, y1, 0)
				if err != nil {
					t.Fatal(err)
				}
				want := x.u(tt.w, lane)
				if tt.signed {
					want = uint64(uint32(x.s(tt.w, lane)))
				}
				y.set(tt.w, lane, x.u(tt.w, lane))
				if got[0] != want || got[1] != want || got[2] != 0 || fromHalves(got[3], got[4]) != y {
					t.Fatalf("%v %d of %x: got %#x, %#x, want %#x; other local %#x; replaced %x, want %x\n%s",
						tt.extract, lane, x, got[0], got[1], want, got[2], fromHalves(got[3], got[4]), y, listing(m, 0))
				}
			}
		}
	}
}

// Operations with constant operands compute what they would with the same values from locals.
func TestVectorConstants(t *testing.T) {
	for _, tt := range []struct {
		name string
		body []byte
		want v128
	}{
		{"equal halves", fromHalves(7, 7).constant(), fromHalves(7, 7)},
		{"different halves", fromHalves(7, 9).constant(), fromHalves(7, 9)},
		{"different halves into a local", join(fromHalves(7, 9).constant(), []byte{set, 0, get, 0}), fromHalves(7, 9)},
		{"shift", join(fromHalves(7, 9).constant(), []byte{i32c, 2}, fd(wasm.OpI64x2Shl)), fromHalves(28, 36)},
		{"shift by more than the lane", join(fromHalves(0x10, 0x20).constant(), []byte{i32c, 9}, fd(wasm.OpI8x16ShrU)), fromHalves(8, 0x10)},
		{"splat", join([]byte{i32c, 0x7F}, fd(wasm.OpI16x8Splat)), fromHalves(1<<64-1, 1<<64-1)},
		{"select", join(fromHalves(1, 2).constant(), fromHalves(3, 4).constant(), []byte{i32c, 0, byte(wasm.OpSelectT), 1, byte(wasm.V128)}), fromHalves(3, 4)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := load(t, vectorModule(twoVectors, twoVectors[:1], none, []byte{0}, tt.body...))
			if got := vectorResult(t, m, v128{}, v128{}); fromHalves(got[0], got[1]) != tt.want {
				t.Errorf("got %x, want %x\n%s", fromHalves(got[0], got[1]), tt.want, listing(m, 0))
			}
		})
	}
}

// A program whose frames hold vectors - in locals, below a loop's operands, and across a call - travels at every safepoint.
func TestVectorsTravel(t *testing.T) {
	step := build(32, func(i int) uint64 { return uint64(i*i + 1) })
	add := fd(wasm.OpI32x4Add)
	// Function 0 counts down from its first parameter and adds to local 1, a vector. One vector more stands below the
	// loop all the time. Function 1 doubles a vector.
	body := join(step.constant(), // stays on the stack
		[]byte{loop, 0x40},
		[]byte{get, 3}, step.constant(), []byte{byte(wasm.OpCall), 1}, add, []byte{set, 3},
		[]byte{get, 0, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), 0, byte(wasm.OpBrIf), 0, end},
		[]byte{get, 3}, add, []byte{byte(wasm.OpLocalTee), 3}, fd(wasm.OpI64x2ExtractLane, 0), []byte{get, 3}, fd(wasm.OpI64x2ExtractLane, 1), []byte{byte(wasm.OpI64Xor)})
	types := vec([]byte{0x60, 3, byte(wasm.I32), byte(wasm.I64), byte(wasm.F64), 1, byte(wasm.I64)}, []byte{0x60, 1, byte(wasm.V128), 1, byte(wasm.V128)})
	m := load(t, join([]byte("\x00asm\x01\x00\x00\x00"), section(1, types), section(3, vec([]byte{0}, []byte{1})), section(5, []byte{1, 0, 1}),
		section(7, vec([]byte{1, 'f', 0, 0})),
		section(10, vec(sized(join([]byte{1, 1, byte(wasm.V128)}, body, []byte{end})), sized(join(none, []byte{get, 0, get, 0}, add, []byte{end}))))))
	const rounds = 9
	sum := build(32, func(i int) uint64 { return (2*rounds + 1) * step.u(32, i) })
	lo, hi := sum.halves()
	for _, every := range []uint64{0, 1, 3} {
		if got := travelling(t, m, []uint64{rounds, 0, 0}, every); got.result != lo^hi {
			t.Errorf("travelling every %d safepoints: %#x, want %#x\n%s", every, got.result, lo^hi, listing(m, 0))
		}
	}
}

func BenchmarkVectors(b *testing.B) {
	x, y := []byte{get, 0}, []byte{get, 1}
	put := []byte{set, 1}
	for _, bb := range []struct {
		name string
		body []byte // 16 times within the loop
	}{
		{"i8x16.add", join(x, y, fd(wasm.OpI8x16Add), put)},
		{"i32x4.add", join(x, y, fd(wasm.OpI32x4Add), put)},
		{"i16x8.mul", join(x, y, fd(wasm.OpI16x8Mul), put)},
		{"f32x4.add", join(x, y, fd(wasm.OpF32x4Add), put)},
		{"f32x4.min", join(x, y, fd(wasm.OpF32x4Min), put)},
		{"f32x4.relaxed_madd", join(x, y, x, fd(wasm.OpF32x4RelaxedMadd), put)},
		{"f64x2.relaxed_madd", join(x, y, x, fd(wasm.OpF64x2RelaxedMadd), put)},
		{"i8x16.add_sat_s", join(x, y, fd(wasm.OpI8x16AddSatS), put)},
		{"i8x16.lt_s", join(x, y, fd(wasm.OpI8x16LtS), put)},
		{"i8x16.narrow_i16x8_s", join(x, y, fd(wasm.OpI8x16NarrowI16x8S), put)},
		{"i8x16.swizzle", join(x, y, fd(wasm.OpI8x16Swizzle), put)},
		{"i8x16.shuffle", join(x, y, fd(wasm.OpI8x16Shuffle, 3, 9, 1, 30, 2, 8, 4, 17, 22, 5, 16, 0, 31, 12, 7, 6), put)},
		{"shuffle of i16x8", join(x, y, fd(wasm.OpI8x16Shuffle, 2, 3, 18, 19, 0, 1, 16, 17, 4, 5, 20, 21, 6, 7, 22, 23), put)},
		{"shuffle of i32x4", join(x, y, fd(wasm.OpI8x16Shuffle, 4, 5, 6, 7, 0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23), put)},
		{"i16x8.shl by a constant", join(x, []byte{i32c, 3}, fd(wasm.OpI16x8Shl), put)},
		{"i16x8.extmul_low_i8x16_s", join(x, y, fd(wasm.OpI16x8ExtmulLowI8x16S), put)},
		{"i32x4.dot_i16x8_s", join(x, y, fd(wasm.OpI32x4DotI16x8S), put)},
		{"v128.bitselect", join(x, y, x, fd(wasm.OpV128Bitselect), put)},
		{"v128.load", join([]byte{get, 2}, fd(wasm.OpV128Load, 4, 16), put)},
		{"v128.store", join([]byte{get, 2}, y, fd(wasm.OpV128Store, 4, 16))},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var sixteen []byte
			for range 16 {
				sixteen = append(sixteen, bb.body...)
			}
			body := join([]byte{loop, 0x40}, sixteen, []byte{get, 3, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), 3, byte(wasm.OpBrIf), 0, end})
			w, err := wasm.Decode(vectorModule([]wasm.ValType{wasm.V128, wasm.V128, wasm.I32, wasm.I32}, nil, none, []byte{0}, body...), wasm.DefaultFeatures)
			if err != nil {
				b.Fatal(err)
			}
			s := NewStore(smallMemories)
			inst, err := s.Instantiate(NewModule(w), "", nil)
			if err != nil {
				b.Fatal(err)
			}
			f, _ := inst.Export("f")
			b.ResetTimer()
			n := b.N/16 + 1
			if err := s.NewThread().Call(context.Background(), f.Func, []uint64{0x3FC000003F800000, 0x4000000040400000, 0x3F8000003F800000, 0x3F8000003F000000, 32, uint64(uint32(n))}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
