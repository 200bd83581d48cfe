package vm

import (
	"context"
	"log/slog"
	"sync"

	"github.com/godwit-vm/godwit/jit"
)

// Tier says how code is executed.
type Tier uint8

const (
	// TierAuto begins in the interpreter and compiles in the background what runs often, where there is a compiler for the
	// host: Linux on amd64 and arm64. Elsewhere it interprets.
	TierAuto Tier = iota
	// TierInterp interprets everything, on every host.
	TierInterp
	// TierJIT compiles every function when it is first called, before it runs. Where there is no compiler for the host, it
	// interprets.
	TierJIT
	// TierRegions is for tests of the compiler: it does at once what TierAuto does in the course of time, so that little of a function is compiled
	// first, and much of it is left and compiled again.
	TierRegions
)

// defaultTier is that of a Config that says nothing.
const defaultTier = TierAuto

// String is the tier's name on a command line.
func (t Tier) String() string {
	switch t {
	case TierInterp:
		return "interp"
	case TierJIT:
		return "jit"
	case TierRegions:
		return "regions"
	}
	return "auto"
}

// Compilation tells what became of a function or loop that was to be compiled to machine code; its String is a line of a log. See
// [Config.WithTrace].
type Compilation = jit.Event

// WithTier sets how code is executed.
func (c *Config) WithTier(t Tier) *Config { return c.with(func(d *Config) { d.tier = t }) }

// Tier is how code is executed.
func (c *Config) Tier() Tier { return c.tier }

// WithTrace sets what is told of every function and loop that is compiled to machine code, or could not be. It is called from
// several goroutines, one at a time, and should return soon: programs may be waiting.
func (c *Config) WithTrace(f func(Compilation)) *Config {
	return c.with(func(d *Config) { d.trace = f })
}

// newTier is the compiler of a configuration, or nil when everything is interpreted.
func newTier(c *Config) *jit.Tier {
	mode := jit.Auto
	switch c.tier {
	case TierInterp:
		return nil
	case TierJIT:
		mode = jit.All
	case TierRegions:
		mode = jit.Regions
	}
	t, err := jit.New(jit.Config{Mode: mode, Trace: c.trace, Logger: c.logger, CacheDir: c.codeDir, CodeFile: c.codeFile})
	if err != nil {
		level := slog.LevelDebug
		if c.tier == TierJIT || c.tier == TierRegions { // it was asked for
			level = slog.LevelWarn
		}
		noCompiler.Do(func() { c.logger.Log(context.Background(), level, "everything is interpreted", "reason", err) })
		return nil
	}
	return t
}

// noCompiler lets a process be told once that it has no compiler.
var noCompiler sync.Once
