//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/control"
	"github.com/godwit-vm/godwit/vm"
)

// find waits until godwit ps shows the program.
func (s *started) find(t *testing.T) (st control.Status) {
	t.Helper()
	waitFor(t, "the program in godwit ps", func() bool {
		var list []control.Status
		if err := json.Unmarshal([]byte(mustRun(t, "ps", "--json")), &list); err != nil {
			t.Fatal(err)
		}
		for _, st = range list {
			if st.PID == s.Process.Pid && st.State == "running" {
				return true
			}
		}
		return false
	})
	return st
}

func TestSnapshotBySignal(t *testing.T) {
	file := snapshotFile(t)
	s := godwit(t, "--snapshot", file, guest(t), "count", "20", "10").start(t)
	waitFor(t, "output", func() bool { return s.out.String() != "" })
	s.Process.Signal(syscall.SIGUSR1)
	waitFor(t, "the snapshot", func() bool { return exists(file) })
	if o := s.end(t); o.code != 7 || o.stdout != countOutput(20) {
		t.Errorf("the program that went on: %+v", o)
	}
	if o := runGodwit(t, file); o.code != 7 || !strings.HasSuffix(countOutput(20), o.stdout) || o.stdout == "" {
		t.Errorf("the snapshot: %+v", o)
	}
}

func TestSnapshotOnTerm(t *testing.T) {
	file, output := snapshotFile(t), ""
	args := []string{guest(t), "count", "20", "10"}
	for stops := 0; stops < 3; stops++ {
		s := godwit(t, append([]string{"--snapshot", file, "--snapshot-on-term"}, args...)...).start(t)
		waitFor(t, "output", func() bool { return s.out.String() != "" })
		s.Process.Signal(syscall.SIGTERM)
		o := s.end(t)
		if o.code != exitTerm {
			t.Fatalf("got %+v", o)
		}
		output += o.stdout
		args = []string{file}
	}
	o := runGodwit(t, file)
	if diff := cmp.Diff(countOutput(20), output+o.stdout); diff != "" || o.code != 7 {
		t.Errorf("exit code %d; %s", o.code, diff)
	}
}

func TestCheckpointStop(t *testing.T) {
	for _, test := range []struct {
		name  string
		flags []string
	}{
		{"plain", nil},
		{"compressed", []string{"--compress"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := snapshotFile(t)
			s := godwit(t, guest(t), "count", "100", "10").start(t)
			id := s.find(t).ID
			out := mustRun(t, append([]string{"checkpoint", id, "--stop", "-o", file}, test.flags...)...)
			if !strings.HasPrefix(out, file+": ") || !strings.Contains(out, "stood still for") {
				t.Errorf("checkpoint prints %q", out)
			}
			stopped := s.end(t)
			resumed := runGodwit(t, file)
			if diff := cmp.Diff(countOutput(100), stopped.stdout+resumed.stdout); diff != "" || stopped.code != exitStopped || resumed.code != 7 {
				t.Errorf("exit codes %d and %d; %s", stopped.code, resumed.code, diff)
			}
		})
	}
}

func TestCheckpointOfWhatWaits(t *testing.T) {
	file := snapshotFile(t)
	s := godwit(t, "--snapshot", file, guest(t), "echo")
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.start(t)
	in.Write([]byte("one\n"))
	waitFor(t, "an echo", func() bool { return s.out.String() == "1 one\n" })
	var res control.CheckpointResult
	if err := json.Unmarshal([]byte(mustRun(t, "checkpoint", "--json", "--stop", s.find(t).ID)), &res); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(file); err != nil || fi.Size() != res.Size || res.Path != file {
		t.Errorf("got %+v; the file: %v", res, err)
	}
	if o := s.end(t); o.code != exitStopped || o.stdout != "1 one\n" {
		t.Errorf("got %+v", o)
	}
	r := godwit(t, file)
	r.Stdin = strings.NewReader("two\nthree\n")
	if o := r.start(t).end(t); o.code != 0 || o.stdout != "2 two\n3 three\n" {
		t.Errorf("got %+v", o)
	}
}

func TestCheckpointThatFails(t *testing.T) {
	s := godwit(t, guest(t), "count", "30", "10").start(t)
	id := s.find(t).ID
	o := runGodwit(t, "checkpoint", "--stop", "-o", filepath.Join(t.TempDir(), "missing", "a"), id)
	if o.code != exitFailure || !strings.Contains(o.stderr, "no such file") {
		t.Errorf("got %+v", o)
	}
	if o := s.end(t); o.code != 7 || o.stdout != countOutput(30) {
		t.Errorf("the program: %+v", o)
	}
	if o := runGodwit(t, "checkpoint", id); o.code != exitFailure || !strings.Contains(o.stderr, "no such program") {
		t.Errorf("of a program that has ended: %+v", o)
	}
}

func TestPs(t *testing.T) {
	g := guest(t)
	a := godwit(t, "--snapshot", "x.snapshot", g, "sleep").start(t)
	b := godwit(t, "--no-control", g, "sleep").start(t)
	c := godwit(t, g, "spin").start(t)
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	st := a.find(t)
	want := control.Status{
		ID: st.ID, PID: a.Process.Pid, File: g, Snapshot: filepath.Join(cwd, "x.snapshot"), State: "running", Tier: vm.NewConfig().Tier().String(),
		Started: st.Started, CPU: st.CPU, Memory: st.Memory, Godwit: st.Godwit,
	}
	if diff := cmp.Diff(want, st); diff != "" || st.CPU == 0 || st.Memory == 0 {
		t.Error(st, diff)
	}
	dead := filepath.Join(bin, "godwit", c.find(t).ID+".sock")
	c.Process.Kill()
	c.Wait()
	if !exists(dead) {
		t.Fatalf("%s is gone before its time", dead)
	}
	out := mustRun(t, "ps")
	if !strings.Contains(out, st.ID) || strings.Count(out, "\n") != 2 {
		t.Errorf("of three programs the first is to be seen, the second is hidden, the third is dead:\n%s", out)
	}
	if exists(dead) {
		t.Errorf("ps leaves %s, which belongs to nobody", dead)
	}
	a.Process.Kill()
	b.Process.Kill()
}
