//go:build linux

package arm64

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// interpreted is a function of one instruction, in the interpreter.
type interpreted struct {
	thread *interp.Thread
	fn     *interp.Func
	memory *interp.Memory
}

func leb(n uint64) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func counted(b []byte) []byte { return append(leb(uint64(len(b))), b...) }

// interpret makes a module whose function applies op, with immediates, to its parameters.
func interpret(t *testing.T, op wasm.Op, shared bool, imm []byte) *interpreted {
	t.Helper()
	info := op.Info()
	var typ, code []byte
	typ = append(typ, 0x60, byte(len(info.Params)))
	for i, p := range info.Params {
		if p == wasm.Addr {
			p = wasm.I32
		}
		typ = append(typ, byte(p))
		code = append(code, byte(wasm.OpLocalGet), byte(i))
	}
	typ = append(typ, byte(len(info.Results)))
	for _, r := range info.Results {
		typ = append(typ, byte(r))
	}
	if op>>16 != 0 {
		code = append(code, byte(op>>16))
		code = append(code, leb(uint64(op&0xFFFF))...)
	} else {
		code = append(code, byte(op))
	}
	code = append(code, imm...)
	code = append(code, byte(wasm.OpEnd))
	bin := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, b ...byte) { bin = append(append(bin, id), counted(b)...) }
	section(1, append([]byte{1}, typ...)...)
	section(3, 1, 0)
	if shared {
		section(5, 1, 3, 1, 1)
	} else {
		section(5, 1, 0, 1)
	}
	section(7, 1, 1, 'f', 0, 0)
	section(10, append([]byte{1}, counted(append([]byte{0}, code...))...)...)
	m, err := wasm.Decode(bin, wasm.AllFeatures)
	if err != nil {
		t.Fatalf("%v: %v", op, err)
	}
	s := interp.NewStore(interp.Config{MaxMemory: 2 * wasm.PageSize})
	t.Cleanup(s.Close)
	inst, err := s.Instantiate(interp.NewModule(m), "m", nil)
	if err != nil {
		t.Fatal(err)
	}
	return &interpreted{s.NewThread(), inst.Func(0), inst.Memory(0)}
}

// vectorLanes are lane values worth trying, by lane size in bytes.
var vectorWords = []uint64{
	0, ^uint64(0), 0x8080808080808080, 0x7F7F7F7F7F7F7F7F, 0x8000800080008000, 0x7FFF7FFF7FFF7FFF, 0x8000000080000000, 0x7FFFFFFF7FFFFFFF,
	1 << 63, 1<<63 - 1, 0x0001000100010001, 0x0100000001, 0x00FF00FF00FF00FF, 0x0123456789ABCDEF,
	0x3F8000003F800000, 0xBF000000C0200000, 0x7F80000000000000, 0x7FC00000FF800000, 0x8000000000000000, 0x4F0000004F800000, 0xCF000001BF8CCCCD,
	math.Float64bits(1.5), math.Float64bits(-2.5), math.Float64bits(math.NaN()), math.Float64bits(math.Inf(1)), math.Float64bits(math.Inf(-1)), math.Float64bits(1e300),
	math.Float64bits(4294967296), math.Float64bits(-2147483649), math.Float64bits(0.1), math.Float64bits(5e-324), math.Float64bits(2147483647.5),
}

func randomWord(rnd *rand.Rand) uint64 {
	switch rnd.IntN(4) {
	case 0:
		return rnd.Uint64()
	case 1:
		return vectorWords[rnd.IntN(len(vectorWords))]&0xFFFFFFFF | vectorWords[rnd.IntN(len(vectorWords))]<<32
	}
	return vectorWords[rnd.IntN(len(vectorWords))]
}

// sameVector compares lanes; those of numbers are equal if both are NaNs.
func sameVector(name string, got, want [2]uint64) bool {
	for i := range got {
		switch {
		case got[i] == want[i]:
		case strings.HasPrefix(name, "f64x2"):
			g, w := math.Float64frombits(got[i]), math.Float64frombits(want[i])
			if g == g || w == w {
				return false
			}
		case strings.HasPrefix(name, "f32x4"):
			for s := 0; s < 64; s += 32 {
				g, w := math.Float32frombits(uint32(got[i]>>s)), math.Float32frombits(uint32(want[i]>>s))
				if uint32(got[i]>>s) != uint32(want[i]>>s) && (g == g || w == w) {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

func vectorOps() (ops []ir.Op) {
	for op := wasm.OpV128Load; op <= wasm.OpI32x4RelaxedDotI8x16I7x16AddS; op++ {
		if op.Info() != nil {
			ops = append(ops, op)
		}
	}
	return ops
}

// shuffles are orders that are one instruction, and others.
func shuffles(rnd *rand.Rand) (l [][16]byte) {
	add := func(f func(i int) int) {
		var x [16]byte
		for i := range x {
			x[i] = byte(f(i) & 31)
		}
		l = append(l, x)
	}
	for n := range 32 {
		add(func(i int) int { return i + n })
	}
	for _, n := range []int{1, 4, 9} {
		add(func(i int) int { return (i + n) & 15 })
		add(func(i int) int { return (i+n)&15 | 16 })
	}
	for _, b := range []int{1, 2, 4, 8} {
		count := 16 / b
		for _, f := range []func(k int) int{
			func(k int) int { return 1 }, func(k int) int { return count + 1 },
			func(k int) int { return k/2 + k%2*count }, func(k int) int { return count/2 + k/2 + k%2*count },
			func(k int) int { return k/2 + (1-k%2)*count },
			func(k int) int { return 2 * k }, func(k int) int { return 2*k + 1 }, func(k int) int { return k&^1 + k%2*count }, func(k int) int { return k&^1 + 1 + k%2*count },
			func(k int) int { return k ^ 1 }, func(k int) int { return k ^ 3 }, func(k int) int { return k ^ 7 },
			func(k int) int { return count - 1 - k },
		} {
			add(func(i int) int { return f(i/b)*b + i%b })
		}
	}
	for range 20 {
		add(func(int) int { return rnd.IntN(32) })
		add(func(int) int { return rnd.IntN(16) })
	}
	return l
}

// Every vector instruction does what the interpreter does.
func TestVector(t *testing.T) {
	m := newMachine(t)
	rnd := rand.New(rand.NewPCG(9, 9))
	var missing []string
	for _, op := range vectorOps() {
		if !target.Supports(op) {
			missing = append(missing, op.String())
			continue
		}
		info := op.Info()
		var immediates [][]byte
		switch info.Imm {
		case wasm.ImmNone:
			immediates = [][]byte{nil}
		case wasm.ImmLane:
			for i := range lanesOf(info.Name) {
				immediates = append(immediates, []byte{byte(i)})
			}
		case wasm.ImmShuffle:
			for _, s := range shuffles(rnd) {
				immediates = append(immediates, s[:])
			}
		case wasm.ImmV128:
			for range 10 {
				b := make([]byte, 16)
				binary.LittleEndian.PutUint64(b, randomWord(rnd))
				binary.LittleEndian.PutUint64(b[8:], randomWord(rnd))
				immediates = append(immediates, b)
			}
		case wasm.ImmMemarg:
			for _, offset := range []uint64{0, 5, 4096, 30000} {
				immediates = append(immediates, append([]byte{0}, leb(offset)...))
			}
		case wasm.ImmMemargLane:
			for i := range 16 >> info.Align {
				immediates = append(immediates, []byte{0, byte(i % 3), byte(i)})
			}
		default:
			t.Fatalf("%v has immediates of kind %v", op, info.Imm)
		}
		for _, imm := range immediates {
			for constant := range 2 { // the last operand is constant
				testVector(t, m, rnd, op, imm, constant == 1)
			}
			if t.Failed() {
				break
			}
		}
	}
	if len(missing) > 0 {
		t.Logf("left to the interpreter: %s", strings.Join(missing, " "))
	}
}

// lanesOf is the number of lanes that an instruction's name says.
func lanesOf(name string) int {
	switch name[:5] {
	case "i8x16":
		return 16
	case "i16x8":
		return 8
	case "i32x4", "f32x4":
		return 4
	}
	return 2
}

func testVector(t *testing.T, m *machine, rnd *rand.Rand, op wasm.Op, imm []byte, constant bool) {
	info := op.Info()
	ref := interpret(t, op, false, imm)
	memory := ref.memory.Bytes()
	for round := range 12 {
		f, b := newFunc()
		var args []*ir.Value
		var stack []uint64
		if accesses(op) {
			args = append(args, f.Append(b, ir.OpMemBase, ir.I64))
		}
		slot := 0
		for i, p := range info.Params {
			ty := ir.I32
			if p != wasm.Addr {
				ty = ir.TypeOf(p)
			}
			words := []uint64{randomWord(rnd)}
			switch {
			case p == wasm.Addr:
				words[0] = uint64(rnd.IntN(1000))
			case ty == ir.V128:
				words = append(words, randomWord(rnd))
			case ty.Size() == 4:
				words[0] &= 0xFFFFFFFF
			}
			if i == 1 && round%3 == 0 && len(info.Params) > 1 && ty == ir.V128 && info.Params[0] == wasm.V128 {
				args = append(args, args[0]) // the same operand twice
				stack = append(stack, stack[0], stack[1])
				*m.slot(slot), *m.slot(slot + 1) = stack[0], stack[1]
				slot += 2
				continue
			}
			if constant && i == len(info.Params)-1 {
				c := constOf(f, b, ty, words[0])
				if ty == ir.V128 {
					c.Aux = words[1]
				}
				args = append(args, c)
			} else {
				args = append(args, slotLoad(f, b, ty, slot))
			}
			for _, w := range words {
				*m.slot(slot) = w
				slot++
			}
			stack = append(stack, words...)
		}
		result := ir.Void
		if len(info.Results) > 0 {
			result = ir.TypeOf(info.Results[0])
		}
		v := f.Append(b, op, result, args...)
		switch info.Imm {
		case wasm.ImmLane:
			v.Aux = uint64(imm[0])
		case wasm.ImmShuffle, wasm.ImmV128:
			v.Imm, v.Aux = binary.LittleEndian.Uint64(imm), binary.LittleEndian.Uint64(imm[8:])
		case wasm.ImmMemarg:
			v.Imm, _ = binary.Uvarint(imm[1:])
		case wasm.ImmMemargLane:
			v.Imm, v.Aux = uint64(imm[1]), uint64(imm[2])
		}
		if accesses(op) {
			v.Guarded, v.Site = true, &ir.Site{Kind: interp.SiteFault}
		}
		if result != ir.Void {
			slotStore(f, b, v, 20)
		}
		f.Append(b, ir.OpReturn, ir.Void)
		c := compile(t, f, rnd)
		if accesses(op) && (len(c.Faults) != 1 || !isAccess(binary.LittleEndian.Uint32(c.Bytes[c.Faults[0].Offset:]))) {
			t.Fatalf("%v: faults %v", op, c.Faults)
		}
		for i := range memory {
			memory[i] = byte(i*31 + i>>8)
		}
		copy(m.block[memoryAt:memoryAt+4<<14], memory)
		if left := m.enter(c); left != nil {
			t.Fatalf("%v left at %v", op, left)
		}
		for len(stack) < 4 {
			stack = append(stack, 0)
		}
		in := append([]uint64{}, stack...)
		if err := ref.thread.Call(context.Background(), ref.fn, stack); err != nil {
			t.Fatal(err)
		}
		got, want := [2]uint64{*m.slot(20), *m.slot(21)}, [2]uint64{stack[0], stack[1]}
		if result != ir.V128 {
			got[1], want[1] = 0, 0
		}
		name := info.Name
		if result == ir.F32 || result == ir.F64 {
			name = "" // lanes are as they are
		}
		if result != ir.Void && !sameVector(name, got, want) {
			t.Errorf("%v%v of %#x = %#x, want %#x\n%s", op, imm, in, got, want, listing(c.Bytes))
			return
		}
		if result == ir.Void && !bytes.Equal(m.block[memoryAt:memoryAt+4<<14], memory[:4<<14]) {
			t.Errorf("%v%v of %#x: memory is not as it should be\n%s", op, imm, in, listing(c.Bytes))
			return
		}
	}
}

// Every atomic instruction does what the interpreter does, with and without the instructions for it.
func TestAtomic(t *testing.T) {
	m := newMachine(t)
	rnd := rand.New(rand.NewPCG(5, 5))
	defer func(f Features) { target = New(f) }(target.features)
	for _, lse := range []bool{false, true} {
		target = New(Features{LSE: lse})
		for op := wasm.OpAtomicFence; op <= wasm.OpI64AtomicRmw32CmpxchgU; op++ {
			info := op.Info()
			if info == nil || !target.Supports(op) {
				continue
			}
			imm := []byte{0}
			if info.Imm == wasm.ImmMemargAtomic {
				imm = []byte{info.Align, 16}
			}
			ref := interpret(t, op, true, imm)
			memory := ref.memory.Bytes()
			for range 20 {
				f, b := newFunc()
				var args []*ir.Value
				var stack []uint64
				if len(info.Params) > 0 {
					args = append(args, f.Append(b, ir.OpMemBase, ir.I64))
				}
				for i, p := range info.Params {
					ty, x := ir.I32, uint64(rnd.IntN(100)*8)
					if p != wasm.Addr {
						ty, x = ir.TypeOf(p), randomWord(rnd)
						if i == 1 && rnd.IntN(2) == 0 { // what is there
							x = binary.LittleEndian.Uint64(m.block[memoryAt+16+stack[0]:])
						}
						if ty == ir.I32 {
							x &= 0xFFFFFFFF
						}
					}
					args = append(args, slotLoad(f, b, ty, i))
					stack = append(stack, x)
					*m.slot(i) = x
				}
				result := ir.Void
				if len(info.Results) > 0 {
					result = ir.TypeOf(info.Results[0])
				}
				v := f.Append(b, op, result, args...)
				v.Imm, v.Guarded, v.Site = 16, len(args) > 0, &ir.Site{Kind: interp.SiteFault}
				if result != ir.Void {
					slotStore(f, b, v, 20)
				}
				f.Append(b, ir.OpReturn, ir.Void)
				c := compile(t, f, rnd)
				for i := range 1000 {
					memory[i] = byte(i * 31)
				}
				copy(m.block[memoryAt:memoryAt+4<<14], memory)
				in := append([]uint64{}, stack...)
				stack = append(stack, 0)
				if left := m.enter(c); left != nil {
					t.Fatalf("%v left at %v", op, left)
				}
				if err := ref.thread.Call(context.Background(), ref.fn, stack); err != nil {
					t.Fatal(err)
				}
				if result != ir.Void && *m.slot(20) != stack[0] || !bytes.Equal(m.block[memoryAt:memoryAt+1000], memory[:1000]) {
					t.Fatalf("%v of %#x = %#x, want %#x\n%s", op, in, *m.slot(20), stack[0], listing(c.Bytes))
				}
			}
		}
	}
}

// listing disassembles.
func listing(code []byte) string {
	var s strings.Builder
	for i := 0; i+4 <= len(code); i += 4 {
		inst, err := arm64asm.Decode(code[i:])
		if err != nil {
			fmt.Fprintf(&s, "%4x: %x\n", i, code[i:i+4])
			continue
		}
		fmt.Fprintf(&s, "%4x: %s\n", i, arm64asm.GNUSyntax(inst))
	}
	return s.String()
}
