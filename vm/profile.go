package vm

import (
	"encoding/binary"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// DefaultProfileInterval is between the samples of a profile that says nothing else: 100 in a second.
const DefaultProfileInterval = 10 * time.Millisecond

// Profile says where a program has been, by samples: see [Program.StartProfile].
type Profile struct {
	p        *Program
	begin    time.Time
	interval time.Duration
	stop     chan struct{}
	stopped  chan struct{}
	took     time.Duration

	mu     sync.Mutex
	stacks map[string]*profiledStack
	key    []byte
	over   bool // a thread may be about to give a sample still
}

type profiledStack struct {
	places []interp.Place
	count  int64
}

// StartProfile begins a profile: at every interval, 0 being DefaultProfileInterval, the program's stack is looked at
// when it next enters a function or comes to a loop's head, in whichever tier it is. Time in host functions is
// not seen. A program has one profile at a time; a second takes the place of the first.
func (p *Program) StartProfile(interval time.Duration) *Profile {
	if interval <= 0 {
		interval = DefaultProfileInterval
	}
	f := &Profile{
		p: p, begin: time.Now(), interval: interval,
		stop: make(chan struct{}), stopped: make(chan struct{}), stacks: map[string]*profiledStack{},
	}
	p.store.SetSampler(f.take)
	go f.run()
	return f
}

func (f *Profile) run() {
	defer close(f.stopped)
	tick := time.NewTicker(f.interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if f.p.Busy() {
				f.p.store.Sample()
			}
		case <-f.stop:
			return
		}
	}
}

// take counts a stack. It is called on the thread whose stack it is.
func (f *Profile) take(stack []interp.Place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	f.key = f.key[:0]
	for _, place := range stack {
		fn, at := place.Key()
		f.key = binary.LittleEndian.AppendUint32(f.key, fn)
		f.key = binary.LittleEndian.AppendUint32(f.key, at)
	}
	s := f.stacks[string(f.key)]
	if s == nil {
		s = &profiledStack{places: slices.Clone(stack)}
		f.stacks[string(f.key)] = s
	}
	s.count++
}

// Stop ends the profile. It may be called more than once, but not by several goroutines.
func (f *Profile) Stop() {
	select {
	case <-f.stopped:
		return
	default:
	}
	f.p.store.SetSampler(nil)
	close(f.stop)
	<-f.stopped
	f.took = time.Since(f.begin)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
}

// Samples counts the samples so far.
func (f *Profile) Samples() (n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.stacks {
		n += s.count
	}
	return n
}

// Write stops the profile and writes it in the format of pprof: see `go tool pprof`. Functions have their names, and lines
// where their module has DWARF.
func (f *Profile) Write(w io.Writer) error {
	f.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	out := pprofile{begin: f.begin, took: f.took, interval: f.interval}
	frames := map[interp.Place]TraceFrame{}
	for _, s := range f.stacks {
		sample := stackSample{count: s.count}
		for _, place := range s.places {
			frame, ok := frames[place]
			if !ok {
				frame = place.Frame()
				frames[place] = frame
			}
			sample.frames = append(sample.frames, frame)
		}
		out.samples = append(out.samples, sample)
	}
	slices.SortFunc(out.samples, func(a, b stackSample) int { return int(b.count - a.count) })
	return out.writeTo(w)
}
