package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/state"
)

// Restore reads a snapshot and makes the program that it holds, which then stands where it was frozen:
// [Program.Resume] continues it. c, which may be nil, provides what a snapshot does not hold: the host modules and WASI that
// the program had, and modules that it does not embed. The snapshot may come from any machine and any earlier release.
//
// A snapshot is untrusted input. The error is a [*SnapshotError] when the file is bad, and matches [ErrRestore] when it
// does not fit: a module, host function or resource is missing or another one, or a limit is in the way. Nothing has run
// then.
func (rt *Runtime) Restore(ctx context.Context, r io.Reader, c *ProgramConfig) (*Program, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	f, err := state.DecodeBytes(b, rt.cfg.snapshot)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return rt.restore(ctx, &f.Program, c)
}

// RestoreFile is Restore from a file. Memories are read from it straight to where they belong.
func (rt *Runtime) RestoreFile(ctx context.Context, path string, c *ProgramConfig) (*Program, error) {
	f, err := state.ReadFile(path, rt.cfg.snapshot)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return rt.restore(ctx, &f.Program, c)
}

// RestoreView is Restore of a portable view: one that was read by other means, or is live ([Program.View]).
// Modules that it embeds are compiled from their bytes.
func (rt *Runtime) RestoreView(ctx context.Context, v *View, c *ProgramConfig) (*Program, error) {
	return rt.restore(ctx, v, c)
}

func (rt *Runtime) restore(ctx context.Context, v *View, c *ProgramConfig) (*Program, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	begin := time.Now()
	p, err := rt.newProgram(c)
	if err != nil {
		return nil, err
	}
	if err := p.restore(v); err != nil {
		rt.cfg.logger.DebugContext(ctx, "restore failed", "err", err)
		return nil, errors.Join(err, p.Close())
	}
	rt.cfg.logger.DebugContext(ctx, "restore", "took", time.Since(begin), "by", v.Godwit, "created", v.Created)
	return p, nil
}

// restore fills a program that is empty but for its resources.
func (p *Program) restore(v *View) error {
	modules := map[*interp.Module]*Module{}
	env := interp.Env{HostFunc: p.restoredFunc, Module: func(s *state.Module) (*interp.Module, error) {
		m, err := p.module(s)
		if err != nil {
			return nil, err
		}
		modules[m.code] = m
		return m.code, nil
	}}
	if err := p.store.Restore(v, env); err != nil {
		return err
	}
	for _, inst := range p.store.Instances() {
		p.add(inst, modules[inst.Module()])
	}
	p.recoverExterns()
	for _, t := range p.store.Threads() {
		if p.thread != nil && p.thread.Depth() > 0 && t.Depth() > 0 {
			return fmt.Errorf("%w: it has more than one thread", ErrRestore)
		}
		if p.thread == nil || t.Depth() > 0 {
			p.thread = t
		}
	}
	p.resumable.Store(p.thread != nil && p.thread.Depth() > 0)
	p.start(v.Safepoints)
	return nil
}

// module finds a module that a snapshot needs: among those that the configuration provides, else in the snapshot. Which
// modules the runtime happens to hold makes no difference, but that they need not be decoded again.
func (p *Program) module(s *state.Module) (*Module, error) {
	for _, m := range p.cfg.modules {
		if m.Hash() == s.Hash {
			if m.rt != p.rt {
				return nil, foreignModule(m)
			}
			return m, nil
		}
	}
	if s.Bytes == nil {
		return nil, fmt.Errorf("%q, SHA-256 %x: %w", s.Name, s.Hash, ErrModuleMissing)
	}
	return p.rt.Compile(s.Bytes)
}

// Resume continues a program that was restored or forked while it ran, until the function that had been called returns,
// and gives the bits of its results. Errors are those of [Func.Call]; a guest that ends itself with proc_exit(0) has ended
// well. A program that was idle has nothing to resume: [ErrNothingToResume].
func (p *Program) Resume(ctx context.Context) (results []uint64, err error) {
	if err := p.acquire(); err != nil {
		return nil, err
	}
	defer p.release()
	p.resumable.Store(false)
	if p.cfg.timed {
		var cancel context.CancelFunc
		ctx, cancel = p.withDeadline(ctx)
		defer cancel()
	}
	returned := false
	defer p.unwound(&returned)
	results, err = p.thread.ResumeHeld(ctx)
	returned = true
	p.resumable.Store(p.thread.Depth() > 0) // it was not even begun, if ctx had ended
	return results, exitedWell(err)
}

// Resumable tells whether the program holds frames that Resume would continue.
func (p *Program) Resumable() bool { return p.resumable.Load() }
