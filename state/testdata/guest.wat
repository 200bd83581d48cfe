;; The module of the golden snapshot's program: source of guest.wasm, made with wat2wasm --debug-names.
(module $guest
  (import "env" "wait" (func $wait (param i32 i64) (result i32)))
  (memory $memory 2 16)
  (table $table 4 8 funcref)
  (global $counter (mut i32) (i32.const 41))
  (func $main (export "main") (param $n i32) (result i32)
    (local $sum i64)
    (call $work (local.get $n) (i64.const 7)))
  (func $work (param $left i32) (param $deadline i64) (result i32)
    (loop $again
      (local.set $left (call $wait (local.get $left) (local.get $deadline)))
      (br_if $again (local.get $left)))
    (i32.load (i32.const 4096))))
