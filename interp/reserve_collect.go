//go:build (linux || darwin || freebsd || netbsd || openbsd) && (amd64 || arm64 || s390x || ppc64le || riscv64 || loong64)

package interp

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Mappings are a resource that Go's collector knows nothing of: a process may have filled its address space with memories that nobody can
// reach while the Go heap, in which each is a few hundred bytes, is far from its next collection. So when a reservation cannot be had,
// Go's heap is collected, and then it is tried again.

// mappings counts those of the reservations that are not given back yet. freed counts how often some were.
var mappings, freed atomic.Int64

// newReservation reserves size bytes that count for maps mappings, or returns nil. must says that there is no other way to go on than
// with a reservation.
func newReservation(size uintptr, prot int, maps int64, must bool) *reservation {
	for range 3 {
		seen := freed.Load()
		if mappings.Add(maps) <= maxMappings {
			if base, err := unix.MmapPtr(-1, 0, nil, size, prot, unix.MAP_PRIVATE|unix.MAP_ANON); err == nil {
				return &reservation{base, size, maps}
			}
		}
		mappings.Add(-maps)
		if !collector.collect(seen, maps, must) {
			break
		}
	}
	return nil
}

// cut gives back all but the first size bytes.
func (r *reservation) cut(size uintptr) {
	if size == 0 {
		r.free()
		return
	}
	if size < r.size {
		unix.MunmapPtr(unsafe.Add(r.base, size), r.size-size)
		r.size = size
	}
	r.counts(1)
}

// free gives back what is left.
func (r *reservation) free() {
	if r.base != nil {
		unix.MunmapPtr(r.base, r.size)
		r.base, r.size = nil, 0
		r.counts(0)
	}
}

// counts says that r counts for fewer mappings from now on.
func (r *reservation) counts(maps int64) {
	mappings.Add(maps - r.maps)
	r.maps = maps
	freed.Add(1)
}

// collector collects Go's heap for the sake of mappings.
var collector mappingCollector

type mappingCollector struct {
	mu    sync.Mutex
	last  time.Time // end of the last collection
	found int64     // mappings that it gave back
}

// collect collects what cannot be reached, and waits a moment for its mappings to be given back. It reports whether some
// have been since freed was seen, and trying again is worth while. Collections that find little do not follow each other closely.
func (c *mappingCollector) collect(seen, maps int64, must bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if freed.Load() != seen {
		return true // somebody else has collected, or closed a store
	}
	worth := int64(collectWorth)
	if must {
		worth = 1
	}
	if c.found < worth && !c.last.IsZero() && time.Since(c.last) < collectPause {
		return false
	}
	before := mappings.Load()
	runtime.GC()
	for end := time.Now().Add(collectWait); time.Now().Before(end); time.Sleep(time.Millisecond / 4) {
		// Cleanups run one after the other, so that the first mapping is hardly the last.
		if freed.Load() != seen && mappings.Load()+maps <= maxMappings {
			break
		}
	}
	c.last, c.found = time.Now(), max(before-mappings.Load(), 0)
	return freed.Load() != seen
}
