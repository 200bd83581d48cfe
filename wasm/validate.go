package wasm

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// validator checks one function body or constant expression after another by the algorithm of the specification's
// appendix (7.3): it keeps the types of the operands and the blocks that are open, and reads each instruction once.
// It allocates nothing for an instruction, and its stacks serve all the bodies it is given.
type validator struct {
	typeReader
	m *Module

	at int // offset of the instruction at hand

	vals []ValType // operand stack; unknown where unreachable code took an operand from nowhere
	ctrl []frame   // open blocks, the function's own first
	base int       // ctrl's last frame's height: operands below it belong to the blocks around

	typ    *FuncType // of the body
	locals locals
	isSet  bitset   // the locals that have no initial value and were set
	sets   []uint32 // the same in the order in which they were set

	refBlocks map[ValType]*FuncType // types of blocks with one result whose type is more than a code

	declared *bitset // functions that ref.func may name in a body

	mem32   bool // memory 0 is there and 32-bit
	isConst bool // the body is a constant expression
	globals int  // in a constant expression: the globals that it may read

	stepwise bool // common has no part in it

	defaults bitset                  // structures whose fields all have default values
	matched  *[matchCache][2]ValType // subtypes and supertypes that were found to match; nil until there are any
}

// validateBodies validates the code section's bodies, in parallel when there is much of it. Of several errors it
// returns that of the first function.
func validateBodies(m *Module, f Features, declared *bitset) *Error {
	size := 0
	for i := range m.Code {
		size += len(m.Code[i].Body)
	}
	workers := min(runtime.GOMAXPROCS(0), size/parallelBytes)
	if workers <= 1 {
		v := newValidator(m, f, declared)
		for i := range m.Code {
			if v.function(i); v.err != nil {
				return v.err
			}
		}
		return nil
	}
	return validateParallel(m, f, declared, workers)
}

// validateParallel hands out runs of functions in order. A worker stops at the first error in its run, and starts no
// run behind an error that is known: so every function before the first bad one is validated, whoever gets it.
func validateParallel(m *Module, f Features, declared *bitset, workers int) *Error {
	const run = 32
	var (
		next  atomic.Int64
		first atomic.Int64 // the first function known to be bad
		mu    sync.Mutex
		found *Error
		wg    sync.WaitGroup
	)
	first.Store(math.MaxInt64)
	work := func() {
		v := newValidator(m, f, declared)
		for {
			from := next.Add(run) - run
			if from >= int64(len(m.Code)) || from > first.Load() {
				return
			}
			for i := from; i < min(from+run, int64(len(m.Code))); i++ {
				v.function(int(i))
				if v.err == nil {
					continue
				}
				mu.Lock()
				if i < first.Load() {
					first.Store(i)
					found = v.err
				}
				mu.Unlock()
				v.err = nil
				break
			}
		}
	}
	for range workers {
		wg.Go(work)
	}
	wg.Wait()
	return found
}

func newValidator(m *Module, f Features, declared *bitset) *validator {
	v := &validator{
		mem32:    len(m.MemoryTypes) > 0 && !m.MemoryTypes[0].Is64,
		m:        m,
		vals:     make([]ValType, 0, 64),
		ctrl:     make([]frame, 0, 16),
		declared: declared,
	}
	v.typeReader = typeReader{reader: reader{b: m.Bytes, section: "code", fn: -1}, features: f}
	v.setTypes(m.Types)
	return v
}

// function validates defined function i.
func (v *validator) function(i int) {
	v.begin(i)
	v.run()
	if v.err == nil && v.pos != v.end {
		v.malformed(v.pos, "section size mismatch: %d bytes after the function's end", v.end-v.pos)
	}
}

// begin comes to the first instruction of defined function i.
func (v *validator) begin(i int) {
	c := &v.m.Code[i]
	ft := &v.m.Types[v.m.Funcs[i]].FuncType
	v.fn = v.m.NumImportedFuncs + i
	v.pos, v.end = int(c.Offset), int(c.Offset)+len(c.Body)
	v.locals.set(ft.Params, c.Locals, len(c.Body))
	v.unset(0)
	v.open(ft)
}

// constant validates a constant expression that must give one value of type want, from pos on, and leaves pos behind it.
func (v *validator) constant(want ValType, globals int) {
	v.isConst, v.stepwise, v.globals = true, true, globals
	v.open(v.blockTypeOf(want))
	v.run()
}

// open starts with empty stacks and the block that is a body.
func (v *validator) open(ft *FuncType) {
	v.typ, v.base = ft, 0
	v.vals = v.vals[:0]
	v.ctrl = append(v.ctrl[:0], frame{typ: ft, op: byte(OpBlock)})
}

// run validates instructions until the last block is closed.
func (v *validator) run() {
	for len(v.ctrl) > 0 && v.err == nil {
		if !v.stepwise {
			v.common()
		}
		v.step()
	}
}

// step validates one instruction by the opcode table.
func (v *validator) step() {
	v.at = v.pos
	if v.at >= v.end {
		v.noEnd()
		return
	}
	info := ops1[v.byte()]
	if info == nil {
		if info = v.prefixed(); info == nil {
			return
		}
	}
	if !v.features.Has(info.Feature) && (info.Op != OpThrow || !v.features.Has(FeatureLegacyExceptions)) {
		v.need(v.at, v.features, info.Feature, "%s", info.Name)
		return
	}
	if v.isConst && !v.constAllowed(info) {
		return
	}
	switch info.Imm {
	case ImmNone:
		if info.Fixed {
			v.fixed(info, 0)
		} else {
			v.plain(info.Op)
		}
	case ImmLocal:
		v.local(info.Op)
	case ImmI32:
		v.s32()
		v.push(I32)
	case ImmI64:
		v.s64()
		v.push(I64)
	case ImmF32:
		v.skip(4)
		v.push(F32)
	case ImmF64:
		v.skip(8)
		v.push(F64)
	case ImmMemarg:
		v.fixed(info, v.memarg(info.Align))
	case ImmBlock:
		v.block(info.Op)
	case ImmLabel:
		v.branch(info.Op)
	case ImmLabels:
		v.branchTable()
	case ImmFunc:
		v.funcIndex(info.Op)
	case ImmTypeTable:
		v.callIndirect(info.Op)
	case ImmGlobal:
		v.global(info.Op)
	default:
		v.rare(info)
	}
}

// noEnd fails because the body's bytes are over and a block is open.
func (v *validator) noEnd() {
	if v.end < len(v.b) && v.b[v.end] == byte(OpEnd) {
		v.malformed(v.at, "unexpected end of section or function: END opcode expected, section size mismatch: it stands behind")
	}
	v.malformed(v.at, "unexpected end of section or function: END opcode expected")
}

// name is the name of the instruction at hand. Errors alone need it, and so no instruction pays for having it ready.
func (v *validator) name() string {
	if info := ops1[v.b[v.at]]; info != nil {
		return info.Name
	}
	r := reader{b: v.b, pos: v.at + 1, end: v.end}
	return (Op(v.b[v.at])<<16 | Op(r.u32())).String()
}

// rare validates the instructions that are few in any program.
func (v *validator) rare(info *OpInfo) {
	switch info.Imm {
	case ImmTypes:
		v.selectTyped()
	case ImmHeapType:
		v.heap(info.Op)
	case ImmCast:
		v.branchOnCast(info.Op)
	case ImmType:
		v.typed(info.Op)
	case ImmTypeField:
		v.field(info.Op)
	case ImmTypeType, ImmTypeCount, ImmTypeData, ImmTypeElem:
		v.array(info.Op)
	case ImmTag:
		v.tag(info.Op)
	case ImmTryTable:
		v.tryTable()
	case ImmMemargAtomic:
		v.atomic(info)
	case ImmMemargLane, ImmLane, ImmShuffle:
		v.lane(info)
	case ImmV128:
		v.skip(16)
		v.push(V128)
	case ImmFence:
		off := v.pos
		if c := v.byte(); c != 0 {
			v.malformed(off, "zero byte expected: %#x", c)
		}
	case ImmMemory:
		v.fixed(info, v.memoryIndex())
	case ImmDataMemory:
		off, i := v.pos, v.u32()
		addr := v.memoryIndex()
		v.checkData(off, i)
		v.fixed(info, addr)
	case ImmData:
		v.dataIndex()
	case ImmMemoryMemory:
		dst, src := v.memoryIndex(), v.memoryIndex()
		v.copy(dst, src)
	case ImmTable, ImmElemTable, ImmTableTable, ImmElem:
		v.table(info)
	}
}

// plain validates the instructions without immediates whose types depend on what stands around them.
func (v *validator) plain(op Op) {
	switch op {
	case OpUnreachable:
		v.unreachable()
	case OpElse:
		v.elseBranch()
	case OpEnd:
		v.endBlock()
	case OpReturn:
		v.popAll(v.typ.Results)
		v.unreachable()
	case OpDrop:
		v.popAny()
	case OpSelect:
		v.selectUntyped()
	case OpRefIsNull:
		v.popRef()
		v.push(I32)
	case OpCatchAll:
		v.catchAll()
	case OpThrowRef:
		v.pop(ExnRef)
		v.unreachable()
	default:
		v.reference(op)
	}
}

// prefixed reads the sub-opcode behind a prefix byte. It returns nil, and an error stands, if there is no such instruction.
func (v *validator) prefixed() *OpInfo {
	if v.err != nil {
		return nil
	}
	prefix := v.b[v.at]
	if prefix < 0xFB || prefix > 0xFE {
		v.malformed(v.at, "illegal opcode %02x", prefix)
		return nil
	}
	sub := v.u32()
	if sub < 1<<16 {
		if info := (Op(prefix)<<16 | Op(sub)).Info(); info != nil {
			return info
		}
	}
	v.malformed(v.at, "illegal opcode %02x %02x", prefix, sub)
	return nil
}

// constAllowed tells whether the instruction at hand may stand in a constant expression.
func (v *validator) constAllowed(info *OpInfo) bool {
	if !info.Const {
		v.invalid(v.at, "constant expression required: %s is not constant", info.Name)
		return false
	}
	// Of what the first version had and is constant, only the arithmetic has operands.
	return info.nin == 0 || info.Feature != 0 || v.need(v.at, v.features, FeatureExtendedConst, "%s in a constant expression", info.Name)
}

// memarg reads a memory access's alignment and offset, and returns the address type of its memory.
func (v *validator) memarg(natural uint8) ValType {
	const hasMemory = 1 << 6
	off := v.pos
	align, index := v.u32(), uint32(0)
	if align >= hasMemory {
		if align >= 2*hasMemory || !v.features.Has(FeatureMultiMemory) {
			v.malformed(off, "malformed memop flags: %#x", align)
			return I32
		}
		align -= hasMemory
		index = v.u32()
	}
	if v.err == nil && uint64(index) >= uint64(len(v.m.MemoryTypes)) {
		v.invalid(v.at, "unknown memory %d", index)
	}
	if align > uint32(natural) {
		v.invalid(off, "alignment must not be larger than natural: %s has 2**%d, at most 2**%d", v.name(), align, natural)
	}
	if v.err != nil {
		return I32
	}
	off = v.pos
	is64 := v.m.MemoryTypes[index].Is64
	if !v.features.Has(FeatureMemory64) {
		v.u32()
	} else if offset := v.u64(); offset > math.MaxUint32 && !is64 {
		v.invalid(off, "offset out of range: %d in a 32-bit memory", offset)
	}
	return v.m.MemoryTypes[index].AddrType()
}

// memoryIndex reads a memory's index and returns its address type.
func (v *validator) memoryIndex() ValType {
	off := v.pos
	i := v.u32()
	if i > 0 && !v.need(off, v.features, FeatureMultiMemory, "memory %d", i) {
		return I32
	}
	if uint64(i) >= uint64(len(v.m.MemoryTypes)) {
		v.invalid(off, "unknown memory %d", i)
		return I32
	}
	return v.m.MemoryTypes[i].AddrType()
}

// dataIndex reads a data segment's index.
func (v *validator) dataIndex() {
	off := v.pos
	v.checkData(off, v.u32())
}

// checkData checks the data segment's index i at off. The data section stands behind the code, which is why the data
// count section must have told its length.
func (v *validator) checkData(off int, i uint32) {
	if v.m.DataCount < 0 {
		v.malformed(off, "data count section required by %s", v.name())
	} else if int64(i) >= v.m.DataCount {
		v.invalid(off, "unknown data segment %d", i)
	}
}

// global validates global.get and global.set.
func (v *validator) global(op Op) {
	off := v.pos
	i := v.u32()
	if uint64(i) >= uint64(len(v.m.GlobalTypes)) || v.isConst && int(i) >= v.globals {
		v.invalid(off, "unknown global %d", i)
		return
	}
	g := v.m.GlobalTypes[i]
	switch {
	case op == OpGlobalSet && !g.Mutable:
		v.invalid(off, "immutable global: global is immutable: global.set %d", i)
	case op == OpGlobalSet:
		v.pop(g.Type)
	case v.isConst && g.Mutable:
		v.invalid(off, "constant expression required: global %d is mutable", i)
	default:
		v.push(g.Type)
	}
}
