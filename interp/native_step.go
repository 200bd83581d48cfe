package interp

// NativeStep is an instruction that machine code leaves to the interpreter: threaded code of its own, which takes its operands from their
// own slots, leaves its results there, and then stops. It is made by Module.NativeStep.
type NativeStep struct {
	code []instr
	at   int32 // the instruction of the function's code where the interpreter would stand, for backtraces and roots
}
