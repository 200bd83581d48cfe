package interp

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// recordedModule instantiates a module and returns its first export.
func recordedModule(t *testing.T, text string) (*Module, *Store, *Func) {
	t.Helper()
	bin, err := wat.Parse("", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w, err := wasm.Decode(bin, wasm.DefaultFeatures)
	if err != nil {
		t.Fatal(err)
	}
	m := NewModule(w)
	s := NewStore(Config{})
	t.Cleanup(func() { s.Close() })
	i, err := s.Instantiate(m, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	e, ok := i.Export("f")
	if !ok {
		t.Fatal("there is no export f")
	}
	return m, s, e.Func
}

// ways lists what has been seen of the conditional branches, ifs and tables of function 0, in their order: t of a branch that was taken, n
// of one that was not, both or none; of tables the arms.
func ways(t *testing.T, m *Module) (out []string) {
	t.Helper()
	points, err := m.NativePoints(0, -1)
	if err != nil {
		t.Fatal(err)
	}
	rec, w := m.Recorded(0), m.wasm
	for i := range points.Points {
		p := &points.Points[i]
		r := reader{b: w.Bytes[p.Offset:]}
		switch r.op() {
		case wasm.OpIf, wasm.OpBrIf, wasm.OpBrOnNull, wasm.OpBrOnNonNull, wasm.OpBrOnCast, wasm.OpBrOnCastFail:
			taken, not := points.Branch(p)
			text := ""
			if rec.Seen(taken) {
				text += "t"
			}
			if rec.Seen(not) {
				text += "n"
			}
			out = append(out, text)
		case wasm.OpBrTable:
			n := int(r.u32()) + 1
			_, _, arm := points.Table(p)
			text := ""
			for k := range n {
				if rec.Seen(arm(k)) {
					text += fmt.Sprint(k)
				}
			}
			out = append(out, text)
		}
	}
	return out
}

// TestBranchesAreRecorded calls functions with numbers, and looks which ways are said to have been gone.
func TestBranchesAreRecorded(t *testing.T) {
	for _, test := range []struct {
		name, body string
		args       []uint64
		want       []string
	}{
		{"br_if that is taken", `(block (br_if 0 (local.get 0)) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{1, 2}, []string{"t"}},
		{"br_if that is not", `(block (br_if 0 (local.get 0)) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{0}, []string{"n"}},
		{"br_if that is and is not", `(block (br_if 0 (local.get 0)) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{0, 1}, []string{"tn"}},
		{"a comparison", `(block (br_if 0 (i32.lt_u (local.get 0) (i32.const 5))) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{7}, []string{"n"}},
		{"a comparison that holds", `(block (br_if 0 (i32.lt_u (local.get 0) (i32.const 5))) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{3}, []string{"t"}},
		{"the opposite of a comparison", `(block (br_if 0 (i32.eqz (i32.lt_u (local.get 0) (i32.const 5)))) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{3}, []string{"n"}},
		{"a sum that is compared", `(block (br_if 0 (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5))) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{4}, []string{"n"}},
		{"a comparison of floats", `(block (br_if 0 (f64.lt (f64.convert_i32_s (local.get 0)) (f64.const 5))) (local.set 0 (i32.const 9))) (local.get 0)`, []uint64{3}, []string{"t"}},
		{"br_if that carries a value", `(block (result i32) (i32.const 7) (i32.const 8) (br_if 0 (local.get 0)) (drop))`, []uint64{1}, []string{"t"}},
		{"br_if that would carry a value", `(block (result i32) (i32.const 7) (i32.const 8) (br_if 0 (local.get 0)) (drop))`, []uint64{0}, []string{"n"}},
		{"br_if that returns", `(i32.const 3) (br_if 0 (local.get 0))`, []uint64{1}, []string{"t"}},
		{"br_if that would return", `(i32.const 3) (br_if 0 (local.get 0))`, []uint64{0}, []string{"n"}},
		{"if", `(if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))`, []uint64{1}, []string{"n"}},
		{"else", `(if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))`, []uint64{0}, []string{"t"}},
		{"if without else", `(if (i32.gt_s (local.get 0) (i32.const 3)) (then (local.set 0 (i32.const 2)))) (local.get 0)`, []uint64{1}, []string{"t"}},
		{"a loop", `(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0)`, []uint64{5}, []string{"tn"}},
		{"a loop of one iteration", `(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0)`, []uint64{1}, []string{"n"}},
		{"a table", `(block (block (block (br_table 0 1 0 2 (local.get 0))) (return (i32.const 1))) (return (i32.const 2))) (i32.const 3)`, []uint64{2, 1}, []string{"12"}},
		{"the last arm of a table", `(block (block (block (br_table 0 1 0 2 (local.get 0))) (return (i32.const 1))) (return (i32.const 2))) (i32.const 3)`, []uint64{0xFFFF_FFFF}, []string{"3"}},
		{"a table that carries a value", `(block (result i32) (block (result i32) (i32.const 4) (br_table 0 1 (local.get 0))) (drop) (i32.const 5))`, []uint64{0}, []string{"0"}},
		{"br_on_null", `(block (br_on_null 0 (if (result anyref) (local.get 0) (then (ref.i31 (local.get 0))) (else (ref.null any)))) (drop)) (local.get 0)`, []uint64{1}, []string{"n", "n"}},
		{"br_on_non_null", `(block (result (ref any)) (br_on_non_null 0 (ref.i31 (local.get 0))) (unreachable)) (drop) (local.get 0)`, []uint64{1}, []string{"t"}},
		{"br_on_cast", `(block (result i31ref) (br_on_cast 0 anyref i31ref (ref.i31 (local.get 0))) (unreachable)) (drop) (local.get 0)`, []uint64{1}, []string{"t"}},
		{"br_on_cast_fail", `(block (result anyref) (br_on_cast_fail 0 anyref i31ref (ref.i31 (local.get 0)))) (drop) (local.get 0)`, []uint64{1}, []string{"n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, s, f := recordedModule(t, `(module (func (export "f") (param i32) (result i32) `+test.body+`))`)
			run := func(arg uint64) uint64 {
				stack := []uint64{arg}
				if err := s.NewThread().Call(context.Background(), f, stack); err != nil {
					t.Fatal(err)
				}
				return stack[0]
			}
			var plain []uint64
			for _, arg := range test.args {
				plain = append(plain, run(arg))
			}
			m.Record(0)
			for i, arg := range test.args {
				if got := run(arg); got != plain[i] {
					t.Errorf("f(%d) = %d, and %d while it is recorded", arg, plain[i], got)
				}
			}
			m.EndRecord(0)
			if got := ways(t, m); fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("recorded %q, want %q", got, test.want)
			}
			c, _ := m.code(0)
			for k := range c.instrs {
				if in := &c.instrs[k]; in.code != codes[in.op&^safepoint] {
					t.Errorf("instruction %d, %v, is still recorded", k, in.op)
				}
			}
		})
	}
}

// TestWhatHasBeenRecordedStays when the same function is recorded again, and for as long as somebody records, it is recorded.
func TestWhatHasBeenRecordedStays(t *testing.T) {
	m, s, f := recordedModule(t, `(module (func (export "f") (param i32) (result i32)
		(if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))`)
	run := func(arg uint64) {
		if err := s.NewThread().Call(context.Background(), f, []uint64{arg}); err != nil {
			t.Fatal(err)
		}
	}
	m.Record(0)
	m.Record(0)
	m.EndRecord(0)
	run(1)
	m.EndRecord(0)
	run(0)
	if got := ways(t, m); got[0] != "n" {
		t.Errorf("recorded %q, want n", got)
	}
	m.Record(0)
	run(0)
	m.EndRecord(0)
	if got := ways(t, m); got[0] != "tn" {
		t.Errorf("recorded %q, want tn", got)
	}
}

// TestLoopsAreRecordedAsAWhole: of a loop all is said to have run, and of what is around nothing.
func TestLoopsAreRecordedAsAWhole(t *testing.T) {
	m, _, _ := recordedModule(t, `(module (func (export "f") (param i32) (result i32)
		(block (br_if 0 (local.get 0))
			(loop $l (br_if 1 (local.get 0)) (br_if $l (local.get 0)) (br_if $l (i32.lt_u (local.get 0) (i32.const 3)))))
		(if (local.get 0) (then (return (i32.const 5))))
		(i32.const 6)))`)
	c, _ := m.code(0)
	head := -1
	for k := range c.instrs {
		if c.instrs[k].op&safepoint != 0 {
			head = k
		}
	}
	m.RecordLoop(0, head)
	if got := ways(t, m); fmt.Sprint(got) != "[ tn tn tn ]" {
		t.Errorf("recorded %q", got)
	}
}

// TestCallsOfLoopsAreNotKnown: what runs in a loop that is compiled as a whole calls whatever it calls.
func TestCallsOfLoopsAreNotKnown(t *testing.T) {
	m, _, _ := recordedModule(t, `(module (table 1 funcref) (func (export "f") (param i32) (result i32)
		(call_indirect (i32.const 0))
		(loop $l (call_indirect (i32.const 0)) (br_if $l (local.get 0)))
		(call_indirect (i32.const 0))
		(i32.const 6)))`)
	c, _ := m.code(0)
	for k := range c.instrs {
		if k > 0 && c.instrs[k].op&safepoint != 0 {
			m.RecordLoop(0, k)
		}
	}
	points, err := m.NativePoints(0, -1)
	if err != nil {
		t.Fatal(err)
	}
	var got []bool
	for k := range points.Points {
		if p := &points.Points[k]; wasm.Op(m.wasm.Bytes[p.Offset]) == wasm.OpCallIndirect {
			_, others := m.Callees(0, p)
			got = append(got, others)
		}
	}
	if fmt.Sprint(got) != "[false true false]" {
		t.Errorf("others are called: %v", got)
	}
}

// TestThreadsRunWhatIsRecorded begins and ends recording while others run the code. The race detector has an opinion on it.
func TestThreadsRunWhatIsRecorded(t *testing.T) {
	m, s, f := recordedModule(t, `(module (func (export "f") (param i32) (result i32) (local i32)
		(loop $l
			(if (i32.and (local.get 0) (i32.const 1)) (then (local.set 1 (i32.add (local.get 1) (local.get 0)))))
			(br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
		(local.get 1)))`)
	var wg sync.WaitGroup
	for range 3 {
		thread := s.NewThread()
		wg.Go(func() {
			for range 200 {
				stack := []uint64{100}
				if err := thread.Call(context.Background(), f, stack); err != nil || stack[0] != 2500 {
					t.Errorf("%d, %v", stack[0], err)
				}
			}
		})
	}
	for range 200 {
		m.Record(0)
		m.EndRecord(0)
	}
	wg.Wait()
}

// TestCallsAreRecorded calls a function with numbers, and looks which functions its only call is said to have called.
func TestCallsAreRecorded(t *testing.T) {
	for _, test := range []struct {
		name, text string
		args       []uint64
		want       string
	}{
		{"none", `(call_indirect (type $t) (local.get 0))`, nil, "[] false"},
		{"one", `(call_indirect (type $t) (local.get 0))`, []uint64{1, 1, 1}, "[2] false"},
		{"two", `(call_indirect (type $t) (local.get 0))`, []uint64{2, 1, 2}, "[3 2] false"},
		{"three", `(call_indirect (type $t) (local.get 0))`, []uint64{0, 1, 2, 1}, "[1 2] true"},
		{"the host's", `(call_indirect (type $t) (local.get 0))`, []uint64{1, 3}, "[2] true"},
		{"one that traps", `(call_indirect (type $t) (local.get 0))`, []uint64{5, 9, 1}, "[2] false"},
		{"one of another type", `(call_indirect (type $t) (local.get 0))`, []uint64{4, 1}, "[2] false"},
		{"a reference", `(call_ref $t (if (result (ref null $t)) (local.get 0) (then (ref.func 2)) (else (ref.null $t))))`, []uint64{0, 1}, "[2] false"},
		{"two references", `(call_ref $t (if (result (ref null $t)) (local.get 0) (then (ref.func 2)) (else (ref.func 3))))`, []uint64{1, 0}, "[2 3] false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bin, err := wat.Parse("", []byte(`(module
				(type $t (func (result i32))) (import "h" "f" (func $h (result i32)))
				(func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2)) (func $c (result i32) (i32.const 3))
				(func $other (param i32)) (table 6 funcref) (elem (i32.const 0) $a $b $c $h $other)
				(func (export "f") (param i32) (result i32) `+test.text+`))`))
			if err != nil {
				t.Fatal(err)
			}
			w, err := wasm.Decode(bin, wasm.AllFeatures)
			if err != nil {
				t.Fatal(err)
			}
			m, s := NewModule(w), NewStore(Config{})
			defer s.Close()
			h := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *w.FuncType(0), Call: func(*Caller, []uint64) error { return nil }})
			i, err := s.Instantiate(m, "", []Extern{{Func: h}})
			if err != nil {
				t.Fatal(err)
			}
			const fn = 5
			if _, others := m.Callees(fn, &NativePoint{}); others {
				t.Error("something is known of a function that was not recorded")
			}
			m.Record(fn)
			e, _ := i.Export("f")
			for _, arg := range test.args {
				s.NewThread().Call(context.Background(), e.Func, []uint64{arg}) // some trap
			}
			m.EndRecord(fn)
			points, err := m.NativePoints(fn, -1)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for k := range points.Points {
				p := &points.Points[k]
				switch op := wasm.Op(w.Bytes[p.Offset]); op {
				case wasm.OpCallIndirect, wasm.OpCallRef:
					callees, others := m.Callees(fn, p)
					got = fmt.Sprint(callees, others)
				}
			}
			if got != test.want {
				t.Errorf("recorded %s, want %s", got, test.want)
			}
			c, _ := m.code(fn)
			for k := range c.instrs {
				if in := &c.instrs[k]; in.code != codes[in.op&^safepoint] {
					t.Errorf("instruction %d, %v, is still recorded", k, in.op)
				}
			}
		})
	}
}
