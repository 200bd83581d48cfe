//go:build !linux && !darwin && !freebsd

package wasi

import "os"

// cancellableFile knows no way on this host.
func cancellableFile(*os.File) (read func([]byte) (int, error), cancel func()) { return nil, nil }
