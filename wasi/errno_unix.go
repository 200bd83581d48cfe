//go:build unix

package wasi

import "syscall"

// hostErrnos are numbers that have no row of their own in preview 1, or that hosts use in another sense.
var hostErrnos = [...]struct {
	host  syscall.Errno
	guest Errno
}{
	{syscall.EWOULDBLOCK, EAGAIN},
	{syscall.EOPNOTSUPP, ENOTSUP},
	{syscall.ETXTBSY, ETXTBSY},
	{syscall.ETOOMANYREFS, EMFILE},
	{syscall.ENOTBLK, ENODEV},
}
