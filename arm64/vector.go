package arm64

import "github.com/godwit-vm/godwit/jit/ir"

func isVector(ir.Op) bool { return false }

func (t *Target) vectorOperands(v *ir.Value, o *ir.Operands) {}

func (e *emitter) vector(v *ir.Value) {}
