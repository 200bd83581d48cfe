// Command peer-wazero runs a WASI preview 1 program with wazero, so that it can be compared:
//
//	peer-wazero [-interp] [-dir HOST:GUEST]... FILE [ARGUMENTS]
//
// It is made as wazero's own command line is: real clocks, and the standard streams passed through.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

const features = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling

func main() {
	interp := flag.Bool("interp", false, "use the interpreter, not the compiler")
	mounts := wazero.NewFSConfig()
	flag.Func("dir", "mount a folder, as `HOST:GUEST`; may be repeated", func(s string) error {
		host, guest, found := strings.Cut(s, ":")
		if !found {
			guest = host
		}
		mounts = mounts.WithDirMount(host, guest)
		return nil
	})
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	config := wazero.NewRuntimeConfigCompiler()
	if *interp {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	code, err := run(context.Background(), config.WithCoreFeatures(features), mounts, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-wazero:", err)
	}
	os.Exit(code)
}

// run gives the exit code of the program in args[0].
func run(ctx context.Context, config wazero.RuntimeConfig, mounts wazero.FSConfig, args []string) (int, error) {
	module, err := os.ReadFile(args[0])
	if err != nil {
		return 1, err
	}
	runtime := wazero.NewRuntimeWithConfig(ctx, config)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, runtime); err != nil {
		return 1, err
	}
	compiled, err := runtime.CompileModule(ctx, module)
	if err != nil {
		return 1, err
	}
	name := filepath.Base(args[0])
	_, err = runtime.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().
		WithArgs(append([]string{name}, args[1:]...)...).
		WithStdin(os.Stdin).
		WithStdout(os.Stdout).
		WithStderr(os.Stderr).
		WithRandSource(rand.Reader).
		WithSysNanosleep().
		WithSysNanotime().
		WithSysWalltime().
		WithFSConfig(mounts))
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return int(exit.ExitCode()), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
