package ir

import (
	"strings"
	"testing"
)

// sum is a loop in a loop, with whatever has a textual form of its own.
const sum = `func 3 "a b" loop=-1 room=9 (i32, f64) fixed
b0:
	v0:i32 = param 0
	v1:f64 = param 1
	v2:i32 = const -5
	v3:f64 = const 0x3ff0000000000000
	v4:v128 = const 0x1 0xffffffffffffffff
	v5:i64 = mem_base
	v20:i64 = inst_word imm=7 aux=1
	jump b1
b1(b0, b3):
	v6:i32 = phi v0, v9
	poll @poll{pos=80 point=4 acc=-1 state=[0:v6 3:v1]}
	v7:i32 = i32.load8_u v5, v6 imm=8 guarded @fault{pos=73 trap=5}
	jump b2
b2(b1, b2):
	v8:i32 = phi v7, v9
	v9:i32 = i32.add v8, v2
	slot_store v9 imm=1
	leave @step{pos=9 args=4 step}
	v10:i64 = load_word v20 imm=8 aux=1 width=4
	if v9 b2, b3
b3(b2):
	switch v9 b4, b1, b5
b4(b3) cold:
	trap @trap{pos=12 trap=1}
b5(b3):
	v11:i32 = call v20, v9 imm=2 @call{pos=90 point=12 args=3 callee=1}
	return v11
`

func TestTextIsParsedAsWritten(t *testing.T) {
	f, err := Parse(sum)
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(f); err != nil {
		t.Error(err)
	}
	if s := f.String(); s != sum {
		t.Errorf("written again it is\n%s", s)
	}
}

func TestLoopsAndDominators(t *testing.T) {
	f, err := Parse(sum)
	if err != nil {
		t.Fatal(err)
	}
	l := f.Loops()
	block := func(id int32) *Block {
		for _, b := range f.Blocks {
			if b.ID == id {
				return b
			}
		}
		return nil
	}
	if len(l.Loops) != 2 || l.Loops[0].Header.ID != 1 || l.Loops[1].Header.ID != 2 || l.Loops[1].Parent != l.Loops[0] {
		t.Errorf("the loops are %v", l.Loops)
	}
	for id, depth := range []int{0, 1, 2, 1, 0, 0} {
		if b := block(int32(id)); b.Depth != depth {
			t.Errorf("%s is in %d loops, not %d", b, b.Depth, depth)
		}
	}
	if len(l.Loops[0].Blocks) != 3 || len(l.Loops[1].Blocks) != 1 || len(l.Loops[1].Latches) != 1 {
		t.Errorf("blocks: %v, %v", l.Loops[0].Blocks, l.Loops[1].Blocks)
	}
	for a := range int32(6) {
		for b := range int32(6) {
			want := a <= b && !(a == 4 && b == 5)
			if l.Dominates(block(a), block(b)) != want {
				t.Errorf("b%d dominates b%d: %v", a, b, !want)
			}
		}
	}
	if l.Idom(block(5)) != block(3) || l.Idom(block(0)) != nil {
		t.Errorf("immediate dominators: %s, %s", l.Idom(block(5)), l.Idom(block(0)))
	}
}

func TestVerifyRefuses(t *testing.T) {
	for _, test := range []struct{ name, from, to, want string }{
		{"phi arguments", "v6:i32 = phi v0, v9", "v6:i32 = phi v0", "1 arguments for 2"},
		{"phi type", "v6:i32 = phi v0, v9", "v6:i32 = phi v1, v9", "is of type f64"},
		{"dominance", "return v11", "slot_store v11 imm=0\n\treturn v30", "not there"},
		{"order", "v8:i32 = phi v7, v9\n\tv9:i32 = i32.add v8, v2", "v8:i32 = phi v7, v9\n\tslot_store v9\n\tv9:i32 = i32.add v8, v2", "not computed before"},
		{"types", "i32.add v8, v2", "i32.add v8, v1", "is of type f64"},
		{"result", "v5:i64 = mem_base", "v5:i32 = mem_base", "the result is of type i64"},
		{"operands", "i32.add v8, v2", "i32.add v8", "1 operands, not 2"},
		{"site", " @call{pos=90 point=12 args=3 callee=1}", "", "no site"},
		{"guarded", "guarded @fault{pos=73 trap=5}", "guarded", "no site"},
		{"terminator", "\treturn v11\n", "", "no terminator"},
		{"successors", "jump b2", "jump b2, b3", "not as often"},
		{"entry", "b0:", "b0(b1):", "entry has predecessors"},
		{"slot", "slot_store v9 imm=1", "slot_store v9 imm=9", "beyond the frame"},
		{"state", "3:v1]", "3:v11]", "not computed before"},
		{"phi order", "v8:i32 = phi v7, v9\n\tv9:i32 = i32.add v8, v2", "v9:i32 = i32.add v2, v2\n\tv8:i32 = phi v7, v9", "behind other values"},
		{"parameter", "param 1", "param 2", "no such parameter"},
		{"opcode", "v9:i32 = i32.add v8, v2", "v9:i32 = drop v8", "not an opcode"},
	} {
		text := strings.Replace(sum, test.from, test.to, 1)
		f, err := Parse(text)
		if err == nil {
			err = Verify(f)
		}
		if text == sum || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
