// Command embed is a Go program that runs a guest, freezes it half-way, and carries on with it in another runtime. The
// guest is that of the folder guest.
//
//	GOOS=wasip1 GOARCH=wasm go build -o guest.wasm ./examples/embed/guest
//	go run ./examples/embed guest.wasm
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/godwit-vm/godwit/vm"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: embed GUEST.wasm")
		os.Exit(2)
	}
	binary, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = travel(context.Background(), binary, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

// travel runs a guest until it pauses, writes it down, and goes on with it elsewhere.
func travel(ctx context.Context, binary []byte, out io.Writer) error {
	paused := make(chan struct{})
	pause := vm.Proc0(func(c *vm.Caller) error {
		if _, again := c.Resumed(); again {
			return nil // the call is made again, there
		}
		close(paused)
		<-c.Interrupted()     // a checkpoint wants the program:
		return c.Suspend(nil) // the call has not happened yet
	})
	config := vm.NewProgramConfig().
		WithHostModule(vm.NewHostModule("env").WithFunc("pause", pause)).
		WithWASI(vm.NewWASI().WithStdout(out))

	rt := vm.NewRuntime(nil)
	module, err := rt.Compile(binary)
	if err != nil {
		return err
	}
	here, err := rt.Instantiate(ctx, module, config)
	if err != nil {
		return err
	}
	defer here.Program().Close()
	done := make(chan error, 1)
	go func() { done <- here.Run(ctx) }()
	select {
	case <-paused:
	case err := <-done:
		return fmt.Errorf("the guest did not pause: %w", err)
	}
	var snapshot bytes.Buffer
	if err := here.Program().Checkpoint(ctx, &snapshot, vm.NewCheckpointConfig().WithStop()); err != nil {
		return err
	}
	fmt.Fprintln(out, "here:", <-done)

	there, err := vm.NewRuntime(nil).Restore(ctx, &snapshot, config)
	if err != nil {
		return err
	}
	defer there.Close()
	_, err = there.Resume(ctx)
	return err
}
