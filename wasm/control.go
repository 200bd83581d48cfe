package wasm

// frame is an open block. Its operands lie above height.
type frame struct {
	typ    *FuncType
	height int32
	sets   uint16 // how many locals without an initial value were set before it; there are at most maxLocals
	op     byte   // the instruction that began it, or OpElse, OpCatch or OpCatchAll
	dead   bool   // the rest of the block cannot be reached
}

// label is the types that a branch to the block carries: a loop is entered anew, any other block is left.
func (f *frame) label() []ValType {
	if f.op == byte(OpLoop) {
		return f.typ.Params
	}
	return f.typ.Results
}

// blockTypes are the block types that are written as a value type, by its code; at 0x40 the empty one.
var blockTypes = func() (t [0x80]*FuncType) {
	t[0x40] = new(FuncType)
	for _, r := range []ValType{I32, I64, F32, F64, V128} {
		t[r] = &FuncType{Results: []ValType{r}}
	}
	for r := abstractRefLow; r <= abstractRefHigh; r++ {
		t[r] = &FuncType{Results: []ValType{r}}
	}
	return t
}()

// blockTypeOf is the block type with one result.
func (v *validator) blockTypeOf(t ValType) *FuncType {
	if t <= I32 && t != typedRef {
		return blockTypes[t]
	}
	ft := v.refBlocks[t]
	if ft == nil {
		if v.refBlocks == nil {
			v.refBlocks = make(map[ValType]*FuncType)
		}
		ft = &FuncType{Results: []ValType{t}}
		v.refBlocks[t] = ft
	}
	return ft
}

// blockType reads a block type (specification 5.4.1): one byte for none or one result, or a type's index as a signed
// 33-bit number.
func (v *validator) blockType() *FuncType {
	off := v.pos
	if off < v.end {
		if c := v.b[off]; c&0xC0 == 0x40 {
			if c == 0x40 {
				v.pos++
				return blockTypes[c]
			}
			t := v.valType()
			if v.err != nil {
				return blockTypes[0x40]
			}
			return v.blockTypeOf(t)
		}
	}
	i := v.signed(33)
	if v.err == nil && i < 0 {
		v.malformed(off, "malformed block type")
	}
	if v.err == nil && i >= int64(len(v.m.Types)) {
		v.invalid(off, "unknown type %d", i)
	}
	if v.err == nil && v.m.Types[i].Kind != CompFunc {
		v.invalid(off, "unknown type: type mismatch: type %d is no function type", i)
	}
	if v.err != nil || !v.need(off, v.features, FeatureMultiValue, "a block type by index") {
		return blockTypes[0x40]
	}
	return &v.m.Types[i].FuncType
}

// block validates block, loop and if.
func (v *validator) block(op Op) {
	ft := v.blockType()
	if op == OpIf {
		v.pop(I32)
	}
	if len(v.ctrl) == cap(v.ctrl) && !v.growBlocks() {
		return
	}
	v.popAll(ft.Params)
	v.openFrame(ft, op)
	v.pushAll(ft.Params)
}

// openFrame opens a block; there is room for it.
func (v *validator) openFrame(ft *FuncType, op Op) {
	v.base = len(v.vals)
	v.ctrl = append(v.ctrl, frame{typ: ft, height: int32(v.base), sets: uint16(len(v.sets)), op: byte(op)})
}

// growBlocks makes room for another block, or fails. The capacity never goes beyond the limit, so that whoever finds
// room need not ask for the limit.
func (v *validator) growBlocks() bool {
	if len(v.ctrl) >= maxNesting {
		v.limit(v.at, "blocks nested too deep: at most %d are supported", maxNesting)
		return false
	}
	ctrl := make([]frame, len(v.ctrl), min(2*cap(v.ctrl), maxNesting))
	copy(ctrl, v.ctrl)
	v.ctrl = ctrl
	return true
}

// closeFrame checks that the block at hand leaves its results and nothing else, and takes them. What it set of locals
// without an initial value is undone.
func (v *validator) closeFrame() {
	f := &v.ctrl[len(v.ctrl)-1]
	results := f.typ.Results
	if int(f.sets) != len(v.sets) {
		v.unset(int(f.sets))
	}
	if len(v.vals)-v.base > len(results) {
		v.invalid(v.at, "type mismatch: %s expects %s, found %s", v.name(), typeList(results), v.describe())
		return
	}
	v.popAll(results)
}

// elseBranch starts the other arm of an if.
func (v *validator) elseBranch() {
	f := &v.ctrl[len(v.ctrl)-1]
	if f.op != byte(OpIf) {
		v.malformed(v.at, "else without if")
		return
	}
	v.closeFrame()
	f.op, f.dead = byte(OpElse), false
	v.pushAll(f.typ.Params)
}

// endBlock closes the block at hand.
func (v *validator) endBlock() {
	f := v.ctrl[len(v.ctrl)-1]
	v.closeFrame()
	if v.err != nil {
		return
	}
	if f.op == byte(OpIf) && !v.matchesAll(f.typ.Params, f.typ.Results) {
		v.invalid(v.at, "type mismatch: if without else has type %v", f.typ)
		return
	}
	v.ctrl = v.ctrl[:len(v.ctrl)-1]
	if n := len(v.ctrl); n > 0 {
		v.base = int(v.ctrl[n-1].height)
		v.pushAll(f.typ.Results)
	}
}

// unreachable says that what follows in the block cannot be reached: its operands can be anything.
func (v *validator) unreachable() {
	v.vals = v.vals[:v.base]
	v.ctrl[len(v.ctrl)-1].dead = true
}

// labelTypes reads a label and returns the types a branch to it carries.
func (v *validator) labelTypes() []ValType {
	off := v.pos
	i := v.u32()
	if uint64(i) >= uint64(len(v.ctrl)) {
		v.invalid(off, "unknown label %d", i)
		return nil
	}
	return v.ctrl[len(v.ctrl)-1-int(i)].label()
}

// branch validates the instructions with one label.
func (v *validator) branch(op Op) {
	if op == OpRethrow || op == OpDelegate {
		v.legacyLabel(op)
		return
	}
	types := v.labelTypes()
	switch op {
	case OpBr:
		v.popAll(types)
		v.unreachable()
	case OpBrIf:
		v.pop(I32)
		v.popAll(types)
		v.pushAll(types)
	default:
		v.branchOnNull(op, types)
	}
}

// branchTable validates br_table. All its labels must take the operands that are there; where those are unknown, the
// labels may differ, as long as their number agrees.
func (v *validator) branchTable() {
	n := v.u32()
	if uint64(n) >= uint64(v.left()) {
		v.malformed(v.pos, "unexpected end of section or function: br_table of %d labels", n)
		return
	}
	v.pop(I32)
	var first []ValType
	for i := range n + 1 {
		types := v.labelTypes()
		if v.err != nil {
			return
		}
		if i > 0 {
			if len(types) != len(first) {
				v.invalid(v.at, "type mismatch: br_table has labels of %s and %s", typeList(first), typeList(types))
				return
			}
			if len(types) == 0 || &types[0] == &first[0] {
				continue
			}
		}
		first = types
		v.checkTop(types)
	}
	v.popAll(first)
	v.unreachable()
}

// funcIndex validates call, return_call and ref.func.
func (v *validator) funcIndex(op Op) {
	off := v.pos
	i := v.u32()
	if uint64(i) >= uint64(len(v.m.FuncTypes)) {
		v.invalid(off, "unknown function %d", i)
		return
	}
	if op == OpRefFunc {
		if v.isConst {
			v.declared.set(i)
		} else if !v.declared.has(i) {
			v.invalid(off, "undeclared function reference %d", i)
		}
		v.push(v.refOfFunc(i))
		return
	}
	v.call(v.m.FuncType(i), op == OpReturnCall)
}

// callIndirect validates call_indirect and return_call_indirect.
func (v *validator) callIndirect(op Op) {
	off := v.pos
	typ := v.u32()
	table := v.tableIndex()
	if v.err != nil {
		return
	}
	if v.defined(off, typ, CompFunc) == nil {
		return
	}
	if !v.matches(table.Elem, FuncRef) {
		v.mismatch("a table of funcref", table.Elem.String())
		return
	}
	v.pop(table.AddrType())
	v.call(&v.m.Types[typ].FuncType, op == OpReturnCallIndirect)
}

// call applies a function's type; a tail call must leave the results of the function it stands in.
func (v *validator) call(ft *FuncType, tail bool) {
	if tail && !v.matchesAll(ft.Results, v.typ.Results) {
		v.mismatch("a function with results "+typeList(v.typ.Results), typeList(ft.Results))
		return
	}
	v.popAll(ft.Params)
	if tail {
		v.unreachable()
	} else {
		v.pushAll(ft.Results)
	}
}

// selectUntyped validates the select of the first version, whose operands are numbers of one type.
func (v *validator) selectUntyped() {
	v.pop(I32)
	a := v.popAny()
	b := v.popAny()
	switch {
	case a.IsRef() || b.IsRef() || a == unknownRef || b == unknownRef:
		v.mismatch("numbers", a.String()+" and "+b.String())
	case a == unknown:
		v.push(b)
	case b != unknown && a != b:
		v.mismatch("operands of one type", b.String()+" and "+a.String())
	default:
		v.push(a)
	}
}

// selectTyped validates select with its type written.
func (v *validator) selectTyped() {
	off := v.pos
	if n := v.u32(); v.err == nil && n != 1 {
		v.invalid(off, "invalid result arity: select of %d types", n)
		return
	}
	t := v.valType()
	v.pop(I32)
	v.pop(t)
	v.pop(t)
	v.push(t)
}
