package state

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/godwit-vm/godwit/wasm"
)

// The sections of this file repeat a part of the program for other tools: the core dump of the tool conventions
// (https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md) and the memory and global sections that it
// refers to. The reader of snapshots does not look into them.

// coreMissing stands for a value that the core-dump format cannot express.
const coreMissing = 0x01

func appendCore(e *encoder, p *Program) {
	name := ""
	if len(p.Modules) > 0 {
		name = p.Modules[0].Name
	}
	e.byte(0)
	e.string(strings.ToValidUTF8(name, "\uFFFD"))
}

func appendCoreModules(e *encoder, p *Program) {
	e.uint(uint64(len(p.Modules)))
	for i := range p.Modules {
		e.byte(0)
		e.string(strings.ToValidUTF8(p.Modules[i].Name, "\uFFFD"))
	}
}

// appendCoreInstances: store addresses are indices of the memory and global sections, which hold all of the store.
func appendCoreInstances(e *encoder, p *Program) {
	e.uint(uint64(len(p.Instances)))
	for i := range p.Instances {
		in := &p.Instances[i]
		e.byte(0)
		e.uint(uint64(in.Module))
		e.uints(in.Memories)
		e.uints(in.Globals)
	}
}

// appendCoreStack writes a thread's frames, the youngest first. bodies gives by module where function bodies begin.
func appendCoreStack(e *encoder, p *Program, thread int, bodies [][]uint32) {
	frames := p.Threads[thread].Frames
	e.byte(0)
	e.string(fmt.Sprintf("thread %d", thread))
	e.uint(uint64(len(frames)))
	for i := len(frames) - 1; i >= 0; i-- {
		f := &frames[i]
		in := &p.Instances[f.Instance]
		e.byte(0)
		e.uint(uint64(f.Instance))
		e.uint(uint64(f.Func))
		e.uint(uint64(codeOffset(f, bodies[in.Module], len(in.ImportedFuncs))))
		for _, vs := range [][]Value{f.Locals, f.Stack} {
			e.uint(uint64(len(vs)))
			for _, v := range vs {
				appendCoreValue(e, v)
			}
		}
	}
}

// codeOffset is f's offset from the beginning of its function's body; 0, the convention's "unknown", when the module
// is not at hand.
func codeOffset(f *Frame, bodies []uint32, imported int) uint32 {
	i := int(f.Func) - imported
	if i < 0 || i >= len(bodies) || f.Offset < bodies[i] {
		return 0
	}
	return f.Offset - bodies[i]
}

func appendCoreValue(e *encoder, v Value) {
	switch v.Type {
	case wasm.I32:
		e.byte(byte(v.Type))
		e.sint(int64(int32(v.Bits)))
	case wasm.I64:
		e.byte(byte(v.Type))
		e.sint(int64(v.Bits))
	case wasm.F32:
		e.byte(byte(v.Type))
		e.fixed32(uint32(v.Bits))
	case wasm.F64:
		e.byte(byte(v.Type))
		e.fixed64(v.Bits)
	default:
		e.byte(coreMissing)
	}
}

// appendMemorySection writes a memory section (specification 5.5.8) whose minima are the memories' sizes, so that the
// data section's segments are within bounds.
func appendMemorySection(e *encoder, p *Program) {
	e.uint(uint64(len(p.Memories)))
	for i := range p.Memories {
		m := &p.Memories[i]
		t := m.Type
		t.Min = m.Size() / t.PageBytes()
		e.memoryType(t)
	}
}

// appendGlobalSection writes a global section (5.5.9) of constants. References are null, for there is nothing in the
// module that they could refer to.
func appendGlobalSection(e *encoder, p *Program) {
	e.uint(uint64(len(p.Globals)))
	for i := range p.Globals {
		v := p.Globals[i].Value
		e.byte(byte(v.Type))
		e.byte(0) // immutable
		switch v.Type {
		case wasm.I32:
			e.byte(byte(wasm.OpI32Const))
			e.sint(int64(int32(v.Bits)))
		case wasm.I64:
			e.byte(byte(wasm.OpI64Const))
			e.sint(int64(v.Bits))
		case wasm.F32:
			e.byte(byte(wasm.OpF32Const))
			e.fixed32(uint32(v.Bits))
		case wasm.F64:
			e.byte(byte(wasm.OpF64Const))
			e.fixed64(v.Bits)
		case wasm.V128:
			e.raw([]byte{0xFD, 0x0C}) // v128.const
			e.fixed64(v.Bits)
			e.fixed64(v.Hi)
		default:
			e.byte(byte(wasm.OpRefNull))
			e.byte(byte(v.Type))
		}
		e.byte(byte(wasm.OpEnd))
	}
}

// bodyOffsets finds where each function body begins in a binary, its locals included. It steps over the bodies without
// looking into them, which takes a thousandth of the time of decoding. What is not a module has none.
func bodyOffsets(module []byte) []uint32 {
	const idCode = 10
	if len(module) < len(preamble) || string(module[:len(preamble)]) != preamble {
		return nil
	}
	for pos := len(preamble); pos < len(module); {
		id := module[pos]
		size, n := binary.Uvarint(module[pos+1:])
		pos += 1 + n
		if n <= 0 || size > uint64(len(module)-pos) {
			return nil
		}
		if id == idCode {
			return codeBodies(module[:pos+int(size)], pos)
		}
		pos += int(size)
	}
	return nil
}

// codeBodies reads the sizes in a code section whose contents are b[pos:].
func codeBodies(b []byte, pos int) []uint32 {
	count, n := binary.Uvarint(b[pos:])
	pos += n
	if n <= 0 || count > uint64(len(b)-pos) {
		return nil
	}
	offsets := make([]uint32, 0, count)
	for range count {
		size, n := binary.Uvarint(b[pos:])
		pos += n
		if n <= 0 || size > uint64(len(b)-pos) {
			return nil
		}
		offsets = append(offsets, uint32(pos))
		pos += int(size)
	}
	return offsets
}
