package interp

import (
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// NativePoints is what a compiler has to know of the interpreter's code for a function: where it can hand over to it.
//
// Between two wasm instructions the interpreter can take over with all operands in their homes and all locals in theirs
// where no instruction of its is made of both what stands before and what stands behind: at the function's entry, at the head and behind the end of a
// loop, at the beginning of each branch of an if, where a block ends that is branched to, behind a conditional branch that is not taken, and behind a call.
// The instruction before the one behind a call is always the call itself.
type NativePoints struct {
	Room   int // slots of a frame
	Points []NativePoint
	Loop   *NativeLoop // the loop that was asked for

	m     *wasm.Module
	index uint32
	l     *lowerer // makes steps
	code  []instr
}

// Where things are in a heap, whose address is in the instance's block, and in an object, which is at the heap's base plus the
// reference's lower 62 bits.
const (
	HeapBase     = uint64(unsafe.Offsetof(heap{}.base))    // address of the first byte
	HeapMarking  = uint64(unsafe.Offsetof(heap{}.marking)) // a byte: a collection marks, and must know of references that are overwritten
	HeapDisplays = uint64(unsafe.Offsetof(heap{}.rows))    // address of the rows of supertypes, see displays
	ObjectHeader = headerSize                              // where an array's elements begin
	ObjectLength = 4                                       // an array's length, 4 bytes; an object begins with the id of its type, 4 bytes
	ObjectRef    = objectBit                               // what a reference to an object has above the object's offset
)

// NativeAllocation is where in a heap objects of a size are made: at the offset from the heap's base that is at Free, if Cell bytes are there
// below the one that is at End. They are zero. The object takes them by writing what is behind them to Free.
type NativeAllocation struct{ Free, End, Cell uint64 }

// Allocation is where objects of type x, a structure's, are made, or arrays of n elements. ok is false if that is left to the interpreter.
func (p *NativePoints) Allocation(x, n uint32) (a NativeAllocation, ok bool) {
	d := &p.m.Types[x]
	if d.Descriptor != 0 || d.Describes != 0 {
		return a, false
	}
	size, leaf := uint64(headerSize), 1
	for k, f := range d.Fields {
		if p.traced(f.Type) {
			leaf = 0
		}
		if d.Kind == wasm.CompStruct {
			size = uint64(p.FieldOffset(x, uint32(k)) + storageSize(f.Type))
		} else {
			size += uint64(n) * uint64(storageSize(f.Type))
		}
	}
	if size = (size + granule - 1) / granule * granule; size > maxSmall {
		return a, false
	}
	k := int(classOfSize[size/granule])
	c := uint64(unsafe.Offsetof(heap{}.classes)) + uint64(unsafe.Sizeof(sizeClass{}))*uint64(k<<1|leaf)
	return NativeAllocation{c + uint64(unsafe.Offsetof(sizeClass{}.free)), c + uint64(unsafe.Offsetof(sizeClass{}.end)), uint64(cellSizes[k])}, true
}

// traced is Store.isTraced of a type in the module's terms.
func (p *NativePoints) traced(t wasm.ValType) bool {
	if !t.IsRef() {
		return false
	}
	if i, ok := t.TypeIndex(); ok {
		return p.m.Types[i].Kind != wasm.CompFunc
	}
	return t.Heap() != wasm.FuncRef && t.Heap() != wasm.NullFuncRef
}

// FieldOffset is where in a structure of type x field k is.
func (p *NativePoints) FieldOffset(x, k uint32) uint32 { return p.l.fieldOffset(x, k) }

// NativePoint is the place before a wasm instruction that can be reached.
type NativePoint struct {
	Offset uint32 // of the instruction, in the module
	Index  int32  // of the interpreter's instruction that is next there
	Acc    int32  // slot whose value the accumulator is to have there, or -1
	Joined bool   // no instruction is made of what stands before and behind: true where ways come together
	Last   int32  // index of the last instruction that the wasm instruction was made into: of a call the call, of an allocation the allocation
}

// NativeLoop is where the head of a loop stands: the types of the operand stack there, and the labels around.
type NativeLoop struct {
	Offset uint32 // of the first instruction of the loop's body
	Stack  []wasm.ValType
	Labels []NativeLabel // the body's first, the loop's own last
}

// NativeLabel is a label around a loop.
type NativeLabel struct {
	Kind            wasm.Op        // block, loop, if, else, try, try_table, catch; call for the body
	Height          int            // of the operand stack below its parameters
	Types           []wasm.ValType // what a branch to it carries
	Params, Results []wasm.ValType
}

// NativePoints finds the points of function fn, which the module defines, and the loop whose head is the interpreter's instruction
// loop, if that is not -1.
func (m *Module) NativePoints(fn uint32, loop int) (*NativePoints, error) {
	l := m.lowerer(fn)
	p := &NativePoints{m: m.wasm, index: fn, Points: make([]NativePoint, 0, len(l.b)/2+1)}
	before := false // the last point's instruction is the one that has just been lowered
	head := -1      // the function's or a loop's first instruction, where it has just been opened
	l.boundary = func() {
		if before {
			p.Points[len(p.Points)-1].Last = int32(len(l.code) - 1)
		}
		before = len(l.labels) > 0 && !l.labels[len(l.labels)-1].dead
		if before {
			at := NativePoint{Offset: l.current, Index: int32(len(l.code)), Acc: int32(l.accSlot), Joined: l.barrier == len(l.code)}
			if head >= 0 {
				at.Index, at.Acc = int32(head), -1
			}
			p.Points = append(p.Points, at)
		}
		head = -1
	}
	l.visit = func(at point) {
		if at.kind == pointLoop || at.kind == pointEntry {
			head = at.index
		}
		if at.kind == pointLoop && at.index == loop {
			p.Loop = &NativeLoop{Offset: at.offset}
			for _, o := range at.stack {
				p.Loop.Stack = append(p.Loop.Stack, o.typ)
			}
			l.opened = func() { p.Loop.Labels = l.nativeLabels() }
		}
	}
	c, err := l.function()
	if err != nil {
		return nil, err
	}
	l.boundary()
	l.boundary, l.visit = nil, nil
	p.Room, p.l, p.code = int(c.room), l, c.instrs
	return p, nil
}

// nativeLabels describes the open labels.
func (l *lowerer) nativeLabels() []NativeLabel {
	out := make([]NativeLabel, len(l.labels))
	for i := range l.labels {
		lb := &l.labels[i]
		out[i] = NativeLabel{Kind: lb.kind, Height: lb.height, Types: lb.branchTypes(), Params: lb.params, Results: lb.results}
	}
	return out
}
