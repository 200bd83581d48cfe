(module (memory 1)
  (func $sum (param i32) (result i32) (local i32 i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (i32.load offset=8 (i32.shl (local.get 2) (i32.const 2)))))
      (br_if $l (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (local.get 0))))
    (local.get 1))
  (func $with_call (param i32) (result i32) (local i32 i32)
    (block $out
      (loop $l
        (br_if $out (i32.ge_u (local.get 2) (local.get 0)))
        (local.set 1 (i32.add (local.get 1) (call $sum (local.get 2))))
        (local.set 2 (i32.add (local.get 2) (i32.const 1)))
        (br $l)))
    (local.get 1))
  (func $nested (param i32) (result i32) (local $i i32) (local $j i32) (local $s i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (local.set $s (i32.add (local.get $s) (i32.mul (local.get $i) (local.get $j))))
        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get 0))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (local.get $s))
  (func $parameter (param i64) (result i64)
    (local.get 0)
    (loop $l (param i64) (result i64)
      (i64.shr_u (i64.const 1))
      (local.tee 0)
      (br_if $l (i64.gt_u (local.get 0) (i64.const 10)))))
  (func $not_a_loop (result i32) (loop (result i32) (i32.const 4))))
