package jit

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// Mode says when code is compiled.
type Mode uint8

const (
	// Auto compiles in the background what runs often.
	Auto Mode = iota
	// All compiles every function when it is first called, before it runs, and every loop that the interpreter comes by: for
	// tests, and for programs whose first calls matter.
	All
	// Regions compiles at once, too, but as Auto does in the course of time: what has been recorded in a run or two, and what side exits
	// lead to when one has been taken. It is for tests.
	Regions
)

// Config says how a Tier works.
type Config struct {
	Mode Mode
	// Trace, if it is set, is told of every unit that was compiled, and of every one that was not. Calls come from several goroutines, one at
	// a time.
	Trace func(Event)
	// Logger is told of bugs of the compiler; nil is silence.
	Logger *slog.Logger
	// CacheDir, if it is set, is a directory in which machine code is kept from one process to the next. CodeFile is a file that
	// WriteCode has made; it is only read. Both decide what this process executes, and must be writable for nobody who is not trusted.
	CacheDir, CodeFile string
}

// BackEnd makes machine code.
type BackEnd interface {
	ir.Target
	// Compile makes the machine code of a unit that the target has prepared and that has registers.
	Compile(*ir.Allocation) (*ir.Code, error)
}

// Tier compiles code for this machine. It implements interp.Tier, and may be used by many goroutines.
type Tier struct {
	mode   Mode
	target BackEnd
	queue  *queue
	logger *slog.Logger
	trace  trace

	patience time.Duration // with a unit in the background

	cacheDir, codeFile string

	// modules are those that have been attached, without keeping them alive: weak.Pointer[interp.Module] to *moduleCode.
	modules sync.Map

	compiled, loaded, aborted, bytes atomic.Int64
}

var _ interp.Tier = (*Tier)(nil)

// processCode counts the bytes of machine code in the process.
var processCode atomic.Int64

// background is the queue of all tiers of the process, so that however many runtimes there are, one unit at a time is
// compiled beside them.
var background queue

// New makes a tier. The error says that there is no back end for this machine.
func New(c Config) (*Tier, error) {
	target, err := hostTarget()
	if err != nil {
		return nil, err
	}
	if err := canRun(); err != nil {
		return nil, err
	}
	t := &Tier{mode: c.Mode, target: target, queue: &background, logger: c.Logger, patience: maxTook, cacheDir: c.CacheDir, codeFile: c.CodeFile}
	if t.logger == nil {
		t.logger = slog.New(slog.DiscardHandler)
	}
	t.trace.tell = c.Trace
	return t, nil
}

// errNoBackEnd is New's answer on other machines.
func errNoBackEnd() error {
	return fmt.Errorf("no back end for %s on %s", runtime.GOARCH, runtime.GOOS)
}

// Stats count what a tier has done.
type Stats struct {
	Compiled, Aborted int64 // units
	Loaded            int64 // units that came from a code file
	Bytes             int64 // of machine code that was compiled, of units that were freed among them
}

// Stats are the counts so far.
func (t *Tier) Stats() Stats {
	return Stats{t.compiled.Load(), t.aborted.Load(), t.loaded.Load(), t.bytes.Load()}
}

// unitKey is a unit of a module: a function, or the loop of it that begins at that instruction of the interpreter's; -1 is none. There are two
// of each, of which one counts safepoints.
type unitKey struct {
	fn     uint32
	loop   int
	counts bool
}

// moduleCode is the machine code of a module. It does not keep the module alive.
type moduleCode struct {
	mu     sync.Mutex
	units  map[unitKey]*unit // those that have been hot
	read   map[uint32]int    // by function: see maxRead
	bytes  int64
	pieces map[piece]struct{}
	tidy   tidying

	gone atomic.Bool // the module is. Who asks its weak pointer keeps it, for a collection in progress.

	account account

	cache *codeCache // nil: the module's code is not kept
}

// piece is executable memory.
type piece struct{ base, size uintptr }

// Attach makes the tier that of a module, which has not run yet. Its machine code is freed when it is collected.
func (t *Tier) Attach(m *interp.Module) {
	entries, iterations := paces[t.mode].entries, paces[t.mode].iterations
	cache := t.openCache(m)
	if cache.units() > 0 {
		entries, iterations = 1, 1
	}
	if !enableNative(m, t, entries, iterations) {
		cache.close()
		return
	}
	key := weak.Make(m)
	c := &moduleCode{units: map[unitKey]*unit{}, pieces: map[piece]struct{}{}, tidy: newTidying(paces[t.mode].tidy), account: account{began: time.Now()}, cache: cache}
	t.modules.Store(key, c)
	runtime.AddCleanup(m, detach, attached{weak.Make(t), key, c})
}

// attached is what there is to do when a module is gone. It does not keep the tier alive: what the tier tells of what it does may lead to the module,
// which would never go then.
type attached struct {
	tier weak.Pointer[Tier]
	key  weak.Pointer[interp.Module]
	code *moduleCode
}

// detach frees the code of a module that is gone.
func detach(a attached) {
	if t := a.tier.Value(); t != nil {
		t.modules.Delete(a.key)
	}
	a.code.gone.Store(true)
	a.code.cache.close()
	a.code.free()
}

func (t *Tier) code(m *interp.Module) *moduleCode {
	c, ok := t.modules.Load(weak.Make(m))
	if !ok {
		return nil // another tier's
	}
	return c.(*moduleCode)
}

// mayRead counts bytes that are read for a loop of fn, against the limit.
func (c *moduleCode) mayRead(fn uint32, bytes int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read == nil {
		c.read = map[uint32]int{}
	}
	c.read[fn] += bytes
	return c.read[fn] <= maxRead
}

// readEnough says that no more loops of fn are to be compiled.
func (c *moduleCode) readEnough(fn uint32) {
	c.mayRead(fn, maxRead+1)
}

// reserve counts bytes of machine code to be, against the limits.
func (c *moduleCode) reserve(bytes int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes+int64(bytes) > maxModuleCode {
		return abort(ModuleFull, fmt.Errorf("the module has %d bytes of machine code, the limit is %d", c.bytes, int64(maxModuleCode)))
	}
	if n := processCode.Add(int64(bytes)); n > maxProcessCode {
		processCode.Add(-int64(bytes))
		return abort(ProcessFull, fmt.Errorf("the process has %d bytes of machine code, the limit is %d", n-int64(bytes), int64(maxProcessCode)))
	}
	c.bytes += int64(bytes)
	return nil
}

// release takes back what reserve counted.
func (c *moduleCode) release(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes -= int64(bytes)
	processCode.Add(-int64(bytes))
}

// keep remembers executable memory, to be freed with the module if it is not before.
func (c *moduleCode) keep(p piece) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pieces[p] = struct{}{}
}

// drop frees executable memory that nobody can reach, unless the module is gone, and it with it.
func (c *moduleCode) drop(p piece) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.pieces[p]; !ok {
		return
	}
	delete(c.pieces, p)
	freeCode(p)
	c.bytes -= int64(p.size)
	processCode.Add(-int64(p.size))
}

func (c *moduleCode) free() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tidy.timer != nil {
		c.tidy.timer.Stop()
	}
	for p := range c.pieces {
		freeCode(p)
	}
	processCode.Add(-c.bytes)
	c.pieces, c.bytes = nil, 0
}
