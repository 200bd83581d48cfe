package amd64

import "github.com/godwit-vm/godwit/jit/ir"

func vectorFloatRules() map[ir.Op]rule { return nil }
