package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func Example() {
	dir, err := os.MkdirTemp("", "embed-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "guest.wasm")
	build := exec.Command("go", "build", "-o", file, "./guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if said, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, said))
	}
	guest, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	if err := travel(context.Background(), guest, os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// up to 500 it is 125250
	// here: the program was stopped by a checkpoint
	// up to 1000 it is 500500
}
