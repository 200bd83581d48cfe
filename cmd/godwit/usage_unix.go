//go:build unix

package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// usage is the time that the process has used of all cores, and the memory that it occupies: now on Linux, at most so
// far elsewhere.
func usage() (cpu time.Duration, memory uint64) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	switch runtime.GOOS {
	case "linux":
		memory = resident()
	case "darwin", "ios":
		memory = uint64(u.Maxrss) // bytes
	default:
		memory = uint64(u.Maxrss) << 10
	}
	return cpu, memory
}

// resident is the second number in statm, in pages.
func resident() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	if f := bytes.Fields(b); len(f) > 1 {
		n, _ := strconv.ParseUint(string(f[1]), 10, 64)
		return n * uint64(os.Getpagesize())
	}
	return 0
}
