package oracle

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWaitingForInput freezes a guest three times while it waits for the rest of a line, here and elsewhere, all legs
// having the same pipe: what one has read and not used, the next one finds in the snapshot, and what it has not read in
// the pipe.
func TestWaitingForInput(t *testing.T) {
	g := guestNamed("stdin")
	file := g.file(t)
	input := []string{"one\ntwo\nthr", "ee\nfour\n\nsi", "x\nseven, which takes more than sixty-four bytes to be written down in full\neig", "ht\nno end"}
	whole := *g
	whole.stdin = strings.Join(input, "")
	want := whole.travel(t, file, []leg{{host: native()}}).Stdout
	for _, h := range visited() {
		t.Run(h.arch, func(t *testing.T) {
			t.Parallel()
			h.command(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			next, got, lines := file, "", 1
			for i, text := range input {
				p := begin(t, []*host{native(), h}[i%2], next, g.args, r)
				if _, err := io.WriteString(w, text); err != nil {
					t.Fatal(err)
				}
				if i == len(input)-1 {
					w.Close()
					got += p.end(t, 0)
					break
				}
				lines += strings.Count(text, "\n")
				p.waitFor(t, lines-strings.Count(got, "\n"))
				next = p.checkpoint(t)
				got += p.end(t, exitStopped)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the journey made a difference (-without +with):\n%s", diff)
			}
		})
	}
}

// TestAsleep freezes a guest in its sleep, lets more time pass than it wanted to sleep, and wakes it up on each
// architecture: it sleeps for what was left, and takes the time between for none.
func TestAsleep(t *testing.T) {
	const (
		nap, slack = 3 * time.Second, 2 * time.Second // as in testdata/guest/sleep.go
		asleep     = 2200 * time.Millisecond          // so that sleeping anew would be more than nap+slack
		frozen     = 2500 * time.Millisecond          // so that counting it would be, too
	)
	g := guestNamed("sleep")
	p := begin(t, native(), g.file(t), g.args, nil)
	p.waitFor(t, 1)
	time.Sleep(asleep)
	snapshot := p.checkpoint(t)
	if said := p.end(t, exitStopped); said != "sleeping\n" {
		t.Fatalf("this machine is too slow, or the guest does not sleep: %q", said)
	}
	time.Sleep(frozen)
	for _, h := range visited() {
		t.Run(h.arch, func(t *testing.T) {
			t.Parallel()
			h.command(t)
			got := begin(t, h, snapshot, nil, nil).end(t, 0)
			if diff := cmp.Diff("enough true too much false\ntimer\nend\n", got); diff != "" {
				t.Errorf("%v were left of %v (-want +got):\n%s", nap-asleep, nap, diff)
			}
		})
	}
}

// visited are the hosts that this run goes to.
func visited() []*host {
	if testing.Short() {
		return hosts[:1]
	}
	return hosts
}

// process is a guest that runs and can be frozen from outside.
type process struct {
	cmd     *exec.Cmd
	folder  string // of its control socket
	changed chan struct{}

	mu          sync.Mutex
	out, errors bytes.Buffer
}

// Write takes what the guest prints.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.changed <- struct{}{}:
	default:
	}
	return p.out.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// begin starts a module, or goes on with a snapshot.
func begin(t *testing.T, h *host, file string, args []string, stdin *os.File) *process {
	t.Helper()
	// The name of a socket has to be short, which those of t.TempDir are not.
	folder, err := os.MkdirTemp("", "o")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{folder: folder, changed: make(chan struct{}, 1)}
	argv := append(h.command(t), "run", file)
	if strings.HasSuffix(file, ".wasm") {
		argv = append(argv, args...)
	}
	p.cmd = exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	p.cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+folder)
	p.cmd.Stdout, p.cmd.Stderr = p, &p.errors
	if stdin != nil {
		p.cmd.Stdin = stdin
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return p
}

// waitFor waits until the guest has printed that many lines.
func (p *process) waitFor(t *testing.T, lines int) {
	t.Helper()
	for late := time.After(time.Minute); strings.Count(p.said(), "\n") < lines; {
		select {
		case <-p.changed:
		case <-late:
			p.cmd.Process.Kill()
			p.cmd.Wait()
			t.Fatalf("%d lines were expected of %s; it said %q and %q", lines, p.cmd, p.said(), p.errors.String())
		}
	}
}

// checkpoint freezes the guest, writes it down and stops it.
func (p *process) checkpoint(t *testing.T) (snapshot string) {
	t.Helper()
	snapshot = filepath.Join(t.TempDir(), "snapshot")
	argv := append(native().command(t), "checkpoint", "--stop", "-o", snapshot, strconv.Itoa(p.cmd.Process.Pid))
	c := exec.Command(argv[0], argv[1:]...)
	c.Env = p.cmd.Env
	if said, err := c.CombinedOutput(); err != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		t.Fatalf("%s: %v: %s", c, err, said)
	}
	return snapshot
}

// end waits for the process and returns what the guest has printed.
func (p *process) end(t *testing.T, exit int) string {
	t.Helper()
	p.cmd.Wait() // its exit code tells
	if code := p.cmd.ProcessState.ExitCode(); code != exit || p.errors.Len() > 0 {
		t.Fatalf("%s ended with exit code %d, want %d, and said %q", p.cmd, code, exit, p.errors.String())
	}
	return p.said()
}
