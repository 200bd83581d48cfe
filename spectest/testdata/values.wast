;; Constants and what results are compared with.

(module
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func (export "v128") (param v128) (result v128) (local.get 0))
  (func (export "many") (param v128 i32) (result i32 v128 i64)
    (local.get 1) (local.get 0) (i64.const -1))
  (func $self (export "self") (result funcref) (ref.func $self)))

(assert_return (invoke "f32" (f32.const nan)) (f32.const nan:canonical))
(assert_return (invoke "f32" (f32.const -nan:0x600000)) (f32.const nan:arithmetic))
(assert_return (invoke "f64" (f64.const -nan)) (f64.const nan:canonical))
(assert_return (invoke "f64" (f64.const nan:0xc000000000000)) (f64.const nan:arithmetic))
(assert_return (invoke "f64" (f64.const -0)) (f64.const -0))
(assert_return (invoke "i64" (i64.const -1)) (either (i64.const 1) (i64.const 0xffff_ffff_ffff_ffff)))
(assert_return (invoke "extern" (ref.extern 0)) (ref.extern 0))
(assert_return (invoke "extern" (ref.extern 7)) (ref.extern))
(assert_return (invoke "extern" (ref.null extern)) (ref.null extern))
(assert_return (invoke "extern" (ref.null extern)) (ref.null))
(assert_return (invoke "self") (ref.func))
(assert_return (invoke "v128" (v128.const i16x8 1 2 3 4 5 6 7 -8)) (v128.const i16x8 1 2 3 4 5 6 7 -8))
(assert_return
  (invoke "v128" (v128.const f32x4 nan 1 -nan:0x700000 -0))
  (v128.const f32x4 nan:canonical 1 nan:arithmetic -0))
(assert_return (invoke "many" (v128.const i64x2 1 2) (i32.const 3)) (i32.const 3) (v128.const i64x2 1 2) (i64.const -1))

;; References to objects, which are told apart.
(module
  (type $s (struct (field i32)))
  (type $a (array i8))
  (func (export "struct") (result anyref) (struct.new $s (i32.const 1)))
  (func (export "array") (result (ref $a)) (array.new $a (i32.const 0) (i32.const 3)))
  (func (export "i31") (result eqref) (ref.i31 (i32.const 5)))
  (func (export "any") (param externref) (result anyref) (any.convert_extern (local.get 0))))
(assert_return (invoke "struct") (ref.struct))
(assert_return (invoke "struct") (ref.eq))
(assert_return (invoke "array") (ref.array))
(assert_return (invoke "array") (ref.any))
(assert_return (invoke "i31") (ref.i31))
(assert_return (invoke "any" (ref.extern 3)) (ref.host 3))
