//go:build unix

package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake is a program.
type fake struct {
	asked   atomic.Pointer[CheckpointRequest]
	respond func(ctx context.Context) (CheckpointResult, error)
}

var fakeStatus = Status{File: "/a.wasm", State: "running", Started: time.Unix(1e9, 0).UTC(), CPU: time.Second, Memory: 1 << 20}

func (f *fake) Status() Status { return fakeStatus }

func (f *fake) Checkpoint(ctx context.Context, r CheckpointRequest) (CheckpointResult, error) {
	f.asked.Store(&r)
	return f.respond(ctx)
}

// serve opens a server for a fake in a folder of the test's own.
func serve(t *testing.T, f *fake) *Server {
	t.Helper()
	s, err := Listen(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// own has the test's sockets in a folder of its own, whose name is short because a socket's is limited.
func own(t *testing.T) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "gw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	return filepath.Join(dir, "godwit")
}

func TestListAndCheckpoint(t *testing.T) {
	dir := own(t)
	if list, err := List(t.Context()); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	want := CheckpointResult{Path: "/s", Size: 5, Took: time.Second, Frozen: time.Millisecond}
	f := &fake{respond: func(context.Context) (CheckpointResult, error) { return want, nil }}
	s := serve(t, f)
	if fi, err := os.Stat(filepath.Join(dir, s.ID()+".sock")); err != nil || fi.Mode().Perm() != 0o600 {
		t.Error("the socket is to be for its owner alone:", fi, err)
	}
	status := fakeStatus
	status.ID, status.PID = s.ID(), os.Getpid()
	list, err := List(t.Context())
	if diff := cmp.Diff([]Status{status}, list); diff != "" || err != nil {
		t.Error(diff, err)
	}
	q := CheckpointRequest{Path: "/s", Stop: true, Compress: true, OmitModules: true}
	for _, id := range []string{s.ID(), s.ID()[:3]} {
		got, err := Checkpoint(t.Context(), id, q)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(id, diff, err)
		}
		if diff := cmp.Diff(&q, f.asked.Load()); diff != "" {
			t.Error(diff)
		}
	}
	f.respond = func(context.Context) (CheckpointResult, error) { return want, errors.New("no room") }
	var remote *RemoteError
	if _, err := Checkpoint(t.Context(), s.ID(), q); !errors.As(err, &remote) || remote.Message != "no room" {
		t.Error(err)
	}
	s.Close()
	if _, err := Checkpoint(t.Context(), s.ID(), q); !errors.Is(err, ErrNotFound) {
		t.Error("of a program that has gone:", err)
	}
	if _, err := Checkpoint(t.Context(), "", q); !errors.Is(err, ErrNotFound) {
		t.Error("of no ID:", err)
	}
}

func TestClientThatHangsUpCallsItsRequestOff(t *testing.T) {
	own(t)
	off := make(chan struct{})
	f := &fake{respond: func(ctx context.Context) (CheckpointResult, error) {
		<-ctx.Done()
		close(off)
		return CheckpointResult{}, ctx.Err()
	}}
	s := serve(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Checkpoint(ctx, s.ID(), CheckpointRequest{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	<-off
}

func TestCloseWaitsForAnswersOnly(t *testing.T) {
	own(t)
	working := make(chan struct{})
	f := &fake{respond: func(context.Context) (CheckpointResult, error) {
		close(working)
		time.Sleep(50 * time.Millisecond)
		return CheckpointResult{Size: 7}, nil
	}}
	s := serve(t, f)
	silent, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	answer := make(chan int64, 1)
	go func() {
		r, _ := Checkpoint(context.Background(), s.ID(), CheckpointRequest{})
		answer <- r.Size
	}()
	<-working
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > closeTime/2 {
		t.Errorf("Close waits for somebody who says nothing: %v", took)
	}
	if size := <-answer; size != 7 {
		t.Error("a request in progress got no answer")
	}
}

func TestServerRefuses(t *testing.T) {
	own(t)
	s := serve(t, &fake{})
	for _, test := range []struct{ name, say, want string }{
		{"no JSON", "hello\n", "no line of JSON"},
		{"no object", "[1]\n", "no line of JSON"},
		{"another version", `{"version":2,"op":"status"}` + "\n", "version 2"},
		{"no such request", `{"version":1,"op":"format"}` + "\n", `"format" is not known`},
		{"a checkpoint without a request", `{"version":1,"op":"checkpoint"}` + "\n", "not known"},
		{"a line beyond the limit", strings.Repeat("x", maxRequest+1), "within the limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := net.Dial("unix", s.path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, test.say) // may fail: the server does not read on and on
			var r response
			line, _ := io.ReadAll(c)
			if err := json.Unmarshal(line, &r); err != nil || !strings.Contains(r.Error, test.want) {
				t.Errorf("answer %q, %v; want %q in it", line, err, test.want)
			}
		})
	}
	if list, err := List(t.Context()); err != nil || len(list) != 1 {
		t.Error("the server is to serve on:", list, err)
	}
}

func TestClientBoundsWhatItReads(t *testing.T) {
	dir := own(t)
	serve(t, &fake{}) // makes the folder
	// Under its name only once it listens, as a server does: the other server's sweep takes one that refuses for dead.
	l, err := net.Listen("unix", filepath.Join(dir, ".evil.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Rename(filepath.Join(dir, ".evil.sock"), filepath.Join(dir, "evil.sock")); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // goes on for ever, without a line's end
				defer c.Close()
				for err == nil {
					_, err = c.Write(make([]byte, 64<<10))
				}
			}()
		}
	}()
	if list, err := List(t.Context()); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
	if _, err := Checkpoint(t.Context(), "evil", CheckpointRequest{}); !errors.Is(err, errLine) {
		t.Error(err)
	}
}

func TestListRemovesSocketsOfTheDead(t *testing.T) {
	dir := own(t)
	s := serve(t, &fake{})
	for _, name := range []string{"dead.sock", ".old.sock", ".new.sock"} {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, name), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
	}
	old := time.Now().Add(-2 * orphanTime)
	if err := os.Chtimes(filepath.Join(dir, ".old.sock"), old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := List(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	files, err := os.ReadDir(dir)
	for _, f := range files {
		names = append(names, f.Name())
	}
	if diff := cmp.Diff([]string{".new.sock", s.ID() + ".sock"}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestFolderMustBeTheUsersAlone(t *testing.T) {
	for name, plant := range map[string]func(dir string) error{
		"others may look into it": func(dir string) error { return os.Mkdir(dir, 0o755) },
		"it is a link": func(dir string) error {
			elsewhere := dir + "-elsewhere"
			return errors.Join(os.Mkdir(elsewhere, 0o700), os.Symlink(elsewhere, dir))
		},
		"it is a file":            func(dir string) error { return os.WriteFile(dir, nil, 0o600) },
		"others may put it there": func(dir string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(filepath.Dir(dir), 0o777)) },
		"it belongs to somebody":  func(dir string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 12345, -1)) },
		"what it is in is another": func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(filepath.Dir(dir), 12345, -1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := own(t)
			if err := plant(dir); errors.Is(err, os.ErrPermission) {
				t.Skip("only root can give files away")
			} else if err != nil {
				t.Fatal(err)
			}
			if s, err := Listen(&fake{}); err == nil {
				s.Close()
				t.Error("a server uses the folder")
			}
			if _, err := List(t.Context()); err == nil {
				t.Error("a client uses the folder")
			}
		})
	}
}
