package modgen

import (
	"maps"
	"slices"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

func TestEveryModuleIsValid(t *testing.T) {
	n := uint64(1000)
	if testing.Short() {
		n = 100
	}
	for seed := range n {
		m := Generate(seed, Config{})
		b, err := m.Encode()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if _, err := wasm.Decode(b, m.Features); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// notGenerated are the instructions that no module has: what is not among the features that are on by default, and what
// structured instructions bring with them.
var notGenerated = map[wasm.Op]bool{
	wasm.OpElse: true, wasm.OpEnd: true, wasm.OpCatch: true, wasm.OpCatchAll: true, wasm.OpDelegate: true,
}

func TestEveryInstructionIsGenerated(t *testing.T) {
	missing := map[wasm.Op]string{}
	for row := range wasm.Ops() {
		if !notGenerated[row.Op] && wasm.DefaultFeatures.Has(row.Feature) {
			missing[row.Op] = row.Name
		}
	}
	for seed := range uint64(3000) {
		Generate(seed, Config{}).each(func(i *Instr) { delete(missing, i.Op) })
		if len(missing) == 0 {
			return
		}
	}
	t.Errorf("no module has any of %v", slices.Collect(maps.Values(missing)))
}

func TestASeedIsAlwaysTheSameModule(t *testing.T) {
	for seed := range uint64(50) {
		a, _ := Generate(seed, Config{}).Encode()
		b, _ := Generate(seed, Config{}).Encode()
		if string(a) != string(b) {
			t.Fatalf("seed %d gives two modules", seed)
		}
	}
}

// TestShrinkKeepsWhatFails shrinks modules to those that have a certain instruction, whatever that is in.
func TestShrinkKeepsWhatFails(t *testing.T) {
	for _, op := range []wasm.Op{wasm.OpI64Popcnt, wasm.OpTableGrow, wasm.OpI16x8AvgrU, wasm.OpBrOnCast, wasm.OpI64MulWideS, wasm.OpDelegate} {
		t.Run(op.String(), func(t *testing.T) {
			for seed := uint64(0); ; seed++ {
				m := Generate(seed, Config{})
				if !hasOp(m, op) {
					continue
				}
				Shrink(m, 20_000, func(m *Module) bool {
					b, err := m.Encode()
					if err != nil || !hasOp(m, op) {
						return false
					}
					_, err = wasm.Decode(b, m.Features)
					return err == nil
				})
				b, err := m.Encode()
				if err != nil || !hasOp(m, op) || len(b) > 250 {
					t.Errorf("seed %d: %d bytes are left, %v", seed, len(b), err)
				}
				return
			}
		})
	}
}

// hasOp tells whether a module has an instruction; delegate is a try with a label.
func hasOp(m *Module, op wasm.Op) (has bool) {
	m.each(func(i *Instr) {
		has = has || i.Op == op || op == wasm.OpDelegate && i.Op == wasm.OpTry && len(i.Labels) > 0
	})
	return has
}
