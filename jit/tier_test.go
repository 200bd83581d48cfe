package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// events are what a tier tells.
type events struct {
	mu   sync.Mutex
	list []Event
}

func (e *events) add(x Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, x)
}

func (e *events) all() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list
}

// newTier makes a tier, or skips the test where there is none.
func newTier(t *testing.T, mode Mode) (*Tier, *events) {
	t.Helper()
	var e events
	tier, err := New(Config{Mode: mode, Trace: e.add})
	if err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	return tier, &e
}

func parse(t *testing.T, text string) *interp.Module {
	t.Helper()
	b, err := wat.Parse("test.wat", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w, err := wasm.Decode(b, wasm.AllFeatures)
	if err != nil {
		t.Fatal(err)
	}
	return interp.NewModule(w)
}

// call instantiates a module and calls an export that takes and gives an i32.
func call(t *testing.T, m *interp.Module, name string, arg uint64) uint64 {
	t.Helper()
	s := interp.NewStore(interp.Config{})
	defer s.Close()
	i, err := s.Instantiate(m, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	e, ok := i.Export(name)
	if !ok {
		t.Fatal(name)
	}
	stack := []uint64{arg}
	if err := s.NewThread().Call(context.Background(), e.Func, stack); err != nil {
		t.Fatal(err)
	}
	return stack[0]
}

const sumText = `(module (func (export "sum") (param $n i32) (result i32) (local $x i32)
	(loop $l
		(local.set $x (i32.add (local.get $x) (local.get $n)))
		(br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
	(local.get $x)))`

func TestAllCompilesAtTheFirstCall(t *testing.T) {
	tier, e := newTier(t, All)
	m := parse(t, sumText)
	tier.Attach(m)
	if got := call(t, m, "sum", 10); got != 55 {
		t.Error(got)
	}
	if got := call(t, m, "sum", 100); got != 5050 {
		t.Error(got)
	}
	if list := e.all(); len(list) != 1 || list[0].Reason != Compiled || list[0].Loop != -1 || list[0].Code == 0 {
		t.Error(list)
	}
	if s := tier.Stats(); s.Compiled != 1 || s.Aborted != 0 || s.Bytes == 0 {
		t.Error(s)
	}
}

func TestAutoCompilesWhatIsHot(t *testing.T) {
	tier, e := newTier(t, Auto)
	m := parse(t, sumText)
	tier.Attach(m)
	if got := call(t, m, "sum", hotIterations/2); got != (hotIterations/2)*(hotIterations/2+1)/2 {
		t.Error(got)
	}
	if !tier.queue.wait(10*time.Second) || len(e.all()) != 0 {
		t.Error(e.all())
	}
	if got := call(t, m, "sum", 60_000); got != 60_000*60_001/2 {
		t.Error(got)
	}
	tier.queue.wait(10 * time.Second)
	if list := e.all(); len(list) != 1 || list[0].Reason != Compiled || list[0].Loop < 0 {
		t.Errorf("the loop is not what was compiled: %v", list)
	}
	for range hotEntries {
		call(t, m, "sum", 3)
	}
	tier.queue.wait(10 * time.Second)
	if list := e.all(); len(list) != 2 || list[1].Loop != -1 {
		t.Errorf("the function is not what was compiled next: %v", list)
	}
	if got := call(t, m, "sum", 10); got != 55 {
		t.Error(got)
	}
}

func TestCodeIsFreedWithItsModule(t *testing.T) {
	tier, e := newTier(t, All)
	before := processCode.Load()
	for n := range 20 {
		m := parse(t, fmt.Sprintf(`(module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const %d))))`, n))
		tier.Attach(m)
		if got := call(t, m, "f", 1); got != uint64(n)+1 {
			t.Error(got)
		}
	}
	if processCode.Load() == before || len(e.all()) != 20 {
		t.Fatal("nothing was compiled")
	}
	e.mu.Lock()
	e.list = nil // they name the modules
	e.mu.Unlock()
	for range 100 {
		runtime.GC()
		if processCode.Load() <= before { // modules of other tests may have gone, too
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d bytes of machine code are left", processCode.Load()-before)
}

// broken is a back end that gives up in various ways.
type broken struct {
	BackEnd
	compile func() (*ir.Code, error)
}

func (b *broken) Compile(*ir.Allocation) (*ir.Code, error) { return b.compile() }

func TestWhatIsNotCompiledIsInterpreted(t *testing.T) {
	for _, test := range []struct {
		name    string
		compile func() (*ir.Code, error)
		want    Reason
	}{
		{"a panic", func() (*ir.Code, error) { panic("oh no") }, CompilerPanicked},
		{"an error", func() (*ir.Code, error) { return nil, errors.New("oh no") }, NotEncoded},
		{"a unit that is too large", func() (*ir.Code, error) { return &ir.Code{Bytes: make([]byte, maxCode+1)}, nil }, TooLarge},
		{"code with a site that is not in it", func() (*ir.Code, error) {
			return &ir.Code{Bytes: make([]byte, 8), Sites: []ir.CodeSite{{Offset: 9, Site: &ir.Site{}}}}, nil
		}, NotEncoded},
	} {
		t.Run(test.name, func(t *testing.T) {
			tier, e := newTier(t, All)
			var log strings.Builder
			tier.logger = slog.New(slog.NewTextHandler(&log, nil))
			tier.target = &broken{tier.target, test.compile}
			m := parse(t, sumText)
			tier.Attach(m)
			if got := call(t, m, "sum", 10); got != 55 {
				t.Error(got)
			}
			list := e.all()
			if len(list) == 0 || list[0].Reason != test.want || !strings.Contains(list[0].String(), "left to the interpreter") {
				t.Fatal(list)
			}
			if logged := log.Len() > 0; logged != test.want.Bug() {
				t.Errorf("the log says %q", log.String())
			}
		})
	}
}

// rethrowText catches an exception with a number, counts it down in a loop, and throws the same exception again.
const rethrowText = `(module (tag $e (param i32))
	(func $again (param $n i32)
		(try (do (throw $e (local.get $n)))
			(catch $e
				(local.set $n)
				(loop $l
					(if (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))) (then (rethrow 2)))
					(br $l)))))
	(func (export "run") (param $n i32) (result i32)
		(try (result i32) (do (call $again (local.get $n)) (i32.const -1))
			(catch $e))))`

func TestALoopThatThrowsAgainIsInterpretedAndNoBug(t *testing.T) {
	for _, mode := range []Mode{All, Regions} {
		tier, e := newTier(t, mode)
		var log strings.Builder
		tier.logger = slog.New(slog.NewTextHandler(&log, nil))
		m := parse(t, rethrowText)
		tier.Attach(m)
		for range 3 { // a region has the rethrow only after it has been seen
			if got := call(t, m, "run", 5); got != 5 {
				t.Error(got)
			}
		}
		loops := 0
		for _, x := range e.all() {
			switch {
			case x.Reason == Rethrows && x.Loop >= 0 && strings.Contains(x.String(), ": rethrows: "):
				loops++
			case x.Reason != Compiled:
				t.Error(x)
			}
		}
		if loops != 1 || log.Len() > 0 || Rethrows.Bug() {
			t.Errorf("mode %d: the loop was left to the interpreter %d times, and the log says %q", mode, loops, log.String())
		}
	}
}

func TestExplainShowsBothSides(t *testing.T) {
	newTier(t, All)
	var b strings.Builder
	if err := Explain(&b, parse(t, sumText), 0, Explanation{Phases: true, Loops: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"after build", "after optimise", "after select", "bytes of code", "i32.add", "fast entry", "poll{", "loop at"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), ".byte") {
		t.Errorf("some of the code was not understood:\n%s", b.String())
	}
}
