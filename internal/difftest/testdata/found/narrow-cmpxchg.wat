;; Of the operand that is compared only as many bits count as are accessed.
;;
;;= f0(0x1122334455667700, 0xaa) = i64:0x0 i64:0xaa
;;= f0(0x11ff, 0xbb) = i64:0xaa i64:0xaa
;;= f1(0x123400aa, 0xcafebabe) = i32:0xaa i64:0xbabe
;;= memory: 65536 bytes, 3671289449896039
(module
  (memory (export "memory") 1 1)
  (func (export "f0") (param i64 i64) (result i64 i64)
    (i64.atomic.rmw8.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1))
    (i64.load (i32.const 0)))
  (func (export "f1") (param i32 i32) (result i32 i64)
    (i32.atomic.rmw16.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1))
    (i64.load (i32.const 0))))
