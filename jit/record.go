package jit

import (
	"runtime"
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
)

// Recording: see the essay in doc.go.

// phase is where a unit stands.
type phase uint8

const (
	counted   phase = iota // the interpreter counts, and runs it
	recording              // the interpreter notes what of its function runs
	pending                // it is in the queue, or being compiled; it may be running already as what it was before
	region                 // a part of it is machine code, whose side exits are counted
	growing                // so it is, and the interpreter notes what runs behind side exits
	settled                // nothing will change any more: all of it is machine code, or it is left to the interpreter
)

// unit is what a tier knows of a unit.
type unit struct {
	phase   phase
	regions int    // how often it has been compiled as a region
	noted   bool   // its function is being recorded for it
	why     Extent // why all of it is to be compiled, if not noted
}

// pace says how often things happen before they have consequences.
type pace struct {
	entries, iterations       uint32 // before a unit is hot
	recEntries, recIterations uint32 // more, while it is recorded
	exits, exitBytes          uint32 // side exits before a region is hot: at least, and the bytes of its code for each
	recExits                  uint32 // more, while what is behind them is recorded
	body                      int    // bytes of wasm that a function must have to be recorded; see minRecorded
	tidy                      time.Duration
}

// hot is how often a function (loop -1) is entered, or a loop's head passed, before it is hot.
func (p *pace) hot(loop int) uint32 {
	if loop >= 0 {
		return p.iterations
	}
	return p.entries
}

// exitsOf is how many side exits a region with so many bytes of machine code has before it is hot.
func (p *pace) exitsOf(code int) uint32 { return max(p.exits, uint32(code)/p.exitBytes) }

// paces of the modes.
var paces = [...]pace{
	Auto:    {hotEntries, hotIterations, recordEntries, recordIterations, hotExits, exitBytes, recordExits, minRecorded, tidyPause},
	All:     {entries: 1, iterations: 1, exitBytes: maxCode, body: maxBody + 1, tidy: tidyPause},
	Regions: {1, 1, 1, 1, 1, maxCode, 1, 0, time.Millisecond},
}

// change moves a unit from one of two phases to another, and tells whether it was in one of them, and which.
func (c *moduleCode) change(key unitKey, from, or, to phase) (was phase, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.unit(key)
	if was = u.phase; was != from && was != or {
		return was, false
	}
	u.phase = to
	return was, true
}

// unit is what is known of a unit. The lock is held.
func (c *moduleCode) unit(key unitKey) *unit {
	u := c.units[key]
	if u == nil {
		u = &unit{}
		c.units[key] = u
	}
	return u
}

// set puts a unit into a phase.
func (c *moduleCode) set(key unitKey, p phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unit(key).phase = p
}

// Hot is told by the interpreter that a unit runs often.
func (t *Tier) Hot(th *interp.Thread, m *interp.Module, fn uint32, loop int, counts bool) (again uint32) {
	c, key := t.code(m), unitKey{fn, loop, counts}
	if c == nil {
		return 0
	}
	p := &paces[t.mode]
	was, ok := c.change(key, counted, recording, pending)
	if !ok {
		return t.warm(m, key, was, p.hot(loop))
	}
	if was == counted {
		if t.fromCache(m, c, key) {
			return 0
		}
		if t.mode == Auto && c.cache.units() > 0 && c.cache.first(key) { // it has been counted to one
			c.set(key, counted)
			return p.hot(loop) - 1
		}
		if loop >= 0 && !c.mayRead(fn, bodyLen(m, fn)) {
			return 0
		}
		if bodyLen(m, fn) >= p.body || t.mode == Auto && m.CallsThrough(fn) {
			c.record(m, key, recording)
			if loop >= 0 {
				return p.recIterations
			}
			return p.recEntries
		}
	}
	return t.request(th, m, c, key, was, p.hot(loop), retryEntries)
}

// warm says what Hot and SideExits return for a unit that they have no change for: while it waits for the worker it becomes hotter.
func (t *Tier) warm(m *interp.Module, key unitKey, is phase, again uint32) uint32 {
	if is != pending || t.mode != Auto {
		return 0
	}
	yield(t.queue.warm(weak.Make(m), key))
	return again
}

// SideExits is told by the interpreter that side exits of a region have been taken often.
func (t *Tier) SideExits(th *interp.Thread, m *interp.Module, u *interp.NativeUnit) (again uint32) {
	c, key := t.code(m), unitKey{u.Func, u.Loop, u.Counts}
	if c == nil {
		return 0
	}
	p := &paces[t.mode]
	was, ok := c.change(key, region, growing, pending)
	if !ok {
		return t.warm(m, key, was, p.exits)
	}
	if key.loop >= 0 && !c.mayRead(key.fn, bodyLen(m, key.fn)) {
		return 0
	}
	if was == region && c.mayGrow(key) {
		c.record(m, key, growing)
		return p.recExits
	}
	return t.request(th, m, c, key, was, p.exits, retryExits)
}

// record begins to record a unit.
func (c *moduleCode) record(m *interp.Module, key unitKey, p phase) {
	m.Record(key.fn)
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.unit(key)
	u.phase, u.noted = p, true
}

// recorded ends that. It returns what has been seen running, or nil and why all of the unit is to be compiled.
func (c *moduleCode) recorded(m *interp.Module, key unitKey) (seen func(interp.Mark) bool, why Extent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.unit(key)
	if !u.noted {
		return nil, u.why
	}
	u.noted = false
	m.EndRecord(key.fn)
	return m.Recorded(key.fn).Seen, Region
}

// size is how many bytes of wasm are likely to be compiled for a unit.
func (c *moduleCode) size(m *interp.Module, key unitKey) int {
	n := bodyLen(m, key.fn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unit(key).noted {
		n = min(n, m.Recorded(key.fn).Instructions()*instrBytes)
	}
	return n
}

// mayGrow tells whether a region is to be compiled as a region once more.
func (c *moduleCode) mayGrow(key unitKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.unit(key)
	if u.regions == 0 { // it comes from a code file
		u.why = RecordLost
	} else if u.regions >= maxRegions {
		u.why = GrownOften
	}
	return u.why == Small
}

// running is told that a unit is about to be published. What runs in machine code is not seen by the interpreter: of a loop
// that has not been recorded, other units of its function take for granted that all of it runs.
func (c *moduleCode) running(m *interp.Module, u *interp.NativeUnit, compiled, recorded bool, exits uint32) {
	key := unitKey{u.Func, u.Loop, u.Counts}
	if !recorded {
		m.RecordLoop(key.fn, key.loop)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.unit(key)
	w.phase = settled
	if sides, _ := u.SidesTaken(); sides > 0 {
		w.phase = region
		u.Exits = exits
		if compiled {
			w.regions++
		}
	}
}

// request has a unit compiled, now or by the worker, and says what Hot returns: warm while it waits. If it cannot, the unit is in phase was again.
func (t *Tier) request(th *interp.Thread, m *interp.Module, c *moduleCode, key unitKey, was phase, warm, retry uint32) (again uint32) {
	if t.mode == Auto {
		if ok, now := t.queue.add(job{tier: t, code: c, module: weak.Make(m), key: key, size: c.size(m, key)}); ok {
			yield(now)
			return warm
		}
		c.set(key, was)
		return retry
	}
	if t.compile(m, c, key, th.Cancelled) != Cancelled {
		return 0
	}
	if was == recording || was == growing {
		c.record(m, key, was)
	} else {
		c.set(key, was)
	}
	return 1
}

// yield lets the worker go first, if it has something to do and there is one processor: it would wait until the scheduler takes that from the
// interpreter, for 10 ms of which compiling takes one.
func yield(now bool) {
	if now && runtime.GOMAXPROCS(0) == 1 {
		runtime.Gosched()
	}
}
