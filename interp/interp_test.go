package interp

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

var programs = flag.Int("programs", 120, "how many random programs to compare")

// The run loop calls instructions as func values: a func value must be a pointer to a word that holds the code address.
func TestFuncValueLayout(t *testing.T) {
	for o, h := range handlers {
		if h == nil {
			continue
		}
		word := **(**uintptr)(unsafe.Pointer(&h))
		if word != codes[o] || word == 0 {
			t.Fatalf("%s: code address %#x, table has %#x", op(o), word, codes[o])
		}
	}
	in := [2]instr{{code: codes[opNop], op: opNop}}
	p := &in[0]
	pc, _, acc, _, _, _ := (*(*handler)(unsafe.Pointer(&p)))(p, nil, 42, nil, 0, nil)
	if pc != next(p) || acc != 42 {
		t.Fatalf("nop went to %p with accumulator %d", pc, acc)
	}
}

func load(t *testing.T, bin []byte) *Module {
	t.Helper()
	m, err := wasm.Decode(bin, wasm.DefaultFeatures)
	if err != nil {
		t.Fatal(err)
	}
	return NewModule(m)
}

type outcome struct {
	result uint64
	memory []byte
}

// smallMemories is for tests that make thousands of stores: emulators keep books of every page that was ever reserved.
var smallMemories = Config{MaxMemory: 16 * wasm.PageSize}

// travelling is what a program with a memory has done when it has travelled.
func travelling(t *testing.T, m *Module, args []uint64, step uint64) outcome {
	t.Helper()
	results, s := travels(t, m, args, step)
	return outcome{results[0], s.memories[0].Bytes()}
}

// travels runs the program and moves it, through bytes and into a store of its own, at every step-th safepoint. It returns
// the results and the store that it arrived in.
func travels(t *testing.T, m *Module, args []uint64, step uint64) ([]uint64, *Store) {
	t.Helper()
	s := NewStore(smallMemories)
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var snap bytes.Buffer
	arm := func() {
		if step == 0 {
			return
		}
		s.CountSafepoints(0, step, func(uint64) uint64 {
			snap.Reset()
			if err := s.Checkpoint(context.Background(), true, func(p *state.Program) error { return state.Encode(&snap, p, state.Options{}) }); err != nil {
				t.Error(err)
			}
			return 0
		})
	}
	th := s.NewThread()
	arm()
	results := append([]uint64(nil), args...)
	f, _ := inst.Export("f")
	err = th.Call(context.Background(), f.Func, results)
	for errors.Is(err, ErrStopped) {
		var file *state.File
		if file, err = state.Decode(bytes.NewReader(snap.Bytes()), int64(snap.Len()), state.Limits{}); err != nil {
			t.Fatal(err)
		}
		s = NewStore(smallMemories)
		if err = s.Restore(&file.Program, Env{Module: func(*state.Module) (*Module, error) { return m, nil }}); err != nil {
			t.Fatal(err)
		}
		arm()
		results, err = s.Threads()[0].Resume(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	return results, s
}

// What lowered code computes, running through and travelling at every safepoint, is what the program means.
func TestRandomPrograms(t *testing.T) {
	for seed := range uint64(*programs) {
		bin, meaning := program(seed)
		m := load(t, bin)
		for _, arg := range []uint64{0, 7, 1 << 31} {
			want := &machine{memory: make([]byte, wasm.PageSize)}
			args := []uint64{uint64(uint32(arg)), arg * 0x9E3779B97F4A7C15, 0x3FF8000000000000}
			want.locals[firstI32], want.locals[firstI64], want.locals[firstF64] = args[0], args[1], args[2]
			result := meaning(want)
			for _, step := range []uint64{0, 1, 3} {
				if step != 0 && (seed%4 != 0 || testing.Short()) {
					continue
				}
				got := travelling(t, m, args, step)
				if got.result != result || !bytes.Equal(got.memory, want.memory) {
					t.Fatalf("program %d with argument %d, travelling every %d safepoints: %#x, want %#x; memory equal: %v\n%s",
						seed, arg, step, got.result, result, bytes.Equal(got.memory, want.memory), listing(m, 0))
				}
			}
		}
	}
}

// listing is the lowered code of a function, for people.
func listing(m *Module, index uint32) string {
	c, err := m.code(index)
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	for i, in := range c.instrs {
		mark := ' '
		if in.op&safepoint != 0 {
			mark = '*'
		}
		fmt.Fprintf(&b, "%4d%c %-16s %d %d %d %#x\n", i, mark, in.op, in.a, in.b, in.c, in.imm)
	}
	return b.String()
}

// module makes a module of one exported function "f" from its type, its locals' declaration and its instructions.
func module(params, results []wasm.ValType, locals []byte, body ...byte) []byte {
	typ := []byte{0x60}
	for _, l := range [][]wasm.ValType{params, results} {
		typ = append(typ, uleb(len(l))...)
		for _, t := range l {
			typ = append(typ, byte(t))
		}
	}
	return join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec(typ)), section(3, vec([]byte{0})),
		section(5, []byte{1, 0, 1}), section(7, vec([]byte{1, 'f', 0, 0})),
		section(10, vec(sized(join(locals, body, []byte{byte(wasm.OpEnd)})))))
}

func run(t *testing.T, m *Module, cfg Config, stack ...uint64) ([]uint64, error) {
	t.Helper()
	s := NewStore(cfg)
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := inst.Export("f")
	err = s.NewThread().Call(context.Background(), f.Func, stack)
	return stack, err
}

const (
	i32c = byte(wasm.OpI32Const)
	get  = byte(wasm.OpLocalGet)
	set  = byte(wasm.OpLocalSet)
	loop = byte(wasm.OpLoop)
	br   = byte(wasm.OpBr)
	end  = byte(wasm.OpEnd)
)

var (
	none = []byte{0} // no locals declared
	i32s = []wasm.ValType{wasm.I32}
)

func TestTraps(t *testing.T) {
	for _, tt := range []struct {
		name string
		body []byte
		want TrapCode
	}{
		{"unreachable", []byte{byte(wasm.OpUnreachable)}, TrapUnreachable},
		{"division by zero", []byte{get, 0, i32c, 0, byte(wasm.OpI32DivS)}, TrapIntegerDivideByZero},
		{"remainder by zero", []byte{get, 0, i32c, 0, byte(wasm.OpI32RemU)}, TrapIntegerDivideByZero},
		{"overflow of a quotient", join([]byte{i32c}, leb(-1<<31), []byte{i32c, 0x7F, byte(wasm.OpI32DivS)}), TrapIntegerOverflow},
		{"load past the end", join([]byte{i32c}, leb(65533), []byte{byte(wasm.OpI32Load), 0, 0}), TrapMemoryOutOfBounds},
		{"load past 4 GiB", join([]byte{i32c}, leb(-1), []byte{byte(wasm.OpI32Load), 0}, leb(0x7FFFFFFF)), TrapMemoryOutOfBounds},
		{"truncation of a NaN", []byte{byte(wasm.OpF32Const), 0, 0, 0xC0, 0x7F, byte(wasm.OpI32TruncF32S)}, TrapInvalidConversion},
		{"endless recursion", []byte{get, 0, byte(wasm.OpCall), 0}, TrapStackExhausted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := run(t, load(t, module(i32s, i32s, none, tt.body...)), Config{}, 1)
			var trap *Trap
			if !errors.Is(err, tt.want) || !errors.As(err, &trap) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if len(trap.Trace) == 0 || trap.Trace[0].Name != "f" {
				t.Errorf("backtrace %+v does not begin in f", trap.Trace)
			}
		})
	}
}

// countdown loops n times, n its argument, and calls nothing.
var countdown = module(i32s, i32s, none, loop, 0x40, get, 0, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), 0, byte(wasm.OpBrIf), 0, end, get, 0)

func TestFuelIsSpentAtSafepoints(t *testing.T) {
	m := load(t, countdown)
	for _, tt := range []struct {
		fuel uint64
		left uint64
		want error
	}{{100, 89, nil}, {11, 0, nil}, {10, 0, ErrFuelExhausted}, {0, 0, ErrFuelExhausted}} {
		s := NewStore(Config{})
		inst, err := s.Instantiate(m, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		th := s.NewThread()
		th.SetFuel(tt.fuel)
		f, _ := inst.Export("f")
		err = th.Call(context.Background(), f.Func, []uint64{10}) // one entry, ten iterations
		if !errors.Is(err, tt.want) || th.Fuel() != tt.left {
			t.Errorf("with %d units: %v, %d left; want %v, %d left", tt.fuel, err, th.Fuel(), tt.want, tt.left)
		}
	}
}

func TestCancellation(t *testing.T) {
	m := load(t, module(nil, nil, none, loop, 0x40, br, 0, end))
	s := NewStore(Config{})
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := inst.Export("f")
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
	th := s.NewThread()
	if err := th.Call(ctx, f.Func, nil); !errors.Is(err, cause) {
		t.Fatalf("an endless loop returned %v", err)
	}
	// The thread can be used again, and the old context's end does not reach the new call.
	ctx, cancel2 := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel2()
	if err := th.Call(ctx, f.Func, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the second call returned %v", err)
	}
}

// hostModule imports h.f, of the type given, as function 0; function 1, exported as "f", is the body.
func hostModule(typ []byte, body ...byte) []byte {
	return join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec(typ)), section(2, vec(join([]byte{1, 'h', 1, 'f', 0, 0}))),
		section(3, vec([]byte{0})), section(7, vec([]byte{1, 'f', 0, 1})), section(10, vec(sized(join(none, body, []byte{end})))))
}

var i32ToI32 = []byte{0x60, 1, byte(wasm.I32), 1, byte(wasm.I32)}

// A host call that waits gives up for a checkpoint, and is made again with what it left behind.
func TestWaitingHostCallIsFrozen(t *testing.T) {
	m := load(t, hostModule(i32ToI32, get, 0, get, 0, byte(wasm.OpCall), 0, byte(wasm.OpI32Add)))
	waiting := make(chan struct{}, 1)
	host := func(wait bool) *HostFunc {
		return &HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error {
			if !wait {
				pending, again := c.Resumed()
				if !again || string(pending) != "rest" {
					return fmt.Errorf("resumed with %q, %v", pending, again)
				}
				stack[0] *= 2
				return nil
			}
			waiting <- struct{}{}
			<-c.Interrupted()
			return c.Suspend([]byte("rest"))
		}}
	}
	s := NewStore(Config{})
	inst, err := s.Instantiate(m, "", []Extern{{Func: s.AddHostFunc(host(true))}})
	if err != nil {
		t.Fatal(err)
	}
	f, _ := inst.Export("f")
	done := make(chan error)
	go func() { done <- s.NewThread().Call(context.Background(), f.Func, []uint64{21}) }()
	<-waiting
	var snap bytes.Buffer
	if err := s.Checkpoint(context.Background(), true, func(p *state.Program) error { return state.Encode(&snap, p, state.Options{}) }); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrStopped) {
		t.Fatalf("the stopped call returned %v", err)
	}
	file, err := state.Decode(bytes.NewReader(snap.Bytes()), int64(snap.Len()), state.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s = NewStore(Config{})
	err = s.Restore(&file.Program, Env{
		Module:   func(*state.Module) (*Module, error) { return m, nil },
		HostFunc: func(string, string, *wasm.FuncType) (*HostFunc, error) { return host(false), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Threads()[0].Resume(context.Background())
	if err != nil || len(got) != 1 || got[0] != 63 {
		t.Fatalf("resumed to %v, %v; want 63", got, err)
	}
}

// A host function that calls back deep enough to move the stack still has its results seen.
func TestCallBackThatMovesTheStack(t *testing.T) {
	deep := load(t, module(i32s, i32s, none, get, 0, byte(wasm.OpIf), byte(wasm.I32), get, 0, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpCall), 0,
		i32c, 1, byte(wasm.OpI32Add), byte(wasm.OpElse), i32c, 0, end))
	m := load(t, hostModule(i32ToI32, get, 0, get, 0, byte(wasm.OpCall), 0, byte(wasm.OpI32Add)))
	s := NewStore(Config{})
	other, err := s.Instantiate(deep, "deep", nil)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := other.Export("f")
	h := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error {
		args := []uint64{100_000}
		err := c.CallBack(g.Func, args)
		stack[0] = args[0]
		return err
	}})
	inst, err := s.Instantiate(m, "", []Extern{{Func: h}})
	if err != nil {
		t.Fatal(err)
	}
	f, _ := inst.Export("f")
	stack := []uint64{5}
	if err := s.NewThread().Call(context.Background(), f.Func, stack); err != nil || stack[0] != 100_005 {
		t.Fatalf("got %d, %v; want 100005", stack[0], err)
	}
}

func TestLimits(t *testing.T) {
	m := load(t, module(i32s, i32s, none, get, 0, byte(wasm.OpMemoryGrow), 0))
	for _, tt := range []struct{ max, grow, want uint64 }{{0, 3, 1}, {4 * wasm.PageSize, 3, 1}, {3 * wasm.PageSize, 3, 1<<32 - 1}, {0, 65535, 1}, {0, 65536, 1<<32 - 1}} {
		got, err := run(t, m, Config{MaxMemory: tt.max}, tt.grow)
		if err != nil || got[0] != tt.want && !(tt.grow > 1000 && unsafe.Sizeof(uintptr(0)) == 4) {
			t.Errorf("growing by %d pages with limit %d gave %d, %v; want %d", tt.grow, tt.max, got[0], err, tt.want)
		}
	}
	var limit *LimitError
	if _, err := NewStore(Config{MaxMemory: 100}).Instantiate(m, "", nil); !errors.As(err, &limit) {
		t.Errorf("a memory over the limit gave %v", err)
	}
}
