package wasi

import (
	"errors"
	"io"
	"os"
	"time"
)

// errCancelled ends a read that was asked to end before it had read anything.
var errCancelled = errors.New("read was given up")

// cancellable returns a function that reads from r once, and one that makes it give up, with errCancelled, if it still
// waits; that one is nil where there is no such way.
func cancellable(r io.Reader) (read func([]byte) (int, error), cancel func()) {
	if d, ok := r.(interface{ SetReadDeadline(time.Time) error }); ok && d.SetReadDeadline(time.Time{}) == nil {
		read = func(b []byte) (int, error) {
			n, err := r.Read(b)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				_ = d.SetReadDeadline(time.Time{})
				err = nil
				if n == 0 {
					err = errCancelled
				}
			}
			return n, err
		}
		return read, func() { _ = d.SetReadDeadline(time.Unix(1, 0)) }
	}
	if f, ok := r.(*os.File); ok {
		if read, cancel := cancellableFile(f); cancel != nil {
			return read, cancel
		}
	}
	return r.Read, nil
}
