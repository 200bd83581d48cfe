package amd64

import (
	"fmt"
	"sync"

	"github.com/twitchyliquid64/golang-asm/obj"
	"github.com/twitchyliquid64/golang-asm/obj/x86"
	"github.com/twitchyliquid64/golang-asm/objabi"

	"github.com/godwit-vm/godwit/jit/ir"
)

// assembler turns a unit's instructions into bytes. It is the only user of golang-asm's machinery; its instructions (obj.Prog), of
// which each costs a third of a kilobyte, are kept for the next unit.
type assembler struct {
	link   obj.Link
	chunks [][]instruction
	n      int // instructions of this unit

	gaps   []gap
	labels []mark
	refs   []mark // instructions with an operand in the pool, in order
	pool   pool
	errs   []error
}

// instruction is a Prog and room for the operands that it keeps outside.
type instruction struct {
	prog obj.Prog
	rest [3]obj.Addr
}

// chunkSize is how many instructions are allocated at once.
const chunkSize = 512

// keepChunks bounds what an assembler keeps when it is not used: 2 MB. That is for 6000 instructions; of 100 units of Go programs and of CPython one
// has more.
const keepChunks = 12

var (
	assemblers = sync.Pool{New: func() any { return newAssembler() }}
	initialise sync.Once
)

// newAssembler makes an assembler. Package x86 fills its tables when it is first used, in a way that is not safe for several at a
// time.
func newAssembler() *assembler {
	a := &assembler{}
	a.link.Arch = &x86.Linkamd64
	a.link.Headtype = objabi.Hlinux
	a.link.IsAsm = true // no padding of its own
	a.link.DiagFunc = func(format string, args ...any) {
		a.errs = append(a.errs, fmt.Errorf("amd64: "+format, args...))
	}
	initialise.Do(func() {
		x86.Linkamd64.Init(&a.link)
		a.ins(x86.AMOVQ, reg(ir.Reg(0)), reg(ir.Reg(1)))
		a.finish()
	})
	a.reset()
	return a
}

// reset makes the assembler ready for a new unit.
func (a *assembler) reset() {
	if len(a.chunks) > keepChunks {
		a.chunks = a.chunks[:keepChunks:keepChunks]
	}
	a.n = 0
	a.gaps = a.gaps[:0]
	a.labels = a.labels[:0]
	a.refs = a.refs[:0]
	a.pool.reset()
	a.errs = nil
	a.link.Errors = 0
}

// operand is an operand of an instruction. An operand in memory may fault; the site says what that means.
type operand struct {
	obj.Addr
	fault *ir.Site
}

// register is golang-asm's name of a register. It numbers them as the processor does.
func register(r ir.Reg) int16 {
	if r >= 32 {
		return x86.REG_X0 + int16(r) - 32
	}
	return x86.REG_AX + int16(r)
}

func reg(r ir.Reg) operand {
	return operand{Addr: obj.Addr{Type: obj.TYPE_REG, Reg: register(r)}}
}

func imm(v int64) operand {
	return operand{Addr: obj.Addr{Type: obj.TYPE_CONST, Offset: v}}
}

// mem is [base + disp].
func mem(base ir.Reg, disp int64) operand {
	return operand{Addr: obj.Addr{Type: obj.TYPE_MEM, Reg: register(base), Offset: disp}}
}

// memIndex is [base + index*scale + disp].
func memIndex(base, index ir.Reg, scale int16, disp int64) operand {
	return operand{Addr: obj.Addr{Type: obj.TYPE_MEM, Reg: register(base), Index: register(index), Scale: scale, Offset: disp}}
}

// isReg tells whether o is the register r.
func (o *operand) isReg(r ir.Reg) bool { return o.Type == obj.TYPE_REG && o.Reg == register(r) }

func (o *operand) inMemory() bool { return o.Type == obj.TYPE_MEM }

// next is a fresh instruction at the end of the unit.
func (a *assembler) next(as obj.As) *instruction {
	c := a.n / chunkSize
	if c == len(a.chunks) {
		a.chunks = append(a.chunks, make([]instruction, chunkSize))
	}
	i := &a.chunks[c][a.n%chunkSize]
	i.prog = obj.Prog{Ctxt: &a.link, As: as}
	a.n++
	return i
}

// at is instruction i.
func (a *assembler) at(i int) *obj.Prog { return &a.chunks[i/chunkSize][i%chunkSize].prog }

// ins adds an instruction. Operands are in the order of Go's assembler: sources first, the destination last.
func (a *assembler) ins(as obj.As, ops ...operand) {
	m := a.here()
	i := a.next(as)
	p := &i.prog
	for k := range ops {
		switch {
		case k == len(ops)-1:
			p.To = ops[k].Addr
		case k == 0:
			p.From = ops[k].Addr
		default:
			i.rest[k-1] = ops[k].Addr
		}
		if ops[k].Sym != nil {
			a.refs = append(a.refs, m)
		}
	}
	if len(ops) > 2 {
		p.RestArgs = i.rest[:len(ops)-2]
	}
}

// source adds an instruction whose only operand is one that golang-asm takes for a source: of multiplications and divisions.
func (a *assembler) source(as obj.As, op operand) {
	m := a.here()
	p := &a.next(as).prog
	p.From = op.Addr
	if op.Sym != nil {
		a.refs = append(a.refs, m)
	}
}

// plain adds an instruction that has no operands.
func (a *assembler) plain(as obj.As) { a.next(as) }

// assemble encodes the instructions in a straight line. It returns the bytes and the relocations of operands in the pool.
func (a *assembler) assemble() ([]byte, []obj.Reloc) {
	if a.n == 0 {
		return nil, nil
	}
	for i := range a.n - 1 {
		a.at(i).Link = a.at(i + 1)
	}
	s := &obj.LSym{Func: &obj.FuncInfo{Text: a.at(0)}}
	x86.Linkamd64.Assemble(&a.link, s, func() *obj.Prog { return &obj.Prog{Ctxt: &a.link} })
	relocs := s.R[:0]
	for _, r := range s.R {
		if r.Sym == &a.pool.sym { // others are marks for a linker
			relocs = append(relocs, r)
		}
	}
	return s.P[:s.Size], relocs
}
