package jit

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the time that the processor has worked for the calling thread; a goroutine that compares two of them is locked to its thread.
func threadTime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) != nil {
		return time.Since(started)
	}
	return time.Duration(ts.Nano())
}
