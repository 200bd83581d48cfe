(module
  (memory 1)
  (global $g (mut i32) (i32.const 0))

  ;; Two ways to the end, a local, operands of the caller below.
  (func $clamp (param $x i32) (param $high i32) (result i32) (local $y i32)
    (local.set $y (i32.const 7))
    (if (i32.gt_s (local.get $x) (local.get $high)) (then (return (local.get $high))))
    (i32.add (local.get $x) (local.get $y)))
  (func (export "two_ways") (param $a i32) (param $b i32) (result i32)
    (i32.sub (local.get $b) (call $clamp (local.get $a) (i32.const 100))))

  ;; What is inlined in what is inlined; a trap there.
  (func $load (param $p i32) (result i32) (i32.load (local.get $p)))
  (func $next (param $p i32) (result i32) (call $load (i32.add (call $load (local.get $p)) (i32.const 4))))
  (func (export "nested") (param $p i32) (result i32) (local $n i32)
    (loop $l
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $l (local.tee $p (call $next (local.get $p)))))
    (local.get $n))

  ;; A call within: what the callers still want is stored before it.
  (func $loops (param $n i32) (result i32)
    (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $n))
  (func $wrap (param $n i32) (result i32) (i32.add (call $loops (local.get $n)) (local.get $n)))
  (func (export "calls") (param $a i32) (param $b i32) (result i32)
    (i32.add (i32.mul (local.get $a) (local.get $b)) (i32.add (call $wrap (local.get $a)) (local.get $b))))

  ;; Of itself a function is inlined once.
  (func $fib (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  ;; Several results, none, and no way to the end.
  (func $pair (param i32) (result i32 i64) (local.get 0) (i64.const 9))
  (func $set (param i32) (global.set $g (local.get 0)))
  (func $never (unreachable))
  (func (export "results") (param $a i32) (result i64) (local $x i64)
    (call $pair (local.get $a))
    (local.set $x)
    (call $set)
    (if (i32.eqz (local.get $a)) (then (call $never)))
    (local.get $x))
)
