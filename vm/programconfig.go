package vm

import (
	"slices"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// ProgramConfig is what one program is given: host modules, WASI, limits. It is immutable: each With method returns a
// changed copy. nil is the same as NewProgramConfig(). One value may serve any number of programs, new, restored and
// forked ones alike: what is a program's own, such as the state of a host module, is made for each.
type ProgramConfig struct {
	hosts   []*HostModule
	modules []*Module
	wasi    *WASI
	limits  interp.Config

	fuel     uint64
	fuelled  bool
	deadline time.Time
	timed    bool // there is a deadline

	deterministic bool
	seed          uint64
	start         time.Time

	hookAt uint64
	hook   func(p *Program, passed uint64) (next uint64)
}

// NewProgramConfig returns a program without host modules, without WASI, and with no limits but the runtime's.
func NewProgramConfig() *ProgramConfig { return &ProgramConfig{} }

func (c *ProgramConfig) with(change func(*ProgramConfig)) *ProgramConfig {
	if c == nil {
		c = NewProgramConfig()
	}
	d := *c
	change(&d)
	return &d
}

// WithHostModule lets modules import from h, under its name. Names of host modules are unique. A host module of the name
// "wasi_snapshot_preview1" stands before what WithWASI provides, function by function.
func (c *ProgramConfig) WithHostModule(h *HostModule) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.hosts = append(slices.Clip(d.hosts), h) })
}

// WithWASI lets modules import WASI preview 1. nil takes it away.
func (c *ProgramConfig) WithWASI(w *WASI) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.wasi = w })
}

// WithModules provides modules that a snapshot to be restored needs and does not embed. They are found by their
// SHA-256; others are ignored. They must be of the runtime that restores.
func (c *ProgramConfig) WithModules(m ...*Module) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.modules = append(slices.Clip(d.modules), m...) })
}

// WithMaxMemory bounds each memory of the program in bytes, in addition to [Config.WithMaxMemory].
func (c *ProgramConfig) WithMaxMemory(bytes uint64) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.limits.MaxMemory = bytes })
}

// WithMaxTable bounds each table of the program in elements, in addition to [Config.WithMaxTable].
func (c *ProgramConfig) WithMaxTable(elements uint64) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.limits.MaxTable = elements })
}

// WithMaxHeap bounds the program's heap in bytes, in addition to [Config.WithMaxHeap].
func (c *ProgramConfig) WithMaxHeap(bytes uint64) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.limits.MaxHeap = bytes })
}

// WithMaxStack bounds the program's wasm stack in bytes, in addition to [Config.WithMaxStack].
func (c *ProgramConfig) WithMaxStack(bytes int) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.limits.MaxStack = bytes })
}

// WithFuel gives the program n units of fuel. One is used at each entry of a function and each iteration of a loop, the
// same number on every host and every run. When there is none left calls end with [ErrFuelExhausted]. Fuel is the
// embedder's, not the program's: it does not travel, a restored or forked program has what its own configuration gives.
func (c *ProgramConfig) WithFuel(n uint64) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.fuel, d.fuelled = n, true })
}

// WithDeadline ends the program's calls at t with [ErrDeadline], whatever their contexts say; the zero time
// takes it away. A deadline for one call is
// a matter of its context.
func (c *ProgramConfig) WithDeadline(t time.Time) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.deadline, d.timed = t, !t.IsZero() })
}

// WithDeterministic makes every run of the program the same, given the same input: WASI's clocks begin at start and move
// with each look at them, sleeping only moves them, and its random numbers follow from seed. Wasm itself is deterministic
// but for the bits of NaNs.
func (c *ProgramConfig) WithDeterministic(seed uint64, start time.Time) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.deterministic, d.seed, d.start = true, seed, start })
}

// WithSafepointHook counts the program's safepoints - entries of functions and iterations of loops, the same number on
// every host and every run - and calls hook when the count has reached at. A restored program counts on from where it was
// frozen. The program stands still meanwhile, so that hook may take a checkpoint or fork it; it returns the next count
// to be called at, or 0 for never. Counting makes running slower. It is for what has to be reproducible: tests, debugging.
func (c *ProgramConfig) WithSafepointHook(at uint64, hook func(p *Program, passed uint64) (next uint64)) *ProgramConfig {
	return c.with(func(d *ProgramConfig) { d.hookAt, d.hook = at, hook })
}
