package vm_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

// What nobody uses any more goes, on every tier, also when what a runtime was given to call leads back to all of it.
func TestRuntimesAreCollected(t *testing.T) {
	for _, tier := range tiersHere() {
		gone := make(chan string, 3)
		func() {
			back := new([3]any)
			rt := vm.NewRuntime(vm.NewConfig().WithTier(tier).WithTrace(func(vm.Compilation) { runtime.KeepAlive(back) }))
			m, err := rt.Compile(textModule(t, fuelText))
			if err != nil {
				t.Fatal(err)
			}
			env := vm.NewHostModule("env").WithFunc("f", vm.Func1(func(_ *vm.Caller, i int32) (int32, error) { return i, nil }))
			i, err := rt.Instantiate(context.Background(), m, vm.NewProgramConfig().WithHostModule(env))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := i.Call(context.Background(), "spin", 30_000); err != nil {
				t.Fatal(err)
			}
			p := i.Program()
			for what, add := range map[string]func(what string){
				"runtime": func(what string) { runtime.AddCleanup(rt, func(w string) { gone <- w }, what) },
				"module":  func(what string) { runtime.AddCleanup(m, func(w string) { gone <- w }, what) },
				"program": func(what string) { runtime.AddCleanup(p, func(w string) { gone <- w }, what) },
			} {
				add(what)
			}
			p.Close()
			*back = [3]any{rt, m, p}
		}()
		left := map[string]bool{"runtime": true, "module": true, "program": true}
		for end := time.Now().Add(20 * time.Second); len(left) > 0; {
			runtime.GC()
			select {
			case what := <-gone:
				delete(left, what)
			case <-time.After(20 * time.Millisecond):
				if time.Now().After(end) {
					t.Fatalf("%v: still there: %v", tier, left)
				}
			}
		}
	}
}
