package wasi

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// poll is a poll_oneoff in progress. It goes over the guest's array of subscriptions as often as something may have
// become ready, and writes no event before it has some: given up in between, the call has not happened.
type poll struct {
	s      *System
	subs   []byte
	events []byte
	n      int   // events written
	waited int64 // how long earlier attempts of the same call have waited
	begin  int64 // what the monotonic clock showed when this attempt began
	note   chan struct{}
	inputs []*input // which note is with
	looks  []look   // of the scan in progress
}

// look is what an input showed in one scan. It is asked once for all of its subscriptions: what arrives while the scan
// goes on must not be told to some of them only.
type look struct {
	in     *input
	n      int
	hangup bool
	ok     bool
}

// subscription is a record of the guest's (witx: $subscription).
type subscription struct {
	userdata uint64
	tag      byte
	fd       uint32
	clock    uint32
	timeout  uint64
	abs      bool
}

func (p *poll) sub(i int) subscription {
	b := p.subs[i*sizeSubscription:][:sizeSubscription]
	le := binary.LittleEndian
	s := subscription{userdata: le.Uint64(b), tag: b[8]}
	if s.tag == eventClock {
		s.clock, s.timeout = le.Uint32(b[16:]), le.Uint64(b[24:])
		s.abs = le.Uint16(b[40:])&subclockAbstime != 0
	} else {
		s.fd = le.Uint32(b[16:])
	}
	return s
}

// event writes an event (witx: $event). There is room for one for each subscription.
func (p *poll) event(s subscription, err Errno, bytes uint64, flags uint16) {
	b := p.events[p.n*sizeEvent:][:sizeEvent]
	clear(b)
	putUint64(b, s.userdata)
	putUint16(b[8:], uint16(err))
	b[10] = s.tag
	putUint64(b[16:], bytes)
	putUint16(b[24:], flags)
	p.n++
}

func (s *System) pollOneoff(c call, a []uint64) error {
	n := ptr(a[2])
	if n == 0 {
		return EINVAL
	}
	out, err := c.mem.view(ptr(a[3]), 4)
	if err != nil {
		return err
	}
	p := poll{s: s}
	if p.subs, err = c.mem.view(ptr(a[0]), n*sizeSubscription); err != nil {
		return err
	}
	if p.events, err = c.mem.view(ptr(a[1]), n*sizeEvent); err != nil {
		return err
	}
	for i := range int(n) {
		if p.sub(i).tag > eventWrite {
			return EINVAL
		}
	}
	if pending, ok := c.w.Resumed(); ok {
		p.waited = waitedOf(pending)
	}
	p.begin = s.clock.monotonic()
	if err := p.wait(c.w); err != nil {
		return err
	}
	putUint32(out, uint32(p.n))
	return nil
}

// wait returns when there are events, or when it is interrupted.
func (p *poll) wait(w waiter) error {
	defer p.forget()
	var timer *time.Timer
	for fired := false; ; {
		left, waiting := p.scan(fired)
		if p.n > 0 {
			return nil
		}
		var timeout <-chan time.Time
		switch {
		case left == math.MaxInt64:
		case p.s.clock.deterministic && !waiting:
			// Nothing else can happen: time passes at once.
			p.s.clock.sleep(left)
			fired = true
			continue
		case p.s.clock.deterministic:
			// Input arrives before time passes.
		default:
			if timer == nil {
				timer = time.NewTimer(time.Duration(left))
				defer timer.Stop()
			}
			timeout = timer.C
		}
		select {
		case <-p.note:
		case <-timeout:
			fired = true
		case <-w.Interrupted():
			return w.Suspend(p.pending())
		}
	}
}

// scan goes over the subscriptions and writes an event for each that is due. It tells how long it is until the first
// clock is, and whether some input is waited for. fired says that the shortest wait is over, whatever the clock shows:
// a host's timer and its clock need not agree to the nanosecond.
func (p *poll) scan(fired bool) (left int64, waiting bool) {
	left = math.MaxInt64
	p.looks = p.looks[:0]
	now := p.s.clock.freeze()
	for i := range len(p.subs) / sizeSubscription {
		s := p.sub(i)
		if s.tag == eventClock {
			if rest, err := p.rest(s, now); err == Success {
				left = min(left, rest)
			}
			continue
		}
		if !p.ready(s) {
			waiting = true
		}
	}
	// A second look writes the clocks' events, when there is anything to be told at all.
	for i := range len(p.subs) / sizeSubscription {
		s := p.sub(i)
		if s.tag != eventClock {
			continue
		}
		rest, err := p.rest(s, now)
		if err != Success {
			p.event(s, err, 0, 0)
		} else if rest <= 0 || fired && rest <= left {
			p.event(s, Success, 0, 0)
		}
	}
	return left, waiting
}

// rest is how long it is until a clock is due.
func (p *poll) rest(s subscription, now int64) (int64, Errno) {
	timeout := int64(min(s.timeout, math.MaxInt64/2))
	switch {
	case s.clock > clockThreadCPU:
		return 0, EINVAL
	case !s.abs:
		return timeout - p.waited - (now - p.begin), Success
	case s.clock == clockRealtime && p.s.clock.deterministic:
		return timeout - p.s.clock.start - now, Success
	case s.clock == clockRealtime:
		return timeout - p.s.clock.realtime(), Success
	}
	return timeout - now, Success
}

// ready writes the event of a descriptor, unless there is nothing to be read yet.
func (p *poll) ready(s subscription) bool {
	d, err := p.s.fd(uint64(s.fd), rightPollFdReadwrite)
	if err != nil {
		p.event(s, errnoOf(err), 0, 0)
		return true
	}
	switch o := d.obj.(type) {
	case *file:
		p.event(s, Success, o.rest(s.tag), 0)
	case *stream:
		if s.tag == eventRead && o.in != nil {
			return p.readable(s, o.in)
		}
		if s.tag == eventRead || o.out == nil {
			p.event(s, EBADF, 0, 0)
			return true
		}
		p.event(s, Success, gatherSize, 0)
	default:
		p.event(s, EBADF, 0, 0)
	}
	return true
}

func (p *poll) readable(s subscription, in *input) bool {
	l := p.look(in)
	if !l.ok {
		return false
	}
	var flags uint16
	if l.hangup {
		flags = eventHangup
	}
	p.event(s, Success, uint64(l.n), flags)
	return true
}

// look asks an input that this scan has not asked yet.
func (p *poll) look(in *input) look {
	if i := slices.IndexFunc(p.looks, func(l look) bool { return l.in == in }); i >= 0 {
		return p.looks[i]
	}
	if p.note == nil {
		p.note = make(chan struct{}, 1)
	}
	l := look{in: in}
	l.n, l.hangup, l.ok = in.ready(p.note)
	if !l.ok && !slices.Contains(p.inputs, in) {
		p.inputs = append(p.inputs, in)
	}
	p.looks = append(p.looks, l)
	return l
}

// rest is how much there is to be read of a file, or for writing that there is room.
func (f *file) rest(tag byte) uint64 {
	if tag == eventWrite {
		return gatherSize
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	size, err := f.size()
	if err != nil || size <= f.off {
		return 0
	}
	return uint64(size - f.off)
}

// forget takes the note back from all inputs that still have it.
func (p *poll) forget() {
	for _, in := range p.inputs {
		in.forget(p.note)
	}
}

// pending is what a call that gives up leaves for its next attempt: how long it has waited, in nanoseconds. That is
// what remains of every relative timeout; absolute ones need nothing.
func (p *poll) pending() []byte {
	return binary.AppendUvarint(nil, uint64(p.waited+max(p.s.clock.freeze()-p.begin, 0)))
}

// waitedOf reads what pending wrote. Anything else has waited for no time.
func waitedOf(pending []byte) int64 {
	v, n := binary.Uvarint(pending)
	if n <= 0 || v > math.MaxInt64/4 {
		return 0
	}
	return int64(v)
}
