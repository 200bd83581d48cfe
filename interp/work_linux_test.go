package interp

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime is the time that processors have worked for the process.
func processTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}
