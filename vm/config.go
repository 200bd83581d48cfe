package vm

import (
	"log/slog"

	"github.com/godwit-vm/godwit/interp"
)

// Config is what holds for everything in a [Runtime]. It is immutable: each With method returns a changed copy. nil is
// the same as NewConfig().
type Config struct {
	features Features
	limits   interp.Config
	snapshot SnapshotLimits
	tier     Tier
	trace    func(Compilation)
	codeDir  string
	codeFile string
	logger   *slog.Logger
}

// NewConfig returns the default: the features of [DefaultFeatures], no limit on memory but the modules' own, 64 MiB of wasm
// stack, ten million elements in a table, the heap that WithMaxHeap tells of, the interpreter, and no log.
func NewConfig() *Config {
	return &Config{features: DefaultFeatures, tier: defaultTier, logger: slog.New(slog.DiscardHandler)}
}

func (c *Config) with(change func(*Config)) *Config {
	if c == nil {
		c = NewConfig()
	}
	d := *c
	change(&d)
	return &d
}

// WithFeatures sets the proposals that modules may use; [Runtime.Compile] refuses others with [ErrFeature]. Single ones are
// named in package wasm: DefaultFeatures &^ wasm.FeatureThreads.
func (c *Config) WithFeatures(f Features) *Config { return c.with(func(d *Config) { d.features = f }) }

// WithMaxMemory bounds each linear memory of every program, in bytes. A module whose memory begins larger is not
// instantiated ([LimitError]); memory.grow beyond gives the guest -1. A [ProgramConfig] may lower it further.
func (c *Config) WithMaxMemory(bytes uint64) *Config {
	return c.with(func(d *Config) { d.limits.MaxMemory = bytes })
}

// WithMaxTable bounds each table of every program, in elements, as WithMaxMemory does for memories.
func (c *Config) WithMaxTable(elements uint64) *Config {
	return c.with(func(d *Config) { d.limits.MaxTable = elements })
}

// WithMaxHeap bounds the heap of every program, in bytes: what its structures, arrays and exceptions take. A guest that
// needs more traps with [TrapHeapExhausted]. The default is 4 GiB, on 32-bit hosts 512 MiB.
func (c *Config) WithMaxHeap(bytes uint64) *Config {
	return c.with(func(d *Config) { d.limits.MaxHeap = bytes })
}

// WithMaxStack bounds the wasm stack of every program, in bytes. A guest that needs more traps with
// [TrapStackExhausted]. Guests do not use the Go stack.
func (c *Config) WithMaxStack(bytes int) *Config {
	return c.with(func(d *Config) { d.limits.MaxStack = bytes })
}

// WithSnapshotLimits bounds what a snapshot may ask for when it is restored.
func (c *Config) WithSnapshotLimits(l SnapshotLimits) *Config {
	return c.with(func(d *Config) { d.snapshot = l })
}

// WithLogger sets where the runtime tells what it does: checkpoints and restores at level debug, bugs of its
// own compiler as errors. nil is silence, the default.
func (c *Config) WithLogger(l *slog.Logger) *Config {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return c.with(func(d *Config) { d.logger = l })
}

// tighter gives the stricter of two sets of limits, where 0 is none.
func tighter(a, b interp.Config) interp.Config {
	return interp.Config{
		MaxStack:  lower(a.MaxStack, b.MaxStack),
		MaxMemory: lower(a.MaxMemory, b.MaxMemory),
		MaxTable:  lower(a.MaxTable, b.MaxTable),
		MaxHeap:   lower(a.MaxHeap, b.MaxHeap),
	}
}

func lower[T int | uint64](a, b T) T {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}
