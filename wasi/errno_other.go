//go:build !unix && !windows

package wasi

import "syscall"

// hostErrnos is empty: the table of preview 1's own codes says all that this host has.
var hostErrnos [0]struct {
	host  syscall.Errno
	guest Errno
}
