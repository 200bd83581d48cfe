//go:build linux && amd64

package amd64

import (
	"encoding/binary"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// TestAtomics runs each atomic access once where it changes memory and, for comparisons, once where it does not.
func TestAtomics(t *testing.T) {
	each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
		for op := wasm.OpI32AtomicLoad; op <= wasm.OpI64AtomicRmw32CmpxchgU; op++ {
			if !target.Supports(op) {
				t.Errorf("%v is not supported", op)
				continue
			}
			info := op.Info()
			a, _ := ir.AccessOf(op)
			old := uint64(0xF1E2D3C4B5A69788)
			mask := ^uint64(0) >> (64 - 8*a.Width)
			for _, args := range [][2]uint64{{0x8123456789ABCDEF, 7}, {old, 0x1122334455667788}} {
				f := &ir.Func{Name: "test", Loop: -1, Room: 8, Params: []ir.Type{ir.I32}}
				b := f.NewBlock()
				f.Entry = b
				p := f.Append(b, ir.OpParam, ir.I32)
				v := f.NewValue(op, ir.Void, f.Append(b, ir.OpMemBase, ir.I64), p)
				for i, ty := range info.Params[1:] {
					q := f.Append(b, ir.OpSlotLoad, ir.TypeOf(ty))
					q.Imm = uint64(i + 1)
					v.Args = append(v.Args, q)
				}
				v.Imm, v.Guarded, v.Site = 8, true, &ir.Site{Kind: interp.SiteFault}
				v.Block = b
				b.Values = append(b.Values, v)
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
				u := m.unit(code)
				word := m.memory[48:56]
				binary.LittleEndian.PutUint64(word, old)
				m.frame[0], m.frame[1], m.frame[2] = 40, args[0], args[1]
				if len(info.Params) > 1 && info.Params[1] == wasm.I32 {
					m.frame[1], m.frame[2] = uint64(uint32(args[0])), uint64(uint32(args[1]))
				}
				got := u.run(v.Type)
				x, next := args[0], old
				switch a.Rmw {
				case ir.RmwAdd:
					next = old + x
				case ir.RmwSub:
					next = old - x
				case ir.RmwAnd:
					next = old & x
				case ir.RmwOr:
					next = old | x
				case ir.RmwXor:
					next = old ^ x
				case ir.RmwXchg:
					next = x
				case ir.RmwCmpxchg:
					if old&mask == x&mask {
						next = args[1]
					}
				}
				switch {
				case !a.Store:
					next = old
				case !a.Load:
					next = x
				}
				next = old&^mask | next&mask
				if w := binary.LittleEndian.Uint64(word); w != next || a.Load && got.lo != old&mask {
					t.Errorf("%v %#x: memory %#x, want %#x; result %#x, want %#x\n%s", op, args, w, next, got.lo, old&mask, disassemble(code))
				}
				if len(code.Faults) == 0 {
					t.Errorf("%v cannot fault", op)
				}
			}
		}
	})
}
