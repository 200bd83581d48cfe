package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/bench"
)

// compilers are tried in this order for C programs, unless $CC_WASM names one.
var compilers = []string{
	"clang-22",
	"clang",
	"clang-23",
	"clang-21",
	"clang-20",
	"clang-19",
	"clang-18",
}

// wasmFlags: wasm-opt is kept out because the one that clang finds may be older than clang, and fail on what clang writes.
var wasmFlags = []string{"--target=wasm32-wasi", "-O2", "--no-wasm-opt", "-Wno-deprecated"}

// nativeFlags: multiplications and additions are not contracted, since WebAssembly does not either, and results must agree.
var nativeFlags = []string{"-O2", "-ffp-contract=off"}

type builder struct {
	corpus string
	guests bench.Guests
	force  bool
	log    io.Writer
}

// build makes the named guests, or all, up to the first that fails.
func (b *builder) build(ctx context.Context, names []string) error {
	programs, err := filepath.Glob(filepath.Join(b.corpus, "*.c"))
	if err != nil {
		return err
	}
	folders, err := filepath.Glob(filepath.Join(b.corpus, "go", "*"))
	if err != nil {
		return err
	}
	if len(programs) == 0 {
		return fmt.Errorf("no programs in %s: start in the folder of the module", b.corpus)
	}
	if err := checkNames(names, programs, folders); err != nil {
		return err
	}
	if err := b.buildC(ctx, programs, names); err != nil {
		return err
	}
	for _, folder := range folders {
		if wanted(guestName(folder), names) {
			if err := b.buildGo(ctx, folder); err != nil {
				return err
			}
		}
	}
	return nil
}

func guestName(source string) string { return strings.TrimSuffix(filepath.Base(source), ".c") }

func wanted(guest string, names []string) bool {
	return len(names) == 0 || slices.Contains(names, guest)
}

func checkNames(names, programs, folders []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(slices.Concat(programs, folders), func(s string) bool { return guestName(s) == name }) {
			return fmt.Errorf("no guest is called %q", name)
		}
	}
	return nil
}

func (b *builder) buildC(ctx context.Context, programs, names []string) error {
	programs = slices.DeleteFunc(slices.Clone(programs), func(p string) bool { return !wanted(guestName(p), names) })
	if len(programs) == 0 {
		return nil
	}
	cc, err := findCompiler()
	if err != nil {
		return err
	}
	if err := b.noteCompiler(ctx, cc); err != nil {
		return err
	}
	sysroot := os.Getenv("WASI_SYSROOT")
	if sysroot == "" {
		sysroot = "/usr"
	}
	header := filepath.Join(b.corpus, "guest.h")
	for _, source := range programs {
		guest := guestName(source)
		wasm := slices.Concat([]string{cc}, wasmFlags, []string{"--sysroot=" + sysroot, source, "-o", b.guests.Wasm(guest), "-lm"})
		if err := b.step(ctx, b.guests.Wasm(guest), []string{source, header}, nil, wasm); err != nil {
			return err
		}
		native := slices.Concat([]string{cc}, nativeFlags, []string{source, "-o", b.guests.Native(guest), "-lm"})
		if err := b.step(ctx, b.guests.Native(guest), []string{source, header}, nil, native); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) buildGo(ctx context.Context, folder string) error {
	sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	guest := guestName(folder)
	pkg := "./" + filepath.ToSlash(folder)
	wasm := []string{"go", "build", "-o", b.guests.Wasm(guest), pkg}
	if err := b.step(ctx, b.guests.Wasm(guest), sources, []string{"GOOS=wasip1", "GOARCH=wasm"}, wasm); err != nil {
		return err
	}
	return b.step(ctx, b.guests.Native(guest), sources, nil, []string{"go", "build", "-o", b.guests.Native(guest), pkg})
}

// step runs a command that makes output, if that is older than a source.
func (b *builder) step(ctx context.Context, output string, sources, env, command []string) error {
	fresh, err := isFresh(output, sources)
	if err != nil {
		return err
	}
	if fresh && !b.force {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return err
	}
	fmt.Fprintln(b.log, strings.Join(slices.Concat(env, command), " "))
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", output, err, text)
	}
	return nil
}

func isFresh(output string, sources []string) (bool, error) {
	made, err := modified(output)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, source := range sources {
		changed, err := modified(source)
		if err != nil {
			return false, err
		}
		if changed.After(made) {
			return false, nil
		}
	}
	return true, nil
}

func modified(path string) (time.Time, error) {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// findCompiler gives the first clang that is installed.
func findCompiler() (string, error) {
	if cc := os.Getenv("CC_WASM"); cc != "" {
		return exec.LookPath(cc)
	}
	for _, name := range compilers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no compiler for C: none of %s is installed, and $CC_WASM names none", strings.Join(compilers, ", "))
}

// noteCompiler keeps the compiler's version beside the native guests, for reports.
func (b *builder) noteCompiler(ctx context.Context, cc string) error {
	text, err := exec.CommandContext(ctx, cc, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", cc, err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	note := fmt.Sprintf("%s, %s\n", first, strings.Join(nativeFlags, " "))
	path := b.guests.NativeCompiler()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(note), 0o644)
}
