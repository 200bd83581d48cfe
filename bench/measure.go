package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A Sample is what one run of a process cost.
type Sample struct {
	User   time.Duration `json:"user_ns"`
	System time.Duration `json:"system_ns"`
	Wall   time.Duration `json:"wall_ns"`
	MaxRSS int64         `json:"max_rss_bytes"` // 0 where the host does not say
}

// An Outcome is one run: its cost, what it printed, and why it failed, if it did.
type Outcome struct {
	Sample
	Output  string
	Failure *Failure
}

// A Failure says why a run does not count.
type Failure struct {
	Kind   FailureKind `json:"kind"`
	Detail string      `json:"detail"`
}

func (f *Failure) Error() string { return string(f.Kind) + ": " + f.Detail }

// A FailureKind is short enough to stand in a cell of a table.
type FailureKind string

const (
	Wrong   FailureKind = "WRONG"   // it printed something else than it should
	Timeout FailureKind = "TIMEOUT" // it took longer than it may
	Exit    FailureKind = "EXIT"    // it ended with another exit code than 0, or by a signal
	Missing FailureKind = "MISSING" // it could not be started
)

// Limits bound one run.
type Limits struct {
	Timeout time.Duration // 0 is none
	CPU     int           // the only CPU that the process may run on; below 0 it may use all of them
}

// Run starts a command, with the file stdin as its standard input if that is not empty, and waits for its end.
func Run(ctx context.Context, command []string, stdin string, limits Limits) Outcome {
	if limits.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limits.Timeout)
		defer cancel()
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout = &stdout
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	if stdin != "" {
		f, err := os.Open(stdin)
		if err != nil {
			return Outcome{Failure: &Failure{Missing, err.Error()}}
		}
		defer f.Close()
		cmd.Stdin = f
	}

	begin := time.Now()
	if err := startPinned(cmd, limits.CPU); err != nil {
		return Outcome{Failure: &Failure{Missing, err.Error()}}
	}
	err := cmd.Wait()
	outcome := Outcome{
		Sample: Sample{
			User:   cmd.ProcessState.UserTime(),
			System: cmd.ProcessState.SystemTime(),
			Wall:   time.Since(begin),
			MaxRSS: maxRSS(cmd.ProcessState),
		},
		Output: stdout.String(),
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		outcome.Failure = &Failure{Timeout, fmt.Sprintf("took longer than %v", limits.Timeout)}
	case err != nil:
		outcome.Failure = &Failure{Exit, err.Error() + lastLine(stderr.String())}
	}
	return outcome
}

// startPinned starts a command on one CPU. A child inherits the mask of the thread that starts it, so that thread is moved
// there for as long as the start takes.
func startPinned(cmd *exec.Cmd, cpu int) error {
	if cpu < 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	restore, err := pinThread(cpu)
	if err != nil {
		return fmt.Errorf("pinning to CPU %d: %w", cpu, err)
	}
	return errors.Join(cmd.Start(), restore())
}

// lastLine gives the last line of an error output, cut to a readable length, after a colon.
func lastLine(text string) string {
	const most = 200
	text = strings.TrimSpace(text)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	if text == "" {
		return ""
	}
	if len(text) > most {
		text = text[:most] + "…"
	}
	return ": " + text
}
