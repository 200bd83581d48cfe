package vm_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/godwit-vm/godwit/vm"
)

const zzText = `(module
	(tag $e (param i32))
	(type $ft (func (param i32) (result i32)))
	(table funcref (elem $thrower $deep $mutual))
	(memory 1)
	(func $thrower (param $n i32) (result i32)
		(loop $l (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
		(throw $e (i32.const 42)))
	(func $in1 (param $n i32) (result i32) (local $x i32)
		(local.set $x (i32.add (local.get $n) (i32.const 5)))
		(i32.add (call_indirect (type $ft) (local.get $n) (i32.and (local.get $n) (i32.const 1))) (local.get $x)))
	(func $in2 (param $n i32) (result i32)
		(i32.mul (call $in1 (i32.add (local.get $n) (i32.const 2))) (i32.const 3)))
	(func (export "catch") (param $n i32) (result i32) (local $s i32) (local $i i32)
		(loop $l
			(local.set $s (i32.add (local.get $s) (i32.mul (local.get $i) (i32.const 7))))
			(local.set $s (i32.add (local.get $s)
				(block $h (result i32) (try_table (result i32) (catch $e $h) (i32.add (local.get $s) (call $in2 (local.get $i)))))))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
		(local.get $s))
	(func $id (param $n i32) (result i32) (i32.add (local.get $n) (i32.const 1)))
	(func $deep (export "deep") (param $n i32) (result i32) (local $a i32)
		(local.set $a (call $id (local.get $n)))
		(if (result i32) (i32.le_s (local.get $n) (i32.const 0)) (then (i32.const 0))
			(else (i32.add (local.get $a) (call $deep (i32.sub (local.get $n) (i32.const 1)))))))
	(func $hop (param $n i32) (result i32)
		(call_indirect (type $ft) (local.get $n) (i32.const 2)))
	(func $mutual (export "mutual") (param $n i32) (result i32) (local $k i32)
		(if (i32.le_s (local.get $n) (i32.const 0)) (then (return (i32.const 0))))
		(local.set $k (i32.mul (local.get $n) (i32.const 3)))
		(i32.add (local.get $k) (call $hop (i32.sub (local.get $n) (i32.const 1)))))
	(func $tail (param $n i32) (param $s i32) (result i32)
		(if (i32.le_s (local.get $n) (i32.const 0)) (then (return (local.get $s))))
		(return_call $tail (i32.sub (local.get $n) (i32.const 1)) (i32.add (local.get $s) (call $id (local.get $n)))))
	(func $viatail (param $n i32) (result i32) (i32.add (call $tail (local.get $n) (i32.const 0)) (call $id (local.get $n))))
	(func (export "tails") (param $n i32) (result i32) (local $s i32) (local $i i32)
		(loop $l
			(local.set $s (i32.add (local.get $s) (call $viatail (local.get $i))))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
		(local.get $s))
	(func $sw (param $n i32) (result i32)
		(block $d (block $c (block $b (block $a (br_table $a $b $c $a $b $c $a $d (local.get $n)))
			(return (i32.const 100))) (return (i32.const 200))) (return (i32.const 300)))
		(i32.const 400))
	(func (export "table") (param $n i32) (result i32) (local $s i32) (local $i i32)
		(loop $l
			(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (call $sw (i32.shr_u (local.get $i) (i32.const 5)))))
			(block $d (block $c (block $b (block $a (br_table $a $b $c $a $b $c $a $d (i32.shr_u (local.get $i) (i32.const 4))))
			(local.set $s (i32.add (local.get $s) (i32.const 100))) (br $d)) (local.set $s (i32.add (local.get $s) (i32.const 200))) (br $d)) (local.set $s (i32.add (local.get $s) (i32.const 300))))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
		(local.get $s))
	(func (export "const") (param $n i32) (result i32) (local $s i32) (local $i i32)
		(loop $l
			(block $d (block $c (block $b (block $a (br_table $a $b $c $d (i32.const 1)))
			(local.set $s (i32.add (local.get $s) (i32.const 100))) (br $d)) (local.set $s (i32.add (local.get $s) (i32.const 200))) (br $d)) (local.set $s (i32.add (local.get $s) (i32.const 300))))
			(block $d (br_if $d (i32.const 0)) (local.set $s (i32.add (local.get $s) (i32.const 1))))
			(block $d (br_if $d (i32.const 1)) (local.set $s (i32.add (local.get $s) (i32.const 9))))
			(if (i32.const 0) (then (local.set $s (i32.const 3))) (else (local.set $s (i32.add (local.get $s) (i32.const 4)))))
			(block $d (block $c (block $b (block $a (br_table $a $b $c $d (i32.and (local.get $i) (i32.const 64))))
			(local.set $s (i32.add (local.get $s) (i32.const 1000))) (br $d)) (local.set $s (i32.add (local.get $s) (i32.const 2000))) (br $d)) (local.set $s (i32.add (local.get $s) (i32.const 3000))))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
		(local.get $s))
)`

func TestZZ(t *testing.T) {
	run := func(tier vm.Tier, name string, n, fuel uint64, times int) (out string) {
		i := instantiateIn(t, vm.NewRuntime(vm.NewConfig().WithTier(tier)), textModule(t, zzText), vm.NewProgramConfig())
		for range times {
			if fuel > 0 {
				if err := i.Program().SetFuel(fuel); err != nil {
					t.Fatal(err)
				}
			}
			r, err := i.Call(context.Background(), name, n)
			left, _ := i.Program().Fuel()
			if fuel == 0 {
				left = 0
			}
			out = fmt.Sprint(r, err, left)
		}
		return out
	}
	for _, c := range []struct {
		name string
		n    uint64
	}{{"catch", 50}, {"catch", 1000}, {"deep", 10}, {"deep", 3000}, {"deep", 20000}, {"mutual", 5000}, {"mutual", 33}, {"tails", 100}, {"table", 300}, {"const", 300}} {
		for _, fuel := range []uint64{0, 1, 7, 50, 333, 2000, 5001, 1 << 30} {
			for times := 1; times <= 3; times += 2 {
				want := run(vm.TierInterp, c.name, c.n, fuel, times)
				for _, tier := range []vm.Tier{vm.TierJIT, vm.TierRegions} {
					if got := run(tier, c.name, c.n, fuel, times); got != want {
						t.Errorf("%v %s(%d) fuel %d: %s, not %s", tier, c.name, c.n, fuel, got, want)
					}
				}
			}
		}
	}
}
