package opt

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// bounds takes away explicit checks of bounds that a check before has made already. Checks look like
//
//	trap_if (address + end > length)
//	trap_if (address > length - end)
//
// and one is not needed where another, with the same address and length and no smaller end, dominates it.
func bounds(f *ir.Func) {
	var l *ir.LoopInfo
	var facts []boundsFact
	var byAddress []int32 // by ID of the address: 1 + index of the latest fact
	for _, b := range f.ReversePostorder() {
		keep := b.Values[:0]
		for _, v := range b.Values {
			addr, length, end, ok := boundsCheck(v)
			if !ok {
				keep = append(keep, v)
				continue
			}
			if l == nil {
				l = f.Dominators()
				byAddress = make([]int32, f.NumValues())
			}
			needed := true
			for i := byAddress[addr.ID]; i > 0; i = facts[i-1].next {
				if c := &facts[i-1]; c.length == length && c.end >= end && l.Dominates(c.b, b) {
					needed = false
					break
				}
			}
			if needed {
				keep = append(keep, v)
				facts = append(facts, boundsFact{b, length, end, byAddress[addr.ID]})
				byAddress[addr.ID] = int32(len(facts))
			}
		}
		clear(b.Values[len(keep):])
		b.Values = keep
	}
}

type boundsFact struct {
	b      *ir.Block
	length *ir.Value
	end    uint64
	next   int32 // 1 + index of the fact before, of the same address
}

// boundsCheck takes a check apart. The sum does not overflow, because the address has 32 bits, nor does the difference, because the front end
// has made it only where the length is known to be no less.
func boundsCheck(v *ir.Value) (addr, length *ir.Value, end uint64, ok bool) {
	if v.Op != ir.OpTrapIf {
		return nil, nil, 0, false
	}
	c := v.Args[0]
	sum := c
	switch c.Op {
	case wasm.OpI64GtU:
		sum, length = c.Args[0], c.Args[1]
	case wasm.OpI64LtU:
		length, sum = c.Args[0], c.Args[1]
	default:
		return nil, nil, 0, false
	}
	if addr, end, ok = operand(sum, wasm.OpI64Add); ok && end>>62 == 0 && ir.UpperZero(addr) {
		return addr, length, end, true
	}
	addr = sum
	if length, end, ok = operand(length, wasm.OpI64Add); ok {
		end = -end // it has been made a sum
	}
	return addr, length, end, ok && end>>62 == 0 && isLength(length)
}

// isLength tells whether v is the length of a memory or table.
func isLength(v *ir.Value) bool { return v.Op == ir.OpLoadWord && ir.Class(v.Aux) == ir.ClassHeader }
