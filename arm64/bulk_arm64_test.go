//go:build linux

package arm64

import (
	"bytes"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// bulk is a function that does op with its operands from slots 0 to 2.
func bulk(op ir.Op) *ir.Func {
	f, b := newFunc()
	base := f.Append(b, ir.OpMemBase, ir.I64)
	to, from, n := slotLoad(f, b, ir.I32, 0), slotLoad(f, b, ir.I32, 1), slotLoad(f, b, ir.I32, 2)
	if op == wasm.OpMemoryCopy {
		f.Append(b, op, ir.Void, base, to, base, from, n)
	} else {
		f.Append(b, op, ir.Void, base, to, from, n)
	}
	f.Append(b, ir.OpReturn, ir.Void)
	return f
}

// TestBulk copies and fills as many bytes as go each way through the routines, over each other from both sides, and looks at what is around.
func TestBulk(t *testing.T) {
	m := newMachine(t)
	const at = 8192
	r := newRand()
	memory := m.block[memoryAt : memoryAt+3*at]
	var sizes []int
	for n := range 300 {
		sizes = append(sizes, n)
	}
	sizes = append(sizes, 511, 512, 513, 5000)
	for _, op := range []ir.Op{wasm.OpMemoryCopy, wasm.OpMemoryFill} {
		code := compile(t, bulk(op), newRand())
		for i := range memory {
			memory[i] = byte(r.Uint32())
		}
		for _, n := range sizes {
			for _, distance := range []int{0, 1, -1, 7, -7, 16, -16, 33, -33, 100, -100, n, -n, 6000, -6000} {
				want := bytes.Clone(memory)
				from := at + distance
				if op == wasm.OpMemoryCopy {
					copy(want[at:at+n], want[from:from+n])
				} else {
					for i := range n {
						want[at+i] = byte(from)
					}
				}
				*m.slot(0), *m.slot(1), *m.slot(2) = at, uint64(from), uint64(n)
				m.enter(code)
				if !bytes.Equal(memory, want) {
					t.Fatalf("%v: %d bytes at %d, %d: wrong", op, n, at, from)
				}
				if op == wasm.OpMemoryFill && distance > 1 {
					break
				}
			}
		}
	}
}
