;; A module that calls its host, for the in-process benchmarks. vm's benchmarks use one of the same shape.
(module
  (import "env" "f" (func $f (param i32) (result i32)))
  (memory (export "memory") 1)

  ;; f(n) + f(n-1) + ... + f(1), n at least 1
  (func (export "loop") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
