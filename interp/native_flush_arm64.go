//go:build linux

package interp

// nativeTrap is an instruction that ends the process: BRK #0.
var nativeTrap = [4]byte{0x00, 0x00, 0x20, 0xd4}

// nativeFlush makes size bytes of code, just written at address write, what is executed at exec, where the same memory is
// visible. The data cache is cleaned through the one view, and the instruction cache, which may be looked up by address, emptied
// through the other.
func nativeFlush(write, exec, size uintptr)
