package ir

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// Bits is a value of any type: a v128 needs both halves.
type Bits [2]uint64

// Machine is what Eval runs a function on. It is for tests: what a pass makes of a function must do the same as the function did.
//
// Addresses are made up: memory k is at MemoryAddress(k), and words are wherever Inst says. Loads and stores of words that
// were never written give zero.
type Machine struct {
	Slots  []uint64 // at least Room
	Memory [][]byte
	Words  map[uint64]byte
	Inst   func(word uint64) uint64 // of OpInstWord; nil: 1<<56 + word<<20, so that all are far apart
	Fuel   int                      // values that may be evaluated; 0: as many as it takes

	// SkipPoll tells for each OpPoll whether nobody wants the thread, so that nothing happens; nil: somebody always does.
	SkipPoll func() bool

	// Out is called for calls, OpLeave, OpPoll and OpCheckType, for a taken tail call, and for a taken OpExit, when the state has been written. Its result
	// is that of the call. An error ends the evaluation.
	Out func(m *Machine, v *Value, args []Bits) (Bits, error)
}

// MemoryAddress is the address of memory k in a Machine.
func MemoryAddress(k int) uint64 { return uint64(k+1) << 48 }

// Outcome is how an evaluation ended.
type Outcome struct {
	Value  *Value // the terminator, or what trapped
	Trap   interp.TrapCode
	Result Bits // of an OpReturn with an argument, and of a tail call what Out says
}

// ErrFuel says that an evaluation took longer than allowed.
var ErrFuel = errors.New("ir: out of fuel")

// Eval runs f with the arguments of its OpParams.
func Eval(f *Func, m *Machine, params []Bits) (Outcome, error) {
	if len(m.Slots) < f.Room {
		return Outcome{}, fmt.Errorf("ir: %d slots, the frame has %d", len(m.Slots), f.Room)
	}
	if m.Words == nil {
		m.Words = make(map[uint64]byte)
	}
	e := evaluation{Machine: m, f: f, params: params, values: make([]Bits, f.NumValues())}
	return e.run()
}

type evaluation struct {
	*Machine
	f      *Func
	params []Bits
	values []Bits
	args   []Bits
}

// trapped is a trap on its way.
type trapped interp.TrapCode

func (t trapped) Error() string { return interp.TrapCode(t).Error() }

func (e *evaluation) run() (Outcome, error) {
	b := e.f.Entry
	k := -1 // which predecessor it was
	var phis []Bits
	steps := 0
	for {
		phis = phis[:0]
		if k >= 0 {
			for _, v := range b.Values {
				if v.Op != OpPhi {
					break
				}
				phis = append(phis, e.values[v.Args[k].ID])
			}
			for i, x := range phis {
				e.values[b.Values[i].ID] = x
			}
		}
		next := -1
		for _, v := range b.Values[len(phis):] {
			if steps++; e.Fuel > 0 && steps > e.Fuel {
				return Outcome{}, ErrFuel
			}
			e.args = e.args[:0]
			for _, a := range v.Args {
				e.args = append(e.args, e.values[a.ID])
			}
			switch v.Op {
			case OpJump:
				next = 0
			case OpIf:
				next = 1
				if uint32(e.args[0][0]) != 0 {
					next = 0
				}
			case OpSwitch:
				next = min(int(uint32(e.args[0][0])), len(b.Succs)-1)
			case OpReturn:
				o := Outcome{Value: v}
				if len(e.args) > 0 {
					o.Result = e.args[0]
				}
				return o, nil
			case OpTailCall, OpTailCallRecord, OpTailCallSelf:
				o := Outcome{Value: v}
				if e.Out != nil {
					var err error
					if o.Result, err = e.Out(e.Machine, v, e.args); err != nil {
						return Outcome{}, err
					}
				}
				return o, nil
			case OpTrap:
				return Outcome{Value: v, Trap: v.Site.Trap}, nil
			case OpExit:
				if _, err := e.out(v); err != nil {
					return Outcome{}, err
				}
				return Outcome{Value: v}, nil
			default:
				r, err := e.value(v)
				if t, ok := err.(trapped); ok {
					if v.Site == nil {
						return Outcome{}, fmt.Errorf("ir: %s: %s traps without a site: %w", v.Block, v.LongString(), err)
					}
					return Outcome{Value: v, Trap: interp.TrapCode(t)}, nil
				}
				if err != nil {
					return Outcome{}, fmt.Errorf("ir: %s: %s: %w", v.Block, v.LongString(), err)
				}
				if v.Type == I32 || v.Type == F32 {
					r = Bits{uint64(uint32(r[0]))}
				}
				e.values[v.ID] = r
			}
		}
		if next < 0 {
			return Outcome{}, fmt.Errorf("ir: %s has no terminator", b)
		}
		b, k = b.Succs[next], b.PredIndex(next)
	}
}

// out writes the state of a site and tells the machine's owner.
func (e *evaluation) out(v *Value) (Bits, error) {
	for _, s := range v.Site.State {
		e.setSlot(uint64(s.Slot), s.Value.Type, e.values[s.Value.ID])
	}
	if e.Out == nil {
		return Bits{}, nil
	}
	return e.Out(e.Machine, v, e.args)
}

func (e *evaluation) setSlot(slot uint64, t Type, x Bits) {
	e.Slots[slot] = x[0]
	if t == V128 {
		e.Slots[slot+1] = x[1]
	}
}

func (e *evaluation) value(v *Value) (Bits, error) {
	switch v.Op {
	case OpConst:
		return Bits{v.Imm, v.Aux}, nil
	case OpParam:
		if v.Imm >= uint64(len(e.params)) {
			return Bits{}, fmt.Errorf("no such argument")
		}
		return e.params[v.Imm], nil
	case OpCopy:
		return e.args[0], nil
	case OpSlotLoad:
		x := Bits{e.Slots[v.Imm]}
		if v.Type == V128 {
			x[1] = e.Slots[v.Imm+1]
		}
		return x, nil
	case OpSlotStore:
		e.setSlot(v.Imm, v.Args[0].Type, e.args[0])
		return Bits{}, nil
	case OpMemBase:
		return Bits{MemoryAddress(int(v.Mem))}, nil
	case OpInstWord:
		if e.Inst != nil {
			return Bits{e.Inst(v.Imm)}, nil
		}
		return Bits{1<<56 + v.Imm<<20}, nil
	case OpLoadWord:
		var b [16]byte
		for i := range b[:v.Width] {
			b[i] = e.Words[e.args[0][0]+v.Imm+uint64(i)]
		}
		return Bits{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}, nil
	case OpStoreWord:
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:], e.args[1][0])
		binary.LittleEndian.PutUint64(b[8:], e.args[1][1])
		for i := range b[:v.Width] {
			e.Words[e.args[0][0]+v.Imm+uint64(i)] = b[i]
		}
		return Bits{}, nil
	case OpTrapIf:
		if uint32(e.args[0][0]) != 0 {
			return Bits{}, trapped(v.Site.Trap)
		}
		return Bits{}, nil
	case OpPoll:
		if e.SkipPoll != nil && e.SkipPoll() {
			return Bits{}, nil
		}
		return e.out(v)
	case OpCall, OpCallRecord, OpLeave, OpCheckType:
		return e.out(v)
	case wasm.OpSelect:
		if uint32(e.args[2][0]) != 0 {
			return e.args[0], nil
		}
		return e.args[1], nil
	case wasm.OpRefIsNull:
		return Bits{bit(e.args[0][0] == 0)}, nil
	case wasm.OpRefEq:
		return Bits{bit(e.args[0][0] == e.args[1][0])}, nil
	case wasm.OpAtomicFence:
		return Bits{}, nil
	case wasm.OpI64x2Splat:
		return Bits{e.args[0][0], e.args[0][0]}, nil
	case wasm.OpMemoryCopy:
		n := e.args[4][0]
		to, err := e.bytes(e.args[0][0], e.args[1][0], n)
		if err != nil {
			return Bits{}, err
		}
		from, err := e.bytes(e.args[2][0], e.args[3][0], n)
		copy(to, from)
		return Bits{}, err
	case wasm.OpMemoryFill:
		to, err := e.bytes(e.args[0][0], e.args[1][0], e.args[3][0])
		for i := range to {
			to[i] = byte(e.args[2][0])
		}
		return Bits{}, err
	}
	if info := v.Op.Info(); info != nil && (info.Imm == wasm.ImmMemarg || info.Imm == wasm.ImmMemargAtomic) {
		return e.access(v, info)
	}
	var x, y uint64
	if len(e.args) > 0 {
		x = e.args[0][0]
	}
	if len(e.args) > 1 {
		y = e.args[1][0]
	}
	r, trap, ok := Compute(v.Op, x, y)
	if !ok {
		return Bits{}, errors.New("not an opcode that can be evaluated")
	}
	if trap != 0 {
		return Bits{}, trapped(trap)
	}
	return Bits{r}, nil
}

// bytes are n bytes of the memory at base, which have been checked.
func (e *evaluation) bytes(base, address, n uint64) ([]byte, error) {
	k := int(base>>48) - 1
	if k < 0 || k >= len(e.Memory) || base != MemoryAddress(k) {
		return nil, fmt.Errorf("no memory is at %#x", base)
	}
	if m := uint64(len(e.Memory[k])); n > m || address > m-n {
		return nil, fmt.Errorf("%d bytes at %#x were not checked", n, address)
	}
	return e.Memory[k][address : address+n], nil
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// access is a load, a store or an atomic access.
func (e *evaluation) access(v *Value, info *wasm.OpInfo) (Bits, error) {
	a, ok := AccessOf(v.Op)
	if !ok {
		return Bits{}, errors.New("not an access that can be evaluated")
	}
	memory := e.Memory[v.Mem]
	address := e.args[1][0]
	at, carry := bits.Add64(e.args[0][0]-MemoryAddress(int(v.Mem)), address, 0)
	at, carry2 := bits.Add64(at, v.Imm, 0)
	if info.Imm == wasm.ImmMemargAtomic && at%uint64(a.Width) != 0 {
		return Bits{}, trapped(interp.TrapUnalignedAtomic)
	}
	if carry+carry2 != 0 || at > uint64(len(memory)) || uint64(len(memory))-at < uint64(a.Width) {
		if !v.Guarded {
			return Bits{}, fmt.Errorf("address %#x was not checked", at)
		}
		return Bits{}, trapped(interp.TrapMemoryOutOfBounds)
	}
	bytes := memory[at : at+uint64(a.Width)]
	var b [16]byte
	copy(b[:], bytes)
	old := Bits{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}
	if a.Signed {
		shift := 64 - 8*a.Width
		old[0] = uint64(int64(old[0]<<shift) >> shift)
	}
	if !a.Store {
		return old, nil
	}
	x := e.args[2]
	if a.Load {
		switch a.Rmw {
		case RmwAdd:
			x[0] = old[0] + x[0]
		case RmwSub:
			x[0] = old[0] - x[0]
		case RmwAnd:
			x[0] = old[0] & x[0]
		case RmwOr:
			x[0] = old[0] | x[0]
		case RmwXor:
			x[0] = old[0] ^ x[0]
		case RmwCmpxchg:
			if old[0] == x[0] {
				x = e.args[3]
			} else {
				x = old
			}
		}
	}
	binary.LittleEndian.PutUint64(b[:], x[0])
	binary.LittleEndian.PutUint64(b[8:], x[1])
	copy(bytes, b[:])
	if a.Load {
		return old, nil
	}
	return Bits{}, nil
}
