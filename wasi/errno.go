package wasi

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Errno is an error code of preview 1. As an error it is what a function answers the guest with; 0 is success and never
// stands in an error.
type Errno uint16

// The codes of preview 1, in its order (witx: $errno).
const (
	Success Errno = iota
	E2BIG
	EACCES
	EADDRINUSE
	EADDRNOTAVAIL
	EAFNOSUPPORT
	EAGAIN
	EALREADY
	EBADF
	EBADMSG
	EBUSY
	ECANCELED
	ECHILD
	ECONNABORTED
	ECONNREFUSED
	ECONNRESET
	EDEADLK
	EDESTADDRREQ
	EDOM
	EDQUOT
	EEXIST
	EFAULT
	EFBIG
	EHOSTUNREACH
	EIDRM
	EILSEQ
	EINPROGRESS
	EINTR
	EINVAL
	EIO
	EISCONN
	EISDIR
	ELOOP
	EMFILE
	EMLINK
	EMSGSIZE
	EMULTIHOP
	ENAMETOOLONG
	ENETDOWN
	ENETRESET
	ENETUNREACH
	ENFILE
	ENOBUFS
	ENODEV
	ENOENT
	ENOEXEC
	ENOLCK
	ENOLINK
	ENOMEM
	ENOMSG
	ENOPROTOOPT
	ENOSPC
	ENOSYS
	ENOTCONN
	ENOTDIR
	ENOTEMPTY
	ENOTRECOVERABLE
	ENOTSOCK
	ENOTSUP
	ENOTTY
	ENXIO
	EOVERFLOW
	EOWNERDEAD
	EPERM
	EPIPE
	EPROTO
	EPROTONOSUPPORT
	EPROTOTYPE
	ERANGE
	EROFS
	ESPIPE
	ESRCH
	ESTALE
	ETIMEDOUT
	ETXTBSY
	EXDEV
	ENOTCAPABLE
)

// errnos has a row for each code: its name, and the host's error that becomes it, where there is one. Where a host has
// two names for one number the first row with it counts.
var errnos = [...]struct {
	name string
	host syscall.Errno
}{
	Success:         {"SUCCESS", 0},
	E2BIG:           {"E2BIG", syscall.E2BIG},
	EACCES:          {"EACCES", syscall.EACCES},
	EADDRINUSE:      {"EADDRINUSE", syscall.EADDRINUSE},
	EADDRNOTAVAIL:   {"EADDRNOTAVAIL", syscall.EADDRNOTAVAIL},
	EAFNOSUPPORT:    {"EAFNOSUPPORT", syscall.EAFNOSUPPORT},
	EAGAIN:          {"EAGAIN", syscall.EAGAIN},
	EALREADY:        {"EALREADY", syscall.EALREADY},
	EBADF:           {"EBADF", syscall.EBADF},
	EBADMSG:         {"EBADMSG", syscall.EBADMSG},
	EBUSY:           {"EBUSY", syscall.EBUSY},
	ECANCELED:       {"ECANCELED", syscall.ECANCELED},
	ECHILD:          {"ECHILD", syscall.ECHILD},
	ECONNABORTED:    {"ECONNABORTED", syscall.ECONNABORTED},
	ECONNREFUSED:    {"ECONNREFUSED", syscall.ECONNREFUSED},
	ECONNRESET:      {"ECONNRESET", syscall.ECONNRESET},
	EDEADLK:         {"EDEADLK", syscall.EDEADLK},
	EDESTADDRREQ:    {"EDESTADDRREQ", syscall.EDESTADDRREQ},
	EDOM:            {"EDOM", syscall.EDOM},
	EDQUOT:          {"EDQUOT", syscall.EDQUOT},
	EEXIST:          {"EEXIST", syscall.EEXIST},
	EFAULT:          {"EFAULT", syscall.EFAULT},
	EFBIG:           {"EFBIG", syscall.EFBIG},
	EHOSTUNREACH:    {"EHOSTUNREACH", syscall.EHOSTUNREACH},
	EIDRM:           {"EIDRM", syscall.EIDRM},
	EILSEQ:          {"EILSEQ", syscall.EILSEQ},
	EINPROGRESS:     {"EINPROGRESS", syscall.EINPROGRESS},
	EINTR:           {"EINTR", syscall.EINTR},
	EINVAL:          {"EINVAL", syscall.EINVAL},
	EIO:             {"EIO", syscall.EIO},
	EISCONN:         {"EISCONN", syscall.EISCONN},
	EISDIR:          {"EISDIR", syscall.EISDIR},
	ELOOP:           {"ELOOP", syscall.ELOOP},
	EMFILE:          {"EMFILE", syscall.EMFILE},
	EMLINK:          {"EMLINK", syscall.EMLINK},
	EMSGSIZE:        {"EMSGSIZE", syscall.EMSGSIZE},
	EMULTIHOP:       {"EMULTIHOP", syscall.EMULTIHOP},
	ENAMETOOLONG:    {"ENAMETOOLONG", syscall.ENAMETOOLONG},
	ENETDOWN:        {"ENETDOWN", syscall.ENETDOWN},
	ENETRESET:       {"ENETRESET", syscall.ENETRESET},
	ENETUNREACH:     {"ENETUNREACH", syscall.ENETUNREACH},
	ENFILE:          {"ENFILE", syscall.ENFILE},
	ENOBUFS:         {"ENOBUFS", syscall.ENOBUFS},
	ENODEV:          {"ENODEV", syscall.ENODEV},
	ENOENT:          {"ENOENT", syscall.ENOENT},
	ENOEXEC:         {"ENOEXEC", syscall.ENOEXEC},
	ENOLCK:          {"ENOLCK", syscall.ENOLCK},
	ENOLINK:         {"ENOLINK", syscall.ENOLINK},
	ENOMEM:          {"ENOMEM", syscall.ENOMEM},
	ENOMSG:          {"ENOMSG", syscall.ENOMSG},
	ENOPROTOOPT:     {"ENOPROTOOPT", syscall.ENOPROTOOPT},
	ENOSPC:          {"ENOSPC", syscall.ENOSPC},
	ENOSYS:          {"ENOSYS", syscall.ENOSYS},
	ENOTCONN:        {"ENOTCONN", syscall.ENOTCONN},
	ENOTDIR:         {"ENOTDIR", syscall.ENOTDIR},
	ENOTEMPTY:       {"ENOTEMPTY", syscall.ENOTEMPTY},
	ENOTRECOVERABLE: {"ENOTRECOVERABLE", 0},
	ENOTSOCK:        {"ENOTSOCK", syscall.ENOTSOCK},
	ENOTSUP:         {"ENOTSUP", syscall.ENOTSUP},
	ENOTTY:          {"ENOTTY", syscall.ENOTTY},
	ENXIO:           {"ENXIO", syscall.ENXIO},
	EOVERFLOW:       {"EOVERFLOW", syscall.EOVERFLOW},
	EOWNERDEAD:      {"EOWNERDEAD", 0},
	EPERM:           {"EPERM", syscall.EPERM},
	EPIPE:           {"EPIPE", syscall.EPIPE},
	EPROTO:          {"EPROTO", syscall.EPROTO},
	EPROTONOSUPPORT: {"EPROTONOSUPPORT", syscall.EPROTONOSUPPORT},
	EPROTOTYPE:      {"EPROTOTYPE", syscall.EPROTOTYPE},
	ERANGE:          {"ERANGE", syscall.ERANGE},
	EROFS:           {"EROFS", syscall.EROFS},
	ESPIPE:          {"ESPIPE", syscall.ESPIPE},
	ESRCH:           {"ESRCH", syscall.ESRCH},
	ESTALE:          {"ESTALE", syscall.ESTALE},
	ETIMEDOUT:       {"ETIMEDOUT", syscall.ETIMEDOUT},
	ETXTBSY:         {"ETXTBSY", syscall.Errno(0)},
	EXDEV:           {"EXDEV", syscall.EXDEV},
	ENOTCAPABLE:     {"ENOTCAPABLE", 0},
}

// guestErrno finds the guest's code for the host's.
var guestErrno = func() map[syscall.Errno]Errno {
	m := make(map[syscall.Errno]Errno, len(errnos)+len(hostErrnos))
	for guest, row := range errnos {
		if _, ok := m[row.host]; !ok && row.host != 0 {
			m[row.host] = Errno(guest)
		}
	}
	for _, row := range hostErrnos {
		if _, ok := m[row.host]; !ok {
			m[row.host] = row.guest
		}
	}
	return m
}()

// String is the code's name as in the witx, in capitals and with an E in front.
func (e Errno) String() string {
	if int(e) < len(errnos) {
		return errnos[e].name
	}
	return fmt.Sprintf("errno(%d)", uint16(e))
}

func (e Errno) Error() string { return e.String() }

// errnoOf finds the guest's code for an error of the host; anything unknown is EIO.
func errnoOf(err error) Errno {
	if err == nil {
		return Success
	}
	if e, ok := err.(Errno); ok {
		return e
	}
	var guest Errno
	if errors.As(err, &guest) {
		return guest
	}
	var host syscall.Errno
	if errors.As(err, &host) {
		if e, ok := guestErrno[host]; ok {
			return e
		}
	}
	for _, row := range sentinels {
		if errors.Is(err, row.host) {
			return row.guest
		}
	}
	if isEscape(err) {
		return EPERM
	}
	return EIO
}

// sentinels are the errors of the standard library that stand for a condition, for hosts whose numbers say less.
var sentinels = [...]struct {
	host  error
	guest Errno
}{
	{fs.ErrNotExist, ENOENT},
	{fs.ErrExist, EEXIST},
	{fs.ErrPermission, EACCES},
	{fs.ErrInvalid, EINVAL},
	{fs.ErrClosed, EBADF},
	{os.ErrDeadlineExceeded, EAGAIN},
	{errors.ErrUnsupported, ENOTSUP},
	{io.ErrClosedPipe, EPIPE},
	{io.ErrNoProgress, EIO},
}
