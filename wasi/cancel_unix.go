//go:build linux || darwin || freebsd

package wasi

import (
	"os"

	"golang.org/x/sys/unix"
)

// cancellableFile reads a file whose reads the Go runtime cannot end: a terminal or pipe in blocking mode, as standard
// input is. It waits in poll(2) for the file or a pipe of its own, and reads only what is there.
func cancellableFile(f *os.File) (read func([]byte) (int, error), cancel func()) {
	stop, wake, err := os.Pipe()
	if err != nil {
		return nil, nil
	}
	read = func(b []byte) (int, error) {
		defer stop.Close()
		defer wake.Close()
		fds := []unix.PollFd{
			{Fd: int32(f.Fd()), Events: unix.POLLIN},
			{Fd: int32(stop.Fd()), Events: unix.POLLIN},
		}
		for {
			_, err := unix.Poll(fds, -1)
			if err == unix.EINTR {
				continue
			}
			// Devices that poll does not know are read without it.
			if err == nil && fds[0].Revents == 0 {
				return 0, errCancelled
			}
			return f.Read(b)
		}
	}
	return read, func() { wake.Close() }
}
