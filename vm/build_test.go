package vm_test

import (
	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

// builder puts a module together, so that the tests' guests can be read where they are used.
type builder struct {
	types, imports, funcs, globals, exports, codes, datas [][]byte

	memory, table, elems []byte
	start                int
	nfuncs               int
}

func newBuilder() *builder { return &builder{start: -1} }

// uleb and sleb are the two LEB128 forms (specification 5.2.2).
func uleb(n uint64) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func sleb(n int64) (b []byte) {
	for n < -64 || n > 63 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n)&0x7F)
}

// code joins instructions: opcodes, value types, strings with their length, raw bytes, indices (uint32) and signed
// constants (int, int64).
func code(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case wasm.Op:
			if p > 0xFF {
				b = append(b, byte(p>>16))
				b = append(b, uleb(uint64(p&0xFFFF))...)
				continue
			}
			b = append(b, byte(p))
		case vm.ValType:
			b = append(b, byte(p))
		case uint32:
			b = append(b, uleb(uint64(p))...)
		case int:
			b = append(b, sleb(int64(p))...)
		case byte:
			b = append(b, p)
		case int64:
			b = append(b, sleb(p)...)
		case []byte:
			b = append(b, p...)
		case string:
			b = append(append(b, uleb(uint64(len(p)))...), p...)
		default:
			panic("code takes no such thing")
		}
	}
	return b
}

func typeList(types []vm.ValType) []byte {
	b := uleb(uint64(len(types)))
	for _, t := range types {
		b = append(b, byte(t))
	}
	return b
}

// sig is a function type: parameters, then results after nil.
func sig(params []vm.ValType, results ...vm.ValType) vm.FuncType {
	return vm.FuncType{Params: params, Results: results}
}

func types(t ...vm.ValType) []vm.ValType { return t }

// typ adds a type and returns its index.
func (b *builder) typ(t vm.FuncType) uint32 {
	b.types = append(b.types, code(byte(0x60), typeList(t.Params), typeList(t.Results)))
	return uint32(len(b.types) - 1)
}

// imp imports a function and returns its index. Imports come before functions.
func (b *builder) imp(module, name string, t vm.FuncType) uint32 {
	b.imports = append(b.imports, code(module, name, byte(0), b.typ(t)))
	b.nfuncs++
	return uint32(b.nfuncs - 1)
}

// fn adds a function with these locals and returns its index. name is its export, "" for none.
func (b *builder) fn(name string, t vm.FuncType, locals []vm.ValType, parts ...any) uint32 {
	b.funcs = append(b.funcs, uleb(uint64(b.typ(t))))
	body := uleb(uint64(len(locals)))
	for _, l := range locals {
		body = append(body, 1, byte(l))
	}
	body = append(append(body, code(parts...)...), byte(wasm.OpEnd))
	b.codes = append(b.codes, append(uleb(uint64(len(body))), body...))
	i := uint32(b.nfuncs)
	b.nfuncs++
	if name != "" {
		b.export(name, vm.ExternFunc, i)
	}
	return i
}

func (b *builder) export(name string, kind vm.ExternKind, index uint32) *builder {
	b.exports = append(b.exports, code(name, byte(kind), index))
	return b
}

// mem defines a memory of min pages, exported as "memory".
func (b *builder) mem(min uint32) *builder {
	b.memory = code(byte(1), byte(0), min)
	return b.export("memory", vm.ExternMemory, 0)
}

// global defines a mutable i64 global and returns its index.
func (b *builder) global(name string, v int64) uint32 {
	b.globals = append(b.globals, code(vm.I64, byte(1), wasm.OpI64Const, v, wasm.OpEnd))
	i := uint32(len(b.globals) - 1)
	b.export(name, vm.ExternGlobal, i)
	return i
}

// funcTable defines a table of these functions, exported as "table".
func (b *builder) funcTable(funcs ...uint32) *builder {
	b.table = code(byte(1), vm.FuncRef, byte(0), uint32(len(funcs)))
	b.elems = code(byte(1), byte(0), wasm.OpI32Const, 0, wasm.OpEnd, uint32(len(funcs)))
	for _, f := range funcs {
		b.elems = append(b.elems, uleb(uint64(f))...)
	}
	return b.export("table", vm.ExternTable, 0)
}

func (b *builder) data(off int, s string) *builder {
	b.datas = append(b.datas, code(byte(0), wasm.OpI32Const, off, wasm.OpEnd, s))
	return b
}

// binary is the module in the binary format.
func (b *builder) binary() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, body []byte) {
		if len(body) > 0 {
			out = append(append(append(out, id), uleb(uint64(len(body)))...), body...)
		}
	}
	vector := func(items [][]byte) (v []byte) {
		if len(items) == 0 {
			return nil
		}
		v = uleb(uint64(len(items)))
		for _, i := range items {
			v = append(v, i...)
		}
		return v
	}
	section(1, vector(b.types))
	section(2, vector(b.imports))
	section(3, vector(b.funcs))
	section(4, b.table)
	section(5, b.memory)
	section(6, vector(b.globals))
	section(7, vector(b.exports))
	if b.start >= 0 {
		section(8, uleb(uint64(b.start)))
	}
	section(9, b.elems)
	section(10, vector(b.codes))
	section(11, vector(b.datas))
	return out
}
