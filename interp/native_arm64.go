//go:build linux

package interp

// enterMachine and callMachine are how machine code is entered.
var enterMachine, callMachine = nativeEnter, nativeCall

// Registers by which machine code passes arguments and results: their numbers in NativeContext.ints and floats.
var (
	nativeIntArgs   = [...]uint8{0, 1, 2, 3, 4, 5}
	nativeFloatArgs = [...]uint8{0, 1, 2, 3, 4, 5}
)

const (
	nativeIntResult   = 0
	nativeFloatResult = 0
	nativeRecordReg   = 9  // address of the record that was called through
	nativeCountReg    = 23 // in code that counts: what is left

	returnCell = 16 // what a return address takes on the machine stack
)
