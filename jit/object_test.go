package jit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// run calls an export of m in a store of its own with a small heap, and tells what came of it.
func runObjects(t *testing.T, m *interp.Module, name string, arg uint64) string {
	t.Helper()
	s := interp.NewStore(interp.Config{MaxHeap: 6 << 20})
	defer s.Close()
	i, err := s.Instantiate(m, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	if host, ok := i.Export("host"); ok {
		if err := host.Global.Set(1<<40+3, 0); err != nil {
			t.Fatal(err)
		}
	}
	e, _ := i.Export(name)
	stack := make([]uint64, max(e.Func.Slots(), 1))
	stack[0] = arg
	if err := s.NewThread().Call(context.Background(), e.Func, stack); err != nil {
		return err.Error()
	}
	return fmt.Sprint(stack)
}

// sameAsInterpreted calls an export with each of the arguments, interpreted and as machine code.
func sameAsInterpreted(t *testing.T, text, name string, args int) {
	t.Helper()
	plain, native := parse(t, text), parse(t, text)
	tier, events := newTier(t, All)
	tier.Attach(native)
	for arg := range args {
		want, got := runObjects(t, plain, name, uint64(arg)), runObjects(t, native, name, uint64(arg))
		if got != want {
			t.Errorf("%s(%d): %s, not %s", name, arg, got, want)
		}
	}
	for _, e := range events.all() {
		if e.Reason != Compiled {
			t.Error(e)
		}
	}
}

// Every kind of reference is tested for being of every type: of a row of types that is longer than those that are compared with one word,
// one beside it, an array, i31, types that must be met exactly, and abstract ones.
func TestCastsDoTheSame(t *testing.T) {
	const deep = 12
	var types, values strings.Builder
	names := []string{"i31", "eq", "struct", "array", "any", "none"}
	value := 0
	add := func(v string) {
		fmt.Fprintf(&values, "(if (i32.eq (local.get 0) (i32.const %d)) (then (return %s)))\n", value, v)
		value++
	}
	for k := range deep {
		super := ""
		if k > 0 {
			super = fmt.Sprintf("$t%d ", k-1)
		}
		fmt.Fprintf(&types, "(type $t%d (sub %s(struct (field i32))))\n", k, super)
		names = append(names, fmt.Sprintf("$t%d", k))
		add(fmt.Sprintf("(struct.new $t%d (i32.const %d))", k, k))
	}
	types.WriteString("(type $side (sub final $t3 (struct (field i32) (field i64)))) (type $row (array (mut i16)))\n")
	names = append(names, "$side", "$row")
	add("(struct.new $side (i32.const 5) (i64.const 6))")
	add("(array.new_fixed $row 3 (i32.const 1) (i32.const 2) (i32.const 3))")
	add("(ref.i31 (i32.const -1))")
	add("(any.convert_extern (global.get $host))")
	add("(ref.null none)")
	var tests, casts, branches strings.Builder
	kind := 0
	for _, name := range names {
		for _, null := range []string{"", "null "} {
			typ := fmt.Sprintf("(ref %s%s)", null, name)
			fmt.Fprintf(&tests, "(local.set $r (i64.add (i64.mul (local.get $r) (i64.const 3)) (i64.extend_i32_u (ref.test %s (local.get $v)))))\n", typ)
			fmt.Fprintf(&branches, `(local.set $r (i64.add (i64.mul (local.get $r) (i64.const 5)) (i64.extend_i32_u
			  (block $no (result i32) (drop (block $yes (result %[1]s) (drop (br_on_cast $yes anyref %[1]s (local.get $v))) (br $no (i32.const 2)))) (i32.const 1)))))
			(local.set $r (i64.add (i64.mul (local.get $r) (i64.const 7)) (i64.extend_i32_u
			  (block $yes (result i32) (drop (block $no (result anyref) (drop (br_on_cast_fail $no anyref %[1]s (local.get $v))) (br $yes (i32.const 1)))) (i32.const 3)))))
			`, typ)
			fmt.Fprintf(&casts, "(if (i32.eq (local.get $k) (i32.const %d)) (then (return (i64.extend_i32_u (ref.is_null (ref.cast %s (local.get $v)))))))\n", kind, typ)
			kind++
		}
	}
	text := fmt.Sprintf(`(module %s
	  (global $host (export "host") (mut externref) (ref.null extern))
	  (func $value (param i32) (result anyref) %s (ref.null any))
	  (func (export "tests") (param $a i32) (result i64) (local $v anyref) (local $r i64)
	    (local.set $v (call $value (local.get $a))) %s (local.get $r))
	  (func (export "branches") (param $a i32) (result i64) (local $v anyref) (local $r i64)
	    (local.set $v (call $value (local.get $a))) %s (local.get $r))
	  (func (export "casts") (param $a i32) (result i64) (local $v anyref) (local $k i32)
	    (local.set $v (call $value (i32.div_u (local.get $a) (i32.const %d))))
	    (local.set $k (i32.rem_u (local.get $a) (i32.const %[5]d))) %s (i64.const -1)))`,
		types.String(), values.String(), tests.String(), branches.String(), kind, casts.String())
	sameAsInterpreted(t, text, "tests", value+1)
	sameAsInterpreted(t, text, "branches", value+1)
	sameAsInterpreted(t, text, "casts", (value+1)*kind)
}

// Objects of many sizes are made while collections begin and end, and what can be reached keeps its contents.
func TestNewObjectsDoTheSame(t *testing.T) {
	var types, makes strings.Builder
	var fields []string
	kinds := []struct{ typ, value, get string }{
		{"i8", "(i32.add (local.get $n) (i32.const 1))", "struct.get_s"}, {"(mut i64)", "(i64.extend_i32_u (local.get $n))", "struct.get"}, {"i16", "(local.get $n)", "struct.get_u"},
		{"f32", "(f32.convert_i32_u (local.get $n))", "struct.get"}, {"(ref null $list)", "(local.get $l)", "struct.get"},
		{"v128", "(i32x4.splat (local.get $n))", "struct.get"}, {"f64", "(f64.convert_i32_u (local.get $n))", "struct.get"},
	}
	const sizes = 36 // one of them has more fields than are written by machine code
	for k := range sizes {
		f := kinds[k%len(kinds)]
		fields = append(fields, "(field "+f.typ+")")
		fmt.Fprintf(&types, "(type $s%d (sub $top (struct %s)))\n", k, strings.Join(fields, " "))
		var values []string
		for i := range k + 1 {
			values = append(values, kinds[i%len(kinds)].value)
		}
		fmt.Fprintf(&makes, "(local.set $l (struct.new $list (struct.new $s%d %s) (local.get $l)))\n", k, strings.Join(values, " "))
		fmt.Fprintf(&makes, "(local.set $r (i32.add (local.get $r) (%s $s%d 0 (ref.cast (ref $s%[2]d) (struct.get $list 0 (local.get $l))))))\n", kinds[0].get, k)
		if k >= 5 {
			fmt.Fprintf(&makes, "(local.set $r (i32.add (local.get $r) (i32x4.extract_lane 3 (struct.get $s%d 5 (ref.cast (ref $s%[1]d) (struct.get $list 0 (local.get $l)))))))\n", k)
		}
	}
	text := `(module (rec (type $top (sub (struct))) (type $list (sub (struct (field (ref null $top)) (field (ref null $list))))) (type $bytes (array (mut i8)))
	  (type $words (array (mut i32))) (type $refs (array (mut (ref null $list)))) (type $empty (struct)) (type $six (struct (field i32) (field i64) (field (mut f32)))) ` + types.String() + `)
	  (func (export "f") (param $n i32) (result i32) (local $l (ref null $list)) (local $r i32) (local $i i32) (local $a (ref null $words)) (local $rs (ref null $refs)) (local $six (ref null $six))
	    (local.set $i (i32.const 1500))
	    (loop $again
	      (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 20))) (then (local.set $l (ref.null $list))))
	      ` + makes.String() + `
	      (drop (struct.new_default $empty))
	      (local.set $six (struct.new_default $six))
	      (local.set $r (i32.add (local.get $r) (i32.add (struct.get $six 0 (local.get $six)) (i32.wrap_i64 (struct.get $six 1 (local.get $six))))))
	      (local.set $a (array.new_fixed $words 5 (local.get $i) (local.get $r) (local.get $n) (i32.const 4) (i32.const 5)))
	      (local.set $rs (array.new_fixed $refs 3 (local.get $l) (ref.null $list) (local.get $l)))
	      (local.set $r (i32.add (i32.mul (local.get $r) (i32.const 31)) (array.get $words (local.get $a) (i32.rem_u (local.get $i) (i32.const 5)))))
	      (local.set $r (i32.add (local.get $r) (i32.add (array.len (local.get $a)) (ref.eq (array.get $refs (local.get $rs) (i32.const 2)) (local.get $l)))))
	      (local.set $a (array.new $words (local.get $r) (i32.const 7)))
	      (local.set $r (i32.add (i32.mul (local.get $r) (i32.const 5)) (i32.sub (array.get $words (local.get $a) (i32.const 6)) (array.len (local.get $a)))))
	      (local.set $a (array.new_default $words (i32.const 40)))
	      (local.set $r (i32.add (local.get $r) (i32.add (array.get $words (local.get $a) (i32.const 39)) (array.len (local.get $a)))))
	      (local.set $r (i32.add (local.get $r) (array.len (array.new $bytes (i32.const 3) (i32.const 100)))))
	      (local.set $r (i32.add (local.get $r) (array.len (array.new_default $bytes (i32.rem_u (local.get $i) (i32.const 50))))))
	      (local.set $rs (array.new $refs (local.get $l) (i32.const 2)))
	      (local.set $r (i32.add (local.get $r) (ref.eq (array.get $refs (local.get $rs) (i32.const 1)) (local.get $l))))
	      (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 100))) (then (local.set $r (i32.add (local.get $r) (array.len (array.new_default $words (i32.const 5000)))))))
	      (local.set $r (i32.add (local.get $r) (array.len (array.new_fixed $bytes 3 (i32.const 1) (i32.const 2) (i32.const 3)))))
	      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
	    ;; the rest of the list is what it was
	    (loop $walk
	      (if (i32.eqz (ref.is_null (local.get $l))) (then
	        (local.set $r (i32.add (i32.mul (local.get $r) (i32.const 33)) (ref.test (ref $s9) (struct.get $list 0 (local.get $l)))))
	        (local.set $l (struct.get $list 1 (local.get $l)))
	        (br $walk))))
	    (local.get $r)))`
	sameAsInterpreted(t, text, "f", 3)
}

// Around an instruction that makes or changes an object, and in what is inlined, ways part and meet that the interpreter knows nothing of: an
// operand that it has in a local is still there for it, even if the program is done with the local.
func TestOperandsInLocalsWhereWaysMeet(t *testing.T) {
	const text = `(module
		(import "h" "f" (func (param i32) (result i32)))
		(type $box (struct (field i32) (field (mut (ref null $box)))))
		(func $slow (param $b (ref $box)) (result i32) (local $n i32)
			(loop $l (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
			(struct.get $box 0 (local.get $b)))
		(func (export "new") (param $x i32) (result i32) (local $b (ref null $box))
			(local.set $b (struct.new $box (i32.const 4) (ref.null $box))) ;; the first one makes room for others
			(local.set $x (i32.mul (local.get $x) (i32.const 3)))
			(i32.sub (local.get $x) (call $slow (struct.new $box (i32.const 5) (local.get $b)))))
		(func (export "set") (param $x i32) (result i32) (local $b (ref null $box))
			(local.set $b (struct.new $box (i32.const 5) (ref.null $box)))
			(local.set $x (i32.mul (local.get $x) (i32.const 3)))
			(local.get $x)
			(struct.set $box 1 (local.get $b) (local.get $b))
			(call $slow (ref.as_non_null (local.get $b)))
			(i32.sub))
		(func (export "test") (param $x i32) (result i32) (local $b (ref null $box))
			(local.set $b (struct.new $box (i32.const 5) (ref.null $box)))
			(local.set $x (i32.mul (local.get $x) (i32.const 3)))
			(local.get $x)
			(ref.test (ref $box) (local.get $b))
			(i32.add (call $slow (ref.as_non_null (local.get $b))))
			(i32.sub))
		(func $early (param $x i32) (result i32)
			(if (i32.gt_s (local.get $x) (i32.const 100)) (then (return (i32.const 1))))
			(local.get $x))
		(func (export "inlined") (param $x i32) (result i32)
			(local.set $x (i32.mul (local.get $x) (i32.const 3)))
			(local.get $x)
			(i32.sub (call $spin (call $early (i32.const 7)))))
		(func $through (param $y i32) (result i32)
			(if (i32.gt_s (local.get $y) (i32.const 100)) (then (local.set $y (i32.const 1))))
			(i32.add (call_indirect (param i32) (result i32) (local.get $y) (i32.const 0)) (local.get $y)))
		(table funcref (elem $spin))
		(func $spin (param $n i32) (result i32)
			(loop $l (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
			(local.get $n))
		(func (export "inside") (param $x i32) (result i32) (local $y i32)
			(local.set $y (i32.add (local.get $x) (i32.const -997)))
			(local.set $x (i32.mul (local.get $x) (i32.const 3)))
			(i32.sub (local.get $x) (call $through (local.get $y)))))`
	plain, native := parse(t, text), parse(t, text)
	tier, _ := newTier(t, All)
	tier.Attach(native)
	for _, name := range []string{"new", "set", "test", "inlined", "inside"} {
		want, _ := travelledOnce(t, plain, plain, name, 0)
		for at := uint64(1); ; at++ {
			got, gone := travelledOnce(t, native, plain, name, at)
			if got != want {
				t.Errorf("%s, gone at safepoint number %d: %d, not %d", name, at, got, want)
			}
			if !gone {
				if at < 5 {
					t.Errorf("%s has %d safepoints", name, at-1)
				}
				break
			}
		}
	}
}

// travelledOnce calls an export of m with 1000. The program goes over to another module of the same code at the safepoint of a number, if it comes
// to that, and stops at none before.
func travelledOnce(t *testing.T, m, elsewhere *interp.Module, name string, at uint64) (result uint32, gone bool) {
	t.Helper()
	s := interp.NewStore(interp.Config{})
	defer func() { s.Close() }()
	r := inlineRun{t: t, m: m}
	i, err := s.Instantiate(m, "main", []interp.Extern{{Func: s.AddHostFunc(r.host())}})
	if err != nil {
		t.Fatal(err)
	}
	var snap bytes.Buffer
	s.CountSafepoints(0, at, func(uint64) uint64 {
		if err := s.Checkpoint(context.Background(), true, func(p *state.Program) error { return state.Encode(&snap, p, state.Options{}) }); err != nil {
			t.Error(err)
		}
		return 0
	})
	e, _ := i.Export(name)
	stack := []uint64{1000}
	err = s.NewThread().Call(context.Background(), e.Func, stack)
	if gone = errors.Is(err, interp.ErrStopped); gone {
		file, bad := state.Decode(bytes.NewReader(snap.Bytes()), int64(snap.Len()), state.Limits{})
		if bad != nil {
			t.Fatal(bad)
		}
		s.Close()
		s = interp.NewStore(interp.Config{})
		if err := s.Restore(&file.Program, interp.Env{
			Module:   func(*state.Module) (*interp.Module, error) { return elsewhere, nil },
			HostFunc: func(string, string, *wasm.FuncType) (*interp.HostFunc, error) { return r.host(), nil },
		}); err != nil {
			t.Fatal(err)
		}
		stack, err = s.Threads()[0].Resume(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	return uint32(stack[0]), gone
}
