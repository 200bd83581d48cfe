//go:build linux && amd64

package amd64

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// compileText compiles a function in its textual form.
func compileText(t testing.TB, m *machine, target *Target, text string, seed uint64) *unit {
	t.Helper()
	f, err := ir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.Compile(allocate(t, target, f, seed))
	if err != nil {
		t.Fatal(err)
	}
	return m.unit(c)
}

// each runs test for each processor and several allocations.
func each(t *testing.T, test func(t *testing.T, m *machine, target *Target, seed uint64)) {
	for name, f := range featureSets() {
		m := newMachine(t)
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				m.tb = t
				clear(m.frame)
				clear(m.memory)
				test(t, m, New(f), seed)
			})
		}
	}
}

const gcd = `func 1 "gcd" loop=-1 room=4 (i64, i64)
b0:
	v0:i64 = param 0
	v1:i64 = param 1
	jump b1
b1(b0, b3):
	v2:i64 = phi v0, v3
	v3:i64 = phi v1, v5
	poll @poll{pos=5 point=3 acc=-1 state=[0:v2 1:v3]}
	v4:i32 = i64.eqz v3
	if v4 b2, b3
b2(b1):
	return v2
b3(b1):
	v5:i64 = i64.rem_u v2, v3
	jump b1
`

func TestLoopWithPoll(t *testing.T) {
	each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
		u := compileText(t, m, target, gcd, seed)
		m.frame[0], m.frame[1] = 1071*12345, 462*12345
		if got := u.run(ir.I64); got.lo != 21*12345 || got.site != nil {
			t.Fatalf("gcd is %+v\n%s", got, disassemble(u.code))
		}
		// Wanted in the prologue, where the arguments are written to their slots.
		m.ctx[ctxPolls/8] = 0
		m.ctx[interp.CtxLimit/8] = 0
		m.frame[0], m.frame[1] = 48, 36
		if got := u.resume(ir.I64); got.lo != 12 || m.ctx[ctxPolls/8] != 1 {
			t.Fatalf("gcd is %+v with %d polls", got, m.ctx[ctxPolls/8])
		}
	})
}

func TestPollWritesState(t *testing.T) {
	const text = `func 1 "poll" loop=4 room=6 ()
b0:
	v0:i32 = slot_load imm=0
	v1:f32 = slot_load imm=1
	v2:i64 = slot_load imm=2
	v3:v128 = slot_load imm=3
	v4:i32 = const -2
	v5:f64 = const 0x3ff0000000000000
	v6:f32 = f32.add v1, v1
	poll @poll{pos=5 point=3 acc=-1 state=[10:v0 11:v6 12:v2 14:v3 16:v4 17:v5]}
	v7:i64 = i64.add v2, v2
	exit @exit{pos=9 point=7 acc=-1 state=[20:v7 21:v6]}
`
	each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
		u := compileText(t, m, target, text, seed)
		garbage := uint64(0xDEADBEEF) << 32
		copy(m.frame, []uint64{garbage | 5, garbage | 0x3F800000, 77, 0x1111111111111111, 0x2222222222222222})
		for i := 10; i < 22; i++ {
			m.frame[i] = ^uint64(0)
		}
		u.run(ir.Void)
		m.ctx[ctxPolls/8], m.ctx[interp.CtxLimit/8] = 0, 0
		got := u.resume(ir.Void)
		if got.site == nil || got.site.Kind != interp.SiteExit || m.ctx[ctxPolls/8] != 1 {
			t.Fatalf("left by %+v with %d polls\n%s", got, m.ctx[ctxPolls/8], disassemble(u.code))
		}
		want := map[int]uint64{10: 5, 11: 0x40000000, 12: 77, 14: 0x1111111111111111, 15: 0x2222222222222222, 16: 0xFFFFFFFE,
			17: 0x3FF0000000000000, 20: 154, 21: 0x40000000}
		for slot, w := range want {
			if m.frame[slot] != w {
				t.Errorf("slot %d is %#x, want %#x", slot, m.frame[slot], w)
			}
		}
	})
}

func TestSwitch(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 9} {
		text := "func 1 \"switch\" loop=-1 room=4 (i32)\nb0:\n\tv0:i32 = param 0\n\tswitch v0"
		for i := range n {
			text += fmt.Sprintf(" b%d", i+1)
		}
		text += "\n"
		for i := range n {
			text += fmt.Sprintf("b%d(b0):\n\tv%d:i32 = const %d\n\treturn v%d\n", i+1, i+1, 100+i, i+1)
		}
		each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
			u := compileText(t, m, target, text, seed)
			for _, i := range []uint64{0, 1, 2, 3, 4, 5, 7, 8, 9, 1 << 31, 1<<32 - 1} {
				m.frame[0] = i
				if got := u.run(ir.I32); got.lo != 100+min(i, uint64(n-1)) {
					t.Fatalf("switch %d of %d goes to %+v\n%s", i, n, got, disassemble(u.code))
				}
			}
		})
	}
}

const fib = `func 3 "fib" loop=-1 room=4 (i32)
b0:
	v0:i32 = param 0
	v1:i32 = const 2
	v2:i32 = i32.lt_u v0, v1
	if v2 b1, b2
b1(b0):
	return v0
b2(b0):
	v9:i64 = inst_word imm=1 aux=1
	v3:i32 = const 1
	v4:i32 = i32.sub v0, v3
	slot_store v0 imm=0
	v5:i32 = call v9, v4 imm=2 @call{pos=9 point=8 acc=-1 args=1 callee=%d}
	v6:i32 = slot_load imm=0
	slot_store v5 imm=1
	v7:i32 = i32.sub v6, v1
	v8:i32 = call v9, v7 imm=2 @call{pos=19 point=18 acc=-1 args=2 callee=%d}
	v10:i32 = slot_load imm=1
	v11:i32 = i32.add v8, v10
	return v11
`

// TestCalls calls itself directly and through the table of entries.
func TestCalls(t *testing.T) {
	for _, callee := range []int{3, 4} {
		each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
			u := compileText(t, m, target, fmt.Sprintf(fib, callee, callee), seed)
			entries := m.words(0, 0, uint64(u.base)+uint64(u.code.Fast))
			m.ctx[interp.CtxInstance/8] = m.words(0, entries)
			m.frame[0] = 15
			if got := u.run(ir.I32); got.lo != 610 || got.site != nil {
				t.Fatalf("fib(15) is %+v\n%s", got, disassemble(u.code))
			}
			if u.code.FrameBytes < minFrame || len(u.code.Sites) != 3 {
				t.Errorf("the frame has %d bytes, and there are %d sites", u.code.FrameBytes, len(u.code.Sites))
			}
		})
	}
}

// TestIndirectCall is a call_indirect as the front end writes it.
func TestIndirectCall(t *testing.T) {
	const caller = `func 3 "caller" loop=-1 room=40 (i32, f64)
b0:
	v0:i32 = param 0
	v1:f64 = param 1
	v2:i64 = inst_word imm=2 aux=1
	v3:i64 = load_word v2 imm=0 aux=1 width=8
	v4:i32 = load_word v2 imm=8 aux=1 width=4
	v5:i32 = i32.ge_u v0, v4
	trap_if v5 @trap{pos=7 trap=7}
	v6:i64 = i64.extend_i32_u v0
	v7:i64 = const 3
	v8:i64 = i64.shl v6, v7
	v9:i64 = i64.add v3, v8
	v10:i64 = load_word v9 imm=0 aux=2 width=8
	v11:i32 = i64.eqz v10
	trap_if v11 @trap{pos=7 trap=8}
	v12:i64 = inst_word imm=3
	v13:i64 = const 4
	v14:i64 = const 1
	v15:i64 = i64.sub v10, v14
	v16:i64 = i64.shl v15, v13
	v17:i64 = i64.add v12, v16
	v18:i64 = inst_word imm=4 aux=1
	check_type v17, v18 @type{pos=7}
	v19:f64 = call_record v17, v1 @call{pos=7 point=3 acc=-1 args=3}
	return v19
`
	const double = `func 4 "double" loop=-1 room=4 (f64)
b0:
	v0:f64 = param 0
	v1:f64 = f64.add v0, v0
	return v1
`
	each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
		callee := compileText(t, m, target, double, seed)
		u := compileText(t, m, target, caller, seed)
		entry := m.words(uint64(callee.base) + uint64(callee.code.Fast))
		records := m.words(entry, 55, entry, 56)
		table := m.words(m.words(0, 1, 2), 3, 3)
		m.ctx[interp.CtxInstance/8] = m.words(0, 0, table, records, 55)
		m.frame[1] = 0x4008000000000000
		for i, want := range []outcome{{site: &ir.Site{Trap: 8}}, {lo: 0x4018000000000000}, {lo: 0x4018000000000000}, {site: &ir.Site{Trap: 7}}} {
			m.frame[0] = uint64(i)
			m.ctx[ctxPolls/8] = 0
			got := u.run(ir.F64)
			if got.lo != want.lo || (got.site == nil) != (want.site == nil) || got.site != nil && got.site.Trap != want.site.Trap {
				t.Fatalf("call %d: %+v\n%s", i, got, disassemble(u.code))
			}
			if mismatch := m.ctx[ctxPolls/8]; (mismatch == 1) != (i == 2) {
				t.Errorf("call %d: %d looks at the type", i, mismatch)
			}
		}
	})
}

// TestMemoryAccess stores and loads with constant and variable addresses, small and large offsets.
func TestMemoryAccess(t *testing.T) {
	const text = `func 3 "memory" loop=-1 room=40 (i32, i64) fixed
b0:
	v0:i32 = param 0
	v1:i64 = param 1
	v2:i64 = mem_base
	v3:i32 = const 0x100
	i64.store v2, v0, v1 imm=8
	i32.store8 v2, v3, v0 imm=1
	v4:i32 = const -2
	i32.store16 v2, v0, v4 imm=0x40
	v5:f32 = const 0x3f800000
	f32.store v2, v0, v5 imm=0x50
	v6:f64 = const 0
	f64.store v2, v0, v6 imm=0x58
	v7:i64 = const 0x123456789abcdef0
	i64.store v2, v0, v7 imm=0x60
	v8:i64 = const -3
	i64.store32 v2, v0, v8 imm=0x68 guarded @fault{pos=3 trap=5}
	v9:i32 = i32.load8_s v2, v0 imm=0x60 guarded @fault{pos=4 trap=5}
	v10:i64 = i64.load16_s v2, v0 imm=0x66 guarded @fault{pos=5 trap=5}
	v11:i64 = i64.load32_u v2, v0 imm=0x68 guarded @fault{pos=6 trap=5}
	v12:i64 = i64.extend_i32_u v9
	v13:i64 = i64.add v10, v11
	v14:i64 = i64.xor v12, v13
	v15:i64 = i64.load v2, v0 imm=8 guarded @fault{pos=7 trap=5}
	v16:i64 = i64.add v14, v15
	v17:i64 = i64.load v2, v0 imm=0xfffffff0 guarded @fault{pos=8 trap=5}
	return v16
`
	each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
		f, err := ir.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		// The load beyond the memory is only there to be encoded.
		b := f.Entry
		far := b.Values[len(b.Values)-2]
		b.Values = append(b.Values[:len(b.Values)-2], b.Values[len(b.Values)-1])
		c, err := target.Compile(allocate(t, target, f, seed))
		if err != nil {
			t.Fatal(err)
		}
		u := m.unit(c)
		m.frame[0], m.frame[1] = 0x200, 0x1122334455667788
		got := u.run(ir.I64)
		le := binary.LittleEndian
		i8, i16, u32 := int8(-16), uint64(0x1234), uint64(0xFFFFFFFD)
		want := (uint64(uint32(int32(i8))) ^ (i16 + u32)) + 0x1122334455667788
		if got.lo != want {
			t.Errorf("the result is %#x, want %#x\n%s", got.lo, want, disassemble(c))
		}
		if m.memory[0x101] != 0 || le.Uint16(m.memory[0x240:]) != 0xFFFE || le.Uint32(m.memory[0x250:]) != 0x3F800000 || le.Uint64(m.memory[0x258:]) != 0 ||
			le.Uint64(m.memory[0x260:]) != 0x123456789ABCDEF0 || le.Uint32(m.memory[0x268:]) != 0xFFFFFFFD {
			t.Errorf("memory is %x", m.memory[0x240:0x280])
		}
		if len(c.Faults) != 5 {
			t.Errorf("there are %d faults, want 5", len(c.Faults))
		}
		for i := 1; i < len(c.Faults); i++ {
			if c.Faults[i].Offset <= c.Faults[i-1].Offset {
				t.Errorf("faults are not ascending")
			}
		}
		b.Values = append(b.Values[:len(b.Values)-1], far, b.Values[len(b.Values)-1])
		for _, v := range b.Values {
			v.Folded = false
		}
		if _, err := target.Compile(allocate(t, target, f, seed)); err != nil {
			t.Error(err)
		}
	})
}

// TestFlagsAreOfTheirBlock: a sum is followed by a block that tests it, and into which another block jumps with other flags.
func TestFlagsAreOfTheirBlock(t *testing.T) {
	f, err := ir.Parse(`func 1 "flags" loop=-1 room=4 (i32)
b0:
	v0:i32 = param 0
	v1:i32 = const -1
	v6:i32 = const 5
	v7:i32 = i32.eq v0, v6 folded
	if v7 b2, b1
b1(b0):
	v2:i32 = i32.add v0, v1
	jump b2
b2(b0, b1):
	v3:i32 = phi v0, v2
	if v3 b3, b4
b3(b2):
	v4:i32 = const 1
	return v4
b4(b2):
	v5:i32 = const 0
	return v5
`)
	if err != nil {
		t.Fatal(err)
	}
	// All of it happens in AX.
	in := func(r ir.Reg) ir.Loc { return ir.Loc{Kind: ir.InReg, Reg: r} }
	a := &ir.Allocation{Func: f}
	for _, b := range f.Blocks {
		ab := ir.AllocatedBlock{Block: b}
		for _, v := range b.Values {
			switch v.Op {
			case ir.OpConst, ir.OpPhi, wasm.OpI32Eq:
			case ir.OpReturn:
				ab.Instrs = append(ab.Instrs, ir.Instr{From: ir.Loc{Kind: ir.IsConst, Const: v.Args[0]}, To: in(ax), Type: ir.I32},
					ir.Instr{Value: v, Uses: []ir.Loc{in(ax)}})
			case ir.OpParam, ir.OpJump:
				ab.Instrs = append(ab.Instrs, ir.Instr{Value: v, Result: in(ax)})
			default:
				ab.Instrs = append(ab.Instrs, ir.Instr{Value: v, Result: in(ax), Uses: []ir.Loc{in(ax)}})
			}
		}
		a.Blocks = append(a.Blocks, ab)
	}
	m := newMachine(t)
	code, err := New(Detect()).Compile(a)
	if err != nil {
		t.Fatal(err)
	}
	u := m.unit(code)
	for n, want := range map[uint64]uint64{0: 1, 1: 0, 2: 1, 5: 1} {
		m.frame[0] = n
		if got := u.run(ir.I32); got.lo != want {
			t.Errorf("%d gives %d, want %d\n%s", n, got.lo, want, disassemble(code))
		}
	}
}
