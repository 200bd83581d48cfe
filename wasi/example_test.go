package wasi_test

import (
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/wasi"
)

func ExampleNew() {
	dir, err := os.MkdirTemp("", "example-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	sys, err := wasi.New(wasi.NewConfig().
		WithArgs("prog", "-v").
		WithEnv("HOME", "/").
		WithStdin(strings.NewReader("input")).
		WithStdout(os.Stdout).
		WithDir(dir, "/", false))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close()
	fmt.Println(len(sys.HostFuncs()), "functions of", wasi.Module)
	// Output: 46 functions of wasi_snapshot_preview1
}

func ExampleDescribe() {
	cfg := wasi.NewConfig().WithArgs("prog").WithDeterministic(1, time.Unix(0, 0))
	sys, err := wasi.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close()
	version, data, err := sys.SaveState()
	if err != nil {
		log.Fatal(err)
	}
	d, err := wasi.Describe(version, data)
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range d.Lines() {
		fmt.Println(line)
	}
	// Output:
	// args       "prog"
	// env        0 variables
	// clock      0s since the start, deterministic
	// fd 0       stdin
	// fd 1       stdout
	// fd 2       stderr
}

func ExampleUnsupported() {
	fmt.Println(wasi.Unsupported())
	// Output: [proc_raise sock_accept sock_recv sock_send sock_shutdown]
}
