package jit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// settles waits until a module has no machine code but one piece for each of its units. It returns its bytes, and those of all that was compiled.
func settles(t *testing.T, c *moduleCode, e *events) (have, all int64) {
	t.Helper()
	units := map[unitKey]bool{}
	for _, e := range e.all() {
		if e.Err == nil {
			units[unitKey{e.Func, e.Loop, e.Counts}] = true
			all += int64(e.Code)
		}
	}
	pieces := 0
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		c.mu.Lock()
		have, pieces = c.bytes, len(c.pieces)
		sum := int64(0)
		for p := range c.pieces {
			sum += int64(p.size)
		}
		c.mu.Unlock()
		if have != sum {
			t.Fatalf("the module's account says %d bytes, it has %d", have, sum)
		}
		if pieces == len(units) {
			return have, all
		}
	}
	t.Errorf("the module has %d pieces of machine code, %d bytes of %d that were compiled, for %d units", pieces, have, all, len(units))
	return have, all
}

// TestReplacedRegionsAreFreed: the module's account and the process's are those of what is left.
func TestReplacedRegionsAreFreed(t *testing.T) {
	before := processCode.Load()
	k, tier := newCaller(t, Config{Mode: Regions}, armsText)
	m := k.f.Instance().Module()
	for _, n := range []uint64{3, 0, 4, 100, 5, 6, 7, 8, 1, 2} {
		k.call(3, n, f(n))
	}
	if n := len(k.e.all()); n != maxRegions+1 {
		t.Fatalf("%d units were compiled, want %d", n, maxRegions+1)
	}
	have, _ := settles(t, tier.code(m), k.e)
	if list := k.e.all(); have != int64(list[len(list)-1].Code) {
		t.Errorf("the module has %d bytes, want %d", have, list[len(list)-1].Code)
	}
	if n := processCode.Load() - before; n > have {
		t.Errorf("the process has %d bytes more, want at most %d", n, have)
	}
	for n := range uint64(arms + 2) {
		k.call(3, n, f(n))
	}
}

// compileAgain compiles the first fns functions of a module so often, in turn, while a thread runs them, until ends has ended that: most of what
// is replaced has been freed by then, and all of it soon after.
func compileAgain(t *testing.T, tier *Tier, m *interp.Module, e *events, times, fns int, ends func() error) {
	t.Helper()
	c, most := tier.code(m), 0
	for k := range times {
		if r := tier.compile(m, c, unitKey{fn: uint32(k % fns), loop: -1}, nil); r != Compiled {
			t.Fatal(r)
		}
		time.Sleep(200 * time.Microsecond)
		c.mu.Lock()
		most = max(most, len(c.pieces))
		c.mu.Unlock()
	}
	if err := ends(); err != nil {
		t.Fatal(err)
	}
	if most > times/2 {
		t.Errorf("%d pieces of machine code at once, after %d compilations", most, times)
	}
	settles(t, c, e)
}

// TestCompiledAgainForEver: however often a function is compiled while a thread runs it, its module has no more than a few pieces of machine code.
func TestCompiledAgainForEver(t *testing.T) {
	tier, e := newTier(t, Regions)
	m := parse(t, `(module (func $f (export "f") (param i32) (result i32)
	  (if (result i32) (local.get 0) (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 2))) (else (i32.const 7)))))`)
	tier.Attach(m)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	s := interp.NewStore(interp.Config{})
	i, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := i.Export("f")
	th := s.NewThread()
	go func() {
		for ctx.Err() == nil {
			stack := []uint64{100}
			if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 207 {
				done <- fmt.Errorf("%d, %w", stack[0], err)
				return
			}
		}
		done <- nil
	}()
	compileAgain(t, tier, m, e, 500, 1, func() error { stop(); return <-done })
}

// TestManyRegionsGrowUnderThreads of two stores, which call each function's ways in any order and come back through what has grown meanwhile.
func TestManyRegionsGrowUnderThreads(t *testing.T) {
	const funcs, ways, threads, calls = 30, 8, 2, 4000
	var text strings.Builder
	text.WriteString("(module")
	for k := range funcs {
		// (n, arg): what way arg%8 of function k adds, n more calls away from the end.
		fmt.Fprintf(&text, "\n(func $f%d (export \"f%d\") (param $n i32) (param $arg i32) (result i32) (local $way i32)\n", k, k)
		text.WriteString("(local.set $way (i32.rem_u (local.get $arg) (i32.const 8)))\n")
		fmt.Fprintf(&text, "(if (i32.eqz (local.get $n)) (then (return (i32.const %d))))\n", k)
		for way := range ways {
			fmt.Fprintf(&text, `(if (i32.eq (local.get $way) (i32.const %d)) (then (return (i32.add (i32.const %d)
			  (call $f%d (i32.sub (local.get $n) (i32.const 1)) (i32.add (i32.mul (local.get $arg) (i32.const 5)) (i32.const 3)))))))%s`,
				way, way, (k*7+way*3+1)%funcs, "\n")
		}
		text.WriteString("(unreachable))")
	}
	text.WriteString(")")
	var want func(k, n, arg uint32) uint32
	want = func(k, n, arg uint32) uint32 {
		if n == 0 {
			return k
		}
		way := arg % ways
		return way + want((k*7+way*3+1)%funcs, n-1, arg*5+3)
	}
	tier, e := newTier(t, Regions)
	m := parse(t, text.String())
	tier.Attach(m)
	var ended sync.WaitGroup
	for range 2 {
		s := interp.NewStore(interp.Config{})
		t.Cleanup(s.Close)
		i, err := s.Instantiate(m, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range threads {
			th := s.NewThread()
			ended.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(seed)))
				for c := range calls {
					k, n, arg := r.Uint32N(funcs), r.Uint32N(60), r.Uint32N(uint32(1+c/8))
					x, _ := i.Export(fmt.Sprintf("f%d", k))
					stack := []uint64{uint64(n), uint64(arg)}
					if err := th.Call(context.Background(), x.Func, stack); err != nil || uint32(stack[0]) != want(k, n, arg) {
						t.Errorf("f%d(%d, %d) = %d, %v; want %d", k, n, arg, stack[0], err, want(k, n, arg))
						return
					}
				}
			})
		}
	}
	ended.Wait()
	have, all := settles(t, tier.code(m), e)
	t.Logf("%d bytes in %d compilations, %d of them in use", all, len(e.all()), have)
	if all < 2*have {
		t.Errorf("%d bytes were compiled, of which %d are in use: too few were replaced", all, have)
	}
}
