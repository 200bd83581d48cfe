package wasm

// unpacked is the type that a field's value has on the operand stack.
func (f FieldType) unpacked() ValType {
	if f.Type.IsPacked() {
		return I32
	}
	return f.Type
}

// typed validates the instructions with a type index and nothing else.
func (v *validator) typed(op Op) {
	off := v.pos
	i := v.u32()
	switch op {
	case OpCallRef, OpReturnCallRef:
		if def := v.defined(off, i, CompFunc); def != nil {
			v.callRef(def, op)
		}
	case OpRefGetDesc:
		v.getDescriptor(off, i)
	case OpStructNew, OpStructNewDefault, OpStructNewDesc, OpStructNewDefaultDesc:
		if def := v.defined(off, i, CompStruct); def != nil {
			v.structNew(off, i, op)
		}
	default:
		if def := v.defined(off, i, CompArray); def != nil {
			v.arrayOf(off, def, op)
		}
	}
}

// structNew validates struct.new and struct.new_default of type i, and their like with a descriptor.
func (v *validator) structNew(off int, i uint32, op Op) {
	def := &v.defs[i]
	described := op == OpStructNewDesc || op == OpStructNewDefaultDesc
	switch {
	case !described && def.Descriptor != 0:
		v.invalid(off, "type with descriptor requires descriptor allocation: %d", i)
	case described && def.Descriptor == 0:
		v.invalid(off, "type without descriptor requires non-descriptor allocation: %d", i)
	case described:
		v.pop(v.descriptorOf(i, true))
	}
	if op == OpStructNew || op == OpStructNewDesc {
		for i := len(def.Fields) - 1; i >= 0 && v.err == nil && !v.bottomless(); i-- {
			v.pop(def.Fields[i].unpacked())
		}
	} else {
		v.checkDefaults(off, def)
	}
	v.push(v.exactly(RefTo(def.Canon, false)))
}

// checkDefaults checks that every field of a structure has a default value, once for each structure: three bytes may
// ask for it, and there can be many fields.
func (v *validator) checkDefaults(off int, def *TypeDef) {
	if v.defaults.has(def.Canon) {
		return
	}
	for i, f := range def.Fields {
		if t := f.unpacked(); !t.Defaultable() {
			v.invalid(off, "type mismatch: field %d of type %v has no default value", i, t)
		}
	}
	if v.err == nil {
		v.defaults.set(def.Canon)
	}
}

// field validates struct.get and its like, and struct.set.
func (v *validator) field(op Op) {
	off := v.pos
	i := v.u32()
	def := v.defined(off, i, CompStruct)
	off = v.pos
	k := v.u32()
	if def == nil || v.err != nil {
		return
	}
	if uint64(k) >= uint64(len(def.Fields)) {
		v.invalid(off, "unknown field %d", k)
		return
	}
	f := def.Fields[k]
	ref := RefTo(def.Canon, true)
	if op == OpStructSet {
		if !f.Mutable {
			v.invalid(off, "immutable field: field is immutable: struct.set %d %d", i, k)
			return
		}
		v.pop(f.unpacked())
		v.pop(ref)
		return
	}
	if !v.checkPacked(f, op != OpStructGet) {
		return
	}
	v.pop(ref)
	v.push(f.unpacked())
}

// checkPacked checks that a field is packed where its sign is asked for, and only there.
func (v *validator) checkPacked(f FieldType, signed bool) bool {
	switch {
	case signed && !f.Type.IsPacked():
		v.mismatch("a packed field", f.Type.String())
	case !signed && f.Type.IsPacked():
		v.mismatch("a field that is not packed", f.Type.String())
	default:
		return true
	}
	return false
}

// arrayOf validates the array instructions with a type index and nothing else.
func (v *validator) arrayOf(off int, def *TypeDef, op Op) {
	f := def.Fields[0]
	ref := RefTo(def.Canon, true)
	switch op {
	case OpArrayNew:
		v.pop(I32)
		v.pop(f.unpacked())
		v.push(v.exactly(ref.NonNull()))
	case OpArrayNewDefault:
		if !f.unpacked().Defaultable() {
			v.invalid(off, "type mismatch: elements of type %v have no default value", f.Type)
			return
		}
		v.pop(I32)
		v.push(v.exactly(ref.NonNull()))
	case OpArrayGet, OpArrayGetS, OpArrayGetU:
		if v.checkPacked(f, op != OpArrayGet) {
			v.pop(I32)
			v.pop(ref)
			v.push(f.unpacked())
		}
	case OpArraySet:
		if v.checkMutable(off, f) {
			v.pop(f.unpacked())
			v.pop(I32)
			v.pop(ref)
		}
	case OpArrayFill:
		if v.checkMutable(off, f) {
			v.pop(I32)
			v.pop(f.unpacked())
			v.pop(I32)
			v.pop(ref)
		}
	}
}

func (v *validator) checkMutable(off int, f FieldType) bool {
	if !f.Mutable {
		v.invalid(off, "immutable array: array is immutable: %s", v.name())
	}
	return f.Mutable
}

// array validates the array instructions with a second immediate.
func (v *validator) array(op Op) {
	off := v.pos
	def := v.defined(off, v.u32(), CompArray)
	if def == nil {
		return
	}
	f := def.Fields[0]
	ref := RefTo(def.Canon, true)
	second := v.pos
	switch op {
	case OpArrayNewFixed:
		n := v.u32()
		if n > maxFields {
			v.limit(second, "too many operands of array.new_fixed: %d, at most %d are supported", n, maxFields)
		}
		for i := uint32(0); i < n && v.err == nil && !v.bottomless(); i++ {
			v.pop(f.unpacked())
		}
		v.push(v.exactly(ref.NonNull()))
		return
	case OpArrayCopy:
		v.arrayCopy(off, f, ref)
		return
	case OpArrayNewData, OpArrayInitData:
		v.dataIndex()
		if f.Type.IsRef() {
			v.invalid(off, "array type is not numeric or vector: %v", f.Type)
		}
	case OpArrayNewElem, OpArrayInitElem:
		if t := v.elem(second, v.u32()); v.err == nil && !v.matches(t, f.Type) {
			v.mismatch("elements of "+f.Type.String(), t.String())
		}
	}
	if v.err != nil {
		return
	}
	if op == OpArrayNewData || op == OpArrayNewElem {
		v.pop(I32)
		v.pop(I32)
		v.push(v.exactly(ref.NonNull()))
		return
	}
	if v.checkMutable(off, f) {
		v.pop(I32)
		v.pop(I32)
		v.pop(I32)
		v.pop(ref)
	}
}

// arrayCopy validates array.copy to an array with elements f, a reference to which is dst.
func (v *validator) arrayCopy(off int, f FieldType, dst ValType) {
	second := v.pos
	src := v.defined(second, v.u32(), CompArray)
	if src == nil || !v.checkMutable(off, f) {
		return
	}
	if t := src.Fields[0].Type; t != f.Type && !v.matches(t, f.Type) {
		v.invalid(second, "array types do not match: elements of %v and of %v", f.Type, t)
		return
	}
	v.pop(I32)
	v.pop(I32)
	v.pop(RefTo(src.Canon, true))
	v.pop(I32)
	v.pop(dst)
}
