package amd64

import (
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
)

// Blocks that a jump comes to from behind are aligned: heads of loops, or in turned loops what comes first, also if the jump is by a block that only jumps on.
// A block that only cold ones jump back to is not.
func TestLoopHeads(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a loop", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b2):
	v1:i32 = i32.eqz v0
	if v1 b2, b3
b2(b1):
	jump b1
b3(b1):
	return v0`, "b1"},
		{"a turned loop", `
b0:
	v0:i32 = param 0
	jump b1
b2(b1):
	v2:i32 = i32.popcnt v0
	jump b1
b1(b0, b2):
	v1:i32 = i32.eqz v0
	if v1 b2, b3
b3(b1):
	return v0`, "b2"},
		{"a join of what is cold", `
b0:
	v0:i32 = param 0
	if v0 b1, b2
b1(b0):
	v1:i32 = i32.popcnt v0
	jump b3
b3(b1, b2):
	return v0
b2(b0) cold:
	v2:i32 = i32.clz v0
	jump b3`, ""},
	} {
		f, err := ir.Parse("func 0 \"f\" loop=-1 room=20 (i32)" + c.text + "\n")
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		a := &ir.Allocation{Func: f}
		for _, b := range f.Blocks {
			out := ir.AllocatedBlock{Block: b}
			for _, v := range b.Values {
				out.Instrs = append(out.Instrs, ir.Instr{Value: v})
			}
			a.Blocks = append(a.Blocks, out)
		}
		e := &emitter{f: f}
		e.thread(a)
		heads := e.loopHeads(a)
		var got []string
		for _, b := range f.Blocks {
			if heads[b.ID] {
				got = append(got, b.String())
			}
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}
