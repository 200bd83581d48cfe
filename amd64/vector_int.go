package amd64

import "github.com/godwit-vm/godwit/jit/ir"

func vectorIntRules() map[ir.Op]rule { return nil }
