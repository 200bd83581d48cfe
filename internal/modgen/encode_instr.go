package modgen

import (
	"encoding/binary"

	"github.com/godwit-vm/godwit/wasm"
)

func (e *encoder) list(list []*Instr) {
	for _, i := range list {
		e.instr(i)
	}
}

// expr writes a constant expression.
func (e *encoder) expr(i *Instr) {
	e.instr(i)
	e.raw(byte(wasm.OpEnd))
}

func (e *encoder) instr(i *Instr) {
	e.list(i.Args)
	if i.Op == opSeq {
		return
	}
	e.opcode(i.Op)
	e.immediates(i)
	switch i.Op {
	case wasm.OpBlock, wasm.OpLoop, wasm.OpTryTable:
		e.body(i, i.Body)
		e.raw(byte(wasm.OpEnd))
	case wasm.OpIf:
		e.body(i, i.Body)
		if i.HasElse {
			e.raw(byte(wasm.OpElse))
			e.body(i, i.Else)
		}
		e.raw(byte(wasm.OpEnd))
	case wasm.OpTry:
		e.try(i)
	}
}

// body writes what stands in a structured instruction, which branches in it may name.
func (e *encoder) body(i *Instr, list []*Instr) {
	e.labels = append(e.labels, i)
	e.list(list)
	e.labels = e.labels[:len(e.labels)-1]
}

// try writes the legacy instruction: a label in Labels is that of delegate, which it ends with.
func (e *encoder) try(i *Instr) {
	e.body(i, i.Body)
	if len(i.Labels) > 0 {
		e.opcode(wasm.OpDelegate)
		e.label(i.Labels[0])
		return
	}
	for _, c := range i.Catches {
		if c.Kind == wasm.CatchAll {
			e.opcode(wasm.OpCatchAll)
		} else {
			e.opcode(wasm.OpCatch)
			e.uint(uint64(c.Tag))
		}
		e.body(i, c.Body)
	}
	e.raw(byte(wasm.OpEnd))
}

func (e *encoder) opcode(o wasm.Op) {
	if o < 256 {
		e.raw(byte(o))
		return
	}
	e.raw(byte(o >> 16))
	e.uint(uint64(o & 0xFFFF))
}

// label writes how far out a structured instruction is.
func (e *encoder) label(to *Instr) {
	for n := len(e.labels) - 1; n >= 0; n-- {
		if e.labels[n] == to {
			e.uint(uint64(len(e.labels) - 1 - n))
			return
		}
	}
	e.err = errLabel
	e.uint(0)
}

func (e *encoder) blockType(t *wasm.FuncType, index uint64) {
	switch {
	case len(t.Params) == 0 && len(t.Results) == 0:
		e.raw(0x40)
	case len(t.Params) == 0 && len(t.Results) == 1:
		e.valType(t.Results[0])
	default:
		e.int(int64(index))
	}
}

func (e *encoder) memarg(i *Instr) {
	if i.B != 0 {
		e.uint(i.A | 1<<6)
		e.uint(i.B)
	} else {
		e.uint(i.A)
	}
	e.uint(i.C)
}

func (e *encoder) immediates(i *Instr) {
	switch i.Op.Info().Imm {
	case wasm.ImmBlock:
		e.blockType(&i.Block, i.A)
	case wasm.ImmTryTable:
		e.blockType(&i.Block, i.A)
		e.uint(uint64(len(i.Catches)))
		for _, c := range i.Catches {
			e.raw(byte(c.Kind))
			if c.Kind == wasm.CatchTag || c.Kind == wasm.CatchTagRef {
				e.uint(uint64(c.Tag))
			}
			e.label(c.Label)
		}
	case wasm.ImmLabel:
		e.label(i.Labels[0])
	case wasm.ImmLabels:
		e.uint(uint64(len(i.Labels) - 1))
		for _, l := range i.Labels {
			e.label(l)
		}
	case wasm.ImmTypes:
		e.uint(1)
		e.valType(i.Ref)
	case wasm.ImmHeapType:
		e.heapType(i.Ref)
	case wasm.ImmCast:
		var flags byte
		if i.Ref.Nullable() {
			flags |= 1
		}
		if i.Ref2.Nullable() {
			flags |= 2
		}
		e.raw(flags)
		e.label(i.Labels[0])
		e.heapType(i.Ref)
		e.heapType(i.Ref2)
	case wasm.ImmMemarg, wasm.ImmMemargAtomic:
		e.memarg(i)
	case wasm.ImmMemargLane:
		e.memarg(i)
		e.raw(byte(i.D))
	case wasm.ImmLane:
		e.raw(byte(i.D))
	case wasm.ImmShuffle:
		e.raw(i.Vec[:]...)
	case wasm.ImmV128:
		e.bytes = binary.LittleEndian.AppendUint64(e.bytes, i.A)
		e.bytes = binary.LittleEndian.AppendUint64(e.bytes, i.B)
	case wasm.ImmI32:
		e.int(int64(int32(i.A)))
	case wasm.ImmI64:
		e.int(int64(i.A))
	case wasm.ImmF32:
		e.bytes = binary.LittleEndian.AppendUint32(e.bytes, uint32(i.A))
	case wasm.ImmF64:
		e.bytes = binary.LittleEndian.AppendUint64(e.bytes, i.A)
	case wasm.ImmFence:
		e.raw(0)
	case wasm.ImmNone:
	case wasm.ImmTypeTable, wasm.ImmDataMemory, wasm.ImmMemoryMemory, wasm.ImmElemTable, wasm.ImmTableTable,
		wasm.ImmTypeField, wasm.ImmTypeType, wasm.ImmTypeCount, wasm.ImmTypeData, wasm.ImmTypeElem:
		e.uint(i.A)
		e.uint(i.B)
	default: // one index
		e.uint(i.A)
	}
}
