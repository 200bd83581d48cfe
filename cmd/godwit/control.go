package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/godwit-vm/godwit/control"
	"github.com/godwit-vm/godwit/vm"
)

// controlDelay is how long a program has to run before it gets a control socket. Most programs are shorter, and need
// not pay for one.
const controlDelay = 10 * time.Millisecond

// openControl lets other processes find the run. Failing to is not worth ending a program for. The returned function
// closes the socket, once it is open or before.
func (r *run) openControl() (closeControl func()) {
	if r.noControl {
		return func() {}
	}
	opened := make(chan *control.Server, 1)
	timer := time.AfterFunc(controlDelay, func() {
		s, err := control.Listen(&controlled{r})
		if err != nil {
			r.log.Info("no control socket", "err", err)
		} else {
			r.log.Debug("control socket", "id", s.ID())
		}
		opened <- s
	})
	return func() {
		if timer.Stop() {
			return
		}
		if s := <-opened; s != nil {
			if err := s.Close(); err != nil {
				r.log.Debug("closing the control socket", "err", err)
			}
		}
	}
}

// controlled is a run as its control socket shows it.
type controlled struct{ *run }

func (c *controlled) Status() control.Status {
	cpu, memory := usage()
	return control.Status{
		File: absolute(c.file), Snapshot: absolute(c.snapshots.path), Taken: c.snapshots.taken.Load(),
		State: c.snapshots.state(), Resumed: c.resumed, Tier: c.tier.String(), Started: c.started,
		CPU: cpu, Memory: memory, Godwit: vm.Version(),
	}
}

func (c *controlled) Checkpoint(ctx context.Context, q control.CheckpointRequest) (control.CheckpointResult, error) {
	r := c.snapshots.request()
	r.stop, r.code = q.Stop, exitStopped
	r.opts.Compress = r.opts.Compress || q.Compress
	r.opts.OmitModules = r.opts.OmitModules || q.OmitModules
	if q.Path != "" {
		r.path = q.Path
	}
	res, err := c.snapshots.try(ctx, r, "godwit checkpoint")
	return control.CheckpointResult{Path: absolute(r.path), Size: res.size, Took: res.took, Frozen: res.frozen}, err
}

// absolute is a path as other processes have to write it.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
