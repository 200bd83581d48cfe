//go:build linux

package interp

// Registers by which machine code passes arguments and results: their numbers in NativeContext.ints and floats.
var (
	nativeIntArgs   = [...]uint8{0, 1, 2, 6, 7, 8}
	nativeFloatArgs = [...]uint8{0, 1, 2, 3, 4, 5}
)

const (
	nativeIntResult   = 0
	nativeFloatResult = 0
	nativeRecordReg   = 10 // address of the record that was called through

	returnCell = 8 // what a return address takes on the machine stack
)
