package interp

import (
	"testing"

	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// TestNativePoints looks at what stands where a compiler is told that it can hand over.
func TestNativePoints(t *testing.T) {
	bin, err := wat.Parse("", []byte(`(module (memory 1)
		(func $f (param i32) (result i32)
			(loop $a (loop $b
				(local.set 0 (call $f (i32.add (local.get 0) (i32.const 1))))
				(br_if $b (local.get 0)))
				(br_if $a (local.get 0)))
			(memory.grow (local.get 0))))`))
	if err != nil {
		t.Fatal(err)
	}
	w, err := wasm.Decode(bin, wasm.DefaultFeatures)
	if err != nil {
		t.Fatal(err)
	}
	m := NewModule(w)
	c, err := m.code(0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.NativePoints(0, -1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Room != int(c.room) || p.Points[0].Index != 0 {
		t.Errorf("room %d and first index %d, they are %d and 0", p.Room, p.Points[0].Index, c.room)
	}
	r := reader{b: w.Code[0].Body}
	heads, calls, steps := 0, 0, 0
	for k, at := range p.Points {
		r.p = int(at.Offset - w.Code[0].Offset)
		o := r.op()
		if k+1 == len(p.Points) {
			break
		}
		next := &p.Points[k+1]
		switch o {
		case wasm.OpLoop:
			heads++
			if c.instrs[next.Index].op&safepoint == 0 {
				t.Errorf("the head of loop %d is %v, no safepoint", heads, c.instrs[next.Index].op)
			}
			if q, err := m.NativePoints(0, int(next.Index)); err != nil || q.Loop == nil || len(q.Loop.Labels) != heads+1 {
				t.Errorf("loop %d is not found by its head: %+v, %v", heads, q.Loop, err)
			}
		case wasm.OpCall:
			calls++
			if before := c.instrs[next.Index-1].op; before != opCall || at.Last != next.Index-1 {
				t.Errorf("before the instruction behind a call stands %v; the call's last is %d", before, at.Last)
			}
		case wasm.OpMemoryGrow:
			steps++
			s := p.Step(at.Offset, []wasm.ValType{wasm.I32})
			if n := len(s.code); s.code[n-1].op != opStepDone || s.code[n-2].op != opMemoryGrow || c.instrs[s.at].op != opMemoryGrow {
				t.Errorf("a step of %d instructions, for %v", n, c.instrs[s.at].op)
			}
		}
	}
	if heads != 2 || calls != 1 || steps != 1 {
		t.Errorf("%d loops, %d calls, %d steps", heads, calls, steps)
	}
}
