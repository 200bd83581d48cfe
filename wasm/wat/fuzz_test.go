package wat

import (
	"errors"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// FuzzParse parses what it gets as a script and as a module: that must end, and fail with nothing but an *Error whose
// message can be printed. What is encoded has sections that can be told apart.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``,
		`(module $m (func $f (export "f") (param $x i32) (result i32) (local.get $x)) (start $f))`,
		`(type $t (sub final (struct (field $a (mut i8)) (field (ref null $t)))))`,
		`(rec (type $a (array i32)) (type $b (func (param (ref $a)) (result exnref))))`,
		`(import "m" "n" (table i64 1 2 funcref)) (memory (data "\00\u{e9}")) (global $g (mut f64) (f64.const 0x1.8p-3))`,
		`(table funcref (elem $f)) (elem declare func $f) (elem (table 0) (offset i32.const 0) externref (item ref.null extern))`,
		`(func $f (if (result i32) (i32.const 1) (then (i32.const -0x1_0)) (else (unreachable))) (drop))`,
		`(tag $e (param i32)) (func block $l try_table (catch $e $l) (catch_all 0) throw $e end end $l)`,
		`(func (try $t (do (throw 0)) (catch 0 (rethrow $t)) (catch_all)) (try (do) (delegate 0)))`,
		`(func br_table 0 1 2 v128.const f32x4 nan inf 1.5 0 i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)`,
		`(func i32.load8_u 1 offset=4 align=1 v128.load8_lane 1 2 memory.init 0 1 br_on_cast 0 anyref (ref i31) select (result i32))`,
		`(@custom "x" (before code) "y") (func $"a b" (@name "c") (@metadata.code.branch_hint "\01") (br_if 0)) (;;);;`,
		`(module definition $m binary "\00asm") (module instance $i $m) (register "r" $i) (invoke $i "f" (ref.extern 1))`,
		`(assert_return (get "g") (either (f32.const nan:canonical) (v128.const i64x2 1 2)) (ref.null) (ref.struct))`,
		`(assert_malformed (module quote "(func") "unexpected token") (assert_invalid (module (func drop)) "type mismatch")`,
		"(module (; (; ;) (func $x))", "\"\\", "(@", "(@a \"\xff", "($", "-nan:0x", "(((((",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		check := func(b []byte, err error) {
			var e *Error
			switch {
			case err != nil && !errors.As(err, &e):
				t.Fatalf("%v is no *Error", err)
			case err != nil:
				_ = err.Error()
			default:
				var bad *wasm.Error
				if _, err := wasm.Decode(b, wasm.AllFeatures); err != nil && !errors.As(err, &bad) {
					t.Fatal(err)
				}
			}
		}
		check(Parse("fuzz.wat", src))
		s, err := ParseScript("fuzz.wast", src)
		if err != nil {
			check(nil, err)
			return
		}
		for _, c := range s.Commands {
			if c.Module != nil {
				check(c.Module.Binary())
			}
		}
	})
}
