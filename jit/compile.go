package jit

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// Options say how a unit is compiled.
type Options struct {
	Target   ir.Target
	Memory   interp.NativeMemory         // of the instances that will run it
	Counts   bool                        // safepoints are counted
	Seen     func(mark interp.Mark) bool // what of its function has been seen running; nil: all
	Stop     func() error                // ends the compilation when it returns one; nil: it goes on to its end
	NoPolls  bool                        // loops cannot be stopped: for measuring what polls cost
	NoInline bool                        // calls are calls
}

// Phases of compiling, as those who watch are told of them.
const (
	phaseBuild    = "build"
	phaseOptimise = "optimise"
	phaseSelect   = "select"
)

// compilation is one unit on its way.
type compilation struct {
	target BackEnd
	verify bool // check the SSA after each phase
	see    func(phase string, f *ir.Func)

	f    *ir.Func
	a    *ir.Allocation
	code *ir.Code
}

// run compiles. The error is an *Abort; a panic of any phase is one too.
func (c *compilation) run(m *interp.Module, key unitKey, opt Options) (err error) {
	defer func() {
		r := recover()
		if s, ok := r.(ir.Stopped); ok {
			if err = s.Err; reasonOf(err) == NotBuilt {
				err = abort(Cancelled, err)
			}
		} else if r != nil {
			err = abort(CompilerPanicked, fmt.Errorf("%v\n%s", r, debug.Stack()))
		}
	}()
	if n := bodyLen(m, key.fn); n > maxBody {
		return abort(TooLarge, fmt.Errorf("its body has %d bytes, the limit is %d", n, maxBody))
	}
	if c.f, err = build(m, key.fn, key.loop, opt); err != nil {
		switch {
		case errors.Is(err, errTooLarge):
			return abort(TooLarge, err)
		case errors.Is(err, errRethrow):
			return abort(Rethrows, err)
		}
		return abort(NotBuilt, err)
	}
	if n := c.f.NumValues(); n > maxValues {
		return abort(TooLarge, fmt.Errorf("it has %d values, the limit is %d", n, maxValues))
	}
	if err := c.passed(phaseBuild); err != nil {
		return err
	}
	optimise(c.f)
	if err := c.passed(phaseOptimise); err != nil {
		return err
	}
	c.target.Select(c.f)
	c.f.Check()
	if c.see != nil {
		c.see(phaseSelect, c.f)
	}
	if c.a, err = allocate(c.f, c.target); err != nil {
		return abort(NotAllocated, err)
	}
	rotate(c.a)
	c.f.Check()
	if n := 8 * c.a.SpillWords; n > maxFrame {
		return abort(TooLarge, fmt.Errorf("it has a frame of %d bytes, the limit is %d", n, maxFrame))
	}
	if c.code, err = c.target.Compile(c.a); err != nil {
		return abort(NotEncoded, err)
	}
	if n := c.code.FrameBytes; n > maxFrame {
		return abort(TooLarge, fmt.Errorf("it has a frame of %d bytes, the limit is %d", n, maxFrame))
	}
	if n := len(c.code.Bytes); n > maxCode {
		return abort(TooLarge, fmt.Errorf("it has %d bytes of machine code, the limit is %d", n, maxCode))
	}
	return nil
}

// passed is what happens between two phases.
func (c *compilation) passed(phase string) error {
	c.f.Check()
	if c.see != nil {
		c.see(phase, c.f)
	}
	if !c.verify || len(c.f.Blocks) > maxVerified {
		return nil
	}
	if err := ir.Verify(c.f); err != nil {
		return abort(NotVerified, fmt.Errorf("after %s: %w", phase, err))
	}
	return nil
}

// bodyLen is the length of a function's body, which the module defines.
func bodyLen(m *interp.Module, fn uint32) int {
	w := m.Wasm()
	return len(w.Code[int(fn)-(len(w.FuncTypes)-len(w.Funcs))].Body)
}

// compile compiles and publishes a unit, and tells of it. stop ends it. Once the SSA is built the module is not kept alive by what goes on here, so that the
// compilation of one that is gone can end.
func (t *Tier) compile(m *interp.Module, mc *moduleCode, key unitKey, stop func() error) Reason {
	begin, w := time.Now(), weak.Make(m)
	memory := nativeMemory(m)
	c := compilation{target: t.target, verify: t.mode != Auto}
	seen, extent := mc.recorded(m, key)
	err := c.run(m, key, Options{Target: t.target, Memory: memory, Counts: key.counts, Seen: seen, Stop: stop})
	if m = w.Value(); m != nil && extent == Region && reasonOf(err) == TooLarge { // there is more to know of a region
		seen, extent = nil, RegionTooLarge
		err = c.run(m, key, Options{Target: t.target, Memory: memory, Counts: key.counts, Stop: stop})
		m = w.Value()
	}
	if m == nil {
		return ModuleGone
	}
	var address uintptr
	if err == nil {
		address, err = t.install(m, mc, key, &c, memory, seen != nil)
	}
	e := eventOf(m, key, &c, err, begin)
	e.Address, e.Extent = address, extent
	if extent == Region && e.Sides == 0 {
		e.Extent = AllSeen
	}
	if err != nil {
		mc.set(key, settled)
		t.aborted.Add(1)
		if e.Reason == TookTooLong {
			mc.readEnough(key.fn)
		}
		if e.Reason.Bug() {
			t.logger.Error("the compiler has a bug; the interpreter goes on", "func", key.fn, "loop", key.loop, "err", err)
		}
	} else {
		t.compiled.Add(1)
		t.bytes.Add(int64(e.Code))
	}
	t.trace.event(e)
	return e.Reason
}

// eventOf tells what became of a unit.
func eventOf(m *interp.Module, key unitKey, c *compilation, err error, begin time.Time) Event {
	e := Event{
		Module: m, Func: key.fn, Loop: key.loop, Counts: key.counts, Reason: reasonOf(err), Err: err,
		Took: time.Since(begin), Body: bodyLen(m, key.fn),
	}
	if c.f != nil {
		e.Blocks, e.Values, e.Inlined, e.Guessed = len(c.f.Blocks), c.f.NumValues(), c.f.Inlined, c.f.Guessed
	}
	if c.a != nil {
		e.Spills = c.a.SpillWords
	}
	if c.code != nil {
		e.Code, e.Sites = len(c.code.Bytes), len(c.code.Sites)
		for i := range c.code.Sites {
			if c.code.Sites[i].Site.Kind == interp.SiteSide {
				e.Sides++
			}
		}
	}
	return e
}

// install makes machine code executable and lets the module's instances find it.
func (t *Tier) install(m *interp.Module, mc *moduleCode, key unitKey, c *compilation, memory interp.NativeMemory, recorded bool) (uintptr, error) {
	u, err := unitOf(t.target.Name(), c.code)
	if err != nil {
		return 0, abort(NotEncoded, err)
	}
	u.Func, u.Loop, u.Counts, u.Room, u.Memory = key.fn, key.loop, key.counts, c.f.Room, memory
	mc.running(m, u, true, recorded, paces[t.mode].exitsOf(len(c.code.Bytes)))
	address, err := t.publish(m, mc, u, c.code.Bytes, c.code.Entry, c.code.Fast)
	if err == nil {
		mc.cache.add(m, u, c.code.Bytes, c.code.Entry, c.code.Fast)
	}
	return address, err
}

// publish copies machine code to where it can be executed, and lets the module's instances find it.
func (t *Tier) publish(m *interp.Module, mc *moduleCode, u *interp.NativeUnit, code []byte, entry, fast int) (uintptr, error) {
	if err := mc.reserve(len(code)); err != nil {
		return 0, err
	}
	p, err := newCode(code)
	if err != nil {
		mc.release(len(code))
		return 0, abort(NoMemory, err)
	}
	mc.keep(p)
	u.Base, u.Size = p.base, uintptr(len(code))
	u.Entry, u.Fast = p.base+uintptr(entry), p.base+uintptr(fast)
	u.Free = func() { mc.drop(p) }
	if err := publish(m, u); err != nil {
		mc.drop(p)
		return 0, abort(NotEncoded, err)
	}
	mc.replaced(m)
	return p.base, nil
}
