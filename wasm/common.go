package wasm

import (
	"encoding/binary"
	"math/bits"
)

// Nine instructions of ten in compiled programs move a local, make a constant, compute with operands of fixed types,
// access memory 0, or open, leave and close blocks without many types; and they are right. common validates runs of
// them with its state in machine registers. At the first instruction that is anything else - rare, long, in
// unreachable code, near the body's end, or wrong - it stops before it, and step, which knows all the rules and all
// the errors, looks at that one. So common never fails, and what it accepts step would accept.

// commonKind says what common does with an opcode.
type commonKind uint8

const (
	notCommon    commonKind = iota
	commonUnary             // in -> out
	commonBinary            // in in -> out
	commonLoad              // address -> out
	commonStore             // address in ->
	commonConst             // -> out
	commonGet               // local.get
	commonSet               // local.set
	commonTee               // local.tee
	commonDrop
	commonGlobalGet
	commonGlobalSet
	commonBlock // block, loop
	commonIf
	commonBr
	commonBrIf
	commonEnd
)

// commonRow is an opcode's row for common, made from the opcode table.
type commonRow struct {
	kind    commonKind
	in, out uint8 // codes of types; a fixed type's code is all of it
	align   uint8 // natural alignment
	leb     uint8 // bytes up to which every LEB128 number is in range
}

// commonRows is by opcode byte. Instructions that a feature brought are left to step, which asks for the feature.
var commonRows [256]commonRow

// makeCommon fills the row of an instruction.
func makeCommon(o *OpInfo) {
	if o.Op > 0xFF || o.Feature != 0 || o.in[0] > 0xFF || o.out[0] > 0xFF {
		return
	}
	row := commonRow{in: uint8(o.in[0]), out: uint8(o.out[0]), align: o.Align, leb: 4}
	switch {
	case o.Op == OpI64Const:
		row.kind, row.leb = commonConst, 8
	case o.Op == OpI32Const:
		row.kind = commonConst
	case o.Imm == ImmMemarg && o.nout == 1:
		row.kind = commonLoad
	case o.Imm == ImmMemarg:
		row.kind, row.in = commonStore, uint8(o.in[1])
	case o.Imm == ImmNone && o.nin == 1 && o.nout == 1:
		row.kind = commonUnary
	case o.Imm == ImmNone && o.nin == 2 && o.nout == 1:
		row.kind = commonBinary
	default:
		row.kind = commonPlain[o.Op]
	}
	commonRows[o.Op] = row
}

var commonPlain = map[Op]commonKind{
	OpLocalGet: commonGet, OpLocalSet: commonSet, OpLocalTee: commonTee, OpDrop: commonDrop,
	OpGlobalGet: commonGlobalGet, OpGlobalSet: commonGlobalSet,
	OpBlock: commonBlock, OpLoop: commonBlock, OpIf: commonIf, OpBr: commonBr, OpBrIf: commonBrIf, OpEnd: commonEnd,
}

// common validates instructions up to the first that is for step.
func (v *validator) common() {
	// An instruction that common accepts has at most nine bytes, and of a number it looks at eight, from the third on.
	const room = 10
	b, pos, last := v.b, v.pos, v.end-room
	vals, base, ctrl := v.vals, v.base, v.ctrl
	types := v.locals.types[:v.locals.plain]
loop:
	for pos <= last {
		s := b[pos : pos+room : pos+room]
		row := commonRows[s[0]]
		n := len(vals)
		switch row.kind {
		case commonUnary:
			if n-1 < base || vals[n-1] != ValType(row.in) {
				break loop
			}
			vals[n-1] = ValType(row.out)
			pos++
		case commonBinary:
			if n-2 < base || vals[n-1] != ValType(row.in) || vals[n-2] != ValType(row.in) {
				break loop
			}
			vals = vals[:n-1]
			vals[n-2] = ValType(row.out)
			pos++
		case commonLoad:
			size := lebSize(s[2:])
			if !v.mem32 || s[1] > row.align || size > 4 || n-1 < base || vals[n-1] != I32 {
				break loop
			}
			vals[n-1] = ValType(row.out)
			pos += 2 + size
		case commonStore:
			size := lebSize(s[2:])
			if !v.mem32 || s[1] > row.align || size > 4 || n-2 < base || vals[n-1] != ValType(row.in) || vals[n-2] != I32 {
				break loop
			}
			vals = vals[:n-2]
			pos += 2 + size
		case commonConst:
			size := lebSize(s[1:])
			if size > int(row.leb) || n == cap(vals) {
				break loop
			}
			vals = vals[:n+1]
			vals[n] = ValType(row.out)
			pos += 1 + size
		case commonGet:
			i, size := shortIndex(s)
			if i >= len(types) || n == cap(vals) {
				break loop
			}
			vals = vals[:n+1]
			vals[n] = types[i]
			pos += size
		case commonSet:
			i, size := shortIndex(s)
			if i >= len(types) || n-1 < base || vals[n-1] != types[i] {
				break loop
			}
			vals = vals[:n-1]
			pos += size
		case commonTee:
			i, size := shortIndex(s)
			if i >= len(types) || n-1 < base || vals[n-1] != types[i] {
				break loop
			}
			pos += size
		case commonDrop:
			if n-1 < base {
				break loop
			}
			vals = vals[:n-1]
			pos++
		case commonGlobalGet:
			i, size := shortIndex(s)
			if i >= len(v.m.GlobalTypes) || n == cap(vals) {
				break loop
			}
			vals = vals[:n+1]
			vals[n] = v.m.GlobalTypes[i].Type
			pos += size
		case commonGlobalSet:
			i, size := shortIndex(s)
			if i >= len(v.m.GlobalTypes) || n-1 < base {
				break loop
			}
			if g := &v.m.GlobalTypes[i]; !g.Mutable || vals[n-1] != g.Type {
				break loop
			}
			vals = vals[:n-1]
			pos += size
		case commonIf:
			if n-1 < base || vals[n-1] != I32 || !shortBlockType(s[1]) || len(ctrl) == cap(ctrl) {
				break loop
			}
			base = n - 1
			vals = vals[:base]
			ctrl = append(ctrl, frame{typ: blockTypes[s[1]], height: int32(base), sets: uint16(len(v.sets)), op: s[0]})
			pos += 2
		case commonBlock:
			if !shortBlockType(s[1]) || len(ctrl) == cap(ctrl) {
				break loop
			}
			base = n
			ctrl = append(ctrl, frame{typ: blockTypes[s[1]], height: int32(base), sets: uint16(len(v.sets)), op: s[0]})
			pos += 2
		case commonBr:
			i := len(ctrl) - 1 - int(s[1])
			if s[1] >= 0x80 || i < 0 || len(ctrl[i].label()) != 0 {
				break loop
			}
			vals = vals[:base]
			ctrl[len(ctrl)-1].dead = true
			pos += 2
		case commonBrIf:
			i := len(ctrl) - 1 - int(s[1])
			if s[1] >= 0x80 || i < 0 || len(ctrl[i].label()) != 0 || n-1 < base || vals[n-1] != I32 {
				break loop
			}
			vals = vals[:n-1]
			pos += 2
		case commonEnd:
			// The results that the block leaves are those of the block around; where there is none, step ends the body.
			top := len(ctrl) - 1
			results := ctrl[top].typ.Results
			if top == 0 || n-len(results) != base || len(results) > 1 || len(results) == 1 && (ctrl[top].op == byte(OpIf) || vals[n-1] != results[0]) {
				break loop
			}
			if ctrl[top].op == byte(OpIf) && len(ctrl[top].typ.Params) != 0 || int(ctrl[top].sets) != len(v.sets) {
				break loop
			}
			ctrl = ctrl[:top]
			base = int(ctrl[top-1].height)
			pos++
		default:
			break loop
		}
	}
	v.pos, v.vals, v.base, v.ctrl = pos, vals, base, ctrl
}

// shortBlockType tells whether c is a block type with no result or a number, which every module may use.
func shortBlockType(c byte) bool { return c == 0x40 || c >= byte(F64) && c <= byte(I32) }

// lebSize is the length of the LEB128 number at the start of s, or 9 if it has more than 8 bytes: the first byte
// whose top bit is clear ends it.
func lebSize(s []byte) int {
	ends := ^binary.LittleEndian.Uint64(s) & 0x8080808080808080
	return bits.TrailingZeros64(ends)>>3 + 1
}

// shortIndex reads the index of one or two bytes behind the opcode at the start of s, and gives the instruction's
// length with it. A longer index reads as one beyond all indices.
func shortIndex(s []byte) (i, size int) {
	_ = s[2]
	switch {
	case s[1] < 0x80:
		return int(s[1]), 2
	case s[2] < 0x80:
		return int(s[1]&0x7F) | int(s[2])<<7, 3
	}
	return maxModuleSize, 0
}
