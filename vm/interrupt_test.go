package vm_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// What wants a program that does nothing but compute: the garbage collector, a checkpoint, the end of a context, spent fuel.

// tiersHere are the tiers that differ on this host.
func tiersHere() []vm.Tier {
	if vm.NewRuntime(vm.NewConfig().WithTier(vm.TierJIT)).Compiles() {
		return []vm.Tier{vm.TierInterp, vm.TierAuto, vm.TierJIT}
	}
	return []vm.Tier{vm.TierInterp}
}

// Tests of machine code are skipped where there is none; this one says where there must be some.
func TestLinuxHasMachineCode(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("there is no compiler for this host")
	}
	if len(tiersHere()) != 3 {
		t.Error("a runtime with TierJIT does not compile")
	}
}

// spinText has functions that never end: a small loop, a loop in a loop, calls without end in sight.
const spinText = `(module
	(memory (export "memory") 1)
	(func (export "loop") (local $x i64)
		(loop $l
			(local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1)))
			(br $l)))
	(func (export "nested") (local $i i32) (local $x f64)
		(loop $outer
			(local.set $i (i32.const 1000))
			(loop $inner
				(local.set $x (f64.add (local.get $x) (f64.load (local.get $i))))
				(br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
			(br $outer)))
	(func $fib (param i32) (result i32)
		(if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
			(then (local.get 0))
			(else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
	(func (export "calls")
		(drop (call $fib (i32.const 80)))))`

var spins = []string{"loop", "nested", "calls"}

func spinModule(t testing.TB, rt *vm.Runtime) *vm.Module {
	t.Helper()
	b, err := wat.Parse("spin.wat", []byte(spinText))
	if err != nil {
		t.Fatal(err)
	}
	m, err := rt.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// spin begins one of the functions. What it ends with comes through ended.
func spin(t testing.TB, tier vm.Tier, name string, c *vm.ProgramConfig) (p *vm.Program, cancel context.CancelFunc, ended chan error) {
	t.Helper()
	rt := vm.NewRuntime(vm.NewConfig().WithTier(tier))
	i, err := rt.Instantiate(context.Background(), spinModule(t, rt), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	go func() {
		_, err := i.Call(ctx, name)
		ended <- err
	}()
	for !i.Program().Busy() && len(ended) == 0 { // a little fuel may be spent already
		runtime.Gosched()
	}
	if tier == vm.TierAuto {
		time.Sleep(20 * time.Millisecond) // until it is compiled, probably
	}
	return i.Program(), cancel, ended
}

// within fails when f takes so long that it will probably never end.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		panic(what + " does not end") // the tests after this one would not, either
	}
}

func TestLoopsLetGoOfTheProcessor(t *testing.T) {
	for _, tier := range tiersHere() {
		for _, name := range spins {
			t.Run(tier.String()+"/"+name, func(t *testing.T) {
				p, cancel, ended := spin(t, tier, name, nil)
				within(t, "a garbage collection", func() {
					for range 10 {
						runtime.GC()
					}
				})
				within(t, "a checkpoint", func() {
					for range 3 {
						var b bytes.Buffer
						if err := p.Checkpoint(context.Background(), &b, nil); err != nil {
							t.Error(err)
						}
					}
				})
				within(t, "a call whose context ends", func() {
					cancel()
					if err := <-ended; !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				})
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestLoopsEndWithTheirFuel(t *testing.T) {
	for _, tier := range tiersHere() {
		for _, name := range spins {
			t.Run(tier.String()+"/"+name, func(t *testing.T) {
				p, cancel, ended := spin(t, tier, name, vm.NewProgramConfig().WithFuel(200_000))
				defer cancel()
				within(t, "a call that has no fuel", func() {
					if err := <-ended; !errors.Is(err, vm.ErrFuelExhausted) {
						t.Error(err)
					}
				})
				p.Close()
			})
		}
	}
}

// TestLoopsGoOnElsewhere takes loops from tier to tier, each checkpoint in the middle of a call.
func TestLoopsGoOnElsewhere(t *testing.T) {
	const text = `(module
		(memory 1)
		(func $mix (param i64) (result i64) (i64.xor (local.get 0) (i64.shr_u (local.get 0) (i64.const 7))))
		(func (export "work") (param $n i32) (result i64) (local $x i64)
			(local.set $x (i64.const 1))
			(loop $l
				(i64.store (i32.and (local.get $n) (i32.const 0xfff8)) (local.get $x))
				(local.set $x (call $mix (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1))))
				(local.set $x (i64.add (local.get $x) (i64.load (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 0xfff8)))))
				(br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
			(local.get $x)))`
	binary, err := wat.Parse("work.wat", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	const n = 300_000
	run := func(tiers []vm.Tier, every uint64) (result uint64) {
		var snapshot bytes.Buffer
		var i *vm.Instance
		var p *vm.Program
		var results []uint64
		var err error
		for leg, tier := range tiers {
			rt := vm.NewRuntime(vm.NewConfig().WithTier(tier))
			c := vm.NewProgramConfig()
			if leg < len(tiers)-1 {
				c = c.WithSafepointHook(every*uint64(leg+1), func(p *vm.Program, _ uint64) uint64 {
					snapshot.Reset()
					if err := p.Checkpoint(context.Background(), &snapshot, vm.NewCheckpointConfig().WithStop()); err != nil {
						t.Error(err)
					}
					return 0
				})
			}
			if leg == 0 {
				m, err := rt.Compile(binary)
				if err != nil {
					t.Fatal(err)
				}
				if i, err = rt.Instantiate(context.Background(), m, c); err != nil {
					t.Fatal(err)
				}
				p = i.Program()
				results, err = i.Call(context.Background(), "work", n)
				if err == nil {
					break
				}
			} else {
				if p, err = rt.Restore(context.Background(), &snapshot, c); err != nil {
					t.Fatal(err)
				}
				results, err = p.Resume(context.Background())
			}
			if err != nil && !errors.Is(err, vm.ErrStopped) {
				t.Fatal(err)
			}
			if err != nil && leg == len(tiers)-1 {
				t.Fatal(err)
			}
			p.Close()
		}
		return results[0]
	}
	want := run([]vm.Tier{vm.TierInterp}, 0)
	for _, a := range tiersHere() {
		for _, b := range tiersHere() {
			if got := run([]vm.Tier{a, b, a, b}, 100_001); got != want {
				t.Errorf("%v, %v, %v, %v: %#x, want %#x", a, b, a, b, got, want)
			}
		}
	}
}

// latencies reports how long operations took.
func latencies(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	if len(took) == 0 {
		return
	}
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
	b.ReportMetric(float64(took[len(took)-1].Nanoseconds())/1e3, "max-µs")
}

// goLoop is what the collector meets when Go code computes.
func goLoop(stop *atomic.Bool, sink *uint64) {
	x := uint64(1)
	for !stop.Load() {
		for range 1 << 20 {
			x = x*6364136223846793005 + 1
		}
	}
	*sink = x
}

// BenchmarkGCBesideLoop is how long runtime.GC takes while nothing runs, beside a loop in Go, and beside the same loop in wasm.
func BenchmarkGCBesideLoop(b *testing.B) {
	measure := func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			begin := time.Now()
			runtime.GC()
			took = append(took, time.Since(begin))
		}
		latencies(b, took)
	}
	b.Run("idle", measure)
	b.Run("go", func(b *testing.B) {
		var stop atomic.Bool
		var sink uint64
		done := make(chan struct{})
		go func() { defer close(done); goLoop(&stop, &sink) }()
		measure(b)
		stop.Store(true)
		<-done
	})
	for _, tier := range tiersHere() {
		b.Run(tier.String(), func(b *testing.B) {
			p, cancel, ended := spin(b, tier, "loop", nil)
			measure(b)
			cancel()
			<-ended
			p.Close()
		})
	}
}

// BenchmarkCheckpointLatency is how long a checkpoint takes of a small program that runs in a loop, most of which is the way to
// a safepoint.
func BenchmarkCheckpointLatency(b *testing.B) {
	for _, tier := range tiersHere() {
		for _, name := range spins[:2] {
			b.Run(tier.String()+"/"+name, func(b *testing.B) {
				p, cancel, ended := spin(b, tier, name, nil)
				var took []time.Duration
				for b.Loop() {
					begin := time.Now()
					err := p.View(context.Background(), false, func(*vm.View) error {
						took = append(took, time.Since(begin))
						return nil
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				latencies(b, took)
				cancel()
				<-ended
				p.Close()
			})
		}
	}
}

// BenchmarkCancelLatency is how long a call that runs in a loop goes on after its context has ended.
func BenchmarkCancelLatency(b *testing.B) {
	for _, tier := range tiersHere() {
		b.Run(tier.String(), func(b *testing.B) {
			rt := vm.NewRuntime(vm.NewConfig().WithTier(tier))
			i, err := rt.Instantiate(context.Background(), spinModule(b, rt), nil)
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			for b.Loop() {
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan time.Time)
				go func() {
					i.Call(ctx, "loop")
					ended <- time.Now()
				}()
				for !i.Program().Busy() {
					runtime.Gosched()
				}
				time.Sleep(time.Millisecond)
				begin := time.Now()
				cancel()
				took = append(took, (<-ended).Sub(begin))
			}
			latencies(b, took)
		})
	}
}
