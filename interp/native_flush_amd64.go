//go:build linux

package interp

// nativeTrap is an instruction that ends the process: INT3.
var nativeTrap = [4]byte{0xcc, 0xcc, 0xcc, 0xcc}

// nativeFlush has nothing to do: instruction caches see what is written.
func nativeFlush(write, exec, size uintptr) {}
