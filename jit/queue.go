package jit

import (
	"sync"
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
)

// job is a unit that is to be compiled. It does not keep the module alive: of one that is gone nothing needs to be compiled.
type job struct {
	tier   *Tier
	module weak.Pointer[interp.Module]
	key    unitKey
}

// queue is what waits to be compiled, first come first served, and the worker that does it: a goroutine that begins when there is
// something to do and ends when there is nothing.
type queue struct {
	mu      sync.Mutex
	jobs    []job
	working bool
}

// add tells whether there was room.
func (q *queue) add(j job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) >= maxQueue {
		return false
	}
	q.jobs = append(q.jobs, j)
	if !q.working {
		q.working = true
		go q.work()
	}
	return true
}

func (q *queue) work() {
	for {
		j, ok := q.take()
		if !ok {
			return
		}
		j.run()
	}
}

func (q *queue) take() (j job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		q.jobs, q.working = nil, false
		return job{}, false
	}
	j, q.jobs = q.jobs[0], q.jobs[1:]
	return j, true
}

func (j *job) run() {
	m := j.module.Value()
	if m == nil {
		return
	}
	if c := j.tier.code(m); c != nil {
		j.tier.compile(m, c, j.key)
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
