package opt

import "github.com/godwit-vm/godwit/jit/ir"

// slots takes away stores to slots that are overwritten, or that the function returns or traps behind, before anybody can look. All that
// leaves looks at all slots. It goes from the end to the beginning; of the back edges of loops it knows nothing.
func slots(f *ir.Func) {
	words := (f.Room + 63) / 64
	some := false
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			some = some || v.Op == ir.OpSlotStore
		}
	}
	if !some {
		return
	}
	order := f.ReversePostorder()
	// A set bit says that nobody will look at the slot before it is written.
	all := make([]uint64, words*f.NumBlocks())
	done := make([]bool, f.NumBlocks())
	for i := len(order) - 1; i >= 0; i-- {
		b := order[i]
		dead := slotSet(all[int(b.ID)*words : (int(b.ID)+1)*words])
		switch t := b.Term(); {
		case t.Op == ir.OpTrap, t.Op == ir.OpReturn && len(t.Args) > 0, isTailCall(t.Op) && allInRegisters(t):
			dead.fill()
		case len(b.Succs) > 0:
			dead.fill()
			for _, s := range b.Succs {
				if !done[s.ID] {
					clear(dead)
					break
				}
				for j, w := range all[int(s.ID)*words : (int(s.ID)+1)*words] {
					dead[j] &= w
				}
			}
		}
		removed := false
		for k := len(b.Values) - 1; k >= 0; k-- {
			v := b.Values[k]
			switch v.Op {
			case ir.OpSlotLoad:
				for j := range v.Type.Slots() {
					dead.set(int(v.Imm)+j, false)
				}
			case ir.OpSlotStore:
				n := v.Args[0].Type.Slots()
				if dead.has(int(v.Imm)) && (n == 1 || dead.has(int(v.Imm)+1)) {
					b.Values[k] = nil
					removed = true
				}
				for j := range n {
					dead.set(int(v.Imm)+j, true)
				}
			case ir.OpCall, ir.OpCallRecord, ir.OpLeave, ir.OpPoll, ir.OpExit, ir.OpCheckType:
				clear(dead)
				if allInRegisters(v) {
					for j := v.Site.ArgSlot; j < f.Room; j++ {
						dead.set(j, true)
					}
				}
				if v.Op == ir.OpExit {
					for _, s := range v.Site.State {
						for j := range s.Value.Type.Slots() {
							dead.set(int(s.Slot)+j, true)
						}
					}
				}
			}
		}
		done[b.ID] = true
		if removed {
			keep := b.Values[:0]
			for _, v := range b.Values {
				if v != nil {
					keep = append(keep, v)
				}
			}
			clear(b.Values[len(keep):])
			b.Values = keep
		}
	}
}

// allInRegisters tells whether v is a call that has registers left for more arguments, so that none are in slots: what is in its callee's
// frame is of no use to anybody then.
func allInRegisters(v *ir.Value) bool {
	args := v.Args
	switch v.Op {
	case ir.OpCall, ir.OpCallRecord, ir.OpTailCall, ir.OpTailCallRecord:
		args = args[1:]
	case ir.OpTailCallSelf:
	default:
		return false
	}
	var ints, floats int
	for _, a := range args {
		if a.Type.Float() {
			floats++
		} else {
			ints++
		}
	}
	return ints < ir.IntArgs && floats < ir.FloatArgs
}

func isTailCall(op ir.Op) bool {
	return op == ir.OpTailCall || op == ir.OpTailCallRecord || op == ir.OpTailCallSelf
}

type slotSet []uint64

func (s slotSet) fill() {
	for i := range s {
		s[i] = ^uint64(0)
	}
}

func (s slotSet) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }

func (s slotSet) set(i int, to bool) {
	if to {
		s[i/64] |= 1 << (i % 64)
	} else {
		s[i/64] &^= 1 << (i % 64)
	}
}
