;; A reference that is never null goes into a loop whose parameter is a funcref, and null in the next iteration. The loop's
;; safepoint must know the parameter by the loop's type, not by what came first.
;;
;;= f0(0x5) = i64:0x1
(module
  (type (;0;) (func))
  (func $target)
  (elem declare func $target)
  (func (export "f0") (param $n i32) (result i64)
    ref.func $target
    loop $again (param funcref) (result funcref)
      drop
      local.get $n
      i32.const 1
      i32.sub
      local.set $n
      ref.null func
      local.get $n
      br_if $again
    end
    ref.is_null
    i64.extend_i32_u))
