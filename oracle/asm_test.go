package oracle

import "github.com/godwit-vm/godwit/wasm"

// assembly puts a small guest together by hand, instruction by instruction: what Go's compiler never leaves on an operand
// stack is put there. All functions have locals of i64 only, beside their parameters; memory 0 is exported.
type assembly struct {
	types, funcs, codes, globals [][]byte
	table, elems, datas          []byte
	pages                        uint32
}

// The functions that every assembly begins with: out prints the eight bytes of an i64.
const (
	fdWrite uint32 = iota
	out
	firstFunc
)

func newAssembly(pages uint32) *assembly {
	a := &assembly{pages: pages}
	a.signature([]wasm.ValType{wasm.I32, wasm.I32, wasm.I32, wasm.I32}, wasm.I32) // of fd_write: type 0
	a.fn([]wasm.ValType{wasm.I64}, nil, 0,
		wasm.OpI32Const, 0, wasm.OpLocalGet, uint32(0), wasm.OpI64Store, uint32(3), uint32(0),
		wasm.OpI32Const, 16, wasm.OpI64Const, 8<<32, wasm.OpI64Store, uint32(3), uint32(0), // the iovec: 8 bytes from 0
		wasm.OpI32Const, 1, wasm.OpI32Const, 16, wasm.OpI32Const, 1, wasm.OpI32Const, 24, wasm.OpCall, fdWrite,
		wasm.OpIf, byte(0x40), wasm.OpUnreachable, wasm.OpEnd)
	return a
}

// assemble joins opcodes, value types, indices (uint32), signed constants (int), and strings and bytes with their length.
func assemble(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case wasm.Op:
			if p > 0xff {
				b = append(append(b, byte(p>>16)), unsigned(uint64(p&0xffff))...)
			} else {
				b = append(b, byte(p))
			}
		case wasm.ValType:
			b = append(b, byte(p))
		case byte:
			b = append(b, p)
		case uint32:
			b = append(b, unsigned(uint64(p))...)
		case int:
			b = append(b, signed(int64(p))...)
		case string:
			b = append(append(b, unsigned(uint64(len(p)))...), p...)
		case []byte:
			b = append(append(b, unsigned(uint64(len(p)))...), p...)
		case []wasm.ValType:
			b = append(b, unsigned(uint64(len(p)))...)
			for _, t := range p {
				b = append(b, byte(t))
			}
		default:
			panic("assemble takes no such thing")
		}
	}
	return b
}

// unsigned and signed are the two LEB128 forms (specification 5.2.2).
func unsigned(n uint64) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func signed(n int64) (b []byte) {
	for n < -64 || n > 63 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n)&0x7f)
}

// signature adds a function type and returns its index.
func (a *assembly) signature(params []wasm.ValType, results ...wasm.ValType) uint32 {
	a.types = append(a.types, assemble(byte(0x60), params, results))
	return uint32(len(a.types) - 1)
}

// fn adds a function with that many locals of i64 and returns its index. Its type is that index too.
func (a *assembly) fn(params, results []wasm.ValType, locals uint32, parts ...any) uint32 {
	a.funcs = append(a.funcs, assemble(a.signature(params, results...)))
	body := assemble(append([]any{byte(1), locals, wasm.I64}, parts...)...)
	a.codes = append(a.codes, assemble(append(body, byte(wasm.OpEnd))))
	return uint32(len(a.funcs))
}

// binary is the module; its last function is the program.
func (a *assembly) binary() []byte {
	b := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, items ...[]byte) {
		var body []byte
		for _, it := range items {
			body = append(body, it...)
		}
		if len(body) > 0 {
			b = append(b, assemble(id, body)...)
		}
	}
	vector := func(id byte, items [][]byte) {
		if len(items) > 0 {
			section(id, append([][]byte{unsigned(uint64(len(items)))}, items...)...)
		}
	}
	vector(1, a.types)
	section(2, assemble(byte(1), "wasi_snapshot_preview1", "fd_write", byte(0), uint32(0)))
	vector(3, a.funcs)
	section(4, a.table)
	section(5, assemble(byte(1), byte(0), a.pages))
	vector(6, a.globals)
	section(7, assemble(byte(2), "memory", byte(2), uint32(0), "_start", byte(0), uint32(len(a.funcs))))
	section(9, a.elems)
	if a.datas != nil {
		section(12, []byte{1})
	}
	vector(10, a.codes)
	section(11, a.datas)
	return b
}
