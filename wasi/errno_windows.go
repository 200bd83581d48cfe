package wasi

import "syscall"

// hostErrnos are the system error codes that file functions of Windows give.
var hostErrnos = [...]struct {
	host  syscall.Errno
	guest Errno
}{
	{syscall.ERROR_FILE_NOT_FOUND, ENOENT},
	{syscall.ERROR_PATH_NOT_FOUND, ENOENT},
	{syscall.ERROR_ACCESS_DENIED, EACCES},
	{syscall.ERROR_FILE_EXISTS, EEXIST},
	{syscall.ERROR_ALREADY_EXISTS, EEXIST},
	{syscall.ERROR_DIR_NOT_EMPTY, ENOTEMPTY},
	{syscall.ERROR_PRIVILEGE_NOT_HELD, EPERM},
	{syscall.ERROR_BROKEN_PIPE, EPIPE},
	{syscall.ERROR_BUFFER_OVERFLOW, ENAMETOOLONG},
	{syscall.Errno(6), EBADF},     // ERROR_INVALID_HANDLE
	{syscall.Errno(17), EXDEV},    // ERROR_NOT_SAME_DEVICE
	{syscall.Errno(19), EROFS},    // ERROR_WRITE_PROTECT
	{syscall.Errno(32), EBUSY},    // ERROR_SHARING_VIOLATION
	{syscall.Errno(87), EINVAL},   // ERROR_INVALID_PARAMETER
	{syscall.Errno(112), ENOSPC},  // ERROR_DISK_FULL
	{syscall.Errno(123), ENOENT},  // ERROR_INVALID_NAME
	{syscall.Errno(131), EINVAL},  // ERROR_NEGATIVE_SEEK
	{syscall.Errno(267), ENOTDIR}, // ERROR_DIRECTORY
	{syscall.Errno(1921), ELOOP},  // ERROR_CANT_RESOLVE_FILENAME
	{syscall.Errno(4390), EINVAL}, // ERROR_NOT_A_REPARSE_POINT
}
