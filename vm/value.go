package vm

import (
	"reflect"
	"unsafe"
)

// Value is the Go types that typed functions take and return. The 32-bit integers are i32, the 64-bit ones i64, whether
// wasm means them signed or not; the floats are f32 and f64. References have no Go type: functions with references in
// their types are called and written in the untyped way.
type Value interface {
	~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// typeOf is the value type that T stands for. It is asked when a function is made, never when it is called.
func typeOf[T Value]() ValType {
	switch reflect.TypeFor[T]().Kind() {
	case reflect.Int32, reflect.Uint32:
		return I32
	case reflect.Int64, reflect.Uint64:
		return I64
	case reflect.Float32:
		return F32
	}
	return F64
}

// toBits and fromBits turn values into slots and back. Both reinterpret the bits of a variable of the same size, which is
// what math.Float64bits does; unsafe is needed because a conversion between T and an integer would change the value of a
// float. Going by the size rather than the kind leaves no branch in the compiled code.

func toBits[T Value](v T) uint64 {
	if unsafe.Sizeof(v) == 4 {
		return uint64(*(*uint32)(unsafe.Pointer(&v)))
	}
	return *(*uint64)(unsafe.Pointer(&v))
}

func fromBits[T Value](bits uint64) T {
	if unsafe.Sizeof(*new(T)) == 4 {
		w := uint32(bits)
		return *(*T)(unsafe.Pointer(&w))
	}
	return *(*T)(unsafe.Pointer(&bits))
}

// slotCount is how many entries of a stack values of these types take: one each, two of a v128.
func slotCount(types []ValType) int {
	n := len(types)
	for _, t := range types {
		if t == V128 {
			n++
		}
	}
	return n
}

// narrow clears what stands above the bits of 32-bit values, as slots have it.
func narrow(types []ValType, stack []uint64) {
	at := 0
	for _, t := range types {
		switch t {
		case I32, F32:
			stack[at] = uint64(uint32(stack[at]))
		case V128:
			at++
		}
		at++
	}
}
