package wasi

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"
)

func (h *host) clock(id uint64) time.Duration {
	h.t.Helper()
	h.ok("clock_time_get", id, 0, atOut)
	return time.Duration(h.u64(atOut))
}

func TestClocks(t *testing.T) {
	h := newHost(t, NewConfig())
	before := time.Now().UnixNano()
	if now := int64(h.clock(0)); now < before || now > time.Now().UnixNano() {
		t.Errorf("realtime %d", now)
	}
	for id := uint64(1); id < 4; id++ {
		a := h.clock(id)
		time.Sleep(time.Millisecond)
		if b := h.clock(id); a <= 0 || b-a < time.Millisecond {
			t.Errorf("clock %d: %d, then %d", id, a, b)
		}
	}
	h.ok("clock_res_get", 1, atOut)
	if h.u64(atOut) != 1 {
		t.Errorf("resolution %d", h.u64(atOut))
	}
	h.want(EINVAL, "clock_time_get", 4, 0, atOut)
	h.want(EINVAL, "clock_res_get", 4, atOut)
}

func TestClocksOfTheEmbedder(t *testing.T) {
	mono := 7 * time.Hour
	h := newHost(t, NewConfig().WithWallClock(func() time.Time { return epoch }).WithMonotonicClock(func() time.Duration { return mono }))
	a := h.clock(1)
	mono += time.Second
	if b := h.clock(1); b-a != time.Second {
		t.Errorf("monotonic moved by %v", b-a)
	}
	if got := h.clock(0); int64(got) != epoch.UnixNano() {
		t.Errorf("realtime %d", got)
	}
}

func TestDeterministic(t *testing.T) {
	c := NewConfig().WithDeterministic(42, epoch)
	run := func(h *host) string {
		h.ok("random_get", atData, 16)
		s := hex.EncodeToString(h.mem[atData : atData+16])
		s += " " + time.Unix(0, int64(h.clock(0))).UTC().Format(time.RFC3339Nano)
		h.poll(clockSub{1, time.Hour, false})
		s += " " + h.clock(1).String()
		at := h.clock(0) + time.Minute
		h.poll(clockSub{0, at, true})
		return s + " " + time.Unix(0, int64(h.clock(0))).UTC().Format(time.RFC3339Nano)
	}
	a, b := newHost(t, c), newHost(t, c)
	first, again := run(a), run(b)
	const want = "22301fb8d82978daf007b05614969f34 2026-01-02T03:04:05.000001Z 1h0m0.000003s 2026-01-02T04:05:05.000005Z"
	if first != again || first != want {
		t.Errorf("\n%s\n%s, want\n%s", first, again, want)
	}
	// It goes on the same after a restore, even where nothing is deterministic.
	if second, travelled := run(a), run(b.mustTravel(NewConfig())); second != travelled || second == first {
		t.Errorf("\n%s, travelled\n%s", second, travelled)
	}
}

func TestDeterministicInputComesBeforeTimePasses(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	h := newHost(t, NewConfig().WithDeterministic(1, epoch).WithStdin(r))
	go func() {
		time.Sleep(5 * time.Millisecond)
		r.ch <- "x"
	}()
	if got := h.poll(clockSub{1, 1, false}, fdSub{eventRead, 0}); len(got) == 0 || got[len(got)-1] != "101 type 1 SUCCESS bytes 1 flags 0" {
		t.Errorf("%q", got)
	}
}

func TestRandom(t *testing.T) {
	h := newHost(t, NewConfig())
	h.ok("random_get", atData, 64)
	if bytes.Count(h.mem[atData:atData+64], []byte{0}) > 10 || h.mem[atData+64] != 0 {
		t.Errorf("%x", h.mem[atData:atData+65])
	}
	h.ok("random_get", memLen, 0)
	h = newHost(t, NewConfig().WithRandom(bytes.NewReader([]byte("abc"))))
	h.ok("random_get", atData, 3)
	if string(h.mem[atData:atData+3]) != "abc" {
		t.Errorf("%q", h.mem[atData:atData+3])
	}
	h.want(EIO, "random_get", atData, 1)
}

func TestMonotonicClockGoesOnAfterRestore(t *testing.T) {
	mono := time.Hour
	h := newHost(t, NewConfig().WithMonotonicClock(func() time.Duration { return mono }))
	mono += time.Minute
	shown := h.clock(1)
	other := 3 * time.Second
	to := h.mustTravel(NewConfig().WithMonotonicClock(func() time.Duration { return other }))
	if got := to.clock(1); got != shown {
		t.Errorf("shows %v after the restore, before %v", got, shown)
	}
	other += time.Second
	if got := to.clock(1); got != shown+time.Second {
		t.Errorf("a second later: %v", got-shown)
	}
}
