package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/vm"
)

// snapshots takes the snapshots of one run, whoever wants them: a signal, the clock, a count of safepoints, or another
// process through the control socket. One that fails is told of, and the program goes on.
//
// Snapshots are taken between begin and end only. Before, when a start function or _initialize runs, a snapshot would
// know nothing of the call that is to follow; after it there is nothing to be continued.
type snapshots struct {
	path string // where they go, unless a request says otherwise
	opts state.Options
	log  *slog.Logger

	program *vm.Program // set by begin
	begun   chan struct{}
	over    chan struct{}
	// stopCode is the exit code of the run if a snapshot has stopped it. It is written while the program stands still.
	stopCode atomic.Int32
	writing  atomic.Bool
	taken    atomic.Pointer[time.Time] // when the last one was
}

// snapshotRequest says how a snapshot is taken.
type snapshotRequest struct {
	path string
	opts state.Options
	stop bool
	code int // the run's exit code, with stop
}

// snapshotResult is a snapshot that was taken.
type snapshotResult struct {
	size   int64
	took   time.Duration // all of it
	frozen time.Duration // while the program stood still
}

// Why no snapshot was taken.
var (
	errEnded = errors.New("the program has ended")
	errIdle  = errors.New("the program stands in no function") // for a moment, at the beginning and at the end
)

func newSnapshots(path string, opts state.Options, log *slog.Logger) *snapshots {
	return &snapshots{path: path, opts: opts, log: log, begun: make(chan struct{}), over: make(chan struct{})}
}

// begin says that p is about to run what a snapshot continues.
func (s *snapshots) begin(p *vm.Program) {
	s.program = p
	close(s.begun)
}

// end says that it has been run.
func (s *snapshots) end() { close(s.over) }

// request is what whoever has no wishes asks for.
func (s *snapshots) request() snapshotRequest { return snapshotRequest{path: s.path, opts: s.opts} }

// take takes a snapshot as soon as that is possible.
func (s *snapshots) take(ctx context.Context, r snapshotRequest) (snapshotResult, error) {
	begin := time.Now()
	select {
	case <-s.begun:
	case <-s.over:
		return snapshotResult{}, errEnded
	case <-ctx.Done():
		return snapshotResult{}, context.Cause(ctx)
	}
	for {
		res, err := s.write(ctx, r)
		if errors.Is(err, errIdle) {
			select {
			case <-s.over:
				return res, errEnded
			case <-time.After(time.Millisecond):
				continue
			}
		}
		res.took = time.Since(begin)
		return res, err
	}
}

// write freezes the program and writes it down.
func (s *snapshots) write(ctx context.Context, r snapshotRequest) (res snapshotResult, err error) {
	var frozen time.Time
	err = s.program.View(ctx, r.stop, func(v *vm.View) error {
		frozen = time.Now()
		if !runs(v) {
			return errIdle
		}
		s.writing.Store(true)
		defer s.writing.Store(false)
		size, err := state.WriteFile(r.path, v, r.opts)
		if err != nil {
			return err
		}
		res.size = size
		s.taken.Store(&v.Created)
		if r.stop {
			s.stopCode.Store(int32(r.code))
		}
		return nil
	})
	res.frozen = time.Since(frozen)
	return res, err
}

// state says in a word what the program does.
func (s *snapshots) state() string {
	switch {
	case closed(s.over):
		return "ended"
	case s.writing.Load():
		return "frozen"
	case closed(s.begun):
		return "running"
	}
	return "starting"
}

// closed tells whether a channel is closed.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// runs tells whether there is anything that the snapshot would continue.
func runs(v *vm.View) bool {
	for i := range v.Threads {
		if len(v.Threads[i].Frames) > 0 {
			return true
		}
	}
	return false
}

// try takes a snapshot and tells how that went.
func (s *snapshots) try(ctx context.Context, r snapshotRequest, why string) (snapshotResult, error) {
	res, err := s.take(ctx, r)
	switch {
	case err == nil:
		s.log.Info("snapshot", "path", r.path, "size", humanize.IBytes(uint64(res.size)), "took", res.took, "why", why)
	case errors.Is(err, errEnded), errors.Is(err, vm.ErrStopped), errors.Is(err, vm.ErrClosed):
		s.log.Debug("no snapshot", "err", err, "why", why)
	default:
		s.log.Error("snapshot failed; the program goes on", "path", r.path, "err", err, "why", why)
	}
	return res, err
}

// every takes a snapshot again and again until the program has ended. The program runs for the whole period between one
// and the next, however long they take: otherwise it would hardly run at all where writing is slower than the period.
func (s *snapshots) every(period time.Duration) {
	for {
		select {
		case <-time.After(period):
			s.try(context.Background(), s.request(), "--snapshot-every")
		case <-s.over:
			return
		}
	}
}

// at is the hook for --snapshot-at: it writes the snapshot and stops the program. When that fails the program goes on;
// when it is too early for a snapshot, the next safepoint will do.
func (s *snapshots) at(p *vm.Program, passed uint64) (next uint64) {
	if !closed(s.begun) {
		return passed + 1
	}
	r := s.request()
	r.stop, r.code = true, exitStopped
	s.try(context.Background(), r, "--snapshot-at")
	return 0
}

// defaultSnapshot is where snapshots of a file go when nobody says where: here, under a name of the run's own.
func defaultSnapshot(file string) string {
	base := filepath.Base(file)
	for _, ext := range []string{".wasm", ".snapshot"} {
		base = strings.TrimSuffix(base, ext)
	}
	return fmt.Sprintf("%s-%d.snapshot", base, os.Getpid())
}
