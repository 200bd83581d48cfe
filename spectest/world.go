package spectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/vm"
)

// world is the program of a script, and the two runtimes between which it travels.
type world struct {
	cfg      *Config
	runtimes [2]*vm.Runtime
	here     int         // which of them the program is in
	program  *vm.Program // nil before the first module
	modules  [2][]*vm.Module
	binaries [][]byte // those of modules, of which the other runtime may have fewer
	shared   bool     // an instance has imported what others may import too

	snapshot bytes.Buffer
	stopped  bool  // the program was written down into snapshot and goes on from there
	failed   error // writing it down has failed
	budget   int   // travels that the action in progress has left
	luggage  int   // bytes that it may still carry on them
	stay     bool  // the program is not to travel now
	rearm    bool  // the hook has been called for the last time
	idle     uint64

	travels, inCalls, limited int
}

func newWorld(cfg *Config, g *Group) world {
	w := world{cfg: cfg}
	w.runtimes[0] = cfg.newRuntime(g)
	if cfg.Travel > 0 {
		w.runtimes[1] = cfg.newRuntime(g)
	}
	return w
}

func (w *world) runtime() *vm.Runtime { return w.runtimes[w.here] }

// close ends the program, if there is one. The next module makes a new one.
func (w *world) close() {
	if w.program == nil {
		return
	}
	w.program.Close()
	w.program, w.modules, w.binaries, w.shared = nil, [2][]*vm.Module{}, nil, false
}

// config is the configuration of a program that is to be written down when it has passed a number of safepoints.
func (w *world) config(at uint64) *vm.ProgramConfig {
	c := vm.NewProgramConfig().WithHostModule(host)
	if w.cfg.Travel == 0 {
		return c
	}
	return c.WithModules(w.modules[w.here]...).WithSafepointHook(at, w.leave)
}

// instantiate makes an instance under its own name, and a program if there is none.
func (w *world) instantiate(ctx context.Context, s *script, binary []byte, own string) error {
	if _, err := w.runtime().Compile(binary); err != nil {
		return err
	}
	if err := w.between(ctx, s); err != nil {
		return err
	}
	// The program may have travelled, and then the module must be one of the runtime that it is in now.
	m, err := w.runtime().Compile(binary)
	if err != nil {
		return err
	}
	if w.program == nil {
		if w.program, err = w.runtime().NewProgram(w.config(w.cfg.Travel)); err != nil {
			return err
		}
	}
	if w.cfg.Travel > 0 {
		w.binaries = append(w.binaries, binary)
		w.modules[w.here] = append(w.modules[w.here], m)
	}
	w.shared = w.shared || shares(m)
	w.budget, w.luggage = w.cfg.TravelMax, maxLuggage
	_, err = w.program.Instantiate(ctx, m, own)
	if w.stopped { // in the start function
		_, err = w.goOn(ctx, s)
	}
	return err
}

// call calls a function. Where it returns need not be the program in which it was called.
func (w *world) call(ctx context.Context, s *script, f *vm.Func, args []uint64) ([]uint64, error) {
	w.budget, w.luggage = w.cfg.TravelMax, maxLuggage
	results, err := f.Call(ctx, args...)
	if w.stopped {
		results, err = w.goOn(ctx, s)
	}
	return results, err
}

// goOn continues the call with which the program was written down, wherever that takes it.
func (w *world) goOn(ctx context.Context, s *script) (results []uint64, err error) {
	for w.stopped {
		if err := w.arrive(ctx, s); err != nil {
			return nil, err
		}
		w.inCalls++
		results, err = w.program.Resume(ctx)
	}
	if w.failed != nil {
		err, w.failed = fmt.Errorf("writing the program down: %w", w.failed), nil
	}
	return results, err
}

// leave is the program's hook: it writes the program down and ends it here.
func (w *world) leave(p *vm.Program, passed uint64) (next uint64) {
	if w.stay {
		return passed + w.cfg.Travel
	}
	if w.budget == 0 || w.luggage <= 0 {
		w.limited++
		w.rearm = true
		return 0
	}
	w.budget--
	w.snapshot.Reset()
	err := p.Checkpoint(context.Background(), &w.snapshot, vm.NewCheckpointConfig().WithStop().WithoutModules())
	switch {
	case errors.Is(err, vm.ErrHostFrames):
		return passed + w.cfg.Travel
	case err != nil:
		w.failed, w.rearm = err, true
		return 0
	}
	w.luggage -= w.snapshot.Len()
	w.stopped = true
	return 0
}

// arrive throws the program away and reads it back, in the other runtime, from what was written down.
func (w *world) arrive(ctx context.Context, s *script) error {
	w.stopped, w.rearm = false, false
	w.travels++
	w.program.Close()
	w.program = nil
	w.here = 1 - w.here
	for have := len(w.modules[w.here]); have < len(w.binaries); have++ {
		m, err := w.runtime().Compile(w.binaries[have])
		if err != nil {
			return fmt.Errorf("travelling: %w", err)
		}
		w.modules[w.here] = append(w.modules[w.here], m)
	}
	f, err := state.DecodeBytes(w.snapshot.Bytes(), state.Limits{})
	if err != nil {
		return fmt.Errorf("travelling: %w", err)
	}
	defer f.Close()
	n := w.cfg.Travel
	w.program, err = w.runtime().RestoreView(ctx, &f.Program, w.config((f.Safepoints/n+1)*n))
	if err != nil {
		return fmt.Errorf("travelling: %w", err)
	}
	for name, own := range s.registered {
		if err := s.register(name, own); err != nil {
			return fmt.Errorf("travelling: %w", err)
		}
	}
	return nil
}

// between lets the program travel between two commands: at every Travel-th, and when its hook will not be called any more.
func (w *world) between(ctx context.Context, s *script) error {
	if w.cfg.Travel == 0 || w.program == nil {
		return nil
	}
	if w.idle++; w.idle%w.cfg.Travel != 0 && !w.rearm {
		return nil
	}
	w.snapshot.Reset()
	if err := w.program.Checkpoint(ctx, &w.snapshot, vm.NewCheckpointConfig().WithStop().WithoutModules()); err != nil {
		return fmt.Errorf("writing the program down: %w", err)
	}
	return w.arrive(ctx, s)
}
