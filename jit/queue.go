package jit

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
)

// job is a unit that is to be compiled. It does not keep the module alive: of one that is gone nothing needs to be compiled, and what is being compiled
// for it ends.
type job struct {
	tier   *Tier
	code   *moduleCode
	module weak.Pointer[interp.Module]
	key    unitKey
	size   int // bytes of wasm that are likely to be compiled
	heat   int // how often it has become hot since it waits
}

// queue is what waits to be compiled, and the worker that does it: a goroutine that begins when there is something to do and ends when
// there is nothing.
//
// Each module has a line of its own, and the worker goes to the line that it has spent the least time on. A module that is new has a start
// like that of the line that is served just now, so that it waits for one unit at most, but gains nothing from having waited for nothing so
// far; one whose line has become empty keeps its account for as long as that is ahead. (This is start-time fair queueing, with the time
// that compiling took as the length of a packet.)
//
// From a line it takes the unit that has become hot most often for its function's size, of those that are alike in that whichever was there first:
// for the time that a large one takes, all that waits behind it is interpreted. Nothing is taken that the module cannot afford yet: see account.
type queue struct {
	mu      sync.Mutex
	lines   map[weak.Pointer[interp.Module]]*line
	waiting int           // jobs
	came    uint64        // jobs so far
	now     time.Duration // the start of the line that was served last
	working bool
	until   time.Time     // when the worker goes on that waits for something to be afforded
	wake    chan struct{} // says to a worker that waits that there is something to do earlier
}

// line is what waits of a module.
type line struct {
	jobs  []job
	start time.Duration // time spent on the module, from the beginning that it was given
	first uint64        // when its first job came: of lines with the same start the one that has waited longer is served
}

// add tells whether there was room, and whether the worker would do the job now.
func (q *queue) add(j job) (ok, now bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lines == nil {
		q.lines = map[weak.Pointer[interp.Module]]*line{}
	}
	l := q.lines[j.module]
	if l == nil {
		l = &line{start: q.now}
		q.lines[j.module] = l
	}
	if n := len(l.jobs); n >= maxLine || n >= minLine && q.waiting >= maxQueue {
		return false, false
	}
	q.came++
	if len(l.jobs) == 0 {
		l.first = q.came
	}
	l.jobs = append(l.jobs, j)
	q.waiting++
	if !q.working {
		q.working = true
		q.wake = make(chan struct{}, 1)
		go q.work(q.wake)
	}
	return true, q.ready(&j)
}

// ready tells whether the worker would do a job now, and sees to it that it does not wait for another one's time.
func (q *queue) ready(j *job) bool {
	now := time.Now()
	due := j.due(now)
	if due <= 0 || now.Add(due).Before(q.until) {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return due <= 0
}

// warm says that a unit that waits is hot once more, and tells whether the worker would do it now.
func (q *queue) warm(m weak.Pointer[interp.Module], key unitKey) (now bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[m]
	if l == nil {
		return false
	}
	i := slices.IndexFunc(l.jobs, func(j job) bool { return j.key == key })
	if i < 0 {
		return false
	}
	l.jobs[i].heat++
	return q.ready(&l.jobs[i])
}

func (q *queue) work(wake <-chan struct{}) {
	for {
		j, wait, ok := q.take()
		if !ok {
			return
		}
		if wait > 0 {
			select {
			case <-wake:
			case <-time.After(wait):
			}
			continue
		}
		q.done(&j, j.run())
	}
}

// take is the job to be done next, or for how long none of those that wait can be afforded.
func (q *queue) take() (j job, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == 0 {
		q.lines, q.now, q.working = nil, 0, false
		return job{}, 0, false
	}
	var l *line
	var best int
	wait, q.until = math.MaxInt64, time.Time{}
	now := time.Now()
	for _, k := range q.lines {
		if l != nil && (k.start > l.start || k.start == l.start && k.first > l.first) {
			continue
		}
		i, due := k.best(now)
		if i >= 0 {
			l, best = k, i
		}
		wait = min(wait, due)
	}
	if l == nil {
		q.until = now.Add(wait)
		return job{}, wait, true
	}
	q.now = l.start
	j = l.jobs[best]
	l.jobs = slices.Delete(l.jobs, best, best+1)
	q.waiting--
	q.came++
	l.first = q.came
	for m, k := range q.lines {
		if len(k.jobs) == 0 && k != l && k.start <= q.now {
			delete(q.lines, m)
		}
	}
	return j, 0, true
}

// best is the job that is to be taken from the line, or -1, and in how long the next one can be.
func (l *line) best(now time.Time) (i int, due time.Duration) {
	i, due = -1, math.MaxInt64
	for k := range l.jobs {
		j := &l.jobs[k]
		if d := j.due(now); d > 0 {
			due = min(due, d)
		} else if i < 0 || (j.heat+1)*l.jobs[i].size > (l.jobs[i].heat+1)*j.size {
			i = k
		}
	}
	return i, due
}

// done says how long a job took.
func (q *queue) done(j *job, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.lines[j.module]; l != nil {
		l.start += took
	}
	j.code.account.spent += took
}

// run does the job, and returns how long it took of the worker's own time: what the process was suspended for, or its thread had to wait, was not spent on the
// module.
func (j *job) run() time.Duration {
	m := j.module.Value()
	if m == nil {
		return 0
	}
	c := j.tier.code(m)
	if c == nil {
		return 0
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := threadTime()
	j.tier.compile(m, c, j.key, c.stop(j.tier.patience))
	return threadTime() - begin
}

// started is when the process was.
var started = time.Now()

// stop returns what ends a compilation that begins now: that the module is gone, or that it has taken too long, in the thread's own time. On a machine
// that has much else to do a unit would otherwise be left to the interpreter because the worker had to wait. The clock is asked for only
// when so much has passed on the wall.
func (c *moduleCode) stop(patience time.Duration) func() error {
	wall, begin := time.Now(), threadTime()
	return func() error {
		if c.gone.Load() {
			return abort(ModuleGone, nil)
		}
		if time.Since(wall) <= patience {
			return nil
		}
		if took := threadTime() - begin; took > patience {
			return abort(TookTooLong, fmt.Errorf("it has taken %v, the limit is %v", took.Round(time.Millisecond), patience))
		}
		return nil
	}
}

// wait returns when the queue has been empty, or after a time. Tests use it.
func (q *queue) wait(limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		q.mu.Lock()
		working := q.working
		q.mu.Unlock()
		if !working {
			return true
		}
	}
	return false
}
