package wasm

// Heap types form four hierarchies (specification 3.3.3): of any, func, extern and exn, each with a type below all its
// others. A defined type stands below its supertypes, and below struct, array or func.

// heapSupers are the abstract heap types that each one is a subtype of, itself among them: bit 0 is for the lowest code.
var heapSupers = func() (t [abstractRefHigh - abstractRefLow + 1]uint16) {
	for sub, supers := range map[ValType][]ValType{
		AnyRef: {}, EqRef: {AnyRef}, I31Ref: {EqRef, AnyRef}, StructRef: {EqRef, AnyRef}, ArrayRef: {EqRef, AnyRef},
		NullRef: {I31Ref, StructRef, ArrayRef, EqRef, AnyRef},
		FuncRef: {}, NullFuncRef: {FuncRef}, ExternRef: {}, NullExternRef: {ExternRef}, ExnRef: {}, NoExnRef: {ExnRef},
	} {
		for _, super := range append(supers, sub) {
			t[sub-abstractRefLow] |= 1 << (super - abstractRefLow)
		}
	}
	return t
}()

// kindHeap is the abstract heap type that the defined types of a kind are subtypes of.
var kindHeap = [...]ValType{CompFunc: FuncRef, CompStruct: StructRef, CompArray: ArrayRef}

// Matches tells whether each value of type sub is one of type super (specification 3.3.5). Both are value types of
// the module.
func (m *Module) Matches(sub, super ValType) bool {
	return sub == super || MatchTypes(m.Types, sub, super)
}

// MatchTypes is [Module.Matches] for value types whose indices are into defs.
func MatchTypes(defs []TypeDef, sub, super ValType) bool {
	switch {
	case sub == super || sub == unknown:
		return true
	case sub == unknownRef:
		return super.IsRef()
	case !sub.IsRef() || !super.IsRef() || sub.Nullable() && !super.Nullable():
		return false
	}
	return matchHeap(defs, sub, super)
}

// matchHeap compares the heap types of two references.
func matchHeap(defs []TypeDef, sub, super ValType) bool {
	a, subDefined := sub.TypeIndex()
	b, superDefined := super.TypeIndex()
	switch {
	case subDefined && superDefined && super.Exact():
		return sub.Exact() && a == b
	case subDefined && superDefined:
		return MatchDefined(defs, a, b)
	case subDefined:
		sub = kindHeap[defs[a].Kind]
	case superDefined && defs[b].Kind == CompFunc:
		return sub&codeMask == NullFuncRef
	case superDefined:
		return sub&codeMask == NullRef
	}
	return heapSupers[sub&codeMask-abstractRefLow]&(1<<(super&codeMask-abstractRefLow)) != 0
}

// MatchDefined tells whether type sub of defs is type super or a subtype of it.
func MatchDefined(defs []TypeDef, sub, super uint32) bool {
	sub, super = defs[sub].Canon, defs[super].Canon
	for sub != super {
		above := defs[sub].Super
		if above < 0 {
			return false
		}
		sub = defs[above].Canon
	}
	return true
}

// TopType is the nullable reference to the top of t's hierarchy, which all references are of that can be compared with
// one of type t: AnyRef, FuncRef, ExternRef or ExnRef. The type t is a reference type whose index is into defs.
func TopType(defs []TypeDef, t ValType) ValType {
	if i, ok := t.TypeIndex(); ok {
		t = kindHeap[defs[i].Kind]
	}
	switch t & codeMask {
	case FuncRef, NullFuncRef:
		return FuncRef
	case ExternRef, NullExternRef:
		return ExternRef
	case ExnRef, NoExnRef:
		return ExnRef
	}
	return AnyRef
}

// matchAll tells whether each type of sub matches its counterpart in super.
func matchAll(defs []TypeDef, sub, super []ValType) bool {
	if len(sub) != len(super) {
		return false
	}
	for i := range sub {
		if sub[i] != super[i] && !MatchTypes(defs, sub[i], super[i]) {
			return false
		}
	}
	return true
}

// matchComp tells whether the contents of sub are those of a subtype of super (specification 3.3.10).
func matchComp(defs []TypeDef, sub, super *TypeDef) bool {
	switch {
	case sub.Kind != super.Kind || len(sub.Fields) < len(super.Fields):
		return false
	case sub.Kind == CompFunc:
		return matchAll(defs, super.Params, sub.Params) && matchAll(defs, sub.Results, super.Results)
	}
	for i, f := range super.Fields {
		if !matchField(defs, sub.Fields[i], f) {
			return false
		}
	}
	return true
}

// matchField compares two fields: what can be written must be of the same type.
func matchField(defs []TypeDef, sub, super FieldType) bool {
	if sub.Mutable != super.Mutable {
		return false
	}
	return sub.Type == super.Type || !sub.Mutable && MatchTypes(defs, sub.Type, super.Type)
}

// matches is [Module.Matches] for operands, which may be unknown. It remembers matches, because a way up of many
// supertypes is long, and a call of two bytes may ask for a thousand.
func (v *validator) matches(sub, super ValType) bool {
	if sub == super || sub == unknown {
		return true
	}
	if sub&codeMask != typedRef || super&codeMask != typedRef {
		return MatchTypes(v.defs, sub, super)
	}
	if v.matched == nil {
		v.matched = new([matchCache][2]ValType)
	}
	known := &v.matched[(sub>>indexShift*31+super>>indexShift)%matchCache]
	if *known == [2]ValType{sub, super} {
		return true
	}
	ok := MatchTypes(v.defs, sub, super)
	if ok {
		*known = [2]ValType{sub, super}
	}
	return ok
}

// matchesAll tells whether each type of sub matches its counterpart in super.
func (v *validator) matchesAll(sub, super []ValType) bool {
	if len(sub) != len(super) {
		return false
	}
	for i := range sub {
		if !v.matches(sub[i], super[i]) {
			return false
		}
	}
	return true
}
