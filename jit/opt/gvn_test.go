package opt

import (
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// The same sum in the arms of thousands of branches, none of which dominates another: the work is not the square of their number.
func TestEqualValuesThatDoNotDominate(t *testing.T) {
	const arms = 2000
	f := &ir.Func{Loop: -1, Params: []ir.Type{ir.I32}}
	b := f.NewBlock()
	f.Entry = b
	p := f.Append(b, ir.OpParam, ir.I32)
	for range arms {
		arm, next := f.NewBlock(), f.NewBlock()
		c := f.Append(b, ir.OpLoadWord, ir.I32, p)
		c.Width = 4
		f.Append(b, ir.OpIf, ir.Void, c)
		ir.Connect(b, arm)
		ir.Connect(b, next)
		f.Append(arm, wasm.OpI32Add, ir.I32, p, p)
		f.Append(arm, ir.OpJump, ir.Void)
		ir.Connect(arm, next)
		b = next
	}
	f.Append(b, ir.OpReturn, ir.Void)
	if g := number(f); g.looked > 2*maxLooked*arms {
		t.Errorf("%d comparisons of %d values", g.looked, f.NumValues())
	}
}
