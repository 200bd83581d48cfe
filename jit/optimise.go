package jit

import (
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/jit/opt"
)

// optimise runs all passes on f: see package opt. Critical edges are split afterwards, and blocks are in layout order.
func optimise(f *ir.Func) { opt.Run(f) }
