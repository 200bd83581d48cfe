package wat

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/godwit-vm/godwit/wasm"
)

// reader reads code that has been validated, so it checks nothing.
type reader struct {
	b []byte
	p int
}

func (r *reader) byte() byte {
	r.p++
	return r.b[r.p-1]
}

func (r *reader) u64() (v uint64) {
	for shift := 0; ; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return v
		}
	}
}

func (r *reader) u32() uint32 { return uint32(r.u64()) }

func (r *reader) s64() (v int64) {
	for shift := 0; ; {
		c := r.byte()
		v |= int64(c&0x7F) << shift
		shift += 7
		if c < 0x80 {
			if shift < 64 && c&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
}

func (r *reader) take(n int) []byte {
	r.p += n
	return r.b[r.p-n : r.p]
}

func (r *reader) op() wasm.Op {
	c := r.byte()
	if c < 0xFB {
		return wasm.Op(c)
	}
	return wasm.Op(c)<<16 | wasm.Op(r.u32())
}

// maxIndent bounds the indentation, in levels: compilers nest blocks by the thousand, and the text would be blanks.
const maxIndent = 24

// expr writes a constant expression, without its end.
func (p *printer) expr(e *wasm.ConstExpr) {
	p.r = reader{b: e.Body}
	for {
		op := p.r.op()
		if op == wasm.OpEnd {
			return
		}
		p.f(" %s", op)
		p.immediates(op)
	}
}

// body writes the instructions of a function, without the last end.
func (p *printer) body(c *wasm.Code) {
	p.r, p.depth, p.label = reader{b: c.Body}, 0, 0
	for p.r.p < len(c.Body) {
		at := p.r.p
		op := p.r.op()
		switch op {
		case wasm.OpEnd, wasm.OpDelegate:
			if p.depth--; p.depth < 0 {
				return
			}
		case wasm.OpElse, wasm.OpCatch, wasm.OpCatchAll:
			p.depth--
		}
		p.f("\n    %s", strings.Repeat("  ", min(p.depth, maxIndent)))
		p.hint(uint32(at))
		p.f("%s", op)
		p.immediates(op)
		switch op {
		case wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpTry, wasm.OpTryTable, wasm.OpElse, wasm.OpCatch, wasm.OpCatchAll:
			p.depth++
		}
	}
}

// hint writes the branch hint for the instruction at the offset in the body, if there is one.
func (p *printer) hint(at uint32) {
	for len(p.hints) > 0 && (p.hints[0].Func < p.fn || p.hints[0].Func == p.fn && p.hints[0].Offset < at) {
		p.hints = p.hints[1:]
	}
	if len(p.hints) == 0 || p.hints[0].Func != p.fn || p.hints[0].Offset != at {
		return
	}
	likely := 0
	if p.hints[0].Likely {
		likely = 1
	}
	p.f("(@%s \"\\%02x\") ", annotHint, likely)
}

// immediates writes what follows the opcode.
func (p *printer) immediates(op wasm.Op) {
	r := &p.r
	info := op.Info()
	switch info.Imm {
	case wasm.ImmBlock:
		p.blockType()
	case wasm.ImmTryTable:
		p.blockType()
		p.catches()
	case wasm.ImmLabel:
		p.f(" %d", r.u32())
	case wasm.ImmLabels:
		for n := r.u32() + 1; n > 0; n-- {
			p.f(" %d", r.u32())
		}
	case wasm.ImmFunc:
		p.f(" %s", p.ref(nameFunc, r.u32()))
	case wasm.ImmTypeTable:
		typ, table := r.u32(), r.u32()
		p.optional(nameTable, table)
		p.typeUse(typ)
	case wasm.ImmTypes:
		p.f(" (result")
		for n := r.u32(); n > 0; n-- {
			p.f(" %s", p.readValType())
		}
		p.f(")")
	case wasm.ImmLocal:
		p.f(" %s", p.names.referenced(nameKey{nameLocal, p.fn, r.u32()}))
	case wasm.ImmGlobal:
		p.f(" %s", p.ref(nameGlobal, r.u32()))
	case wasm.ImmTable:
		p.f(" %s", p.ref(nameTable, r.u32()))
	case wasm.ImmMemory:
		p.optional(nameMemory, r.u32())
	case wasm.ImmMemarg, wasm.ImmMemargAtomic:
		p.memarg(info.Align)
	case wasm.ImmMemargLane:
		p.memarg(info.Align)
		p.f(" %d", r.byte())
	case wasm.ImmLane:
		p.f(" %d", r.byte())
	case wasm.ImmShuffle:
		for _, lane := range r.take(16) {
			p.f(" %d", lane)
		}
	case wasm.ImmFence:
		r.byte()
	case wasm.ImmI32, wasm.ImmI64:
		p.f(" %d", r.s64())
	case wasm.ImmF32:
		p.f(" %s", float32Text(binary.LittleEndian.Uint32(r.take(4))))
	case wasm.ImmF64:
		p.f(" %s", float64Text(binary.LittleEndian.Uint64(r.take(8))))
	case wasm.ImmV128:
		p.f(" i32x4")
		for range 4 {
			p.f(" 0x%08x", binary.LittleEndian.Uint32(r.take(4)))
		}
	case wasm.ImmHeapType:
		p.heapImmediate(op)
	case wasm.ImmCast:
		flags, label := r.byte(), r.u32()
		p.f(" %d", label)
		for bit := range 2 {
			p.f(" %s", p.refType(p.readHeapType(), flags>>bit&1 != 0))
		}
	case wasm.ImmData:
		p.f(" %s", p.ref(nameData, r.u32()))
	case wasm.ImmElem:
		p.f(" %s", p.ref(nameElem, r.u32()))
	case wasm.ImmDataMemory:
		segment, memory := r.u32(), r.u32()
		p.optional(nameMemory, memory)
		p.f(" %s", p.ref(nameData, segment))
	case wasm.ImmElemTable:
		segment, table := r.u32(), r.u32()
		p.optional(nameTable, table)
		p.f(" %s", p.ref(nameElem, segment))
	case wasm.ImmMemoryMemory:
		p.pair(nameMemory)
	case wasm.ImmTableTable:
		p.pair(nameTable)
	case wasm.ImmType:
		p.f(" %s", p.ref(nameType, r.u32()))
	case wasm.ImmTypeField:
		typ, field := r.u32(), r.u32()
		p.f(" %s %s", p.ref(nameType, typ), p.names.referenced(nameKey{nameField, typ, field}))
	case wasm.ImmTypeType:
		p.f(" %s %s", p.ref(nameType, r.u32()), p.ref(nameType, r.u32()))
	case wasm.ImmTypeCount:
		p.f(" %s %d", p.ref(nameType, r.u32()), r.u32())
	case wasm.ImmTypeData:
		p.f(" %s %s", p.ref(nameType, r.u32()), p.ref(nameData, r.u32()))
	case wasm.ImmTypeElem:
		p.f(" %s %s", p.ref(nameType, r.u32()), p.ref(nameElem, r.u32()))
	case wasm.ImmTag:
		p.f(" %s", p.ref(nameTag, r.u32()))
	}
}

// optional writes an index that may be left out where it is 0.
func (p *printer) optional(space byte, i uint32) {
	if i != 0 {
		p.f(" %s", p.ref(space, i))
	}
}

// pair writes two indices that may be left out where both are 0.
func (p *printer) pair(space byte) {
	if dst, src := p.r.u32(), p.r.u32(); dst|src != 0 {
		p.f(" %s %s", p.ref(space, dst), p.ref(space, src))
	}
}

func (p *printer) memarg(natural uint8) {
	align := p.r.u32()
	if align&(1<<6) != 0 {
		align &^= 1 << 6
		p.f(" %s", p.ref(nameMemory, p.r.u32()))
	}
	if offset := p.r.u64(); offset != 0 {
		p.f(" offset=%d", offset)
	}
	if align != uint32(natural) {
		p.f(" align=%d", 1<<align)
	}
}

// blockType writes a block's label, if it has a name, and type.
func (p *printer) blockType() {
	p.f("%s", p.names.labelDefinition(p.fn, uint32(p.label)))
	p.label++
	c := p.r.b[p.r.p]
	switch {
	case c == 0x40:
		p.r.p++
	case c > 0x40 && c < 0x80:
		p.f(" (result %s)", p.readValType())
	default:
		i := uint32(p.r.s64())
		p.typeUse(i)
		end := p.within(i)
		p.signature(&p.m.Types[i].FuncType)
		end()
	}
}

var catchNames = [...]string{
	wasm.CatchTag: "catch", wasm.CatchTagRef: "catch_ref", wasm.CatchAll: "catch_all", wasm.CatchAllRef: "catch_all_ref",
}

func (p *printer) catches() {
	for n := p.r.u32(); n > 0; n-- {
		kind := wasm.CatchKind(p.r.byte())
		p.f(" (%s", catchNames[kind])
		if kind == wasm.CatchTag || kind == wasm.CatchTagRef {
			p.f(" %s", p.ref(nameTag, p.r.u32()))
		}
		p.f(" %d)", p.r.u32())
	}
}

func (p *printer) heapImmediate(op wasm.Op) {
	t := p.readHeapType()
	switch op {
	case wasm.OpRefTest, wasm.OpRefCast, wasm.OpRefCastDescEq:
		p.f(" %s", p.refType(t, false))
	case wasm.OpRefTestNull, wasm.OpRefCastNull, wasm.OpRefCastDescEqNull:
		p.f(" %s", p.refType(t, true))
	default:
		p.f(" %s", t)
	}
}

func (p *printer) refType(heap string, null bool) string {
	if null {
		return "(ref null " + heap + ")"
	}
	return "(ref " + heap + ")"
}

// readHeapType reads a heap type as it stands: the index is that of the binary, not that of an equal type.
func (p *printer) readHeapType() string {
	if p.r.b[p.r.p] == codeExact {
		p.r.p++
		return "(exact " + p.readHeapType() + ")"
	}
	i := p.r.s64()
	if i < 0 {
		return wasm.ValType(i & 0x7F).HeapName()
	}
	return p.ref(nameType, uint32(i))
}

const (
	codeRefNull = 0x63
	codeRef     = 0x64
	codeExact   = 0x62
)

func (p *printer) readValType() string {
	switch c := p.r.byte(); c {
	case codeRefNull:
		return p.refType(p.readHeapType(), true)
	case codeRef:
		return p.refType(p.readHeapType(), false)
	default:
		return wasm.ValType(c).String()
	}
}

func float32Text(bits uint32) string {
	f := math.Float32frombits(bits)
	if f != f {
		return nan(bits>>31 != 0, uint64(bits&(1<<23-1)), 1<<22)
	}
	return floatText(float64(f), 32)
}

func float64Text(bits uint64) string {
	f := math.Float64frombits(bits)
	if f != f {
		return nan(bits>>63 != 0, bits&(1<<52-1), 1<<51)
	}
	return floatText(f, 64)
}

// floatText is the shortest decimal that reads as f again.
func floatText(f float64, size int) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return strconv.FormatFloat(f, 'g', -1, size)
}

func nan(negative bool, payload, canonical uint64) string {
	s := "nan"
	if negative {
		s = "-nan"
	}
	if payload != canonical {
		s += fmt.Sprintf(":0x%x", payload)
	}
	return s
}
