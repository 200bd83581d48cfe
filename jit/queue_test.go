package jit

import (
	"testing"
	"time"
)

func TestQueueIsBoundedAndItsWorkerEnds(t *testing.T) {
	var q queue
	q.working = true // nobody takes anything yet
	for i := range maxQueue {
		if !q.add(job{key: unitKey{fn: uint32(i)}}) {
			t.Fatalf("unit %d was refused", i)
		}
	}
	if q.add(job{}) {
		t.Error("the queue has more than it may")
	}
	if j, ok := q.take(); !ok || j.key.fn != 0 {
		t.Errorf("unit %d came first", j.key.fn)
	}
	if !q.add(job{}) { // there is room again
		t.Error("a unit was refused although there is room")
	}
	go q.work() // jobs of no module are nothing to do
	if !q.wait(10 * time.Second) {
		t.Error("the worker does not end")
	}
	if !q.add(job{}) || !q.wait(10*time.Second) {
		t.Error("the worker does not begin again")
	}
}

func TestUnitsAreTakenOnce(t *testing.T) {
	c := &moduleCode{units: map[unitKey]*unit{}}
	take := func(key unitKey) bool {
		_, ok := c.change(key, counted, recording, pending)
		return ok
	}
	for _, key := range []unitKey{{1, -1}, {1, 5}, {2, -1}} {
		if !take(key) || take(key) {
			t.Errorf("%v is not taken exactly once", key)
		}
	}
	c.set(unitKey{1, 5}, counted)
	if !take(unitKey{1, 5}) || take(unitKey{1, -1}) {
		t.Error("a unit that was given back cannot be taken")
	}
}

func TestMachineCodeIsBounded(t *testing.T) {
	before := processCode.Load()
	var c, d moduleCode
	if err := c.reserve(maxModuleCode); err != nil {
		t.Fatal(err)
	}
	if err := c.reserve(1); reasonOf(err) != ModuleFull {
		t.Errorf("more than a module may have: %v", err)
	}
	processCode.Add(maxProcessCode - maxModuleCode - before)
	if err := d.reserve(1); reasonOf(err) != ProcessFull {
		t.Errorf("more than a process may have: %v", err)
	}
	processCode.Add(-(maxProcessCode - maxModuleCode - before))
	c.free()
	if n := processCode.Load(); n != before {
		t.Errorf("%d bytes are left", n-before)
	}
}
