package spectest

import (
	"runtime"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

// Config says how scripts are run. The zero value runs them as they are meant to be.
type Config struct {
	// Tier is what executes code.
	Tier vm.Tier
	// Trace, which may be nil, is told what is compiled: see vm.Config.WithTrace. Calls of several scripts come at the same time.
	Trace func(vm.Compilation)
	// On and Off are features added to and taken away from those that a script's group has.
	On, Off vm.Features
	// Deadline is the time that an action, or a module's instantiation, may take; 0 is DefaultDeadline.
	Deadline time.Duration
	// Travel is at every how many safepoints the program is written down and goes on elsewhere; 0 is never.
	Travel uint64
	// TravelMax bounds the travels of one action; 0 is DefaultTravelMax. Their snapshots are bounded as well.
	TravelMax int
	// Strict makes failures of other messages than the expected ones.
	Strict bool
	// Parallel is how many scripts are run at the same time; 0 is as many as there are processors.
	Parallel int
}

// The defaults of a Config.
const (
	DefaultDeadline  = 60 * time.Second
	DefaultTravelMax = 2000
)

const (
	// hangGrace is what a step may take beyond the deadline before its script is given up: a deadline is noticed at a
	// safepoint, and parsing and compiling have none.
	hangGrace = 30 * time.Second

	// maxLuggage bounds the snapshots of one action, all together, in bytes: a recursion that does not end is written down
	// with all its frames each time. It has the same effect as Config.TravelMax.
	maxLuggage = 32 << 20

	// maxStack bounds the programs' stacks, in bytes: deep enough for every recursion of the suite that is meant to return,
	// and shallow enough that those which are not end soon.
	maxStack = 16 << 20

	// maxMemory bounds a memory of a program that travels, in bytes: address space is reserved for it at each arrival.
	// Programs that stay where they are have what their modules declare.
	maxMemory = 64 << 20
)

func (c Config) withDefaults() Config {
	if c.Deadline <= 0 {
		c.Deadline = DefaultDeadline
	}
	if c.TravelMax <= 0 {
		c.TravelMax = DefaultTravelMax
	}
	if c.Parallel <= 0 {
		c.Parallel = runtime.GOMAXPROCS(0)
	}
	return c
}

// newRuntime makes a runtime for scripts of a group.
func (c *Config) newRuntime(g *Group) *vm.Runtime {
	features := ((vm.DefaultFeatures|g.Features)&^g.Without | c.On) &^ c.Off
	cfg := vm.NewConfig().WithTier(c.Tier).WithTrace(c.Trace).WithFeatures(features).WithMaxStack(maxStack)
	if c.Travel > 0 {
		cfg = cfg.WithMaxMemory(maxMemory)
	}
	return vm.NewRuntime(cfg)
}
