package jit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
)

// Loops that jump back and are left further up are turned so that the test is last; others stay as they are.
func TestRotate(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a test at the head", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b2):
	v1:i32 = i32.eqz v0
	if v1 b3, b2
b2(b1):
	v2:i32 = i32.popcnt v0
	jump b1
b3(b1):
	return v0`, "b0 b2 b1 b3"},
		{"a test at the end", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b2):
	v1:i32 = i32.eqz v0
	if v1 b2, b3
b2(b1):
	jump b1
b3(b1):
	return v0`, "b0 b1 b2 b3"},
		{"a test in the middle, and blocks that only jump", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b5):
	v1:i32 = i32.eqz v0
	jump b2
b2(b1):
	v2:i32 = i32.popcnt v0
	if v2 b3, b6
b3(b2):
	jump b4
b4(b3):
	v3:i32 = i32.clz v0
	jump b5
b5(b4):
	jump b1
b6(b2):
	return v0`, "b0 b3 b4 b5 b1 b2 b6"},
		{"a loop in a loop is not torn apart", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b5):
	v1:i32 = i32.eqz v0
	jump b2
b2(b1, b3):
	v2:i32 = i32.popcnt v0
	if v2 b3, b4
b3(b2):
	v3:i32 = i32.clz v0
	if v3 b2, b6
b4(b2):
	v4:i32 = i32.ctz v0
	if v4 b5, b6
b5(b4):
	v5:i32 = i32.ctz v1
	jump b1
b6(b3, b4):
	return v0`, "b0 b4 b5 b1 b2 b3 b6"},
		{"both loops are turned", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b4):
	v1:i32 = i32.eqz v0
	if v1 b2, b5
b2(b1, b3):
	v2:i32 = i32.popcnt v0
	if v2 b3, b4
b3(b2):
	v3:i32 = i32.clz v0
	jump b2
b4(b2):
	v4:i32 = i32.ctz v0
	jump b1
b5(b1):
	return v0`, "b0 b3 b2 b4 b1 b5"},
		{"a way out that is cold, and one that never ends", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b2):
	v1:i32 = i32.eqz v0
	if v1 b4, b2
b2(b1):
	v2:i32 = i32.popcnt v0
	jump b1
b3(b3, b4) cold:
	jump b3
b4(b1) cold:
	jump b3`, "b0 b2 b1 b3 b4"},
		{"a loop with several jumps back stays", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b3, b4):
	v1:i32 = i32.eqz v0
	if v1 b2, b5
b2(b1):
	v2:i32 = i32.popcnt v0
	if v2 b3, b4
b3(b2):
	v3:i32 = i32.clz v0
	jump b1
b4(b2):
	v4:i32 = i32.ctz v0
	jump b1
b5(b1):
	return v0`, "b0 b1 b2 b3 b4 b5"},
		{"a loop of many instructions stays", `
b0:
	v0:i32 = param 0
	jump b1
b1(b0, b2):
	v1:i32 = i32.eqz v0
	if v1 b3, b2
b2(b1):
` + manyValues(10, maxTurned) + `	jump b1
b3(b1):
	return v0`, "b0 b1 b2 b3"},
	} {
		text := "func 0 \"f\" loop=-1 room=20 (i32)" + c.text + "\n"
		f, err := ir.Parse(text)
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
		rotate(a)
		var got []string
		for _, b := range a.Blocks {
			got = append(got, b.Block.String())
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

// manyValues is the text of n values, from number first on.
func manyValues(first, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\tv%d:i32 = i32.popcnt v0\n", first+i)
	}
	return b.String()
}
