package jit

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// bombs are bodies that cost the product of two of their dimensions.
var bombs = []struct {
	name     string
	compiles bool
	text     func() string
}{
	{"branches above a high stack", false, func() string {
		return `(func (export "f") (param i32) (result i32)` + strings.Repeat("local.get 0 ", 20000) + "block " +
			strings.Repeat("local.get 0 br_if 0 ", 40000) + "end " + strings.Repeat("i32.add ", 19999) + ")"
	}},
	{"loops above a high stack", false, func() string {
		return `(func (export "f") (param i32) (result i32)` + strings.Repeat("local.get 0 i32.const 3 i32.mul ", 10000) +
			strings.Repeat("loop end ", 50000) + strings.Repeat("i32.add ", 9999) + ")"
	}},
	{"branches past many locals", false, func() string {
		return `(func (export "f") (param i32) (result i32) (local ` + strings.Repeat("i32 ", 50000) + ") block " +
			strings.Repeat("local.get 0 br_if 0 ", 30000) + "end local.get 0)"
	}},
	{"loops, and many locals", false, func() string {
		return `(func (export "f") (param i32) (result i32) (local ` + strings.Repeat("i32 ", 50000) + ") " +
			strings.Repeat("loop ", 60000) + strings.Repeat("end ", 60000) + "local.get 0)"
	}},
	{"a br_table with many arms", false, func() string {
		return `(func (export "f") (param i32) (result i32) ` + strings.Repeat("block ", 200) + "local.get 0 br_table " +
			strings.Repeat("1 77 150 199 ", 40000) + strings.Repeat("end ", 200) + "local.get 0)"
	}},
	{"a deep nest of ifs", true, func() string {
		return `(func (export "f") (param i32) (result i32) ` + strings.Repeat("local.get 0 if ", 40000) + strings.Repeat("end ", 40000) + "local.get 0)"
	}},
}

// TestBombs compiles bodies whose compiling would take gigabytes and minutes if nothing bounded it.
func TestBombs(t *testing.T) {
	for _, b := range bombs {
		t.Run(b.name, func(t *testing.T) {
			tier, events := newTier(t, All)
			m := parse(t, "(module "+b.text()+")")
			tier.Attach(m)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			call(t, m, "f", 0)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<30 {
				t.Errorf("compiling has allocated %d MiB", n>>20)
			}
			t.Logf("%v, %d units, %d MiB", time.Since(begin), len(events.all()), (after.TotalAlloc-before.TotalAlloc)>>20)
			if b.compiles {
				return
			}
			first := events.all()[0]
			if first.Reason != TooLarge {
				t.Errorf("the function was %v (%v), not too large", first.Reason, first.Err)
			}
		})
	}
}

// TestFrameIsBounded calls a function whose frame on the machine stack would be larger than what is left behind the limit.
func TestFrameIsBounded(t *testing.T) {
	tier, events := newTier(t, All)
	const values = 12000
	m := parse(t, `(module
	  (func $leaf (param i32) (result i32) (local v128) (local.set 1 (i32x4.splat (local.get 0)))`+
		strings.Repeat("(local.tee 1 (i32x4.add (i32x4.mul (local.get 1) (local.get 1)) (local.get 1))) ", values)+
		strings.Repeat("v128.xor ", values-1)+`i32x4.extract_lane 0)
	  (func (export "f") (param i32) (result i32)
	    (if (result i32) (local.get 0)
	      (then (i32.add (i32.const 1) (call 1 (i32.sub (local.get 0) (i32.const 1)))))
	      (else (call $leaf (i32.const 3))))))`)
	tier.Attach(m)
	call(t, m, "f", 10)
	for _, e := range events.all() {
		if e.Func == 0 && e.Reason != TooLarge {
			t.Errorf("a frame for %d vectors: %v (%v)", values, e.Reason, e.Err)
		}
	}
}

// TestLoopsOfOneFunction: a body with many loops is not gone over once for each of them.
func TestLoopsOfOneFunction(t *testing.T) {
	tier, events := newTier(t, All)
	m := parse(t, `(module (func (export "f") (param i32) (result i32)`+
		strings.Repeat("(block (loop (br_if 1 (local.get 0))))", 8000)+strings.Repeat("nop ", 100_000)+"local.get 0))")
	m2 := parse(t, `(module (func (export "f") (param i32) (result i32) (local `+strings.Repeat("i32 ", 9000)+")"+
		strings.Repeat("loop end ", 8000)+"local.get 0))")
	for _, m := range []*interp.Module{m, m2} {
		tier.Attach(m)
		call(t, m, "f", 0)
	}
	if n := len(events.all()); n > 500 {
		t.Errorf("%d units were compiled or tried", n)
	}
}

// TestManyInstances runs instances of a module on goroutines while it is being compiled beside them, and lets modules be
// collected while units of theirs wait.
func TestManyInstances(t *testing.T) {
	tier, _ := newTier(t, Auto)
	for round := range 4 {
		m := parse(t, fmt.Sprintf(`(module (memory 1) (table funcref (elem $b $a)) (type $t (func (param i32) (result i32)))
		  (func $a (type $t) (i32.add (local.get 0) (i32.const %d)))
		  (func $b (type $t) (call_indirect (type $t) (local.get 0) (i32.const 1)))
		  (func (export "f") (type $t) (local i32 i32)
		    (loop
		      (local.set 2 (i32.add (local.get 2) (call_indirect (type $t) (local.get 1) (i32.and (local.get 1) (i32.const 1)))))
		      (i32.store (i32.and (local.get 1) (i32.const 0xfffc)) (local.get 2))
		      (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))))
		    (local.get 2)))`, round))
		tier.Attach(m)
		const n = 20000
		want := uint64(uint32(n*(n-1)/2 + n*round))
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for range 3 {
					if got := call(t, m, "f", n); uint64(uint32(got)) != want {
						t.Errorf("%d, not %d", uint32(got), want)
					}
				}
			})
		}
		wg.Wait()
		m = nil
		runtime.GC()
	}
	if !background.wait(10 * time.Second) {
		t.Error("the worker does not end")
	}
}
