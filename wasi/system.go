package wasi

import (
	"errors"
	"fmt"
	"sync"

	"github.com/godwit-vm/godwit/interp"
)

// System is the host side of one guest: its descriptors, clocks and randomness. Its methods may be called from several
// threads of that guest. It is an interp.Resource, which is how the guest's files travel with it.
type System struct {
	cfg    *Config
	mounts []*mount
	stdio  [3]*stream
	clock  *clock
	random *randomSource

	mu   sync.Mutex // guards what follows; an object has a lock of its own
	args []string
	env  []string
	fds  fdTable
}

var _ interp.Resource = (*System)(nil)

// New opens the mounts and makes a System that stands at the beginning of a program: descriptors 0, 1 and 2 are the
// standard streams, and from 3 on stand the mounts in the order of their WithDir.
func New(c *Config) (*System, error) {
	s := &System{cfg: c, clock: newClock(c), random: newRandom(c), stdio: newStdio(c), args: c.args, env: c.env}
	for _, v := range append(append([]string(nil), c.args...), c.env...) {
		if !validName(v) {
			return nil, fmt.Errorf("wasi: %w: a zero byte in %q", ErrConfig, v)
		}
	}
	for _, st := range s.stdio {
		d := &descriptor{obj: st, base: rightsStream}
		if _, err := s.fds.add(d); err != nil {
			return nil, err
		}
	}
	for _, dc := range c.dirs {
		m, err := openMount(dc)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.mounts = append(s.mounts, m)
		if _, err := s.fds.add(preopen(m)); err != nil {
			s.Close()
			return nil, fmt.Errorf("wasi: %w: more mounts than descriptors", ErrConfig)
		}
	}
	return s, nil
}

// ErrConfig reports a Config that nothing can be made of.
var ErrConfig = errors.New("bad configuration")

// Close closes everything that the guest has open, and the mounts. The standard streams are the embedder's and stay
// open.
func (s *System) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for n := range s.fds.fds {
		if d := s.fds.take(uint32(n)); d != nil {
			errs = append(errs, d.obj.close())
		}
	}
	s.stdio[0].in.leave()
	for _, m := range s.mounts {
		errs = append(errs, m.root.Close())
	}
	s.mounts = nil
	return errors.Join(errs...)
}

// waiter is what the functions that wait need of interp.Caller.
type waiter interface {
	Interrupted() <-chan struct{}
	Suspend(pending []byte) error
	Resumed() (pending []byte, ok bool)
}

// call is a call in progress.
type call struct {
	mem guest
	w   waiter
}

// answer makes the function's result of its error. What is no Errno ends the guest's call.
func answer(a []uint64, err error) error {
	if err == nil {
		a[0] = uint64(Success)
		return nil
	}
	if e, ok := err.(Errno); ok {
		a[0] = uint64(e)
		return nil
	}
	return err
}
