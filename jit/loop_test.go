package jit

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/interp"
)

// loopKind is what loops of a test go over, and how.
type loopKind struct {
	name    string
	index   string // its type
	size    int
	defs    string
	prepare string
	body    string // one iteration, at $i; $n is its number
	limit   string // instead of $limit
}

// The memories have pages of one byte: so they are small, and have no guard pages.
var loopKinds = []loopKind{
	{
		name: "memory of 32 bits", index: "i32", size: 150,
		defs: `(memory (export "m") 150 150 (pagesize 1))`,
		body: `(i32.store8 offset=5 (local.get $i) (local.get $n))
			(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 7)) (i32.load16_u (i32.add (local.get $i) (i32.const 9)))))`,
	},
	{
		name: "memory of 64 bits", index: "i64", size: 150,
		defs: `(memory (export "m") i64 150 150 (pagesize 1))`,
		body: `(i32.store8 offset=5 (local.get $i) (local.get $n))
			(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 7)) (i32.load16_u (i64.add (local.get $i) (i64.const -3)))))
			(i32.store8 (i64.add (i64.shl (local.get $i) (i64.const 1)) (i64.const 3)) (local.get $s))`,
	},
	{
		name: "array", index: "i32", size: 40,
		defs: `(type $a (array (mut i32))) (global $a (mut (ref null $a)) (ref.null $a)) (memory (export "m") 0 0 (pagesize 1))`,
		prepare: `(if (i32.ne (local.get $by) (i32.const 77)) (then (local.set $a (array.new $a (i32.const 3) (i32.const 40)))))
			(global.set $a (local.get $a))`,
		body: `(array.set $a (local.get $a) (local.get $i) (local.get $n))
			(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 7)) (array.get $a (local.get $a) (i32.sub (local.get $i) (i32.const 2)))))`,
	},
	{
		name: "whole array", index: "i32", size: 40, limit: "(array.len (local.get $a))",
		defs:    `(type $a (array (mut i8))) (memory (export "m") 0 0 (pagesize 1))`,
		prepare: `(if (i32.ne (local.get $by) (i32.const 77)) (then (local.set $a (array.new $a (i32.const 3) (local.get $limit)))))`,
		body:    `(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 7)) (array.get_u $a (local.get $a) (local.get $i))))`,
	},
	{
		name: "table", index: "i32", size: 40,
		defs: `(table 40 funcref) (elem declare func $nothing) (func $nothing) (memory (export "m") 0 0 (pagesize 1))`,
		body: `(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 7)) (ref.is_null (table.get (i32.add (local.get $i) (i32.const 1))))))`,
	},
}

// loopText is a module with a function of a loop: it counts from $i to $limit by a constant step, or if that is 0 by $by, and
// the test stands at its head or at its end.
func loopText(k *loopKind, op string, step int, head bool) string {
	local := ""
	if strings.Contains(k.defs, "$a") {
		local = "(local $a (ref null $a))"
	}
	by := fmt.Sprintf("(%s.const %d)", k.index, step)
	if step == 0 {
		by = "(local.get $by)"
		if k.index == "i64" {
			by = "(i64.extend_i32_s (local.get $by))"
		}
	}
	limit := "(local.get $limit)"
	if k.limit != "" {
		limit = k.limit
	}
	test := fmt.Sprintf("(%s.%s (local.get $i) %s)", k.index, op, limit)
	work := fmt.Sprintf(`(local.set $n (i32.add (local.get $n) (i32.const 1)))
		(global.set $seen (local.get $n))
		%s
		(local.set $i (%s.add (local.get $i) %s))`, k.body, k.index, by)
	loop := fmt.Sprintf("(loop $l %s (br_if $l %s))", work, test)
	if head {
		loop = fmt.Sprintf("(block $out (loop $l (br_if $out (i32.eqz %s)) %s (br $l)))", test, work)
	}
	return fmt.Sprintf(`(module %s
		(global $seen (export "seen") (mut i32) (i32.const 0))
		(func (export "f") (param $i %[2]s) (param $limit %[2]s) (param $by i32) (result i32) (local $n i32) (local $s i32) %s
			%s %s
			(i32.add (i32.mul (local.get $s) (i32.const 100)) (local.get $n))))`, k.defs, k.index, local, k.prepare, loop)
}

// runLoop says all that can be seen of a loop that has run: how it has ended, how far it has come, and what it has written.
func runLoop(t *testing.T, m *interp.Module, args [3]uint64) string {
	t.Helper()
	s := interp.NewStore(interp.Config{MaxHeap: 6 << 20})
	defer s.Close()
	i, err := s.Instantiate(m, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := i.Export("f")
	seen, _ := i.Export("seen")
	memory, _ := i.Export("m")
	stack := make([]uint64, max(e.Func.Slots(), 3))
	copy(stack, args[:])
	result := ""
	if err := s.NewThread().Call(context.Background(), e.Func, stack); err != nil {
		result = err.Error()
	} else {
		result = fmt.Sprint(stack[0])
	}
	n := seen.Global.Get()
	h := fnv.New64a()
	h.Write(memory.Memory.Bytes())
	return fmt.Sprintf("%s after %d iterations, memory %x", result, n, h.Sum64())
}

// Loops do what the interpreter makes of them, also where a check fails, and at the same time: of all kinds, up and down, with limits in
// and beyond what they go over, and with variables that overflow.
func TestLoopsWithoutChecksDoTheSame(t *testing.T) {
	steps := []int{1, -1, 4, -2, 3, 0}
	if testing.Short() {
		steps = []int{1, -2, 0}
	}
	for i := range loopKinds {
		k := &loopKinds[i]
		t.Run(strings.ReplaceAll(k.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			for _, op := range []string{"ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u", "eq"} {
				for _, step := range steps {
					for _, head := range []bool{true, false} {
						sameLoop(t, k, op, step, head)
					}
				}
			}
		})
	}
}

func sameLoop(t *testing.T, k *loopKind, op string, step int, head bool) {
	text := loopText(k, op, step, head)
	plain, native := parse(t, text), parse(t, text)
	tier, events := newTier(t, All)
	tier.Attach(native)
	least := int64(-1 << 31)
	if k.index == "i64" {
		least = -1 << 63
	}
	n := int64(k.size)
	ends := []int64{0, 1, 2, 3, 7, n / 2, n - 10, n - 3, n - 2, n - 1, n, n + 1, -1, -4, least, least + 3, -(least + 1), -(least + 2), -(least + 4)}
	starts := []int64{0, 1, 2, 3, n - 12, n - 9, n - 2, n - 1, n, -1, least, -(least + 1)}
	bys := []uint64{1}
	if step == 0 {
		bys = []uint64{1, 5, 77, 1<<32 - 1, 1 << 31}
	}
	few := 1
	if testing.Short() {
		few = 3
		bys = bys[:min(len(bys), 2)]
	}
	for i, from := range starts {
		for j, to := range ends {
			if (i+j)%few != 0 {
				continue
			}
			for _, by := range bys {
				args := [3]uint64{uint64(from), uint64(to), by}
				if k.index == "i32" {
					args[0], args[1] = uint64(uint32(from)), uint64(uint32(to))
				}
				want, got := runLoop(t, plain, args), runLoop(t, native, args)
				if got != want {
					t.Fatalf("from %d while %s %d by %d or %d, at the head %v: %s, not %s", from, op, to, step, int32(by), head, got, want)
				}
			}
		}
	}
	for _, e := range events.all() {
		if e.Reason != Compiled {
			t.Fatal(e, text)
		}
	}
}

// Loops without checks stop where the interpreter would, go on there and come back, and trap where it traps.
func TestLoopsWithoutChecksTravel(t *testing.T) {
	const text = `(module
		(type $f (func (param i32) (result i32)))
		(type $a (array (mut i32)))
		(import "h" "f" (func (type $f)))
		(memory i64 1)
		(func (export "memory") (param $n i32) (result i32) (local $i i64) (local $s i32)
			(loop $l
				(i64.store offset=16 (local.get $i) (i64.add (i64.load (local.get $i)) (i64.const 3)))
				(local.set $s (i32.add (local.get $s) (i32.load8_u offset=20 (local.get $i))))
				(br_if $l (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 8))) (i64.extend_i32_u (local.get $n)))))
			(local.set $i (i64.const 0))
			(block $out (loop $l
				(br_if $out (i64.ge_s (local.get $i) (i64.extend_i32_u (local.get $n))))
				(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.load8_u (local.get $i))))
				(local.set $i (i64.add (local.get $i) (i64.const 1)))
				(br $l)))
			(local.get $s))
		(func (export "array") (param $n i32) (result i32) (local $i i32) (local $s i32) (local $a (ref null $a))
			(local.set $a (array.new $a (i32.const 3) (i32.const 100)))
			(loop $l
				(array.set $a (local.get $a) (local.get $i) (i32.add (local.get $s) (local.get $i)))
				(local.set $s (i32.add (local.get $s) (array.get $a (local.get $a) (local.get $i))))
				(br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
			(local.get $s)))`
	plain, native := parse(t, text), parse(t, text)
	tier, _ := newTier(t, All)
	tier.Attach(native)
	steps := []uint64{0, 1, 7}
	if testing.Short() {
		steps = []uint64{0, 11} // each journey reserves a memory, of which emulators keep books page by page
	}
	for _, c := range []struct {
		name string
		args []uint64
	}{{"memory", []uint64{1, 90}}, {"array", []uint64{1, 90, 100, 101}}} {
		for _, arg := range c.args {
			r := inlineRun{t: t, m: plain}
			want := r.call(c.name, arg, 0, nil)
			for _, step := range steps {
				for _, elsewhere := range []*interp.Module{native, plain} {
					r := inlineRun{t: t, m: native}
					if got := r.call(c.name, arg, step, elsewhere); got != want {
						t.Errorf("%s(%d), travelling at every safepoint number %d: %s, not %s", c.name, arg, step, got, want)
					}
				}
			}
		}
	}
	r := inlineRun{t: t, m: plain}
	want := r.call("memory", 70000, 0, nil)
	for _, step := range []uint64{0, 5000} {
		r := inlineRun{t: t, m: native}
		if got := r.call("memory", 70000, step, plain); got != want {
			t.Errorf("beyond the memory, travelling at every safepoint number %d: %s, not %s", step, got, want)
		}
	}
}

// The length of an array is read in front of a loop only if there is an object: what the loop casts to an array may be a number, which is the
// address of nothing, or null.
func TestLoopsOverWhatIsNoArray(t *testing.T) {
	const make = `(param $kind i32) (result i32) (local $r anyref) (local $a (ref null $a)) (local $i i32) (local $s i32)
		(block $none (block $number (block $array (br_table $array $number $none (local.get $kind)))
			(local.set $r (array.new $a (i32.const 3) (i32.const 100))) (br $none))
			(local.set $r (ref.i31 (i32.const 0x3ffffff0))))
		(if (i32.eq (local.get $kind) (i32.const 3)) (then (local.set $r (struct.new $s))))`
	const text = `(module
		(type $a (array (mut i32))) (type $s (struct))
		(func (export "cast") ` + make + `
			(loop $l
				(local.set $s (i32.add (local.get $s) (array.get $a (ref.cast (ref $a) (local.get $r)) (local.get $i))))
				(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
			(local.get $s))
		(func (export "test") ` + make + `
			(loop $l
				(block $no
					(local.set $a (block $yes (result (ref $a))
						(drop (br_on_cast $yes anyref (ref $a) (local.get $r)))
						(br $no)))
					(local.set $s (i32.add (local.get $s) (array.get $a (local.get $a) (local.get $i)))))
				(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
			(local.get $s)))`
	plain, native := parse(t, text), parse(t, text)
	tier, events := newTier(t, All)
	tier.Attach(native)
	run := func(m *interp.Module, name string, kind uint64) string {
		s := interp.NewStore(interp.Config{})
		defer s.Close()
		i, err := s.Instantiate(m, "main", nil)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := i.Export(name)
		stack := []uint64{kind}
		if err := s.NewThread().Call(context.Background(), e.Func, stack); err != nil {
			return err.Error()
		}
		return fmt.Sprint(stack[0])
	}
	for _, name := range []string{"cast", "test"} {
		for kind := range uint64(4) {
			if want, got := run(plain, name, kind), run(native, name, kind); got != want {
				t.Errorf("%s, kind %d: %s, not %s", name, kind, got, want)
			}
		}
	}
	for _, e := range events.all() {
		if e.Reason != Compiled {
			t.Error(e)
		}
	}
}
