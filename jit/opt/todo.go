package opt

import "github.com/godwit-vm/godwit/jit/ir"

func memory(f *ir.Func) {}
func bounds(f *ir.Func) {}
func licm(f *ir.Func)   {}
func slots(f *ir.Func)  {}
