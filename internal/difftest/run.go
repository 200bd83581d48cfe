package difftest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/vm"
)

// Transcript is what a run of a module was like, line by line.
type Transcript []string

const (
	// deadline is what a run may take. Modules end by themselves long before, but on a machine that is busy.
	deadline = 20 * time.Second
	// maxStack is enough for all the calls within calls that fuel allows.
	maxStack = 16 << 20
	// maxTravels bounds the travels of one run: its first calls see a journey at each safepoint, the last ones none.
	maxTravels = 80
	// limited ends the line of a call that reached a limit of the host: of the stack, or, as late says, of time.
	limited = "limit"
	late    = "time " + limited
)

// Case is what is run: a module, and what to do with it.
type Case struct {
	Binary   []byte
	Features vm.Features
	Calls    []modgen.Call
	Memories []string // exported memories
}

// CaseOf encodes a module.
func CaseOf(m *modgen.Module) (*Case, error) {
	b, err := m.Encode()
	if err != nil {
		return nil, err
	}
	c := &Case{Binary: b, Features: m.Features, Calls: m.Calls}
	for _, x := range m.Exports {
		if x.Kind == vm.ExternMemory {
			c.Memories = append(c.Memories, x.Name)
		}
	}
	return c, nil
}

// How says how godwit runs a case. The zero value interprets it, in place.
type How struct {
	// Tiers are those of the two runtimes between which it travels; the first is where it begins.
	Tiers [2]vm.Tier
	// Travel is at every how many safepoints it travels, 0 is never.
	Travel uint64
	// Fuel, if it is not 0, is what each call and each leg of a journey is given; the transcript says what is left of it.
	Fuel uint64
}

// Fuelled is the same with fuel.
func (h How) Fuelled(fuel uint64) How {
	h.Fuel = fuel
	return h
}

// Interpreted travels between interpreters, Compiled between runtimes that compile everything first.
func Interpreted(travel uint64) How {
	return How{Tiers: [2]vm.Tier{vm.TierInterp, vm.TierInterp}, Travel: travel}
}

// Compiled is machine code only: see Interpreted.
func Compiled(travel uint64) How {
	return How{Tiers: [2]vm.Tier{vm.TierJIT, vm.TierJIT}, Travel: travel}
}

// Mixed travels from machine code to the interpreter and back.
func Mixed(travel uint64) How {
	return How{Tiers: [2]vm.Tier{vm.TierJIT, vm.TierInterp}, Travel: travel}
}

// Regions travels between runtimes that compile what has run, and again when something else does.
func Regions(travel uint64) How {
	return How{Tiers: [2]vm.Tier{vm.TierRegions, vm.TierRegions}, Travel: travel}
}

// String names the way.
func (h How) String() string {
	name := "interpreter"
	switch {
	case h.Tiers[0] == vm.TierRegions:
		name = "regions"
	case h.Tiers[0] == vm.TierJIT && h.Tiers[1] == vm.TierJIT:
		name = "machine code"
	case h.Tiers[0] == vm.TierJIT:
		name = "machine code and interpreter"
	case h.Tiers[0] == vm.TierAuto:
		name = "default tier"
	}
	if h.Travel > 0 {
		name += fmt.Sprintf(", travelling every %d", h.Travel)
	}
	if h.Fuel > 0 {
		name += fmt.Sprintf(", with %d units of fuel", h.Fuel)
	}
	return name
}

// Run runs a case with godwit. Panics, those of the compiler among them, are lines.
func Run(c *Case, how How) (t Transcript, travels int) {
	j := &journey{c: c, tiers: how.Tiers, travel: how.Travel, fuel: how.Fuel, deadline: deadline, budget: maxTravels}
	defer func() {
		if r := recover(); r != nil {
			t, travels = append(j.lines, fmt.Sprintf("panic: %v", r)), j.travels
		}
		if j.program != nil {
			j.program.Close()
		}
	}()
	j.run()
	return j.lines, j.travels
}

// journey is a run. Of two runtimes one has the program.
type journey struct {
	c        *Case
	tiers    [2]vm.Tier
	travel   uint64
	fuel     uint64
	deadline time.Duration
	lines    Transcript
	runtimes [2]*vm.Runtime
	modules  [2]*vm.Module
	here     int
	program  *vm.Program

	snapshot bytes.Buffer
	stopped  bool
	failed   error
	travels  int
	budget   int
}

func (j *journey) say(format string, args ...any) {
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

func (j *journey) run() {
	ways := 1
	if j.travel > 0 {
		ways = 2
	}
	for i := range ways {
		cfg := vm.NewConfig().WithFeatures(j.c.Features).WithMaxStack(maxStack).WithMaxMemory(1 << 30).WithTier(j.tiers[i])
		if j.tiers[i] == vm.TierJIT || j.tiers[i] == vm.TierRegions {
			cfg = cfg.WithTrace(j.compiled)
		}
		j.runtimes[i] = vm.NewRuntime(cfg)
		m, err := j.runtimes[i].Compile(j.c.Binary)
		if err != nil {
			j.say("refused: %v", err)
			return
		}
		j.modules[i] = m
	}
	ctx, cancel := context.WithTimeout(context.Background(), j.deadline)
	defer cancel()
	var err error
	if j.program, err = j.runtimes[0].NewProgram(j.config(j.travel)); err != nil {
		j.say("no program: %v", err)
		return
	}
	_, err = j.program.Instantiate(ctx, j.modules[0], "main")
	if j.stopped {
		_, err = j.goOn(ctx)
	}
	if err != nil {
		j.say("instantiation: %s", outcome(err))
		j.sayFuel()
		return
	}
	for _, c := range j.c.Calls {
		results, err := j.call(ctx, c)
		line := outcome(err)
		if err == nil {
			line = strings.Join(results, " ")
		}
		j.say("%s = %s", call(c), line)
		j.sayFuel()
		if strings.HasSuffix(line, limited) {
			return
		}
	}
	for _, name := range j.c.Memories {
		b := j.program.Instance("main").Memory(name).Bytes()
		h := fnv.New64a()
		h.Write(b)
		j.say("%s: %d bytes, %016x", name, len(b), h.Sum64())
	}
}

// sayFuel says what is left of the fuel.
func (j *journey) sayFuel() {
	if j.fuel > 0 {
		left, err := j.program.Fuel()
		j.say("%d units of fuel are left, %v", left, err)
	}
}

// compiled is told what is compiled, by the thread that waits for it.
func (j *journey) compiled(c vm.Compilation) {
	if c.Reason.Bug() {
		text, _, _ := strings.Cut(c.Err.Error(), "\n")
		j.say("panic: function %d, loop %d: %s", c.Func, c.Loop, text)
	}
}

// call writes a call as transcripts have it.
func call(c modgen.Call) string {
	args := make([]string, len(c.Args))
	for i, a := range c.Args {
		args[i] = fmt.Sprintf("%#x", a)
	}
	return fmt.Sprintf("%s(%s)", c.Export, strings.Join(args, ", "))
}

func (j *journey) call(ctx context.Context, c modgen.Call) ([]string, error) {
	f := j.program.Instance("main").Func(c.Export)
	if f == nil {
		return nil, fmt.Errorf("%q: %w", c.Export, vm.ErrNoExport)
	}
	if j.fuel > 0 {
		if err := j.program.SetFuel(j.fuel); err != nil {
			return nil, err
		}
	}
	types := f.Type().Results
	results, err := f.Call(ctx, c.Args...)
	if j.stopped {
		results, err = j.goOn(ctx)
	}
	if err != nil {
		return nil, err
	}
	if len(results) != len(types) {
		return nil, fmt.Errorf("%d results of a function that has %d", len(results), len(types))
	}
	lines := make([]string, len(results))
	for i, r := range results {
		lines[i] = fmt.Sprintf("%v:%#x", types[i], r)
	}
	return lines, nil
}

// config is the configuration of a program that is to be written down when it has passed a number of safepoints.
func (j *journey) config(at uint64) *vm.ProgramConfig {
	c := vm.NewProgramConfig()
	if j.fuel > 0 {
		c = c.WithFuel(j.fuel)
	}
	if j.travel == 0 {
		return c
	}
	return c.WithModules(j.modules[j.here]).WithSafepointHook(at, j.leave)
}

// leave is the program's hook: it writes the program down and ends it here.
func (j *journey) leave(p *vm.Program, passed uint64) (next uint64) {
	if j.budget == 0 {
		return 0
	}
	j.budget--
	j.snapshot.Reset()
	if j.failed = p.Checkpoint(context.Background(), &j.snapshot, vm.NewCheckpointConfig().WithStop().WithoutModules()); j.failed == nil {
		j.stopped = true
	}
	return 0
}

// goOn continues the call with which the program was written down, wherever that takes it.
func (j *journey) goOn(ctx context.Context) (results []uint64, err error) {
	for j.stopped {
		j.stopped = false
		j.travels++
		passed := j.travel * uint64(j.travels+1)
		j.program.Close()
		j.here = 1 - j.here
		if j.program, err = j.runtimes[j.here].Restore(ctx, &j.snapshot, j.config(passed)); err != nil {
			return nil, fmt.Errorf("restoring: %w", err)
		}
		results, err = j.program.Resume(ctx)
	}
	if j.failed != nil {
		return nil, fmt.Errorf("writing down: %w", j.failed)
	}
	return results, err
}

// outcome is the line of a call that did not return.
func outcome(err error) string {
	var trap *vm.Trap
	var thrown *vm.Exception
	switch {
	case err == nil:
		return ""
	case errors.Is(err, vm.TrapStackExhausted):
		return limited
	case errors.Is(err, context.DeadlineExceeded):
		return late
	case errors.As(err, &trap):
		return "trap: " + class(trap.Code.Error())
	case errors.As(err, &thrown):
		return "exception"
	case errors.Is(err, vm.ErrFuelExhausted):
		return "out of fuel"
	}
	return "error: " + err.Error()
}

// class is the class of a trap, by its text. Which of the first there is in a class differs between implementations.
func class(text string) string {
	switch {
	case text == "undefined element":
		return "out of bounds table access" // a call through an element that there is not
	case text == "unaligned atomic":
		return "out of bounds memory access" // of an access that is both it is open which of them is said
	case strings.HasPrefix(text, "null "):
		return "null reference"
	}
	return text
}
