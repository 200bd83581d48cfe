package vm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

// Programs of one module, on several goroutines, come into new ways of functions that grow and are replaced, while they are called back from host functions,
// given their first fuel there, profiled, frozen, restored and closed.
func TestRegionsGrowUnderBusyPrograms(t *testing.T) {
	const funcs, ways = 12, 8
	var text strings.Builder
	text.WriteString(`(module (import "env" "f" (func $host (param i32 i32) (result i32)))`)
	for k := range funcs {
		fmt.Fprintf(&text, "\n(func $f%d (export \"f%d\") (param $n i32) (param $arg i32) (result i32) (local $way i32)\n", k, k)
		text.WriteString("(local.set $way (i32.rem_u (local.get $arg) (i32.const 8)))\n")
		fmt.Fprintf(&text, "(if (i32.eqz (local.get $n)) (then (return (i32.add (i32.const %d) (call $host (i32.const %d) (local.get $arg))))))\n", k, k)
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
			if arg%5 == 0 {
				return k + want((k+1)%funcs, 7, arg/2+1)
			}
			return k
		}
		return arg%ways + want((k*7+arg%ways*3+1)%funcs, n-1, arg*5+3)
	}
	binary := textModule(t, text.String())
	for _, tier := range []vm.Tier{vm.TierRegions, vm.TierAuto} {
		t.Run(tier.String(), func(t *testing.T) {
			rt := vm.NewRuntime(vm.NewConfig().WithTier(tier))
			m, err := rt.Compile(binary)
			if err != nil {
				t.Fatal(err)
			}
			env := vm.NewHostModule("env").WithFunc("f", vm.RawFunc(vm.FuncType{Params: []vm.ValType{vm.I32, vm.I32}, Results: []vm.ValType{vm.I32}},
				func(c *vm.Caller, stack []uint64) error {
					k, arg := uint32(stack[0]), uint32(stack[1])
					if arg%31 == 7 {
						c.SetFuel(1 << 40)
					}
					stack[0] = 0
					if arg%5 == 0 {
						s := []uint64{7, uint64(arg/2 + 1)}
						if err := c.CallBack(c.Instance().Func(fmt.Sprintf("f%d", (k+1)%funcs)), s); err != nil {
							return err
						}
						stack[0] = s[0]
					}
					return nil
				}))
			cfg := vm.NewProgramConfig().WithHostModule(env)
			end := time.Now().Add(500 * time.Millisecond)
			var ended sync.WaitGroup
			for g := range uint64(4) {
				ended.Go(func() {
					r := rand.New(rand.NewPCG(g, 1))
					for n := uint32(1); time.Now().Before(end); n++ {
						i, err := rt.Instantiate(context.Background(), m, cfg)
						if err != nil {
							t.Error(err)
							return
						}
						p := i.Program()
						stop := make(chan bool)
						var watch sync.WaitGroup
						watch.Go(func() {
							for {
								select {
								case <-stop:
									return
								case <-time.After(time.Millisecond):
								}
								var b bytes.Buffer
								if err := p.Checkpoint(context.Background(), &b, vm.NewCheckpointConfig().WithoutModules()); err != nil {
									if !errors.Is(err, vm.ErrHostFrames) {
										t.Error(err)
									}
									continue
								}
								q, err := rt.Restore(context.Background(), &b, cfg.WithModules(m))
								if err != nil {
									t.Error(err)
									continue
								}
								if q.Resumable() {
									if _, err := q.Resume(context.Background()); err != nil {
										t.Error(err)
									}
								}
								q.Close()
							}
						})
						prof := p.StartProfile(time.Millisecond)
						for range 40 {
							k, d, arg := r.Uint32N(funcs), r.Uint32N(40), r.Uint32N(1+8*n)
							got, err := i.Call(context.Background(), fmt.Sprintf("f%d", k), uint64(d), uint64(arg))
							if err != nil || uint32(got[0]) != want(k, d, arg) {
								t.Errorf("f%d(%d, %d): %v, %v; want %d", k, d, arg, got, err, want(k, d, arg))
							}
						}
						close(stop)
						watch.Wait()
						prof.Stop()
						if err := p.Close(); err != nil {
							t.Error(err)
						}
					}
				})
			}
			ended.Wait()
		})
	}
}
