(module
  (import "m" "host" (func $host (param i32) (result i32)))
  (type $un (func (param i32) (result i32)))
  (type $long (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 v128) (result i32)))
  (table 4 funcref)
  (func $self (type $un) (return_call $self (i32.sub (local.get 0) (i32.const 1))))
  (func $other (type $un) (local $ref funcref) (return_call $self (local.get 0)))
  ;; All but the first arguments are in slots, where those of this frame are that they are made of.
  (func $turns (type $long)
    (return_call $turns (local.get 8) (local.get 7) (local.get 6) (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0) (local.get 9)))
  (func $import (type $un) (return_call $host (local.get 0)))
  (func $indirect (type $un) (return_call_indirect (type $un) (local.get 0) (local.get 0)))
  (func $by_ref (param i32 (ref null $un)) (result i32) (return_call_ref $un (local.get 0) (local.get 1)))
  (func $from_loop (type $un)
    (loop $l
      (if (i32.eqz (local.get 0)) (then (return_call $other (i32.const 5))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br $l))
    (unreachable)))
