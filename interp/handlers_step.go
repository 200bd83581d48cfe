package interp

import "unsafe"

// stepDone ends the threaded code of a NativeStep: the run loop is left.
func stepDone(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	t.exit = exitStep
	return &haltInstr, fp, acc, mb, ml, t
}
