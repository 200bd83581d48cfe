package wasm

// tagIndex reads a tag's index and returns the types of what its exceptions carry.
func (v *validator) tagIndex() []ValType {
	off := v.pos
	i := v.u32()
	if v.err == nil && uint64(i) >= uint64(len(v.m.TagTypes)) {
		v.invalid(off, "unknown tag %d", i)
	}
	if v.err != nil {
		return nil
	}
	return v.m.TagType(i).Params
}

// tag validates throw and the legacy catch.
func (v *validator) tag(op Op) {
	params := v.tagIndex()
	if v.err != nil {
		return
	}
	if op == OpThrow {
		v.popAll(params)
		v.unreachable()
		return
	}
	v.catch(op)
	v.pushAll(params)
}

// tryTable validates try_table. Its clauses stand outside of the block: label 0 is the block around.
func (v *validator) tryTable() {
	ft := v.blockType()
	for range v.count(2, maxCatches, "catch clauses") {
		if v.catchClause(); v.err != nil {
			return
		}
	}
	if len(v.ctrl) == cap(v.ctrl) && !v.growBlocks() {
		return
	}
	v.popAll(ft.Params)
	v.openFrame(ft, OpTryTable)
	v.pushAll(ft.Params)
}

// catchClause validates one clause: its label must take what the clause gives.
func (v *validator) catchClause() {
	off := v.pos
	kind := CatchKind(v.byte())
	var types []ValType
	switch kind {
	case CatchTag, CatchTagRef:
		types = v.tagIndex()
	case CatchAll, CatchAllRef:
	default:
		v.malformed(off, "malformed catch clause: %#x", byte(kind))
	}
	label := v.labelTypes()
	if v.err != nil {
		return
	}
	n := len(label)
	ok := true
	if kind == CatchTagRef || kind == CatchAllRef {
		n--
		ok = n >= 0 && v.matches(ExnRef.NonNull(), label[n])
	}
	if !ok || !v.matchesAll(types, label[:n]) {
		given := typeList(types)
		if kind == CatchTagRef || kind == CatchAllRef {
			given += " and " + ExnRef.NonNull().String()
		}
		v.invalid(off, "type mismatch: catch clause gives %s, its label takes %s", given, typeList(label))
	}
}

// catch ends the try or catch before it and opens the next arm of the legacy try.
func (v *validator) catch(op Op) {
	f := &v.ctrl[len(v.ctrl)-1]
	if f.op != byte(OpTry) && f.op != byte(OpCatch) {
		v.malformed(v.at, "unexpected token: %s without try", op)
		return
	}
	v.closeFrame()
	f.op, f.dead = byte(op), false
}

// catchAll validates the legacy catch_all.
func (v *validator) catchAll() { v.catch(OpCatchAll) }

// legacyLabel validates rethrow and delegate.
func (v *validator) legacyLabel(op Op) {
	if op == OpDelegate {
		v.delegate()
		return
	}
	off := v.pos
	i := v.u32()
	switch {
	case v.err != nil:
	case uint64(i) >= uint64(len(v.ctrl)):
		v.invalid(off, "unknown label: invalid rethrow label %d", i)
	default:
		if c := v.ctrl[len(v.ctrl)-1-int(i)].op; c != byte(OpCatch) && c != byte(OpCatchAll) {
			v.invalid(off, "invalid rethrow label %d: not of a catch", i)
		}
	}
	v.unreachable()
}

// delegate ends a try that hands its exceptions to the block with that label, counted outside of the try.
func (v *validator) delegate() {
	if v.ctrl[len(v.ctrl)-1].op != byte(OpTry) {
		v.malformed(v.at, "unexpected token: delegate without try")
		return
	}
	off := v.pos
	if i := v.u32(); v.err == nil && uint64(i) >= uint64(len(v.ctrl)-1) {
		v.invalid(off, "unknown label %d", i)
	}
	if v.err == nil {
		v.endBlock()
	}
}
