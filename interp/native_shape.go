package interp

import "github.com/godwit-vm/godwit/wasm"

// NativeShape is what machine code of a function takes for granted of the interpreter's code of it: the numbers of instructions in its
// sites have a meaning only where the shape is the same.
type NativeShape struct {
	Sum    uint64 // over the instructions
	Instrs int    // how many there are
	Room   int    // slots of a frame
	Locals int    // slots of the locals
}

// NativeShape is the shape of function fn, which the module defines. Native code must have been enabled.
func (m *Module) NativeShape(fn uint32) (NativeShape, error) {
	c, err := m.code(fn)
	if err != nil {
		return NativeShape{}, err
	}
	// FNV-1a, by words: it finds what differs, and nobody has a reason to make it collide.
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	mix := func(x uint64) { h = (h ^ x) * prime; h ^= h >> 29 }
	mix(uint64(c.room))
	mix(uint64(c.nlocals))
	for k := range c.instrs {
		in := &c.instrs[k]
		mix(uint64(in.op) | uint64(in.a)<<16 | uint64(in.b)<<32 | uint64(in.c)<<48)
		switch in.op &^ safepoint {
		case opEntry, opLoopHead: // an address, see addSites
		default:
			mix(in.imm)
		}
	}
	return NativeShape{h, len(c.instrs), int(c.room), int(c.nlocals)}, nil
}

// ExpectedNativeMemory is what NativeMemory will most likely be once the module has an instance: for compiling before there is one.
func (m *Module) ExpectedNativeMemory() NativeMemory {
	if len(m.wasm.MemoryTypes) == 0 {
		i := Instance{}
		return i.NativeMemory()
	}
	typ := m.wasm.MemoryTypes[0]
	guard := !typ.Is64 && reserveMax >= maxBytes32
	return NativeMemory{Guarded: guard && typ.PageBytes() >= wasm.PageSize, Fixed: guard || typ.Shared}
}

// Stack are the types of the operand stack that the step was made for.
func (st *NativeStep) Stack() []wasm.ValType { return st.stack }
