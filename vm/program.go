package vm

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasi"
)

// Program is a running program: instances that import from each other, from host modules and from WASI, and one thread
// of execution in them. It is what is frozen, restored, forked and limited as a whole.
//
// One call at a time runs in a program. Whoever comes second, on another goroutine or from within a host function, gets
// [ErrBusy]. [Program.Checkpoint], [Program.Fork], [Program.View] and the iterators may be used at any time from any
// goroutine, but not from a host function of the same program, which is what they would wait for.
type Program struct {
	rt     *Runtime
	cfg    *ProgramConfig
	store  *interp.Store
	thread *interp.Thread
	hosts  []*host
	wasi   *wasi.System
	// wasiFuncs is what wasi provides.
	wasiFuncs  []interp.HostFunc
	wasiClosed bool // guarded by still

	status atomic.Uint32 // statusOpen and so on; who runs the program runs or holds its thread
	// resumable says that the thread holds frames that nobody has resumed yet.
	resumable atomic.Bool
	// args is where typed calls put their arguments and find their results. It belongs to whoever is running.
	args [maxArity]uint64
	// cancel ends the context of a typed call of a program with a deadline.
	cancel context.CancelFunc

	// still is a lock over the program's shape: taken to add instances, to view it and to close it. It is a channel
	// so that waiting for it can be given up. It is never held while guest code of this program is started.
	still   chan struct{}
	externs map[[2]string]interp.Extern // made of host modules and WASI so far; guarded by still

	mu        sync.Mutex // guards instances and aliases
	instances []*Instance
	aliases   map[string]*Instance // see Register
}

// Whether a program may be used.
const (
	statusOpen   uint32 = iota
	statusClosed        // or about to be
	statusBroken        // a host function panicked: only Close is left
)

// newProgram makes a program without a thread.
func (rt *Runtime) newProgram(c *ProgramConfig) (*Program, error) {
	if c == nil {
		c = NewProgramConfig()
	}
	p := &Program{
		rt: rt, cfg: c,
		store:   interp.NewStore(tighter(rt.cfg.limits, c.limits)),
		still:   make(chan struct{}, 1),
		externs: map[[2]string]interp.Extern{},
	}
	for _, h := range c.hosts {
		if p.host(h.name) != nil {
			return nil, fmt.Errorf("%w: two host modules have the name %q", ErrConfig, h.name)
		}
		if err := p.addHost(h); err != nil {
			return nil, err
		}
	}
	if c.wasi == nil {
		return p, nil
	}
	w := c.wasi
	if c.deterministic {
		w = w.WithDeterministic(c.seed, c.start)
	}
	sys, err := wasi.New(w)
	if err != nil {
		return nil, err
	}
	p.wasi, p.wasiFuncs = sys, sys.HostFuncs()
	if err := p.store.AddResource(wasi.Module, sys); err != nil {
		sys.Close()
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return p, nil
}

// start gives the program its thread and what watches over it; passed is how many safepoints it has passed.
func (p *Program) start(passed uint64) {
	if p.thread == nil {
		p.thread = p.store.NewThread()
	}
	if p.cfg.fuelled {
		p.thread.SetFuel(p.cfg.fuel)
	}
	if hook := p.cfg.hook; hook != nil {
		p.store.CountSafepoints(passed, p.cfg.hookAt, func(passed uint64) uint64 { return hook(p, passed) })
	}
}

// Runtime is the runtime that the program was made by.
func (p *Program) Runtime() *Runtime { return p.rt }

// Instance finds an instance by a name under which it was registered, else by its own; nil when there is none.
func (p *Program) Instance(name string) *Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := p.aliases[name]; i != nil {
		return i
	}
	for _, i := range slices.Backward(p.instances) {
		if i.Name() == name {
			return i
		}
	}
	return nil
}

// Register lets modules import from i under one more name, in place of whatever had that name before. Such names are the
// embedder's, and not part of snapshots: a restored program is given them again.
func (p *Program) Register(name string, i *Instance) error {
	if i.p != p {
		return fmt.Errorf("registering %q: %w", name, ErrForeign)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aliases == nil {
		p.aliases = map[string]*Instance{}
	}
	p.aliases[name] = i
	return nil
}

// Instances are the program's instances in the order in which they were made.
func (p *Program) Instances() iter.Seq[*Instance] {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Values(slices.Clone(p.instances))
}

// Func returns the function that a reference means, or nil for null.
func (p *Program) Func(ref uint64) *Func {
	if f := p.store.Func(ref); f != nil {
		return &Func{p, f}
	}
	return nil
}

// Instantiate makes an instance of m and calls its start function, if it has one. Each import is looked for in the
// instance of that name, else in the host module, else in WASI; [LinkError] tells of each that is missing or does not fit.
// The name must not be taken, unless it is empty: then nothing can be imported from the instance.
//
// A command's _start and a reactor's _initialize are not called: see [Instance.Run].
func (p *Program) Instantiate(ctx context.Context, m *Module, name string) (*Instance, error) {
	if m.rt != p.rt {
		return nil, fmt.Errorf("instantiating %q: module: %w", name, ErrForeign)
	}
	if err := p.acquire(); err != nil {
		return nil, err
	}
	defer p.release()
	i, err := p.instantiate(ctx, m, name)
	if err != nil {
		return nil, err
	}
	if start := m.code.Wasm().Start; start >= 0 {
		if err := p.invoke(ctx, i.inst.Func(uint32(start)), nil); err != nil {
			p.remove(i)
			return nil, err
		}
	}
	return i, nil
}

// instantiate makes the instance, up to its start function.
func (p *Program) instantiate(ctx context.Context, m *Module, name string) (*Instance, error) {
	if err := p.lock(ctx); err != nil {
		return nil, err
	}
	defer p.unlock()
	if name != "" && p.taken(name) {
		return nil, fmt.Errorf("%w: the name %q is taken", ErrConfig, name)
	}
	imports, err := p.resolve(m)
	if err != nil {
		return nil, err
	}
	inst, err := p.store.Instantiate(m.code, name, imports)
	if err != nil {
		return nil, err
	}
	return p.add(inst, m), nil
}

func (p *Program) add(inst *interp.Instance, m *Module) *Instance {
	i := &Instance{p: p, inst: inst, m: m}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instances = append(p.instances, i)
	return i
}

func (p *Program) remove(i *Instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instances = slices.DeleteFunc(p.instances, func(j *Instance) bool { return i == j })
}

// taken tells whether an instance or a host module has the name.
func (p *Program) taken(name string) bool {
	return p.Instance(name) != nil || p.host(name) != nil || p.wasi != nil && name == wasi.Module
}

// instanceOf is the vm's view of inst, or nil.
func (p *Program) instanceOf(inst *interp.Instance) *Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range p.instances {
		if i.inst == inst {
			return i
		}
	}
	return nil
}

// Busy tells whether a call runs in the program.
func (p *Program) Busy() bool {
	return p.status.Load() == statusOpen && p.thread != nil && p.thread.Busy()
}

// SetFuel gives the program n units of fuel instead of what it has, see [ProgramConfig.WithFuel]. It is made
// like a call: it returns ErrBusy while the program runs; a host function uses [Caller.SetFuel].
func (p *Program) SetFuel(n uint64) error {
	if err := p.acquire(); err != nil {
		return err
	}
	defer p.release()
	p.thread.SetFuel(n)
	return nil
}

// Fuel is what the program has left of its fuel; 0 when it was never given any. Like SetFuel it
// is made like a call.
func (p *Program) Fuel() (uint64, error) {
	if err := p.acquire(); err != nil {
		return 0, err
	}
	defer p.release()
	return p.thread.Fuel(), nil
}

// Close gives back the program's memory and closes what it has open through WASI. Nothing of the program may be used
// afterwards. A program that runs is not closed: Close returns ErrBusy; end its call by its context first. Closing twice
// does nothing.
//
// Close does not wait for a checkpoint or a view of the program that somebody takes, so that what it is written to, or [Program.View]'s callback, may
// close the program: they see it to their end, and then all is given back.
func (p *Program) Close() error {
	if err := p.acquire(); err != nil && !p.status.CompareAndSwap(statusBroken, statusClosed) {
		if err == ErrClosed {
			return nil
		}
		return err
	}
	p.status.Store(statusClosed)
	p.store.Close() // which waits for nothing either
	return p.closeWASI()
}

// closeWASI closes what a closed program has open through WASI, unless somebody has still, who does it at the end.
func (p *Program) closeWASI() (err error) {
	select {
	case p.still <- struct{}{}:
	default:
		return nil
	}
	if p.wasi != nil && !p.wasiClosed {
		p.wasiClosed = true
		if err = p.wasi.Close(); err != nil {
			p.rt.cfg.logger.Debug("closing WASI failed", "err", err)
		}
	}
	p.unlock()
	return err
}

// acquire makes the caller the one who runs the program.
func (p *Program) acquire() error {
	held := p.thread == nil || p.thread.Hold() // it stays so when the program has been closed; one that could not be restored has none
	if p.status.Load() >= statusClosed {
		return ErrClosed
	}
	if !held {
		return ErrBusy
	}
	return nil
}

// release ends what acquire began, unless the program was closed meanwhile.
func (p *Program) release() {
	if p.status.Load() == statusOpen {
		p.thread.Release()
	}
}

// begin is acquire for a call that begins at once; end is its end.
func (p *Program) begin(ctx context.Context) error {
	if p.cfg.timed {
		return p.beginTimed(ctx)
	}
	if err := p.thread.Begin(ctx); err != nil {
		return p.refused(err)
	}
	return nil
}

func (p *Program) beginTimed(ctx context.Context) error {
	ctx, cancel := p.withDeadline(ctx)
	if err := p.thread.Begin(ctx); err != nil {
		cancel()
		return p.refused(err)
	}
	p.cancel = cancel
	return nil
}

// refused is why a call could not begin.
func (p *Program) refused(err error) error {
	if p.status.Load() >= statusClosed {
		return ErrClosed
	}
	return err
}

// run makes a call that has begun.
func (p *Program) run(f *interp.Func, stack []uint64) error {
	returned := false
	defer p.abandoned(&returned)
	err := p.thread.Run(f, stack)
	returned = true
	return err
}

func (p *Program) end() {
	p.endDeadline()
	p.thread.End()
}

func (p *Program) endDeadline() {
	if p.cancel != nil {
		p.cancel()
		p.cancel = nil
	}
}

// lock takes still.
func (p *Program) lock(ctx context.Context) error {
	select {
	case p.still <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if p.status.Load() >= statusClosed {
		p.unlock()
		return ErrClosed
	}
	return nil
}

// unlock gives still back. What came while it was taken is done then.
func (p *Program) unlock() {
	wasiClosed := p.wasiClosed
	<-p.still
	if p.wasi != nil && !wasiClosed && p.status.Load() == statusClosed {
		p.closeWASI()
	}
}

// invoke calls f, for who has acquired the program and goes on afterwards.
func (p *Program) invoke(ctx context.Context, f *interp.Func, stack []uint64) error {
	if !p.cfg.timed {
		return p.call(ctx, f, stack)
	}
	ctx, cancel := p.withDeadline(ctx)
	defer cancel()
	return p.call(ctx, f, stack)
}

func (p *Program) call(ctx context.Context, f *interp.Func, stack []uint64) error {
	returned := false
	defer p.unwound(&returned)
	err := p.thread.CallHeld(ctx, f, stack)
	returned = true
	return err
}

// unwound is deferred around whatever runs guest code. A panic of a host function leaves frames behind that nothing can go
// on with, so that the program is as good as closed. The panic itself goes on to the embedder, whose it is.
func (p *Program) unwound(returned *bool) {
	if !*returned {
		p.status.Store(statusBroken)
	}
}

// abandoned is unwound for what begin has begun.
func (p *Program) abandoned(returned *bool) {
	if !*returned {
		p.status.Store(statusBroken)
		p.endDeadline()
		p.thread.Abandon()
	}
}

func (p *Program) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadlineCause(ctx, p.cfg.deadline, ErrDeadline)
}
