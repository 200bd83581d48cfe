package arm64

import "github.com/godwit-vm/godwit/jit/ir"

func isAtomic(ir.Op) bool { return false }

func (t *Target) atomicOperands(v *ir.Value, o *ir.Operands) {}

func (e *emitter) atomic(v *ir.Value) {}
