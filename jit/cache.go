package jit

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// Code files hold the machine code of modules from one process to the next. What is in the file of a module is used when the interpreter first comes
// by a function or loop, without waiting until it is hot; what is compiled is added to it. Nothing depends on them but how fast a
// program starts: one that is missing, damaged, or made by another build is as good as an empty one.
//
// They are machine code. Whoever may write them decides what this process does: they must be writable for nobody who is not trusted.

const (
	// flushDelay is how long after a unit was compiled it is written, with all others that were until then; each time it is twice as long as
	// before, up to flushDelayMost, because the whole file is written.
	flushDelay     = 2 * time.Second
	flushDelayMost = time.Minute
)

// codeCache is the code file of a module that is attached.
type codeCache struct {
	path   string // where new units are written; "" is nowhere
	id     cacheID
	logger *slog.Logger

	mu      sync.Mutex
	file    *cacheFile // nil: there is none
	scratch []byte
	entered map[unitKey]struct{} // what has been come by for the first time, and was not in the file
	fresh   []freshUnit          // what is not written yet
	timer   *time.Timer
	delay   time.Duration

	writing sync.Mutex // held while the file is written
}

// openCache opens the code file of a module that is being attached, nil if none is to be used.
func (t *Tier) openCache(m *interp.Module) *codeCache {
	if t.cacheDir == "" && t.codeFile == "" {
		return nil
	}
	target, err := targetID()
	if err != nil {
		t.logger.Debug("machine code is not kept", "reason", err)
		return nil
	}
	c := &codeCache{id: cacheID{m.Hash(), target}, logger: t.logger, entered: map[unitKey]struct{}{}, delay: flushDelay}
	if t.codeFile != "" {
		if c.file, err = openCacheFile(t.codeFile, c.id); err == nil {
			return c
		}
		t.logger.Warn("a code file is not used", "file", t.codeFile, "reason", err)
	}
	if t.cacheDir == "" {
		return nil
	}
	if err := os.MkdirAll(t.cacheDir, 0o700); err != nil {
		t.logger.Warn("machine code is not kept", "reason", err)
		return nil
	}
	c.path = filepath.Join(t.cacheDir, c.id.name())
	if c.file, err = openCacheFile(c.path, c.id); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.logger.Debug("a code file is made anew", "file", c.path, "reason", err)
	}
	if err == nil {
		usedCacheFile(c.path, time.Now())
	}
	return c
}

// units counts what is in the file.
func (c *codeCache) units() int {
	if c == nil || c.file == nil {
		return 0
	}
	return c.file.index.len()
}

// first tells whether a unit that is not in the file is come by for the first time.
func (c *codeCache) first(key unitKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entered[key]; ok {
		return false
	}
	c.entered[key] = struct{}{}
	return true
}

// fromCache publishes a unit from the module's code file, if it is there.
func (t *Tier) fromCache(m *interp.Module, mc *moduleCode, key unitKey) bool {
	c := mc.cache
	if c.units() == 0 {
		return false
	}
	k := cacheKey{key, nativeMemory(m)}
	begin := time.Now()
	e, ok := c.file.index.find(k)
	if !ok {
		return false
	}
	address, sites, size, err := c.load(t, m, mc, &e)
	if err != nil {
		c.logger.Debug("a unit of a code file is not used", "func", key.fn, "loop", key.loop, "reason", err)
		return false
	}
	t.loaded.Add(1)
	t.trace.event(Event{Module: m, Func: key.fn, Loop: key.loop, Counts: key.counts, Loaded: true, Took: time.Since(begin), Body: bodyLen(m, key.fn),
		Code: size, Sites: sites, Address: address})
	return true
}

func (c *codeCache) load(t *Tier, m *interp.Module, mc *moduleCode, e *cacheEntry) (address uintptr, sites, size int, err error) {
	shape, err := m.NativeShape(e.key.fn)
	if err != nil {
		return 0, 0, 0, err
	}
	if shape.Sum != e.shape {
		return 0, 0, 0, errOtherShape
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil {
		return 0, 0, 0, fs.ErrClosed
	}
	if c.scratch, err = c.file.payload(e, c.scratch); err != nil {
		return 0, 0, 0, err
	}
	stored, err := readUnit(c.scratch, m, e.key.fn)
	if err != nil {
		return 0, 0, 0, err
	}
	u, err := stored.unit(e.key, func() (*interp.NativePoints, error) { return m.NativePoints(e.key.fn, -1) })
	if err != nil {
		return 0, 0, 0, err
	}
	mc.running(m, u, false, false, paces[t.mode].exits)
	address, err = t.publish(m, mc, u, stored.code, stored.entry, stored.fast)
	return address, len(u.Sites), len(stored.code), err
}

// limitsOf is what the numbers in a unit of function fn must stay within.
func limitsOf(m *interp.Module, fn uint32) (storedLimits, error) {
	shape, err := m.NativeShape(fn)
	if err != nil {
		return storedLimits{}, err
	}
	w := m.Wasm()
	body := &w.Code[int(fn)-(len(w.FuncTypes)-len(w.Funcs))]
	return storedLimits{shape, body.Offset, body.Offset + uint32(len(body.Body))}, nil
}

// shapesOf tells the sums of the shapes of functions that have been lowered.
func shapesOf(m *interp.Module) func(fn uint32) uint64 {
	return func(fn uint32) uint64 {
		s, _ := m.NativeShape(fn)
		return s.Sum
	}
}

// newFresh makes a unit for a file.
func newFresh(m *interp.Module, key cacheKey, u *interp.NativeUnit, code []byte, entry, fast int) (freshUnit, error) {
	shape, err := m.NativeShape(key.fn)
	if err != nil {
		return freshUnit{}, err
	}
	f := freshUnit{key, shape.Sum, appendUnit(nil, u, code, entry, fast, shapesOf(m))}
	// What could not be read again need not be written.
	if _, err := readUnit(f.payload, m, key.fn); err != nil {
		return freshUnit{}, fmt.Errorf("function %d, loop %d: what was written of it cannot be read: %w", key.fn, key.loop, err)
	}
	return f, nil
}

// add takes a unit that has been compiled, to be written.
func (c *codeCache) add(m *interp.Module, u *interp.NativeUnit, code []byte, entry, fast int) {
	if c == nil || c.path == "" {
		return
	}
	f, err := newFresh(m, cacheKey{unitKey{u.Func, u.Loop, u.Counts}, u.Memory}, u, code, entry, fast)
	if err != nil {
		c.logger.Error("machine code is not kept", "reason", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh = slices.DeleteFunc(c.fresh, func(o freshUnit) bool { return o.key == f.key }) // a region that has grown
	c.fresh = append(c.fresh, f)
	if c.timer == nil {
		c.timer = time.AfterFunc(c.delay, func() { c.flush() })
		c.delay = min(2*c.delay, flushDelayMost)
	}
}

// flush writes what is not written yet.
func (c *codeCache) flush() error {
	if c == nil {
		return nil
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	fresh := c.fresh
	c.fresh = nil
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	c.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	err := mergeCacheFile(c.path, c.id, fresh)
	if err != nil {
		c.logger.Warn("machine code could not be written", "file", c.path, "reason", err)
	}
	tidyCacheFolder(c.path, time.Now(), c.logger)
	return err
}

// close writes what is not written yet, and closes the file.
func (c *codeCache) close() {
	if c == nil {
		return
	}
	c.flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.file.close()
	c.file = nil
}

// Flush writes the machine code that was compiled to the code files. It does not wait for what is being compiled. It is called
// before a process ends; otherwise code is written from time to time.
func (t *Tier) Flush() error {
	var errs []error
	t.modules.Range(func(_, c any) bool {
		errs = append(errs, c.(*moduleCode).cache.flush())
		return true
	})
	return errors.Join(errs...)
}

// WriteCode compiles all functions of m, without running it, and makes a code file of them at path: a directory in which it gets the
// name that a Tier with that CacheDir looks for, or a file. It returns the path of the file. see may be nil.
func WriteCode(m *interp.Module, path string, see func(Event)) (string, error) {
	t, err := New(Config{Mode: All, Trace: see})
	if err != nil {
		return "", err
	}
	target, err := targetID()
	if err != nil {
		return "", err
	}
	id := cacheID{m.Hash(), target}
	if !enableNative(m, t, 0, 0) {
		return "", errNoBackEnd()
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, id.name())
	}
	w := m.Wasm()
	first, memory := len(w.FuncTypes)-len(w.Funcs), m.ExpectedNativeMemory()
	var (
		mu    sync.Mutex
		next  int
		units []freshUnit
		wg    sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				mu.Lock()
				fn := first + next
				next++
				mu.Unlock()
				if fn >= len(w.FuncTypes) {
					return
				}
				if u, ok := t.ahead(m, uint32(fn), memory); ok {
					mu.Lock()
					units = append(units, u)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return path, writeCacheFile(path, id, nil, units)
}

// ahead compiles a function that is not to be run here.
func (t *Tier) ahead(m *interp.Module, fn uint32, memory interp.NativeMemory) (f freshUnit, ok bool) {
	begin, key := time.Now(), unitKey{fn: fn, loop: -1}
	c := compilation{target: t.target}
	err := c.run(m, key, Options{Target: t.target, Memory: memory})
	if err == nil {
		var u *interp.NativeUnit
		if u, err = unitOf(t.target.Name(), c.code); err == nil {
			u.Func, u.Loop, u.Room, u.Memory = fn, -1, c.f.Room, memory
			f, err = newFresh(m, cacheKey{key, memory}, u, c.code.Bytes, c.code.Entry, c.code.Fast)
		}
		if err != nil {
			err = abort(NotEncoded, err)
		}
	}
	t.trace.event(eventOf(m, key, &c, err, begin))
	return f, err == nil
}
