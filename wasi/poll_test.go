package wasi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Subscriptions of the tests.
type clockSub struct {
	id      uint32
	timeout time.Duration
	abs     bool
}
type fdSub struct {
	tag byte
	fd  uint32
}

const (
	atSubs   = 0x4000
	atEvents = 0x6000
)

// subscribe writes subscriptions; their userdata are their index plus 100.
func (h *host) subscribe(subs ...any) (p, events, n uint64) {
	le := binary.LittleEndian
	clear(h.mem[atSubs : atSubs+len(subs)*sizeSubscription])
	for i, s := range subs {
		b := h.mem[atSubs+i*sizeSubscription:]
		le.PutUint64(b, uint64(100+i))
		switch s := s.(type) {
		case clockSub:
			le.PutUint32(b[16:], s.id)
			le.PutUint64(b[24:], uint64(s.timeout))
			if s.abs {
				le.PutUint16(b[40:], subclockAbstime)
			}
		case fdSub:
			b[8] = s.tag
			le.PutUint32(b[16:], s.fd)
		}
	}
	return atSubs, atEvents, uint64(len(subs))
}

// events reads the events that poll_oneoff wrote, as "userdata type errno bytes flags", sorted.
func (h *host) events() (list []string) {
	le := binary.LittleEndian
	for i := range int(h.u32(atOut)) {
		b := h.mem[atEvents+i*sizeEvent:]
		list = append(list, fmt.Sprintf("%d type %d %v bytes %d flags %d",
			le.Uint64(b), b[10], Errno(le.Uint16(b[8:])), le.Uint64(b[16:]), le.Uint16(b[24:])))
	}
	slices.Sort(list)
	return list
}

func (h *host) poll(subs ...any) []string {
	h.t.Helper()
	p, e, n := h.subscribe(subs...)
	h.ok("poll_oneoff", p, e, n, atOut)
	return h.events()
}

func TestPollEvents(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/f", "12345")
	h := newHost(t, NewConfig().WithDir(dir, "/", false).WithStdin(strings.NewReader("abc")))
	file := uint32(h.mustOpen(3, "f", 0, rw))
	for _, c := range []struct {
		name string
		subs []any
		want []string
	}{
		{"clock", []any{clockSub{1, time.Millisecond, false}}, []string{"100 type 0 SUCCESS bytes 0 flags 0"}},
		{"clock that is due", []any{clockSub{0, 1, true}}, []string{"100 type 0 SUCCESS bytes 0 flags 0"}},
		{"first of two clocks", []any{clockSub{1, time.Hour, false}, clockSub{0, time.Millisecond, false}},
			[]string{"101 type 0 SUCCESS bytes 0 flags 0"}},
		{"file", []any{fdSub{eventRead, file}, fdSub{eventWrite, file}},
			[]string{"100 type 1 SUCCESS bytes 5 flags 0", "101 type 2 SUCCESS bytes 4096 flags 0"}},
		{"input before a clock", []any{clockSub{1, time.Hour, false}, fdSub{eventRead, 0}},
			[]string{"101 type 1 SUCCESS bytes 3 flags 0"}},
		{"output", []any{fdSub{eventWrite, 1}}, []string{"100 type 2 SUCCESS bytes 4096 flags 0"}},
		{"reading output", []any{fdSub{eventRead, 1}}, []string{"100 type 1 EBADF bytes 0 flags 0"}},
		{"no descriptor", []any{fdSub{eventRead, 77}, clockSub{1, time.Hour, false}},
			[]string{"100 type 1 EBADF bytes 0 flags 0"}},
		{"no clock", []any{clockSub{9, 0, false}}, []string{"100 type 0 EINVAL bytes 0 flags 0"}},
	} {
		if d := cmp.Diff(c.want, h.poll(c.subs...)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
	h.want(EINVAL, "poll_oneoff", atSubs, atEvents, 0, atOut)
	p, e, n := h.subscribe(fdSub{3, 0})
	h.want(EINVAL, "poll_oneoff", p, e, n, atOut)
}

func TestPollWaitsForInput(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	h := newHost(t, NewConfig().WithStdin(r))
	go func() {
		time.Sleep(5 * time.Millisecond)
		r.ch <- "abc"
		close(r.ch)
	}()
	want := []string{"100 type 1 SUCCESS bytes 3 flags 0"}
	if d := cmp.Diff(want, h.poll(fdSub{eventRead, 0}, clockSub{1, time.Hour, false})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	h.wantRead(0, 10, "abc")
	want = []string{"100 type 1 SUCCESS bytes 0 flags 1", "101 type 1 SUCCESS bytes 0 flags 1"}
	if d := cmp.Diff(want, h.poll(fdSub{eventRead, 0}, fdSub{eventRead, 0})); d != "" {
		t.Errorf("at the end (-want +got):\n%s", d)
	}
	h.wantRead(0, 10, "")
}

// What arrives while subscriptions are gone over is told to all of them or to none.
func TestPollTellsAllSubscriptionsOfAnInput(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	h := newHost(t, NewConfig().WithStdin(r))
	at, events, n := h.subscribe(fdSub{eventRead, 0}, fdSub{eventRead, 0})
	p := poll{s: h.s, subs: h.mem[at:][:n*sizeSubscription], events: h.mem[events:][:n*sizeEvent]}
	defer p.forget()
	d, err := h.s.fd(0, rightPollFdReadwrite)
	if err != nil {
		t.Fatal(err)
	}
	in := d.obj.(*stream).in
	if p.ready(p.sub(0)) {
		t.Fatal("ready before there is input")
	}
	r.ch <- "x"
	for note := make(chan struct{}, 1); ; <-note {
		if _, _, ok := in.ready(note); ok {
			break
		}
	}
	if p.ready(p.sub(1)) {
		t.Error("the second subscription was told what the first was not")
	}
	if p.scan(false); p.n != 2 {
		t.Errorf("the next scan tells %d subscriptions, want both", p.n)
	}
}

func TestPollTimesOutBeforeInput(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	h := newHost(t, NewConfig().WithStdin(r))
	for range 3 {
		want := []string{"101 type 0 SUCCESS bytes 0 flags 0"}
		if d := cmp.Diff(want, h.poll(fdSub{eventRead, 0}, clockSub{1, time.Millisecond, false})); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	r.ch <- "late"
	h.wantRead(0, 10, "late")
}

// A sleep that is interrupted waits, when it is called again, for what remains; also in another System.
func TestInterruptedSleepKeepsWhatRemains(t *testing.T) {
	var mono atomic.Int64
	c := NewConfig().WithMonotonicClock(func() time.Duration { return time.Duration(mono.Load()) })
	h := newHost(t, c)
	p, e, n := h.subscribe(clockSub{1, time.Hour, false}, clockSub{1, 2 * time.Hour, false})
	sleep := func(d time.Duration) {
		t.Helper()
		h.w.wake = make(chan struct{})
		go func() {
			time.Sleep(5 * time.Millisecond)
			mono.Add(int64(d))
			close(h.w.wake)
		}()
		if _, err := h.try("poll_oneoff", p, e, n, atOut); err != errSuspend {
			t.Fatalf("interrupted: %v", err)
		}
	}
	sleep(20 * time.Minute)
	sleep(39 * time.Minute)
	pending := h.w.pending
	h = h.mustTravel(c)
	h.w.pending, h.w.resumed = pending, true
	mono.Add(int64(100 * time.Hour)) // while it was frozen
	sleep(50 * time.Second)
	h.w.wake = nil
	sub := poll{s: h.s, subs: h.mem[p:][:n*sizeSubscription], begin: h.s.clock.freeze(), waited: waitedOf(h.w.pending)}
	for i, want := range []time.Duration{10 * time.Second, time.Hour + 10*time.Second} {
		if rest, _ := sub.rest(sub.sub(i), sub.begin); time.Duration(rest) != want {
			t.Errorf("clock %d: %v remain, want %v", i, time.Duration(rest), want)
		}
	}
}

func TestAbsoluteMonotonicDeadlineTravels(t *testing.T) {
	mono := 5 * time.Hour
	c := NewConfig().WithMonotonicClock(func() time.Duration { return mono })
	h := newHost(t, c)
	mono += time.Hour
	deadline := time.Duration(h.s.clock.freeze()) + time.Minute
	mono += 50 * time.Second
	h = h.mustTravel(c)
	mono += 9 * time.Second
	h.subscribe(clockSub{1, deadline, true})
	sub := poll{s: h.s, subs: h.mem[atSubs:][:sizeSubscription]}
	if rest, _ := sub.rest(sub.sub(0), h.s.clock.freeze()); time.Duration(rest) != time.Second {
		t.Errorf("%v remain, want 1s", time.Duration(rest))
	}
}

func TestPendingBytesAreUntrusted(t *testing.T) {
	for _, b := range [][]byte{nil, {0x80}, bytes.Repeat([]byte{0xff}, 20), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}} {
		if got := waitedOf(b); got != 0 {
			t.Errorf("%x: waited %d", b, got)
		}
	}
}
