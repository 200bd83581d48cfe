//go:build cgo

// Command peer-wasmtime runs a WASI preview 1 program with wasmtime, through its Go module, so that it can be compared:
//
//	peer-wasmtime [-dir HOST:GUEST]... FILE [ARGUMENTS]
//	peer-wasmtime -serve
//
// With -serve it runs the modules that come from standard input, calls their exports and says what came of it: it is the
// peer of godwit's fuzzer.
//
// The compiler is Cranelift at its default level of optimisation. It compiles on as many threads as it may use CPUs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bytecodealliance/wasmtime-go/v39"
)

type mount struct{ host, guest string }

func main() {
	var mounts []mount
	flag.Func("dir", "mount a folder, as `HOST:GUEST`; may be repeated", func(s string) error {
		host, guest, found := strings.Cut(s, ":")
		if !found {
			guest = host
		}
		mounts = append(mounts, mount{host, guest})
		return nil
	})
	serving := flag.Bool("serve", false, "run the modules that come from standard input")
	flag.Parse()
	if *serving {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "peer-wasmtime:", err)
			os.Exit(1)
		}
		return
	}
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	code, err := run(mounts, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-wasmtime:", err)
	}
	os.Exit(code)
}

// run gives the exit code of the program in args[0].
func run(mounts []mount, args []string) (int, error) {
	engine := wasmtime.NewEngine()
	module, err := wasmtime.NewModuleFromFile(engine, args[0])
	if err != nil {
		return 1, err
	}
	wasi := wasmtime.NewWasiConfig()
	wasi.SetArgv(append([]string{filepath.Base(args[0])}, args[1:]...))
	wasi.InheritStdin()
	wasi.InheritStdout()
	wasi.InheritStderr()
	for _, m := range mounts {
		if err := wasi.PreopenDir(m.host, m.guest, wasmtime.DIR_READ|wasmtime.DIR_WRITE, wasmtime.FILE_READ|wasmtime.FILE_WRITE); err != nil {
			return 1, err
		}
	}
	store := wasmtime.NewStore(engine)
	store.SetWasi(wasi)
	linker := wasmtime.NewLinker(engine)
	if err := linker.DefineWasi(); err != nil {
		return 1, err
	}
	instance, err := linker.Instantiate(store, module)
	if err != nil {
		return 1, err
	}
	start := instance.GetFunc(store, "_start")
	if start == nil {
		return 1, errors.New("the module exports no _start")
	}
	_, err = start.Call(store)
	var exit *wasmtime.Error
	if errors.As(err, &exit) {
		if code, exited := exit.ExitStatus(); exited {
			return int(code), nil
		}
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
