package amd64

import "github.com/godwit-vm/godwit/jit/ir"

func vectorLaneRules() map[ir.Op]rule { return nil }
