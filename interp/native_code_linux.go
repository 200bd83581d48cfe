//go:build amd64 || arm64

package interp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory for machine code.
//
// All machine code of the process is in one reservation of address space, so that one comparison tells whether an address is machine
// code's. The memory is a file without a name, mapped twice: one view can be written and not executed, the other
// executed and not written. No page is ever both, and none changes its protection, so that code can be added while other code runs.
//
// Code is published by whoever stores its address where machine code or the interpreter finds it. Before NewNativeCode returns, every
// processor that runs a thread of this process has synchronised its instruction stream with memory (membarrier), so that one
// that sees the address sees the code, even where other code was before.
//
// What is given back is overwritten with traps and rests for a while before it holds other code. A return to code that is gone, which would be a bug,
// then ends the process rather than going astray; and emulators which do not notice that code changes when it is written through
// another view have no old translation of it.

const (
	nativeReserve = 512 << 20
	nativeAlign   = 64       // a cache line of most processors
	nativeCommit  = 64 << 10 // the file grows by that much
	nativeRetired = 16 << 20 // so much that has been given back is not used again yet
)

// What the signal handler compares with. They are written before it is installed, and read by assembly.
//
//lint:ignore U1000 see native_signal_linux_*.s
var nativeCodeLo, nativeCodeSize uintptr

// errNativeFull says that there is no room for more machine code.
var errNativeFull = errors.New("interp: the memory for native code is full")

// codeSpan is a piece of code memory, by its offset.
type codeSpan struct{ off, size uintptr }

func (s codeSpan) end() uintptr { return s.off + s.size }

// codeMemory is the reservation. Pieces are taken from the first free one that is large enough, or from top on.
type codeMemory struct {
	mu      sync.Mutex
	opened  bool
	err     error
	most    uintptr // the size to reserve
	rest    uintptr // as nativeRetired
	fd      int
	size    uintptr
	exec    unsafe.Pointer
	write   unsafe.Pointer
	top     uintptr             // beyond, nothing is allocated
	backed  uintptr             // beyond, the file has no memory
	live    map[uintptr]uintptr // what is in use: sizes by offset
	retired []codeSpan          // given back, the oldest first
	resting uintptr             // bytes of retired
	free    []codeSpan          // to be used again: ascending, below top, no two adjacent
	barrier bool                // membarrier can be had
}

var nativeCode = codeMemory{most: nativeReserve, rest: nativeRetired}

// codeReused changes when memory that has held code may hold other code from now on: what is remembered of addresses is to be forgotten. Whoever runs
// that other code has passed alloc's barrier since.
var codeReused atomic.Uint32

// NewNativeCode makes a copy of code executable and returns its address, a multiple of 64. The code must not depend on where
// it is. It fails where the host refuses memory that can be executed, or when 512 MiB are in use. It may be called by several
// goroutines at once.
func NewNativeCode(code []byte) (base uintptr, err error) { return nativeCode.alloc(code) }

// FreeNativeCode gives back what NewNativeCode returned for size bytes. No thread may be executing it, nor have a return address into
// it on its machine stack; whoever comes there in spite of that meets an instruction that ends the process. It may be called by several
// goroutines at once.
func FreeNativeCode(base, size uintptr) { nativeCode.release(base, size) }

// ready reserves the memory, once.
func (c *codeMemory) ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open()
}

func (c *codeMemory) open() error {
	if c.opened {
		return c.err
	}
	c.opened = true
	if c.err = c.reserve(); c.err != nil {
		c.err = fmt.Errorf("interp: no memory for native code: %w", c.err)
	} else if c == &nativeCode {
		nativeCodeLo, nativeCodeSize = uintptr(c.exec), c.size
	}
	return c.err
}

func (c *codeMemory) reserve() error {
	fd, err := unix.MemfdCreate("godwit-code", unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if err == unix.EINVAL { // before Linux 6.3 all are executable
		fd, err = unix.MemfdCreate("godwit-code", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	size := c.most
	exec, write, err := mapTwice(fd, size)
	for err == unix.ENOMEM && size > c.most/16 { // the process's address space may be limited
		size /= 2
		exec, write, err = mapTwice(fd, size)
	}
	if err != nil {
		unix.Close(fd)
		return err
	}
	c.fd, c.size, c.exec, c.write = fd, size, exec, write
	c.live = map[uintptr]uintptr{}
	c.barrier = membarrier(registerSyncCore) == nil
	return nil
}

func mapTwice(fd int, size uintptr) (exec, write unsafe.Pointer, err error) {
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		return nil, nil, fmt.Errorf("ftruncate: %w", err)
	}
	if exec, err = unix.MmapPtr(fd, 0, nil, size, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_SHARED); err != nil {
		return nil, nil, err
	}
	if write, err = unix.MmapPtr(fd, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		unix.MunmapPtr(exec, size)
		return nil, nil, err
	}
	return exec, write, nil
}

// Commands of membarrier(2).
const (
	syncCore         = 1 << 5 // MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE
	registerSyncCore = 1 << 6 // MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
)

func membarrier(cmd uintptr) error {
	if _, _, e := unix.RawSyscall(unix.SYS_MEMBARRIER, cmd, 0, 0); e != 0 {
		return e
	}
	return nil
}

func (c *codeMemory) alloc(code []byte) (uintptr, error) {
	if len(code) == 0 {
		return 0, errors.New("interp: native code is empty")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.open(); err != nil {
		return 0, err
	}
	if uint64(len(code)) > uint64(c.size) {
		return 0, errNativeFull
	}
	s, err := c.take(alignCode(uintptr(len(code))))
	if err == errNativeFull {
		c.rested(0)
		s, err = c.take(alignCode(uintptr(len(code))))
	}
	if err != nil {
		return 0, err
	}
	c.live[s.off] = s.size
	copy(c.bytes(s), code)
	c.sync(s)
	return uintptr(c.exec) + s.off, nil
}

func alignCode(n uintptr) uintptr { return (n + nativeAlign - 1) &^ (nativeAlign - 1) }

// bytes are the writable view of s.
func (c *codeMemory) bytes(s codeSpan) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(c.write, s.off)), s.size)
}

// take allocates size bytes, which hold traps.
func (c *codeMemory) take(size uintptr) (codeSpan, error) {
	for i := range c.free {
		f := &c.free[i]
		if f.size < size {
			continue
		}
		s := codeSpan{f.off, size}
		if *f = (codeSpan{f.off + size, f.size - size}); f.size == 0 {
			c.free = slices.Delete(c.free, i, i+1)
		}
		return s, nil
	}
	s := codeSpan{c.top, size}
	if s.size > c.size-s.off {
		return s, errNativeFull
	}
	if err := c.back(s.end()); err != nil {
		return s, err
	}
	c.top = s.end()
	return s, nil
}

// back gives the file memory up to an offset. Asked for beforehand, memory that cannot be had is an error; touched without asking, a
// signal that ends the process.
func (c *codeMemory) back(end uintptr) error {
	if end <= c.backed {
		return nil
	}
	end = min((end+nativeCommit-1)&^(nativeCommit-1), c.size)
	more := codeSpan{c.backed, end - c.backed}
	err := unix.Fallocate(c.fd, 0, int64(more.off), int64(more.size))
	for err == unix.EINTR {
		err = unix.Fallocate(c.fd, 0, int64(more.off), int64(more.size))
	}
	if err != nil && err != unix.EOPNOTSUPP && err != unix.ENOSYS {
		return fmt.Errorf("interp: no memory for native code: %w", err)
	}
	fillTraps(c.bytes(more))
	c.backed = end
	return nil
}

// sync lets every processor see what has been written to s.
func (c *codeMemory) sync(s codeSpan) {
	nativeFlush(uintptr(c.write)+s.off, uintptr(c.exec)+s.off, s.size)
	if c.barrier {
		membarrier(syncCore)
	}
}

func (c *codeMemory) release(base, size uintptr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := codeSpan{base - uintptr(c.exec), alignCode(size)}
	if s.size == 0 || c.live[s.off] != s.size {
		panic(fmt.Sprintf("interp: bug: native code at %#x, %d bytes, is given back but not in use", base, size))
	}
	delete(c.live, s.off)
	fillTraps(c.bytes(s))
	c.sync(s)
	c.retired = append(c.retired, s)
	c.resting += s.size
	c.rested(c.rest)
}

// rested lets the oldest of what is retired be used again, until no more than most bytes are left.
func (c *codeMemory) rested(most uintptr) {
	n := 0
	for c.resting > most {
		c.resting -= c.retired[n].size
		c.reuse(c.retired[n])
		n++
	}
	c.retired = slices.Delete(c.retired, 0, n)
}

// reuse adds s to what is free.
func (c *codeMemory) reuse(s codeSpan) {
	codeReused.Add(1)
	i, _ := slices.BinarySearchFunc(c.free, s, func(a, b codeSpan) int { return cmp.Compare(a.off, b.off) })
	if i < len(c.free) && s.end() == c.free[i].off {
		s.size += c.free[i].size
		c.free = slices.Delete(c.free, i, i+1)
	}
	if i > 0 && c.free[i-1].end() == s.off {
		i--
		s = codeSpan{c.free[i].off, c.free[i].size + s.size}
		c.free = slices.Delete(c.free, i, i+1)
	}
	if s.end() == c.top {
		c.top = s.off
		return
	}
	c.free = slices.Insert(c.free, i, s)
}

// fillTraps fills b, a multiple of 4 bytes, with instructions that end the process (SIGTRAP).
func fillTraps(b []byte) {
	copy(b, nativeTrap[:])
	for n := len(nativeTrap); n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
