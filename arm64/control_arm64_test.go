//go:build linux

package arm64

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

func newRand() *rand.Rand { return rand.New(rand.NewPCG(3, 4)) }

// countdown is a loop that adds n, n-1, … 1, with a poll at its head, and so many stores in its body.
func countdown(stores int) *ir.Func {
	f, b := newFunc()
	n := slotLoad(f, b, ir.I32, 0)
	zero := constOf(f, b, ir.I64, 0)
	one := constOf(f, b, ir.I32, 1)
	head, body, exit := f.NewBlock(), f.NewBlock(), f.NewBlock()
	f.Append(b, ir.OpJump, ir.Void)
	ir.Connect(b, head)
	i := f.Append(head, ir.OpPhi, ir.I32)
	sum := f.Append(head, ir.OpPhi, ir.I64)
	poll := f.Append(head, ir.OpPoll, ir.Void)
	poll.Site = &ir.Site{Kind: interp.SitePoll, Pos: 5, State: []ir.SlotValue{{Slot: 20, Value: i}, {Slot: 21, Value: sum}, {Slot: 22, Value: one}}}
	c := f.Append(head, wasm.OpI32Eqz, ir.I32, i)
	f.Append(head, ir.OpIf, ir.Void, c)
	ir.Connect(head, exit)
	ir.Connect(head, body)
	wide := f.Append(body, wasm.OpI64ExtendI32U, ir.I64, i)
	next := f.Append(body, wasm.OpI64Add, ir.I64, sum, wide)
	for range stores {
		slotStore(f, body, wide, 9)
	}
	less := f.Append(body, wasm.OpI32Sub, ir.I32, i, one)
	f.Append(body, ir.OpJump, ir.Void)
	ir.Connect(body, head)
	i.Args = []*ir.Value{n, less}
	sum.Args = []*ir.Value{zero, next}
	slotStore(f, exit, sum, 8)
	f.Append(exit, ir.OpReturn, ir.Void)
	return f
}

// A loop counts, and its poll leaves with the state in slots when the limit is 0, and goes on.
func TestLoopAndPoll(t *testing.T) {
	m := newMachine(t)
	c := compile(t, countdown(0), newRand())
	*m.slot(0) = 100
	if left := m.enter(c); left != nil || *m.slot(8) != 5050 {
		t.Fatalf("left %v, sum %d", left, *m.slot(8))
	}
	// A limit of 0 is what the entry finds first.
	m.set(uintptr(interp.CtxLimit), 0)
	*m.slot(0) = 3
	m.enter(c)
	if *m.slot(8) != 6 || m.get(fieldSaving) != 5 || *m.slot(20) != 0 || *m.slot(21) != 6 || *m.slot(22) != 1 {
		t.Fatalf("sum %d, %d times left, state %d %d %d", *m.slot(8), m.get(fieldSaving), *m.slot(20), *m.slot(21), *m.slot(22))
	}
}

// Branches reach over more than their instructions do.
func TestFarBranches(t *testing.T) {
	m := newMachine(t)
	for _, n := range []int{6000, 200000} {
		c := compile(t, countdown(n), newRand())
		*m.slot(0) = 10
		if left := m.enter(c); left != nil || *m.slot(8) != 55 {
			t.Fatalf("left %v, sum %d", left, *m.slot(8))
		}
		t.Logf("%d bytes", len(c.Bytes))
	}
}

// A loop's unit has no check of the stacks.
func TestLoopUnit(t *testing.T) {
	m := newMachine(t)
	f := countdown(0)
	f.Loop = 3
	c := compile(t, f, newRand())
	*m.slot(0) = 4
	if left := m.enter(c); left != nil || *m.slot(8) != 10 {
		t.Fatalf("left %v, sum %d", left, *m.slot(8))
	}
}

// A switch goes to each of its targets, and to the last for all else.
func TestSwitch(t *testing.T) {
	m := newMachine(t)
	for _, n := range []int{1, 2, 3, 4, 5, 40} {
		f, b := newFunc()
		x := slotLoad(f, b, ir.I32, 0)
		f.Append(b, ir.OpSwitch, ir.Void, x)
		for i := range n {
			s := f.NewBlock()
			ir.Connect(b, s)
			slotStore(f, s, constOf(f, s, ir.I32, uint64(100+i)), 8)
			f.Append(s, ir.OpReturn, ir.Void)
		}
		c := compile(t, f, newRand())
		for _, i := range []uint64{0, 1, 2, 3, 4, 5, 39, 40, 1 << 31, 1<<32 - 1} {
			*m.slot(0) = i
			m.enter(c)
			if want := 100 + min(i, uint64(n-1)); *m.slot(8) != want {
				t.Errorf("%d of %d: %d", i, n, *m.slot(8))
			}
		}
	}
}

// An exit writes its state and leaves; traps leave with their site.
func TestExits(t *testing.T) {
	m := newMachine(t)
	f, b := newFunc()
	x := slotLoad(f, b, ir.I32, 0)
	y := slotLoad(f, b, ir.F64, 1)
	c := f.Append(b, wasm.OpI32LtU, ir.I32, x, constOf(f, b, ir.I32, 10))
	f.Append(b, ir.OpTrapIf, ir.Void, c).Site = &ir.Site{Kind: interp.SiteTrap, Trap: interp.TrapUndefinedElement}
	d := f.Append(b, wasm.OpI32Eq, ir.I32, x, constOf(f, b, ir.I32, 20))
	one, two := f.NewBlock(), f.NewBlock()
	f.Append(b, ir.OpIf, ir.Void, d)
	ir.Connect(b, one)
	ir.Connect(b, two)
	f.Append(one, ir.OpTrap, ir.Void).Site = &ir.Site{Kind: interp.SiteTrap, Trap: interp.TrapUnreachable}
	exit := f.Append(two, ir.OpExit, ir.Void)
	big := constOf(f, b, ir.F64, 0x400921FB54442D18)
	exit.Site = &ir.Site{Kind: interp.SiteExit, Point: 9, State: []ir.SlotValue{{Slot: 8, Value: x}, {Slot: 9, Value: y}, {Slot: 10, Value: big}}}
	code := compile(t, f, newRand())
	*m.slot(1) = 0x1122334455667788
	for x, want := range map[uint64]interp.TrapCode{9: interp.TrapUndefinedElement, 20: interp.TrapUnreachable, 21: 0} {
		*m.slot(0) = x | 1<<40
		*m.slot(8) = 0
		left := m.enter(code)
		if left == nil || left.Trap != want {
			t.Fatalf("%d: left at %v", x, left)
		}
		if want == 0 && (left.Point != 9 || *m.slot(8) != x || *m.slot(9) != 0x1122334455667788 || *m.slot(10) != big.Imm) {
			t.Errorf("state %#x %#x %#x", *m.slot(8), *m.slot(9), *m.slot(10))
		}
	}
}

// fib is the recursive function, with its argument and result in registers. kind says how it calls itself.
func fib(kind ir.Op, index, callee uint32) *ir.Func {
	f, b := newFunc(ir.I32)
	f.Index = index
	f.Room = 4
	n := f.Append(b, ir.OpParam, ir.I32)
	c := f.Append(b, wasm.OpI32LtU, ir.I32, n, constOf(f, b, ir.I32, 2))
	base, rec := f.NewBlock(), f.NewBlock()
	f.Append(b, ir.OpIf, ir.Void, c)
	ir.Connect(b, base)
	ir.Connect(b, rec)
	wide := f.Append(base, wasm.OpI64ExtendI32U, ir.I64, n)
	f.Append(base, ir.OpReturn, ir.Void, wide)
	call := func(minus uint64) *ir.Value {
		arg := f.Append(rec, wasm.OpI32Sub, ir.I32, n, constOf(f, rec, ir.I32, minus))
		table := f.Append(rec, ir.OpInstWord, ir.I64)
		table.Imm = interp.WordEntries
		if kind == ir.OpCallRecord {
			table.Imm = interp.WordFuncs
		}
		v := f.Append(rec, kind, ir.I64, table, arg)
		v.Imm = 2
		v.Site = &ir.Site{Kind: interp.SiteCall, ArgSlot: 3, Callee: callee}
		return v
	}
	x, y := call(1), call(2)
	f.Append(rec, ir.OpReturn, ir.Void, f.Append(rec, wasm.OpI64Add, ir.I64, x, y))
	return f
}

// Calls reach their callees: the unit itself, through the table of entries, and through a record.
func TestCalls(t *testing.T) {
	m := newMachine(t)
	for _, k := range []struct {
		kind   ir.Op
		callee uint32
	}{{ir.OpCall, 7}, {ir.OpCall, 8}, {ir.OpCallRecord, 8}} {
		m.reset()
		c := compile(t, fib(k.kind, 7, k.callee), newRand())
		at := m.place(c.Bytes)
		fast := m.word(fieldWords + 512)
		*fast = uint64(at) + uint64(c.Fast)
		entries := uintptr(fieldWords + 256)
		m.set(entries+16, *fast)
		m.set(fieldWords+8*interp.WordEntries, uint64(m.at(int(entries))))
		record := uintptr(fieldWords + 600)
		m.set(record, uint64(m.at(fieldWords+512)))
		m.set(fieldWords+8*interp.WordFuncs, uint64(m.at(int(record))))

		// A caller that stores the result.
		f, b := newFunc()
		f.Index = 1
		table := f.Append(b, ir.OpInstWord, ir.I64)
		table.Imm = interp.WordEntries
		v := f.Append(b, ir.OpCall, ir.I64, table, slotLoad(f, b, ir.I32, 0))
		v.Imm = 2
		v.Site = &ir.Site{Kind: interp.SiteCall, ArgSlot: 12, Callee: 7}
		slotStore(f, b, v, 8)
		f.Append(b, ir.OpReturn, ir.Void)
		caller := compile(t, f, newRand())
		*m.slot(0) = 15
		left := m.enter(caller)
		if left != nil || *m.slot(8) != 610 {
			t.Fatalf("fib(15) = %d, left %v", *m.slot(8), left)
		}
		if c.FrameBytes < 16 || c.FrameBytes%16 != 0 {
			t.Errorf("FrameBytes %d", c.FrameBytes)
		}

		// The stack of slots ends somewhere: the entry's site leaves with the argument in its slot, and goes on.
		m.set(uintptr(interp.CtxLimit), uint64(m.at(frameAt))+8*(12+4+3*5))
		*m.slot(0) = 8
		m.enter(caller)
		if *m.slot(8) != 21 || m.get(fieldSaving) == 0 {
			t.Errorf("fib(8) = %d, left %d times", *m.slot(8), m.get(fieldSaving))
		}
		if s := siteAt(c, uintptr(m.get(fieldSaved))-at); s == nil || s.Site.Kind != interp.SiteEntry || s.FrameBytes != 0 {
			t.Errorf("left at %+v", s)
		}
		// So does the machine stack.
		m.set(uintptr(interp.CtxLimit), uint64(m.at(memoryAt)))
		m.set(uintptr(interp.CtxNativeLimit), uint64(m.at(stackAt-256)))
		m.set(fieldSaving, 0)
		*m.slot(0) = 8
		m.enter(caller)
		if *m.slot(8) != 21 || m.get(fieldSaving) == 0 {
			t.Errorf("fib(8) = %d, left %d times", *m.slot(8), m.get(fieldSaving))
		}
	}
}

func siteAt(c *ir.Code, offset uintptr) *ir.CodeSite {
	for i := range c.Sites {
		if c.Sites[i].Offset == int(offset) {
			return &c.Sites[i]
		}
	}
	return nil
}

// Registers' arguments come in from their slots, and go there when the entry leaves.
func TestArguments(t *testing.T) {
	m := newMachine(t)
	params := []ir.Type{ir.I32, ir.F64, ir.V128, ir.I64, ir.F32, ir.I32, ir.I64, ir.I64, ir.I64, ir.I64, ir.F64, ir.F64, ir.F64, ir.F64, ir.F64}
	f, b := newFunc(params...)
	numbers := argNumbers(params)
	values := make([]*ir.Value, len(params))
	for i, n := range numbers {
		if n >= 0 {
			values[i] = f.Append(b, ir.OpParam, params[i])
			values[i].Imm = uint64(i)
		}
	}
	slot := 0
	var slots []int
	for i, v := range values {
		if v == nil {
			v = slotLoad(f, b, params[i], slot)
		}
		slots = append(slots, slot)
		slotStore(f, b, v, 20+slot)
		slot += params[i].Slots()
	}
	f.Append(b, ir.OpReturn, ir.Void)
	c := compile(t, f, newRand())
	for _, limit := range []uint64{1 << 60, 0} {
		if limit == 0 {
			m.set(uintptr(interp.CtxNativeLimit), 1<<60)
		}
		for i := range slot {
			*m.slot(i) = uint64(i+1) * 0x0101010101010101
			*m.slot(20 + i) = 0
		}
		if left := m.enter(c); limit != 0 && left != nil {
			t.Fatalf("left at %v", left)
		}
		for i, s := range slots {
			want := *m.slot(s)
			if params[i].Size() == 4 {
				want &= 0xFFFFFFFF
			}
			if got := *m.slot(20 + s); got != want {
				t.Errorf("argument %d: %#x, want %#x", i, got, want)
			}
		}
		if *m.slot(20 + 3) != *m.slot(3) {
			t.Error("the upper half of a vector is gone")
		}
	}
}

// A step or import comes back, with all registers changed; memory 0 may have moved.
func TestLeave(t *testing.T) {
	m := newMachine(t)
	m.set(uintptr(interp.CtxLeave), uint64(m.clobber))
	f, b := newFunc()
	x := slotLoad(f, b, ir.I64, 0)
	f.Append(b, ir.OpLeave, ir.Void).Site = &ir.Site{Kind: interp.SiteStep}
	y := f.Append(b, wasm.OpI64Add, ir.I64, x, constOf(f, b, ir.I64, 5))
	base := f.Append(b, ir.OpMemBase, ir.I64)
	z := f.Append(b, wasm.OpI64Load, ir.I64, base, constOf(f, b, ir.I32, 16))
	slotStore(f, b, y, 8)
	slotStore(f, b, z, 9)
	f.Append(b, ir.OpReturn, ir.Void)
	c := compile(t, f, newRand())
	*m.slot(0) = 37
	m.set(uintptr(interp.CtxMem0), uint64(m.at(memoryAt+64)))
	*m.word(memoryAt + 80) = 99
	m.enter(c)
	if *m.slot(8) != 42 || *m.slot(9) != 99 {
		t.Errorf("%d, %d", *m.slot(8), *m.slot(9))
	}
}

// A function of another type leaves with the record and the type in their registers, and goes on.
func TestCheckType(t *testing.T) {
	m := newMachine(t)
	f, b := newFunc()
	record := slotLoad(f, b, ir.I64, 0)
	id := slotLoad(f, b, ir.I64, 1)
	f.Append(b, ir.OpCheckType, ir.Void, record, id).Site = &ir.Site{Kind: interp.SiteType}
	slotStore(f, b, id, 8)
	f.Append(b, ir.OpReturn, ir.Void)
	c := compile(t, f, newRand())
	*m.word(memoryAt + uintptr(funcTypeID)) = 5
	for id, want := range map[uint64]uint64{5: 0, 6: 1} {
		m.reset()
		*m.slot(0), *m.slot(1) = uint64(m.at(memoryAt)), id
		m.enter(c)
		if m.get(fieldSaving) != want || *m.slot(8) != id {
			t.Errorf("id %d: left %d times", id, m.get(fieldSaving))
		}
	}
}

// Loads and stores reach their addresses, whatever the offset, and note where they may fault.
func TestMemory(t *testing.T) {
	m := newMachine(t)
	const size = 5 << 14 // of the memory that there is
	mem := m.block[memoryAt : memoryAt+size]
	pattern := func() {
		for i := range mem {
			mem[i] = byte(i*7 + i>>8 + 0x80)
		}
	}
	for op := wasm.OpI32Load; op <= wasm.OpI64Store32; op++ {
		store := op >= wasm.OpI32Store
		width := 1 << memoryOps(op).log2
		for _, offset := range []uint64{0, 1, 8, 255, 256, 4095, 4096, 8192, 16380, 20000, 32768, 32769} {
			for _, address := range []uint64{0, 1, 3, 8, 1000, 30000} {
				for kind := range 4 {
					f, b := newFunc()
					base := f.Append(b, ir.OpMemBase, ir.I64)
					var a *ir.Value
					switch kind {
					case 0:
						a = slotLoad(f, b, ir.I32, 0)
					case 1:
						a = constOf(f, b, ir.I32, address)
					case 2:
						a = slotLoad(f, b, ir.I64, 0)
					case 3:
						a = f.Append(b, wasm.OpI32WrapI64, ir.I32, slotLoad(f, b, ir.I64, 0))
					}
					site := &ir.Site{Kind: interp.SiteFault}
					var v *ir.Value
					if store {
						v = f.Append(b, op, ir.Void, base, a, slotLoad(f, b, ir.TypeOf(op.Info().Params[1]), 1))
					} else {
						v = f.Append(b, op, ir.TypeOf(op.Info().Results[0]), base, a)
						slotStore(f, b, v, 8)
					}
					v.Imm, v.Guarded, v.Site = offset, true, site
					f.Append(b, ir.OpReturn, ir.Void)
					c := compile(t, f, newRand())
					if len(c.Faults) != 1 || c.Faults[0].Site != site || !isAccess(binary.LittleEndian.Uint32(c.Bytes[c.Faults[0].Offset:])) {
						t.Fatalf("%v: faults %v", op, c.Faults)
					}
					pattern()
					*m.slot(0) = address
					if kind == 3 {
						*m.slot(0) |= 0xFFFF << 40
					}
					*m.slot(1) = 0x1122334455667788
					at := address + offset
					var want [8]byte
					copy(want[:], mem[at:at+uint64(width)])
					if left := m.enter(c); left != nil {
						t.Fatalf("%v left at %v", op, left)
					}
					if store {
						got := binary.LittleEndian.Uint64(mem[at:])
						if mask := ^uint64(0) >> (64 - 8*width); got&mask != 0x1122334455667788&mask || got&^mask == 0x1122334455667788&^mask && width < 8 {
							t.Errorf("%v at %d+%d, address of kind %d: %#x", op, address, offset, kind, got)
						}
						continue
					}
					w := binary.LittleEndian.Uint64(want[:])
					if got := *m.slot(8); got != loaded(op, w) {
						t.Errorf("%v at %d+%d, address of kind %d: %#x, want %#x", op, address, offset, kind, got, loaded(op, w))
					}
				}
			}
		}
	}
}

// isAccess tells whether an instruction is a load or store.
func isAccess(w uint32) bool { return w>>25&5 == 4 }

func extendedTo(w uint64, from, to int) uint64 {
	w = uint64(int64(w<<(64-from)) >> (64 - from))
	if to == 32 {
		w &= 0xFFFFFFFF
	}
	return w
}

// loaded is what a load makes of the bytes.
func loaded(op ir.Op, w uint64) uint64 {
	switch op {
	case wasm.OpI32Load8S:
		return extendedTo(w, 8, 32)
	case wasm.OpI32Load16S:
		return extendedTo(w, 16, 32)
	case wasm.OpI64Load8S:
		return extendedTo(w, 8, 64)
	case wasm.OpI64Load16S:
		return extendedTo(w, 16, 64)
	case wasm.OpI64Load32S:
		return extendedTo(w, 32, 64)
	}
	return w
}
