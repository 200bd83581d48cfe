package wasm

// defined returns type i, whose index stands at off, which must be of the kind; else it fails and returns nil.
func (v *validator) defined(off int, i uint32, kind CompKind) *TypeDef {
	switch {
	case v.err != nil:
	case uint64(i) >= uint64(len(v.defs)):
		v.invalid(off, "unknown type %d", i)
	case v.defs[i].Kind != kind:
		v.invalid(off, "type mismatch: unknown type: type %d is no %s type", i, kindNames[kind])
	default:
		return &v.defs[i]
	}
	return nil
}

var kindNames = [...]string{CompFunc: "function", CompStruct: "structure", CompArray: "array"}

// refOfFunc is the type of references to function i: before typed references, funcref.
func (v *validator) refOfFunc(i uint32) ValType {
	if !v.features.Has(FeatureFunctionReferences) {
		return FuncRef
	}
	t := RefTo(v.defs[v.m.FuncTypes[i]].Canon, false)
	if int(i) >= v.m.NumImportedFuncs || v.m.exact.has(i) {
		return v.exactly(t)
	}
	return t
}

// exactly is the exact type of references t, where there are such: that of what is made at its type.
func (v *validator) exactly(t ValType) ValType {
	if v.features.Has(FeatureCustomDescriptors) {
		t |= exactRef
	}
	return t
}

// reference validates the instructions without immediates whose types depend on the reference they take.
func (v *validator) reference(op Op) {
	switch op {
	case OpRefAsNonNull:
		v.push(nonNullOf(v.popRef()))
	case OpAnyConvertExtern:
		v.convert(ExternRef, AnyRef)
	case OpExternConvertAny:
		v.convert(AnyRef, ExternRef)
	}
}

// convert takes a reference of one hierarchy and gives one of the other, which can be null if the first can.
func (v *validator) convert(from, to ValType) {
	got := v.popRef()
	switch {
	case v.err != nil:
	case !v.matches(got, from):
		v.mismatch(from.String(), got.String())
	case got == unknownRef || !got.Nullable():
		v.push(to.NonNull())
	default:
		v.push(to)
	}
}

// nonNullOf is t, of an operand, without null.
func nonNullOf(t ValType) ValType {
	if t == unknownRef {
		return t
	}
	return t.NonNull()
}

// branchOnNull validates br_on_null and br_on_non_null, whose label takes the types.
func (v *validator) branchOnNull(op Op, types []ValType) {
	if v.err != nil {
		return
	}
	if op == OpBrOnNull {
		t := v.popRef()
		v.popAll(types)
		v.pushAll(types)
		v.push(nonNullOf(t))
		return
	}
	n := len(types) - 1
	if n < 0 || !types[n].IsRef() {
		v.mismatch("a label that takes a reference", typeList(types))
		return
	}
	v.pop(types[n].AsNullable())
	v.popAll(types[:n])
	v.pushAll(types[:n])
}

// heap validates the instructions that name a heap type.
func (v *validator) heap(op Op) {
	t := v.heapType()
	if op == OpRefNull {
		v.push(t)
		return
	}
	if v.err != nil {
		return
	}
	if op == OpRefCastDescEq || op == OpRefCastDescEqNull {
		if v.popDescriptor(t); v.err != nil {
			return
		}
	}
	// The operand may be of any type that has this one below it. Every reference of the hierarchy is of its top.
	v.pop(TopType(v.defs, t))
	switch op {
	case OpRefTest, OpRefTestNull:
		v.push(I32)
	case OpRefCast, OpRefCastDescEq:
		v.push(t.NonNull())
	case OpRefCastNull, OpRefCastDescEqNull:
		v.push(t)
	}
}

// popDescriptor takes the descriptor with which a cast to t is made: exact where the cast is.
func (v *validator) popDescriptor(t ValType) {
	i, ok := t.TypeIndex()
	if !ok || v.defs[i].Descriptor == 0 {
		v.invalid(v.at, "type %s does not have a descriptor", (t &^ exactRef).HeapName())
		return
	}
	v.pop(v.descriptorOf(i, t.Exact()))
}

// descriptorOf is the nullable type of references to the descriptor of type i.
func (v *validator) descriptorOf(i uint32, exact bool) ValType {
	t := RefTo(v.defs[v.defs[i].Descriptor-1].Canon, true)
	if exact {
		t |= exactRef
	}
	return t
}

// getDescriptor validates ref.get_desc of type i, whose index stands at off.
func (v *validator) getDescriptor(off int, i uint32) {
	switch {
	case v.err != nil:
		return
	case uint64(i) >= uint64(len(v.defs)):
		v.invalid(off, "unknown type %d", i)
		return
	case v.defs[i].Descriptor == 0:
		v.invalid(off, "type without descriptor: ref.get_desc %d", i)
		return
	}
	want := RefTo(v.defs[i].Canon, true)
	got := v.popRef()
	if v.err == nil && !v.matches(got, want) {
		v.mismatch(want.String(), got.String())
		return
	}
	v.push(v.descriptorOf(i, v.matches(got, want|exactRef)).NonNull())
}

// branchOnCast validates br_on_cast, br_on_cast_fail and their like that compare descriptors.
func (v *validator) branchOnCast(op Op) {
	off := v.pos
	flags := v.byte()
	if flags > 3 {
		v.malformed(off, "malformed br_on_cast flags: %#x", flags)
	}
	types := v.labelTypes()
	from, to := v.heapType(), v.heapType()
	if flags&1 == 0 {
		from = from.NonNull()
	}
	if flags&2 == 0 {
		to = to.NonNull()
	}
	if v.err != nil {
		return
	}
	// Custom descriptors did away with the rule that a cast leads down.
	if !v.matches(to, from) && (!v.features.Has(FeatureCustomDescriptors) || TopType(v.defs, to) != TopType(v.defs, from)) {
		v.mismatch("a cast to a subtype of "+from.String(), to.String())
		return
	}
	if op == OpBrOnCastDescEq || op == OpBrOnCastDescEqFail {
		v.popDescriptor(to)
	}
	// Where the cast fails the reference is what it was; null is not among it if the cast takes null.
	rest := from
	if to.Nullable() {
		rest = from.NonNull()
	}
	taken, passed := to, rest
	if op == OpBrOnCastFail || op == OpBrOnCastDescEqFail {
		taken, passed = rest, to
	}
	n := len(types) - 1
	if v.err != nil {
		return
	}
	if n < 0 || !v.matches(taken, types[n]) {
		v.mismatch("a label that takes "+taken.String(), typeList(types))
		return
	}
	v.pop(from)
	v.popAll(types[:n])
	v.pushAll(types[:n])
	v.push(passed)
}

// callRef validates call_ref and return_call_ref, of a function type.
func (v *validator) callRef(def *TypeDef, op Op) {
	v.pop(RefTo(def.Canon, true))
	v.call(&def.FuncType, op == OpReturnCallRef)
}
