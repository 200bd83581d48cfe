//go:build linux

package interp

import "unsafe"

// enterMachine and callMachine are nativeEnter and nativeCall without the wrapper that the compiler makes around assembly, whose return would
// be mispredicted each time. A func value is a pointer to a word with the code's address (see Thread.run), and Go's calling
// convention has the first two arguments in AX and BX, the goroutine in R14 and zero in X15, keeps nothing in any other register than BP,
// and wants these three back. TestMachineCodeIsEnteredDirectly watches it.
var (
	directEnter, directCall = stubEnterDirect(), stubCallDirect()

	enterMachine = funcAtAddress(&directEnter)
	callMachine  = funcAtAddress(&directCall)
)

// funcAtAddress is the func value of the code whose address is in a word.
func funcAtAddress(word *uintptr) func(ctx *NativeContext, pc uintptr) {
	return *(*func(ctx *NativeContext, pc uintptr))(unsafe.Pointer(&word))
}

// stubEnterDirect is the address of the code of enterMachine.
func stubEnterDirect() uintptr

// stubCallDirect is the address of the code of callMachine.
func stubCallDirect() uintptr

// Registers by which machine code passes arguments and results: their numbers in NativeContext.ints and floats.
var (
	nativeIntArgs   = [...]uint8{0, 1, 2, 6, 7, 8}
	nativeFloatArgs = [...]uint8{0, 1, 2, 3, 4, 5}
)

const (
	nativeIntResult   = 0
	nativeFloatResult = 0
	nativeRecordReg   = 10 // address of the record that was called through
	nativeCountReg    = 12 // in code that counts: what is left

	returnCell = 8 // what a return address takes on the machine stack
)
