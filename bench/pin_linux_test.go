package bench

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRunPinsTheChildAndNotTheHarness(t *testing.T) {
	var before, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	cpu := 0
	for !before.IsSet(cpu) {
		cpu++
	}
	o := Run(t.Context(), []string{"/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status"}, "", Limits{CPU: cpu})
	if o.Failure != nil {
		t.Fatal(o.Failure)
	}
	allowed := strings.Fields(o.Output)
	if want := string(rune('0' + cpu)); len(allowed) != 2 || (cpu < 10 && allowed[1] != want) {
		t.Errorf("the child may run on CPUs %v, not on %d only", allowed, cpu)
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Error("the harness stayed pinned")
	}
}

func TestRunRefusesACPUThatIsNotThere(t *testing.T) {
	o := Run(t.Context(), []string{"/bin/true"}, "", Limits{CPU: 1000})
	if o.Failure == nil || o.Failure.Kind != Missing {
		t.Errorf("got %v", o.Failure)
	}
}
