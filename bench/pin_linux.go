package bench

import "golang.org/x/sys/unix"

// pinThread moves the calling thread, which must be locked to its goroutine, to one CPU. restore undoes it.
func pinThread(cpu int) (restore func() error, err error) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return nil, err
	}
	return func() error { return unix.SchedSetaffinity(0, &before) }, nil
}
