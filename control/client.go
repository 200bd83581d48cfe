package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNotFound says that no program of that ID runs.
var ErrNotFound = errors.New("no such program")

// RemoteError is what a program has answered instead of doing what it was asked for.
type RemoteError struct{ Message string }

func (e *RemoteError) Error() string { return e.Message }

// entry is a socket that may belong to a program.
type entry struct {
	id, path string
}

// entries finds the sockets. A folder that cannot be trusted is an error, one that is not there is empty.
func entries() ([]entry, error) {
	var list []entry
	for _, dir := range folders() {
		files, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = checkFolder(dir)
		}
		if err != nil {
			return nil, fmt.Errorf("control: %w", err)
		}
		for _, f := range files {
			id, ok := strings.CutSuffix(f.Name(), suffix)
			path := filepath.Join(dir, f.Name())
			switch {
			case !ok:
			case strings.HasPrefix(id, "."):
				removeOrphan(path, f)
			default:
				list = append(list, entry{id, path})
			}
		}
	}
	return list, nil
}

// removeOrphan removes a socket that never came to listen.
func removeOrphan(path string, f fs.DirEntry) {
	if fi, err := f.Info(); err == nil && time.Since(fi.ModTime()) > orphanTime {
		_ = os.Remove(path)
	}
}

// List asks all programs of the user what they are. Those that do not answer are left out, and the sockets of those that
// have died are removed. The oldest program is the first.
func List(ctx context.Context) ([]Status, error) {
	sockets, err := entries()
	if err != nil {
		return nil, err
	}
	answers := make([]*Status, len(sockets))
	var wait sync.WaitGroup
	for i, e := range sockets {
		wait.Go(func() {
			r, err := e.ask(ctx, request{Version: Version, Op: opStatus}, talkTime)
			if err == nil && r.Status != nil {
				answers[i] = r.Status
			}
		})
	}
	wait.Wait()
	var list []Status
	for i, st := range answers {
		if st != nil {
			st.ID = sockets[i].id // the name of the socket is what counts
			list = append(list, *st)
		}
	}
	slices.SortFunc(list, func(a, b Status) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Checkpoint asks the program of an ID - or its beginning, if no other has the same, or the PID - for a snapshot, and waits
// until it is taken. ErrNotFound, a *RemoteError and the cause of ctx's end are what may come instead.
func Checkpoint(ctx context.Context, id string, r CheckpointRequest) (CheckpointResult, error) {
	e, err := find(ctx, id)
	if err != nil {
		return CheckpointResult{}, err
	}
	resp, err := e.ask(ctx, request{Version: Version, Op: opCheckpoint, Checkpoint: &r}, 0)
	if err != nil {
		return CheckpointResult{}, err
	}
	if resp.Checkpoint == nil {
		return CheckpointResult{}, errLine
	}
	return *resp.Checkpoint, nil
}

// find finds the socket of a program.
func find(ctx context.Context, id string) (entry, error) {
	sockets, err := entries()
	if err != nil {
		return entry{}, err
	}
	var found []entry
	for _, e := range sockets {
		if e.id == id {
			return e, nil
		}
		if strings.HasPrefix(e.id, id) && id != "" {
			found = append(found, e)
		}
	}
	if pid, err := strconv.Atoi(id); err == nil {
		list, err := List(ctx)
		if err != nil {
			return entry{}, err
		}
		for _, st := range list {
			if st.PID == pid {
				i := slices.IndexFunc(sockets, func(e entry) bool { return e.id == st.ID })
				if i >= 0 {
					return sockets[i], nil
				}
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return entry{}, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	return entry{}, fmt.Errorf("%q is the beginning of %d programs' IDs", id, len(found))
}

// sweep removes the sockets of programs that have died without doing so.
func sweep() {
	sockets, _ := entries()
	for _, e := range sockets {
		if c, err := e.dial(context.Background()); err == nil {
			c.Close()
		}
	}
}

// dial connects. A socket that refuses belongs to a process that has died, and is removed.
func (e entry) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: talkTime}
	c, err := d.DialContext(ctx, "unix", e.path)
	if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(e.path)
		err = fmt.Errorf("%q: %w", e.id, ErrNotFound)
	}
	return c, err
}

// ask sends a request and waits for the response, for as long as work says; 0 is for ever.
func (e entry) ask(ctx context.Context, req request, work time.Duration) (*response, error) {
	c, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if err := send(c, req); err != nil {
		return nil, err
	}
	if work > 0 {
		_ = c.SetReadDeadline(time.Now().Add(work))
	}
	var resp response
	if err := receive(c, maxResponse, &resp); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("program %s gave no answer: %w", e.id, err)
	}
	if resp.Error != "" {
		return nil, &RemoteError{resp.Error}
	}
	return &resp, nil
}
