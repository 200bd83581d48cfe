package wasm

import "math"

const (
	maxMemoryPages32 = 1 << 16
	maxMemoryPages64 = 1 << 48
	maxTableSize32   = math.MaxUint32
)

// Bytes that begin a reference type (specification 5.3.4): the first is the code of typed references.
const (
	refNullForm = byte(typedRef) // ref null ht
	refForm     = 0x64           // ref ht
	exactForm   = 0x62           // before the index of a heap type that is exact
)

// typeReader reads what may name types. Indices become canonical where they are read; those into the recursion group
// at hand, whose types are not known yet, stay as they are until the group is read.
type typeReader struct {
	reader
	features Features
	defs     []TypeDef // read so far
	first    uint32    // of the recursion group at hand; behind the type section the number of types
	behind   uint32    // index behind the recursion group at hand
}

// setTypes says that the type section is read.
func (r *typeReader) setTypes(defs []TypeDef) {
	r.defs, r.first, r.behind = defs, uint32(len(defs)), uint32(len(defs))
}

// valType reads a value type (specification 5.3.5).
func (r *typeReader) valType() ValType {
	off := r.pos
	t := ValType(r.byte())
	switch {
	case t.IsNum():
		return t
	case t == V128:
		r.need(off, r.features, FeatureSIMD, "value type v128")
		return t
	case t == FuncRef:
		r.need(off, r.features, FeatureReferenceTypes, "value type %v", t)
		return t
	}
	return r.reference(off, t, "malformed value type")
}

// refType reads a reference type.
func (r *typeReader) refType() ValType {
	off := r.pos
	return r.reference(off, ValType(r.byte()), "malformed reference type")
}

// reference reads a reference type that begins with the byte c at off.
func (r *typeReader) reference(off int, c ValType, malformed string) ValType {
	if c == ValType(refNullForm) || c == refForm {
		r.need(off, r.features, FeatureFunctionReferences, "a reference type written out")
		t := r.heapType()
		if c == refForm {
			t = t.NonNull()
		}
		return t
	}
	if !r.abstract(off, c) {
		r.malformed(off, "%s: %#x", malformed, uint32(c))
		return FuncRef
	}
	return c
}

// heapType reads a heap type (specification 5.3.3) and returns it as the nullable reference to it.
func (r *typeReader) heapType() ValType {
	off := r.pos
	if off < r.end {
		if c := ValType(r.b[off]); r.abstract(off, c) {
			r.pos++
			return c
		}
	}
	exact := ValType(0)
	if off < r.end && r.b[off] == exactForm && r.need(off, r.features, FeatureCustomDescriptors, "an exact reference") {
		r.pos++
		exact = exactRef
	}
	i := r.signed(33)
	if i < 0 {
		r.malformed(off, "malformed heap type: malformed storage type: %d", i)
		return FuncRef
	}
	if r.err != nil || !r.need(off, r.features, FeatureFunctionReferences, "a reference to type %d", i) {
		return FuncRef
	}
	return RefTo(r.canon(off, uint32(i)), true) | exact
}

// abstract tells whether c is the code of an abstract heap type, and fails if that needs a feature that is off.
func (r *typeReader) abstract(off int, c ValType) bool {
	if c < abstractRefLow || c > abstractRefHigh {
		return false
	}
	feature := FeatureGC
	switch c {
	case FuncRef:
		return true
	case ExternRef:
		feature = FeatureReferenceTypes
	case ExnRef, NoExnRef:
		feature = FeatureExceptions
	}
	if !r.features.Has(feature) {
		r.need(off, r.features, feature, "%v", c)
	}
	return true
}

// canon is the canonical index of type i, whose index stands at off.
func (r *typeReader) canon(off int, i uint32) uint32 {
	switch {
	case i < r.first:
		return r.defs[i].Canon
	case i < r.behind:
		r.need(off, r.features, FeatureGC, "a type that names one of its own recursion group")
		return i
	}
	r.invalid(off, "unknown type %d", i)
	return 0
}

// storageType reads the type of a field (specification 5.3.8).
func (r *typeReader) storageType() ValType {
	if r.pos < r.end {
		if t := ValType(r.b[r.pos]); t.IsPacked() {
			r.pos++
			return t
		}
	}
	off := r.pos
	t := ValType(r.byte())
	if t.IsNum() || t == V128 || t == FuncRef {
		r.pos = off
		return r.valType()
	}
	return r.reference(off, t, "malformed storage type")
}

func (r *typeReader) mutability() bool {
	off := r.pos
	c := r.byte()
	if c > 1 {
		r.malformed(off, "malformed mutability: %#x", c)
	}
	return c == 1
}

// typeIndex reads the index of a function type.
func (d *decoder) typeIndex() uint32 {
	off := d.pos
	i := d.u32()
	if d.index(off, i, len(d.m.Types), "type") && d.m.Types[i].Kind != CompFunc {
		d.invalid(off, "unknown type: type mismatch: type %d is no function type", i)
	}
	return i
}

func (d *decoder) tableType() TableType {
	t := TableType{Elem: d.refType()}
	off := d.pos
	l := d.limits(limitMax | limit64)
	t.Limits = l.Limits
	if size := max(t.Min, t.Max); size > maxTableSize32 && !t.Is64 {
		d.invalid(off, "table size must be at most 2**32-1 elements: %d", size)
	}
	return t
}

func (d *decoder) memoryType() MemoryType {
	off := d.pos
	t := d.limits(limitMax | limitShared | limit64 | limitPageSize)
	switch size := max(t.Min, t.Max); {
	case t.OneByte && !t.Is64 && size > math.MaxUint32:
		d.invalid(off, "memory size must be at most 2**32-1 pages: %d", size)
	case t.OneByte:
	case !t.Is64 && size > maxMemoryPages32:
		d.invalid(off, "memory size must be at most 65536 pages (4GiB): %d", size)
	case t.Is64 && size > maxMemoryPages64:
		d.invalid(off, "memory size must be at most 2**48 pages: %d", size)
	}
	return t
}

// Bits of the flags of limits.
const (
	limitMax      = 1 << iota // a maximum follows
	limitShared               // shared between threads
	limit64                   // 64-bit
	limitPageSize             // behind the limits stands the base-2 logarithm of the page size
)

// limits reads limits (specification 5.3.9) whose flags may be those of allowed, and what a memory adds to them.
func (d *decoder) limits(allowed byte) MemoryType {
	off := d.pos
	flags := d.byte()
	if flags&^allowed != 0 {
		d.malformed(off, "malformed limits flags: %#x", flags)
		return MemoryType{}
	}
	l := MemoryType{Shared: flags&limitShared != 0}
	l.HasMax, l.Is64 = flags&limitMax != 0, flags&limit64 != 0
	if l.Is64 {
		d.need(off, d.features, FeatureMemory64, "a 64-bit memory or table")
	}
	if l.Shared {
		d.need(off, d.features, FeatureThreads, "a shared memory")
	}
	if flags&limitPageSize != 0 {
		d.need(off, d.features, FeatureCustomPageSizes, "a memory with a page size")
	}
	l.Min = d.limit64()
	if l.HasMax {
		l.Max = d.limit64()
		if l.Max < l.Min && d.err == nil {
			d.invalid(off, "size minimum must not be greater than maximum: %d and %d", l.Min, l.Max)
		}
	} else if l.Shared {
		d.invalid(off, "shared memory must have maximum")
	}
	if flags&limitPageSize != 0 {
		l.OneByte = d.pageSize()
	}
	return l
}

// pageSize reads the logarithm of a page size, and tells whether pages are of one byte.
func (d *decoder) pageSize() bool {
	off := d.pos
	switch log := d.u32(); {
	case log >= 64:
		d.malformed(off, "invalid custom page size: 2**%d", log)
	case log != 0 && log != 16:
		d.invalid(off, "invalid custom page size: 2**%d, not 1 or 65536", log)
	default:
		return log == 0
	}
	return false
}

// limit64 reads one of the limits, which memory64 made 64 bits wide even where addresses are not.
func (d *decoder) limit64() uint64 {
	if d.features.Has(FeatureMemory64) {
		return d.u64()
	}
	return uint64(d.u32())
}

func (d *decoder) globalType() GlobalType {
	t := GlobalType{Type: d.valType()}
	t.Mutable = d.mutability()
	return t
}
