;; Modules that are refused, each for the reason that its assertion names.

(assert_invalid (module (func (result i32))) "type mismatch")
(assert_invalid (module quote "(func (drop))") "type mismatch")
(assert_malformed (module quote "(func (i32.const 1_))") "unknown operator")
(assert_malformed (module binary "\00asm" "\01\00\00") "unexpected end")
(assert_malformed (module binary "") "unexpected end")
(assert_unlinkable (module (import "spectest" "nothing" (func))) "unknown import")
(assert_unlinkable (module (import "spectest" "print" (func (param f64)))) "incompatible import type")
(assert_unlinkable (module (import "nowhere" "nothing" (memory 1))) "unknown import")

(module $m (func (export "run") (unreachable)) (func $f (export "recurse") (call $f)))
(assert_trap (invoke $m "run") "unreachable")
(assert_exhaustion (invoke "recurse") "call stack exhausted")
