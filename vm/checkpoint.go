package vm

import (
	"context"
	"io"
	"time"

	"github.com/godwit-vm/godwit/state"
)

// CheckpointConfig says how a checkpoint is taken. It is immutable: each With method returns a changed copy. nil is the
// same as NewCheckpointConfig().
type CheckpointConfig struct {
	stop bool
	opts state.Options
}

// NewCheckpointConfig returns the default: the program goes on, modules are embedded, nothing is compressed.
func NewCheckpointConfig() *CheckpointConfig { return &CheckpointConfig{} }

func (c *CheckpointConfig) with(change func(*CheckpointConfig)) *CheckpointConfig {
	var d CheckpointConfig
	if c != nil {
		d = *c
	}
	change(&d)
	return &d
}

// WithStop ends the program here once the checkpoint is written: its call returns [ErrStopped], and so does every later
// one. When writing fails the program goes on.
func (c *CheckpointConfig) WithStop() *CheckpointConfig {
	return c.with(func(d *CheckpointConfig) { d.stop = true })
}

// WithCompression packs the snapshot with zstd: smaller, slower to write and to restore.
func (c *CheckpointConfig) WithCompression() *CheckpointConfig {
	return c.with(func(d *CheckpointConfig) { d.opts.Compress = true })
}

// WithoutModules leaves the modules' binaries out. Who restores the snapshot provides them, see
// [ProgramConfig.WithModules].
func (c *CheckpointConfig) WithoutModules() *CheckpointConfig {
	return c.with(func(d *CheckpointConfig) { d.opts.OmitModules = true })
}

// Checkpoint freezes the program, whether it runs or is idle, writes it to w as a snapshot, and lets it go on. c may be nil.
//
// A program that runs is frozen at its next safepoint, within microseconds, unless it is in a host function: one that
// waits gives up (see [Caller.Suspend]), one that computes is waited for until ctx ends. It stands still for as long as
// writing takes; give a buffer when w is slow. [ErrHostFrames] says that it cannot be frozen now.
func (p *Program) Checkpoint(ctx context.Context, w io.Writer, c *CheckpointConfig) error {
	if c == nil {
		c = NewCheckpointConfig()
	}
	return p.view(ctx, c.stop, "checkpoint", func(v *View) error { return state.Encode(w, v, c.opts) })
}

// CheckpointFile is Checkpoint into a file. Under its name there is at every moment what was there before or the whole
// snapshot, even if the machine fails.
func (p *Program) CheckpointFile(ctx context.Context, path string, c *CheckpointConfig) error {
	if c == nil {
		c = NewCheckpointConfig()
	}
	return p.view(ctx, c.stop, "checkpoint", func(v *View) error {
		_, err := state.WriteFile(path, v, c.opts)
		return err
	})
}

// View freezes the program as Checkpoint does and calls f with its portable view. The view refers to the program's live
// memory: it is valid until f returns, and must not be changed. f must not take another view or checkpoint of the program, nor add to it, which would
// wait for f; it may close it. Then the program goes on, or ends here if stop is set
// and f returns nil. Everything else that copies programs is built on View and [Runtime.RestoreView].
func (p *Program) View(ctx context.Context, stop bool, f func(*View) error) error {
	return p.view(ctx, stop, "view", f)
}

// Fork copies the program, whether it runs or is idle, within the process: the copy stands where the program was frozen
// ([Program.Resume] continues it) and shares nothing with it but compiled modules. c is the copy's configuration; nil
// takes the program's own, with a state of its own for each host module and the same streams and folders of WASI.
func (p *Program) Fork(ctx context.Context, c *ProgramConfig) (fork *Program, err error) {
	if c == nil {
		c = p.cfg
	}
	err = p.view(ctx, false, "fork", func(v *View) error {
		fork, err = p.rt.restore(ctx, v, c)
		return err
	})
	return fork, err
}

// view freezes the program for f; what is it called in the log.
func (p *Program) view(ctx context.Context, stop bool, what string, f func(*View) error) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	begin := time.Now()
	var frozen time.Time
	err := p.store.Checkpoint(ctx, stop, func(v *View) error {
		frozen = time.Now()
		v.Godwit = Version()
		return f(v)
	})
	log := p.rt.cfg.logger
	if err != nil {
		log.DebugContext(ctx, what+" failed", "err", err)
		return err
	}
	log.DebugContext(ctx, what, "freezing", frozen.Sub(begin), "frozen", time.Since(frozen), "stop", stop)
	return nil
}
