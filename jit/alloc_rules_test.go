package jit

import (
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
)

// allocated parses a function, allocates it and checks that.
func allocated(t *testing.T, target ir.Target, text string) *ir.Allocation {
	t.Helper()
	f, err := ir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(f); err != nil {
		t.Fatal(err)
	}
	a, err := allocate(f, target)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkAllocation(a, target); err != nil {
		t.Fatalf("%v\n%s\n%s", err, f, showAllocation(a))
	}
	return a
}

// movesIn are the moves in the block with an ID.
func movesIn(a *ir.Allocation, id int32) (moves []ir.Instr) {
	for _, b := range a.Blocks {
		if b.Block.ID == id {
			for _, in := range b.Instrs {
				if in.Value == nil {
					moves = append(moves, in)
				}
			}
		}
	}
	return moves
}

// TestLoopWithoutMoves: what goes round a loop stays in its registers, and constants that cannot be immediates are made before it.
func TestLoopWithoutMoves(t *testing.T) {
	a := allocated(t, &tinyTarget{5, 4}, `func 0 "sum" loop=-1 room=4 (i32, i32)
		b0:
			v0:i32 = param 0
			v1:i32 = param 1
			v2:i32 = const 0
			v3:i32 = const 7
			v20:f64 = const 0x3ff0000000000000
			v21:f64 = slot_load imm=0
			jump b1
		b1(b0, b2):
			v4:i32 = phi v2, v7
			v5:i32 = phi v2, v8
			v22:f64 = phi v21, v23
			v6:i32 = i32.mul v5, v3
			v23:f64 = f64.sub v22, v20
			v7:i32 = i32.add v4, v6
			v8:i32 = i32.add v5, v1
			if v7 b2, b3
		b2(b1):
			jump b1
		b3(b1):
			slot_store v23 imm=0
			return v7
	`)
	for _, b := range []int32{1, 2} {
		if m := movesIn(a, b); len(m) > 0 {
			t.Errorf("%d moves in b%d\n%s", len(m), b, showAllocation(a))
		}
	}
	if a.SpillWords > 0 {
		t.Errorf("%d words are spilled", a.SpillWords)
	}
}

// TestSpillBeforeLoop: a value that a loop only has in its polls' states makes room, and is stored outside.
func TestSpillBeforeLoop(t *testing.T) {
	a := allocated(t, &tinyTarget{3, 2}, `func 0 "f" loop=-1 room=8 (i32, i32)
		b0:
			v0:i32 = param 0
			v1:i32 = param 1
			v2:i32 = slot_load imm=2
			v3:i32 = i32.mul v0, v1
			v4:i32 = i32.mul v3, v2
			jump b1
		b1(b0, b2):
			v5:i32 = phi v2, v8
			poll @poll{pos=0 point=0 acc=-1 state=[0:v0 1:v1 2:v3 3:v4 4:v5]}
			v6:i32 = i32.mul v5, v5
			v7:i32 = i32.mul v6, v3
			v8:i32 = i32.mul v7, v5
			if v8 b2, b3
		b2(b1):
			jump b1
		b3(b1):
			v9:i32 = i32.mul v8, v0
			v10:i32 = i32.mul v9, v1
			v11:i32 = i32.mul v10, v4
			return v11
	`)
	for _, b := range []int32{1, 2} {
		if m := movesIn(a, b); len(m) > 0 {
			t.Errorf("%d moves in b%d\n%s", len(m), b, showAllocation(a))
		}
	}
}

// TestCheckerFindsFaults: an allocation with a move left out, or with two operands exchanged, is refused.
func TestCheckerFindsFaults(t *testing.T) {
	moves, missed := 0, 0
	exchanged, same := 0, 0
	for seed := range 24 {
		target := &tinyTarget{4, 4}
		f := randomFunc(int64(seed), 60, true)
		a, err := allocate(f, target)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Blocks {
			b := &a.Blocks[i]
			all := b.Instrs
			for k := range all {
				if in := &all[k]; in.Value == nil {
					b.Instrs = slices.Delete(slices.Clone(all), k, k+1)
					moves++
					if checkAllocation(a, target) == nil {
						missed++
					}
					b.Instrs = all
				} else if u := in.Uses; len(u) == 2 && u[0] != u[1] && in.Value.Op != ir.OpCall && in.Value.Args[0] != in.Value.Args[1] {
					u[0], u[1] = u[1], u[0]
					if checkAllocation(a, target) == nil {
						same++ // a phi, and what it is a phi of
					}
					u[0], u[1] = u[1], u[0]
					exchanged++
				}
			}
		}
	}
	// Some moves are for nothing: the places where a value changes its register follow the layout, and not all ways have uses.
	if moves < 1000 || exchanged < 200 || same*100 > exchanged || missed*10 > moves {
		t.Errorf("%d of %d missing moves were not found, %d operands exchanged, %d of them unnoticed", missed, moves, exchanged, same)
	}
	t.Logf("%d of %d missing moves were not found", missed, moves)
}

// BenchmarkAllocate is for a large function with much pressure.
func BenchmarkAllocate(b *testing.B) {
	f := randomFunc(1, 45000, true)
	target := &tinyTarget{11, 15}
	b.ReportMetric(float64(f.NumValues()), "values")
	for b.Loop() {
		if _, err := allocate(f, target); err != nil {
			b.Fatal(err)
		}
	}
}
