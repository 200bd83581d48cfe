package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/vm"
)

var runCommand = command{
	name:    "run",
	usage:   "[FLAGS] FILE [ARGUMENTS...]",
	summary: "run a WebAssembly program, or resume a snapshot of one",
	text: `FILE is a module, binary or text, or a snapshot, whatever its name. A module's _start is called, or the
function that --invoke names. What stands after FILE belongs to the program: it is its arguments, or those of the
function.

A snapshot goes on where it was taken. Its arguments and environment are part of it. Folders are not: give each
mount again with --dir, under the same name for the guest. Limits are not either: they are those of the flags.

` + exitCodes,
	prepare: func() ([]flag, func([]string) error) {
		r := newRun()
		return r.flags(), r.do
	},
}

// run is one use of godwit run.
type run struct {
	file string
	args []string // the guest's, without the program's name

	invoke     string
	argv0      string
	dirs       []mount
	env        []variable
	envInherit bool

	timeout       time.Duration
	fuel          uint64
	fuelled       bool
	maxMemory     uint64
	maxHeap       uint64
	maxStack      uint64
	tier          vm.Tier
	traces        traces
	profile       string
	cacheDir      string
	code          string
	features      featureSwitches
	deterministic bool
	seed          uint64

	snapshotPath  string
	snapshotEvery time.Duration
	snapshotAt    uint64
	atSafepoint   bool
	onTerm        bool
	opts          state.Options
	hashFiles     bool
	modules       []string
	changed       vm.ReopenPolicy

	level     slog.Level
	log       *slog.Logger
	noControl bool
	snapshots *snapshots
	started   time.Time
	resumed   bool
	ctx       context.Context // what the guest's calls run under
}

// variable is an --env.
type variable struct{ name, value string }

func newRun() *run {
	return &run{level: slog.LevelWarn, started: time.Now(), tier: vm.NewConfig().Tier()}
}

func (r *run) flags() []flag {
	return []flag{
		{group: "What the program sees", name: "dir", value: "HOST::GUEST[:ro]", set: r.setDir,
			help: "open the folder HOST to it as GUEST, with :ro for reading only;\nHOST:GUEST[:ro] where neither has a colon, HOST[:ro] for the same name;\nmay be given many times"},
		{name: "env", value: "NAME[=VALUE]", set: r.setEnv, help: "set a variable of its environment; without =VALUE, to what it is here"},
		{name: "env-inherit", set: toTrue(&r.envInherit), help: "give it the whole environment; --env adds to that"},
		{name: "argv0", value: "NAME", set: toString(&r.argv0), help: "its own name as it sees it (default: the name of FILE)"},
		{name: "invoke", value: "FUNCTION", set: toString(&r.invoke), help: "call this exported function instead of _start; its arguments are those after\nFILE, by its type: numbers, a v128 as one of 128 bits (0x…), null for a reference;\nits results are printed, a line each"},
		{name: "deterministic", set: toTrue(&r.deterministic), help: "clocks and random numbers are the same in every run"},
		{name: "seed", value: "N", set: r.setSeed, help: "what the random numbers follow from; means --deterministic (default 0)"},

		{group: "Limits", name: "timeout", value: "TIME", set: toDuration(&r.timeout), help: "end it after a time: 500ms, 5s, 1m30s"},
		{name: "fuel", value: "N", set: toCount(&r.fuel, &r.fuelled), help: "end it after N units: function entries and iterations of loops"},
		{name: "max-memory", value: "SIZE", set: toSize(&r.maxMemory), help: "bound each of its memories: 64MiB, 1GB"},
		{name: "max-heap", value: "SIZE", set: toSize(&r.maxHeap), help: "bound what its structures, arrays and exceptions take, all together (default 4GiB, on\n32-bit hosts 512MiB)"},
		{name: "max-stack", value: "SIZE", set: toSize(&r.maxStack), help: "bound the wasm stack (default 64MiB)"},

		{group: "Snapshots", name: "snapshot", value: "FILE", set: toString(&r.snapshotPath), help: "where they go (default: NAME-PID.snapshot here); on Unix, SIGUSR1 takes one"},
		{name: "snapshot-on-term", set: toTrue(&r.onTerm), help: "SIGTERM takes one and ends the run; if it fails, the program goes on"},
		{name: "snapshot-every", value: "TIME", set: toDuration(&r.snapshotEvery), help: "take one whenever it has run for that time, always into the same file"},
		{name: "snapshot-at", value: "N", set: toCount(&r.snapshotAt, &r.atSafepoint), help: "take one at the Nth safepoint, counted over all runs of the program that count,\nand end the run"},
		{name: "snapshot-compress", set: toTrue(&r.opts.Compress), help: "pack them with zstd"},
		{name: "snapshot-without-module", set: toTrue(&r.opts.OmitModules), help: "leave the module out; --module provides it again"},
		{name: "snapshot-hash-files", set: toTrue(&r.hashFiles), help: "know open files again by their contents rather than by their times"},
		{name: "module", value: "FILE", set: r.setModule, help: "a module that the snapshot FILE was taken of and does not hold"},
		{name: "on-changed-file", value: "fail|adopt|eio", set: toChoice(&r.changed, policies),
			help: "what to do when a file that the snapshot has open has changed: refuse to resume\n(the default), take it as it is, or give the program an error when it uses it"},

		{group: "Running", name: "tier", value: "auto|interp|jit", set: toChoice(&r.tier, tiers), help: tierHelp},
		{name: "cache-dir", value: "FOLDER", set: toString(&r.cacheDir), help: "keep machine code there from one run to the next; nobody who is not trusted may be able to\nwrite there, for it is executed outside of any sandbox"},
		{name: "code", value: "FILE", set: toString(&r.code), help: "machine code of the module that godwit compile has made; to be trusted like --cache-dir"},
		r.traces.flag(),
		{name: "profile", value: "FILE", set: toString(&r.profile), help: "write where it spends its time, for go tool pprof: 100 samples a second,\ntaken where functions begin and at heads of loops"},
		r.features.flag(vm.DefaultFeatures),
		{name: "log-level", value: "LEVEL", set: toChoice(&r.level, logLevels), help: "what is told on standard error: debug, info, warn, error, off (default warn)"},
		{name: "no-control", set: toTrue(&r.noControl), help: "have no control socket: godwit ps and checkpoint will not find the program"},
	}
}

var policies = []choice[vm.ReopenPolicy]{{"fail", vm.ReopenFail}, {"adopt", vm.ReopenAdopt}, {"eio", vm.ReopenEIO}}

// levelOff is above everything that is logged.
const levelOff = slog.LevelError + 1

var logLevels = []choice[slog.Level]{
	{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"warn", slog.LevelWarn}, {"error", slog.LevelError}, {"off", levelOff},
}

func (r *run) setDir(s string) error {
	m, err := parseMount(s)
	r.dirs = append(r.dirs, m)
	return err
}

func (r *run) setEnv(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if name == "" {
		return fmt.Errorf("%q has no name; write NAME=VALUE or NAME", s)
	}
	if !ok {
		if value, ok = os.LookupEnv(name); !ok {
			return nil // as if it were not mentioned: there is nothing to hand on
		}
	}
	r.env = append(r.env, variable{name, value})
	return nil
}

func (r *run) setModule(s string) error {
	r.modules = append(r.modules, s)
	return nil
}

func (r *run) setSeed(s string) error { return toCount(&r.seed, &r.deterministic)(s) }

func (r *run) do(args []string) error {
	if len(args) == 0 {
		return wrong("which FILE is to be run?")
	}
	r.file, r.args = args[0], args[1:]
	for _, m := range r.dirs {
		if err := m.check(); err != nil {
			return err
		}
	}
	r.log = newLogger(r.level)
	if r.snapshotPath == "" {
		r.snapshotPath = defaultSnapshot(r.file)
	}
	r.snapshots = newSnapshots(r.snapshotPath, r.opts, r.log)
	if err := r.snapshots.signals(r.onTerm); err != nil {
		return err
	}
	cancel := r.limitTime()
	defer cancel()
	if err := r.traces.open(); err != nil {
		return err
	}
	defer r.traces.close(r.log)
	binary, err := r.read()
	defer r.openControl()()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noFile(r.file, err)
	case err != nil:
		return err
	case r.resumed:
		return r.snapshot()
	case len(r.modules) > 0:
		return wrong("--module: %s is a module itself, not a snapshot", r.file)
	}
	return r.module(binary)
}

// maxModule is the size up to which wasm.Decode takes a module, in bytes.
const maxModule = 1 << 30

// read reads a module. Of a snapshot, which is not read in one piece, it finds out that it is one.
func (r *run) read() ([]byte, error) {
	f, err := os.Open(r.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, about(r.file, errors.New("it is a folder"))
	}
	head := make([]byte, max(min(info.Size(), maxModule), state.DetectSize)+1)
	n, err := io.ReadFull(f, head[:state.DetectSize])
	if err == nil && state.Detect(head[:n]) {
		r.resumed = true
		return nil, nil
	}
	binary := head[:n]
	for err == nil {
		if len(binary) > maxModule {
			return nil, about(r.file, errors.New("it is larger than 1 GiB, and so is no module that can be run"))
		}
		if len(binary) == cap(binary) { // not a regular file, or one that grows
			binary = slices.Grow(binary, len(binary))
		}
		n, err = f.Read(binary[len(binary):cap(binary)])
		binary = binary[:len(binary)+n]
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	return binary, nil
}

// noFile says that there is no such file, which may have been meant to be a command if it is a bare word.
func noFile(file string, err error) error {
	if meant := closest(file, commandNames()); meant != "" && file != meant && !strings.ContainsAny(file, "./\\") {
		return fmt.Errorf("%w; did you mean godwit %s?", err, meant)
	}
	return err
}

// module runs a module.
func (r *run) module(binary []byte) error {
	binary, err := moduleBinary(r.file, binary)
	if err != nil {
		return err
	}
	rt := vm.NewRuntime(r.config())
	defer rt.SaveCode() // the log tells of errors
	m, err := rt.Compile(binary)
	if err != nil {
		return about(r.file, err)
	}
	p, err := rt.NewProgram(r.programConfig())
	if err != nil {
		return about(r.file, err)
	}
	defer p.Close()
	inst, err := p.Instantiate(r.ctx, m, instanceName(m))
	if err != nil {
		return ended(r.file, err, exitStopped)
	}
	f, args, err := r.function(inst)
	if err != nil {
		return err
	}
	results, err := r.guarded(p, func(ctx context.Context) ([]uint64, error) { return f.Call(ctx, args...) })
	if err != nil {
		return err
	}
	return printResults(f.Type().Results, results)
}

// guarded makes the call that the run is about, during which snapshots can be taken.
func (r *run) guarded(p *vm.Program, call func(context.Context) ([]uint64, error)) ([]uint64, error) {
	s := r.snapshots
	s.begin(p)
	if r.snapshotEvery > 0 {
		go s.every(r.snapshotEvery)
	}
	finish, err := r.startProfile(p)
	if err != nil {
		s.end()
		return nil, err
	}
	results, err := call(r.ctx)
	finish()
	s.end()
	return results, ended(r.file, err, int(s.stopCode.Load()))
}

func (r *run) config() *vm.Config {
	return vm.NewConfig().WithTier(r.tier).WithFeatures(r.features.among(vm.DefaultFeatures)).WithMaxMemory(r.maxMemory).
		WithMaxHeap(r.maxHeap).WithMaxStack(int(r.maxStack)).WithLogger(r.log).WithTrace(r.traces.tell()).
		WithCodeCache(r.cacheDir).WithCode(r.code)
}

// start of time in deterministic runs: nothing depends on it but what the guest shows.
var deterministicStart = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func (r *run) programConfig() *vm.ProgramConfig {
	c := vm.NewProgramConfig().WithWASI(r.wasi())
	if r.fuelled {
		c = c.WithFuel(r.fuel)
	}
	if r.atSafepoint {
		c = c.WithSafepointHook(r.snapshotAt, r.snapshots.at)
	}
	if r.deterministic {
		c = c.WithDeterministic(r.seed, deterministicStart)
	}
	return c
}

func (r *run) wasi() *vm.WASI {
	// The streams are the host's files themselves: nothing is buffered that could be lost or come twice.
	w := vm.NewWASI().WithStdin(os.Stdin).WithStdout(os.Stdout).WithStderr(os.Stderr).
		WithReopenPolicy(r.changed).WithFileHash(r.hashFiles)
	argv0 := r.argv0
	if argv0 == "" {
		argv0 = baseName(r.file)
	}
	args := []string{argv0}
	if r.invoke == "" {
		args = append(args, r.args...)
	}
	w = w.WithArgs(args...)
	if r.envInherit {
		for _, v := range os.Environ() {
			if name, value, ok := strings.Cut(v, "="); ok && name != "" {
				w = w.WithEnv(name, value)
			}
		}
	}
	for _, v := range r.env {
		w = w.WithEnv(v.name, v.value)
	}
	for _, m := range r.dirs {
		w = w.WithDir(m.host, m.guest, m.readOnly)
	}
	return w
}

// timeoutGrace is how long a program whose time is up may take to notice. It does so at once, but for a write that
// the host does not take.
const timeoutGrace = time.Second

// limitTime makes the context that the guest's calls run under.
func (r *run) limitTime() context.CancelFunc {
	r.ctx = context.Background()
	if r.timeout == 0 {
		return func() {}
	}
	var cancel context.CancelFunc
	r.ctx, cancel = context.WithTimeoutCause(r.ctx, r.timeout, errTimeout)
	late := time.AfterFunc(r.timeout+timeoutGrace, func() {
		os.Exit(report(ended(r.file, errTimeout, exitStopped)))
	})
	return func() {
		late.Stop()
		cancel()
	}
}

// about says which file an error is about.
func about(file string, err error) error { return fmt.Errorf("%s: %w", file, err) }
