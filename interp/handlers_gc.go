package interp

import (
	"unsafe"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// References, structures and arrays (specification 4.6.3 to 4.6.6). Validation and the checks on what comes in from outside
// see to it that a reference which is not null is to an object of the type that the instruction names, so that a handler
// looks for null and, in an array, at the length.

// References to functions.

// callRef calls the function that slot b refers to.
func callRef(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref := *slot(fp, pc.b)
	if ref-1 >= uint64(len(t.store.funcs)) {
		return t.trap(pc, TrapNullFunction), fp, acc, mb, ml, t
	}
	fn := t.store.funcs[ref-1]
	nfp := unsafe.Add(fp, uintptr(pc.a)*8)
	c := fn.code.Load()
	if uintptr(nfp)+c.room*8 > t.stackEnd || uint(t.sp) >= uint(len(t.frames)) || fn.inst != t.inst {
		return t.callSlow(pc, fp, nfp, fn)
	}
	f := &t.frames[t.sp]
	t.sp++
	f.ret = next(pc)
	f.fp = fp
	f.fn = fn
	for i := fn.nparams; i < c.nlocals; i++ {
		*slot(nfp, uint16(i)) = 0
	}
	return c.entry, nfp, acc, mb, ml, t
}

func returnCallRef(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref := *slot(fp, pc.b)
	if ref-1 >= uint64(len(t.store.funcs)) {
		return t.trap(pc, TrapNullFunction), fp, acc, mb, ml, t
	}
	return t.tailCall(pc, fp, t.store.funcs[ref-1])
}

// Tests.

func refAsNonNull(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if *slot(fp, pc.b) == 0 {
		return t.trap(pc, TrapNullReference), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

// isOfType tells whether the reference bits is to a structure or an array of type x of the instance; c says whether null is.
func (t *Thread) isOfType(bits uint64, x uint32, null uint16) bool {
	if bits>>state.RefShift != uint64(state.RefObject) {
		return bits == 0 && null != 0
	}
	h, r := t.store.heap, t.inst.rtts[x]
	return le32(h.at(bits)) == r.id || h.rttOf(bits).isSub(r)
}

// isOf is isOfType for every reference type, which is in the module's terms.
func (t *Thread) isOf(bits uint64, typ uint32) bool {
	return t.store.refMatches(bits, t.inst.storeType(wasm.ValType(typ)))
}

func refTestType(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = bit(t.isOfType(*slot(fp, pc.b), uint32(pc.imm), pc.c))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func refTest(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = bit(t.isOf(*slot(fp, pc.b), uint32(pc.imm)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func refCastType(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if !t.isOfType(*slot(fp, pc.b), uint32(pc.imm), pc.c) {
		return t.trap(pc, TrapCastFailure), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func refCast(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if !t.isOf(*slot(fp, pc.b), uint32(pc.imm)) {
		return t.trap(pc, TrapCastFailure), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

// The branches on casts have the type in the upper half of imm.

func brOnCastType(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if t.isOfType(*slot(fp, pc.b), uint32(pc.imm>>32), pc.c) {
		return target(pc), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func brOnCastFailType(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if !t.isOfType(*slot(fp, pc.b), uint32(pc.imm>>32), pc.c) {
		return target(pc), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func brOnCast(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if t.isOf(*slot(fp, pc.b), uint32(pc.imm>>32)) {
		return target(pc), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

func brOnCastFail(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	if !t.isOf(*slot(fp, pc.b), uint32(pc.imm>>32)) {
		return target(pc), fp, acc, mb, ml, t
	}
	return next(pc), fp, acc, mb, ml, t
}

// References to i31.

func refI31(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	acc = i31(*slot(fp, pc.b))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func i31GetS(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref := *slot(fp, pc.b)
	if ref == 0 {
		return t.trap(pc, TrapNullI31), fp, acc, mb, ml, t
	}
	acc = uint64(uint32(int32(ref<<1) >> 1))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

func i31GetU(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref := *slot(fp, pc.b)
	if ref == 0 {
		return t.trap(pc, TrapNullI31), fp, acc, mb, ml, t
	}
	acc = ref & i31Mask
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// New objects. The operands are in slots from a on, where the reference goes. Until the object is there, nothing is taken
// from them: allocation may collect, and takes the thread's slots for roots.

// object is where the object is that ref refers to.
func (t *Thread) object(ref uint64) unsafe.Pointer { return t.store.heap.at(ref) }

func structNew(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r := t.inst.rtts[pc.imm]
	ref, ok := t.newObject(pc, fp, r, 0)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	r.setFields(t.object(ref), unsafe.Pointer(slot(fp, pc.a)))
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

// setFields gives the fields of a new object at p the values in the slots at from.
func (r *rtt) setFields(p, from unsafe.Pointer) {
	if r.words {
		for i := uintptr(headerSize); i < uintptr(r.size); i += 8 {
			put64(unsafe.Add(p, i), *(*uint64)(unsafe.Add(from, i-headerSize)))
		}
		return
	}
	for i := range r.fields {
		f := &r.fields[i]
		put(unsafe.Add(p, uintptr(f.offset)), f.size, from)
		from = unsafe.Add(from, (f.size/16+1)*8)
	}
}

// slotsOf is values as slots.
func slotsOf(values []uint64) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(values)) }

// put stores the size lower bytes of the value in the slots at from at p.
func put(p unsafe.Pointer, size uint32, from unsafe.Pointer) {
	v := *(*uint64)(from)
	switch size {
	case 8:
		put64(p, v)
	case 4:
		put32(p, uint32(v))
	case 2:
		put16(p, uint16(v))
	case 1:
		*(*uint8)(p) = uint8(v)
	case 16:
		put64(p, v)
		put64(unsafe.Add(p, 8), *(*uint64)(unsafe.Add(from, 8)))
	}
}

func structNewDefault(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref, ok := t.newObject(pc, fp, t.inst.rtts[pc.imm], 0)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

func arrayNew(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r := t.inst.rtts[pc.imm]
	n := uint32(*slot(fp, pc.a+uint16(r.elemSlots())))
	ref, ok := t.newObject(pc, fp, r, n)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	fillElems(r, t.object(ref), 0, n, unsafe.Pointer(slot(fp, pc.a)))
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

// elemSlots is how many slots an element of the array type takes.
func (r *rtt) elemSlots() int { return int(r.elemSize/16) + 1 }

// elems is the bytes of n elements from i on of the array at p.
func (r *rtt) elems(p unsafe.Pointer, i, n uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(p, headerSize+uintptr(i)*uintptr(r.elemSize))), uintptr(n)*uintptr(r.elemSize))
}

// fillElems sets n elements from i on of the array at p to the value in the slots at from.
func fillElems(r *rtt, p unsafe.Pointer, i, n uint32, from unsafe.Pointer) {
	if n == 0 {
		return
	}
	b := r.elems(p, i, n)
	if r.elemSize == 1 {
		fill(b, byte(*(*uint64)(from)))
		return
	}
	put(unsafe.Pointer(&b[0]), r.elemSize, from)
	for done := int(r.elemSize); done < len(b); {
		done += copy(b[done:], b[:min(done, 1<<14)])
	}
}

func arrayNewDefault(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref, ok := t.newObject(pc, fp, t.inst.rtts[pc.imm], uint32(*slot(fp, pc.a)))
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

// arrayNewFixed has the number of its operands in the upper half of imm.
func arrayNewFixed(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r, n := t.inst.rtts[uint32(pc.imm)], uint32(pc.imm>>32)
	ref, ok := t.newObject(pc, fp, r, n)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	r.setElems(t.object(ref), n, unsafe.Pointer(slot(fp, pc.a)))
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

// setElems gives the n elements of a new array at p the values in the slots at from.
func (r *rtt) setElems(p unsafe.Pointer, n uint32, from unsafe.Pointer) {
	for i := range n {
		put(unsafe.Add(p, headerSize+uintptr(i)*uintptr(r.elemSize)), r.elemSize, from)
		from = unsafe.Add(from, r.elemSlots()*8)
	}
}

// data is the bytes of n elements of type r from byte off of data segment seg on.
func (i *Instance) data(r *rtt, seg uint32, off, n uint32) (b []byte, ok bool) {
	data := i.module.wasm.Datas[seg].Init
	if i.droppedDatas[seg] {
		data = nil
	}
	size := uint64(n) * uint64(r.elemSize)
	if !inside(uint64(off), size, uint64(len(data))) {
		return nil, false
	}
	return data[off : uint64(off)+size], true
}

// arrayNewData makes an array of n elements from byte offset off of a data segment, which is in the upper half of imm.
func arrayNewData(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r, n := t.inst.rtts[uint32(pc.imm)], uint32(*slot(fp, pc.a+1))
	b, ok := t.inst.data(r, uint32(pc.imm>>32), uint32(*slot(fp, pc.a)), n)
	if !ok {
		return t.trap(pc, TrapMemoryOutOfBounds), fp, acc, mb, ml, t
	}
	ref, ok := t.newObject(pc, fp, r, n)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	copy(r.elems(t.object(ref), 0, n), b)
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

// arrayNewElem makes an array of n elements from element off of an element segment, which is in the upper half of imm.
func arrayNewElem(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r, seg := t.inst.rtts[uint32(pc.imm)], uint32(pc.imm>>32)
	off, n := uint32(*slot(fp, pc.a)), uint32(*slot(fp, pc.a+1))
	if !inside(uint64(off), uint64(n), t.inst.elemCount(seg)) {
		return t.trap(pc, TrapTableOutOfBounds), fp, acc, mb, ml, t
	}
	ref, ok := t.newObject(pc, fp, r, n)
	if !ok {
		return t.trap(pc, TrapHeapExhausted), fp, acc, mb, ml, t
	}
	t.inst.putElems(t.object(ref), 0, seg, off, n)
	*slot(fp, pc.a) = ref
	return next(pc), fp, acc, mb, ml, t
}

// Whole arrays.

// length is the length of the array at p.
func length(p unsafe.Pointer) uint32 { return le32(unsafe.Add(p, 4)) }

func arrayLen(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	ref := *slot(fp, pc.b)
	if ref == 0 {
		return t.trap(pc, TrapNullArray), fp, acc, mb, ml, t
	}
	acc = uint64(length(t.object(ref)))
	*slot(fp, pc.a) = acc
	return next(pc), fp, acc, mb, ml, t
}

// arrayRange is the array that slot a refers to, of which n elements from i on are wanted.
func (t *Thread) arrayRange(ref uint64, i, n uint32) (p unsafe.Pointer, trap TrapCode) {
	if ref == 0 {
		return nil, TrapNullArray
	}
	p = t.object(ref)
	if !inside(uint64(i), uint64(n), uint64(length(p))) {
		return nil, TrapArrayOutOfBounds
	}
	return p, 0
}

// shadeElems tells the collector that n elements from i on of the array at p are about to be written over.
func (t *Thread) shadeElems(r *rtt, p unsafe.Pointer, i, n uint32) {
	h := t.store.heap
	if !r.elemRefs || !h.marking {
		return
	}
	for k := range uintptr(n) {
		h.shade(le64(unsafe.Add(p, headerSize+(uintptr(i)+k)*8)))
	}
}

// arrayFill has array, index, value and number of elements in slots from a on.
func arrayFill(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r := t.inst.rtts[pc.imm]
	i, n := uint32(*slot(fp, pc.a+1)), uint32(*slot(fp, pc.a+2+uint16(r.elemSlots())))
	p, trap := t.arrayRange(*slot(fp, pc.a), i, n)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	t.shadeElems(r, p, i, n)
	fillElems(r, p, i, n, unsafe.Pointer(slot(fp, pc.a+2)))
	return next(pc), fp, acc, mb, ml, t
}

// arrayCopy has destination and index, source and index, and number of elements in slots from a on. The destination's type
// is in the lower half of imm.
func arrayCopy(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r := t.inst.rtts[uint32(pc.imm)]
	i, j, n := uint32(*slot(fp, pc.a+1)), uint32(*slot(fp, pc.a+3)), uint32(*slot(fp, pc.a+4))
	dst, src := *slot(fp, pc.a), *slot(fp, pc.a+2)
	if dst == 0 || src == 0 {
		return t.trap(pc, TrapNullArray), fp, acc, mb, ml, t
	}
	p, trap := t.arrayRange(dst, i, n)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	q, trap := t.arrayRange(src, j, n)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	t.shadeElems(r, p, i, n)
	copy(r.elems(p, i, n), r.elems(q, j, n))
	return next(pc), fp, acc, mb, ml, t
}

// arrayInitData and arrayInitElem have array, index, the place in the segment and number of elements in slots from a on. The
// segment is in the upper half of imm.
func arrayInitData(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r := t.inst.rtts[uint32(pc.imm)]
	i, off, n := uint32(*slot(fp, pc.a+1)), uint32(*slot(fp, pc.a+2)), uint32(*slot(fp, pc.a+3))
	p, trap := t.arrayRange(*slot(fp, pc.a), i, n)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	b, ok := t.inst.data(r, uint32(pc.imm>>32), off, n)
	if !ok {
		return t.trap(pc, TrapMemoryOutOfBounds), fp, acc, mb, ml, t
	}
	copy(r.elems(p, i, n), b)
	return next(pc), fp, acc, mb, ml, t
}

func arrayInitElem(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	r, seg := t.inst.rtts[uint32(pc.imm)], uint32(pc.imm>>32)
	i, off, n := uint32(*slot(fp, pc.a+1)), uint32(*slot(fp, pc.a+2)), uint32(*slot(fp, pc.a+3))
	p, trap := t.arrayRange(*slot(fp, pc.a), i, n)
	if trap != 0 {
		return t.trap(pc, trap), fp, acc, mb, ml, t
	}
	if !inside(uint64(off), uint64(n), t.inst.elemCount(seg)) {
		return t.trap(pc, TrapTableOutOfBounds), fp, acc, mb, ml, t
	}
	t.shadeElems(r, p, i, n)
	t.inst.putElems(p, i, seg, off, n)
	return next(pc), fp, acc, mb, ml, t
}

// putElems copies n elements of an element segment from off on into the array at p, from element at on.
func (i *Instance) putElems(p unsafe.Pointer, at, seg, off, n uint32) {
	for k := range n {
		ref, _ := i.elem(seg, int(off+k)) // a passive segment's elements are there
		put64(unsafe.Add(p, headerSize+uintptr(at+k)*8), ref)
	}
}
