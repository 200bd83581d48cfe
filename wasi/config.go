package wasi

import (
	"io"
	"slices"
	"time"
)

// Config says what a guest gets to see of the host. It is immutable: each With method returns a changed copy. It is
// made by NewConfig.
type Config struct {
	args   []string
	env    []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	dirs   []dirConfig

	wall func() time.Time
	mono func() time.Duration
	rand io.Reader

	deterministic bool
	seed          uint64
	start         time.Time

	hash   bool
	embed  int64
	policy ReopenPolicy
}

// dirConfig is a mount as it was asked for.
type dirConfig struct {
	host, guest string
	readOnly    bool
}

// ReopenPolicy says what happens on RestoreState to a file that is not what it was when the state was saved.
type ReopenPolicy int

const (
	// ReopenFail makes RestoreState fail with an error that lists every such file. This is the default.
	ReopenFail ReopenPolicy = iota
	// ReopenAdopt takes a changed file as it is now. One that is gone or not mounted is still an error.
	ReopenAdopt
	// ReopenEIO restores the program. Each use of the descriptor gives EIO, but for closing it.
	ReopenEIO
)

// NewConfig returns the Config of a guest with no arguments, empty input, discarded output and no files.
func NewConfig() *Config { return &Config{embed: defaultEmbed} }

// with returns a copy of c that change has changed.
func (c *Config) with(change func(*Config)) *Config {
	d := *c
	change(&d)
	return &d
}

// WithArgs sets the arguments, of which the first is the program's name.
func (c *Config) WithArgs(args ...string) *Config {
	return c.with(func(d *Config) { d.args = slices.Clone(args) })
}

// WithEnv adds a variable to the environment, or replaces it.
func (c *Config) WithEnv(name, value string) *Config {
	return c.with(func(d *Config) {
		d.env = slices.DeleteFunc(slices.Clone(d.env), func(v string) bool {
			return len(v) > len(name) && v[:len(name)] == name && v[len(name)] == '='
		})
		d.env = append(d.env, name+"="+value)
	})
}

// WithStdin sets what the guest reads from descriptor 0. Reads of it happen when the guest asks for something, on
// another goroutine where r may have to wait, and ask for no more than the guest does; a guest that polls for input
// has up to 4 KiB of it read. Readers with a SetReadDeadline method, and files on Unix, are asked to give a waiting
// read up when the program is saved.
func (c *Config) WithStdin(r io.Reader) *Config { return c.with(func(d *Config) { d.stdin = r }) }

// WithStdout sets where the guest's descriptor 1 writes to.
func (c *Config) WithStdout(w io.Writer) *Config { return c.with(func(d *Config) { d.stdout = w }) }

// WithStderr sets where the guest's descriptor 2 writes to.
func (c *Config) WithStderr(w io.Writer) *Config { return c.with(func(d *Config) { d.stderr = w }) }

// WithDir opens the host's folder to the guest under the name guest ("/", "/data", "."). Nothing outside of the folder
// can be reached through it. In a readOnly one every change is refused with EPERM.
func (c *Config) WithDir(host, guest string, readOnly bool) *Config {
	return c.with(func(d *Config) {
		d.dirs = append(slices.Clone(d.dirs), dirConfig{host: host, guest: guest, readOnly: readOnly})
	})
}

// WithWallClock replaces the clock that CLOCK_REALTIME shows.
func (c *Config) WithWallClock(now func() time.Time) *Config {
	return c.with(func(d *Config) { d.wall = now })
}

// WithMonotonicClock replaces the clock under CLOCK_MONOTONIC. Where it begins does not matter: the guest's clock
// begins near 0, or after a restore where it was.
func (c *Config) WithMonotonicClock(elapsed func() time.Duration) *Config {
	return c.with(func(d *Config) { d.mono = elapsed })
}

// WithRandom replaces the source of random_get.
func (c *Config) WithRandom(r io.Reader) *Config { return c.with(func(d *Config) { d.rand = r }) }

// WithDeterministic takes clocks and randomness from nothing but the arguments given here. Time begins at start and
// moves by a microsecond with each look at it; a sleep ends at once and moves it by what was to be slept. Input is
// taken to arrive before time passes: who waits for input or a timeout gets the input. Two runs with the same
// arguments and input are the same.
func (c *Config) WithDeterministic(seed uint64, start time.Time) *Config {
	return c.with(func(d *Config) { d.deterministic, d.seed, d.start = true, seed, start })
}

// WithFileHash makes SaveState keep the SHA-256 of each open file's contents. A restored file is then recognised by
// contents, and may have another time of modification. Otherwise it is recognised by its size and that time.
func (c *Config) WithFileHash(on bool) *Config { return c.with(func(d *Config) { d.hash = on }) }

// WithUnlinkedLimit bounds the contents, in bytes, of open files without a name (temporary files) that SaveState takes
// into the state. The default is 64 MiB.
func (c *Config) WithUnlinkedLimit(bytes int64) *Config {
	return c.with(func(d *Config) { d.embed = bytes })
}

// WithReopenPolicy says what to do about files that changed between SaveState and RestoreState.
func (c *Config) WithReopenPolicy(p ReopenPolicy) *Config {
	return c.with(func(d *Config) { d.policy = p })
}
