// Package wasi is the host side of a guest: WASI preview 1 (wasi_snapshot_preview1) with all its 46 functions, made so
// that a program with open files, sleeping threads and half-read input can be frozen and carried on somewhere else.
//
// # How it is laid out
//
// A [Config] says what the guest may see; [New] makes a [System] of it, and System.HostFuncs is what the guest imports.
// funcs.go is the table of the functions, abi.go has the numbers of the binary interface, errno.go the errors as data,
// limits.go every limit. A guest's number leads through the table of descriptors (fdtable.go) to an object: a regular
// file (file.go), a folder (dir.go), or a stream, which is everything that cannot be sought (stdio.go, input.go). Paths
// are in path.go and open.go, waiting in poll.go. What differs between hosts is in the hostfs, errno, readdir and cancel
// files, a variant each for the hosts that have more than the standard library shows.
//
// # Nothing leads out
//
// Each mount is an os.Root, and so is each folder that the guest opens: a path, or a symbolic link on the way, that
// leads out of the folder it is relative to is EPERM. On Unix, os.Root resolves the folder that the last component is
// in, and the calls of the *at family do the rest on that one component, without following it; so the guest meets the
// host's own semantics and errors. Elsewhere the methods of os.Root do it all. Symbolic links to absolute paths are not
// made: the guest could not follow them, and others would be misled.
//
// Every pointer and count of the guest's is checked before anything happens. Where a call moves bytes, the place for its
// result is checked first, because bytes that have been read cannot be put back.
//
// # Waiting
//
// A host call has finished, or it has not happened, when the program is frozen. The calls that wait are fd_read of a
// stream and poll_oneoff. They wait for what they want and for interp.Caller.Interrupted; when that fires they return
// what Suspend gives, and are made again later. A read of a stream is done by a pump on another goroutine, which goes
// on when the call gives up. What it gets is kept for the next read, and is saved. Where the host can be asked to end a
// read that has not got anything (readers with deadlines, files on Unix), it is, so that input stays where it is until
// it is wanted. A poll_oneoff that gives up leaves how long it has waited: of its timeouts, what remains is waited for
// later, wherever that is. Writes are not interrupted; they last as long as the writer takes.
//
// # Time
//
// The monotonic clock is the program's. It stands still while the program is frozen and goes on from what it showed.
// The realtime clock is the host's. In deterministic mode both come from a counter of the program's own (clock.go).
//
// # What is saved, and how
//
// System is an interp.Resource. What an open file needs in order to be open again is its mount and path, access, flags,
// rights and offset; that it is the same file is told by its size and time of modification, or by its SHA-256 where
// Config.WithFileHash asked for it. A file that was unlinked while open has nothing but its contents, which are saved,
// and become an unlinked temporary file again. A folder keeps the listing that the guest is going through. A name
// follows the guest's own renames; a file that somebody else moved cannot be saved, and says so. RestoreState opens
// everything before it changes anything, and lists everything that it could not open.
//
// Version 1 of the saved state is a sequence of fields. A number is an unsigned LEB128 as in encoding/binary, one
// marked s is zigzag-coded, bool and byte are a byte, text and bytes are their length and then themselves.
//
//	arguments    n, n × text
//	environment  n, n × text ("NAME=value")
//	clock        bool deterministic, s start of the deterministic clock in ns, ns shown by the monotonic clock
//	random       bytes: state of the deterministic source, else empty
//	input        bytes read and not yet by the guest; 0, or 1 for the end of the file, or 2 + an errno to come after them
//	             bool that it is a regular file, and if so: offset, size, s modified ns
//	contents     n, n × bytes: of unlinked files
//	descriptors  n, n × descriptor, by ascending number
//
//	descriptor   number, byte kind, base rights, inheriting rights, rights given up, flags; then by kind:
//	  1 standard stream  byte 0, 1, 2
//	  2 file             text mount, text path, bool read, bool write, offset, size, s modified ns, bytes hash or empty
//	  3 unlinked file    text mount, text path, bool read, bool write, offset, index of contents
//	  4 folder           text mount, text path, bool mount itself, n, n × (text name, number, byte type)
//	  5 device           text mount, text path, bool read, bool write, input as above without the last line
//	  6 broken           errno, byte type
//
// The bytes are untrusted when they are read: no count is believed beyond the bytes that are left, a path goes through
// the same confinement as the guest's, and anything else is [ErrMalformed].
package wasi
