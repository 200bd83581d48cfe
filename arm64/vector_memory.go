package arm64

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// vectorMemoryRules are those of loads and stores. more is the size of lanes.
func vectorMemoryRules() map[ir.Op]vectorRule {
	rules := map[ir.Op]vectorRule{
		wasm.OpV128Load:       {emit: whole},
		wasm.OpV128Store:      {emit: whole},
		wasm.OpV128Load32Zero: {emit: zeroExtended, more: 2},
		wasm.OpV128Load64Zero: {emit: zeroExtended, more: 3},
	}
	for size := range uint32(3) {
		first := wasm.OpV128Load8x8S + 2*ir.Op(size)
		rules[first] = vectorRule{emit: widened, word: neonSSHLL | neonLeft(size, 0)}
		rules[first+1] = vectorRule{emit: widened, word: neonUSHLL | neonLeft(size, 0)}
	}
	for size := range uint32(4) {
		rules[wasm.OpV128Load8Splat+ir.Op(size)] = vectorRule{emit: splatted, word: neonLD1R | size<<10}
		rules[wasm.OpV128Load8Lane+ir.Op(size)] = vectorRule{emit: loadLane, more: size, same: 3}
		rules[wasm.OpV128Store8Lane+ir.Op(size)] = vectorRule{emit: storeLane, more: size}
	}
	return rules
}

func whole(e *emitter, v *ir.Value, _ *vectorRule) { e.memory(v, *memoryOps(v.Op)) }

func zeroExtended(e *emitter, v *ir.Value, r *vectorRule) {
	m := ldrS
	if r.more == 3 {
		m = ldrD
	}
	e.accessMemory(v, m, e.result)
}

func widened(e *emitter, v *ir.Value, r *vectorRule) {
	e.accessMemory(v, ldrD, e.result)
	e.a.v2(r.word, e.result, e.result)
}

func splatted(e *emitter, v *ir.Value, r *vectorRule) {
	e.addressIn(v)
	e.fault(v, e.a.word(neon2(r.word, e.result, tmp)))
}

func loadLane(e *emitter, v *ir.Value, r *vectorRule) {
	e.addressIn(v)
	e.fault(v, e.a.word(neonLD1(r.more, uint32(v.Aux), e.result, tmp, false)))
}

func storeLane(e *emitter, v *ir.Value, r *vectorRule) {
	e.addressIn(v)
	e.fault(v, e.a.word(neonLD1(r.more, uint32(v.Aux), e.arg(v, 2), tmp, true)))
}
