package wasi

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

// clockStep is how far a deterministic clock moves with each look at it. It is small beside any timeout, and not so
// small that a program which spins until a millisecond has passed would spin for long.
const clockStep = time.Microsecond

// clock is the guest's time. All times are in nanoseconds.
//
// The guest's monotonic time is offset plus what the host's has moved since base. It belongs to the program: saved as
// what it shows, it becomes the offset where the program goes on, so that it stands still while the program does.
type clock struct {
	wall func() time.Time
	mono func() time.Duration
	base time.Duration
	// offset is what the monotonic clock showed at base.
	offset int64

	// virtual is the deterministic time since start; both clocks are derived from it.
	deterministic bool
	start         int64
	virtual       atomic.Int64
}

func newClock(c *Config) *clock {
	k := &clock{wall: c.wall, mono: c.mono, deterministic: c.deterministic, offset: 1}
	if k.wall == nil {
		k.wall = time.Now
	}
	if k.mono == nil {
		begin := time.Now()
		k.mono = func() time.Duration { return time.Since(begin) }
	}
	k.base = k.mono()
	if c.deterministic {
		k.start = c.start.UnixNano()
	}
	return k
}

// realtime is the time since 1970.
func (k *clock) realtime() int64 {
	if k.deterministic {
		return k.start + k.virtual.Add(int64(clockStep))
	}
	return k.wall().UnixNano()
}

// monotonic is the time since the program began, not counting when it was frozen.
func (k *clock) monotonic() int64 {
	if k.deterministic {
		return k.virtual.Add(int64(clockStep))
	}
	return k.offset + int64(k.mono()-k.base)
}

// show is what clock id shows. The processor clocks show the time since the program began: the host does not know
// which processor time is the guest's.
func (k *clock) show(id uint32) (int64, error) {
	switch id {
	case clockRealtime:
		return k.realtime(), nil
	case clockMonotonic, clockProcessCPU, clockThreadCPU:
		return k.monotonic(), nil
	}
	return 0, EINVAL
}

// resolution is the same for all clocks.
func (k *clock) resolution() int64 {
	if k.deterministic {
		return int64(clockStep)
	}
	return 1
}

// sleep moves a deterministic clock.
func (k *clock) sleep(d int64) { k.virtual.Add(d) }

// now is for times of files that the guest asks to be set to now.
func (k *clock) now() time.Time { return time.Unix(0, k.realtime()) }

// freeze is what the monotonic clock shows, without moving it.
func (k *clock) freeze() int64 {
	if k.deterministic {
		return k.virtual.Load()
	}
	return k.monotonic()
}

// thaw makes the monotonic clock go on from what freeze gave.
func (k *clock) thaw(shown int64) {
	k.offset, k.base = shown, k.mono()
	k.virtual.Store(shown)
}

func (s *System) clockResGet(c call, a []uint64) error {
	if uint32(a[0]) > clockThreadCPU {
		return EINVAL
	}
	return c.mem.putUint64(ptr(a[1]), uint64(s.clock.resolution()))
}

func (s *System) clockTimeGet(c call, a []uint64) error {
	out, err := c.mem.view(ptr(a[2]), 8)
	if err != nil {
		return err
	}
	t, err := s.clock.show(uint32(a[0]))
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(out, uint64(t))
	return nil
}
