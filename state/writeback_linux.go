package state

import (
	"os"

	"golang.org/x/sys/unix"
)

// startWriteback has the kernel begin to write a part of f to the disk, and does not wait for it. It is only a matter
// of speed: an error says that Sync will have more to do.
func startWriteback(f *os.File, off, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), off, n, unix.SYNC_FILE_RANGE_WRITE)
}
