(module
  (type $un (func (param i32) (result i32)))
  (type $bin (func (param i32 i32) (result i32)))
  (table 4 funcref)
  (elem (i32.const 1) $next $long $long2)
  (func $next (type $un) (i32.add (local.get 0) (i32.const 1)))
  (func $long (type $bin) (loop (br_if 0 (local.get 0))) (local.get 1))
  (func $long2 (type $bin) (loop (br_if 0 (local.get 1))) (local.get 0))
  ;; Only one function of the type is in the table: its body is where the element refers to it. The sum's first operand is in its slot
  ;; behind both ways.
  (func $guessed (param i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 3)) (call_indirect (type $un) (local.get 0) (i32.const 1))))
  ;; There are two of this type.
  (func $not (param i32) (result i32)
    (call_indirect (type $bin) (local.get 0) (local.get 0) (i32.const 2))))
