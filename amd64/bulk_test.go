//go:build linux && amd64

package amd64

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// bulk is a function that does op with its operands from slots 0 to 2.
func bulk(op ir.Op) *ir.Func {
	f := &ir.Func{Name: "test", Loop: -1, Room: 8}
	b := f.NewBlock()
	f.Entry = b
	base := f.Append(b, ir.OpMemBase, ir.I64)
	var args []*ir.Value
	for i := range 3 {
		v := f.Append(b, ir.OpSlotLoad, ir.I32)
		v.Imm = uint64(i)
		args = append(args, v)
	}
	if op == wasm.OpMemoryCopy {
		f.Append(b, op, ir.Void, base, args[0], base, args[1], args[2])
	} else {
		f.Append(b, op, ir.Void, base, args[0], args[1], args[2])
	}
	f.Append(b, ir.OpReturn, ir.Void)
	return f
}

// TestBulk copies and fills as many bytes as go each way through the routines, over each other from both sides, and looks at all of memory.
func TestBulk(t *testing.T) {
	each(t, func(t *testing.T, m *machine, target *Target, seed uint64) {
		const at = 8192
		r := rand.New(rand.NewPCG(seed, 9))
		var sizes []int
		for n := range 300 {
			sizes = append(sizes, n)
		}
		sizes = append(sizes, 511, 512, 513, repeatFrom-1, repeatFrom, repeatFrom+1, 5000)
		for _, op := range []ir.Op{wasm.OpMemoryCopy, wasm.OpMemoryFill} {
			code, err := target.Compile(allocate(t, target, bulk(op), seed))
			if err != nil {
				t.Fatal(err)
			}
			u := m.unit(code)
			for i := range m.memory {
				m.memory[i] = byte(r.Uint32())
			}
			for _, n := range sizes {
				for _, distance := range []int{0, 1, -1, 7, -7, 16, -16, 33, -33, 100, -100, n, -n, 6000, -6000} {
					want := bytes.Clone(m.memory)
					from := at + distance
					if op == wasm.OpMemoryCopy {
						copy(want[at:at+n], want[from:from+n])
					} else {
						for i := range n {
							want[at+i] = byte(from)
						}
					}
					m.frame[0], m.frame[1], m.frame[2] = at, uint64(from), uint64(n)
					u.run(ir.Void)
					if !bytes.Equal(m.memory, want) {
						t.Fatalf("%v: %d bytes at %d, %d: wrong\n%s", op, n, at, from, disassemble(code))
					}
					if op == wasm.OpMemoryFill && distance > 1 {
						break
					}
				}
			}
		}
	})
}
