package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/dustin/go-humanize"

	"github.com/godwit-vm/godwit/control"
)

var checkpointCommand = command{
	name:    "checkpoint",
	usage:   "[FLAGS] ID",
	summary: "write a running program down, and let it go on or stop it",
	text: `ID is what godwit ps shows: the ID or its beginning, or the PID. godwit run on the snapshot resumes the program.

The program is frozen at once, wherever it is: it computes, sleeps, or waits for input. If the snapshot cannot be
written the program goes on, whatever the flags say, and the exit code here is 1. Stopped with --stop it writes
nothing more, and its own exit code is 75.`,
	mixed: true,
	prepare: func() ([]flag, func([]string) error) {
		var q control.CheckpointRequest
		var asJSON bool
		flags := []flag{
			{name: "o", value: "FILE", set: toString(&q.Path), help: "where the snapshot goes (default: where the program's --snapshot says)"},
			{name: "stop", set: toTrue(&q.Stop), help: "end the program once the snapshot is written"},
			{name: "compress", set: toTrue(&q.Compress), help: "pack the snapshot with zstd"},
			{name: "without-module", set: toTrue(&q.OmitModules), help: "leave the module out; godwit run --module provides it again"},
			{name: "json", set: toTrue(&asJSON), help: "print a JSON object, for programs"},
		}
		return flags, func(args []string) error {
			if len(args) != 1 {
				return wrong("checkpoint takes the ID of one program, and has %d", len(args))
			}
			return checkpoint(args[0], q, asJSON)
		}
	},
}

func checkpoint(id string, q control.CheckpointRequest, asJSON bool) error {
	if q.Path != "" {
		q.Path = absolute(q.Path)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	res, err := control.Checkpoint(ctx, id, q)
	if errors.Is(err, control.ErrNotFound) {
		return fmt.Errorf("%w; godwit ps lists those that run", err)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(res)
	}
	_, err = fmt.Printf("%s: %s in %s, of which the program stood still for %s\n",
		printable(res.Path), humanize.IBytes(uint64(res.Size)), short(res.Took), short(res.Frozen))
	return err
}
