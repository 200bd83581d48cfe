package jit

import (
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
)

// Machine code that was replaced is freed when nobody can reach it any more. Package interp finds that out when it is asked (interp.Module.Reclaim); here
// is when it is asked: some time after a unit was replaced, and then from time to time until all is freed.

// tidying is when a module's replaced code is looked after next. moduleCode.mu guards it.
type tidying struct {
	timer        *time.Timer // nil: there is nothing to look after
	first, pause time.Duration
}

func newTidying(pause time.Duration) tidying { return tidying{first: pause, pause: pause} }

// replaced is told that a unit was published, in place of another one perhaps.
func (c *moduleCode) replaced(m *interp.Module) {
	if replaced(m) > 0 {
		c.tidyLater(m)
	}
}

// tidyLater has the module's replaced code looked after, without keeping the module.
func (c *moduleCode) tidyLater(m *interp.Module) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tidy.timer != nil {
		return
	}
	w := weak.Make(m)
	c.tidy.timer = time.AfterFunc(c.tidy.pause, func() {
		if m := w.Value(); m != nil {
			c.tidyUp(m)
		}
	})
}

// tidyUp frees what can be freed, and comes again if there is more.
func (c *moduleCode) tidyUp(m *interp.Module) {
	c.mu.Lock()
	c.tidy.timer = nil // what is replaced from now on has it set again
	c.mu.Unlock()
	freed, left := reclaim(m)
	c.mu.Lock()
	c.tidy.pause = min(2*c.tidy.pause, tidyPauseMost)
	if freed > 0 || left == 0 {
		c.tidy.pause = c.tidy.first
	}
	c.mu.Unlock()
	if left > 0 {
		c.tidyLater(m)
	}
}
