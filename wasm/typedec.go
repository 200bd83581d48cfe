package wasm

import "math"

const (
	maxMemoryPages32 = 1 << 16
	maxMemoryPages64 = 1 << 48
	maxTableSize32   = math.MaxUint32
)

// valType reads a value type (specification 5.3.5).
func (r *reader) valType(f Features) ValType {
	off := r.pos
	switch t := ValType(r.byte()); t {
	case I32, I64, F32, F64:
		return t
	case FuncRef, ExternRef:
		r.need(off, f, FeatureReferenceTypes, "value type %v", t)
		return t
	default:
		r.malformed(off, "malformed value type: %#x", uint32(t))
		return I32
	}
}

// refType reads a reference type, or the heap type of ref.null, which has the same codes.
func (r *reader) refType(f Features) ValType {
	off := r.pos
	switch t := ValType(r.byte()); t {
	case FuncRef:
		return t
	case ExternRef:
		r.need(off, f, FeatureReferenceTypes, "%v", t)
		return t
	default:
		r.malformed(off, "malformed reference type: %#x", uint32(t))
		return FuncRef
	}
}

func (d *decoder) typeIndex() uint32 {
	off := d.pos
	i := d.u32()
	d.index(off, i, len(d.m.Types), "type")
	return i
}

func (d *decoder) tableType() TableType {
	t := TableType{Elem: d.refType(d.features)}
	off := d.pos
	t.Limits = d.limits()
	if size := max(t.Min, t.Max); size > maxTableSize32 && !t.Is64 {
		d.invalid(off, "table size must be at most 2**32-1 elements: %d", size)
	}
	return t
}

func (d *decoder) memoryType() MemoryType {
	off := d.pos
	t := MemoryType{Limits: d.limits()}
	switch size := max(t.Min, t.Max); {
	case !t.Is64 && size > maxMemoryPages32:
		d.invalid(off, "memory size must be at most 65536 pages (4GiB): %d", size)
	case t.Is64 && size > maxMemoryPages64:
		d.invalid(off, "memory size must be at most 2**48 pages: %d", size)
	}
	return t
}

// limits reads limits (specification 5.3.9). Bits of the flags: 0 a maximum follows, 1 shared between threads, 2 64-bit.
func (d *decoder) limits() Limits {
	const (
		hasMax = 1 << iota
		shared
		is64
	)
	off := d.pos
	flags := d.byte()
	if flags&^(hasMax|is64) != 0 {
		d.malformed(off, "malformed limits flags: %#x", flags)
		return Limits{}
	}
	l := Limits{HasMax: flags&hasMax != 0, Is64: flags&is64 != 0}
	if l.Is64 {
		d.need(off, d.features, FeatureMemory64, "a 64-bit memory or table")
	}
	l.Min = d.limit64()
	if l.HasMax {
		l.Max = d.limit64()
		if l.Max < l.Min && d.err == nil {
			d.invalid(off, "size minimum must not be greater than maximum: %d and %d", l.Min, l.Max)
		}
	}
	return l
}

// limit64 reads one of the limits, which memory64 made 64 bits wide even where addresses are not.
func (d *decoder) limit64() uint64 {
	if d.features.Has(FeatureMemory64) {
		return d.u64()
	}
	return uint64(d.u32())
}

func (d *decoder) globalType() GlobalType {
	t := GlobalType{Type: d.valType(d.features)}
	off := d.pos
	switch c := d.byte(); c {
	case 0:
	case 1:
		t.Mutable = true
	default:
		d.malformed(off, "malformed mutability: %#x", c)
	}
	return t
}
