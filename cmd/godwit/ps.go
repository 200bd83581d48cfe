package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/godwit-vm/godwit/control"
)

var psCommand = command{
	name:    "ps",
	usage:   "[--json]",
	summary: "list the programs that you are running",
	text: `The columns:
  ID        what godwit checkpoint calls it
  AGE       since it was started or resumed
  STATE     starting, running, frozen (while a snapshot is written), ended
  CPU       time used by its process
  MEMORY    occupied by its process
  FILE      the module or snapshot that is run
  SNAPSHOT  where its snapshots go, and how old the last one is

Programs that run for less than a few milliseconds, or with --no-control, are not seen.`,
	mixed: true,
	prepare: func() ([]flag, func([]string) error) {
		var asJSON bool
		flags := []flag{{name: "json", set: toTrue(&asJSON), help: "print an array of JSON objects, for programs"}}
		return flags, func(args []string) error {
			if len(args) > 0 {
				return wrong("ps takes no arguments, but has %q", args[0])
			}
			list, err := control.List(context.Background())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(append([]control.Status{}, list...))
			}
			return printPrograms(list)
		}
	},
}

func printPrograms(list []control.Status) error {
	if len(list) == 0 {
		fmt.Println("No programs are running.")
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tPID\tAGE\tSTATE\tCPU\tMEMORY\tFILE\tSNAPSHOT")
	for _, p := range list {
		snapshot := printable(p.Snapshot)
		if p.Taken != nil {
			snapshot += " (" + short(time.Since(*p.Taken)) + " ago)"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", p.ID, p.PID, short(time.Since(p.Started)), printable(p.State),
			short(p.CPU), humanize.IBytes(p.Memory), printable(p.File), snapshot)
	}
	return w.Flush()
}

// short is a duration with as many digits as people need.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < 24*time.Hour:
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// printable is s, quoted when it has anything but printable characters, which could play with the terminal.
func printable(s string) string {
	if q := strconv.Quote(s); q != `"`+s+`"` {
		return q
	}
	return s
}
