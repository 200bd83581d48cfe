package vm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/vm"
)

// TestCheckpointOfRunningLoop stops a loop that another goroutine runs, and carries on in a second runtime.
func TestCheckpointOfRunningLoop(t *testing.T) {
	i, running := walking(t, nil)
	snapshot := checkpoint(t, i.Program(), vm.NewCheckpointConfig().WithStop())
	if o := <-running; !errors.Is(o.err, vm.ErrStopped) {
		t.Fatalf("the call that was stopped: %v, %v", o.results, o.err)
	}
	if _, err := i.Call(context.Background(), "walk"); !errors.Is(err, vm.ErrStopped) {
		t.Errorf("a call after the stop: %v", err)
	}
	p := restore(t, snapshot, nil)
	if !p.Resumable() {
		t.Fatal("nothing to resume")
	}
	if _, err := p.Instance("main").Call(context.Background(), "walk"); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("a call before the frames have been resumed: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Resume(ended); !errors.Is(err, context.Canceled) || !p.Resumable() {
		t.Errorf("resuming under a context that has ended: %v", err)
	}
	bound := arrive(t, p)
	got, err := p.Resume(context.Background())
	if sum := result(t, got, err); sum != squares(bound) {
		t.Errorf("the sum is %d", sum)
	}
	if _, err := p.Resume(context.Background()); !errors.Is(err, vm.ErrNothingToResume) {
		t.Errorf("resuming twice: %v", err)
	}
	if _, err := p.Instance("main").Call(context.Background(), "walk"); err != nil {
		t.Errorf("a call afterwards: %v", err)
	}
}

// TestCheckpointsWhileRunning takes snapshots of a loop that goes on, in each form. All of them and the original come to
// what a run would have that was never looked at.
func TestCheckpointsWhileRunning(t *testing.T) {
	i, running := walking(t, nil)
	rt := i.Program().Runtime()
	file := filepath.Join(t.TempDir(), "program.snapshot")
	if err := i.Program().CheckpointFile(context.Background(), file, nil); err != nil {
		t.Fatal(err)
	}
	snapshots := map[string][]byte{
		"plain":           checkpoint(t, i.Program(), nil),
		"compressed":      checkpoint(t, i.Program(), vm.NewCheckpointConfig().WithCompression()),
		"without modules": checkpoint(t, i.Program(), vm.NewCheckpointConfig().WithoutModules()),
	}
	bound := arrive(t, i.Program())
	o := <-running
	if got := result(t, o.results, o.err); got != squares(bound) {
		t.Errorf("the original came to %d", got)
	}
	cfg := vm.NewProgramConfig().WithModules(i.Module())
	programs := map[string]*vm.Program{}
	var err error
	for name, s := range snapshots {
		if !vm.IsSnapshot(s) {
			t.Errorf("%s: no snapshot", name)
		}
		if programs[name], err = rt.Restore(context.Background(), bytes.NewReader(s), cfg); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if programs["file"], err = rt.RestoreFile(context.Background(), file, nil); err != nil {
		t.Fatal(err)
	}
	for name, p := range programs {
		if err := p.Instance("main").Global("bound").Set(bound); err != nil {
			t.Fatal(err)
		}
		got, err := p.Resume(context.Background())
		if result(t, got, err) != squares(bound) {
			t.Errorf("%s came to %d", name, got[0])
		}
		p.Close()
	}
	if _, err := rt.Restore(context.Background(), bytes.NewReader(snapshots["without modules"]), nil); !errors.Is(err, vm.ErrModuleMissing) {
		t.Errorf("a module that nobody provides: %v", err)
	}
}

func TestCheckpointOfIdleProgram(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	if _, err := i.Call(context.Background(), "count"); err != nil {
		t.Fatal(err)
	}
	i.Memory("memory").PutUint64(4096, 0x1234)
	p := restore(t, checkpoint(t, i.Program(), nil), nil)
	if p.Resumable() {
		t.Error("an idle program has frames")
	}
	j := p.Instance("main")
	if v, _ := j.Memory("memory").Uint64(4096); v != 0x1234 {
		t.Errorf("memory holds %#x", v)
	}
	got, err := j.Call(context.Background(), "count")
	if result(t, got, err) != 9 {
		t.Errorf("the counter is %d", got[0])
	}
}

// travel runs a function of an instance that is frozen at every safepoint, through bytes, into a fresh runtime. It returns the
// result and how many safepoints there were.
func travel(t *testing.T, binary []byte, cfg *vm.ProgramConfig, name string, args ...uint64) (res uint64, safepoints uint64) {
	t.Helper()
	ctx := context.Background()
	var snapshot []byte
	stopAt := func(at uint64) *vm.ProgramConfig {
		return cfg.WithSafepointHook(at, func(p *vm.Program, passed uint64) uint64 {
			safepoints = passed
			snapshot = checkpoint(t, p, vm.NewCheckpointConfig().WithStop())
			return 0
		})
	}
	got, err := instantiate(t, binary, stopAt(1)).Call(ctx, name, args...)
	for errors.Is(err, vm.ErrStopped) {
		p := restore(t, snapshot, stopAt(safepoints+1))
		got, err = p.Resume(ctx)
		p.Close()
	}
	return result(t, got, err), safepoints
}

// TestTravelAtEverySafepoint wants the same result, and the same number of safepoints, as from the run that never stopped.
func TestTravelAtEverySafepoint(t *testing.T) {
	double := vm.NewProgramConfig().WithHostModule(vm.NewHostModule("env").WithFunc("f",
		vm.Func1(func(_ *vm.Caller, v int32) (int32, error) { return 2 * v, nil })))
	for _, c := range []struct {
		binary []byte
		name   string
		arg    uint64
		want   uint64
	}{
		{mathWasm, "fib", 9, 34},
		{mathWasm, "sum", 50, 1275},
		{hostWasm, "loop", 30, 930},
		{hostWasm, "deep", 60, 60},
	} {
		var total uint64
		i := instantiate(t, c.binary, double.WithSafepointHook(1, func(_ *vm.Program, passed uint64) uint64 {
			total = passed
			return passed + 1
		}))
		got, err := i.Call(context.Background(), c.name, c.arg)
		if result(t, got, err) != c.want {
			t.Errorf("%s(%d) = %d without travelling", c.name, c.arg, got[0])
		}
		res, safepoints := travel(t, c.binary, double, c.name, c.arg)
		if res != c.want || safepoints != total {
			t.Errorf("%s(%d) = %d at the end of its travels, over %d safepoints; want %d over %d", c.name, c.arg, res, safepoints, c.want, total)
		}
	}
}

func TestForkOfRunningProgram(t *testing.T) {
	i, running := walking(t, nil)
	fork, err := i.Program().Fork(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer fork.Close()
	fork.Instance("main").Memory("memory").PutByte(100, 2)
	bound := arrive(t, fork)
	got, err := fork.Resume(context.Background())
	if result(t, got, err) != squares(bound) {
		t.Errorf("the fork came to %d", got[0])
	}
	bound = arrive(t, i.Program())
	o := <-running
	if got := result(t, o.results, o.err); got != squares(bound) {
		t.Errorf("the original came to %d", got)
	}
	if v, _ := i.Memory("memory").Byte(100); v != 0 {
		t.Error("the fork writes into the original's memory")
	}
}

func TestForkCanBeBounded(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	ctx, cancel := context.WithCancel(context.Background())
	running := start(ctx, i, "forever")
	busy(t, i.Program())
	fork, err := i.Program().Fork(context.Background(), vm.NewProgramConfig().WithFuel(100))
	if err != nil {
		t.Fatal(err)
	}
	defer fork.Close()
	if _, err := fork.Resume(context.Background()); !errors.Is(err, vm.ErrFuelExhausted) {
		t.Errorf("the fork: %v", err)
	}
	cancel()
	if o := <-running; !errors.Is(o.err, context.Canceled) {
		t.Errorf("the original: %v", o.err)
	}
}

// TestManyCheckpointsAtOnce has goroutines freeze, fork and view a program while calls come and go.
func TestManyCheckpointsAtOnce(t *testing.T) {
	i := instantiate(t, mathWasm, nil)
	p := i.Program()
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for range 10 {
				checkpoint(t, p, nil)
				fork, err := p.Fork(context.Background(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if fork.Resumable() {
					if _, err := fork.Resume(context.Background()); err != nil {
						t.Error(err)
					}
				}
				fork.Close()
			}
		})
	}
	for range 200 {
		got, err := i.Call(context.Background(), "sum", 1000)
		if result(t, got, err) != 500500 {
			t.Fatalf("the sum is %d", got[0])
		}
	}
	wait.Wait()
}

// waiting is a host module whose f waits for as many milliseconds as its argument says, in a way that can be frozen, and
// returns how often it had to begin.
func waiting() *vm.ProgramConfig {
	return withEnv(vm.Func1(func(c *vm.Caller, ms int32) (int32, error) {
		left, begun := time.Duration(ms)*time.Millisecond, int32(1)
		if b, ok := c.Resumed(); ok {
			left = time.Duration(binary.LittleEndian.Uint64(b))
			begun = int32(binary.LittleEndian.Uint32(b[8:])) + 1
		}
		began := time.Now()
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-timer.C:
			return begun, nil
		case <-c.Interrupted():
			b := binary.LittleEndian.AppendUint64(nil, uint64(left-time.Since(began)))
			return 0, c.Suspend(binary.LittleEndian.AppendUint32(b, uint32(begun)))
		}
	}))
}

func TestHostFunctionThatWaitsIsFrozen(t *testing.T) {
	i := instantiate(t, hostWasm, waiting())
	running := start(context.Background(), i, "call", 60_000)
	busy(t, i.Program())
	var remains uint64
	for seen := 0; seen < 3; { // the program goes on waiting after each
		if err := i.Program().View(context.Background(), false, func(v *vm.View) error {
			if pending := v.Threads[0].Pending; len(pending) > 0 { // else it has not come to its call yet
				remains = binary.LittleEndian.Uint64(pending)
				if seen++; seen == 3 {
					binary.LittleEndian.PutUint64(pending, uint64(time.Millisecond))
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Duration(remains); d < 50*time.Second || d >= time.Minute {
		t.Errorf("%v of a minute remain", d)
	}
	o := <-running
	if begun := result(t, o.results, o.err); begun < 2 || begun > 4 {
		t.Errorf("begun %d times", begun)
	}
}

func TestHostFunctionThatWaitsGoesOnElsewhere(t *testing.T) {
	i := instantiate(t, hostWasm, waiting())
	running := start(context.Background(), i, "call", 200)
	busy(t, i.Program())
	snapshot := checkpoint(t, i.Program(), vm.NewCheckpointConfig().WithStop())
	if o := <-running; !errors.Is(o.err, vm.ErrStopped) {
		t.Fatalf("the call that was stopped: %v", o.err)
	}
	got, err := restore(t, snapshot, waiting()).Resume(context.Background())
	if begun := result(t, got, err); begun < 1 || begun > 2 {
		t.Errorf("begun %d times", begun)
	}
	_, err = vm.NewRuntime(nil).Restore(context.Background(), bytes.NewReader(snapshot), nil)
	if !errors.Is(err, vm.ErrRestore) || !errors.Is(err, vm.ErrLink) {
		t.Errorf("without the host function: %v", err)
	}
}

func TestHostFunctionThatWaitsIsCancelled(t *testing.T) {
	i := instantiate(t, hostWasm, waiting())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := i.Call(ctx, "call", 60_000); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestCheckpointWaitsForComputingHostFunction gives up when its own context ends, and leaves the program as it was.
func TestCheckpointWaitsForComputingHostFunction(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(_ *vm.Caller, v int32) (int32, error) {
		close(entered)
		<-release
		return v, nil
	})))
	running := start(context.Background(), i, "call", 5)
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := i.Program().Checkpoint(ctx, new(bytes.Buffer), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(release)
	o := <-running
	if got := result(t, o.results, o.err); got != 5 {
		t.Errorf("got %d", got)
	}
}

func TestCallBack(t *testing.T) {
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(c *vm.Caller, v int32) (int32, error) {
		stack := []uint64{uint64(v)}
		err := c.CallBack(c.Instance().Func("deep"), stack)
		return int32(stack[0]), err
	})))
	for _, depth := range []uint64{3, 100_000} { // with and without the stack having to grow
		got, err := i.Call(context.Background(), "call", depth)
		if result(t, got, err) != depth {
			t.Errorf("%d deep: %d", depth, got[0])
		}
	}
}

func TestCheckpointRefusesHostFrames(t *testing.T) {
	i := instantiate(t, hostWasm, withEnv(vm.Func1(func(c *vm.Caller, v int32) (int32, error) {
		return v, c.CallBack(c.Instance().Func("forever"), nil)
	})))
	ctx, cancel := context.WithCancel(context.Background())
	running := start(ctx, i, "call", 1)
	busy(t, i.Program())
	for !errors.Is(i.Program().Checkpoint(context.Background(), new(bytes.Buffer), nil), vm.ErrHostFrames) {
		time.Sleep(time.Millisecond) // the guest has not come to its call yet
	}
	cancel()
	if o := <-running; !errors.Is(o.err, context.Canceled) {
		t.Errorf("the call: %v", o.err)
	}
}

// counter is a host module's state.
type counter struct{ n uint64 }

func (c *counter) SaveState() (uint32, []byte, error) {
	return 1, binary.LittleEndian.AppendUint64(nil, c.n), nil
}

func (c *counter) RestoreState(version uint32, data []byte) error {
	if version != 1 || len(data) != 8 {
		return errors.New("bad counter")
	}
	c.n = binary.LittleEndian.Uint64(data)
	return nil
}

// counting is a host module that counts its calls.
var counting = vm.NewHostModule("env").
	WithState(func() vm.Resource { return new(counter) }).
	WithFunc("f", vm.Func1(func(c *vm.Caller, v int32) (int32, error) {
		s := c.State().(*counter)
		s.n++
		return int32(s.n), nil
	}))

func TestHostStateTravels(t *testing.T) {
	cfg := vm.NewProgramConfig().WithHostModule(counting)
	i := instantiate(t, hostWasm, cfg)
	call := func(p *vm.Program, want uint64) {
		t.Helper()
		got, err := p.Instance("main").Call(context.Background(), "call", 0)
		if result(t, got, err) != want {
			t.Errorf("the counter is %d, want %d", got[0], want)
		}
	}
	call(i.Program(), 1)
	snapshot := checkpoint(t, i.Program(), nil)
	call(i.Program(), 2)
	fork, err := i.Program().Fork(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer fork.Close()
	call(fork, 3)
	call(i.Program(), 3)
	call(restore(t, snapshot, cfg), 2)
	stateless := withEnv(vm.RawFunc(sig(i32, vm.I32), func(*vm.Caller, []uint64) error { return nil }))
	if _, err := vm.NewRuntime(nil).Restore(context.Background(), bytes.NewReader(snapshot), stateless); !errors.Is(err, vm.ErrRestore) {
		t.Errorf("without a place for the state: %v", err)
	}
}

// frozenFib is a snapshot of a recursion in progress.
func frozenFib(t testing.TB) (snapshot []byte) {
	i := instantiate(t, mathWasm, vm.NewProgramConfig().WithSafepointHook(100, func(p *vm.Program, _ uint64) uint64 {
		snapshot = checkpoint(t, p, nil)
		return 0
	}))
	if _, err := i.Call(context.Background(), "fib", 9); err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// tryRestore restores what may be anything. What is accepted runs within its limits, what is not is an error, and nothing panics.
func tryRestore(rt *vm.Runtime, snapshot []byte) {
	p, err := rt.Restore(context.Background(), bytes.NewReader(snapshot), vm.NewProgramConfig().WithFuel(10_000))
	if err != nil {
		return
	}
	p.Resume(context.Background())
	p.Close()
}

func smallRuntime() *vm.Runtime {
	return vm.NewRuntime(vm.NewConfig().WithMaxMemory(1 << 24).WithMaxStack(1 << 20))
}

// TestHostileSnapshot changes a snapshot everywhere, and cuts it short.
func TestHostileSnapshot(t *testing.T) {
	snapshot, rt := frozenFib(t), smallRuntime()
	for at := range snapshot {
		b := bytes.Clone(snapshot)
		b[at] ^= 1 << (at % 8)
		tryRestore(rt, b)
		if at%16 == 0 {
			tryRestore(rt, snapshot[:at])
		}
	}
}

func FuzzRestore(f *testing.F) {
	f.Add(frozenFib(f))
	rt := smallRuntime()
	f.Fuzz(func(_ *testing.T, b []byte) { tryRestore(rt, b) })
}

// TestHostileView changes what is behind the checksums.
func TestHostileView(t *testing.T) {
	for name, change := range map[string]func(*vm.View){
		"offset":        func(v *vm.View) { v.Threads[0].Frames[0].Offset++ },
		"function":      func(v *vm.View) { v.Threads[0].Frames[0].Func = 99 },
		"instance":      func(v *vm.View) { v.Threads[0].Frames[0].Instance = -1 },
		"locals":        func(v *vm.View) { v.Threads[0].Frames[0].Locals = nil },
		"value":         func(v *vm.View) { v.Threads[0].Frames[0].Locals[0].Bits = 1 << 40 },
		"type":          func(v *vm.View) { v.Threads[0].Frames[0].Locals[0].Type = vm.F32 },
		"module":        func(v *vm.View) { v.Instances[0].Module = 7 },
		"memory":        func(v *vm.View) { v.Instances[0].Memories[0] = 7 },
		"global":        func(v *vm.View) { v.Globals[0].Type.Type = vm.I32 },
		"threads":       func(v *vm.View) { v.Threads = append(v.Threads, v.Threads[0]) },
		"resource":      func(v *vm.View) { v.Resources = append(v.Resources, v.Resources...) },
		"functions":     func(v *vm.View) { v.Funcs[0].Count = 1 << 30 },
		"another type":  func(v *vm.View) { v.Globals[0].Value.Type = vm.FuncRef },
		"no instances":  func(v *vm.View) { v.Instances = nil },
		"frame missing": func(v *vm.View) { v.Threads[0].Frames = v.Threads[0].Frames[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			i := instantiate(t, mathWasm, vm.NewProgramConfig().WithSafepointHook(100, func(p *vm.Program, _ uint64) uint64 {
				err := p.View(context.Background(), false, func(v *vm.View) error {
					change(v)
					q, err := p.Runtime().RestoreView(context.Background(), v, vm.NewProgramConfig().WithFuel(10_000))
					if err == nil {
						q.Resume(context.Background())
						q.Close()
					} else if !errors.Is(err, vm.ErrRestore) {
						t.Errorf("refused with %v", err)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				return 0
			}))
			if _, err := i.Call(context.Background(), "fib", 9); err != nil {
				t.Fatal(err)
			}
		})
	}
}
