package jit

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
)

// modules makes n modules, and a job of each.
func modules(t *testing.T, n int) (ms []*interp.Module, jobs []job) {
	for range n {
		m := parse(t, "(module)")
		ms = append(ms, m)
		jobs = append(jobs, job{tier: new(Tier), code: &moduleCode{}, module: weak.Make(m)})
	}
	return ms, jobs
}

func TestQueueIsBoundedAndItsWorkerEnds(t *testing.T) {
	ms, jobs := modules(t, maxQueue/maxLine+1)
	defer runtime.KeepAlive(ms)
	var q queue
	q.working = true // nobody takes anything yet
	add := func(m, fn int) bool {
		j := jobs[m]
		j.key = unitKey{fn: uint32(fn)}
		ok, _ := q.add(j)
		return ok
	}
	last := len(jobs) - 1
	for m := range last {
		for i := range maxLine {
			if !add(m, i) {
				t.Fatalf("unit %d of module %d was refused", i, m)
			}
		}
		if add(m, 0) {
			t.Errorf("module %d has more waiting than it may", m)
		}
	}
	for i := range minLine {
		if !add(last, i) {
			t.Errorf("unit %d of one more module was refused", i)
		}
	}
	if add(last, 0) {
		t.Error("the queue has more than it may")
	}
	if j, _, ok := q.take(); !ok || j.key.fn != 0 || j.module != jobs[0].module {
		t.Errorf("unit %d came first", j.key.fn)
	}
	for range minLine {
		q.take()
	}
	if !add(0, 0) || add(0, 0) {
		t.Error("there is not room for one more, as there should be")
	}
	go q.work(nil) // the jobs are of no tier's modules: nothing to do
	if !q.wait(10 * time.Second) {
		t.Error("the worker does not end")
	}
	if !add(0, 0) || !q.wait(10*time.Second) {
		t.Error("the worker does not begin again")
	}
}

// A module whose units take long does not keep others waiting for more than the one that is being compiled, nor does one that has many.
func TestTheWorkerIsSharedByModules(t *testing.T) {
	ms, jobs := modules(t, 4)
	defer runtime.KeepAlive(ms)
	took := [...]time.Duration{time.Second, 10 * time.Millisecond, 300 * time.Millisecond, time.Millisecond}
	arrivals := map[int]int{0: 0, 1: 1, 5: 2, 6: 3} // when module 1 and so on come, by units done
	q := queue{working: true}
	var got strings.Builder
	for done := 0; ; done++ {
		if m, ok := arrivals[done]; ok {
			for fn := range 5 {
				j := jobs[m]
				j.key.fn = uint32(fn)
				if ok, _ := q.add(j); !ok {
					t.Fatal("refused")
				}
			}
		}
		j, _, ok := q.take()
		if !ok {
			break
		}
		m := slices.IndexFunc(jobs, func(k job) bool { return k.module == j.module })
		fmt.Fprintf(&got, "%c%d ", 'A'+m, j.key.fn)
		q.done(&j, took[m])
	}
	// A takes a second each time. The others, which come when A0 has been done, or later, wait for one unit at most, and get as much time as A
	// before it is A's turn again.
	const want = "A0 B0 B1 B2 B3 C0 D0 D1 D2 D3 D4 B4 C1 C2 C3 A1 C4 A2 A3 A4 "
	if got.String() != want {
		t.Errorf("the order is %s, want %s", got.String(), want)
	}
	if q.working || q.lines != nil {
		t.Error("accounts are kept when nothing waits")
	}
}

// Small units do not wait for large ones, unless those are hotter for their size, and those that are alike keep their order.
func TestSmallAndHotUnitsComeFirst(t *testing.T) {
	q := queue{working: true}
	c := &moduleCode{}
	for i, size := range []int{900, 20, 5000, 20, 3} {
		q.add(job{code: c, key: unitKey{fn: uint32(i)}, size: size})
	}
	for range 1000 {
		q.warm(weak.Pointer[interp.Module]{}, unitKey{fn: 2}) // 5 bytes for each time
	}
	for _, want := range []uint32{4, 2, 1, 3, 0} {
		if j, _, ok := q.take(); !ok || j.key.fn != want {
			t.Errorf("unit %d came, want %d", j.key.fn, want)
		}
	}
}

// A module has units compiled for a part of the time that it has been there; what is likely to take longer than that waits, but not what is
// smaller, nor what another module has.
func TestCompilingIsWeighedAgainstTheTimeThatHasPassed(t *testing.T) {
	ms, jobs := modules(t, 2)
	defer runtime.KeepAlive(ms)
	synctest.Test(t, func(t *testing.T) {
		const large = 10_000
		q := queue{working: true}
		old, young := jobs[0], jobs[1]
		old.code.account.began = time.Now()
		time.Sleep(time.Minute)
		young.code.account.began = time.Now()
		add := func(j job, fn uint32, size int) (now bool) {
			j.key.fn, j.size = fn, size
			_, now = q.add(j)
			return now
		}
		if add(young, 1, large) || !add(young, 2, 100) || !add(old, 3, large) {
			t.Error("a large unit of a new module can be compiled, or others cannot")
		}
		take := func(fn uint32, took time.Duration) {
			t.Helper()
			j, wait, ok := q.take()
			if !ok || wait > 0 || j.key.fn != fn {
				t.Errorf("unit %d came, or in %v, want %d", j.key.fn, wait, fn)
			}
			q.done(&j, took)
		}
		take(2, 5*time.Millisecond)
		take(3, 5*time.Millisecond)
		want := compileShare * (5*time.Millisecond + large*compileByte - compileFree)
		if _, wait, ok := q.take(); !ok || wait != want {
			t.Errorf("the worker is to wait for %v, want %v", wait, want)
		}
		time.Sleep(want - time.Nanosecond)
		if q.warm(young.module, unitKey{fn: 1, loop: young.key.loop}) {
			t.Error("a unit can be compiled before its time")
		}
		time.Sleep(time.Nanosecond)
		if !q.warm(young.module, unitKey{fn: 1, loop: young.key.loop}) {
			t.Error("a unit cannot be compiled at its time")
		}
		take(1, 0)
	})
}

// The worker waits for what a module cannot afford yet, but not with what another one can.
func TestTheWorkerDoesNotWaitForOneModuleWithWorkOfAnother(t *testing.T) {
	ms, jobs := modules(t, 2)
	defer runtime.KeepAlive(ms)
	synctest.Test(t, func(t *testing.T) {
		var q queue
		waiting := func() int {
			synctest.Wait()
			q.mu.Lock()
			defer q.mu.Unlock()
			return q.waiting
		}
		dear, cheap := jobs[0], jobs[1]
		dear.code.account = account{began: time.Now(), spent: time.Hour}
		q.add(dear)
		if n := waiting(); n != 1 {
			t.Fatalf("%d jobs wait", n)
		}
		q.add(cheap)
		if n := waiting(); n != 1 {
			t.Errorf("%d jobs wait, want the dear one", n)
		}
		time.Sleep(compileShare * time.Hour)
		if n := waiting(); n != 0 {
			t.Errorf("%d jobs wait", n)
		}
	})
}

// The worker that waits for what one module cannot afford goes on when another one can afford something, even if that is later than when it came.
func TestTheWorkerWaitsForTheEarliestOfWhatCame(t *testing.T) {
	ms, jobs := modules(t, 2)
	defer runtime.KeepAlive(ms)
	synctest.Test(t, func(t *testing.T) {
		var q queue
		for k, spent := range []time.Duration{time.Hour, time.Minute} {
			jobs[k].code.account = account{began: time.Now(), spent: spent}
			q.add(jobs[k])
			synctest.Wait() // it waits
		}
		for _, want := range []int{1, 0} {
			time.Sleep(compileShare * time.Minute)
			synctest.Wait()
			q.mu.Lock()
			n := q.waiting
			q.mu.Unlock()
			if n != want {
				t.Errorf("%d jobs wait, want %d", n, want)
			}
			time.Sleep(compileShare * time.Hour)
			synctest.Wait()
		}
	})
}

func TestUnitsAreTakenOnce(t *testing.T) {
	c := &moduleCode{units: map[unitKey]*unit{}}
	take := func(key unitKey) bool {
		_, ok := c.change(key, counted, recording, pending)
		return ok
	}
	for _, key := range []unitKey{{1, -1, false}, {1, 5, false}, {2, -1, false}, {1, -1, true}} {
		if !take(key) || take(key) {
			t.Errorf("%v is not taken exactly once", key)
		}
	}
	c.set(unitKey{1, 5, false}, counted)
	if !take(unitKey{1, 5, false}) || take(unitKey{1, -1, false}) {
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
