package arm64

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/twitchyliquid64/golang-asm/obj"
	a64 "github.com/twitchyliquid64/golang-asm/obj/arm64"
	"github.com/twitchyliquid64/golang-asm/objabi"
)

// sp is the machine stack's pointer. Where an instruction's register 31 means zero that is zr.
const (
	zr ir.Reg = 31
	sp ir.Reg = 64
)

// cond is a condition as instructions encode it. Its negation is cond ^ 1.
type cond uint32

const (
	condEQ cond = iota
	condNE
	condHS
	condLO
	condMI
	condPL
	condVS
	condVC
	condHI
	condLS
	condGE
	condLT
	condGT
	condLE
)

// branches are the assembler's names of conditional branches, by condition.
var branches = [...]obj.As{
	a64.ABEQ, a64.ABNE, a64.ABHS, a64.ABLO, a64.ABMI, a64.ABPL, a64.ABVS,
	a64.ABVC, a64.ABHI, a64.ABLS, a64.ABGE, a64.ABLT, a64.ABGT, a64.ABLE,
}

// How the last operand is shifted, as instructions encode it.
type shift uint32

const (
	shiftLSL shift = iota
	shiftLSR
	shiftASR
	shiftROR
)

// How the last operand is extended, as instructions encode it.
type extend uint32

const (
	extUXTW extend = 2
	extUXTX extend = 3
	extSXTW extend = 6
)

// label is a place in the code. It is an instruction of no size.
type label = *obj.Prog

// assembler makes machine code with golang-asm. It is all of this package that knows golang-asm's operands.
//
// golang-asm's own way in, its Builder, costs more than a small function takes to compile, so the assembler drives obj
// itself, with one obj.Link and instructions that are used again. What golang-asm would expand into several
// instructions (large constants and offsets, over its temporary R27 or out of a literal pool) never reaches it: immediates are
// checked before, and loads and stores are encoded here (memory.go), since a fault has to be at a known instruction.
type assembler struct {
	link   *obj.Link
	blocks [][]obj.Prog
	used   int // of all blocks
	first  *obj.Prog
	last   *obj.Prog
	err    error
	adrs   []adr
	thirds []obj.Addr // room for third sources
}

// adr is an ADR whose label has to be written into it.
type adr struct {
	prog *obj.Prog
	to   label
}

const progBlock = 512

var (
	warmUp     sync.Once
	assemblers = sync.Pool{New: func() any { return newAssembler() }}
)

// getAssembler is an assembler with no instructions; putAssembler gives it back.
func getAssembler() *assembler {
	// The first use of golang-asm fills tables of the package, without a lock.
	warmUp.Do(func() {
		a := newAssembler()
		a.link.Arch.Init(a.link)
		a.reset()
		a.word(0xD503201F)
		a.assemble()
		assemblers.Put(a)
	})
	a := assemblers.Get().(*assembler)
	a.reset()
	return a
}

func putAssembler(a *assembler) { assemblers.Put(a) }

func newAssembler() *assembler {
	a := &assembler{link: obj.Linknew(&a64.Linkarm64)}
	a.link.Headtype = objabi.Hlinux
	a.link.DiagFunc = func(format string, args ...any) {
		if a.err == nil {
			a.err = fmt.Errorf("arm64: assembler: "+format, args...)
		}
	}
	return a
}

func (a *assembler) reset() {
	a.used, a.first, a.last, a.err = 0, nil, nil, nil
	a.adrs, a.thirds = a.adrs[:0], a.thirds[:0]
	// golang-asm takes the first instruction for the TEXT directive.
	a.bind(a.newLabel())
}

// prog is a new instruction that is not in the code yet.
func (a *assembler) prog() *obj.Prog {
	b, i := a.used/progBlock, a.used%progBlock
	if b == len(a.blocks) {
		a.blocks = append(a.blocks, make([]obj.Prog, progBlock))
	}
	a.used++
	p := &a.blocks[b][i]
	*p = obj.Prog{Ctxt: a.link}
	return p
}

func (a *assembler) add(p *obj.Prog) *obj.Prog {
	if a.first == nil {
		a.first = p
	} else {
		a.last.Link = p
	}
	a.last = p
	return p
}

func (a *assembler) newLabel() label {
	p := a.prog()
	p.As = obj.ANOP
	return p
}

// bind puts a label where the code is.
func (a *assembler) bind(l label) { a.add(l) }

// assemble encodes. After it the Pc of each instruction and label is its offset.
func (a *assembler) assemble() ([]byte, error) {
	s := &obj.LSym{Func: &obj.FuncInfo{Text: a.first}}
	a.link.Arch.Assemble(a.link, s, a.prog)
	if a.err != nil {
		return nil, a.err
	}
	for _, x := range a.adrs {
		off := x.to.Pc - x.prog.Pc
		if off < -1<<20 || off >= 1<<20 {
			return nil, fmt.Errorf("arm64: assembler: a label is too far")
		}
		at := s.P[x.prog.Pc:]
		binary.LittleEndian.PutUint32(at, binary.LittleEndian.Uint32(at)|uint32(off)&3<<29|uint32(off)>>2&0x7FFFF<<5)
	}
	return s.P, nil
}

func goReg(r ir.Reg) int16 {
	switch {
	case r == sp:
		return a64.REGSP
	case r < 32:
		return a64.REG_R0 + int16(r)
	}
	return a64.REG_F0 + int16(r) - 32
}

func setReg(x *obj.Addr, r ir.Reg) {
	if r != ir.NoReg {
		x.Type = obj.TYPE_REG
		x.Reg = goReg(r)
	}
}

// third sets an instruction's third source.
func (a *assembler) third(p *obj.Prog, x obj.Addr) {
	if len(a.thirds) == cap(a.thirds) {
		a.thirds = make([]obj.Addr, 0, progBlock)
	}
	a.thirds = append(a.thirds, x)
	n := len(a.thirds)
	p.RestArgs = a.thirds[n-1 : n : n]
}

// word adds an instruction that is encoded already.
func (a *assembler) word(w uint32) *obj.Prog {
	p := a.prog()
	p.As = a64.AWORD
	p.To.Type = obj.TYPE_CONST
	p.To.Offset = int64(w)
	return a.add(p)
}

// rr is op rd, rn.
func (a *assembler) rr(op obj.As, rd, rn ir.Reg) {
	p := a.prog()
	p.As = op
	setReg(&p.From, rn)
	setReg(&p.To, rd)
	a.add(p)
}

// rrr is op rd, rn, rm; without rd for comparisons.
func (a *assembler) rrr(op obj.As, rd, rn, rm ir.Reg) {
	p := a.prog()
	p.As = op
	setReg(&p.From, rm)
	p.Reg = goReg(rn)
	setReg(&p.To, rd)
	a.add(p)
}

// rri is op rd, rn, #imm. The caller knows that there is an encoding.
func (a *assembler) rri(op obj.As, rd, rn ir.Reg, imm int64) {
	if imm == 0 {
		// golang-asm takes a zero for the zero register.
		a.rrr(op, rd, rn, zr)
		return
	}
	p := a.prog()
	p.As = op
	p.From.Type = obj.TYPE_CONST
	p.From.Offset = imm
	p.Reg = goReg(rn)
	setReg(&p.To, rd)
	a.add(p)
}

// rrs is op rd, rn, rm shifted.
func (a *assembler) rrs(op obj.As, rd, rn, rm ir.Reg, s shift, amount uint32) {
	p := a.prog()
	p.As = op
	p.From.Type = obj.TYPE_SHIFT
	p.From.Offset = int64(uint32(rm)<<16 | uint32(s)<<22 | amount<<10)
	p.Reg = goReg(rn)
	setReg(&p.To, rd)
	a.add(p)
}

// rrx is op rd, rn, rm extended and shifted left.
func (a *assembler) rrx(op obj.As, rd, rn, rm ir.Reg, x extend, amount uint32) {
	p := a.prog()
	p.As = op
	base := int16(a64.REG_UXTW)
	switch x {
	case extSXTW:
		base = a64.REG_SXTW
	case extUXTX:
		base = a64.REG_UXTX
	}
	p.From.Type = obj.TYPE_REG
	p.From.Reg = base + int16(rm) + int16(amount)<<5
	p.Reg = goReg(rn)
	setReg(&p.To, rd)
	a.add(p)
}

// rrrr is op rd, rn, rm, ra.
func (a *assembler) rrrr(op obj.As, rd, rn, rm, ra ir.Reg) {
	p := a.prog()
	p.As = op
	setReg(&p.From, rm)
	p.Reg = goReg(ra)
	a.third(p, obj.Addr{Type: obj.TYPE_REG, Reg: goReg(rn)})
	setReg(&p.To, rd)
	a.add(p)
}

// csel is op rd, rn, rm, cond.
func (a *assembler) csel(op obj.As, rd, rn, rm ir.Reg, c cond) {
	p := a.prog()
	p.As = op
	p.From.Type = obj.TYPE_REG
	p.From.Reg = a64.COND_EQ + int16(c)
	p.Reg = goReg(rn)
	a.third(p, obj.Addr{Type: obj.TYPE_REG, Reg: goReg(rm)})
	setReg(&p.To, rd)
	a.add(p)
}

// cset is op rd, cond.
func (a *assembler) cset(op obj.As, rd ir.Reg, c cond) {
	p := a.prog()
	p.As = op
	p.From.Type = obj.TYPE_REG
	p.From.Reg = a64.COND_EQ + int16(c)
	setReg(&p.To, rd)
	a.add(p)
}

// field is op rd, rn, #lsb, #width, of the bit field instructions.
func (a *assembler) field(op obj.As, rd, rn ir.Reg, lsb, width uint32) {
	p := a.prog()
	p.As = op
	p.From.Type = obj.TYPE_CONST
	p.From.Offset = int64(lsb)
	p.Reg = goReg(rn)
	a.third(p, obj.Addr{Type: obj.TYPE_CONST, Offset: int64(width)})
	setReg(&p.To, rd)
	a.add(p)
}

func (a *assembler) branch(op obj.As, to label) *obj.Prog {
	p := a.prog()
	p.As = op
	p.To.Type = obj.TYPE_BRANCH
	p.To.SetTarget(to)
	return a.add(p)
}

// b is a jump; bl a call; bcond a branch on flags. golang-asm makes two instructions of a conditional branch that is too far.
func (a *assembler) b(to label)             { a.branch(a64.AB, to) }
func (a *assembler) bl(to label) *obj.Prog  { return a.branch(a64.ABL, to) }
func (a *assembler) bcond(c cond, to label) { a.branch(branches[c], to) }
func (a *assembler) br(r ir.Reg) *obj.Prog  { return a.word(0xD61F0000 | uint32(r)<<5) }
func (a *assembler) blr(r ir.Reg) *obj.Prog { return a.word(0xD63F0000 | uint32(r)<<5) }
func (a *assembler) ret()                   { a.word(0xD65F03C0) }

// adr puts a label's address into a register. golang-asm does not resolve labels for it.
func (a *assembler) adr(rd ir.Reg, to label) {
	a.adrs = append(a.adrs, adr{a.word(0x10000000 | uint32(rd)), to})
}

// cbz is one of the branches on a register.
func (a *assembler) cbz(op obj.As, r ir.Reg, to label) {
	p := a.prog()
	p.As = op
	setReg(&p.From, r)
	p.To.Type = obj.TYPE_BRANCH
	p.To.SetTarget(to)
	a.add(p)
}

// tbz is one of the branches on a bit of a register.
func (a *assembler) tbz(op obj.As, r ir.Reg, bit uint32, to label) {
	p := a.prog()
	p.As = op
	p.From.Type = obj.TYPE_CONST
	p.From.Offset = int64(bit)
	p.Reg = goReg(r)
	p.To.Type = obj.TYPE_BRANCH
	p.To.SetTarget(to)
	a.add(p)
}

// ldp loads two words from rn + off.
func (a *assembler) ldp(rt, rt2, rn ir.Reg, off int64) {
	a.word(0xA9400000 | uint32(off/8)&0x7F<<15 | uint32(rt2)<<10 | uint32(rn)<<5 | uint32(rt))
}
