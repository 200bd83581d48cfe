package interp

import (
	"context"
	"errors"
	"testing"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// The bytes of instructions on references, structures and arrays.
const (
	gcOp        = 0xFB
	newStruct   = byte(wasm.OpStructNew & 0xFF)
	newDefault  = byte(wasm.OpStructNewDefault & 0xFF)
	getField    = byte(wasm.OpStructGet & 0xFF)
	getFieldS   = byte(wasm.OpStructGetS & 0xFF)
	getFieldU   = byte(wasm.OpStructGetU & 0xFF)
	setField    = byte(wasm.OpStructSet & 0xFF)
	newArray    = byte(wasm.OpArrayNew & 0xFF)
	newArrayDef = byte(wasm.OpArrayNewDefault & 0xFF)
	newFixed    = byte(wasm.OpArrayNewFixed & 0xFF)
	newData     = byte(wasm.OpArrayNewData & 0xFF)
	newElem     = byte(wasm.OpArrayNewElem & 0xFF)
	getElem     = byte(wasm.OpArrayGet & 0xFF)
	getElemU    = byte(wasm.OpArrayGetU & 0xFF)
	setElem     = byte(wasm.OpArraySet & 0xFF)
	arrLen      = byte(wasm.OpArrayLen & 0xFF)
	arrFill     = byte(wasm.OpArrayFill & 0xFF)
	arrCopy     = byte(wasm.OpArrayCopy & 0xFF)
	refTestOp   = byte(wasm.OpRefTest & 0xFF)
	refCastOp   = byte(wasm.OpRefCast & 0xFF)
	brCast      = byte(wasm.OpBrOnCast & 0xFF)
	brCastFail  = byte(wasm.OpBrOnCastFail & 0xFF)
	toAny       = byte(wasm.OpAnyConvertExtern & 0xFF)
	toExtern    = byte(wasm.OpExternConvertAny & 0xFF)
	makeI31     = byte(wasm.OpRefI31 & 0xFF)
	getI31S     = byte(wasm.OpI31GetS & 0xFF)
	getI31U     = byte(wasm.OpI31GetU & 0xFF)

	i64c      = byte(wasm.OpI64Const)
	tee       = byte(wasm.OpLocalTee)
	brIf      = byte(wasm.OpBrIf)
	elseOp    = byte(wasm.OpElse)
	refNull   = byte(wasm.OpRefNull)
	refFn     = byte(wasm.OpRefFunc)
	refEqual  = byte(wasm.OpRefEq)
	getGlobal = byte(wasm.OpGlobalGet)
	nonNullR  = byte(wasm.OpRefAsNonNull)
	brNull    = byte(wasm.OpBrOnNull)
	brNonNul  = byte(wasm.OpBrOnNonNull)
	viaRef    = byte(wasm.OpCallRef)
	tailRef   = byte(wasm.OpReturnCallRef)
	toI64     = byte(wasm.OpI64ExtendI32U)
	toI32     = byte(wasm.OpI32WrapI64)
	mul       = byte(wasm.OpI32Mul)
	v128c     = 0xFD
	refOf     = 0x64 // (ref ...)
	nullable  = 0x63 // (ref null ...)
	anyHeap   = byte(wasm.AnyRef)
	eqHeap    = byte(wasm.EqRef)
	i31Heap   = byte(wasm.I31Ref)
	noHeap    = byte(wasm.NullRef)
)

// The types of gcModule, by index.
const (
	gcPoint  = iota // struct (mut i32) (mut i64) (mut f32)
	gcPacked        // struct (mut i8) (mut i16) (mut v128) (mut i8)
	gcCell          // struct (mut eqref) (mut (ref null $cell)), of which gcPair is a subtype
	gcPair          // struct (mut eqref) (mut (ref null $cell)) (mut i32)
	gcBytes         // array (mut i8)
	gcLongs         // array (mut i64)
	gcRefs          // array (mut eqref)
	gcWide          // array (mut v128)
	gcFunc          // [i32] -> [i32]
	gcWord          // array (mut i16)
	gcVector        // [i32] -> [v128]
)

var gcTypes = [][]byte{
	{0x5F, 3, 0x7F, 1, 0x7E, 1, 0x7D, 1},
	{0x5F, 4, 0x78, 1, 0x77, 1, 0x7B, 1, 0x78, 1},
	{0x50, 0, 0x5F, 2, eqHeap, 1, nullable, gcCell, 1},
	{0x50, 1, gcCell, 0x5F, 3, eqHeap, 1, nullable, gcCell, 1, 0x7F, 1},
	{0x5E, 0x78, 1},
	{0x5E, 0x7E, 1},
	{0x5E, eqHeap, 1},
	{0x5E, 0x7B, 1},
	{0x60, 1, i32t, 1, i32t},
	{0x5E, 0x77, 1},
	{0x60, 1, i32t, 1, 0x7B},
}

// gcGlobals are a vector, a pair whose first is an i31 of 21, a $refs of the i31 of 1 and that pair twice, and the pair as
// externref and back.
var gcGlobals = [][]byte{
	{0x7B, 0, v128c, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, end},
	{refOf, gcPair, 0, i32c, 6, i32c, 7, mul, i32c, 21, byte(wasm.OpI32Sub), gcOp, makeI31, refNull, noHeap, i32c, 2, gcOp, newStruct, gcPair, end},
	{refOf, gcRefs, 0, i32c, 1, gcOp, makeI31, getGlobal, 1, getGlobal, 1, gcOp, newFixed, gcRefs, 3, end},
	{anyHeap, 0, getGlobal, 1, gcOp, toExtern, gcOp, toAny, end},
	{refOf, gcWide, 0, getGlobal, 0, i32c, 3, gcOp, newArray, gcWide, end},
	{refOf, gcPacked, 0, i32c, 1, i32c, 2, getGlobal, 0, i32c, 3, gcOp, newStruct, gcPacked, end},
	{refOf, gcBytes, 0, i32c, 4, gcOp, newArrayDef, gcBytes, end},
}

// gcModule has the types above, the functions f: [i32] -> [i32] of the body, exported, and double: [i32] -> [i32], the globals above, and a data
// and an element segment. The elements are a $cell and an i31 of 5. The locals of f from 1 on are an i32, an eqref, a (ref null
// $cell), a (ref null $refs), a v128 and a (ref null $wide).
func gcModule(body ...byte) []byte { return gcModuleOf(gcFunc, body) }

// gcModuleOf is gcModule with another type of f.
func gcModuleOf(typ byte, body []byte) []byte {
	locals := []byte{6, 1, i32t, 1, eqHeap, 1, nullable, gcCell, 1, nullable, gcRefs, 1, 0x7B, 1, nullable, gcWide}
	return join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec(gcTypes...)), section(3, vec([]byte{typ}, []byte{gcFunc})),
		section(6, vec(gcGlobals...)),
		section(7, vec([]byte{1, 'f', 0, 0}, []byte{1, 'd', 0, 1})),
		section(9, vec([]byte{5, eqHeap, 2, gcOp, newDefault, gcCell, end, i32c, 5, gcOp, makeI31, end})),
		section(12, []byte{1}),
		section(10, vec(sized(join(locals, body, []byte{end})), sized([]byte{0, get, 0, get, 0, add, end}))),
		section(11, vec(join([]byte{1, 8}, []byte("\x01\x02\x03\x04\xFD\xFE\xFF\x80")))))
}

// makeLong is $longs of 7, 8 and 9.
var makeLong = []byte{i64c, 7, i64c, 8, i64c, 9, gcOp, newFixed, gcLongs, 3}

// makePacked is $packed of -2 (0xFE), -3 (0xFFFD), a vector of bytes 0 to 15, and 0x81.
var makePacked = join([]byte{i32c, 0x7E, i32c, 0x7D, getGlobal, 0, i32c}, leb(0x81),
	[]byte{gcOp, newStruct, gcPacked})

// gcPrograms are bodies of f with what they return for 5, or how they trap.
var gcPrograms = []struct {
	name string
	body []byte
	want uint64
	trap TrapCode
}{
	{"a field of 32 bits", []byte{get, 0, i64c, 1, 0x43, 0, 0, 0, 0, gcOp, newStruct, gcPoint, gcOp, getField, gcPoint, 0}, 5, 0},
	{"a field of 64 bits", []byte{get, 0, get, 0, toI64, 0x43, 0, 0, 0, 0, gcOp, newStruct, gcPoint, gcOp, getField, gcPoint, 1, toI32}, 5, 0},
	{"fields are zero by default", []byte{gcOp, newDefault, gcPair, gcOp, getField, gcPair, 2}, 0, 0},
	{"a packed field with its sign", join(makePacked, []byte{gcOp, getFieldS, gcPacked, 0}), 1<<32 - 2, 0},
	{"a packed field without its sign", join(makePacked, []byte{gcOp, getFieldU, gcPacked, 0}), 0xFE, 0},
	{"a packed field of 16 bits with its sign", join(makePacked, []byte{gcOp, getFieldS, gcPacked, 1}), 1<<32 - 3, 0},
	{"a packed field of 16 bits without", join(makePacked, []byte{gcOp, getFieldU, gcPacked, 1}), 0xFFFD, 0},
	{"the field behind a vector", join(makePacked, []byte{gcOp, getFieldU, gcPacked, 3}), 0x81, 0},
	{"a set field is read back", []byte{gcOp, newDefault, gcPair, tee, 3, dropOp, get, 3, get, 0, gcOp, makeI31, gcOp, setField, gcCell, 0,
		get, 3, gcOp, getField, gcCell, 0, gcOp, refCastOp, i31Heap, gcOp, getI31S}, 5, 0},
	{"a list of cells", []byte{ // for (n = 5; n; n--) list = cell(i31(n), list); sum of the list
		loop, 0x40, get, 0, gcOp, makeI31, get, 3, gcOp, newStruct, gcCell, set, 3, get, 0, i32c, 0x7F, add, tee, 0, brIf, 0, end,
		blk, 0x40, loop, 0x40, get, 3, brNull, 1, tee, 3, gcOp, getField, gcCell, 0, gcOp, refCastOp, i31Heap, gcOp, getI31U,
		get, 1, add, set, 1, get, 3, gcOp, getField, gcCell, 1, set, 3, br, 0, end, end, get, 1}, 15, 0},
	{"the length of an array", []byte{get, 0, gcOp, newArrayDef, gcRefs, gcOp, arrLen}, 5, 0},
	{"an element of a fixed array", join(makeLong, []byte{i32c, 1, gcOp, getElem, gcLongs, toI32}), 8, 0},
	{"an array from a data segment", []byte{i32c, 4, i32c, 4, gcOp, newData, gcBytes, 0, i32c, 3, gcOp, getElemU, gcBytes}, 0x80, 0},
	{"an array of wider elements from a data segment", []byte{i32c, 1, i32c, 3, gcOp, newData, gcWord, 0, i32c, 0, gcOp, getElemU, gcWord}, 0x0302, 0},
	{"an array from an element segment", []byte{i32c, 1, i32c, 1, gcOp, newElem, gcRefs, 0, i32c, 0, gcOp, getElem, gcRefs, gcOp, refCastOp, i31Heap, gcOp, getI31U}, 5, 0},
	{"an object of an element segment is one", []byte{
		i32c, 0, i32c, 1, gcOp, newElem, gcRefs, 0, i32c, 0, gcOp, getElem, gcRefs,
		i32c, 0, i32c, 2, gcOp, newElem, gcRefs, 0, i32c, 0, gcOp, getElem, gcRefs, refEqual}, 1, 0},
	{"filled and copied over itself", []byte{ // [0 0 0 9 9] copied from 2 to 1
		i32c, 5, gcOp, newArrayDef, gcRefs, tee, 4, i32c, 3, i32c, 9, gcOp, makeI31, i32c, 2, gcOp, arrFill, gcRefs,
		get, 4, i32c, 1, get, 4, i32c, 2, i32c, 3, gcOp, arrCopy, gcRefs, gcRefs,
		get, 4, i32c, 2, gcOp, getElem, gcRefs, gcOp, refCastOp, i31Heap, gcOp, getI31U}, 9, 0},
	{"an i31 with its sign", []byte{i32c, 0x7F, gcOp, makeI31, gcOp, getI31S}, 1<<32 - 1, 0},
	{"an i31 without its sign", []byte{i32c, 0x7F, gcOp, makeI31, gcOp, getI31U}, 1<<31 - 1, 0},
	{"a subtype is of the type", []byte{gcOp, newDefault, gcPair, gcOp, refTestOp, gcCell}, 1, 0},
	{"a supertype is not", []byte{gcOp, newDefault, gcCell, gcOp, refTestOp, gcPair}, 0, 0},
	{"null is of no type without it", []byte{refNull, noHeap, gcOp, refTestOp, gcCell}, 0, 0},
	{"an i31 is no structure", []byte{get, 0, gcOp, makeI31, gcOp, refTestOp, gcCell}, 0, 0},
	{"out as externref and back", []byte{get, 0, gcOp, makeI31, gcOp, toExtern, gcOp, toAny, gcOp, refCastOp, i31Heap, gcOp, getI31U}, 5, 0},
	{"br_on_cast takes the reference along", []byte{blk, refOf, gcPair, gcOp, newDefault, gcPair, gcOp, brCast, 0, 0, gcCell, gcPair, unreach, end, gcOp, getField, gcPair, 2}, 0, 0},
	{"br_on_cast_fail goes on with it", []byte{blk, refOf, gcCell, gcOp, newDefault, gcPair, gcOp, brCastFail, 0, 0, gcCell, gcPair, gcOp, getField, gcPair, 2, i32c, 7, add, ret, end, unreach}, 7, 0},
	{"br_on_non_null", []byte{blk, refOf, gcCell, get, 3, brNonNul, 0, get, 0, ret, end, unreach}, 5, 0},
	{"a branch that carries a value below the reference", []byte{blk, i32t, get, 0, i32c, 9, dropOp, get, 3, brNull, 0, unreach, end}, 5, 0},
	{"call_ref", []byte{get, 0, refFn, 1, viaRef, gcFunc}, 10, 0},
	{"return_call_ref", []byte{get, 0, refFn, 1, tailRef, gcFunc}, 10, 0},
	{"a function is of its type", []byte{refFn, 1, gcOp, refTestOp, gcFunc}, 1, 0},

	{"a constant object", []byte{getGlobal, 1, gcOp, getField, gcCell, 0, gcOp, refCastOp, i31Heap, gcOp, getI31U}, 21, 0},
	{"a constant array", []byte{getGlobal, 2, i32c, 1, gcOp, getElem, gcRefs, getGlobal, 3, gcOp, refCastOp, eqHeap, refEqual}, 1, 0},
	{"a constant array of zeros", []byte{getGlobal, 6, gcOp, arrLen, getGlobal, 6, i32c, 3, gcOp, getElemU, gcBytes, add}, 4, 0},
	{"a constant structure with a vector", []byte{getGlobal, 5, gcOp, getFieldU, gcPacked, 3}, 3, 0},

	{"an operand below a call", join(makeLong, []byte{get, 0, call_, 1, dropOp, i32c, 1, gcOp, getElem, gcLongs, toI32}), 8, 0},
	{"operands below allocations", []byte{get, 0, gcOp, makeI31, refNull, noHeap, get, 0, call_, 1, gcOp, newStruct, gcPair, gcOp, newDefault, gcPair, dropOp,
		get, 0, gcOp, newArrayDef, gcRefs, dropOp, gcOp, getField, gcPair, 2}, 10, 0},
	{"arguments of a call by reference", []byte{get, 0, call_, 1, refFn, 1, gcOp, newDefault, gcPair, set, 3, viaRef, gcFunc}, 20, 0},
	{"a tested reference decides a branch", []byte{gcOp, newDefault, gcPair, gcOp, refTestOp, gcPair, byte(wasm.OpIf), i32t, i32c, 1, elseOp, i32c, 2, end}, 1, 0},
	{"a reference that is of no type decides it", []byte{get, 3, gcOp, refTestOp, gcPair, byte(wasm.OpIf), i32t, i32c, 1, elseOp, i32c, 2, end}, 2, 0},
	{"a reference that is null decides it", []byte{get, 3, byte(wasm.OpRefIsNull), byte(wasm.OpIf), i32t, i32c, 1, elseOp, i32c, 2, end}, 1, 0},

	{"call_ref of null", []byte{get, 0, refNull, gcFunc, viaRef, gcFunc}, 0, TrapNullFunction},
	{"return_call_ref of null", []byte{get, 0, refNull, gcFunc, tailRef, gcFunc}, 0, TrapNullFunction},
	{"a field of null", []byte{get, 3, gcOp, getField, gcCell, 0, dropOp, i32c, 0}, 0, TrapNullStructure},
	{"setting a field of null", []byte{get, 3, refNull, noHeap, gcOp, setField, gcCell, 0, i32c, 0}, 0, TrapNullStructure},
	{"an element of null", []byte{get, 4, i32c, 0, gcOp, getElem, gcRefs, dropOp, i32c, 0}, 0, TrapNullArray},
	{"the length of null", []byte{get, 4, gcOp, arrLen}, 0, TrapNullArray},
	{"filling null", []byte{get, 4, i32c, 0, get, 2, i32c, 0, gcOp, arrFill, gcRefs, i32c, 0}, 0, TrapNullArray},
	{"an i31 that is null", []byte{refNull, i31Heap, gcOp, getI31U}, 0, TrapNullI31},
	{"ref.as_non_null of null", []byte{get, 3, nonNullR, dropOp, i32c, 0}, 0, TrapNullReference},
	{"a cast to a subtype", []byte{gcOp, newDefault, gcCell, gcOp, refCastOp, gcPair, dropOp, i32c, 0}, 0, TrapCastFailure},
	{"a cast of null", []byte{get, 3, gcOp, refCastOp, gcPair, dropOp, i32c, 0}, 0, TrapCastFailure},
	{"an element behind the last", join(makeLong, []byte{i32c, 3, gcOp, getElem, gcLongs, toI32}), 0, TrapArrayOutOfBounds},
	{"an element before the first", join(makeLong, []byte{i32c, 0x7F, gcOp, getElem, gcLongs, toI32}), 0, TrapArrayOutOfBounds},
	{"filling past the end", []byte{get, 0, gcOp, newArrayDef, gcRefs, i32c, 3, get, 2, i32c, 3, gcOp, arrFill, gcRefs, i32c, 0}, 0, TrapArrayOutOfBounds},
	{"more than a data segment has", []byte{i32c, 1, i32c, 4, gcOp, newData, gcWord, 0, dropOp, i32c, 0}, 0, TrapMemoryOutOfBounds},
	{"more than an element segment has", []byte{i32c, 1, i32c, 2, gcOp, newElem, gcRefs, 0, dropOp, i32c, 0}, 0, TrapTableOutOfBounds},
	{"a dropped element segment", []byte{0xFC, 13, 0, i32c, 0, i32c, 1, gcOp, newElem, gcRefs, 0, dropOp, i32c, 0}, 0, TrapTableOutOfBounds},
	{"an array that no heap has room for", join([]byte{i64c, 1, i32c}, leb(-1), []byte{gcOp, newArray, gcLongs, dropOp, i32c, 0}), 0, TrapHeapExhausted},
}

// Programs do the same run through, with a collection at every allocation, and travelling at every safepoint.
func TestObjects(t *testing.T) {
	for _, mode := range []struct {
		name   string
		stress bool
		step   uint64
	}{{"running through", false, 0}, {"collecting", true, 0}, {"travelling", false, 1}, {"travelling and collecting", true, 2}} {
		t.Run(mode.name, func(t *testing.T) {
			stressHeaps = mode.stress
			defer func() { stressHeaps = false }()
			for _, tt := range gcPrograms {
				t.Run(tt.name, func(t *testing.T) {
					m := load(t, gcModule(tt.body...))
					result, err := wander(t, m, mode.step, 5)
					if tt.trap != 0 {
						if !errors.Is(err, tt.trap) {
							t.Fatalf("got %v, want %v\n%s", err, tt.trap, listing(m, 0))
						}
					} else if err != nil || result != tt.want {
						t.Fatalf("got %#x, %v; want %#x\n%s", result, err, tt.want, listing(m, 0))
					}
				})
			}
		})
	}
}

// A vector goes into a structure, and from array to array.
func TestVectorsInObjects(t *testing.T) {
	body := join(makePacked, []byte{gcOp, getField, gcPacked, 2, i32c, 3, gcOp, newArray, gcWide, i32c, 2, gcOp, getElem, gcWide, set, 5,
		i32c, 2, gcOp, newArrayDef, gcWide, tee, 6, i32c, 1, get, 5, gcOp, setElem, gcWide,
		get, 6, i32c, 1, gcOp, getElem, gcWide, get, 5, gcOp, newFixed, gcWide, 2, i32c, 0, gcOp, getElem, gcWide})
	for _, body := range [][]byte{body, {getGlobal, 4, i32c, 2, gcOp, getElem, gcWide}} {
		stack, err := run(t, load(t, gcModuleOf(gcVector, body)), Config{}, 5, 0)
		if err != nil || stack[0] != 0x0706050403020100 || stack[1] != 0x0F0E0D0C0B0A0908 {
			t.Fatalf("got %#x, %v", stack, err)
		}
	}
}

// benchmarkGC runs a body that loops, counting local 0 down from b.N.
func benchmarkGC(b *testing.B, body ...byte) {
	w, err := wasm.Decode(gcModule(join([]byte{gcOp, newDefault, gcPair, set, 3, loop, 0x40}, body, []byte{get, 0, i32c, 0x7F, add, tee, 0, brIf, 0, end, get, 0})...), wasm.DefaultFeatures)
	if err != nil {
		b.Fatal(err)
	}
	s := NewStore(Config{})
	inst, err := s.Instantiate(NewModule(w), "", nil)
	if err != nil {
		b.Fatal(err)
	}
	f, _ := inst.Export("f")
	th := s.NewThread()
	stack := []uint64{1}
	if err := th.Call(context.Background(), f.Func, stack); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	stack[0] = uint64(b.N)
	if err := th.Call(context.Background(), f.Func, stack); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkEmptyLoop(b *testing.B) { benchmarkGC(b) }

func BenchmarkStructNew(b *testing.B) {
	benchmarkGC(b, get, 0, i64c, 1, 0x43, 0, 0, 0, 0, gcOp, newStruct, gcPoint, dropOp)
}

// A reference is read out of an object, and a number into and out of one.
func BenchmarkStructGetSet(b *testing.B) {
	benchmarkGC(b, get, 3, gcOp, getField, gcCell, 1, dropOp, get, 3, gcOp, refCastOp, gcPair, get, 0, gcOp, setField, gcPair, 2)
}

func BenchmarkStructSetRef(b *testing.B) {
	benchmarkGC(b, get, 3, get, 3, gcOp, setField, gcCell, 1)
}

func BenchmarkListNew(b *testing.B) {
	benchmarkGC(b, get, 0, gcOp, makeI31, refNull, noHeap, gcOp, newStruct, gcCell, set, 3)
}

func BenchmarkCallRef(b *testing.B) {
	benchmarkGC(b, get, 0, refFn, 1, viaRef, gcFunc, dropOp)
}

// A snapshot is refused whose references are not of the types that the modules say, as running relies on them.
func TestReferencesOfASnapshotAreChecked(t *testing.T) {
	locals := []byte{2, 1, eqHeap, 1, nullable, gcCell}
	// An i31 in local 1, which is also on the operand stack while function 1 runs, together with another i31.
	body := []byte{get, 0, gcOp, makeI31, set, 1, get, 1, i32c, 6, gcOp, makeI31, i32c, 3, call_, 1, dropOp, refEqual}
	m := load(t, join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec(gcTypes...)), section(3, vec([]byte{gcFunc}, []byte{gcFunc})),
		section(4, vec([]byte{nullable, gcCell, 0, 1})), section(6, vec([]byte{i31Heap, 1, i32c, 4, gcOp, makeI31, end})),
		section(7, vec([]byte{1, 'f', 0, 0})), section(10, vec(sized(join(locals, body, []byte{end})), sized([]byte{0, get, 0, end})))))
	for _, tt := range []struct {
		name  string
		spoil func(*state.Program)
	}{
		{"", func(*state.Program) {}},
		{"a local of another type", func(p *state.Program) { p.Threads[0].Frames[0].Locals[2].Bits = i31(5) }},
		{"an object that is not there", func(p *state.Program) { p.Threads[0].Frames[0].Locals[2].Bits = objectBit | 1000 }},
		{"a value of another kind", func(p *state.Program) { p.Threads[0].Frames[0].Locals[2].Type = wasm.ExternRef }},
		{"null where there is none", func(p *state.Program) { p.Threads[0].Frames[0].Stack[1].Bits = 0 }},
		{"an i31 of more bits", func(p *state.Program) { p.Threads[0].Frames[0].Stack[1].Bits |= 1 << 40 }},
		{"an operand that is not the local it was read from", func(p *state.Program) { p.Threads[0].Frames[0].Stack[0].Bits = i31(7) }},
		{"a global of another type", func(p *state.Program) { p.Globals[0].Value.Bits = 7 }},
		{"a global of a type that is not there", func(p *state.Program) { p.Globals[0].Type.Type = wasm.RefTo(1000, true) }},
		{"a global that is not what the module declares", func(p *state.Program) { p.Globals[0].Type.Type = wasm.EqRef }},
		{"an element of another type", func(p *state.Program) { p.Tables[0].Elems[0] = i31(1) }},
		{"a table that is not what the module declares", func(p *state.Program) { p.Tables[0].Type.Elem = wasm.EqRef }},
		{"a table of numbers", func(p *state.Program) { p.Tables[0].Type.Elem = wasm.I32 }},
		{"a type of a group that is longer than the list", func(p *state.Program) { p.Types[0].GroupLen = 9 }},
	} {
		s := NewStore(smallMemories)
		inst, err := s.Instantiate(m, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		s.CountSafepoints(0, 2, func(uint64) uint64 {
			err := s.Checkpoint(context.Background(), true, func(p *state.Program) error {
				tt.spoil(p)
				err := NewStore(smallMemories).Restore(p, Env{Module: func(*state.Module) (*Module, error) { return m, nil }})
				if tt.name == "" && err != nil || tt.name != "" && !errors.Is(err, ErrRestore) {
					t.Errorf("%q: %v", tt.name, err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			return 0
		})
		if err := s.NewThread().Call(context.Background(), inst.Func(0), []uint64{5}); !errors.Is(err, ErrStopped) {
			t.Fatal(err)
		}
	}
}
