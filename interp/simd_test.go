package interp

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// v128 is a vector as the specification has it: bytes, little-endian.
type v128 [16]byte

// u and s are lane i of w bits, unsigned and signed.
func (v v128) u(w, i int) uint64 {
	n := uint64(0)
	for k := range w / 8 {
		n |= uint64(v[i*w/8+k]) << (8 * k)
	}
	return n
}

func (v v128) s(w, i int) int64 { return int64(v.u(w, i)<<(64-w)) >> (64 - w) }

func (v v128) f(w, i int) float64 {
	if w == 32 {
		return float64(math.Float32frombits(uint32(v.u(32, i))))
	}
	return math.Float64frombits(v.u(64, i))
}

func (v *v128) set(w, i int, n uint64) {
	for k := range w / 8 {
		v[i*w/8+k] = byte(n >> (8 * k))
	}
}

// build makes a vector lane by lane.
func build(w int, lane func(i int) uint64) (v v128) {
	for i := range 128 / w {
		v.set(w, i, lane(i))
	}
	return v
}

func (v v128) halves() (uint64, uint64) {
	return binary.LittleEndian.Uint64(v[:8]), binary.LittleEndian.Uint64(v[8:])
}

func fromHalves(lo, hi uint64) (v v128) {
	binary.LittleEndian.PutUint64(v[:8], lo)
	binary.LittleEndian.PutUint64(v[8:], hi)
	return v
}

// reference is what a vector instruction means, lane by lane. Instructions with fewer operands leave the others alone.
// A number as operand or result is its bits in the lowest lane.
type reference func(x, y, z v128) v128

func number(n uint64) (v v128) { v.set(64, 0, n); return v }

// references are the vector instructions without immediates, as the specification defines them.
func references() map[wasm.Op]reference {
	refs := map[wasm.Op]reference{}
	ints := func(w int, first wasm.Op, f func(x, y, z v128, i int) uint64) {
		refs[first] = func(x, y, z v128) v128 { return build(w, func(i int) uint64 { return f(x, y, z, i) }) }
	}
	ones := func(b bool) uint64 {
		if b {
			return math.MaxUint64
		}
		return 0
	}
	clamp := func(n, lo, hi int64) uint64 {
		if n < lo {
			return uint64(lo)
		}
		if n > hi {
			return uint64(hi)
		}
		return uint64(n)
	}
	// Integer lanes: the instructions of each width, by name.
	type table struct {
		w                                              int
		eq, ne, ltS, ltU, gtS, gtU, leS, leU, geS, geU wasm.Op
		abs, neg, allTrue, bitmask, shl, shrS, shrU    wasm.Op
		add, sub, mul, minS, minU, maxS, maxU          wasm.Op
		addSatS, addSatU, subSatS, subSatU, avgr       wasm.Op
	}
	for _, t := range []table{
		{w: 8, eq: wasm.OpI8x16Eq, ne: wasm.OpI8x16Ne, ltS: wasm.OpI8x16LtS, ltU: wasm.OpI8x16LtU, gtS: wasm.OpI8x16GtS, gtU: wasm.OpI8x16GtU, leS: wasm.OpI8x16LeS, leU: wasm.OpI8x16LeU, geS: wasm.OpI8x16GeS, geU: wasm.OpI8x16GeU,
			abs: wasm.OpI8x16Abs, neg: wasm.OpI8x16Neg, allTrue: wasm.OpI8x16AllTrue, bitmask: wasm.OpI8x16Bitmask, shl: wasm.OpI8x16Shl, shrS: wasm.OpI8x16ShrS, shrU: wasm.OpI8x16ShrU,
			add: wasm.OpI8x16Add, sub: wasm.OpI8x16Sub, minS: wasm.OpI8x16MinS, minU: wasm.OpI8x16MinU, maxS: wasm.OpI8x16MaxS, maxU: wasm.OpI8x16MaxU,
			addSatS: wasm.OpI8x16AddSatS, addSatU: wasm.OpI8x16AddSatU, subSatS: wasm.OpI8x16SubSatS, subSatU: wasm.OpI8x16SubSatU, avgr: wasm.OpI8x16AvgrU},
		{w: 16, eq: wasm.OpI16x8Eq, ne: wasm.OpI16x8Ne, ltS: wasm.OpI16x8LtS, ltU: wasm.OpI16x8LtU, gtS: wasm.OpI16x8GtS, gtU: wasm.OpI16x8GtU, leS: wasm.OpI16x8LeS, leU: wasm.OpI16x8LeU, geS: wasm.OpI16x8GeS, geU: wasm.OpI16x8GeU,
			abs: wasm.OpI16x8Abs, neg: wasm.OpI16x8Neg, allTrue: wasm.OpI16x8AllTrue, bitmask: wasm.OpI16x8Bitmask, shl: wasm.OpI16x8Shl, shrS: wasm.OpI16x8ShrS, shrU: wasm.OpI16x8ShrU,
			add: wasm.OpI16x8Add, sub: wasm.OpI16x8Sub, mul: wasm.OpI16x8Mul, minS: wasm.OpI16x8MinS, minU: wasm.OpI16x8MinU, maxS: wasm.OpI16x8MaxS, maxU: wasm.OpI16x8MaxU,
			addSatS: wasm.OpI16x8AddSatS, addSatU: wasm.OpI16x8AddSatU, subSatS: wasm.OpI16x8SubSatS, subSatU: wasm.OpI16x8SubSatU, avgr: wasm.OpI16x8AvgrU},
		{w: 32, eq: wasm.OpI32x4Eq, ne: wasm.OpI32x4Ne, ltS: wasm.OpI32x4LtS, ltU: wasm.OpI32x4LtU, gtS: wasm.OpI32x4GtS, gtU: wasm.OpI32x4GtU, leS: wasm.OpI32x4LeS, leU: wasm.OpI32x4LeU, geS: wasm.OpI32x4GeS, geU: wasm.OpI32x4GeU,
			abs: wasm.OpI32x4Abs, neg: wasm.OpI32x4Neg, allTrue: wasm.OpI32x4AllTrue, bitmask: wasm.OpI32x4Bitmask, shl: wasm.OpI32x4Shl, shrS: wasm.OpI32x4ShrS, shrU: wasm.OpI32x4ShrU,
			add: wasm.OpI32x4Add, sub: wasm.OpI32x4Sub, mul: wasm.OpI32x4Mul, minS: wasm.OpI32x4MinS, minU: wasm.OpI32x4MinU, maxS: wasm.OpI32x4MaxS, maxU: wasm.OpI32x4MaxU},
		{w: 64, eq: wasm.OpI64x2Eq, ne: wasm.OpI64x2Ne, ltS: wasm.OpI64x2LtS, gtS: wasm.OpI64x2GtS, leS: wasm.OpI64x2LeS, geS: wasm.OpI64x2GeS,
			abs: wasm.OpI64x2Abs, neg: wasm.OpI64x2Neg, allTrue: wasm.OpI64x2AllTrue, bitmask: wasm.OpI64x2Bitmask, shl: wasm.OpI64x2Shl, shrS: wasm.OpI64x2ShrS, shrU: wasm.OpI64x2ShrU,
			add: wasm.OpI64x2Add, sub: wasm.OpI64x2Sub, mul: wasm.OpI64x2Mul},
	} {
		w := t.w
		for o, f := range map[wasm.Op]func(x, y int64) bool{
			t.ltS: func(x, y int64) bool { return x < y }, t.gtS: func(x, y int64) bool { return x > y },
			t.leS: func(x, y int64) bool { return x <= y }, t.geS: func(x, y int64) bool { return x >= y },
			t.eq: func(x, y int64) bool { return x == y }, t.ne: func(x, y int64) bool { return x != y },
		} {
			ints(w, o, func(x, y, _ v128, i int) uint64 { return ones(f(x.s(w, i), y.s(w, i))) })
		}
		for o, f := range map[wasm.Op]func(x, y uint64) bool{
			t.ltU: func(x, y uint64) bool { return x < y }, t.gtU: func(x, y uint64) bool { return x > y },
			t.leU: func(x, y uint64) bool { return x <= y }, t.geU: func(x, y uint64) bool { return x >= y },
		} {
			ints(w, o, func(x, y, _ v128, i int) uint64 { return ones(f(x.u(w, i), y.u(w, i))) })
		}
		lo, hi, top := int64(-1)<<(w-1), int64(math.MaxInt64)>>(64-w), int64(uint64(math.MaxUint64)>>(64-w))
		for o, f := range map[wasm.Op]func(x, y int64) uint64{
			t.add: func(x, y int64) uint64 { return uint64(x + y) }, t.sub: func(x, y int64) uint64 { return uint64(x - y) },
			t.mul: func(x, y int64) uint64 { return uint64(x * y) }, t.neg: func(x, _ int64) uint64 { return uint64(-x) },
			t.abs:  func(x, _ int64) uint64 { return uint64(max(x, -x)) },
			t.minS: func(x, y int64) uint64 { return uint64(min(x, y)) }, t.maxS: func(x, y int64) uint64 { return uint64(max(x, y)) },
			t.addSatS: func(x, y int64) uint64 { return clamp(x+y, lo, hi) }, t.subSatS: func(x, y int64) uint64 { return clamp(x-y, lo, hi) },
		} {
			ints(w, o, func(x, y, _ v128, i int) uint64 { return f(x.s(w, i), y.s(w, i)) })
		}
		if w == 64 { // the sum with the sign would not do for the smallest number
			ints(w, t.abs, func(x, _, _ v128, i int) uint64 {
				if x.s(64, i) < 0 {
					return -x.u(64, i)
				}
				return x.u(64, i)
			})
		}
		for o, f := range map[wasm.Op]func(x, y uint64) uint64{
			t.minU: func(x, y uint64) uint64 { return min(x, y) }, t.maxU: func(x, y uint64) uint64 { return max(x, y) },
			t.addSatU: func(x, y uint64) uint64 { return clamp(int64(x+y), 0, top) }, t.subSatU: func(x, y uint64) uint64 { return clamp(int64(x-y), 0, top) },
			t.avgr: func(x, y uint64) uint64 { return (x + y + 1) / 2 },
		} {
			ints(w, o, func(x, y, _ v128, i int) uint64 { return f(x.u(w, i), y.u(w, i)) })
		}
		ints(w, t.shl, func(x, y, _ v128, i int) uint64 { return x.u(w, i) << (y.u(32, 0) % uint64(w)) })
		ints(w, t.shrU, func(x, y, _ v128, i int) uint64 { return x.u(w, i) >> (y.u(32, 0) % uint64(w)) })
		ints(w, t.shrS, func(x, y, _ v128, i int) uint64 { return uint64(x.s(w, i) >> (y.u(32, 0) % uint64(w))) })
		refs[t.allTrue] = func(x, _, _ v128) v128 {
			for i := range 128 / w {
				if x.u(w, i) == 0 {
					return number(0)
				}
			}
			return number(1)
		}
		refs[t.bitmask] = func(x, _, _ v128) v128 {
			n := uint64(0)
			for i := range 128 / w {
				n |= x.u(w, i) >> (w - 1) << i
			}
			return number(n)
		}
	}
	for o, f := range map[wasm.Op]func(x, y, z uint64) uint64{
		wasm.OpV128Not: func(x, _, _ uint64) uint64 { return ^x }, wasm.OpV128And: func(x, y, _ uint64) uint64 { return x & y },
		wasm.OpV128Or: func(x, y, _ uint64) uint64 { return x | y }, wasm.OpV128Xor: func(x, y, _ uint64) uint64 { return x ^ y },
		wasm.OpV128Andnot:    func(x, y, _ uint64) uint64 { return x & ^y },
		wasm.OpV128Bitselect: func(x, y, z uint64) uint64 { return x&z | y & ^z }, wasm.OpI8x16RelaxedLaneselect: func(x, y, z uint64) uint64 { return x&z | y & ^z },
	} {
		ints(8, o, func(x, y, z v128, i int) uint64 { return f(x.u(8, i), y.u(8, i), z.u(8, i)) })
	}
	for _, o := range []wasm.Op{wasm.OpI16x8RelaxedLaneselect, wasm.OpI32x4RelaxedLaneselect, wasm.OpI64x2RelaxedLaneselect} {
		refs[o] = refs[wasm.OpV128Bitselect]
	}
	refs[wasm.OpV128AnyTrue] = func(x, _, _ v128) v128 { return number(bit(x != v128{})) }
	ints(8, wasm.OpI8x16Popcnt, func(x, _, _ v128, i int) (n uint64) {
		for k := range 8 {
			n += x.u(8, i) >> k & 1
		}
		return n
	})
	for _, o := range []wasm.Op{wasm.OpI8x16Swizzle, wasm.OpI8x16RelaxedSwizzle} {
		ints(8, o, func(x, y, _ v128, i int) uint64 {
			if k := y.u(8, i); k < 16 {
				return x.u(8, int(k))
			}
			return 0
		})
	}
	for _, o := range []wasm.Op{wasm.OpI16x8Q15mulrSatS, wasm.OpI16x8RelaxedQ15mulrS} {
		ints(16, o, func(x, y, _ v128, i int) uint64 { return clamp((x.s(16, i)*y.s(16, i)+0x4000)>>15, -0x8000, 0x7FFF) })
	}
	ints(32, wasm.OpI32x4DotI16x8S, func(x, y, _ v128, i int) uint64 {
		return uint64(x.s(16, 2*i)*y.s(16, 2*i) + x.s(16, 2*i+1)*y.s(16, 2*i+1))
	})
	ints(16, wasm.OpI16x8RelaxedDotI8x16I7x16S, func(x, y, _ v128, i int) uint64 {
		return uint64(x.s(8, 2*i)*y.s(8, 2*i) + x.s(8, 2*i+1)*y.s(8, 2*i+1))
	})
	ints(32, wasm.OpI32x4RelaxedDotI8x16I7x16AddS, func(x, y, z v128, i int) uint64 {
		d := refs[wasm.OpI16x8RelaxedDotI8x16I7x16S](x, y, z)
		return uint64(d.s(16, 2*i) + d.s(16, 2*i+1) + z.s(32, i))
	})
	for _, t := range []struct {
		w                                    int // of the narrow lanes
		narrowS, narrowU, pairsS, pairsU     wasm.Op
		lowS, highS, lowU, highU             wasm.Op
		mulLowS, mulHighS, mulLowU, mulHighU wasm.Op
	}{
		{8, wasm.OpI8x16NarrowI16x8S, wasm.OpI8x16NarrowI16x8U, wasm.OpI16x8ExtaddPairwiseI8x16S, wasm.OpI16x8ExtaddPairwiseI8x16U,
			wasm.OpI16x8ExtendLowI8x16S, wasm.OpI16x8ExtendHighI8x16S, wasm.OpI16x8ExtendLowI8x16U, wasm.OpI16x8ExtendHighI8x16U,
			wasm.OpI16x8ExtmulLowI8x16S, wasm.OpI16x8ExtmulHighI8x16S, wasm.OpI16x8ExtmulLowI8x16U, wasm.OpI16x8ExtmulHighI8x16U},
		{16, wasm.OpI16x8NarrowI32x4S, wasm.OpI16x8NarrowI32x4U, wasm.OpI32x4ExtaddPairwiseI16x8S, wasm.OpI32x4ExtaddPairwiseI16x8U,
			wasm.OpI32x4ExtendLowI16x8S, wasm.OpI32x4ExtendHighI16x8S, wasm.OpI32x4ExtendLowI16x8U, wasm.OpI32x4ExtendHighI16x8U,
			wasm.OpI32x4ExtmulLowI16x8S, wasm.OpI32x4ExtmulHighI16x8S, wasm.OpI32x4ExtmulLowI16x8U, wasm.OpI32x4ExtmulHighI16x8U},
		{32, 0, 0, 0, 0,
			wasm.OpI64x2ExtendLowI32x4S, wasm.OpI64x2ExtendHighI32x4S, wasm.OpI64x2ExtendLowI32x4U, wasm.OpI64x2ExtendHighI32x4U,
			wasm.OpI64x2ExtmulLowI32x4S, wasm.OpI64x2ExtmulHighI32x4S, wasm.OpI64x2ExtmulLowI32x4U, wasm.OpI64x2ExtmulHighI32x4U},
	} {
		w, n := t.w, 64/t.w
		from := func(x, y v128, i int) int64 {
			if i < n {
				return x.s(2*w, i)
			}
			return y.s(2*w, i-n)
		}
		ints(w, t.narrowS, func(x, y, _ v128, i int) uint64 { return clamp(from(x, y, i), -1<<(w-1), 1<<(w-1)-1) })
		ints(w, t.narrowU, func(x, y, _ v128, i int) uint64 { return clamp(from(x, y, i), 0, 1<<w-1) })
		ints(2*w, t.pairsS, func(x, _, _ v128, i int) uint64 { return uint64(x.s(w, 2*i) + x.s(w, 2*i+1)) })
		ints(2*w, t.pairsU, func(x, _, _ v128, i int) uint64 { return x.u(w, 2*i) + x.u(w, 2*i+1) })
		ints(2*w, t.lowS, func(x, _, _ v128, i int) uint64 { return uint64(x.s(w, i)) })
		ints(2*w, t.highS, func(x, _, _ v128, i int) uint64 { return uint64(x.s(w, i+n)) })
		ints(2*w, t.lowU, func(x, _, _ v128, i int) uint64 { return x.u(w, i) })
		ints(2*w, t.highU, func(x, _, _ v128, i int) uint64 { return x.u(w, i+n) })
		ints(2*w, t.mulLowS, func(x, y, _ v128, i int) uint64 { return uint64(x.s(w, i) * y.s(w, i)) })
		ints(2*w, t.mulHighS, func(x, y, _ v128, i int) uint64 { return uint64(x.s(w, i+n) * y.s(w, i+n)) })
		ints(2*w, t.mulLowU, func(x, y, _ v128, i int) uint64 { return x.u(w, i) * y.u(w, i) })
		ints(2*w, t.mulHighU, func(x, y, _ v128, i int) uint64 { return x.u(w, i+n) * y.u(w, i+n) })
	}
	for o, w := range map[wasm.Op]int{wasm.OpI8x16Splat: 8, wasm.OpI16x8Splat: 16, wasm.OpI32x4Splat: 32, wasm.OpI64x2Splat: 64, wasm.OpF32x4Splat: 32, wasm.OpF64x2Splat: 64} {
		ints(w, o, func(x, _, _ v128, _ int) uint64 { return x.u(w, 0) })
	}
	floatReferences(refs, ints, ones)
	delete(refs, 0) // what a width does not have
	return refs
}

func floatReferences(refs map[wasm.Op]reference, ints func(int, wasm.Op, func(x, y, z v128, i int) uint64), ones func(bool) uint64) {
	bits := func(w int, f float64) uint64 {
		if w == 32 {
			return uint64(math.Float32bits(float32(f)))
		}
		return math.Float64bits(f)
	}
	for _, t := range []struct {
		w                                                    int
		eq, ne, lt, gt, le, ge, abs, neg, sqrt               wasm.Op
		add, sub, mul, div, min, max, pmin, pmax             wasm.Op
		ceil, floor, trunc, nearest, rmin, rmax, madd, nmadd wasm.Op
	}{
		{32, wasm.OpF32x4Eq, wasm.OpF32x4Ne, wasm.OpF32x4Lt, wasm.OpF32x4Gt, wasm.OpF32x4Le, wasm.OpF32x4Ge, wasm.OpF32x4Abs, wasm.OpF32x4Neg, wasm.OpF32x4Sqrt,
			wasm.OpF32x4Add, wasm.OpF32x4Sub, wasm.OpF32x4Mul, wasm.OpF32x4Div, wasm.OpF32x4Min, wasm.OpF32x4Max, wasm.OpF32x4Pmin, wasm.OpF32x4Pmax,
			wasm.OpF32x4Ceil, wasm.OpF32x4Floor, wasm.OpF32x4Trunc, wasm.OpF32x4Nearest, wasm.OpF32x4RelaxedMin, wasm.OpF32x4RelaxedMax, wasm.OpF32x4RelaxedMadd, wasm.OpF32x4RelaxedNmadd},
		{64, wasm.OpF64x2Eq, wasm.OpF64x2Ne, wasm.OpF64x2Lt, wasm.OpF64x2Gt, wasm.OpF64x2Le, wasm.OpF64x2Ge, wasm.OpF64x2Abs, wasm.OpF64x2Neg, wasm.OpF64x2Sqrt,
			wasm.OpF64x2Add, wasm.OpF64x2Sub, wasm.OpF64x2Mul, wasm.OpF64x2Div, wasm.OpF64x2Min, wasm.OpF64x2Max, wasm.OpF64x2Pmin, wasm.OpF64x2Pmax,
			wasm.OpF64x2Ceil, wasm.OpF64x2Floor, wasm.OpF64x2Trunc, wasm.OpF64x2Nearest, wasm.OpF64x2RelaxedMin, wasm.OpF64x2RelaxedMax, wasm.OpF64x2RelaxedMadd, wasm.OpF64x2RelaxedNmadd},
	} {
		w := t.w
		for o, f := range map[wasm.Op]func(x, y float64) bool{
			t.eq: func(x, y float64) bool { return x == y }, t.ne: func(x, y float64) bool { return x != y },
			t.lt: func(x, y float64) bool { return x < y }, t.gt: func(x, y float64) bool { return x > y },
			t.le: func(x, y float64) bool { return x <= y }, t.ge: func(x, y float64) bool { return x >= y },
		} {
			ints(w, o, func(x, y, _ v128, i int) uint64 { return ones(f(x.f(w, i), y.f(w, i))) })
		}
		// One rounding from float64 to float32 more does not change a sum, a difference, a product, a quotient or a root
		// of float32: the wider format has more than twice the bits.
		for o, f := range map[wasm.Op]func(x, y float64) float64{
			t.add: func(x, y float64) float64 { return x + y }, t.sub: func(x, y float64) float64 { return x - y },
			t.mul: func(x, y float64) float64 { return x * y }, t.div: func(x, y float64) float64 { return x / y },
			t.sqrt: func(x, _ float64) float64 { return math.Sqrt(x) },
			t.ceil: func(x, _ float64) float64 { return math.Ceil(x) }, t.floor: func(x, _ float64) float64 { return math.Floor(x) },
			t.trunc: func(x, _ float64) float64 { return math.Trunc(x) }, t.nearest: func(x, _ float64) float64 { return math.RoundToEven(x) },
			t.min: math.Min, t.max: math.Max, t.rmin: math.Min, t.rmax: math.Max,
		} {
			ints(w, o, func(x, y, _ v128, i int) uint64 {
				a, b := x.f(w, i), y.f(w, i)
				if (o == t.min || o == t.max || o == t.rmin || o == t.rmax) && (a != a || b != b) {
					return bits(w, math.NaN()) // math.Min prefers an infinity to a NaN
				}
				return bits(w, f(a, b))
			})
		}
		ints(w, t.pmin, func(x, y, _ v128, i int) uint64 {
			if y.f(w, i) < x.f(w, i) {
				return y.u(w, i)
			}
			return x.u(w, i)
		})
		ints(w, t.pmax, func(x, y, _ v128, i int) uint64 {
			if x.f(w, i) < y.f(w, i) {
				return y.u(w, i)
			}
			return x.u(w, i)
		})
		ints(w, t.abs, func(x, _, _ v128, i int) uint64 { return x.u(w, i) &^ (1 << (w - 1)) })
		ints(w, t.neg, func(x, _, _ v128, i int) uint64 { return x.u(w, i) ^ 1<<(w-1) })
		ints(w, t.madd, func(x, y, z v128, i int) uint64 { return onceRounded(w, x.f(w, i), y.f(w, i), z.f(w, i)) })
		ints(w, t.nmadd, func(x, y, z v128, i int) uint64 { return onceRounded(w, -x.f(w, i), y.f(w, i), z.f(w, i)) })
	}
	truncate := func(f float64, lo, hi float64) uint64 {
		switch {
		case f != f:
			return 0
		case f <= lo:
			return uint64(int64(lo))
		case f >= hi:
			return uint64(hi)
		}
		return uint64(int64(f))
	}
	for _, t := range []struct {
		lo, hi                                           float64
		from32, from64, relaxed32, relaxed64, to32, to64 wasm.Op
	}{
		{math.MinInt32, math.MaxInt32, wasm.OpI32x4TruncSatF32x4S, wasm.OpI32x4TruncSatF64x2SZero, wasm.OpI32x4RelaxedTruncF32x4S, wasm.OpI32x4RelaxedTruncF64x2SZero, wasm.OpF32x4ConvertI32x4S, wasm.OpF64x2ConvertLowI32x4S},
		{0, math.MaxUint32, wasm.OpI32x4TruncSatF32x4U, wasm.OpI32x4TruncSatF64x2UZero, wasm.OpI32x4RelaxedTruncF32x4U, wasm.OpI32x4RelaxedTruncF64x2UZero, wasm.OpF32x4ConvertI32x4U, wasm.OpF64x2ConvertLowI32x4U},
	} {
		ints(32, t.from32, func(x, _, _ v128, i int) uint64 { return truncate(x.f(32, i), t.lo, t.hi) })
		ints(32, t.from64, func(x, _, _ v128, i int) uint64 {
			if i >= 2 {
				return 0
			}
			return truncate(x.f(64, i), t.lo, t.hi)
		})
		refs[t.relaxed32], refs[t.relaxed64] = refs[t.from32], refs[t.from64]
		integer := func(x v128, i int) float64 {
			if t.lo == 0 {
				return float64(x.u(32, i))
			}
			return float64(x.s(32, i))
		}
		ints(32, t.to32, func(x, _, _ v128, i int) uint64 { return bits(32, integer(x, i)) })
		ints(64, t.to64, func(x, _, _ v128, i int) uint64 { return bits(64, integer(x, i)) })
	}
	ints(32, wasm.OpF32x4DemoteF64x2Zero, func(x, _, _ v128, i int) uint64 {
		if i >= 2 {
			return 0
		}
		return bits(32, x.f(64, i))
	})
	ints(64, wasm.OpF64x2PromoteLowF32x4, func(x, _, _ v128, i int) uint64 { return bits(64, x.f(32, i)) })
}

// onceRounded is x*y+z, computed exactly and then rounded to w bits.
func onceRounded(w int, x, y, z float64) uint64 {
	var r float64
	finite := func(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
	if finite(x) && finite(y) && math.IsInf(z, 0) {
		r = z // though x*y may be too large for a float64
	} else if !finite(x) || !finite(y) || !finite(z) || x == 0 || y == 0 {
		r = x*y + z // no rounding in it
	} else {
		exact := func(f float64) *big.Float { return new(big.Float).SetPrec(5000).SetFloat64(f) }
		s := exact(x)
		s.Mul(s, exact(y))
		s.Add(s, exact(z))
		if s.Sign() == 0 {
			r = 0 // x*y == -z: a positive zero
		} else if w == 32 {
			f, _ := s.Float32()
			return uint64(math.Float32bits(f))
		} else {
			r, _ = s.Float64()
		}
	}
	if w == 32 {
		return uint64(math.Float32bits(float32(r)))
	}
	return math.Float64bits(r)
}

// edges are lanes, of all widths, where something ends.
var edges = []uint64{0, 1, math.MaxUint64, 0x8080808080808080, 0x7F7F7F7F7F7F7F7F, 0x8000800080008000, 0x7FFF7FFF7FFF7FFF, 0x8000000080000000, 0x7FFFFFFF7FFFFFFF,
	1 << 63, math.MaxInt64, 0x00FF00FF00FF00FF, 0x0100010001000100, 0xFF7FFF80007F0080, 0x0000FFFFFFFF0000, 0xFFFF7FFFFFFF8000, 0x0102030405060708, 0x090A0B0C0D0E0F10, 0x100F0E0D0C0B0A09,
	0x7FC000007F800000, 0xFFC00001FF800000, 0x7F8000013F800000, 0x3F000000BF000000, 0x3FC000004F000000, 0xCF0000004EFFFFFF, 0x4F800000CF000001, 0x0000000180000000, 0x007FFFFF00800000, 0x7F7FFFFFFF7FFFFF,
	0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x7FF0000000000001, 0x3FF0000000000000, 0xBFE0000000000000, 0x3FE0000000000000, 0x41DFFFFFFFC00000, 0x41E0000000000000, 0xC1E0000000000000,
	0x41EFFFFFFFE00000, 0x41F0000000000000, 0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x36A0000000000000, 0x3810000000000000, 0x4330000000000001, 0x7FEFFFFFFFFFFFFF, 0x000FFFFFFFFFFFFF, 2}

func randomVector(r *rand.Rand) v128 {
	half := func() uint64 {
		switch r.IntN(4) {
		case 0:
			return r.Uint64()
		case 1: // floats of moderate size
			return uint64(math.Float32bits(float32(r.NormFloat64()*math.Exp2(float64(r.IntN(40)-20))))) |
				uint64(math.Float32bits(float32(r.IntN(100)-50)/2))<<32
		case 2:
			return math.Float64bits(r.NormFloat64() * math.Exp2(float64(r.IntN(70)-20)))
		}
		x := edges[r.IntN(len(edges))]
		if r.IntN(4) == 0 {
			x ^= edges[r.IntN(len(edges))]
		}
		return x
	}
	return fromHalves(half(), half())
}

// The widths of float lanes in which results may be any NaN.
func nanWidth(o wasm.Op) int {
	switch name := o.String(); {
	case o == wasm.OpF32x4Abs || o == wasm.OpF32x4Neg || o == wasm.OpF64x2Abs || o == wasm.OpF64x2Neg:
		return 0
	case o == wasm.OpF32x4Splat || o == wasm.OpF64x2Splat || len(name) > 8 && name[6:8] == "pm":
		return 0
	case name[:5] == "f32x4":
		return 32
	case name[:5] == "f64x2":
		return 64
	}
	return 0
}

func sameVector(got, want v128, nan int) bool {
	if nan == 0 {
		return got == want
	}
	for i := range 128 / nan {
		if got.u(nan, i) != want.u(nan, i) && !(math.IsNaN(got.f(nan, i)) && math.IsNaN(want.f(nan, i)) && quiet(got, nan, i)) {
			return false
		}
	}
	return true
}

func quiet(v v128, w, i int) bool {
	if w == 32 {
		return v.u(32, i)&(1<<22) != 0
	}
	return v.u(64, i)&(1<<51) != 0
}

// Each vector instruction without immediates computes what the specification says, wherever its operands and its result
// are.
func TestVectorInstructions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	refs := references()
	for info := range wasm.Ops() {
		if info.Op>>16 != 0xFD || info.Imm != wasm.ImmNone {
			continue
		}
		ref := refs[info.Op]
		if ref == nil {
			t.Errorf("%s has no reference", info.Name)
			continue
		}
		o := vectorOps[info.Op&0xFFFF]
		if o == 0 {
			t.Errorf("%s has no handler", info.Name)
			continue
		}
		scalar := info.Results[0] != wasm.V128
		for n := range rounds {
			x, y, z := randomVector(r), randomVector(r), randomVector(r)
			if n%4 == 0 && n > 0 {
				y = x
			}
			// Slots 2 to 10 hold the operands, one after another or the same; the result goes over or beside them.
			var frame [14]uint64
			b, c, d := uint16(2), uint16(4), uint16(6)
			if n%3 == 1 {
				b, c = c, b
			}
			frame[b], frame[b+1] = x.halves()
			frame[c], frame[c+1] = y.halves()
			frame[d], frame[d+1] = z.halves()
			a := uint16(1 + r.IntN(8))
			in := [2]instr{{op: o, a: a, b: b, c: c, imm: uint64(d)}}
			pc, _, acc, _, _, _ := handlers[o](&in[0], unsafe.Pointer(&frame), 77, nil, 0, nil)
			want := ref(x, y, z)
			got := fromHalves(frame[a], frame[a+1])
			if scalar {
				got = number(frame[a])
				if acc != frame[a] {
					t.Fatalf("%s: accumulator %#x, slot %#x", info.Name, acc, frame[a])
				}
			} else if acc != 77 {
				t.Fatalf("%s changed the accumulator", info.Name)
			}
			if !sameVector(got, want, nanWidth(info.Op)) || pc != &in[1] {
				t.Errorf("%s of\n%x\n%x\n%x is\n%x, want\n%x", info.Name, x, y, z, got, want)
				break
			}
		}
	}
}

// madd32 rounds once where rounding to float64 first would end half-way between two float32: products of 25 bits with
// something small added, and sums where float32 has fewer bits.
func TestMaddRoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 20000 {
		x := float32(r.IntN(1<<12) | 1<<12 | 1)
		y := float32(r.IntN(1<<11) | 1<<11 | 1)
		z := []float32{0, 1, -1}[r.IntN(3)] * float32(math.Exp2(-float64(r.IntN(100))))
		if r.IntN(2) == 0 { // almost half of the smallest float32, and a number with less than all bits
			x, y = (1<<20+1)*float32(math.Exp2(-95)), (1<<20-1)*float32(math.Exp2(-95))
			z = math.Float32frombits(r.Uint32N(1 << 24))
		}
		if r.IntN(2) == 0 {
			x = -x
		}
		want := uint32(onceRounded(32, float64(x), float64(y), float64(z)))
		if got := math.Float32bits(madd32(x, y, z)); got != want {
			t.Fatalf("%v * %v + %v is %#x, want %#x", x, y, z, got, want)
		}
	}
}

// A shift by a constant is the shift by a slot of the same value.
func TestVectorShiftsByConstants(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	refs := references()
	for w, o := range vectorShiftOps {
		if o == 0 {
			continue
		}
		for n := range uint64(200) {
			x := randomVector(r)
			var frame [4]uint64
			frame[2], frame[3] = x.halves()
			in := [2]instr{{op: o, a: 1, b: 2, imm: n}}
			handlers[o](&in[0], unsafe.Pointer(&frame), 0, nil, 0, nil)
			op := wasm.Op(0xFD<<16 | w)
			if got, want := fromHalves(frame[1], frame[2]), refs[op](x, number(n), v128{}); got != want {
				t.Fatalf("%v of %x by %d is %x, want %x", op, x, n, got, want)
			}
		}
	}
}
