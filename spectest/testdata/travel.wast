;; What is to survive on travels: the operand stack, locals, memory, globals, a start function, imports between instances.

(module $counter
  (memory (export "memory") 1 2)
  (global $n (export "n") (mut i64) (i64.const 40))
  (func (export "bump") (result i64)
    (global.set $n (i64.add (global.get $n) (i64.const 1)))
    (global.get $n))
  (func (export "sum") (param $i i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (local.get $i)))
      (i32.store (i32.const 8) (local.get $sum))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (i32.load (i32.const 8)))
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 2)))
                     (call $fib (i32.sub (local.get 0) (i32.const 1))))))))

(assert_return (invoke "sum" (i32.const 30)) (i32.const 465))
(assert_return (invoke "fib" (i32.const 10)) (i32.const 55))
(register "counter" $counter)

;; The start function bumps the other instance's global.
(module
  (import "counter" "bump" (func $bump (result i64)))
  (import "counter" "n" (global $n (mut i64)))
  (import "spectest" "print_i32" (func $print (param i32)))
  (func $twice (drop (call $bump)) (call $print (i32.const 1)) (drop (call $bump)))
  (start $twice)
  (func (export "n") (result i64) (call $bump) (drop) (global.get $n)))

(assert_return (get $counter "n") (i64.const 42))
(assert_return (invoke "n") (i64.const 43))
(assert_return (invoke $counter "bump") (i64.const 44))

;; A definition has many instances, each with its own state.
(module definition $cell
  (global $v (export "v") (mut i32) (i32.const 0))
  (func (export "set") (param i32) (global.set $v (local.get 0))))
(module instance $a $cell)
(module instance $b $cell)
(invoke $a "set" (i32.const 5))
(assert_return (get $a "v") (i32.const 5))
(assert_return (get $b "v") (i32.const 0))

;; A name may be registered again, and stands for another instance then.
(register "cell" $a)
(module (import "cell" "v" (global $v (mut i32))) (func (export "v") (result i32) (global.get $v)))
(assert_return (invoke "v") (i32.const 5))
(register "cell" $b)
(module (import "cell" "v" (global $v (mut i32))) (func (export "v") (result i32) (global.get $v)))
(assert_return (invoke "v") (i32.const 0))

;; An instance that could not be completed has changed what it imports, and stays in the store.
(assert_trap
  (module
    (import "counter" "memory" (memory 1))
    (data (i32.const 0) "x")
    (data (i32.const 0x10000) "y"))
  "out of bounds memory access")
(assert_trap (module (func $f (unreachable)) (start $f)) "unreachable")
(module
  (import "counter" "memory" (memory 1))
  (func (export "x") (result i32) (i32.load8_u (i32.const 0))))
(assert_return (invoke "x") (i32.const 0x78))
